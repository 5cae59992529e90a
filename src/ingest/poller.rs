//! The poller: claims due sources, asks several at once, waits, and stops when it is told.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::adapters::Adapters;
use super::tick::Outcome;
use crate::clock::Clock;
use crate::domain::ids::{BrandId, SourceId};
use crate::domain::source::SourceHealth;
use crate::domain::time::Millis;
use crate::store::{SourceLease, Store, StoreError};

/// How a poller behaves. Times are the machine's, also on a clock that runs faster.
#[derive(Debug, Clone)]
pub struct PollerOptions {
    /// Names this process in leases.
    pub worker: String,
    /// No two polls of one source are nearer than this, in milliseconds of the clock; the pages of a chain are.
    /// A shorter configured interval wins.
    pub floor_ms: i64,
    /// How long a source stays taken by a process that died. A living one renews it in time.
    pub lease: Duration,
    /// Longest wait for one page.
    pub page_timeout: Duration,
    /// Pages that one poll asks for; the rest has its turn after [`PollerOptions::floor_ms`].
    pub pages: usize,
    /// Batches of known posts that are read again after one poll.
    pub recheck_batches: usize,
    /// Sources asked at the same time. The HTTP client limits them further by host, and neighbours in a configuration often share one:
    /// with few at once, two hosts that make them wait would hold up all others.
    pub at_once: usize,
    /// Longest wait before looking for work that another process made.
    pub look_again: Duration,
    /// Any random number; it spreads retries.
    pub seed: u64,
}

impl Default for PollerOptions {
    fn default() -> Self {
        Self {
            worker: "poll".to_owned(),
            floor_ms: 30_000,
            lease: Duration::from_secs(20),
            page_timeout: Duration::from_secs(100),
            pages: 50,
            recheck_batches: 5,
            at_once: 32,
            look_again: Duration::from_secs(15),
            seed: 0,
        }
    }
}

/// Polls sources. Clones share everything.
#[derive(Debug)]
pub struct Poller<A> {
    pub(super) store: Store,
    pub(super) adapters: Arc<A>,
    pub(super) clock: Clock,
    pub(super) options: Arc<PollerOptions>,
    pub(super) finishing: CancellationToken,
    memory: Arc<Mutex<Memory>>,
    wake: Arc<Notify>,
}

/// What is no loss when the process ends.
#[derive(Debug)]
struct Memory {
    quiet: HashMap<SourceId, Quiet>,
    random: StdRng,
    /// Brands with an open incident at the last look; `None` before the first.
    troubled: Option<BTreeSet<BrandId>>,
    /// Sources to ask before they are due: an incident was opened.
    hurried: VecDeque<SourceId>,
}

/// How long a source has been quiet.
#[derive(Debug, Clone, Copy, Default)]
struct Quiet {
    /// The time of the newest mention that was seen. Pages overlap, so what is older is no news.
    newest: Millis,
    /// Polls in a row without a newer one.
    polls: u32,
}

impl<A> Clone for Poller<A> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            adapters: Arc::clone(&self.adapters),
            clock: self.clock.clone(),
            options: Arc::clone(&self.options),
            finishing: self.finishing.clone(),
            memory: Arc::clone(&self.memory),
            wake: Arc::clone(&self.wake),
        }
    }
}

impl<A: Adapters> Poller<A> {
    /// `finishing` resolves when no new work should start; the page under way is finished then.
    pub fn new(store: Store, adapters: A, clock: Clock, options: PollerOptions, finishing: CancellationToken) -> Self {
        let random = StdRng::seed_from_u64(options.seed);
        Self {
            store,
            adapters: Arc::new(adapters),
            clock,
            options: Arc::new(options),
            finishing,
            memory: Arc::new(Mutex::new(Memory { quiet: HashMap::new(), random, troubled: None, hurried: VecDeque::new() })),
            wake: Arc::new(Notify::new()),
        }
    }

    /// Makes [`Poller::run`] look for due sources now: they were changed, or an incident was opened.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Polls until [`Poller::new`]'s token resolves, then waits for the pages under way. Dropping the future drops
    /// those too: what was not kept is read again.
    pub async fn run(&self) {
        let mut polls = JoinSet::new();
        while !self.finishing.is_cancelled() {
            while let Some(ended) = polls.try_join_next() {
                report(ended);
            }
            // Armed before the look: a wake-up that comes in between is not lost.
            let woken = self.wake.notified();
            let next = if polls.len() < self.options.at_once { self.claim_one(&mut polls).await } else { Next::WhenOneEnds };
            let until = match next {
                Next::AtOnce => continue,
                Next::At(at) => Some(at),
                Next::WhenOneEnds => None,
            };
            tokio::select! {
                () = self.finishing.cancelled() => {}
                () = woken => {}
                Some(ended) = polls.join_next(), if !polls.is_empty() => report(ended),
                () = self.sleep_until(until), if until.is_some() => {}
            }
        }
        while let Some(ended) = polls.join_next().await {
            report(ended);
        }
    }

