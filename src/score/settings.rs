//! `settings.json` of a model: its name, its limits, and how raw outputs become calibrated numbers.

use serde::Deserialize;

use super::engine::{EngineError, Reading};
use crate::domain::sentiment::{Label, Probabilities, Severity};

/// Longer inputs than this are refused in settings: attention costs the square of it.
const MOST_TOKENS: usize = 512;

/// More classes than any sentiment model has.
const MOST_CLASSES: usize = 10;

/// The settings file as written by the training script. Unknown keys are allowed: they are notes for people.
#[derive(Debug, Clone, Deserialize)]
struct File {
    name: String,
    version: String,
    languages: Vec<String>,
    labels: Vec<Label>,
    max_tokens: Option<usize>,
    #[serde(default = "unscaled")]
    temperature: f32,
    #[serde(default)]
    bias: [f32; 3],
    #[serde(default = "even")]
    decision: [f32; 3],
    severity: SeverityRule,
}

fn unscaled() -> f32 {
    1.0
}

fn even() -> [f32; 3] {
    [1.0; 3]
}

/// How severity is told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum SeverityRule {
    /// From an output of its own: a straight line before the sigmoid.
    Output { scale: f32, offset: f32 },
    /// From the classes: the mean of these weights (0..=1, one a class) under their probabilities.
    Classes { of_classes: Vec<f32> },
}

/// Checked settings of a model.
#[derive(Debug, Clone)]
pub struct Settings {
    name: String,
    languages: Vec<String>,
    /// The label of each class, in the order of the logits.
    classes: Vec<Label>,
    max_tokens: usize,
    temperature: f32,
    bias: [f32; 3],
    decision: [f32; 3],
    severity: SeverityRule,
}

