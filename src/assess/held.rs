//! What the hold time looks back on.
//!
//! A window of six hours looks calm some hours before the fall is over: by chance, or because a small brand has few people
//! in any six hours; and a new rise does not show in six hours at once. Three looks make up for that when the hold time is complete:
//!
//! - **the end of the fall**: the likely courses of the fall from the peak (`decay.rs`) say when at the latest what is above normal
//!   was less than half of it. When that was after the first calm window, the hold time counts from then, a day later at most.
//!   A higher peak makes the same end look like a steeper fall: here alone more unhappy people can bring the end nearer, and
//!   never nearer than the hold time from the first calm window.
//! - **the whole of it**: neither all hours as one window, nor any day among them, may stand out.
//! - **the end of it**: the last hour, the last three and the last six must each be calm. Nothing is called over into a rise.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

use super::coverage::Heard;
use super::decay::fallen;
use super::verdict::Evidence;
use super::window::{Rules, Window};

/// Hours of the days that the hold time is looked through by.
const DAY_HOURS: usize = 24;
/// The last hours that must be calm for themselves, beside the window.
const LAST_HOURS: [usize; 2] = [1, 3];
/// From the last window that has this share of the highest one it falls: a plateau stays up for hours.
const STILL_UP: f64 = 0.65;

/// The hours that a step may look at: those up to the end of its window.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) hours: &'a [Heard],
}

impl Past<'_> {
    /// What of the last hold time was not calm: all of it as one long window, or a day in it. A slow tail, or a small second
    /// wave, shows in no six hours.
    pub(super) fn still_high(&self) -> Option<Window> {
        let hours = usize::try_from(self.evidence.hold_ms / HOUR_MS).unwrap_or(0).max(1);
        let held = self.hours.get(self.hours.len().saturating_sub(hours)..).unwrap_or_default();
        let (baseline, rules) = (self.evidence.baseline, &self.evidence.rules);
        let long = Window::of(held, baseline, &Rules { calm: rules.long_calm, ..*rules });
        if long.count > long.calm {
            return Some(long);
        }
        let mut days = held.windows(DAY_HOURS).rev().map(|day| Window::of(day, baseline, &Rules { calm: rules.day_calm, ..*rules }));
        days.find(|day| day.count > day.calm)
    }

    /// The shortest of the newest windows that is not calm for itself.
    pub(super) fn rising(&self, window: &Window) -> Option<Window> {
        let (baseline, rules) = (self.evidence.baseline, &self.evidence.rules);
        let newest = LAST_HOURS.into_iter().filter_map(|n| self.hours.get(self.hours.len().checked_sub(n)?..));
        let newest = newest.map(|hours| Window::of(hours, baseline, rules));
        newest.chain(std::iter::once(*window)).find(|w| w.count > w.calm)
    }

    /// How much later than `calm_since` the fall from the window `peak` ended; 0 when it was earlier, or nothing fell.
    pub(super) fn tail_ms(&self, peak: &Window, calm_since: Millis) -> i64 {
        let rules = &self.evidence.rules;
        let until = self.fell_until(peak, calm_since).unwrap_or(calm_since);
        until.since(calm_since).clamp(0, rules.longest_tail_ms.max(0))
    }

    fn fell_until(&self, peak: &Window, calm_since: Millis) -> Option<Millis> {
        let index = |at: Millis| self.hours.partition_point(|h| h.hour < at);
        let reach = self.evidence.rules.window_hours.max(1);
        let (first, calm) = (index(peak.span.from()), index(calm_since));
        let up = |from: &usize| {
            let window = self.hours.get(*from..from + reach).unwrap_or_default();
            window.iter().map(|h| h.unhappy.max(0) as f64).sum::<f64>() >= STILL_UP * peak.rate() * reach as f64
        };
        let from = (first..calm.saturating_sub(reach)).rev().find(up).unwrap_or(first);
        // A day of calm shows where the fall leads to; what comes later is no part of it.
        let hours = self.hours.get(from..index(calm_since.plus(DAY_MS)))?;
        let hours = hours.get(highest(hours, reach)..)?;
        let fell = fallen(hours, self.evidence.baseline, self.evidence.rules.fallen)?;
        #[expect(clippy::cast_possible_truncation, reason = "hours of at most a few weeks")]
        Some(hours.first()?.hour.plus((fell * HOUR_MS as f64) as i64))
    }
}

/// Where the highest of the first hours stands, the last of several: a window of the peak begins before its highest hour,
/// and what comes before that says nothing of how it falls.
pub(super) fn highest(hours: &[Heard], reach: usize) -> usize {
    hours.iter().take(reach).enumerate().max_by_key(|(i, h)| (h.unhappy, *i)).map_or(0, |(i, _)| i)
}
