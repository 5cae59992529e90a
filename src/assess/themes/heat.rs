//! Whether a theme is still hot, against its own normal and its own peak.

use crate::assess::counts::NegativeBinomial;
use crate::domain::theme::{Heat, ThemeHour};
use crate::domain::time::{HOUR_MS, Millis};

/// The hours that are looked at together, as for the verdict.
const WINDOW_HOURS: i64 = 6;
/// How much a theme's normal counts scatter: few numbers are known of it, so as much as their own mean.
const SIZE: f64 = 1.0;
/// Fewer people are not hot, however quiet it is otherwise.
const LEAST: i64 = 3;

/// How a theme stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Hot, easing or calm.
    pub heat: Heat,
    /// Unhappy authors in the last six hours, counted hour by hour.
    pub recent: i64,
    /// The highest such sum in the incident.
    pub peak: i64,
    /// Where that window ended.
    pub peak_at: Option<Millis>,
    /// Up to this many are normal in six hours.
    pub limit: i64,
}

/// Judges a curve at `now`. `normal_per_hour` is what is normal of it.
pub fn heat(hours: &[ThemeHour], normal_per_hour: f64, now: Millis) -> Standing {
    let limit = NegativeBinomial::new(normal_per_hour * WINDOW_HOURS as f64, SIZE).quantile(0.99).max(LEAST - 1);
    let sum_to = |end: Millis| {
        let from = end.plus(-WINDOW_HOURS * HOUR_MS);
        hours.iter().filter(|h| h.hour >= from && h.hour < end).map(|h| h.unhappy).sum::<i64>()
    };
    // The hour under way counts, so that what is said now is seen now.
    let recent = sum_to(now.hour().plus(HOUR_MS));
    let ends = hours.iter().map(|h| h.hour.plus(HOUR_MS)).filter(|end| *end <= now.hour().plus(HOUR_MS));
    let peak = ends.map(|end| (sum_to(end), end)).max_by_key(|(n, end)| (*n, std::cmp::Reverse(*end)));
    let (peak, peak_at) = peak.map_or((0, None), |(n, end)| (n, Some(end)));
    let heat = match () {
        () if recent <= limit => Heat::Calm,
        () if recent * 4 >= peak => Heat::Hot,
        () => Heat::Easing,
    };
    Standing { heat, recent, peak, peak_at, limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(counts: &[i64]) -> Vec<ThemeHour> {
        (0..).zip(counts).map(|(i, n)| ThemeHour { hour: Millis::new(i * HOUR_MS), mentions: *n, unhappy: *n }).collect()
    }

    fn at(hours: i64) -> Millis {
        Millis::new(hours * HOUR_MS + 1)
    }

    #[test]
    fn a_theme_is_hot_easing_and_calm_in_turn() {
        let told = curve(&[0, 20, 30, 20, 10, 8, 6, 4, 3, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
        let words: Vec<Heat> = [0, 2, 5, 9, 12, 19].map(|h| heat(&told, 0.0, at(h)).heat).to_vec();
        assert_eq!(words, [Heat::Calm, Heat::Hot, Heat::Hot, Heat::Hot, Heat::Easing, Heat::Calm]);
        assert_eq!(heat(&told, 0.0, at(19)).peak, 94);
    }

    #[test]
    fn what_is_normal_is_not_hot() {
        let told = curve(&[1, 2, 1, 1, 2, 1, 1]);
        assert_eq!(heat(&told, 1.3, at(6)).heat, Heat::Calm);
        assert_eq!(heat(&told, 0.01, at(6)).heat, Heat::Hot);
        assert_eq!(heat(&[], 0.0, at(6)), Standing { heat: Heat::Calm, recent: 0, peak: 0, peak_at: None, limit: 2 });
    }
}
