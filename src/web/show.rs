//! Numbers, times and durations as pages show them.

use std::fmt;

use askama::filters::HtmlSafe;
use unicode_normalization::char::is_combining_mark;

use crate::domain::language::UNDETERMINED;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const MINUTE_MS: i64 = 60_000;

/// A time as HTML: short and relative, with the exact one on hover and for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    at: Millis,
    now: Millis,
}

impl When {
    /// `at` as seen from `now`.
    pub const fn new(at: Millis, now: Millis) -> Self {
        Self { at, now }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time datetime="{}" title="{}">{}</time>"#, self.at, exact(self.at), relative(self.at, self.now))
    }
}

// Digits, letters and punctuation of our own only.
impl HtmlSafe for When {}

/// A time as HTML, written out: day and minute. The script of the pages turns it into the reader's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Millis);

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time class="exact" datetime="{0}" title="{1}">{1}</time>"#, self.0, exact(self.0))
    }
}

impl HtmlSafe for Exact {}

/// Such as `20 Nov 2026, 09:10 UTC`.
pub fn exact(at: Millis) -> String {
    at.to_datetime().format("%-d %b %Y, %H:%M UTC").to_string()
}

/// Such as `Fri 20 Nov 09:00`, for charts, whose axis says that they are in UTC.
pub fn hour_label(at: Millis) -> String {
    at.to_datetime().format("%a %-d %b %H:%M").to_string()
}

/// Such as `3 min ago`, `in 2 h`, `just now`.
pub fn relative(at: Millis, now: Millis) -> String {
    let passed = now.since(at);
    match passed {
        -999..=9_999 => "just now".to_owned(),
        10_000.. => format!("{} ago", coarse(passed)),
        _ => format!("in {}", coarse(-passed)),
    }
}

/// One unit: `40 s`, `12 min`, `5 h`, `3 d`.
fn coarse(ms: i64) -> String {
    match ms {
        ..MINUTE_MS => format!("{} s", ms / 1000),
        MINUTE_MS..HOUR_MS => format!("{} min", ms / MINUTE_MS),
        HOUR_MS..172_800_000 => format!("{} h", ms / HOUR_MS),
        _ => format!("{} d", count(ms / DAY_MS)),
    }
}

/// Two units at most: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
pub fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        ..MINUTE_MS => format!("{} s", ms / 1000),
        MINUTE_MS..HOUR_MS => format!("{} min", ms / MINUTE_MS),
        HOUR_MS..172_800_000 => pair(ms / HOUR_MS, "h", ms % HOUR_MS / MINUTE_MS, "min"),
        _ => pair(ms / DAY_MS, "d", ms % DAY_MS / HOUR_MS, "h"),
    }
}

/// Hours only, so that two of them can be compared: `31 h`; minutes below one.
pub fn hours(ms: i64) -> String {
    if ms < HOUR_MS { duration(ms) } else { format!("{} h", count(ms / HOUR_MS)) }
}

fn pair(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// Whole number with thousands separators: `12,345`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 person`, `12,345 people`.
pub fn plural(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// One decimal below ten, none above: `2.3`, `14`, `0`.
pub fn decimal(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "rounded counts of people; the cast saturates")]
    let whole = value.round() as i64;
    let text = format!("{value:.1}");
    if value.abs() >= 9.95 || text.ends_with(".0") { count(whole) } else { text }
}

/// `87 %` of a share 0..=1.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0))
}

/// A name or title on one line: line breaks and runs of spaces become one space, and characters that
/// turn the direction of what follows are dropped. At most `max` characters.
pub fn one_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut left = max;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if left == 0 {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        let word = tame(word);
        let taken: String = word.chars().take(left).collect();
        left -= taken.chars().count();
        out.push_str(&taken);
        if taken.len() < word.len() {
            out.push('…');
            break;
        }
    }
    out
}

/// Without what turns the direction of the text after it, and with two marks on a letter at most: more are
/// stacked over the lines around.
fn tame(word: &str) -> String {
    let mut marks = 0;
    let fine = |c: &char| {
        marks = if is_combining_mark(*c) { marks + 1 } else { 0 };
        marks <= 2 && !turns_direction(*c)
    };
    word.chars().filter(fine).collect()
}

/// The first letter of a name, for the disc beside it.
pub fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "·".to_owned(), |c| c.to_uppercase().collect())
}

const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// Platform names as their people write them.
pub fn platform(word: &str) -> String {
    match word {
        "mastodon" => "Mastodon".to_owned(),
        "hackernews" => "Hacker News".to_owned(),
        "wordpress" => "WordPress".to_owned(),
        "feed" | "rss" => "Feed".to_owned(),
        "import" => "Import".to_owned(),
        "reddit" => "Reddit".to_owned(),
        "bluesky" => "Bluesky".to_owned(),
        "appstore" => "App Store".to_owned(),
        "github" => "GitHub".to_owned(),
        "googlebusiness" => "Google Business Profile".to_owned(),
        "googleplay" => "Google Play".to_owned(),
        "linkedin" => "LinkedIn".to_owned(),
        "stackexchange" => "Stack Exchange".to_owned(),
        "youtube" => "YouTube".to_owned(),
        other => {
            let mut chars = other.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    }
}

/// Names of the languages that are seen most; the code otherwise.
pub fn language(code: &str) -> &str {
    match code {
        "en" => "English",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "pt" => "Portuguese",
        "it" => "Italian",
        "nl" => "Dutch",
        "pl" => "Polish",
        "sv" => "Swedish",
        "da" => "Danish",
        "nb" | "no" => "Norwegian",
        "cs" => "Czech",
        "ro" => "Romanian",
        "fi" => "Finnish",
        "hu" => "Hungarian",
        "el" => "Greek",
        "ja" => "Japanese",
        "ar" => "Arabic",
        "tr" => "Turkish",
        "ru" => "Russian",
        "uk" => "Ukrainian",
        "hi" => "Hindi",
        "zh" => "Chinese",
        UNDETERMINED => "unknown language",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(duration(59_999), "59 s");
        assert_eq!(duration(12 * MINUTE_MS + 3), "12 min");
        assert_eq!(duration(3 * HOUR_MS + 20 * MINUTE_MS), "3 h 20 min");
        assert_eq!(duration(2 * DAY_MS + 4 * HOUR_MS), "2 d 4 h");
        assert_eq!(duration(-5), "0 s");
    }

    #[test]
    fn times_are_relative_in_both_directions() {
        let now = Millis::new(10 * DAY_MS);
        assert_eq!(relative(now.plus(-3 * MINUTE_MS), now), "3 min ago");
        assert_eq!(relative(now.plus(2 * HOUR_MS), now), "in 2 h");
        assert_eq!(relative(now, now), "just now");
        assert_eq!(relative(Millis::new(0), now), "10 d ago");
    }

    #[test]
    fn numbers_have_separators_and_no_needless_decimals() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(-1_000), "−1,000");
        assert_eq!(count(999), "999");
        assert_eq!(decimal(2.34), "2.3");
        assert_eq!(decimal(14.4), "14");
        assert_eq!(decimal(2.0), "2");
        assert_eq!(plural(1, "person", "people"), "1 person");
    }

    #[test]
    fn a_hostile_name_stays_on_one_short_line() {
        assert_eq!(one_line("a\nb\u{202E}c\t d", 20), "a bc d");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("abc def", 3), "abc…");
        assert_eq!(one_line("Z\u{335}\u{321}\u{322}\u{31b}\u{317}algo", 20), "Z\u{335}\u{321}algo");
    }
}
