//! The doors to what `alert` does not know: other servers (the one HTTP client lives elsewhere) and reports. Whoever wires
//! the program hands them in.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use url::Url;

use crate::domain::ids::IncidentId;
use crate::domain::time::Millis;

/// One message to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub url: Url,
    /// Besides the type of the content; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
    /// The server's wish: nothing before this time.
    pub not_before: Option<Millis>,
}

/// Why nothing came back; the text names no more than the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutletError {
    /// It did not leave this machine.
    #[error("{0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("{0}")]
    Unanswered(String),
}

/// Sends messages over HTTP, with time limits of its own.
pub trait Outlet: std::fmt::Debug + Send + Sync {
    /// Sends one message and reads the answer. Redirects are not followed.
    fn post(&self, letter: Letter) -> BoxFuture<'_, Result<Reply, OutletError>>;
}

/// A file that goes with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// Writes reports for summaries.
pub trait Reporter: std::fmt::Debug + Send + Sync {
    /// The report of an incident as it stood at `at`; the error says in words why there is none.
    fn report(&self, incident: IncidentId, at: Millis) -> BoxFuture<'_, Result<Attachment, String>>;
}

/// All doors.
#[derive(Debug, Clone)]
pub struct Doors {
    /// To other servers.
    pub outlet: Arc<dyn Outlet>,
    /// To reports; `None`: summaries carry none.
    pub reporter: Option<Arc<dyn Reporter>>,
}
