//! Which sources were read, hour by hour, and what can be compared with what.
//!
//! A silent source looks like a calm one. So every hour carries two numbers beside its count: the share of the
//! brand's normal concern that could have been heard in it (a source that usually brings half of the unhappy
//! authors and was down for the whole hour leaves one half), and how well the sources that still exist were read.
//! Expectations are scaled by the first, verdicts are refused by the second.

use std::collections::{BTreeMap, HashMap};

use crate::domain::ids::SourceId;
use crate::domain::time::{HOUR_MS, Millis, Span};
use crate::domain::verdict::{Baseline, BaselineSource};

use super::window::Rules;

/// An hour counts as history only if at least this share of it was read.
pub const READ_ENOUGH: f64 = 0.9;
/// Less history than this says nothing about what is normal.
pub const LEAST_HOURS: usize = 24;

/// How a source gets its mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Polled, every so many milliseconds.
    Polled {
        /// Milliseconds between polls.
        every_ms: i64,
    },
    /// Filled by hand. What it covers counts as covered for every source.
    Imported,
    /// No longer configured.
    Stopped,
}

/// What is known of one source of the brand, by hour.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// Row id.
    pub id: SourceId,
    /// Name on pages.
    pub name: String,
    /// Polled, imported or stopped.
    pub reading: Reading,
    /// Milliseconds of each hour that were read; hours without are missing.
    pub covered: BTreeMap<Millis, i64>,
    /// Unhappy authors of each hour; hours without are missing.
    pub unhappy: BTreeMap<Millis, i64>,
}

impl SourceRecord {
    fn share_read(&self, hour: Millis) -> f64 {
        let ms = self.covered.get(&hour).copied().unwrap_or(0);
        ms.clamp(0, HOUR_MS) as f64 / HOUR_MS as f64
    }

    /// The end of the last stretch that was read.
    fn read_until(&self, at: Millis) -> Option<Millis> {
        let (hour, ms) = self.covered.range(..=at).rev().find(|(_, ms)| **ms > 0)?;
        Some(hour.plus((*ms).min(HOUR_MS)).min(at))
    }
}

/// One hour as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Start of the hour.
    pub hour: Millis,
    /// Unhappy authors in the compared sources.
    pub unhappy: i64,
    /// Share of the normally heard concern that could be heard, 0..=1.
    pub share: f64,
    /// Share read of the sources that still exist, weighted by what they normally bring, 0..=1.
    pub coverage: f64,
}

/// A compared source that should have been read, and was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// Name of the source.
    pub name: String,
    /// Its share of what is normally heard, 0..=1.
    pub share: f64,
    /// The end of the last stretch that was read; `None` when nothing ever was.
    pub since: Option<Millis>,
}

/// A compared source that is above its own normal.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Name of the source.
    pub name: String,
    /// Its unhappy authors in the window, each hour's counted once.
    pub count: i64,
    /// Expected of it in the window.
    pub expected: f64,
    /// Complete hours in the window.
    pub hours: usize,
}

/// All sources of one brand. There may be thousands of them, and an hour of each is looked at for each hour of weeks: nothing here may
/// look at all sources for each source.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<SourceRecord>);

/// The weight of each compared source.
type Weights = HashMap<SourceId, f64>;

fn weights(basis: &[BaselineSource]) -> Weights {
    basis.iter().map(|b| (b.source, b.share)).collect()
}

impl Sources {
    /// In the order in which they are named on pages.
    pub fn new(records: Vec<SourceRecord>) -> Self {
        Self(records)
    }

    /// The sources that a baseline over `history` can rest on: those read for at least half as long as the one
    /// read longest, and every import. Each weighs as much as the unhappy authors that it brings an hour.
    pub fn basis(&self, history: Span) -> Vec<BaselineSource> {
        let hours: Vec<Millis> = history.by_hour().filter(|(_, ms)| *ms == HOUR_MS).map(|(hour, _)| hour).collect();
        let imported: Vec<f64> = hours.iter().map(|hour| self.imported(*hour)).collect();
        let enough = |record: &SourceRecord, (hour, imported): (&Millis, &f64)| record.share_read(*hour).max(*imported) >= READ_ENOUGH;
        let read: Vec<usize> = (self.0.iter()).map(|r| hours.iter().zip(&imported).filter(|h| enough(r, *h)).count()).collect();
        let longest = read.iter().copied().max().unwrap_or(0);
        let rates: Vec<(SourceId, f64)> = (self.0.iter().zip(&read))
            .filter(|(record, read)| record.reading == Reading::Imported || 2 * **read >= longest)
            .filter(|(record, read)| **read > 0 && record.reading != Reading::Stopped)
            .map(|(record, read)| {
                let unhappy: i64 = record.unhappy.range(history.from()..history.to()).map(|(_, n)| *n).sum();
                // Half an author more, so that a source without any still weighs something.
                (record.id, (unhappy.max(0) as f64 + 0.5) / *read as f64)
            })
            .collect();
        let total: f64 = rates.iter().map(|(_, rate)| rate).sum();
        rates.into_iter().map(|(source, rate)| BaselineSource { source, share: rate / total }).collect()
    }

    /// Every hour that begins in `span`, in order and without holes.
    pub fn heard(&self, basis: &[BaselineSource], span: Span) -> Vec<Heard> {
        let weights = weights(basis);
        // Sources that are gone without a record weigh, and bring nothing.
        let whole = basis.iter().map(|b| b.share.clamp(0.0, 1.0)).sum();
        span.by_hour().map(|(hour, _)| self.heard_in(&weights, whole, hour)).collect()
    }

