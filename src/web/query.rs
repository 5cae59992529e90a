//! What a person looks for among the mentions: read from the address, written back to it.

use serde::Deserialize;

use crate::domain::ids::{AuthorId, MentionId, SourceId, ThemeId};
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

use super::layout::Scope;
use super::link::Link;

/// Longest search text, characters.
const MAX_SEARCH: usize = 200;

/// The query of the mentions page, as it came. Values that make no sense are taken as not given:
/// an old bookmark shows too much rather than an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct MentionQuery {
    /// Words in the text.
    pub q: String,
    /// A label, or `unscored`.
    pub label: String,
    /// `1h`, `24h`, `7d`, `30d`; all time otherwise.
    pub since: String,
    /// RFC 3339: written then or later. With `until`, in the place of `since`.
    pub from: String,
    /// RFC 3339: written before.
    pub until: String,
    /// Source id.
    pub source: String,
    /// Platform.
    pub platform: String,
    /// Language.
    pub lang: String,
    /// `show` or `only`; hidden otherwise.
    pub copies: String,
    /// `very`: only very unhappy ones.
    pub severity: String,
    /// `1`: those of another brand, which are hidden otherwise; `audit`: of those that the filter hides, the drawn ones.
    pub hidden: String,
    /// Author id.
    pub author: String,
    /// Theme id.
    pub theme: String,
    /// Older than this cursor.
    pub before: String,
    /// Newer than this cursor.
    pub after: String,
}

/// Which labels are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// One label.
    Label(Label),
    /// Those that wait for the model.
    Unscored,
}

/// A place in the list: between pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the mention was written.
    pub created_at: Millis,
    /// Its row id.
    pub id: MentionId,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.created_at.get(), self.id)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        let (at, id) = s.split_once('-').ok_or(())?;
        let created_at = Millis::from_untrusted(at.parse().map_err(|_| ())?).ok_or(())?;
        Ok(Self { created_at, id: id.parse().map_err(|_| ())? })
    }
}

/// Spans that can be chosen: word in the address, words on the page, milliseconds.
pub const SINCE: [(&str, &str, i64); 4] = [
    ("1h", "last hour", HOUR_MS),
    ("24h", "last 24 hours", DAY_MS),
    ("7d", "last 7 days", 7 * DAY_MS),
    ("30d", "last 30 days", 30 * DAY_MS),
];

impl MentionQuery {
    /// Reads a query string, as forms send it back in a hidden field.
    pub fn parse(query: &str) -> Self {
        let mut out = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "q" => &mut out.q,
                "label" => &mut out.label,
                "since" => &mut out.since,
                "from" => &mut out.from,
                "until" => &mut out.until,
                "source" => &mut out.source,
                "platform" => &mut out.platform,
                "lang" => &mut out.lang,
                "copies" => &mut out.copies,
                "severity" => &mut out.severity,
                "hidden" => &mut out.hidden,
                "author" => &mut out.author,
                "theme" => &mut out.theme,
                "before" => &mut out.before,
                "after" => &mut out.after,
                _ => continue,
            };
            *field = value.into_owned();
        }
        out.tidy()
    }

    /// Drops what makes no sense, so that what is left can be shown and written back.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.q = self.q.trim().chars().filter(|c| !c.is_control()).take(MAX_SEARCH).collect();
        let word = |s: &str| s.len() <= 32 && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        keep(&mut self.label, |s| s == "unscored" || s.parse::<Label>().is_ok());
        keep(&mut self.since, |s| SINCE.iter().any(|(w, ..)| *w == s));
        keep(&mut self.from, |s| Millis::parse_rfc3339(s).is_some());
        keep(&mut self.until, |s| Millis::parse_rfc3339(s).is_some());
        keep(&mut self.source, |s| s.parse::<SourceId>().is_ok());
        keep(&mut self.platform, word);
        keep(&mut self.lang, word);
        keep(&mut self.copies, |s| matches!(s, "show" | "only"));
        keep(&mut self.severity, |s| s == "very");
        keep(&mut self.hidden, |s| matches!(s, "1" | "audit"));
        keep(&mut self.author, |s| s.parse::<AuthorId>().is_ok());
        keep(&mut self.theme, |s| s.parse::<ThemeId>().is_ok());
        keep(&mut self.before, |s| s.parse::<Place>().is_ok());
        keep(&mut self.after, |s| s.parse::<Place>().is_ok());
        self
    }

    /// Its address under `path`; the place in the list is kept.
    pub fn link(&self, scope: &Scope, path: &'static str) -> Link {
        scope
            .link(path)
            .with("q", &self.q)
            .with("label", &self.label)
            .with("since", &self.since)
            .with("from", &self.from)
            .with("until", &self.until)
            .with("source", &self.source)
            .with("platform", &self.platform)
            .with("lang", &self.lang)
            .with("copies", &self.copies)
            .with("severity", &self.severity)
            .with("hidden", &self.hidden)
            .with("author", &self.author)
            .with("theme", &self.theme)
            .with("before", &self.before)
            .with("after", &self.after)
    }

    /// The same search from its newest mention on.
    #[must_use]
    pub fn from_newest(&self) -> Self {
        Self { before: String::new(), after: String::new(), ..self.clone() }
    }

    /// Whether anything narrows the list.
    pub fn narrowed(&self) -> bool {
        self.from_newest() != Self::default()
    }

    /// The wanted label.
    pub fn wanted(&self) -> Option<Wanted> {
        if self.label == "unscored" { Some(Wanted::Unscored) } else { self.label.parse().ok().map(Wanted::Label) }
    }

    /// The oldest time wanted.
    pub fn from(&self, now: Millis) -> Option<Millis> {
        SINCE.iter().find(|(w, ..)| *w == self.since).map(|(.., ms)| now.plus(-ms))
    }

    /// The time wanted; `None`: all of it.
    pub fn span(&self, now: Millis) -> Option<Span> {
        let exact = (Millis::parse_rfc3339(&self.from), Millis::parse_rfc3339(&self.until));
        match exact {
            (None, None) => self.from(now).and_then(|from| Span::new(from, now.plus(1))),
            (from, until) => {
                let from = from.unwrap_or_default();
                Some(Span::new(from, until.unwrap_or(now.plus(1))).unwrap_or(Span::empty(from)))
            }
        }
    }
}

fn keep(value: &mut String, is_fine: impl Fn(&str) -> bool) {
    if !is_fine(value) {
        value.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing;

    #[test]
    fn a_search_comes_back_from_its_own_address() {
        let query = "q=can%27t+log+in+%26+%22why%22&label=negative&since=24h&from=2026-11-01T00%3A00%3A00Z&until=2026-11-02T00%3A00%3A00Z&source=7&platform=mastodon&lang=de&copies=only&severity=very&hidden=1&author=12&before=1763596800000-99";
        let read = MentionQuery::parse(query);
        assert_eq!(read.q, "can't log in & \"why\"");
        let link = read.link(&testing::scope(), "/mentions").to_string();
        let (_, written) = link.split_once('?').expect("a query");
        assert_eq!(MentionQuery::parse(written), read);
    }

    #[test]
    fn nonsense_is_taken_as_not_given() {
        let read = MentionQuery::parse(
            "label=furious&since=9y&source=x&platform=a%20b&copies=maybe&before=1-&after=-5-3&severity=1&hidden=2&unknown=1",
        );
        assert_eq!(read, MentionQuery::default());
        assert!(!read.narrowed());
    }
}
