//! One case: what happened with this person, and what is done next.

use std::collections::BTreeMap;

use askama::Template;

use crate::domain::case::{CaseEvent, CaseEventKind, CaseState, Customer};
use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::language::UNDETERMINED;
use crate::domain::post::{Author, Mention};
use crate::domain::reply::{self, Filling, LANGUAGES, Template as Reply};
use crate::domain::sentiment::Label;
use crate::store::CaseRow;
use crate::web::chart::curve::Mark;
use crate::web::chart::mood::MoodStrip;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::mention::MentionView;
use crate::web::show::{self, Exact, When};

use super::now::incident_link;
use super::people::{mood_headline, tab_link};
use super::{Choice, case_state, field_time, sentence};

/// How something can be sent: word in the store, word on the page.
pub const VIAS: [(&str, &str); 5] = [
    ("reply", "a public reply"),
    ("private", "a private message"),
    ("email", "an e-mail"),
    ("phone", "the phone"),
    ("other", "another way"),
];

/// Everything that the page is made of.
#[derive(Debug)]
pub struct CaseInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// The case.
    pub row: CaseRow,
    /// Its incident.
    pub incident: Incident,
    /// Newest first.
    pub events: Vec<CaseEvent>,
    /// Of this account and those linked to it, newest first.
    pub mentions: Vec<Mention>,
    /// There are older ones.
    pub many: bool,
    /// What is marked on the mood strip.
    pub marks: Vec<Mark>,
    /// Other accounts of the person.
    pub linked: Vec<Author>,
    /// What was looked for.
    pub find: String,
    /// Accounts found for linking.
    pub found: Vec<Author>,
    /// The row of the imported list.
    pub customer: Option<Customer>,
    /// Cases in other incidents, of their other accounts too, newest first.
    pub others: Vec<CaseRow>,
    /// Other incidents in which they were unhappy without a case, newest first, with how many such mentions are on the page.
    pub unhappy_in: Vec<(Incident, usize)>,
    /// All templates.
    pub templates: Vec<Reply>,
    /// The next person in the queue.
    pub next: Option<Link>,
}

#[derive(Debug)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Debug)]
struct Step {
    action: &'static str,
    word: &'static str,
    is_first: bool,
    key: &'static str,
}

#[derive(Debug)]
struct Draft {
    id: String,
    name: String,
    lang: String,
    text: String,
}

#[derive(Debug)]
struct Happened {
    at: Exact,
    class: &'static str,
    words: String,
    text: String,
}

#[derive(Debug)]
struct Account {
    id: i64,
    name: String,
    place: String,
    url: Option<String>,
}

#[derive(Debug)]
struct OtherCase {
    href: Link,
    title: String,
    state: String,
    opened: When,
}

#[derive(Debug)]
struct Proposed {
    action: &'static str,
    question: String,
}

/// The account.
#[derive(Debug)]
struct Who {
    name: String,
    initial: String,
    handle: String,
    bot: bool,
    customer: bool,
    place: String,
    profile: Option<String>,
}

impl Who {
    fn new(author: &Author, customer: Option<&Customer>) -> Self {
        let name = show::one_line(author.shown(), 60);
        let handle_is_new = !author.handle.is_empty() && author.handle != author.shown();
        Self {
            initial: show::initial(&name),
            handle: if handle_is_new { show::one_line(&format!("@{}", author.handle.trim_start_matches('@')), 60) } else { String::new() },
            bot: author.bot,
            customer: customer.is_some(),
            place: place(author),
            profile: author.url.clone(),
            name,
        }
    }
}

/// Looking for another account.
#[derive(Debug)]
struct Search {
    find: String,
    found: Vec<Account>,
    nothing: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "case.html", config = "src/web/askama.toml")]
