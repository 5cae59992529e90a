//! Whether campaigns of a brand should wait: hype while people are angry brings backlash.
//!
//! The open incidents decide, by their kind and severity; a person can decide otherwise, with a reason and an end.

use serde::{Deserialize, Serialize};

use super::ids::{BrandId, HoldId};
use super::incident::{Incident, IncidentKind, IncidentSeverity, words};
use super::time::Millis;
use super::verdict::Verdict;

words! {
    /// What a person decided.
    Decision {
        /// Campaigns wait.
        Hold = "hold", "Hold";
        /// Campaigns go on, whatever the incidents say.
        Lift = "lift", "Go on";
    }
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldDecision {
    /// Row id.
    pub id: HoldId,
    /// The brand.
    pub brand: BrandId,
    /// Hold, or go on.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who; may be empty.
    pub decided_by: String,
    /// When.
    pub at: Millis,
    /// When it ends by itself.
    pub until: Millis,
    /// When it was taken back.
    pub ended_at: Option<Millis>,
}

impl HoldDecision {
    /// Whether it counts at a moment.
    pub fn holds_at(&self, now: Millis) -> bool {
        self.at <= now && now < self.until && self.ended_at.is_none_or(|ended| now < ended)
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Campaigns wait.
    Hold,
    /// Nothing speaks against them.
    Clear,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The incidents, or that there are none.
    Automatic,
    /// A person's decision.
    Person,
}

/// The answer with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldState {
    /// Hold, or clear.
    pub signal: Signal,
    /// Who says so.
    pub origin: Origin,
    /// Since when; `None` when clear without a decision.
    pub since: Option<Millis>,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// When a person's decision ends.
    pub until: Option<Millis>,
    /// A hold by incidents does not end before this; `None` when that cannot be told.
    pub not_before: Option<Millis>,
}

/// An incident and what it was judged last.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The incident, open or closed.
    pub incident: &'a Incident,
    /// Its verdict; `None` before the first.
    pub verdict: Option<Verdict>,
    /// Hold time left of the verdict, milliseconds; `None` while it does not run.
    pub hold_left_ms: Option<i64>,
}

impl Judged<'_> {
    /// Why campaigns wait for this incident; `None` when they need not.
    ///
    /// | incident | campaigns wait |
    /// |---|---|
    /// | minor | until concern is calm |
    /// | major | until it has recovered |
    /// | critical, or security | until it is closed, too |
    /// | any, closed | only when concern came back |
    pub fn holds(&self) -> Option<String> {
        let Incident { title, kind, severity, closed_at, .. } = self.incident;
        let verdict = self.verdict.unwrap_or(Verdict::Unknown);
        let title = title.trim();
        if closed_at.is_some() {
            return (verdict == Verdict::Relapsed).then(|| format!("“{title}” was closed, and concern came back"));
        }
        let grave = *severity == IncidentSeverity::Critical || *kind == IncidentKind::Security;
        match (grave, severity, verdict) {
            (true, _, Verdict::Recovered) => Some(format!("“{title}” has recovered, but is not closed: {}", grave_word(self.incident))),
            (false, _, Verdict::Recovered) | (false, IncidentSeverity::Minor, Verdict::Holding) => None,
            _ => Some(format!("“{title}” is open: {}", state_word(verdict))),
        }
    }
}

const fn grave_word(incident: &Incident) -> &'static str {
    match incident.kind {
        IncidentKind::Security => "a security incident holds campaigns until it is closed",
        IncidentKind::Service => "a critical incident holds campaigns until it is closed",
    }
}

const fn state_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Elevated => "people are unhappy",
        Verdict::Easing => "concern is easing, not gone",
        Verdict::Holding => "calm, but the hold time runs",
        Verdict::Recovered => "it has recovered",
        Verdict::Relapsed => "concern came back",
        Verdict::Unknown => "how people feel cannot be told yet",
    }
}

