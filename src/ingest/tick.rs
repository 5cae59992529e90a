//! One tick: one due source is claimed, asked, and what it says is kept.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::adapters::{Adapters, Poll};
use super::poller::Poller;
use super::prepare::{self, Judge};
use super::purse::Purse;
use super::schedule::{Ended, Mood, Timing, next_poll};
use crate::domain::ids::SourceId;
use crate::domain::matching::Matcher;
use crate::domain::source::{Cursor, More, Page};
use crate::domain::statement::Statement;
use crate::domain::time::Millis;
use crate::sources::{PollError, metered};
use crate::store::{Kept, OwnPost, PageToKeep, SourceLease, StoreError};

/// What one tick did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No source was due.
    Idle {
        /// When one is; `None`: there are no sources.
        next_due: Option<Millis>,
    },
    /// A source answered.
    Polled {
        /// Which.
        source: SourceId,
        /// Pages that were kept.
        pages: usize,
        /// What was new in them, rechecks included.
        kept: Kept,
        /// When it is asked again.
        next_poll_at: Millis,
    },
    /// A source did not answer; pages that it had answered before are kept.
    Failed {
        /// Which.
        source: SourceId,
        /// Why, and how to mend it, in words.
        error: String,
        /// When it is asked again.
        next_poll_at: Millis,
    },
    /// Another process took the source; it goes on there.
    Lost {
        /// Which.
        source: SourceId,
    },
}

/// Why a poll ended without an answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: String,
    lasting: Lasting,
    not_before: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasting {
    /// It may work later.
    Passing,
    /// A person must change something first.
    Final,
}

/// How a chain of pages ended.
enum Chain {
    Done { pages: usize, kept: Kept, next_poll_at: Millis },
    Broken(Failure),
}

/// A claimed source with what is needed to poll it.
pub(super) struct Work<P> {
    pub(super) lease: SourceLease,
    pub(super) adapter: P,
    pub(super) matcher: Matcher,
    mood: Mood,
}

impl<A: Adapters> Poller<A> {
    /// Polls the source that has been due the longest, if one is due. Never waits for a time.
    pub async fn tick(&self) -> Result<Outcome, StoreError> {
        match self.claim().await? {
            Some(lease) => self.poll_source(lease).await,
            None => Ok(Outcome::Idle { next_due: self.store.next_due(self.clock.now()).await? }),
        }
    }

    /// Polls a claimed source and gives it back.
    pub(super) async fn poll_source(&self, lease: SourceLease) -> Result<Outcome, StoreError> {
        let source = lease.id;
        let held = lease.clone();
        let outcome = tokio::select! {
            outcome = self.try_poll_source(lease) => outcome,
            never = self.hold(&held) => match never {},
        };
        match outcome {
            Err(StoreError::Conflict) => {
                tracing::warn!(source.id = source.get(), "Another process took this source; leaving it there");
                Ok(Outcome::Lost { source })
            }
            outcome => outcome,
        }
    }

    /// Renews a lease for as long as this is polled, so that a slow answer does not lose it and a death frees it soon.
    async fn hold(&self, lease: &SourceLease) -> Infallible {
        loop {
            self.clock.sleep_ms((self.lease_ms() / 3).max(1)).await;
            // A lost or given back lease is for the poll itself to notice.
            if let Err(error) = self.store.renew_lease(lease, self.clock.now().plus(self.lease_ms())).await {
                tracing::debug!(source.id = lease.id.get(), error = %error, "The lease was not renewed");
            }
        }
    }

    async fn try_poll_source(&self, lease: SourceLease) -> Result<Outcome, StoreError> {
        let brand = self.store.brand(lease.spec.brand).await?;
        let troubled = self.store.open_incidents().await?.iter().any(|incident| incident.brand == brand.id);
        let mood = if troubled { Mood::Incident } else { Mood::Calm };
        let adapter = self.adapters.adapter(&lease.spec, &brand.terms).map_err(|e| Failure::lasting(e.to_string()));
        let matcher = Matcher::new(&brand.terms).map_err(|e| Failure::lasting(format!("The terms of the brand: {e}")));
        let work = match (adapter, matcher) {
            (Ok(adapter), Ok(matcher)) => Work { lease, adapter, matcher, mood },
            (Err(failure), _) | (_, Err(failure)) => return self.fail(&lease, mood, failure).await,
        };
        let mut purse = Purse::of(&work.lease);
        match self.chain(&work, &mut purse).await? {
            Chain::Broken(failure) => self.fail(&work.lease, mood, failure).await,
            Chain::Done { pages, mut kept, next_poll_at } => {
                add(&mut kept, self.recheck(&work, &mut purse).await?);
                add(&mut kept, self.check_in_bulk(&work, &purse).await?);
                self.store.give_back(&work.lease, next_poll_at).await?;
                let source = work.lease.id;
                tracing::debug!(source.name = work.lease.spec.name, pages, new = kept.new, updated = kept.updated, "Polled");
                Ok(Outcome::Polled { source, pages, kept, next_poll_at })
            }
        }
    }

