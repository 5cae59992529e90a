//! How urgent a case is, with its reasons in words; and which step its author's later mentions speak for.

use crate::domain::case::{CaseReason, CaseState, Proposal};
use crate::domain::time::{DAY_MS, Millis};
use crate::store::{CaseFacts, CaseRank};

use super::reasons::when;

/// Anger halves in urgency with each day.
const HALF_LIFE_MS: f64 = DAY_MS as f64;
/// After this long without a word from us, waiting counts in full.
const LONGEST_WAIT_MS: f64 = DAY_MS as f64;
/// Without a mention of theirs for this long after our last step, silence is proposed.
pub const SILENCE_MS: i64 = 3 * DAY_MS;
/// So many calmer mentions, and none that is unhappy after them, speak for calm.
const CALMER: i64 = 2;

// What each reason can add to the priority. The first four are those of a flag, so that people with and without a case
// stand in one queue; what only a case knows comes on top, up to 1.
const SEVERITY: f64 = 0.45;
const RECENT: f64 = 0.35;
const MANY: f64 = 0.10;
const REACH: f64 = 0.10;
const STILL_BROKEN: f64 = 0.15;
const CUSTOMER: f64 = 0.10;
const WAITING: f64 = 0.05;

/// Priority, reasons and proposal of a case. `threshold`: severity from which a mention is very negative, 0..=1.
pub fn rank(facts: &CaseFacts, threshold: f64, now: Millis) -> CaseRank {
    let mut reasons: Vec<CaseReason> = reasons(facts, threshold, now).into_iter().flatten().collect();
    reasons.sort_by(|a, b| b.points.total_cmp(&a.points));
    let urgency: f64 = reasons.iter().map(|r| r.points).sum();
    let mut half = 1.0;
    for (holds, code, text) in [
        (is_calmer(facts), "calmer", "wrote something since that is not negative: half as urgent"),
        (facts.bot, "bot", "an automated account: half as urgent"),
    ] {
        if holds {
            half *= 0.5;
            reasons.push(CaseReason { code: code.to_owned(), text: text.to_owned(), points: 0.0 });
        }
    }
    CaseRank { priority: hundredths(urgency * half).clamp(0.0, 1.0), reasons, proposal: propose(facts, now) }
}

fn is_calmer(facts: &CaseFacts) -> bool {
    facts.better.1.is_some_and(|at| at > facts.latest_at && facts.worse.1.is_none_or(|worse| at > worse))
}

/// Texts hold absolute times: they change only when something happened.
fn reasons(facts: &CaseFacts, threshold: f64, now: Millis) -> [Option<CaseReason>; 7] {
    let reason = |code: &str, points: f64, text: String| {
        let points = hundredths(points);
        (points > 0.0).then(|| CaseReason { code: code.to_owned(), text, points })
    };
    let above = (facts.worst_severity - threshold) / (1.0 - threshold).max(0.01);
    let above = if above.is_nan() { 0.0 } else { above.clamp(0.0, 1.0) };
    let recent = (-(now.since(facts.latest_at).max(0) as f64) / HALF_LIFE_MS).exp2();
    let followers = facts.followers.unwrap_or(0).max(0);
    let waits = facts.case.sent_at.is_none_or(|sent| sent < facts.latest_at);
    let waiting = if waits { now.since(facts.latest_at).max(0) as f64 / LONGEST_WAIT_MS } else { 0.0 }.clamp(0.0, 1.0);
    [
        reason("severity", SEVERITY * above, format!("worst severity {:.2}", facts.worst_severity)),
        reason("recent", RECENT * recent, format!("very unhappy at {}", when(facts.latest_at))),
        reason("still_broken", STILL_BROKEN * f64::from(facts.after_fix > 0), {
            let times = if facts.after_fix == 1 { "once".to_owned() } else { format!("{} times", facts.after_fix) };
            format!("unhappy {times} after the declared fix (still broken for them?)")
        }),
        reason("waiting", WAITING * waiting, format!("no word from us since {}", when(facts.latest_at))),
        reason("customer", CUSTOMER * f64::from(facts.customer), "a known customer".to_owned()),
        reason("reach", REACH * ((followers as f64 + 1.0).log10() / 6.0).clamp(0.0, 1.0), reach(followers)),
        reason("many", MANY * ((facts.very_negative.max(1) as f64).log2() / 3.0).clamp(0.0, 1.0), {
            format!("{} very negative mentions", facts.very_negative)
        }),
    ]
}

