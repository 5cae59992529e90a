//! The verdict, case by case. Two unhappy authors an hour are normal here.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, Baseline, Verdict};

use super::super::coverage::{Heard, Silence};
use super::super::reasons::headline;
use super::super::verdict::{Evidence, Surroundings};
use super::super::window::{Rules, Window};
use super::{HOLD, baseline_of, one_source, replay, start, steady};

/// The words at which the verdict changes, with the hour of each.
fn changes(replayed: &[Assessment]) -> Vec<(i64, Verdict)> {
    let mut changes: Vec<(i64, Verdict)> = Vec::new();
    for a in replayed {
        if changes.last().is_none_or(|(_, verdict)| *verdict != a.verdict) {
            changes.push((a.at.since(start()) / HOUR_MS, a.verdict));
        }
    }
    changes
}

fn words(replayed: &[Assessment]) -> Vec<Verdict> {
    changes(replayed).into_iter().map(|(_, verdict)| verdict).collect()
}

/// Runs of (hours, unhappy authors an hour).
fn counts(runs: &[(usize, i64)]) -> Vec<i64> {
    runs.iter().flat_map(|(hours, count)| std::iter::repeat_n(*count, *hours)).collect()
}

fn of(runs: &[(usize, i64)]) -> Vec<Assessment> {
    replay(&baseline_of(2), &steady(start(), &counts(runs)))
}

fn assess(heard: &[Heard], at: Millis, surroundings: &Surroundings) -> Assessment {
    let baseline = baseline_of(2);
    Evidence { baseline: &baseline, heard, started_at: start(), hold_ms: HOLD, rules: Rules::default() }.assess(at, surroundings)
}

fn codes(a: &Assessment) -> Vec<&str> {
    a.reasons.iter().map(|r| r.code.as_str()).collect()
}

#[test]
fn an_incident_rises_eases_holds_and_is_over_after_the_hold_time() {
    use Verdict::{Easing, Elevated, Holding, Recovered};
    let replayed = of(&[(12, 30), (12, 12), (90, 2)]);
    assert_eq!(words(&replayed), [Elevated, Easing, Holding, Recovered]);
    let at = |wanted| changes(&replayed).into_iter().find(|(_, v)| *v == wanted).map(|(hour, _)| hour);
    // The hold time, and up to the end of a fall that six hours do not show.
    let held = at(Recovered).zip(at(Holding)).map(|(over, calm)| over - calm);
    assert!(held.is_some_and(|hours| (72..=80).contains(&hours)), "{held:?}");
    let tail = replayed.iter().find(|a| a.verdict == Holding && a.held_ms > 20 * HOUR_MS).expect("a day of calm");
    assert!(tail.reasons.iter().any(|r| r.text.contains("when the fall was over")), "{:?}", tail.reasons);
    assert!(replayed.iter().all(|a| a.calm_limit <= a.upper_limit));
}

#[test]
fn a_slow_day_of_two_more_than_normal_is_not_over() {
    let replayed = of(&[(12, 30), (200, 6)]);
    assert!(!words(&replayed).contains(&Verdict::Recovered), "{:?}", changes(&replayed));
}

#[test]
fn a_rise_after_calm_is_a_relapse_and_the_hold_time_starts_again() {
    use Verdict::{Easing, Elevated, Holding, Recovered, Relapsed};
    let replayed = of(&[(6, 30), (40, 2), (6, 30), (100, 2)]);
    let words = words(&replayed);
    assert_eq!(words.iter().filter(|w| **w != Easing).copied().collect::<Vec<_>>(), [Elevated, Holding, Relapsed, Holding, Recovered]);
    let relapse = replayed.iter().find(|a| a.verdict == Relapsed).expect("one");
    assert_eq!((relapse.calm_since, relapse.held_ms), (None, 0));
    assert!(codes(relapse).contains(&"relapsed"));
    let over = replayed.iter().find(|a| a.verdict == Recovered).expect("in the end");
    assert!(over.at.since(start()) > (6 + 40 + 6 + 72) * HOUR_MS);
}

#[test]
fn a_rise_after_recovery_is_a_relapse_too() {
    let replayed = of(&[(6, 30), (100, 2), (4, 30)]);
    assert_eq!(words(&replayed).last(), Some(&Verdict::Relapsed));
}

