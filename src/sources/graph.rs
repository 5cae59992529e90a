//! Meta's Graph API, as Facebook pages, Instagram and Threads share it: one walk over lists of posts, and over the comments of
//! those that have new ones.
//!
//! What decides how it is read:
//! - lists are newest first, by pages; a list is walked down to fifteen minutes before the last chain began, because posts
//!   appear late. Its own paging cursors are not kept from one poll to the next, and a walk that was interrupted for long
//!   begins anew;
//! - the own posts of the last two weeks are listed again each time, because their counts of comments say where there are new
//!   ones: only those posts are asked for comments, and all of them a few times a day in case a deletion hid a new one;
//! - the platform answers 400 to nearly everything; the code in the body decides ([`error`]).

mod error;
mod known;

use std::collections::BTreeMap;

use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub(super) use error::not_before;

use super::adapter::join;
use super::cursor::{decode, encode};
use super::http::{Answer, Ask};
use super::lenient::{self, id, text};
use super::oauth::{ClientAuth, Credential, Service};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError};
use crate::domain::hex::hex;
use crate::domain::post::Post;
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::statement::Statement;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

/// How late a post may appear.
const OVERLAP_MS: i64 = 15 * 60_000;
/// Comments of the own posts are followed for this long.
const TRACKED_MS: i64 = 14 * DAY_MS;
/// A post without a new count is asked for comments all the same, this long after the last time.
const AGAIN_MS: i64 = 6 * HOUR_MS;
/// Posts whose comments are followed; the oldest are left first.
const MAX_TRACKED: usize = 300;
/// A walk that rested longer begins anew: the platform's paging cursors do not last.
const STALE_MS: i64 = 10 * 60_000;
/// Pages of one walk: beyond, the server repeats itself.
const MAX_PAGES: u32 = 500;
/// Largest page that servers give.
const LIMIT: &str = "100";
/// Known posts read again in one request.
pub(super) const BATCH: usize = 50;

/// These tokens are made by a person and renewed by one: there is no service for them here.
const SERVICE: Service = Service { refresh: "", client: None, auth: ClientAuth::Form };

/// One list of a platform.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// Path below the version, such as `/1122/tagged`.
    pub path: String,
    /// More parameters.
    pub query: Vec<(&'static str, String)>,
    /// What it lists.
    pub holds: Holds,
}

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// The place's own posts and what others write there: comments are followed.
    Home,
    /// Posts elsewhere.
    Others,
}

/// An element of a list.
pub(super) enum Found {
    /// Somebody's words.
    Mention(Box<Post>),
    /// The brand's own.
    Own(Box<Post>),
    /// Words of the brand in answer to somebody, or without an id: left out.
    Nothing,
}

/// What differs between the platforms.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Fields of an element of a list.
    pub fields: &'static str,
    /// Fields of a comment.
    pub comment_fields: &'static str,
    /// More parameters for comments.
    pub comment_query: &'static [(&'static str, &'static str)],
    /// The name of the time of writing.
    pub time: &'static str,
    /// How far down comments are read.
    pub threads: Threads,
    /// Fields of a known element that is read again; where posts and comments have different ones, one set after the other.
    pub known: &'static [&'static str],
    /// The path of the number of comments.
    pub comments: &'static [&'static str],
    /// Reads one element.
    pub read: fn(&Value, Context<'_>) -> Found,
}

/// How the comments of a post are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// Replies among them, newest first: down to what is known.
    Flat,
    /// Replies within them, under old ones too: all of them.
    Nested,
}

/// Where an element was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The configured account.
    pub own: &'a str,
    /// The post that it is a comment of.
    pub under: Option<&'a str>,
    pub now: Millis,
}

