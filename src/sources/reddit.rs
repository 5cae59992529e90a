//! Reddit: a search for the brand's words in posts, and all comments of the communities that are watched.
//!
//! Off until credentials are given: since November 2025 each use needs Reddit's approval, and a commercial one a contract.
//!
//! Lists are newest first and end after about a thousand items. They are walked down to ten minutes before the last chain;
//! one that ends earlier leaves a gap that coverage shows. What was deleted at Reddit is found by reading known items again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::{believable, decode, encode};
use super::http::{Answer, Ask};
use super::lenient::{self, at, count, id, list, number, text, word};
use super::oauth::{ClientAuth, Credential, OauthSettings, Service};
use super::quotes::Words;
use super::secret::Secrets;
use super::{Http, PollError, SettingsError, html};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, Millis, Span};

const PLATFORM: &str = "reddit";
const SERVICE: Service = Service {
    refresh: "https://www.reddit.com/api/v1/access_token",
    client: Some("https://www.reddit.com/api/v1/access_token"),
    auth: ClientAuth::Basic,
};
const HOW: &str =
    "Reddit is off until Reddit has approved your use and given you an app: then give this source `oauth`. docs/sources.md says how";
/// How late an item may appear.
const OVERLAP_MS: i64 = 10 * 60_000;
/// Pages of one list: it ends after a thousand items anyway.
const MAX_PAGES: u32 = 30;
/// Known items read again in one request.
pub(super) const BATCH: usize = 100;
/// Longest search, characters.
const MAX_QUERY: usize = 512;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    #[serde(default)]
    oauth: Option<OauthSettings>,
    /// The Reddit account that answers for the app: named in each request, as Reddit asks.
    user: String,
    /// Phrases to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// Communities whose posts and comments are all looked at.
    #[serde(default)]
    subreddits: Vec<String>,
    #[serde(default = "seven")]
    backfill_days: u16,
}

const fn seven() -> u16 {
    7
}

