//! The rules of others, as their public texts describe them, on hourly counts.
//!
//! Each says for every hour whether its alarm is on. They look at negative mentions as they come, copies included,
//! except for the share.

use super::world::Raw;

/// One of the compared rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// Newest hour above mean + 3 sd of the 14 days before it, at least 4 (Huginn's `PeakDetectorAgent`).
    Huginn,
    /// Last hour against the mean of the 12 before, ×2.5, and above the same hour yesterday and last week.
    LastHour,
    /// Mean of 24 hours above mean + 1.5 sd of the hours of the 7 days before them (Socialmetrix).
    DayMean,
    /// Share of negative mentions in the last 6 hours above mean + 3 sd of such shares in the 14 days before.
    Share,
    /// No hour above mean + 3 sd of the 14 days before the start: the plain rule of 72 h of quiet.
    Quiet,
    /// One-sided CUSUM of the standardised count, k = 0.5, h = 8, against the 14 days that end a day ago.
    Cusum,
}

impl Rival {
    pub const ALL: [Self; 6] = [Self::Huginn, Self::LastHour, Self::DayMean, Self::Share, Self::Quiet, Self::Cusum];

    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Huginn => "mean + 3 sd, 14 days",
            Self::LastHour => "last hour against 12 h",
            Self::DayMean => "24 h mean, 7 days + 1.5 sd",
            Self::Share => "share of negative",
            Self::Quiet => "72 h of quiet",
            Self::Cusum => "CUSUM on raw counts",
        }
    }

    /// On or off at the end of each hour; off before `from`, the first hour that was read. `start` is known to the rule
    /// of quiet alone.
    pub fn alarms(self, raw: &[Raw], from: usize, start: usize) -> Vec<bool> {
        let negative: Vec<f64> = raw.iter().map(|r| r.negative).collect();
        let mut on = vec![false; raw.len()];
        match self {
            Self::Huginn => each(&mut on, |h| {
                let (mean, sd) = moments(before(&negative, h, 14 * 24, from)?)?;
                Some(negative[h] > mean + 3.0 * sd && negative[h] >= 4.0)
            }),
            Self::LastHour => each(&mut on, |h| {
                let (mean, _) = moments(before(&negative, h, 12, from)?)?;
                let more = |back: usize| h.checked_sub(back).is_none_or(|b| b < from || negative[h] > negative[b]);
                Some(negative[h] > 2.5 * mean && negative[h] >= 4.0 && more(24) && more(168))
            }),
            Self::DayMean => each(&mut on, |h| {
                let day = (h + 1).checked_sub(24).filter(|d| *d >= from)?;
                let (now, _) = moments(&negative[day..=h])?;
                let (mean, sd) = moments(before(&negative, day, 7 * 24, from)?)?;
                Some(now > mean + 1.5 * sd)
            }),
            Self::Share => share(&mut on, raw, from),
            Self::Quiet => {
                if let Some((mean, sd)) = before(&negative, start, 14 * 24, from).and_then(moments) {
                    each(&mut on, |h| Some(h >= start && negative[h] > mean + 3.0 * sd));
                }
            }
            Self::Cusum => cusum(&mut on, &negative, from),
        }
        on
    }
}

fn each(on: &mut [bool], rule: impl Fn(usize) -> Option<bool>) {
    for (h, on) in on.iter_mut().enumerate() {
        *on = rule(h).unwrap_or(false);
    }
}

/// Up to `n` hours before `h`, at least a day of them.
fn before(counts: &[f64], h: usize, n: usize, from: usize) -> Option<&[f64]> {
    let start = h.saturating_sub(n).max(from);
    (h >= start + n.min(24)).then(|| &counts[start..h])
}

fn moments(counts: &[f64]) -> Option<(f64, f64)> {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
    (n >= 1.0).then_some((mean, variance.sqrt()))
}

fn share(on: &mut [bool], raw: &[Raw], from: usize) {
    let shares: Vec<f64> = (0..raw.len())
        .map(|h| {
            let window = &raw[h.saturating_sub(5)..=h];
            let all: f64 = window.iter().map(|r| r.mentions).sum();
            window.iter().map(|r| r.negative).sum::<f64>() / all.max(1.0)
        })
        .collect();
    each(on, |h| {
        let (mean, sd) = moments(before(&shares, h, 14 * 24, from + 6)?)?;
        Some(shares[h] > mean + 3.0 * sd)
    });
}

fn cusum(on: &mut [bool], negative: &[f64], from: usize) {
    let mut sum = 0.0_f64;
    for (h, on) in on.iter_mut().enumerate() {
        let Some((mean, sd)) = h.checked_sub(24).and_then(|end| before(negative, end, 14 * 24, from)).and_then(moments) else { continue };
        sum = (sum + (negative[h] - mean) / sd.max(0.5) - 0.5).clamp(0.0, 20.0);
        *on = sum > 8.0;
    }
}
