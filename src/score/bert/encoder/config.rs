//! What `config.json` says of the network. What it leaves out is as transformers has it.

use rust_bert::Activation;
use serde::Deserialize;

/// Which network it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Family {
    Bert,
    /// RoBERTa and XLM-RoBERTa, which differ in their words only.
    Roberta,
    /// The first version.
    Deberta,
    /// The second one, whose network "v3" has too.
    DebertaV2,
}

impl Family {
    /// What the names of its weights begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Roberta => "roberta",
            Self::Deberta | Self::DebertaV2 => "deberta",
        }
    }

    /// RoBERTa's positions begin after the one of the padding, which is its second.
    pub(super) fn first_position(self) -> i64 {
        if self == Self::Roberta { 2 } else { 0 }
    }

    /// What is done to the first token before it is classified, where `config.json` does not say it.
    pub(super) fn pooled(self) -> Option<Activation> {
        matches!(self, Self::Bert | Self::Roberta).then_some(Activation::tanh)
    }

    pub(super) fn usual_eps(self) -> f64 {
        if matches!(self, Self::Bert | Self::Roberta) { 1e-12 } else { 1e-7 }
    }
}

/// The sizes of the network, and which parts it has.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as config.json has them")]
pub(in super::super) struct Config {
    pub(super) vocab_size: i64,
    pub(super) hidden_size: i64,
    pub(super) num_hidden_layers: i64,
    pub(super) num_attention_heads: i64,
    pub(super) intermediate_size: i64,
    pub(super) max_position_embeddings: i64,
    pub(super) hidden_act: Activation,
    type_vocab_size: Option<i64>,
    pub(super) layer_norm_eps: Option<f64>,
    pub(super) embedding_size: Option<i64>,
    attention_head_size: Option<i64>,
    /// Whether positions are part of the embeddings.
    #[serde(default = "yes")]
    pub(super) position_biased_input: bool,
    #[serde(default)]
    pub(super) relative_attention: bool,
    #[serde(default)]
    pub(super) pos_att_type: Ways,
    #[serde(default)]
    pub(super) max_relative_positions: i64,
    #[serde(default)]
    pub(super) position_buckets: i64,
    #[serde(default)]
    pub(super) share_att_key: bool,
    norm_rel_ebd: Option<String>,
    #[serde(default)]
    talking_head: bool,
    #[serde(default)]
    pub(super) conv_kernel_size: i64,
    #[serde(default = "one")]
    pub(super) conv_groups: i64,
    #[serde(default = "tanh")]
    pub(super) conv_act: Activation,
    pub(super) pooler_hidden_size: Option<i64>,
    #[serde(default = "gelu")]
    pub(super) pooler_hidden_act: Activation,
}

/// In which ways attention looks at distances, as a list or as `p2c|c2p`.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Written")]
pub(super) struct Ways(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<String>),
    Line(String),
    Nothing(()),
}

impl From<Written> for Ways {
    fn from(written: Written) -> Self {
        Self(match written {
            Written::List(ways) => ways,
            Written::Line(line) => line.to_lowercase().split('|').map(|way| way.trim().to_owned()).collect(),
            Written::Nothing(()) => Vec::new(),
        })
    }
}

impl Ways {
    pub(super) fn has(&self, way: &str) -> bool {
        self.0.iter().any(|has| has == way)
    }

    /// How many sums a score is made of: of the content alone, and one for each way.
    pub(super) fn sums(&self) -> f64 {
        (1 + self.0.len()) as f64
    }
}

impl Config {
    /// Refuses what this network has not, and sizes that make none.
    pub(super) fn check(&self, family: Family) -> Result<(), String> {
        if let Some(other) = self.pos_att_type.0.iter().find(|way| !["c2p", "p2c"].contains(&way.as_str())) {
            return Err(format!("`pos_att_type` names \"{other}\"; c2p and p2c are known"));
        }
        if family == Family::Deberta && self.talking_head {
            return Err("`talking_head` is not known here".to_owned());
        }
        if self.num_attention_heads < 1 || self.hidden_size < 1 || self.hidden_size % self.num_attention_heads != 0 {
            let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
            return Err(format!("`hidden_size` is {hidden}, which `num_attention_heads` ({heads}) does not divide"));
        }
        if self.position_buckets == 1 {
            return Err("`position_buckets` is 1; half of them stand for near distances".to_owned());
        }
        Ok(())
    }

    /// Of all heads together.
    pub(super) fn attention_width(&self, family: Family) -> i64 {
        let head = self.attention_head_size.filter(|_| family == Family::DebertaV2);
        self.num_attention_heads * head.unwrap_or(self.hidden_size / self.num_attention_heads)
    }

    /// Kinds of sentences that the embeddings tell apart; 0: none.
    pub(super) fn sentence_kinds(&self, family: Family) -> i64 {
        let usual = if matches!(family, Family::Bert | Family::Roberta) { 2 } else { 0 };
        self.type_vocab_size.unwrap_or(usual)
    }

    pub(super) fn normalises_places(&self) -> bool {
        self.norm_rel_ebd.as_deref().is_some_and(|words| words.to_lowercase().split('|').any(|word| word.trim() == "layer_norm"))
    }
}

fn yes() -> bool {
    true
}

fn one() -> i64 {
    1
}

fn tanh() -> Activation {
    Activation::tanh
}

fn gelu() -> Activation {
    Activation::gelu
}
