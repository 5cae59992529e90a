//! Questions and answers of one site of the Stack Exchange network.
//!
//! Both are searched oldest first from a time on. The next request begins at the time of the last post,
//! and pages are turned only within one second, so that deletions cannot make anything slip past. The
//! search for answers shows excerpts; their whole text is fetched with their ids.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::believable;
use super::http::{Answer, Ask};
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, html, value};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "stackexchange";
const PER_PAGE: usize = 100;
/// Longest pause that an answer may ask for, seconds.
const MAX_BACKOFF: i64 = 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface.
    #[serde(default)]
    url: Option<Address>,
    /// The site, such as `stackoverflow` or `serverfault`.
    #[serde(default = "stackoverflow")]
    site: String,
    /// Phrases to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// Where the application key is kept. Without one 300 requests a day are allowed, with one 10,000.
    #[serde(default)]
    key: Option<SecretRef>,
    /// Whether answers are searched too.
    #[serde(default = "yes")]
    answers: bool,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

fn stackoverflow() -> String {
    "stackoverflow".to_owned()
}

const fn yes() -> bool {
    true
}

const fn sixty() -> u16 {
    60
}

/// Reads one site.
#[derive(Debug)]
pub struct StackExchange {
    base: Url,
    site: String,
    queries: Vec<String>,
    key: Option<Secret>,
    answers: bool,
    backfill_ms: i64,
}

/// A place in a search: from this second on, this page.
struct From {
    second: i64,
    page: u32,
}

impl StackExchange {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let valid = !given.site.is_empty() && given.site.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if !valid {
            return Err(SettingsError::settings(&spec.name, "`site` is the name of a site, such as \"stackoverflow\""));
        }
        Ok(Self {
            base: super::adapter::base(given.url, "https://api.stackexchange.com", &spec.name)?,
            site: given.site,
            queries: super::adapter::queries(given.queries, terms, &spec.name)?,
            key: given.key.as_ref().map(|at| secrets.read(&spec.name, at)).transpose()?,
            answers: given.answers,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    async fn ask(&self, http: &Http, path: &str, query: &[(&str, &str)], now: Millis) -> Result<(Value, Answer), PollError> {
        let key = self.key.as_ref().map(|key| ("key", key.expose()));
        let query: Vec<(&str, &str)> = [("site", self.site.as_str())].into_iter().chain(key).chain(query.iter().copied()).collect();
        let mut answer = http.get(&Ask::json(join(&self.base, &format!("/2.3{path}"), &query), &self.base)).await?;
        let whole = checked(&answer, now)?;
        // A pause asked for in the body must be kept, on pain of a ban.
        let backoff = value::count(&whole, "/backoff").min(MAX_BACKOFF);
        let spent = whole.pointer("/quota_remaining").and_then(Value::as_i64) == Some(0);
        let midnight = Millis::new((now.get().div_euclid(DAY_MS) + 1) * DAY_MS);
        let wish = Some(now.plus(backoff * 1000)).filter(|_| backoff > 0).max(Some(midnight).filter(|_| spent));
        answer.not_before = answer.not_before.max(wish);
        Ok((whole, answer))
    }

    async fn by_ids(&self, http: &Http, kind: &str, ids: &[&str], now: Millis) -> Result<(Vec<Post>, Answer), PollError> {
        let path = format!("/{kind}/{}", ids.join(";"));
        let (whole, answer) = self.ask(http, &path, &[("filter", "withbody"), ("pagesize", "100")], now).await?;
        let list = value::list(&whole, "/items", &answer)?;
        let posts = value::entries(list, &answer, |item| self.post(item, now))?;
        Ok((posts, answer))
    }

    fn post(&self, item: &Value, now: Millis) -> Option<Post> {
        let answer = value::id(item, "/answer_id");
        let question = value::id(item, "/question_id");
        let id = answer.clone().or_else(|| question.clone()).filter(|id| value::is_number(id))?;
        let key = PostKey::new(PLATFORM, &self.site, &id).ok()?;
        let guest = value::guest(value::text(item, "/owner/display_name"), value::link(item, "/owner/link"), &id);
        let time = |pointer| value::seconds(item, pointer).map(|at| believable(Some(at), now));
        let site = if self.site.contains('.') { self.site.clone() } else { format!("{}.com", self.site) };
        let kind = if answer.is_some() { "a" } else { "q" };
        let title = if answer.is_some() { String::new() } else { html::to_text(value::text(item, "/title")) };
        Some(Post {
            author: PostAuthor { native_id: value::id(item, "/owner/user_id").unwrap_or_else(|| guest.native_id.clone()), ..guest },
            created_at: believable(time("/creation_date"), now),
            edited_at: time("/last_edit_date"),
            text: html::join(&title, &html::to_text(value::text(item, "/body"))),
            url: value::link(item, "/link").or_else(|| Some(format!("https://{site}/{kind}/{id}"))),
            reply_to: question.filter(|_| answer.is_some()),
            lang: None,
            engagement: Engagement { likes: value::count(item, "/score"), reposts: 0, replies: value::count(item, "/answer_count") },
            originality: Originality::Own,
            quoted: None,
            key,
        })
    }

    /// Reads known posts again, a hundred at once. Those in neither answer were deleted.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let ours = |k: &&PostKey| k.platform() == PLATFORM && k.instance() == self.site && value::is_number(k.native_id());
        let mut left: Vec<&PostKey> = keys.iter().filter(ours).take(100).collect();
        let mut out = Recheck::default();
        for kind in ["questions", "answers"] {
            if left.is_empty() {
                break;
            }
            let ids: Vec<&str> = left.iter().map(|k| k.native_id()).collect();
            let (posts, _) = self.by_ids(http, kind, &ids, now).await?;
            left.retain(|key| posts.iter().all(|post| post.key != **key));
            out.present.extend(posts.into_iter().filter(|post| keys.contains(&post.key)));
        }
        out.missing = left.into_iter().cloned().collect();
        Ok(out)
    }
}

impl Lists for StackExchange {
    type Memo = ();

