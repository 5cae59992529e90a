//! Networks that rust-bert 0.23 computes otherwise than those who made the weights (docs/models.md says where): BERT and RoBERTa,
//! whose normalisation it gives a constant of its own, and DeBERTa, the first version and the second, whose network the third
//! has too.
//!
//! Method: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805; Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", arXiv:1907.11692; He, Liu, Gao, Chen,
//! "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", arXiv:2006.03654; buckets of distances, shared projections
//! and the convolution are of its second version's code. All as transformers 4.57 has them.

mod attention;
mod config;
mod places;

use rust_bert::Activation;
use tch::nn::{self, Module as _};
use tch::{Kind, Tensor};

use self::attention::Attention;
use self::config::Config;
pub(super) use self::config::Family;
use self::places::{Distances, Places};

/// A sequence classifier.
pub(super) struct Classifier {
    embeddings: Embeddings,
    /// What stands for the distance of two tokens; without it only the positions of the embeddings count.
    places: Option<Places>,
    layers: Vec<Layer>,
    convolution: Option<Convolution>,
    /// What is made of the first token before it is told what class it is of.
    pooler: nn::Linear,
    pooled: Activation,
    classes: nn::Linear,
}

impl Classifier {
    /// Makes the variables, under the names that they have in checkpoints; weights come later.
    pub(super) fn new(root: &nn::Path<'_>, config: &Config, family: Family, classes: i64) -> Result<Self, String> {
        config.check(family)?;
        let path = root / family.prefix();
        let encoder = &path / "encoder";
        let layers = &encoder / "layer";
        let head = root / "classifier";
        let (pooler, last) = match family {
            Family::Bert => (&path / "pooler" / "dense", head),
            Family::Roberta => (&head / "dense", &head / "out_proj"),
            Family::Deberta | Family::DebertaV2 => (root / "pooler" / "dense", head),
        };
        let width = config.pooler_hidden_size.unwrap_or(config.hidden_size);
        Ok(Self {
            embeddings: Embeddings::new(&(&path / "embeddings"), config, family),
            places: config.relative_attention.then(|| Places::new(&encoder, config, family)),
            layers: (0..config.num_hidden_layers).map(|n| Layer::new(&(&layers / n), config, family)).collect(),
            convolution: (family == Family::DebertaV2 && config.conv_kernel_size > 0)
                .then(|| Convolution::new(&(&encoder / "conv"), config, family)),
            pooler: nn::linear(pooler, width, width, nn::LinearConfig::default()),
            pooled: family.pooled().unwrap_or(config.pooler_hidden_act),
            classes: nn::linear(last, config.hidden_size, classes, nn::LinearConfig::default()),
        })
    }

    /// One row of logits for each row of `ids`; `mask` is 1 where a row has a token and 0 where it is filled up.
    pub(super) fn logits(&self, ids: &Tensor, mask: &Tensor) -> Tensor {
        let embedded = self.embeddings.forward(ids, mask);
        let distances = self.places.as_ref().map(|places| places.distances(&embedded));
        let filled = mask.eq(0).unsqueeze(1).unsqueeze(1);
        let mut states = embedded.shallow_clone();
        for (n, layer) in self.layers.iter().enumerate() {
            states = layer.forward(&states, &filled, distances.as_ref());
            if n == 0
                && let Some(convolution) = &self.convolution
            {
                states = convolution.forward(&embedded, &states, mask);
            }
        }
        let first = states.select(1, 0);
        activate(self.pooled, &first.apply(&self.pooler)).apply(&self.classes)
    }
}

struct Embeddings {
    words: nn::Embedding,
    positions: Option<nn::Embedding>,
    /// The row of the first position.
    first: i64,
    types: Option<nn::Embedding>,
    widened: Option<nn::Linear>,
    norm: nn::LayerNorm,
}

impl Embeddings {
    fn new(path: &nn::Path<'_>, config: &Config, family: Family) -> Self {
        let width = config.embedding_size.unwrap_or(config.hidden_size);
        let kinds = config.sentence_kinds(family);
        let table = |name: &str, rows: i64| nn::embedding(path / name, rows, width, nn::EmbeddingConfig::default());
        Self {
            words: table("word_embeddings", config.vocab_size),
            positions: config.position_biased_input.then(|| table("position_embeddings", config.max_position_embeddings)),
            first: family.first_position(),
            types: (kinds > 0).then(|| table("token_type_embeddings", kinds)),
            widened: (width != config.hidden_size).then(|| nn::linear(path / "embed_proj", width, config.hidden_size, without_bias())),
            norm: norm(&(path / "LayerNorm"), config, family),
        }
    }

