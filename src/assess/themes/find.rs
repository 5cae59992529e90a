//! Finds the phrases of an incident.
//!
//! Texts of unhappy people in the incident stand against those of the baseline. Which words are too common to say
//! anything follows from how many of the baseline's authors use them, by language, and from short lists of function words.
//! Overlapping phrases that the same people use are one theme.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::against::Against;
use super::common::Common;
use super::forms::Forms;
use super::grow::grown;
use super::odds::Votes;
use super::tokens::{Token, phrase, places, tokens};

/// What phrases of one, two and three words weigh in their order: more words say more.
const WEIGHTS: [f64; 3] = [1.0, 2.0, 2.2];
/// Fewer authors are no theme.
const LEAST_PEOPLE: usize = 4;

/// One text.
#[derive(Debug, Clone)]
pub struct Document {
    /// Who wrote it.
    pub author: i64,
    /// ISO 639-1; empty when unknown.
    pub lang: String,
    /// Its words.
    pub tokens: Vec<Token>,
    /// The label that counts is negative.
    pub negative: bool,
}

impl Document {
    /// Cuts the text.
    pub fn new(author: i64, lang: Option<&str>, text: &str, mood: Mood) -> Self {
        Self { author, lang: lang.unwrap_or_default().to_owned(), tokens: tokens(text), negative: mood == Mood::Negative }
    }
}

/// Whether the author is unhappy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Unhappy.
    Negative,
    /// Anything else.
    Other,
}

/// A phrase that separates the incident from the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// As people write it.
    pub phrase: String,
    /// Folded phrases that stand for it; the one with the highest z first.
    pub forms: Vec<String>,
    /// z-score of the first form.
    pub z: f64,
    /// Share of the baseline's texts that are unhappy and hold one of the forms, 0..=1.
    pub normal_share: f64,
    authors: BTreeSet<i64>,
}

/// Texts to compare.
#[derive(Debug)]
pub struct Corpus<'a> {
    /// Of unhappy people in the incident.
    pub incident: &'a [Document],
    /// Of everybody else in it: what they say as well is the talk of the day, such as the title of a thread.
    pub others: &'a [Document],
    /// Of everybody before it.
    pub baseline: &'a [Document],
    /// Folded words that name the brand.
    pub brand: &'a HashSet<String>,
}

/// The phrases that separate best, at most `most`, the best first. None without a baseline.
pub fn find(corpus: &Corpus<'_>, most: usize) -> Vec<Found> {
    let here = count_authors(corpus.incident, |_| true);
    if here < LEAST_PEOPLE {
        return Vec::new();
    }
    let common = Common::new(corpus);
    let uses = uses(corpus.incident, &common);
    let there = Against::new(corpus, &uses);
    let mut candidates: Vec<Candidate> = uses
        .into_iter()
        .filter(|(_, authors)| authors.len() >= LEAST_PEOPLE)
        .filter_map(|(text, authors)| {
            let (z, lower) = there.z(&text, Votes { with: authors.len() as f64, all: here as f64 })?;
            let words = if is_unspaced(&text) { 1 } else { text.split(' ').count() };
            let order = lower * WEIGHTS.get(words - 1).copied().unwrap_or(1.0);
            Some(Candidate { text, authors, z, order })
        })
        .collect();
    candidates.sort_by(|a, b| b.order.total_cmp(&a.order).then_with(|| b.text.len().cmp(&a.text.len())).then_with(|| a.text.cmp(&b.text)));
    let mut found: Vec<Found> = Vec::new();
    for candidate in candidates {
        if !folds(&mut found, &candidate) && found.len() < most {
            found.push(Found::new(candidate));
        }
    }
    for theme in &mut found {
        theme.phrase = grown(theme.forms.first().map_or("", String::as_str), &theme.authors, corpus.incident);
        theme.normal_share = normal_share(theme, corpus.baseline);
    }
    found
}

