//! Rules of two phrases that stand near each other.

use std::collections::HashMap;

use super::BadTerms;
use super::phrases::Phrase;
use crate::domain::brand::NearRule;
use crate::domain::words::Word;

/// Further apart, two phrases have nothing to do with each other.
const MOST_WORDS: u32 = 50;

/// Rules, with where each of their phrases begins.
#[derive(Debug, Clone, Default)]
pub(super) struct NearRules {
    rules: Vec<Rule>,
    /// Rules and their sides by the first word of the phrase.
    starts: HashMap<String, Vec<(usize, Side)>>,
}

#[derive(Debug, Clone)]
struct Rule {
    first: Phrase,
    second: Phrase,
    words: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

/// Where the phrases of a rule ended when they were last seen: the word behind them.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    first: Option<usize>,
    second: Option<usize>,
}

impl NearRules {
    pub(super) fn new(rules: &[NearRule]) -> Result<Self, BadTerms> {
        let mut checked = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            let rule = Rule::new(rule)?;
            for (phrase, side) in [(&rule.first, Side::First), (&rule.second, Side::Second)] {
                let word = phrase.words.first().map(|word| word.text.clone()).unwrap_or_default();
                checked.starts.entry(word).or_default().push((at, side));
            }
            checked.rules.push(rule);
        }
        Ok(checked)
    }

    /// The first rule that holds in the words, in words. One pass, whatever the number of rules.
    pub(super) fn find(&self, words: &[&Word]) -> Option<String> {
        let mut seen = vec![Seen::default(); self.rules.len()];
        for at in 0..words.len() {
            let rest = words.get(at..)?;
            for (number, side) in self.starts.get(&rest.first()?.text).into_iter().flatten() {
                let (rule, seen) = (self.rules.get(*number)?, seen.get_mut(*number)?);
                if rule.phrase(*side).stands_at_start_of(rest) && rule.meets(seen, *side, at) {
                    return Some(rule.shown());
                }
            }
        }
        None
    }
}

impl Rule {
    fn new(rule: &NearRule) -> Result<Self, BadTerms> {
        let (first, second) = (Phrase::new(&rule.first)?, Phrase::new(&rule.second)?);
        let same = first.words.len() == second.words.len() && first.words.iter().zip(&second.words).all(|(a, b)| a.text == b.text);
        if same {
            return Err(BadTerms::NearItself(rule.first.trim().to_owned()));
        }
        if !(1..=MOST_WORDS).contains(&rule.words) {
            return Err(BadTerms::NotNear(rule.words));
        }
        Ok(Self { first, second, words: usize::try_from(rule.words).unwrap_or(usize::MAX) })
    }

    const fn phrase(&self, side: Side) -> &Phrase {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    /// Notes that one phrase begins at `at`; whether the other ended close before it.
    fn meets(&self, seen: &mut Seen, side: Side, at: usize) -> bool {
        let end = Some(at + self.phrase(side).words.len());
        let other = match side {
            Side::First => {
                seen.first = end;
                seen.second
            }
            Side::Second => {
                seen.second = end;
                seen.first
            }
        };
        // A phrase that overlaps the other says nothing that the other does not.
        other.is_some_and(|other| other <= at && at - other <= self.words)
    }

    fn shown(&self) -> String {
        let words = if self.words == 1 { "word" } else { "words" };
        format!("“{}” within {} {words} of “{}”", self.first.shown, self.words, self.second.shown)
    }
}
