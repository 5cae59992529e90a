//! Near copies: pasted texts that somebody changed a little.
//!
//! A text is taken as the set of its overlapping runs of letters ("shingles"), and two texts are near copies when the
//! sets share at least [`LEAST_SHARED`] of their union (Jaccard). To find candidates without comparing everything with
//! everything, the minima of random orders of the set are taken (`MinHash`: A. Broder, "On the resemblance and containment
//! of documents", 1997) and combined into bands: two texts whose sets share the part `j` have a given band in common
//! with probability `j^5`, and at least one of the eight with `1 - (1 - j^5)^8`: 96 % at 0.8, 98.7 % at 0.85, 99.9 % at
//! 0.9, 8 % at 0.4. A band is only a hint: [`Sketch::is_near`] compares the sets themselves, so no text joins another
//! by chance of a hash.
//!
//! The words are those of [`super::text::fingerprint`], which knows no links, accounts, case or signs; numbers are alike
//! here too. Texts that are too short to be anybody's own are left to the fingerprint: of "down again", every change is
//! a new text.

use super::fold::is_unspaced;
use super::text::copied_words;

/// Bands of a text: how many hints are kept of each.
pub const BANDS: usize = 8;
/// Minima in a band.
const ROWS: usize = 5;
/// Jaccard from which two texts are near copies, 0..=1. One changed letter in a text of sixty is above it.
pub const LEAST_SHARED: f64 = 0.8;
/// Shorter texts are copies only of the very same words. In letters; scripts without spaces say as much in half of them.
const LEAST_LETTERS: usize = 60;
/// Letters of scripts without spaces count as so many.
const UNSPACED_WEIGHT: usize = 2;
/// Characters that are looked at: bounds the cost of the longest texts.
pub const LONGEST: usize = 4_000;
/// Letters in a shingle, with and without spaces between words.
const SHINGLE: usize = 4;
const SHINGLE_UNSPACED: usize = 2;

/// What is compared of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    bands: [i64; BANDS],
    /// Hashes of the shingles, sorted, each once.
    shingles: Vec<u64>,
}

impl Sketch {
    /// The sketch of a text; `None` when it is too short.
    pub fn of(text: &str) -> Option<Self> {
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        let letters = letters(&copied_words(text.get(..end).unwrap_or_default()));
        let unspaced = letters.iter().filter(|c| is_unspaced(**c)).count();
        let written = letters.iter().filter(|c| **c != ' ').count();
        if written + unspaced * (UNSPACED_WEIGHT - 1) < LEAST_LETTERS {
            return None;
        }
        let length = if unspaced * 2 > written { SHINGLE_UNSPACED } else { SHINGLE };
        let mut shingles: Vec<u64> = letters.windows(length).map(shingle).collect();
        shingles.sort_unstable();
        shingles.dedup();
        Some(Self { bands: bands(&shingles), shingles })
    }

    /// Hints: near copies have at least one in common, nearly always.
    pub const fn bands(&self) -> &[i64; BANDS] {
        &self.bands
    }

    /// The share of the shingles of both that are in both, 0..=1.
    pub fn shared(&self, other: &Self) -> f64 {
        let (mut own, mut theirs) = (self.shingles.as_slice(), other.shingles.as_slice());
        let mut both = 0_usize;
        while let (Some(a), Some(b)) = (own.first(), theirs.first()) {
            both += usize::from(a == b);
            if a <= b {
                own = &own[1..];
            }
            if b <= a {
                theirs = &theirs[1..];
            }
        }
        both as f64 / (self.shingles.len() + other.shingles.len() - both).max(1) as f64
    }

    /// Whether one is a near copy of the other.
    pub fn is_near(&self, other: &Self) -> bool {
        self.shared(other) >= LEAST_SHARED
    }
}

/// The letters of the words, with one space between; every number is one and the same.
fn letters(words: &[String]) -> Vec<char> {
    let mut letters: Vec<char> = Vec::new();
    for word in words {
        // Where words are not parted, a line break or a sign between two letters says nothing.
        let joined = letters.last().copied().is_none_or(is_unspaced) && word.starts_with(is_unspaced);
        if !joined && !letters.is_empty() {
            letters.push(' ');
        }
        for c in word.chars() {
            let c = if c.is_numeric() { '0' } else { c };
            if c != '0' || letters.last() != Some(&'0') {
                letters.push(c);
            }
        }
    }
    letters
}

fn shingle(letters: &[char]) -> u64 {
    letters.iter().fold(0, |hash, c| mix(hash ^ u64::from(*c as u32)))
}

