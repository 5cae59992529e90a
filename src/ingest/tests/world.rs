//! A made-up platform: a log of posts, read by position, which fails when it is told to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::ids::{BrandId, SourceId};
use crate::domain::post::{Engagement, Mention, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Bulk, Cursor, More, Page, Recheck, SourceHealth, SourceKind, SourceSpec, Take};
use crate::domain::time::Millis;
use crate::ingest::{Adapters, Poll, Poller, PollerOptions};
use crate::sources::{PollError, SettingsError};
use crate::store::{Copies, MentionFilter, Store};

pub(super) const START: Millis = Millis::new(1_800_000_000_000);
pub(super) const MINUTE: i64 = 60_000;

/// What the platform does at one request. Answers normally when nothing is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Answer,
    Fail,
    RateLimit(i64),
    Refuse,
    Panic,
    /// Never answers.
    Hang,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) posts: Vec<Post>,
    pub(super) gone: BTreeSet<PostKey>,
    /// Posts of which it says nothing when it is asked for them.
    pub(super) hushed: BTreeSet<PostKey>,
    /// Whether it tells of deletions for many at once.
    pub(super) bulk: Option<Bulk>,
    /// Ids that were asked about by themselves, and in bulk.
    pub(super) rechecked: (Vec<String>, Vec<String>),
    pub(super) plan: VecDeque<Step>,
    pub(super) page: usize,
    pub(super) overlap: usize,
    /// The cursor of each request.
    pub(super) asked: Vec<String>,
    /// Requests whose cursor was past a post that the store did not hold.
    pub(super) lost: Vec<String>,
}

/// The platform as the poller sees it.
#[derive(Debug, Clone)]
pub(super) struct Fake {
    pub(super) log: Arc<Mutex<Log>>,
    /// Told at each request.
    pub(super) reached: Arc<Notify>,
    /// Requests that answer wait for this when it is there.
    pub(super) gate: Option<Arc<Notify>>,
    store: Store,
    brand: BrandId,
}

pub(super) struct World {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) brand: BrandId,
    pub(super) source: SourceId,
    pub(super) fake: Fake,
    _folder: TempDir,
}

pub(super) fn post(id: usize, at: Millis) -> Post {
    Post {
        key: PostKey::new("mastodon", "ruby.example", &id.to_string()).expect("a key"),
        author: PostAuthor { native_id: format!("a{}", id % 7), handle: format!("h{}", id % 7), ..PostAuthor::default() },
        created_at: at,
        edited_at: None,
        text: format!("Acme lost my files, number {id}"),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    }
}

pub(super) async fn store_in(folder: &TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
    Store::open(&url, 7).await.expect("a store")
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store_in(&folder).await;
        let terms = BrandTerms { names: vec!["Acme".to_owned()], ..BrandTerms::default() };
        let brand = store.save_brand("Acme", &terms, START).await.expect("a brand");
        let spec = SourceSpec {
            name: "ruby".to_owned(),
            kind: SourceKind::Mastodon,
            brand,
            take: Take::Matching,
            every_ms: 5 * MINUTE,
            settings: serde_json::json!({}),
        };
        let source = store.add_source(&spec, START).await.expect("a source");
        let log = Arc::new(Mutex::new(Log { page: 10, overlap: 3, ..Log::default() }));
        let fake = Fake { log, reached: Arc::new(Notify::new()), gate: None, store: store.clone(), brand };
        Self { store, clock: Clock::manual(START), brand, source, fake, _folder: folder }
    }

    pub(super) fn poller(&self) -> Poller<Fake> {
        self.poller_with(PollerOptions::default(), CancellationToken::new())
    }

    pub(super) fn poller_with(&self, options: PollerOptions, finishing: CancellationToken) -> Poller<Fake> {
        Poller::new(self.store.clone(), self.fake.clone(), self.clock.clone(), options, finishing)
    }

    /// Adds posts to the platform, by number.
    pub(super) fn publish(&self, ids: impl IntoIterator<Item = usize>) {
        let now = self.clock.now();
        self.fake.log.lock().unwrap().posts.extend(ids.into_iter().map(|id| post(id, now)));
    }

    pub(super) fn plan(&self, steps: impl IntoIterator<Item = Step>) {
        self.fake.log.lock().unwrap().plan.extend(steps);
    }

    pub(super) async fn mentions(&self) -> Vec<Mention> {
        all_mentions(&self.store, self.brand).await
    }

    /// Native ids of the kept mentions, in order.
    pub(super) async fn kept(&self) -> Vec<usize> {
        let mut ids: Vec<usize> = self.mentions().await.iter().map(|m| m.key.native_id().parse().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) async fn health(&self) -> SourceHealth {
        self.store.source_health().await.unwrap().into_iter().find(|h| h.id == self.source).expect("the source")
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.fake.log.lock().unwrap().asked.clone()
    }
}

