//! Comments of a Ghost site, as the site's own comment box reads them.
//!
//! The list of the whole site holds the comments at the top of each thread, with the first answers of
//! each and the number of all. Answers come under old comments too, so the threads of the last weeks are
//! listed each time, and those are read whole that have more answers than are shown and than were read.
//! Times have whole seconds and many share one, so pages are turned by number and never by time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Ask, host_of};
use super::quotes::Words;
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "ghost";
const THREADS: &str = "threads";
const PER_PAGE: usize = 100;
/// Threads whose number of answers is remembered.
const MAX_KNOWN: usize = 1_000;

/// What comes with a comment: Ghost gives the page only when it is asked for, and then nothing else that is not.
const INCLUDE: &str = "post,member,replies,replies.member,replies.count.likes,count.replies,count.likes";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The site.
    #[serde(alias = "site")]
    url: Address,
    /// For how long new answers are looked for under a comment.
    #[serde(default = "thirty")]
    thread_days: u16,
    /// How far the first poll goes back; the whole history unless given.
    #[serde(default)]
    backfill_days: Option<u16>,
}

const fn thirty() -> u16 {
    30
}

/// Reads one site.
#[derive(Debug)]
pub struct Ghost {
    base: Url,
    thread_ms: i64,
    backfill_ms: Option<i64>,
}

