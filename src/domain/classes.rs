//! What a published text classifier says of itself in `config.json`: what its classes mean, and how much it reads.

use serde::Deserialize;

use super::sentiment::Label;

/// Tokens that BERT's relatives read at most.
const MOST_TOKENS: usize = 512;

/// Why a model gives no sentiment, in words for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoClassifier(String);

/// What `config.json` says, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
struct Config {
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    id2label: std::collections::BTreeMap<String, String>,
    problem_type: Option<String>,
    max_position_embeddings: Option<usize>,
}

/// What the classes mean, in the order of the logits.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassNames {
    /// The label of each class.
    pub labels: Vec<Label>,
    /// How strongly negative each class is, 0..=1.
    pub severities: Vec<f32>,
    /// Tokens that are read of a text.
    pub max_tokens: usize,
}

impl ClassNames {
    /// Reads `config.json`. `given` are the labels that a person named, where the file does not say them.
    pub fn read(config: &[u8], given: Option<&[Label]>) -> Result<Self, NoClassifier> {
        let config: Config = serde_json::from_slice(config).map_err(|e| NoClassifier(format!("config.json cannot be read: {e}")))?;
        if !config.architectures.iter().any(|a| a.ends_with("ForSequenceClassification")) {
            let found = if config.architectures.is_empty() { "no architecture".to_owned() } else { config.architectures.join(", ") };
            return Err(NoClassifier(format!("config.json names {found}; a model with …ForSequenceClassification is wanted")));
        }
        if config.problem_type.as_deref() == Some("multi_label_classification") {
            return Err(NoClassifier("it gives several labels at once (emotions, say), not one sentiment".to_owned()));
        }
        let names = in_order(&config.id2label);
        let (labels, severities) = match given {
            Some(labels) if !names.is_empty() && labels.len() != names.len() => {
                return Err(NoClassifier(format!(
                    "{} labels were named, but the model has {} classes: {}",
                    labels.len(),
                    names.len(),
                    names.join(", ")
                )));
            }
            Some(labels) => (labels.to_vec(), labels.iter().map(|l| coarse(*l)).collect()),
            None => meaning(&names).ok_or_else(|| cannot_tell(&names))?,
        };
        let places = config.max_position_embeddings.unwrap_or(MOST_TOKENS).saturating_sub(config.unused_places());
        Ok(Self { labels, severities, max_tokens: places.clamp(16, MOST_TOKENS) })
    }

    /// The `settings.json` that a model without one would have. `languages` are ISO 639-1, or `*` for all.
    pub fn settings(&self, name: &str, version: &str, languages: &[String]) -> serde_json::Value {
        serde_json::json!({
            "name": name, "version": version, "languages": languages, "labels": self.labels,
            "max_tokens": self.max_tokens, "severity": { "of_classes": self.severities },
        })
    }
}

impl Config {
    /// Position tables of the RoBERTa family hold two more places than texts may use.
    fn unused_places(&self) -> usize {
        let roberta = |name: &String| name.contains("Roberta") || name.contains("Camembert");
        if self.architectures.iter().any(roberta) { 2 } else { 0 }
    }
}

fn cannot_tell(names: &[String]) -> NoClassifier {
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    NoClassifier(format!(
        "cannot tell what its classes mean ({names}): say it with --labels, one of negative, neutral, positive for each class, in their order"
    ))
}