impl Settings {
    /// Reads and checks a settings file. `origin` names it in the error.
    pub fn parse(json: &[u8], origin: &str) -> Result<Self, EngineError> {
        let file: File = serde_json::from_slice(json).map_err(|e| EngineError::load(origin, format!("settings.json: {e}")))?;
        let refuse = |reason: &str| Err(EngineError::load(origin, format!("settings.json: {reason}")));
        if !(2..=MOST_CLASSES).contains(&file.labels.len()) || !file.labels.contains(&Label::Negative) {
            return refuse("`labels` must name the label of each class, two to ten of them, and one must be negative");
        }
        let max_tokens = file.max_tokens.unwrap_or(MOST_TOKENS);
        if !(3..=MOST_TOKENS).contains(&max_tokens) {
            return refuse("`max_tokens` must be between 3 and 512");
        }
        if !(file.temperature.is_finite() && file.temperature > 0.0) {
            return refuse("`temperature` must be above zero");
        }
        if !file.bias.iter().chain(&file.decision).all(|v| v.is_finite()) || file.decision.iter().any(|d| *d <= 0.0) {
            return refuse("`bias` and `decision` must be finite, `decision` above zero");
        }
        let sound = match &file.severity {
            SeverityRule::Output { scale, offset } => scale.is_finite() && offset.is_finite(),
            SeverityRule::Classes { of_classes } => {
                of_classes.len() == file.labels.len() && of_classes.iter().all(|w| (0.0..=1.0).contains(w))
            }
        };
        if !sound {
            return refuse("`severity` must be finite `scale` and `offset`, or `of_classes` with a number from 0 to 1 for each class");
        }
        Ok(Self {
            name: format!("{}@{}", file.name, file.version),
            languages: file.languages,
            classes: file.labels,
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

    /// How many classes the model tells apart.
    #[cfg(feature = "rust-bert")]
    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The same settings for logits that need no temperature, with another rule for severity.
    pub(super) fn blended(&self, severity: SeverityRule) -> Self {
        Self { temperature: 1.0, bias: [0.0; 3], severity, ..self.clone() }
    }

    /// Whether the model has an output of its own for severity.
    pub fn has_severity_output(&self) -> bool {
        matches!(self.severity, SeverityRule::Output { .. })
    }

    /// Calibrated numbers from raw outputs, one logit a class; `None` when their number is another, or one is not finite.
    ///
    /// Probabilities are softmax(logits / temperature + bias): temperature scaling (Guo et al. 2017) with a bias for
    /// the class shares; classes of the same label add up. The label is the largest probability after weighing the
    /// labels with `decision`.
    pub fn read(&self, logits: &[f32], severity: Option<f32>) -> Option<Reading> {
        if logits.len() != self.classes.len() || !logits.iter().all(|l| l.is_finite()) {
            return None;
        }
        let scaled: Vec<f32> = logits.iter().map(|l| l / self.temperature).collect();
        let top = scaled.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f32> = scaled.iter().map(|l| (l - top).exp()).collect();
        let probabilities = Probabilities::softmax(Label::ALL.map(|label| {
            let of_label = self.classes.iter().zip(&weights).filter(|(c, _)| **c == label).map(|(_, w)| w);
            // A label without a class: the logarithm of zero, probability zero.
            of_label.sum::<f32>().ln() + self.bias[label.index()]
        }))?;
        let weighed = |label: Label| probabilities.of(label) * self.decision[label.index()];
        let label = Label::ALL.into_iter().max_by(|a, b| weighed(*a).total_cmp(&weighed(*b)))?;
        let severity = match &self.severity {
            SeverityRule::Output { scale, offset } => 1.0 / (1.0 + (-(scale * severity? + offset)).exp()),
            SeverityRule::Classes { of_classes } => {
                of_classes.iter().zip(&weights).map(|(s, w)| s * w).sum::<f32>() / weights.iter().sum::<f32>()
            }
        };
        Some(Reading { label, probabilities, severity: Severity::new(severity)? })
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
        let reading = plain.read(&[0.0, 2.0 * 2f32.ln(), 0.0], Some(-0.5)).expect("finite");
        assert_eq!(reading.label, Label::Neutral);
        assert!((reading.probabilities.of(Label::Neutral) - 0.5).abs() < 1e-6, "softmax of 0, ln 2, 0");
        assert!((reading.severity.get() - 0.5).abs() < 1e-6, "sigmoid of 2 * -0.5 + 1");
        let weighed = Settings::parse(sample([3.0, 1.0, 1.0]).as_bytes(), "t").expect("settings");
        assert_eq!(weighed.read(&[0.0, 2.0 * 2f32.ln(), 0.0], Some(-0.5)).expect("finite").label, Label::Negative);
    }

    #[test]
    fn outputs_that_are_not_numbers_give_no_reading() {
        let settings = Settings::parse(sample([1.0, 1.0, 1.0]).as_bytes(), "t").expect("settings");
        assert!(settings.read(&[f32::NAN, 0.0, 0.0], Some(0.0)).is_none());
        assert!(settings.read(&[0.0, 0.0, 0.0], Some(f32::NAN)).is_none());
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_with_the_key() {
        for (key, value) in [
            ("temperature", serde_json::json!(0.0)),
            ("max_tokens", serde_json::json!(100_000)),
            ("labels", serde_json::json!(["neutral", "neutral", "positive"])),
            ("severity", serde_json::json!({ "of_classes": [1.0, 0.0] })),
        ] {
            let mut json: serde_json::Value = serde_json::from_str(&sample([1.0, 1.0, 1.0])).expect("JSON");
            json[key] = value;
            let error = Settings::parse(json.to_string().as_bytes(), "t").expect_err("refused").to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn five_stars_add_up_to_three_labels_and_a_severity() {
        let json = serde_json::json!({
            "name": "stars", "version": "1", "languages": ["*"], "labels": ["negative", "negative", "neutral", "positive", "positive"],
            "severity": {"of_classes": [1.0, 0.5, 0.0, 0.0, 0.0]}
        });
        let settings = Settings::parse(json.to_string().as_bytes(), "t").expect("settings");
        let even = settings.read(&[0.0; 5], None).expect("finite");
        let [negative, neutral, positive] = even.probabilities.values();
        assert!((negative - 0.4).abs() < 1e-6 && (neutral - 0.2).abs() < 1e-6 && (positive - 0.4).abs() < 1e-6);
        assert!((even.severity.get() - 0.3).abs() < 1e-6, "(1 + 0.5) / 5");
        assert_eq!(settings.read(&[9.0, 0.0, 0.0, 0.0, 0.0], None).expect("finite").label, Label::Negative);
        assert!(settings.read(&[0.0; 3], None).is_none(), "another number of classes");
    }

    #[test]
    fn a_label_that_no_class_has_is_never_given() {
        let json = serde_json::json!({
            "name": "two", "version": "1", "languages": ["en"], "labels": ["negative", "positive"], "severity": {"of_classes": [0.5, 0.0]}
        });
        let settings = Settings::parse(json.to_string().as_bytes(), "t").expect("settings");
        let reading = settings.read(&[0.1, 0.0], None).expect("finite");
        assert_eq!(reading.label, Label::Negative);
        assert!(reading.probabilities.of(Label::Neutral) == 0.0);
    }
}
