//! A text as words, and the phrases in it: up to three words, or two to four letters of a script without spaces.

use crate::domain::fold::fold;
use crate::domain::words::{Gap, parts};

/// Words of a text that are looked at; the rest of a long page says nothing new.
const MAX_TOKENS: usize = 400;
/// Words in a phrase.
const MAX_WORDS: usize = 3;
/// Letters in a phrase of a script without spaces.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=4;
/// Longer words are noise: keys, hashes, laughter.
const MAX_CHARS: usize = 40;

/// A word, or a letter of a script without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Folded: for comparison.
    pub text: String,
    /// In lower case, with its accents: for pages.
    pub shown: String,
    /// Only space stands between it and the word before.
    pub joins: bool,
    /// One letter of a script without spaces.
    pub unspaced: bool,
}

/// The words of a text, without links, accounts and what parts sentences.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut joins = false;
    for chunk in text.split_whitespace() {
        if chunk.contains("://") || chunk.starts_with("www.") || chunk.contains('@') {
            joins = false;
            continue;
        }
        joins = add_chunk(&mut tokens, chunk, joins);
        if tokens.len() >= MAX_TOKENS {
            tokens.truncate(MAX_TOKENS);
            break;
        }
    }
    tokens
}

/// Adds what stands between two spaces; whether what follows joins it.
fn add_chunk(tokens: &mut Vec<Token>, chunk: &str, mut joins: bool) -> bool {
    let first = tokens.len();
    let words = parts(&fold(chunk)).into_iter().filter_map(crate::domain::words::Part::into_word);
    for word in words {
        let inside = tokens.len() > first;
        let apostrophe = inside && word.gap == Gap::Sign("'".to_owned());
        match tokens.last_mut() {
            // `can't`, `it's` are one word; of `l'appli` the second half is it.
            Some(last) if apostrophe && word.text.chars().count() <= 2 => {
                last.text = format!("{}'{}", last.text, word.text);
                last.shown.clone_from(&last.text);
                continue;
            }
            Some(last) if apostrophe && last.text.chars().count() <= 2 => {
                last.text.clone_from(&word.text);
                last.shown = word.text;
                continue;
            }
            _ => {}
        }
        let parted = matches!(word.gap, Gap::Sign(_));
        if word.text.chars().count() > MAX_CHARS {
            joins = false;
            continue;
        }
        let joins_last = if inside { !parted } else { joins && !parted };
        tokens.push(Token { shown: word.text.clone(), text: word.text, joins: joins_last, unspaced: word.unspaced });
        joins = true;
    }
    // A chunk that is one word shows its accents.
    if let [only] = tokens.get_mut(first..).unwrap_or_default()
        && !only.unspaced
    {
        let bare = chunk.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if fold(&bare.replace('’', "'")) == only.text {
            only.shown = bare;
        }
    }
    let ends = chunk.chars().next_back().is_some_and(|c| !c.is_alphanumeric() && !matches!(c, '-' | '\'' | '’' | '"' | '”' | '*' | '_'));
    joins && !ends
}

/// A phrase in a list of words: where it begins and how many words it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of its first word.
    pub at: usize,
    /// Words.
    pub len: usize,
}

/// Every phrase of a text, repeats too.
pub fn places(tokens: &[Token]) -> impl Iterator<Item = Place> {
    tokens.iter().enumerate().flat_map(move |(at, first)| {
        let run = tokens.get(at + 1..).unwrap_or_default().iter().take_while(|t| t.joins && t.unspaced == first.unspaced).count() + 1;
        let (least, most) = if first.unspaced { (*LETTERS.start(), *LETTERS.end()) } else { (1, MAX_WORDS) };
        (least..=most.min(run)).map(move |len| Place { at, len })
    })
}

/// The folded phrase at a place.
pub fn phrase(tokens: &[Token], place: Place) -> String {
    join(tokens, place, |t| &t.text)
}

/// The phrase at a place as it was written.
pub fn shown(tokens: &[Token], place: Place) -> String {
    join(tokens, place, |t| &t.shown)
}

fn join(tokens: &[Token], place: Place, part: impl Fn(&Token) -> &str) -> String {
    let words = tokens.get(place.at..place.at + place.len).unwrap_or_default();
    let mut out = String::new();
    for word in words {
        if !out.is_empty() && !word.unspaced {
            out.push(' ');
        }
        out.push_str(part(word));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phrases(text: &str) -> Vec<String> {
        let tokens = tokens(text);
        places(&tokens).map(|p| phrase(&tokens, p)).collect()
    }

    #[test]
    fn phrases_are_up_to_three_words_and_do_not_cross_a_sentence() {
        assert_eq!(phrases("Can’t log IN. Help"), ["can't", "can't log", "can't log in", "log", "log in", "in", "help"]);
        assert_eq!(phrases("see https://acme.example/x @acme down"), ["see", "down"]);
        assert_eq!(phrases("l'application plante"), ["application", "application plante", "plante"]);
    }

    #[test]
    fn scripts_without_spaces_give_runs_of_letters() {
        assert_eq!(phrases("登録できない"), {
            let letters: Vec<char> = "登録できない".chars().collect();
            let runs = (0..letters.len()).flat_map(|at| (2..=4).map(move |len| (at, len)));
            let whole = runs.filter(|(at, len)| at + len <= letters.len());
            whole.map(|(at, len)| letters[at..at + len].iter().collect::<String>()).collect::<Vec<_>>()
        });
        assert_eq!(phrases("支払いerror"), ["支払", "支払い", "払い", "error"]);
    }

    #[test]
    fn what_pages_show_keeps_its_accents() {
        let tokens = tokens("Anmeldung läuft nicht!");
        assert_eq!(shown(&tokens, Place { at: 1, len: 2 }), "läuft nicht");
        assert_eq!(phrase(&tokens, Place { at: 1, len: 2 }), "lauft nicht");
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_harm(text in "\\PC{0,200}") {
            let tokens = tokens(&text);
            prop_assert!(tokens.len() <= MAX_TOKENS);
            for place in places(&tokens) {
                prop_assert!(!phrase(&tokens, place).is_empty());
            }
        }
    }
}
