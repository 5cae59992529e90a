//! Counts that scatter more than Poisson's: the negative binomial distribution.

/// Above this a size no longer differs from Poisson in any digit that is shown.
pub const LARGEST_SIZE: f64 = 1e6;
const SMALLEST_SIZE: f64 = 1e-3;
const LARGEST_MEAN: f64 = 1e9;

/// A negative binomial distribution: variance = mean + mean²/size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NegativeBinomial {
    mean: f64,
    size: f64,
}

impl NegativeBinomial {
    /// Any two numbers: a mean that is no number counts as 0, and both are brought into a range in which the
    /// functions below are exact to about seven digits.
    pub fn new(mean: f64, size: f64) -> Self {
        let mean = if mean.is_nan() { 0.0 } else { mean.clamp(0.0, LARGEST_MEAN) };
        let size = if size.is_nan() { SMALLEST_SIZE } else { size.clamp(SMALLEST_SIZE, LARGEST_SIZE) };
        Self { mean, size }
    }

    /// The one with this mean and variance; a variance at or below the mean gives Poisson's.
    pub fn with_variance(mean: f64, variance: f64) -> Self {
        let excess = variance - mean;
        let size = if excess > 0.0 { mean * mean / excess } else { LARGEST_SIZE };
        Self::new(mean, size)
    }

    /// The mean.
    pub const fn mean(self) -> f64 {
        self.mean
    }

    /// The probability of at most `k`, as a regularised incomplete beta function.
    pub fn cdf(self, k: i64) -> f64 {
        if k < 0 {
            return 0.0;
        }
        if self.mean <= 0.0 {
            return 1.0;
        }
        let total = self.size + self.mean;
        incomplete_beta(self.size, k as f64 + 1.0, self.size / total, self.mean / total)
    }

    /// The smallest count that is not exceeded with probability `p`.
    pub fn quantile(self, p: f64) -> i64 {
        let p = if p.is_nan() { 0.5 } else { p.clamp(0.0, 1.0 - 1e-9) };
        let reach = self.mean + 4.0 * (self.mean + self.mean * self.mean / self.size).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "below 1e14: the mean is at most 1e9, the size at least 1e-3")]
        let mut high = reach.ceil() as i64 + 1;
        while self.cdf(high) < p && high < i64::MAX / 4 {
            high *= 2;
        }
        // cdf(low) < p <= cdf(high) all the way.
        let mut low = -1;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.cdf(middle) < p { low = middle } else { high = middle }
        }
        high
    }
}

/// The regularised incomplete beta function of a and b at x, for y = 1 - x, both handed in so that neither loses digits.
///
/// Press et al., Numerical Recipes, 3rd edition, section 6.4.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * y.ln()).exp();
    // The continued fraction converges fast on one side of the mean only; the symmetry gives the other.
    let value =
        if x < (a + 1.0) / (a + b + 2.0) { front * continued_fraction(a, b, x) / a } else { 1.0 - front * continued_fraction(b, a, y) / b };
    value.clamp(0.0, 1.0)
}

/// Lentz's method; needs about sqrt(max(a, b)) rounds.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const ROUNDS: u32 = 50_000;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut above = 1.0;
    let mut below = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = below;
    for round in 1..=ROUNDS {
        let n = f64::from(round);
        let even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
        below = 1.0 / away_from_zero(1.0 + even * below);
        above = away_from_zero(1.0 + even / above);
        value *= below * above;
        let odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0));
        below = 1.0 / away_from_zero(1.0 + odd * below);
        above = away_from_zero(1.0 + odd / above);
        value *= below * above;
        if (below * above - 1.0).abs() < 1e-13 {
            break;
        }
    }
    value
}

/// ln Γ(x) for x > 0, by Lanczos with g = 7 and nine terms: about 15 digits.
#[expect(clippy::excessive_precision, reason = "the published coefficients")]
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_93,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_13,
        -176.615_029_162_140_59,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_571_6e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection: the series holds from one half up.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let t = x + 7.5;
    let series = TERMS.iter().skip(1).zip(1_u32..).fold(TERMS[0], |sum, (term, i)| sum + term / (x + f64::from(i)));
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sums the probabilities one by one: slow, and plainly right.
    fn by_summing(mean: f64, size: f64, k: i64) -> f64 {
        let (p, q) = (size / (size + mean), mean / (size + mean));
        let mut term = (size * p.ln()).exp();
        let mut sum = term;
        for i in 1..=k {
            term *= (size + i as f64 - 1.0) / i as f64 * q;
            sum += term;
        }
        sum
    }

    #[test]
    fn the_distribution_is_that_of_brute_force_sums() {
        for mean in [0.01, 0.5, 3.0, 17.0, 120.0] {
            for size in [0.05, 0.7, 4.0, 50.0, 5_000.0] {
                let counts = NegativeBinomial::new(mean, size);
                for k in [0, 1, 2, 5, 20, 100, 400] {
                    let (fast, slow) = (counts.cdf(k), by_summing(mean, size, k));
                    assert!((fast - slow).abs() < 1e-7, "mean {mean} size {size} k {k}: {fast} against {slow}");
                }
            }
        }
    }

    #[test]
    fn a_large_size_is_poisson() {
        // Poisson with mean 6: P(X <= 10) = 0.957379, P(X <= 12) = 0.991173.
        let counts = NegativeBinomial::new(6.0, LARGEST_SIZE);
        assert!((counts.cdf(10) - 0.957_379).abs() < 1e-4);
        assert_eq!(counts.quantile(0.99), 12);
    }

    #[test]
    fn large_counts_are_as_exact_as_small_ones() {
        // Half of a distribution this narrow lies below its mean, within its skewness.
        let counts = NegativeBinomial::new(1e6, 1e4);
        let sd = (1e6_f64 + 1e12 / 1e4).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let k = (1e6 + 2.326_35 * sd) as i64;
        assert!((counts.cdf(k) - 0.99).abs() < 2e-3, "{}", counts.cdf(k));
    }

    proptest! {
        #[test]
        fn a_quantile_is_the_first_count_that_reaches_its_probability(mean in 0.0..300.0_f64, size in 0.01..500.0_f64, p in 0.01..0.999_f64) {
            let counts = NegativeBinomial::new(mean, size);
            let k = counts.quantile(p);
            prop_assert!(counts.cdf(k) >= p);
            prop_assert!(counts.cdf(k - 1) < p);
        }

        #[test]
        fn any_numbers_give_a_finite_quantile(mean in any::<f64>(), size in any::<f64>(), p in any::<f64>()) {
            prop_assert!(NegativeBinomial::new(mean, size).quantile(p) >= 0);
        }
    }
}
