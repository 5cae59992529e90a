//! A Facebook page: what visitors write on it, posts that tag it, and comments with their replies.
//!
//! There is no search over strangers' posts. What the page itself posts becomes an update of the timeline. Comments need a
//! token of the page: with a person's token their lists are empty, without an error.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, settings};
use super::cursor::believable;
use super::graph::{self, Context, Dialect, Edge, Found, Graph, Holds};
use super::lenient::{count, id, text, time};
use super::secret::{SecretRef, Secrets};
use super::{Http, PollError, SettingsError, html};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Cursor, Page, Recheck, SourceSpec};
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "facebook";
const HOW: &str = "Facebook needs a token of the page, from an app that Meta reviewed; give this source `token`. docs/sources.md says how";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    /// The page: its number or short name.
    page: String,
    #[serde(default)]
    token: Option<SecretRef>,
    /// For apps that ask for `appsecret_proof`.
    #[serde(default)]
    app_secret: Option<SecretRef>,
    #[serde(default = "version")]
    version: String,
    /// How far the first poll goes back; lists show a few hundred posts a year at most.
    #[serde(default = "thirty")]
    backfill_days: u16,
}

fn version() -> String {
    "v26.0".to_owned()
}

const fn thirty() -> u16 {
    30
}

/// Reads one page.
#[derive(Debug)]
pub struct Facebook(Graph);

const DIALECT: Dialect = Dialect {
    fields: "id,message,story,created_time,updated_time,permalink_url,from,parent_id,shares,comments.summary(true).limit(0),\
             reactions.summary(true).limit(0)",
    comment_fields: "id,message,created_time,from,like_count,comment_count,permalink_url,is_private",
    // Replies too, in one list.
    comment_query: &[("filter", "stream"), ("order", "reverse_chronological")],
    time: "created_time",
    threads: graph::Threads::Flat,
    known: &["id,message,created_time,from,permalink_url"],
    comments: &["comments", "summary", "total_count"],
    read,
};

impl Facebook {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        let (credential, proof) = graph::access((spec, secrets), (given.token.as_ref(), given.app_secret.as_ref()), HOW)?;
        let page = graph::account("page", &given.page).map_err(wrong)?;
        let base = given.url.map_or_else(|| Url::parse("https://graph.facebook.com"), |a| Ok(a.0)).map_err(|e| wrong(e.to_string()))?;
        let edge = |name: &str, holds| Edge { path: format!("/{page}/{name}"), query: Vec::new(), holds };
        Ok(Self(Graph {
            base: graph::versioned(&base, &given.version).map_err(wrong)?,
            edges: vec![edge("feed", Holds::Home), edge("tagged", Holds::Others)],
            own: page,
            credential,
            proof,
            dialect: DIALECT,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        }))
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        self.0.poll(http, cursor, now).await
    }

    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        self.0.recheck(http, keys, (PLATFORM, now)).await
    }
}

