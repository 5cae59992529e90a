//! Which files of a repository make a model, and what its classes mean.

use serde::Deserialize;

use super::HubError;
use crate::domain::sentiment::Label;

/// Where exports of a model lie, the one that is small and fast first.
const EXPORTS: &[&str] =
    &["onnx/model_quantized.onnx", "model_quantized.onnx", "onnx/model_int8.onnx", "onnx/model.onnx", "model.onnx", "onnx/model_fp16.onnx"];

/// Tokens that BERT's relatives read at most.
const MOST_TOKENS: usize = 512;

/// The files to take, by their name in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The network.
    pub model: String,
    /// How text becomes numbers.
    pub tokenizer: String,
    /// What kind of network, and the names of its classes.
    pub config: String,
}

impl Choice {
    /// Chooses among the files of a repository; `wanted` names another network file than the first that fits.
    pub fn among(files: &[String], wanted: Option<&str>) -> Result<Self, HubError> {
        let has = |name: &str| files.iter().any(|f| f == name);
        let unusable = |what: String| Err(HubError::Unusable(what));
        for needed in ["config.json", "tokenizer.json"] {
            if !has(needed) {
                return unusable(format!("there is no {needed}: it is no text classifier with a fast tokenizer, and cannot run here"));
            }
        }
        let onnx: Vec<&str> = files.iter().map(String::as_str).filter(|f| f.to_ascii_lowercase().ends_with(".onnx")).collect();
        let model = match wanted {
            Some(name) if has(name) => name,
            Some(name) => return unusable(format!("there is no {name}; there are: {}", onnx.join(", "))),
            None => match EXPORTS.iter().find(|e| has(e)).copied().or_else(|| onnx.first().copied()) {
                Some(found) => found,
                None => {
                    return unusable(
                        "there is no .onnx file, and the embedded engine runs nothing else; \
                         export one with `optimum-cli export onnx` and pull it with --from FOLDER"
                            .to_owned(),
                    );
                }
            },
        };
        if has(&format!("{model}_data")) || has(&format!("{model}.data")) {
            return unusable(format!(
                "{model} keeps its weights in a second file, which the embedded engine does not read; name another with --file"
            ));
        }
        Ok(Self { model: model.to_owned(), tokenizer: "tokenizer.json".to_owned(), config: "config.json".to_owned() })
    }

    /// Each file and the name that it gets here.
    pub fn files(&self) -> [(&str, &'static str); 3] {
        [(&self.config, "config.json"), (&self.tokenizer, "tokenizer.json"), (&self.model, "model.onnx")]
    }
}

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
    pub fn read(config: &[u8], given: Option<&[Label]>) -> Result<Self, HubError> {
        let config: Config = serde_json::from_slice(config).map_err(|e| HubError::Unusable(format!("config.json cannot be read: {e}")))?;
        if !config.architectures.iter().any(|a| a.ends_with("ForSequenceClassification")) {
            let found = if config.architectures.is_empty() { "no architecture".to_owned() } else { config.architectures.join(", ") };
            return Err(HubError::Unusable(format!("config.json names {found}; a model with …ForSequenceClassification is wanted")));
        }
        if config.problem_type.as_deref() == Some("multi_label_classification") {
            return Err(HubError::Unusable("it gives several labels at once (emotions, say), not one sentiment".to_owned()));
        }
        let names = in_order(&config.id2label);
        let (labels, severities) = match given {
            Some(labels) if !names.is_empty() && labels.len() != names.len() => {
                return Err(HubError::Unusable(format!(
                    "{} labels were named, but the model has {} classes: {}",
                    labels.len(),
                    names.len(),
                    names.join(", ")
                )));
            }
            Some(labels) => (labels.to_vec(), labels.iter().map(|l| coarse(*l)).collect()),
            None => meaning(&names).ok_or_else(|| cannot_tell(&names))?,
        };
        // Position tables of the RoBERTa family hold two more places than texts may use.
        let max_tokens = config.max_position_embeddings.unwrap_or(MOST_TOKENS).clamp(16, MOST_TOKENS);
        Ok(Self { labels, severities, max_tokens })
    }
}

fn cannot_tell(names: &[String]) -> HubError {
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    HubError::Unusable(format!(
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

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
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

    #[test]
    fn the_small_export_is_taken_and_what_cannot_run_is_named() {
        let all = files(&["config.json", "tokenizer.json", "onnx/model.onnx", "onnx/model_quantized.onnx", "model.safetensors"]);
        assert_eq!(Choice::among(&all, None).expect("a choice").model, "onnx/model_quantized.onnx");
        assert_eq!(Choice::among(&all, Some("onnx/model.onnx")).expect("a choice").model, "onnx/model.onnx");
        for (names, says) in [
            (files(&["config.json", "tokenizer.json", "model.safetensors"]), "export"),
            (files(&["config.json", "model.onnx"]), "tokenizer.json"),
            (files(&["config.json", "tokenizer.json", "model.onnx", "model.onnx_data"]), "second file"),
        ] {
            let error = Choice::among(&names, None).expect_err("refused").to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(Choice::among(&all, Some("other.onnx")).expect_err("refused").to_string().contains("onnx/model.onnx"));
    }
}
