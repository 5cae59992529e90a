//! A phrase as it is shown: with the words that nearly always stand beside it.

use std::collections::{BTreeSet, HashMap};

use super::find::Document;
use super::tokens::{Place, Token, phrase, places, shown};

/// A phrase grows by a neighbour that so many of its uses share.
const GROWS: f64 = 0.75;
/// Words of a phrase on a page.
const LONGEST_SHOWN: usize = 4;

/// A stem with the neighbours that nearly all of its uses share, as it is written most often.
pub(super) fn grown(stem: &str, authors: &BTreeSet<i64>, documents: &[Document]) -> String {
    let mut spots: Vec<(&[Token], Place)> = Vec::new();
    for document in documents.iter().filter(|d| authors.contains(&d.author)) {
        let first = places(&document.tokens).find(|p| phrase(&document.tokens, *p) == stem);
        spots.extend(first.map(|place| (document.tokens.as_slice(), place)));
    }
    let uses = spots.len();
    while let Some(next) = neighbour(&spots, uses) {
        spots.retain_mut(|(tokens, place)| next.extend(tokens, place));
    }
    let mut written: HashMap<String, usize> = HashMap::new();
    for (tokens, place) in &spots {
        *written.entry(shown(tokens, *place)).or_default() += 1;
    }
    written.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))).map_or_else(|| stem.to_owned(), |(text, _)| text)
}

/// A word beside a phrase.
struct Neighbour {
    before: bool,
    text: String,
}

impl Neighbour {
    /// Takes the word into the phrase; `false` where another one stands.
    fn extend(&self, tokens: &[Token], place: &mut Place) -> bool {
        match beside(tokens, *place, self.before) {
            Some((token, wider)) if token.text == self.text => {
                *place = wider;
                true
            }
            _ => false,
        }
    }
}

fn beside(tokens: &[Token], place: Place, before: bool) -> Option<(&Token, Place)> {
    let wider = Place { at: if before { place.at.checked_sub(1)? } else { place.at }, len: place.len + 1 };
    let end = place.at + place.len;
    let token = tokens.get(if before { wider.at } else { end })?;
    // The later of the two says whether they stand together.
    let joined = tokens.get(if before { place.at } else { end })?.joins;
    joined.then_some((token, wider))
}

fn neighbour(spots: &[(&[Token], Place)], uses: usize) -> Option<Neighbour> {
    let (tokens, place) = spots.first()?;
    let unspaced = tokens.get(place.at).is_some_and(|t| t.unspaced);
    if place.len >= if unspaced { 2 * LONGEST_SHOWN } else { LONGEST_SHOWN } {
        return None;
    }
    let mut counts: HashMap<(bool, &str), usize> = HashMap::new();
    for (tokens, place) in spots {
        for before in [false, true] {
            if let Some((token, _)) = beside(tokens, *place, before) {
                *counts.entry((before, &token.text)).or_default() += 1;
            }
        }
    }
    let ((before, text), n) = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
    (n >= 2 && n as f64 >= GROWS * uses as f64).then(|| Neighbour { before, text: text.to_owned() })
}
