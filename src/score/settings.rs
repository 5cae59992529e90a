//! `settings.json` of a model: its name, its limits, and how raw outputs become calibrated numbers.

use serde::Deserialize;

use super::engine::{EngineError, Reading};
use crate::domain::sentiment::{Label, Probabilities, Severity};

/// Longer inputs than this are refused in settings: attention costs the square of it.
const MOST_TOKENS: usize = 512;

/// The settings file as written by the training script. Unknown keys are allowed: they are notes for people.
#[derive(Debug, Clone, Deserialize)]
struct File {
    name: String,
    version: String,
    languages: Vec<String>,
    labels: Vec<Label>,
    max_tokens: Option<usize>,
    temperature: f32,
    bias: [f32; 3],
    decision: [f32; 3],
    severity: Line,
}

/// A straight line before the sigmoid.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Line {
    scale: f32,
    offset: f32,
}

/// Checked settings of a model.
#[derive(Debug, Clone)]
pub struct Settings {
    name: String,
    languages: Vec<String>,
    max_tokens: usize,
    temperature: f32,
    bias: [f32; 3],
    decision: [f32; 3],
    severity: Line,
}

impl Settings {
    /// Reads and checks a settings file. `origin` names it in the error.
    pub fn parse(json: &[u8], origin: &str) -> Result<Self, EngineError> {
        let file: File = serde_json::from_slice(json).map_err(|e| EngineError::load(origin, format!("settings.json: {e}")))?;
        let refuse = |reason: &str| Err(EngineError::load(origin, format!("settings.json: {reason}")));
        if file.labels != Label::ALL {
            return refuse("`labels` must be negative, neutral, positive in this order");
        }
        let max_tokens = file.max_tokens.unwrap_or(MOST_TOKENS);
        if !(3..=MOST_TOKENS).contains(&max_tokens) {
            return refuse("`max_tokens` must be between 3 and 512");
        }
        if !(file.temperature.is_finite() && file.temperature > 0.0) {
            return refuse("`temperature` must be above zero");
        }
        let numbers = file.bias.iter().chain(&file.decision).chain([&file.severity.scale, &file.severity.offset]);
        if !numbers.into_iter().all(|v| v.is_finite()) || file.decision.iter().any(|d| *d <= 0.0) {
            return refuse("`bias`, `decision` and `severity` must be finite, `decision` above zero");
        }
        Ok(Self {
            name: format!("{}@{}", file.name, file.version),
            languages: file.languages,
            max_tokens,
            temperature: file.temperature,
            bias: file.bias,
            decision: file.decision,
            severity: file.severity,
        })
    }

    /// Name and version joined by `@`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Languages, ISO 639-1.
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Tokens read of a text; the rest is cut.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The same settings with another bias.
    pub(super) fn with_bias(&self, bias: [f32; 3]) -> Self {
        Self { bias, ..self.clone() }
    }

    /// Calibrated numbers from raw outputs; `None` when an output is not finite.
    ///
    /// Probabilities are softmax(logits / temperature + bias): temperature scaling (Guo et al. 2017) with a bias for
    /// the class shares. The label is the largest probability after weighing the classes with `decision`.
    pub fn read(&self, logits: [f32; 3], severity: f32) -> Option<Reading> {
        let mut scaled = logits;
        for (value, bias) in scaled.iter_mut().zip(self.bias) {
            *value = *value / self.temperature + bias;
        }
        let probabilities = Probabilities::softmax(scaled)?;
        let weighed = |label: Label| probabilities.of(label) * self.decision[label.index()];
        let label = Label::ALL.into_iter().max_by(|a, b| weighed(*a).total_cmp(&weighed(*b)))?;
        let severity = Severity::new(1.0 / (1.0 + (-(self.severity.scale * severity + self.severity.offset)).exp()))?;
        Some(Reading { label, probabilities, severity })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(decision: [f32; 3]) -> String {
        serde_json::json!({
            "name": "tiny", "version": "1", "languages": ["en"], "labels": ["negative", "neutral", "positive"], "max_tokens": 16,
            "temperature": 2.0, "bias": [0.0, 0.0, 0.0], "decision": decision, "severity": {"scale": 2.0, "offset": 1.0}
        })
        .to_string()
    }

    #[test]
    fn raw_outputs_become_probabilities_severity_and_a_weighed_label() {
        let plain = Settings::parse(sample([1.0, 1.0, 1.0]).as_bytes(), "t").expect("settings");
        let reading = plain.read([0.0, 2.0 * 2f32.ln(), 0.0], -0.5).expect("finite");
        assert_eq!(reading.label, Label::Neutral);
        assert!((reading.probabilities.of(Label::Neutral) - 0.5).abs() < 1e-6, "softmax of 0, ln 2, 0");
        assert!((reading.severity.get() - 0.5).abs() < 1e-6, "sigmoid of 2 * -0.5 + 1");
        let weighed = Settings::parse(sample([3.0, 1.0, 1.0]).as_bytes(), "t").expect("settings");
        assert_eq!(weighed.read([0.0, 2.0 * 2f32.ln(), 0.0], -0.5).expect("finite").label, Label::Negative);
    }

    #[test]
    fn outputs_that_are_not_numbers_give_no_reading() {
        let settings = Settings::parse(sample([1.0, 1.0, 1.0]).as_bytes(), "t").expect("settings");
        assert!(settings.read([f32::NAN, 0.0, 0.0], 0.0).is_none());
        assert!(settings.read([0.0, 0.0, 0.0], f32::NAN).is_none());
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_with_the_key() {
        for (from, to, named) in [
            ("\"temperature\":2.0", "\"temperature\":0.0", "temperature"),
            ("\"max_tokens\":16", "\"max_tokens\":100000", "max_tokens"),
            ("[\"negative\",\"neutral\",\"positive\"]", "[\"positive\",\"neutral\",\"negative\"]", "labels"),
        ] {
            let json = sample([1.0, 1.0, 1.0]).replace(from, to);
            let error = Settings::parse(json.as_bytes(), "t").expect_err("refused").to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
