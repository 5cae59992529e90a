//! What the phrases of an incident are held against: everybody before it, the unhappy people before it, its other people.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::find::{Corpus, count_authors};
use super::odds::{Votes, ratio, z_score};
use super::tokens::{phrase, places};

/// Below this nothing is a theme: thousands of phrases are looked at, and one in two thousand passes by chance.
const LEAST_Z: f64 = 3.5;
/// Against the unhappy people of the baseline alone, who are far fewer, this is enough.
const LEAST_Z_UNHAPPY: f64 = 2.5;
/// How many times as often the incident's unhappy people must say it as everybody before, as the unhappy people before,
/// and as the others of the incident: with many people even the smallest difference is sure.
pub(super) const LEAST_RATIO: f64 = 4.0;
const LEAST_RATIO_UNHAPPY: f64 = 2.0;
const LEAST_RATIO_OTHERS: f64 = 1.5;
/// Unhappy authors of the baseline, or others of the incident, from which on a phrase must separate from them, too.
const ENOUGH: usize = 30;

/// How others use the phrases of the incident.
pub(super) struct Against {
    /// Authors of each phrase: all of the baseline, its unhappy ones, others of the incident.
    uses: HashMap<String, [HashSet<i64>; 3]>,
    /// Authors in each of these groups.
    all: [usize; 3],
}

impl Against {
    pub(super) fn new(corpus: &Corpus<'_>, wanted: &HashMap<String, BTreeSet<i64>>) -> Self {
        let mut uses: HashMap<String, [HashSet<i64>; 3]> = HashMap::new();
        let before = corpus.baseline.iter().map(|d| (d, if d.negative { &[0_usize, 1][..] } else { &[0] }));
        for (document, groups) in before.chain(corpus.others.iter().map(|d| (d, &[2][..]))) {
            for place in places(&document.tokens) {
                let text = phrase(&document.tokens, place);
                if wanted.contains_key(&text) {
                    let authors = uses.entry(text).or_default();
                    groups.iter().filter_map(|g| authors.get_mut(*g).map(|a| a.insert(document.author))).count();
                }
            }
        }
        let all = [
            count_authors(corpus.baseline, |_| true),
            count_authors(corpus.baseline, |d| d.negative),
            count_authors(corpus.others, |_| true),
        ];
        Self { uses, all }
    }

    /// Against everybody before the incident; against those who were unhappy then, so that the words of any anger are
    /// no theme; against the others of the incident, so that the talk of the day is none. The two smaller groups count
    /// when they are enough. The z-score against everybody, and the lower of the first two; `None` when it is no theme.
    pub(super) fn z(&self, text: &str, here: Votes) -> Option<(f64, f64)> {
        let users = self.uses.get(text).map_or([0; 3], |authors| [authors[0].len(), authors[1].len(), authors[2].len()]);
        let group = |g: usize| Votes { with: users[g] as f64, all: self.all[g] as f64 };
        let plain = z_score(here, group(0));
        if plain < LEAST_Z || ratio(here, group(0)) < LEAST_RATIO {
            return None;
        }
        if self.all[2] >= ENOUGH && ratio(here, group(2)) < LEAST_RATIO_OTHERS {
            return None;
        }
        if self.all[1] < ENOUGH {
            return Some((plain, plain));
        }
        let sour = z_score(here, group(1));
        (sour >= LEAST_Z_UNHAPPY && ratio(here, group(1)) >= LEAST_RATIO_UNHAPPY).then_some((plain, plain.min(sour)))
    }
}
