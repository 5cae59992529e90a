//! A small filter for posts that name another brand of the same name.
//!
//! People mark mentions as another brand's; that teaches a logistic regression over hashed words, pairs of words and
//! context (where, by whom, in which language). Learning walks the examples in a fixed order from zero weights, so the
//! same marks give the same filter everywhere.
//!
//! It may hide only when it is known to be right: every example is judged once by a filter that did not learn from it
//! (cross-validation in five parts), and the lower end of the 95 % interval of its precision must reach
//! [`LEAST_PRECISION`]. Every tenth mention that it hides is drawn for people to look at; when what they say of those
//! contradicts the measurement, it stops.

use serde::{Deserialize, Serialize};

use super::fold::fold;
use super::words::{Part, parts};

/// Marks of each kind that are needed before anything is hidden.
pub const LEAST_MARKS: usize = 20;
/// Precision that must be reached, by the lower end of its interval, 0..=1.
pub const LEAST_PRECISION: f64 = 0.8;
/// Hidden mentions that people must have looked at before their word stops the filter.
pub const LEAST_AUDITED: i64 = 10;
/// One in so many hidden mentions is drawn for the audit.
const AUDITED_OF: u64 = 10;
/// Parts of a cross-validation.
const FOLDS: usize = 5;
/// Weights; features fall together by chance in one of so many.
const WEIGHTS: usize = 1 << 14;
/// Words of a text that are looked at.
const MAX_WORDS: usize = 300;
/// Probability from which a mention is another brand's.
const HIDE_FROM: f64 = 0.8;
const EPOCHS: u32 = 30;
/// Step of the first round, and how much of each weight is lost in a round.
const STEP: f64 = 2.0;
const DECAY: f64 = 0.02;

/// Whose brand a mention is about, as a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// This one.
    This,
    /// Another of the same name.
    Other,
}

impl About {
    /// The word in store, forms and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Other => "other",
        }
    }

    /// What a word means.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::This, Self::Other].into_iter().find(|about| about.as_str() == word)
    }
}

/// What the filter sees of a mention.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits<'a> {
    /// Plain text.
    pub text: &'a str,
    /// Such as `mastodon`.
    pub platform: &'a str,
    /// Host, or empty.
    pub instance: &'a str,
    /// The platform's id of the author.
    pub author: &'a str,
    /// Language, or empty.
    pub lang: &'a str,
}

/// Hashed features of a mention, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features(Vec<usize>);

impl Features {
    /// Of a mention.
    pub fn of(traits: Traits<'_>) -> Self {
        let words: Vec<String> =
            parts(&fold(traits.text)).into_iter().filter_map(Part::into_word).map(|word| word.text).take(MAX_WORDS).collect();
        let single = words.iter().map(|word| hash(&["word", word]));
        let pairs = words.windows(2).filter_map(|pair| if let [a, b] = pair { Some(hash(&["pair", a, b])) } else { None });
        let place = format!("{} {}", traits.platform, traits.instance);
        let context = [hash(&["place", &place]), hash(&["author", &place, traits.author]), hash(&["lang", traits.lang])];
        let mut features: Vec<usize> = single.chain(pairs).chain(context).collect();
        features.sort_unstable();
        features.dedup();
        Self(features)
    }
}

/// FNV-1a (Fowler, Noll, Vo), stable over versions, folded to an index.
fn hash(texts: &[&str]) -> usize {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    usize::try_from((hash ^ (hash >> 32)) % WEIGHTS as u64).unwrap_or_default()
}

/// A mention that somebody judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What is seen of it.
    pub features: Features,
    /// What it is about.
    pub about: About,
}

/// A filter that has learned.
#[derive(Debug, Clone)]
pub struct Filter {
    weights: Vec<f64>,
    bias: f64,
}