    /// Asks for page after page. Each is kept with its cursor before the next one is asked for.
    async fn chain<P: Poll>(&self, work: &Work<P>, purse: &mut Purse) -> Result<Chain, StoreError> {
        let lease = &work.lease;
        let mut cursor = lease.cursor.clone();
        let mut kept = Kept::default();
        let (mut pages, mut newest) = (0, Millis::default());
        loop {
            let asked_at = self.clock.now();
            self.store.renew_lease(lease, asked_at.plus(self.lease_ms())).await?;
            if let Err(error) = self.open_purse((lease, &work.adapter), purse, asked_at).await? {
                return Ok(Chain::Broken(Failure::from(&error)));
            }
            let (answer, spent) = metered(self.guarded(work.adapter.poll(&cursor, asked_at))).await;
            let now = self.clock.now();
            self.pay(lease, purse, spent, now).await?;
            let mut page = match answer {
                Ok(page) => page,
                Err(failure) => return Ok(Chain::Broken(failure)),
            };
            page.gone.extend(self.store.posts_of_accounts(&std::mem::take(&mut page.closed)).await?);
            pages += 1;
            let goes_on = self.goes_on(&page, &cursor, (pages, now));
            cursor = page.cursor.clone();
            let not_before = page.not_before;
            // Before the cursor moves: what is kept twice is kept once.
            let own = own_posts(&page, work, now);
            self.store.save_own_posts(lease.spec.brand, lease.id, &own, now).await?;
            self.keep_statements(lease, (&page, own), now).await?;
            let mut page = match prepared(page, work, now) {
                Ok(page) => page,
                Err(failure) => return Ok(Chain::Broken(failure)),
            };
            newest = page.keep.iter().map(|kept| kept.post.created_at).fold(newest, Millis::max);
            if goes_on == GoesOn::Now {
                page.next_poll_at = now;
                add(&mut kept, self.store.save_page(lease, page, now).await?);
                continue;
            }
            let ended = match goes_on {
                GoesOn::Later => Ended::Unfinished,
                _ => Ended::Well { quiet: self.note_quiet(lease.id, newest) },
            };
            let mut spaced = lease.clone();
            spaced.spec.every_ms = purse.every_ms(lease.spec.every_ms);
            let next_poll_at = self.next(&spaced, work.mood, (ended, not_before), now);
            // Due still: that keeps the lease until known posts are read again.
            page.next_poll_at = now;
            add(&mut kept, self.store.save_page(lease, page, now).await?);
            return Ok(Chain::Done { pages, kept, next_poll_at });
        }
    }

    /// What the brand said itself: told as such by the platform, or posted by one of its accounts to everybody. Offers are no
    /// updates of an incident.
    async fn keep_statements(&self, lease: &SourceLease, (page, own): (&Page, Vec<OwnPost>), now: Millis) -> Result<(), StoreError> {
        let own = own.into_iter().filter(|own| own.promotional.is_empty() && own.post.reply_to.is_none() && !own.post.text.is_empty());
        let said: Vec<Statement> = page.updates.iter().cloned().chain(own.map(|own| Statement::from(own.post))).collect();
        if !said.is_empty() || !page.gone.is_empty() {
            self.store.keep_statements(lease, &said, &page.gone, now).await?;
        }
        Ok(())
    }

