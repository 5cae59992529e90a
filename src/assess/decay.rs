//! How fast concern falls, and when it would be normal if it went on like this.
//!
//! What an hour has above normal is taken to fall by the same share every hour: the count of hour t has the mean
//! `normal(t) + A · rhythm(t) · exp(-t · ln 2 / half-life)`, with the rhythm of the week that the baseline knows. A and the half-life
//! are those that make the counts since the peak most likely as negative binomial ones with the baseline's size (A by Fisher's
//! scoring, the half-life on a logarithmic grid): under Poisson's law the few hours at the peak, which scatter most, would decide
//! alone where the fall ends. The interval holds every half-life whose likelihood is not refused at 10 % (profile likelihood,
//! χ² with one degree of freedom), the likelihood divided by the overdispersion that the counts show about the fit beyond that
//! (Pearson's statistic by its degrees of freedom; Wedderburn, *Biometrika* 61, 1974). When that interval reaches to "does not
//! fall", it cannot be told.

use crate::domain::verdict::Baseline;

use super::counts::LARGEST_SIZE;
use super::coverage::Heard;
use super::window::Rules;

/// With fewer hours since the peak nothing is said.
const LEAST_HOURS: usize = 8;
/// Older hours say little of how it falls now.
const MOST_HOURS: usize = 96;
/// Half-lives that are tried: from 1 h, each a ninth longer than the one before, up to about twelve days. Longer counts as not falling.
const GRID: u32 = 48;
const STEP: f64 = 1.125;
/// Fewer unhappy authors an hour than this above normal are none.
const LEAST_EXCESS: f64 = 0.1;
/// Of χ² with one degree of freedom, 90 % lie below.
const CHI_90: f64 = 2.706;
/// And 50 %.
const CHI_50: f64 = 0.455;

/// An estimate with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The most likely.
    pub likely: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How concern falls. Hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// What is above normal halves in this time.
    pub half_life: Estimate,
    /// From the end of the last hour until what is above normal no longer lifts a window over the calm limit.
    pub normal_in: Estimate,
}

/// An hour that was read.
#[derive(Clone, Copy)]
struct Point {
    /// Hours since the first one.
    t: f64,
    count: f64,
    normal: f64,
    /// How busy it is to the average hour, and how much of it was read.
    busy: f64,
    /// Of its negative binomial count.
    size: f64,
}

impl Point {
    fn variance(&self, mean: f64) -> f64 {
        mean + mean * mean / self.size
    }
}

/// One half-life with the best height for it.
#[derive(Clone, Copy)]
struct Fit {
    half_life: f64,
    height: f64,
    likelihood: f64,
}

/// The hour, counted from the peak, from which on what is above normal is less than `share` of it: the latest by the half-lives
/// that are at least as likely as not. Where many people write it is hardly later than by the most likely one; where few do, nobody
/// knows better than within a day when it ended, and too late costs hours, too early a false "over".
///
/// `hours` as for [`decay`], but the first ones count: those in which it fell. `None` when nothing fell.
pub(super) fn fallen(hours: &[Heard], baseline: &Baseline, share: f64) -> Option<f64> {
    let counts = readable(hours.get(..hours.len().min(MOST_HOURS))?, baseline);
    if counts.len() < LEAST_HOURS || !baseline.is_known() {
        return None;
    }
    let fits = fits(&counts);
    let best = fits.iter().copied().max_by(|a, b| a.likelihood.total_cmp(&b.likelihood))?;
    let left = (share * usual(baseline)).max(LEAST_EXCESS);
    let spread = overdispersion(&counts, best);
    let likely = fits.iter().filter(|f| 2.0 * (best.likelihood - f.likelihood) / spread <= CHI_50 && f.height > left);
    likely.map(|f| f.half_life * (f.height / left).log2()).max_by(f64::total_cmp)
}

/// `hours` in order, from the peak to the last complete hour. `None`: cannot tell.
pub fn decay(hours: &[Heard], baseline: &Baseline, rules: &Rules) -> Option<Decay> {
    let hours = hours.get(hours.len().saturating_sub(MOST_HOURS)..)?;
    if hours.len() < LEAST_HOURS || !baseline.is_known() {
        return None;
    }
    let counts = readable(hours, baseline);
    if counts.len() < LEAST_HOURS {
        return None;
    }
    let fits = fits(&counts);
    let best = fits.iter().copied().max_by(|a, b| a.likelihood.total_cmp(&b.likelihood))?;
    let spread = overdispersion(&counts, best);
    let kept = |f: &&Fit| 2.0 * (best.likelihood - f.likelihood) / spread <= CHI_90 && f.height > 0.0;
    let kept: Vec<Fit> = fits.iter().filter(kept).copied().collect();
    let (first, last) = (kept.first()?, kept.last()?);
    // Not falling at all is as good an explanation.
    if last.half_life >= STEP.powi(i32::try_from(GRID - 1).unwrap_or(0)) || best.height <= 0.0 {
        return None;
    }
    let left = |f: &Fit| normal_in(f, hours, baseline, rules);
    let times: Vec<f64> = kept.iter().map(left).collect();
    Some(Decay {
        half_life: Estimate { likely: best.half_life, low: first.half_life, high: last.half_life },
        normal_in: Estimate {
            likely: left(&best),
            low: times.iter().copied().fold(f64::INFINITY, f64::min),
            high: times.iter().copied().fold(0.0, f64::max),
        },
    })
}