impl Ghost {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let days = |days: u16| i64::from(days) * DAY_MS;
        Ok(Self { base: given.url.0, thread_ms: days(given.thread_days), backfill_ms: given.backfill_days.map(days) })
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let query: Vec<(&str, &str)> = query.iter().copied().chain([("include", INCLUDE)]).collect();
        join(&self.base, &format!("/members/api/comments{path}"), &query)
    }

    async fn comments(&self, http: &Http, url: Url) -> Result<(Vec<Value>, Option<Millis>), PollError> {
        let answer = http.get(&Ask::json(url, &self.base)).await?;
        if answer.status == 405 {
            let what = "comments are switched off in the settings of the site".to_owned();
            return Err(PollError::Unauthorised { host: answer.host(), what });
        }
        let answer = answer.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/comments", &answer)?;
        value::entries(list, &answer, |entry| value::id(entry, "/id"))?;
        Ok((list.to_vec(), answer.not_before))
    }

    /// `page` is where a comment stands that does not say it itself.
    fn sort(&self, entry: &Value, leaf: &mut Leaf, (page, now): (&str, Millis)) {
        let Some(post) = self.post(entry, page, now) else { return };
        match value::text(entry, "/status") {
            "deleted" => leaf.gone.push(post.key),
            "hidden" => {}
            _ => leaf.posts.push(post),
        }
    }

    fn post(&self, entry: &Value, page: &str, now: Millis) -> Option<Post> {
        let id = value::id(entry, "/id").filter(|id| value::is_word(id))?;
        let key = PostKey::new(PLATFORM, &host_of(&self.base), &id).ok()?;
        let page = Some(value::text(entry, "/post/url")).filter(|url| !url.is_empty()).unwrap_or(page);
        let words = Words::of_html(value::text(entry, "/html"));
        Some(Post {
            author: PostAuthor {
                native_id: value::id(entry, "/member/uuid")
                    .or_else(|| value::id(entry, "/member/id"))
                    .unwrap_or_else(|| format!("anonymous {id}")),
                name: html::name(value::text(entry, "/member/name")),
                ..PostAuthor::default()
            },
            created_at: believable(value::time(entry, "/created_at"), now),
            edited_at: value::time(entry, "/edited_at").map(|at| believable(Some(at), now)),
            text: words.own,
            url: safe_link(&format!("{page}#ghost-comments-{id}")).or_else(|| safe_link(self.base.as_str())),
            reply_to: value::id(entry, "/in_reply_to_id").or_else(|| value::id(entry, "/parent_id")),
            lang: None,
            engagement: Engagement {
                likes: value::count(entry, "/count/likes"),
                reposts: 0,
                replies: value::count(entry, "/count/replies"),
            },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads known comments again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let own = host_of(&self.base);
        let mut out = Recheck::default();
        for key in keys.iter().filter(|k| k.platform() == PLATFORM && k.instance() == own && value::is_word(k.native_id())) {
            let answer = http.get(&Ask::json(self.url(&format!("/{}/", key.native_id()), &[]), &self.base)).await?;
            if answer.status == 404 {
                // The interface says why in JSON; a page of a proxy says nothing.
                if value::parse(&answer).is_ok_and(|v| v.get("errors").is_some()) {
                    out.missing.push(key.clone());
                }
                continue;
            }
            let answer = answer.ok()?;
            let whole = value::parse(&answer)?;
            let entry = whole.pointer("/comments/0").unwrap_or(&Value::Null);
            let Some(post) = self.post(entry, "", now).filter(|post| post.key == *key) else { continue };
            match value::text(entry, "/status") {
                "deleted" => out.gone.push(key.clone()),
                "hidden" => out.missing.push(key.clone()),
                _ => out.present.push(post),
            }
        }
        Ok(out)
    }
}

impl Lists for Ghost {
    /// Answers of each thread that were read whole.
    type Memo = BTreeMap<String, i64>;

    fn plan(&self) -> Plan {
        Plan { backfill_ms: self.backfill_ms, overlap_ms: self.thread_ms, deep: None, max_pages: 10_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec![THREADS.to_owned()]
    }

    async fn page(&self, step: Step<'_>, memo: &mut Self::Memo) -> Result<Leaf, PollError> {
        let (limit, number) = (PER_PAGE.to_string(), step.at.number().to_string());
        let query = [("limit", limit.as_str()), ("page", number.as_str())];
        let mut leaf = Leaf::default();
        if step.list == THREADS {
            let url = self.url("/", &[&[("order", "created_at desc")], &query[..]].concat());
            let (threads, not_before) = self.comments(step.http, url).await?;
            for thread in &threads {
                let page = value::text(thread, "/post/url");
                self.sort(thread, &mut leaf, (page, step.now));
                let shown = thread.pointer("/replies").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                for reply in shown {
                    self.sort(reply, &mut leaf, (page, step.now));
                }
                let all = value::count(thread, "/count/replies");
                let id = value::id(thread, "/id").filter(|id| value::is_word(id));
                let Some(id) = id.filter(|id| all > i64::try_from(shown.len()).unwrap_or(i64::MAX) && memo.get(id) != Some(&all)) else {
                    continue;
                };
                leaf.lists.push(format!("{id} {all}"));
            }
            leaf.bottom = threads.iter().filter_map(|t| value::time(t, "/created_at")).min();
            leaf.next = if threads.len() < PER_PAGE { Next::End } else { Next::Page };
            leaf.not_before = not_before;
            return Ok(leaf);
        }
        let Some((id, all)) = step.list.split_once(' ').filter(|(id, _)| value::is_word(id)) else { return Ok(leaf) };
        let (replies, not_before) = self.comments(step.http, self.url(&format!("/{id}/replies/"), &query)).await?;
        for reply in &replies {
            self.sort(reply, &mut leaf, ("", step.now));
        }
        leaf.next = if replies.len() < PER_PAGE { Next::End } else { Next::Page };
        leaf.not_before = not_before;
        if leaf.next == Next::End {
            if memo.len() >= MAX_KNOWN {
                // The smallest id is the oldest: ids begin with their time.
                memo.pop_first();
            }
            memo.insert(id.to_owned(), all.parse().unwrap_or(0));
        }
        Ok(leaf)
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
        let ghost = Ghost::new(&spec(SourceKind::Ghost, json!({"url": "https://blog.example/news"}))).expect("settings");
        let entry = json!({"id": "65f0", "parent_id": "65e0", "in_reply_to_id": null, "status": "published", "html": "<p>Acme &amp; me</p>",
            "created_at": "2026-11-19T08:15:30.000Z", "edited_at": null, "member": {"id": "m1", "uuid": "u-1", "name": "Kim"},
            "post": {"url": "https://blog.example/news/p/"}, "count": {"replies": 2, "likes": 3}});
        let post = ghost.post(&entry, "", NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.author.native_id.as_str(), post.reply_to.as_deref()), ("Acme & me", "u-1", Some("65e0")));
        assert_eq!(post.url.as_deref(), Some("https://blog.example/news/p/#ghost-comments-65f0"));
        let left = ghost.post(&json!({"id": "65f1", "member": null, "html": null}), "", NOW).expect("a post");
        assert_eq!((left.author.native_id.as_str(), left.text.as_str()), ("anonymous 65f1", ""));
    }
}
