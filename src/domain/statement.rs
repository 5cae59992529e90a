//! What the brand says itself, as a source delivers it: an update of the timeline, never a mention.

use serde::{Deserialize, Serialize};

use super::incident::UpdateKind;
use super::post::{Post, PostKey};
use super::time::Millis;

/// An official statement with its identity at the platform. Delivered again with other words, it was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its identity.
    pub key: PostKey,
    /// When it went out.
    pub at: Millis,
    /// Statement, apology or fix.
    pub kind: UpdateKind,
    /// Plain text.
    pub text: String,
    /// Its page; `http` or `https` only.
    pub url: Option<String>,
}

impl From<Post> for Statement {
    /// A post of the brand's own account. Whether it says sorry is for a person to tell.
    fn from(post: Post) -> Self {
        Self { key: post.key, at: post.created_at, kind: UpdateKind::Statement, text: post.text, url: post.url }
    }
}
