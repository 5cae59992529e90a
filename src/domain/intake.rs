//! Deliveries: posts that somebody sends, instead of being asked for them.

use serde::Serialize;

/// How a delivery says that it comes from who knows the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// `X-Ebb-Timestamp` and `X-Ebb-Signature: sha256=<hex>`, over `timestamp.body`.
    Ebb {
        /// Unix seconds, as sent.
        timestamp: String,
        /// As sent.
        signature: String,
    },
    /// The headers of Standard Webhooks, over `id.timestamp.body`.
    Standard {
        /// `webhook-id`
        id: String,
        /// `webhook-timestamp`, Unix seconds.
        timestamp: String,
        /// `webhook-signature`: `v1,<base64>`, several parted by spaces.
        signatures: String,
    },
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Receipt {
    /// New mentions.
    pub accepted: i64,
    /// Known ones with other words or numbers.
    pub updated: i64,
    /// Known as they were, or older than what is known.
    pub duplicates: i64,
    /// Erased.
    pub deleted: i64,
    /// Items that were not taken.
    pub rejected: Vec<RejectedItem>,
}

/// An item that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedItem {
    /// Its place in the delivery, from 0.
    pub index: usize,
    /// What is wrong.
    pub reason: String,
}

/// Why a delivery was refused as a whole. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No header, or one that cannot be read.
    #[error("the delivery is not signed: X-Ebb-Timestamp with X-Ebb-Signature, or the headers of Standard Webhooks are needed")]
    Unsigned,
    /// Signed too long ago, or in the future.
    #[error("the timestamp is more than five minutes off; sign each delivery when it is sent, and check the clock")]
    Stale,
    /// Another secret, or another body.
    #[error("the signature does not fit the body and the secret")]
    WrongSignature,
    /// Not what the contract says.
    #[error("{0}")]
    Malformed(String),
    /// Another delivery takes too long. Sending again is safe.
    #[error("another delivery is being kept; send this one again in a few seconds")]
    Busy,
    /// Ours to mend. Sending again is safe.
    #[error("{0}")]
    Failed(String),
}
