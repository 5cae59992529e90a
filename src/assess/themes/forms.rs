//! Looks up which themes stand in a text.

use std::collections::{BTreeMap, HashMap};

use super::tokens::{Place, Token, phrase, places};

/// The forms of several themes, for looking texts up.
#[derive(Debug, Default)]
pub struct Forms<T>(HashMap<String, Vec<T>>);

impl<T: Copy + Ord> Forms<T> {
    /// Each theme with its forms.
    pub fn new<'a>(themes: impl Iterator<Item = (T, &'a [String])>) -> Self {
        let mut forms: HashMap<String, Vec<T>> = HashMap::new();
        for (theme, texts) in themes {
            for text in texts {
                forms.entry(text.clone()).or_default().push(theme);
            }
        }
        Self(forms)
    }

    /// The themes that stand in a text, each with one place of it.
    pub fn of(&self, tokens: &[Token]) -> BTreeMap<T, Place> {
        let mut themes = BTreeMap::new();
        for place in places(tokens) {
            for theme in self.0.get(&phrase(tokens, place)).into_iter().flatten() {
                themes.entry(*theme).or_insert(place);
            }
        }
        themes
    }
}
