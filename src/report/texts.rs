//! The words of a report in the reader's language, from catalogues: one file a language.

use fluent::{FluentArgs, FluentBundle, FluentError, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

// `CATALOGUES`: ISO 639-1 code and catalogue of each file in `texts/`, English first. A further language is a file there.
include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

/// A language that reports are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lang(&'static str);

/// A language without a catalogue.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there are no texts in `{0}`; known: {known}", known = Lang::all().map(Lang::code).collect::<Vec<_>>().join(", "))]
pub struct UnknownLang(String);

impl Lang {
    /// The language of the pages, and of the texts that the store keeps.
    pub const ENGLISH: Self = Self("en");

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUES.iter().map(|(code, _)| Self(code))
    }

    /// ISO 639-1.
    pub const fn code(self) -> &'static str {
        self.0
    }
}

impl std::str::FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(code: &str) -> Result<Self, UnknownLang> {
        Self::all().find(|l| l.0 == code).ok_or_else(|| UnknownLang(code.chars().take(20).collect()))
    }
}

/// The texts of one language.
pub struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Texts").field(&self.lang).finish()
    }
}

/// A value in a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Decides between forms.
    Number(i64),
    /// Stands in the text.
    Text(String),
}

impl From<i64> for Arg {
    fn from(n: i64) -> Self {
        Self::Number(n)
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Texts {
    /// The texts of a language.
    pub fn new(lang: Lang) -> Self {
        let source = CATALOGUES.iter().find(|(code, _)| *code == lang.0).map_or("", |(_, text)| text);
        Self::of(lang, source)
    }

    /// The texts of a catalogue.
    pub(super) fn of(lang: Lang, source: &str) -> Self {
        // A test reads every catalogue: what could not be read is left out here.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(read, _)| read);
        let id: LanguageIdentifier = lang.0.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![id]);
        // Marks around names would show as boxes in fonts that lack them; names are tamed before they get here.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self { lang, bundle }
    }

    /// Which language.
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without values.
    pub fn get(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with values. A missing one shows its key: a test finds it before a reader does.
    pub fn with(&self, key: &str, values: &[(&str, Arg)]) -> String {
        self.format(key, None, values).map_or_else(|| key.to_owned(), |(text, _)| text)
    }

    /// A text with all its values; `None` when one is missing, or the text.
    pub fn whole(&self, key: &str, values: &[(&str, Arg)]) -> Option<String> {
        let (text, missing) = self.format(key, None, values)?;
        missing.is_empty().then_some(text)
    }

    /// What a text has beside it under a name.
    pub fn beside(&self, key: &str, name: &str) -> Option<String> {
        self.format(key, Some(name), &[]).map(|(text, _)| text)
    }

    /// A text, or what stands beside it, and what was missing for it.
    fn format(&self, key: &str, beside: Option<&str>, values: &[(&str, Arg)]) -> Option<(String, Vec<FluentError>)> {
        let message = self.bundle.get_message(key)?;
        let pattern = match beside {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            let value: FluentValue<'_> = match value {
                Arg::Number(n) => FluentValue::from(*n),
                Arg::Text(text) => FluentValue::from(text.as_str()),
            };
            args.set(*name, value);
        }
        let mut missing = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut missing).into_owned();
        Some((text, missing))
    }

    /// A text about a number of things: `$n` chooses the form, `$shown` is written.
    pub fn count(&self, key: &str, n: i64) -> String {
        self.with(key, &[("n", n.into()), ("shown", self.number(n).into())])
    }

