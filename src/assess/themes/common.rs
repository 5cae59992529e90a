//! Which words say nothing: those that hold a sentence together, in the languages whose lists we keep, and those that the
//! baseline shows to be common, in any language. The second alone lets `should` through when an incident's texts are much
//! alike, and the first alone knows nothing of the words of a trade.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::against::LEAST_RATIO;
use super::find::{Corpus, Document};
use super::tokens::Token;
use crate::domain::language::{Role, role};

/// A word in so many of a language's texts of the baseline is common, unless it is much more frequent now.
const COMMON: f64 = 0.04;
/// Texts of a language in the baseline, below which its common words are not known.
const KNOWN_TEXTS: usize = 40;

/// Words too common to begin or end a phrase.
pub(super) struct Common {
    words: HashSet<String>,
    /// Languages whose common words are known.
    known: HashSet<String>,
    brand: HashSet<String>,
}

impl Common {
    /// From the baseline.
    pub(super) fn new(corpus: &Corpus<'_>) -> Self {
        let here = shares(corpus.incident);
        let mut common = Self { words: HashSet::new(), known: HashSet::new(), brand: corpus.brand.clone() };
        for (lang, (texts, words)) in shares(corpus.baseline) {
            if texts < KNOWN_TEXTS {
                continue;
            }
            let now = here.get(lang);
            for (word, n) in words {
                let share = n as f64 / texts as f64;
                // A word of the trade that everybody uses now is what they talk about.
                let share_now = now.map_or(0.0, |(texts, words)| words.get(word).copied().unwrap_or(0) as f64 / *texts as f64);
                if share > COMMON && share_now < LEAST_RATIO * share {
                    common.words.insert(word.to_owned());
                }
            }
            common.known.insert(lang.to_owned());
        }
        common
    }

    /// Whether a run of words may be a phrase: it does not consist of the brand, and its ends say something.
    pub(super) fn may_stand(&self, run: &[Token], lang: &str) -> bool {
        let all_brand = run.iter().all(|t| self.brand.contains(&t.text));
        let edge = |token: Option<&Token>| token.is_some_and(|t| self.is_edge(t, lang));
        // "not" alone is no theme; "not delivered" is one.
        let content = run.iter().any(|t| t.unspaced || role(&t.text, lang) == Role::Content);
        !all_brand && content && edge(run.first()) && edge(run.last())
    }

    fn is_edge(&self, token: &Token, lang: &str) -> bool {
        if token.unspaced {
            return true;
        }
        let chars = token.text.chars().count();
        // Where the common words are not known, the short ones are taken for them.
        let short = if self.known.contains(lang) { 2 } else { 3 };
        let number = token.text.chars().all(char::is_numeric);
        // Codes of errors have three digits; other numbers are amounts and times, and "000" is the end of one.
        let number_fits = !number || (chars == 3 && !token.text.starts_with('0'));
        role(&token.text, lang) != Role::Function
            && !self.words.contains(&token.text)
            && !self.brand.contains(&token.text)
            && number_fits
            && (number || chars > short)
    }
}

type Shares<'a> = BTreeMap<&'a str, (usize, HashMap<&'a str, usize>)>;

/// Texts of each language, and in how many of them each word stands.
fn shares(documents: &[Document]) -> Shares<'_> {
    let mut by_lang: Shares<'_> = BTreeMap::new();
    for document in documents {
        let (texts, words) = by_lang.entry(&document.lang).or_default();
        *texts += 1;
        let distinct: HashSet<&str> = document.tokens.iter().map(|t| t.text.as_str()).collect();
        for word in distinct {
            *words.entry(word).or_default() += 1;
        }
    }
    by_lang
}
