//! Why there is no report.

use crate::domain::time::Millis;
use crate::store::StoreError;

/// Why there is no report. The words are for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data time lies before the incident.
    #[error("at that time the incident had not begun: it started at {started_at}")]
    NotBegun {
        /// When it began.
        started_at: Millis,
    },
    /// A sealed report of another version of Ebb, or one whose seal does not fit.
    #[error("the sealed report of that time cannot be used: {0}")]
    Seal(&'static str),
    /// Two reports are being typeset already. Asking again in a few seconds helps.
    #[error("other reports are being written right now; ask again in a moment")]
    Busy,
    /// It took longer than is allowed.
    #[error("the report took longer than {seconds} s to write and was given up")]
    TooSlow {
        /// The limit, seconds.
        seconds: u64,
    },
    /// The typesetter or the table writer refused; never because of what people wrote, as far as we know.
    #[error("the report could not be written: {0}")]
    Unwritable(String),
}