    /// A whole number with its groups: `12,345`, `12.345`.
    pub fn number(&self, n: i64) -> String {
        let digits = n.unsigned_abs().to_string();
        let group = self.get("number-group");
        let mut out = if n < 0 { "−".to_owned() } else { String::new() };
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push_str(&group);
            }
            out.push(digit);
        }
        out
    }

    /// One decimal: `2.3`, `2,3`.
    pub fn decimal(&self, value: f64) -> String {
        let text = format!("{:.1}", value.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, "0"));
        let sign = if value < 0.0 && text != "0.0" { "−" } else { "" };
        format!("{sign}{}{}{rest}", self.number(whole.parse().unwrap_or(i64::MAX)), self.get("number-point"))
    }

    /// A rate or a ratio: one decimal, none from 20 on.
    pub fn rate(&self, value: f64) -> String {
        if value < 20.0 { self.decimal(value) } else { self.whole_number(value) }
    }

    /// Without its decimals.
    #[expect(clippy::cast_possible_truncation, reason = "rounded; what does not fit is cut to the largest number")]
    pub fn whole_number(&self, value: f64) -> String {
        self.number(value.round_ties_even() as i64)
    }

    /// Two decimals, for severities between 0 and 1.
    pub fn fine(&self, value: f64) -> String {
        format!("{value:.2}").replace('.', &self.get("number-point"))
    }

    /// A share 0..=1: `87 %`.
    pub fn percent(&self, share: f64) -> String {
        self.with("number-percent", &[("n", format!("{:.0}", (share * 100.0).clamp(0.0, 100.0)).into())])
    }

    /// `20 November 2026`.
    pub fn date(&self, at: Millis) -> String {
        self.day("date", at)
    }

    /// `20 Nov`.
    pub fn date_short(&self, at: Millis) -> String {
        self.day("date-short", at)
    }

    fn day(&self, key: &str, at: Millis) -> String {
        let date = at.to_datetime();
        let month = date.format("%-m").to_string();
        self.with(
            key,
            &[
                ("day", date.format("%-d").to_string().into()),
                ("month", self.get(&format!("month-{month}")).into()),
                ("month-short", self.get(&format!("month-short-{month}")).into()),
                ("year", date.format("%Y").to_string().into()),
            ],
        )
    }

    /// `20 November 2026, 09:10 UTC`.
    pub fn date_time(&self, at: Millis) -> String {
        self.with("date-time", &[("date", self.date(at).into()), ("time", at.to_datetime().format("%H:%M").to_string().into())])
    }

    /// A moment within a sentence: `09:10 UTC on 19 Nov`.
    pub fn moment(&self, at: Millis) -> String {
        let time = at.to_datetime().format("%H:%M").to_string();
        self.with("moment", &[("time", time.into()), ("date", self.date_short(at).into())])
    }

    /// A length of time in whole hours, from four days on in days: `72 h`, `5 days 3 h`.
    pub fn lasting(&self, ms: i64) -> String {
        let hours = ms.max(0) / HOUR_MS;
        if ms > 4 * DAY_MS {
            let (days, hours) = (self.number(hours / 24), self.number(hours % 24));
            self.with("lasting-days", &[("days", days.into()), ("hours", hours.into())])
        } else {
            self.with("lasting-hours", &[("hours", self.number(hours).into())])
        }
    }

    /// The label of a tick: the hour, or the day at midnight.
    pub fn tick(&self, at: Millis) -> String {
        if at.get().rem_euclid(DAY_MS) == 0 { self.date_short(at) } else { at.to_datetime().format("%H:%M").to_string() }
    }

    /// Two units at most: `12 min`, `3 h 20 min`, `2 days 4 h`.
    pub fn duration(&self, ms: i64) -> String {
        let ms = ms.max(0);
        let (days, hours, minutes) = (ms / DAY_MS, ms / HOUR_MS, ms / 60_000);
        let parts = match (hours, days) {
            (0, _) => vec![("unit-minutes", minutes)],
            (1..48, _) => vec![("unit-hours", hours), ("unit-minutes", minutes % 60)],
            _ => vec![("unit-days", days), ("unit-hours", hours % 24)],
        };
        let shown = parts.iter().enumerate().filter(|(i, (_, n))| *i == 0 || *n > 0);
        shown.map(|(_, (key, n))| self.count(key, *n)).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(source: &str) -> BTreeSet<&str> {
        let key = |line: &'static str| line.split_once(" =").map(|(key, _)| key);
        let source: &'static str = CATALOGUES.iter().find(|(_, text)| *text == source).map_or("", |(_, text)| text);
        source.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase())).filter_map(key).collect()
    }

    #[test]
    fn every_catalogue_is_read_without_a_complaint_and_has_the_same_keys() {
        let english: BTreeSet<_> = keys(CATALOGUES[0].1);
        assert!(english.len() > 150, "{}", english.len());
        for (code, source) in CATALOGUES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{code}");
            let here: BTreeSet<_> = keys(source);
            assert_eq!(here, english, "{code}");
        }
    }

    #[test]
    fn every_key_that_the_code_names_is_in_the_catalogue() {
        let english = keys(CATALOGUES[0].1);
        let code = [
            include_str!("document/mod.rs"),
            include_str!("document/first_page.rs"),
            include_str!("document/sections.rs"),
            include_str!("document/closing.rs"),
            include_str!("charts.rs"),
            include_str!("xlsx.rs"),
        ];
        let mut asked = 0;
        for text in code {
            for call in [".get(\"", ".with(\"", ".count(\"", "cell(\""] {
                for (at, _) in text.match_indices(call) {
                    let key = text[at + call.len()..].split('"').next().unwrap_or_default();
                    assert!(english.contains(key), "no text for `{key}`");
                    asked += 1;
                }
            }
        }
        assert!(asked > 80, "{asked}");
    }

    #[test]
    fn numbers_and_dates_are_written_as_the_language_writes_them() {
        let (en, it) = (Texts::new("en".parse().expect("English")), Texts::new("it".parse().expect("Italian")));
        let at = Millis::parse_rfc3339("2026-11-20T09:10:00Z").expect("a time");
        assert_eq!(en.number(1_234_567), "1,234,567");
        assert_eq!(it.number(-1_234), "−1.234");
        assert_eq!(en.decimal(1234.56), "1,234.6");
        assert_eq!(it.decimal(2.34), "2,3");
        assert_eq!(en.date_time(at), "20 November 2026, 09:10 UTC");
        assert_eq!(it.date_time(at), "20 novembre 2026, ore 09:10 UTC");
        assert_eq!(it.duration(2 * DAY_MS + 4 * HOUR_MS), "2 giorni 4 h");
        assert_eq!(en.duration(HOUR_MS + 20 * 60_000), "1 h 20 min");
        assert_eq!(it.count("people-count", 1), "1 persona");
        assert!("de".parse::<Lang>().is_err());
    }
}
