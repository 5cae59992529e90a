//! What a model, or a person, says about a text.

use serde::{Deserialize, Serialize};

/// The three classes, in the order that models give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Unhappy.
    Negative,
    /// Neither, or cannot be told.
    Neutral,
    /// Pleased.
    Positive,
}

impl Label {
    /// All labels, in the order of the classes.
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// 0 negative, 1 neutral, 2 positive.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The label of a class number.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The word in the store, in exports and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not `negative`, `neutral` or `positive`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no label; use negative, neutral or positive")]
pub struct UnknownLabel(pub String);

impl std::str::FromStr for Label {
    type Err = UnknownLabel;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|l| l.as_str() == s).ok_or_else(|| UnknownLabel(s.to_owned()))
    }
}

/// Calibrated probabilities of the three classes: each in 0..=1, summing to 1 within 1e-3.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Probabilities([f32; 3]);

impl Probabilities {
    /// `None` when a value is out of range, not a number, or the sum is off.
    pub fn new(values: [f32; 3]) -> Option<Self> {
        let in_range = values.iter().all(|v| (0.0..=1.0 + 1e-4).contains(v));
        let sum: f32 = values.iter().sum();
        (in_range && (sum - 1.0).abs() < 1e-3).then_some(Self(values))
    }

    /// Softmax of raw scores; `None` when a score is not finite.
    pub fn softmax(logits: [f32; 3]) -> Option<Self> {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exp = logits.map(|l| (l - max).exp());
        let sum: f32 = exp.iter().sum();
        Self::new(exp.map(|e| e / sum))
    }

    /// The probability of one class.
    pub const fn of(self, label: Label) -> f32 {
        self.0[label.index()]
    }

    /// Negative, neutral, positive.
    pub const fn values(self) -> [f32; 3] {
        self.0
    }
}

/// How strongly negative a text is: 0 not at all, 1 as strongly as people write.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Severity(f32);

impl Severity {
    /// Not negative at all.
    pub const ZERO: Self = Self(0.0);

    /// Brings a finite value into 0..=1; `None` for not-a-number and infinity.
    pub fn new(value: f32) -> Option<Self> {
        value.is_finite().then(|| Self(value.clamp(0.0, 1.0)))
    }

    /// 0..=1.
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// One text's score by one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// The class that the model decides for. Not always the largest probability: a model may weigh classes.
    pub label: Label,
    /// Calibrated probabilities.
    pub probabilities: Probabilities,
    /// How strongly negative.
    pub severity: Severity,
    /// The language that the model was chosen by: ISO 639-1, or `und`.
    pub lang: String,
    /// Name and version of the model, such as `ebb-en@2026.11`.
    pub model: String,
}

impl Sentiment {
    /// Below this the winning class is shown as unsure.
    pub const SURE: f32 = 0.55;

    /// The probability of the label it decided for.
    pub fn confidence(&self) -> f32 {
        self.probabilities.of(self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_that_do_not_sum_to_one_are_refused() {
        assert!(Probabilities::new([0.2, 0.3, 0.5]).is_some());
        assert!(Probabilities::new([0.9, 0.9, 0.9]).is_none());
        assert!(Probabilities::new([f32::NAN, 0.5, 0.5]).is_none());
    }

    #[test]
    fn softmax_stays_finite_for_large_scores_and_refuses_infinite_ones() {
        let p = Probabilities::softmax([1000.0, 0.0, -1000.0]).expect("finite");
        assert!((p.of(Label::Negative) - 1.0).abs() < 1e-6);
        assert!(Probabilities::softmax([f32::INFINITY, 0.0, 0.0]).is_none());
    }

    #[test]
    fn labels_parse_as_they_print() {
        for label in Label::ALL {
            assert_eq!(label.as_str().parse::<Label>().expect("a label"), label);
            assert_eq!(Label::from_index(label.index()), Some(label));
        }
    }
}
