//! Known posts are read again: edits and deletions are followed.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;

use super::adapters::{Adapters, Poll};
use super::poller::Poller;
use super::prepare::{self, Judge};
use super::purse::Purse;
use super::tick::{Work, add};
use crate::domain::post::PostKey;
use crate::domain::source::Recheck;
use crate::domain::time::Millis;
use crate::sources::{PollError, metered};
use crate::store::{Kept, RecheckToKeep, StoreError};

impl<A: Adapters> Poller<A> {
    /// Reads known posts of this source again. A failure here leaves them due, and does not count against the source.
    pub(super) async fn recheck<P: Poll>(&self, work: &Work<P>, purse: &mut Purse) -> Result<Kept, StoreError> {
        let mut kept = Kept::default();
        let batch = work.adapter.recheck_batch();
        if batch == 0 {
            return Ok(kept);
        }
        let now = self.clock.now();
        let young = work.adapter.bulk(now).map_or(Millis::new(i64::MIN), |bulk| now.plus(-bulk.older_than_ms));
        let limit = i64::try_from(batch.saturating_mul(self.options.recheck_batches)).unwrap_or(i64::MAX);
        let due = self.store.due_rechecks_of(work.lease.id, young..Millis::new(i64::MAX), now, limit).await?;
        for keys in due.chunks(batch) {
            if self.finishing.is_cancelled() {
                break;
            }
            // Following deletions is a duty at the platforms that take money: it goes on until the purse is empty.
            if self.open_purse((&work.lease, &work.adapter), purse, self.clock.now()).await?.is_err() {
                break;
            }
            let Some(mut recheck) = self.look_again(work, purse, work.adapter.recheck(keys, self.clock.now())).await? else { break };
            // Else they would be the first ones next time too, and each time after that.
            recheck.checked.extend(unjudged(keys, &recheck));
            let Some(found) = self.keep_recheck(work, recheck).await? else { break };
            add(&mut kept, found);
        }
        Ok(kept)
    }

    /// Goes on with a check of older posts, many at once, where the platform has such a thing.
    pub(super) async fn check_in_bulk<P: Poll>(&self, work: &Work<P>, purse: &Purse) -> Result<Kept, StoreError> {
        let now = self.clock.now();
        let Some(bulk) = work.adapter.bulk(now) else { return Ok(Kept::default()) };
        let old = Millis::new(i64::MIN)..now.plus(-bulk.older_than_ms);
        let due = match i64::try_from(bulk.batch).unwrap_or(i64::MAX) {
            0 => Vec::new(),
            limit => self.store.due_rechecks_of(work.lease.id, old, now, limit).await?,
        };
        let recheck = self.look_again(work, purse, work.adapter.check_in_bulk(&due, now)).await?.unwrap_or_default();
        if recheck == Recheck::default() {
            return Ok(Kept::default());
        }
        Ok(self.keep_recheck(work, recheck).await?.unwrap_or_default())
    }

    /// Makes a request about known posts, and pays for it; `None` when it failed.
    async fn look_again<P: Poll>(
        &self,
        work: &Work<P>,
        purse: &Purse,
        request: impl Future<Output = Result<Recheck, PollError>>,
    ) -> Result<Option<Recheck>, StoreError> {
        let (answer, spent) = metered(self.guarded(request)).await;
        self.pay(&work.lease, purse, spent, self.clock.now()).await?;
        Ok(answer
            .inspect_err(|failure| {
                tracing::warn!(source.name = work.lease.spec.name, error = failure.error, "Known posts could not be read again");
            })
            .ok())
    }

    /// `None` when one of the posts makes Ebb itself fail.
    async fn keep_recheck<P: Poll>(&self, work: &Work<P>, recheck: Recheck) -> Result<Option<Kept>, StoreError> {
        let now = self.clock.now();
        let Recheck { present, missing, gone, checked } = recheck;
        let judge = Judge { spec: &work.lease.spec, matcher: &work.matcher };
        let prepared = std::panic::catch_unwind(AssertUnwindSafe(|| prepare::known_mentions(present, &judge, now)));
        let Ok(present) = prepared else { return Ok(None) };
        self.store.save_recheck(&work.lease, RecheckToKeep { present, missing, gone, checked }, now).await.map(Some)
    }
}

/// Posts that were asked for and of which the answer says nothing.
fn unjudged(keys: &[PostKey], recheck: &Recheck) -> Vec<PostKey> {
    let told = recheck.present.iter().map(|post| &post.key).chain(&recheck.missing).chain(&recheck.gone).chain(&recheck.checked);
    let told: HashSet<&PostKey> = told.collect();
    keys.iter().filter(|key| !told.contains(key)).cloned().collect()
}
