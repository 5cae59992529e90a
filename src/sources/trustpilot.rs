//! Reviews of one business on Trustpilot.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask};
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "trustpilot";
const INSTANCE: &str = "trustpilot.com";
const PER_PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// The domain under which the business is listed, such as `acme.example`.
    domain: String,
    /// Where the API key is kept.
    key: SecretRef,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

const fn sixty() -> u16 {
    60
}

/// Reads one business.
#[derive(Debug)]
pub struct Trustpilot {
    base: Url,
    domain: String,
    key: Secret,
    backfill_ms: i64,
}

impl Trustpilot {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        Ok(Self {
            base: super::adapter::base(given.url, "https://api.trustpilot.com", &spec.name)?,
            domain: given.domain,
            key: secrets.read(&spec.name, &given.key)?,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    async fn ask(&self, http: &Http, path: &str, query: &[(&str, &str)]) -> Result<Answer, PollError> {
        let headers = vec![("apikey", self.key.expose().to_owned())];
        http.get(&Ask { headers, ..Ask::json(join(&self.base, path, query), &self.base) }).await
    }

    async fn find_unit(&self, http: &Http) -> Result<String, PollError> {
        let answer = self.ask(http, "/v1/business-units/find", &[("name", &self.domain)]).await?.ok()?;
        let unit = value::id(&value::parse(&answer)?, "/id").filter(|id| value::is_word(id));
        unit.ok_or_else(|| PollError::malformed(&answer.host(), "it names no business for this domain"))
    }

    fn post(review: &Value, now: Millis) -> Option<Post> {
        let id = value::id(review, "/id").filter(|id| value::is_word(id))?;
        let key = PostKey::new(PLATFORM, INSTANCE, &id).ok()?;
        let name = html::name(value::text(review, "/consumer/displayName"));
        let (title, body) = (html::tidy(value::text(review, "/title")), html::tidy(value::text(review, "/text")));
        Some(Post {
            author: PostAuthor {
                native_id: value::id(review, "/consumer/id").unwrap_or_else(|| format!("anonymous {id}")),
                name,
                ..PostAuthor::default()
            },
            created_at: believable(value::time(review, "/createdAt"), now),
            edited_at: value::time(review, "/updatedAt").map(|at| believable(Some(at), now)),
            text: html::join(&title, &body),
            url: Some(format!("https://www.trustpilot.com/reviews/{id}")),
            reply_to: None,
            lang: value::language(value::text(review, "/language")),
            engagement: Engagement { likes: value::count(review, "/numberOfLikes"), ..Engagement::default() },
            originality: Originality::Own,
            quoted: None,
            key,
        })
    }

    /// Reads known reviews again, one request each.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        for key in keys.iter().filter(|k| k.platform() == PLATFORM && value::is_word(k.native_id())) {
            let answer = self.ask(http, &format!("/v1/reviews/{}", key.native_id()), &[]).await?;
            if answer.status == 404 {
                out.missing.push(key.clone());
                continue;
            }
            let answer = answer.ok()?;
            out.present.extend(Self::post(&value::parse(&answer)?, now).filter(|post| post.key == *key));
        }
        Ok(out)
    }
}

impl Lists for Trustpilot {
    /// The platform's id of the business.
    type Memo = Option<String>;

    fn plan(&self) -> Plan {
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: 2 * DAY_MS, deep: None, max_pages: 1_000 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["reviews".to_owned()]
    }

    async fn page(&self, step: Step<'_>, memo: &mut Self::Memo) -> Result<Leaf, PollError> {
        let known = memo.clone().filter(|unit| unit.starts_with(&format!("{} ", self.domain)));
        let unit = match known.as_deref().and_then(|known| known.split_once(' ')) {
            Some((_, unit)) => unit.to_owned(),
            None => self.find_unit(step.http).await?,
        };
        let number = step.at.number().to_string();
        let query = [("orderBy", "createdat.desc"), ("perPage", "100"), ("page", &number)];
        let answer = self.ask(step.http, &format!("/v1/business-units/{unit}/reviews"), &query).await?.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/reviews", &answer)?;
        let posts = value::entries(list, &answer, |review| Self::post(review, step.now))?;
        *memo = Some(format!("{} {unit}", self.domain));
        let next = if list.len() < PER_PAGE { Next::End } else { Next::Page };
        Ok(Leaf { bottom: value::oldest(&posts), posts, next, not_before: answer.not_before, ..Leaf::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::tests::NOW;

    #[test]
    fn a_review_becomes_a_post() {
        let review = json!({"id": "65aa", "stars": 1, "title": "Never again", "text": "Charged <twice>", "language": "en", "createdAt": "2026-11-19T08:15:30Z",
            "updatedAt": null, "consumer": {"id": "c1", "displayName": "Kim"}, "numberOfLikes": 2});
        let post = Trustpilot::post(&review, NOW).expect("a post");
        assert_eq!(
            (post.text.as_str(), post.author.native_id.as_str(), post.lang.as_deref()),
            ("Never again\n\nCharged <twice>", "c1", Some("en"))
        );
        assert_eq!(post.url.as_deref(), Some("https://www.trustpilot.com/reviews/65aa"));
        assert_eq!(Trustpilot::post(&json!({"id": "a/b"}), NOW), None);
    }
}
