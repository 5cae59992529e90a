//! What an update did: concern in the hours after it, against the decay that was already under way.
//!
//! The hours before the update are fitted by a Poisson regression on the log scale, with the normal rhythm of the day
//! as offset (interrupted time series; Bernal, Cummins and Gasparrini, Int. J. Epidemiology 46, 2017). What it expects
//! for the hours after is held against what was counted. Neighbouring hours go up and down together, so no interval
//! of that regression can be believed. Instead the same number is made for every other hour of the same incident, as
//! if the update had gone out then (placebo times; Abadie, Diamond and Hainmueller, JASA 105, 2010): where the update
//! ranks among them is as good as a p-value that knows the autocorrelation.

use serde::Serialize;

use crate::domain::ids::UpdateId;
use crate::domain::incident::Update;
use crate::domain::time::{HOUR_MS, Millis};

use super::concern::CurvePoint;

/// Hours before an update that say where concern was going.
const BEFORE: usize = 8;
/// Fewer say nothing.
const LEAST_BEFORE: usize = 4;
/// Hours after an update in which its effect is looked for.
const AFTER: usize = 6;
/// Fewer say nothing.
const LEAST_AFTER: usize = 3;
/// Unhappy people in the hours before, below which there is nothing to fall.
const LEAST_PEOPLE: i64 = 8;
/// Placebo times below which a rank says nothing: one in fifteen is the least that could stand out.
const LEAST_PLACEBOS: usize = 15;
/// A rank up to this stands out.
const STANDS_OUT: f64 = 0.1;
/// A smaller change than by a fifth is no effect, however surely it is measured.
const LEAST_CHANGE: f64 = 0.8;
/// When a fall to less than this share would not stand out among the placebo times, nothing can be told.
const BLIND: f64 = 0.4;
/// Hours around an update that are no placebo times.
const APART: usize = 2;
/// Below this share of an hour read, the hour is not known.
const READ: f64 = 0.6;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Concern fell faster than before.
    FellFaster,
    /// It went on as before.
    NoVisibleEffect,
    /// It rose, or fell more slowly.
    Rose,
    /// The numbers do not say.
    CannotTell,
}

impl Answer {
    /// On pages.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::FellFaster => "concern fell faster",
            Self::NoVisibleEffect => "no visible effect",
            Self::Rose => "concern rose",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// What an update did, with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// The update.
    pub update: UpdateId,
    /// The answer.
    pub answer: Answer,
    /// In a sentence, with the numbers.
    pub words: String,
    /// The comparison; `None` when none could be made.
    pub numbers: Option<Numbers>,
}

/// The numbers behind an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Numbers {
    /// Hours after the update that were looked at.
    pub hours: usize,
    /// Unhappy authors counted in them, hour by hour.
    pub counted: i64,
    /// What the hours before let expect.
    pub expected: f64,
    /// Placebo times.
    pub placebos: usize,
    /// Share of all times, this one too, at which it fell as much or more: small stands out.
    pub rank_fell: f64,
    /// Share of all times at which it rose as much or more.
    pub rank_rose: f64,
}

impl Numbers {
    /// Counted over expected: 1 is as before.
    pub fn ratio(&self) -> f64 {
        (self.counted as f64 + 0.5) / (self.expected + 0.5)
    }
}

/// The effects of all updates. `points` is the incident's curve from its start; only complete hours are used.
pub fn effects(points: &[CurvePoint], updates: &[Update], (started_at, now): (Millis, Millis)) -> Vec<Effect> {
    let from = points.partition_point(|p| p.hour < started_at.hour());
    let to = points.partition_point(|p| p.hour.plus(HOUR_MS) <= now);
    let series = Series::new(points.get(from..to).unwrap_or_default(), updates);
    updates.iter().enumerate().map(|(i, update)| series.effect(update, updates.get(i + 1..).unwrap_or_default())).collect()
}

struct Series<'a> {
    points: &'a [CurvePoint],
    /// ln of the rhythm of each hour.
    offsets: Vec<f64>,
    /// Indices of the hours in which updates went out.
    said: Vec<usize>,
}

