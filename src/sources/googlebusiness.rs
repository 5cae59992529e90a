//! Reviews of one location on Google, for those who manage its Business Profile.
//!
//! The list is sorted by the last change, so an edited review comes again under its id. A review without words is stars only,
//! and there is nothing in it to read.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask};
use super::oauth::{ClientAuth, Credential, OauthSettings, Service};
use super::secret::{SecretRef, Secrets};
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "googlebusiness";
const SERVICE: Service = Service { refresh: "https://oauth2.googleapis.com/token", client: None, auth: ClientAuth::Form };
const HOW: &str = "Google needs a project with approved access to the Business Profile APIs, and the login of somebody who manages the \
                   location; give this source `oauth`. docs/sources.md says how";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// Number of the account that manages the location.
    account: String,
    /// Number of the location.
    location: String,
    #[serde(default)]
    token: Option<SecretRef>,
    #[serde(default)]
    oauth: Option<OauthSettings>,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

const fn sixty() -> u16 {
    60
}

/// Reads one location.
#[derive(Debug)]
pub struct GoogleBusiness {
    base: Url,
    location: String,
    /// `/v4/accounts/1/locations/2/reviews`.
    path: String,
    credential: Credential,
    backfill_ms: i64,
}

impl GoogleBusiness {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let credential = Credential::new((spec, secrets), (given.token.as_ref(), given.oauth.as_ref()), SERVICE, HOW)?;
        for (name, number) in [("account", &given.account), ("location", &given.location)] {
            if !value::is_number(number) {
                return Err(SettingsError::settings(&spec.name, format!("`{name}` is a number, as the interface lists it")));
            }
        }
        Ok(Self {
            base: super::adapter::base(given.url, "https://mybusiness.googleapis.com", &spec.name)?,
            path: format!("/v4/accounts/{}/locations/{}/reviews", given.account, given.location),
            location: given.location,
            credential,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    async fn ask(&self, http: &Http, path: &str, query: &[(&str, &str)], now: Millis) -> Result<Answer, PollError> {
        self.credential.get(http, Ask::json(join(&self.base, path, query), &self.base), now).await
    }

    fn post(&self, review: &Value, now: Millis) -> Option<Post> {
        let id = value::id(review, "/reviewId").filter(|id| value::is_word(id))?;
        let (written, changed) = (value::time(review, "/createTime"), changed(review));
        let anonymous = value::says(review, "/reviewer/isAnonymous");
        Some(Post {
            key: PostKey::new(PLATFORM, &self.location, &id).ok()?,
            author: PostAuthor {
                // The interface names nobody by an id, and two people may have one name.
                native_id: format!("review {id}"),
                name: if anonymous { String::new() } else { html::name(value::text(review, "/reviewer/displayName")) },
                ..PostAuthor::default()
            },
            created_at: believable(written.or(changed), now),
            edited_at: changed.filter(|at| written.is_some_and(|written| at.since(written) > 1000)).map(|at| believable(Some(at), now)),
            text: html::tidy(original(value::text(review, "/comment"))),
            url: None,
            reply_to: None,
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        })
    }

    /// Reads known reviews again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        let ours = |k: &&PostKey| k.platform() == PLATFORM && k.instance() == self.location && value::is_word(k.native_id());
        for key in keys.iter().filter(ours) {
            let answer = self.ask(http, &format!("{}/{}", self.path, key.native_id()), &[], now).await?;
            if answer.status == 404 {
                out.missing.push(key.clone());
                continue;
            }
            let answer = answer.ok()?;
            out.present.extend(self.post(&value::parse(&answer)?, now).filter(|post| post.key == *key));
        }
        Ok(out)
    }
}

fn changed(review: &Value) -> Option<Millis> {
    value::time(review, "/updateTime")
}

/// What the reviewer wrote: Google puts its translation before or behind it.
fn original(comment: &str) -> &str {
    const TRANSLATED: &str = "(Translated by Google)";
    const ORIGINAL: &str = "(Original)";
    match (comment.split_once(ORIGINAL), comment.split_once(TRANSLATED)) {
        (Some((_, original)), Some(("", _))) => original,
        (_, Some((original, _))) if !original.trim().is_empty() => original,
        _ => comment,
    }
}

impl Lists for GoogleBusiness {
    type Memo = ();

    fn plan(&self) -> Plan {
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: DAY_MS, deep: None, max_pages: 1_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["reviews".to_owned()]
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let mut query = vec![("pageSize", "50"), ("orderBy", "updateTime desc")];
        query.extend(step.at.token().map(|token| ("pageToken", token)));
        let answer = self.ask(step.http, &self.path, &query, step.now).await?.ok()?;
        let whole = value::parse(&answer)?;
        // A location without reviews answers with an empty object.
        let empty = Vec::new();
        let list = if whole.is_object() && whole.get("reviews").is_none() { &empty } else { value::list(&whole, "/reviews", &answer)? };
        let posts = value::entries(list, &answer, |review| self.post(review, step.now))?;
        let next = value::id(&whole, "/nextPageToken").filter(|_| !list.is_empty()).map_or(Next::End, Next::Token);
        let bottom = list.iter().filter_map(changed).min();
        Ok(Leaf { posts, next, bottom, not_before: answer.not_before, ..Leaf::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec};

    fn adapter(settings: Value) -> Result<GoogleBusiness, SettingsError> {
        GoogleBusiness::new(&spec(SourceKind::GoogleBusiness, settings), &secrets())
    }

    #[test]
    fn a_review_becomes_a_post_with_the_words_of_its_author() {
        let place = adapter(json!({"account": "11", "location": "22", "token": {"env": "TOKEN"}})).expect("settings");
        let review = json!({"name": "accounts/11/locations/22/reviews/AbC-1", "reviewId": "AbC-1", "starRating": "TWO", "createTime": "2026-11-19T08:15:30.123456Z",
            "updateTime": "2026-11-19T08:16:30Z", "reviewer": {"displayName": "Kim <b>"}, "comment": "(Translated by Google) Never again\n\n(Original)\nNie wieder"});
        let post = place.post(&review, NOW.plus(DAY_MS)).expect("a post");
        assert_eq!((post.text.as_str(), post.author.name.as_str(), post.key.instance()), ("Nie wieder", "Kim", "22"));
        assert_eq!((post.created_at.since(NOW), post.edited_at.map(|at| at.since(NOW))), (123, Some(60_000)));
        let hidden = json!({"reviewId": "x", "reviewer": {"displayName": "A Google user", "isAnonymous": true}});
        let post = place.post(&hidden, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.author.name.as_str(), post.author.native_id.as_str()), ("", "", "review x"));
        assert!(place.post(&json!({"reviewId": "a/b"}), NOW).is_none());
    }

    #[test]
    fn the_translation_is_left_out_in_both_orders() {
        for (comment, expected) in [
            ("plain", "plain"),
            ("Nie wieder\n\n(Translated by Google)\nNever again", "Nie wieder\n\n"),
            ("(Translated by Google) Never\n\n(Original)\nNie", "\nNie"),
            ("(Translated by Google) only this", "(Translated by Google) only this"),
            ("it says (Original) on the box", "it says (Original) on the box"),
        ] {
            assert_eq!(original(comment), expected);
        }
    }

    #[test]
    fn wrong_settings_are_told() {
        let wrong = |settings: Value| adapter(settings).expect_err("wrong").to_string();
        assert!(wrong(json!({"account": "a/b", "location": "2", "token": {"env": "TOKEN"}})).contains("`account` is a number"));
        assert!(wrong(json!({"account": "1", "location": "2"})).contains("approved access"));
    }
}