#[test]
fn one_loud_hour_in_the_hold_time_is_named_and_stops_the_clock_but_is_no_relapse() {
    // Fourteen in an hour lift six windows above the limit of normal ones by little.
    let replayed = of(&[(6, 30), (30, 2), (1, 14), (20, 2)]);
    assert!(!words(&replayed).contains(&Verdict::Relapsed), "{:?}", changes(&replayed));
    let held: Vec<i64> = replayed.iter().filter(|a| codes(a).contains(&"concern_wavers")).map(|a| a.held_ms).collect();
    assert_eq!(held.len(), 6);
    assert!(held.iter().all(|h| *h == held[0]));
}

#[test]
fn a_small_rise_that_lasts_is_a_relapse() {
    let replayed = of(&[(6, 30), (30, 2), (14, 4)]);
    let relapse = replayed.iter().find(|a| a.verdict == Verdict::Relapsed).expect("a relapse");
    assert!(relapse.unhappy_per_hour <= 4.0);
}

#[test]
fn half_of_the_hours_unread_is_not_easing() {
    let mut heard = steady(start(), &counts(&[(20, 30)]));
    silent_between(&mut heard, 12, 20);
    let replayed = replay(&baseline_of(2), &heard);
    assert_eq!(words(&replayed), [Verdict::Elevated, Verdict::Unknown]);
}

#[test]
fn concern_that_never_rose_holds_from_the_start_and_says_so() {
    let replayed = of(&[(80, 2)]);
    assert_eq!(words(&replayed), [Verdict::Holding, Verdict::Recovered]);
    assert!(codes(&replayed[0]).contains(&"never_raised"));
}

#[test]
fn a_brand_without_any_unhappy_people_needs_three_to_be_raised() {
    let baseline = baseline_of(0);
    let two = replay(&baseline, &steady(start(), &[0, 1, 1, 0]));
    assert!(two.iter().all(|a| a.verdict == Verdict::Holding));
    let three = replay(&baseline, &steady(start(), &[0, 1, 2, 0]));
    assert_eq!(three[2].verdict, Verdict::Elevated);
    assert!(three[2].reasons[0].text.contains("far above normal"), "{}", three[2].reasons[0].text);
}

fn silent_between(heard: &mut [Heard], from: usize, to: usize) {
    for h in &mut heard[from..to] {
        *h = Heard { unhappy: 0, share: 0.0, coverage: 0.0, ..*h };
    }
}

#[test]
fn a_dead_source_is_never_calm() {
    let mut heard = steady(start(), &counts(&[(12, 30), (200, 2)]));
    silent_between(&mut heard, 12, 212);
    let replayed = replay(&baseline_of(2), &heard);
    assert!(replayed[20..].iter().all(|a| a.verdict == Verdict::Unknown && a.calm_since.is_none()));
    assert!(codes(&replayed[40]).contains(&"coverage_low"));
}

#[test]
fn a_short_gap_stops_the_hold_time_and_a_long_one_starts_it_again() {
    for (gap, expected_hold_from_start) in [(5, false), (30, true)] {
        let mut heard = steady(start(), &counts(&[(6, 30), (240, 2)]));
        silent_between(&mut heard, 40, 40 + gap);
        let replayed = replay(&baseline_of(2), &heard);
        assert!(replayed.iter().any(|a| a.verdict == Verdict::Unknown));
        let calm: Vec<Millis> = replayed.iter().filter_map(|a| a.calm_since).collect();
        assert_eq!(calm.first() != calm.last(), expected_hold_from_start, "gap {gap}");
        let over = replayed.iter().find(|a| a.verdict == Verdict::Recovered).expect("in the end");
        let since = over.calm_since.expect("calm");
        let length = over.at.since(since) / HOUR_MS;
        assert!(if expected_hold_from_start { length == 72 } else { length > 72 }, "gap {gap}: {length} h");
    }
}

#[test]
fn what_is_heard_of_half_the_sources_is_held_against_half_of_what_is_normal() {
    // 20 authors an hour are normal. The larger source is silent; the other brings twice what it should.
    let baseline = baseline_of(20);
    let heard: Vec<Heard> = steady(start(), &[28; 8]).into_iter().map(|h| Heard { share: 0.65, coverage: 0.65, ..h }).collect();
    let last = replay(&baseline, &heard).pop().expect("hours");
    assert_eq!(last.verdict, Verdict::Elevated);
    assert!((last.expected_per_hour - 13.0).abs() < 0.5);
}

#[test]
fn a_rise_is_a_rise_however_little_was_read() {
    let mut heard = steady(start(), &[90; 6]);
    for h in &mut heard {
        h.share = 0.1;
        h.coverage = 0.1;
    }
    assert_eq!(replay(&baseline_of(2), &heard)[5].verdict, Verdict::Elevated);
}

