//! Our own silence: how long the brand has said nothing while people are unhappy.
//!
//! Not the silence of a source: that is `assess::coverage`.

use serde::Serialize;

use super::incident::{Incident, Update};
use super::time::Millis;
use super::verdict::Verdict;

/// The code of the reason in a kept assessment while the alarm lasts.
pub const REASON_CODE: &str = "we_are_silent";

/// Concern is raised, and nothing was said for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SilenceAlarm {
    /// When the brand last said something; the incident's start when it never did.
    pub since: Millis,
    /// The last update; `None` when there was none.
    pub last_update: Option<Millis>,
    /// Milliseconds since then.
    pub quiet_ms: i64,
    /// After so many the alarm begins.
    pub limit_ms: i64,
}

/// The alarm of an open incident whose concern is raised, falling or back; `None` while it is not due.
pub fn alarm(incident: &Incident, updates: &[Update], (verdict, now): (Verdict, Millis), limit_ms: i64) -> Option<SilenceAlarm> {
    let raised = matches!(verdict, Verdict::Elevated | Verdict::Easing | Verdict::Relapsed);
    if !raised || incident.closed_at.is_some() {
        return None;
    }
    // What was said before customers noticed does not answer them; what lies ahead was not said yet.
    let last_update = updates.iter().map(|u| u.at).filter(|at| *at >= incident.started_at && *at <= now).max();
    let since = last_update.unwrap_or(incident.started_at);
    let quiet_ms = now.since(since);
    (quiet_ms >= limit_ms.max(1)).then_some(SilenceAlarm { since, last_update, quiet_ms, limit_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{BrandId, IncidentId, UpdateId};
    use crate::domain::incident::{IncidentKind, IncidentSeverity, UpdateKind};
    use crate::domain::time::HOUR_MS;

    const START: Millis = Millis::new(1_800_000_000_000);
    const LIMIT: i64 = 4 * HOUR_MS;

    fn incident() -> Incident {
        Incident {
            id: IncidentId::new(1),
            brand: BrandId::new(1),
            title: String::new(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Major,
            commander: String::new(),
            war_room: None,
            started_at: START,
            fixed_at: None,
            closed_at: None,
            close_reason: String::new(),
            version: 1,
        }
    }

    fn said(hours: i64) -> Update {
        let at = START.plus(hours * HOUR_MS);
        Update { id: UpdateId::new(hours), incident: IncidentId::new(1), at, kind: UpdateKind::Statement, text: String::new(), url: None }
    }

    #[test]
    fn the_alarm_counts_from_the_last_update_or_from_the_start() {
        let at = |hours: i64| (Verdict::Elevated, START.plus(hours * HOUR_MS));
        let quiet = |updates: &[Update], hours: i64| alarm(&incident(), updates, at(hours), LIMIT).map(|a| a.quiet_ms / HOUR_MS);
        assert_eq!(quiet(&[], 3), None);
        assert_eq!(quiet(&[], 4), Some(4));
        assert_eq!(quiet(&[said(-1)], 5), Some(5), "said before it began");
        assert_eq!(quiet(&[said(2), said(1)], 5), None);
        assert_eq!(quiet(&[said(1), said(9)], 6), Some(5), "not said yet");
    }

    #[test]
    fn nobody_needs_to_speak_when_it_is_calm_or_closed() {
        let late = START.plus(90 * HOUR_MS);
        for verdict in [Verdict::Holding, Verdict::Recovered, Verdict::Unknown] {
            assert_eq!(alarm(&incident(), &[], (verdict, late), LIMIT), None);
        }
        let closed = Incident { closed_at: Some(late), ..incident() };
        assert_eq!(alarm(&closed, &[], (Verdict::Elevated, late), LIMIT), None);
    }
}
