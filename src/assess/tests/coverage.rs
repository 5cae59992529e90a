//! What can be compared with what.

use std::collections::BTreeMap;

use crate::domain::ids::SourceId;
use crate::domain::time::{HOUR_MS, Millis, Span};

use super::super::coverage::{Reading, SourceRecord, Sources};
use super::{monday, start};

const POLLED: Reading = Reading::Polled { every_ms: 600_000 };

fn hours(from: i64, to: i64, value: i64) -> BTreeMap<Millis, i64> {
    (from..to).map(|h| (start().plus(h * HOUR_MS), value)).collect()
}

fn record(id: i64, reading: Reading, covered: BTreeMap<Millis, i64>, unhappy: BTreeMap<Millis, i64>) -> SourceRecord {
    SourceRecord { id: SourceId::new(id), name: format!("Source {id}"), reading, covered, unhappy }
}

fn history() -> Span {
    Span::new(monday(), start()).expect("ordered")
}

fn window() -> Span {
    Span::new(start(), start().plus(6 * HOUR_MS)).expect("ordered")
}

#[test]
fn a_source_weighs_what_it_normally_brings() {
    let sources = Sources::new(vec![
        record(1, POLLED, hours(-1344, 6, HOUR_MS), hours(-1344, 6, 3)),
        record(2, POLLED, hours(-1344, 0, HOUR_MS), hours(-1344, 0, 1)),
    ]);
    let basis = sources.basis(history());
    assert!((basis[0].share - 0.75).abs() < 0.01 && (basis[1].share - 0.25).abs() < 0.01);
    let heard = sources.heard(&basis, window());
    assert_eq!(heard.len(), 6);
    assert!(heard.iter().all(|h| h.unhappy == 3 && (h.share - 0.75).abs() < 0.01 && (h.coverage - 0.75).abs() < 0.01));
}

#[test]
fn a_new_source_is_left_out_until_its_history_is_known() {
    let sources = Sources::new(vec![
        record(1, POLLED, hours(-1344, 6, HOUR_MS), hours(-1344, 6, 3)),
        record(2, POLLED, hours(-20, 6, HOUR_MS), hours(-20, 6, 50)),
    ]);
    let basis = sources.basis(history());
    assert!(sources.heard(&basis, window()).iter().all(|h| h.unhappy == 3 && h.coverage > 0.99));
    assert_eq!(sources.left_out(&basis), ["Source 2"]);
}

#[test]
fn a_source_that_was_taken_away_is_not_silent_but_missing() {
    let mut records = vec![
        record(1, POLLED, hours(-1344, 6, HOUR_MS), hours(-1344, 6, 2)),
        record(2, POLLED, hours(-1344, 0, HOUR_MS), hours(-1344, 0, 2)),
    ];
    let basis = Sources::new(records.clone()).basis(history());
    records[1].reading = Reading::Stopped;
    let sources = Sources::new(records);
    assert!(sources.heard(&basis, window()).iter().all(|h| (h.share - 0.5).abs() < 0.01 && h.coverage > 0.99));
    assert_eq!(sources.silent(&basis, start().plus(6 * HOUR_MS)), []);
}

#[test]
fn silence_is_named_with_its_beginning_after_two_polls_and_an_hour() {
    let mut covered = hours(-1344, 2, HOUR_MS);
    covered.insert(start().plus(2 * HOUR_MS), HOUR_MS / 2);
    let sources = Sources::new(vec![record(1, POLLED, covered, BTreeMap::new())]);
    let basis = sources.basis(history());
    assert_eq!(sources.silent(&basis, start().plus(3 * HOUR_MS)), []);
    let silent = sources.silent(&basis, start().plus(5 * HOUR_MS));
    assert_eq!(silent[0].since, Some(start().plus(2 * HOUR_MS + HOUR_MS / 2)));
}

#[test]
fn imported_history_stands_for_the_sources_that_are_polled_now() {
    let sources = Sources::new(vec![
        record(1, Reading::Imported, hours(-1344, 0, HOUR_MS), hours(-1344, 0, 4)),
        record(2, POLLED, hours(0, 4, HOUR_MS), hours(0, 4, 5)),
    ]);
    let basis = sources.basis(history());
    assert_eq!(basis.len(), 2);
    let heard = sources.heard(&basis, window());
    assert!(heard[..4].iter().all(|h| h.coverage > 0.99 && h.unhappy == 5));
    assert!(heard[4..].iter().all(|h| h.coverage < 0.01));
}

#[test]
fn an_imported_stretch_counts_as_read_for_everyone() {
    let sources = Sources::new(vec![
        record(1, POLLED, hours(-1344, 0, HOUR_MS), hours(-1344, 0, 4)),
        record(2, Reading::Imported, hours(0, 6, HOUR_MS), hours(0, 6, 9)),
    ]);
    let basis = sources.basis(history());
    assert!(sources.heard(&basis, window()).iter().all(|h| h.coverage > 0.99 && h.unhappy == 9));
}

#[test]
fn without_sources_nothing_is_heard() {
    let sources = Sources::default();
    assert_eq!(sources.basis(history()), []);
    assert!(sources.heard(&[], window()).iter().all(|h| h.coverage <= 0.0 && h.share <= 0.0));
}
