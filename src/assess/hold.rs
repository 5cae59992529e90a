//! Whether campaigns of a brand should wait, from what is kept.

use crate::domain::hold::{self, HoldDecision, HoldState, Judged};
use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::time::Millis;
use crate::domain::verdict::Assessment;
use crate::store::{Store, StoreError};

use super::load::Settings;

/// Decisions that are looked at: the newest.
const DECISIONS: i64 = 100;
/// Incidents that are looked at: open ones, and the newest closed ones that may have come back.
const INCIDENTS: usize = 50;

/// The answer, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldView {
    /// The answer.
    pub state: HoldState,
    /// People's decisions, newest first.
    pub decisions: Vec<HoldDecision>,
    /// The incidents with what they were judged last, newest first.
    pub incidents: Vec<(Incident, Option<Assessment>)>,
}

/// Whether to hold now.
pub async fn load(store: &Store, brand: BrandId, now: Millis, settings: &Settings) -> Result<HoldView, StoreError> {
    let decisions = store.holds(brand, DECISIONS).await?;
    let mut incidents = Vec::new();
    let watched = |i: &Incident| i.closed_at.is_none_or(|closed| now.since(closed) <= settings.watch_ms);
    for incident in store.incidents(brand).await?.into_iter().filter(watched).take(INCIDENTS) {
        let standing = store.standing(incident.id).await?;
        incidents.push((incident, standing));
    }
    let judged: Vec<Judged<'_>> = incidents
        .iter()
        .map(|(incident, standing)| Judged {
            incident,
            verdict: standing.as_ref().map(|a| a.verdict),
            hold_left_ms: standing.as_ref().and_then(Assessment::hold_left_ms),
        })
        .collect();
    let state = hold::state(&decisions, &judged, (now, settings.hold_ms));
    Ok(HoldView { state, decisions, incidents })
}
