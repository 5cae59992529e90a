//! The share of unhappy mentions, corrected for the model's errors, with an interval.
//!
//! Classified counts are biased exactly when the mix of classes moves, which is what an incident does (Forman,
//! "Quantifying counts and costs via classification", Data Mining and Knowledge Discovery 17, 2008).
//!
//! - **Before people have checked enough**: the adjusted count of that paper, `(p − fpr) / (tpr − fpr)`, clipped, with
//!   the model's error as it was measured on its validation posts. Errors differ from place to place: it is named as
//!   what it is, and its interval holds only what the validation itself leaves open.
//! - **After**: what people said of a random sample of this incident, even over its time (`sample.rs`; answers are weighed where
//!   they are not), within each class that the model gave, weighted by how many mentions have that class (double sampling; Tenenbein, JASA 65, 1970). It needs no error
//!   measured elsewhere, and no class mix that stands still. Its interval is a seeded Bayesian bootstrap (Rubin,
//!   Annals of Statistics 9, 1981) with a prior of one check a class, so that ten checks that all agree do not make
//!   an interval without width.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

use super::load;
use super::sample::{self, Standing, weights};
use crate::domain::incident::Incident;
use crate::domain::rates::{Check, CheckAnswer};
use crate::domain::sentiment::Label;
use crate::domain::time::{Millis, Span};
use crate::domain::verdict::HourCounts;
use crate::store::{MentionFilter, Store, StoreError};

/// Checks from which on they, and not the model's known error, correct the count.
pub const ENOUGH: usize = 10;
/// Wanted width of the interval, unless somebody wants another: plus and minus five points.
pub const WANTED_WIDTH: f64 = 0.10;
/// Widths for which it is said how many checks they take: ten, five and three points to each side.
const WIDTHS: [f64; 3] = [0.20, WANTED_WIDTH, 0.06];
/// Draws of the bootstrap.
const DRAWS: usize = 1_000;
/// What the prior weighs in each class, in checks.
const PRIOR: f64 = 1.0;
/// z of a two-sided interval of 95 %.
const Z: f64 = 1.959_964;

/// How a model errs, measured on posts that people labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelErrors {
    /// The model and where it was measured, in words.
    pub name: &'static str,
    /// Posts by what they are (rows) and what the model said (columns): negative, neutral, positive.
    pub confusion: [[u32; 3]; 3],
}

/// `ebb eval` on `TweetEval`'s sentiment validation posts, 2,000 in English; see `models/ebb-en/MODEL_CARD.md`.
pub const ENGLISH: ModelErrors =
    ModelErrors { name: "ebb-en, measured on 2,000 English validation posts", confusion: [[257, 42, 13], [165, 566, 138], [41, 135, 643]] };

/// `ebb eval` on UMSAB's validation posts in German, French, Italian, Spanish and Portuguese, 1,620;
/// see `models/ebb-multi/MODEL_CARD.md`.
pub const OTHER_LANGUAGES: ModelErrors = ModelErrors {
    name: "ebb-multi, measured on 1,620 validation posts in five languages",
    confusion: [[385, 103, 52], [111, 323, 106], [57, 128, 355]],
};

/// A share with its interval of 95 %, all 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The best guess.
    pub value: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What corrected the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The model's error on its validation posts.
    ModelError,
    /// Checks by people.
    Checked,
}

/// The rates of one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// Mentions with a label, copies aside.
    pub mentions: i64,
    /// Share that counts as unhappy.
    pub counted: f64,
    /// The same, corrected.
    pub corrected: Share,
    /// What corrected it.
    pub method: Method,
    /// The model whose error is used, in words.
    pub model: &'static str,
    /// Share that is not about the brand; `None` before enough was checked.
    pub not_us: Option<Share>,
    /// Mentions that people checked.
    pub checked: usize,
    /// Mentions drawn for checking.
    pub drawn: usize,
    /// More checks for the wanted width.
    pub more: usize,
    /// The wanted width, 0..=1.
    pub wanted_width: f64,
    /// The same for wider and narrower intervals, the widest first.
    pub plans: Vec<Plan>,
}

/// How many more checks an interval takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plan {
    /// Its width, 0..=1.
    pub width: f64,
    /// Checks that are missing.
    pub more: usize,
}

