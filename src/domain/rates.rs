//! Checks by people: a random sample of an incident's mentions, and what people say they are.

use serde::{Deserialize, Serialize};

use super::ids::MentionId;
use super::incident::words;
use super::sentiment::Label;

words! {
    /// What a person says of a sampled mention.
    CheckAnswer {
        /// Unhappy.
        Negative = "negative", "Unhappy";
        /// Neither, or cannot be told.
        Neutral = "neutral", "Neutral";
        /// Pleased.
        Positive = "positive", "Pleased";
        /// It does not speak of the brand.
        NotUs = "not_us", "Not about us";
    }
}

/// A sampled mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The mention.
    pub mention: MentionId,
    /// Its place in the order of drawing.
    pub place: i64,
    /// The label that counted when it was drawn.
    pub predicted: Label,
    /// What a person says; `None` while nobody looked.
    pub answer: Option<CheckAnswer>,
}
