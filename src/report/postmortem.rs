//! A post-mortem drafted from what is stored: Markdown, blameless, for people to write on.
//!
//! Names of authors do not stand in it: it is about what happened, and it is passed around.

use std::fmt::Write;

use crate::domain::case::CaseState;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Closing, Incident, Memory, Update};
use crate::domain::theme::{Theme, ThemeKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{HourCounts, KeptVerdict};
use crate::store::{Store, StoreError};

/// Longest text of others in a line, characters.
const LONG: usize = 600;

/// Signs of the curve at most: what a line of text holds.
const MOST_SIGNS: i64 = 72;

/// What a post-mortem is made of.
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    brand: String,
    incident: Incident,
    updates: Vec<Update>,
    verdicts: Vec<KeptVerdict>,
    closings: Vec<Closing>,
    memory: Memory,
    cases: Vec<(CaseState, i64)>,
    themes: Vec<Theme>,
    hours: Vec<HourCounts>,
    people: i64,
    until: Millis,
    now: Millis,
}

/// Drafts the post-mortem of an incident from its timeline, curve, themes, cases and what people keep of it.
pub async fn draft(store: &Store, id: IncidentId, now: Millis) -> Result<String, StoreError> {
    let incident = store.incident(id).await?;
    let until = incident.closed_at.unwrap_or(now).max(incident.started_at);
    let span = Span::new(incident.started_at.hour(), until.plus(1)).unwrap_or(Span::empty(incident.started_at));
    let facts = Facts {
        brand: store.brand(incident.brand).await?.name,
        updates: store.updates(id).await?,
        verdicts: store.verdicts(id).await?,
        closings: store.closings(id).await?,
        memory: store.memory(id).await?,
        cases: store.case_states(id).await?,
        themes: store.themes(id).await?,
        hours: store.hours(incident.brand, None, span).await?,
        people: store.distinct_unhappy(incident.brand, span).await?,
        incident,
        until,
        now,
    };
    Ok(write(&facts))
}

fn write(facts: &Facts) -> String {
    let mut out = format!("# Post-mortem: {}\n\n", line(&facts.incident.title));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "Drafted by Ebb on {} from what it kept. It asks what happened and why, not who is to blame.\n", time(facts.now));
    summary(&mut out, facts);
    numbers(&mut out, facts);
    themes(&mut out, facts);
    timeline(&mut out, facts);
    people(&mut out, facts);
    closings(&mut out, facts);
    section(
        &mut out,
        "What mended it",
        &facts.memory.solution,
        "_Not written down yet. What was changed, and how did you know that it worked?_",
    );
    section(&mut out, "What we learned", &facts.memory.learned, "_Not written down yet._");
    out.push_str(QUESTIONS);
    out
}

const QUESTIONS: &str = "## Questions for the meeting

- How did we learn of it: from our own alarms, or from customers?
- What made it hard to see, and what would have made it easy?
- What did people need to hear from us, and how long did they wait for it?
- What went well, and should be done again?
- What will we change, who does it, and by when?
";

fn summary(out: &mut String, facts: &Facts) {
    let i = &facts.incident;
    let _ = writeln!(out, "## In short\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "- {name}: {value}");
    };
    row("Brand", line(&facts.brand));
    row("Kind and severity", format!("{}, {}", i.kind.shown().to_lowercase(), i.severity.shown().to_lowercase()));
    row("Started", time(i.started_at));
    row("Declared fixed", i.fixed_at.map_or_else(|| "not yet".to_owned(), |at| after(at, i.started_at)));
    row("Closed", i.closed_at.map_or_else(|| "not yet".to_owned(), |at| after(at, i.started_at)));
    if !i.commander.is_empty() {
        row("Led by", line(&i.commander));
    }
    out.push('\n');
}