/// The rates from the labels of all mentions (negative, neutral, positive) and the checks, each with where it stands among the
/// mentions ([`Standing`]). `None` without mentions. The same seed gives the same interval.
pub fn rates(labels: [i64; 3], checks: &[(Check, Standing)], model: &ModelErrors, seed: u64) -> Option<Rates> {
    let mentions: i64 = labels.iter().map(|n| (*n).max(0)).sum();
    if mentions == 0 {
        return None;
    }
    let weights = labels.map(|n| n.max(0) as f64 / mentions as f64);
    let answers = tally(checks);
    let checked = checks.iter().filter(|(c, _)| c.answer.is_some()).count();
    let mut rng = StdRng::seed_from_u64(seed);
    let (corrected, not_us, method) = if checked >= ENOUGH {
        let [unhappy, not_us] = by_checks(weights, &answers, &mut rng);
        (unhappy, Some(not_us), Method::Checked)
    } else {
        (by_model(weights[0], model, &mut rng), None, Method::ModelError)
    };
    let variance = variance(weights, &answers, (model, corrected.value));
    let more = |width: f64| needed(variance, width, mentions).saturating_sub(checked);
    Some(Rates {
        mentions,
        counted: weights[0],
        corrected,
        method,
        model: model.name,
        not_us,
        checked,
        drawn: checks.len(),
        more: more(WANTED_WIDTH),
        wanted_width: WANTED_WIDTH,
        plans: WIDTHS.into_iter().map(|width| Plan { width, more: more(width) }).collect(),
    })
}

/// Answers by the label that was predicted: unhappy, neutral, pleased, not about us.
type Answers = [[f64; 4]; 3];

fn tally(checks: &[(Check, Standing)]) -> Answers {
    let answered: Vec<(Label, CheckAnswer, Standing)> =
        checks.iter().filter_map(|(c, standing)| Some((c.predicted, c.answer?, *standing))).collect();
    let standings: Vec<Standing> = answered.iter().map(|(.., standing)| *standing).collect();
    let mut answers = Answers::default();
    for ((predicted, answer, _), weight) in answered.iter().zip(weights(&standings)) {
        let column = match answer {
            CheckAnswer::Negative => 0,
            CheckAnswer::Neutral => 1,
            CheckAnswer::Positive => 2,
            CheckAnswer::NotUs => 3,
        };
        if let Some(row) = answers.get_mut(predicted.index()) {
            row[column] += weight;
        }
    }
    answers
}

/// What is known of one predicted class: its answers, and one more that leans to the class itself.
fn posterior(answers: &Answers, class: usize) -> [f64; 4] {
    let mut sums = answers.get(class).copied().unwrap_or_default();
    for (column, sum) in sums.iter_mut().enumerate() {
        *sum += PRIOR * if column == class { 0.55 } else { 0.15 };
    }
    sums
}

/// The shares of unhappy ones and of those that are not about the brand.
fn by_checks(weights: [f64; 3], answers: &Answers, rng: &mut StdRng) -> [Share; 2] {
    let classes = [0, 1, 2].map(|class| posterior(answers, class));
    let of = |shares: &[[f64; 4]; 3], column: usize| weights.iter().zip(shares).map(|(w, s)| w * s[column]).sum::<f64>();
    let means = classes.map(|sums| sums.map(|s| s / sums.iter().sum::<f64>()));
    let mut draws = [Vec::with_capacity(DRAWS), Vec::with_capacity(DRAWS)];
    for _ in 0..DRAWS {
        let shares = classes.map(|sums| dirichlet(sums, rng));
        draws[0].push(of(&shares, 0));
        draws[1].push(of(&shares, 3));
    }
    let [unhappy, not_us] = draws;
    [interval(of(&means, 0), unhappy), interval(of(&means, 3), not_us)]
}

/// The adjusted count, clipped to what can be.
fn by_model(counted: f64, model: &ModelErrors, rng: &mut StdRng) -> Share {
    let [hits, misses, alarms, rest] = rates_of(model);
    let adjust = |tpr: f64, fpr: f64| if tpr - fpr > 0.05 { ((counted - fpr) / (tpr - fpr)).clamp(0.0, 1.0) } else { counted };
    let value = adjust(hits / (hits + misses), alarms / (alarms + rest));
    let draw = |rng: &mut StdRng| {
        let mut beta = |a: f64, b: f64| {
            let (x, y) = (gamma(a + 0.5, rng), gamma(b + 0.5, rng));
            x / (x + y).max(f64::MIN_POSITIVE)
        };
        adjust(beta(hits, misses), beta(alarms, rest))
    };
    interval(value, (0..DRAWS).map(|_| draw(rng)).collect())
}

