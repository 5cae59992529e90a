//! Themes: about what?

use askama::Template;

use crate::assess::themes::ThemeView;
use crate::domain::incident::Incident;
use crate::domain::post::Mention;
use crate::domain::theme::{Heat, Theme, ThemeKind};
use crate::domain::time::Span;
use crate::web::chart::spark::Spark;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, When};

use super::now::incident_link;

/// Longest quote, characters.
const QUOTE: usize = 220;

/// How hot a theme is, with its icon: never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatView {
    /// Style class.
    pub class: &'static str,
    /// One character.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
}

impl HeatView {
    /// Of a state.
    pub const fn new(heat: Heat) -> Self {
        let (class, icon) = match heat {
            Heat::Hot => ("failing", "▲"),
            Heat::Easing => ("silent", "▼"),
            Heat::Calm => ("fine", "●"),
        };
        Self { class, icon, word: heat.shown() }
    }
}

/// What a theme is called on pages.
pub fn name(theme: &Theme) -> String {
    match theme.kind {
        ThemeKind::Phrase => format!("“{}”", show::one_line(&theme.phrase, 60)),
        ThemeKind::StillBroken => "what still fails after the fix".to_owned(),
    }
}

/// A theme and some of its mentions.
#[derive(Debug)]
pub struct Told {
    /// The theme as it stands.
    pub view: ThemeView,
    /// Examples, newest first.
    pub quotes: Vec<Mention>,
}

/// Everything that the page is made of.
#[derive(Debug)]
pub struct ThemesInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// The incident that the themes are of; `None` when there is none.
    pub incident: Option<Incident>,
    /// The time that the curves show.
    pub span: Span,
    /// The themes, first ones first, still broken among them.
    pub themes: Vec<Told>,
}

#[derive(Debug)]
struct Quote {
    text: String,
    author: String,
    when: When,
    url: Option<String>,
}

#[derive(Debug)]
struct Row {
    id: i64,
    phrase: String,
    heat: HeatView,
    people: String,
    numbers: String,
    first_seen: Option<When>,
    spark: Spark,
    quotes: Vec<Quote>,
    all: Link,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "themes.html", config = "src/web/askama.toml")]
pub struct ThemesPage {
    layout: Layout,
    headline: String,
    incident: Option<(String, Link)>,
    still: Option<Row>,
    still_words: String,
    rows: Vec<Row>,
    empty: &'static str,
    mentions: Link,
}

impl ThemesPage {
    /// Lays the page out.
    pub fn new(input: &ThemesInput) -> Self {
        let scope = &input.scope;
        let row = |told: &Told| row(told, input);
        let still = input.themes.iter().find(|t| t.view.theme.kind == ThemeKind::StillBroken);
        Self {
            layout: scope.layout("Themes", Place::Themes, Live::Swap),
            headline: headline(input),
            incident: input.incident.as_ref().map(|i| (show::one_line(&i.title, 120), incident_link(scope, i.id))),
            still_words: still.map_or_else(String::new, still_words),
            still: still.map(row),
            rows: input.themes.iter().filter(|t| t.view.theme.kind == ThemeKind::Phrase).map(row).collect(),
            empty: empty(input),
            mentions: scope.link("/mentions").with("label", "negative"),
        }
    }
}

fn headline(input: &ThemesInput) -> String {
    let phrases: Vec<&Told> = input.themes.iter().filter(|t| t.view.theme.kind == ThemeKind::Phrase).collect();
    if input.incident.is_none() {
        return "No incident, so nothing to tell apart from other days.".to_owned();
    }
    let hot: Vec<&&Told> = phrases.iter().filter(|t| t.view.standing.heat != Heat::Calm).collect();
    let named = |told: &[&&Told]| {
        let with = |t: &&&Told| format!("{} ({} now)", name(&t.view.theme), show::plural(t.view.standing.recent, "person", "people"));
        told.iter().take(3).map(with).collect::<Vec<_>>().join(", ")
    };
    match (phrases.len(), hot.as_slice()) {
        (0, _) => "Nothing stands out yet from what is said on other days.".to_owned(),
        (n, []) => format!("{} calm again.", if n == 1 { "The one theme is".to_owned() } else { format!("All {n} themes are") }),
        (_, hot) => format!("People are unhappy about {}.", named(hot)),
    }
}

const fn empty(input: &ThemesInput) -> &'static str {
    match input.incident {
        None => {
            "Themes are what separates the unhappy mentions of an incident from other days. Open an incident on the page “Now”, and they appear here within minutes."
        }
        Some(_) => {
            "At least four unhappy people must say the same, clearly more than on other days. It is looked at again every ten minutes."
        }
    }
}

fn still_words(told: &Told) -> String {
    let people = show::plural(told.view.theme.people.max(told.view.hours.iter().map(|h| h.unhappy).max().unwrap_or(0)), "person", "people");
    match told.view.standing.recent {
        _ if told.view.hours.is_empty() => "Nobody says so since the fix was declared.".to_owned(),
        0 => format!("{people} said so since the fix was declared, nobody in the last 6 hours."),
        recent => format!("{people} said so since the fix was declared, {recent} of them in the last 6 hours."),
    }
}

fn row(told: &Told, input: &ThemesInput) -> Row {
    let (scope, theme, standing) = (&input.scope, &told.view.theme, &told.view.standing);
    let fixed = input.incident.as_ref().and_then(|i| i.fixed_at);
    let peak = standing.peak_at.map_or_else(String::new, |at| format!(", at most {} in 6 h by {}", standing.peak, show::hour_label(at)));
    let normal = match theme.kind {
        ThemeKind::Phrase => format!("; up to {} are normal; z {:.1}", standing.limit, theme.z),
        ThemeKind::StillBroken => String::new(),
    };
    Row {
        id: theme.id.get(),
        phrase: show::one_line(&theme.phrase, 60),
        heat: HeatView::new(standing.heat),
        people: show::plural(theme.people, "person", "people"),
        numbers: format!("{} in the last 6 h{peak}{normal}", show::count(standing.recent)),
        first_seen: theme.first_seen.map(|at| When::new(at, scope.now)),
        spark: Spark::new(&told.view.hours, input.span, fixed),
        quotes: told.quotes.iter().map(|m| quote(m, scope)).collect(),
        all: scope.link("/mentions").with("theme", &theme.id),
    }
}

fn quote(mention: &Mention, scope: &Scope) -> Quote {
    Quote {
        text: show::one_line(&mention.text, QUOTE),
        author: show::one_line(mention.author.shown(), 60),
        when: When::new(mention.created_at, scope.now),
        url: mention.url.clone(),
    }
}