fn numbers(out: &mut String, facts: &Facts) {
    let _ = writeln!(out, "## What customers felt\n");
    let sum = |of: fn(&HourCounts) -> i64| facts.hours.iter().map(of).sum::<i64>();
    let negative = sum(|h| h.negative);
    if negative == 0 {
        let _ = writeln!(out, "No unhappy mention was kept between the start and {}.\n", time(facts.until));
        return;
    }
    let scored = sum(|h| h.negative + h.neutral + h.positive);
    let _ = writeln!(
        out,
        "- {} unhappy people wrote {negative} negative mentions ({} of {scored} scored ones, copies aside).",
        facts.people,
        percent(negative, scored)
    );
    // Of equal hours the first.
    if let Some(peak) = facts.hours.iter().rev().max_by_key(|h| h.unhappy) {
        let _ = writeln!(out, "- The worst hour began at {}, with {} unhappy people.", time(peak.hour), peak.unhappy);
        let half = facts.hours.iter().filter(|h| h.unhappy * 2 >= peak.unhappy.max(1)).map(|h| h.hour).max();
        if let Some(last) = half {
            let _ = writeln!(out, "- The last hour with at least half as many began {}.", after(last, facts.incident.started_at));
        }
    }
    let (hours, curve) = curve(facts);
    let _ = writeln!(out, "- The curve, from the start, a sign for {hours} h: `{curve}`");
    let copies = sum(|h| h.copies);
    let _ = writeln!(out, "- {copies} copies of other mentions were counted apart.\n");
}

/// Unhappy people over time as a line of text, the highest sign at the peak; and the hours of a sign.
fn curve(facts: &Facts) -> (i64, String) {
    const SIGNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let start = facts.incident.started_at.hour();
    let whole = facts.until.since(start).max(0) / HOUR_MS + 1;
    let step = (whole + MOST_SIGNS - 1) / MOST_SIGNS;
    let mut sums = vec![0_i64; usize::try_from((whole + step - 1) / step).unwrap_or(1)];
    for h in &facts.hours {
        let place = usize::try_from(h.hour.since(start) / HOUR_MS / step).ok();
        if let Some(sum) = place.and_then(|at| sums.get_mut(at)) {
            *sum += h.unhappy.max(0);
        }
    }
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    // None at all is the lowest sign alone; one person is seen.
    let sign = |sum: &i64| usize::try_from((sum * 7 + most - 1) / most).ok().and_then(|i| SIGNS.get(i)).unwrap_or(&SIGNS[0]);
    (step, sums.iter().map(sign).collect())
}

fn themes(out: &mut String, facts: &Facts) {
    let _ = writeln!(out, "## What they were upset about\n");
    let (still, phrases): (Vec<&Theme>, Vec<&Theme>) =
        facts.themes.iter().filter(|t| t.people > 0).partition(|t| t.kind == ThemeKind::StillBroken);
    if phrases.is_empty() && still.is_empty() {
        let _ = writeln!(out, "No theme set it apart from other days.\n");
        return;
    }
    let people = |n: i64| if n == 1 { "1 person".to_owned() } else { format!("{n} people") };
    for theme in phrases {
        let _ = writeln!(out, "- {}: {}", line(&theme.phrase), people(theme.people));
    }
    for theme in still {
        let _ = writeln!(out, "- Said to fail still, after the declared fix: {}", people(theme.people));
    }
    out.push('\n');
}

fn timeline(out: &mut String, facts: &Facts) {
    let _ = writeln!(out, "## Timeline (UTC)\n");
    let i = &facts.incident;
    let mut events = vec![(i.started_at, "**Incident started**".to_owned())];
    let told = |at: Millis| facts.updates.iter().any(|u| u.at == at);
    events.extend(i.fixed_at.filter(|at| !told(*at)).map(|at| (at, "**Declared fixed**".to_owned())));
    events.extend(facts.updates.iter().map(|u| {
        let link = u.url.as_deref().map_or_else(String::new, |url| format!(" (<{}>)", url.replace(['<', '>', ' '], "")));
        (u.at, format!("{}: {}{link}", u.kind.shown(), line(&u.text)))
    }));
    events.extend(facts.verdicts.iter().map(|v| {
        let why: Vec<String> = v.assessment.reasons.iter().take(2).map(|r| line(&r.text)).collect();
        (v.assessment.at, format!("Concern: **{}**. {}", v.assessment.verdict.shown().to_lowercase(), why.join("; ")))
    }));
    events.extend(facts.closings.iter().map(|c| (c.at, "**Closed**".to_owned())));
    if facts.closings.is_empty() {
        events.extend(i.closed_at.map(|at| (at, "**Closed**".to_owned())));
    }
    events.sort_by_key(|(at, _)| *at);
    for (at, text) in events {
        let _ = writeln!(out, "- {} {text}", at.to_datetime().format("%-d %b %H:%M"));
    }
    out.push('\n');
}

