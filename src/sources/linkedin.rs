//! LinkedIn, for an organisation: comments on its posts, and posts that mention it.
//!
//! There is no search at all. Notifications bring comments and mentions with their words, edits and deletions too; the lists
//! of comments repair what they missed. What the organisation itself posts becomes an update of the timeline.
//!
//! Members' names need a permission of each member, so they are shown as “LinkedIn member”. Their words may be kept for 48
//! hours only (`domain::retention`); counts and labels stay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, settings};
use super::cursor::{believable, decode, encode};
use super::http::{Answer, Ask};
use super::lenient::{self, at, count, id, list, number, segment, text, word};
use super::oauth::{ClientAuth, Credential, OauthSettings, Service};
use super::secret::{SecretRef, Secrets};
use super::{Http, PollError, SettingsError};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, Quoted, safe_link};
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::statement::Statement;
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

const PLATFORM: &str = "linkedin";
const SERVICE: Service = Service { refresh: "https://www.linkedin.com/oauth/v2/accessToken", client: None, auth: ClientAuth::Form };
const HOW: &str = "LinkedIn needs an app with the Community Management product, reviewed by LinkedIn, and a token of somebody who administers \
                   the organisation; give this source `token` or `oauth`. docs/sources.md says how";
/// Notifications are asked again from this long before the last time.
const OVERLAP_MS: i64 = HOUR_MS;
/// Comments of the own posts are followed for this long.
const TRACKED_MS: i64 = 30 * DAY_MS;
const MAX_TRACKED: usize = 100;
/// Elements of one page.
const COUNT: i64 = 50;
/// Pages of one list: beyond, the server repeats itself.
const MAX_PAGES: i64 = 200;
/// Notifications can be had for 60 days.
const REACH_MS: i64 = 59 * DAY_MS;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    /// The number of the organisation.
    organization: String,
    #[serde(default)]
    token: Option<SecretRef>,
    #[serde(default)]
    oauth: Option<OauthSettings>,
    /// A month, as `YYYYMM`: LinkedIn serves each for about a year.
    #[serde(default = "version")]
    version: String,
    #[serde(default = "seven")]
    backfill_days: u16,
}

fn version() -> String {
    "202608".to_owned()
}

const fn seven() -> u16 {
    7
}