impl<'a> Series<'a> {
    fn new(points: &'a [CurvePoint], updates: &[Update]) -> Self {
        let normal = |p: &CurvePoint| p.band.map_or(1.0, |b| b.expected);
        let mean = (points.iter().map(normal).sum::<f64>() / points.len().max(1) as f64).max(1e-6);
        // Half the rhythm: unhappy people of an incident do not sleep as those of other days do.
        let offsets = points.iter().map(|p| (0.5 + 0.5 * normal(p) / mean).ln()).collect();
        let said = updates.iter().filter_map(|u| points.iter().position(|p| p.hour == u.at.hour())).collect();
        Self { points, offsets, said }
    }

    fn effect(&self, update: &Update, later: &[Update]) -> Effect {
        let cannot =
            |why: &str| Effect { update: update.id, answer: Answer::CannotTell, words: format!("Cannot tell: {why}"), numbers: None };
        let Some(at) = self.points.iter().position(|p| p.hour == update.at.hour()) else {
            return cannot("it lies outside of the hours that were counted");
        };
        let next = later.iter().map(|u| u.at.hour()).find(|hour| *hour > update.at.hour());
        let until_next = next.map_or(usize::MAX, |next| self.points.iter().take_while(|p| p.hour < next).count().saturating_sub(at + 1));
        let hours = AFTER.min(until_next).min(self.points.len().saturating_sub(at + 1));
        if until_next < LEAST_AFTER {
            return cannot("the next update followed within three hours, and the two cannot be told apart");
        }
        if hours < LEAST_AFTER {
            return cannot("less than three full hours have passed");
        }
        let shift = match self.shift(at, hours) {
            Ok(shift) => shift,
            Err(why) => return cannot(why),
        };
        let placebos: Vec<f64> = (0..self.points.len())
            .filter(|t| self.said.iter().all(|s| s.abs_diff(*t) > APART))
            .filter_map(|t| self.shift(t, hours).ok())
            .map(|s| s.log_ratio())
            .collect();
        if placebos.len() < LEAST_PLACEBOS {
            return cannot("the incident has too few other hours to compare with");
        }
        judged(update, &shift, placebos, hours)
    }

    /// What was counted in the hours after an hour, against what those before it let expect.
    fn shift(&self, at: usize, hours: usize) -> Result<Shift, &'static str> {
        let first = at.saturating_sub(BEFORE);
        let before = self.points.get(first..at).unwrap_or_default();
        let after = self.points.get(at + 1..at + 1 + hours).ok_or("too few hours followed")?;
        if before.len() < LEAST_BEFORE {
            return Err("it came within four hours of the start, too soon to see where concern was going");
        }
        if before.iter().chain(after).any(|p| p.covered < READ) {
            return Err("too little was read around it");
        }
        if before.iter().map(|p| p.unhappy).sum::<i64>() < LEAST_PEOPLE {
            return Err("too few people were unhappy before it");
        }
        let rows: Vec<Row> = (first..at).filter_map(|i| self.row(i, at)).collect();
        let line = Line::fit(&rows);
        let expected = (at + 1..=at + hours).filter_map(|i| self.row(i, at)).map(|row| line.expected(&row)).sum();
        Ok(Shift { counted: after.iter().map(|p| p.unhappy).sum(), expected })
    }

    fn row(&self, i: usize, at: usize) -> Option<Row> {
        let point = self.points.get(i)?;
        Some(Row { t: i as f64 - at as f64, offset: *self.offsets.get(i)?, count: point.unhappy as f64 })
    }
}

struct Shift {
    counted: i64,
    expected: f64,
}

impl Shift {
    fn log_ratio(&self) -> f64 {
        ((self.counted as f64 + 0.5) / (self.expected + 0.5)).ln()
    }
}