/// Unhappy posts that the model found and missed; others that it called unhappy, and did not.
fn rates_of(model: &ModelErrors) -> [f64; 4] {
    let [unhappy, others @ ..] = model.confusion.map(|row| row.map(f64::from));
    let alarms: f64 = others.iter().map(|row| row[0]).sum();
    let rest: f64 = others.iter().map(|row| row[1] + row[2]).sum();
    [unhappy[0], unhappy[1] + unhappy[2], alarms, rest]
}

/// The variance of double sampling, for one check.
fn variance(weights: [f64; 3], answers: &Answers, (model, value): (&ModelErrors, f64)) -> f64 {
    let [hits, misses, alarms, rest] = rates_of(model);
    let (tpr, fpr) = (hits / (hits + misses), alarms / (alarms + rest));
    (0..3)
        .map(|class| {
            let sums = posterior(answers, class);
            let n: f64 = sums.iter().sum();
            // What the model's error lets expect weighs as much as ten checks.
            let by_model = if class == 0 { tpr * value } else { (1.0 - tpr) * value };
            let other = if class == 0 { fpr * (1.0 - value) } else { (1.0 - fpr) * (1.0 - value) };
            let known = by_model / (by_model + other).max(1e-9);
            let p = (sums[0] + 10.0 * known) / (n + 10.0);
            weights[class] * p * (1.0 - p)
        })
        .sum()
}

/// Checks for a width, without replacement from a finite number.
fn needed(variance: f64, width: f64, mentions: i64) -> usize {
    let n = 4.0 * Z * Z * variance / (width * width);
    let finite = n / (1.0 + n / mentions.max(1) as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred, and not negative")]
    let needed = finite.ceil() as usize;
    needed.max(ENOUGH).min(usize::try_from(mentions).unwrap_or(usize::MAX))
}

fn interval(value: f64, mut draws: Vec<f64>) -> Share {
    draws.sort_by(f64::total_cmp);
    let at = |p: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the number of draws")]
        let index = (p * (draws.len().max(1) - 1) as f64).round() as usize;
        draws.get(index).copied().unwrap_or(value)
    };
    Share { value, low: at(0.025).min(value), high: at(0.975).max(value) }
}

fn dirichlet(sums: [f64; 4], rng: &mut StdRng) -> [f64; 4] {
    let drawn = sums.map(|s| gamma(s, rng));
    let all: f64 = drawn.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    drawn.map(|d| d / all)
}

/// A gamma variate of a shape above 0, scale 1: Marsaglia and Tsang, ACM TOMS 26, 2000.
fn gamma(shape: f64, rng: &mut StdRng) -> f64 {
    if shape < 1.0 {
        let u: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
        return gamma(shape + 1.0, rng) * u.powf(1.0 / shape);
    }
    let base = shape - 1.0 / 3.0;
    let spread = 1.0 / (9.0 * base).sqrt();
    loop {
        let x = normal(rng);
        let cube = (1.0 + spread * x).powi(3);
        let accept: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
        if cube > 0.0 && accept.ln() < 0.5 * x * x + base - base * cube + base * cube.ln() {
            return base * cube;
        }
    }
}

/// A standard normal variate, by Box and Muller.
fn normal(rng: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random_range(0.0..1.0));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Mentions that are looked at for which model speaks: the newest.
const RECENT: i64 = 60;

/// The time that an incident's rates speak of.
pub fn span_of(incident: &Incident, now: Millis) -> Span {
    let end = incident.closed_at.unwrap_or(now).max(incident.started_at);
    load::until_now(incident.started_at, end)
}

/// The rates of an incident as they are kept.
pub async fn load_rates(store: &Store, incident: &Incident, now: Millis) -> Result<Option<Rates>, StoreError> {
    let span = span_of(incident, now);
    let hours = store.hours(incident.brand, None, span).await?;
    let sum = |of: fn(&HourCounts) -> i64| hours.iter().map(of).sum::<i64>();
    let labels = [sum(|h| h.negative), sum(|h| h.neutral), sum(|h| h.positive)];
    let checks = sample::placed(store, incident, &hours).await?;
    let filter = MentionFilter { brand: incident.brand, span: Some(span), ..MentionFilter::default() };
    let newest = store.mentions(&filter, None, RECENT).await?;
    let scored = newest.iter().filter_map(|m| m.sentiment.as_ref());
    let (english, others): (Vec<_>, Vec<_>) = scored.partition(|s| s.model.starts_with("ebb-en"));
    let model = if others.len() > english.len() { &OTHER_LANGUAGES } else { &ENGLISH };
    Ok(rates(labels, &checks, model, seed(incident, 0)))
}

pub(super) fn seed(incident: &Incident, drawn: usize) -> u64 {
    incident.id.get().unsigned_abs() ^ (drawn as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
