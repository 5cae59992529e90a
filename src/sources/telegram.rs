//! Posts of Telegram channels and groups in which a bot is a member.
//!
//! The platform keeps what is new for a bot for a day and gives it in order. Asking for a number confirms
//! all before it, and those are then forgotten; so the number asked for is always the one after the last
//! kept. It never tells of deletions. The bot's token stands in the address, which is never printed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::{believable, decode, encode};
use super::http::{Answer, Ask};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, Quoted, safe_link};
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::time::{DAY_MS, Millis, Span};

const PLATFORM: &str = "telegram";
const INSTANCE: &str = "t.me";
/// Updates that one answer holds at most.
const AT_ONCE: usize = 100;
/// What kinds of news are wanted.
const KINDS: [&str; 4] = ["message", "edited_message", "channel_post", "edited_channel_post"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// Where the bot's token is kept.
    token: SecretRef,
    /// Public names of the channels and groups to keep; all that the bot is in unless given.
    #[serde(default)]
    channels: Vec<String>,
}

/// Reads what one bot sees.
#[derive(Debug)]
pub struct Telegram {
    base: Url,
    token: Secret,
    channels: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// The first update that is wanted.
    offset: i64,
    read_until: Option<Millis>,
}

impl Telegram {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let channels = given.channels.iter().map(|name| name.trim().trim_start_matches('@').to_lowercase()).collect();
        let base = super::adapter::base(given.url, "https://api.telegram.org", &spec.name)?;
        Ok(Self { base, token: secrets.read(&spec.name, &given.token)?, channels })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let (offset, limit, kinds) = (state.offset.to_string(), AT_ONCE.to_string(), serde_json::json!(KINDS).to_string());
        let query = [("offset", offset.as_str()), ("limit", &limit), ("timeout", "0"), ("allowed_updates", &kinds)];
        let path = format!("/bot{}/getUpdates", value::segment(self.token.expose()).replace("%3A", ":"));
        let answer = http.get(&Ask::json(join(&self.base, &path, &query), &self.base)).await?;
        let whole = checked(&answer, now)?;
        let list = value::list(&whole, "/result", &answer)?;
        let ids = value::entries(list, &answer, |update| update.pointer("/update_id").and_then(Value::as_i64))?;
        let mut page = Page {
            posts: list.iter().filter_map(|update| self.post(update, now)).collect(),
            not_before: answer.not_before,
            ..Page::default()
        };
        let highest = ids.into_iter().max();
        // Never back: what was confirmed is not asked for again.
        state.offset = state.offset.max(highest.map_or(0, |id| id.saturating_add(1)));
        if list.len() >= AT_ONCE && highest.is_some() {
            page.more = More::Now;
        } else {
            // The platform forgets what nobody fetched for a day.
            let from = state.read_until.map_or(now, |at| at.max(now.plus(-DAY_MS))).min(now);
            page.covered = Span::new(from, now);
            state.read_until = Some(now);
        }
        page.cursor = encode(&state);
        Ok(page)
    }

    fn post(&self, update: &Value, now: Millis) -> Option<Post> {
        let message = KINDS.iter().find_map(|kind| update.get(*kind))?;
        let chat = message.pointer("/chat/id").and_then(Value::as_i64)?;
        let id = value::id(message, "/message_id").filter(|id| value::is_number(id))?;
        let channel = value::text(message, "/chat/username");
        let wanted = self.channels.is_empty() || self.channels.contains(&channel.to_lowercase());
        // What people write to the bot itself is not public.
        if !wanted || value::text(message, "/chat/type") == "private" {
            return None;
        }
        let named = |id: &str| format!("{chat}/{id}");
        let words =
            [value::text(message, "/text"), value::text(message, "/caption")].into_iter().find(|t| !t.is_empty()).unwrap_or_default();
        let public = !channel.is_empty() && value::is_word(channel);
        let forwarded = message.get("forward_origin").is_some() || message.get("forward_date").is_some();
        Some(Post {
            key: PostKey::new(PLATFORM, INSTANCE, &named(&id)).ok()?,
            author: author(message, chat),
            created_at: believable(value::seconds(message, "/date"), now),
            edited_at: value::seconds(message, "/edit_date").map(|at| believable(Some(at), now)),
            text: html::tidy(words),
            url: safe_link(&format!("https://t.me/{channel}/{id}")).filter(|_| public),
            reply_to: value::id(message, "/reply_to_message/message_id").map(|id| named(&id)),
            lang: None,
            engagement: Engagement::default(),
            originality: if forwarded { Originality::Repost } else { Originality::Own },
            // A reply may quote a part of what it answers.
            quoted: Quoted::of(html::tidy(value::text(message, "/quote/text")), Vec::new()),
        })
    }
}

