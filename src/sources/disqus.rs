//! Comments of one Disqus forum.
//!
//! Read oldest first from the last known time on, so that nothing can slip past while pages are turned.
//! The key must stand in the address: that is the only way Disqus takes it. Addresses are never printed.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask};
use super::quotes::Words;
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Deep, Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "disqus";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// Shortname of the forum.
    forum: String,
    /// Where the public key is kept.
    key: SecretRef,
    /// How far the first poll goes back; the whole history unless given.
    #[serde(default)]
    backfill_days: Option<u16>,
}

/// Reads one forum.
#[derive(Debug)]
pub struct Disqus {
    base: Url,
    forum: String,
    key: Secret,
    backfill_ms: Option<i64>,
}

impl Disqus {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        if !value::is_word(&given.forum) {
            return Err(SettingsError::settings(&spec.name, "`forum` is the shortname of the forum: letters, digits and `-` only"));
        }
        let key = secrets.read(&spec.name, &given.key)?;
        let base = super::adapter::base(given.url, "https://disqus.com", &spec.name)?;
        Ok(Self { base, forum: given.forum, key, backfill_ms: given.backfill_days.map(|days| i64::from(days) * DAY_MS) })
    }

    async fn ask(&self, http: &Http, path: &str, query: &[(&str, &str)]) -> Result<Answer, PollError> {
        let url = join(&self.base, path, &[query, &[("api_key", self.key.expose())]].concat());
        http.get(&Ask::json(url, &self.base)).await
    }

    fn post(&self, entry: &Value, now: Millis) -> Option<Post> {
        let id = value::id(entry, "/id").filter(|id| value::is_number(id))?;
        let key = PostKey::new(PLATFORM, &self.forum, &id).ok()?;
        let guest = value::guest(value::text(entry, "/author/name"), value::link(entry, "/author/url"), &id);
        let author = match value::id(entry, "/author/id").filter(|_| !value::says(entry, "/author/isAnonymous")) {
            None => guest,
            Some(native_id) => PostAuthor {
                native_id,
                handle: html::name(value::text(entry, "/author/username")),
                url: value::link(entry, "/author/profileUrl"),
                ..guest
            },
        };
        let raw = value::text(entry, "/message");
        let words = if raw.is_empty() { Words::of_lines(value::text(entry, "/raw_message")) } else { Words::of_html(raw) };
        Some(Post {
            author,
            created_at: believable(value::time(entry, "/createdAt"), now),
            edited_at: None,
            text: words.own,
            url: value::link(entry, "/url").or_else(|| value::link(entry, "/thread/link")),
            reply_to: value::id(entry, "/parent"),
            lang: None,
            engagement: Engagement { likes: value::count(entry, "/likes"), ..Engagement::default() },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads known comments again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        let ours = |k: &&PostKey| k.platform() == PLATFORM && k.instance() == self.forum.to_lowercase() && value::is_number(k.native_id());
        for key in keys.iter().filter(ours) {
            let answer = self.ask(http, "/api/3.0/posts/details.json", &[("post", key.native_id()), ("related", "thread")]).await?;
            let code = serde_json::from_slice(&answer.body).ok().map(|v: Value| value::number(&v, "/code"));
            // 2 and 8: no such post.
            if matches!((answer.status, code), (400 | 404, Some(2 | 8))) {
                out.missing.push(key.clone());
                continue;
            }
            let whole = checked(&answer, now)?;
            let entry = whole.pointer("/response").unwrap_or(&Value::Null);
            match standing(entry) {
                Standing::Gone => out.gone.push(key.clone()),
                Standing::Held => out.missing.push(key.clone()),
                Standing::Shown => out.present.extend(self.post(entry, now).filter(|post| post.key == *key)),
            }
        }
        Ok(out)
    }
}

impl Lists for Disqus {
    type Memo = ();

    fn plan(&self) -> Plan {
        let deep = Deep { reach_ms: 7 * DAY_MS, every_ms: HOUR_MS };
        Plan { backfill_ms: self.backfill_ms, overlap_ms: HOUR_MS, deep: Some(deep), max_pages: 100_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["posts".to_owned()]
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let since = step.after.get().div_euclid(1000).to_string();
        let mut query =
            vec![("forum", self.forum.as_str()), ("limit", "100"), ("order", "asc"), ("related", "thread"), ("include", "approved")];
        query.push(("since", since.as_str()));
        query.extend(step.at.token().map(|token| ("cursor", token)));
        let answer = self.ask(step.http, "/api/3.0/forums/listPosts.json", &query).await?;
        let whole = checked(&answer, step.now)?;
        let list = value::list(&whole, "/response", &answer)?;
        let read = value::entries(list, &answer, |entry| Some((self.post(entry, step.now)?, standing(entry))))?;
        let (gone, mut posts): (Vec<_>, Vec<_>) = read.into_iter().partition(|(_, standing)| *standing == Standing::Gone);
        posts.retain(|(_, standing)| *standing == Standing::Shown);
        let token = value::id(&whole, "/cursor/next").filter(|_| value::says(&whole, "/cursor/hasNext"));
        Ok(Leaf {
            posts: posts.into_iter().map(|(post, _)| post).collect(),
            gone: gone.into_iter().map(|(post, _)| post.key).collect(),
            next: token.map_or(Next::End, Next::Token),
            not_before: answer.not_before,
            ..Leaf::default()
        })
    }
}

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Shown,
    /// Waits for a moderator.
    Held,
    Gone,
}

fn standing(entry: &Value) -> Standing {
    let held = entry.pointer("/isApproved").and_then(Value::as_bool) == Some(false);
    match (value::says(entry, "/isDeleted") || value::says(entry, "/isSpam"), held) {
        (true, _) => Standing::Gone,
        (false, true) => Standing::Held,
        (false, false) => Standing::Shown,
    }
}

/// The answer if it worked. Disqus says what is wrong by a code of its own, under various statuses.
fn checked(answer: &Answer, now: Millis) -> Result<Value, PollError> {
    let host = answer.host();
    let whole = value::parse(answer);
    let code = whole.as_ref().map_or(0, |v| value::number(v, "/code"));
    Err(match code {
        4 | 5 | 11 | 12 => PollError::Unauthorised { host, what: format!("the key is not valid or may not read this forum (code {code})") },
        // The allowance is counted by the hour.
        13 => PollError::RateLimited { host, until: answer.not_before.unwrap_or_else(|| now.hour().plus(HOUR_MS)) },
        15 => PollError::unavailable(&host, "it reports a fault of its own (code 15)"),
        0 => return answer.error().map_or(whole, Err),
        _ => PollError::Refused { host, status: answer.status },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec};

    #[test]
    fn a_comment_becomes_a_post() {
        let settings = json!({"forum": "acmeblog", "key": {"env": "TOKEN"}});
        let disqus = Disqus::new(&spec(SourceKind::Disqus, settings), &secrets()).expect("settings");
        assert!(!format!("{disqus:?}").contains("s3cret"));
        let entry = json!({"id": "6123", "thread": {"id": "99", "link": "https://blog.example/p"}, "parent": 6100,
            "author": {"username": "kim", "name": "Kim", "id": "12", "isAnonymous": false, "profileUrl": "https://disqus.com/by/kim/"},
            "message": "<p>Acme &amp; co</p>", "createdAt": "2026-11-19T08:15:30", "likes": 1});
        let post = disqus.post(&entry, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.author.native_id.as_str(), post.author.handle.as_str()), ("Acme & co", "12", "kim"));
        assert_eq!((post.created_at, post.reply_to.as_deref(), post.url.as_deref()), (NOW, Some("6100"), Some("https://blog.example/p")));
        let guest = json!({"id": 1, "author": {"name": "Mo", "isAnonymous": true, "id": "3"}, "raw_message": "hi <b>"});
        let post = disqus.post(&guest, NOW).expect("a post");
        assert_eq!((post.author.native_id.as_str(), post.text.as_str()), ("mo", "hi <b>"));
        assert_eq!(disqus.post(&json!({"id": "x/../y"}), NOW), None);
    }
}
