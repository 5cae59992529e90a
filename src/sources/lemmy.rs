//! Posts and comments of a Lemmy server, found by its search; both generations of its interface.
//!
//! The newer interface (v4, of 1.0) turns pages by a cursor, the older one (v3) by number. A 1.0 server
//! answers v3 too, but gives its first page for every number; [`walk`](super::walk) notices. So v4 is
//! tried first. Identity is the address (`ap_id`), so that one post read from two servers is one mention.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask, host_of};
use super::quotes::Words;
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "lemmy";
const PER_PAGE: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server.
    #[serde(alias = "server")]
    url: Address,
    /// Words to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

const fn sixty() -> u16 {
    60
}

/// Reads one server.
#[derive(Debug)]
pub struct Lemmy {
    base: Url,
    queries: Vec<String>,
    backfill_ms: i64,
}

/// A generation of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Of 0.19 and before.
    V3,
    /// Of 1.0.
    V4,
}

/// One thing found.
enum Found {
    Post(Box<Post>),
    Gone(PostKey),
}

impl Lemmy {
    pub(super) fn new(spec: &SourceSpec, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let queries = super::adapter::queries(given.queries, terms, &spec.name)?;
        Ok(Self { base: given.url.0, queries, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    async fn search(&self, step: Step<'_>, api: Api) -> Result<Answer, PollError> {
        let number = step.at.number().to_string();
        let (limit, query) = (PER_PAGE.to_string(), step.list);
        let url = match api {
            Api::V3 => {
                let query =
                    [("q", query), ("type_", "All"), ("sort", "New"), ("listing_type", "All"), ("page", &number), ("limit", &limit)];
                join(&self.base, "/api/v3/search", &query)
            }
            Api::V4 => {
                let mut query = vec![("search_term", query), ("type_", "all"), ("sort", "new"), ("listing_type", "all"), ("limit", &limit)];
                query.extend(step.at.token().map(|token| ("page_cursor", token)));
                join(&self.base, "/api/v4/search", &query)
            }
        };
        step.http.get(&Ask::json(url, &self.base)).await
    }

    fn leaf_v3(&self, whole: &Value, answer: &Answer, now: Millis) -> Result<Leaf, PollError> {
        let mut leaf = Leaf::default();
        for name in ["/posts", "/comments"] {
            let list = value::list(whole, name, answer)?;
            let found = value::entries(list, answer, |view| self.found(view, now))?;
            let oldest = list.iter().filter_map(written).min();
            // Two lists share a page: reading goes on for as long as one of them does.
            if list.len() >= PER_PAGE {
                leaf.bottom = leaf.bottom.max(oldest);
                leaf.next = Next::Page;
            }
            leaf.add(found);
        }
        Ok(leaf)
    }

    fn leaf_v4(&self, whole: &Value, answer: &Answer, now: Millis) -> Result<Leaf, PollError> {
        let name = if whole.get("items").is_some() { "/items" } else { "/search" };
        let list = value::list(whole, name, answer)?;
        let meant = |view: &&Value| matches!(value::text(view, "/type_"), "post" | "comment" | "");
        let views: Vec<Value> = list.iter().filter(meant).cloned().collect();
        let mut leaf = Leaf { bottom: views.iter().filter_map(written).min(), ..Leaf::default() };
        leaf.add(value::entries(&views, answer, |view| self.found(view, now))?);
        leaf.next = value::id(whole, "/next_page").filter(|_| !list.is_empty()).map_or(Next::End, Next::Token);
        Ok(leaf)
    }

    fn found(&self, view: &Value, now: Millis) -> Option<Found> {
        let item = item_of(view)?;
        let key = self.key(item)?;
        if value::says(item, "/deleted") || value::says(item, "/removed") {
            return Some(Found::Gone(key));
        }
        self.post(view, item, key, now).map(|post| Found::Post(Box::new(post)))
    }

    fn key(&self, item: &Value) -> Option<PostKey> {
        let address = Url::parse(value::text(item, "/ap_id")).ok().filter(Url::has_host);
        match address {
            Some(address) => PostKey::new(PLATFORM, &host_of(&address), value::text(item, "/ap_id")).ok(),
            None => PostKey::new(PLATFORM, &host_of(&self.base), &value::id(item, "/id")?).ok(),
        }
    }

    fn post(&self, view: &Value, item: &Value, key: PostKey, now: Millis) -> Option<Post> {
        let comment = view.get("comment").is_some();
        // Of a post, what it links to is no words of its author.
        let words = Words::of_markdown(value::text(item, if comment { "/content" } else { "/body" }));
        let words = if comment { words } else { words.titled(&html::tidy(value::text(item, "/name"))) };
        let name = html::name(value::text(view, "/creator/name"));
        let home =
            [value::text(view, "/creator/ap_id"), value::text(view, "/creator/actor_id")].into_iter().find_map(|a| Url::parse(a).ok());
        let host = home.as_ref().map_or_else(|| host_of(&self.base), host_of);
        let counts = if view.get("counts").is_some() { view.pointer("/counts")? } else { item };
        let replies = if comment { value::count(counts, "/child_count") } else { value::count(counts, "/comments") };
        let handle = if name.is_empty() { String::new() } else { format!("{name}@{host}") };
        Some(Post {
            author: PostAuthor {
                native_id: if handle.is_empty() { key.native_id().to_owned() } else { handle.to_lowercase() },
                handle,
                name: html::name(value::text(view, "/creator/display_name")),
                url: home.as_ref().and_then(|url| safe_link(url.as_str())),
                followers: None,
                bot: value::says(view, "/creator/bot_account"),
            },
            created_at: believable(written(view), now),
            edited_at: edited(item).map(|at| believable(Some(at), now)),
            text: words.own,
            url: safe_link(key.native_id()),
            reply_to: value::text(view, "/post/ap_id").parse::<Url>().ok().filter(|_| comment).map(String::from),
            lang: None,
            engagement: Engagement { likes: value::count(counts, "/upvotes"), reposts: 0, replies },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads known ones again, each at the server that its address names. That server is guarded as every address from
    /// outside, and one that does not answer leaves its posts unjudged.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        for key in keys.iter().filter(|k| k.platform() == PLATFORM) {
            let Some((base, kind, id)) = local(key.native_id()) else { continue };
            let own = host_of(&base) == host_of(&self.base);
            for version in ["v4", "v3"] {
                let url = join(&base, &format!("/api/{version}/{kind}"), &[("id", &id)]);
                let answer = match http.get(&Ask::json(url, &self.base)).await {
                    Ok(answer) => answer,
                    Err(error) if own => return Err(error),
                    Err(_) => break,
                };
                if own && matches!(answer.status, 429 | 500..) {
                    answer.ok()?;
                    break;
                }
                let Ok(whole) = value::parse(&answer) else { continue };
                let error = value::text(&whole, "/error");
                if error.starts_with("couldnt_find") || error == "not_found" {
                    out.missing.push(key.clone());
                    break;
                }
                let view = whole.get("comment_view").or_else(|| whole.get("post_view"));
                match view.and_then(|view| self.found(view, now)) {
                    Some(Found::Gone(gone)) if gone == *key => out.gone.push(gone),
                    Some(Found::Post(post)) if post.key == *key => out.present.push(*post),
                    _ => continue,
                }
                break;
            }
        }
        Ok(out)
    }
}

impl Lists for Lemmy {
    type Memo = Option<Api>;

    fn plan(&self) -> Plan {
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: HOUR_MS, deep: None, max_pages: 500 }
    }

    fn lists(&self) -> Vec<String> {
        self.queries.clone()
    }

    async fn page(&self, step: Step<'_>, memo: &mut Self::Memo) -> Result<Leaf, PollError> {
        let api = memo.unwrap_or(Api::V4);
        let mut answer = self.search(step, api).await?;
        let mut api = api;
        if answer.status == 404 || (answer.status == 200 && answer.is_html() && memo.is_none()) {
            api = if api == Api::V4 { Api::V3 } else { Api::V4 };
            answer = self.search(step, api).await?;
        }
        let answer = checked(answer)?;
        let whole = value::parse(&answer)?;
        let leaf = match api {
            Api::V3 => self.leaf_v3(&whole, &answer, step.now)?,
            Api::V4 => self.leaf_v4(&whole, &answer, step.now)?,
        };
        *memo = Some(api);
        Ok(Leaf { not_before: answer.not_before, ..leaf })
    }
}

impl Leaf {
    fn add(&mut self, found: Vec<Found>) {
        for one in found {
            match one {
                Found::Post(post) => self.posts.push(*post),
                Found::Gone(key) => self.gone.push(key),
            }
        }
    }
}

/// Lemmy says "too many" with status 400 too.
fn checked(answer: Answer) -> Result<Answer, PollError> {
    let limited = answer.status == 400 && value::parse(&answer).is_ok_and(|v| value::text(&v, "/error") == "rate_limit_error");
    if limited {
        return Err(PollError::RateLimited { host: answer.host(), until: answer.not_before.unwrap_or_default() });
    }
    answer.ok()
}

/// The comment of a view, else its post.
fn item_of(view: &Value) -> Option<&Value> {
    view.get("comment").or_else(|| view.get("post")).filter(|item| item.is_object())
}

fn written(view: &Value) -> Option<Millis> {
    let item = item_of(view)?;
    value::time(item, "/published_at").or_else(|| value::time(item, "/published"))
}

fn edited(item: &Value) -> Option<Millis> {
    value::time(item, "/updated_at").or_else(|| value::time(item, "/updated"))
}

/// Server, kind and number of an address such as `https://lemmy.example/comment/5`.
fn local(address: &str) -> Option<(Url, &'static str, String)> {
    let mut url = Url::parse(address).ok().filter(Url::has_host)?;
    let segments: Vec<&str> = url.path_segments()?.collect();
    let (kind, id) = match segments.as_slice() {
        ["comment", id] => ("comment", (*id).to_owned()),
        ["post", id] => ("post", (*id).to_owned()),
        _ => return None,
    };
    url.set_path("/");
    url.set_query(None);
    value::is_number(&id).then_some((url, kind, id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, spec, terms};

    fn lemmy() -> Lemmy {
        Lemmy::new(&spec(SourceKind::Lemmy, json!({"url": "https://pearl.example"})), &terms()).expect("settings")
    }

    #[test]
    fn views_of_both_generations_become_posts() {
        let old = json!({
            "comment": {"id": 5, "content": "acme **md**", "removed": false, "deleted": false, "published": "2026-11-19T08:15:30.000000Z", "updated": null, "ap_id": "https://lemmy.example/comment/5"},
            "creator": {"name": "kim", "display_name": "Kim", "actor_id": "https://lemmy.example/u/kim", "bot_account": true},
            "post": {"id": 9, "name": "Title", "ap_id": "https://lemmy.example/post/9"}, "counts": {"upvotes": 3, "child_count": 2},
        });
        let Some(Found::Post(post)) = lemmy().found(&old, NOW) else { panic!("a post") };
        assert_eq!((post.text.as_str(), post.author.handle.as_str(), post.author.bot), ("acme md", "kim@lemmy.example", true));
        assert_eq!((post.key.instance(), post.reply_to.as_deref()), ("lemmy.example", Some("https://lemmy.example/post/9")));
        assert_eq!((post.engagement.likes, post.engagement.replies, post.created_at), (3, 2, NOW));
        let new = json!({
            "type_": "post", "post": {"id": 9, "name": "Acme is *down*", "body": "since ~~noon~~ nine", "published_at": "2026-11-19T08:15:30Z", "updated_at": "2026-11-19T08:15:29Z",
            "ap_id": "https://ruby.example/post/9", "upvotes": 7, "comments": 1}, "creator": {"name": "mo", "ap_id": "https://ruby.example/u/mo"},
        });
        let Some(Found::Post(post)) = lemmy().found(&new, NOW) else { panic!("a post") };
        assert_eq!((post.text.as_str(), post.engagement.likes, post.edited_at.is_some()), ("Acme is *down*\n\nsince noon nine", 7, true));
    }

    #[test]
    fn what_is_flagged_as_deleted_is_gone_although_it_is_listed() {
        for flag in ["deleted", "removed"] {
            let view = json!({"comment": {"id": 5, "content": "", flag: true, "ap_id": "https://lemmy.example/comment/5"}});
            assert!(matches!(lemmy().found(&view, NOW), Some(Found::Gone(_))), "{flag}");
        }
        assert!(lemmy().found(&json!({"comment": {}}), NOW).is_none());
    }

    #[test]
    fn only_addresses_of_lemmys_form_are_asked() {
        assert!(
            local("https://lemmy.example/comment/5")
                .is_some_and(|(url, kind, id)| (url.as_str(), kind, id.as_str()) == ("https://lemmy.example/", "comment", "5"))
        );
        for other in [
            "https://x.example/comment/../5",
            "https://x.example/notes/5",
            "comment/5",
            "https://x.example/comment/5/6",
            "https://x.example/post/x",
        ] {
            assert!(local(other).is_none(), "{other}");
        }
    }
}
