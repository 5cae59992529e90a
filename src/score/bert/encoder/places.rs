//! How far two tokens stand apart, and what the model has learned about that distance.

use tch::nn;
use tch::{Device, Kind, Tensor};

use super::config::{Config, Family};
use super::norm;

/// The table of distances: its middle row stands for a token itself.
pub(super) struct Places {
    table: nn::Embedding,
    norm: Option<nn::LayerNorm>,
    /// Rows on each side of the middle; a longer distance is as the longest.
    span: i64,
    buckets: Option<Buckets>,
}

/// Far distances share a row, the more so the farther.
struct Buckets {
    count: i64,
    most: i64,
}

/// What the tokens of one batch need of the table.
pub(super) struct Distances {
    /// `[1, rows, width]`.
    pub(super) rows: Tensor,
    /// The row for each query (down) and key.
    queries: Tensor,
    /// The same for each key (down) and query.
    keys: Tensor,
}

impl Places {
    pub(super) fn new(encoder: &nn::Path<'_>, config: &Config, family: Family) -> Self {
        let most = if config.max_relative_positions < 1 { config.max_position_embeddings } else { config.max_relative_positions };
        let bucketed = family == Family::DebertaV2 && config.position_buckets > 0;
        let span = if bucketed { config.position_buckets } else { most };
        Self {
            table: nn::embedding(encoder / "rel_embeddings", 2 * span, config.hidden_size, nn::EmbeddingConfig::default()),
            norm: (family == Family::DebertaV2 && config.normalises_places()).then(|| norm(&(encoder / "LayerNorm"), config, family)),
            span,
            buckets: bucketed.then_some(Buckets { count: config.position_buckets, most }),
        }
    }

    /// Those for texts of the length of these states, `[rows, length, width]`.
    pub(super) fn distances(&self, states: &Tensor) -> Distances {
        let at = Tensor::arange(states.size()[1], (Kind::Int64, Device::Cpu));
        let mut distance = at.unsqueeze(1) - at.unsqueeze(0);
        if let Some(buckets) = &self.buckets {
            distance = buckets.of(&distance);
        }
        // Texts are short: most rows are not needed.
        let reach = (distance.max().int64_value(&[]) + 1).min(self.span);
        let queries = (distance + reach).clamp(0, 2 * reach - 1).to_device(states.device());
        let mut rows = self.table.ws.narrow(0, self.span - reach, 2 * reach).unsqueeze(0);
        if let Some(norm) = &self.norm {
            rows = rows.apply(norm);
        }
        Distances { rows, keys: queries.transpose(0, 1).contiguous(), queries }
    }
}

impl Distances {
    /// Of scores of each query with every row, `[.., length, rows]`, those with the rows of its distances to the keys.
    pub(super) fn seen_from_queries(&self, scores: &Tensor) -> Tensor {
        pick(scores, &self.queries)
    }

    /// The same of each key and its distances to the queries.
    pub(super) fn seen_from_keys(&self, scores: &Tensor) -> Tensor {
        pick(scores, &self.keys)
    }
}

fn pick(scores: &Tensor, which: &Tensor) -> Tensor {
    let shape = [&scores.size()[..2], &which.size()[..]].concat();
    scores.gather(-1, &which.expand(shape, true), false)
}

impl Buckets {
    /// Up to half of the buckets stand for one distance each, the others for the logarithm. Step by step as transformers
    /// does it in single precision, because the last bit decides at the borders.
    fn of(&self, distance: &Tensor) -> Tensor {
        let near = self.count / 2;
        let far = distance.abs().clamp_min(near).to_kind(Kind::Float) / near as f64;
        let farthest = Tensor::from((self.most - 1) as f64 / near as f64).to_kind(Kind::Float).log();
        let bucket = (far.log() / farthest * (near - 1) as f64).ceil() + near as f64;
        let bucket = bucket.to_kind(Kind::Int64) * distance.sign();
        distance.where_self(&distance.abs().le(near), &bucket)
    }
}
