//! Comments of one site on a Remark42 server.
//!
//! Its list of the latest comments holds a thousand at most and has no pages. When that is not enough
//! (the first time, or after a long pause) the pages of the site are listed, and those with news are
//! read whole. A comment is known by its address (`https://…#remark42__comment-…`), because it can be
//! read again only with its page.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Ask, host_of};
use super::quotes::Words;
use super::walk::{At, Deep, Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "remark42";
const MARK: &str = "#remark42__comment-";
const LAST: &str = "last";
const PAGES: &str = "pages";
/// Comments that the list of the latest ones gives at most.
const LIMIT: usize = 1000;
/// Pages listed at once.
const PAGES_AT_ONCE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The Remark42 server.
    url: Address,
    /// Id of the site on it.
    #[serde(default = "remark")]
    site: String,
    /// How far the first poll goes back; the whole history unless given.
    #[serde(default)]
    backfill_days: Option<u16>,
}

fn remark() -> String {
    "remark".to_owned()
}

/// Reads one site.
#[derive(Debug)]
pub struct Remark42 {
    base: Url,
    site: String,
    backfill_ms: Option<i64>,
}

impl Remark42 {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let backfill_ms = given.backfill_days.map(|days| i64::from(days) * DAY_MS);
        Ok(Self { base: given.url.0, site: given.site, backfill_ms })
    }

    async fn last(&self, step: Step<'_>) -> Result<Leaf, PollError> {
        let since = step.after.get().to_string();
        let url = join(&self.base, &format!("/api/v1/last/{LIMIT}"), &[("site", &self.site), ("since", &since)]);
        let answer = step.http.get(&Ask::json(url, &self.base)).await?.ok()?;
        let whole = value::parse(&answer)?;
        let entries = whole.as_array().map_or(&[][..], Vec::as_slice);
        if !whole.is_null() {
            value::list(&whole, "", &answer)?;
        }
        let mut leaf = self.leaf(entries, step.now);
        leaf.not_before = answer.not_before;
        if entries.len() >= LIMIT && value::oldest(&leaf.posts).is_none_or(|at| at >= step.after) {
            leaf.lists.push(PAGES.to_owned());
        }
        Ok(leaf)
    }

    /// Lists pages of the site; those with comments of interest are read then.
    async fn pages(&self, step: Step<'_>) -> Result<Leaf, PollError> {
        let skip: usize = step.at.token().and_then(|t| t.parse().ok()).unwrap_or(0);
        let (limit, shift) = (PAGES_AT_ONCE.to_string(), skip.to_string());
        let url = join(&self.base, "/api/v1/list", &[("site", &self.site), ("limit", &limit), ("skip", &shift)]);
        let answer = step.http.get(&Ask::json(url, &self.base)).await?.ok()?;
        let whole = value::parse(&answer)?;
        let entries = whole.as_array().map_or(&[][..], Vec::as_slice);
        let fresh = |entry: &&Value| value::time(entry, "/last_time").is_none_or(|at| at >= step.after);
        let lists = entries.iter().filter(fresh).map(|e| value::text(e, "/url").to_owned()).filter(|url| !url.is_empty()).collect();
        let next = if entries.len() >= PAGES_AT_ONCE { Next::Token((skip + entries.len()).to_string()) } else { Next::End };
        Ok(Leaf { lists, next, not_before: answer.not_before, ..Leaf::default() })
    }

    async fn thread(&self, http: &Http, page: &str, now: Millis) -> Result<Leaf, PollError> {
        let url = join(&self.base, "/api/v1/find", &[("site", &self.site), ("url", page), ("sort", "-time"), ("format", "plain")]);
        let answer = http.get(&Ask::json(url, &self.base)).await?.ok()?;
        let whole = value::parse(&answer)?;
        let entries = whole.pointer("/comments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if !whole.is_object() {
            return Err(PollError::malformed(&answer.host(), "it holds no list `comments`"));
        }
        Ok(Leaf { not_before: answer.not_before, ..self.leaf(entries, now) })
    }

    fn leaf(&self, entries: &[Value], now: Millis) -> Leaf {
        let mut leaf = Leaf::default();
        for entry in entries {
            let Some(post) = self.post(entry, now) else { continue };
            if value::says(entry, "/delete") { leaf.gone.push(post.key) } else { leaf.posts.push(post) }
        }
        leaf
    }

    fn post(&self, entry: &Value, now: Millis) -> Option<Post> {
        let id = value::id(entry, "/id").filter(|id| value::is_word(id))?;
        let page = value::text(entry, "/locator/url");
        let named = |id: &str| format!("{page}{MARK}{id}");
        let key = PostKey::new(PLATFORM, &host_of(&self.base), &named(&id)).ok()?;
        let name = html::name(value::text(entry, "/user/name"));
        let words = Words::of_html(value::text(entry, "/text"));
        Some(Post {
            author: PostAuthor {
                native_id: value::id(entry, "/user/id").unwrap_or_else(|| format!("anonymous {id}")),
                name,
                ..PostAuthor::default()
            },
            created_at: believable(value::time(entry, "/time"), now),
            edited_at: value::time(entry, "/edit/time").map(|at| believable(Some(at), now)),
            text: words.own,
            url: safe_link(&named(&id)),
            reply_to: value::id(entry, "/pid").map(|id| named(&id)),
            lang: None,
            engagement: Engagement { likes: value::count(entry, "/score"), ..Engagement::default() },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads the pages of known comments again.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let own = host_of(&self.base);
        let ours = keys.iter().filter(|k| k.platform() == PLATFORM && k.instance() == own);
        let page_of = |key: &PostKey| key.native_id().rsplit_once(MARK).map(|(page, _)| page.to_owned());
        let mut pages: Vec<String> = ours.clone().filter_map(page_of).collect();
        pages.sort();
        pages.dedup();
        let mut out = Recheck::default();
        for page in pages {
            let leaf = self.thread(http, &page, now).await?;
            for key in ours.clone().filter(|k| page_of(k).as_ref() == Some(&page)) {
                if leaf.gone.contains(key) {
                    out.gone.push(key.clone());
                } else if let Some(post) = leaf.posts.iter().find(|p| p.key == *key) {
                    out.present.push(post.clone());
                } else {
                    out.missing.push(key.clone());
                }
            }
        }
        Ok(out)
    }
}

impl Lists for Remark42 {
    type Memo = ();

    fn plan(&self) -> Plan {
        let deep = Deep { reach_ms: 7 * DAY_MS, every_ms: HOUR_MS };
        Plan { backfill_ms: self.backfill_ms, overlap_ms: HOUR_MS, deep: Some(deep), max_pages: 1_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec![LAST.to_owned()]
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        match (step.list, step.at) {
            (LAST, At::Start) => self.last(step).await,
            (PAGES, _) => self.pages(step).await,
            (page, _) => self.thread(step.http, page, step.now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, spec};

    #[test]
    fn a_comment_becomes_a_post() {
        let remark = Remark42::new(&spec(SourceKind::Remark42, json!({"url": "https://remark.example"}))).expect("settings");
        let entry = json!({"id": "f1b2-9", "pid": "a0", "text": "<p>Acme <b>broke</b></p>\n", "orig": "Acme **broke**", "score": -2,
            "user": {"name": "Kim &amp; Co", "id": "github_77"}, "locator": {"site": "remark", "url": "https://blog.example/p"},
            "time": "2026-11-19T02:15:30.5-06:00", "edit": {"time": "2026-11-19T08:15:31Z", "summary": ""}});
        let post = remark.post(&entry, NOW.plus(60_000)).expect("a post");
        assert_eq!(
            (post.text.as_str(), post.author.name.as_str(), post.author.native_id.as_str()),
            ("Acme broke", "Kim & Co", "github_77")
        );
        assert_eq!(post.url.as_deref(), Some("https://blog.example/p#remark42__comment-f1b2-9"));
        assert_eq!(post.reply_to.as_deref(), Some("https://blog.example/p#remark42__comment-a0"));
        assert_eq!((post.created_at.since(NOW), post.engagement.likes), (500, 0));
        assert_eq!(remark.post(&json!({"id": "../x"}), NOW), None);
    }
}
