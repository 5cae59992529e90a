//! The ten series of tweet volumes of the Numenta Anomaly Benchmark: how many of its windows are hit, at which rate of
//! alarms outside them. Its windows are onsets; nothing in it says when something ended.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDateTime;
use ebb::assess::coverage::{Reading, SourceRecord, Sources};
use ebb::assess::onset::{self, OnsetRules};
use ebb::domain::ids::SourceId;
use ebb::domain::time::{HOUR_MS, Millis, Span};
use serde_json::{Value, json};

use super::APART;
use super::rivals::Rival;
use super::world::Raw;

pub const HEADER: &str = "| rule | windows hit | alarms outside them a brand-week |\n|---|---|---|";

/// One rule over all series.
pub struct NabLine {
    name: String,
    hit: usize,
    windows: usize,
    outside: usize,
    weeks: f64,
}

impl NabLine {
    pub fn line(&self) -> String {
        format!("| {} | {} of {} | {:.2} |", self.name, self.hit, self.windows, self.outside as f64 / self.weeks)
    }

    pub fn json(&self) -> Value {
        json!({"rule": self.name, "hit": self.hit, "windows": self.windows, "outside_per_week": self.outside as f64 / self.weeks})
    }
}

struct Series {
    first: Millis,
    counts: Vec<i64>,
    windows: Vec<Span>,
}

pub fn measure(folder: &Path) -> Vec<NabLine> {
    let series = read(folder);
    let mut lines = vec![line("Ebb", &series, ours)];
    let rivals = Rival::ALL.into_iter().filter(|r| !matches!(r, Rival::Quiet | Rival::Share));
    lines.extend(rivals.map(|r| line(r.name(), &series, |s| theirs(r, s))));
    // What a higher or lower stated rate buys.
    for rate in [0.02, 0.5, 1.0] {
        let rules = OnsetRules { false_alarms_per_week: rate, ..OnsetRules::default() };
        lines.push(line(&format!("Ebb, {rate} stated"), &series, |s| with(s, &rules)));
    }
    lines
}

/// `alarms` gives the hours in which a rule's alarm is on.
fn line(name: &str, series: &[Series], alarms: impl Fn(&Series) -> Vec<usize>) -> NabLine {
    let mut line = NabLine { name: name.to_owned(), hit: 0, windows: 0, outside: 0, weeks: 0.0 };
    for s in series {
        let on = alarms(s);
        let known = |h: usize| s.first.plus(i64::try_from(h + 1).unwrap() * HOUR_MS);
        let inside = |w: &Span, at: Millis| at >= w.from() && at <= w.to().plus(HOUR_MS);
        line.hit += s.windows.iter().filter(|w| on.iter().any(|h| inside(w, known(*h)))).count();
        line.windows += s.windows.len();
        line.weeks += s.counts.len() as f64 / 168.0;
        let mut last: Option<usize> = None;
        for h in on {
            let new = last.is_none_or(|last| h - last > APART);
            line.outside += usize::from(new && !s.windows.iter().any(|w| inside(w, known(h))));
            last = Some(h);
        }
    }
    line
}

fn ours(series: &Series) -> Vec<usize> {
    with(series, &OnsetRules::default())
}

fn with(series: &Series, rules: &OnsetRules) -> Vec<usize> {
    let hour = |i: usize| series.first.plus(i64::try_from(i).unwrap() * HOUR_MS);
    let record = SourceRecord {
        id: SourceId::new(1),
        name: "Twitter".to_owned(),
        reading: Reading::Polled { every_ms: 300_000 },
        covered: (0..series.counts.len()).map(|i| (hour(i), HOUR_MS)).collect(),
        unhappy: series.counts.iter().enumerate().map(|(i, n)| (hour(i), *n)).collect(),
    };
    let span = Span::new(hour(0), hour(series.counts.len())).unwrap();
    let looks = onset::looks(&Sources::new(vec![record]), &[], span, rules);
    looks.iter().enumerate().filter(|(_, (_, signal))| signal.is_some()).map(|(i, _)| i).collect()
}

fn theirs(rival: Rival, series: &Series) -> Vec<usize> {
    let raw: Vec<Raw> = series.counts.iter().map(|n| Raw { mentions: *n as f64, negative: *n as f64 }).collect();
    rival.alarms(&raw, 0, 0).iter().enumerate().filter(|(_, on)| **on).map(|(h, _)| h).collect()
}

fn read(folder: &Path) -> Vec<Series> {
    let mut windows: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for row in std::fs::read_to_string(folder.join("anomaly_windows.tsv")).unwrap().lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        windows.entry(cells[0].to_owned()).or_default().push(Span::new(time(cells[1]), time(cells[2])).unwrap());
    }
    windows.into_iter().map(|(name, windows)| series(&folder.join(name), windows)).collect()
}

/// Sums by the hour, from the first whole one.
fn series(path: &Path, windows: Vec<Span>) -> Series {
    let mut hours: BTreeMap<Millis, i64> = BTreeMap::new();
    for row in std::fs::read_to_string(path).unwrap().lines().skip(1) {
        let (at, count) = row.split_once(',').unwrap();
        *hours.entry(time(at).hour()).or_default() += count.trim().parse::<i64>().unwrap();
    }
    let first = hours.keys().next().unwrap().plus(HOUR_MS);
    let last = *hours.keys().next_back().unwrap();
    let counts = Span::new(first, last).unwrap().by_hour().map(|(hour, _)| hours.get(&hour).copied().unwrap_or(0)).collect();
    Series { first, counts, windows }
}

fn time(text: &str) -> Millis {
    Millis::new(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap().and_utc().timestamp_millis())
}
