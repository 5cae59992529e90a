//! The architectures: which one `config.json` names, and how it is asked.

use rust_bert::RustBertError;
use rust_bert::distilbert::{DistilBertConfig, DistilBertModelClassifier};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tch::{Tensor, nn};

use super::encoder::{Classifier, Family};

/// A classifier of one of the known architectures.
pub(super) enum Network {
    DistilBert(Box<DistilBertModelClassifier>),
    /// Of the families that rust-bert computes otherwise, or slower.
    Own(Box<Classifier>),
}

impl Network {
    /// Makes the variables of the network that `config.json` describes, with so many classes; weights come later.
    pub(super) fn new(root: &nn::Path<'_>, config: &[u8], classes: usize) -> Result<Self, String> {
        let mut config: Map<String, Value> = serde_json::from_slice(config).map_err(|e| e.to_string())?;
        let kind = config.get("model_type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if config.get("position_embedding_type").is_some_and(|t| !t.is_null() && t != "absolute") {
            return Err("`position_embedding_type`: only absolute positions are known".to_owned());
        }
        // How many classes there are is what `settings.json` says; a file need not name them.
        let names: Map<String, Value> = (0..classes).map(|n| (n.to_string(), json!(format!("LABEL_{n}")))).collect();
        config.insert("id2label".to_owned(), names.into());
        config.remove("label2id");
        // Wanted by rust-bert, without a meaning here, and no longer written by transformers.
        config.entry("tie_weights_").or_insert(true.into());
        for key in ["hidden_act", "activation", "conv_act", "pooler_hidden_act"] {
            // The same function under the name that later versions give it.
            if config.get(key).is_some_and(|name| name == "gelu_pytorch_tanh") {
                config.insert(key.to_owned(), "gelu_new".into());
            }
        }
        let made = match kind.as_str() {
            "distilbert" => {
                DistilBertModelClassifier::new(root, &read::<DistilBertConfig>(config)?).map(|made| Self::DistilBert(Box::new(made)))
            }
            "bert" => return own(root, config, Family::Bert, classes),
            "roberta" | "xlm-roberta" => return own(root, config, Family::Roberta, classes),
            "deberta" => return own(root, config, Family::Deberta, classes),
            "deberta-v2" => return own(root, config, Family::DebertaV2, classes),
            other => {
                return Err(format!(
                    "`model_type` is \"{other}\"; bert, distilbert, roberta, xlm-roberta, deberta and deberta-v2 are known"
                ));
            }
        };
        made.map_err(|e| e.to_string())
    }

    /// One row of logits for each row of `ids`; `mask` is 1 where a row has a token and 0 where it is filled up.
    pub(super) fn logits(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor, RustBertError> {
        Ok(match self {
            Self::DistilBert(model) => model.forward_t(Some(ids), Some(mask), None, false)?.logits,
            Self::Own(model) => model.logits(ids, mask),
        })
    }
}

fn own(root: &nn::Path<'_>, config: Map<String, Value>, family: Family, classes: usize) -> Result<Network, String> {
    let classes = i64::try_from(classes).map_err(|e| e.to_string())?;
    Classifier::new(root, &read(config)?, family, classes).map(|made| Network::Own(Box::new(made)))
}

fn read<T: DeserializeOwned>(config: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(config)).map_err(|e| e.to_string())
}
