//! Mentions: show me.

use askama::Template;

use crate::domain::ids::{BrandId, MentionId};
use crate::domain::post::Mention;
use crate::domain::sentiment::Label;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::mention::{LabelView, MentionView};
use crate::web::query::{self, MentionQuery, Wanted};
use crate::web::show;

use super::Choice;

/// What can be chosen besides the fixed choices.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    /// Sources: id and name.
    pub sources: Vec<(String, String)>,
    /// Platforms.
    pub platforms: Vec<String>,
    /// Languages, most frequent first, with counts.
    pub languages: Vec<(String, i64)>,
    /// What the chosen theme is called.
    pub theme: Option<String>,
}

/// One page of what was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first, each with the number of its copies.
    pub mentions: Vec<(Mention, i64)>,
    /// There are older ones.
    pub older: bool,
    /// There are newer ones.
    pub newer: bool,
    /// Mentions and authors kept in all.
    pub ever: (i64, i64),
    /// The mention whose label was just corrected.
    pub corrected: Option<Mention>,
}

/// What was just corrected.
#[derive(Debug)]
struct Corrected {
    id: MentionId,
    text: String,
}

/// The form.
#[derive(Debug)]
struct Filters {
    q: String,
    labels: Vec<Choice>,
    since: Vec<Choice>,
    sources: Vec<Choice>,
    platforms: Vec<Choice>,
    languages: Vec<Choice>,
    copies: Vec<Choice>,
    severities: Vec<Choice>,
    author: Option<String>,
    theme: Option<String>,
    every_author: Link,
    more_open: bool,
    narrowed: bool,
    clear: Link,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "mentions.html", config = "src/web/askama.toml")]
pub struct MentionsPage {
    layout: Layout,
    brand: Option<BrandId>,
    headline: String,
    notice: Option<Corrected>,
    f: Filters,
    mentions: Vec<MentionView>,
    nothing: &'static str,
    newer: Option<Link>,
    older: Option<Link>,
    csv: Link,
    jsonl: Link,
    back: String,
}

impl MentionsPage {
    /// `query` is tidy.
    pub fn new(scope: &Scope, query: &MentionQuery, offered: &Offered, found: &Found) -> Self {
        let place = |m: Option<&(Mention, i64)>| m.map(|(m, _)| query::Place { created_at: m.created_at, id: m.id }.to_string());
        let (first, last) = (place(found.mentions.first()), place(found.mentions.last()));
        let base = query.from_newest();
        Self {
            layout: scope.layout("Mentions", Place::Mentions, Live::Offer),
            brand: scope.brand_field(),
            headline: headline(scope, query, offered, found),
            notice: found.corrected.as_ref().map(notice),
            f: filters(scope, query, offered),
            mentions: found.mentions.iter().map(|(m, copies)| MentionView::new(m, scope).with_copies(*copies)).collect(),
            nothing: nothing(query, found),
            newer: first.filter(|_| found.newer).map(|at| MentionQuery { after: at, ..base.clone() }.link(scope, "/mentions")),
            older: last.filter(|_| found.older).map(|at| MentionQuery { before: at, ..base.clone() }.link(scope, "/mentions")),
            csv: base.link(scope, "/export/mentions.csv"),
            jsonl: base.link(scope, "/export/mentions.jsonl"),
            back: query.link(scope, "/mentions").query(),
        }
    }
}

fn notice(mention: &Mention) -> Corrected {
    let author = show::one_line(mention.author.shown(), 60);
    Corrected {
        id: mention.id,
        text: format!("What {author} wrote now counts as {}.", LabelView::new(mention.label()).word.to_lowercase()),
    }
}

fn nothing(query: &MentionQuery, found: &Found) -> &'static str {
    match (found.ever.0, query.narrowed()) {
        (0, _) => "No mention has been kept yet. They appear here within a minute of being found.",
        (_, true) => "Nothing matches. Take a filter away, or look further back.",
        (_, false) => "No mention is on this page.",
    }
}

/// The answer in one sentence.
fn headline(scope: &Scope, query: &MentionQuery, offered: &Offered, found: &Found) -> String {
    let brand = show::one_line(&scope.brand.name, 60);
    if !query.narrowed() {
        let (mentions, authors) = found.ever;
        return format!("{} of {brand}, by {}.", show::plural(mentions, "mention", "mentions"), show::plural(authors, "author", "authors"));
    }
    let shown = i64::try_from(found.mentions.len()).unwrap_or(i64::MAX);
    let parts = narrowing(query, offered);
    match (shown, found.older || found.newer) {
        (0, _) => format!("No mention matches: {}.", parts.join(", ")),
        (n, true) => format!("More than {} match: {}.", show::plural(n, "mention", "mentions"), parts.join(", ")),
        (n, false) => format!("{}: {}.", show::plural(n, "mention matches", "mentions match"), parts.join(", ")),
    }
}