pub struct CasePage {
    layout: Layout,
    brand: Option<BrandId>,
    action: Link,
    version: i64,
    queue: Link,
    incident: Link,
    incident_title: String,
    headline: String,
    reasons: Vec<String>,
    who: Who,
    state: &'static str,
    state_class: &'static str,
    state_icon: &'static str,
    owner: String,
    due: Option<When>,
    overdue: bool,
    due_field: String,
    proposed: Option<Proposed>,
    steps: Vec<Step>,
    drafts: Vec<Draft>,
    draft_note: String,
    replies: Link,
    vias: Vec<Choice>,
    now_field: String,
    can_send: bool,
    facts: Vec<Fact>,
    accounts: Vec<Account>,
    search: Search,
    others: Vec<OtherCase>,
    history: Vec<Happened>,
    mood: Option<MoodStrip>,
    mentions: Vec<MentionView>,
    many: bool,
    back: String,
    next: Option<Link>,
}

impl CasePage {
    /// Lays the page out.
    pub fn new(input: &CaseInput) -> Self {
        let CaseInput { scope, row, mentions, .. } = input;
        let (case, author) = (&row.case, &row.author);
        let who = Who::new(author, input.customer.as_ref());
        let (state_class, state_icon) = case_state(case.state);
        let (drafts, draft_note) = drafts(input, &who.name);
        Self {
            layout: scope.layout(&who.name, Place::People, Live::Swap),
            brand: scope.brand_field(),
            action: Link::to(format!("/cases/{}", case.id)),
            version: case.version,
            queue: tab_link(scope, case.state.flag()),
            incident: incident_link(scope, case.incident),
            incident_title: show::one_line(&row.incident_title, 120),
            headline: mood_headline(author, mentions, scope.now),
            reasons: case.reasons.iter().map(|r| show::one_line(&r.text, 200)).collect(),
            state: case.state.shown(),
            state_class,
            state_icon,
            owner: show::one_line(&case.owner, 60),
            due: case.due_at.map(|at| When::new(at, scope.now)),
            overdue: case.is_overdue(scope.now),
            due_field: case.due_at.map_or_else(String::new, field_time),
            proposed: case.proposal.as_ref().map(|p| Proposed {
                action: p.state.as_str(),
                question: format!("{}: {}?", upper_first(&p.reason), p.state.shown().to_lowercase()),
            }),
            steps: steps(case.state),
            drafts,
            draft_note,
            replies: scope.link("/replies"),
            vias: VIAS.iter().map(|(word, shown)| Choice::new(*word, *shown, "private")).collect(),
            now_field: field_time(scope.now),
            can_send: !case.state.is_ended(),
            facts: facts(input),
            accounts: input.linked.iter().map(account).collect(),
            search: Search {
                nothing: !input.find.is_empty() && input.found.is_empty(),
                find: input.find.clone(),
                found: input.found.iter().map(account).collect(),
            },
            others: (input.others.iter().map(|o| other(o, scope)))
                .chain(input.unhappy_in.iter().map(|incident| without_case(incident, scope)))
                .collect(),
            history: input.events.iter().map(happened).collect(),
            mood: MoodStrip::new(mentions, &input.marks, scope.now),
            mentions: mentions.iter().map(|m| MentionView::new(m, scope)).collect(),
            many: input.many,
            // A correction made here comes back to their mentions, filtered.
            back: Link::to("").with("author", &author.id).query(),
            next: input.next.clone(),
            who,
        }
    }
}

