//! Tests of the rules together, on simulated weeks.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::domain::ids::SourceId;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, WEEK_MS};
use crate::domain::verdict::{Assessment, Baseline, BaselineSource};

use super::counts::NegativeBinomial;
use super::coverage::Heard;
use super::verdict::{Evidence, Surroundings};
use super::window::Rules;

mod baseline;
mod coverage;
mod effect;
mod filter;
mod onset;
mod properties;
mod quiet;
mod rates;
mod simulation;
mod stored;
mod themes;
mod verdict;

/// Monday 2026-01-05 00:00 UTC.
pub(super) const MONDAY: i64 = 1_767_571_200_000;
pub(super) const HOLD: i64 = 72 * HOUR_MS;

pub(super) fn monday() -> Millis {
    Millis::new(MONDAY)
}

/// When the tests' incident starts: a Monday, after eight weeks of history.
pub(super) fn start() -> Millis {
    monday().plus(8 * WEEK_MS)
}

/// How busy a brand is at an hour: by day, by night, at weekends.
pub(super) fn rhythm(hour: Millis) -> f64 {
    let slot = hour.hour_of_week();
    let daily = 1.0 + 0.7 * (std::f64::consts::TAU * (slot % 24) as f64 / 24.0 - 2.0).sin();
    daily * if slot >= 120 { 0.7 } else { 1.0 }
}

/// One brand's hours: negative binomial counts around a rhythm, days that are better or worse than others.
pub(super) struct World {
    rng: StdRng,
    pub(super) level: f64,
    size: f64,
    day: (i64, f64),
}

impl World {
    pub(super) fn new(seed: u64, level: f64, size: f64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), level, size, day: (i64::MIN, 1.0) }
    }

    fn draw(&mut self, mean: f64) -> i64 {
        let size = self.size;
        NegativeBinomial::new(mean, size).quantile(self.rng.random_range(0.0..1.0))
    }

    /// One hour with `extra` times the normal level on top.
    pub(super) fn hour(&mut self, hour: Millis, extra: f64) -> Heard {
        let day = hour.get().div_euclid(DAY_MS);
        if self.day.0 != day {
            self.day = (day, (0.15 * (self.rng.random_range(-1.0..1.0_f64) + self.rng.random_range(-1.0..1.0_f64))).exp());
        }
        let unhappy = self.draw(self.level * rhythm(hour) * (self.day.1 + extra));
        Heard { hour, unhappy, share: 1.0, coverage: 1.0 }
    }

    pub(super) fn hours(&mut self, from: Millis, n: i64, extra: impl Fn(i64) -> f64) -> Vec<Heard> {
        (0..n).map(|i| self.hour(from.plus(i * HOUR_MS), extra(i))).collect()
    }
}

pub(super) fn one_source() -> Vec<BaselineSource> {
    vec![BaselineSource { source: SourceId::new(1), share: 1.0 }]
}

/// Every hour the same, all of it read.
pub(super) fn steady(from: Millis, counts: &[i64]) -> Vec<Heard> {
    (0..).zip(counts).map(|(i, n)| Heard { hour: from.plus(i * HOUR_MS), unhappy: *n, share: 1.0, coverage: 1.0 }).collect()
}

/// Eight weeks of the same count an hour.
pub(super) fn baseline_of(count: i64) -> Baseline {
    let history = steady(monday(), &vec![count; 8 * 168]);
    Baseline::learn(&history, &[], one_source(), start())
}

pub(super) fn replay(baseline: &Baseline, heard: &[Heard]) -> Vec<Assessment> {
    let evidence = Evidence { baseline, heard, started_at: start(), hold_ms: HOLD, rules: Rules::default() };
    let until = heard.last().map_or(start(), |h| h.hour.plus(HOUR_MS));
    evidence.replay(until, |_| Surroundings::default())
}
