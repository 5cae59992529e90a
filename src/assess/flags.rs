//! Who should be looked at: authors of very negative mentions, worst and most recent first.

use crate::domain::time::{DAY_MS, Millis};
use crate::store::{AuthorAnger, FlagProposal, OtherAnger};

use super::reasons::when;

/// How far back very negative mentions count.
pub const WINDOW_MS: i64 = 14 * DAY_MS;
/// Anger halves in urgency with each day.
const HALF_LIFE_MS: f64 = DAY_MS as f64;

/// Whether an author is worth a look, and how urgently. `threshold`: severity from which a mention is very negative.
///
/// The priority, 0..=1, is severity above the threshold (0.45), how recent the latest very negative mention is (0.35,
/// halved each day), how many there are (0.10, full at eight) and reach (0.10, full at a million followers). Automated
/// accounts count half, and so does anger after which the author wrote something that is not negative: it is answered
/// last, not forgotten.
pub fn propose(anger: &AuthorAnger, threshold: f64, now: Millis) -> Option<FlagProposal> {
    let severity = anger.worst_severity;
    if anger.mentions < 1 || !severity.is_finite() || severity < threshold {
        return None;
    }
    let above = ((severity - threshold) / (1.0 - threshold).max(0.01)).clamp(0.0, 1.0);
    let recent = (-(now.since(anger.latest_at).max(0) as f64) / HALF_LIFE_MS).exp2();
    let many = ((anger.mentions as f64).log2() / 3.0).clamp(0.0, 1.0);
    let reach = ((anger.followers.unwrap_or(0).max(0) as f64 + 1.0).log10() / 6.0).clamp(0.0, 1.0);
    let urgency = 0.45 * above + 0.35 * recent + 0.10 * many + 0.10 * reach;
    let bot = if anger.bot { 0.5 } else { 1.0 };
    let calmer = if anger.later_better { 0.5 } else { 1.0 };
    Some(FlagProposal {
        author: anger.author,
        reason: reason(anger),
        // Hundredths: a priority that sinks with every second would be a write with every second.
        priority: (urgency * bot * calmer * 100.0).round() / 100.0,
        worst_severity: severity.min(1.0),
        worst: anger.worst,
        very_negative: anger.mentions,
        latest_at: anger.latest_at,
    })
}

/// No text is quoted, and times are absolute: the reason changes only when something happened.
fn reason(anger: &AuthorAnger) -> String {
    let mut reason = match anger.mentions {
        1 => format!("A very negative mention at {}, severity {:.2}", when(anger.latest_at), anger.worst_severity),
        n => format!("{n} very negative mentions, the latest at {}, worst severity {:.2}", when(anger.latest_at), anger.worst_severity),
    };
    if let Some(followers) = anger.followers.filter(|f| *f >= 1_000) {
        reason.push_str("; ");
        reason.push_str(&thousands(followers));
    }
    if anger.later_better {
        reason.push_str("; wrote something since that is not negative");
    }
    if anger.bot {
        reason.push_str("; an automated account");
    }
    reason
}

/// Why a done flag opens again when another account of the same person is very negative.
pub fn of_another(anger: &OtherAnger) -> String {
    let (at, severity) = (when(anger.latest_at), anger.worst_severity);
    let platform = &anger.platform;
    match anger.mentions {
        1 => format!("Another account of theirs ({platform}): a very negative mention at {at}, severity {severity:.2}"),
        n => format!(
            "Other accounts of theirs (the last: {platform}): {n} very negative mentions, the latest at {at}, worst severity {severity:.2}"
        ),
    }
}

/// From a thousand on, in words: `over a thousand followers`, `12 thousand followers`.
pub(super) fn thousands(followers: i64) -> String {
    match followers / 1_000 {
        1 => "over a thousand followers".to_owned(),
        n => format!("{n} thousand followers"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::{AuthorId, MentionId};
    use crate::domain::time::HOUR_MS;

    const NOW: Millis = Millis::new(1_800_000_000_000);

    fn anger() -> AuthorAnger {
        AuthorAnger {
            author: AuthorId::new(1),
            mentions: 3,
            worst_severity: 0.9,
            worst: MentionId::new(7),
            latest_at: NOW.plus(-2 * HOUR_MS),
            followers: None,
            bot: false,
            later_better: false,
        }
    }

    fn priority(anger: &AuthorAnger) -> f64 {
        propose(anger, 0.75, NOW).expect("a flag").priority
    }

    #[test]
    fn the_worst_and_most_recent_come_first() {
        let base = priority(&anger());
        assert!(priority(&AuthorAnger { worst_severity: 0.99, ..anger() }) > base);
        assert!(priority(&AuthorAnger { latest_at: NOW, ..anger() }) > base);
        assert!(priority(&AuthorAnger { mentions: 6, ..anger() }) > base);
        assert!(priority(&AuthorAnger { followers: Some(50_000), ..anger() }) > base);
        assert!(priority(&AuthorAnger { bot: true, ..anger() }) < base);
        assert!(priority(&AuthorAnger { later_better: true, ..anger() }) < base);
    }

    #[test]
    fn a_mention_below_the_threshold_flags_nobody() {
        assert_eq!(propose(&AuthorAnger { worst_severity: 0.74, ..anger() }, 0.75, NOW), None);
        assert_eq!(propose(&AuthorAnger { worst_severity: f64::NAN, ..anger() }, 0.75, NOW), None);
    }

    #[test]
    fn the_reason_stays_until_something_happens() {
        let reason = |now| propose(&anger(), 0.75, now).expect("a flag").reason;
        assert_eq!(reason(NOW), reason(NOW.plus(5 * HOUR_MS)));
        insta::assert_snapshot!(reason(NOW), @"3 very negative mentions, the latest at 06:00 UTC on 15 Jan, worst severity 0.90");
        let loud = AuthorAnger { mentions: 1, followers: Some(12_345), bot: true, later_better: true, ..anger() };
        insta::assert_snapshot!(propose(&loud, 0.75, NOW).expect("a flag").reason, @"A very negative mention at 06:00 UTC on 15 Jan, severity 0.90; 12 thousand followers; wrote something since that is not negative; an automated account");
    }

    #[test]
    fn about_a_thousand_followers_is_said_in_good_english() {
        assert_eq!(thousands(1_000), "over a thousand followers");
        assert_eq!(thousands(1_999), "over a thousand followers");
        assert_eq!(thousands(2_000), "2 thousand followers");
    }

    proptest! {
        #[test]
        fn a_priority_lies_between_nothing_and_one(severity in any::<f64>(), threshold in 0.0..=1.0_f64, mentions in any::<i64>(), followers in any::<i64>(), latest in any::<i64>()) {
            let anger = AuthorAnger { worst_severity: severity, mentions, followers: Some(followers), latest_at: Millis::new(latest), ..anger() };
            if let Some(flag) = propose(&anger, threshold, NOW) {
                prop_assert!((0.0..=1.0).contains(&flag.priority));
            }
        }
    }
}
