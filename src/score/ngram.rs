//! A linear model over hashed words, word pairs and character n-grams, for any language.
//!
//! `models/ebb-multi/SPEC.md` states every step; the training script has the same steps in Python, and
//! `reference.json` holds texts whose numbers both must reproduce.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::engine::{EngineError, Reading};
use super::settings::{Settings, SeverityRule};

/// Hash tables of up to 2^24 buckets: 64 MB.
const MOST_BITS: u32 = 24;
/// Scale, and the weights of negative, neutral, positive.
const RECORD: usize = 4;
/// Words after a negation that are marked as negated.
const REACH: u8 = 3;
/// Lengths of character n-grams.
const SIZES: std::ops::RangeInclusive<usize> = 2..=5;

/// What `settings.json` holds beside the calibration.
#[derive(Debug, Deserialize)]
struct Extra {
    bits: u32,
    max_chars: usize,
    step: f32,
    intercept: [f32; 3],
    negations: HashSet<String>,
    gloss: Blend,
}

/// How n-grams and the encoder's view of a gloss make one reading (see [`super::multi`]).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Blend {
    /// Share of the n-gram logits.
    pub ngram: f32,
    /// Share of the encoder's logits.
    pub encoder: f32,
    /// Severity from the encoder's raw output.
    pub severity: SeverityRule,
}

/// The model, ready to score. Loading is reading: there is nothing to unpack.
pub struct Ngram {
    settings: Settings,
    extra: Extra,
    weights: Cow<'static, [u8]>,
}

const WEIGHTS: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-multi/weights.bin"));
const SETTINGS: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-multi/settings.json"));

impl Ngram {
    /// The model inside this program.
    pub fn bundled() -> Result<Self, EngineError> {
        Self::new(Cow::Borrowed(WEIGHTS), SETTINGS, "bundled")
    }

    fn new(weights: Cow<'static, [u8]>, json: &[u8], origin: &str) -> Result<Self, EngineError> {
        let settings = Settings::parse(json, origin)?;
        let refuse = |reason: String| EngineError::load(origin, reason);
        let extra: Extra = serde_json::from_slice(json).map_err(|e| refuse(format!("settings.json: {e}")))?;
        if !(1..=MOST_BITS).contains(&extra.bits) {
            return Err(refuse(format!("settings.json: `bits` must be between 1 and {MOST_BITS}")));
        }
        let wanted = RECORD << extra.bits;
        if weights.len() != wanted {
            return Err(refuse(format!("weights.bin holds {} bytes, {wanted} are wanted", weights.len())));
        }
        if !(extra.gloss.ngram.is_finite() && extra.gloss.encoder.is_finite()) {
            return Err(refuse("settings.json: `gloss` must hold finite shares".to_owned()));
        }
        Ok(Self { settings, extra, weights })
    }

    /// What n-grams alone say of a text.
    pub(super) fn read(&self, text: &str) -> Option<Reading> {
        let logits = self.logits(text);
        // No severity is learnt with n-grams; how far negative leads stands in for it.
        self.settings.read(&logits, Some(logits[0] - logits[1].max(logits[2])))
    }

    /// Name, languages and calibration.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How a gloss is blended in.
    pub(super) fn blend(&self) -> &Blend {
        &self.extra.gloss
    }

    /// Characters of a text that are read.
    pub(super) fn max_chars(&self) -> usize {
        self.extra.max_chars
    }

    /// Raw logits of negative, neutral, positive.
    pub(super) fn logits(&self, text: &str) -> [f32; 3] {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mask = (1_u32 << self.extra.bits) - 1;
        let negations = &self.extra.negations;
        for_each_feature(
            &tokens(text, self.extra.max_chars),
            |word| negations.contains(word),
            |hash| {
                *counts.entry(bucket(hash, mask)).or_default() += 1;
            },
        );
        // Sums of floats depend on their order: a fixed one makes a score the same in every run.
        let mut counts: Vec<(u32, u32)> = counts.into_iter().collect();
        counts.sort_unstable();
        let (mut square, mut sums) = (0.0_f32, [0.0_f32; 3]);
        for (bucket, count) in counts {
            let at = bucket as usize * RECORD;
            let value = (1.0 + (count as f32).ln()) * f32::from(self.weights[at]);
            square += value * value;
            for (class, sum) in sums.iter_mut().enumerate() {
                *sum += value * f32::from(i8::from_le_bytes([self.weights[at + 1 + class]]));
            }
        }
        let unit = if square > 0.0 { self.extra.step / square.sqrt() } else { 0.0 };
        std::array::from_fn(|class| sums[class] * unit + self.extra.intercept[class])
    }
}

