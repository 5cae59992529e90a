//! What people are upset about in an incident: phrases with their own concern curves.

use serde::{Deserialize, Serialize};

use super::ids::{IncidentId, ThemeId};
use super::incident::words;
use super::time::Millis;

words! {
    /// How a theme was found.
    ThemeKind {
        /// A phrase that separates the incident's unhappy mentions from the baseline.
        Phrase = "phrase", "Theme";
        /// What is said to fail although the fix was declared.
        StillBroken = "still_broken", "Still broken";
    }
}

words! {
    /// How a theme stands now.
    Heat {
        /// Above its own normal, and no less than a quarter of its peak.
        Hot = "hot", "Still hot";
        /// Above its own normal, far below its peak.
        Easing = "easing", "Easing";
        /// As on other days.
        Calm = "calm", "Calm";
    }
}

/// A theme of one incident, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Theme {
    /// Row id; it stays while the phrase does.
    pub id: ThemeId,
    /// Its incident.
    pub incident: IncidentId,
    /// Phrase, or still broken.
    pub kind: ThemeKind,
    /// As people write it; empty for still broken.
    pub phrase: String,
    /// Folded phrases; a mention with one of them belongs to the theme.
    pub forms: Vec<String>,
    /// z-score of the weighted log-odds ratio; see `assess::themes::odds`. 0 for still broken.
    pub z: f64,
    /// Unhappy mentions an hour with it that are normal.
    pub normal_per_hour: f64,
    /// Distinct unhappy authors in the incident, at the last look.
    pub people: i64,
    /// 1 is first.
    pub rank: i64,
    /// Its first mention in the incident.
    pub first_seen: Option<Millis>,
}

/// One hour of a theme's curve; hours without a mention are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ThemeHour {
    /// Start of the hour.
    pub hour: Millis,
    /// Mentions with it, copies aside.
    pub mentions: i64,
    /// Their distinct authors.
    pub unhappy: i64,
}
