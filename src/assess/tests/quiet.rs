//! Suspicious silence, on simulated sources.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::assess::counts::NegativeBinomial;
use crate::assess::quiet::{Hush, QuietSource, suspicious};
use crate::assess::verdict::{Evidence, Surroundings};
use crate::assess::window::Rules;
use crate::domain::ids::SourceId;
use crate::domain::source::HourCoverage;
use crate::domain::time::{HOUR_MS, Millis};

use super::{HOLD, baseline_of, monday, rhythm, start, steady};

const WEEK: i64 = 168;

fn hour(at: i64, items: i64) -> HourCoverage {
    let hour = monday().plus(at * HOUR_MS);
    HourCoverage { source: SourceId::new(1), hour, asked: 12, answered: 12, items, covered_ms: HOUR_MS }
}

/// `level` mentions an hour around the rhythm of the week; each day is better or worse than others.
fn source(seed: u64, level: f64, size: f64, hours: i64) -> Vec<HourCoverage> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut day = 1.0;
    (0..hours)
        .map(|at| {
            if at % 24 == 0 {
                day = 0.7 + 0.6 * rng.random_range(0.0..1.0);
            }
            let mean = level * day * rhythm(monday().plus(at * HOUR_MS));
            hour(at, NegativeBinomial::new(mean, size).quantile(rng.random_range(0.0..1.0)))
        })
        .collect()
}

/// What is said after `hours` of a record, which is looked at three weeks back.
fn after(record: &[HourCoverage], hours: i64) -> Option<Hush> {
    let to = usize::try_from(hours).expect("small");
    suspicious(&record[to.saturating_sub(504)..to], at(hours))
}

fn at(hours: i64) -> Millis {
    monday().plus(hours * HOUR_MS)
}

#[test]
fn a_calm_source_is_named_by_chance_less_than_once_in_fifty_weeks() {
    let (mut alarms, mut weeks) = (0.0, 0.0);
    for seed in 0..60 {
        let level = [0.05, 0.3, 1.0, 4.0, 20.0][usize::try_from(seed % 5).expect("small")];
        let size = [0.8, 3.0, 1e6][usize::try_from(seed % 3).expect("small")];
        let record = source(seed, level, size, 8 * WEEK);
        let mut before = false;
        for hours in 3 * WEEK..8 * WEEK {
            let now = after(&record, hours).is_some();
            alarms += f64::from(u8::from(now && !before));
            before = now;
        }
        weeks += 5.0;
    }
    assert!(alarms / weeks < 1.0 / 50.0, "{alarms} in {weeks} weeks");
}

#[test]
fn a_busy_source_that_dies_is_named_within_hours_and_a_slow_one_within_days() {
    for (level, within) in [(20.0, 6), (4.0, 14), (1.0, 36), (0.3, 144)] {
        let mut late = 0;
        for seed in 100..120 {
            let mut record = source(seed, level, 3.0, 5 * WEEK);
            let died = 4 * WEEK + 9;
            record.iter_mut().skip(usize::try_from(died).expect("small")).for_each(|h| h.items = 0);
            late += u32::from(after(&record, died + within).is_none());
        }
        assert!(late <= 2, "{late} of 20 sources with {level} an hour were not named after {within} h");
    }
}

#[test]
fn the_silence_began_after_the_last_mention() {
    let mut record: Vec<HourCoverage> = (0..600).map(|at| hour(at, 5)).collect();
    record[590..].iter_mut().for_each(|h| h.items = 0);
    let quiet = after(&record, 600).expect("suspicious");
    assert_eq!(quiet.since, at(590));
    assert!((quiet.expected - 50.0).abs() < 0.5 && quiet.chance < 1e-5, "{quiet:?}");
    record[599].items = 1;
    assert_eq!(after(&record, 600), None, "it speaks again");
}

#[test]
fn hours_without_an_answer_are_unknown_and_no_silence() {
    let mut record: Vec<HourCoverage> = (0..600).map(|at| hour(at, 5)).collect();
    record[560..].iter_mut().for_each(|h| {
        h.items = 0;
        h.answered = 0;
    });
    assert_eq!(after(&record, 600), None);
}

#[test]
fn a_short_or_empty_history_says_nothing() {
    let dies = |hours: i64, items: i64| {
        let record: Vec<HourCoverage> = (0..hours + 100).map(|at| hour(at, if at < hours { items } else { 0 })).collect();
        after(&record, hours + 100)
    };
    assert_eq!((dies(71, 9), dies(400, 0)), (None, None));
    assert!(dies(72, 9).is_some(), "three days are enough");
    assert_eq!(suspicious(&[], monday()), None);
}

#[test]
fn the_history_that_a_first_poll_brings_is_no_rate() {
    let mut record: Vec<HourCoverage> = (0..300).map(|at| hour(at, i64::from(at % 10 == 0))).collect();
    record[0].items = 50_000;
    assert_eq!(after(&record, 300), None, "one in ten hours has a mention, and nine hours are silent");
}

#[test]
fn the_verdict_warns_of_a_suspiciously_quiet_source() {
    let (baseline, heard) = (baseline_of(3), steady(start(), &[3; 30]));
    let evidence = Evidence { baseline: &baseline, heard: &heard, started_at: start(), hold_ms: HOLD, rules: Rules::default() };
    let quiet = Hush { since: start().plus(20 * HOUR_MS), expected: 41.2, chance: 1e-7 };
    let surroundings = Surroundings { quiet: vec![QuietSource { name: "Reddit".to_owned(), quiet }], ..Surroundings::default() };
    let assessment = evidence.assess(start().plus(30 * HOUR_MS), &surroundings);
    let reason = assessment.reasons.iter().find(|r| r.code == "source_quiet").expect("a warning");
    assert_eq!(reason.text, "Reddit suspiciously quiet since 20:00 UTC on 2 Mar: it answers, but 41 mentions would be usual by now");
    assert!(!reason.blocks, "it may be calm");
}
