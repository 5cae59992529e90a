//! Incidents, the brand's own updates, and flagged authors.

use serde::{Deserialize, Serialize};

use super::ids::{AuthorId, BrandId, FlagId, IncidentId, MentionId, UpdateId};
use super::time::Millis;
use super::verdict::Reason;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $shown:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in the store, in addresses and in exports.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The word on pages.
            pub const fn shown(self) -> &'static str {
                match self { $(Self::$variant => $shown,)+ }
            }

            /// The value of a stored word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What went wrong, roughly: the two go to different people.
    IncidentKind {
        /// Something did not work.
        Service = "service", "Service";
        /// Data or accounts were at risk.
        Security = "security", "Security";
    }
}

words! {
    /// How bad the incident itself is, as its lead judges it.
    IncidentSeverity {
        /// Few customers, little harm.
        Minor = "minor", "Minor";
        /// Many customers.
        Major = "major", "Major";
        /// All customers, or lasting harm.
        Critical = "critical", "Critical";
    }
}

/// One incident of one brand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// Row id.
    pub id: IncidentId,
    /// Its brand.
    pub brand: BrandId,
    /// What happened, in a few words.
    pub title: String,
    /// Service or security.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: IncidentSeverity,
    /// Who leads; may be empty.
    pub commander: String,
    /// Where they meet; `http` or `https`.
    pub war_room: Option<String>,
    /// When it began for customers.
    pub started_at: Millis,
    /// When the cause was mended, as declared.
    pub fixed_at: Option<Millis>,
    /// When a person closed it.
    pub closed_at: Option<Millis>,
    /// Why it was closed over a blocker; empty when nothing blocked.
    pub close_reason: String,
    /// Raised by one at each change: a change against an older version is refused.
    pub version: i64,
}

/// One time that an incident was closed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Closing {
    /// When.
    pub at: Millis,
    /// Who did it; empty when nobody gave a name.
    pub who: String,
    /// Why over a blocker; empty when nothing blocked.
    pub reason: String,
    /// What stood against it at that moment.
    pub blockers: Vec<Reason>,
}

/// What people keep of an incident, so that the next one is shorter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The incident.
    pub incident: IncidentId,
    /// What mended it.
    pub solution: String,
    /// What was learned.
    pub learned: String,
    /// Raised by one at each change; 0 until somebody writes something.
    pub version: i64,
}

impl Memory {
    /// Before anybody wrote something.
    pub const fn nothing(incident: IncidentId) -> Self {
        Self { incident, solution: String::new(), learned: String::new(), version: 0 }
    }
}

words! {
    /// What an official statement was.
    UpdateKind {
        /// Any statement.
        Statement = "statement", "Statement";
        /// The brand says sorry.
        Apology = "apology", "Apology";
        /// The brand says that it is mended.
        Fix = "fix", "Fix";
    }
}

/// An official statement by the brand, on the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Update {
    /// Row id.
    pub id: UpdateId,
    /// Its incident.
    pub incident: IncidentId,
    /// When it went out.
    pub at: Millis,
    /// Statement, apology or fix.
    pub kind: UpdateKind,
    /// Its words, or a summary.
    pub text: String,
    /// Where it can be read.
    pub url: Option<String>,
}

words! {
    /// Where the work on a flagged author stands.
    FlagState {
        /// Nobody has looked yet.
        Open = "open", "Open";
        /// Somebody took it.
        Assigned = "assigned", "Assigned";
        /// Looked after, or needs nothing.
        Done = "done", "Done";
    }
}

/// An author whom a person should look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flag {
    /// Row id.
    pub id: FlagId,
    /// The brand concerned.
    pub brand: BrandId,
    /// The author.
    pub author: AuthorId,
    /// Where the work stands.
    pub state: FlagState,
    /// Who took it; empty when nobody.
    pub owner: String,
    /// What people wrote down.
    pub note: String,
    /// Why, in words.
    pub reason: String,
    /// 0..=1: order of the queue, highest first. See `assess::flags`.
    pub priority: f64,
    /// Severity of the worst very negative mention, 0..=1.
    pub worst_severity: f64,
    /// Their worst mention.
    pub worst: MentionId,
    /// Very negative mentions so far.
    pub very_negative: i64,
    /// When the latest very negative mention was written.
    pub latest_at: Millis,
    /// When the flag was first raised.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Raised by one at each change: a change against an older version is refused.
    pub version: i64,
}