fn in_order(id2label: &std::collections::BTreeMap<String, String>) -> Vec<String> {
    let mut found: Vec<(usize, String)> = id2label.iter().filter_map(|(k, v)| Some((k.parse().ok()?, v.clone()))).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// A class that says only which label it is tells the strong from the mild no better than half.
fn coarse(label: Label) -> f32 {
    if label == Label::Negative { 0.5 } else { 0.0 }
}

fn meaning(names: &[String]) -> Option<(Vec<Label>, Vec<f32>)> {
    let names: Vec<String> = names.iter().map(|n| n.trim().to_lowercase().replace(['_', '-'], " ")).collect();
    let plain: Vec<&str> = names.iter().map(String::as_str).collect();
    let meant: Option<Vec<(Label, f32)>> = match plain.as_slice() {
        // The order of SemEval and TweetEval, which models without names of classes come from.
        ["label 0", "label 1", "label 2"] => Some(vec![(Label::Negative, 0.5), (Label::Neutral, 0.0), (Label::Positive, 0.0)]),
        _ => plain.iter().map(|name| of_name(name)).collect(),
    };
    let meant = meant.filter(|m| m.len() >= 2 && m.iter().any(|(label, _)| *label == Label::Negative))?;
    // With a class of its own for the worst, a mild one is mild.
    Some(meant.into_iter().unzip())
}

fn of_name(name: &str) -> Option<(Label, f32)> {
    Some(match name {
        "very negative" | "1 star" | "1 stars" => (Label::Negative, 0.9),
        "2 stars" | "2 star" => (Label::Negative, 0.45),
        "negative" | "neg" => (Label::Negative, 0.5),
        "neutral" | "neu" => (Label::Neutral, 0.0),
        "3 stars" | "3 star" => (Label::Neutral, 0.1),
        "positive" | "pos" | "very positive" | "4 stars" | "5 stars" => (Label::Positive, 0.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Label::{Negative, Neutral, Positive};

    fn config(names: &[&str]) -> Vec<u8> {
        let id2label: serde_json::Map<_, _> = names.iter().enumerate().map(|(i, n)| (i.to_string(), (*n).into())).collect();
        serde_json::json!({"architectures": ["XLMRobertaForSequenceClassification"], "id2label": id2label, "max_position_embeddings": 514})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn classes_are_known_by_their_usual_names() {
        for (names, wanted) in [
            (vec!["LABEL_0", "LABEL_1", "LABEL_2"], vec![Negative, Neutral, Positive]),
            (vec!["NEG", "NEU", "POS"], vec![Negative, Neutral, Positive]),
            (vec!["positive", "neutral", "negative"], vec![Positive, Neutral, Negative]),
            (vec!["NEGATIVE", "POSITIVE"], vec![Negative, Positive]),
            (vec!["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], vec![Negative, Negative, Neutral, Positive, Positive]),
            (
                vec!["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"],
                vec![Negative, Negative, Neutral, Positive, Positive],
            ),
        ] {
            let found = ClassNames::read(&config(&names), None).expect("known");
            assert_eq!(found.labels, wanted, "{names:?}");
            assert_eq!(found.max_tokens, 512);
        }
    }

    #[test]
    fn a_text_never_has_more_tokens_than_the_model_has_places() {
        let tokens = |architecture: &str, places: usize| {
            let config = serde_json::json!({"architectures": [architecture], "id2label": {"0": "NEG", "1": "POS"}, "max_position_embeddings": places});
            ClassNames::read(config.to_string().as_bytes(), None).expect("known").max_tokens
        };
        assert_eq!(tokens("RobertaForSequenceClassification", 130), 128);
        assert_eq!(tokens("DebertaForSequenceClassification", 130), 130);
        assert_eq!(tokens("BertForSequenceClassification", 100_000), 512);
    }

    #[test]
    fn classes_that_cannot_be_told_are_asked_for() {
        for names in [vec!["LABEL_0", "LABEL_1"], vec!["joy", "anger"], vec!["neutral", "positive"], vec![]] {
            let error = ClassNames::read(&config(&names), None).expect_err("unknown").to_string();
            assert!(error.contains("--labels"), "{error}");
        }
        let given = ClassNames::read(&config(&["LABEL_0", "LABEL_1"]), Some(&[Positive, Negative])).expect("said");
        assert_eq!((given.labels, given.severities), (vec![Positive, Negative], vec![0.0, 0.5]));
        let error = ClassNames::read(&config(&["a", "b", "c"]), Some(&[Positive, Negative])).expect_err("another number").to_string();
        assert!(error.contains("3 classes"), "{error}");
    }

    #[test]
    fn what_is_no_sentiment_classifier_is_refused_in_words() {
        let masked = br#"{"architectures":["BertForMaskedLM"]}"#;
        assert!(ClassNames::read(masked, None).expect_err("refused").to_string().contains("BertForMaskedLM"));
        let emotions = br#"{"architectures":["BertForSequenceClassification"],"problem_type":"multi_label_classification"}"#;
        assert!(ClassNames::read(emotions, None).expect_err("refused").to_string().contains("several labels"));
        assert!(ClassNames::read(b"<html>", None).is_err());
    }
}
