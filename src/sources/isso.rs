//! Comments of an Isso server.
//!
//! Its list of the latest comments (`latest-enabled = true`) has no pages and no order, so more of them
//! are asked for until the known ones are met. Where that list is switched off, the configured pages
//! are read whole: its `after` silently drops new answers to old comments, so it is not used.
//!
//! An id counts comments of the whole server; the page belongs to it here (`/post/#isso-4`), because a
//! comment can be read again only with its page.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask, host_of};
use super::quotes::Words;
use super::walk::{Deep, Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "isso";
const LATEST: &str = "latest";
/// Comments asked for first, and how the number grows.
const FIRST: u32 = 100;
const GROWTH: u32 = 4;
/// Beyond this an answer would be larger than is read.
const MOST: u32 = FIRST * GROWTH * GROWTH * GROWTH;
/// Answers nested deeper are not looked at.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The Isso server.
    url: Address,
    /// The site whose comments it keeps, for links; the server itself unless given.
    #[serde(default)]
    site: Option<Address>,
    /// Pages to read, such as `/post/`, where the list of the latest comments is switched off.
    #[serde(default)]
    pages: Vec<String>,
    /// How far the first poll goes back; the whole history unless given.
    #[serde(default)]
    backfill_days: Option<u16>,
}

/// Reads one Isso server.
#[derive(Debug)]
pub struct Isso {
    base: Url,
    site: Url,
    pages: Vec<String>,
    backfill_ms: Option<i64>,
}

