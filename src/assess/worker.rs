//! One round of assessment over all brands: flags, frozen baselines, standing verdicts.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::ids::{AuthorId, BrandId, IncidentId};
use crate::domain::incident::Incident;
use crate::domain::time::{Millis, Span};
use crate::domain::verdict::{Assessment, Verdict};
use crate::store::{FlagChange, FlagProposal, Store, StoreError};

use super::flags;
use super::load::{self, Settings};
use super::onset_watch::OnsetWatch;
use super::{cases, themes};

/// Between two searches for themes, milliseconds of the machine's clock.
const LEAST_REAL_MS: i64 = 15_000;

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Incidents assessed.
    pub assessed: usize,
    /// Verdicts that changed.
    pub changed: Vec<(IncidentId, Verdict)>,
    /// Flags raised or reopened.
    pub flagged: usize,
    /// Incidents proposed.
    pub proposed: usize,
    /// Cases opened.
    pub opened: usize,
    /// Brands or incidents that failed; each stands in the log.
    pub failed: usize,
}

/// Assesses all brands, again and again.
///
/// What it keeps between rounds is only what it would otherwise read or write again: which flags it has saved, and what is
/// normal for each brand this hour.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    clock: Clock,
    settings: Settings,
    saved: HashMap<(BrandId, AuthorId), FlagProposal>,
    onset: OnsetWatch,
    /// When themes were last searched for.
    searched: HashMap<IncidentId, Millis>,
}

