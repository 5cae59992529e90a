//! What is normal: unhappy authors an hour, learned from the weeks before the incident.
//!
//! The method, in the order of the code:
//!
//! 1. Of up to eight weeks, hours count that were read to nine tenths and lie in no earlier incident. With four weeks
//!    or more, days far above the other days of their kind are put aside as well: nobody declared them, but they were
//!    not normal.
//!    What lies before a change of level that lasted (a brand that doubled) is left out too: Welch's t on the counts a day.
//! 2. The mean of all hours gets half an author for nothing (Jeffreys' prior), so that no history of zeros expects zero.
//! 3. The profile of the day is smoothed over neighbouring hours (1-2-1) and drawn to that mean by two days' worth.
//! 4. With three weeks, each hour of the week is its own smoothed mean, drawn by four weeks' worth to (profile of the day ×
//!    level of the weekday). Six observations an hour would make a ragged band without this.
//! 5. Overdispersion is estimated by moments, shared by all hours: once from single hours and once from blocks of six,
//!    because neighbouring hours go up and down together. Both are drawn to a prior, so that little history does not
//!    pass for a quiet one.
//!
//! A window's count is predicted as negative binomial, matched to the first two moments of the sum: mean M, and
//! variance (M + αM²)(1 + 1/n), where α is the overdispersion of a sum that long and n the number of times that such
//! a window was seen. The last factor is the uncertainty of the mean itself: for α = 0 this is exactly the predictive
//! distribution of a Poisson count under a gamma posterior.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};
use crate::domain::verdict::{Baseline, BaselineMethod, BaselineSource};

use super::counts::NegativeBinomial;
use super::coverage::{Heard, LEAST_HOURS, READ_ENOUGH};

/// How far back history counts.
pub const HISTORY_MS: i64 = 8 * WEEK_MS;
const SLOTS: usize = 168;
/// Hours of the blocks from which `window_size` comes.
const BLOCK: usize = 6;
/// Days are put aside only where each kind of day was seen this often.
const WEEKS_TO_COMPARE_DAYS: usize = 4;
/// Days on each side of a change of level.
const DAYS_OF_LEVEL: usize = 14;

/// One covered hour of history.
#[derive(Debug, Clone, Copy)]
struct Observed {
    hour: Millis,
    slot: usize,
    count: f64,
}

impl Baseline {
    /// Learns what was normal before `start` from hours that the sources of the baseline could hear.
    ///
    /// `heard` may begin earlier and end later; `cut` are earlier incidents.
    pub fn learn(heard: &[Heard], cut: &[Span], sources: Vec<BaselineSource>, start: Millis) -> Self {
        let from = start.plus(-HISTORY_MS).hour();
        let to = start.hour();
        let mut seen: Vec<Observed> = (heard.iter())
            .filter(|h| h.hour >= from && h.hour.plus(HOUR_MS) <= to && h.share >= READ_ENOUGH)
            .filter(|h| !cut.iter().any(|c| c.from() < h.hour.plus(HOUR_MS) && h.hour < c.to()))
            .map(|h| Observed { hour: h.hour, slot: h.hour.hour_of_week(), count: h.unhappy.max(0) as f64 })
            .collect();
        let mut put_aside: Vec<Span> = cut.iter().copied().filter(|c| c.from() < to && from < c.to()).collect();
        let unusual = unusual_days(&seen);
        seen.retain(|o| !unusual.contains(&day_of(o.hour)));
        if let Some(shift) = level_shift(&seen) {
            seen.retain(|o| o.hour >= shift);
        }
        put_aside.extend(unusual.iter().filter_map(|day| Span::new(Millis::new(day * DAY_MS), Millis::new((day + 1) * DAY_MS))));
        let first = seen.iter().map(|o| o.hour).min().unwrap_or(to);
        let method = method_for(&seen, first, to);
        let profile = Profile::learn(&seen, method);
        let (size, window_size) = profile.sizes(&seen, method);
        Self {
            history: Span::new(first, to).unwrap_or(Span::empty(to)),
            cut: put_aside,
            sources,
            method,
            expected: profile.expected.into_iter().map(rounded).collect(),
            hours: profile.hours,
            size: rounded(size),
            window_size: rounded(window_size),
        }
    }

