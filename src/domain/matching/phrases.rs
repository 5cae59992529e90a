//! Phrases: runs of whole words, by their first word.

use std::collections::HashMap;

use super::BadTerms;
use crate::domain::fold::fold;
use crate::domain::words::{Gap, Part, Word, parts};

/// Phrases by their first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Phrases(HashMap<String, Vec<Phrase>>);

/// One phrase, folded.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub(super) shown: String,
    pub(super) words: Vec<Word>,
}

impl Phrases {
    pub(super) fn new(terms: &[String]) -> Result<Self, BadTerms> {
        let mut phrases = Self::default();
        for term in terms {
            let phrase = Phrase::new(term)?;
            let first = phrase.words.first().map(|word| word.text.clone()).unwrap_or_default();
            phrases.0.entry(first).or_default().push(phrase);
        }
        Ok(phrases)
    }

    /// The first phrase that stands in the words, as configured.
    pub(super) fn find(&self, words: &[&Word]) -> Option<&str> {
        (0..words.len()).find_map(|at| {
            let rest = words.get(at..)?;
            let candidates = self.0.get(&rest.first()?.text)?;
            candidates.iter().find(|phrase| phrase.stands_at_start_of(rest)).map(|phrase| phrase.shown.as_str())
        })
    }

    /// The phrases without what parts their words.
    pub(super) fn compact(&self) -> impl Iterator<Item = String> {
        self.0.values().flatten().map(Phrase::compact)
    }
}

impl Phrase {
    pub(super) fn new(term: &str) -> Result<Self, BadTerms> {
        let parts = parts(&fold(term.trim().trim_start_matches(['@', '＠'])));
        let words: Vec<Word> = parts.into_iter().filter_map(Part::into_word).collect();
        let Some(first) = words.first() else { return Err(BadTerms::Empty(term.to_owned())) };
        if words.len() == 1 && first.text.chars().count() == 1 && !first.unspaced {
            return Err(BadTerms::TooShort(term.to_owned()));
        }
        Ok(Self { shown: term.trim().to_owned(), words })
    }

    pub(super) fn stands_at_start_of(&self, text: &[&Word]) -> bool {
        let pairs = self.words.iter().zip(text).enumerate();
        text.len() >= self.words.len()
            && pairs.into_iter().all(|(at, (own, other))| own.text == other.text && (at == 0 || gap_fits(own, other)))
    }

    fn compact(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<String>().replace('_', "")
    }
}

/// Whether what parts two words of a text is what parts them in the name.
fn gap_fits(name: &Word, text: &Word) -> bool {
    match (&name.gap, &text.gap) {
        (Gap::Space, Gap::Space) | (Gap::None, Gap::None) => true,
        (Gap::Space, Gap::None) => name.unspaced,
        (Gap::Sign(own), Gap::Sign(other)) => own == other,
        _ => false,
    }
}