#[test]
fn the_hold_time_runs_slowly_while_a_fourth_is_not_read() {
    let mut heard = steady(start(), &counts(&[(6, 40), (200, 4)]));
    let over = |heard: &[Heard]| replay(&baseline_of(4), heard).iter().position(|a| a.verdict == Verdict::Recovered).expect("it ends");
    let in_full = over(&heard);
    for h in &mut heard[50..] {
        h.unhappy = 3;
        h.share = 0.75;
        h.coverage = 0.75;
    }
    let said = replay(&baseline_of(4), &heard);
    assert_eq!(said[60].verdict, Verdict::Holding);
    assert!(codes(&said[60]).contains(&"hold_slowed"));
    // 16 hours count for 15: three fourths are read of the four fifths from which on an hour counts in full.
    let (left, slow) = ((in_full - 50) as f64, (over(&heard) - 50) as f64);
    assert!((slow - left * 16.0 / 15.0).abs() <= 2.0 && slow > left, "{slow} hours instead of {left}");
}

#[test]
fn the_watch_after_it_was_over_takes_more_for_a_relapse_than_the_hold_time() {
    let window = Window::of(&steady(start(), &[2; 6]), &baseline_of(2), &Rules::default());
    assert!(window.relapse < window.relapse_after);
    // One hour that lifts the six around it just over a limit.
    let above = |limit: i64| limit + 1 - 5 * 2;
    let relapses = |calm: usize, hour: i64| words(&of(&[(6, 30), (calm, 2), (1, hour), (20, 2)])).contains(&Verdict::Relapsed);
    let (hold, watch) = (above(window.relapse), above(window.relapse_after));
    assert!(relapses(40, hold) && !relapses(110, hold), "{window:?}");
    assert!(relapses(110, watch), "{window:?}");
}

#[test]
fn nothing_is_called_over_into_a_rise() {
    let mut heard = steady(start(), &counts(&[(6, 30), (150, 2)]));
    let over = |heard: &[Heard]| replay(&baseline_of(2), heard).iter().position(|a| a.verdict == Verdict::Recovered).expect("it ends");
    let hour = over(&heard);
    heard[hour].unhappy = 7;
    let said = &replay(&baseline_of(2), &heard)[hour];
    assert!(said.verdict == Verdict::Holding && said.unhappy_per_hour <= said.calm_limit, "six hours show nothing yet: {said:?}");
    assert!(codes(said).contains(&"hold_rising"), "{:?}", said.reasons);
    assert!((hour + 1..hour + 6).contains(&over(&heard)), "it waits for the end of it");
}

#[test]
fn without_a_baseline_nothing_is_known_and_advice_is_given() {
    let baseline = Baseline::learn(&steady(start().plus(-10 * HOUR_MS), &[2; 10]), &[], one_source(), start());
    let last = replay(&baseline, &steady(start(), &[50; 6])).pop().expect("hours");
    assert_eq!(last.verdict, Verdict::Unknown);
    assert!(last.reasons[0].text.contains("Import history"));
}

#[test]
fn night_is_not_easing() {
    // Everything falls to a quarter at night, normal days too.
    let by_day = |h: i64, level: i64| if (8..20).contains(&(h % 24)) { 4 * level } else { level };
    let history: Vec<i64> = (0..8 * 168).map(|h| by_day(h, 5)).collect();
    let baseline = Baseline::learn(&steady(super::monday(), &history), &[], one_source(), start());
    let incident: Vec<i64> = (0..48).map(|h| by_day(h, 30)).collect();
    let replayed = replay(&baseline, &steady(start(), &incident));
    assert_eq!(words(&replayed), [Verdict::Elevated]);
}

#[test]
fn the_running_hour_lifts_a_verdict_early_and_never_calms_one() {
    let calm_until_now = steady(start(), &counts(&[(6, 30), (30, 2), (1, 60)]));
    let in_the_hour = start().plus(36 * HOUR_MS + 600_000);
    assert_eq!(assess(&calm_until_now, in_the_hour, &Surroundings::default()).verdict, Verdict::Relapsed);
    let raised_until_now = steady(start(), &counts(&[(6, 30), (1, 0)]));
    let a = assess(&raised_until_now, start().plus(6 * HOUR_MS + 600_000), &Surroundings::default());
    assert_eq!(a.verdict, Verdict::Elevated);
}

#[test]
fn the_first_hour_is_too_early_to_tell_unless_it_is_already_loud() {
    let at = start().plus(HOUR_MS / 2);
    let early = assess(&steady(start(), &[1]), at, &Surroundings::default());
    assert_eq!((early.verdict, codes(&early)), (Verdict::Unknown, vec!["early"]));
    assert_eq!(assess(&steady(start(), &[25]), at, &Surroundings::default()).verdict, Verdict::Elevated);
}