impl Worker {
    /// A worker that has not looked yet.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        Self { store, clock, settings, saved: HashMap::new(), onset: OnsetWatch::default(), searched: HashMap::new() }
    }

    /// Round after round, `every_ms` of the clock apart, but never more than two a second of the machine's: the demo's
    /// clock runs fast. Ends when `stop` is cancelled, after the round under way.
    pub async fn run(mut self, every_ms: i64, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.tick().await {
                tracing::error!(error = %error, "The brands were not read; trying again after the pause");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_ms(every_ms.max(self.clock.real_ms(500))) => {}
            }
        }
    }

    /// One round. What fails for one brand or incident is logged and leaves the others alone; the error is that of
    /// a store that cannot even name the brands.
    pub async fn tick(&mut self) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let mut outcome = Outcome::default();
        let mut proposed = HashMap::new();
        for brand in self.store.brands().await? {
            match self.flag(brand.id, now, &mut proposed).await {
                Ok(flagged) => outcome.flagged += flagged,
                Err(error) => {
                    tracing::error!(brand.id = brand.id.get(), error = %error, "Flags were not updated");
                    outcome.failed += 1;
                }
            }
            match self.onset.look(&self.store, brand.id, now, &self.settings).await {
                Ok(proposed) => outcome.proposed += usize::from(proposed),
                Err(error) => {
                    tracing::error!(brand.id = brand.id.get(), error = %error, "It was not seen whether an incident begins");
                    outcome.failed += 1;
                }
            }
            match self.watched(brand.id, now).await {
                Ok(incidents) => {
                    self.find_themes(&incidents, now, &mut outcome).await;
                    self.work_on_cases(&incidents, now, &mut outcome).await;
                    self.assess_all(&incidents, now, &mut outcome).await;
                }
                Err(error) => {
                    tracing::error!(brand.id = brand.id.get(), error = %error, "Incidents were not read");
                    outcome.failed += 1;
                }
            }
        }
        // Whoever is no longer proposed is forgotten, so that this grows no further than two weeks of anger.
        self.saved = proposed;
        Ok(outcome)
    }

    async fn flag(
        &self,
        brand: BrandId,
        now: Millis,
        proposed: &mut HashMap<(BrandId, AuthorId), FlagProposal>,
    ) -> Result<usize, StoreError> {
        let span = Span::new(now.plus(-flags::WINDOW_MS), now.plus(1)).unwrap_or(Span::empty(now));
        let threshold = self.settings.flag_severity;
        let mut flagged = 0;
        for anger in self.store.very_negative(brand, span, threshold).await? {
            let Some(proposal) = flags::propose(&anger, threshold, now) else { continue };
            let key = (brand, proposal.author);
            if self.saved.get(&key) != Some(&proposal) {
                let change = self.store.save_flag(brand, &proposal, now).await?;
                flagged += usize::from(matches!(change, FlagChange::Raised | FlagChange::Reopened));
            }
            proposed.insert(key, proposal);
        }
        for anger in self.store.anger_of_others(brand, threshold).await? {
            flagged += usize::from(self.store.open_again(anger.flag, &flags::of_another(&anger), now).await?);
        }
        self.store.settle_flags(brand, threshold, now).await?;
        Ok(flagged)
    }

    /// Opens cases in the newest open incident of a brand, and ranks those of all its watched incidents. People are
    /// worked on in one case at a time: an older open incident keeps the cases that it has.
    async fn work_on_cases(&self, incidents: &[Incident], now: Millis, outcome: &mut Outcome) {
        let newest = incidents.iter().find(|i| i.closed_at.is_none()).map(|i| i.id);
        for incident in incidents {
            let opens = newest == Some(incident.id);
            match self.work_on(incident, now, opens.then(|| incident.started_at.hour())).await {
                Ok(opened) => outcome.opened += opened,
                Err(error) => {
                    tracing::error!(incident.id = incident.id.get(), error = %error, "Cases were not updated");
                    outcome.failed += 1;
                }
            }
        }
    }

    async fn work_on(&self, incident: &Incident, now: Millis, open_from: Option<Millis>) -> Result<usize, StoreError> {
        let opened = match open_from {
            Some(from) => self.store.open_cases(incident.id, from, now).await?,
            None => 0,
        };
        for facts in self.store.case_facts(incident.id, incident.fixed_at, self.settings.flag_severity).await? {
            let rank = cases::rank(&facts, self.settings.flag_severity, now);
            let case = &facts.case;
            let same = rank.priority.to_bits() == case.priority.to_bits();
            if !same || rank.reasons != case.reasons || rank.proposal != case.proposal {
                self.store.save_case_rank(case, &rank, now).await?;
            }
        }
        Ok(opened)
    }

    /// Open incidents, and closed ones for as long as a relapse is watched for.
    async fn watched(&self, brand: BrandId, now: Millis) -> Result<Vec<Incident>, StoreError> {
        let mut incidents = self.store.incidents(brand).await?;
        incidents.retain(|i| i.closed_at.is_none_or(|closed| now.since(closed) <= self.settings.watch_ms));
        Ok(incidents)
    }

    /// Looks for themes in one incident a round, the one that waited longest, and brings the curves of all up to date.
    async fn find_themes(&mut self, incidents: &[Incident], now: Millis, outcome: &mut Outcome) {
        // A clock that runs fast does not make the machine faster.
        let every = themes::DISCOVER_EVERY_MS.max(self.clock.real_ms(LEAST_REAL_MS));
        let waited = |i: &&Incident| self.searched.get(&i.id).map_or(i64::MAX, |at| now.since(*at));
        let due = incidents.iter().filter(|i| i.closed_at.is_none()).max_by_key(waited).filter(|i| waited(i) >= every).cloned();
        if let Some(incident) = due {
            self.searched.insert(incident.id, now);
            if let Err(error) = themes::discover(&self.store, &incident, now).await {
                tracing::error!(incident.id = incident.id.get(), error = %error, "Themes were not looked for");
                outcome.failed += 1;
            }
        }
        for incident in incidents {
            if let Err(error) = themes::catch_up(&self.store, incident, now).await {
                tracing::error!(incident.id = incident.id.get(), error = %error, "The curves of themes were not brought up to date");
                outcome.failed += 1;
            }
        }
    }

    async fn assess_all(&self, incidents: &[Incident], now: Millis, outcome: &mut Outcome) {
        for incident in incidents {
            match self.assess(incident, now).await {
                Ok(changed) => {
                    outcome.assessed += 1;
                    outcome.changed.extend(changed.map(|verdict| (incident.id, verdict)));
                }
                Err(error) => {
                    tracing::error!(incident.id = incident.id.get(), error = %error, "The incident was not assessed");
                    outcome.failed += 1;
                }
            }
        }
    }

    async fn assess(&self, incident: &Incident, now: Millis) -> Result<Option<Verdict>, StoreError> {
        let (assessment, normal) = load::assess(&self.store, incident, now, &self.settings).await?;
        if normal.frozen {
            self.store.save_baseline(incident.id, &normal.baseline).await?;
        }
        let changed = self.store.save_assessment(incident.id, &assessment, now).await?;
        if changed {
            tracing::info!(incident.id = incident.id.get(), verdict = assessment.verdict.as_str(), "Verdict changed");
        }
        Ok(changed.then_some(assessment.verdict))
    }
}

/// The assessment of an incident at this moment, without saving it.
pub async fn assess_now(store: &Store, incident: &Incident, now: Millis, settings: &Settings) -> Result<Assessment, StoreError> {
    Ok(load::assess(store, incident, now, settings).await?.0)
}