    fn heard_in(&self, weights: &Weights, whole: f64, hour: Millis) -> Heard {
        let (mut share, mut total, mut existing) = (0.0, 0.0, 0.0);
        let mut unhappy = 0_i64;
        let stand_in = self.polled_share(weights, hour);
        let imported = self.imported(hour);
        for record in &self.0 {
            let weight = weights.get(&record.id).map(|share| share.clamp(0.0, 1.0));
            if weight.is_some() || record.reading == Reading::Imported {
                unhappy = unhappy.saturating_add(record.unhappy.get(&hour).copied().unwrap_or(0).max(0));
            }
            let Some(weight) = weight else { continue };
            let read = match record.reading {
                Reading::Imported if imported <= 0.0 => stand_in,
                _ => record.share_read(hour).max(imported),
            };
            share += weight * read;
            total += weight;
            // A source that was taken away cannot be silent; what it brought is missing from both sides.
            if record.reading != Reading::Stopped || read > 0.0 {
                existing += weight;
            }
        }
        let of = |whole: f64| if whole > 0.0 { (share / whole).clamp(0.0, 1.0) } else { 0.0 };
        Heard { hour, unhappy, share: of(f64::max(whole, total)), coverage: of(existing) }
    }

    /// What was read of an import, which stands for every source.
    fn imported(&self, hour: Millis) -> f64 {
        self.0.iter().filter(|r| r.reading == Reading::Imported).map(|r| r.share_read(hour)).fold(0.0, f64::max)
    }

    /// How well the polled sources were read. Where a baseline rests on imported history, they stand for it.
    fn polled_share(&self, weights: &Weights, hour: Millis) -> f64 {
        let polled = self.0.iter().filter(|r| matches!(r.reading, Reading::Polled { .. }));
        let weighed = polled.filter_map(|r| Some((weights.get(&r.id)?.max(1e-9), r.share_read(hour))));
        let (read, total) = weighed.fold((0.0, 0.0), |(read, total), (weight, share)| (read + weight * share, total + weight));
        if total > 0.0 { read / total } else { 0.0 }
    }

    /// Compared sources that have not been read for longer than two polls and an hour, the weightiest first.
    pub fn silent(&self, basis: &[BaselineSource], at: Millis) -> Vec<Silence> {
        let weights = weights(basis);
        let imports = self.0.iter().filter(|r| r.reading == Reading::Imported).filter_map(|r| r.read_until(at)).max();
        let mut silent: Vec<Silence> = (self.0.iter())
            .filter_map(|record| {
                let share = *weights.get(&record.id)?;
                let Reading::Polled { every_ms } = record.reading else { return None };
                let since = record.read_until(at).max(imports);
                let patience = every_ms.max(0).saturating_mul(2).saturating_add(HOUR_MS);
                since.is_none_or(|s| at.since(s) > patience).then(|| Silence { name: record.name.clone(), share, since })
            })
            .collect();
        silent.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
        silent
    }

    /// Compared sources whose own count in the last complete hours is above all but two in a thousand normal windows (there
    /// are several sources, and none should block by chance), the furthest above normal first.
    ///
    /// What is normal for a source is its share of what is normal for all: a share of a negative binomial count is negative
    /// binomial with the same size.
    pub fn raised(&self, baseline: &Baseline, at: Millis, rules: &Rules) -> Vec<Raised> {
        if !baseline.is_known() {
            return Vec::new();
        }
        let hours = i64::try_from(rules.window_hours).unwrap_or(6);
        let window: Vec<Millis> = (1..=hours).map(|back| at.hour().plus(-back * HOUR_MS)).collect();
        let imported: Vec<f64> = window.iter().map(|hour| self.imported(*hour)).collect();
        let weights = weights(&baseline.sources);
        let mut raised: Vec<Raised> = (self.0.iter())
            // An import stands for every source: one file is no place where people are.
            .filter(|record| matches!(record.reading, Reading::Polled { .. }))
            .filter_map(|record| {
                let share = *weights.get(&record.id)?;
                let read = window.iter().zip(&imported).map(|(hour, imported)| (*hour, share * record.share_read(*hour).max(*imported)));
                let normal = baseline.predict(read);
                let count = window.iter().filter_map(|h| record.unhappy.get(h)).fold(0_i64, |sum, n| sum.saturating_add((*n).max(0)));
                let above = count > normal.quantile(rules.relapse).max(rules.least_upper);
                above.then(|| Raised { name: record.name.clone(), count, expected: normal.mean(), hours: rules.window_hours })
            })
            .collect();
        let times = |r: &Raised| r.count as f64 / r.expected.max(0.1);
        raised.sort_by(|a, b| times(b).total_cmp(&times(a)).then_with(|| a.name.cmp(&b.name)));
        raised
    }

    /// Polled sources that no baseline covers: they are read, and left out of the comparison.
    pub fn left_out(&self, basis: &[BaselineSource]) -> Vec<String> {
        let polled = self.0.iter().filter(|r| matches!(r.reading, Reading::Polled { .. }));
        let weights = weights(basis);
        polled.filter(|r| !weights.contains_key(&r.id)).map(|r| r.name.clone()).collect()
    }
}