impl std::fmt::Debug for Ngram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ngram").field("name", &self.settings.name()).field("bits", &self.extra.bits).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Word,
    Punctuation,
    Picture,
    Skipped,
}

fn kind(c: char) -> Kind {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' => Kind::Skipped,
        c if c.is_whitespace() => Kind::Space,
        c if c.is_ascii_punctuation() => Kind::Punctuation,
        '¡' | '§' | '«' | '·' | '»' | '¿' | '–' | '—' | '‘' | '’' | '‚' | '“' | '”' | '„' | '•' | '…' | '‹' | '›' | '€' | '£' | '°'
        | '´' => Kind::Punctuation,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' => Kind::Picture,
        _ => Kind::Word,
    }
}

/// Words, runs of punctuation and single pictures. More than two equal characters in a row become two, a run of
/// punctuation keeps its first four characters.
pub(super) fn tokens(text: &str, max_chars: usize) -> Vec<(Kind, String)> {
    let end = text.char_indices().nth(max_chars).map_or(text.len(), |(at, _)| at);
    let mut found: Vec<(Kind, String)> = Vec::new();
    let mut open = Kind::Space;
    for c in text[..end].to_lowercase().chars() {
        match (kind(c), found.last_mut()) {
            (Kind::Skipped, _) => {}
            (Kind::Space, _) => open = Kind::Space,
            (kind @ (Kind::Word | Kind::Punctuation), Some((_, token))) if kind == open => {
                let full = kind == Kind::Punctuation && token.chars().count() >= 4;
                if !full && !token.chars().rev().take(2).eq([c, c]) {
                    token.push(c);
                }
            }
            (kind, _) => {
                found.push((kind, c.to_string()));
                open = kind;
            }
        }
    }
    found
}

/// Calls `take` with the hash of every feature, repeats included.
fn for_each_feature(tokens: &[(Kind, String)], is_negation: impl Fn(&str) -> bool, mut take: impl FnMut(u64)) {
    let (mut before, mut negated) = ("^", 0_u8);
    for (kind, token) in tokens {
        take(fnv1a(&["w", token]));
        take(fnv1a(&["b", before, " ", token]));
        before = token;
        if *kind == Kind::Punctuation {
            negated = 0;
        }
        if *kind != Kind::Word {
            continue;
        }
        if negated > 0 {
            take(fnv1a(&["n", token]));
            negated -= 1;
        }
        if is_negation(token) {
            negated = REACH;
        }
        let framed = format!("<{token}>");
        let starts: Vec<usize> = framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
        for size in SIZES {
            for edges in starts.windows(size + 1) {
                take(fnv1a(&["c", &framed[edges[0]..edges[size]]]));
            }
        }
    }
}

