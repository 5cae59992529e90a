//! Secrets of sources: named in the settings, read from the environment or a file, never printed.

use std::collections::HashMap;

use super::SettingsError;
pub use crate::domain::secret::{Secret, SecretRef};

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
        self.value(at).map_err(|what| SettingsError::Secret { source_name: source.to_owned(), what })
    }

    /// A secret of several lines, such as a key file. It is not fit for a header.
    pub(super) fn read_lines(&self, source: &str, at: &SecretRef) -> Result<Secret, SettingsError> {
        self.text(at).map(Secret::of_lines).map_err(|what| SettingsError::Secret { source_name: source.to_owned(), what })
    }

    /// One secret; the error says in words why there is none.
    pub fn value(&self, at: &SecretRef) -> Result<Secret, String> {
        Secret::of(&self.text(at)?).ok_or_else(|| "it is empty or holds white space or special characters".to_owned())
    }

    fn text(&self, at: &SecretRef) -> Result<String, String> {
        let text = match at {
            SecretRef::Env(name) => self.variable(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?,
            SecretRef::File(path) => {
                let size = std::fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?.len();
                if size > Secret::LONGEST {
                    return Err(format!("{} is too large for a secret", path.display()));
                }
                std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?
            }
        };
        Ok(text)
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
