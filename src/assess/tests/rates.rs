use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::rates::{ENGLISH, ENOUGH, Method, rates};
use super::super::sample::{Evenly, Standing, weights};
use crate::domain::ids::MentionId;
use crate::domain::rates::{Check, CheckAnswer};
use crate::domain::sentiment::Label;

/// A check of a mention of which nobody knows when it was written.
fn check(id: i64, predicted: Label, answer: Option<CheckAnswer>) -> (Check, Standing) {
    (Check { mention: MentionId::new(id), place: id, predicted, answer }, None)
}

/// How many of these places, of a thousand, are in each of the eight stretches.
fn by_stretch(places: &[i64]) -> Vec<usize> {
    (0..8).map(|s| places.iter().filter(|p| **p * 8 / 1_000 == s).count()).collect()
}

#[test]
fn every_beginning_of_a_sample_is_even_over_the_incident() {
    let mut rng = StdRng::seed_from_u64(5);
    let mut even = Evenly::new(&[], 1_000);
    let mut places: Vec<i64> = Vec::new();
    for _ in 0..41 {
        let place = even.place(&mut rng);
        assert!((0..1_000).contains(&place));
        even.take(place);
        places.push(place);
        let taken = by_stretch(&places);
        assert!(taken.iter().max().zip(taken.iter().min()).is_some_and(|(most, fewest)| most - fewest <= 1), "{taken:?}");
        let early = places.iter().filter(|place| **place < 500).count();
        assert!(early.abs_diff(places.len() - early) <= 1, "halves too: {places:?}");
    }
}

#[test]
fn a_sample_that_was_drawn_early_becomes_even_over_the_whole_incident() {
    let mut rng = StdRng::seed_from_u64(5);
    // Forty of the first half, which was all there was then.
    let mut places: Vec<i64> = (0..40).map(|i| i * 500 / 40).collect();
    let mut even = Evenly::new(&places, 1_000);
    for drawn in 0..40 {
        let place = even.place(&mut rng);
        even.take(place);
        places.push(place);
        assert!(place >= 500, "draw {drawn}: the later half is behind");
    }
    assert_eq!(by_stretch(&places), [10; 8]);
    // Nothing is left to choose from but one mention.
    assert_eq!(Evenly::new(&[0, 0, 0], 1).place(&mut rng), 0);
}

#[test]
fn answers_weigh_what_their_part_of_the_incident_is_of_all() {
    let at = |early: usize, late: usize| {
        let mut standings = vec![Some(0.2); early];
        standings.extend(vec![Some(0.9); late]);
        weights(&standings)
    };
    let even = at(8, 8);
    assert!(even.iter().all(|w| (w - 1.0).abs() < 1e-9), "{even:?}");
    let uneven = at(12, 3);
    assert!((uneven[..12].iter().sum::<f64>() - uneven[12..].iter().sum::<f64>()).abs() < 1e-9, "each half speaks for a half");
    let effective: f64 = uneven.iter().sum();
    assert!((9.0..10.0).contains(&effective), "fifteen uneven answers say less than fifteen even ones: {effective}");
    assert_eq!(weights(&[Some(0.1), Some(0.1), Some(0.9)]), [1.0; 3], "three are uneven by chance");
    assert_eq!(weights(&[None; 40]), [1.0; 40]);
    let one_part = weights(&[Some(0.3); 40]);
    assert!((one_part.iter().sum::<f64>() - 40.0).abs() < 1e-9, "it speaks for all the rest: {one_part:?}");
}

/// The first half of the incident is full of anger that the model finds, the second of jokes that it takes for anger.
#[test]
fn a_half_answered_batch_does_not_speak_of_the_first_hours_alone() {
    let answered = |id: i64, early: bool| {
        let answer = if early { CheckAnswer::Negative } else { CheckAnswer::Neutral };
        (
            check(id, Label::Negative, Some(answer)).0,
            Some(if early { 0.1 + 0.01 * (id % 40) as f64 } else { 0.6 + 0.01 * (id % 40) as f64 }),
        )
    };
    // Forty of the first half were answered on the first day, eight of the batch after it.
    let checks: Vec<(Check, Standing)> = (0..48).map(|id| answered(id, id < 40)).collect();
    let told = rates([1_000, 0, 0], &checks, &ENGLISH, 1).expect("mentions").corrected;
    assert!((0.4..0.62).contains(&told.value), "{told:?}");
    assert!(told.low < 0.5 && told.high - told.low > 0.2, "few answers of the second half: {told:?}");
    let blind: Vec<(Check, Standing)> = checks.iter().map(|(check, _)| (*check, None)).collect();
    assert!(rates([1_000, 0, 0], &blind, &ENGLISH, 1).expect("mentions").corrected.value > 0.75);
}