    fn plan(&self) -> Plan {
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: HOUR_MS / 2, deep: None, max_pages: 1_000 }
    }

    fn lists(&self) -> Vec<String> {
        let kinds: &[&str] = if self.answers { &["questions", "answers"] } else { &["questions"] };
        self.queries.iter().flat_map(|query| kinds.iter().map(move |kind| format!("{kind} {query}"))).collect()
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let Some((kind, query)) = step.list.split_once(' ') else { return Ok(Leaf::default()) };
        let from = From::of(step);
        let (phrase, second, page) = (format!("\"{query}\""), from.second.to_string(), from.page.to_string());
        let path = if kind == "answers" { "/search/excerpts" } else { "/search/advanced" };
        let query =
            [("q", phrase.as_str()), ("sort", "creation"), ("order", "asc"), ("fromdate", &second), ("pagesize", "100"), ("page", &page)];
        let body: &[(&str, &str)] = if kind == "answers" { &[] } else { &[("filter", "withbody")] };
        let (whole, answer) = self.ask(step.http, path, &[&query, body].concat(), step.now).await?;
        let list = value::list(&whole, "/items", &answer)?;
        let mut leaf = Leaf { not_before: answer.not_before, next: from.next(list, value::says(&whole, "/has_more")), ..Leaf::default() };
        if kind == "answers" {
            let ids: Vec<String> =
                list.iter().filter_map(|i| value::id(i, "/answer_id")).filter(|id| value::is_number(id)).take(PER_PAGE).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            if !ids.is_empty() {
                let (posts, answer) = self.by_ids(step.http, "answers", &ids, step.now).await?;
                leaf.posts = posts;
                leaf.not_before = leaf.not_before.max(answer.not_before);
            }
        } else {
            leaf.posts = value::entries(list, &answer, |item| self.post(item, step.now))?;
        }
        Ok(leaf)
    }
}

