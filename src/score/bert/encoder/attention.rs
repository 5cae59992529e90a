//! Attention; DeBERTa's looks at what a token is and at how far away it stands, apart from one another.

use tch::Tensor;
use tch::nn::{self, Init};

use super::config::{Config, Family};
use super::places::Distances;
use super::without_bias;

pub(super) struct Attention {
    heads: i64,
    /// Square root of the size of a head times the number of sums that a score is made of.
    scale: f64,
    content: Content,
    /// What a distance is as a key, for the content of a query to look at ("c2p").
    place_keys: Option<nn::Linear>,
    /// What a distance is as a query, which looks at the content of a key ("p2c").
    place_queries: Option<nn::Linear>,
}

/// How queries, keys and values come out of the states.
enum Content {
    /// The first DeBERTa: one matrix, head by head, and a bias for queries and values only.
    Together { all: nn::Linear, queries: Tensor, values: Tensor },
    /// The others.
    Apart { queries: nn::Linear, keys: nn::Linear, values: nn::Linear },
}

impl Attention {
    pub(super) fn new(path: &nn::Path<'_>, config: &Config, family: Family) -> Self {
        let (hidden, width) = (config.hidden_size, config.attention_width(family));
        let linear = |name: &str| nn::linear(path / name, hidden, width, nn::LinearConfig::default());
        let apart =
            |[queries, keys, values]: [&str; 3]| Content::Apart { queries: linear(queries), keys: linear(keys), values: linear(values) };
        let content = match family {
            Family::Bert | Family::Roberta => apart(["query", "key", "value"]),
            Family::DebertaV2 => apart(["query_proj", "key_proj", "value_proj"]),
            Family::Deberta => Content::Together {
                all: nn::linear(path / "in_proj", hidden, 3 * width, without_bias()),
                queries: path.var("q_bias", &[width], Init::Const(0.0)),
                values: path.var("v_bias", &[width], Init::Const(0.0)),
            },
        };
        let looks = |way: &str| config.relative_attention && config.pos_att_type.has(way);
        let (place_keys, place_queries) = match &content {
            Content::Together { .. } => (
                looks("c2p").then(|| nn::linear(path / "pos_proj", hidden, width, without_bias())),
                looks("p2c").then(|| linear("pos_q_proj")),
            ),
            Content::Apart { queries, keys, .. } if config.share_att_key => {
                (looks("c2p").then(|| shared(keys)), looks("p2c").then(|| shared(queries)))
            }
            Content::Apart { .. } => (looks("c2p").then(|| linear("pos_key_proj")), looks("p2c").then(|| linear("pos_query_proj"))),
        };
        let head = (width / config.num_attention_heads) as f64;
        let scale = (head * config.pos_att_type.sums()).sqrt();
        Self { heads: config.num_attention_heads, scale, content, place_keys, place_queries }
    }

    /// `filled` is true where a key is filling, `[rows, 1, 1, length]`.
    pub(super) fn forward(&self, states: &Tensor, filled: &Tensor, distances: Option<&Distances>) -> Tensor {
        let (queries, keys, values) = self.content(states);
        let queries = queries / self.scale;
        let mut scores = queries.matmul(&keys.transpose(-1, -2));
        if let Some(distances) = distances {
            if let Some(place_keys) = &self.place_keys {
                let to = self.by_head(&distances.rows.apply(place_keys));
                scores += distances.seen_from_queries(&queries.matmul(&to.transpose(-1, -2)));
            }
            if let Some(place_queries) = &self.place_queries {
                let from = self.by_head(&distances.rows.apply(place_queries)) / self.scale;
                scores += distances.seen_from_keys(&keys.matmul(&from.transpose(-1, -2))).transpose(-1, -2);
            }
        }
        let weights = scores.masked_fill(filled, f64::from(f32::MIN)).softmax(-1, None);
        let mixed = weights.matmul(&values).transpose(1, 2).contiguous();
        mixed.flatten(2, 3)
    }

    fn content(&self, states: &Tensor) -> (Tensor, Tensor, Tensor) {
        match &self.content {
            Content::Together { all, queries, values } => {
                // Each head has its query, key and value beside one another.
                let found = self.by_head(&states.apply(all)).chunk(3, -1);
                let bias = |bias: &Tensor| self.by_head(&bias.view([1, 1, -1]));
                (&found[0] + bias(queries), found[1].shallow_clone(), &found[2] + bias(values))
            }
            Content::Apart { queries, keys, values } => {
                let of = |linear: &nn::Linear| self.by_head(&states.apply(linear));
                (of(queries), of(keys), of(values))
            }
        }
    }

    /// `[rows, length, width]` as `[rows, heads, length, width of a head]`.
    fn by_head(&self, states: &Tensor) -> Tensor {
        let (rows, length) = (states.size()[0], states.size()[1]);
        states.view([rows, length, self.heads, -1]).transpose(1, 2)
    }
}

/// The same variables once more.
fn shared(linear: &nn::Linear) -> nn::Linear {
    nn::Linear { ws: linear.ws.shallow_clone(), bs: linear.bs.as_ref().map(Tensor::shallow_clone) }
}
