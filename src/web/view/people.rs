//! People: who needs us next? And one person: what happened with them?

use askama::Template;

use crate::assess::loud::Voices;
use crate::domain::case::{CaseReason, CaseState};
use crate::domain::ids::{BrandId, FlagId};
use crate::domain::incident::FlagState;
use crate::domain::post::{Author, Mention};
use crate::domain::time::Millis;
use crate::store::{CaseBrief, FlagCounts, FlagRow};
use crate::web::chart::curve::Mark;
use crate::web::chart::mood::MoodStrip;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::mention::MentionView;
use crate::web::show::{self, When};

use super::story::VoicesView;
use super::{case_state, flag_state};

/// What was just done, and how it is undone.
#[derive(Debug)]
pub struct Notice {
    /// In words.
    pub text: String,
    /// Where undoing is sent.
    pub action: Link,
    /// What undoing sends.
    pub undo: &'static str,
    /// The version that stands now.
    pub version: i64,
}

impl Notice {
    /// After somebody's flag was set to done.
    pub fn done(person: &FlagRow) -> Self {
        Self {
            text: format!("{} is marked as done.", show::one_line(person.author.shown(), 60)),
            action: Link::to(format!("/people/{}", person.flag.id)),
            undo: "reopen",
            version: person.flag.version,
        }
    }
}

const fn of(counts: FlagCounts, state: FlagState) -> i64 {
    match state {
        FlagState::Open => counts.open,
        FlagState::Assigned => counts.assigned,
        FlagState::Done => counts.done,
    }
}

/// What a row shows of the case.
#[derive(Debug)]
struct CaseView {
    action: Link,
    version: i64,
    contact: bool,
    proposal: String,
    due: Option<When>,
    overdue: bool,
}

impl CaseView {
    fn new(case: &CaseBrief, now: Millis) -> Self {
        Self {
            action: Link::to(format!("/cases/{}", case.id)),
            version: case.version,
            contact: case.state != CaseState::Contacted && case.state.to(CaseState::Contacted).is_ok(),
            proposal: case.proposal.as_ref().map_or_else(String::new, |p| format!("{}?", p.state.shown())),
            due: case.due_at.filter(|_| !case.state.is_ended()).map(|at| When::new(at, now)),
            overdue: !case.state.is_ended() && case.due_at.is_some_and(|due| due < now),
        }
    }
}

