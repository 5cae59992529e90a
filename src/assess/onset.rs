//! Is something beginning? Proposes an incident before a person notices.
//!
//! At the end of every hour, and within the hour under way, the unhappy authors of the last 1, 3, 6, 12 and 24 hours are
//! held against what the baseline predicts for exactly those hours and the sources that were read in them: the window-limited
//! generalised likelihood ratio scheme of Lai (J. R. Stat. Soc. B 57, 1995), with the tail probability of the predictive
//! negative binomial in place of the likelihood ratio, so that short history and bad days widen the limit by themselves.
//! Short windows find bursts, long ones slow burns.
//!
//! **False alarms.** Five looks an hour make 840 a week. With every one of them at the level p, at most 840·p alarms a week
//! are expected on a brand whose counts follow the prediction (a union bound: no independence is needed). Neighbouring
//! looks share most of their hours, so that fewer come: [`OVERLAP`] is how many fewer, from simulated calm weeks
//! (`cargo bench --bench recovery`), and p = wished rate / 840 · [`OVERLAP`].
//!
//! **When it began** is the maximum-likelihood change point: the hour from which a Poisson rate above normal explains the
//! counts best (Siegmund and Venkatraman, Ann. Statist. 23, 1995), at most three days back.
//!
//! It keeps silent in the warm-up (less than a day of history), where too little of a window was read (a dead source is
//! unknown, neither calm nor loud), in the cool-down after it spoke, and for as long as a person who dismissed it wished.

use crate::domain::proposal::Signal;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::Baseline;

use super::baseline::HISTORY_MS;
use super::coverage::{Heard, Sources};

/// Hours of the windows.
const WINDOWS: [usize; 5] = [1, 3, 6, 12, 24];
/// Looks a week.
const LOOKS: f64 = 168.0 * WINDOWS.len() as f64;
/// Looks for each alarm of its own, on simulated calm weeks: measured 5.4, taken as 5 to stay on the quiet side.
pub const OVERLAP: f64 = 5.0;
/// A beginning is looked for so many hours back.
const REACH: usize = 3 * 24;
/// The same in milliseconds: what a look must be given.
pub const REACH_MS: i64 = 3 * DAY_MS;

/// The limits of the onset test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnsetRules {
    /// How often a calm brand may be reported in a week, in the mean; above 0.
    pub false_alarms_per_week: f64,
    /// Fewer unhappy authors in a window than this are cases, not an incident.
    pub least: i64,
    /// Less than this many times normal is no incident, however sure the difference is.
    pub least_ratio: f64,
    /// Below this coverage of a window nothing is said, 0..=1.
    pub known: f64,
    /// A new proposal only after so long without a signal, milliseconds.
    pub cool_down_ms: i64,
}

impl Default for OnsetRules {
    fn default() -> Self {
        Self { false_alarms_per_week: 0.3, least: 3, least_ratio: 1.5, known: 0.6, cool_down_ms: DAY_MS }
    }
}

impl OnsetRules {
    /// The tail probability below which a window speaks.
    pub fn level(&self) -> f64 {
        let wished = if self.false_alarms_per_week.is_nan() { 0.0 } else { self.false_alarms_per_week.clamp(0.0, 50.0) };
        (wished / LOOKS * OVERLAP).clamp(1e-12, 0.2)
    }
}

/// Looks at the windows that end with the last of `hours` (in order, without holes), as seen at `at`.
///
/// The last hour may be under way, with `share` and `coverage` 1: it only counts upwards, so that it can speak early and
/// never falsely more often.
pub fn look(hours: &[Heard], baseline: &Baseline, rules: &OnsetRules, at: Millis) -> Option<Signal> {
    if !warmed_up(baseline) {
        return None;
    }
    let strongest = (WINDOWS.iter())
        .filter_map(|n| Some((hours.get(hours.len().checked_sub(*n)?..)?, *n)))
        .filter_map(|(window, n)| judged(window, n, baseline, rules))
        .min_by(|a, b| a.2.total_cmp(&b.2))?;
    let (window, expected, chance) = strongest;
    let (first, last) = (window.first()?.hour, window.last()?.hour.plus(HOUR_MS));
    let began = began(hours, baseline).unwrap_or(first);
    Some(Signal { at, began, window: Span::new(first, last)?, unhappy: sum(window), expected, chance })
}

/// A day of history. Until three days are known, limits are those of an average hour, and wide.
fn warmed_up(baseline: &Baseline) -> bool {
    baseline.is_known()
}

