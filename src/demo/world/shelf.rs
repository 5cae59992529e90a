//! What a place holds: items with their whole life, so that a server can answer for any moment of the clock.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::demo::story::{Person, Place};
use crate::domain::time::Millis;

/// Who may see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// Everybody who has the address.
    Unlisted,
}

impl Visibility {
    /// The word of Mastodon's API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
        }
    }
}

/// A post or comment from its first day to its last.
#[derive(Debug, Clone)]
pub struct Item {
    /// Unique in its place, never used again.
    pub id: u64,
    /// When it was written.
    pub created_at: Millis,
    /// When it can first be seen; `None` while it is held.
    pub visible_from: Option<Millis>,
    /// Its texts and since when, the first one first.
    pub texts: Vec<(Millis, String)>,
    /// When it was removed.
    pub deleted_at: Option<Millis>,
    /// Its author.
    pub author: Arc<Person>,
    /// The thread that it stands in.
    pub thread: Option<u64>,
    /// The item that it answers.
    pub reply_to: Option<u64>,
    /// The title, where it opens a thread.
    pub title: Option<String>,
    /// ISO 639-1.
    pub lang: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// The item that it passes on without a word.
    pub boost_of: Option<u64>,
}

/// An item as it is at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The item.
    pub item: &'a Item,
    /// Its text now.
    pub text: &'a str,
    /// When that text replaced another.
    pub edited_at: Option<Millis>,
}

/// All items of one place.
#[derive(Debug)]
pub struct Shelf {
    place: Place,
    /// Time of the first id.
    origin: Millis,
    items: RwLock<BTreeMap<u64, Item>>,
}

impl Shelf {
    /// An empty shelf whose ids count from `origin`.
    pub fn new(place: Place, origin: Millis) -> Self {
        Self { place, origin, items: RwLock::default() }
    }

    /// Puts an item in and gives it its id, which follows its time of creation: late ones get an *old* id, as platforms do.
    pub fn add(&self, mut item: Item) -> u64 {
        let mut items = self.items.write().unwrap_or_else(PoisonError::into_inner);
        let mut id = self.slot(item.created_at);
        // A burst runs ahead of the slots; keep ids in the order of time all the same.
        let run = items.range(id..).take_while(|(_, other)| other.created_at <= item.created_at).map(|(id, _)| id + 1).last();
        id = run.unwrap_or(id);
        while items.contains_key(&id) {
            id += 1;
        }
        item.id = id;
        items.insert(id, item);
        id
    }

    /// Changes one item; `false` when there is none of that id.
    pub fn change(&self, id: u64, change: impl FnOnce(&mut Item)) -> bool {
        let mut items = self.items.write().unwrap_or_else(PoisonError::into_inner);
        items.get_mut(&id).map(change).is_some()
    }

    /// What can be seen at one moment.
    pub fn at(&self, now: Millis) -> Snapshot<'_> {
        Snapshot { items: self.items.read().unwrap_or_else(PoisonError::into_inner), now }
    }

    fn slot(&self, at: Millis) -> u64 {
        let seconds = u64::try_from(at.since(self.origin) / 1000).unwrap_or(0);
        match self.place {
            Place::Mastodon => u64::try_from(at.get()).unwrap_or(0) << 16,
            Place::HackerNews => 45_000_000 + seconds / 4,
            Place::Blog => 2_000 + seconds / 60,
            Place::Forum => 40_000 + seconds / 20,
        }
    }
}

/// The items of a place at one moment. Holds the shelf's read lock: keep it short, and never over an `await`.
#[derive(Debug)]
pub struct Snapshot<'a> {
    items: RwLockReadGuard<'a, BTreeMap<u64, Item>>,
    now: Millis,
}

impl Snapshot<'_> {
    /// What can be seen, by id, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Seen<'_>> {
        self.items.values().filter_map(|item| self.seen(item))
    }

    /// One item that can be seen.
    pub fn get(&self, id: u64) -> Option<Seen<'_>> {
        self.items.get(&id).and_then(|item| self.seen(item))
    }

    /// An item that could be seen once, and was removed.
    pub fn removed(&self, id: u64) -> Option<&Item> {
        self.items.get(&id).filter(|item| item.deleted_at.is_some_and(|at| at <= self.now))
    }

    /// Whether an item waits for a moderator.
    pub fn is_held(&self, id: u64) -> bool {
        self.items.get(&id).is_some_and(|i| i.created_at <= self.now && i.visible_from.is_none_or(|at| at > self.now))
    }

    fn seen<'a>(&self, item: &'a Item) -> Option<Seen<'a>> {
        let there = item.created_at <= self.now && item.visible_from.is_some_and(|at| at <= self.now);
        if !there || item.deleted_at.is_some_and(|at| at <= self.now) {
            return None;
        }
        let now = item.texts.iter().rposition(|(since, _)| *since <= self.now).unwrap_or(0);
        let (since, text) = item.texts.get(now)?;
        Some(Seen { item, text, edited_at: (now > 0).then_some(*since) })
    }
}
