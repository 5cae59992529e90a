//! What is learned as normal.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{Baseline, BaselineMethod};

use super::super::coverage::Heard;
use super::{World, monday, one_source, rhythm, start, steady};

fn learn(history: &[Heard]) -> Baseline {
    Baseline::learn(history, &[], one_source(), start())
}

fn last_hours(count: i64, hours: usize) -> Vec<Heard> {
    let back = i64::try_from(hours).expect("few");
    steady(start().plus(-back * HOUR_MS), &vec![count; hours])
}

fn limit(baseline: &Baseline) -> i64 {
    baseline.predict((0..6).map(|h| (start().plus(h * HOUR_MS), 1.0))).quantile(0.99)
}

#[test]
fn the_method_follows_the_length_of_history() {
    let cases = [
        (23, BaselineMethod::None),
        (24, BaselineMethod::Flat),
        (71, BaselineMethod::Flat),
        (72, BaselineMethod::HourOfDay),
        (3 * 168 - 1, BaselineMethod::HourOfDay),
        (3 * 168, BaselineMethod::HourOfWeek),
    ];
    for (hours, method) in cases {
        assert_eq!(learn(&last_hours(3, hours)).method, method, "{hours} h");
    }
}

#[test]
fn little_history_gives_wide_limits() {
    let limits: Vec<i64> = [30, 100, 600, 1_300].into_iter().map(|hours| limit(&learn(&last_hours(3, hours)))).collect();
    assert!(limits.is_sorted_by(|a, b| a > b), "{limits:?}");
    assert!(limits[0] > 2 * 18, "a day and a quarter of history passes for certainty: {limits:?}");
}

#[test]
fn the_profile_of_the_week_is_found_in_noise() {
    let mut world = World::new(7, 4.0, 6.0);
    let baseline = learn(&world.hours(monday(), 8 * 168, |_| 0.0));
    let error = (0..168).map(|h| start().plus(h * HOUR_MS)).map(|at| (baseline.expected(at) / (4.0 * rhythm(at)) - 1.0).abs());
    assert!(error.sum::<f64>() / 168.0 < 0.15);
}

#[test]
fn earlier_incidents_and_unread_hours_are_cut_out() {
    let mut history = steady(monday(), &vec![2; 8 * 168]);
    for h in &mut history[200..260] {
        h.unhappy = 80;
    }
    let incident = Span::new(history[200].hour, history[260].hour).expect("ordered");
    for h in &mut history[300..400] {
        *h = Heard { unhappy: 0, share: 0.5, coverage: 0.5, ..*h };
    }
    let baseline = Baseline::learn(&history, &[incident], one_source(), start());
    assert!((0..168).all(|h| (baseline.expected(monday().plus(h * HOUR_MS)) - 2.0).abs() < 0.05));
    assert_eq!(baseline.hours.iter().sum::<u32>(), 8 * 168 - 160);
    assert_eq!(baseline.cut, [incident]);
}

#[test]
fn days_far_above_their_kind_are_put_aside_and_named() {
    let mut history = steady(monday(), &vec![2; 8 * 168]);
    for h in &mut history[240..264] {
        h.unhappy = 40;
    }
    let baseline = learn(&history);
    let day = Span::new(history[240].hour, history[240].hour.plus(DAY_MS)).expect("ordered");
    assert_eq!(baseline.cut, [day]);
    assert!(baseline.expected(history[240].hour) < 2.1);
}

#[test]
fn what_happens_after_the_start_does_not_change_what_was_normal() {
    let mut history = steady(monday(), &vec![2; 9 * 168]);
    let before = learn(&history);
    for h in history.iter_mut().filter(|h| h.hour >= start()) {
        h.unhappy = 500;
    }
    assert_eq!(learn(&history), before);
}

#[test]
fn a_baseline_survives_its_way_through_the_store() {
    let baseline = learn(&World::new(3, 2.0, 3.0).hours(monday(), 8 * 168, |_| 0.0));
    let text = serde_json::to_string(&baseline).expect("JSON");
    assert_eq!(serde_json::from_str::<Baseline>(&text).expect("a baseline"), baseline);
}

#[test]
fn hours_before_eight_weeks_are_too_old() {
    let baseline = learn(&steady(start().plus(-20 * 7 * DAY_MS), &vec![1; 20 * 168]));
    assert_eq!(baseline.history.from(), start().plus(-8 * 7 * DAY_MS));
    assert_eq!(baseline.history.to(), Millis::new(super::start().get()));
}

#[test]
fn a_brand_that_doubled_for_good_is_held_against_what_it_is_now() {
    let mut world = World::new(77, 5.0, 8.0);
    let history = world.hours(monday(), 8 * 168, |h| if h < 5 * 168 { -0.5 } else { 0.0 });
    let baseline = Baseline::learn(&history, &[], one_source(), start());
    let week: f64 = (0..168).map(|h| baseline.expected(start().plus(h * HOUR_MS))).sum();
    let later: i64 = history[5 * 168..].iter().map(|h| h.unhappy).sum();
    assert!((week / (later as f64 / 3.0) - 1.0).abs() < 0.12, "{week} against {later}");
    assert!(baseline.history.from() >= monday().plus(4 * 168 * HOUR_MS), "{:?}", baseline.history);
}