pub(super) async fn all_mentions(store: &Store, brand: BrandId) -> Vec<Mention> {
    let filter = MentionFilter { brand, copies: Copies::Show, ..MentionFilter::default() };
    store.mentions(&filter, None, 10_000).await.expect("mentions")
}

impl Fake {
    /// Writes down when the cursor stands past something that the store does not hold.
    async fn check_cursor(&self, cursor: &Cursor) -> usize {
        let at = cursor.0.parse().unwrap_or(0);
        let kept: BTreeSet<PostKey> = all_mentions(&self.store, self.brand).await.into_iter().map(|m| m.key).collect();
        let mut log = self.log.lock().unwrap();
        log.asked.push(cursor.0.clone());
        if log.posts[..at].iter().any(|post| !kept.contains(&post.key)) {
            log.lost.push(cursor.0.clone());
        }
        at
    }
}

impl Adapters for Fake {
    type Adapter = Self;

    fn adapter(&self, _: &SourceSpec, _: &BrandTerms) -> Result<Self, SettingsError> {
        Ok(self.clone())
    }
}

impl Poll for Fake {
    async fn poll(&self, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let at = self.check_cursor(cursor).await;
        self.reached.notify_one();
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let host = "ruby.example".to_owned();
        let step = self.log.lock().unwrap().plan.pop_front().unwrap_or(Step::Answer);
        match step {
            Step::Answer => {}
            Step::Fail => return Err(PollError::Unavailable { host, what: "no route".to_owned(), not_before: None }),
            Step::RateLimit(ms) => return Err(PollError::RateLimited { host, until: now.plus(ms) }),
            Step::Refuse => return Err(PollError::Unauthorised { host, what: "the token is not valid".to_owned() }),
            Step::Panic => panic!("an adapter with a bug"),
            Step::Hang => std::future::pending().await,
        }
        let log = self.log.lock().unwrap();
        let end = (at + log.page).min(log.posts.len());
        Ok(Page {
            posts: log.posts[at.saturating_sub(log.overlap)..end].to_vec(),
            gone: Vec::new(),
            cursor: Cursor(end.to_string()),
            covered: None,
            more: if end < log.posts.len() { More::Now } else { More::CaughtUp },
            not_before: None,
            ..Page::default()
        })
    }

    async fn recheck(&self, keys: &[PostKey], _: Millis) -> Result<Recheck, PollError> {
        let mut log = self.log.lock().unwrap();
        log.rechecked.0.extend(keys.iter().map(|key| key.native_id().to_owned()));
        let asked = keys.iter().filter(|key| !log.hushed.contains(key)).cloned();
        let (gone, there): (Vec<_>, Vec<_>) = asked.partition(|key| log.gone.contains(key));
        let find = |key: &PostKey| log.posts.iter().rfind(|post| post.key == *key).cloned();
        Ok(Recheck { present: there.iter().filter_map(find).collect(), gone, ..Recheck::default() })
    }

    fn recheck_batch(&self) -> usize {
        2
    }

    fn bulk(&self, _: Millis) -> Option<Bulk> {
        self.log.lock().unwrap().bulk
    }

    async fn check_in_bulk(&self, due: &[PostKey], _: Millis) -> Result<Recheck, PollError> {
        let mut log = self.log.lock().unwrap();
        log.rechecked.1.extend(due.iter().map(|key| key.native_id().to_owned()));
        let (gone, checked) = due.iter().cloned().partition(|key| log.gone.contains(key));
        Ok(Recheck { gone, checked, ..Recheck::default() })
    }
}
