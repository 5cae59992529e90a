use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::concern::CurvePoint;
use super::super::counts::NegativeBinomial;
use super::super::effect::{Answer, Effect, effects};
use super::start;
use crate::domain::ids::{IncidentId, UpdateId};
use crate::domain::incident::{Update, UpdateKind};
use crate::domain::time::HOUR_MS;

fn said(hours: i64) -> Update {
    let at = start().plus(hours * HOUR_MS + 60_000);
    Update { id: UpdateId::new(hours), incident: IncidentId::new(1), at, kind: UpdateKind::Statement, text: String::new(), url: None }
}

fn point(hour: i64, unhappy: i64) -> CurvePoint {
    CurvePoint {
        hour: start().plus(hour * HOUR_MS),
        unhappy,
        severity: 0.0,
        band: None,
        covered: 1.0,
        share_negative: None,
        mentions: unhappy,
        copies: 0,
    }
}

/// Negative binomial counts around `mean`, hour by hour.
fn noisy(seed: u64, mean: impl Fn(i64) -> f64, hours: i64) -> Vec<CurvePoint> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..hours).map(|h| point(h, NegativeBinomial::new(mean(h), 30.0).quantile(rng.random_range(0.0..1.0)))).collect()
}

fn effect_of(points: &[CurvePoint], at: i64) -> Effect {
    let now = start().plus(i64::try_from(points.len()).expect("small") * HOUR_MS);
    effects(points, &[said(at)], (start(), now)).remove(0)
}

/// A slow decay; a drop to a third at hour 20.
fn drop(hour: i64) -> f64 {
    let decay = 120.0 * (-(hour as f64) / 60.0).exp();
    if hour > 20 { decay / 3.0 } else { decay }
}

#[test]
fn a_sudden_fall_after_an_update_is_seen() {
    let told = effect_of(&noisy(1, drop, 72), 20);
    assert_eq!(told.answer, Answer::FellFaster, "{}", told.words);
    let numbers = told.numbers.expect("compared");
    assert!(numbers.ratio() < 0.5 && numbers.rank_fell <= 0.05, "{numbers:?}");
}

#[test]
fn a_decay_that_goes_on_is_no_effect() {
    let steady = |hour: i64| 120.0 * (-(hour as f64) / 40.0).exp();
    let answers: Vec<Answer> = (0..20).map(|seed| effect_of(&noisy(seed, steady, 72), 20).answer).collect();
    let wrong = answers.iter().filter(|a| **a == Answer::FellFaster).count();
    assert!(wrong <= 3, "one in ten stands out by chance, and must be large besides: {answers:?}");
    assert!(answers.iter().filter(|a| **a == Answer::NoVisibleEffect).count() >= 12, "{answers:?}");
}

#[test]
fn a_rise_after_an_update_is_seen() {
    let up = |hour: i64| if (21..30).contains(&hour) { 140.0 } else { 50.0 };
    let told = effect_of(&noisy(3, up, 90), 20);
    assert_eq!(told.answer, Answer::Rose, "{}", told.words);
}

#[test]
fn what_the_numbers_do_not_say_is_not_told() {
    let even = |n: i64, count: i64| (0..n).map(|h| point(h, count)).collect::<Vec<_>>();
    for (what, points, at) in [
        ("too soon after the start", even(72, 40), 2),
        ("too few people", even(72, 0), 30),
        ("too few hours after", even(32, 40), 30),
        ("too few hours to compare with", even(20, 40), 10),
        ("outside", even(72, 40), 400),
    ] {
        let told = effect_of(&points, at);
        assert_eq!(told.answer, Answer::CannotTell, "{what}: {}", told.words);
    }
    let mut unread = even(72, 40);
    unread[32].covered = 0.1;
    assert_eq!(effect_of(&unread, 30).answer, Answer::CannotTell);
    let wild = |hour: i64| if hour % 9 < 4 { 90.0 } else { 8.0 };
    assert_eq!(effect_of(&noisy(5, wild, 90), 40).answer, Answer::CannotTell, "a fall would not stand out");
}

#[test]
fn two_updates_at_nearly_the_same_time_cannot_be_told_apart() {
    let points = noisy(1, drop, 72);
    let told = effects(&points, &[said(20), said(22)], (start(), start().plus(72 * HOUR_MS)));
    assert_eq!(told[0].answer, Answer::CannotTell);
    assert!(told[0].words.contains("next update"), "{}", told[0].words);
    assert_eq!(effects(&[], &[said(1)], (start(), start()))[0].answer, Answer::CannotTell);
}
