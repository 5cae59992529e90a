//! Brings a text from outside into the form that the models were trained on.
//!
//! Links become `http`, account names `@user`, runs of white space (Unicode `White_Space`) one space; nothing else is
//! changed, because the training script (`models/train/textprep.py`) does exactly this and no more. Tokenizers drop
//! control, zero-width and bidirectional marks by themselves.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Bytes of a text that are read. The model looks at the first hundred tokens or so; what stands after this much text
/// cannot change its score, so a text of a megabyte costs no more than one of 8 KiB.
pub const MAX_BYTES: usize = 8 * 1024;

const LINK: &str = "http";
const ACCOUNT: &str = "@user";

/// Emoticons are made of punctuation, yet say more than many words.
const EMOTICONS: &[&str] =
    &[":)", ":(", ":-)", ":-(", ":/", ":'(", ";)", ";-)", "=)", "=(", "<3", ":|", ">:(", "(:", "):", "^^", "^_^", "-_-"];

static LINKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"https?://\S+"));
static ACCOUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"@[A-Za-z0-9_]+(?:@[A-Za-z0-9_.-]+)?"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern that a test compiles")
}

/// A text, ready for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// There is something to read.
    Text(String),
    /// No letter, no emoji, no emoticon is left when links and account names are set aside: such a text is neutral by
    /// definition, and no model is asked.
    Nothing,
}

/// Prepares one text. Linear in the length of the text, up to [`MAX_BYTES`].
pub fn prepare(text: &str) -> Prepared {
    let text = text.trim_start();
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let text = if text.contains("://") { LINKS.replace_all(text, LINK) } else { Cow::Borrowed(text) };
    let text = if text.contains('@') { ACCOUNTS.replace_all(&text, ACCOUNT) } else { text };
    let text = one_line(&text);
    if text.split(' ').any(says_something) { Prepared::Text(text) } else { Prepared::Nothing }
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

fn says_something(word: &str) -> bool {
    word != LINK && word != ACCOUNT && (word.chars().any(|c| c.is_alphabetic() || is_pictograph(c)) || EMOTICONS.contains(&word))
}

/// Emoji and the older symbols that are used like them.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        match prepare(raw) {
            Prepared::Text(text) => text,
            Prepared::Nothing => panic!("something to read in {raw:?}"),
        }
    }

    #[test]
    fn links_and_account_names_are_masked_and_white_space_is_one_space() {
        assert_eq!(text("  @acme_help my\n\tshop  is down https://status.acme.example/a?b=c#d now "), "@user my shop is down http now");
        assert_eq!(text("thanks @ana@social.example!"), "thanks @user!");
        assert_eq!(text("mail me at joe@acme.example"), "mail me at joe@user.example");
        assert_eq!(text("odd\u{85}separators\u{a0}here\u{3000}too"), "odd separators here too");
    }

    #[test]
    fn a_text_without_letters_emoji_or_emoticons_says_nothing() {
        for raw in
            ["", " \n\t ", "https://acme.example", "@acme @bob@x.example", "12345 ... !!!", "\u{200b}\u{202e}\u{200d}", "\0\u{1}\u{7f}"]
        {
            assert_eq!(prepare(raw), Prepared::Nothing, "{raw:?}");
        }
        for raw in ["😡😡😡", ":(", "☹", "ok", "我很生气", "\u{202e}ylgu", "<3"] {
            assert!(matches!(prepare(raw), Prepared::Text(_)), "{raw:?}");
        }
    }

    #[test]
    fn a_megabyte_is_cut_between_characters() {
        let raw = format!("{}{}", " ".repeat(100_000), "größer ".repeat(150_000));
        let line = text(&raw);
        assert!(line.len() <= MAX_BYTES && line.len() > MAX_BYTES - 16, "{}", line.len());
        assert!(line.starts_with("größer größer"));
        assert!(text(&"é".repeat(1_000_000)).chars().all(|c| c == 'é'));
    }

    #[test]
    fn preparing_twice_changes_nothing() {
        for raw in ["@a hi https://x.example ok", "a  b", "@a@b.c d"] {
            let once = text(raw);
            assert_eq!(text(&once), once);
        }
    }
}