    /// Starts the poll of one due source, or says how long there is nothing to do.
    async fn claim_one(&self, polls: &mut JoinSet<Result<Outcome, StoreError>>) -> Next {
        match self.claim().await {
            Ok(Some(lease)) => {
                let poller = self.clone();
                polls.spawn(async move { poller.poll_source(lease).await });
                Next::AtOnce
            }
            Ok(None) => match self.store.next_due(self.clock.now()).await {
                Ok(due) => Next::At(self.soon(due)),
                Err(error) => self.after_trouble(&error),
            },
            Err(error) => self.after_trouble(&error),
        }
    }

    /// Takes a source that should hurry, else the one that has been due the longest.
    pub(super) async fn claim(&self) -> Result<Option<SourceLease>, StoreError> {
        self.look_for_incidents().await?;
        while let Some(source) = self.next_hurried() {
            match self.store.claim_this_source(source, &self.options.worker, self.clock.now(), self.lease_ms()).await {
                // Being asked just now.
                Err(StoreError::Busy | StoreError::NotFound) => {}
                lease => return lease.map(Some),
            }
        }
        self.store.claim_source(&self.options.worker, self.clock.now(), self.lease_ms()).await
    }

    /// When an incident was opened since the last look, the sources of its brand are asked now: their next poll was
    /// planned when all was calm.
    async fn look_for_incidents(&self) -> Result<(), StoreError> {
        let troubled: BTreeSet<BrandId> = self.store.open_incidents().await?.iter().map(|incident| incident.brand).collect();
        let before = self.remember().troubled.replace(troubled.clone());
        // After a start, the plans of the process before hold.
        let fresh: BTreeSet<BrandId> = before.map_or_else(BTreeSet::new, |before| troubled.difference(&before).copied().collect());
        if fresh.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let may_hurry = |source: &SourceHealth| {
            let rested = source.last_poll_at.is_none_or(|at| now.since(at) >= self.options.floor_ms);
            // One that fails keeps its pause.
            source.enabled && source.spec.kind.is_polled() && source.failures == 0 && rested
        };
        let sources = self.store.source_health().await?;
        let hurried = sources.iter().filter(|source| fresh.contains(&source.spec.brand) && may_hurry(source)).map(|source| source.id);
        self.remember().hurried.extend(hurried);
        Ok(())
    }

    fn next_hurried(&self) -> Option<SourceId> {
        self.remember().hurried.pop_front()
    }

    fn remember(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lease, in milliseconds of the clock.
    pub(super) fn lease_ms(&self) -> i64 {
        self.in_clock_ms(self.options.lease)
    }

    fn in_clock_ms(&self, time: Duration) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "minutes, times the speed of a demo")]
        let ms = (time.as_secs_f64() * 1000.0 * self.clock.speed()) as i64;
        ms.max(1)
    }

    /// The time of the next due source, or of the next look whether something has changed.
    fn soon(&self, due: Option<Millis>) -> Millis {
        let look = self.clock.now().plus(self.in_clock_ms(self.options.look_again));
        due.map_or(look, |due| due.min(look))
    }

    fn after_trouble(&self, error: &StoreError) -> Next {
        tracing::warn!(error = %error, "Cannot look for due sources; trying again soon");
        Next::At(self.clock.now().plus(self.in_clock_ms(Duration::from_secs(2))))
    }

    async fn sleep_until(&self, at: Option<Millis>) {
        if let Some(at) = at {
            self.clock.sleep_until(at).await;
        }
    }

    /// Counts polls in a row whose newest mention is no news; returns how many they are, this one too.
    pub(super) fn note_quiet(&self, source: SourceId, newest: Millis) -> u32 {
        let mut memory = self.remember();
        let quiet = memory.quiet.entry(source).or_default();
        quiet.polls = if newest > quiet.newest { 0 } else { quiet.polls.saturating_add(1) };
        quiet.newest = quiet.newest.max(newest);
        quiet.polls
    }

    /// 0..1.
    pub(super) fn random(&self) -> f64 {
        self.remember().random.random()
    }
}

/// What [`Poller::run`] does next.
enum Next {
    AtOnce,
    At(Millis),
    WhenOneEnds,
}

fn report(ended: Result<Result<Outcome, StoreError>, JoinError>) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error = %error, "A poll could not be kept; it is done again when its lease ends"),
        Err(error) => tracing::error!(error = %error, "A poll ended by itself; it is done again when its lease ends"),
    }
}