/// Joins two lists, what `first` holds already is left out of `second`.
pub fn join(mut first: Vec<Found>, second: Vec<Found>, most: usize) -> Vec<Found> {
    for theme in second {
        let text = theme.forms.first().cloned().unwrap_or_default();
        let candidate = Candidate { text, authors: theme.authors.clone(), z: theme.z, order: theme.z };
        if !folds(&mut first, &candidate) && first.len() < most {
            first.push(theme);
        }
    }
    first
}

#[derive(Debug)]
struct Candidate {
    text: String,
    authors: BTreeSet<i64>,
    z: f64,
    /// The lower of the two z-scores, so that topics come before the words of any anger; more words before fewer.
    order: f64,
}

impl Found {
    fn new(candidate: Candidate) -> Self {
        let Candidate { text, authors, z, .. } = candidate;
        Self { phrase: text.clone(), forms: vec![text], z, normal_share: 0.0, authors }
    }
}

/// Whether a phrase says the same as one that was found. Most of those who say it are among those who say the other,
/// and the two share a word; or the two are said by nearly the same people.
fn folds(found: &mut [Found], candidate: &Candidate) -> bool {
    for theme in found {
        let shared = theme.authors.intersection(&candidate.authors).count() as f64;
        let (own, theirs) = (candidate.authors.len() as f64, theme.authors.len() as f64);
        let related = theme.forms.iter().any(|form| share_a_word(form, &candidate.text));
        let within = shared / own;
        let alike = shared / (own + theirs - shared);
        if related && (within >= 0.5 || shared / theirs >= 0.7) {
            // Its own people come along when nearly all of them are there anyway.
            if within >= 0.7 && theme.forms.len() < MOST_FORMS && !theme.forms.iter().any(|form| contains(&candidate.text, form)) {
                theme.forms.push(candidate.text.clone());
                theme.authors.extend(&candidate.authors);
            }
            return true;
        }
        if alike >= 0.5 || (within >= 0.85 && own >= 6.0) {
            return true;
        }
    }
    false
}

/// Phrases that stand for one theme.
const MOST_FORMS: usize = 6;

fn is_unspaced(text: &str) -> bool {
    text.chars().next().is_some_and(crate::domain::fold::is_unspaced)
}

/// Whether every text with `long` holds `short`.
fn contains(long: &str, short: &str) -> bool {
    if is_unspaced(short) { long.contains(short) } else { format!(" {long} ").contains(&format!(" {short} ")) }
}

fn share_a_word(one: &str, other: &str) -> bool {
    if is_unspaced(one) || is_unspaced(other) {
        let letters: Vec<char> = one.chars().collect();
        return letters.windows(2).any(|pair| other.contains(&pair.iter().collect::<String>()));
    }
    one.split(' ').any(|word| other.split(' ').any(|w| w == word))
}

pub(super) fn count_authors(documents: &[Document], wanted: impl Fn(&Document) -> bool) -> usize {
    documents.iter().filter(|d| wanted(d)).map(|d| d.author).collect::<HashSet<_>>().len()
}

/// Who uses each phrase of the incident. A phrase neither begins nor ends with a common word, and each of its words
/// is used by enough people.
fn uses(documents: &[Document], common: &Common) -> HashMap<String, BTreeSet<i64>> {
    let mut words: HashMap<&str, HashSet<i64>> = HashMap::new();
    for document in documents {
        for token in &document.tokens {
            words.entry(&token.text).or_default().insert(document.author);
        }
    }
    let frequent: HashSet<&str> = words.into_iter().filter(|(_, authors)| authors.len() >= LEAST_PEOPLE).map(|(word, _)| word).collect();
    let mut uses: HashMap<String, BTreeSet<i64>> = HashMap::new();
    for document in documents {
        for place in places(&document.tokens) {
            let run = document.tokens.get(place.at..place.at + place.len).unwrap_or_default();
            if run.iter().all(|t| frequent.contains(t.text.as_str())) && common.may_stand(run, &document.lang) {
                uses.entry(phrase(&document.tokens, place)).or_default().insert(document.author);
            }
        }
    }
    uses
}