    /// Whether there is enough history to say what is normal.
    pub fn is_known(&self) -> bool {
        self.method != BaselineMethod::None
    }

    /// Unhappy authors expected in the hour that holds `at`; finite, never negative, 0 without a baseline.
    pub fn expected(&self, at: Millis) -> f64 {
        let expected = self.expected.get(at.hour_of_week()).copied().unwrap_or(0.0);
        if expected.is_finite() { expected.max(0.0) } else { 0.0 }
    }

    /// The predicted count of a window: its hours, each with the share of it that could be heard.
    pub fn predict(&self, window: impl IntoIterator<Item = (Millis, f64)>) -> NegativeBinomial {
        let (mut mean, mut hours, mut seen) = (0.0, 0.0_f64, 0.0);
        for (hour, share) in window {
            mean += self.expected(hour) * if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
            seen += f64::from(self.hours.get(hour.hour_of_week()).copied().unwrap_or(0));
            hours += 1.0;
        }
        if hours < 1.0 {
            return NegativeBinomial::new(0.0, self.size);
        }
        // How often such a window was seen. Where all hours of the day count as one, so do all windows.
        let windows = if self.method == BaselineMethod::Flat { seen / hours / hours } else { seen / hours };
        let spread = mean + self.overdispersion(hours) * mean * mean;
        // One more for the prior: it keeps an hour that was never seen from having no limit at all.
        NegativeBinomial::with_variance(mean, spread * (1.0 + 1.0 / (windows + 1.0)))
    }

    /// The overdispersion 1/size of a sum over `hours`: a part shared by neighbouring hours, which stays, and a part
    /// of each hour's own, which averages out.
    fn overdispersion(&self, hours: f64) -> f64 {
        let (hour, window) = (1.0 / self.size.max(1e-3), 1.0 / self.window_size.max(1e-3));
        let block = BLOCK as f64;
        let own = ((hour - window) / (1.0 - 1.0 / block)).max(0.0);
        let shared = (window - own / block).max(0.0);
        shared + own / hours.max(1.0)
    }
}

/// Means by hour of the week, and how often each was seen.
struct Profile {
    expected: Vec<f64>,
    hours: Vec<u32>,
}

impl Profile {
    fn learn(seen: &[Observed], method: BaselineMethod) -> Self {
        let total: f64 = seen.iter().map(|o| o.count).sum();
        let overall = (total + 0.5) / (seen.len().max(1) as f64);
        let by_slot = Tally::of::<SLOTS>(seen, |o| o.slot);
        let by_day_hour = Tally::of::<24>(seen, |o| o.slot % 24);
        let spread =
            |tally: &Tally, slots: usize| -> Vec<u32> { (0..SLOTS).map(|s| tally.hours.get(s % slots).map_or(0, |n| whole(*n))).collect() };
        match method {
            BaselineMethod::None => Self { expected: vec![0.0; SLOTS], hours: spread(&by_slot, SLOTS) },
            BaselineMethod::Flat => Self { expected: vec![overall; SLOTS], hours: vec![whole(seen.len() as f64); SLOTS] },
            BaselineMethod::HourOfDay => {
                let day = by_day_hour.smoothed(2.0, |_| overall);
                Self { expected: (0..SLOTS).map(|s| day[s % 24]).collect(), hours: spread(&by_day_hour, 24) }
            }
            BaselineMethod::HourOfWeek => {
                let day = by_day_hour.smoothed(2.0, |_| overall);
                let levels = weekday_levels(seen, &day);
                let expected = by_slot.smoothed(4.0, |slot| day[slot % 24] * levels[slot / 24]);
                Self { expected, hours: spread(&by_slot, SLOTS) }
            }
        }
    }

