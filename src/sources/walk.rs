//! Reading lists page by page, down to what is known: the one way of all platforms that give posts in the order of time.
//!
//! An adapter says which lists it has, and reads one page of one list ([`Lists`]). What every such adapter
//! would have to get right is here:
//! - a chain of pages survives a restart, because the place in it is in the cursor;
//! - each chain reads again what the last one read for as long as the platform may show posts late
//!   (`overlap`), and more rarely a longer stretch, for posts that a moderator releases (`deep`);
//! - a list that repeats itself, or never ends, is left, and coverage begins only where it was left;
//! - where pages are numbered, a post deleted meanwhile moves another one to the page before. So after
//!   each page but the first, the one before it is read once more;
//! - a place in a list that the platform does not accept any more means reading that chain anew. Some servers answer a place
//!   that they have forgotten as if they were in trouble: one that has answered so for hours is taken for forgotten.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cursor::{decode, encode};
use super::{Http, PollError};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::{Cursor, More, Page};
use crate::domain::time::{HOUR_MS, Millis, Span};

/// A list that shows nothing new on so many pages in a row repeats itself.
const MAX_REPEATS: u8 = 2;
/// A place in a list may be refused so often before the source is.
const MAX_RESTARTS: u8 = 3;
/// A place that a server in trouble does not give for so long is taken for one that it has forgotten.
const FORGOTTEN_MS: i64 = 6 * HOUR_MS;
/// Lists waiting to be read, at most: an answer may name more of them than anybody has.
const MAX_TODO: usize = 2_000;

/// How far back a source is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// How far the first chain goes back, milliseconds; `None`: to the beginning.
    pub backfill_ms: Option<i64>,
    /// How late the platform may show a post, milliseconds.
    pub overlap_ms: i64,
    /// A longer overlap, read more rarely.
    pub deep: Option<Deep>,
    /// Pages of one list in one chain.
    pub max_pages: u32,
}

/// See [`Plan::deep`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Deep {
    /// How far back, milliseconds.
    pub reach_ms: i64,
    /// How often, milliseconds.
    pub every_ms: i64,
}

/// A source as lists of posts.
pub(super) trait Lists: Sync {
    /// What is remembered between pages and chains beside the place.
    type Memo: Default + Serialize + DeserializeOwned + Send;

    /// How far back it is read.
    fn plan(&self) -> Plan;

    /// The lists that each chain reads, by names that stay. An adapter gets each name back in [`Step::list`];
    /// for one that it does not know any more, its page is [`Leaf::default`].
    fn lists(&self) -> Vec<String>;

    /// Reads one page.
    fn page(&self, step: Step<'_>, memo: &mut Self::Memo) -> impl Future<Output = Result<Leaf, PollError>> + Send;
}

/// The page to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub http: &'a Http,
    /// The name of the list.
    pub list: &'a str,
    /// Where in it.
    pub at: &'a At,
    /// Posts before this time are of no interest.
    pub after: Millis,
    pub now: Millis,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum At {
    /// Its beginning.
    Start,
    /// A numbered page; the first is 1 and is called `Start`.
    Page(u32),
    /// A numbered page that was read before.
    Again(u32),
    /// What the platform, or the adapter, calls the place.
    Token(String),
}

impl At {
    /// The number of the page.
    pub(super) const fn number(&self) -> u32 {
        match self {
            Self::Page(n) | Self::Again(n) => *n,
            Self::Start | Self::Token(_) => 1,
        }
    }

    /// The token, where the place is one.
    pub(super) fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) => Some(token),
            _ => None,
        }
    }
}

/// What one page brought.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    pub posts: Vec<Post>,
    pub gone: Vec<PostKey>,
    pub next: Next,
    /// Of lists with the newest first: the time of the oldest entry. Reading ends below [`Step::after`].
    pub bottom: Option<Millis>,
    /// More lists to read in this chain.
    pub lists: Vec<String>,
    /// The server's wish: not before this time.
    pub not_before: Option<Millis>,
    pub trust: Trust,
}

/// Where a list goes on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Next {
    #[default]
    End,
    /// The next number.
    Page,
    /// At this place.
    Token(String),
}

/// Whether an answer can be believed to be all there is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Trust {
    #[default]
    Whole,
    /// Suspiciously empty: nothing counts as read.
    Doubtful,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(bound = "M: Default + Serialize + DeserializeOwned", default)]