/// Each filter in words.
fn narrowing(query: &MentionQuery, offered: &Offered) -> Vec<String> {
    let mut parts = Vec::new();
    match query.wanted() {
        Some(Wanted::Label(l)) => parts.push(LabelView::new(Some(l)).word.to_lowercase()),
        Some(Wanted::Unscored) => parts.push("not scored yet".to_owned()),
        None => {}
    }
    if query.severity == "very" {
        parts.push("very unhappy".to_owned());
    }
    if !query.q.is_empty() {
        parts.push(format!("with “{}”", show::one_line(&query.q, 60)));
    }
    if let Some((_, name)) = offered.sources.iter().find(|(id, _)| *id == query.source) {
        parts.push(format!("found by {}", show::one_line(name, 60)));
    }
    if !query.platform.is_empty() {
        parts.push(format!("on {}", show::platform(&query.platform)));
    }
    if !query.lang.is_empty() {
        parts.push(format!("in {}", language(&query.lang)));
    }
    if !query.author.is_empty() {
        parts.push("by one author".to_owned());
    }
    if !query.theme.is_empty() {
        let gone = || "of a theme that is none any more".to_owned();
        parts.push(offered.theme.as_ref().map_or_else(gone, |name| format!("about {name}")));
    }
    match query.copies.as_str() {
        "only" => parts.push("copies only".to_owned()),
        "show" => parts.push("with copies".to_owned()),
        _ => {}
    }
    parts.extend(query::SINCE.iter().find(|(w, ..)| *w == query.since).map(|(_, words, _)| format!("in the {words}")));
    parts
}

fn filters(scope: &Scope, query: &MentionQuery, offered: &Offered) -> Filters {
    let any = |word: &str, chosen: &str| Choice::new("", word, chosen);
    let with = |first: Choice, rest: Vec<Choice>| std::iter::once(first).chain(rest).collect::<Vec<_>>();
    let labels = Label::ALL.iter().map(|l| Choice::new(l.as_str(), LabelView::new(Some(*l)).word, &query.label));
    let since = query::SINCE.iter().map(|(value, words, _)| Choice::new(*value, *words, &query.since)).collect();
    let sources = offered.sources.iter().map(|(id, name)| Choice::new(id, show::one_line(name, 40), &query.source)).collect();
    let platforms = offered.platforms.iter().map(|p| Choice::new(p, show::platform(p), &query.platform)).collect();
    let languages =
        offered.languages.iter().map(|(l, n)| Choice::new(l, format!("{} ({})", language(l), show::count(*n)), &query.lang)).collect();
    Filters {
        q: query.q.clone(),
        labels: with(any("any", &query.label), labels.chain([Choice::new("unscored", "Not scored yet", &query.label)]).collect()),
        since: with(any("any time", &query.since), since),
        sources: with(any("all", &query.source), sources),
        platforms: with(any("all", &query.platform), platforms),
        languages: with(any("all", &query.lang), languages),
        copies: vec![
            any("hidden", &query.copies),
            Choice::new("show", "shown", &query.copies),
            Choice::new("only", "only copies", &query.copies),
        ],
        severities: vec![any("any", &query.severity), Choice::new("very", "very unhappy", &query.severity)],
        author: (!query.author.is_empty()).then(|| query.author.clone()),
        theme: (!query.theme.is_empty()).then(|| query.theme.clone()),
        every_author: MentionQuery { author: String::new(), ..query.from_newest() }.link(scope, "/mentions"),
        more_open: ![&query.platform, &query.lang, &query.copies, &query.severity].iter().all(|v| v.is_empty()),
        narrowed: query.narrowed(),
        clear: scope.link("/mentions"),
    }
}

/// Names of the languages that are seen most; the code otherwise.
fn language(code: &str) -> &str {
    match code {
        "en" => "English",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "pt" => "Portuguese",
        "it" => "Italian",
        "nl" => "Dutch",
        "pl" => "Polish",
        "ja" => "Japanese",
        "ar" => "Arabic",
        "tr" => "Turkish",
        "ru" => "Russian",
        "uk" => "Ukrainian",
        "hi" => "Hindi",
        "zh" => "Chinese",
        "und" => "unknown language",
        other => other,
    }
}
