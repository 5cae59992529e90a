//! The curve on the page: unhappy authors an hour, against what is normal.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::time::Millis;
use crate::domain::verdict::{Baseline, BaselineMethod, HourCounts};

use super::coverage::Heard;

/// What is normal in one hour: nine in ten normal hours lie from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// Mean.
    pub expected: f64,
    /// One normal hour in twenty is below.
    pub low: f64,
    /// One normal hour in twenty is above.
    pub high: f64,
}

/// One hour of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Start of the hour.
    pub hour: Millis,
    /// Unhappy authors in the compared sources.
    pub unhappy: i64,
    /// The same authors in all sources, each weighed by the worst severity of the hour, 0..=1.
    pub severity: f64,
    /// What is normal, if everything is read; `None` without a baseline.
    pub band: Option<Band>,
    /// Share of the hour that was read, 0..=1, weighted by what the sources normally bring.
    pub covered: f64,
    /// Negative ones among the scored mentions, copies aside, all sources; `None` when there are none.
    pub share_negative: Option<f64>,
    /// Mentions in all sources, copies too.
    pub mentions: i64,
    /// Copies among them.
    pub copies: i64,
}

/// Concern over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Hour by hour, without holes.
    pub points: Vec<CurvePoint>,
    /// How finely the band knows the week.
    pub method: BaselineMethod,
}

impl Curve {
    /// `heard` gives the hours; `counts` holds those hours of all sources together that have any mention.
    pub fn new(heard: &[Heard], counts: &[HourCounts], baseline: &Baseline) -> Self {
        let counts: BTreeMap<Millis, &HourCounts> = counts.iter().map(|c| (c.hour, c)).collect();
        let points = heard.iter().map(|h| point(h, counts.get(&h.hour).copied(), baseline)).collect();
        Self { points, method: baseline.method }
    }
}

fn point(heard: &Heard, counts: Option<&HourCounts>, baseline: &Baseline) -> CurvePoint {
    let band = baseline.is_known().then(|| {
        let normal = baseline.predict([(heard.hour, 1.0)]);
        Band { expected: normal.mean(), low: normal.quantile(0.05) as f64, high: normal.quantile(0.95) as f64 }
    });
    let scored = counts.map_or(0, |c| c.negative + c.neutral + c.positive);
    CurvePoint {
        hour: heard.hour,
        unhappy: heard.unhappy,
        severity: counts.map_or(0.0, |c| c.severity as f64 / 1e6),
        band,
        covered: heard.coverage,
        share_negative: counts.filter(|_| scored > 0).map(|c| c.negative as f64 / scored as f64),
        mentions: counts.map_or(0, |c| c.mentions),
        copies: counts.map_or(0, |c| c.copies),
    }
}
