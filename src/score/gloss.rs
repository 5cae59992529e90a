//! Posts in other languages, read word by word into English, so that the English encoder can make something of them.
//!
//! `models/ebb-multi/SPEC.md` states the rules; the training script has the same in Python. The dictionaries were written
//! for this project, form by form.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::ngram::{Kind, tokens};
use crate::domain::fold::fold;

/// Shorter words are another word without their accents as likely as not: `ne` is not `né`.
const SHORTEST_NEAR: usize = 4;
/// Shorter beginnings of words say too little.
const SHORTEST_STEM: usize = 5;
/// Letters at the end of a form that may be another form's ending.
const ENDING: usize = 2;
/// Letters that are taken from the end of an unknown word, at most, until a stem is known.
const MOST_CUT: usize = 3;

/// What the masks of links and account names become; they are no words of any language.
const MASKS: [&str; 2] = ["http", "user"];

macro_rules! words {
    ($($lang:literal),+) => {
        [$(($lang, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-multi/words/", $lang, ".tsv")))),+]
    };
}

const WORDS: [(&str, &str); 12] = words!("cs", "da", "de", "es", "fr", "it", "nb", "nl", "pl", "pt", "ro", "sv");

static DICTIONARIES: [OnceLock<Dictionary>; WORDS.len()] = [const { OnceLock::new() }; WORDS.len()];

/// The dictionary of a language (ISO 639-1), read when it is first asked for.
pub(super) fn dictionary(lang: &str) -> Option<&'static Dictionary> {
    // Platforms say Norwegian, which is nearly always Bokmål.
    let lang = if lang == "no" { "nb" } else { lang };
    let at = WORDS.iter().position(|(known, _)| *known == lang)?;
    Some(DICTIONARIES[at].get_or_init(|| Dictionary::read(WORDS[at].1)))
}

/// Word forms and what they mean in English, with ways to find a form that is not listed.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    forms: HashMap<&'static str, &'static str>,
    /// By the form without accents.
    bare: HashMap<String, &'static str>,
    /// By the form without accents and with doubled letters single: people stretch words and forget letters.
    single: HashMap<String, &'static str>,
    stems: HashMap<&'static str, &'static str>,
}

impl Dictionary {
    /// Lines of form, tab, English; the commonest form first, which wins where several fold to one.
    fn read(lines: &'static str) -> Self {
        let mut found = Self::default();
        for (form, english) in lines.lines().filter_map(|line| line.split_once('\t')) {
            let bare = fold(form);
            found.single.entry(single(&bare)).or_insert(english);
            found.bare.entry(bare).or_insert(english);
            found.forms.entry(form).or_insert(english);
            if let Some(stem) = without_end(form, ENDING) {
                found.stems.entry(stem).or_insert(english);
            }
        }
        found
    }

    fn english(&self, word: &str) -> Option<&'static str> {
        let exact = self.forms.get(word);
        let near = || {
            if word.chars().count() < SHORTEST_NEAR {
                return None;
            }
            let bare = fold(word);
            self.bare.get(&bare).or_else(|| self.single.get(&single(&bare)))
        };
        let stem = || (0..=MOST_CUT).find_map(|cut| self.stems.get(without_end(word, cut)?));
        exact.or_else(near).or_else(stem).copied()
    }

    /// The text with English for the words that are known; of the first `max_chars` characters.
    pub(super) fn gloss(&self, text: &str, max_chars: usize) -> String {
        let mut gloss = String::with_capacity(text.len());
        for (kind, token) in tokens(text, max_chars) {
            let known = if kind == Kind::Word && !MASKS.contains(&token.as_str()) { self.english(&token) } else { None };
            if !gloss.is_empty() {
                gloss.push(' ');
            }
            gloss.push_str(known.unwrap_or(&token));
        }
        gloss
    }
}

/// The word without so many of its last letters, unless too few are left.
fn without_end(word: &str, letters: usize) -> Option<&str> {
    let kept = word.chars().count().checked_sub(letters).filter(|kept| *kept >= SHORTEST_STEM)?;
    Some(word.char_indices().nth(kept).map_or(word, |(end, _)| &word[..end]))
}

/// The word with each run of one letter cut to that letter.
fn single(word: &str) -> String {
    let mut found = String::with_capacity(word.len());
    for c in word.chars() {
        if !found.ends_with(c) {
            found.push(c);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Dictionary {
        Dictionary::read("panne\toutage\nenttäuscht\tdisappointed\nnunca\tnever\npas\tnot\ndu\tof the\nfunktionieren\twork\n")
    }

    #[test]
    fn words_are_found_as_they_stand_then_without_accents_and_stretches_then_by_their_stem() {
        let words = words();
        let found = |word| words.english(word);
        assert_eq!(found("panne"), Some("outage"));
        assert_eq!(found("enttauscht"), Some("disappointed"), "accents are often left out");
        assert_eq!(found("nnunccaa"), Some("never"), "tokens keep two of a stretched letter");
        assert_eq!(found("funktioniert"), Some("work"), "the stem is `funktionier`");
        assert_eq!(found("pase"), None, "too short for a stem");
        assert_eq!(found("dû"), None, "too short to be the same word without its accent");
        assert_eq!(found("enttäuschte"), Some("disappointed"));
        assert_eq!(found("acme"), None);
    }

    #[test]
    fn a_gloss_keeps_names_pictures_punctuation_and_masks() {
        let gloss = words().gloss("@user PANNE du Acme!!! 😡 pas http", 100);
        assert_eq!(gloss, "@ user outage of the acme !! 😡 not http");
        assert_eq!(words().gloss("panne panne", 6), "outage");
        assert_eq!(words().gloss("", 100), "");
    }

    #[test]
    fn every_shipped_line_is_a_form_and_its_english() {
        for (lang, lines) in WORDS {
            let mut forms = std::collections::HashSet::new();
            for line in lines.lines() {
                let (form, english) = line.split_once('\t').unwrap_or_else(|| panic!("{lang}: no tab in {line:?}"));
                assert_eq!(tokens(form, 100), [(Kind::Word, form.to_owned())], "{lang}: a form that no text can hold");
                assert!(forms.insert(form), "{lang}: {form} twice");
                let plain = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | '\'' | '-');
                assert!(!english.is_empty() && english.trim() == english && english.chars().all(plain), "{lang}: {line:?}");
            }
            assert!(forms.len() > 1_500, "{lang}: {}", forms.len());
        }
    }

    #[test]
    fn a_language_without_words_has_no_dictionary() {
        assert!(dictionary("fr").is_some_and(|d| d.english("merci") == Some("thanks")));
        assert!(dictionary("no").is_some_and(|d| d.english("ikke") == Some("not")));
        assert!(dictionary("xx").is_none() && dictionary("en").is_none());
    }
}