    /// Sizes of single hours and of blocks of six.
    fn sizes(&self, seen: &[Observed], method: BaselineMethod) -> (f64, f64) {
        // What a method does not know of the week shows up as scatter that short history may not have met yet.
        let prior = match method {
            BaselineMethod::HourOfWeek => 0.1,
            BaselineMethod::HourOfDay => 0.25,
            BaselineMethod::Flat | BaselineMethod::None => 0.5,
        };
        let times = |slot: usize| f64::from(self.hours[slot]);
        let hourly = seen.iter().map(|o| (o.count, self.expected[o.slot], times(o.slot)));
        let blocks = seen.chunk_by(|a, b| b.hour.since(a.hour) == HOUR_MS).flat_map(|run| run.chunks_exact(BLOCK)).map(|block| {
            let count = block.iter().map(|o| o.count).sum();
            let mean = block.iter().map(|o| self.expected[o.slot]).sum();
            let least = block.iter().map(|o| times(o.slot)).fold(f64::INFINITY, f64::min);
            (count, mean, if method == BaselineMethod::Flat { least / BLOCK as f64 } else { least })
        });
        (1.0 / overdispersion(hourly, prior, 60.0), 1.0 / overdispersion(blocks, prior, 10.0))
    }
}

/// Sums of counts and of hours by slot.
struct Tally {
    counts: Vec<f64>,
    hours: Vec<f64>,
}

impl Tally {
    fn of<const N: usize>(seen: &[Observed], slot: impl Fn(&Observed) -> usize) -> Self {
        let mut tally = Self { counts: vec![0.0; N], hours: vec![0.0; N] };
        for o in seen {
            tally.counts[slot(o)] += o.count;
            tally.hours[slot(o)] += 1.0;
        }
        tally
    }

    /// Gamma posterior means: each slot with half the weight of its two neighbours, drawn to `prior` by `worth` hours.
    fn smoothed(&self, worth: f64, prior: impl Fn(usize) -> f64) -> Vec<f64> {
        let n = self.counts.len();
        let around = |values: &[f64], i: usize| 0.5 * values[i] + 0.25 * (values[(i + n - 1) % n] + values[(i + 1) % n]);
        (0..n).map(|i| (around(&self.counts, i) + worth * prior(i)) / (around(&self.hours, i) + worth)).collect()
    }
}

/// How each weekday stands to the profile of the day; drawn to 1 by five authors' worth.
fn weekday_levels(seen: &[Observed], day: &[f64]) -> [f64; 7] {
    let mut counted = [5.0; 7];
    let mut expected = [5.0; 7];
    for o in seen {
        counted[o.slot / 24] += o.count;
        expected[o.slot / 24] += day[o.slot % 24];
    }
    std::array::from_fn(|weekday| counted[weekday] / expected[weekday])
}

/// Method of moments for (count, mean, times seen), with a prior worth `weight` observations of average size.
///
/// Deviations from a mean that the count itself went into are too small by (n-1)/n.
fn overdispersion(counts: impl Iterator<Item = (f64, f64, f64)>, prior: f64, weight: f64) -> f64 {
    let (mut excess, mut squares, mut n) = (0.0, 0.0, 0.0);
    for (count, mean, times) in counts.filter(|(_, _, times)| *times >= 2.0) {
        excess += (count - mean).powi(2) * times / (times - 1.0) - mean;
        squares += mean * mean;
        n += 1.0;
    }
    let typical = if n > 0.0 { squares / n } else { 1.0 };
    ((excess + prior * weight * typical) / (squares + weight * typical)).clamp(1e-6, 4.0)
}

/// Six decimals: what is stored reads back as the same number, and nothing in it is known better.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn method_for(seen: &[Observed], first: Millis, end: Millis) -> BaselineMethod {
    let reach = end.since(first);
    // Three weeks that were read for one day do not know the week.
    let read = i64::try_from(seen.len()).unwrap_or(i64::MAX).saturating_mul(HOUR_MS);
    let enough = |span: i64| reach >= span && read >= span / 2;
    match seen.len() {
        n if n < LEAST_HOURS => BaselineMethod::None,
        _ if enough(3 * WEEK_MS) => BaselineMethod::HourOfWeek,
        _ if enough(3 * DAY_MS) => BaselineMethod::HourOfDay,
        _ => BaselineMethod::Flat,
    }
}