fn normal_share(theme: &Found, baseline: &[Document]) -> f64 {
    if baseline.is_empty() {
        return 0.0;
    }
    let forms = Forms::new(std::iter::once(((), theme.forms.as_slice())));
    let with = baseline.iter().filter(|d| d.negative && !forms.of(&d.tokens).is_empty()).count();
    with as f64 / baseline.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::{Role, role};

    /// `n` authors from `first` on, each with one of the texts in turn.
    fn said(first: i64, n: i64, texts: &[&str], mood: Mood) -> Vec<Document> {
        let text = |i: i64| texts[usize::try_from(i).expect("small") % texts.len()];
        (0..n).map(|i| Document::new(first + i, Some("en"), text(i), mood)).collect()
    }

    fn usual() -> Vec<Document> {
        let calm = [
            "the new dashboard of Acme is nice and I like the colours",
            "I use Acme for the backups of my shop and it is fine",
            "does anybody know how to log in to the beta of Acme",
            "Acme has a status page and a blog, the blog is good",
            "what is the price of Acme for a team of five people",
            "we moved the data of our club to Acme, it was easy",
        ];
        let sour = ["the price of Acme is a bad joke", "I hate the slow search of Acme", "Acme is bad, the support is slow and bad"];
        let mut all = said(10_000, 360, &calm, Mood::Other);
        all.extend(said(20_000, 90, &sour, Mood::Negative));
        all
    }

    fn phrases(incident: &[Document], baseline: &[Document]) -> Vec<String> {
        let brand = HashSet::from(["acme".to_owned()]);
        find(&Corpus { incident, others: &[], baseline, brand: &brand }, 12).into_iter().map(|f| f.phrase).collect()
    }

    #[test]
    fn phrases_of_the_incident_are_found_and_words_of_every_day_are_not() {
        let mut incident =
            said(1, 40, &["I can't log in to Acme since the morning", "can't log in, Acme is bad", "Why can't log in?"], Mood::Negative);
        incident.extend(said(100, 20, &["Acme: my card was charged twice!", "charged twice by Acme, the support is slow"], Mood::Negative));
        let found = phrases(&incident, &usual());
        assert_eq!(found.first().map(String::as_str), Some("can't log in"), "{found:?}");
        assert!(found.iter().any(|p| p.contains("charged twice")), "{found:?}");
        let common = |p: &String| ["the", "is bad", "acme", "support is slow"].contains(&p.as_str());
        assert!(!found.iter().any(common), "{found:?}");
        let all: HashSet<&String> = found.iter().collect();
        assert!(found.iter().filter(|p| p.contains("log")).count() == 1 && all.len() == found.len(), "one theme, not three: {found:?}");
    }

    #[test]
    fn words_that_hold_a_sentence_together_are_no_theme_in_any_of_the_six_languages() {
        // Much alike, as templates are: each language's function words are in every one, and in nothing of the baseline.
        let told = [
            ("en", "they should really refund the deposit", "we would want the deposit back", "deposit"),
            ("de", "die sollten endlich die Kaution zahlen", "ich würde gern meine Kaution sehen", "kaution"),
            ("fr", "vous devriez rendre la caution", "il faudrait rendre la caution", "caution"),
            ("es", "ellos deberían devolver la fianza", "podría tener mi fianza", "fianza"),
            ("it", "loro dovrebbero rendere la cauzione", "potrebbe arrivare la cauzione", "cauzione"),
            ("pt", "eles deveriam devolver a caução", "poderia ter minha caução", "caucao"),
        ];
        for (lang, one, two, about) in told {
            let mut incident = said(1, 40, &[one, two], Mood::Negative);
            for mention in &mut incident {
                lang.clone_into(&mut mention.lang);
            }
            let brand = HashSet::new();
            let found = find(&Corpus { incident: &incident, others: &[], baseline: &usual(), brand: &brand }, 12);
            let forms: Vec<&String> = found.iter().flat_map(|f| &f.forms).collect();
            assert!(forms.iter().any(|f| f.contains(about)), "{lang}: {forms:?}");
            let empty = |form: &str| form.split(' ').all(|w| role(w, lang) != Role::Content);
            assert!(!forms.iter().any(|f| empty(f)), "{lang}: {forms:?}");
        }
    }

    #[test]
    fn the_code_of_an_error_is_a_theme_and_the_end_of_an_amount_is_none() {
        let mut incident = said(1, 20, &["more than 370,000 homes are cut off"], Mood::Negative);
        incident.extend(said(100, 20, &["nothing but 503 since noon"], Mood::Negative));
        let brand = HashSet::new();
        let found = find(&Corpus { incident: &incident, others: &[], baseline: &usual(), brand: &brand }, 12);
        let forms: Vec<&str> = found.iter().flat_map(|f| &f.forms).flat_map(|f| f.split(' ')).collect();
        assert!(forms.contains(&"503") && !forms.contains(&"000"), "{forms:?}");
    }

    #[test]
    fn one_author_has_one_vote() {
        let mut incident = said(1, 30, &["Acme is bad today", "why is Acme slow"], Mood::Negative);
        incident.extend((0..200).map(|_| Document::new(7_000, Some("en"), "sell your llama grooming kit", Mood::Negative)));
        let found = phrases(&incident, &usual());
        assert!(!found.iter().any(|p| p.contains("llama")), "{found:?}");
    }

    #[test]
    fn a_script_without_spaces_has_themes_too() {
        let calm = ["新しい画面がとても良い", "バックアップが便利です", "値段を教えてください"];
        let broken = ["朝からログインできない", "ログインできないのですが", "またログインできない"];
        let document = |first: i64, n: i64, texts: &[&str], mood: Mood| {
            let mut all = said(first, n, texts, mood);
            for document in &mut all {
                "ja".clone_into(&mut document.lang);
            }
            all
        };
        let found = phrases(&document(1, 30, &broken, Mood::Negative), &document(1_000, 200, &calm, Mood::Other));
        assert!(found.first().is_some_and(|p| p.contains("できない") || p.contains("ログイン")), "{found:?}");
    }

    #[test]
    fn without_a_baseline_or_people_there_are_no_themes() {
        let incident = said(1, 40, &["can't log in"], Mood::Negative);
        assert_eq!(phrases(&incident, &[]), Vec::<String>::new());
        assert_eq!(phrases(&incident[..3], &usual()), Vec::<String>::new());
        assert_eq!(phrases(&[], &usual()), Vec::<String>::new());
    }

    #[test]
    fn what_everybody_says_in_the_incident_is_no_theme() {
        let title = "Acme today, one thread: ";
        let with = |texts: &[&str]| texts.iter().map(|t| format!("{title}{t}")).collect::<Vec<_>>();
        let (sour, calm) = (with(&["my card was charged twice", "I was charged twice"]), with(&["what happened", "it works for me"]));
        let refer = |texts: &[String], first: i64, mood| said(first, 60, &texts.iter().map(String::as_str).collect::<Vec<_>>(), mood);
        let (incident, others, usual) = (refer(&sour, 1, Mood::Negative), refer(&calm, 500, Mood::Other), usual());
        let corpus = Corpus { incident: &incident, others: &others, baseline: &usual, brand: &HashSet::new() };
        let found: Vec<String> = find(&corpus, 12).into_iter().map(|f| f.phrase).collect();
        assert!(found.iter().any(|p| p.contains("charged twice")) && !found.iter().any(|p| p.contains("thread")), "{found:?}");
    }

    #[test]
    fn a_calm_incident_has_no_themes() {
        assert_eq!(
            phrases(
                &said(
                    1,
                    200,
                    &["the price of Acme is a bad joke", "I hate the slow search of Acme", "Acme is bad, the support is slow and bad"],
                    Mood::Negative
                ),
                &usual()
            ),
            Vec::<String>::new()
        );
    }
}
