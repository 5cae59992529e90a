//! What every sentiment model looks like from outside.

use crate::domain::sentiment::{Label, Probabilities, Severity};

/// A sentiment model. Scoring is synchronous and keeps the processor busy: call it off the async threads
/// (see [`super::pool::Scorer`]).
pub trait Engine: Send + Sync {
    /// Name and version, such as `ebb-en@2026.11`; stored with every score.
    fn name(&self) -> &str;

    /// Languages that the model was trained for, ISO 639-1.
    fn languages(&self) -> &[String];

    /// One reading for each text, in the order of the texts. The reading of a text does not depend on its neighbours.
    ///
    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError>;
}

/// A text that a model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage<'a> {
    /// The text as [`super::prepare::prepare`] leaves it: capped, with links and account names masked.
    pub text: &'a str,
    /// The language that the model was chosen by; a model may read it a little differently for each.
    pub lang: &'a str,
}

/// What a model says about one text. Language and model name are added by [`super::models::Models`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The class that the model decides for.
    pub label: Label,
    /// Calibrated probabilities.
    pub probabilities: Probabilities,
    /// How strongly negative.
    pub severity: Severity,
}

/// Why a model gave no score.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// The model cannot be used at all; trying again does not help.
    #[error("the model `{model}` cannot be loaded: {reason}")]
    Load {
        /// Name or folder of the model.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// These texts could not be scored; others may.
    #[error("the model `{model}` failed: {reason}")]
    Run {
        /// Name of the model.
        model: String,
        /// What it said.
        reason: String,
    },
    /// A defect in the engine; the engine itself goes on.
    #[error("the model `{model}` stopped in the middle of a text")]
    Panicked {
        /// Name of the model.
        model: String,
    },
}

impl EngineError {
    /// Whether it may be the fault of one text, rather than of the model: then others are worth trying alone.
    pub fn concerns_texts(&self) -> bool {
        matches!(self, Self::Run { .. } | Self::Panicked { .. })
    }

    /// A failure of one run.
    pub(crate) fn run(model: &str, reason: impl std::fmt::Display) -> Self {
        Self::Run { model: model.to_owned(), reason: reason.to_string() }
    }

    /// A model that cannot be used.
    pub(crate) fn load(model: &str, reason: impl std::fmt::Display) -> Self {
        Self::Load { model: model.to_owned(), reason: reason.to_string() }
    }
}
