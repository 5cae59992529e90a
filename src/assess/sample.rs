//! The random sample of an incident that people check: drawn so that each beginning of it is even over the incident, and
//! weighed where the answers are not.
//!
//! What is drawn on the first day can be of the first day only, and people answer as many as they have time for. Were both left
//! to chance, the rate would speak of some hours more than the incident does. So the incident is cut into stretches with as many
//! mentions each, and
//!
//! - each draw takes from the stretch that has the fewest in the sample, in an order that halves what is between two draws
//!   (van der Corput), so that whoever stops has seen as much of each stretch, give or take one mention;
//! - the answers are post-stratified (Cochran, *Sampling Techniques*, 5A.9): those of a stretch weigh together what its mentions
//!   are of all. A stretch without answers is spoken for by its nearest neighbours. The sum of the weights is the effective number
//!   of answers (Kish, *Survey Sampling*, 11.7), so that uneven answers make the interval wider.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::rates::{seed, span_of};
use crate::domain::ids::MentionId;
use crate::domain::incident::Incident;
use crate::domain::rates::Check;
use crate::domain::sentiment::Label;
use crate::domain::time::{HOUR_MS, Millis, Span};
use crate::domain::verdict::HourCounts;
use crate::store::{Store, StoreError};

/// Stretches of an incident, each with as many mentions, over which its sample is even.
const STRETCHES: u8 = 8;
/// In which order stretches with as many draws have their turn: each half, each fourth, each eighth.
const TURNS: [u8; STRETCHES as usize] = [0, 4, 2, 6, 1, 5, 3, 7];
/// Answers that a stretch should have in the mean before answers are weighed by it.
const LEAST_ANSWERS: usize = 5;
/// Picks for one wanted mention before drawing gives up: deleted ones are passed over.
const PICKS: usize = 20;
/// Picks in vain that count as a draw: a stretch of which little is left is passed over sooner or later.
const IN_VAIN: usize = 4;

/// Where a mention stands among all of its incident, 0..1 from the oldest; `None` when it is gone.
pub type Standing = Option<f64>;

/// Which stretch of so many.
fn stretch_of(standing: f64, stretches: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..1 times a small number")]
    let stretch = (standing.clamp(0.0, 1.0) * stretches as f64) as usize;
    stretch.min(stretches.saturating_sub(1))
}

/// What each answer weighs. The sum is the number of answers, less where they are uneven.
pub(super) fn weights(standings: &[Standing]) -> Vec<f64> {
    let n = standings.len();
    // Few answers are uneven by chance: weighing by that would add scatter and no truth.
    let stretches = [8, 4, 2].into_iter().find(|k| n >= k * LEAST_ANSWERS).unwrap_or(1);
    let stretch = |standing: &Standing| standing.map(|s| stretch_of(s, stretches));
    let mut taken = vec![0.0_f64; stretches];
    for s in standings.iter().filter_map(stretch) {
        taken[s] += 1.0;
    }
    let mass = masses(&taken);
    let placed: f64 = taken.iter().sum();
    let raw: Vec<f64> = standings.iter().map(|s| stretch(s).map_or(1.0, |s| mass[s] * placed / taken[s])).collect();
    let (sum, squares) = raw.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    let scale = if squares > 0.0 { sum / squares } else { 1.0 };
    raw.into_iter().map(|w| w * scale).collect()
}

/// The share of the incident that each stretch speaks for: its own, and that of those without answers to which it is nearest.
fn masses(taken: &[f64]) -> Vec<f64> {
    let mut mass = vec![0.0; taken.len()];
    for empty in 0..taken.len() {
        let distance = |s: &usize| s.abs_diff(empty);
        let answered = || (0..taken.len()).filter(|s| taken[*s] > 0.0);
        let Some(nearest) = answered().map(|s| distance(&s)).min() else { continue };
        let speak: Vec<usize> = answered().filter(|s| distance(s) == nearest).collect();
        for s in &speak {
            mass[*s] += 1.0 / (taken.len() * speak.len()) as f64;
        }
    }
    mass
}

/// From which stretch the next mention is drawn.
pub(super) struct Evenly {
    taken: [usize; STRETCHES as usize],
    in_vain: [usize; STRETCHES as usize],
    total: i64,
}

impl Evenly {
    /// For a sample of `total` mentions; `places` are those of its mentions among them, oldest first.
    pub(super) fn new(places: &[i64], total: i64) -> Self {
        let mut even = Self { taken: [0; STRETCHES as usize], in_vain: [0; STRETCHES as usize], total: total.max(1) };
        for place in places {
            even.take(*place);
        }
        even
    }