fn reach(followers: i64) -> String {
    match followers {
        1 => "1 follower".to_owned(),
        n @ ..1_000 => format!("{n} followers"),
        n => super::flags::thousands(n),
    }
}

/// Hundredths: a priority that sinks with every second would be a write with every second.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The step that an author's mentions since our last one speak for. It is never taken by itself.
pub fn propose(facts: &CaseFacts, now: Millis) -> Option<Proposal> {
    let case = &facts.case;
    if !matches!(case.state, CaseState::Contacted | CaseState::Answered | CaseState::StillUnhappy) {
        return None;
    }
    let since = match case.state {
        CaseState::Contacted => "since you wrote to them",
        CaseState::Answered => "since you answered",
        _ => "since then",
    };
    let ((worse, worse_at), (better, better_at)) = (facts.worse, facts.better);
    let ends_well = better_at > worse_at;
    let (state, reason) = match () {
        () if better >= CALMER && ends_well => (CaseState::Calmed, format!("{} calmer mentions {since}", small(better))),
        () if worse > 0 && !ends_well && case.state != CaseState::StillUnhappy => {
            let mentions = if worse == 1 { "mention" } else { "mentions" };
            (CaseState::StillUnhappy, format!("{} unhappy {mentions} {since}", small(worse)))
        }
        () if worse == 0 && better == 0 && now.since(case.since_at) >= SILENCE_MS && case.state != CaseState::StillUnhappy => {
            (CaseState::Silent, format!("nothing from them {since}, for more than {} days", SILENCE_MS / DAY_MS))
        }
        () => return None,
    };
    Some(Proposal { state, reason })
}

