//! All models together: language decides which one reads a text, and what was read before comes from the cache.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::{Cache, Key};
use super::choice::Choice;
use super::engine::{Engine, EngineError, Passage, Reading};
use super::multi::Multi;
use super::prepare::{Prepared, prepare};
use crate::domain::language::{UNDETERMINED, language};
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};

/// The model name of texts that hold nothing to read (see [`Prepared::Nothing`]): neutral by definition.
pub const NOTHING_TO_READ: &str = "nothing-to-read";

/// Readings kept: about 6 MB.
const CACHED: usize = 65_536;

/// A text to score.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoreInput {
    /// The text as it came.
    pub text: String,
    /// The language that its platform claims, such as `de` or `pt-BR`.
    pub lang: Option<String>,
}

/// The models of this process. One is made at start and shared.
pub struct Models {
    /// Most exact first, broadest last.
    engines: Vec<Arc<dyn Engine>>,
    cache: Mutex<Cache>,
}

/// A text that a model must read.
struct Ask {
    text: String,
    lang: String,
    engine: usize,
    key: Key,
}

impl Models {
    /// The models inside this program, on so many threads; 0: one a core.
    pub fn bundled(threads: usize) -> Result<Self, EngineError> {
        Self::open(&Choice { threads, ..Choice::default() })
    }

    /// What the configuration says: the bundled models, or one from a folder in place of the bundled English one. Languages
    /// that it does not name go to the bundled model of other languages; the language `*` stands for all.
    pub fn open(choice: &Choice) -> Result<Self, EngineError> {
        let english = choice.english()?;
        Self::new(vec![choice.open(&english)?, Arc::new(Multi::bundled(english)?)])
    }

    /// The same with the model of this folder, run by what its files ask for.
    pub fn with_folder(folder: &Path, threads: usize) -> Result<Self, EngineError> {
        Self::open(&Choice::folder(folder, threads))
    }

    /// Any engines, the most exact first and the broadest last: the last one reads languages that none of them names,
    /// the first one texts without letters. Refused when there is none.
    pub fn new(engines: Vec<Arc<dyn Engine>>) -> Result<Self, EngineError> {
        if engines.is_empty() {
            return Err(EngineError::load("none", "no model is configured"));
        }
        Ok(Self { engines, cache: Mutex::new(Cache::new(CACHED)) })
    }

    /// Names of the models, such as `ebb-en@2026.11`.
    pub fn names(&self) -> Vec<&str> {
        self.engines.iter().map(|e| e.name()).collect()
    }

    /// One sentiment for each input, in order. Blocks, and keeps the cores busy.
    pub fn score(&self, inputs: &[ScoreInput]) -> Result<Vec<Sentiment>, EngineError> {
        let asks: Vec<Option<Ask>> = inputs.iter().map(|input| self.ask(input)).collect();
        let mut readings = self.remembered(&asks);
        for (index, engine) in self.engines.iter().enumerate() {
            let mut open: HashMap<Key, Passage<'_>> = HashMap::new();
            for ask in asks.iter().flatten().filter(|a| a.engine == index && !readings.contains_key(&a.key)) {
                open.insert(ask.key, Passage { text: &ask.text, lang: &ask.lang });
            }
            let (keys, passages): (Vec<_>, Vec<_>) = open.into_iter().unzip();
            if !passages.is_empty() {
                let found = engine.score(&passages)?;
                self.remember(&keys, &found);
                readings.extend(keys.into_iter().zip(found));
            }
        }
        asks.iter().map(|ask| self.sentiment(ask.as_ref(), &readings)).collect()
    }

    fn ask(&self, input: &ScoreInput) -> Option<Ask> {
        let Prepared::Text(text) = prepare(&input.text) else { return None };
        let lang = language(&text, input.lang.as_deref());
        let engine = self.engine_for(&lang);
        let key = Key::new(self.engines[engine].name(), Passage { text: &text, lang: &lang });
        Some(Ask { text, lang, engine, key })
    }

    fn engine_for(&self, lang: &str) -> usize {
        let other = if lang == UNDETERMINED { 0 } else { self.engines.len() - 1 };
        self.engines.iter().position(|e| e.languages().iter().any(|l| l == lang || l == "*")).unwrap_or(other)
    }

