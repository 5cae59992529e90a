//! Reviews of an app in Apple's App Store.
//!
//! Anybody's app: by the public feed of each country, which shows the newest five hundred and is sometimes
//! empty for hours; an empty one proves nothing. An own app: by App Store Connect, with a key, whole and
//! for all countries.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask};
use super::jwt::Key;
use super::secret::{SecretRef, Secrets};
use super::walk::{Leaf, Lists, Next, Plan, Step, Trust};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "appstore";
const INSTANCE: &str = "apps.apple.com";
const CONNECT: &str = "connect";
/// Pages that a public feed has.
const FEED_PAGES: u32 = 10;
/// Seconds that a signed token lives; twenty minutes are allowed.
const TOKEN_SECONDS: i64 = 15 * 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// Apple's number of the app.
    app: String,
    /// Countries whose feeds are read, such as `us`.
    #[serde(default)]
    countries: Vec<String>,
    /// Of an own app: the key of App Store Connect.
    #[serde(default)]
    connect: Option<ConnectSettings>,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectSettings {
    issuer: String,
    key_id: String,
    key: SecretRef,
}

const fn sixty() -> u16 {
    60
}

/// Reads one app.
#[derive(Debug)]
pub struct AppStore {
    base: Url,
    app: String,
    countries: Vec<String>,
    connect: Option<Connect>,
    backfill_ms: i64,
}

#[derive(Debug)]
struct Connect {
    issuer: String,
    key_id: String,
    key: Key,
}

