//! What a source may still cost today, asked before each page and counted after it.

use super::adapters::{Adapters, Poll};
use super::poller::Poller;
use crate::domain::budget::{Budget, Saving, Spent, Thrift, next_day};
use crate::domain::time::Millis;
use crate::sources::PollError;
use crate::store::{SourceLease, StoreError};

/// The budget of one source, and how it is kept to.
#[derive(Debug, Clone, Default)]
pub(super) struct Purse {
    budget: Option<Budget>,
    thrift: Thrift,
    saving: Option<Saving>,
}

impl Purse {
    /// The purse of a source. An unreadable budget was refused when the source was configured.
    pub(super) fn of(lease: &SourceLease) -> Self {
        let budget = Budget::of(&lease.spec.settings).ok().flatten().or_else(|| Budget::usual(lease.spec.kind));
        Self { budget, ..Self::default() }
    }

    /// The interval between polls: a source that cannot read a part of the time is asked one time in n.
    pub(super) fn every_ms(&self, every_ms: i64) -> i64 {
        match self.saving {
            Some(Saving::AsksLess) => every_ms.saturating_mul(self.thrift.one_in),
            _ => every_ms,
        }
    }
}

impl<A: Adapters> Poller<A> {
    /// Looks into the purse before a request; the error says until when it is empty.
    pub(super) async fn open_purse<P: Poll>(
        &self,
        (lease, adapter): (&SourceLease, &P),
        purse: &mut Purse,
        now: Millis,
    ) -> Result<Result<(), PollError>, StoreError> {
        let Some(budget) = &purse.budget else { return Ok(Ok(())) };
        let (spent, demand) = self.store.spent_today(lease.id, now).await?;
        let thrift = budget.thrift(spent, demand, now);
        purse.saving = Some(adapter.thrift(thrift));
        purse.thrift = thrift;
        self.store.note_sampling(lease.id, thrift.one_in, now).await?;
        Ok(if thrift.is_spent() { Err(PollError::BudgetSpent { until: next_day(now) }) } else { Ok(()) })
    }

    /// Counts what a request cost, where there is a budget or a price.
    pub(super) async fn pay(&self, lease: &SourceLease, purse: &Purse, spent: Spent, now: Millis) -> Result<(), StoreError> {
        if spent == Spent::default() || (purse.budget.is_none() && spent.micros == 0) {
            return Ok(());
        }
        let n = purse.thrift.one_in;
        let demand = Spent { requests: spent.requests.saturating_mul(n), micros: spent.micros.saturating_mul(n) };
        self.store.spend(lease.id, (spent, demand), now).await
    }
}
