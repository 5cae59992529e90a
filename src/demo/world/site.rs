//! One place as a running server knows it, with the hands of an operator for tests: write, hold, approve, edit, delete.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use axum::http::Extensions;
use tokio_util::sync::CancellationToken;

use super::faults::{Faults, Hush};
use super::shelf::{Item, Shelf, Snapshot, Visibility};
use crate::clock::Clock;
use crate::demo::story::{Person, Place};
use crate::domain::time::Millis;

/// A blog post, forum thread or story that items stand in.
#[derive(Debug, Clone)]
pub struct Board {
    /// Unique in its place.
    pub id: u64,
    /// When it was opened.
    pub opened_at: Millis,
    /// Title.
    pub title: String,
    /// Title in addresses.
    pub slug: String,
    /// First text.
    pub body: String,
    /// Who opened it.
    pub by: Arc<Person>,
}

/// One place.
#[derive(Debug)]
pub struct Site {
    /// Which.
    pub place: Place,
    /// `http://127.0.0.1:port`.
    pub base: String,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) shelf: Shelf,
    pub(super) boards: BTreeMap<u64, Board>,
    pub(super) stop: CancellationToken,
    /// The blog's local time, in minutes east of UTC.
    pub(super) utc_offset_min: AtomicI64,
    /// Mastodon: requests in five minutes.
    pub(super) rate_limit: AtomicU64,
    /// Window (in units of five minutes) and requests in it.
    pub(super) rate_used: (AtomicI64, AtomicU64),
    /// Mastodon: a tag timeline needs a token. Blog: no REST.
    pub(super) closed_api: AtomicBool,
    served: AtomicU64,
}

/// What all places have in common.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) stop: CancellationToken,
    /// Ids count from here.
    pub(super) origin: Millis,
}

/// What an operator writes. Start from [`Draft::new`].
#[derive(Debug, Clone)]
pub struct Draft {
    /// Account name.
    pub author: String,
    /// Plain text.
    pub text: String,
    /// When it was written; now when `None`. An old time makes an item that appears late, with an old id.
    pub created_at: Option<Millis>,
    /// The item that it answers.
    pub reply_to: Option<u64>,
    /// ISO 639-1.
    pub lang: String,
    /// Who may see it.
    pub visibility: Visibility,
}

impl Draft {
    /// An English public text, written now.
    pub fn new(author: &str, text: &str) -> Self {
        Self {
            author: author.to_owned(),
            text: text.to_owned(),
            created_at: None,
            reply_to: None,
            lang: "en".to_owned(),
            visibility: Visibility::Public,
        }
    }

    /// The same, written at another time.
    #[must_use]
    pub fn written_at(self, at: Millis) -> Self {
        Self { created_at: Some(at), ..self }
    }
}

impl Site {
    /// A place without items and threads.
    pub(super) fn new(place: Place, base: String, shared: &Shared) -> Self {
        Self {
            place,
            base,
            shelf: Shelf::new(place, shared.origin),
            clock: shared.clock.clone(),
            faults: shared.faults.clone(),
            boards: BTreeMap::new(),
            stop: shared.stop.clone(),
            utc_offset_min: AtomicI64::new(60),
            rate_limit: AtomicU64::new(300),
            rate_used: (AtomicI64::new(0), AtomicU64::new(0)),
            closed_api: AtomicBool::new(false),
            served: AtomicU64::new(0),
        }
    }

    /// Writes an item; its id.
    pub fn add(&self, draft: Draft) -> u64 {
        let now = self.clock.now();
        self.shelf.add(self.item(draft, Some(now)))
    }

    /// Writes an item that a moderator has to let through; its id.
    pub fn add_held(&self, draft: Draft) -> u64 {
        self.shelf.add(self.item(draft, None))
    }

    /// Writes a comment or post now; its id.
    pub fn add_comment(&self, author: &str, text: &str) -> u64 {
        self.add(Draft::new(author, text))
    }

    /// Passes another item on without a word, as Mastodon does; the id of the boost.
    pub fn boost(&self, author: &str, of: u64) -> u64 {
        let now = self.clock.now();
        let item = self.item(Draft::new(author, ""), Some(now));
        self.shelf.add(Item { boost_of: Some(of), ..item })
    }

    /// Lets a held item through: it appears now with its old time and id. `false`: no such item.
    pub fn approve(&self, id: u64) -> bool {
        let now = self.clock.now();
        self.shelf.change(id, |item| item.visible_from = Some(now))
    }

    /// Changes a text. `false`: no such item.
    pub fn edit(&self, id: u64, text: &str) -> bool {
        let now = self.clock.now();
        self.shelf.change(id, |item| item.texts.push((now, text.to_owned())))
    }

    /// Removes an item. `false`: no such item.
    pub fn delete(&self, id: u64) -> bool {
        let now = self.clock.now();
        self.shelf.change(id, |item| item.deleted_at = Some(now))
    }

    /// Requests so far, failed ones too.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Items that can be seen now.
    pub fn count(&self) -> usize {
        self.shelf.at(self.clock.now()).iter().count()
    }

    /// Ids of the items that can be seen now, by id.
    pub fn ids(&self) -> Vec<u64> {
        self.shelf.at(self.clock.now()).iter().map(|seen| seen.item.id).collect()
    }

    /// Moves a blog's local time to this many minutes east of UTC (60 unless set).
    pub fn set_utc_offset(&self, minutes: i64) {
        self.utc_offset_min.store(minutes.clamp(-840, 840), Ordering::Relaxed);
    }

    /// Mastodon's requests in five minutes (300 unless set).
    pub fn set_rate_limit(&self, requests: u64) {
        self.rate_limit.store(requests, Ordering::Relaxed);
    }

    /// Mastodon: tag timelines need a token from now on. WordPress: REST answers 404 from now on.
    pub fn close_api(&self) {
        self.closed_api.store(true, Ordering::Relaxed);
    }

    pub(super) fn api_is_closed(&self) -> bool {
        self.closed_api.load(Ordering::Relaxed)
    }

    pub(super) fn count_request(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    /// What a request sees: nothing at all when the place was told to be silent.
    pub(super) fn snapshot(&self, extensions: &Extensions) -> Snapshot<'_> {
        let hushed = extensions.get::<Hush>().is_some();
        self.shelf.at(if hushed { Millis::new(i64::MIN) } else { self.clock.now() })
    }

    /// The thread of an item.
    pub(super) fn board(&self, item: &Item) -> Option<&Board> {
        item.thread.and_then(|id| self.boards.get(&id))
    }

    /// Threads opened by now, oldest first.
    pub(super) fn open_boards(&self) -> impl DoubleEndedIterator<Item = &Board> {
        let now = self.clock.now();
        self.boards.values().filter(move |board| board.opened_at <= now)
    }

    fn item(&self, draft: Draft, visible_from: Option<Millis>) -> Item {
        let created_at = draft.created_at.unwrap_or_else(|| self.clock.now());
        let author = Person { place: self.place, name: draft.author.clone(), handle: draft.author, lang: "en", followers: 40, bot: false };
        Item {
            id: 0,
            created_at,
            visible_from,
            texts: vec![(created_at, draft.text)],
            deleted_at: None,
            author: Arc::new(author),
            thread: self.open_boards().next_back().map(|board| board.id),
            reply_to: draft.reply_to,
            title: None,
            lang: draft.lang,
            visibility: draft.visibility,
            boost_of: None,
        }
    }
}
