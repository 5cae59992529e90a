//! `ebb import` and `ebb replay` on a fresh database, with nothing else running.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

fn ebb(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ebb")).args(args).current_dir(folder).env("RUST_LOG", "error").output().expect("the program runs")
}

fn start() -> DateTime<Utc> {
    "2026-03-02T08:00:00Z".parse().expect("a time")
}

const WHAT: [&str; 7] = ["billing", "the login", "search", "the mobile app", "checkout", "every report", "our calendar"];
const HOW: [&str; 9] = [
    "is broken once more and I hate it",
    "failed me at the worst moment, awful",
    "keeps crashing, what a terrible mess",
    "lost my work and nobody cares, horrible",
    "has been useless all morning, I am furious",
    "makes me so angry that I could scream",
    "is a disgrace, the worst service ever",
    "wasted three hours of my life, never again",
    "does not load and support is rude",
];
const WHO: [&str; 11] = [
    "says my boss",
    "in Leeds",
    "for the whole team",
    "after the update",
    "with customers waiting",
    "on a Monday",
    "for the third time",
    "before a deadline",
    "at the counter",
    "in front of everyone",
    "and my coffee is cold",
];

/// Words that differ, so that they are nobody's copies.
fn angry(n: i64) -> String {
    let pick = |list: &[&'static str], n: i64| list[usize::try_from(n).expect("small") % list.len()];
    format!("{} of Tallyho {} {}", pick(&WHAT, n), pick(&HOW, n), pick(&WHO, n))
}

/// Four weeks with an unhappy author every fourth hour, an outage of ten hours, and five calm days.
fn weeks() -> String {
    let mut csv = "platform,id,author,created_at,text\n".to_owned();
    let mut rows = 0;
    let mut row = |at: DateTime<Utc>| {
        rows += 1;
        writeln!(csv, "forum,{rows},author{rows},{},\"{}\"", at.to_rfc3339(), angry(rows)).expect("a string");
    };
    for hour in -28 * 24..130_i64 {
        let at = start() + Duration::hours(hour);
        if hour.rem_euclid(4) == 0 {
            row(at + Duration::minutes(5));
        }
        if (0..10).contains(&hour) {
            for n in 0..10 {
                row(at + Duration::minutes(10 + n));
            }
        }
    }
    csv
}

#[test]
fn imported_weeks_are_scored_and_replayed_in_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("weeks.csv"), weeks()).expect("written");
    let imported = ebb(folder.path(), &["import", "weeks.csv", "--brand", "Tallyho"]);
    assert!(imported.status.success(), "{imported:?}");
    let replayed = ebb(
        folder.path(),
        &["replay", "--brand", "Tallyho", "--start", "2026-03-02T08:00:00Z", "--json", "--onset", "--hold", "72h", "--chart", "a.svg"],
    );
    assert!(replayed.status.success(), "{replayed:?}");
    let lines: Vec<Value> =
        String::from_utf8_lossy(&replayed.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let verdicts: Vec<&str> = lines.iter().filter_map(|l| l["verdict"].as_str()).collect();
    assert_eq!(verdicts.first(), Some(&"elevated"), "{verdicts:?}");
    assert_eq!(verdicts.last(), Some(&"recovered"), "{verdicts:?}");
    for line in lines.iter().filter(|l| l["kind"].is_null()) {
        assert!(line["unhappy_authors"].is_number() && line["expected"].is_number() && line["upper_limit"].is_number(), "{line}");
        assert!(line["at"].is_string() && !line["reasons"].as_array().expect("reasons").is_empty(), "{line}");
    }
    let proposal = lines.iter().find(|l| l["kind"] == "proposal").expect("a proposal");
    assert_eq!((proposal["at"].as_str(), proposal["began"].as_str()), (Some("2026-03-02T09:00:00.000Z"), Some("2026-03-02T08:00:00.000Z")));
    assert!(std::fs::read_to_string(folder.path().join("a.svg")).expect("a chart").contains("recovered since"));

    let plain = ebb(folder.path(), &["replay", "--start", "2026-03-02T08:00:00Z", "--json"]);
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("proposal"), "only with --onset");
    let beside = ebb(folder.path(), &["replay", "--start", "2026-03-02T08:00:00Z", "--compare", "hold=24h"]);
    let text = String::from_utf8_lossy(&beside.stdout);
    assert!(text.contains("hold=24h: It would have been called over") && text.contains("begun 2026-03-02 08:00"), "{text}");
}

#[test]
fn a_replay_says_what_it_does_not_know_and_reads_times_in_any_zone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("weeks.csv"), weeks()).expect("written");
    assert!(ebb(folder.path(), &["import", "weeks.csv", "--brand", "Tallyho"]).status.success());
    let lines = |args: &[&str]| -> Vec<Value> {
        let output = ebb(folder.path(), &[&["replay", "--json"], args].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    };
    // Four weeks before the outage nothing was stored that could say what is normal.
    let before = lines(&["--start", "2026-01-20T08:00:00Z", "--until", "2026-02-10T08:00:00Z"]);
    assert!(before.iter().all(|l| l["verdict"] == "unknown"), "{before:?}");
    assert!(before[0]["reasons"].as_array().is_some_and(|r| r.iter().any(|r| r["code"] == "no_baseline")), "{before:?}");
    // Two days of history are one number for all hours, and a verdict with that said.
    let short = lines(&["--start", "2026-02-04T08:00:00Z", "--until", "2026-02-12T08:00:00Z", "--hold", "1h"]);
    assert!(short.iter().any(|l| l["reasons"].to_string().contains("baseline_short")), "{short:?}");
    let (zone, utc) = (lines(&["--start", "2026-03-02T10:00:00+02:00"]), lines(&["--start", "2026-03-02T08:00:00Z"]));
    assert_eq!(zone, utc);
    let keys: Vec<&String> = utc[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["at", "verdict", "unhappy_authors", "expected", "upper_limit", "reasons"]);
    let none = ebb(folder.path(), &["replay", "--start", "2026-03-02T08:00:00Z", "--hold", "0h"]);
    assert!(none.status.code() == Some(2) && String::from_utf8_lossy(&none.stderr).contains("at least 1h"), "{none:?}");
}

#[test]
fn what_cannot_be_replayed_is_said_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("one.csv"), "platform,id,author,created_at,text\nforum,1,ann,2026-03-02T08:10:00Z,Tallyho is down\n")
        .expect("written");
    let refused = |args: &[&str]| {
        let output = ebb(folder.path(), args);
        assert!(!output.status.success(), "{output:?}");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (_, none) = refused(&["replay", "--start", "2026-03-02T08:00:00Z"]);
    assert!(none.contains("there is no database"), "{none}");
    assert!(ebb(folder.path(), &["import", "one.csv", "--brand", "Tallyho"]).status.success());
    let (_, brand) = refused(&["replay", "--brand", "Tally", "--start", "2026-03-02T08:00:00Z"]);
    assert!(brand.contains("no brand \"Tally\"; known: \"Tallyho\""), "{brand}");
    let (code, time) = refused(&["replay", "--start", "yesterday"]);
    assert!(code == Some(2) && time.contains("write it like 2026-"), "{time}");
    let (code, late) = refused(&["replay", "--start", "2026-05-02T08:00:00Z"]);
    assert!(code == Some(2) && late.contains("after everything that is stored"), "{late}");
    let (code, order) = refused(&["replay", "--start", "2026-03-02T08:00:00Z", "--until", "2026-03-01T08:00:00Z"]);
    assert!(code == Some(2) && order.contains("--until is not after --start"), "{order}");
}
