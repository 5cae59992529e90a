//! What a poll brought, kept in one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::bulk::{self, Value, values};
use super::copies::Originals;
use super::coverage::{self, Poll};
use super::error::Attempts;
use super::keep::{Keep, Keeper, Tally};
use super::known::{self, Known};
use super::recheck::next_recheck;
use super::rollup::{self, Deltas};
use super::row::{Cells, clean_to};
use super::{Result, SourceLease, Store, StoreError, Touch, WriteTx, tombstone};
use crate::domain::ids::SourceId;
use crate::domain::post::PostKey;
use crate::domain::source::Cursor;
use crate::domain::time::{HOUR_MS, Millis, Span};

/// One page, matched and fingerprinted.
#[derive(Debug, Clone, PartialEq)]
pub struct PageToKeep {
    /// Its mentions; repeats and known ones are expected.
    pub keep: Vec<Keep>,
    /// Posts that the platform says are deleted; this wins over `keep`.
    pub gone: Vec<PostKey>,
    /// Where to go on.
    pub cursor: Cursor,
    /// The stretch of time that is now fully read.
    pub covered: Option<Span>,
    /// When to ask again. Not after `now`: the chain of pages goes on, and the lease stays.
    pub next_poll_at: Millis,
    /// Requests that this page took.
    pub asked: i64,
}

/// What re-reading known posts brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecheckToKeep {
    /// Still there, perhaps with new text.
    pub present: Vec<Keep>,
    /// Not in the answer; the second miss at least an hour after the first means deletion.
    pub missing: Vec<PostKey>,
    /// The platform says deleted.
    pub gone: Vec<PostKey>,
    /// As they were, or not judged this time: they have their turn again later.
    pub checked: Vec<PostKey>,
}

/// What became of the posts of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// First seen, or first seen as a mention of this brand.
    pub new: i64,
    /// Known, with other words, reactions or links; tombstones that came back.
    pub updated: i64,
    /// Known, and as they were.
    pub unchanged: i64,
    /// Tombstones made.
    pub deleted: i64,
    /// Of the new ones, copies.
    pub copies: i64,
}

const MOVE_ON: &str = "
update sources set
    cursor = $3,
    next_poll_at = $4,
    lease_until = case when $4 > $5 then 0 else lease_until end,
    last_poll_at = $5,
    last_success_at = $5,
    newest_post_at = case when $6 > coalesce(newest_post_at, 0) then $6 else newest_post_at end,
    failures = 0,
    last_error = null,
    mentions = mentions + $7
where id = $1
    and leased_by = $2";

const FAIL: &str = "
update sources set
    next_poll_at = $3,
    lease_until = 0,
    last_poll_at = $4,
    failures = failures + 1,
    last_error = $5
where id = $1
    and leased_by = $2";

const HELD: &str = "
select
    id
from sources
where id = $1
    and leased_by = $2";

const DUE_RECHECKS: &str = "
select
    id,
    platform,
    instance,
    native_id
from mentions
where source_id = $1
    and recheck_at <= $2
    and deleted_at is null
    and created_at >= $4
    and created_at < $5
order by
    recheck_at,
    id
limit $3";