/// The day on which the level changed for good, if it did: at least a quarter up or down, between two weeks or more on both
/// sides, at a t statistic of Welch beyond 5. A brand that doubled since is not what it was eight weeks ago, and the mean of
/// both describes neither.
fn level_shift(seen: &[Observed]) -> Option<Millis> {
    let days = daily(seen, 20);
    let mut best: Option<(f64, i64)> = None;
    for split in DAYS_OF_LEVEL..(days.len() + 1).saturating_sub(DAYS_OF_LEVEL) {
        let (before, after) = days.split_at(split);
        let ((low, low_error), (high, high_error)) = (mean_and_error(before), mean_and_error(after));
        let t = (high - low).abs() / (low_error + high_error).sqrt().max(1e-9);
        let ratio = (high.max(0.1) / low.max(0.1)).ln().abs();
        if t > 5.0 && ratio > 1.25_f64.ln() && best.is_none_or(|(most, _)| t > most) {
            best = after.first().map(|(day, _)| (t, *day));
        }
    }
    best.map(|(_, day)| Millis::new(day * DAY_MS))
}

/// Counts a day, as if all of it had been read, of days with at least so many hours.
fn daily(seen: &[Observed], least_hours: usize) -> Vec<(i64, f64)> {
    let days = seen.chunk_by(|a, b| day_of(a.hour) == day_of(b.hour)).filter(|day| day.len() >= least_hours);
    days.filter_map(|day| Some((day_of(day.first()?.hour), day.iter().map(|o| o.count).sum::<f64>() / day.len() as f64 * 24.0))).collect()
}

/// Mean and squared error of the mean.
fn mean_and_error(days: &[(i64, f64)]) -> (f64, f64) {
    let n = days.len().max(1) as f64;
    let mean = days.iter().map(|(_, count)| count).sum::<f64>() / n;
    let variance = days.iter().map(|(_, count)| (count - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    // A run of equal days is no proof that days do not differ.
    (mean, variance.max(mean).max(1.0) / n)
}

fn day_of(hour: Millis) -> i64 {
    hour.get().div_euclid(DAY_MS)
}

/// Days whose counts lie far above the median of the same weekday: more than three times as many, and more than six
/// standard deviations of a Poisson count beyond it. At most one day in ten.
fn unusual_days(seen: &[Observed]) -> Vec<i64> {
    let mut days: Vec<(i64, f64, usize)> = Vec::new();
    for o in seen {
        match days.last_mut() {
            Some((day, sum, hours)) if *day == day_of(o.hour) => {
                *sum += o.count;
                *hours += 1;
            }
            _ => days.push((day_of(o.hour), o.count, 1)),
        }
    }
    days.retain(|(_, _, hours)| *hours >= 12);
    let per_day = |(_, sum, hours): &(i64, f64, usize)| sum / *hours as f64 * 24.0;
    let mut unusual: Vec<(f64, i64)> = Vec::new();
    for day in &days {
        let mut same: Vec<f64> = days.iter().filter(|d| (d.0 - day.0).rem_euclid(7) == 0).map(per_day).collect();
        if same.len() < WEEKS_TO_COMPARE_DAYS {
            continue;
        }
        same.sort_by(f64::total_cmp);
        let median = same[same.len() / 2];
        let limit = (3.0 * median).max(median + 6.0 * (median + 1.0).sqrt());
        if per_day(day) > limit {
            unusual.push((per_day(day) / limit, day.0));
        }
    }
    unusual.sort_by(|a, b| b.0.total_cmp(&a.0));
    unusual.truncate(days.len() / 10);
    unusual.into_iter().map(|(_, day)| day).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of hours in eight weeks: 0..=1344")]
fn whole(hours: f64) -> u32 {
    hours as u32
}
