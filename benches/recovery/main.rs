//! Is it said when it begins, and when it is over? On simulated incidents with a known start and end, beside the rules of
//! others on the same counts.
//!
//! `cargo bench --bench recovery [-- --json] [--cases N] [--seed N] [--nab FOLDER]`
//!
//! FOLDER holds the ten series of tweet volumes of the Numenta Anomaly Benchmark with `anomaly_windows.tsv`
//! (`series`, `window_start`, `window_end`). The limits were chosen on seeds 1, 4 and 5; what is printed unless told otherwise is seed 6, which
//! was held out.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

mod nab;
mod rivals;
mod tally;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use ebb::assess::onset::{self, OnsetRules};
use ebb::assess::verdict::{Evidence, Surroundings};
use ebb::assess::window::Rules;
use ebb::domain::time::{HOUR_MS, Span};
use ebb::domain::verdict::{Baseline, Verdict};
use rivals::Rival;
use tally::{Outcome, Tally};
use world::{AFTER, Case, Course};

const HOLD: usize = 72;
/// An alarm that comes back within a day is the same one; so is our cool-down.
const APART: usize = 24;

struct Options {
    json: bool,
    cases: u64,
    seed: u64,
    nab: Option<PathBuf>,
}

fn options() -> Options {
    let mut options = Options { json: false, cases: 2_000, seed: 6, nab: None };
    // Cargo passes `--bench`.
    let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => options.json = true,
            "--cases" => options.cases = args.next().and_then(|n| n.parse().ok()).unwrap(),
            "--seed" => options.seed = args.next().and_then(|n| n.parse().ok()).unwrap(),
            "--nab" => options.nab = args.next().map(PathBuf::from),
            other => panic!("unknown argument {other}"),
        }
    }
    options
}

/// One line of the table: a name, and how it does on a case.
struct Line {
    name: String,
    tally: Tally,
}

/// Ours, the others as they are, the others with our hold time.
fn lines() -> Vec<Line> {
    let line = |name: String| Line { name, tally: Tally::default() };
    let rivals = || Rival::ALL.into_iter();
    let held = rivals().filter(|r| *r != Rival::Quiet).map(|r| line(format!("{}, held 72 h", r.name())));
    std::iter::once(line("Ebb".to_owned())).chain(rivals().map(|r| line(r.name().to_owned()))).chain(held).collect()
}

fn outcomes(case: &Case) -> Vec<Outcome> {
    let mut all = vec![ours(case)];
    let alarms: Vec<(Rival, Vec<bool>)> = Rival::ALL.into_iter().map(|r| (r, r.alarms(&case.raw, case.known_from, case.start))).collect();
    // A rule without a hold time is read as "over" when its alarm has been off for six hours.
    all.extend(alarms.iter().map(|(r, on)| theirs(case, on, if *r == Rival::Quiet { HOLD } else { 6 }, *r)));
    all.extend(alarms.iter().filter(|(r, _)| *r != Rival::Quiet).map(|(r, on)| theirs(case, on, HOLD, *r)));
    all
}

fn ours(case: &Case) -> Outcome {
    let start = case.at(case.start);
    let span = |from: usize, to: usize| Span::new(case.at(from), case.at(to)).unwrap();
    let history = span(case.known_from, case.start);
    let basis = case.sources.basis(history);
    let baseline = Baseline::learn(&case.sources.heard(&basis, history), &[], basis.clone(), start);
    let heard = case.sources.heard(&basis, span(case.start, case.end + AFTER));
    let hold_ms = i64::try_from(HOLD).unwrap() * HOUR_MS;
    let evidence = Evidence { baseline: &baseline, heard: &heard, started_at: start, hold_ms, rules: Rules::default() };
    let said = evidence.replay(case.at(case.end + AFTER), |_| Surroundings::default());
    // `said[i]` is known at the end of the i-th hour.
    let over = said.iter().position(|a| a.verdict == Verdict::Recovered).map(|i| case.start + i + 1);
    let raised = |v: Verdict| matches!(v, Verdict::Elevated | Verdict::Easing | Verdict::Relapsed);
    let noticed = |(from, to): (usize, usize)| said[from - case.start..to - case.start].iter().any(|a| raised(a.verdict));

    let rules = OnsetRules::default();
    let calm = calm(case);
    let looks = onset::looks(&case.sources, &[], span(calm, case.end), &rules);
    let on: Vec<bool> = looks.iter().map(|(_, signal)| signal.is_some()).collect();
    let proposals = onset::proposals(&looks, &rules);
    Outcome {
        false_over: over.is_some_and(|at| at < case.end),
        delay: over.and_then(|at| at.checked_sub(case.end)),
        relapse_noticed: case.second.map(noticed),
        onset: on[case.start - calm..].iter().position(|on| *on).map(|i| i + 1),
        false_alarms: proposals.iter().filter(|p| p.at <= start).count(),
        weeks: (case.start - calm) as f64 / 168.0,
    }
}

