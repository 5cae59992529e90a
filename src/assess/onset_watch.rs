//! The onset test over the store: one look a round and brand, and what becomes of the proposals.

use std::collections::HashMap;

use crate::domain::ids::BrandId;
use crate::domain::proposal::{Proposal, ProposalState, Signal};
use crate::domain::time::{HOUR_MS, Millis, Span};
use crate::domain::verdict::Baseline;
use crate::store::{Store, StoreError};

use super::coverage::Heard;
use super::load::{self, Settings};
use super::onset::{self, Last, REACH_MS, Step};
use super::verdict::Surroundings;

/// What is normal for each brand, learned again every hour: eight weeks are more than every round should read.
#[derive(Debug, Default)]
pub(super) struct OnsetWatch {
    normal: HashMap<BrandId, (Millis, Option<Baseline>)>,
}

impl OnsetWatch {
    /// Looks once; returns whether an incident was proposed. Says nothing while an incident is open: it is no news then.
    pub(super) async fn look(&mut self, store: &Store, brand: BrandId, now: Millis, settings: &Settings) -> Result<bool, StoreError> {
        let last = store.proposals(brand, 1).await?.into_iter().next();
        if store.incidents(brand).await?.iter().any(|i| i.closed_at.is_none()) {
            let open = last.filter(|l| l.state == ProposalState::Open);
            if let Some(open) = open {
                ignore_conflict(store.pass_proposal(open.id, open.version, now).await)?;
            }
            return Ok(false);
        }
        let Some(baseline) = self.normal(store, brand, now, settings).await? else { return Ok(false) };
        let signal = signal(store, brand, &baseline, (now, settings)).await?;
        let step = onset::step(last.as_ref().map(remembered), signal, now, &settings.onset);
        match (step, last) {
            (Step::Speak(signal), _) => {
                let spoken = store.propose(brand, &signal, now).await?.is_some();
                if spoken {
                    tracing::info!(brand.id = brand.get(), unhappy = signal.unhappy, "An incident is proposed");
                }
                return Ok(spoken);
            }
            (Step::GoOn(signal), Some(last)) => store.renew_proposal(last.id, &signal).await?,
            (Step::Pass, Some(last)) => ignore_conflict(store.pass_proposal(last.id, last.version, now).await)?,
            _ => {}
        }
        Ok(false)
    }

    /// `None` while too much of the history waits for its score: what is normal would look quieter than it was.
    async fn normal(&mut self, store: &Store, brand: BrandId, now: Millis, settings: &Settings) -> Result<Option<Baseline>, StoreError> {
        if let Some((_, known)) = self.normal.get(&brand).filter(|(hour, known)| *hour == now.hour() && known.is_some()) {
            return Ok(known.clone());
        }
        let incidents = store.incidents(brand).await?;
        let cut: Vec<Span> = incidents.iter().filter_map(|i| load::lasted(i, now)).collect();
        let normal = load::learn(store, brand, onset::day_of(now), &cut).await?;
        let waiting = Surroundings { history_unscored: normal.unscored, history_mentions: normal.mentions, ..Surroundings::default() };
        let known = Some(normal.baseline).filter(|_| !waiting.unscored_history(&settings.rules));
        self.normal.insert(brand, (now.hour(), known.clone()));
        Ok(known)
    }
}

fn remembered(last: &Proposal) -> Last {
    Last { open: last.state == ProposalState::Open, seen_at: last.seen_at, quiet_until: last.quiet_until }
}

/// Somebody answered between reading and writing: their word counts.
fn ignore_conflict(outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Err(StoreError::Conflict) => Ok(()),
        other => other,
    }
}

async fn signal(
    store: &Store,
    brand: BrandId,
    baseline: &Baseline,
    (now, settings): (Millis, &Settings),
) -> Result<Option<Signal>, StoreError> {
    let span = Span::new(now.hour().plus(-REACH_MS), now.plus(1)).unwrap_or(Span::empty(now));
    let mut hours = load::sources(store, brand, span).await?.heard(&baseline.sources, span);
    // The hour under way only counts upwards: held against the whole hour, it speaks early and never falsely.
    if let Some(running) = hours.last_mut().filter(|h| h.hour.plus(HOUR_MS) > now) {
        *running = Heard { share: 1.0, coverage: 1.0, ..*running };
    }
    Ok(onset::look(&hours, baseline, &settings.onset, now))
}
