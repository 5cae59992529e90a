//! Lengths of time as people write them: `30s`, `5m`, `72h`, `7d`.

use serde::de::{self, Deserialize, Deserializer};

/// A length of time from the configuration or the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(std::time::Duration);

impl Duration {
    /// Whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(std::time::Duration::from_secs(secs))
    }

    /// Milliseconds, the unit of the store.
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// As the standard library's type.
    pub const fn as_std(self) -> std::time::Duration {
        self.0
    }
}

/// A text that is no length of time.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no duration; write a number and a unit, such as 30s, 5m, 72h or 7d")]
pub struct BadDuration(String);

impl std::str::FromStr for Duration {
    type Err = BadDuration;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let parsed = humantime::parse_duration(s.trim()).map_err(|_| BadDuration(s.to_owned()))?;
        // A century is more than anything here can mean, and keeps sums within range.
        if parsed.as_secs() > 100 * 366 * 86_400 {
            return Err(BadDuration(s.to_owned()));
        }
        Ok(Self(parsed))
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
