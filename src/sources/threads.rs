//! Threads: posts that mention the own account, and a search for the brand's words where Meta granted it.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, settings};
use super::cursor::believable;
use super::graph::{self, Context, Dialect, Edge, Found, Graph, Holds};
use super::lenient::{id, text, time};
use super::secret::{SecretRef, Secrets};
use super::{Http, PollError, SettingsError, html};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Cursor, Page, Recheck, SourceSpec};
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "threads";
const HOW: &str = "Threads needs a token from an app that Meta reviewed; give this source `token`. docs/sources.md says how";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    /// The own account's name: what it posts is no mention.
    username: String,
    #[serde(default)]
    token: Option<SecretRef>,
    #[serde(default)]
    app_secret: Option<SecretRef>,
    /// Searches for the brand's names too; needs advanced access to `threads_keyword_search`.
    #[serde(default)]
    search: bool,
    #[serde(default = "version")]
    version: String,
    #[serde(default = "seven")]
    backfill_days: u16,
}

fn version() -> String {
    "v1.0".to_owned()
}

const fn seven() -> u16 {
    7
}

/// Reads Threads.
#[derive(Debug)]
pub struct Threads(Graph);

const FIELDS: &str = "id,text,permalink,timestamp,username,is_quote_post,is_reply";
const DIALECT: Dialect = Dialect {
    fields: FIELDS,
    comment_fields: FIELDS,
    comment_query: &[],
    time: "timestamp",
    threads: graph::Threads::Flat,
    known: &[FIELDS],
    comments: &["replies_count"],
    read,
};

impl Threads {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        let (credential, proof) = graph::access((spec, secrets), (given.token.as_ref(), given.app_secret.as_ref()), HOW)?;
        let own = graph::account("username", given.username.trim_start_matches('@')).map_err(wrong)?.to_lowercase();
        let base = given.url.map_or_else(|| Url::parse("https://graph.threads.net"), |a| Ok(a.0)).map_err(|e| wrong(e.to_string()))?;
        let mut edges = vec![Edge { path: "/me/mentions".to_owned(), query: Vec::new(), holds: Holds::Others }];
        if given.search {
            let search = |name: &String| Edge {
                path: "/keyword_search".to_owned(),
                query: vec![("q", name.clone()), ("search_type", "RECENT".to_owned())],
                holds: Holds::Others,
            };
            edges.extend(terms.names.iter().map(search));
        }
        Ok(Self(Graph {
            base: graph::versioned(&base, &given.version).map_err(wrong)?,
            edges,
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

fn read(element: &Value, context: Context<'_>) -> Found {
    let Some(key) = id(element, &["id"]).and_then(|id| PostKey::new(PLATFORM, "", &id).ok()) else { return Found::Nothing };
    let words = plain(text(element, &["text"]));
    let handle = html::name(text(element, &["username"]));
    if words.is_empty() {
        return Found::Nothing;
    }
    let own = handle.eq_ignore_ascii_case(context.own);
    let reply = element.get("is_reply").and_then(Value::as_bool).unwrap_or(false);
    if own && reply {
        return Found::Nothing;
    }
    let post = Post {
        author: PostAuthor {
            native_id: if handle.is_empty() { format!("of-{}", key.native_id()) } else { handle.to_lowercase() },
            url: Some(&handle).filter(|h| !h.is_empty()).and_then(|h| safe_link(&format!("https://www.threads.net/@{h}"))),
            handle,
            ..PostAuthor::default()
        },
        created_at: believable(time(text(element, &["timestamp"])), context.now),
        edited_at: None,
        text: words,
        url: safe_link(text(element, &["permalink"])),
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
        key,
    };
    if own { Found::Own(Box::new(post)) } else { Found::Mention(Box::new(post)) }
}
