//! Sources: can I trust the picture?

use std::collections::BTreeMap;

use askama::Template;

use crate::assess::quiet::Hush;
use crate::domain::budget::{MICROS, Spending};
use crate::domain::ids::SourceId;
use crate::domain::source::{HourCoverage, SourceHealth, SourceKind};
use crate::domain::time::{Millis, Span};
use crate::web::chart::coverage::CoverageStrip;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, When};

/// How a source does, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// Answers.
    Fine,
    /// Was not asked yet.
    Waiting,
    /// The last polls failed.
    Failing,
    /// Nothing was heard for much longer than it should take.
    Silent,
    /// Filled by hand: never polled.
    Import,
    /// Taken out of the configuration.
    Off,
}

/// A state with its icon: never colour alone.
#[derive(Debug, Clone, Copy)]
pub struct StateView {
    /// Style class.
    pub class: &'static str,
    /// One character.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
}

impl SourceState {
    /// Judges a source at `now`. It is silent when the last success is six intervals and an hour ago.
    pub fn of(source: &SourceHealth, now: Millis) -> Self {
        match source.last_success_at {
            _ if source.spec.kind == SourceKind::Import => Self::Import,
            _ if !source.enabled => Self::Off,
            Some(_) if source.silent_since(now).is_some() => Self::Silent,
            _ if source.failures > 0 => Self::Failing,
            Some(_) => Self::Fine,
            None => Self::Waiting,
        }
    }

    /// Needs somebody's eyes.
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Failing | Self::Silent)
    }

    /// Icon and word.
    pub const fn view(self) -> StateView {
        let (class, icon, word) = match self {
            Self::Fine => ("fine", "✓", "Fine"),
            Self::Waiting => ("waiting", "○", "Waiting for its first poll"),
            Self::Failing => ("failing", "✕", "Failing"),
            Self::Silent => ("silent", "!", "Silent"),
            Self::Import => ("import", "↧", "Imported"),
            Self::Off => ("off", "–", "Switched off"),
        };
        StateView { class, icon, word }
    }

    /// What is wrong, and since when.
    pub fn words(self, source: &SourceHealth, now: Millis) -> String {
        let error = source.last_error.as_deref().map(|e| super::sentence(&show::one_line(e, 400))).unwrap_or_default();
        let times = show::plural(source.failures, "poll in a row has", "polls in a row have");
        match self {
            Self::Failing => format!("{times} failed: {error}"),
            Self::Silent => {
                let since = source.last_success_at.map_or_else(|| "ever".to_owned(), show::exact);
                let next = source.next_poll_at.map_or_else(String::new, |at| format!(" It is asked again {}.", show::relative(at, now)));
                format!("Nothing heard since {since}; what was said there since is unknown. {error}{next}")
            }
            _ => String::new(),
        }
    }
}

/// When a source is asked next.
#[derive(Debug)]
enum NextPoll {
    /// Not at all.
    Never,
    /// As soon as a poller is free.
    Due,
    /// Then.
    At(When),
}

impl NextPoll {
    fn of(source: &SourceHealth, state: SourceState, now: Millis) -> Self {
        match source.next_poll_at {
            _ if matches!(state, SourceState::Off | SourceState::Import) => Self::Never,
            None => Self::Never,
            Some(at) if at <= now => Self::Due,
            Some(at) => Self::At(When::new(at, now)),
        }
    }
}

/// One source.
#[derive(Debug)]
struct SourceView {
    name: String,
    state: StateView,
    kind: String,
    target: String,
    trouble: String,
    quiet: String,
    last_success: Option<When>,
    next_poll: NextPoll,
    newest_post: Option<When>,
    mentions: String,
    mentions_href: Link,
    strip: CoverageStrip,
    id: SourceId,
    source_kind: SourceKind,
    /// What it cost today; empty when nobody counts.
    cost: String,
    /// How it is read while a budget nears its end; empty while it is read in full.
    saving: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "sources.html", config = "src/web/askama.toml")]
pub struct SourcesPage {
    layout: Layout,
    headline: String,
    sources: Vec<SourceView>,
}

impl SourcesPage {
    /// `coverage` holds the hours of `span` of all sources.
    /// `quiet` names those that answer and bring suspiciously nothing.
    pub fn new(
        scope: &Scope,
        sources: &[SourceHealth],
        (coverage, quiet): (&[HourCoverage], &BTreeMap<SourceId, Hush>),
        span: Span,
    ) -> Self {
        let mut ordered: Vec<&SourceHealth> = sources.iter().collect();
        // What needs eyes first; the order of the configuration otherwise.
        ordered.sort_by_key(|s| match SourceState::of(s, scope.now) {
            SourceState::Failing | SourceState::Silent => 0,
            SourceState::Waiting => 1,
            SourceState::Fine => 2,
            SourceState::Import => 3,
            SourceState::Off => 4,
        });
        Self {
            layout: scope.layout("Sources", Place::Sources, Live::Swap),
            headline: format!("{}{}", headline(sources, scope.now), quiet_words(sources, quiet)),
            sources: ordered
                .into_iter()
                .map(|s| SourceView { quiet: quiet.get(&s.id).map(quiet_sentence).unwrap_or_default(), ..view(s, coverage, span, scope) })
                .collect(),
        }
    }
}