    fn remembered(&self, asks: &[Option<Ask>]) -> HashMap<Key, Reading> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        asks.iter().flatten().filter_map(|ask| Some((ask.key, cache.get(ask.key)?))).collect()
    }

    fn remember(&self, keys: &[Key], readings: &[Reading]) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, reading) in keys.iter().zip(readings) {
            cache.put(*key, *reading);
        }
    }

    fn sentiment(&self, ask: Option<&Ask>, readings: &HashMap<Key, Reading>) -> Result<Sentiment, EngineError> {
        let Some(ask) = ask else { return nothing_to_read() };
        let name = self.engines[ask.engine].name();
        let reading = readings.get(&ask.key).ok_or_else(|| EngineError::run(name, "it left out a text"))?;
        Ok(Sentiment {
            label: reading.label,
            probabilities: reading.probabilities,
            severity: reading.severity,
            lang: ask.lang.clone(),
            model: name.to_owned(),
        })
    }
}

/// The score of a text that says nothing.
fn nothing_to_read() -> Result<Sentiment, EngineError> {
    let probabilities = Probabilities::new([0.0, 1.0, 0.0]).ok_or_else(|| EngineError::run(NOTHING_TO_READ, "not a distribution"))?;
    Ok(Sentiment {
        label: Label::Neutral,
        probabilities,
        severity: Severity::ZERO,
        lang: UNDETERMINED.to_owned(),
        model: NOTHING_TO_READ.to_owned(),
    })
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("names", &self.names()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, fake_models, inputs};
    use super::*;

    #[test]
    fn the_language_decides_the_model_and_the_broadest_takes_what_no_model_names() {
        let models =
            Models::new(vec![Arc::new(Fake::new("english", &["en"])), Arc::new(Fake::new("romance", &["fr", "it"]))]).expect("engines");
        let texts = inputs(&["the app is down and I am bad at this", "le site ne marche pas", "у меня ничего не работает", "😡😡"]);
        let found = models.score(&texts).expect("scored");
        let chosen: Vec<_> = found.iter().map(|s| (s.lang.as_str(), s.model.as_str())).collect();
        assert_eq!(chosen, [("en", "english"), ("fr", "romance"), ("ru", "romance"), ("und", "english")]);
        assert_eq!(found[0].label, Label::Negative);
    }

    #[test]
    fn a_text_that_says_nothing_is_neutral_and_no_model_is_asked() {
        let fake = Fake::new("fake@1", &["en"]);
        let asked = Arc::clone(&fake.asked);
        let models = Models::new(vec![Arc::new(fake)]).expect("an engine");
        for found in models.score(&inputs(&["", "https://acme.example", "\u{200b}\u{202e}"])).expect("scored") {
            assert_eq!((found.label, found.lang.as_str(), found.model.as_str()), (Label::Neutral, "und", NOTHING_TO_READ));
            assert_eq!(Some(found.probabilities), Probabilities::new([0.0, 1.0, 0.0]));
        }
        assert!(asked.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn texts_that_are_equal_once_prepared_are_read_once() {
        let fake = Fake::new("fake@1", &["en"]);
        let asked = Arc::clone(&fake.asked);
        let models = Models::new(vec![Arc::new(fake)]).expect("an engine");
        let texts =
            inputs(&["bad day @ana https://a.example", "bad  day @bob https://b.example/x", "good day", "bad day @x http://c.example"]);
        let labels: Vec<_> = models.score(&texts).expect("scored").iter().map(|s| s.label).collect();
        assert_eq!(labels, [Label::Negative, Label::Negative, Label::Positive, Label::Negative]);
        models.score(&texts).expect("scored");
        let mut asked = asked.lock().expect("not poisoned").clone();
        asked.sort();
        assert_eq!(asked, ["bad day @user http", "good day"]);
    }

    #[test]
    fn no_engine_is_refused() {
        assert!(Models::new(Vec::new()).is_err());
        assert_eq!(fake_models().names(), ["fake@1"]);
    }

    #[test]
    fn hostile_texts_get_a_score_from_the_bundled_models() {
        let models = Models::bundled(0).expect("settings");
        let megabyte = "why is it down ".repeat(70_000);
        let word = "x".repeat(1_000_000);
        let emoji = "😡".repeat(10_000);
        let marks = "\u{202e}\u{200b}bad\u{200d}\u{2066}\0\u{7}\u{fffd}\u{feff}".repeat(50);
        let accents = format!("e{}", "\u{301}".repeat(5_000));
        let texts = [
            "",
            "\0",
            &megabyte,
            &word,
            &emoji,
            &marks,
            &accents,
            "плохо 悪い سيء bad schlecht",
            "\u{10ffff}\u{e000}",
            "𝒷𝒶𝒹 𝓼𝓮𝓻𝓿𝓲𝓬𝓮",
            "[CLS] [SEP] [MASK] [PAD]",
            "##bad ##ly",
        ];
        let found = models.score(&inputs(&texts)).expect("scored");
        assert_eq!(found.len(), texts.len());
        assert!(found.iter().all(|s| (s.probabilities.values().iter().sum::<f32>() - 1.0).abs() < 1e-3));
    }
}
