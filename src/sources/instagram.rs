//! Instagram, for a professional account: media that tag it, and comments on its own media with their replies.
//!
//! What the account itself posts becomes an update of the timeline. There is no search over strangers' media.

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

const PLATFORM: &str = "instagram";
const HOW: &str =
    "Instagram needs a token of a professional account, from an app that Meta reviewed; give this source `token`. docs/sources.md says how";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    /// The number of the professional account.
    user: String,
    /// Its name, to tell its own comments from those of others.
    username: String,
    #[serde(default)]
    token: Option<SecretRef>,
    #[serde(default)]
    app_secret: Option<SecretRef>,
    #[serde(default = "version")]
    version: String,
    #[serde(default = "thirty")]
    backfill_days: u16,
}

fn version() -> String {
    "v26.0".to_owned()
}

const fn thirty() -> u16 {
    30
}

/// Reads one account.
#[derive(Debug)]
pub struct Instagram(Graph);

const DIALECT: Dialect = Dialect {
    fields: "id,caption,timestamp,permalink,username,like_count,comments_count",
    comment_fields: "id,text,timestamp,username,like_count,parent_id,media,replies{id,text,timestamp,username,like_count,parent_id,media}",
    comment_query: &[],
    time: "timestamp",
    threads: graph::Threads::Nested,
    known: &["id,text,timestamp,username,like_count,parent_id,media", "id,caption,timestamp,permalink,username,like_count"],
    comments: &["comments_count"],
    read,
};

impl Instagram {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        let (credential, proof) = graph::access((spec, secrets), (given.token.as_ref(), given.app_secret.as_ref()), HOW)?;
        let user = graph::account("user", &given.user).map_err(wrong)?;
        let own = graph::account("username", given.username.trim_start_matches('@')).map_err(wrong)?.to_lowercase();
        let base = given.url.map_or_else(|| Url::parse("https://graph.facebook.com"), |a| Ok(a.0)).map_err(|e| wrong(e.to_string()))?;
        let edge = |name: &str, holds| Edge { path: format!("/{user}/{name}"), query: Vec::new(), holds };
        Ok(Self(Graph {
            base: graph::versioned(&base, &given.version).map_err(wrong)?,
            edges: vec![edge("media", Holds::Home), edge("tags", Holds::Others)],
            own,
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

/// Media or a comment.
fn read(element: &Value, context: Context<'_>) -> Found {
    let Some(key) = id(element, &["id"]).and_then(|id| PostKey::new(PLATFORM, "", &id).ok()) else { return Found::Nothing };
    let comment = plain(text(element, &["text"]));
    let words = if comment.is_empty() { plain(text(element, &["caption"])) } else { comment };
    let handle = html::name(text(element, &["username"]));
    let own = handle.eq_ignore_ascii_case(context.own);
    if words.is_empty() || (own && context.under.is_some()) {
        return Found::Nothing;
    }
    let post = Post {
        author: PostAuthor {
            native_id: if handle.is_empty() { format!("of-{}", key.native_id()) } else { handle.to_lowercase() },
            url: Some(&handle).filter(|h| !h.is_empty()).and_then(|h| safe_link(&format!("https://www.instagram.com/{h}/"))),
            handle,
            ..PostAuthor::default()
        },
        created_at: believable(time(text(element, &["timestamp"])), context.now),
        edited_at: None,
        text: words,
        url: safe_link(text(element, &["permalink"])),
        reply_to: id(element, &["parent_id"]).or_else(|| id(element, &["media", "id"])),
        lang: None,
        engagement: Engagement { likes: count(element, &["like_count"]), reposts: 0, replies: count(element, &["comments_count"]) },
        originality: Originality::Own,
        quoted: None,
        key,
    };
    if own { Found::Own(Box::new(post)) } else { Found::Mention(Box::new(post)) }
}