#[test]
fn before_people_have_checked_the_model_s_known_error_corrects_and_is_named() {
    let told = rates([400, 400, 200], &[], &ENGLISH, 1).expect("mentions");
    assert_eq!((told.method, told.not_us, told.checked), (Method::ModelError, None, 0));
    // By hand: tpr 257/312, fpr (165 + 41) / (869 + 819).
    let by_hand = (0.4 - 206.0 / 1_688.0) / (257.0 / 312.0 - 206.0 / 1_688.0);
    assert!((told.corrected.value - by_hand).abs() < 1e-9, "{told:?}");
    assert!(told.model.contains("2,000"));
    assert!(told.more > 50, "{told:?}");
    let plans: Vec<usize> = told.plans.iter().map(|p| p.more).collect();
    assert!(
        plans.is_sorted() && plans[0] < plans[1] && plans[1] == told.more && plans[1] < plans[2],
        "a narrower interval takes more: {plans:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_interval_and_no_mentions_give_none() {
    assert_eq!(rates([0, 0, 0], &[], &ENGLISH, 1), None);
    assert_eq!(rates([40, 30, 30], &[], &ENGLISH, 7), rates([40, 30, 30], &[], &ENGLISH, 7));
}

#[test]
fn checks_that_all_agree_leave_an_interval_with_a_width() {
    let checks: Vec<_> = (0..12).map(|i| check(i, Label::Negative, Some(CheckAnswer::Negative))).collect();
    let told = rates([100, 0, 0], &checks, &ENGLISH, 1).expect("mentions");
    assert_eq!(told.method, Method::Checked);
    assert!(told.corrected.low < 0.97 && told.corrected.high > 0.99, "{told:?}");
}

#[test]
fn what_is_not_about_us_is_told_apart() {
    let mut checks: Vec<_> = (0..40).map(|i| check(i, Label::Negative, Some(CheckAnswer::Negative))).collect();
    checks.extend((40..60).map(|i| check(i, Label::Negative, Some(CheckAnswer::NotUs))));
    let told = rates([500, 0, 0], &checks, &ENGLISH, 1).expect("mentions");
    let not_us = told.not_us.expect("checked");
    assert!(not_us.low < 1.0 / 3.0 && not_us.high > 1.0 / 3.0 && not_us.value > 0.25, "{told:?}");
    assert!((told.corrected.value + not_us.value - 1.0).abs() < 0.05, "{told:?}");
}

/// What the model says of a mention that is this: a model worse than ours, so that there is something to correct.
fn predicted(truth: Label, rng: &mut StdRng) -> Label {
    let said = match truth {
        Label::Negative => [0.7, 0.25, 0.05],
        Label::Neutral => [0.3, 0.55, 0.15],
        Label::Positive => [0.05, 0.25, 0.7],
    };
    let u: f64 = rng.random_range(0.0..1.0);
    Label::from_index(
        said.iter()
            .scan(0.0, |sum, p| {
                *sum += p;
                Some(*sum)
            })
            .position(|sum| u < sum)
            .unwrap_or(2),
    )
    .expect("a label")
}

/// The interval must hold the truth as often as it says, and the plain count must be worse than the corrected one.
#[test]
fn the_interval_holds_the_known_truth_of_simulated_incidents() {
    const RUNS: u64 = 120;
    let (mut held, mut counted_off, mut corrected_off) = (0, 0.0, 0.0);
    for run in 0..RUNS {
        let mut rng = StdRng::seed_from_u64(run);
        let share = 0.15 + 0.5 * (run as f64 / RUNS as f64);
        let truth: Vec<Label> = (0..2_000)
            .map(|_| match rng.random_range(0.0..1.0_f64) {
                u if u < share => Label::Negative,
                u if u < share + 0.3 => Label::Neutral,
                _ => Label::Positive,
            })
            .collect();
        let said: Vec<Label> = truth.iter().map(|t| predicted(*t, &mut rng)).collect();
        let mut labels = [0; 3];
        for label in &said {
            labels[label.index()] += 1;
        }
        let checks: Vec<_> = (0..80)
            .map(|i| {
                let at = rng.random_range(0..truth.len());
                let answer = [CheckAnswer::Negative, CheckAnswer::Neutral, CheckAnswer::Positive][truth[at].index()];
                check(i, said[at], Some(answer))
            })
            .collect();
        let told = rates(labels, &checks, &ENGLISH, run).expect("mentions");
        let real = truth.iter().filter(|t| **t == Label::Negative).count() as f64 / truth.len() as f64;
        held += u64::from(told.corrected.low <= real && real <= told.corrected.high);
        counted_off += (told.counted - real).abs();
        corrected_off += (told.corrected.value - real).abs();
    }
    assert!(held * 100 >= RUNS * 90, "held {held} of {RUNS}");
    assert!(corrected_off < counted_off, "{corrected_off} against {counted_off}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn shares_stay_shares(labels in prop::array::uniform3(0_i64..100_000), answers in prop::collection::vec((0_usize..3, 0_usize..5), 0..60), seed in any::<u64>()) {
        let checks: Vec<_> = (0..).zip(answers).map(|(i, (p, a))| check(i, Label::from_index(p).expect("a label"), CheckAnswer::ALL.get(a).copied())).collect();
        if let Some(told) = rates(labels, &checks, &ENGLISH, seed) {
            for share in [Some(told.corrected), told.not_us].into_iter().flatten() {
                prop_assert!(0.0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 1.0 + 1e-9, "{share:?}");
            }
            prop_assert_eq!(told.method == Method::Checked, told.checked >= ENOUGH);
            prop_assert!(i64::try_from(told.more).expect("small") <= told.mentions);
        }
    }
}
