//! Secrets: named in the configuration, never printed. Who may read them from the machine is `sources::Secrets`.

use std::path::PathBuf;

use serde::Deserialize;

/// Where a secret is kept: `{ env = "NAME" }` or `{ file = "/run/secrets/name" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; white space around the secret is dropped.
    File(PathBuf),
}

/// A secret. Its debug form hides it, and it has no other printed form.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Longest secret that is believed to be one, bytes.
    pub const LONGEST: u64 = 16 * 1024;

    /// Hides a value. `None`: empty, too long, or not fit for a header.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = !text.is_empty() && text.len() as u64 <= Self::LONGEST && text.bytes().all(|b| (0x21..0x7f).contains(&b));
        printable.then(|| Self(text.to_owned()))
    }

    /// Hides a text of several lines, such as a key file. It is not fit for a header.
    pub const fn of_lines(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
