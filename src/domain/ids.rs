//! Identifiers. They are made in Rust, never by a database, so that both databases hold the same values.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::time::Millis;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a value that was read back from the store or from an address.
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// The value as the store keeps it.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

id!(
    /// A watched brand.
    BrandId
);
id!(
    /// One stored post or comment.
    MentionId
);
id!(
    /// One account on one platform.
    AuthorId
);
id!(
    /// One configured place to poll.
    SourceId
);
id!(
    /// One incident of a brand.
    IncidentId
);
id!(
    /// An official statement by the brand.
    UpdateId
);
id!(
    /// An author whom a person should look at.
    FlagId
);
id!(
    /// A proposed incident.
    ProposalId
);
id!(
    /// One kept verdict.
    VerdictId
);
id!(
    /// What people are upset about in one incident.
    ThemeId
);
id!(
    /// A decision to hold campaigns, or to lift a hold.
    HoldId
);
id!(
    /// The file of one author in one incident.
    CaseId
);

id!(
    /// One message of the outbox.
    OutboxId
);
id!(
    /// One token of the API.
    TokenId
);
id!(
    /// One sealed report.
    ReportId
);
id!(
    /// One link that shows a report without a login.
    ShareId
);

/// Makes ids that sort by the time they were made: 41 bits of milliseconds since 2024, 22 bits of sequence.
///
/// The sequence starts at a random point, so that two processes that share a database do not meet
/// within the same millisecond except by a chance of about one in four million.
#[derive(Debug)]
pub struct IdMaker {
    sequence: AtomicU64,
}

/// 2024-01-01T00:00:00Z.
const EPOCH_MS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 22;

impl IdMaker {
    /// `seed` is any random number; it only has to differ between processes.
    pub const fn new(seed: u64) -> Self {
        Self { sequence: AtomicU64::new(seed) }
    }

    /// The next id, made at `now`.
    pub fn next(&self, now: Millis) -> i64 {
        let low = self.sequence.fetch_add(1, Ordering::Relaxed) & ((1 << SEQUENCE_BITS) - 1);
        let high = (now.get() - EPOCH_MS).clamp(0, (1 << 41) - 1);
        (high << SEQUENCE_BITS) | i64::try_from(low).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_sort_by_time() {
        let maker = IdMaker::new(4_194_300);
        let early = Millis::new(1_800_000_000_000);
        let ids: Vec<i64> = (0..10).map(|_| maker.next(early)).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        assert!(maker.next(Millis::new(1_800_000_000_001)) > ids.into_iter().max().unwrap_or(0));
    }
}