impl From {
    fn of(step: Step<'_>) -> Self {
        let given =
            step.at.token().and_then(|t| t.split_once(' ')).and_then(|(second, page)| Some((second.parse().ok()?, page.parse().ok()?)));
        let (second, page) = given.unwrap_or((step.after.get().div_euclid(1000).max(0), 1));
        Self { second, page }
    }

    /// Where to go on: at the last second met, or on the next page of it.
    fn next(&self, list: &[Value], more: bool) -> Next {
        let newest = list.iter().map(|item| value::number(item, "/creation_date")).max().filter(|newest| *newest > self.second);
        match (more && !list.is_empty(), newest) {
            (false, _) => Next::End,
            (true, Some(second)) => Next::Token(format!("{second} 1")),
            (true, None) => Next::Token(format!("{} {}", self.second, self.page.saturating_add(1))),
        }
    }
}

/// The answer if it worked. The code in the body decides: nearly all errors are a 400.
fn checked(answer: &Answer, now: Millis) -> Result<Value, PollError> {
    let host = answer.host();
    let whole = value::parse(answer);
    let (code, message) = whole.as_ref().map_or((0, ""), |v| (value::number(v, "/error_id"), value::text(v, "/error_message")));
    Err(match code {
        502 => {
            // "too many requests from this IP, more requests available in 82216 seconds"
            let seconds = message.split_whitespace().find_map(|word| word.parse::<i64>().ok()).unwrap_or(60).clamp(1, MAX_BACKOFF);
            PollError::RateLimited { host, until: answer.not_before.max(Some(now.plus(seconds * 1000))).unwrap_or(now) }
        }
        401..=403 | 405 | 406 => PollError::Unauthorised { host, what: format!("the key is not valid, or may not do this (code {code})") },
        500 | 503 => PollError::unavailable(&host, format!("it reports a fault of its own (code {code})")),
        0 => return answer.error().map_or(whole, Err),
        _ => PollError::Refused { host, status: answer.status },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{NOW, secrets, spec, terms};

    #[test]
    fn questions_and_answers_become_posts() {
        let site = StackExchange::new(&spec(SourceKind::StackExchange, json!({})), &secrets(), &terms()).expect("settings");
        let question = json!({"question_id": 7, "title": "Acme SDK &#39;timeout&#39;", "body": "<p>It <code>hangs</code></p>", "link": "https://stackoverflow.com/questions/7/acme",
            "score": -2, "answer_count": 1, "creation_date": 1_795_076_130, "last_edit_date": 1_795_076_130, "owner": {"user_id": 22, "display_name": "Kim"}});
        let post = site.post(&question, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.author.native_id.as_str(), post.created_at), ("Acme SDK 'timeout'\n\nIt hangs", "22", NOW));
        assert_eq!((post.engagement.likes, post.engagement.replies, post.edited_at), (0, 1, Some(NOW)));
        let answer = json!({"answer_id": 8, "question_id": 7, "title": "x", "body": "<p>Same</p>", "owner": {"display_name": "user1"}});
        let post = site.post(&answer, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.reply_to.as_deref(), post.author.native_id.as_str()), ("Same", Some("7"), "user1"));
        assert_eq!(post.url.as_deref(), Some("https://stackoverflow.com/a/8"));
    }

    #[test]
    fn the_next_page_begins_at_the_last_second() {
        let from = From { second: 10, page: 1 };
        let list = |at: &[i64]| at.iter().map(|at| json!({"creation_date": at})).collect::<Vec<_>>();
        assert_eq!(from.next(&list(&[10, 12]), true), Next::Token("12 1".to_owned()));
        assert_eq!(from.next(&list(&[10, 10]), true), Next::Token("10 2".to_owned()));
        assert_eq!(from.next(&list(&[10, 12]), false), Next::End);
        assert_eq!(from.next(&[], true), Next::End);
    }
}