    fn goes_on(&self, page: &Page, before: &Cursor, (pages, now): (usize, Millis)) -> GoesOn {
        let wished_later = page.not_before.is_some_and(|at| at > now);
        match page.more {
            More::CaughtUp => GoesOn::Not,
            // Asking the same again would bring the same again.
            More::Now if page.cursor == *before => GoesOn::Not,
            More::Now if wished_later || pages >= self.options.pages || self.finishing.is_cancelled() => GoesOn::Later,
            More::Now => GoesOn::Now,
        }
    }

    /// Runs one request of an adapter: bounded in time, and a panic in it is a failure.
    pub(super) async fn guarded<T>(&self, request: impl Future<Output = Result<T, PollError>>) -> Result<T, Failure> {
        let bounded = tokio::time::timeout(self.options.page_timeout, AssertUnwindSafe(request).catch_unwind());
        match bounded.await {
            Ok(Ok(answer)) => answer.map_err(|error| Failure::from(&error)),
            Ok(Err(_panic)) => Err(Failure::panicked()),
            Err(_elapsed) => {
                let limit = self.options.page_timeout;
                Err(Failure::passing(format!("No complete answer within {limit:?}. It is asked again by itself, with growing pauses.")))
            }
        }
    }

    async fn fail(&self, lease: &SourceLease, mood: Mood, failure: Failure) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let ended = match failure.lasting {
            Lasting::Passing => Ended::Failed { failures: lease.failures.saturating_add(1) },
            Lasting::Final => Ended::Refused,
        };
        let next_poll_at = self.next(lease, mood, (ended, failure.not_before), now);
        self.store.save_poll_failure(lease, &failure.error, next_poll_at, now).await?;
        tracing::warn!(source.name = lease.spec.name, error = failure.error, "A source could not be polled");
        Ok(Outcome::Failed { source: lease.id, error: failure.error, next_poll_at })
    }

    fn next(&self, lease: &SourceLease, mood: Mood, (ended, not_before): (Ended, Option<Millis>), now: Millis) -> Millis {
        let timing = Timing {
            now,
            every_ms: lease.spec.every_ms,
            // Who configured a shorter interval means it. In the future in any case: that is what gives the lease back.
            floor_ms: self.options.floor_ms.min(lease.spec.every_ms).max(1),
            mood,
            ended,
            late_ms: lease.claimed_at.since(lease.due_at),
            not_before,
            random: self.random(),
        };
        next_poll(&timing)
    }
}

/// Whether another page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    Now,
    Later,
    Not,
}

/// What the brand's own accounts posted; nothing when one of those posts makes Ebb itself fail.
fn own_posts<P>(page: &Page, work: &Work<P>, now: Millis) -> Vec<OwnPost> {
    let judge = Judge { spec: &work.lease.spec, matcher: &work.matcher };
    std::panic::catch_unwind(AssertUnwindSafe(|| prepare::own_posts(&page.posts, &judge, now))).unwrap_or_default()
}

/// A page ready for the store, but for the time of the next poll.
fn prepared<P>(page: Page, work: &Work<P>, now: Millis) -> Result<PageToKeep, Failure> {
    let judge = Judge { spec: &work.lease.spec, matcher: &work.matcher };
    let posts = page.posts;
    let keep =
        std::panic::catch_unwind(AssertUnwindSafe(|| prepare::mentions(posts, &judge, now))).map_err(|_panic| Failure::panicked())?;
    Ok(PageToKeep { keep, gone: page.gone, cursor: page.cursor, covered: page.covered, next_poll_at: now, asked: 1 })
}

pub(super) fn add(sum: &mut Kept, part: Kept) {
    sum.new += part.new;
    sum.updated += part.updated;
    sum.unchanged += part.unchanged;
    sum.deleted += part.deleted;
    sum.copies += part.copies;
}

impl Failure {
    fn passing(error: String) -> Self {
        Self { error, lasting: Lasting::Passing, not_before: None }
    }

    fn lasting(error: String) -> Self {
        Self { error, lasting: Lasting::Final, not_before: None }
    }

    fn panicked() -> Self {
        let error = "Ebb itself failed while it read this source. It is asked again by itself; if it lasts, please report it with the log.";
        Self::passing(error.to_owned())
    }
}

impl From<&PollError> for Failure {
    fn from(error: &PollError) -> Self {
        let lasting = if error.is_final() { Lasting::Final } else { Lasting::Passing };
        Self { error: error.advice(), lasting, not_before: error.not_before() }
    }
}