/// Reads Reddit.
#[derive(Debug)]
pub struct Reddit {
    base: Url,
    credential: Credential,
    agent: String,
    lists: Vec<List>,
    backfill_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    Search(String),
    /// `a+b+c`.
    Comments(String),
    New(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    chain: Option<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    from: Millis,
    list: usize,
    after: Option<String>,
    pages: u32,
    /// The oldest item that the list under way has shown.
    #[serde(default)]
    oldest: Option<Millis>,
}

impl Reddit {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        let agent = format!("server:ebb:{} (by /u/{})", env!("CARGO_PKG_VERSION"), given.user.trim_start_matches("/u/"));
        let credential = Credential::new((spec, secrets), (None, given.oauth.as_ref()), SERVICE, HOW)?.with_agent(&agent);
        let named =
            |name: &str| !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !named(given.user.trim_start_matches("/u/")) {
            return Err(wrong("`user` is the name of the Reddit account that answers for the app"));
        }
        if given.subreddits.iter().any(|name| !named(name)) {
            return Err(wrong("`subreddits` are names without /r/, such as sysadmin"));
        }
        let queries = if given.queries.is_empty() { &terms.names } else { &given.queries };
        let quoted = queries.iter().map(|q| q.replace('"', " ").trim().to_owned()).filter(|q| !q.is_empty() && q.len() + 2 <= MAX_QUERY);
        let mut lists: Vec<List> = quoted.map(|q| List::Search(format!("\"{q}\""))).collect();
        if !given.subreddits.is_empty() {
            let all = given.subreddits.join("+");
            lists.extend([List::Comments(all.clone()), List::New(all)]);
        }
        if lists.is_empty() {
            return Err(wrong("nothing to read: give the brand a name, or this source `queries` or `subreddits`"));
        }
        let base = given.url.map_or_else(|| Url::parse("https://oauth.reddit.com"), |a| Ok(a.0)).map_err(|e| wrong(&e.to_string()))?;
        Ok(Self { base, credential, agent, lists, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let first = now.plus(-self.backfill_ms);
        let fresh = || Chain { started: now, from: state.read_until.unwrap_or(first), list: 0, after: None, pages: 0, oldest: None };
        let mut chain = state.chain.take().filter(|c| c.list < self.lists.len()).unwrap_or_else(fresh);
        let Some(asked) = self.lists.get(chain.list) else { return Ok(Page::default()) };
        let answer = self.get(http, self.url(asked, chain.after.as_deref()), now).await?;
        let body = lenient::json(&answer)?;
        let children = at(&body, &["data", "children"]).and_then(Value::as_array);
        let children = children.ok_or_else(|| PollError::malformed(&answer.host(), "it is no listing"))?;
        let read: Vec<Item> = children.iter().filter_map(|child| item(child, now)).collect();
        let oldest = children.iter().filter_map(|child| born(at(child, &["data"])?)).min();
        chain.oldest = chain.oldest.into_iter().chain(oldest).min();
        chain.pages += 1;
        let floor = state.read_until.map_or(first, |at| at.plus(-OVERLAP_MS));
        let after = id(&body, &["data", "after"]).filter(|a| chain.after.as_ref() != Some(a) && chain.pages < MAX_PAGES);
        let reached = oldest.is_some_and(|at| at < floor);
        if let Some(after) = after.filter(|_| !reached) {
            chain.after = Some(after);
        } else {
            // A list that ends at its limit before our place has lost what lies between, and so has one that shows nothing
            // behind an item: that item was deleted meanwhile.
            let lost = chain.after.is_some() && children.is_empty();
            let cut = !reached && (chain.pages >= 10 || lost);
            chain.from = if cut { chain.from.max(chain.oldest.unwrap_or(chain.from)) } else { chain.from };
            chain.list += 1;
            chain.after = None;
            chain.pages = 0;
            chain.oldest = None;
        }
        let mut page = Page { not_before: answer.not_before, ..Page::default() };
        for item in read {
            match item {
                Item::There(post) => page.posts.push(*post),
                Item::Gone(key) => page.gone.push(key),
            }
        }
        if chain.list < self.lists.len() {
            state.chain = Some(chain);
            return Ok(Page { cursor: encode(&state), more: More::Now, ..page });
        }
        let covered = Span::new(chain.from.min(chain.started), chain.started);
        Ok(Page { cursor: encode(&State { read_until: Some(chain.started), chain: None }), covered, ..page })
    }

    fn url(&self, asked: &List, after: Option<&str>) -> Url {
        let mut query = vec![("limit", "100"), ("raw_json", "1")];
        let path = match asked {
            List::Search(words) => {
                query.extend([("q", words.as_str()), ("sort", "new"), ("type", "link")]);
                "/search".to_owned()
            }
            List::Comments(names) => format!("/r/{names}/comments"),
            List::New(names) => format!("/r/{names}/new"),
        };
        query.extend(after.map(|after| ("after", after)));
        join(&self.base, &path, &query)
    }

    async fn get(&self, http: &Http, url: Url, now: Millis) -> Result<Answer, PollError> {
        let mut ask = Ask::json(url, &self.base);
        ask.headers.push(("user-agent", self.agent.clone()));
        let answer = self.credential.get(http, ask, now).await?;
        let Some(plain) = answer.error() else { return Ok(answer) };
        let host = answer.host();
        if answer.status != 403 {
            return Err(plain);
        }
        let body = lenient::json(&answer);
        let reason = body.as_ref().map(|body| word(text(body, &["reason"]))).unwrap_or_default();
        let what = match (body.is_ok(), reason.as_str()) {
            (true, "private" | "banned" | "quarantined") => format!("one of `subreddits` is {reason}; take it out"),
            (true, _) => "Reddit does not allow this to the app (403); check its approval".to_owned(),
            (false, _) => "Reddit blocks this address or app (403 with a web page); check its approval and `user`".to_owned(),
        };
        Err(PollError::Unauthorised { host, what })
    }

    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let good = |k: &&PostKey| k.platform() == PLATFORM && is_name(k.native_id());
        let keys: Vec<&PostKey> = keys.iter().filter(good).take(BATCH).collect();
        let mut out = Recheck::default();
        if keys.is_empty() {
            return Ok(out);
        }
        let names = keys.iter().map(|k| k.native_id()).collect::<Vec<_>>().join(",");
        let answer = self.get(http, join(&self.base, "/api/info", &[("id", names.as_str()), ("raw_json", "1")]), now).await?;
        let body = lenient::json(&answer)?;
        let data = at(&body, &["data"]).ok_or_else(|| PollError::malformed(&answer.host(), "it is no listing"))?;
        for found in list(data, "children").iter().filter_map(|child| item(child, now)) {
            match found {
                Item::There(post) if keys.iter().any(|k| **k == post.key) => out.present.push(*post),
                Item::Gone(key) if keys.iter().any(|k| **k == key) => out.gone.push(key),
                _ => {}
            }
        }
        let judged = |key: &PostKey| out.present.iter().any(|p| p.key == *key) || out.gone.contains(key);
        out.missing = keys.into_iter().filter(|k| !judged(k)).cloned().collect();
        Ok(out)
    }
}

/// `t3_1abcde` or `t1_xyz`.
fn is_name(name: &str) -> bool {
    let id = name.strip_prefix("t1_").or_else(|| name.strip_prefix("t3_"));
    id.is_some_and(|id| !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

enum Item {
    There(Box<Post>),
    Gone(PostKey),
}

fn born(data: &Value) -> Option<Millis> {
    number(data, &["created_utc"]).and_then(|s| Millis::from_untrusted(s.saturating_mul(1000)))
}

/// A post (`t3`) or comment (`t1`).
fn item(child: &Value, now: Millis) -> Option<Item> {
    let data = at(child, &["data"])?;
    let name = id(data, &["name"]).filter(|name| is_name(name))?;
    let key = PostKey::new(PLATFORM, "", &name).ok()?;
    let author = html::name(text(data, &["author"]));
    let body = if name.starts_with("t1_") { text(data, &["body"]) } else { text(data, &["selftext"]) };
    let gone = |words: &str| matches!(words.trim(), "[deleted]" | "[removed]");
    if author == "[deleted]" || gone(body) || !text(data, &["removed_by_category"]).is_empty() {
        return Some(Item::Gone(key));
    }
    let words = Words::of_lines(body).titled(&plain(text(data, &["title"])));
    let edited = number(data, &["edited"]).and_then(|s| Millis::from_untrusted(s.saturating_mul(1000)));
    Some(Item::There(Box::new(Post {
        author: PostAuthor {
            native_id: id(data, &["author_fullname"]).unwrap_or_else(|| format!("u/{author}")),
            url: Some(&author).filter(|a| !a.is_empty()).and_then(|a| safe_link(&format!("https://www.reddit.com/user/{a}"))),
            handle: author,
            ..PostAuthor::default()
        },
        created_at: believable(born(data), now),
        edited_at: edited.map(|at| believable(Some(at), now)),
        text: words.own,
        url: Some(text(data, &["permalink"])).filter(|p| p.starts_with('/')).and_then(|p| safe_link(&format!("https://www.reddit.com{p}"))),
        reply_to: id(data, &["parent_id"]),
        lang: None,
        engagement: Engagement { likes: count(data, &["score"]), reposts: 0, replies: count(data, &["num_comments"]) },
        originality: Originality::Own,
        quoted: words.quoted,
        key,
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis::new(1_795_076_730_000);

    #[test]
    fn posts_and_comments_are_read_and_what_is_gone_is_told() {
        let post = json!({"kind": "t3", "data": {
            "name": "t3_1abcdf", "title": "Billing & co", "selftext": "charged <twice>", "author": "kimops", "author_fullname": "t2_9xyz",
            "created_utc": 1_795_076_130.0, "edited": 1_795_076_200.5, "score": 12, "num_comments": 4, "permalink": "/r/x/comments/1/",
        }});
        let Some(Item::There(read)) = item(&post, NOW) else { panic!("a post") };
        assert_eq!((read.text.as_str(), read.created_at.get()), ("Billing & co\n\ncharged <twice>", 1_795_076_130_000));
        assert_eq!((read.edited_at.map(Millis::get), read.author.native_id.as_str()), (Some(1_795_076_200_000), "t2_9xyz"));
        for (field, value) in [("author", "[deleted]"), ("selftext", "[removed]"), ("removed_by_category", "moderator")] {
            let mut gone = post.clone();
            gone["data"][field] = value.into();
            assert!(matches!(item(&gone, NOW), Some(Item::Gone(_))), "{field}");
        }
        for strange in [json!({}), json!({"data": {}}), json!({"data": {"name": "t9_x"}}), json!({"data": {"name": "t3_../x"}})] {
            assert!(item(&strange, NOW).is_none(), "{strange}");
        }
    }
}