/// Reads one account.
#[derive(Debug)]
pub(super) struct Graph {
    /// With the version.
    pub base: Url,
    pub own: String,
    pub credential: Credential,
    /// `appsecret_proof`, for apps that ask for it.
    pub proof: Option<String>,
    pub edges: Vec<Edge>,
    pub dialect: Dialect,
    pub backfill_ms: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    /// Own posts whose comments are followed.
    tracked: BTreeMap<String, Tracked>,
    chain: Option<Chain>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tracked {
    at: Millis,
    /// Comments that it had when they were last asked for.
    count: i64,
    /// When that was; `None`: never.
    asked: Option<Millis>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Next one last.
    todo: Vec<Task>,
    after: Option<String>,
    asked_at: Millis,
    pages: u32,
    oldest: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Task {
    /// A list, by its place in the settings.
    Edge(usize),
    /// The comments of a post that has so many.
    Comments(String, i64),
}

/// `appsecret_proof`: shows that whoever has the token has the app's secret too.
fn proof(token: &Secret, app_secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.expose().as_bytes());
    hex(hmac::sign(&key, token.expose().as_bytes()).as_ref())
}

impl Graph {
    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let mut chain = state.chain.take().unwrap_or_else(|| self.begin(now));
        chain.todo.retain(|task| !matches!(task, Task::Edge(n) if *n >= self.edges.len()));
        let Some(task) = chain.todo.last().cloned() else {
            return Ok(self.finish(state, &chain, Page::default()));
        };
        if now.since(chain.asked_at) > STALE_MS {
            chain.after = None;
        }
        chain.asked_at = now;
        let answer = match self.get(http, self.url(&task, chain.after.as_deref()), now).await {
            // A post that was deleted since it was listed has no comments.
            Err(PollError::NotFound { .. } | PollError::Refused { .. }) if matches!(task, Task::Comments(..)) => {
                Self::end_task(&mut state, &mut chain);
                return Ok(self.page(state, chain, Page::default()));
            }
            answer => answer?,
        };
        let body = lenient::json(&answer)?;
        let data = lenient::needed_list(&body, "data", &answer)?;
        let mut page = Page { not_before: not_before(&answer, now), ..Page::default() };
        let oldest = self.read(data, (&task, now), (&mut state, &mut chain), &mut page);
        chain.pages += 1;
        let after = id(&body, &["paging", "cursors", "after"]).filter(|_| lenient::at(&body, &["paging", "next"]).is_some());
        let on = after.filter(|a| chain.after.as_ref() != Some(a) && chain.pages < MAX_PAGES);
        let floor = self.floor(&task, (&state, &chain));
        match on.filter(|_| oldest.is_none_or(|at| at >= floor)) {
            Some(after) => chain.after = Some(after),
            None => Self::end_task(&mut state, &mut chain),
        }
        Ok(self.page(state, chain, page))
    }

    fn begin(&self, now: Millis) -> Chain {
        let todo = (0..self.edges.len()).rev().map(Task::Edge).collect();
        Chain { started: now, todo, after: None, asked_at: now, pages: 0, oldest: None }
    }

    /// Sorts what a page brought; returns the time of its oldest element.
    fn read(
        &self,
        data: &[Value],
        (task, now): (&Task, Millis),
        (state, chain): (&mut State, &mut Chain),
        page: &mut Page,
    ) -> Option<Millis> {
        let under = match task {
            Task::Edge(_) => None,
            Task::Comments(post, _) => Some(post.as_str()),
        };
        let home = matches!(task, Task::Edge(n) if self.edges.get(*n).is_some_and(|e| e.holds == Holds::Home));
        let mut oldest = None;
        let replies =
            |element: &'_ Value| lenient::at(element, &["replies", "data"]).and_then(Value::as_array).cloned().unwrap_or_default();
        let nested: Vec<Value> = if under.is_some() { data.iter().flat_map(replies).collect() } else { Vec::new() };
        for element in data.iter().chain(&nested) {
            let at = lenient::time(text(element, &[self.dialect.time])).filter(|at| *at <= now);
            oldest = oldest.into_iter().chain(at).min();
            match (self.dialect.read)(element, Context { own: &self.own, under, now }) {
                Found::Mention(post) => page.posts.push(*post),
                Found::Own(post) => page.updates.push(Statement::from(*post)),
                Found::Nothing => {}
            }
            let count = lenient::count(element, self.dialect.comments);
            if let Some(post) = id(element, &["id"]).filter(|_| home && at.is_some_and(|at| now.since(at) < TRACKED_MS)) {
                let tracked = state.tracked.entry(post.clone()).or_insert_with(|| Tracked { at: at.unwrap_or(now), ..Tracked::default() });
                let news = tracked.count != count || (tracked.asked.is_none() && count > 0);
                let long_ago = count > 0 && tracked.asked.is_none_or(|asked| now.since(asked) >= AGAIN_MS);
                let task = Task::Comments(post, count);
                if (news || long_ago) && !chain.todo.contains(&task) {
                    // Below the task under way: comments come when their list is read.
                    chain.todo.insert(0, task);
                }
            }
        }
        chain.oldest = chain.oldest.into_iter().chain(oldest).min();
        oldest
    }

