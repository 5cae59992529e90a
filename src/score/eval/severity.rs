//! Severity against points that people gave: who leads, and whom a threshold of flags would find.

use std::fmt;

use serde::Serialize;

/// Thresholds that are told; the default of `[assess] flag_severity` is one.
const FROM: [f32; 5] = [0.5, 0.4, 0.3, 0.2, 0.1];

/// How severity goes with points from -2 (severe) to 2 (delighted).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeverityEvaluation {
    /// Texts with points.
    pub n: usize,
    /// Of them with -2.
    pub severe: usize,
    /// Of the top 5 % by severity, at least one text: the share with -1 or -2.
    pub top5_negative: f64,
    /// What flags from a severity on would find, from high to low.
    pub thresholds: Vec<Threshold>,
}

/// Texts from a severity on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The severity, 0..=1.
    pub from: f32,
    /// Share of all texts that reach it.
    pub flagged: f64,
    /// Share of those with -2 that reach it; `None` without any.
    pub severe_found: Option<f64>,
    /// Share of those that reach it that have -2; `None` where nothing does.
    pub severe_among: Option<f64>,
    /// The same for -1 and -2.
    pub negative_among: Option<f64>,
}

impl SeverityEvaluation {
    /// From pairs of points and severity; `None` without any.
    pub(super) fn of(mut pairs: Vec<(i8, f32)>) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        pairs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let top = &pairs[..((pairs.len() + 10) / 20).max(1)];
        let severe = at_most(-2, &pairs);
        let threshold = |from: f32| {
            let reach = &pairs[..pairs.partition_point(|(_, severity)| *severity >= from)];
            let found = at_most(-2, reach);
            Threshold {
                from,
                flagged: reach.len() as f64 / pairs.len() as f64,
                severe_found: super::share(found, severe),
                severe_among: super::share(found, reach.len()),
                negative_among: super::share(at_most(-1, reach), reach.len()),
            }
        };
        Some(Self {
            n: pairs.len(),
            severe,
            top5_negative: at_most(-1, top) as f64 / top.len() as f64,
            thresholds: FROM.into_iter().map(threshold).collect(),
        })
    }
}

/// How many have these points or fewer.
fn at_most(most: i8, pairs: &[(i8, f32)]) -> usize {
    pairs.iter().filter(|(points, _)| *points <= most).count()
}

impl fmt::Display for SeverityEvaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |share: Option<f64>| share.map_or("-".to_owned(), |s| format!("{s:.4}"));
        writeln!(
            f,
            "{} with points, {} severe (-2); of the top 5 % by severity {:.4} are -1 or -2\n",
            self.n, self.severe, self.top5_negative
        )?;
        writeln!(f, "{:<18} {:>9} {:>13} {:>13} {:>15}", "severity from", "flagged", "severe found", "severe among", "negative among")?;
        for at in &self.thresholds {
            let [found, severe, negative] = [at.severe_found, at.severe_among, at.negative_among].map(shown);
            writeln!(f, "{:<18.1} {:>9.4} {found:>13} {severe:>13} {negative:>15}", at.from, at.flagged)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_the_top_are_counted_by_hand() {
        assert_eq!(SeverityEvaluation::of(Vec::new()), None);
        let pairs = vec![(0, 0.05), (-2, 0.9), (-1, 0.5), (2, 0.45), (-2, 0.3)];
        let found = SeverityEvaluation::of(pairs).expect("pairs");
        assert_eq!((found.n, found.severe), (5, 2));
        assert!((found.top5_negative - 1.0).abs() < 1e-9, "one text of five is the top: the one at 0.9");
        let at = |i: usize| found.thresholds[i];
        let half = Threshold { from: 0.5, flagged: 0.4, severe_found: Some(0.5), severe_among: Some(0.5), negative_among: Some(1.0) };
        assert_eq!(at(0), half, "0.5 itself counts");
        assert_eq!((at(1).severe_among, at(1).negative_among), (Some(1.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!((at(2).severe_found, at(2).flagged), (Some(1.0), 0.8));
    }

    #[test]
    fn where_nothing_is_severe_or_reaches_a_line_stands_there() {
        let found = SeverityEvaluation::of(vec![(0, 0.01), (1, 0.02)]).expect("pairs");
        assert_eq!((found.thresholds[0].severe_found, found.thresholds[0].negative_among), (None, None));
        let shown = found.to_string();
        assert!(shown.contains("0.5") && shown.contains(" -\n"), "{shown}");
    }
}
