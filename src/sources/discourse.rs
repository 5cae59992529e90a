//! All public posts of one Discourse forum, newest first, by their numbers.
//!
//! `posts.json?before=N` shows what there is among the fifty numbers up to N: a page may be short, or empty
//! where a topic was deleted, although older posts follow. So reading goes on by numbers, not by counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask, host_of};
use super::quotes::Words;
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Deep, Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "discourse";
/// Numbers that one page looks at.
const STRIDE: u64 = 50;
/// The kind of action that is a like.
const LIKE: i64 = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The forum, with its folder where it lives in one.
    url: Address,
    /// Where an API key is kept, for forums that need a login.
    #[serde(default)]
    key: Option<SecretRef>,
    /// The account of that key.
    #[serde(default = "system")]
    user: String,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

fn system() -> String {
    "system".to_owned()
}

const fn sixty() -> u16 {
    60
}

/// Reads one forum.
#[derive(Debug)]
pub struct Discourse {
    base: Url,
    instance: String,
    key: Option<Secret>,
    user: String,
    backfill_ms: i64,
}

impl Discourse {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let key = given.key.as_ref().map(|at| secrets.read(&spec.name, at)).transpose()?;
        let base = given.url.0;
        let instance = format!("{}{}", host_of(&base), base.path().trim_end_matches('/'));
        Ok(Self { base, instance, key, user: given.user, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    async fn ask(&self, http: &Http, now: Millis, path: &str, query: &[(&str, &str)]) -> Result<Answer, PollError> {
        let mut ask = Ask::json(join(&self.base, path, query), &self.base);
        if let Some(key) = &self.key {
            ask.headers = vec![("api-key", key.expose().to_owned()), ("api-username", self.user.clone())];
        }
        let answer = http.get(&ask).await?;
        match told_to_wait(&answer, now) {
            Some(until) => Err(PollError::RateLimited { host: answer.host(), until }),
            None => Ok(answer),
        }
    }

    fn post(&self, entry: &Value, now: Millis) -> Option<Post> {
        let id = value::id(entry, "/id").filter(|id| value::is_number(id))?;
        let key = PostKey::new(PLATFORM, &self.instance, &id).ok()?;
        let handle = html::name(value::text(entry, "/username"));
        let (title, number) = (value::text(entry, "/topic_title"), value::number(entry, "/post_number"));
        let words = Words::of_html(value::text(entry, "/cooked"));
        // The title is the words of who opened the topic.
        let words = if number == 1 { words.titled(&html::to_text(title)) } else { words };
        let slug = Some(value::text(entry, "/topic_slug")).filter(|s| !s.is_empty()).unwrap_or("-");
        let topic = value::id(entry, "/topic_id").filter(|id| value::is_number(id));
        let link = |path: &str| safe_link(join(&self.base, path, &[]).as_str());
        let actions = entry.pointer("/actions_summary").and_then(Value::as_array).into_iter().flatten();
        let likes = actions.filter(|a| value::number(a, "/id") == LIKE).map(|a| value::count(a, "/count")).sum();
        let edited = value::number(entry, "/version") > 1;
        Some(Post {
            author: PostAuthor {
                native_id: value::id(entry, "/user_id")
                    .unwrap_or_else(|| if handle.is_empty() { format!("anonymous {id}") } else { handle.clone() }),
                url: link(&format!("/u/{}", value::segment(&handle))).filter(|_| !handle.is_empty()),
                name: html::name(value::text(entry, "/name")),
                handle,
                ..PostAuthor::default()
            },
            created_at: believable(value::time(entry, "/created_at"), now),
            edited_at: value::time(entry, "/updated_at").filter(|_| edited).map(|at| believable(Some(at), now)),
            text: words.own,
            url: topic.as_ref().and_then(|topic| link(&format!("/t/{}/{topic}/{number}", value::segment(slug)))),
            reply_to: value::id(entry, "/reply_to_post_number").and_then(|n| Some(format!("{}/{n}", topic?))),
            lang: None,
            engagement: Engagement { likes, reposts: 0, replies: value::count(entry, "/reply_count") },
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }

    /// Reads known posts again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        let own = self.instance.to_lowercase();
        for key in keys.iter().filter(|k| k.platform() == PLATFORM && k.instance() == own && value::is_number(k.native_id())) {
            let answer = self.ask(http, now, &format!("/posts/{}.json", key.native_id()), &[]).await?;
            // The forum says why in JSON; a page of a proxy says nothing.
            if matches!(answer.status, 403 | 404 | 410) {
                if value::parse(&answer).is_ok_and(|v| v.get("errors").is_some()) {
                    out.missing.push(key.clone());
                }
                continue;
            }
            let answer = answer.ok()?;
            let entry = value::parse(&answer)?;
            match self.post(&entry, now).filter(|post| post.key == *key) {
                Some(_) if is_gone(&entry) => out.gone.push(key.clone()),
                Some(_) if value::says(&entry, "/hidden") => out.missing.push(key.clone()),
                Some(post) => out.present.push(post),
                None => {}
            }
        }
        Ok(out)
    }
}

/// How long a forum wants to be left alone, where its proxy keeps back the header that says so: its words say it too.
fn told_to_wait(answer: &Answer, now: Millis) -> Option<Millis> {
    if answer.status != 429 || answer.header("retry-after").is_some() {
        return None;
    }
    let seconds = value::number(&value::parse(answer).ok()?, "/extras/wait_seconds");
    (seconds > 0).then(|| now.plus(seconds.saturating_mul(1000).min(DAY_MS)))
}

fn is_gone(entry: &Value) -> bool {
    value::says(entry, "/user_deleted") || entry.pointer("/deleted_at").is_some_and(|at| !at.is_null())
}

/// Post numbers between chains: they, and not the times, are the order of the list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Numbers {
    /// The highest one of the last whole chain.
    read: u64,
    /// The highest one of the chain under way.
    top: u64,
}

impl Lists for Discourse {
    type Memo = Numbers;

    fn plan(&self) -> Plan {
        // Posts wait for approval, and appear under their old number then.
        let deep = Deep { reach_ms: 2 * DAY_MS, every_ms: HOUR_MS };
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: HOUR_MS / 4, deep: Some(deep), max_pages: 20_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["posts".to_owned()]
    }

    async fn page(&self, step: Step<'_>, memo: &mut Numbers) -> Result<Leaf, PollError> {
        let before = step.at.token().and_then(|t| t.parse::<u64>().ok());
        let text = before.map(|n| n.to_string());
        let query: Vec<(&str, &str)> = text.iter().map(|n| ("before", n.as_str())).collect();
        let answer = self.ask(step.http, step.now, "/posts.json", &query).await?.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/latest_posts", &answer)?;
        let mut leaf = Leaf { not_before: answer.not_before, ..Leaf::default() };
        let (mut lowest, mut newest) = (None, None);
        for entry in value::entries(list, &answer, |entry| Some((self.post(entry, step.now)?, entry.clone())))? {
            let (post, entry) = entry;
            let number = post.key.native_id().parse::<u64>().unwrap_or(0);
            lowest = lowest.into_iter().chain([number]).min();
            newest = newest.max(Some(post.created_at));
            memo.top = memo.top.max(number);
            if is_gone(&entry) {
                leaf.gone.push(post.key);
            } else if !value::says(&entry, "/hidden") {
                leaf.posts.push(post);
            }
        }
        let from = lowest.map(|n| n.saturating_sub(1)).or_else(|| before.map(|n| n.saturating_sub(STRIDE)));
        leaf.next = from.filter(|n| *n > 0).map_or(Next::End, |n| Next::Token(n.to_string()));
        // A post with a new number may have an old date, so a page is the last one by both.
        leaf.bottom = newest.filter(|_| lowest.is_none_or(|n| n <= memo.read));
        if leaf.next == Next::End || leaf.bottom.is_some_and(|at| at < step.after) {
            memo.read = memo.top;
        }
        Ok(leaf)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec};

    #[test]
    fn a_post_becomes_a_post() {
        let forum =
            Discourse::new(&spec(SourceKind::Discourse, json!({"url": "https://forum.example/talk"})), &secrets()).expect("settings");
        let entry = json!({"id": 551, "topic_id": 88, "topic_slug": "billing", "topic_title": "Billing &amp; co", "post_number": 1, "username": "kim", "name": "Kim",
            "user_id": 7, "created_at": "2026-11-19T08:15:30.123Z", "updated_at": "2026-11-19T08:15:31Z", "cooked": "<p>Acme</p>", "version": 2, "reply_count": 4,
            "actions_summary": [{"id": 3, "count": 9}, {"id": 2, "count": 3}]});
        let post = forum.post(&entry, NOW.plus(60_000)).expect("a post");
        assert_eq!(
            (post.text.as_str(), post.key.instance(), post.author.native_id.as_str()),
            ("Billing & co\n\nAcme", "forum.example/talk", "7")
        );
        assert_eq!(post.url.as_deref(), Some("https://forum.example/talk/t/billing/88/1"));
        assert_eq!((post.engagement.likes, post.engagement.replies, post.edited_at.is_some()), (3, 4, true));
        let answer = json!({"id": 552, "topic_id": 88, "post_number": 2, "reply_to_post_number": 1, "topic_title": "Billing", "cooked": "no", "version": 1, "updated_at": "2026-11-19T08:15:31Z"});
        let post = forum.post(&answer, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.reply_to.as_deref(), post.edited_at), ("no", Some("88/1"), None));
    }
}