    /// How far down a task is read.
    fn floor(&self, task: &Task, (state, chain): (&State, &Chain)) -> Millis {
        let first = chain.started.plus(-self.backfill_ms);
        match task {
            Task::Edge(n) => {
                let since = state.read_until.map_or(first, |at| at.plus(-OVERLAP_MS));
                let home = self.edges.get(*n).is_some_and(|e| e.holds == Holds::Home);
                if home { since.min(chain.started.plus(-TRACKED_MS)) } else { since }
            }
            Task::Comments(post, _) => {
                let asked = state.tracked.get(post).and_then(|t| t.asked).filter(|_| self.dialect.threads == Threads::Flat);
                asked.map_or(Millis::new(0), |at| at.plus(-OVERLAP_MS))
            }
        }
    }

    fn end_task(state: &mut State, chain: &mut Chain) {
        if let Some(Task::Comments(post, count)) = chain.todo.pop()
            && let Some(tracked) = state.tracked.get_mut(&post)
        {
            tracked.asked = Some(chain.started);
            tracked.count = count;
        }
        chain.after = None;
        chain.pages = 0;
    }

    fn page(&self, mut state: State, chain: Chain, page: Page) -> Page {
        if chain.todo.is_empty() {
            return self.finish(state, &chain, page);
        }
        state.chain = Some(chain);
        Page { cursor: encode(&state), more: More::Now, ..page }
    }

    fn finish(&self, mut state: State, chain: &Chain, page: Page) -> Page {
        let from = state.read_until.or(chain.oldest).unwrap_or(chain.started).min(chain.started);
        let from = from.max(chain.started.plus(-self.backfill_ms)).min(chain.started);
        state.read_until = Some(chain.started);
        state.tracked.retain(|_, t| chain.started.since(t.at) < TRACKED_MS);
        while state.tracked.len() > MAX_TRACKED {
            let oldest = state.tracked.iter().min_by_key(|(_, t)| t.at).map(|(post, _)| post.clone());
            state.tracked.remove(&oldest.unwrap_or_default());
        }
        Page { cursor: encode(&state), covered: Span::new(from, chain.started), more: More::CaughtUp, ..page }
    }

    fn url(&self, task: &Task, after: Option<&str>) -> Url {
        let mut query = vec![("limit", LIMIT)];
        let path = match task {
            Task::Edge(n) => {
                query.push(("fields", self.dialect.fields));
                let edge = self.edges.get(*n);
                query.extend(edge.into_iter().flat_map(|e| &e.query).map(|(name, value)| (*name, value.as_str())));
                edge.map_or_else(String::new, |e| e.path.clone())
            }
            Task::Comments(post, _) => {
                query.push(("fields", self.dialect.comment_fields));
                query.extend(self.dialect.comment_query);
                format!("/{}/comments", lenient::segment(post))
            }
        };
        query.extend(after.map(|after| ("after", after)));
        join(&self.base, &path, &query)
    }

    async fn get(&self, http: &Http, mut url: Url, now: Millis) -> Result<Answer, PollError> {
        if let Some(proof) = &self.proof {
            url.query_pairs_mut().append_pair("appsecret_proof", proof);
        }
        let answer = self.credential.get(http, Ask::json(url, &self.base), now).await?;
        error::check(answer, now)
    }
}

/// The token, and `appsecret_proof` where the app's secret is given.
pub(super) fn access(
    (spec, secrets): (&SourceSpec, &Secrets),
    (token, app_secret): (Option<&SecretRef>, Option<&SecretRef>),
    how: &str,
) -> Result<(Credential, Option<String>), SettingsError> {
    let credential = Credential::new((spec, secrets), (token, None), SERVICE, how)?;
    let app_secret = app_secret.map(|at| secrets.read(&spec.name, at)).transpose()?;
    let proof = match (&credential, &app_secret) {
        (Credential::Fixed(token), Some(secret)) => Some(proof(token, secret)),
        _ => None,
    };
    Ok((credential, proof))
}

/// A path of one name that comes from the settings.
pub(super) fn account(name: &str, id: &str) -> Result<String, String> {
    let plain = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    plain.then(|| id.to_owned()).ok_or_else(|| format!("`{name}` is the number of an account, or its short name"))
}

/// The version in the path: `v26.0`.
pub(super) fn versioned(base: &Url, version: &str) -> Result<Url, String> {
    let number = version.strip_prefix('v').and_then(|v| v.split_once('.'));
    let good = number.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && [a, b].iter().all(|n| n.bytes().all(|b| b.is_ascii_digit())));
    good.then(|| join(base, &format!("/{version}"), &[])).ok_or_else(|| "`version` looks like v26.0".to_owned())
}