/// Whether to hold, from people's decisions and the incidents of the brand. `hold_ms` is the hold time of verdicts.
pub fn state(decisions: &[HoldDecision], incidents: &[Judged<'_>], (now, hold_ms): (Millis, i64)) -> HoldState {
    let automatic = by_incidents(incidents, (now, hold_ms));
    let Some(decided) = decisions.iter().filter(|d| d.holds_at(now)).max_by_key(|d| (d.at, d.id)) else {
        return automatic;
    };
    let by = if decided.decided_by.is_empty() { "A person".to_owned() } else { decided.decided_by.clone() };
    let signal = match decided.decision {
        Decision::Hold => Signal::Hold,
        Decision::Lift => Signal::Clear,
    };
    let word = if signal == Signal::Hold { "decided to hold" } else { "decided to go on" };
    let mut why = vec![format!("{by} {word}: {}", decided.reason)];
    if signal == Signal::Clear {
        why.extend(automatic.why.into_iter().filter(|_| automatic.signal == Signal::Hold).map(|w| format!("It stands against: {w}")));
    }
    HoldState { signal, origin: Origin::Person, since: Some(decided.at), why, until: Some(decided.until), not_before: None }
}

fn by_incidents(incidents: &[Judged<'_>], (now, hold_ms): (Millis, i64)) -> HoldState {
    let holding: Vec<(&Judged<'_>, String)> = incidents.iter().filter_map(|j| j.holds().map(|why| (j, why))).collect();
    let since = holding.iter().map(|(j, _)| j.incident.started_at).min();
    // Even if everybody were calm from now on, the hold time would have to pass.
    let ends = holding.iter().map(|(j, _)| match (j.incident.severity, j.hold_left_ms) {
        (IncidentSeverity::Minor, _) => None,
        (_, left) => Some(now.plus(left.unwrap_or(hold_ms))),
    });
    let not_before = ends.collect::<Option<Vec<Millis>>>().and_then(|ends| ends.into_iter().max());
    let why =
        if holding.is_empty() { vec!["No incident holds them".to_owned()] } else { holding.into_iter().map(|(_, why)| why).collect() };
    let signal = if since.is_some() { Signal::Hold } else { Signal::Clear };
    HoldState { signal, origin: Origin::Automatic, since, why, until: None, not_before }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentId;
    use crate::domain::time::{DAY_MS, HOUR_MS};

    const NOW: Millis = Millis::new(1_800_000_000_000);
    const HOLD: i64 = 3 * DAY_MS;

    fn incident(kind: IncidentKind, severity: IncidentSeverity) -> Incident {
        Incident {
            id: IncidentId::new(1),
            brand: BrandId::new(1),
            title: "Sign-in fails".to_owned(),
            kind,
            severity,
            commander: String::new(),
            war_room: None,
            started_at: NOW.plus(-DAY_MS),
            fixed_at: None,
            closed_at: None,
            close_reason: String::new(),
            version: 1,
        }
    }

    fn signal(incident: &Incident, verdict: Verdict) -> Signal {
        let judged = [Judged { incident, verdict: Some(verdict), hold_left_ms: None }];
        state(&[], &judged, (NOW, HOLD)).signal
    }

    #[test]
    fn the_graver_the_incident_the_longer_campaigns_wait() {
        use IncidentKind::{Security, Service};
        use IncidentSeverity::{Critical, Major, Minor};
        use Signal::{Clear, Hold};
        for (kind, severity, elevated, holding, recovered) in [
            (Service, Minor, Hold, Clear, Clear),
            (Service, Major, Hold, Hold, Clear),
            (Service, Critical, Hold, Hold, Hold),
            (Security, Minor, Hold, Hold, Hold),
        ] {
            let incident = incident(kind, severity);
            let signals = [Verdict::Elevated, Verdict::Holding, Verdict::Recovered].map(|v| signal(&incident, v));
            assert_eq!(signals, [elevated, holding, recovered], "{kind:?} {severity:?}");
            let closed = Incident { closed_at: Some(NOW.plus(-1)), ..incident };
            assert_eq!(signal(&closed, Verdict::Elevated), Clear);
            assert_eq!(signal(&closed, Verdict::Relapsed), Hold);
        }
    }

    fn decision(id: i64, decision: Decision, hours: (i64, i64)) -> HoldDecision {
        HoldDecision {
            id: HoldId::new(id),
            brand: BrandId::new(1),
            decision,
            reason: "fair next week".to_owned(),
            decided_by: "Noor".to_owned(),
            at: NOW.plus(hours.0 * HOUR_MS),
            until: NOW.plus(hours.1 * HOUR_MS),
            ended_at: None,
        }
    }

    #[test]
    fn the_latest_decision_of_a_person_counts_until_its_end() {
        let hold = decision(1, Decision::Hold, (-5, 5));
        let state_at = |decisions: &[HoldDecision]| state(decisions, &[], (NOW, HOLD));
        let state_now = state_at(std::slice::from_ref(&hold));
        assert_eq!((state_now.signal, state_now.origin, state_now.until), (Signal::Hold, Origin::Person, Some(NOW.plus(5 * HOUR_MS))));
        assert_eq!(state_at(&[decision(1, Decision::Hold, (-5, 0))]).signal, Signal::Clear, "it ended");
        let ended = HoldDecision { ended_at: Some(NOW), ..hold.clone() };
        assert_eq!(state_at(&[ended]).signal, Signal::Clear, "it was taken back");
        assert_eq!(state_at(&[hold, decision(2, Decision::Lift, (-1, 1))]).signal, Signal::Clear, "a later one");
    }

    #[test]
    fn going_on_over_an_incident_says_what_stands_against_it() {
        let incident = incident(IncidentKind::Service, IncidentSeverity::Major);
        let judged = [Judged { incident: &incident, verdict: Some(Verdict::Elevated), hold_left_ms: None }];
        let lifted = state(&[decision(1, Decision::Lift, (-1, 1))], &judged, (NOW, HOLD));
        assert_eq!(lifted.signal, Signal::Clear);
        assert!(lifted.why.iter().any(|w| w.contains("Sign-in fails")), "{:?}", lifted.why);
        let held = state(&[], &judged, (NOW, HOLD));
        assert_eq!((held.since, held.not_before), (Some(incident.started_at), Some(NOW.plus(HOLD))));
    }
}