#[test]
fn a_backlog_of_unscored_mentions_is_not_calm() {
    let heard = steady(start(), &[2; 12]);
    let waiting = |unscored| Surroundings { unscored, mentions: 50, ..Surroundings::default() };
    let at = start().plus(12 * HOUR_MS);
    assert_eq!(assess(&heard, at, &waiting(10)).verdict, Verdict::Holding);
    let a = assess(&heard, at, &waiting(11));
    assert_eq!((a.verdict, a.reasons[0].code.as_str()), (Verdict::Unknown, "unscored"));
    assert_eq!(assess(&steady(start(), &[40; 12]), at, &waiting(50)).verdict, Verdict::Elevated);
}

#[test]
fn a_viral_joke_changes_nothing_because_copies_are_not_counted() {
    // The rules see distinct unhappy authors with copies aside; a thousand copies of a joke leave them as they were.
    let counts = |copies| crate::domain::verdict::HourCounts {
        hour: start(),
        mentions: 40 + copies,
        copies,
        negative: 9,
        neutral: 31,
        unhappy: 9,
        ..Default::default()
    };
    let heard = steady(start(), &[9]);
    let curve = |copies| super::super::concern::Curve::new(&heard, &[counts(copies)], &baseline_of(2)).points[0];
    let (before, after) = (curve(0), curve(1_000));
    assert_eq!((before.unhappy, before.share_negative), (after.unhappy, after.share_negative));
    assert_eq!((after.mentions, after.copies), (1_040, 1_000));
}

#[test]
fn the_live_verdict_is_that_of_the_replay_at_every_hour() {
    let heard = steady(start(), &counts(&[(6, 30), (40, 2), (3, 25), (100, 2)]));
    for expected in replay(&baseline_of(2), &heard) {
        // Nothing of the hour under way is there yet.
        let until: Vec<Heard> = heard.iter().filter(|h| h.hour < expected.at).copied().collect();
        assert_eq!(assess(&until, expected.at, &Surroundings::default()), expected);
    }
}

#[test]
fn the_headline_answers_and_names_what_blocks() {
    let surroundings = Surroundings {
        unanswered: 14,
        assigned: 3,
        silent: vec![Silence { name: "Mastodon".to_owned(), share: 0.2, since: Some(start().plus(10 * HOUR_MS)) }],
        ..Surroundings::default()
    };
    let a = assess(&steady(start(), &[10; 12]), start().plus(12 * HOUR_MS), &surroundings);
    insta::assert_snapshot!(headline(&a), @"Not over. Concern is 5.0 times normal; 14 very unhappy people unanswered, 3 of them assigned; Mastodon silent since 10:00 UTC on 2 Mar.");
    let over = of(&[(6, 30), (90, 2)]).pop().expect("hours");
    insta::assert_snapshot!(headline(&over), @"It is over. Concern is normal; calm since 12:00 UTC on 2 Mar, all 72 h held.");
    let hold = of(&[(6, 30), (30, 2)]).pop().expect("hours");
    insta::assert_snapshot!(headline(&hold), @"Not yet. Calm since 12:00 UTC on 2 Mar, 24 h of 72 h held, 48 h left.");
    assert_eq!(over.at.since(start()) / DAY_MS, 4);
}

#[test]
fn without_an_incident_a_rise_is_named_with_its_length() {
    use super::super::outlook::{OutlookState, outlook};
    let heard = steady(start(), &counts(&[(48, 2), (3, 20)]));
    let baseline = baseline_of(2);
    let now = outlook(&baseline, &heard, &[], start().plus(51 * HOUR_MS + 1));
    assert_eq!((now.state, now.raised_since), (OutlookState::Raised, Some(start().plus(49 * HOUR_MS))));
    insta::assert_snapshot!(now.reasons[0].text, @"Above normal for 3 hours: 11.0 unhappy authors an hour, 2.0 expected, raised above 3.5");
    assert_eq!(outlook(&baseline, &heard[..48], &[], start().plus(48 * HOUR_MS)).state, OutlookState::Calm);
    let mut unread = heard;
    silent_between(&mut unread, 40, 51);
    assert_eq!(outlook(&baseline, &unread, &[], start().plus(51 * HOUR_MS)).state, OutlookState::NotRead);
    assert_eq!(outlook(&baseline, &[], &[], start()).state, OutlookState::NotRead);
    let none = Baseline::learn(&[], &[], one_source(), start());
    assert_eq!(outlook(&none, &[], &[], start()).state, OutlookState::NoBaseline);
}