impl Isso {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let site = given.site.map_or_else(|| given.url.0.clone(), |site| site.0);
        let backfill_ms = given.backfill_days.map(|days| i64::from(days) * DAY_MS);
        Ok(Self { base: given.url.0, site, pages: given.pages, backfill_ms })
    }

    async fn latest(&self, step: Step<'_>) -> Result<Leaf, PollError> {
        let limit = step.at.token().and_then(|t| t.parse().ok()).unwrap_or(FIRST).clamp(FIRST, MOST);
        let url = join(&self.base, "/latest", &[("limit", &limit.to_string())]);
        let answer = step.http.get(&Ask::json(url, &self.base)).await?;
        if answer.status == 404 {
            let what = "its list of the latest comments is switched off; set `latest-enabled = true` in the section [general] of Isso, or give this source `pages`";
            return Err(PollError::Unauthorised { host: answer.host(), what: what.to_owned() });
        }
        let answer = answer.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "", &answer)?;
        let posts = value::entries(list, &answer, |entry| self.post(entry, value::text(entry, "/uri"), step.now))?;
        let full = list.len() >= limit as usize;
        let next = if full { Next::Token((limit * GROWTH).min(MOST).to_string()) } else { Next::End };
        Ok(Leaf { bottom: value::oldest(&posts), posts, next, not_before: answer.not_before, ..Leaf::default() })
    }

    async fn thread(&self, http: &Http, page: &str) -> Result<(Value, Answer), PollError> {
        let url = join(&self.base, "/", &[("uri", page), ("sort", "newest"), ("plain", "0")]);
        let answer = http.get(&Ask::json(url, &self.base)).await?;
        // A page that nobody has commented on is a 404 in older versions.
        if answer.status == 404 {
            return Ok((serde_json::json!({"replies": []}), answer));
        }
        let answer = answer.ok()?;
        Ok((value::parse(&answer)?, answer))
    }

    fn post(&self, entry: &Value, page: &str, now: Millis) -> Option<Post> {
        let id = value::id(entry, "/id").filter(|id| value::is_number(id))?;
        let named = |id: &str| format!("{page}#isso-{id}");
        let native_id = named(&id);
        let key = PostKey::new(PLATFORM, &host_of(&self.base), &native_id).ok()?;
        let guest = value::guest(value::text(entry, "/author"), value::link(entry, "/website"), &native_id);
        let hash = value::text(entry, "/hash");
        let anonymous = guest.name.is_empty() && guest.url.is_none() && value::is_word(hash);
        let author = if anonymous { PostAuthor { native_id: format!("hash {hash}"), ..guest } } else { guest };
        let time = |pointer| value::seconds(entry, pointer).map(|at| believable(Some(at), now));
        let words = Words::of_html(value::text(entry, "/text"));
        Some(Post {
            author,
            created_at: believable(time("/created"), now),
            edited_at: time("/modified"),
            text: words.own,
            url: self.site.join(page).ok().and_then(|url| safe_link(&format!("{url}#isso-{id}"))),
            reply_to: value::id(entry, "/parent").map(|id| named(&id)),
            lang: None,
            engagement: Engagement { likes: value::count(entry, "/likes"), ..Engagement::default() },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads the threads of known comments again. Those of a thread that are not in it were deleted, or are held.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let own = host_of(&self.base);
        let ours = keys.iter().filter(|k| k.platform() == PLATFORM && k.instance() == own);
        let page_of = |key: &PostKey| key.native_id().rsplit_once("#isso-").map(|(page, _)| page.to_owned());
        let mut pages: Vec<String> = ours.clone().filter_map(page_of).collect();
        pages.sort();
        pages.dedup();
        let mut out = Recheck::default();
        for page in pages {
            let (thread, _) = self.thread(http, &page).await?;
            let mut found = Vec::new();
            flatten(&thread, 0, &mut found);
            for key in ours.clone().filter(|k| page_of(k).as_ref() == Some(&page)) {
                let entry = found.iter().find(|e| self.post(e, &page, now).is_some_and(|p| p.key == *key));
                match entry.map(|entry| (value::number(entry, "/mode"), entry)) {
                    None | Some((2, _)) => out.missing.push(key.clone()),
                    Some((4, _)) => out.gone.push(key.clone()),
                    Some((_, entry)) => out.present.extend(self.post(entry, &page, now)),
                }
            }
        }
        Ok(out)
    }
}

impl Lists for Isso {
    type Memo = ();

    fn plan(&self) -> Plan {
        // A moderator releases comments late, under their old date.
        let deep = Deep { reach_ms: 7 * DAY_MS, every_ms: HOUR_MS };
        Plan { backfill_ms: self.backfill_ms, overlap_ms: HOUR_MS, deep: Some(deep), max_pages: 8 }
    }

    fn lists(&self) -> Vec<String> {
        if self.pages.is_empty() { vec![LATEST.to_owned()] } else { self.pages.clone() }
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        if step.list == LATEST && self.pages.is_empty() {
            return self.latest(step).await;
        }
        if !self.pages.iter().any(|page| page == step.list) {
            return Ok(Leaf::default());
        }
        let (thread, answer) = self.thread(step.http, step.list).await?;
        value::list(&thread, "/replies", &answer)?;
        let mut found = Vec::new();
        flatten(&thread, 0, &mut found);
        let mut leaf = Leaf { not_before: answer.not_before, ..Leaf::default() };
        for entry in found {
            let Some(post) = self.post(entry, step.list, step.now) else { continue };
            match value::number(entry, "/mode") {
                2 => {}
                4 => leaf.gone.push(post.key),
                _ => leaf.posts.push(post),
            }
        }
        Ok(leaf)
    }
}

/// The comments of a thread, answers too.
fn flatten<'a>(thread: &'a Value, depth: usize, out: &mut Vec<&'a Value>) {
    let replies = thread.pointer("/replies").and_then(Value::as_array).into_iter().flatten();
    for reply in replies.filter(|_| depth < MAX_DEPTH) {
        out.push(reply);
        flatten(reply, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::tests::{NOW, spec};

    fn isso() -> Isso {
        let settings = json!({"url": "https://isso.example", "site": "https://blog.example"});
        Isso::new(&spec(crate::domain::source::SourceKind::Isso, settings)).expect("settings")
    }

    #[test]
    fn a_comment_becomes_a_post() {
        let entry = json!({"id": 4, "uri": "/post/", "parent": 2, "author": "Kim", "website": null, "text": "<p>Acme is <em>fine</em></p>",
            "created": 1_795_076_130.25, "modified": 1_795_076_129.5, "mode": 1, "likes": 3, "dislikes": 1});
        let post = isso().post(&entry, "/post/", NOW.plus(1000)).expect("a post");
        assert_eq!((post.key.instance(), post.key.native_id()), ("isso.example", "/post/#isso-4"));
        assert_eq!((post.text.as_str(), post.author.native_id.as_str()), ("Acme is fine", "kim"));
        assert_eq!((post.reply_to.as_deref(), post.url.as_deref()), (Some("/post/#isso-2"), Some("https://blog.example/post/#isso-4")));
        assert_eq!((post.created_at.get(), post.edited_at.map(Millis::get)), (1_795_076_130_250, Some(1_795_076_129_500)));
    }

    #[test]
    fn nobody_is_an_empty_name_or_null() {
        for author in [json!(""), json!(null)] {
            let post = isso().post(&json!({"id": 4, "author": author, "text": "x", "created": "soon"}), "/p/", NOW).expect("a post");
            assert_eq!((post.author.native_id.as_str(), post.created_at), ("anonymous /p/#isso-4", NOW));
            let hashed = json!({"id": 5, "author": author, "hash": "ab12", "text": "x"});
            assert_eq!(isso().post(&hashed, "/p/", NOW).expect("a post").author.native_id, "hash ab12");
        }
        for strange in [json!({}), json!({"id": "../x"}), json!(3), json!({"id": -1})] {
            assert_eq!(isso().post(&strange, "/p/", NOW), None, "{strange}");
        }
    }

    #[test]
    fn answers_to_answers_are_met_and_endless_nesting_ends() {
        let mut thread = json!({"id": 1, "replies": []});
        for id in 2..100 {
            thread = json!({"id": id, "replies": [thread]});
        }
        let mut out = Vec::new();
        flatten(&thread, 0, &mut out);
        assert_eq!(out.len(), MAX_DEPTH);
    }
}