/// What to add to the answer when sources are suspiciously quiet.
fn quiet_words(sources: &[SourceHealth], quiet: &BTreeMap<SourceId, Hush>) -> String {
    let names: Vec<String> = sources.iter().filter(|s| quiet.contains_key(&s.id)).map(|s| show::one_line(&s.spec.name, 40)).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!(" But {one} is suspiciously quiet."),
        [first, rest @ ..] => format!(" But {first} and {} more are suspiciously quiet.", rest.len()),
    }
}

fn quiet_sentence(quiet: &Hush) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "mentions of three weeks at most")]
    let expected = show::count(quiet.expected.round() as i64);
    format!(
        "Suspiciously quiet since {}: it answers, but about {expected} mentions would be usual by now, and none came. By its own \
         history that happens by chance in fewer than one of 10,000 such times. Look whether its search, address or token still fits.",
        show::exact(quiet.since)
    )
}

impl SourcesPage {
    /// With what the sources cost today, and which of them save.
    #[must_use]
    pub fn with_spending(mut self, spending: &[Spending]) -> Self {
        for view in &mut self.sources {
            let Some(spending) = spending.iter().find(|s| s.source == view.id) else { continue };
            let requests = show::plural(spending.spent.requests, "request", "requests");
            view.cost = match spending.spent.micros {
                0 => requests,
                micros => format!("{:.2} USD, {requests}", micros as f64 / MICROS as f64),
            };
            let since = spending.since.map_or_else(|| "today".to_owned(), show::exact);
            view.saving = spending.declared(view.source_kind, &since);
        }
        self
    }
}

/// The answer in one sentence.
fn headline(sources: &[SourceHealth], now: Millis) -> String {
    let live: Vec<(&SourceHealth, SourceState)> = sources
        .iter()
        .map(|s| (s, SourceState::of(s, now)))
        .filter(|(_, s)| !matches!(s, SourceState::Off | SourceState::Import))
        .collect();
    let troubled: Vec<&str> = live.iter().filter(|(_, s)| s.is_trouble()).map(|(s, _)| s.spec.name.as_str()).collect();
    let waiting = live.iter().filter(|(_, s)| *s == SourceState::Waiting).count();
    let name = |n: &&str| show::one_line(n, 40);
    match (live.len(), troubled.as_slice(), waiting) {
        (0, ..) => "No source is polled.".to_owned(),
        (1, [], 0) => "You can trust the picture: the source answers.".to_owned(),
        (n, [], 0) => format!("You can trust the picture: all {n} sources answer."),
        (_, [], n) => format!("{} not been asked yet.", show::plural(i64::try_from(n).unwrap_or(i64::MAX), "source has", "sources have")),
        (n, [one], _) => format!("The picture has a hole: {} does not answer; {} of {n} sources do.", name(one), n - 1),
        (n, several, _) => {
            let names: Vec<String> = several.iter().take(3).map(name).collect();
            let more = if several.len() > 3 { format!(" and {} more", several.len() - 3) } else { String::new() };
            format!("The picture has holes: {}{more} do not answer; {} of {n} sources do.", names.join(", "), n - several.len())
        }
    }
}

fn view(s: &SourceHealth, coverage: &[HourCoverage], span: Span, scope: &Scope) -> SourceView {
    let now = scope.now;
    let state = SourceState::of(s, now);
    let rows: Vec<HourCoverage> = coverage.iter().filter(|c| c.source == s.id).copied().collect();
    let when = |at: Option<Millis>| at.map(|at| When::new(at, now));
    SourceView {
        name: show::one_line(&s.spec.name, 80),
        state: state.view(),
        kind: show::platform(s.spec.kind.as_str()),
        target: target(&s.spec.settings),
        trouble: state.words(s, now),
        quiet: String::new(),
        last_success: when(s.last_success_at),
        next_poll: NextPoll::of(s, state, now),
        newest_post: when(s.newest_post_at),
        mentions: show::count(s.mentions),
        mentions_href: scope.link("/mentions").with("source", &s.id),
        strip: CoverageStrip::new(span, &rows, now),
        id: s.id,
        source_kind: s.spec.kind,
        cost: String::new(),
        saving: String::new(),
    }
}

/// The address, hashtag or words that the source was given; settings hold no secrets.
fn target(settings: &serde_json::Value) -> String {
    let Some(map) = settings.as_object() else {
        return String::new();
    };
    let mut words: Vec<String> =
        map.iter().filter_map(|(_, v)| v.as_str()).filter(|v| !v.is_empty()).map(|v| show::one_line(v, 80)).take(3).collect();
    words.dedup();
    words.join(" · ")
}
