//! Bluesky: the stream of all posts (Jetstream), and its search.
//!
//! The stream is the way that its keepers recommend for programs. It never ends, so each poll opens it at
//! the stored place, reads until it has caught up with the clock (or has read much), and closes it: the
//! place moves in the same transaction as the posts. Posts are compared with the brand's terms while they
//! pass, deletions and closed accounts are handed on, everything else is dropped at once.
//!
//! The stream goes back 36 hours. With a login the search reads what was before, and what was missed when
//! the place in the stream became too old.

mod search;
mod socket;
mod stream;
mod view;

use serde::{Deserialize, Serialize};
use url::Url;

use self::stream::Drained;
use super::adapter::{Address, settings};
use super::cursor::{decode, encode};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError, walk};
use crate::domain::brand::BrandTerms;
use crate::domain::matching::{Match, Matcher};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

const PLATFORM: &str = "bluesky";
/// One network, whatever server a post was written at.
const INSTANCE: &str = "bsky.app";
const COLLECTION: &str = "app.bsky.feed.post";
/// Where the stream is entered the first time: so long before now.
const ENTER_MS: i64 = 5 * 60_000;
/// The stream keeps 36 hours; a place older than this may have been moved without a word.
const LOOK_BACK_MS: i64 = 35 * HOUR_MS;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `stream` or `search`.
    #[serde(default)]
    read: Way,
    /// The Jetstream server.
    #[serde(default = "jetstream")]
    stream: String,
    /// Whether the stream is sent compressed.
    #[serde(default)]
    compress: bool,
    /// How long the stream may be silent before it counts as read to its end, milliseconds.
    #[serde(default = "two_seconds")]
    quiet_ms: u64,
    /// The public interface, for names and for reading posts again.
    #[serde(default)]
    public: Option<Address>,
    /// The account for the search.
    #[serde(default)]
    login: Option<LoginSettings>,
    /// Phrases for the search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// How far the search goes back the first time.
    #[serde(default = "seven")]
    backfill_days: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginSettings {
    /// The account's server.
    #[serde(default)]
    url: Option<Address>,
    /// Handle or address of mail.
    identifier: String,
    /// Where an app password is kept.
    password: SecretRef,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    #[default]
    Stream,
    Search,
}

fn jetstream() -> String {
    "wss://jetstream2.us-east.bsky.network/subscribe".to_owned()
}

const fn two_seconds() -> u64 {
    2_000
}

const fn seven() -> u16 {
    7
}

/// Reads Bluesky.
#[derive(Debug)]
pub struct Bluesky {
    way: Way,
    stream: Url,
    compress: bool,
    quiet_ms: u64,
    public: Url,
    login: Option<Login>,
    queries: Vec<String>,
    matcher: Matcher,
    /// The brand's own posts are told by the names of accounts, so they must be known.
    needs_names: bool,
    backfill_ms: i64,
}

#[derive(Debug)]
struct Login {
    base: Url,
    identifier: String,
    password: Secret,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The last event read, microseconds; the stream is entered there.
    time_us: Option<i64>,
    /// Everything from here to the place in the stream has been read.
    known_from: Option<Millis>,
    read_until: Option<Millis>,
    /// Where the search stands.
    search: Cursor,
    searched: Searched,
}

/// Whether the search has read what the stream cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Searched {
    #[default]
    Not,
    Done,
}

