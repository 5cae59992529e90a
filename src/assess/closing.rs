//! What stands against closing an incident: one line for each question, answered or not.

use crate::domain::case::CaseState;
use crate::domain::incident::Incident;
use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, Baseline, Reason};
use crate::store::{Store, StoreError};

use super::load::Settings;
use super::window::Rules;

/// A source of the baseline, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLevel {
    /// Its name.
    pub name: String,
    /// Unhappy authors in the window, hour by hour.
    pub count: i64,
    /// More than these are above what is normal for it.
    pub upper: i64,
}

/// Codes of reasons that speak of concern itself, or of what hides it.
const CONCERN: [&str; 11] = [
    "concern_raised",
    "concern_easing",
    "concern_calm",
    "concern_wavers",
    "concern_heard",
    "relapsed",
    "no_baseline",
    "early",
    "coverage_low",
    "baseline_unscored",
    "unscored",
];

/// The checklist: each line blocks, or says that it does not. What else blocks the verdict follows as it stands there.
pub fn checklist(assessment: &Assessment, sources: &[SourceLevel], cases: &[(CaseState, i64)]) -> Vec<Reason> {
    let of = |wanted: &dyn Fn(&str) -> bool| assessment.reasons.iter().filter(|r| r.blocks && wanted(&r.code)).cloned().collect();
    let concern: Vec<Reason> = of(&|code| CONCERN.contains(&code));
    let hold: Vec<Reason> = of(&|code| code.starts_with("hold_"));
    let people: Vec<Reason> = of(&|code| code == "people_unanswered");
    let silent: Vec<Reason> = of(&|code| code == "source_silent");
    // The levels of the sources are told by `sources`, with their limits.
    let told = |code: &str| matches!(code, "people_unanswered" | "source_silent" | "source_raised");
    let other: Vec<Reason> = of(&|code| !CONCERN.contains(&code) && !code.starts_with("hold_") && !told(code));
    let mut lines = or_fine(concern, "concern", "Concern is normal");
    if hold.is_empty() && assessment.hold_left_ms().is_none() {
        lines.push(line("hold", format!("The hold time of {} h has not begun", assessment.hold_ms / HOUR_MS), true));
    } else {
        lines.extend(or_fine(hold, "hold", "The hold time is over"));
    }
    lines.extend(or_fine(with_states(people, cases), "people", "Nobody very unhappy is left unanswered"));
    lines.extend(or_fine(above(sources), "source_above", "No source is above normal by itself"));
    lines.extend(or_fine(silent, "silent", "No source that normally speaks is silent"));
    lines.extend(other);
    lines
}

fn or_fine(blocking: Vec<Reason>, code: &str, fine: &str) -> Vec<Reason> {
    if blocking.is_empty() { vec![line(code, fine.to_owned(), false)] } else { blocking }
}

fn line(code: &str, text: String, blocks: bool) -> Reason {
    Reason::new(code, text, blocks)
}

/// `12 very unhappy people unanswered: 3 cases new, 2 contacted`.
fn with_states(mut people: Vec<Reason>, cases: &[(CaseState, i64)]) -> Vec<Reason> {
    let open: Vec<String> = cases
        .iter()
        .filter(|(state, n)| !state.is_ended() && *n > 0)
        .map(|(state, n)| format!("{n} {}", state.shown().to_lowercase()))
        .collect();
    if let (Some(first), false) = (people.first_mut(), open.is_empty()) {
        first.text = format!("{}; cases: {}", first.text, open.join(", "));
    }
    people
}

fn above(sources: &[SourceLevel]) -> Vec<Reason> {
    let raised = sources.iter().filter(|s| s.count > s.upper);
    raised
        .map(|s| {
            let text = format!("{} is above normal: {} unhappy authors in the last hours, normal is up to {}", s.name, s.count, s.upper);
            line("source_above", text, true)
        })
        .collect()
}

