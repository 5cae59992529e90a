//! Reviews of an own app on Google Play, with a service account.
//!
//! The interface shows what was written or changed within a week, newest first as far as it was seen, but
//! that is not promised; so the whole week is read again several times a day. A changed review comes again
//! under its old id. A review can be read by its id for that week only, so a missing one proves nothing,
//! and deletions are not followed.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Ask, Sent};
use super::jwt::Key;
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Deep, Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::SourceSpec;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "googleplay";
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// Name of the app's package, such as `com.acme.app`.
    package: String,
    /// The service account's key file, in JSON.
    account: SecretRef,
    /// The token service, where it is not the one that the key file names.
    #[serde(default)]
    token_url: Option<Address>,
}

/// The key file of a service account.
#[derive(Deserialize)]
struct Account {
    client_email: String,
    private_key: String,
    token_uri: Address,
}

/// Reads one app.
#[derive(Debug)]
pub struct GooglePlay {
    base: Url,
    package: String,
    email: String,
    key: Key,
    token_url: Url,
}

impl GooglePlay {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        if given.package.is_empty() || !given.package.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b)) {
            return Err(wrong("`package` is the name of the app's package, such as \"com.acme.app\""));
        }
        let file = secrets.read_lines(&spec.name, &given.account)?;
        // The error of the parser would quote the file.
        let account: Account = serde_json::from_str(file.expose()).map_err(|_| wrong("`account` is no key file of a service account"))?;
        let key = Key::from_pem(&account.private_key).ok_or_else(|| wrong("`account` holds no key that can be used"))?;
        let base = super::adapter::base(given.url, "https://androidpublisher.googleapis.com", &spec.name)?;
        Ok(Self {
            base,
            package: given.package,
            email: account.client_email,
            key,
            token_url: given.token_url.unwrap_or(account.token_uri).0,
        })
    }

    async fn login(&self, http: &Http, now: Millis) -> Result<(Secret, Millis), PollError> {
        let host = super::http::host_of(&self.token_url);
        let seconds = now.get().div_euclid(1000);
        let claims = json!({"iss": self.email, "scope": SCOPE, "aud": self.token_url.as_str(), "iat": seconds, "exp": seconds + 3600});
        let assertion = self.key.token(None, &claims).ok_or_else(|| PollError::malformed(&host, "the key cannot sign"))?;
        let post = Some(Sent::form(&[("grant_type", GRANT), ("assertion", assertion.expose())]));
        let answer = http.get(&Ask { post, ..Ask::json(self.token_url.clone(), &self.token_url) }).await?;
        if answer.status == 400 {
            return Err(PollError::Unauthorised { host, what: "it does not accept the service account; make a new key file".to_owned() });
        }
        let answer = answer.ok()?;
        let whole = value::parse(&answer)?;
        let token = Secret::of(value::text(&whole, "/access_token"))
            .ok_or_else(|| PollError::malformed(&host, "its token service gives no token"))?;
        let lives = value::count(&whole, "/expires_in").clamp(60, 86_400);
        Ok((token, now.plus(lives * 1000)))
    }

    fn post(&self, review: &Value, now: Millis) -> Option<Post> {
        let id = value::id(review, "/reviewId")?;
        let comments = review.pointer("/comments").and_then(Value::as_array)?;
        // The other comments are the developer's answers.
        let comment = comments.iter().find_map(|c| c.get("userComment"))?;
        let words = value::text(comment, "/text");
        let (title, body) = words.split_once('\t').unwrap_or(("", words));
        Some(Post {
            key: PostKey::new(PLATFORM, &self.package, &id).ok()?,
            author: PostAuthor {
                native_id: format!("review {id}"),
                name: html::name(value::text(review, "/authorName")),
                ..PostAuthor::default()
            },
            created_at: believable(value::seconds(comment, "/lastModified/seconds"), now),
            edited_at: None,
            text: html::join(&html::tidy(title), &html::tidy(body)),
            url: None,
            reply_to: None,
            lang: value::language(value::text(comment, "/reviewerLanguage")),
            engagement: Engagement { likes: value::count(comment, "/thumbsUpCount"), ..Engagement::default() },
            originality: Originality::Own,
            quoted: None,
        })
    }
}

impl Lists for GooglePlay {
    type Memo = ();

    fn plan(&self) -> Plan {
        let deep = Deep { reach_ms: 8 * DAY_MS, every_ms: 6 * HOUR_MS };
        Plan { backfill_ms: Some(8 * DAY_MS), overlap_ms: DAY_MS, deep: Some(deep), max_pages: 200 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["reviews".to_owned()]
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let mut query = vec![("maxResults", "100")];
        query.extend(step.at.token().map(|token| ("token", token)));
        let path = format!("/androidpublisher/v3/applications/{}/reviews", self.package);
        let who = format!("googleplay {} {}", self.token_url, self.email);
        let mut refused = None;
        let answer = loop {
            let token = step.http.sessions.token(&who, (refused.as_ref(), step.now), self.login(step.http, step.now)).await?;
            let ask = Ask { token: Some(&token), ..Ask::json(join(&self.base, &path, &query), &self.base) };
            let answer = step.http.get(&ask).await?;
            if answer.status != 401 || refused.is_some() {
                break answer.ok()?;
            }
            refused = Some(token);
        };
        let whole = value::parse(&answer)?;
        // An app without reviews has no list at all.
        let none: &[Value] = &[];
        let list = whole.pointer("/reviews").and_then(Value::as_array).map_or(none, Vec::as_slice);
        let posts = value::entries(list, &answer, |review| self.post(review, step.now))?;
        let token = value::id(&whole, "/tokenPagination/nextPageToken");
        Ok(Leaf {
            bottom: posts.iter().map(|p| p.created_at).max(),
            posts,
            next: token.map_or(Next::End, Next::Token),
            not_before: answer.not_before,
            ..Leaf::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec};

    #[test]
    fn a_review_becomes_a_post_and_answers_of_the_developer_do_not() {
        let secrets = secrets();
        let app =
            GooglePlay::new(&spec(SourceKind::GooglePlay, json!({"package": "com.acme.app", "account": {"env": "ACCOUNT"}})), &secrets)
                .expect("settings");
        assert!(!format!("{app:?}").contains("PRIVATE"));
        let review = json!({"reviewId": "gp:AO-x", "authorName": "Kim", "comments": [{"developerComment": {"text": "sorry"}},
            {"userComment": {"text": "Broken\tIt crashes", "lastModified": {"seconds": "1795076130", "nanos": 0}, "starRating": 1, "reviewerLanguage": "en", "thumbsUpCount": 2}}]});
        let post = app.post(&review, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.key.native_id(), post.created_at), ("Broken\n\nIt crashes", "gp:AO-x", NOW));
        assert_eq!((post.lang.as_deref(), post.engagement.likes, post.key.instance()), (Some("en"), 2, "com.acme.app"));
        assert_eq!(app.post(&json!({"reviewId": "1", "comments": [{"developerComment": {}}]}), NOW), None);
    }

    #[test]
    fn a_wrong_key_file_is_told_without_its_words() {
        let secrets = Secrets::fixed([("ACCOUNT".to_owned(), "{\"private_key\": \"s3cret\"}".to_owned())].into());
        let error =
            GooglePlay::new(&spec(SourceKind::GooglePlay, json!({"package": "com.acme.app", "account": {"env": "ACCOUNT"}})), &secrets)
                .expect_err("wrong");
        assert_eq!(error.to_string(), "settings of source `test`: `account` is no key file of a service account");
    }
}