/// 64-bit FNV-1a over the bytes of all parts.
fn fnv1a(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The upper half of the hash folded onto the lower, then cut to the size of the table.
fn bucket(hash: u64, mask: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    let folded = (hash ^ (hash >> 32)) as u32;
    folded & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sentiment::Label;
    use crate::score::prepare::{Prepared, prepare};

    fn words(text: &str) -> Vec<String> {
        tokens(text, 100).into_iter().map(|(_, token)| token).collect()
    }

    #[derive(Deserialize)]
    struct Known {
        text: String,
        ngrams: Numbers,
    }

    #[derive(Deserialize)]
    struct Numbers {
        probabilities: [f32; 3],
        severity: f32,
        label: Label,
    }

    #[test]
    fn scores_are_those_of_the_training_script() {
        let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-multi/reference.json"));
        let model = Ngram::bundled().expect("settings");
        for Known { text, ngrams } in serde_json::from_str::<Vec<Known>>(json).expect("reference.json") {
            // A text that says nothing never comes here; the reference has some.
            let Prepared::Text(prepared) = prepare(&text) else { continue };
            let found = model.read(&prepared).expect("finite");
            let pairs = found.probabilities.values().into_iter().zip(ngrams.probabilities);
            let off = pairs.chain([(found.severity.get(), ngrams.severity)]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-4, "{off}: {text}");
            assert_eq!(found.label, ngrams.label, "{text}");
        }
    }

    /// A model of 2^8 buckets where the given words weigh on one class each, and nothing else counts.
    fn model(weighed: &[(&str, usize)]) -> Ngram {
        let mut weights = vec![0_u8; RECORD << 8];
        for (word, class) in weighed {
            let at = bucket(fnv1a(&["w", word]), 255) as usize * RECORD;
            weights[at] = 10;
            weights[at + 1 + class] = 100;
        }
        let json = r#"{"name":"tiny","version":"1","languages":["fr"],"labels":["negative","neutral","positive"],"bits":8,"max_chars":50,
            "step":0.02,"intercept":[0,0.1,0],"temperature":1,"bias":[0,0,0],"decision":[1,1,1],
            "severity":{"scale":1,"offset":0},"negations":["pas"],
            "gloss":{"ngram":1,"encoder":0,"severity":{"scale":1,"offset":0}}}"#;
        Ngram::new(Cow::Owned(weights), json.as_bytes(), "test").expect("a model")
    }

    #[test]
    fn a_text_falls_into_words_runs_of_punctuation_and_pictures() {
        assert_eq!(words("C'est NUUUUL!!!!!! 😡😡 ok"), ["c", "'", "est", "nuul", "!!", "😡", "😡", "ok"]);
        assert_eq!(words("a?!?!?! b\u{200d}c"), ["a", "?!?!", "bc"]);
        assert_eq!(words("«déjà» – vu…"), ["«", "déjà", "»", "–", "vu", "…"]);
        assert!(words("\u{200b}\u{feff}").is_empty());
    }

    #[test]
    fn features_are_words_pairs_negated_words_and_character_runs() {
        let mut got = Vec::new();
        for_each_feature(&tokens("pas bon.", 100), |w| w == "pas", |hash| got.push(hash));
        let wanted = [
            &["w", "pas"][..],
            &["b", "^", " ", "pas"],
            &["c<p"],
            &["cpa"],
            &["cas"],
            &["cs>"],
            &["c<pa"],
            &["cpas"],
            &["cas>"],
            &["c<pas"],
            &["cpas>"],
            &["c<pas>"],
            &["w", "bon"],
            &["b", "pas", " ", "bon"],
            &["n", "bon"],
            &["c<b"],
            &["cbo"],
            &["con"],
            &["cn>"],
            &["c<bo"],
            &["cbon"],
            &["con>"],
            &["c<bon"],
            &["cbon>"],
            &["c<bon>"],
            &["w", "."],
            &["b", "bon", " ", "."],
        ];
        assert_eq!(got, wanted.map(fnv1a));
        assert_eq!(fnv1a(&["a"]), 0xaf63_dc4c_8601_ec8c, "the published value for `a`");
    }

    #[test]
    fn a_weighed_word_decides_by_hand_computed_numbers() {
        let model = model(&[("nul", 0)]);
        let reading = model.read("nul").expect("finite");
        // One bucket: the vector is 1, its logits are step * 100 + intercept = 2, 0.1, 0.
        let (n, u, p) = (2f32.exp(), 0.1f32.exp(), 1f32);
        assert_eq!(reading.label, Label::Negative);
        assert!((reading.probabilities.of(Label::Negative) - n / (n + u + p)).abs() < 1e-5);
        assert!((reading.severity.get() - 1.0 / (1.0 + (-1.9f32).exp())).abs() < 1e-5);
    }

    #[test]
    fn a_text_of_unknown_words_gets_the_intercept() {
        let reading = model(&[]).read("xyz").expect("finite");
        assert_eq!(reading.label, Label::Neutral);
    }

    #[test]
    fn a_weight_file_of_the_wrong_size_is_refused() {
        let json = super::super::settings::tests::sample([1.0; 3]).replacen(
            '{',
            r#"{"bits":8,"max_chars":9,"step":1,"intercept":[0,0,0],"negations":[],
                "gloss":{"ngram":1,"encoder":0,"severity":{"scale":1,"offset":0}},"#,
            1,
        );
        let error = Ngram::new(Cow::Owned(vec![0; 100]), json.as_bytes(), "test").expect_err("refused").to_string();
        assert!(error.contains("100 bytes") && error.contains("1024"), "{error}");
    }
}