impl Filter {
    /// Learns from examples. Both sides weigh the same, however many there are of each.
    pub fn learn<'a>(examples: impl IntoIterator<Item = &'a Example>) -> Self {
        let examples: Vec<&Example> = examples.into_iter().collect();
        let others = examples.iter().filter(|e| e.about == About::Other).count();
        let weight = |count: usize| examples.len() as f64 / (2.0 * count.max(1) as f64);
        let (other, this) = (weight(others), weight(examples.len() - others));
        let mut filter = Self { weights: vec![0.0; WEIGHTS], bias: 0.0 };
        for epoch in 0..EPOCHS {
            let step = STEP / (1.0 + f64::from(epoch));
            for at in order(examples.len(), epoch) {
                let Some(example) = examples.get(at) else { continue };
                let (wanted, weight) = if example.about == About::Other { (1.0, other) } else { (0.0, this) };
                filter.nudge(&example.features, step * weight.min(10.0) * (wanted - filter.probability(&example.features)));
            }
            filter.weights.iter_mut().for_each(|w| *w *= 1.0 - DECAY);
        }
        filter
    }

    fn nudge(&mut self, features: &Features, by: f64) {
        let each = by / (features.0.len().max(1) as f64).sqrt();
        self.bias += 0.1 * by;
        for at in &features.0 {
            if let Some(weight) = self.weights.get_mut(*at) {
                *weight += each;
            }
        }
    }

    /// How likely a mention is another brand's, 0..=1.
    pub fn probability(&self, features: &Features) -> f64 {
        let sum: f64 = features.0.iter().filter_map(|at| self.weights.get(*at)).sum();
        let score = self.bias + sum / (features.0.len().max(1) as f64).sqrt();
        1.0 / (1.0 + (-score).exp())
    }

    /// What a mention is about.
    pub fn judge(&self, features: &Features) -> About {
        if self.probability(features) >= HIDE_FROM { About::Other } else { About::This }
    }
}

/// A permutation of `0..len`, another for each epoch: a walk in the order of the examples would end on the last kind.
fn order(len: usize, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by_key(|at| spread(((*at as u64) << 8) | u64::from(epoch)));
    order
}

/// The finaliser of `SplitMix64`.
const fn spread(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Whether a hidden mention is drawn for people to look at: by its id alone, so that nothing about it decides.
pub const fn is_audited(mention: i64) -> bool {
    spread(mention.cast_unsigned()).is_multiple_of(AUDITED_OF)
}

/// Of so many that were hidden, so many rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Precision {
    /// Hidden.
    pub hidden: i64,
    /// Of those, about another brand.
    pub right: i64,
}

impl Precision {
    /// The share, 0..=1; `None` when nothing was hidden.
    pub fn share(self) -> Option<f64> {
        (self.hidden > 0).then(|| self.right as f64 / self.hidden as f64)
    }

    /// The 95 % interval of the share (E. B. Wilson 1927).
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_963_985;
        let n = self.hidden as f64;
        let Some(p) = self.share() else { return (0.0, 1.0) };
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let whole = 1.0 + Z * Z / n;
        (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
    }
}

/// What was measured of a filter, and how many marks it learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Examples of other brands: people marked each of them.
    pub others: i64,
    /// Examples of this brand: people marked them, or corrected their label and said nothing of another brand.
    pub these: i64,
    /// Each example judged by a filter that did not learn from it.
    pub held_out: Precision,
    /// Of `others`, how many were found.
    pub found: i64,
}

impl Measured {
    /// Judges each example by a filter that learned from the other parts.
    pub fn cross_validated(examples: &[Example]) -> Self {
        let mut counted = [0_usize; 2];
        // Each part gets its share of both kinds.
        let parts: Vec<usize> = examples.iter().map(|e| part(&mut counted[usize::from(e.about == About::Other)])).collect();
        let mut measured = Self::default();
        for held_out in 0..FOLDS {
            let filter = Filter::learn(examples.iter().zip(&parts).filter(|(_, part)| **part != held_out).map(|(e, _)| e));
            for (example, _) in examples.iter().zip(&parts).filter(|(_, part)| **part == held_out) {
                let (hides, other) = (filter.judge(&example.features) == About::Other, example.about == About::Other);
                measured.others += i64::from(other);
                measured.these += i64::from(!other);
                measured.held_out.hidden += i64::from(hides);
                measured.held_out.right += i64::from(hides && other);
                measured.found += i64::from(hides && other);
            }
        }
        measured
    }
}

fn part(counted: &mut usize) -> usize {
    *counted += 1;
    (*counted - 1) % FOLDS
}

/// Whether a filter hides, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acting {
    /// It hides.
    Yes,
    /// Switched off for the brand.
    Off,
    /// Too few marks.
    TooFew,
    /// Not right often enough by its own measurement.
    Unsure,
    /// People found too much among what it hid that is about the brand.
    Contradicted,
}

