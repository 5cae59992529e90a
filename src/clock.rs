//! The only reader of time.
//!
//! `System` is the wall clock, `Manual` stands still until a test moves it, and `Scaled` runs faster
//! than the wall clock: the demo lives through days in minutes on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::time::Millis;

/// Reads time and waits for it. Cheap to clone; clones share one time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    System,
    Manual { now: AtomicI64, moved: Notify },
    Scaled { start: Millis, began: Instant, factor: f64 },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// A clock that only [`Clock::advance`] moves.
    pub fn manual(now: Millis) -> Self {
        Self(Arc::new(Kind::Manual { now: AtomicI64::new(now.get()), moved: Notify::new() }))
    }

    /// A clock that shows `start` now and runs `factor` times as fast as the machine's.
    pub fn scaled(start: Millis, factor: f64) -> Self {
        Self(Arc::new(Kind::Scaled { start, began: Instant::now(), factor: factor.max(0.001) }))
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        match &*self.0 {
            Kind::System => system_now(),
            Kind::Manual { now, .. } => Millis::new(now.load(Ordering::SeqCst)),
            Kind::Scaled { start, began, factor } => {
                #[expect(clippy::cast_possible_truncation, reason = "a demo runs for hours, not for 2^53 ms")]
                let passed = (began.elapsed().as_secs_f64() * 1000.0 * factor) as i64;
                start.plus(passed)
            }
        }
    }

    /// Milliseconds of this clock that pass in one second of the machine's.
    pub fn speed(&self) -> f64 {
        match &*self.0 {
            Kind::Scaled { factor, .. } => *factor,
            _ => 1.0,
        }
    }

    /// Waits until this clock shows `at`; returns at once when it does already.
    pub async fn sleep_until(&self, at: Millis) {
        match &*self.0 {
            Kind::Manual { now, moved } => loop {
                let notified = moved.notified();
                if now.load(Ordering::SeqCst) >= at.get() {
                    return;
                }
                notified.await;
            },
            Kind::System | Kind::Scaled { .. } => {
                let left = at.since(self.now()).max(0) as f64 / 1000.0 / self.speed();
                tokio::time::sleep(Duration::from_secs_f64(left.min(86_400.0))).await;
            }
        }
    }

    /// Waits for `ms` of this clock.
    pub async fn sleep_ms(&self, ms: i64) {
        self.sleep_until(self.now().plus(ms)).await;
    }

    /// Moves a manual clock forward; nothing happens to the others.
    pub fn advance(&self, ms: i64) {
        if let Kind::Manual { now, moved } = &*self.0 {
            now.fetch_add(ms, Ordering::SeqCst);
            moved.notify_waiters();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
fn system_now() -> Millis {
    Millis::new(chrono::Utc::now().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_it_is_moved() {
        let clock = Clock::manual(Millis::new(1_000));
        let sleeper = clock.sleep_until(Millis::new(2_000));
        let mover = async {
            tokio::task::yield_now().await;
            clock.advance(1_000);
        };
        tokio::join!(sleeper, mover);
        assert_eq!(clock.now(), Millis::new(2_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_runs_faster_than_the_machine() {
        let clock = Clock::scaled(Millis::new(0), 3_600.0);
        clock.sleep_ms(3_600_000).await;
        assert!((3_600_000..3_700_000).contains(&clock.now().get()));
    }
}
