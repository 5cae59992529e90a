//! How long platforms allow words and names to be kept.

use super::time::{DAY_MS, HOUR_MS};

/// One platform's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The platform's name in keys of posts.
    pub platform: &'static str,
    /// Words, names and links go this long after they were fetched, in milliseconds. Labels and counts stay: they name nobody.
    pub keep_ms: i64,
}

/// The platforms that set a limit. Elsewhere a text is kept until it is deleted at its platform. An hour of each limit is left
/// for the job that enforces it; `docs/sources.md` says where the limits stand.
pub const RETENTION: [Retention; 2] = [
    // Activity of members: 48 hours.
    Retention { platform: "linkedin", keep_ms: 48 * HOUR_MS - HOUR_MS },
    // Data of the interface: 30 days, then deleted or fetched anew.
    Retention { platform: "youtube", keep_ms: 30 * DAY_MS - HOUR_MS },
];