/// Unhappy authors of an average hour.
fn usual(baseline: &Baseline) -> f64 {
    (baseline.expected.iter().sum::<f64>() / baseline.expected.len().max(1) as f64).max(0.01)
}

/// The hours that were read.
fn readable(hours: &[Heard], baseline: &Baseline) -> Vec<Point> {
    // By night everything falls: what is above normal has the rhythm of what is normal.
    let usual = usual(baseline);
    let size = baseline.size.clamp(0.1, LARGEST_SIZE);
    let counted = hours.iter().enumerate().filter(|(_, h)| h.share > 0.5).map(|(t, h)| {
        let normal = baseline.expected(h.hour);
        let busy = h.share * (normal / usual).clamp(0.05, 20.0);
        Point { t: t as f64, count: h.unhappy.max(0) as f64, normal: (normal * h.share).max(0.02), busy, size }
    });
    counted.collect()
}

fn fits(counts: &[Point]) -> Vec<Fit> {
    (0..GRID).map(|i| fit(counts, STEP.powi(i32::try_from(i).unwrap_or(0)))).collect()
}

fn shape(hour: f64, half_life: f64) -> f64 {
    (-hour / half_life * std::f64::consts::LN_2).exp()
}

/// The most likely height for a half-life.
fn fit(counts: &[Point], half_life: f64) -> Fit {
    let shapes: Vec<f64> = counts.iter().map(|p| p.busy * shape(p.t, half_life)).collect();
    let excess: f64 = counts.iter().map(|p| p.count - p.normal).sum();
    let mut height = (excess / shapes.iter().sum::<f64>().max(1e-9)).max(0.01);
    for _ in 0..12 {
        let (mut slope, mut bend) = (0.0, 0.0);
        for (p, s) in counts.iter().zip(&shapes) {
            let mean = p.normal + height * s;
            let variance = p.variance(mean);
            slope += (p.count - mean) * s / variance;
            bend += s * s / variance;
        }
        // At most to a tenth at once: the height stays above zero.
        height = (height + slope / bend.max(1e-12)).clamp(height * 0.1, height * 10.0 + 1.0);
    }
    let means = counts.iter().zip(&shapes).map(|(p, s)| (p, p.normal + height * s));
    Fit { half_life, height, likelihood: means.map(|(p, mean)| p.count * mean.ln() - (p.count + p.size) * (mean / p.size).ln_1p()).sum() }
}

fn overdispersion(counts: &[Point], fit: Fit) -> f64 {
    let mean = |p: &Point| p.normal + fit.height * p.busy * shape(p.t, fit.half_life);
    let pearson: f64 = counts.iter().map(|p| (p.count - mean(p)).powi(2) / p.variance(mean(p))).sum();
    (pearson / (counts.len() as f64 - 2.0).max(1.0)).max(1.0)
}

/// Hours from the end of `hours` until the excess of a window is what calm windows may have; 0 when it is so already.
fn normal_in(fit: &Fit, hours: &[Heard], baseline: &Baseline, rules: &Rules) -> f64 {
    let n = rules.window_hours.max(1);
    let window = hours.get(hours.len().saturating_sub(n)..).unwrap_or_default();
    let normal = baseline.predict(window.iter().map(|h| (h.hour, 1.0)));
    let calm = normal.quantile(rules.calm).max(rules.least_calm) as f64;
    let room = ((calm - normal.mean()) / n as f64).max(0.05);
    let now = fit.height * shape(hours.len() as f64, fit.half_life);
    (fit.half_life * (now / room).max(1e-9).log2()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{World, baseline_of, start, steady};
    use super::*;

    #[test]
    fn a_clean_decay_gives_back_its_half_life() {
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let counts: Vec<i64> = (0..40).map(|t| (4.0 + 80.0 * shape(f64::from(t), 10.0)).round() as i64).collect();
        let found = decay(&steady(start(), &counts), &baseline_of(4), &Rules::default()).expect("it falls");
        assert!((8.5..11.5).contains(&found.half_life.likely), "{found:?}");
        assert!(found.half_life.low <= 10.0 && 10.0 <= found.half_life.high && found.half_life.high < 16.0, "{found:?}");
        assert!(found.normal_in.low <= found.normal_in.likely && found.normal_in.likely <= found.normal_in.high, "{found:?}");
    }

    #[test]
    fn what_does_not_fall_or_has_hardly_begun_cannot_be_told() {
        let baseline = baseline_of(4);
        assert_eq!(decay(&steady(start(), &[60; 30]), &baseline, &Rules::default()), None);
        assert_eq!(decay(&steady(start(), &[60, 50, 40, 30]), &baseline, &Rules::default()), None);
        assert_eq!(decay(&[], &baseline, &Rules::default()), None);
    }

    #[test]
    fn the_interval_holds_the_true_half_life_about_as_often_as_it_says() {
        let (mut held, mut told) = (0, 0);
        for seed in 0..120 {
            let mut world = World::new(700 + seed, 4.0, 8.0);
            let history = world.hours(super::super::tests::monday(), 8 * 168, |_| 0.0);
            let baseline = Baseline::learn(&history, &[], super::super::tests::one_source(), start());
            let hours = world.hours(start(), 30, |t| 12.0 * shape(t as f64, 9.0));
            if let Some(found) = decay(&hours, &baseline, &Rules::default()) {
                told += 1;
                held += i32::from(found.half_life.low <= 9.0 * STEP && 9.0 / STEP <= found.half_life.high);
            }
        }
        assert!(told > 80 && f64::from(held) >= 0.75 * f64::from(told), "{held} of {told}");
    }
}
