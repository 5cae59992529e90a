//! Secrets of sources: named in the settings, read from the environment or a file, never printed.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::SettingsError;

/// Longest secret that is believed to be one, bytes.
const MAX_SECRET: u64 = 16 * 1024;

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
    /// A secret that came in an answer. `None`: empty, too long, or not fit for a header.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = !text.is_empty() && text.len() as u64 <= MAX_SECRET && text.bytes().all(|b| (0x21..0x7f).contains(&b));
        printable.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for a request header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Reads secrets.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    System,
    Fixed(HashMap<String, String>),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Fixed(_) => "Fixed(hidden)",
        })
    }
}

impl Secrets {
    /// The environment and the files of this machine.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// Given values by name, in place of the environment; files are read all the same.
    pub const fn fixed(values: HashMap<String, String>) -> Self {
        Self(Kind::Fixed(values))
    }

    /// Reads a secret; `source` names who needs it in errors.
    pub fn read(&self, source: &str, at: &SecretRef) -> Result<Secret, SettingsError> {
        let text = self.read_lines(source, at)?;
        let wrong = |what: String| SettingsError::Secret { source_name: source.to_owned(), what };
        Secret::of(text.expose()).ok_or_else(|| wrong("it is empty or holds white space or special characters".to_owned()))
    }

    /// A secret of several lines, such as a key file. It is not fit for a header.
    pub(super) fn read_lines(&self, source: &str, at: &SecretRef) -> Result<Secret, SettingsError> {
        let wrong = |what: String| SettingsError::Secret { source_name: source.to_owned(), what };
        let text = match at {
            SecretRef::Env(name) => self.variable(name).ok_or_else(|| wrong(format!("the environment variable `{name}` is not set")))?,
            SecretRef::File(path) => {
                let size = std::fs::metadata(path).map_err(|e| wrong(format!("{}: {e}", path.display())))?.len();
                if size > MAX_SECRET {
                    return Err(wrong(format!("{} is too large for a secret", path.display())));
                }
                std::fs::read_to_string(path).map_err(|e| wrong(format!("{}: {e}", path.display())))?
            }
        };
        Ok(Secret(text))
    }

    fn variable(&self, name: &str) -> Option<String> {
        match &self.0 {
            Kind::System => std::env::var(name).ok(),
            Kind::Fixed(values) => values.get(name).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_the_environment_or_a_file_and_never_printed() {
        let secrets = Secrets::fixed([("TOKEN".to_owned(), " s3cret\n".to_owned())].into());
        let secret = secrets.read("m", &SecretRef::Env("TOKEN".to_owned())).expect("set");
        assert_eq!(secret.expose(), "s3cret");
        assert!(!format!("{secret:?}{secrets:?}").contains("s3cret"));
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("token");
        std::fs::write(&path, "from-file\n").expect("written");
        assert_eq!(secrets.read("m", &SecretRef::File(path)).expect("read").expose(), "from-file");
        let missing = secrets.read("m", &SecretRef::Env("OTHER".to_owned())).expect_err("unset");
        assert_eq!(missing.to_string(), "secret of source `m`: the environment variable `OTHER` is not set");
    }
}
