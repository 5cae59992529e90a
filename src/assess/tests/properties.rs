//! Laws that hold for any counts.

use proptest::prelude::*;

use crate::domain::time::HOUR_MS;
use crate::domain::verdict::{Assessment, Baseline, Verdict};

use super::super::coverage::Heard;
use super::super::window::Rules;
use super::{baseline_of, monday, one_source, replay, start};

/// Hours of incidents: quiet, busy and unread stretches.
fn heard() -> impl Strategy<Value = Vec<Heard>> {
    let stretch = (1..30_usize, prop_oneof![0..4_i64, 0..40_i64], prop_oneof![3 => Just(1.0), 1 => 0.0..1.0_f64]);
    prop::collection::vec(stretch, 1..10).prop_map(|stretches| {
        let hours =
            stretches.into_iter().flat_map(|(n, count, read)| (0..n).map(move |i| (count + i64::try_from(i % 3).unwrap_or(0), read)));
        (0..)
            .zip(hours)
            .map(|(i, (unhappy, read))| Heard { hour: start().plus(i * HOUR_MS), unhappy, share: read, coverage: read })
            .collect()
    })
}

/// From over to not over.
fn worry(a: &Assessment) -> u8 {
    match a.verdict {
        Verdict::Recovered => 0,
        Verdict::Holding => 1,
        Verdict::Unknown | Verdict::Easing => 2,
        Verdict::Elevated | Verdict::Relapsed => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn more_unhappy_people_in_the_newest_hour_never_calm_a_verdict(heard in heard(), more in 1..60_i64) {
        let baseline = baseline_of(2);
        let before = replay(&baseline, &heard).pop().expect("hours");
        let mut louder = heard;
        louder.last_mut().expect("hours").unhappy += more;
        let after = replay(&baseline, &louder).pop().expect("hours");
        prop_assert!(worry(&after) >= worry(&before), "{:?} became {:?}", before.verdict, after.verdict);
    }

    /// By more than the tail, that is: a higher peak makes the same end look like a steeper fall.
    #[test]
    fn more_unhappy_people_in_any_hour_never_bring_the_end_nearer_than_the_hold_time_from_the_first_calm_hours(heard in heard(), which in any::<prop::sample::Index>(), more in 1..60_i64) {
        let baseline = baseline_of(2);
        let mut louder = heard.clone();
        which.get_mut(&mut louder[..]).unhappy += more;
        for (before, after) in replay(&baseline, &heard).iter().zip(replay(&baseline, &louder)) {
            let held = before.held_ms + Rules::default().longest_tail_ms;
            prop_assert!(after.held_ms <= held || before.verdict == Verdict::Unknown, "at {}", before.at);
            let near = before.verdict == Verdict::Holding && held >= super::HOLD;
            prop_assert!(after.verdict != Verdict::Recovered || before.verdict == Verdict::Recovered || near, "at {}", before.at);
        }
    }

    #[test]
    fn limits_are_ordered_and_numbers_finite(heard in heard()) {
        for a in replay(&baseline_of(3), &heard) {
            prop_assert!(a.calm_limit <= a.upper_limit);
            prop_assert!([a.unhappy_per_hour, a.expected_per_hour, a.upper_limit, a.coverage].iter().all(|n| n.is_finite() && *n >= 0.0));
            prop_assert!((0..=super::HOLD + 1_000 * HOUR_MS).contains(&a.held_ms));
        }
    }

    #[test]
    fn a_replay_repeats_itself(heard in heard()) {
        prop_assert_eq!(replay(&baseline_of(2), &heard), replay(&baseline_of(2), &heard));
    }

    #[test]
    fn any_history_gives_a_finite_expectation(counts in prop::collection::vec((any::<i64>(), any::<f64>()), 0..600)) {
        let from = monday().plus((8 * 168 - 600) * HOUR_MS);
        let history: Vec<Heard> = (0..).zip(counts)
            .map(|(i, (unhappy, share))| Heard { hour: from.plus(i * HOUR_MS), unhappy, share: if share.is_sign_positive() { 1.0 } else { share }, coverage: 1.0 })
            .collect();
        let baseline = Baseline::learn(&history, &[], one_source(), start());
        for hour in 0..168 {
            let expected = baseline.expected(start().plus(hour * HOUR_MS));
            prop_assert!(expected.is_finite() && expected >= 0.0);
        }
        prop_assert!(baseline.size.is_finite() && baseline.window_size.is_finite());
        prop_assert!(serde_json::to_string(&baseline).is_ok());
    }
}
