//! What a message says, before a channel writes it: cleaned, bounded, with links.

use crate::domain::alert::{Message, Phase, Repeat, Urgency};
use crate::domain::time::Millis;

/// Alerts that are written out; the others are counted.
const MOST_PARTS: usize = 10;
/// Longest title, characters.
const TITLE: usize = 140;
/// Longest sentence, characters.
const SENTENCE: usize = 400;
const MOST_SENTENCES: usize = 8;
const MOST_FACTS: usize = 10;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Stable name of the message.
    pub name: String,
    /// What services that join messages join by.
    pub subject: String,
    /// The brand.
    pub brand: String,
    /// One line.
    pub title: String,
    /// How soon to look.
    pub urgency: Urgency,
    /// Began or ended.
    pub phase: Phase,
    /// When the first thing happened.
    pub at: Millis,
    /// The alerts.
    pub parts: Vec<Part>,
    /// Alerts beyond those that are written out, and a possible repeat; may be empty.
    pub note: String,
    /// Kind of the first alert.
    pub kind: &'static str,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What happened.
    pub title: String,
    /// When.
    pub at: Millis,
    /// Why, one sentence each.
    pub why: Vec<String>,
    /// Numbers with their names.
    pub facts: Vec<(String, String)>,
    /// The page that shows it.
    pub link: String,
}

impl Sheet {
    /// `base` is the address of the pages, without a slash at its end.
    pub fn new(message: &Message, base: &str) -> Self {
        let parts = message.alerts.iter().take(MOST_PARTS).map(|a| Part {
            title: line(&a.title, TITLE),
            at: a.at,
            why: a.why.iter().take(MOST_SENTENCES).map(|w| line(w, SENTENCE)).filter(|w| !w.is_empty()).collect(),
            facts: a.facts.iter().take(MOST_FACTS).map(|f| (line(&f.name, 60), line(&f.value, 120))).collect(),
            link: format!("{}{}", base.trim_end_matches('/'), a.path),
        });
        Self {
            name: message.name(),
            subject: line(&format!("ebb:{}", message.subject()), 200),
            brand: line(message.alerts.first().map_or("", |a| &a.brand_name), 80),
            title: line(&message.title(), TITLE),
            urgency: message.urgency(),
            phase: message.phase(),
            at: message.alerts.first().map_or(message.created_at, |a| a.at),
            note: note(message),
            kind: message.alerts.first().map_or("test", |a| a.kind.as_str()),
            parts: parts.collect(),
        }
    }

    /// `Acme Cloud: the title`.
    pub fn headline(&self) -> String {
        if self.brand.is_empty() { self.title.clone() } else { format!("{}: {}", self.brand, self.title) }
    }

    /// Where a click leads: the page of the newest alert.
    pub fn link(&self) -> &str {
        self.parts.last().map_or("", |p| &p.link)
    }

    /// Whether each part needs its own title.
    pub fn several(&self) -> &[Part] {
        if self.parts.len() > 1 { &self.parts } else { &[] }
    }
}

fn note(message: &Message) -> String {
    let mut notes = Vec::new();
    let more = message.alerts.len().saturating_sub(MOST_PARTS);
    if more > 0 {
        notes.push(format!("{more} more are on the page."));
    }
    if message.repeat == Repeat::Possible {
        notes.push(format!("This may be a repeat of {}: an earlier attempt broke off.", message.name()));
    }
    notes.join(" ")
}

/// One line of text: nothing that steers terminals, the direction of writing or the layout; at most `max` characters.
pub fn line(text: &str, max: usize) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let visible: String = text.chars().map(|c| if hidden(c) { ' ' } else { c }).take(max * 4).collect();
    let joined = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&joined, max)
}

/// At most `max` characters, the last one an ellipsis when something was left out.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_nothing_that_steers_the_reader() {
        assert_eq!(line("a\u{202e}b\n\tc\u{7}  d", 20), "a b c d");
        assert_eq!(line(&"é".repeat(50), 10), format!("{}…", "é".repeat(9)));
        assert_eq!(cut("ab cd", 4), "ab…");
    }
}