    /// A place to draw from: any of the stretch whose turn it is.
    pub(super) fn place(&self, rng: &mut StdRng) -> i64 {
        let drawn = |s: &u8| self.taken[usize::from(*s)] + self.in_vain[usize::from(*s)] / IN_VAIN;
        match TURNS.into_iter().min_by_key(drawn).map(|s| self.border(s)..self.border(s + 1)) {
            Some(stretch) if !stretch.is_empty() => rng.random_range(stretch),
            _ => rng.random_range(0..self.total),
        }
    }

    /// The first place of a stretch.
    fn border(&self, stretch: u8) -> i64 {
        i64::from(stretch) * self.total / i64::from(STRETCHES)
    }

    fn stretch(&self, place: i64) -> usize {
        let at = place.clamp(0, self.total - 1);
        usize::from((0..STRETCHES).rfind(|s| self.border(*s) <= at).unwrap_or(0))
    }

    /// Counts a drawn mention.
    pub(super) fn take(&mut self, place: i64) {
        self.taken[self.stretch(place)] += 1;
    }

    /// Counts a place that gave none.
    fn miss(&mut self, place: i64) {
        self.in_vain[self.stretch(place)] += 1;
    }
}

/// The mentions of an incident that can be drawn, by hour.
struct Drawable<'a> {
    hours: &'a [HourCounts],
    total: i64,
}

impl<'a> Drawable<'a> {
    fn new(hours: &'a [HourCounts]) -> Self {
        Self { hours, total: hours.iter().map(scored).sum() }
    }

    /// How many were written before the hour of `at`.
    fn before(&self, at: Millis) -> i64 {
        self.hours.iter().take_while(|h| h.hour < at.hour()).map(scored).sum()
    }

    /// The hour of a place, and the place within it.
    fn find(&self, mut place: i64) -> Option<(Millis, i64)> {
        for hour in self.hours {
            if place < scored(hour) {
                return Some((hour.hour, place));
            }
            place -= scored(hour);
        }
        None
    }
}

fn scored(hour: &HourCounts) -> i64 {
    (hour.negative + hour.neutral + hour.positive).max(0)
}

/// The sample with where each of it stands among the mentions of `hours`.
pub(super) async fn placed(store: &Store, incident: &Incident, hours: &[HourCounts]) -> Result<Vec<(Check, Standing)>, StoreError> {
    let all = Drawable::new(hours);
    let written: HashMap<MentionId, Millis> = store.checks_written_at(incident.id).await?.into_iter().collect();
    let standing = |check: &Check| written.get(&check.mention).map(|at| all.before(*at) as f64 / all.total.max(1) as f64);
    Ok(store.checks(incident.id).await?.into_iter().map(|check| (check, standing(&check))).collect())
}

/// Draws more mentions of an incident to check, evenly over those that are scored and live. How many were added.
pub async fn draw(store: &Store, incident: &Incident, wanted: usize, now: Millis) -> Result<usize, StoreError> {
    let span = span_of(incident, now);
    let hours = store.hours(incident.brand, None, span).await?;
    let all = Drawable::new(&hours);
    let known = store.checks(incident.id).await?;
    let mut rng = StdRng::seed_from_u64(seed(incident, known.len()));
    let places: Vec<i64> = store.checks_written_at(incident.id).await?.into_iter().map(|(_, at)| all.before(at)).collect();
    let mut even = Evenly::new(&places, all.total);
    let mut drawn: Vec<(MentionId, Label)> = Vec::new();
    for _ in 0..wanted * PICKS {
        if drawn.len() >= wanted || all.total == 0 {
            break;
        }
        let chosen = even.place(&mut rng);
        let Some((hour, place)) = all.find(chosen) else { break };
        // The hour's counts hold deleted ones too: a place past its live ones is none.
        let within = Span::new(hour, hour.plus(HOUR_MS)).unwrap_or(span);
        let found = store.nth_scored(incident.brand, within, place).await?;
        let unseen = |mention: &MentionId| known.iter().all(|c| c.mention != *mention) && drawn.iter().all(|(m, _)| m != mention);
        match found.filter(|(mention, _)| unseen(mention)) {
            Some(new) => {
                even.take(chosen);
                drawn.push(new);
            }
            None => even.miss(chosen),
        }
    }
    store.add_checks(incident.id, &drawn, now).await?;
    Ok(drawn.len())
}