/// Reads one organisation.
#[derive(Debug)]
pub struct LinkedIn {
    base: Url,
    urn: String,
    version: String,
    credential: Credential,
    backfill_ms: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    /// Own posts and when their comments were last asked for.
    tracked: BTreeMap<String, Tracked>,
    /// Comments that were edited a short while ago: the notification that brought them first is read again with the overlap,
    /// and still has their first words.
    #[serde(default)]
    edited: BTreeMap<String, Millis>,
    chain: Option<Chain>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tracked {
    at: Millis,
    asked: Option<Millis>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Next one last.
    todo: Vec<Task>,
    start: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Task {
    Posts,
    Notifications,
    Comments(String),
    /// Replies to a comment, by its URN.
    Replies(String),
}

impl LinkedIn {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        let credential = Credential::new((spec, secrets), (given.token.as_ref(), given.oauth.as_ref()), SERVICE, HOW)?;
        let digits =
            |text: &str, len: std::ops::RangeInclusive<usize>| len.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(&given.organization, 1..=20) {
            return Err(wrong("`organization` is the number of the organisation, such as 44556677"));
        }
        if !digits(&given.version, 6..=6) {
            return Err(wrong("`version` is a month such as 202608"));
        }
        let base = given.url.map_or_else(|| Url::parse("https://api.linkedin.com"), |a| Ok(a.0)).map_err(|e| wrong(&e.to_string()))?;
        let urn = format!("urn:li:organization:{}", given.organization);
        Ok(Self { base, urn, version: given.version, credential, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let fresh = || Chain { started: now, todo: vec![Task::Notifications, Task::Posts], start: 0 };
        let mut chain = state.chain.take().filter(|c| !c.todo.is_empty()).unwrap_or_else(fresh);
        let task = chain.todo.last().cloned().unwrap_or(Task::Posts);
        let answer = self.get(http, &self.path(&task, (&state, &chain)), now).await;
        let answer = match answer {
            Err(PollError::NotFound { .. }) if matches!(task, Task::Comments(_) | Task::Replies(_)) => {
                Self::end_task(&mut state, &mut chain);
                return Ok(self.page(state, chain, Page::default()));
            }
            answer => answer?,
        };
        let body = lenient::json(&answer)?;
        let elements = lenient::needed_list(&body, "elements", &answer)?;
        let mut page = Page { not_before: answer.not_before, ..Page::default() };
        for element in elements {
            match &task {
                Task::Posts => self.own_post(element, &mut state, &mut page, now),
                Task::Notifications => self.notification(element, (&mut state, &mut page), now),
                Task::Comments(_) | Task::Replies(_) => {
                    page.posts.extend(self.comment(element, now));
                    Self::replies(element, &task, &mut chain);
                }
            }
        }
        let more = list(&body.get("paging").cloned().unwrap_or_default(), "links").iter().any(|link| text(link, &["rel"]) == "next");
        let got = i64::try_from(elements.len()).unwrap_or(COUNT);
        let old = matches!(task, Task::Posts) && Self::past_tracked(elements, chain.started);
        if (more || got >= COUNT) && got > 0 && chain.start < MAX_PAGES * COUNT && !old {
            chain.start += got;
        } else {
            if task == Task::Posts {
                Self::plan_comments(&state, &mut chain);
            }
            Self::end_task(&mut state, &mut chain);
        }
        Ok(self.page(state, chain, page))
    }

    /// Sorted by their last change: once a page holds only what changed long ago, the rest did too.
    fn past_tracked(posts: &[Value], started: Millis) -> bool {
        posts.iter().filter_map(|p| number(p, &["lastModifiedAt"])).all(|ms| started.since(Millis::new(ms)) > TRACKED_MS)
            && !posts.is_empty()
    }

    /// Notifications bring comments at once; the lists repair what they missed, often while a post is young.
    fn plan_comments(state: &State, chain: &mut Chain) {
        let due = |t: &Tracked| {
            let wait = match chain.started.since(t.at) {
                ..DAY_MS => HOUR_MS,
                DAY_MS..SEVEN_DAYS => 6 * HOUR_MS,
                _ => DAY_MS,
            };
            t.asked.is_none_or(|asked| chain.started.since(asked) >= wait)
        };
        let due: Vec<Task> = state.tracked.iter().filter(|(_, t)| due(t)).map(|(urn, _)| Task::Comments(urn.clone())).collect();
        chain.todo.splice(0..0, due);
    }

    fn end_task(state: &mut State, chain: &mut Chain) {
        if let Some(Task::Comments(post)) = chain.todo.pop()
            && let Some(tracked) = state.tracked.get_mut(&post)
        {
            tracked.asked = Some(chain.started);
        }
        chain.start = 0;
    }

    fn page(&self, mut state: State, chain: Chain, page: Page) -> Page {
        if !chain.todo.is_empty() {
            state.chain = Some(chain);
            return Page { cursor: encode(&state), more: More::Now, ..page };
        }
        self.warn_of_age(state.read_until, chain.started);
        let from = state.read_until.unwrap_or_else(|| chain.started.plus(-self.backfill_ms)).max(chain.started.plus(-REACH_MS));
        state.read_until = Some(chain.started);
        state.tracked.retain(|_, t| chain.started.since(t.at) < TRACKED_MS);
        state.edited.retain(|_, at| chain.started.since(*at) <= 2 * OVERLAP_MS);
        while state.tracked.len() > MAX_TRACKED {
            let oldest = state.tracked.iter().min_by_key(|(_, t)| t.at).map(|(urn, _)| urn.clone());
            state.tracked.remove(&oldest.unwrap_or_default());
        }
        Page { cursor: encode(&state), covered: Span::new(from.min(chain.started), chain.started), more: More::CaughtUp, ..page }
    }

    /// Each version is served for about a year; once a day the log says that ours will end soon.
    fn warn_of_age(&self, before: Option<Millis>, now: Millis) {
        let day = |at: Millis| at.get().div_euclid(DAY_MS);
        if age(&self.version, now) >= OLD_MONTHS && before.is_none_or(|before| day(before) != day(now)) {
            tracing::warn!(source.version = self.version, "This version of LinkedIn's interface ends soon: set a newer month as `version`");
        }
    }

    /// Path and query, built by hand: the signs of `List(…)` must stay as they are, those inside a URN must not.
    fn path(&self, task: &Task, (state, chain): (&State, &Chain)) -> String {
        let page = format!("start={}&count={COUNT}", chain.start);
        match task {
            Task::Posts => format!("/rest/posts?q=author&author={}&sortBy=LAST_MODIFIED&{page}", segment(&self.urn)),
            Task::Comments(urn) | Task::Replies(urn) => format!("/rest/socialActions/{}/comments?{page}", segment(urn)),
            Task::Notifications => {
                let since = state.read_until.map_or_else(|| chain.started.plus(-self.backfill_ms), |at| at.plus(-OVERLAP_MS));
                let (since, until) = (since.max(chain.started.plus(-REACH_MS)).get(), chain.started.plus(HOUR_MS).get());
                let organisation = segment(&self.urn);
                format!(
                    "/rest/organizationalEntityNotifications?q=criteria&organizationalEntity={organisation}\
                     &actions=List(SHARE,SHARE_MENTION,COMMENT,COMMENT_EDIT,COMMENT_DELETE)&timeRange=(start:{since},end:{until})&{page}"
                )
            }
        }
    }

    async fn get(&self, http: &Http, path: &str, now: Millis) -> Result<Answer, PollError> {
        let base = self.base.as_str().trim_end_matches('/');
        let url =
            Url::parse(&format!("{base}{path}")).map_err(|e| PollError::malformed(&super::http::host_of(&self.base), e.to_string()))?;
        let mut ask = Ask::json(url, &self.base);
        ask.headers.push(("linkedin-version", self.version.clone()));
        ask.headers.push(("x-restli-protocol-version", "2.0.0".to_owned()));
        if path.contains("?q=") {
            ask.headers.push(("x-restli-method", "FINDER".to_owned()));
        }
        refusal(self.credential.get(http, ask, now).await?, &self.version, now)
    }

    /// An own post: an update, and a place whose comments are followed.
    fn own_post(&self, element: &Value, state: &mut State, page: &mut Page, now: Millis) {
        let Some(urn) = id(element, &["id"]).filter(|urn| urn.starts_with("urn:li:")) else { return };
        if text(element, &["lifecycleState"]) != "PUBLISHED" {
            return;
        }
        let at = [&["publishedAt"], &["createdAt"]].into_iter().find_map(|path| number(element, path)).and_then(Millis::from_untrusted);
        let at = believable(at, now);
        if now.since(at) < TRACKED_MS {
            state.tracked.entry(urn.clone()).or_insert(Tracked { at, asked: None });
        }
        let words = little_text(text(element, &["commentary"]));
        let fits = now.since(at) <= self.backfill_ms || state.read_until.is_some();
        if let Ok(key) = PostKey::new(PLATFORM, "", &urn)
            && fits
            && !words.is_empty()
        {
            let kind = crate::domain::incident::UpdateKind::Statement;
            page.updates.push(Statement { url: permalink(&urn), key, at, kind, text: words });
        }
    }

    fn notification(&self, element: &Value, (state, page): (&mut State, &mut Page), now: Millis) {
        let activity = text(element, &["generatedActivity"]);
        let when = number(element, &["lastModifiedAt"]).and_then(Millis::from_untrusted);
        let decorated = |name: &str| at(element, &["decoratedGeneratedActivity", name]);
        let action = text(element, &["action"]);
        if action == "COMMENT_DELETE" {
            page.gone.extend(comment_id(activity).and_then(|id| PostKey::new(PLATFORM, "", &id).ok()));
            return;
        }
        let (inner, own) = match (decorated("comment"), decorated("share")) {
            (Some(comment), _) => (comment, comment_id(text(comment, &["entity"])).or_else(|| comment_id(activity))),
            (None, Some(share)) => (share, id(share, &["entity"]).or_else(|| id(element, &["generatedActivity"]))),
            (None, None) => return,
        };
        let (Some(own), who) = (own, text(inner, &["owner"])) else { return };
        if action == "COMMENT_EDIT" {
            state.edited.insert(own.clone(), now);
        } else if state.edited.contains_key(&own) {
            return;
        }
        let answers = Some(text(inner, &["object"])).filter(|o| !o.is_empty());
        let edited = when.filter(|_| action == "COMMENT_EDIT");
        let post = self.post((&own, who, text(inner, &["text"])), (when, edited), answers, now);
        // Who shares a post of the organisation and adds words to it quotes it.
        let source = at(element, &["decoratedSourcePost"]).filter(|_| action == "SHARE");
        let quoted = source.map(|source| Quoted {
            author: PostAuthor { native_id: text(source, &["owner"]).to_owned(), ..PostAuthor::default() },
            text: little_text(text(source, &["text"])),
            links: Vec::new(),
        });
        page.posts.extend(post.map(|post| Post { quoted, ..post }));
    }

    fn comment(&self, element: &Value, now: Millis) -> Option<Post> {
        let urns = ["commentUrn", "$URN"].map(|name| text(element, &[name]));
        let own = urns.into_iter().find_map(comment_id).or_else(|| id(element, &["id"]))?;
        let time = |name: &str| number(element, &[name, "time"]).and_then(Millis::from_untrusted);
        let (written, changed) = (time("created"), time("lastModified"));
        let edited = changed.filter(|at| written.is_some_and(|w| at.since(w) > 1000));
        let answers = [text(element, &["parentComment"]), text(element, &["object"])].into_iter().find(|o| !o.is_empty());
        let mut post =
            self.post((&own, text(element, &["actor"]), text(element, &["message", "text"])), (written, edited), answers, now)?;
        post.engagement = Engagement {
            likes: count(element, &["likesSummary", "totalLikes"]),
            reposts: 0,
            replies: count(element, &["commentsSummary", "aggregatedTotalComments"]),
        };
        Some(post)
    }

    /// Replies are a list of their own.
    fn replies(element: &Value, task: &Task, chain: &mut Chain) {
        let urn = ["commentUrn", "$URN"].map(|name| text(element, &[name])).into_iter().find(|urn| comment_id(urn).is_some());
        let any = count(element, &["commentsSummary", "totalFirstLevelComments"]) > 0;
        if let (Some(urn), Task::Comments(_), true) = (urn, task, any) {
            chain.todo.insert(0, Task::Replies(urn.to_owned()));
        }
    }

    /// `None` for the organisation's own comments, and for those without words.
    fn post(
        &self,
        (own, who, words): (&str, &str, &str),
        (at, edited): (Option<Millis>, Option<Millis>),
        answers: Option<&str>,
        now: Millis,
    ) -> Option<Post> {
        let words = little_text(words);
        if who == self.urn || words.is_empty() {
            return None;
        }
        let key = PostKey::new(PLATFORM, "", own).ok()?;
        let place =
            answers.filter(|a| a.starts_with("urn:li:activity:") || a.starts_with("urn:li:share:") || a.starts_with("urn:li:ugcPost:"));
        let person = if who.is_empty() { format!("of-{own}") } else { who.chars().take(200).collect() };
        Some(Post {
            author: PostAuthor { native_id: person, name: "LinkedIn member".to_owned(), ..PostAuthor::default() },
            created_at: believable(at, now),
            edited_at: edited.map(|at| believable(Some(at), now)),
            text: words,
            url: place.or(Some(own)).and_then(permalink),
            reply_to: answers.map(|a| a.chars().take(200).collect()),
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
            key,
        })
    }
}

/// A version of this many months is to be replaced soon.
const OLD_MONTHS: i64 = 9;

/// The months since the one that a version names.
fn age(version: &str, now: Millis) -> i64 {
    let of = |months: &str| months.parse::<i64>().map_or(0, |n| n / 100 * 12 + n % 100);
    of(&now.to_datetime().format("%Y%m").to_string()) - of(version)
}

const SEVEN_DAYS: i64 = 7 * DAY_MS;

fn permalink(urn: &str) -> Option<String> {
    urn.starts_with("urn:li:").then(|| safe_link(&format!("https://www.linkedin.com/feed/update/{urn}/"))).flatten()
}

/// The number of a comment: the last one in both spellings of its URN.
fn comment_id(urn: &str) -> Option<String> {
    let inner = urn.strip_prefix("urn:li:comment:(")?.strip_suffix(')')?;
    let number = inner.rsplit_once(',')?.1;
    (!number.is_empty() && number.len() <= 30 && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.to_owned())
}

/// LinkedIn's markup as plain text: `@[Name](urn)` is the name, `{hashtag|\#|tag}` is `#tag`, a backslash is dropped.
fn little_text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let named = || rest.strip_prefix("@[").and_then(|r| r.split_once("](")).and_then(|(name, r)| Some((name, r.split_once(')')?.1)));
        let tagged = || rest.strip_prefix("{hashtag|\\#|").and_then(|r| r.split_once('}'));
        if let Some((name, after)) = named() {
            out.push_str(name);
            rest = after;
        } else if let Some((tag, after)) = tagged() {
            out.push('#');
            out.push_str(tag);
            rest = after;
        } else if let Some(escaped) = rest.strip_prefix('\\').and_then(|r| r.chars().next()).filter(char::is_ascii_punctuation) {
            out.push(escaped);
            rest = &rest[2..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    plain(&out)
}

/// The answer if it worked, else what the caller should do.
fn refusal(answer: Answer, version: &str, now: Millis) -> Result<Answer, PollError> {
    let Some(plain) = answer.error() else { return Ok(answer) };
    let body = lenient::json(&answer).unwrap_or_default();
    let host = answer.host();
    let code =
        [text(&body, &["code"]), text(&body, &["errorDetailType"])].into_iter().find(|c| !c.is_empty()).map(word).unwrap_or_default();
    let versioned = text(&body, &["message"]).to_ascii_lowercase().contains("version");
    Err(match answer.status {
        426 => PollError::Setting { host, what: format!("`version` {version} is no longer served; set a newer month") },
        400 if versioned => PollError::Setting { host, what: format!("`version` {version} is not served; set another month") },
        403 => PollError::Unauthorised { host, what: format!("the app or the member may not read this organisation ({code})") },
        // A day's allowance, which begins anew at midnight UTC; nothing says how much of it is left.
        429 => {
            let midnight = crate::domain::budget::next_day(now).plus(5 * 60_000);
            let wait = if answer.header("retry-after").is_some() { answer.not_before } else { None };
            PollError::RateLimited { host, until: wait.unwrap_or_else(|| now.plus(HOUR_MS).min(midnight)) }
        }
        _ => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_text_becomes_plain_text() {
        for (raw, expected) in [
            ("Hi @[Acme Cloud](urn:li:organization:1), {hashtag|\\#|down} again \\(really\\)", "Hi Acme Cloud, #down again (really)"),
            ("@[open", "@[open"),
            ("{hashtag|x", "{hashtag|x"),
            ("back\\slash \\", "back\\slash \\"),
            ("äöü \\é", "äöü \\é"),
        ] {
            assert_eq!(little_text(raw), expected);
        }
    }

    #[test]
    fn a_version_grows_old_by_the_month() {
        let now = Millis::new(1_795_076_130_000);
        for (version, months) in [("202611", 0), ("202602", 9), ("202512", 11), ("202701", -2)] {
            assert_eq!(age(version, now), months, "{version}");
        }
    }

    #[test]
    fn both_spellings_of_a_comments_name_give_its_number() {
        assert_eq!(comment_id("urn:li:comment:(urn:li:activity:739,7396911)").as_deref(), Some("7396911"));
        assert_eq!(comment_id("urn:li:comment:(activity:739,7396911)").as_deref(), Some("7396911"));
        for other in ["", "urn:li:share:5", "urn:li:comment:(a,)", "urn:li:comment:(a,5", "urn:li:comment:(a,../5)"] {
            assert_eq!(comment_id(other), None, "{other}");
        }
    }
}
