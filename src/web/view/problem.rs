//! Pages for what went wrong, and for a change that met another.

use askama::Template;

use crate::web::layout::{Layout, Live};
use crate::web::link::Link;

/// An error page.
#[derive(Debug, Template)]
#[template(path = "problem.html", config = "src/web/askama.toml")]
pub struct ProblemPage {
    layout: Layout,
    status: String,
    headline: &'static str,
    text: String,
    request: String,
}

impl ProblemPage {
    /// `request` is empty where nothing was logged.
    pub fn new(status: u16, headline: &'static str, text: String, request: String) -> Self {
        let status = format!("Error {status}");
        Self { layout: Layout::bare(headline, Live::Off), status, headline, text, request }
    }
}

/// One value in two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// What it is.
    pub name: &'static str,
    /// As saved now.
    pub theirs: String,
    /// As sent.
    pub yours: String,
    /// The two differ.
    pub differs: bool,
}

impl VersionRow {
    /// Compares two values.
    pub fn new(name: &'static str, theirs: impl Into<String>, yours: impl Into<String>) -> Self {
        let (theirs, yours) = (theirs.into(), yours.into());
        Self { differs: theirs != yours, name, theirs, yours }
    }
}

/// The page of a lost update: both versions, and a way to decide.
#[derive(Debug, Template)]
#[template(path = "conflict.html", config = "src/web/askama.toml")]
pub struct ConflictPage {
    /// The frame.
    pub layout: Layout,
    /// The values.
    pub rows: Vec<VersionRow>,
    /// Where "mine over it" is sent.
    pub action: Link,
    /// With what: the fields that were sent, and the version that stands now.
    pub fields: Vec<(&'static str, String)>,
    /// Where "keep theirs" leads.
    pub back: Link,
}
