//! Chance, from a seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::domain::time::Millis;

/// One stream of chance. The same seed gives the same stream.
#[derive(Debug)]
pub(super) struct Dice(StdRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// 0 <= x < 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random_range(0.0..1.0)
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// 0 <= n < `end`; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// `from` <= n < `to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        if from < to { self.0.random_range(from..to) } else { from }
    }

    /// A moment in the `ms` after `from`.
    pub(super) fn moment(&mut self, from: Millis, ms: i64) -> Millis {
        from.plus(self.between(0, ms))
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// An index, the early ones more often: a `bias` of 1 is even, 2 leans clearly.
    pub(super) fn early(&mut self, len: usize, bias: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= unit < 1, so the product is inside 0..len")]
        let index = (self.unit().powf(bias) * len as f64) as usize;
        index.min(len.saturating_sub(1))
    }

    /// Standard normal: twelve even numbers, less six.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A factor around 1 (log-normal, mean 1), so that counts vary more than chance alone would let them.
    pub(super) fn swing(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal() - sigma * sigma / 2.0).exp()
    }

    /// A Poisson number (Knuth 1969), in pieces so that large means do not underflow.
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        let mut left = mean.max(0.0);
        let mut count = 0;
        while left > 0.0 {
            let piece = left.min(20.0);
            left -= piece;
            let limit = (-piece).exp();
            let mut product = self.unit();
            while product > limit {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }
}
