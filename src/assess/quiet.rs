//! Sources that answer, and bring suspiciously nothing.
//!
//! A source whose search broke, whose page moved or whose token lost a right often goes on answering, with nothing. Its
//! own history tells that from calm: what it usually brings at these hours of the day, on working days and at weekends,
//! gives how many mentions should have come since the last one, and how much its hours scatter gives the probability
//! that none did. Counts are taken as negative binomial, in two ways: each hour draws its own rate, or the whole silence
//! draws one. The larger of the two probabilities holds; below [`CHANCE`] the silence is suspicious.
//!
//! A test over simulated sources (`tests/quiet.rs`) holds how often a calm source is named by chance: less than once in
//! fifty weeks.

use std::collections::{BTreeMap, HashSet};

use crate::domain::ids::SourceId;
use crate::domain::source::{HourCoverage, SourceHealth, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::store::{Store, StoreError};

use super::counts::LARGEST_SIZE;

/// A silence with a smaller probability than this is suspicious.
pub const CHANCE: f64 = 3e-5;
/// How far back the usual is learned.
const HISTORY_MS: i64 = 21 * DAY_MS;
/// Less history, or fewer mentions in it, say nothing of what is usual.
const LEAST_HOURS: usize = 72;
const LEAST_ITEMS: f64 = 20.0;
/// Shorter silences are nobody's business.
const LEAST_QUIET: usize = 2;
/// The same in milliseconds.
const QUIET_MS: i64 = 2 * HOUR_MS;
/// Hours that stand for the common rate where a slot of the week was seen too rarely.
const PRIOR_HOURS: f64 = 4.0;
/// Hours whose sums tell how much the source scatters.
const BLOCK: usize = 6;
/// The smallest size that is believed: a source that scatters more says nothing by its silence anyway.
const SMALLEST_SIZE: f64 = 0.1;

/// A silence that is hardly chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hush {
    /// The end of the hour that brought the last mention.
    pub since: Millis,
    /// Mentions that would have been usual since then.
    pub expected: f64,
    /// How likely none of them would come, 0..=1.
    pub chance: f64,
}

/// A suspiciously quiet source with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct QuietSource {
    /// As configured.
    pub name: String,
    /// Since when, and how surely.
    pub quiet: Hush,
}

/// Looks at the hours of one source, in order. Hours without an answer are unknown, and count for nothing.
pub fn suspicious(hours: &[HourCoverage], now: Millis) -> Option<Hush> {
    let answered: Vec<&HourCoverage> = hours.iter().filter(|h| h.answered > 0 && h.hour <= now).collect();
    let last = answered.iter().rposition(|h| h.items > 0)?;
    let (history, after) = answered.split_at(last + 1);
    let silent: Vec<&&HourCoverage> = after.iter().filter(|h| h.hour.plus(HOUR_MS) <= now).collect();
    if silent.len() < LEAST_QUIET || history.len() < LEAST_HOURS {
        return None;
    }
    let usual = Usual::learn(history)?;
    let expected: Vec<f64> = silent.iter().map(|h| usual.at(h.hour)).collect();
    let chance = usual.chance_of_none(&expected);
    let expected = expected.iter().sum();
    let since = history.last()?.hour.plus(HOUR_MS);
    (chance < CHANCE).then_some(Hush { since, expected, chance })
}

/// What a source usually brings.
struct Usual {
    /// Mentions an hour by slot: hours of working days, then of weekends.
    slots: [f64; 48],
    /// How much its hours scatter, each for itself and together; large is Poisson.
    size_of_hours: f64,
    size: f64,
}