/// The window with its expectation and chance, if it speaks.
fn judged<'a>(window: &'a [Heard], n: usize, baseline: &Baseline, rules: &OnsetRules) -> Option<(&'a [Heard], f64, f64)> {
    let coverage = window.iter().map(|h| h.coverage.clamp(0.0, 1.0)).sum::<f64>() / n as f64;
    let count = sum(window);
    if coverage < rules.known || count < rules.least {
        return None;
    }
    let normal = baseline.predict(window.iter().map(|h| (h.hour, h.share)));
    if (count as f64) < rules.least_ratio * normal.mean() {
        return None;
    }
    let chance = 1.0 - normal.cdf(count - 1);
    (chance <= rules.level()).then_some((window, normal.mean(), chance))
}

fn sum(window: &[Heard]) -> i64 {
    window.iter().fold(0, |sum, h| sum.saturating_add(h.unhappy.max(0)))
}

/// The hour from which on a rate above normal explains the counts best.
fn began(hours: &[Heard], baseline: &Baseline) -> Option<Millis> {
    let (mut count, mut expected) = (0.0, 0.0);
    let mut best: Option<(f64, Millis)> = None;
    for hour in hours.iter().rev().take(REACH) {
        count += hour.unhappy.max(0) as f64;
        expected += baseline.expected(hour.hour) * hour.share.clamp(0.0, 1.0);
        if count <= expected || expected <= 0.0 {
            continue;
        }
        let gain = count * (count / expected).ln() - (count - expected);
        if best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, hour.hour));
        }
    }
    best.map(|(_, at)| at)
}

/// What becomes of the brand's last proposal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// It is said now: a new proposal.
    Speak(Signal),
    /// The open proposal goes on, with these numbers.
    GoOn(Signal),
    /// Nothing stood out for the cool-down: the open proposal has passed by itself.
    Pass,
}

/// What is remembered of the last proposal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Last {
    /// It waits for a person.
    pub open: bool,
    /// When its last signal was seen.
    pub seen_at: Millis,
    /// A person wished for silence until then.
    pub quiet_until: Millis,
}

/// One step of the proposals, for the worker and for the replay.
pub fn step(last: Option<Last>, signal: Option<Signal>, at: Millis, rules: &OnsetRules) -> Step {
    let cooled = |last: &Last| at.since(last.seen_at) > rules.cool_down_ms;
    match (last, signal) {
        (Some(last), None) if last.open && cooled(&last) => Step::Pass,
        (_, None) => Step::Stay,
        (Some(last), Some(signal)) if last.open => Step::GoOn(signal),
        (Some(last), Some(_)) if at < last.quiet_until || !cooled(&last) => Step::Stay,
        (_, Some(signal)) => Step::Speak(signal),
    }
}

/// What was known to be normal at the start of a day (UTC); `cut` are incidents.
pub fn known_on(sources: &Sources, cut: &[Span], day: Millis) -> Baseline {
    let history = Span::new(day.plus(-HISTORY_MS), day).unwrap_or(Span::empty(day));
    let basis = sources.basis(history);
    Baseline::learn(&sources.heard(&basis, history), cut, basis, day)
}

/// The day (UTC) that holds `at`.
pub fn day_of(at: Millis) -> Millis {
    Millis::new(at.get().div_euclid(DAY_MS) * DAY_MS)
}

/// The look at the end of every hour that begins in `span`, with what was known to be normal on its day.
pub fn looks(sources: &Sources, cut: &[Span], span: Span, rules: &OnsetRules) -> Vec<(Millis, Option<Signal>)> {
    let mut looks = Vec::new();
    let mut day = day_of(span.from());
    while day < span.to() {
        let known = known_on(sources, cut, day);
        let back = day.plus(-REACH_MS);
        let heard = sources.heard(&known.sources, Span::new(back, day.plus(DAY_MS).min(span.to())).unwrap_or(Span::empty(day)));
        for (end, hour) in heard.iter().enumerate().filter(|(_, h)| h.hour >= day.max(span.from())) {
            let at = hour.hour.plus(HOUR_MS);
            let hours = heard.get((end + 1).saturating_sub(REACH)..=end).unwrap_or_default();
            looks.push((at, look(hours, &known, rules, at)));
        }
        day = day.plus(DAY_MS);
    }
    looks
}

/// The proposals that come of these looks, had nobody answered any.
pub fn proposals(looks: &[(Millis, Option<Signal>)], rules: &OnsetRules) -> Vec<Signal> {
    let mut last: Option<Last> = None;
    let mut spoken = Vec::new();
    for (at, signal) in looks {
        match step(last, *signal, *at, rules) {
            Step::Speak(signal) => {
                spoken.push(signal);
                last = Some(Last { open: true, seen_at: *at, quiet_until: Millis::default() });
            }
            Step::GoOn(_) => last = last.map(|l| Last { seen_at: *at, ..l }),
            Step::Pass => last = last.map(|l| Last { open: false, ..l }),
            Step::Stay => {}
        }
    }
    spoken
}