/// A person in a group, else the channel.
fn author(message: &Value, chat: i64) -> PostAuthor {
    let (who, native_id) = match (message.get("from"), message.get("sender_chat")) {
        (Some(from), None) => (from, value::id(from, "/id").unwrap_or_else(|| chat.to_string())),
        (_, Some(sender)) => (sender, sender.pointer("/id").map_or_else(|| chat.to_string(), Value::to_string)),
        (None, None) => (message.get("chat").unwrap_or(&Value::Null), chat.to_string()),
    };
    let handle = html::name(value::text(who, "/username"));
    let name = [value::text(who, "/title").to_owned(), format!("{} {}", value::text(who, "/first_name"), value::text(who, "/last_name"))];
    let name = name.iter().map(|n| html::tidy(n)).find(|n| !n.is_empty()).unwrap_or_default();
    PostAuthor {
        native_id,
        url: safe_link(&format!("https://t.me/{handle}")).filter(|_| value::is_word(&handle)),
        handle,
        name,
        followers: None,
        bot: value::says(who, "/is_bot"),
    }
}

/// The answer if it worked.
fn checked(answer: &Answer, now: Millis) -> Result<Value, PollError> {
    let host = answer.host();
    let whole = value::parse(answer);
    let wait = whole.as_ref().map_or(0, |v| value::count(v, "/parameters/retry_after")).min(86_400);
    Err(match answer.status {
        401 | 404 => PollError::Unauthorised { host, what: "it does not know a bot with this token".to_owned() },
        409 => {
            let what = "another program fetches what is new for this bot, or a webhook is set for it; only one may".to_owned();
            PollError::Unauthorised { host, what }
        }
        429 => PollError::RateLimited { host, until: answer.not_before.max(Some(now.plus(wait * 1000))).unwrap_or(now) },
        _ => return answer.error().map_or(whole, Err),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec};

    fn telegram(settings: Value) -> Telegram {
        Telegram::new(&spec(SourceKind::Telegram, settings), &secrets()).expect("settings")
    }

    #[test]
    fn channel_posts_and_group_messages_become_posts() {
        let bot = telegram(json!({"token": {"env": "TOKEN"}}));
        assert!(!format!("{bot:?}").contains("s3cret"));
        let update = json!({"update_id": 1, "channel_post": {"message_id": 12, "date": 1_795_076_130, "chat": {"id": -100_123, "type": "channel", "username": "acmenews", "title": "Acme News"},
            "sender_chat": {"id": -100_123, "username": "acmenews", "title": "Acme News"}, "text": "Acme is <down>", "forward_date": 1}});
        let post = bot.post(&update, NOW).expect("a post");
        assert_eq!((post.key.native_id(), post.text.as_str(), post.author.handle.as_str()), ("-100123/12", "Acme is <down>", "acmenews"));
        assert_eq!((post.url.as_deref(), post.originality), (Some("https://t.me/acmenews/12"), Originality::Repost));
        let update = json!({"update_id": 2, "edited_message": {"message_id": 13, "date": 1_795_076_130, "edit_date": 1_795_076_130, "chat": {"id": -5, "type": "group"},
            "from": {"id": 7, "first_name": "Kim", "last_name": "Doe", "is_bot": true}, "caption": "a picture", "reply_to_message": {"message_id": 12}}});
        let post = bot.post(&update, NOW).expect("a post");
        assert_eq!((post.author.native_id.as_str(), post.author.name.as_str(), post.author.bot), ("7", "Kim Doe", true));
        assert_eq!((post.text.as_str(), post.url, post.reply_to.as_deref(), post.edited_at), ("a picture", None, Some("-5/12"), Some(NOW)));
    }

    #[test]
    fn private_messages_and_other_channels_are_not_kept() {
        let message =
            |kind: &str, name: &str| json!({"message": {"message_id": 1, "chat": {"id": 1, "type": kind, "username": name}, "text": "x"}});
        let bot = telegram(json!({"token": {"env": "TOKEN"}, "channels": ["@AcmeNews"]}));
        assert!(bot.post(&message("private", "acmenews"), NOW).is_none() && bot.post(&message("channel", "other"), NOW).is_none());
        assert!(bot.post(&message("channel", "acmenews"), NOW).is_some());
        assert!(bot.post(&json!({"poll": {}}), NOW).is_none());
    }
}
