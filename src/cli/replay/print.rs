//! A replay as JSON lines and as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::{Scene, Told};
use crate::assess::replay::changes;
use crate::domain::proposal::Signal;
use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, Verdict};

/// One line for each change of the verdict, and with `onset` for each proposal; the settings are named when there are several.
pub(super) fn json_lines(told: &[Told], onset: bool) -> String {
    let mut lines: Vec<(Millis, usize, Value)> = Vec::new();
    for (place, one) in told.iter().enumerate() {
        let said = changes(&one.replay.assessments).into_iter().map(|a| (a.at, change(a)));
        let proposed = one.proposals.iter().filter(|_| onset).map(|p| (p.at, proposal(p)));
        for (at, mut line) in said.chain(proposed) {
            if told.len() > 1 {
                line["settings"] = json!(one.name);
            }
            lines.push((at, place, line));
        }
    }
    lines.sort_by_key(|(at, place, _)| (*at, *place));
    lines.iter().map(|(_, _, line)| format!("{line}\n")).collect::<Vec<_>>().concat()
}

fn change(a: &Assessment) -> Value {
    json!({
        "at": a.at.to_rfc3339(),
        "verdict": a.verdict,
        "unhappy_authors": rounded(a.unhappy_per_hour),
        "expected": rounded(a.expected_per_hour),
        "upper_limit": rounded(a.upper_limit),
        "reasons": a.reasons,
    })
}

fn proposal(signal: &Signal) -> Value {
    json!({
        "kind": "proposal",
        "at": signal.at.to_rfc3339(),
        "began": signal.began.to_rfc3339(),
        "unhappy_authors": signal.unhappy,
        "expected": rounded(signal.expected),
        "hours": hours(signal),
        "chance": signal.chance,
    })
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn hours(signal: &Signal) -> i64 {
    signal.window.to().since(signal.window.from()) / HOUR_MS
}

/// For people.
pub(super) fn table(scene: &Scene, told: &[Told]) -> String {
    let mut text = String::new();
    let fixed = scene.fixed.map_or_else(String::new, |at| format!(", declared fixed {}", when(at)));
    let _ = writeln!(text, "{}: an incident from {} to {}{fixed}", scene.brand, when(scene.start), when(scene.until));
    match told {
        [one] => single(&mut text, one),
        several => beside(&mut text, several),
    }
    for one in told {
        onset(&mut text, one, told.len());
    }
    text
}

fn single(text: &mut String, told: &Told) {
    let _ = writeln!(text, "Hold time {} h, baseline: {}\n", told.settings.hold_ms / HOUR_MS, told.replay.baseline.method.shown());
    let _ = writeln!(text, "{:<18} {:<10} {:>10} {:>9} {:>9}  why", "at (UTC)", "verdict", "unhappy/h", "expected", "limit");
    for a in changes(&told.replay.assessments) {
        let why = a.reasons.iter().find(|r| r.blocks).or(a.reasons.first()).map_or("", |r| r.text.as_str());
        let (unhappy, expected, limit) = (a.unhappy_per_hour, a.expected_per_hour, a.upper_limit);
        let word = a.verdict.as_str();
        let _ = writeln!(text, "{:<18} {word:<10} {unhappy:>10.1} {expected:>9.1} {limit:>9.1}  {why}", when(a.at));
    }
    let _ = writeln!(text, "\n{}", ending(scene_start(told), told));
}

/// Each change of any of them, with where all of them stand then.
fn beside(text: &mut String, told: &[Told]) {
    let mut changed: BTreeMap<Millis, Vec<Option<Verdict>>> = BTreeMap::new();
    for (place, one) in told.iter().enumerate() {
        for a in changes(&one.replay.assessments) {
            changed.entry(a.at).or_insert_with(|| vec![None; told.len()])[place] = Some(a.verdict);
        }
    }
    let wide = told.iter().map(|t| t.name.chars().count()).max().unwrap_or(0).max(11) + 2;
    let _ = write!(text, "\n{:<18}", "at (UTC)");
    for one in told {
        let _ = write!(text, "  {:<wide$}", one.name);
    }
    text.push('\n');
    for (at, words) in changed {
        let _ = write!(text, "{:<18}", when(at));
        for word in words {
            let _ = write!(text, "  {:<wide$}", word.map_or("\"", Verdict::as_str));
        }
        text.push('\n');
    }
    for one in told {
        let _ = writeln!(text, "\n{}: {}", one.name, ending(scene_start(one), one));
    }
}

fn scene_start(told: &Told) -> Millis {
    told.replay.assessments.first().map_or(Millis::default(), |a| a.window.from())
}

/// When it was over, in one sentence.
fn ending(start: Millis, told: &Told) -> String {
    let over = told.replay.assessments.iter().find(|a| a.verdict == Verdict::Recovered);
    let relapses = changes(&told.replay.assessments).iter().filter(|a| a.verdict == Verdict::Relapsed).count();
    let relapses = match relapses {
        0 => String::new(),
        1 => ", with one relapse".to_owned(),
        n => format!(", with {n} relapses"),
    };
    if let Some(a) = over {
        return format!("It would have been called over at {}, {} h after the start{relapses}.", when(a.at), a.at.since(start) / HOUR_MS);
    }
    let word = told.replay.assessments.last().map_or("not judged", |a| a.verdict.as_str());
    format!("It would not have been called over{relapses}; at the end it stands as {word}.")
}

fn onset(text: &mut String, told: &Told, several: usize) {
    let name = if several > 1 { format!("{}: ", told.name) } else { String::new() };
    let rate = told.settings.onset.false_alarms_per_week;
    if told.proposals.is_empty() {
        let _ = writeln!(text, "\n{name}No incident would have been proposed ({rate} false alarms a week allowed).");
        return;
    }
    let _ = writeln!(text, "\n{name}Incidents that would have been proposed ({rate} false alarms a week allowed):");
    for p in &told.proposals {
        let (unhappy, expected, hours) = (p.unhappy, p.expected, hours(p));
        let _ =
            writeln!(text, "{:<18} begun {}: {unhappy} unhappy authors in {hours} h, {expected:.1} expected", when(p.at), when(p.began));
    }
}

pub(super) fn when(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%d %H:%M").to_string()
}