impl AppStore {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        if !value::is_number(&given.app) {
            return Err(wrong("`app` is the number of the app, as in its address after `id`"));
        }
        let countries: Vec<String> = given.countries.iter().map(|c| c.trim().to_lowercase()).collect();
        if countries.iter().any(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_lowercase())) {
            return Err(wrong("`countries` are codes of two letters, such as \"us\""));
        }
        let connect = match given.connect {
            None => None,
            Some(connect) => {
                let pem = secrets.read_lines(&spec.name, &connect.key)?;
                let key = Key::from_pem(pem.expose()).ok_or_else(|| wrong("`connect.key` holds no private key that can be used"))?;
                Some(Connect { issuer: connect.issuer, key_id: connect.key_id, key })
            }
        };
        if connect.is_none() && countries.is_empty() {
            return Err(wrong("give `countries`, such as [\"us\"], or the key of an own app as `connect`"));
        }
        let default = if connect.is_some() { "https://api.appstoreconnect.apple.com" } else { "https://itunes.apple.com" };
        let base = super::adapter::base(given.url, default, &spec.name)?;
        Ok(Self { base, app: given.app, countries, connect, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    /// Posts of one recheck; the public feed has no way to read a review again.
    pub(super) const fn recheck_batch(&self) -> usize {
        if self.connect.is_some() { 20 } else { 0 }
    }

    async fn feed(&self, step: Step<'_>, memo: &mut BTreeSet<String>) -> Result<Leaf, PollError> {
        let number = step.at.number();
        let path = format!("/{}/rss/customerreviews/page={number}/id={}/sortby=mostrecent/json", step.list, self.app);
        let answer = step.http.get(&Ask::json(join(&self.base, &path, &[]), &self.base)).await?.ok()?;
        let whole = value::parse(&answer)?;
        if !whole.get("feed").is_some_and(Value::is_object) {
            return Err(PollError::malformed(&answer.host(), "it holds no feed"));
        }
        // Many entries, one, or none.
        let entries = match whole.pointer("/feed/entry") {
            Some(Value::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        // The entry without stars is the app itself.
        let posts: Vec<Post> = entries.iter().filter(|e| e.get("im:rating").is_some()).filter_map(|e| feed_post(e, step)).collect();
        let empty = posts.is_empty() && number == 1;
        let trust = if empty && memo.contains(step.list) { Trust::Doubtful } else { Trust::Whole };
        if !posts.is_empty() {
            memo.insert(step.list.to_owned());
        }
        let next = if posts.is_empty() { Next::End } else { Next::Page };
        Ok(Leaf { bottom: posts.iter().map(|p| p.created_at).max(), posts, next, trust, not_before: answer.not_before, ..Leaf::default() })
    }

    async fn ask_connect(&self, connect: &Connect, http: &Http, url: Url, now: Millis) -> Result<Answer, PollError> {
        let seconds = now.get().div_euclid(1000);
        let claims = json!({"iss": connect.issuer, "iat": seconds, "exp": seconds + TOKEN_SECONDS, "aud": "appstoreconnect-v1"});
        let broken = || PollError::malformed(&super::http::host_of(&self.base), "the key cannot sign");
        let token = connect.key.token(Some(&connect.key_id), &claims).ok_or_else(broken)?;
        http.get(&Ask { token: Some(&token), ..Ask::json(url, &self.base) }).await
    }

    async fn connected(&self, connect: &Connect, step: Step<'_>) -> Result<Leaf, PollError> {
        let mut query = vec![("sort", "-createdDate"), ("limit", "200")];
        query.extend(step.at.token().map(|token| ("cursor", token)));
        let url = join(&self.base, &format!("/v1/apps/{}/customerReviews", self.app), &query);
        let answer = self.ask_connect(connect, step.http, url, step.now).await?.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/data", &answer)?;
        let posts = value::entries(list, &answer, |review| connect_post(review, step.now))?;
        // Only the cursor is taken of the next address, never its host.
        let next = Url::parse(value::text(&whole, "/links/next")).ok();
        let cursor = next.and_then(|url| url.query_pairs().find(|(key, _)| key == "cursor").map(|(_, v)| v.into_owned()));
        let next = cursor.filter(|_| !posts.is_empty()).map_or(Next::End, Next::Token);
        Ok(Leaf { bottom: posts.iter().map(|p| p.created_at).max(), posts, next, not_before: answer.not_before, ..Leaf::default() })
    }

    /// Reads known reviews of an own app again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        let Some(connect) = &self.connect else { return Ok(out) };
        for key in keys.iter().filter(|k| k.platform() == PLATFORM && value::is_word(k.native_id())) {
            let url = join(&self.base, &format!("/v1/customerReviews/{}", key.native_id()), &[]);
            let answer = self.ask_connect(connect, http, url, now).await?;
            if answer.status == 404 {
                out.missing.push(key.clone());
                continue;
            }
            let answer = answer.ok()?;
            let whole = value::parse(&answer)?;
            out.present.extend(connect_post(whole.get("data").unwrap_or(&Value::Null), now).filter(|post| post.key == *key));
        }
        Ok(out)
    }
}

impl Lists for AppStore {
    /// Countries whose feed has shown reviews before.
    type Memo = BTreeSet<String>;

    fn plan(&self) -> Plan {
        let max_pages = if self.connect.is_some() { 1_000 } else { FEED_PAGES };
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: 2 * DAY_MS, deep: None, max_pages }
    }

    fn lists(&self) -> Vec<String> {
        if self.connect.is_some() { vec![CONNECT.to_owned()] } else { self.countries.clone() }
    }

    async fn page(&self, step: Step<'_>, memo: &mut Self::Memo) -> Result<Leaf, PollError> {
        match &self.connect {
            Some(connect) if step.list == CONNECT => self.connected(connect, step).await,
            None if self.countries.iter().any(|c| c == step.list) => self.feed(step, memo).await,
            _ => Ok(Leaf::default()),
        }
    }
}

fn feed_post(entry: &Value, step: Step<'_>) -> Option<Post> {
    let id = value::id(entry, "/id/label").filter(|id| value::is_word(id))?;
    let (title, body) = (html::tidy(value::text(entry, "/title/label")), html::tidy(value::text(entry, "/content/label")));
    let page = value::link(entry, "/author/uri/label");
    Some(Post {
        key: PostKey::new(PLATFORM, INSTANCE, &id).ok()?,
        author: PostAuthor { url: page.clone(), ..value::guest(value::text(entry, "/author/name/label"), page, &id) },
        created_at: believable(value::time(entry, "/updated/label"), step.now),
        edited_at: None,
        text: html::join(&title, &body),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement { likes: value::count(entry, "/im:voteSum/label"), ..Engagement::default() },
        originality: Originality::Own,
        quoted: None,
    })
}

fn connect_post(review: &Value, now: Millis) -> Option<Post> {
    let id = value::id(review, "/id").filter(|id| value::is_word(id))?;
    let (title, body) = (html::tidy(value::text(review, "/attributes/title")), html::tidy(value::text(review, "/attributes/body")));
    Some(Post {
        key: PostKey::new(PLATFORM, INSTANCE, &id).ok()?,
        author: value::guest(value::text(review, "/attributes/reviewerNickname"), None, &id),
        created_at: believable(value::time(review, "/attributes/createdDate"), now),
        edited_at: None,
        text: html::join(&title, &body),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::tests::NOW;

    #[test]
    fn reviews_of_app_store_connect_become_posts() {
        let review = json!({"id": "00000039-aa", "attributes": {"rating": 1, "title": "Broken", "body": "It <crashes>", "reviewerNickname": "Kim",
            "createdDate": "2026-11-19T00:15:30-08:00", "territory": "USA"}});
        let post = connect_post(&review, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.author.native_id.as_str(), post.created_at), ("Broken\n\nIt <crashes>", "kim", NOW));
        assert_eq!(connect_post(&json!({"id": "a/b"}), NOW), None);
    }
}