const FOUND: (&str, &str) = (
    "
update mentions set
    misses = 0,
    missed_at = null,
    recheck_at = v.column2
from (values ",
    ") as v
where mentions.id = v.column1",
);

const LATER: (&str, &str) = (
    "
update mentions set
    recheck_at = v.column2
from (values ",
    ") as v
where mentions.id = v.column1",
);

const MISSED: (&str, &str) = (
    "
update mentions set
    misses = misses + 1,
    missed_at = v.column2,
    recheck_at = v.column3
from (values ",
    ") as v
where mentions.id = v.column1",
);

/// A miss counts again after this long: servers hide posts for moments.
const SECOND_MISS_MS: i64 = HOUR_MS;

impl Store {
    /// Keeps a page: posts, matches, queue, counts, tombstones, cursor, coverage and health, or nothing.
    ///
    /// [`StoreError::Conflict`] when the lease was lost.
    pub async fn save_page(&self, lease: &SourceLease, page: PageToKeep, now: Millis) -> Result<Kept> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_page(lease, &page, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_page(&self, lease: &SourceLease, page: &PageToKeep, now: Millis) -> Result<Kept> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let kept = self.keep_posts(&mut tx, (lease, &page.keep, &page.gone), now).await?;
        let poll = Poll { requests: page.asked, answered: page.asked, items: kept.new };
        coverage::count_poll(&mut tx, lease, poll, now).await?;
        if let Some(span) = page.covered {
            coverage::add_covered(&mut tx, lease, span, now).await?;
        }
        let newest = page.keep.iter().map(|k| k.post.created_at).max().unwrap_or_default().min(now);
        let moved = sqlx::query(MOVE_ON)
            .bind(lease.id.get())
            .bind(&lease.token)
            .bind(super::row::clean(&page.cursor.0))
            .bind(page.next_poll_at.get())
            .bind(now.get())
            .bind(newest.get())
            .bind(kept.new)
            .execute(&mut *tx)
            .await?;
        if moved.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// Counts a poll that failed, and gives the lease back. [`StoreError::Conflict`] when it was lost.
    pub async fn save_poll_failure(&self, lease: &SourceLease, error: &str, next_poll_at: Millis, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Mentions).await?;
        coverage::count_poll(&mut tx, lease, Poll { requests: 1, answered: 0, items: 0 }, now).await?;
        let failed = sqlx::query(FAIL)
            .bind(lease.id.get())
            .bind(&lease.token)
            .bind(next_poll_at.get())
            .bind(now.get())
            .bind(clean_to(error, 2_000))
            .execute(&mut *tx)
            .await?;
        if failed.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Live posts first found by this source that should be read again by id, longest due first.
    pub async fn due_rechecks(&self, source: SourceId, now: Millis, limit: i64) -> Result<Vec<PostKey>> {
        self.due_rechecks_of(source, Millis::new(i64::MIN)..Millis::new(i64::MAX), now, limit).await
    }

    /// The same, of posts written in this time.
    pub async fn due_rechecks_of(&self, source: SourceId, written: Range<Millis>, now: Millis, limit: i64) -> Result<Vec<PostKey>> {
        let query = sqlx::query(DUE_RECHECKS).bind(source.get()).bind(now.get()).bind(limit);
        let rows = query.bind(written.start.get()).bind(written.end.get()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| known::key(row, row.int("id")?)).collect()
    }

    /// Keeps what re-reading by id brought. A second miss at least an hour after the first makes a tombstone.
    ///
    /// [`StoreError::Conflict`] when the lease was lost.
    pub async fn save_recheck(&self, lease: &SourceLease, recheck: RecheckToKeep, now: Millis) -> Result<Kept> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_recheck(lease, &recheck, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_recheck(&self, lease: &SourceLease, recheck: &RecheckToKeep, now: Millis) -> Result<Kept> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let held = sqlx::query(HELD).bind(lease.id.get()).bind(&lease.token).fetch_optional(&mut *tx).await?;
        held.ok_or(StoreError::Conflict)?;
        let mut gone = recheck.gone.clone();
        gone.extend(note_misses(&mut tx, lease, &recheck.missing, now).await?);
        let kept = self.keep_posts(&mut tx, (lease, &recheck.present, &gone), now).await?;
        let present = known::load(&mut tx, lease.spec.brand, recheck.present.iter().map(|k| &k.post.key)).await?;
        bulk::execute(&mut tx, FOUND, later(&present, now)).await?;
        let checked = known::load(&mut tx, lease.spec.brand, recheck.checked.iter()).await?;
        bulk::execute(&mut tx, LATER, later(&checked, now)).await?;
        tx.commit().await?;
        Ok(kept)
    }

    async fn keep_posts(&self, tx: &mut WriteTx, (lease, keeps, gone): (&SourceLease, &[Keep], &[PostKey]), now: Millis) -> Result<Kept> {
        let gone: HashSet<&PostKey> = gone.iter().collect();
        let keys: HashSet<&PostKey> = keeps.iter().map(|k| &k.post.key).chain(gone.iter().copied()).collect();
        let known = known::load(tx, lease.spec.brand, keys.into_iter()).await?;
        let keeps: Vec<&Keep> = keeps.iter().filter(|k| !gone.contains(&k.post.key)).collect();
        let mut keeper = Keeper {
            store: self,
            tx,
            lease,
            now,
            originals: Originals::of(lease.spec.brand),
            recount: BTreeSet::new(),
            deltas: Deltas::default(),
            tally: Tally::default(),
        };
        keeper.keep(&keeps, &known).await?;
        let deleted = bury_gone(&mut keeper, &gone, &known).await?;
        keeper.originals.save(keeper.tx).await?;
        let Keeper { tx, recount, deltas, tally, .. } = keeper;
        deltas.apply(tx).await?;
        rollup::recount(tx, &recount).await?;
        let Tally { new, updated, unchanged, copies } = tally;
        Ok(Kept { new, updated, unchanged, deleted, copies })
    }
}

/// When live posts have their turn again.
fn later(known: &HashMap<PostKey, Known>, now: Millis) -> Vec<Vec<Value>> {
    let live = known.iter().filter(|(_, m)| m.deleted_at.is_none());
    live.map(|(key, m)| values![m.id, next_recheck(key.platform(), m.created_at, now).map(Millis::get)]).collect()
}

async fn bury_gone(keeper: &mut Keeper<'_>, gone: &HashSet<&PostKey>, known: &HashMap<PostKey, Known>) -> Result<i64> {
    let mut dead: Vec<&Known> = gone.iter().filter_map(|k| known.get(*k)).filter(|m| m.deleted_at.is_none()).collect();
    if dead.is_empty() {
        return Ok(0);
    }
    dead.sort_by_key(|m| m.id);
    let changed = tombstone::bury(keeper.tx, &dead, &mut keeper.originals, keeper.now).await?;
    keeper.recount.extend(changed);
    Ok(i64::try_from(dead.len()).unwrap_or(i64::MAX))
}

/// Writes down first misses; returns the posts that were missed long enough to be gone.
async fn note_misses(tx: &mut WriteTx, lease: &SourceLease, missing: &[PostKey], now: Millis) -> Result<Vec<PostKey>> {
    let known = known::load(tx, lease.spec.brand, missing.iter()).await?;
    let (mut gone, mut missed) = (Vec::new(), Vec::new());
    for (key, mention) in known.into_iter().filter(|(_, m)| m.deleted_at.is_none()) {
        let first = mention.missed_at.unwrap_or(now);
        if mention.missed_at.is_some() && now.since(first) >= SECOND_MISS_MS {
            gone.push(key);
        } else {
            missed.push(values![mention.id, first.get(), first.plus(SECOND_MISS_MS).get()]);
        }
    }
    bulk::execute(tx, MISSED, missed).await?;
    Ok(gone)
}
