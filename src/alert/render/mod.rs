//! How each kind of channel writes a message, by its vendor's contract. Text is never taken as markup there, and nobody is
//! called by it.

pub mod discord;
pub mod mattermost;
pub mod oncall;
pub mod slack;
pub mod teams;
pub mod webhook;

use crate::domain::alert::Urgency;

/// A 24-bit colour: red, amber, blue.
const fn colour(urgency: Urgency) -> u32 {
    match urgency {
        Urgency::Critical => 0x00b4_232a,
        Urgency::Warning => 0x00b7_7900,
        Urgency::Info => 0x0035_6fb5,
    }
}

/// Markdown as Discord and Mattermost read it, made plain: each sign that could begin a format is escaped, and `@` is kept
/// apart from the word behind it, so that it calls nobody.
fn plain_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '[' | ']' | '(' | ')' | '!' | '-' | '+' | ':' => {
                out.push('\\');
                out.push(c);
            }
            '@' => out.push_str("@\u{200b}"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_made_plain_and_calls_nobody() {
        assert_eq!(
            plain_markdown("**x** [a](http://b) @everyone <@1>"),
            "\\*\\*x\\*\\* \\[a\\]\\(http\\://b\\) @\u{200b}everyone \\<@\u{200b}1\\>"
        );
    }
}