impl Bluesky {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        let stream = Url::parse(&given.stream).ok().filter(|url| matches!(url.scheme(), "ws" | "wss") && url.has_host());
        let login = match given.login {
            None => None,
            Some(login) => Some(Login {
                base: super::adapter::base(login.url, "https://bsky.social", &spec.name)?,
                identifier: login.identifier,
                password: secrets.read(&spec.name, &login.password)?,
            }),
        };
        if given.read == Way::Search && login.is_none() {
            return Err(wrong("`read = \"search\"` needs `login`: the search answers accounts only".to_owned()));
        }
        Ok(Self {
            way: given.read,
            stream: stream.ok_or_else(|| wrong("`stream` must begin with wss:// or ws://".to_owned()))?,
            compress: given.compress,
            quiet_ms: given.quiet_ms.clamp(10, 30_000),
            public: super::adapter::base(given.public, "https://public.api.bsky.app", &spec.name)?,
            login,
            queries: super::adapter::queries(given.queries, terms, &spec.name)?,
            matcher: Matcher::new(terms).map_err(|e| wrong(e.to_string()))?,
            needs_names: !terms.own_accounts.is_empty(),
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        if self.way == Way::Search {
            return walk::poll(self, http, cursor, now).await;
        }
        let mut state: State = decode(cursor);
        // Before anything else, so that the stream begins no later than the search ends.
        let place = *state.time_us.get_or_insert(micros(now.plus(-ENTER_MS)));
        if self.login.is_some() && state.searched == Searched::Not {
            return self.search_before(http, state, now).await;
        }
        let drained = self.drain(place.min(micros(now)), now).await?;
        self.named(http, state, drained, now).await
    }

    /// One page of the search for what the stream does not hold.
    async fn search_before(&self, http: &Http, mut state: State, now: Millis) -> Result<Page, PollError> {
        let page = walk::poll(self, http, &state.search, now).await?;
        state.search = page.cursor;
        if page.more == More::CaughtUp {
            state.searched = Searched::Done;
            state.known_from = state.known_from.or(page.covered.map(Span::from));
        }
        Ok(Page { cursor: encode(&state), covered: None, more: More::Now, ..page })
    }

    /// The page of what was read of the stream.
    async fn named(&self, http: &Http, mut state: State, drained: Drained, now: Millis) -> Result<Page, PollError> {
        let entered = millis(drained.entered);
        let known_from = state.known_from.unwrap_or(entered);
        // A place that is too old is moved without a word: what lies between was not read.
        let moved = drained.first.map(millis).filter(|_| now.since(entered) > LOOK_BACK_MS).filter(|first| first.since(entered) > 60_000);
        let from = state.read_until.unwrap_or(known_from).max(moved.unwrap_or_default());
        if moved.is_some() && self.login.is_some() {
            // The search fills the gap: its own cursor stands before it.
            state.searched = Searched::Not;
        }
        let mut posts = drained.posts;
        match self.add_names(http, &mut posts).await {
            Err(error) if self.needs_names => return Err(error),
            _ => {}
        }
        let mut page = Page { posts, gone: drained.gone, closed: drained.closed, more: drained.more, ..Page::default() };
        if let Some(reached) = drained.reached {
            state.time_us = Some(state.time_us.map_or(reached, |at| at.max(reached)));
        }
        if page.more == More::CaughtUp
            && let Some(reached) = drained.reached
        {
            let until = millis(reached).min(now);
            page.covered = Span::new(from.min(until), until);
            state.read_until = state.read_until.max(Some(until));
            if state.searched == Searched::Not && self.login.is_some() {
                page.more = More::Now;
                page.covered = None;
            }
        }
        page.cursor = encode(&state);
        Ok(page)
    }

    /// Whether a post of the network is worth handing out: all posts pass by.
    fn means(&self, post: &Post) -> bool {
        matches!(self.matcher.matches(post), Match::Yes { .. } | Match::OwnAccount)
    }

    /// Reads known posts again, 25 at once. Those that are not in the answer are deleted or hidden.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let ours: Vec<&PostKey> = keys.iter().filter(|k| k.platform() == PLATFORM).take(25).collect();
        if ours.is_empty() {
            return Ok(Recheck::default());
        }
        let present = self.posts_by_uri(http, &ours, now).await?;
        let missing = ours.into_iter().filter(|key| present.iter().all(|post| post.key != **key)).cloned().collect();
        Ok(Recheck { present, missing, ..Recheck::default() })
    }
}

const fn micros(at: Millis) -> i64 {
    at.get().saturating_mul(1_000)
}

const fn millis(us: i64) -> Millis {
    Millis::new(us.div_euclid(1_000))
}
