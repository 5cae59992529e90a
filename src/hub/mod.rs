//! Models from elsewhere: fetched from a Hugging Face hub or taken from a folder, kept in one folder of this machine.
//!
//! | file | is |
//! |---|---|
//! | [`choice`] | which files of a repository make a model |
//! | [`remote`] | the hub's two questions: what is there, and give me that file |
//! | [`fetch`] | one file: resumed when it breaks off, refused when it is not what was announced |
//! | [`shelf`] | the folder of models: add, list, choose, remove |
//!
//! Nothing half-fetched is ever listed: a model gets its name when all of it is there and proved. `score` runs it.
//!
//! The hub's own Rust client was weighed: with its storage protocol it brings some ninety crates and a second TLS
//! library, for three kinds of request.

pub mod choice;
pub mod fetch;
pub mod remote;
pub mod shelf;

use std::path::PathBuf;

use crate::domain::classes::NoClassifier;

pub use choice::Choice;
pub use remote::{Hub, RepoId};
pub use shelf::{Shelf, Shelved};

/// Why a model could not be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The name is none.
    #[error("`{0}` is no model name: write OWNER/NAME or OWNER/NAME@REVISION, as on the hub's page")]
    Name(String),
    /// The hub or its storage does not answer as it should.
    #[error("{host}: {what}")]
    Remote {
        /// Who.
        host: String,
        /// What happened, and how to mend it.
        what: String,
    },
    /// A file is not the one that was announced.
    #[error("{file}: what arrived is not what was announced ({what}); it was thrown away. Try again, or another endpoint")]
    Checksum {
        /// Its name in the repository.
        file: String,
        /// What differs.
        what: String,
    },
    /// The repository holds no model that can run here.
    #[error("{0}")]
    Unusable(String),
    /// What it holds gives no sentiment.
    #[error(transparent)]
    NoClassifier(#[from] NoClassifier),
    /// Nobody here is called so.
    #[error("there is no model `{name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl HubError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