struct State<M> {
    /// Everything before this time has been read.
    read_until: Option<Millis>,
    /// The newest post met, by the platform's clock, which may be behind ours.
    newest: Option<Millis>,
    deep_at: Option<Millis>,
    chain: Option<Chain>,
    restarts: u8,
    memo: M,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    after: Millis,
    depth: Depth,
    /// Still to read, next one last.
    todo: Vec<Place>,
    newest: Option<Millis>,
    oldest: Option<Millis>,
    /// Where a list was left before its end: what is older was not read.
    left_at: Option<Millis>,
    trust: Trust,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Depth {
    Usual,
    Deep,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    list: String,
    at: At,
    pages: u32,
    /// Short hashes of what the last page held.
    last: Vec<u32>,
    repeats: u8,
    /// When it was reached.
    #[serde(default)]
    since: Millis,
}

/// Reads one page of the chain under way, or begins one.
pub(super) async fn poll<L: Lists>(lists: &L, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
    let mut state: State<L::Memo> = decode(cursor);
    let plan = lists.plan();
    let mut chain = state.chain.take().unwrap_or_else(|| state.begin(&plan, lists.lists(), now));
    let Some(place) = chain.todo.pop() else {
        return Ok(state.finish(&chain, Page::default()));
    };
    let step = Step { http, list: &place.list, at: &place.at, after: chain.after, now };
    let leaf = match lists.page(step, &mut state.memo).await {
        Ok(leaf) => leaf,
        Err(error) => return state.restarted(&place, error, now),
    };
    chain.turn(place, &leaf, (&plan, now));
    let page = Page { posts: leaf.posts, gone: leaf.gone, not_before: leaf.not_before, ..Page::default() };
    if chain.todo.is_empty() {
        return Ok(state.finish(&chain, page));
    }
    state.chain = Some(chain);
    Ok(Page { cursor: encode(&state), more: More::Now, ..page })
}

impl<M: Default + Serialize + DeserializeOwned> State<M> {
    fn begin(&self, plan: &Plan, lists: Vec<String>, now: Millis) -> Chain {
        let deep = plan.deep.filter(|deep| self.deep_at.is_none_or(|at| now.since(at) >= deep.every_ms));
        let known = self.read_until.map(|at| self.newest.map_or(at, |newest| newest.min(at)).plus(-plan.overlap_ms));
        let beginning = plan.backfill_ms.map_or(Millis::default(), |ms| now.plus(-ms));
        let after = match (known, deep) {
            (None, _) => beginning,
            (Some(known), Some(deep)) => known.min(now.plus(-deep.reach_ms)),
            (Some(known), None) => known,
        };
        Chain {
            started: now,
            after,
            depth: if deep.is_some() { Depth::Deep } else { Depth::Usual },
            todo: lists.into_iter().rev().map(Place::start).collect(),
            newest: self.newest,
            oldest: None,
            left_at: None,
            trust: Trust::Whole,
        }
    }

    fn finish(mut self, chain: &Chain, page: Page) -> Page {
        let mut covered = None;
        if chain.trust == Trust::Whole {
            let first = if chain.after == Millis::default() { chain.oldest.unwrap_or(chain.started) } else { chain.after };
            let from = self.read_until.unwrap_or(first).max(chain.left_at.unwrap_or_default()).min(chain.started);
            covered = Span::new(from, chain.started);
            self.read_until = Some(chain.started);
            self.newest = chain.newest;
            if chain.depth == Depth::Deep {
                self.deep_at = Some(chain.started);
            }
        }
        self.restarts = 0;
        Page { cursor: encode(&self), covered, more: More::CaughtUp, ..page }
    }

    /// A place that is refused was perhaps only too old.
    fn restarted(mut self, place: &Place, error: PollError, now: Millis) -> Result<Page, PollError> {
        let refused = match error {
            PollError::Refused { .. } | PollError::NotFound { .. } => true,
            PollError::Unavailable { .. } => now.since(place.since) > FORGOTTEN_MS,
            _ => false,
        };
        if !refused || place.at.token().is_none() || self.restarts >= MAX_RESTARTS {
            return Err(error);
        }
        self.restarts += 1;
        self.chain = None;
        Ok(Page { cursor: encode(&self), more: More::Now, ..Page::default() })
    }
}

impl Chain {
    fn turn(&mut self, place: Place, leaf: &Leaf, (plan, now): (&Plan, Millis)) {
        let times = || leaf.posts.iter().map(|p| p.created_at);
        self.newest = self.newest.max(times().max());
        self.oldest = self.oldest.into_iter().chain(times()).min();
        if leaf.trust == Trust::Doubtful {
            self.trust = Trust::Doubtful;
        }
        for list in leaf.lists.iter().rev() {
            if self.todo.len() < MAX_TODO && self.todo.iter().all(|p| p.list != *list) {
                self.todo.push(Place::start(list.clone()));
            }
        }
        let again = match place.at {
            At::Page(n) if n > 1 => Some(Place { at: At::Again(n - 1), ..Place::start(place.list.clone()) }),
            At::Again(_) => return,
            _ => None,
        };
        match place.onward(leaf, self.after, (plan, now)) {
            Onward::Done => {}
            Onward::Left => self.left_at = self.left_at.max(leaf.bottom.or(Some(self.started))),
            Onward::To(next) => self.todo.push(next),
        }
        self.todo.extend(again);
    }
}

enum Onward {
    Done,
    /// Not at its end, but nothing more can be had.
    Left,
    To(Place),
}

impl Place {
    fn start(list: String) -> Self {
        Self { list, at: At::Start, pages: 0, last: Vec::new(), repeats: 0, since: Millis::default() }
    }

    fn onward(self, leaf: &Leaf, after: Millis, (plan, now): (&Plan, Millis)) -> Onward {
        if leaf.next == Next::End || leaf.bottom.is_some_and(|at| at < after) {
            return Onward::Done;
        }
        let mut hashes: Vec<u32> = leaf.posts.iter().map(|p| &p.key).chain(&leaf.gone).map(|key| hash(key.native_id())).collect();
        let repeated = !hashes.is_empty() && hashes.iter().all(|h| self.last.contains(h));
        let repeats = if repeated { self.repeats + 1 } else { 0 };
        let pages = self.pages.saturating_add(1);
        let at = match &leaf.next {
            Next::Page => At::Page(self.at.number().saturating_add(1)),
            Next::Token(token) => At::Token(token.clone()),
            Next::End => return Onward::Done,
        };
        if repeats >= MAX_REPEATS || pages >= plan.max_pages || at == self.at {
            return Onward::Left;
        }
        hashes.truncate(500);
        // A page of which nothing could be kept says nothing about repeats.
        let last = if hashes.is_empty() { self.last } else { hashes };
        Onward::To(Self { list: self.list, at, pages, last, repeats, since: now })
    }
}

/// FNV-1a, folded: it only has to tell the posts of two pages apart.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