impl Usual {
    fn learn(history: &[&HourCoverage]) -> Option<Self> {
        let counts = winsorised(history);
        let total: f64 = counts.iter().sum();
        if total < LEAST_ITEMS {
            return None;
        }
        let mean = total / counts.len() as f64;
        let (mut sums, mut seen) = ([0.0; 48], [0.0; 48]);
        for (hour, count) in history.iter().zip(&counts) {
            sums[slot(hour.hour)] += count;
            seen[slot(hour.hour)] += 1.0;
        }
        let mut slots = [0.0; 48];
        for (at, usual) in slots.iter_mut().enumerate() {
            *usual = (sums[at] + PRIOR_HOURS * mean) / (seen[at] + PRIOR_HOURS);
        }
        let usual = Self { slots, size_of_hours: LARGEST_SIZE, size: LARGEST_SIZE };
        let size_of_hours = usual.scatter(history, &counts, 1);
        // The rate itself is known no better than by the mentions that were counted.
        let size = 1.0 / (1.0 / usual.scatter(history, &counts, BLOCK) + 1.0 / total);
        Some(Self { size_of_hours, size, ..usual })
    }

    /// How likely nothing comes in hours of which this is expected.
    fn chance_of_none(&self, expected: &[f64]) -> f64 {
        let none = |size: f64, mean: f64| size * (size / (size + mean)).ln();
        let apart: f64 = expected.iter().map(|mean| none(self.size_of_hours, *mean)).sum();
        apart.max(none(self.size, expected.iter().sum())).exp()
    }

    /// The size by the method of moments, over sums of `block` hours: neighbouring hours go up and down together.
    fn scatter(&self, history: &[&HourCoverage], counts: &[f64], block: usize) -> f64 {
        let (mut squares, mut excess) = (0.0, 0.0);
        for (hours, counts) in history.chunks(block).zip(counts.chunks(block)) {
            let expected: f64 = hours.iter().map(|h| self.at(h.hour)).sum();
            let counted: f64 = counts.iter().sum();
            squares += expected * expected;
            excess += (counted - expected).powi(2) - expected;
        }
        if excess > 0.0 { (squares / excess).clamp(SMALLEST_SIZE, LARGEST_SIZE) } else { LARGEST_SIZE }
    }

    fn at(&self, hour: Millis) -> f64 {
        self.slots[slot(hour)]
    }
}

fn slot(hour: Millis) -> usize {
    let of_week = hour.hour_of_week();
    of_week % 24 + if of_week >= 120 { 24 } else { 0 }
}

/// The counts, with the highest brought down to what one hour in fifty exceeds: the first poll of a source brings years.
fn winsorised(history: &[&HourCoverage]) -> Vec<f64> {
    let mut sorted: Vec<i64> = history.iter().map(|h| h.items.max(0)).collect();
    sorted.sort_unstable();
    let cap = sorted.get(sorted.len() * 49 / 50).copied().unwrap_or_default().max(1);
    history.iter().map(|h| h.items.clamp(0, cap) as f64).collect()
}

/// The suspiciously quiet ones among these sources. Those that are switched off, imported or failing are left out: what
/// is wrong with them is said elsewhere.
pub async fn quiet(store: &Store, sources: &[SourceHealth], now: Millis) -> Result<BTreeMap<SourceId, Hush>, StoreError> {
    let since = |from: Millis| Span::new(from.hour(), now.plus(1)).unwrap_or(Span::empty(now));
    let span = since(now.plus(-HISTORY_MS));
    // Most sources brought something a moment ago: weeks of hours need not be read of them.
    let lately = store.coverage(since(now.plus(-QUIET_MS))).await?;
    let lively: HashSet<SourceId> = lately.into_iter().filter(|hour| hour.items > 0).map(|hour| hour.source).collect();
    let mut found = BTreeMap::new();
    let asked = sources.iter().filter(|s| s.enabled && s.failures == 0 && s.spec.kind != SourceKind::Import);
    for source in asked.filter(|s| !lively.contains(&s.id)) {
        if let Some(quiet) = suspicious(&store.coverage_of(source.id, span).await?, now) {
            found.insert(source.id, quiet);
        }
    }
    Ok(found)
}