/// A post or comment. Without an id (other pages' comments) it cannot be told from another, and is left out.
fn read(element: &Value, context: Context<'_>) -> Found {
    let Some(key) = id(element, &["id"]).and_then(|id| PostKey::new(PLATFORM, "", &id).ok()) else { return Found::Nothing };
    let words = plain(text(element, &["message"]));
    let author = id(element, &["from", "id"]);
    // A page's own posts carry its number also where the settings give its short name.
    let page = key.native_id().split('_').next().unwrap_or_default();
    let own = author.as_deref().is_some_and(|from| from == context.own || (context.under.is_none() && from == page));
    // What is said to the page alone is no public word.
    let private = element.get("is_private").and_then(Value::as_bool) == Some(true);
    if words.is_empty() || private || (own && context.under.is_some()) {
        return Found::Nothing;
    }
    // A comment tells by its address that it is one, wherever it is read; its id begins with that of the post.
    let answers = text(element, &["permalink_url"]).contains("comment_id=");
    let reply_to = key.native_id().split_once('_').filter(|_| answers).map(|(post, _)| post.to_owned());
    let post = Post {
        author: PostAuthor {
            // Ids are of this page only, and absent where the platform keeps them.
            native_id: author.unwrap_or_else(|| format!("of-{}", key.native_id())),
            name: html::name(text(element, &["from", "name"])),
            ..PostAuthor::default()
        },
        created_at: believable(time(text(element, &["created_time"])), context.now),
        // `updated_time` moves with each comment: an edit shows in the words only.
        edited_at: None,
        text: words,
        url: safe_link(text(element, &["permalink_url"])),
        reply_to,
        lang: None,
        engagement: Engagement {
            likes: count(element, &["like_count"]).max(count(element, &["reactions", "summary", "total_count"])),
            reposts: count(element, &["shares", "count"]),
            replies: count(element, &["comment_count"]).max(count(element, &["comments", "summary", "total_count"])),
        },
        originality: Originality::Own,
        quoted: None,
        key,
    };
    if own { Found::Own(Box::new(post)) } else { Found::Mention(Box::new(post)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONTEXT: Context<'_> = Context { own: "1122", under: None, now: Millis::new(1_795_076_730_000) };

    fn mention(element: &Value, context: Context<'_>) -> Option<Post> {
        match read(element, context) {
            Found::Mention(post) => Some(*post),
            _ => None,
        }
    }

    #[test]
    fn a_visitors_post_is_a_mention_and_the_pages_own_is_an_update() {
        let visitor = json!({
            "id": "1122_9900", "created_time": "2026-11-19T08:15:30+0000", "updated_time": "2026-11-19T09:01:02+0000",
            "message": "Has anyone looked at invoice 4471?\u{202e}", "permalink_url": "https://www.facebook.com/1122/posts/9900",
            "from": {"id": "6677", "name": "Sam <b>Doe"}, "shares": {"count": 2},
            "comments": {"data": [], "summary": {"total_count": 4}}, "reactions": {"data": [], "summary": {"total_count": 9}},
        });
        let post = mention(&visitor, CONTEXT).expect("a mention");
        assert_eq!((post.created_at.get(), post.edited_at), (1_795_076_130_000, None));
        assert_eq!(post.engagement, Engagement { likes: 9, reposts: 2, replies: 4 });
        assert_eq!(post.author.name, "Sam Doe");
        let mut own = visitor.clone();
        own["from"] = json!({"id": "1122", "name": "Acme"});
        assert!(matches!(read(&own, CONTEXT), Found::Own(_)));
        assert!(matches!(read(&own, Context { own: "acmecloud", ..CONTEXT }), Found::Own(_)), "by its short name too");
        assert!(matches!(read(&own, Context { under: Some("1122_9900"), ..CONTEXT }), Found::Nothing), "its answers are no updates");
    }

    #[test]
    fn what_has_no_id_or_no_words_is_left_out_and_the_rest_gets_what_can_be_known() {
        for nothing in [json!({}), json!(5), json!({"message": "x"}), json!({"id": "1_2"}), json!({"id": "a b", "message": "x"})] {
            assert!(matches!(read(&nothing, CONTEXT), Found::Nothing), "{nothing}");
        }
        let bare =
            mention(&json!({"id": "1_2", "message": "x", "permalink_url": "javascript:1", "created_time": 5}), CONTEXT).expect("a mention");
        assert_eq!((bare.author.native_id.as_str(), bare.url, bare.created_at), ("of-1_2", None, CONTEXT.now));
        let comment = Context { under: Some("1122_9900"), ..CONTEXT };
        let address = "https://www.facebook.com/1122/posts/9900?comment_id=5";
        let reply = mention(&json!({"id": "9900_5", "message": "same", "permalink_url": address}), comment).expect("a mention");
        assert_eq!(reply.reply_to.as_deref(), Some("9900"));
        let private = json!({"id": "9900_6", "message": "call me", "permalink_url": address, "is_private": true});
        assert!(mention(&private, comment).is_none());
    }
}
