//! Cuts a folded text into what a matcher compares: words, accounts, hashtags, hosts.

use unicode_normalization::char::is_combining_mark;

use super::fold::is_unspaced;

/// One piece of a folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A whole word, or one letter of a script without spaces.
    Word(Word),
    /// `@user` or `@user@host`; `host` may be empty. Its parts are no words: a server's name does not name a brand.
    Account {
        /// Without `@`.
        user: String,
        /// Without `@`; may be empty.
        host: String,
    },
    /// A hashtag without `#`. The words in it follow as words.
    Tag(String),
    /// The host of a link. The words of the link follow as words.
    Host(String),
    /// What follows the host of a link, from `/` on; directly behind it.
    Path(String),
}

/// A word and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Letters, digits, `_` and the marks that make another letter.
    pub text: String,
    /// What parts it from the word before.
    pub gap: Gap,
    /// One letter of a script without spaces.
    pub unspaced: bool,
}

/// What stands between two words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Nothing: the script changes, or knows no spaces.
    None,
    /// White space, hyphens and dashes.
    Space,
    /// Other signs, without the white space around them; cut after a few.
    Sign(String),
}

/// Bytes kept of a path: enough for an account and a number.
const MAX_PATH: usize = 300;
/// Signs kept of a gap: enough for `&` and `://`, not for a line of stars.
const MAX_SIGNS: usize = 8;

impl Part {
    /// The word, if it is one.
    pub const fn word(&self) -> Option<&Word> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    /// The word, if it is one.
    pub fn into_word(self) -> Option<Word> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// Cuts a text that went through [`super::fold::fold`].
pub fn parts(folded: &str) -> Vec<Part> {
    let mut cutter = Cutter { rest: folded, parts: Vec::new(), gap: Gap::None };
    while cutter.step() {}
    cutter.parts
}

struct Cutter<'a> {
    rest: &'a str,
    parts: Vec<Part>,
    gap: Gap,
}

impl Cutter<'_> {
    /// Takes one piece from the front; `false` at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if !is_word(first) {
            self.sign(first);
            return true;
        }
        let whole = &self.rest[..end_of_word(self.rest)];
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        self.parts.push(Part::Word(Word { text: whole.to_owned(), gap, unspaced: is_unspaced(first) }));
        self.rest = &self.rest[whole.len()..];
        true
    }

    /// A sign between words: it widens the gap, and may begin an account, a tag or a link.
    fn sign(&mut self, first: char) {
        let inside_word = self.gap == Gap::None && self.parts.last().and_then(Part::word).is_some_and(|word| !word.unspaced);
        self.rest = &self.rest[first.len_utf8()..];
        self.widen(first);
        match first {
            // `mo@host.example` is an address and no account.
            '@' if !inside_word => self.account(),
            '#' if !inside_word => {
                let tag = run(self.rest, is_word);
                if !tag.is_empty() {
                    self.parts.push(Part::Tag(tag.to_owned()));
                }
            }
            '/' if matches!(&self.gap, Gap::Sign(signs) if signs.ends_with("://")) => {
                let host = run(self.rest, |c| is_word(c) || matches!(c, '.' | '-'));
                if !host.is_empty() {
                    self.parts.push(Part::Host(host.to_owned()));
                    self.path(&self.rest[host.len()..]);
                }
            }
            _ => {}
        }
    }

    fn path(&mut self, after_host: &str) {
        let from = after_host.strip_prefix(':').map_or(after_host, |port| port.trim_start_matches(|c: char| c.is_ascii_digit()));
        let path = run(from, |c| !c.is_whitespace());
        if path.len() > 1 && path.starts_with('/') {
            self.parts.push(Part::Path(path[..path.floor_char_boundary(MAX_PATH)].to_owned()));
        }
    }

    fn account(&mut self) {
        let user = run(self.rest, |c| (is_word(c) && !is_unspaced(c)) || matches!(c, '.' | '-')).trim_end_matches(['.', '-']);
        if user.is_empty() {
            return;
        }
        let after = &self.rest[user.len()..];
        let host =
            after.strip_prefix('@').map_or("", |host| run(host, |c| is_word(c) || matches!(c, '.' | '-')).trim_end_matches(['.', '-']));
        let taken = user.len() + if host.is_empty() { 0 } else { 1 + host.len() };
        self.parts.push(Part::Account { user: user.to_owned(), host: host.to_owned() });
        self.rest = &self.rest[taken..];
        self.gap = Gap::Sign("@".to_owned());
    }

    fn widen(&mut self, c: char) {
        let space =
            c.is_whitespace() || matches!(c, '-' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{30FB}' | '\u{B7}');
        match (&mut self.gap, space) {
            (Gap::None, true) => self.gap = Gap::Space,
            (Gap::None | Gap::Space, false) => self.gap = Gap::Sign(plain_sign(c).to_string()),
            (Gap::Sign(signs), false) if signs.chars().count() < MAX_SIGNS => signs.push(plain_sign(c)),
            _ => {}
        }
    }
}

/// The typewriter's form of a typeset sign.
const fn plain_sign(c: char) -> char {
    match c {
        '’' | '‘' | '\u{2BC}' | '´' | '`' => '\'',
        _ => c,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_combining_mark(c)
}

/// The word at the front: one letter with its marks in scripts without spaces, else up to a sign or such a letter.
fn end_of_word(text: &str) -> usize {
    let mut chars = text.char_indices();
    let unspaced = chars.next().is_some_and(|(_, c)| is_unspaced(c));
    let end = chars.find(|(_, c)| if is_combining_mark(*c) { false } else { unspaced || is_unspaced(*c) || !is_word(*c) });
    end.map_or(text.len(), |(at, _)| at)
}

fn run(text: &str, wanted: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |part: &Part| match part {
            Part::Word(word) => match &word.gap {
                Gap::None => word.text.clone(),
                Gap::Space => format!("_{}", word.text),
                Gap::Sign(signs) => format!("{signs}{}", word.text),
            },
            Part::Account { user, host } => format!("account {user} {host}"),
            Part::Tag(tag) => format!("tag {tag}"),
            Part::Host(host) => format!("host {host}"),
            Part::Path(path) => format!("path {path}"),
        };
        parts(text).iter().map(show).collect()
    }

    #[test]
    fn a_text_is_cut_into_words_with_what_parts_them() {
        assert_eq!(shown("at&t -  it's o’reilly"), ["at", "&t", "_it", "'s", "_o", "'reilly"]);
        assert_eq!(shown("東京acmeが"), ["東", "京", "acme", "が"]);
        assert_eq!(shown(""), Vec::<String>::new());
    }

    #[test]
    fn accounts_tags_and_hosts_are_told_apart_from_words() {
        assert_eq!(shown("hey @mo@ruby.example."), ["hey", "account mo ruby.example"]);
        assert_eq!(shown("(@acme-help)"), ["account acme-help "]);
        assert_eq!(shown("mail mo@acme.example"), ["mail", "_mo", "@acme", ".example"]);
        assert_eq!(shown("#acme_cloud c#"), ["tag acme_cloud", "#acme_cloud", "_c"]);
        assert_eq!(shown("https://acme.example/x"), ["https", "host acme.example", "path /x", "://acme", ".example", "/x"]);
    }
}