/// Why somebody stands where they stand: the reasons of their case, which say more than those of the flag.
fn why(person: &FlagRow) -> String {
    let words = |reasons: &[CaseReason]| reasons.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join("; ");
    let of_case = person.case.as_ref().map(|c| words(&c.reasons)).filter(|w| !w.is_empty() && person.flag.very_negative > 0);
    let text = of_case.unwrap_or_else(|| person.flag.reason.clone());
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A row of the queue.
#[derive(Debug)]
struct PersonView {
    id: FlagId,
    version: i64,
    href: Link,
    name: String,
    initial: String,
    handle: String,
    bot: bool,
    place: String,
    followers: String,
    waiting: String,
    reason: String,
    worst: Option<MentionView>,
    note: String,
    state: &'static str,
    state_class: &'static str,
    state_icon: &'static str,
    owner: String,
    done: bool,
    case: Option<CaseView>,
}

impl PersonView {
    fn new(person: &FlagRow, scope: &Scope) -> Self {
        let FlagRow { flag, author, .. } = person;
        let name = show::one_line(author.shown(), 60);
        let (state_class, state_icon) = person.case.as_ref().map_or_else(|| flag_state(flag.state), |c| case_state(c.state));
        let handle_is_new = !author.handle.is_empty() && author.handle != author.shown();
        Self {
            id: flag.id,
            version: flag.version,
            href: person_link(scope, person),
            initial: show::initial(&name),
            name,
            handle: if handle_is_new { show::one_line(&format!("@{}", author.handle.trim_start_matches('@')), 60) } else { String::new() },
            bot: author.bot,
            place: place(author),
            followers: author.followers.map_or_else(String::new, |n| show::plural(n, "follower", "followers")),
            waiting: waiting(person, scope.now),
            reason: super::sentence(&show::one_line(&why(person), 400)),
            worst: person.worst.as_ref().map(|m| MentionView::new(m, scope)),
            note: flag.note.clone(),
            state: person.case.as_ref().map_or_else(|| flag.state.shown(), |c| c.state.shown()),
            state_class,
            state_icon,
            owner: show::one_line(&flag.owner, 60),
            done: flag.state == FlagState::Done,
            case: person.case.as_ref().map(|c| CaseView::new(c, scope.now)),
        }
    }
}

fn place(author: &Author) -> String {
    let platform = show::platform(&author.platform);
    if author.instance.is_empty() { platform } else { format!("{platform} · {}", show::one_line(&author.instance, 60)) }
}

fn waiting(person: &FlagRow, now: Millis) -> String {
    let passed = show::duration(now.since(person.waiting_since));
    match person.flag.state {
        FlagState::Open => format!("waiting for {passed}"),
        FlagState::Assigned => format!("taken, waiting for {passed}"),
        FlagState::Done => format!("done {}", show::relative(person.flag.updated_at, now)),
    }
}

/// A tab.
#[derive(Debug)]
struct Tab {
    word: &'static str,
    href: Link,
    count: String,
    current: bool,
}

/// The queue.
#[derive(Debug, Template)]
#[template(path = "people.html", config = "src/web/askama.toml")]
pub struct PeoplePage {
    layout: Layout,
    brand: Option<BrandId>,
    headline: String,
    notice: Option<Notice>,
    tab: &'static str,
    tabs: Vec<Tab>,
    people: Vec<PersonView>,
    more: bool,
    nobody: &'static str,
    voices: VoicesView,
    replies: Link,
}

/// What the queue is made of.
#[derive(Debug)]
pub struct Queue {
    /// The state that is shown.
    pub state: FlagState,
    /// How many there are of each.
    pub counts: FlagCounts,
    /// The shown ones, most urgent first.
    pub people: Vec<FlagRow>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Whether few or many are unhappy.
    pub voices: Voices,
}

impl PeoplePage {
    /// Lays the page out.
    pub fn new(scope: &Scope, queue: Queue) -> Self {
        let shown = i64::try_from(queue.people.len()).unwrap_or(i64::MAX);
        Self {
            layout: scope.layout("People", Place::People, Live::Offer),
            brand: scope.brand_field(),
            headline: headline(&queue, scope.now),
            tab: queue.state.as_str(),
            tabs: FlagState::ALL
                .iter()
                .map(|s| Tab {
                    word: s.shown(),
                    href: tab_link(scope, *s),
                    count: show::count(of(queue.counts, *s)),
                    current: *s == queue.state,
                })
                .collect(),
            people: queue.people.iter().map(|p| PersonView::new(p, scope)).collect(),
            more: shown < of(queue.counts, queue.state),
            nobody: nobody(queue.state),
            voices: VoicesView::short(&queue.voices),
            replies: scope.link("/replies"),
            notice: queue.notice,
        }
    }
}

/// Where a person is looked at: in their case, where there is one.
pub fn person_link(scope: &Scope, row: &FlagRow) -> Link {
    match &row.case {
        Some(case) => scope.link(format!("/cases/{}", case.id)),
        None => scope.link(format!("/people/{}", row.flag.id)),
    }
}

/// Link to one tab of the queue.
pub fn tab_link(scope: &Scope, state: FlagState) -> Link {
    scope.link("/people").with("state", state.as_str())
}

fn headline(queue: &Queue, now: Millis) -> String {
    let FlagCounts { open, assigned, done } = queue.counts;
    let longest = queue.people.iter().filter(|p| p.flag.state == FlagState::Open).map(|p| now.since(p.waiting_since)).max();
    match (open, longest) {
        (0, _) if assigned > 0 => format!("Nobody is left unanswered; {} being helped.", show::plural(assigned, "person is", "people are")),
        (0, _) if done > 0 => "Nobody needs you now.".to_owned(),
        (0, _) => "Nobody very unhappy has been found.".to_owned(),
        (n, Some(ms)) => {
            format!(
                "{} for an answer, the longest for {}.",
                show::plural(n, "very unhappy person waits", "very unhappy people wait"),
                show::duration(ms)
            )
        }
        (n, None) => format!("{} for an answer.", show::plural(n, "very unhappy person waits", "very unhappy people wait")),
    }
}

const fn nobody(state: FlagState) -> &'static str {
    match state {
        FlagState::Open => "Nobody waits. Authors of very unhappy mentions appear here within a minute, worst and most recent first.",
        FlagState::Assigned => {
            "Nobody is being helped right now. Assign somebody from the open ones to keep two people from writing to the same author."
        }
        FlagState::Done => "Nothing is done yet. Whoever was helped, or needs nothing, is kept here.",
    }
}

/// One person.
#[derive(Debug, Template)]
#[template(path = "person.html", config = "src/web/askama.toml")]
pub struct PersonPage {
    layout: Layout,
    brand: Option<BrandId>,
    headline: String,
    queue: Link,
    p: PersonView,
    profile: Option<String>,
    mood: Option<MoodStrip>,
    mentions: Vec<MentionView>,
    more: bool,
    back: String,
    tab: &'static str,
}

impl PersonPage {
    /// `mentions` newest first, at most `limit`; `marks` of the brand's incidents.
    pub fn new(scope: &Scope, person: &FlagRow, mentions: &[Mention], marks: &[Mark], limit: usize) -> Self {
        let view = PersonView::new(person, scope);
        Self {
            layout: scope.layout(&view.name, Place::People, Live::Swap),
            brand: scope.brand_field(),
            headline: mood_headline(&person.author, mentions, scope.now),
            queue: tab_link(scope, person.flag.state),
            profile: person.author.url.clone(),
            mood: MoodStrip::new(mentions, marks, scope.now),
            mentions: mentions.iter().map(|m| MentionView::new(m, scope)).collect(),
            more: mentions.len() >= limit,
            // A correction made here comes back to their mentions, filtered.
            back: Link::to("").with("author", &person.author.id).query(),
            tab: "person",
            p: view,
        }
    }
}

/// How somebody sounded last, in one sentence.
pub fn mood_headline(author: &Author, mentions: &[Mention], now: Millis) -> String {
    let name = show::one_line(author.shown(), 60);
    let last = mentions.iter().filter(|m| m.deleted_at.is_none()).max_by_key(|m| m.created_at);
    let Some(last) = last else {
        return format!("Nothing that {name} wrote is left.");
    };
    let ago = show::relative(last.created_at, now);
    match last.label() {
        Some(crate::domain::sentiment::Label::Negative) => format!("{name} was still unhappy {ago}."),
        Some(crate::domain::sentiment::Label::Neutral) => format!("{name} sounded neutral {ago}."),
        Some(crate::domain::sentiment::Label::Positive) => format!("{name} sounded pleased {ago}."),
        None => format!("{name} wrote {ago}; it is not scored yet."),
    }
}
