//! How long platforms allow words and names to be kept, and how closely their deletions must be followed.

use super::time::{DAY_MS, HOUR_MS};

/// One platform's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The platform's name in keys of posts.
    pub platform: &'static str,
    /// Words, names and links go this long after they were fetched, in milliseconds. Labels and counts stay: they name nobody.
    pub keep_ms: i64,
}

/// A platform that asks for deletions to be followed for as long as a text is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// The platform's name in keys of posts.
    pub platform: &'static str,
    /// A kept post is asked about at least this often, in milliseconds: half of what the platform allows, or less, since asking takes
    /// its time.
    pub every_ms: i64,
}

/// Platforms without such a duty are asked about posts of the last month.
pub const DUTIES: [Duty; 2] = [
    // Deleted content goes within 48 hours, whatever its age.
    Duty { platform: "reddit", every_ms: 24 * HOUR_MS },
    // Within 24 hours. A check takes up to ten, and is begun each six.
    Duty { platform: "x", every_ms: 8 * HOUR_MS },
];

/// The platforms that set a limit. Elsewhere a text is kept until it is deleted at its platform. An hour of each limit is left
/// for the job that enforces it; `docs/sources.md` says where the limits stand.
pub const RETENTION: [Retention; 2] = [
    // Activity of members: 48 hours.
    Retention { platform: "linkedin", keep_ms: 48 * HOUR_MS - HOUR_MS },
    // Data of the interface: 30 days, then deleted or fetched anew.
    Retention { platform: "youtube", keep_ms: 30 * DAY_MS - HOUR_MS },
];
