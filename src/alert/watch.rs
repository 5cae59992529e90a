//! Reads the store, applies the rules, and keeps what is new with its messages.

use std::collections::HashSet;

use super::rules::{self, Scene, Settings};
use crate::domain::alert::{Alert, Urgency};
use crate::domain::brand::Brand;
use crate::domain::incident::Incident;
use crate::domain::route::Route;
use crate::domain::time::{Millis, WEEK_MS};
use crate::store::{Posting, Store, StoreError};

/// The mark of the first start: what was before it is history, not news.
const MARK: &str = "alerts.since";
/// What happened longer ago than this is not told any more, if nobody ran for so long.
const STALE_MS: i64 = WEEK_MS;
/// Proposals that are looked at; one a brand is open at a time.
const PROPOSALS: i64 = 20;

/// Notices what is worth an alert.
///
/// What it keeps between rounds is only which keys it has kept in the store, so that it does not write what is known.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    settings: Settings,
    routes: Vec<Route>,
    told: HashSet<String>,
}

impl Watch {
    /// A watch that has not looked yet.
    pub fn new(store: Store, settings: Settings, routes: Vec<Route>) -> Self {
        Self { store, settings, routes, told: HashSet::new() }
    }

    /// One look; gives back how many alerts were new.
    pub async fn round(&mut self, now: Millis) -> Result<usize, StoreError> {
        let first = self.store.mark(MARK, now).await?;
        let since = first.max(now.plus(-STALE_MS));
        let mut found = Vec::new();
        for brand in self.store.brands().await? {
            let incidents = self.store.incidents(brand.id).await?;
            self.of_people(&brand, &incidents, since, now, &mut found).await?;
            self.of_proposals(&brand, since, &mut found).await?;
            self.of_silence(&brand, &incidents, now, &mut found).await?;
            self.of_verdicts(&brand, &incidents, since, &mut found).await?;
            self.of_sources(&brand, &incidents, now, &mut found).await?;
        }
        self.keep(found, now).await
    }

    /// Keeps what is not known, oldest first.
    async fn keep(&mut self, mut found: Vec<Alert>, now: Millis) -> Result<usize, StoreError> {
        found.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        let mut new = 0;
        let mut told = HashSet::new();
        for alert in found {
            if !self.told.contains(&alert.key) {
                new += usize::from(self.store.record_alert(&alert, &postings(&self.routes, &alert, now), now).await?);
            }
            told.insert(alert.key);
        }
        // What is no longer found is forgotten here; the store remembers it.
        self.told = told;
        Ok(new)
    }

    async fn of_verdicts(&self, brand: &Brand, incidents: &[Incident], since: Millis, found: &mut Vec<Alert>) -> Result<(), StoreError> {
        for change in self.store.verdict_changes(since).await? {
            let incident = incidents.iter().find(|i| i.id == change.kept.incident);
            if incident.is_some() {
                found.extend(rules::verdict(&change, Scene { brand, incident }));
            }
        }
        Ok(())
    }

    async fn of_people(
        &self,
        brand: &Brand,
        incidents: &[Incident],
        since: Millis,
        now: Millis,
        found: &mut Vec<Alert>,
    ) -> Result<(), StoreError> {
        let scene = Scene { brand, incident: newest_open(incidents) };
        for flag in self.store.open_flags(brand.id, since.plus(-self.settings.overdue_ms)).await? {
            let both = [rules::reach(&flag, scene, &self.settings), rules::overdue(&flag, scene, &self.settings, now)];
            found.extend(both.into_iter().flatten().filter(|a| a.at >= since));
        }
        for case in self.store.due_cases(brand.id, since, now).await? {
            let incident = incidents.iter().find(|i| i.id == case.incident && i.closed_at.is_none());
            found.extend(incident.map(|i| rules::case_overdue(&case, Scene { brand, incident: Some(i) })));
        }
        Ok(())
    }

    async fn of_proposals(&self, brand: &Brand, since: Millis, found: &mut Vec<Alert>) -> Result<(), StoreError> {
        let scene = Scene { brand, incident: None };
        for proposal in self.store.proposals(brand.id, PROPOSALS).await? {
            found.extend(rules::proposed(&proposal, scene).filter(|a| a.at >= since));
        }
        Ok(())
    }

    async fn of_silence(&self, brand: &Brand, incidents: &[Incident], now: Millis, found: &mut Vec<Alert>) -> Result<(), StoreError> {
        for incident in incidents.iter().filter(|i| i.closed_at.is_none()) {
            let Some(standing) = self.store.standing(incident.id).await? else { continue };
            let updates = self.store.updates(incident.id).await?;
            let last = updates.iter().map(|u| u.at).max().unwrap_or(incident.started_at);
            let scene = Scene { brand, incident: Some(incident) };
            found.extend(rules::silence(scene, standing.verdict, last, &self.settings, now));
        }
        Ok(())
    }

    async fn of_sources(&self, brand: &Brand, incidents: &[Incident], now: Millis, found: &mut Vec<Alert>) -> Result<(), StoreError> {
        let scene = Scene { brand, incident: newest_open(incidents) };
        let sources = self.store.source_health().await?;
        let ours = sources.iter().filter(|s| s.spec.brand == brand.id);
        found.extend(ours.filter_map(|s| rules::source_silent(s, scene, now)));
        Ok(())
    }
}

/// The channels that an alert goes to: each once, by the first route that takes it there.
fn postings<'a>(routes: &'a [Route], alert: &Alert, now: Millis) -> Vec<Posting<'a>> {
    let mut postings: Vec<Posting<'a>> = Vec::new();
    for route in routes.iter().filter(|r| r.takes(alert, now)) {
        for channel in &route.channels {
            if !postings.iter().any(|p| p.channel == channel) {
                postings.push(Posting { route, channel });
            }
        }
    }
    if postings.is_empty() && alert.urgency == Urgency::Critical {
        tracing::warn!(alert.kind = alert.kind.as_str(), "An alert that should be looked at now goes to nobody: no route takes it");
    }
    postings
}

/// Alerts about people and sources belong to the incident that is going on.
fn newest_open(incidents: &[Incident]) -> Option<&Incident> {
    incidents.iter().find(|i| i.closed_at.is_none())
}