/// The checklist at this moment.
pub async fn judge(store: &Store, incident: &Incident, now: Millis, settings: &Settings) -> Result<Vec<Reason>, StoreError> {
    let (assessment, normal) = super::load::assess(store, incident, now, settings).await?;
    load_checklist(store, incident, &assessment, &normal.baseline).await
}

/// The checklist of an incident as it was judged.
pub async fn load_checklist(
    store: &Store,
    incident: &Incident,
    assessment: &Assessment,
    baseline: &Baseline,
) -> Result<Vec<Reason>, StoreError> {
    let rules = Rules::default();
    let names = store.source_health().await?;
    let mut sources = Vec::new();
    for basis in baseline.sources.iter().filter(|_| baseline.is_known()) {
        let hours = store.hours(incident.brand, Some(basis.source), assessment.window).await?;
        let normal = baseline.predict(assessment.window.by_hour().map(|(hour, _)| (hour, basis.share)));
        let name = names.iter().find(|h| h.id == basis.source).map_or_else(|| "A source".to_owned(), |h| h.spec.name.clone());
        let count = hours.iter().map(|h| h.unhappy).sum();
        sources.push(SourceLevel { name, count, upper: normal.quantile(rules.upper).max(rules.least_upper) });
    }
    Ok(checklist(assessment, &sources, &store.case_states(incident.id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;
    use crate::domain::verdict::Verdict;

    fn assessment(calm: Option<i64>, reasons: &[(&str, &str, bool)]) -> Assessment {
        Assessment {
            at: Millis::new(0),
            verdict: Verdict::Holding,
            unhappy_per_hour: 1.0,
            expected_per_hour: 1.0,
            upper_limit: 2.0,
            calm_limit: 1.5,
            window: Span::empty(Millis::new(0)),
            coverage: 1.0,
            calm_since: calm.map(Millis::new),
            held_ms: 0,
            hold_ms: 72 * HOUR_MS,
            reasons: reasons.iter().map(|(code, text, blocks)| line(code, (*text).to_owned(), *blocks)).collect(),
        }
    }

    fn texts(lines: &[Reason]) -> Vec<(String, bool)> {
        lines.iter().map(|l| (l.text.clone(), l.blocks)).collect()
    }

    #[test]
    fn when_nothing_blocks_each_line_says_so() {
        let calm = assessment(Some(1), &[("concern_calm", "Concern is normal: 1", false), ("hold_complete", "Calm", false)]);
        let lines = checklist(&calm, &[SourceLevel { name: "Forum".to_owned(), count: 3, upper: 3 }], &[(CaseState::Calmed, 4)]);
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|l| !l.blocks), "{lines:?}");
    }

    #[test]
    fn each_blocker_has_its_line_and_unknown_ones_are_not_lost() {
        let reasons = [
            ("concern_raised", "Concern is 3 times normal", true),
            ("people_unanswered", "5 very unhappy people unanswered", true),
            ("source_silent", "Ruby silent", true),
            ("source_raised", "Forum 3.0 times normal", true),
            ("theme_hot", "“refund” is still hot", true),
        ];
        let lines = checklist(
            &assessment(None, &reasons),
            &[SourceLevel { name: "Forum".to_owned(), count: 9, upper: 3 }],
            &[(CaseState::New, 3), (CaseState::StillUnhappy, 2), (CaseState::Calmed, 7)],
        );
        let blocked = |text: &str| (text.to_owned(), true);
        assert_eq!(
            texts(&lines),
            [
                blocked("Concern is 3 times normal"),
                blocked("The hold time of 72 h has not begun"),
                blocked("5 very unhappy people unanswered; cases: 3 new, 2 still unhappy"),
                blocked("Forum is above normal: 9 unhappy authors in the last hours, normal is up to 3"),
                blocked("Ruby silent"),
                blocked("“refund” is still hot"),
            ]
        );
    }
}