fn people(out: &mut String, facts: &Facts) {
    let _ = writeln!(out, "## People who were very unhappy\n");
    let all: i64 = facts.cases.iter().map(|(_, n)| n).sum();
    if all == 0 {
        let _ = writeln!(out, "No case was opened.\n");
        return;
    }
    let ended: i64 = facts.cases.iter().filter(|(s, _)| s.is_ended()).map(|(_, n)| n).sum();
    let _ =
        writeln!(out, "{all} people were very unhappy; the cases of {} are still open. Silence is not counted as success.\n", all - ended);
    for (state, n) in &facts.cases {
        let _ = writeln!(out, "- {}: {n}", state.shown());
    }
    out.push('\n');
}

fn closings(out: &mut String, facts: &Facts) {
    for closing in facts.closings.iter().filter(|c| !c.blockers.is_empty()) {
        let _ = writeln!(out, "## Closed over what stood against it\n");
        let _ = writeln!(out, "On {}, because: {}\n", time(closing.at), line(&closing.reason));
        for blocker in &closing.blockers {
            let _ = writeln!(out, "- {}", line(&blocker.text));
        }
        out.push('\n');
    }
}

fn section(out: &mut String, title: &str, text: &str, otherwise: &str) {
    let _ = writeln!(out, "## {title}\n");
    if text.trim().is_empty() {
        let _ = writeln!(out, "{otherwise}\n");
        return;
    }
    for paragraph in text.lines() {
        let _ = writeln!(out, "{}", if paragraph.trim().is_empty() { String::new() } else { line(paragraph) });
    }
    out.push('\n');
}

/// Words of people on one line, with what Markdown or HTML would take for its own made plain.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in crate::domain::text::one_line(text, LONG).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    // At the start of a line these make lists.
    if out.starts_with(['-', '+']) {
        out.insert(0, '\\');
    }
    out
}

fn time(at: Millis) -> String {
    at.to_datetime().format("%-d %b %Y, %H:%M UTC").to_string()
}

/// `20 Nov 2026, 12:00 UTC (5 h after the start)`.
fn after(at: Millis, start: Millis) -> String {
    let hours = at.since(start).max(0) / HOUR_MS;
    let passed = if hours >= 48 { format!("{:.1} days", at.since(start) as f64 / DAY_MS as f64) } else { format!("{hours} h") };
    format!("{} ({passed} after the start)", time(at))
}

