//! The door to other servers. The one HTTP client lives elsewhere; whoever wires the program hands it in.

use futures_util::future::BoxFuture;
use url::Url;

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