fn judged(update: &Update, shift: &Shift, mut placebos: Vec<f64>, hours: usize) -> Effect {
    let own = shift.log_ratio();
    let all = placebos.len() as f64 + 1.0;
    let rank = |as_much: usize| (1 + as_much) as f64 / all;
    let numbers = Numbers {
        hours,
        counted: shift.counted,
        expected: shift.expected,
        placebos: placebos.len(),
        rank_fell: rank(placebos.iter().filter(|p| **p <= own).count()),
        rank_rose: rank(placebos.iter().filter(|p| **p >= own).count()),
    };
    placebos.sort_by(f64::total_cmp);
    let lowest = placebos.get(placebos.len() / 10).copied().unwrap_or(0.0).exp();
    let ratio = numbers.ratio();
    let answer = match () {
        () if numbers.rank_fell <= STANDS_OUT && ratio <= LEAST_CHANGE => Answer::FellFaster,
        () if numbers.rank_rose <= STANDS_OUT && ratio >= 1.0 / LEAST_CHANGE => Answer::Rose,
        () if lowest < BLIND => Answer::CannotTell,
        () => Answer::NoVisibleEffect,
    };
    Effect { update: update.id, answer, words: words(answer, &numbers, lowest), numbers: Some(numbers) }
}

fn words(answer: Answer, n: &Numbers, lowest: f64) -> String {
    let counted = format!("{} unhappy people in the {} h after it, {:.0} expected from the hours before", n.counted, n.hours, n.expected);
    let others = n.placebos;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few hundred hours")]
    let of = |rank: f64| (rank * (others + 1) as f64).round() as usize - 1;
    match answer {
        Answer::FellFaster => format!("Concern fell faster: {counted}; it fell as much at {} of {others} other hours", of(n.rank_fell)),
        Answer::Rose => format!("Concern rose: {counted}; it rose as much at {} of {others} other hours", of(n.rank_rose)),
        Answer::NoVisibleEffect => format!("No visible effect: {counted}; it fell as much at {} of {others} other hours", of(n.rank_fell)),
        Answer::CannotTell => format!(
            "Cannot tell: {counted}, but the hours of this incident differ so much that a fall by {:.0} % would not stand out",
            100.0 * (1.0 - lowest)
        ),
    }
}

/// An hour for the regression.
struct Row {
    t: f64,
    offset: f64,
    count: f64,
}

/// ln of the mean: offset + level + slope · t.
struct Line {
    level: f64,
    slope: f64,
}

/// How surely the slope is near 0 before anything is seen: a standard deviation of a third an hour.
const SLOPE_PRIOR: f64 = 9.0;

impl Line {
    /// Poisson regression by Newton's method, the slope held by a weak prior.
    fn fit(rows: &[Row]) -> Self {
        let counted: f64 = rows.iter().map(|r| r.count).sum();
        let weight: f64 = rows.iter().map(|r| r.offset.exp()).sum();
        let mut line = Self { level: ((counted + 0.1) / weight.max(1e-9)).ln(), slope: 0.0 };
        for _ in 0..50 {
            let (mut g0, mut g1) = (0.0, -SLOPE_PRIOR * line.slope);
            let (mut h00, mut h01, mut h11) = (1e-9, 0.0, SLOPE_PRIOR);
            for row in rows {
                let mean = line.mean(row);
                let off = row.count - mean;
                (g0, g1) = (g0 + off, off.mul_add(row.t, g1));
                (h00, h01, h11) = (h00 + mean, mean.mul_add(row.t, h01), (mean * row.t).mul_add(row.t, h11));
            }
            let det = h00 * h11 - h01 * h01;
            if det.abs() < 1e-12 {
                break;
            }
            // Half a unit at most: a step of Newton's from far away overshoots.
            let step = |v: f64| v.clamp(-0.5, 0.5);
            let (d0, d1) = (step((g0 * h11 - g1 * h01) / det), step((g1 * h00 - g0 * h01) / det));
            line = Self { level: line.level + d0, slope: line.slope + d1 };
            if d0.abs() + d1.abs() < 1e-9 {
                break;
            }
        }
        line
    }

    fn mean(&self, row: &Row) -> f64 {
        (row.offset + self.level + self.slope * row.t).clamp(-20.0, 20.0).exp()
    }

    /// For hours after: a fall goes on, a rise is not taken to.
    fn expected(&self, row: &Row) -> f64 {
        (row.offset + self.level + self.slope.min(0.0) * row.t).clamp(-20.0, 20.0).exp()
    }
}
