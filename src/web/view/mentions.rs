//! Mentions: show me.

use std::collections::HashMap;

use askama::Template;

use crate::domain::filter::{About, Acting, LEAST_MARKS, Precision};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::post::Mention;
use crate::domain::sentiment::Label;
use crate::store::{BrandStanding, FilterReport};
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
    /// The mention of which somebody just said whose brand it is about.
    pub marked: Option<(Mention, About)>,
    /// What is known of the mentions besides.
    pub standings: HashMap<MentionId, BrandStanding>,
    /// For how many those stand that came from a sample.
    pub drawn: HashMap<MentionId, i64>,
    /// Mentions of other brands, which are hidden.
    pub hidden: i64,
    /// How the filter for other brands does, once it has learned.
    pub filter: Option<FilterReport>,
}

/// What was just changed, and what takes it back.
#[derive(Debug)]
struct Notice {
    id: MentionId,
    text: String,
    /// The last step of the address, and the field and value that it is sent.
    undo: (&'static str, &'static str, &'static str),
}

/// What is said of the hidden mentions.
#[derive(Debug)]
struct HiddenLine {
    text: String,
    list: Option<Link>,
    audit: Option<Link>,
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
    hidden: Vec<Choice>,
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
    notice: Option<Notice>,
    hidden: Option<HiddenLine>,
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
            notice: found.corrected.as_ref().map(notice).or_else(|| found.marked.as_ref().map(marked)),
            hidden: hidden_line(scope, query, found),
            f: filters(scope, query, offered),
            mentions: found.mentions.iter().map(|m| row(m, found, scope)).collect(),
            nothing: nothing(query, found),
            newer: first.filter(|_| found.newer).map(|at| MentionQuery { after: at, ..base.clone() }.link(scope, "/mentions")),
            older: last.filter(|_| found.older).map(|at| MentionQuery { before: at, ..base.clone() }.link(scope, "/mentions")),
            csv: base.link(scope, "/export/mentions.csv"),
            jsonl: base.link(scope, "/export/mentions.jsonl"),
            back: query.link(scope, "/mentions").query(),
        }
    }
}

fn row((mention, copies): &(Mention, i64), found: &Found, scope: &Scope) -> MentionView {
    let standing = found.standings.get(&mention.id).copied().unwrap_or_default();
    let drawn = found.drawn.get(&mention.id).copied().unwrap_or(1);
    MentionView::new(mention, scope).with_copies(*copies).with_standing(standing).with_sample(drawn)
}

fn marked((mention, about): &(Mention, About)) -> Notice {
    let author = show::one_line(mention.author.shown(), 60);
    let text = match about {
        About::Other => format!("What {author} wrote is about another brand: it is hidden, and does not count."),
        About::This => format!("What {author} wrote is about this brand: it is shown, and counts."),
    };
    Notice { id: mention.id, text, undo: ("brand", "about", "undo") }
}

/// How many are hidden, and how well the filter does that; nothing while nobody has marked anything.
fn hidden_line(scope: &Scope, query: &MentionQuery, found: &Found) -> Option<HiddenLine> {
    if found.hidden == 0 && found.filter.is_none() {
        return None;
    }
    let count = show::plural(found.hidden, "mention of another brand is hidden", "mentions of another brand are hidden");
    let filter = found.filter.as_ref().map(filter_words).unwrap_or_default();
    let link = |hidden: &str| MentionQuery { hidden: hidden.to_owned(), ..MentionQuery::default() }.link(scope, "/mentions");
    let acts = found.filter.is_some_and(|f| f.acting == Acting::Yes);
    Some(HiddenLine {
        text: format!("{count}. {filter}").trim_end().to_owned(),
        list: (found.hidden > 0 && query.hidden != "1").then(|| link("1")),
        audit: (acts && query.hidden != "audit").then(|| link("audit")),
    })
}

fn filter_words(report: &FilterReport) -> String {
    let measured = report.measured;
    let learned = format!("learned from {}", show::plural(measured.others, "mark", "marks"));
    let right = percent_of(measured.held_out);
    let audit = match report.audit.hidden {
        0 => String::new(),
        n => format!(" Of {n} that people looked at, {} were hidden rightly.", report.audit.right),
    };
    match report.acting {
        Acting::Yes => {
            format!("The filter, {learned}, hides more of the kind: right in {right} when tested on marks that it had not seen.{audit}")
        }
        Acting::Off => "The filter is switched off for this brand: only people hide.".to_owned(),
        Acting::TooFew => {
            let left = |marks: i64| i64::try_from(LEAST_MARKS).unwrap_or(i64::MAX).saturating_sub(marks).max(0);
            let (others, these) = (left(measured.others), left(measured.these));
            format!(
                "A filter hides more of the kind after {} more of another brand and {these} of this one.",
                show::plural(others, "mark", "marks")
            )
        }
        Acting::Unsure => {
            format!("The filter, {learned}, does not hide anything: right in {right} when tested, and surely in four of five is needed.")
        }
        Acting::Contradicted => format!("The filter has stopped hiding.{audit}"),
    }
}

/// `96 % (87 to 99 %)`
fn percent_of(precision: Precision) -> String {
    let (low, high) = precision.interval();
    precision
        .share()
        .map_or_else(|| "none".to_owned(), |share| format!("{} ({} to {})", show::percent(share), show::percent(low), show::percent(high)))
}

fn notice(mention: &Mention) -> Notice {
    let author = show::one_line(mention.author.shown(), 60);
    Notice {
        id: mention.id,
        undo: ("label", "label", "none"),
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
        parts.push(format!("in {}", show::language(&query.lang)));
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
    match query.hidden.as_str() {
        "1" => parts.push("about another brand".to_owned()),
        "audit" => parts.push("hidden by the filter and drawn for a look".to_owned()),
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
    let languages = offered
        .languages
        .iter()
        .map(|(l, n)| Choice::new(l, format!("{} ({})", show::language(l), show::count(*n)), &query.lang))
        .collect();
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
        hidden: vec![
            any("hidden", &query.hidden),
            Choice::new("1", "only those", &query.hidden),
            Choice::new("audit", "the filter's, drawn for a look", &query.hidden),
        ],
        author: (!query.author.is_empty()).then(|| query.author.clone()),
        theme: (!query.theme.is_empty()).then(|| query.theme.clone()),
        every_author: MentionQuery { author: String::new(), ..query.from_newest() }.link(scope, "/mentions"),
        more_open: ![&query.platform, &query.lang, &query.copies, &query.severity, &query.hidden].iter().all(|v| v.is_empty()),
        narrowed: query.narrowed(),
        clear: scope.link("/mentions"),
    }
}
