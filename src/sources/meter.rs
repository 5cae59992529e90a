//! What asking costs: requests are counted where they are made, money where an adapter knows a price.
//!
//! The meter belongs to the task that asks, so an adapter need not carry it: [`metered`] runs a request of an adapter and
//! says what it took.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::budget::Spent;
use crate::domain::time::{DAY_MS, Millis};

#[derive(Debug, Default)]
struct Meter {
    requests: AtomicI64,
    micros: AtomicI64,
}

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// Runs `work` and says what it cost, also when it failed.
pub async fn metered<T>(work: impl Future<Output = T>) -> (T, Spent) {
    let meter = Arc::new(Meter::default());
    let out = METER.scope(Arc::clone(&meter), work).await;
    (out, Spent { requests: meter.requests.load(Ordering::Relaxed), micros: meter.micros.load(Ordering::Relaxed) })
}

/// Counts a request. Without a meter nobody asks.
pub(super) fn count_request() {
    let _ = METER.try_with(|meter| meter.requests.fetch_add(1, Ordering::Relaxed));
}

/// Counts money, in millionths.
pub(super) fn count_money(micros: i64) {
    let _ = METER.try_with(|meter| meter.micros.fetch_add(micros.max(0), Ordering::Relaxed));
}

/// Ids remembered; beyond it everything counts as paid again, which errs on the side of the purse.
const MAX_PAID: usize = 500_000;

/// What has been paid for today. Some platforms take money for a post once a UTC day, however often it is read.
#[derive(Debug, Default)]
pub(super) struct Paid(Mutex<(i64, HashSet<String>)>);

impl Paid {
    /// How many of `ids` are paid for the first time today.
    pub(super) fn first_today<'a>(&self, ids: impl Iterator<Item = &'a str>, now: Millis) -> usize {
        let day = now.get().div_euclid(DAY_MS);
        let mut paid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paid.0 != day {
            *paid = (day, HashSet::new());
        }
        let mut first = 0;
        for id in ids {
            let new = if paid.1.len() < MAX_PAID { paid.1.insert(id.to_owned()) } else { !paid.1.contains(id) };
            first += usize::from(new);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_piece_of_work_has_its_own_meter() {
        count_request();
        let (out, spent) = metered(async {
            count_request();
            count_request();
            count_money(7);
            count_money(-9);
            "done"
        })
        .await;
        assert_eq!((out, spent), ("done", Spent { requests: 2, micros: 7 }));
        assert_eq!(metered(async {}).await.1, Spent::default());
    }

    #[test]
    fn a_post_is_paid_once_a_day() {
        let paid = Paid::default();
        let now = Millis::new(5 * DAY_MS);
        assert_eq!(paid.first_today(["a", "b", "a"].into_iter(), now), 2);
        assert_eq!(paid.first_today(["b", "c"].into_iter(), now.plus(DAY_MS - 1)), 1);
        assert_eq!(paid.first_today(["b", "c"].into_iter(), now.plus(DAY_MS)), 2);
    }
}
