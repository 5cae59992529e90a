//! One source's polling, hour by hour.

use std::collections::HashMap;

use askama::Template;

use crate::domain::source::HourCoverage;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::web::show;

use super::axis::{self, TimeTick};
use super::share;

/// Height of the strip, pixels.
const HEIGHT: f64 = 28.0;

/// A strip with a cell an hour, and its table.
#[derive(Debug, Template)]
#[template(path = "chart/coverage.html", config = "src/web/askama.toml")]
pub struct CoverageStrip {
    summary: String,
    cells: Vec<Cell>,
    ticks: Vec<TimeTick>,
    days: Vec<Day>,
}

#[derive(Debug)]
struct Cell {
    x: String,
    width: String,
    y: String,
    height: String,
    class: &'static str,
    tip: String,
}

#[derive(Debug)]
struct Day {
    date: String,
    read: String,
    asked: i64,
    answered: i64,
    items: i64,
}

impl CoverageStrip {
    /// Lays out the hours of `span`; `rows` are of one source. Hours before its first poll are left blank,
    /// hours after it without a row were not read.
    pub fn new(span: Span, rows: &[HourCoverage], now: Millis) -> Self {
        let by_hour: HashMap<Millis, &HourCoverage> = rows.iter().map(|r| (r.hour, r)).collect();
        let since = rows.iter().map(|r| r.hour).min();
        let known = |hour: Millis| since.is_some_and(|s| hour >= s) && hour <= now;
        let cells = span.by_hour().map(|(hour, _)| hour).filter(|h| known(*h)).map(|hour| {
            let read_ms = by_hour.get(&hour).map_or(0, |r| r.covered_ms);
            // The running hour can only be read up to now.
            let whole_ms = now.since(hour).clamp(1, HOUR_MS);
            cell(hour, span, (read_ms as f64 / whole_ms as f64).clamp(0.0, 1.0))
        });
        Self { summary: summary(rows, since, now), cells: cells.collect(), ticks: axis::time_ticks(span), days: days(rows) }
    }
}

fn cell(hour: Millis, span: Span, read: f64) -> Cell {
    let left = share(hour, span) * 100.0;
    let right = share(hour.plus(HOUR_MS), span) * 100.0;
    let (class, words) = match read {
        0.9.. => ("cell read", "read".to_owned()),
        0.01.. => ("cell part", format!("{} read", show::percent(read))),
        _ => ("cell unread", "not read".to_owned()),
    };
    let height = if class == "cell part" { HEIGHT * read.clamp(0.2, 0.8) } else { HEIGHT };
    Cell {
        x: format!("{left:.3}"),
        width: format!("{:.3}", (right - left).max(0.0)),
        y: format!("{:.1}", HEIGHT - height),
        height: format!("{height:.1}"),
        class,
        tip: format!("{} UTC: {words}", show::hour_label(hour)),
    }
}

fn summary(rows: &[HourCoverage], since: Option<Millis>, now: Millis) -> String {
    let Some(since) = since else {
        return "Not polled in the last 7 days.".to_owned();
    };
    let read_ms: i64 = rows.iter().map(|r| r.covered_ms).sum();
    let share = read_ms as f64 / now.since(since).max(1) as f64;
    format!("{} read since {} UTC.", show::percent(share), show::hour_label(since))
}

fn days(rows: &[HourCoverage]) -> Vec<Day> {
    let mut starts: Vec<i64> = rows.iter().map(|r| r.hour.get().div_euclid(DAY_MS)).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
        .into_iter()
        .rev()
        .map(|day| {
            let of_day = || rows.iter().filter(move |r| r.hour.get().div_euclid(DAY_MS) == day);
            Day {
                date: Millis::new(day * DAY_MS).to_datetime().format("%a %-d %b").to_string(),
                read: show::duration(of_day().map(|r| r.covered_ms).sum()),
                asked: of_day().map(|r| r.asked).sum(),
                answered: of_day().map(|r| r.answered).sum(),
                items: of_day().map(|r| r.items).sum(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SourceId;

    #[test]
    fn an_hour_without_a_row_after_the_first_poll_was_not_read() {
        let from = Millis::new(1_763_596_800_000);
        let row = |i: i64, covered_ms: i64| HourCoverage {
            source: SourceId::new(1),
            hour: from.plus(i * HOUR_MS),
            asked: 12,
            answered: 12,
            items: 3,
            covered_ms,
        };
        let span = Span::new(from, from.plus(6 * HOUR_MS)).expect("a span");
        let rows = [row(1, HOUR_MS), row(3, HOUR_MS / 2), row(5, HOUR_MS / 2)];
        let strip = CoverageStrip::new(span, &rows, from.plus(5 * HOUR_MS + HOUR_MS / 2));
        let classes: Vec<&str> = strip.cells.iter().map(|c| c.class).collect();
        assert_eq!(classes, ["cell read", "cell unread", "cell part", "cell unread", "cell read"]);
        assert_eq!(strip.days.iter().map(|d| d.asked).sum::<i64>(), 36);
    }

    #[test]
    fn a_source_that_was_never_polled_says_so() {
        let span = Span::new(Millis::new(0), Millis::new(DAY_MS)).expect("a span");
        assert!(CoverageStrip::new(span, &[], Millis::new(DAY_MS)).to_string().contains("Not polled"));
    }
}