    /// Filling is zero: the convolution looks at neighbours.
    fn forward(&self, ids: &Tensor, mask: &Tensor) -> Tensor {
        let mut embedded = ids.apply(&self.words);
        if let Some(positions) = &self.positions {
            let length = ids.size().last().copied().unwrap_or(0);
            embedded += positions.ws.narrow(0, self.first, length);
        }
        if let Some(types) = &self.types {
            // There is one sentence only.
            embedded += types.ws.select(0, 0);
        }
        if let Some(widened) = &self.widened {
            embedded = embedded.apply(widened);
        }
        embedded.apply(&self.norm) * mask.unsqueeze(-1).to_kind(Kind::Float)
    }
}

struct Layer {
    attention: Attention,
    attended: nn::Linear,
    attended_norm: nn::LayerNorm,
    inner: nn::Linear,
    activation: Activation,
    outer: nn::Linear,
    norm: nn::LayerNorm,
}

impl Layer {
    fn new(path: &nn::Path<'_>, config: &Config, family: Family) -> Self {
        let attention = path / "attention";
        let linear = |path: nn::Path<'_>, from: i64, to: i64| nn::linear(path / "dense", from, to, nn::LinearConfig::default());
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        Self {
            attention: Attention::new(&(&attention / "self"), config, family),
            attended: linear(&attention / "output", hidden, hidden),
            attended_norm: norm(&(&attention / "output" / "LayerNorm"), config, family),
            inner: linear(path / "intermediate", hidden, inner),
            activation: config.hidden_act,
            outer: linear(path / "output", inner, hidden),
            norm: norm(&(path / "output" / "LayerNorm"), config, family),
        }
    }

    fn forward(&self, states: &Tensor, filled: &Tensor, distances: Option<&Distances>) -> Tensor {
        let attended = self.attention.forward(states, filled, distances).apply(&self.attended);
        let states = (attended + states).apply(&self.attended_norm);
        let inner = activate(self.activation, &states.apply(&self.inner));
        (inner.apply(&self.outer) + states).apply(&self.norm)
    }
}

/// Looks at the neighbours of each token, beside the first layer (the largest models of the second version).
struct Convolution {
    over: nn::Conv1D,
    activation: Activation,
    norm: nn::LayerNorm,
}

impl Convolution {
    fn new(path: &nn::Path<'_>, config: &Config, family: Family) -> Self {
        let shape = nn::ConvConfig { padding: (config.conv_kernel_size - 1) / 2, groups: config.conv_groups, ..nn::ConvConfig::default() };
        Self {
            over: nn::conv1d(path / "conv", config.hidden_size, config.hidden_size, config.conv_kernel_size, shape),
            activation: config.conv_act,
            norm: norm(&(path / "LayerNorm"), config, family),
        }
    }

    fn forward(&self, embedded: &Tensor, states: &Tensor, mask: &Tensor) -> Tensor {
        let mask = mask.unsqueeze(-1).to_kind(Kind::Float);
        let near = self.over.forward(&embedded.transpose(1, 2)).transpose(1, 2) * &mask;
        (states + activate(self.activation, &near)).apply(&self.norm) * mask
    }
}

fn norm(path: &nn::Path<'_>, config: &Config, family: Family) -> nn::LayerNorm {
    let eps = config.layer_norm_eps.unwrap_or_else(|| family.usual_eps());
    nn::layer_norm(path, vec![config.hidden_size], nn::LayerNormConfig { eps, ..nn::LayerNormConfig::default() })
}

fn without_bias() -> nn::LinearConfig {
    nn::LinearConfig { bias: false, ..nn::LinearConfig::default() }
}

fn activate(activation: Activation, states: &Tensor) -> Tensor {
    match activation {
        // One pass over the numbers, where rust-bert's takes five.
        Activation::gelu => states.gelu("none"),
        other => (other.get_function().get_fn())(states),
    }
}
