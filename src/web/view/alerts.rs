//! Alerts: who was told what, and what did not arrive?

use askama::Template;

use crate::domain::alert::{Alert, Channel, Message, MessageState, Repeat};
use crate::domain::ids::{BrandId, OutboxId};
use crate::store::OutboxCounts;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, When};

use super::sentence;

/// What the page is made of.
#[derive(Debug)]
pub struct AlertsInput {
    /// Configured channels.
    pub channels: Vec<Channel>,
    /// How the outbox does.
    pub counts: OutboxCounts,
    /// Messages, newest first.
    pub messages: Vec<Message>,
    /// The last message of this page, when there are more.
    pub next: Option<OutboxId>,
    /// Only messages in this state.
    pub state: Option<MessageState>,
}

#[derive(Debug)]
struct TabView {
    word: &'static str,
    count: String,
    href: Link,
    current: bool,
}

#[derive(Debug)]
struct ChannelView {
    name: String,
    kind: &'static str,
    place: String,
}

#[derive(Debug)]
struct AlertView {
    title: String,
    why: String,
    kind: &'static str,
    when: When,
    href: String,
}

#[derive(Debug)]
struct MessageView {
    id: OutboxId,
    name: String,
    title: String,
    channel: String,
    route: String,
    state_class: &'static str,
    state_icon: &'static str,
    state: &'static str,
    created: When,
    sent: Option<When>,
    next: Option<When>,
    attempts: String,
    repeat: bool,
    error: String,
    failed: bool,
    alerts: Vec<AlertView>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts.html", config = "src/web/askama.toml")]
pub struct AlertsPage {
    layout: Layout,
    brand: Option<BrandId>,
    headline: String,
    untold: String,
    channels: Vec<ChannelView>,
    tabs: Vec<TabView>,
    messages: Vec<MessageView>,
    nothing: &'static str,
    older: Option<Link>,
}

impl AlertsPage {
    /// The page of one state, or of all.
    pub fn new(scope: &Scope, input: &AlertsInput) -> Self {
        let channel =
            |c: &Channel| ChannelView { name: show::one_line(&c.name, 80), kind: c.kind.shown(), place: show::one_line(&c.place, 80) };
        Self {
            layout: scope.layout("Alerts", Place::Alerts, Live::Offer),
            brand: scope.brand_field(),
            headline: headline(input),
            untold: untold(input),
            channels: input.channels.iter().map(channel).collect(),
            tabs: tabs(scope, input),
            messages: input.messages.iter().map(|m| view(m, scope)).collect(),
            nothing: nothing(input),
            older: input.next.map(|id| tab_link(scope, input.state).with("before", &id)),
        }
    }
}

/// The answer in one sentence.
fn headline(input: &AlertsInput) -> String {
    let OutboxCounts { failed, retrying, waiting, sent, .. } = input.counts;
    if input.channels.is_empty() && waiting + sent + failed == 0 {
        return "Nobody is told outside of these pages: no channel is configured.".to_owned();
    }
    match (failed, retrying, waiting) {
        (0, 0, 0) if sent == 0 => "Nothing had to be told yet.".to_owned(),
        (0, 0, 0) => "Everything that had to be told has arrived.".to_owned(),
        (0, 0, n) => format!("{} for its time; everything else has arrived.", show::plural(n, "message waits", "messages wait")),
        (0, n, _) => format!("{} not arrived yet and is tried again.", show::plural(n, "message has", "messages have")),
        (n, ..) => format!("{} given up: somebody has not been told.", show::plural(n, "message was", "messages were")),
    }
}

fn untold(input: &AlertsInput) -> String {
    let n = input.counts.untold;
    if n == 0 || input.channels.is_empty() {
        return String::new();
    }
    format!("{} to nobody: no route of the configuration takes it.", show::plural(n, "alert went", "alerts went"))
}

const fn nothing(input: &AlertsInput) -> &'static str {
    match input.state {
        _ if input.channels.is_empty() => {
            "Name a channel in the configuration (“ebb config” shows how, with every kind in docs/alerts.md), then start Ebb again."
        }
        None => "No message yet. Try a channel with its test button.",
        Some(MessageState::Failed) => "Nothing was given up.",
        Some(MessageState::Waiting) => "Nothing waits.",
        Some(MessageState::Sent) => "Nothing was sent yet.",
    }
}

fn tab_link(scope: &Scope, state: Option<MessageState>) -> Link {
    scope.link("/alerts").with("state", state.map_or("", MessageState::as_str))
}

fn tabs(scope: &Scope, input: &AlertsInput) -> Vec<TabView> {
    let c = input.counts;
    [
        (None, "All", c.waiting + c.sent + c.failed),
        (Some(MessageState::Failed), "Given up", c.failed),
        (Some(MessageState::Waiting), "Waiting", c.waiting),
        (Some(MessageState::Sent), "Sent", c.sent),
    ]
    .into_iter()
    .map(|(state, word, n)| TabView { word, count: show::count(n), href: tab_link(scope, state), current: state == input.state })
    .collect()
}

fn view(m: &Message, scope: &Scope) -> MessageView {
    let now = scope.now;
    let waits = m.state == MessageState::Waiting;
    let (state_class, state_icon, state) = match m.state {
        MessageState::Sent => ("fine", "✓", "Sent"),
        MessageState::Failed => ("failing", "✕", "Given up"),
        MessageState::Waiting if m.attempts > 0 => ("silent", "↻", "Trying again"),
        MessageState::Waiting => ("assigned", "○", "Waiting"),
    };
    MessageView {
        id: m.id,
        name: m.name(),
        title: show::one_line(&m.title(), 200),
        channel: show::one_line(&m.channel, 80),
        route: show::one_line(&m.route, 80),
        state_class,
        state_icon,
        state,
        created: When::new(m.created_at, now),
        sent: m.sent_at.map(|at| When::new(at, now)),
        next: waits.then(|| When::new(m.due_at, now)),
        attempts: if m.attempts > 1 { show::plural(m.attempts, "attempt", "attempts") } else { String::new() },
        repeat: m.repeat == Repeat::Possible,
        error: m.last_error.as_deref().map(|e| sentence(&show::one_line(e, 400))).unwrap_or_default(),
        failed: m.state == MessageState::Failed,
        alerts: m.alerts.iter().map(|a| alert(a, scope)).collect(),
    }
}

fn alert(a: &Alert, scope: &Scope) -> AlertView {
    AlertView {
        title: show::one_line(&a.title, 200),
        why: a.why.iter().map(|w| show::one_line(w, 400)).collect::<Vec<_>>().join(" "),
        kind: a.kind.shown(),
        when: When::new(a.at, scope.now),
        href: a.path.clone(),
    }
}
