//! The only reader of time.
//!
//! `System` is the wall clock, `Manual` stands still until a test moves it, and `Scaled` runs faster
//! than the wall clock: the demo lives through days in minutes on it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
    Scaled { pace: Mutex<Pace>, changed: Notify },
}

/// From `began` on, when the clock showed `start`, it runs `factor` times as fast as the machine's.
#[derive(Debug, Clone, Copy)]
struct Pace {
    start: Millis,
    began: Instant,
    factor: f64,
}

impl Pace {
    fn now(self) -> Millis {
        #[expect(clippy::cast_possible_truncation, reason = "a demo runs for hours, not for 2^53 ms")]
        let passed = (self.began.elapsed().as_secs_f64() * 1000.0 * self.factor) as i64;
        self.start.plus(passed)
    }
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
        let pace = Pace { start, began: Instant::now(), factor: factor.max(0.001) };
        Self(Arc::new(Kind::Scaled { pace: Mutex::new(pace), changed: Notify::new() }))
    }

    /// Changes how fast a scaled clock runs from now on, without a jump; nothing happens to the others.
    pub fn set_speed(&self, factor: f64) {
        if let Kind::Scaled { pace, changed } = &*self.0 {
            let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
            *pace = Pace { start: pace.now(), began: Instant::now(), factor: factor.max(0.001) };
            changed.notify_waiters();
        }
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        match &*self.0 {
            Kind::System => system_now(),
            Kind::Manual { now, .. } => Millis::new(now.load(Ordering::SeqCst)),
            Kind::Scaled { pace, .. } => pace.lock().unwrap_or_else(PoisonError::into_inner).now(),
        }
    }

    /// How many times as fast as the machine's clock this one runs.
    pub fn speed(&self) -> f64 {
        match &*self.0 {
            Kind::Scaled { pace, .. } => pace.lock().unwrap_or_else(PoisonError::into_inner).factor,
            Kind::System | Kind::Manual { .. } => 1.0,
        }
    }

    /// Milliseconds of this clock that pass while `ms` pass on the machine's: for leases on work that takes real time.
    pub fn real_ms(&self, ms: i64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "leases are minutes, not 2^53 ms")]
        let scaled = (ms as f64 * self.speed()) as i64;
        scaled
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
            Kind::System => tokio::time::sleep(real(at.since(self.now()), 1.0)).await,
            Kind::Scaled { changed, .. } => loop {
                let notified = changed.notified();
                let left = at.since(self.now());
                if left <= 0 {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(real(left, self.speed())) => {}
                    () = notified => {}
                }
            },
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

/// The machine's time for `ms` of a clock that runs `speed` times as fast, a day at most.
fn real(ms: i64, speed: f64) -> Duration {
    Duration::from_secs_f64((ms.max(0) as f64 / 1000.0 / speed).clamp(0.000_1, 86_400.0))
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
        assert_eq!(clock.real_ms(10), 36_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_speed_wakes_sleepers_and_does_not_move_the_clock() {
        let clock = Clock::scaled(Millis::new(5_000), 1.0);
        let faster = async {
            tokio::task::yield_now().await;
            clock.set_speed(1_000_000.0);
            assert!((5_000..6_000).contains(&clock.now().get()));
        };
        let began = Instant::now();
        tokio::join!(clock.sleep_ms(3_600_000), faster);
        assert!(began.elapsed() < Duration::from_mins(1));
    }
}