fn percent(part: i64, whole: i64) -> String {
    format!("{:.0} %", 100.0 * part as f64 / whole.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{BrandId, ThemeId, UpdateId, VerdictId};
    use crate::domain::incident::{IncidentKind, IncidentSeverity, UpdateKind};
    use crate::domain::verdict::{Assessment, Reason, Verdict};

    const START: Millis = Millis::new(1_795_176_000_000);

    fn reason(text: &str) -> Reason {
        Reason::new("x", text, true)
    }

    fn elevated(at: Millis) -> KeptVerdict {
        let assessment = Assessment {
            at,
            verdict: Verdict::Elevated,
            unhappy_per_hour: 1.0,
            expected_per_hour: 1.0,
            upper_limit: 2.0,
            calm_limit: 1.5,
            window: Span::empty(START),
            coverage: 1.0,
            calm_since: None,
            held_ms: 0,
            hold_ms: 1,
            reasons: vec![reason("Concern is 4 times normal"), reason("two"), reason("three")],
        };
        KeptVerdict { id: VerdictId::new(1), incident: IncidentId::new(9), assessment }
    }

    fn facts() -> Facts {
        let at = |h: i64| START.plus(h * HOUR_MS);
        let id = IncidentId::new(9);
        let hour = |h: i64, unhappy: i64| HourCounts {
            hour: at(h),
            unhappy,
            negative: unhappy,
            neutral: 2,
            mentions: 5,
            copies: 1,
            ..HourCounts::default()
        };
        Facts {
            brand: "Acme".to_owned(),
            incident: Incident {
                id,
                brand: BrandId::new(1),
                title: "Sign-in <b>fails</b> [x](http://evil.example)".to_owned(),
                kind: IncidentKind::Service,
                severity: IncidentSeverity::Major,
                commander: "Ines".to_owned(),
                war_room: None,
                started_at: START,
                fixed_at: Some(at(5)),
                closed_at: Some(at(80)),
                close_reason: "press".to_owned(),
                version: 1,
            },
            updates: vec![Update {
                id: UpdateId::new(1),
                incident: id,
                at: at(2),
                kind: UpdateKind::Apology,
                text: "We are\nsorry".to_owned(),
                url: Some("https://status.example/1".to_owned()),
            }],
            verdicts: vec![elevated(at(1))],
            closings: vec![Closing {
                at: at(80),
                who: "Noor".to_owned(),
                reason: "press".to_owned(),
                blockers: vec![reason("2 people unanswered")],
            }],
            memory: Memory {
                incident: id,
                solution: "- renewed the certificate\n\nand an alarm".to_owned(),
                learned: String::new(),
                version: 1,
            },
            cases: vec![(CaseState::New, 2), (CaseState::Calmed, 5), (CaseState::Silent, 1)],
            themes: vec![theme(ThemeKind::Phrase, "charged *twice*", 6), theme(ThemeKind::StillBroken, "", 1)],
            hours: vec![hour(0, 3), hour(1, 9), hour(3, 5), hour(9, 1)],
            people: 14,
            until: at(80),
            now: at(90),
        }
    }

    fn theme(kind: ThemeKind, phrase: &str, people: i64) -> Theme {
        Theme {
            id: ThemeId::new(1),
            incident: IncidentId::new(9),
            kind,
            phrase: phrase.to_owned(),
            forms: vec![],
            z: 5.0,
            normal_per_hour: 0.0,
            people,
            rank: 1,
            first_seen: None,
        }
    }

    #[test]
    fn the_curve_fits_a_line_however_long_it_took() {
        assert_eq!(curve(&facts()), (2, format!("█▄▁▁▂{}", "▁".repeat(36))));
        let long = Facts { until: START.plus(60 * DAY_MS), ..facts() };
        assert!(curve(&long).1.chars().count() <= 72);
    }

    #[test]
    fn the_draft_tells_the_whole_story() {
        insta::assert_snapshot!(write(&facts()));
    }

    #[test]
    fn words_of_strangers_stay_words() {
        let text = write(&facts());
        assert!(!text.contains("<b>") && !text.contains("[x]("), "{text}");
        assert_eq!(line("- a\n# b * <i>"), "\\- a \\# b \\* \\<i\\>");
    }

    #[test]
    fn an_incident_of_which_nothing_is_known_yet_is_drafted_too() {
        let incident = Incident { fixed_at: None, closed_at: None, ..facts().incident };
        let empty = Facts {
            incident,
            updates: vec![],
            verdicts: vec![],
            closings: vec![],
            memory: Memory::nothing(IncidentId::new(9)),
            cases: vec![],
            themes: vec![],
            hours: vec![],
            people: 0,
            ..facts()
        };
        let text = write(&empty);
        assert!(text.contains("Closed: not yet") && text.contains("No unhappy mention was kept") && text.contains("No case was opened"));
        assert!(text.contains("No theme set it apart"));
    }
}
