//! The engine of other languages. Where there is a dictionary, a post is read twice: by n-grams as it stands, and by the
//! English encoder as a gloss, word by word in English. Their logits add up. Other languages are left to n-grams alone.

use std::sync::Arc;

use super::embedded::{Embedded, OfGloss};
use super::engine::{Engine, EngineError, Passage, Reading};
use super::gloss::dictionary;
use super::ngram::{Blend, Ngram};
use super::settings::Settings;

/// Both halves and how they are blended.
#[derive(Debug)]
pub(super) struct Multi {
    ngram: Ngram,
    english: Arc<Embedded>,
    blend: Blend,
    /// How blended logits are read.
    settings: Settings,
}

impl Multi {
    /// The models inside this program; `english` is the bundled one.
    pub(super) fn bundled(english: Arc<Embedded>) -> Result<Self, EngineError> {
        let ngram = Ngram::bundled()?;
        let blend = ngram.blend().clone();
        let settings = ngram.settings().blended(blend.severity.clone());
        Ok(Self { ngram, english, blend, settings })
    }

    fn blended(&self, text: &str, gloss: OfGloss) -> Option<Reading> {
        let ngram = self.ngram.logits(text);
        let logits: [f32; 3] = std::array::from_fn(|c| self.blend.ngram * ngram[c] + self.blend.encoder * gloss.logits[c]);
        self.settings.read(&logits, Some(gloss.severity))
    }

    /// What the encoder says of each passage's gloss; `None` where there is no dictionary.
    fn of_glosses(&self, passages: &[Passage<'_>]) -> Result<Vec<Option<OfGloss>>, EngineError> {
        let gloss = |p: &Passage<'_>| Some(dictionary(p.lang)?.gloss(p.text, self.ngram.max_chars()));
        let glosses: Vec<Option<String>> = passages.iter().map(gloss).collect();
        let asked: Vec<Passage<'_>> = glosses.iter().flatten().map(|text| Passage { text, lang: "en" }).collect();
        // Without any, the encoder need not be loaded.
        let found = if asked.is_empty() { Vec::new() } else { self.english.of_glosses(&asked)? };
        let mut found = found.into_iter();
        Ok(glosses.iter().map(|gloss| gloss.as_ref().and_then(|_| found.next())).collect())
    }
}

impl Engine for Multi {
    fn name(&self) -> &str {
        self.settings.name()
    }

    fn languages(&self) -> &[String] {
        self.settings.languages()
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError> {
        let bad = || EngineError::run(self.name(), "its output is not a number");
        let read = |(p, gloss): (&Passage<'_>, Option<OfGloss>)| match gloss {
            Some(gloss) => self.blended(p.text, gloss),
            None => self.ngram.read(p.text),
        };
        passages.iter().zip(self.of_glosses(passages)?).map(|both| read(both).ok_or_else(bad)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::sentiment::Label;
    use crate::score::prepare::{Prepared, prepare};

    #[derive(Deserialize)]
    struct Known {
        text: String,
        lang: String,
        gloss: Option<String>,
        blended: Option<Numbers>,
    }

    #[derive(Deserialize)]
    struct Numbers {
        probabilities: [f32; 3],
        severity: f32,
        label: Label,
    }

    fn reference() -> Vec<Known> {
        let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-multi/reference.json"));
        serde_json::from_str(json).expect("reference.json")
    }

    fn model() -> Multi {
        Multi::bundled(Arc::new(Embedded::bundled(2).expect("settings"))).expect("settings")
    }

    /// The text as an engine gets it; empty where it says nothing and no engine is asked.
    fn prepared(raw: &str) -> String {
        match prepare(raw) {
            Prepared::Text(text) => text,
            Prepared::Nothing => String::new(),
        }
    }

    #[test]
    fn glosses_are_those_of_the_training_script() {
        let max_chars = model().ngram.max_chars();
        for Known { text, lang, gloss, .. } in reference() {
            assert_eq!(dictionary(&lang).map(|d| d.gloss(&prepared(&text), max_chars)), gloss, "{text}");
        }
    }

    /// The encoder's int8 rounding differs from ONNX Runtime's (see [`Embedded`]); n-grams and glosses do not.
    #[test]
    fn scores_are_those_of_the_training_script_but_for_rounding() {
        let known: Vec<_> = reference().into_iter().filter_map(|k| Some((prepared(&k.text), k.lang, k.blended?))).collect();
        let passages: Vec<_> = known.iter().map(|(text, lang, _)| Passage { text, lang }).collect();
        let found = model().score(&passages).expect("scored");
        let (mut sum, mut other_labels) = (0.0, 0);
        for (reading, (text, _, wanted)) in found.iter().zip(&known) {
            let pairs = reading.probabilities.values().into_iter().zip(wanted.probabilities);
            let off = pairs.chain([(reading.severity.get(), wanted.severity)]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 0.08, "{off}: {text}");
            sum += off;
            other_labels += usize::from(reading.label != wanted.label);
        }
        assert!(sum / (known.len() as f32) < 0.02, "{}", sum / known.len() as f32);
        assert!(other_labels <= 1, "{other_labels} of {}", known.len());
    }

    #[test]
    fn languages_without_a_dictionary_are_left_to_ngrams_and_the_order_is_kept() {
        let model = model();
        let texts =
            [("fr", "quelle honte, toujours en panne"), ("hu", "rossz szolgáltatás, soha többé"), ("de", "das ist wirklich großartig")];
        let together = model.score(&texts.map(|(lang, text)| Passage { text, lang })).expect("scored");
        let alone = texts.map(|(lang, text)| model.score(&[Passage { text, lang }]).expect("scored")[0]);
        assert_eq!(together, alone);
        assert_eq!(Some(together[1]), model.ngram.read(texts[1].1));
        assert_eq!([together[0].label, together[2].label], [Label::Negative, Label::Positive]);
        assert!(together[0].severity > together[2].severity);
    }
}