fn place(author: &Author) -> String {
    let platform = show::platform(&author.platform);
    if author.instance.is_empty() { platform } else { format!("{platform} · {}", show::one_line(&author.instance, 60)) }
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn steps(state: CaseState) -> Vec<Step> {
    let step = |(i, next): (usize, &CaseState)| Step {
        action: next.as_str(),
        word: match next {
            CaseState::New => "Give it back",
            CaseState::Assigned if state.is_ended() => "Reopen",
            CaseState::Assigned if state != CaseState::New => "Back to assigned",
            CaseState::Assigned => "I take it",
            CaseState::Done => "Needs nothing",
            other => other.shown(),
        },
        is_first: i == 0,
        key: match next {
            CaseState::Contacted => "contacted",
            CaseState::Done => "done",
            _ => "",
        },
    };
    state.next().iter().enumerate().map(step).collect()
}

/// Drafts in the author's language, and what is said when there are none in it.
fn drafts(input: &CaseInput, name: &str) -> (Vec<Draft>, String) {
    let langs = languages(&input.mentions);
    let has = |lang: &str| input.templates.iter().any(|t| t.lang == lang);
    let theirs = langs.first().map(|(lang, _)| lang.as_str());
    let lang = theirs.filter(|lang| has(lang)).unwrap_or("en");
    let title = show::one_line(&input.incident.title, 120);
    let filling = Filling { name, brand: &input.scope.brand.name, incident: &title };
    let of = |(i, t): (usize, &Reply)| Draft {
        id: format!("draft-{i}"),
        name: show::one_line(&t.name, 60),
        lang: t.lang.clone(),
        text: reply::fill(&t.text, &filling),
    };
    let drafts = input.templates.iter().filter(|t| t.lang == lang).enumerate().map(of).collect();
    let note = match theirs {
        None => "Their language is not known, so the drafts are in English.".to_owned(),
        Some(theirs) if theirs == lang => format!("In {}, as they write.", language(lang)),
        Some(theirs) => format!("They write {}; there is no template in it yet, so the drafts are in English.", language(theirs)),
    };
    (drafts, note)
}

/// Languages of the mentions, most frequent first.
fn languages(mentions: &[Mention]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for mention in mentions {
        let scored = mention.sentiment.as_ref().map(|s| s.lang.as_str());
        let lang = mention.lang.as_deref().or(scored).filter(|lang| !lang.is_empty() && *lang != UNDETERMINED);
        *counts.entry(lang.unwrap_or_default()).or_default() += 1;
    }
    counts.remove("");
    let mut all: Vec<(String, usize)> = counts.into_iter().map(|(lang, n)| (show::one_line(lang, 12), n)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all
}

fn language(code: &str) -> String {
    LANGUAGES.iter().find(|(c, _)| *c == code).map_or_else(|| format!("“{code}”"), |(_, name)| (*name).to_owned())
}

fn facts(input: &CaseInput) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value };
    let since: Vec<&Mention> = input.mentions.iter().filter(|m| m.created_at >= input.incident.started_at.hour()).collect();
    let unhappy = since.iter().filter(|m| m.label() == Some(Label::Negative)).count();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut facts = vec![
        fact("Reach", reach(input)),
        fact("Mentions in this incident", format!("{}, {} of them unhappy", show::count(count(since.len())), show::count(count(unhappy)))),
    ];
    let langs: Vec<String> = languages(&input.mentions).iter().take(3).map(|(lang, n)| format!("{} ({n})", language(lang))).collect();
    facts.push(fact("Language", if langs.is_empty() { "not known".to_owned() } else { langs.join(", ") }));
    facts.push(fact(
        "Customer",
        match &input.customer {
            Some(c) => [&c.name, &c.reference]
                .iter()
                .filter(|t| !t.is_empty())
                .fold("on the list".to_owned(), |all, t| format!("{all} · {}", show::one_line(t, 120))),
            None => "not on the imported list".to_owned(),
        },
    ));
    facts.push(fact(
        "Last word from us",
        input.row.case.sent_at.map_or_else(|| "none".to_owned(), |at| show::relative(at, input.scope.now)),
    ));
    facts
}

fn reach(input: &CaseInput) -> String {
    let own = input.row.author.followers;
    let all: Option<i64> = input.linked.iter().filter_map(|a| a.followers).chain(own).reduce(i64::saturating_add);
    match (own, all) {
        (_, None) => "not known".to_owned(),
        (Some(own), Some(all)) if own == all => show::plural(own, "follower", "followers"),
        (_, Some(all)) => format!("{} over all accounts", show::plural(all, "follower", "followers")),
    }
}

fn account(author: &Author) -> Account {
    Account { id: author.id.get(), name: show::one_line(author.shown(), 60), place: place(author), url: author.url.clone() }
}

fn other(row: &CaseRow, scope: &Scope) -> OtherCase {
    OtherCase {
        href: scope.link(format!("/cases/{}", row.case.id)),
        title: show::one_line(&row.incident_title, 120),
        state: format!("{} · opened", row.case.state.shown()),
        opened: When::new(row.case.opened_at, scope.now),
    }
}

