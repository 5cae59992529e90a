//! Incidents that Ebb proposes before a person has noticed, and what people make of them.

use serde::{Deserialize, Serialize};

use super::ids::{BrandId, IncidentId, ProposalId};
use super::incident::words;
use super::time::{Millis, Span};

/// A window of hours that normal weeks hardly bring about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// When it was seen.
    pub at: Millis,
    /// Since when concern is above normal, estimated.
    pub began: Millis,
    /// The hours that stand out most.
    pub window: Span,
    /// Unhappy authors in them, each hour's counted once.
    pub unhappy: i64,
    /// Expected in them.
    pub expected: f64,
    /// The probability of so many or more in normal weeks, 0..=1.
    pub chance: f64,
}

words! {
    /// What became of a proposal.
    ProposalState {
        /// It waits for a person.
        Open = "open", "Open";
        /// A person opened an incident.
        Confirmed = "confirmed", "Confirmed";
        /// A person said that it is none.
        Dismissed = "dismissed", "Dismissed";
        /// Nobody answered, and nothing stands out any more.
        Passed = "passed", "Passed by itself";
    }
}

/// A proposed incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// Row id.
    pub id: ProposalId,
    /// Its brand.
    pub brand: BrandId,
    /// What became of it.
    pub state: ProposalState,
    /// The newest signal while it was open.
    pub signal: Signal,
    /// When it was first said.
    pub spoken_at: Millis,
    /// When the newest signal was seen.
    pub seen_at: Millis,
    /// Why it was dismissed; empty otherwise.
    pub reason: String,
    /// No new proposal before; the epoch when nobody wished so.
    pub quiet_until: Millis,
    /// When a person answered, or it passed.
    pub decided_at: Option<Millis>,
    /// The incident that was opened.
    pub incident: Option<IncidentId>,
    /// Moves when the state does.
    pub version: i64,
}