/// The first hour of the calm time in which alarms are false: two weeks, or what there is after three days of history.
fn calm(case: &Case) -> usize {
    (case.start - 14 * 24).max((case.known_from + 72).min(case.start))
}

fn theirs(case: &Case, on: &[bool], quiet_for: usize, rival: Rival) -> Outcome {
    // The rule of quiet counts from the start; the others must have spoken first.
    let first = if rival == Rival::Quiet { Some(case.start) } else { (case.start..case.end).find(|h| on[*h]) };
    let quiet = |h: usize| h >= case.start + quiet_for && on[h - quiet_for..h].iter().all(|on| !on);
    let over = first.and_then(|first| (first + 1..=case.end + AFTER).find(|h| quiet(*h)));
    let calm = calm(case);
    let onset = first.filter(|_| rival != Rival::Quiet);
    Outcome {
        false_over: over.is_some_and(|at| at < case.end),
        delay: over.and_then(|at| at.checked_sub(case.end)),
        relapse_noticed: case.second.map(|(from, to)| on[from..to].iter().any(|on| *on)),
        onset: onset.map(|h| h + 1 - case.start),
        false_alarms: episodes(&on[calm..case.start]),
        weeks: (case.start - calm) as f64 / 168.0,
    }
}

/// Alarms that lie at least a day apart.
fn episodes(on: &[bool]) -> usize {
    let mut last: Option<usize> = None;
    let mut count = 0;
    for (h, _) in on.iter().enumerate().filter(|(_, on)| **on) {
        count += usize::from(last.is_none_or(|last| h - last > APART));
        last = Some(h);
    }
    count
}

/// Every case on every rule, on all cores.
fn measure(options: &Options) -> (Vec<Line>, Vec<(Course, Tally)>) {
    let next = AtomicU64::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= options.cases {
                return found;
            }
            let case = world::case(options.seed * 1_000_000 + i);
            let outcomes = outcomes(&case);
            found.push((i, case.course, outcomes));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    found.sort_by_key(|(i, ..)| *i);
    let mut lines = lines();
    let mut courses: Vec<(Course, Tally)> = Vec::new();
    for (_, course, outcomes) in found {
        if let Some((_, tally)) = courses.iter_mut().find(|(c, _)| *c == course) {
            tally.add(outcomes[0]);
        } else {
            let mut tally = Tally::default();
            tally.add(outcomes[0]);
            courses.push((course, tally));
        }
        lines.iter_mut().zip(outcomes).for_each(|(line, outcome)| line.tally.add(outcome));
    }
    (lines, courses)
}

fn main() {
    let options = options();
    let (lines, courses) = measure(&options);
    let nab = options.nab.as_deref().map(nab::measure);
    if options.json {
        let rules: Vec<_> = lines.iter().map(|l| l.tally.numbers().json(&l.name)).collect();
        let nab = nab.map(|lines| lines.iter().map(nab::NabLine::json).collect::<Vec<_>>());
        println!("{}", serde_json::json!({"cases": options.cases, "seed": options.seed, "rules": rules, "nab": nab}));
        return;
    }
    println!("{} simulated incidents, seed {}\n\n{}", options.cases, options.seed, tally::Numbers::HEADER);
    for l in &lines {
        println!("{}", l.tally.numbers().line(&l.name));
    }
    println!("\nEbb by course\n\n{}", tally::Numbers::HEADER);
    for (course, tally) in &courses {
        println!("{}", tally.numbers().line(course.name()));
    }
    if let Some(lines) = nab {
        println!("\n{}", nab::HEADER);
        for l in lines {
            println!("{}", l.line());
        }
    }
}
