//! The words and names behind the ids of a report, masked unless names are wanted.

use std::collections::{BTreeMap, BTreeSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::ids::{AuthorId, MentionId};
use crate::domain::post::{Author, Mention};
use crate::store::Store;

use super::error::ReportError;
use super::facts::Facts;
use super::texts::Texts;

/// Whether a report names people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// People are numbered, account names in their words are replaced, links to their posts left out.
    #[default]
    Masked,
    /// As the platforms show them.
    Shown,
}

/// Characters of a quote within a section.
pub const QUOTE: usize = 400;
/// Characters of a post in the appendix.
pub const WHOLE: usize = 2_000;
/// Characters of a name or title.
const NAME: usize = 120;

/// A person in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What to call them.
    pub name: String,
    /// Platform as its people write it.
    pub platform: String,
}

/// A quoted post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Its words on one line; `None` when it was deleted.
    pub text: Option<String>,
    /// Its page at the platform; `None` when masked or deleted.
    pub url: Option<String>,
    /// It was cut.
    pub cut: Cut,
}

/// Whether a text is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All of it.
    Whole,
    /// Its beginning.
    Cut,
}

/// Who and what stands behind a report's ids.
#[derive(Debug)]
pub struct Voices {
    names: Names,
    mentions: BTreeMap<MentionId, Mention>,
    authors: BTreeMap<AuthorId, Author>,
    /// Numbers of masked people, in the order in which a report first names them.
    numbers: BTreeMap<AuthorId, i64>,
}

impl Voices {
    /// Loads what the facts name.
    pub async fn load(store: &Store, facts: &Facts, names: Names) -> Result<Self, ReportError> {
        let mentions: BTreeSet<MentionId> = facts.quoted().map(|(mention, _)| mention).collect();
        // Cases are numbered from the worst on; who is only quoted comes after them.
        let people: Vec<AuthorId> = facts.cases.iter().map(|c| c.author).chain(facts.quoted().map(|(_, author)| author)).collect();
        let authors: BTreeSet<AuthorId> = people.iter().copied().collect();
        let mentions: Vec<MentionId> = mentions.into_iter().collect();
        let authors: Vec<AuthorId> = authors.into_iter().collect();
        let found = store.mentions_with_ids(facts.brand, &mentions).await?;
        let known = store.authors_with_ids(&authors).await?;
        Ok(Self::new(names, &people, found, known))
    }

    /// From what was loaded; `people` in the order in which they are numbered, repeats are fine.
    pub fn new(names: Names, people: &[AuthorId], mentions: Vec<Mention>, authors: Vec<Author>) -> Self {
        let mut numbers = BTreeMap::new();
        for author in people {
            let next = i64::try_from(numbers.len()).unwrap_or(i64::MAX).saturating_add(1);
            numbers.entry(*author).or_insert(next);
        }
        Self {
            names,
            mentions: mentions.into_iter().map(|m| (m.id, m)).collect(),
            authors: authors.into_iter().map(|a| (a.id, a)).collect(),
            numbers,
        }
    }

    /// Whether names are shown.
    pub const fn names(&self) -> Names {
        self.names
    }

    /// The post itself, while it is there.
    pub fn mention(&self, id: MentionId) -> Option<&Mention> {
        self.mentions.get(&id)
    }

    /// What to call an author.
    pub fn person(&self, id: AuthorId, texts: &Texts) -> Person {
        let author = self.authors.get(&id);
        let numbered = || texts.with("person", &[("n", self.numbers.get(&id).copied().unwrap_or(0).into())]);
        let name = match (self.names, author) {
            (Names::Masked, _) => numbered(),
            (Names::Shown, Some(a)) if !(a.name.is_empty() && a.handle.is_empty()) => one_line(a.shown(), NAME),
            (Names::Shown, _) => format!("{} ({})", numbered(), texts.get("name-removed")),
        };
        Person { name, platform: author.map_or_else(|| texts.get("unknown"), |a| platform(&a.platform)) }
    }

    /// The words of a post, at most `most` characters as readers count them.
    pub fn voice(&self, id: MentionId, texts: &Texts, most: usize) -> Voice {
        let Some(mention) = self.mentions.get(&id).filter(|m| m.deleted_at.is_none()) else {
            return Voice { text: None, url: None, cut: Cut::Whole };
        };
        let text = match self.names {
            Names::Masked => mask(&mention.text, &texts.get("handle-masked")),
            Names::Shown => mention.text.clone(),
        };
        let whole = one_line(&text, usize::MAX);
        let shown = one_line(&text, most);
        let url = mention.url.clone().filter(|_| self.names == Names::Shown);
        let cut = if shown.len() < whole.len() { Cut::Cut } else { Cut::Whole };
        Voice { text: Some(shown), url, cut }
    }
}

/// Text on one line: white space and control characters become one space, and what turns the direction of the text
/// around it is dropped. At most `most` characters as readers count them, then `…`.
pub fn one_line(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(4096));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        let before = clean.len();
        clean.extend(word.chars().filter(|c| !turns_direction(*c)));
        if before > 0 && clean.len() > before {
            clean.insert(before, ' ');
        }
        // A mark that is stacked a thousand times is one character to a reader: bytes are bounded too.
        if clean.len() > most.saturating_mul(8) {
            break;
        }
    }
    let mut out = String::new();
    for (n, cluster) in clean.graphemes(true).enumerate() {
        if n >= most {
            out.push('…');
            break;
        }
        // Two marks on a letter are enough for every script; more are stacked over the lines around.
        out.extend(cluster.chars().take(12));
    }
    out
}

const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Account names (`@user`, `@user@host`) and links, which can name an account, replaced.
fn mask(text: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = &piece[word.len()..];
        match (word.find('@'), word.find("://")) {
            (_, Some(_)) => out.push('…'),
            (Some(at), None) => {
                out.push_str(if mail_before(word, at) { "" } else { &word[..at] });
                out.push_str(with);
            }
            (None, None) => out.push_str(word),
        }
        out.push_str(space);
    }
    out
}

/// Whether letters stand right before the `@`: an e-mail address, whose first part is a name too.
fn mail_before(word: &str, at: usize) -> bool {
    word[..at].chars().next_back().is_some_and(char::is_alphanumeric)
}

/// Platform names as their people write them.
fn platform(word: &str) -> String {
    match word {
        "hackernews" => "Hacker News".to_owned(),
        "wordpress" => "WordPress".to_owned(),
        other => {
            let mut chars = other.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names_addresses_and_links_are_masked() {
        assert_eq!(mask("hey @mo@ruby.example why", "@…"), "hey @… why");
        assert_eq!(mask("(@mo) mail mo@x.example\nsee https://x.example/@mo", "@…"), "(@… mail @…\nsee …");
        assert_eq!(mask("nothing here", "@…"), "nothing here");
    }

    #[test]
    fn a_long_or_hostile_text_becomes_one_bounded_line() {
        assert_eq!(one_line("a\nb\u{0}c\u{202E}d", 20), "a b cd");
        assert_eq!(one_line(&"x".repeat(40_000), 10), format!("{}…", "x".repeat(10)));
        // A family is one character to a reader, and is not cut in the middle.
        assert_eq!(one_line("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 1), "👨‍👩‍👧‍👦…");
        let zalgo = format!("Z{}", "\u{335}".repeat(5_000));
        assert!(one_line(&zalgo, 5).len() < 60);
    }
}