/// Whether a filter with these measurements may hide.
pub fn acting(measured: &Measured, audit: Precision) -> Acting {
    let least = i64::try_from(LEAST_MARKS).unwrap_or(i64::MAX);
    if measured.others < least || measured.these < least {
        Acting::TooFew
    } else if measured.held_out.interval().0 < LEAST_PRECISION {
        Acting::Unsure
    } else if audit.hidden >= LEAST_AUDITED && audit.share().is_some_and(|share| share < LEAST_PRECISION) {
        Acting::Contradicted
    } else {
        Acting::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [&str; 6] =
        ["is down again", "support lost my backups", "raised its prices", "login fails", "restored my files", "status page lies"];
    const THEIRS: [&str; 6] = ["anvil is heavy", "rocket skates", "cartoon coyote", "forge and hammer", "iron works", "blacksmith course"];

    fn example(n: usize, about: About) -> Example {
        let texts = if about == About::Other { THEIRS } else { OURS };
        let text = format!("the acme {} {} number {n}", texts[n % 6], texts[(n / 6) % 6]);
        let author = format!("a{n}");
        Example { features: Features::of(Traits { text: &text, platform: "mastodon", author: &author, ..Traits::default() }), about }
    }

    fn examples(others: usize, these: usize) -> Vec<Example> {
        (0..others).map(|n| example(n, About::Other)).chain((0..these).map(|n| example(n, About::This))).collect()
    }

    #[test]
    fn it_learns_to_tell_two_brands_apart() {
        let filter = Filter::learn(&examples(30, 60));
        let judge = |text: &str| filter.judge(&Features::of(Traits { text, platform: "mastodon", ..Traits::default() }));
        assert_eq!(judge("the acme anvil is heavy, as are rocket skates"), About::Other);
        assert_eq!(judge("acme login is down and support is silent"), About::This);
        assert_eq!(judge("nothing that was ever seen"), About::This, "in doubt it is shown");
        assert_eq!(judge(""), About::This);
    }

    #[test]
    fn the_same_marks_make_the_same_filter() {
        let (a, b) = (Filter::learn(&examples(20, 40)), Filter::learn(&examples(20, 40)));
        assert!(a.weights.iter().zip(&b.weights).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn a_filter_acts_only_with_enough_marks_and_when_it_is_right() {
        let acts = |examples: &[Example]| acting(&Measured::cross_validated(examples), Precision::default());
        assert_eq!(acts(&examples(19, 60)), Acting::TooFew);
        assert_eq!(acts(&examples(60, 19)), Acting::TooFew);
        assert_eq!(acts(&examples(40, 80)), Acting::Yes);
        // Marks without a pattern: the words say nothing of the mark.
        let noise: Vec<Example> = (0..80)
            .map(|n| Example {
                about: if spread(n as u64).is_multiple_of(2) { About::Other } else { About::This },
                ..example(n, About::This)
            })
            .collect();
        assert_eq!(acts(&noise), Acting::Unsure);
    }

    #[test]
    fn what_people_say_of_the_hidden_ones_stops_it() {
        let measured = Measured { others: 50, these: 100, held_out: Precision { hidden: 50, right: 50 }, found: 50 };
        assert_eq!(acting(&measured, Precision { hidden: 9, right: 0 }), Acting::Yes, "too few were looked at");
        assert_eq!(acting(&measured, Precision { hidden: 10, right: 7 }), Acting::Contradicted);
        assert_eq!(acting(&measured, Precision { hidden: 10, right: 8 }), Acting::Yes);
    }

    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = Precision { hidden: 20, right: 19 }.interval();
        assert!((low - 0.7639).abs() < 1e-3 && (high - 0.9911).abs() < 1e-3, "{low} {high}");
        assert_eq!(Precision::default().interval(), (0.0, 1.0));
        assert_eq!(Precision::default().share(), None);
    }

    #[test]
    fn every_tenth_hidden_mention_is_drawn() {
        let drawn = (0..100_000).filter(|id| is_audited(1_794_830_400_000_000 + id * 7)).count();
        assert!((9_600..10_400).contains(&drawn), "{drawn}");
    }
}
