use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::rates::{ENGLISH, ENOUGH, Evenly, Method, rates};
use crate::domain::ids::MentionId;
use crate::domain::rates::{Check, CheckAnswer};
use crate::domain::sentiment::Label;

fn check(id: i64, predicted: Label, answer: Option<CheckAnswer>) -> Check {
    Check { mention: MentionId::new(id), place: id, predicted, answer }
}

#[test]
fn a_sample_that_was_drawn_early_becomes_even_over_the_whole_incident() {
    let mut rng = StdRng::seed_from_u64(5);
    // Forty of the first half, which was all there was then.
    let mut places: Vec<i64> = (0..40).map(|i| i * 500 / 40).collect();
    let mut even = Evenly::new(&places, 1_000, 40);
    for _ in 0..40 {
        let place = even.place(&mut rng);
        assert!((0..1_000).contains(&place));
        even.take(place);
        places.push(place);
    }
    let late = places.iter().filter(|place| **place >= 500).count();
    assert_eq!(late, 40, "as many of the second half as of the first");
    for stretch in 0..8 {
        let within = places.iter().filter(|place| **place * 8 / 1_000 == stretch).count();
        assert_eq!(within, 10, "stretch {stretch}");
    }
    // Nothing is left to choose from but one mention.
    assert_eq!(Evenly::new(&[0, 0, 0], 1, 9).place(&mut rng), 0);
}

#[test]
fn before_people_have_checked_the_model_s_known_error_corrects_and_is_named() {
    let told = rates([400, 400, 200], &[], &ENGLISH, 1).expect("mentions");
    assert_eq!((told.method, told.not_us, told.checked), (Method::ModelError, None, 0));
    // By hand: tpr 259/312, fpr (186 + 45) / (869 + 819).
    let by_hand = (0.4 - 231.0 / 1_688.0) / (259.0 / 312.0 - 231.0 / 1_688.0);
    assert!((told.corrected.value - by_hand).abs() < 1e-9, "{told:?}");
    assert!(told.model.contains("2,000"));
    assert!(told.more > 50, "{told:?}");
}

#[test]
fn the_same_seed_gives_the_same_interval_and_no_mentions_give_none() {
    assert_eq!(rates([0, 0, 0], &[], &ENGLISH, 1), None);
    assert_eq!(rates([40, 30, 30], &[], &ENGLISH, 7), rates([40, 30, 30], &[], &ENGLISH, 7));
}

#[test]
fn checks_that_all_agree_leave_an_interval_with_a_width() {
    let checks: Vec<Check> = (0..12).map(|i| check(i, Label::Negative, Some(CheckAnswer::Negative))).collect();
    let told = rates([100, 0, 0], &checks, &ENGLISH, 1).expect("mentions");
    assert_eq!(told.method, Method::Checked);
    assert!(told.corrected.low < 0.97 && told.corrected.high > 0.99, "{told:?}");
}

#[test]
fn what_is_not_about_us_is_told_apart() {
    let mut checks: Vec<Check> = (0..40).map(|i| check(i, Label::Negative, Some(CheckAnswer::Negative))).collect();
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
        let checks: Vec<Check> = (0..80)
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
        let checks: Vec<Check> = (0..).zip(answers).map(|(i, (p, a))| check(i, Label::from_index(p).expect("a label"), CheckAnswer::ALL.get(a).copied())).collect();
        if let Some(told) = rates(labels, &checks, &ENGLISH, seed) {
            for share in [Some(told.corrected), told.not_us].into_iter().flatten() {
                prop_assert!(0.0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 1.0 + 1e-9, "{share:?}");
            }
            prop_assert_eq!(told.method == Method::Checked, told.checked >= ENOUGH);
            prop_assert!(i64::try_from(told.more).expect("small") <= told.mentions);
        }
    }
}
