//! An engine for tests: it does what the text says, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use super::engine::{Engine, EngineError, Passage, Reading};
use super::models::{Models, ScoreInput};
use crate::domain::sentiment::{Label, Probabilities, Severity};

/// Negative for `bad`, positive for `good`, else neutral. The text `panic` panics, `fail` fails.
pub(crate) struct Fake {
    pub(crate) name: &'static str,
    pub(crate) languages: Vec<String>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) fn new(name: &'static str, languages: &[&str]) -> Self {
        Self { name, languages: languages.iter().map(ToString::to_string).collect(), asked: Arc::default() }
    }
}

impl Engine for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn languages(&self) -> &[String] {
        &self.languages
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError> {
        self.asked.lock().expect("no panic under the lock").extend(passages.iter().map(|p| p.text.to_owned()));
        passages.iter().map(|p| reading(p.text)).collect()
    }
}

fn reading(text: &str) -> Result<Reading, EngineError> {
    assert!(!text.contains("panic"), "as the text says");
    if text.contains("fail") {
        return Err(EngineError::run("fake", "as the text says"));
    }
    let (label, values, severity) = match text {
        t if t.contains("bad") => (Label::Negative, [0.75, 0.125, 0.125], 0.5),
        t if t.contains("good") => (Label::Positive, [0.125, 0.125, 0.75], 0.0),
        _ => (Label::Neutral, [0.25, 0.5, 0.25], 0.0),
    };
    let probabilities = Probabilities::new(values).expect("they sum to one");
    Ok(Reading { label, probabilities, severity: Severity::new(severity).expect("finite") })
}

/// Models with one fake English engine.
pub(crate) fn fake_models() -> Models {
    Models::new(vec![Arc::new(Fake::new("fake@1", &["en"]))]).expect("an engine")
}

/// Inputs without a claimed language.
pub(crate) fn inputs(texts: &[&str]) -> Vec<ScoreInput> {
    texts.iter().map(|text| ScoreInput { text: (*text).to_owned(), lang: None }).collect()
}