fn small(n: i64) -> String {
    match n {
        1 => "one".to_owned(),
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        n => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::case::Case;
    use crate::domain::ids::{AuthorId, BrandId, CaseId, FlagId, IncidentId};
    use crate::domain::time::HOUR_MS;

    const NOW: Millis = Millis::new(1_800_000_000_000);

    fn facts() -> CaseFacts {
        CaseFacts {
            case: Case {
                id: CaseId::new(1),
                brand: BrandId::new(1),
                incident: IncidentId::new(1),
                author: AuthorId::new(1),
                flag: FlagId::new(1),
                state: CaseState::New,
                owner: String::new(),
                due_at: None,
                priority: 0.0,
                reasons: Vec::new(),
                since_at: NOW.plus(-HOUR_MS),
                sent_at: None,
                proposal: None,
                opened_at: NOW.plus(-2 * HOUR_MS),
                updated_at: NOW.plus(-HOUR_MS),
                version: 1,
            },
            worst_severity: 0.8,
            latest_at: NOW.plus(-2 * HOUR_MS),
            very_negative: 2,
            followers: Some(400),
            bot: false,
            customer: false,
            after_fix: 0,
            worse: (0, None),
            better: (0, None),
        }
    }

    fn priority(facts: &CaseFacts) -> f64 {
        rank(facts, 0.5, NOW).priority
    }

    #[test]
    fn each_reason_raises_the_priority_and_stands_in_words() {
        let base = priority(&facts());
        let cases: [(&str, CaseFacts); 7] = [
            ("severity", CaseFacts { worst_severity: 0.99, ..facts() }),
            ("recent", CaseFacts { latest_at: NOW, ..facts() }),
            ("still_broken", CaseFacts { after_fix: 1, ..facts() }),
            ("customer", CaseFacts { customer: true, ..facts() }),
            ("reach", CaseFacts { followers: Some(90_000), ..facts() }),
            ("many", CaseFacts { very_negative: 8, ..facts() }),
            ("severity", CaseFacts { followers: Some(2_000), ..facts() }),
        ];
        for (code, better) in cases {
            let rank = rank(&better, 0.5, NOW);
            assert!(rank.priority > base, "{code}: {} is not above {base}", rank.priority);
            assert!(rank.reasons.iter().any(|r| r.code == code && !r.text.is_empty()), "{code}");
        }
        let long = CaseFacts { latest_at: NOW.plus(-20 * DAY_MS), ..facts() };
        let wrote = CaseFacts { case: Case { sent_at: Some(NOW), ..long.case.clone() }, ..long.clone() };
        assert!(priority(&long) > priority(&wrote), "who was written to waits no longer");
    }

    #[test]
    fn calmer_people_and_automated_accounts_come_later() {
        let calmer = CaseFacts { better: (1, Some(NOW)), ..facts() };
        let bot = CaseFacts { bot: true, ..facts() };
        for half in [calmer, bot] {
            assert!((priority(&half) - priority(&facts()) / 2.0).abs() <= 0.01);
        }
        let worse_again = CaseFacts { better: (1, Some(NOW.plus(-HOUR_MS))), worse: (1, Some(NOW)), ..facts() };
        assert!((priority(&worse_again) - priority(&facts())).abs() < 1e-9);
    }

    #[test]
    fn the_reasons_read_as_words_weightiest_first() {
        let loud = CaseFacts { customer: true, after_fix: 2, followers: Some(1_000), ..facts() };
        let words = |now| rank(&loud, 0.5, now).reasons.into_iter().map(|r| r.text).collect::<Vec<_>>().join("; ");
        insta::assert_snapshot!(words(NOW), @"very unhappy at 06:00 UTC on 15 Jan; worst severity 0.80; unhappy 2 times after the declared fix (still broken for them?); a known customer; over a thousand followers; 2 very negative mentions");
    }

    #[test]
    fn later_mentions_propose_a_step_and_never_from_a_state_without_our_word() {
        use CaseState::{Answered, Assigned, Calmed, Contacted, New, Silent, StillUnhappy};
        let at = |minutes: i64| Some(NOW.plus(minutes * 60_000));
        let case = |state, since: i64| Case { state, since_at: NOW.plus(-since * DAY_MS), ..facts().case };
        let of = |state, since, worse, better| {
            let facts = CaseFacts { case: case(state, since), worse, better, ..facts() };
            propose(&facts, NOW).map(|p| (p.state, p.reason))
        };
        let words = |state, reason: &str| Some((state, reason.to_owned()));
        let none = (0, None);
        for (state, since, worse, better, expected) in [
            (Answered, 0, none, (2, at(-5)), words(Calmed, "two calmer mentions since you answered")),
            (Answered, 0, none, (1, at(-5)), None),
            (Answered, 0, (1, at(-9)), (2, at(-5)), words(Calmed, "two calmer mentions since you answered")),
            (Answered, 0, (1, at(-3)), (2, at(-5)), words(StillUnhappy, "one unhappy mention since you answered")),
            (Contacted, 0, (3, at(-3)), none, words(StillUnhappy, "three unhappy mentions since you wrote to them")),
            (Contacted, 2, none, none, None),
            (Contacted, 3, none, none, words(Silent, "nothing from them since you wrote to them, for more than 3 days")),
            (StillUnhappy, 9, none, none, None),
            (StillUnhappy, 0, none, (4, at(-1)), words(Calmed, "4 calmer mentions since then")),
            (New, 9, none, (5, at(-1)), None),
            (Assigned, 9, (5, at(-1)), none, None),
            (Calmed, 9, (5, at(-1)), none, None),
        ] {
            assert_eq!(of(state, since, worse, better), expected, "{state:?} {worse:?} {better:?}");
        }
    }

    proptest! {
        #[test]
        fn a_priority_lies_between_nothing_and_one(severity in any::<f64>(), many in any::<i64>(), followers in any::<i64>(), latest in any::<i64>(), fix in any::<i64>()) {
            let facts = CaseFacts { worst_severity: severity, very_negative: many, followers: Some(followers), latest_at: Millis::new(latest), after_fix: fix, customer: true, ..facts() };
            let rank = rank(&facts, 0.5, NOW);
            prop_assert!((0.0..=1.0).contains(&rank.priority));
        }
    }
}