fn without_case((incident, mentions): &(Incident, usize), scope: &Scope) -> OtherCase {
    let mentions = show::plural(i64::try_from(*mentions).unwrap_or(i64::MAX), "unhappy mention", "unhappy mentions");
    OtherCase {
        href: incident_link(scope, incident.id),
        title: show::one_line(&incident.title, 120),
        state: format!("{mentions}, no case · began"),
        opened: When::new(incident.started_at, scope.now),
    }
}

fn happened(event: &CaseEvent) -> Happened {
    let who = show::one_line(&event.who, 60);
    let who = if who.is_empty() { "Somebody" } else { &who };
    let moved = event.from != event.to;
    let to = event.to.shown();
    let (class, words, text) = match event.kind {
        CaseEventKind::Opened => ("turning", "Ebb opened the case".to_owned(), event.text.clone()),
        CaseEventKind::Reopened => {
            ("turning", format!("Ebb opened it again; it was: {}", event.from.shown().to_lowercase()), event.text.clone())
        }
        CaseEventKind::Moved => ("judged", format!("{who} set it to: {}", to.to_lowercase()), event.text.clone()),
        CaseEventKind::Assigned if event.text.is_empty() => ("judged", format!("{who} gave it back"), String::new()),
        CaseEventKind::Assigned if event.text == event.who => ("judged", format!("{who} took it"), String::new()),
        CaseEventKind::Assigned => ("judged", format!("{who} gave it to {}", show::one_line(&event.text, 60)), String::new()),
        CaseEventKind::Due => ("judged", format!("{who} set the due time: {}", show::one_line(&event.text, 60)), String::new()),
        CaseEventKind::Note => ("judged", format!("{who} noted"), event.text.clone()),
        CaseEventKind::NotYet => ("judged", format!("{who} looked: not yet"), event.text.clone()),
        CaseEventKind::Linked => ("judged", format!("{who} linked {}", show::one_line(&event.text, 120)), String::new()),
        CaseEventKind::Unlinked => ("judged", format!("{who} took {} off", show::one_line(&event.text, 120)), String::new()),
        CaseEventKind::Sent => {
            let via = VIAS.iter().find(|(word, _)| *word == event.via).map_or("another way", |(_, shown)| shown);
            let then = if moved { format!("; it is {} now", to.to_lowercase()) } else { String::new() };
            ("ours", format!("{who} wrote to them by {via}{then}"), event.text.clone())
        }
    };
    Happened { at: Exact(event.at), class, words: sentence(&words), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::{mention, now};

    fn event(kind: CaseEventKind, who: &str, text: &str) -> CaseEvent {
        CaseEvent {
            at: now(),
            who: who.to_owned(),
            kind,
            from: CaseState::New,
            to: CaseState::Assigned,
            text: text.to_owned(),
            via: "private".to_owned(),
        }
    }

    #[test]
    fn what_happened_reads_as_a_sentence() {
        for (kind, who, text, words) in [
            (CaseEventKind::Assigned, "Ines", "Ines", "Ines took it."),
            (CaseEventKind::Assigned, "Ines", "Noor", "Ines gave it to Noor."),
            (CaseEventKind::Assigned, "", "Noor", "Somebody gave it to Noor."),
            (CaseEventKind::Moved, "Ines", "", "Ines set it to: assigned."),
            (CaseEventKind::Reopened, "", "bad", "Ebb opened it again; it was: new."),
            (CaseEventKind::Sent, "Ines", "Hello", "Ines wrote to them by a private message; it is assigned now."),
            (CaseEventKind::Due, "Ines", "no due time", "Ines set the due time: no due time."),
        ] {
            assert_eq!(happened(&event(kind, who, text)).words, words);
        }
    }

    #[test]
    fn the_most_frequent_language_comes_first_and_unknown_ones_do_not_count() {
        let mut mentions =
            vec![mention(1, "a", "x", Label::Neutral), mention(2, "a", "x", Label::Neutral), mention(3, "a", "x", Label::Neutral)];
        for (mention, lang) in mentions.iter_mut().zip(["de", "und", "de"]) {
            mention.lang = Some(lang.to_owned());
        }
        assert_eq!(languages(&mentions), [("de".to_owned(), 2)]);
        assert_eq!(language("de"), "German");
        assert_eq!(language("nl"), "“nl”");
    }
}