fn bands(shingles: &[u64]) -> [i64; BANDS] {
    let mut bands = [0; BANDS];
    for (number, band) in bands.iter_mut().enumerate() {
        let mut hash = number as u64;
        for row in 0..ROWS {
            let order = mix((number * ROWS + row) as u64 + 1);
            hash = mix(hash ^ shingles.iter().map(|s| mix(s ^ order)).min().unwrap_or_default());
        }
        *band = hash.cast_signed();
    }
    bands
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): a bijection without visible pattern. Kept bands rest on it.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LETTER: &str =
        "I have been waiting since Tuesday for somebody to tell me where my 3 backups went, and the hotline hangs up on me";

    fn sketch(text: &str) -> Sketch {
        Sketch::of(text).expect("long enough")
    }

    fn meet(a: &Sketch, b: &Sketch) -> bool {
        a.bands.iter().zip(&b.bands).any(|(a, b)| a == b)
    }

    #[test]
    fn addresses_numbers_case_and_signs_do_not_hide_a_copy() {
        for copy in [
            "RT @mo: I HAVE been waiting since Tuesday for somebody to tell me where my 3 backups went and the hotline hangs up on me",
            "@acme @li I have been waiting since Tuesday for somebody to tell me where my 17 backups went, and the hotline hangs up on me!!",
            "I have been waiting since Tuesday for somebody to tell me where my 3 backups went, and the hotline hangs up on me https://t.example/a?utm_source=x",
        ] {
            assert_eq!(sketch(copy).bands(), sketch(LETTER).bands(), "{copy}");
        }
    }

    #[test]
    fn a_few_changed_words_are_a_near_copy_and_another_text_is_none() {
        let near =
            sketch("So I have been waiting since Tuesday for someone to tell me where my 3 backups went, and the hotline hangs up on me.");
        assert!(near.is_near(&sketch(LETTER)) && meet(&near, &sketch(LETTER)), "{}", near.shared(&sketch(LETTER)));
        let other =
            sketch("I have been waiting since Tuesday for my parcel, and nobody at the shop can say in which van it is now. Great service");
        assert!(!other.is_near(&sketch(LETTER)), "{}", other.shared(&sketch(LETTER)));
    }

    #[test]
    fn scripts_without_spaces_have_near_copies_too() {
        let text = "昨日からバックアップがまったく見つからなくて、サポートに何度電話してもつながりません。いつ直りますか";
        let near = sketch(&text.replace("何度電話", "毎日電話"));
        assert!(near.is_near(&sketch(text)), "{}", near.shared(&sketch(text)));
    }

    #[test]
    fn short_texts_have_no_sketch() {
        for short in [
            "",
            "down again, fix it please, thank you",
            "私も同じです",
            "https://very.long.example/path/that/goes/on/and/on/and/on/and/on/and/on/x",
        ] {
            assert_eq!(Sketch::of(short), None, "{short}");
        }
    }

    #[test]
    fn the_longest_texts_are_judged_by_their_beginning() {
        let (long, longer) = ("many words ".repeat(400), format!("{}{}", "many words ".repeat(400), "and another end ".repeat(3_000)));
        assert_eq!(sketch(&long).bands(), sketch(&longer).bands());
    }

    /// Texts of a shared small vocabulary about one outage: as alike as different people's posts get.
    fn posts(count: u64) -> Vec<Sketch> {
        const WORDS: &str = "acme cloud is down again since this morning and nobody at the support hotline answers my ticket about lost backups while the \
             status page says that everything works fine for all customers in europe which is a lie because we cannot log in or restore our files from \
             last week so please tell us when this will be over or refund the month";
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let draw = |seed: u64| words[usize::try_from(mix(seed) % words.len() as u64).expect("small")];
        let post = |n: u64| (0..18 + n % 12).map(|i| draw(n * 1_000 + i)).collect::<Vec<_>>().join(" ");
        (0..count).filter_map(|n| Sketch::of(&post(n))).collect()
    }

    #[test]
    fn different_posts_about_one_outage_do_not_join() {
        let posts = posts(600);
        let pairs = || posts.iter().enumerate().flat_map(|(at, a)| posts[at + 1..].iter().map(move |b| (a, b)));
        let (all, joined) = (pairs().count(), pairs().filter(|(a, b)| a.is_near(b)).count());
        let hints = pairs().filter(|(a, b)| meet(a, b)).count();
        assert!(all > 150_000, "{all} pairs");
        assert_eq!(joined, 0, "of {all} pairs");
        assert!(hints * 500 < all, "{hints} of {all} pairs share a band");
    }

    #[test]
    fn the_bands_find_what_the_formula_promises() {
        let posts = posts(400);
        let (mut near, mut found) = (0_u32, 0_u32);
        for (n, a) in posts.iter().enumerate() {
            // Another set with the same part of its shingles replaced, from none to a fifth.
            let replaced = a.shingles.len() * (n % 10) / 100;
            let mut shingles: Vec<u64> = a.shingles.iter().enumerate().map(|(i, s)| if i < replaced { mix(s ^ 7) } else { *s }).collect();
            shingles.sort_unstable();
            let b = Sketch { bands: bands(&shingles), shingles };
            near += u32::from(a.is_near(&b));
            found += u32::from(a.is_near(&b) && meet(a, &b));
        }
        assert!(near >= 350 && found * 100 >= near * 98, "{found} of {near} found");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_edit_of_a_few_letters_keeps_the_group(words in proptest::collection::vec("[a-z]{3,9}", 18..40), at in any::<proptest::sample::Index>(), c in "[a-z]") {
            let text = words.join(" ");
            let letter = at.index(text.len());
            let mut edited = text.clone();
            edited.replace_range(letter..=letter, &c);
            let (a, b) = (sketch(&text), sketch(&edited));
            // one letter is in four shingles: at most four leave and five come.
            let least = (a.shingles.len() as f64 - 7.0) / (a.shingles.len() as f64 + 7.0);
            prop_assert!(a.shared(&b) >= least.min(LEAST_SHARED), "{} of {}", a.shared(&b), a.shingles.len());
        }

        #[test]
        fn being_alike_goes_both_ways_and_a_text_is_like_itself(a in "\\PC{0,300}", b in "\\PC{0,300}") {
            if let (Some(a), Some(b)) = (Sketch::of(&a), Sketch::of(&b)) {
                prop_assert!((a.shared(&b) - b.shared(&a)).abs() < 1e-12);
                prop_assert!(a.is_near(&a) && b.is_near(&b));
                prop_assert!((0.0..=1.0).contains(&a.shared(&b)));
            }
        }
    }
}
