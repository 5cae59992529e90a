//! What people are told outside of the pages: alerts, the channels they go through, and how far a message has come.
//!
//! An alert holds no text and no name of an author: it leads to the page that shows them, so that deleting a post deletes
//! it everywhere.

use serde::{Deserialize, Serialize};

use super::ids::{BrandId, IncidentId, OutboxId};
use super::incident::{IncidentKind, IncidentSeverity, words};
use super::time::Millis;

words! {
    /// What happened.
    AlertKind {
        /// Concern rose as normal weeks hardly make it rise: somebody should say whether it is an incident.
        Proposed = "proposed", "Incident proposed";
        /// The verdict of an incident changed.
        Verdict = "verdict", "Verdict changed";
        /// It was calm, and concern rose again.
        Relapse = "relapse", "Relapse";
        /// Somebody whom many people read wrote something very negative.
        Reach = "reach", "Very negative author of high reach";
        /// A source has not answered for much longer than it should take.
        SourceSilent = "source_silent", "Source silent";
        /// Concern is raised, and the brand has said nothing for long.
        Silence = "silence", "No update from us";
        /// A very unhappy person waits for too long.
        Overdue = "overdue", "Waiting too long";
        /// How things stand, at a time that was asked for.
        Summary = "summary", "Summary";
        /// Somebody tries a channel.
        Test = "test", "Test";
    }
}

words! {
    /// How soon somebody should look.
    Urgency {
        /// When there is time.
        Info = "info", "For information";
        /// Today.
        Warning = "warning", "Look soon";
        /// Now.
        Critical = "critical", "Look now";
    }
}

words! {
    /// Whether something began or ended: on-call services close what has ended.
    Phase {
        /// It began, or goes on.
        Raised = "raised", "Raised";
        /// It is over.
        Ended = "ended", "Over";
    }
}

/// A number or a word with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// As shown, with its unit.
    pub value: String,
}

impl Fact {
    /// A named value.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// The incident that an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Row id.
    pub id: IncidentId,
    /// Service and security incidents go to different people.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: IncidentSeverity,
}

/// One thing that people should know, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Names what happened: the same event always has the same key, however often it is noticed.
    pub key: String,
    /// What it is about, such as `incident:9`: what follows on the same thing shares it.
    pub subject: String,
    /// What happened.
    pub kind: AlertKind,
    /// How soon to look.
    pub urgency: Urgency,
    /// Began or ended.
    pub phase: Phase,
    /// The brand; `None` for tests of a channel.
    pub brand: Option<BrandId>,
    /// Its name.
    pub brand_name: String,
    /// The incident, where there is one.
    pub incident: Option<About>,
    /// Language of the person concerned, where it is about one.
    pub lang: Option<String>,
    /// When it happened.
    pub at: Millis,
    /// One line.
    pub title: String,
    /// Why people are told, one sentence a line.
    pub why: Vec<String>,
    /// The numbers.
    pub facts: Vec<Fact>,
    /// The page that shows it, from `/` on.
    pub path: String,
    /// For summaries: the addresses that asked for it, in place of those of the channel.
    pub to: Vec<String>,
}

impl Alert {
    /// Somebody tries a channel; `number` tells tries apart.
    pub fn test(channel: &str, number: i64, now: Millis) -> Self {
        Self {
            key: format!("test:{channel}:{number}"),
            subject: format!("test:{number}"),
            kind: AlertKind::Test,
            urgency: Urgency::Info,
            phase: Phase::Raised,
            brand: None,
            brand_name: String::new(),
            incident: None,
            lang: None,
            at: now,
            title: format!("Test of the channel “{channel}”"),
            why: vec!["Somebody tries whether messages arrive here. Nothing has happened.".to_owned()],
            facts: Vec::new(),
            path: "/alerts".to_owned(),
            to: Vec::new(),
        }
    }
}

words! {
    /// How messages go out.
    ChannelKind {
        /// An incoming webhook of Slack.
        Slack = "slack", "Slack";
        /// A workflow of Microsoft Teams that takes web requests.
        Teams = "teams", "Microsoft Teams";
        /// A webhook of Discord.
        Discord = "discord", "Discord";
        /// An incoming webhook of Mattermost.
        Mattermost = "mattermost", "Mattermost";
        /// E-mail over SMTP.
        Email = "email", "E-mail";
        /// `PagerDuty`'s Events API v2.
        PagerDuty = "pagerduty", "PagerDuty";
        /// `Opsgenie`'s Alert API.
        Opsgenie = "opsgenie", "Opsgenie";
        /// Any address, signed as Standard Webhooks says.
        Webhook = "webhook", "Webhook";
    }
}

/// A channel as pages show it: never an address that is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// Unique name.
    pub name: String,
    /// How messages go out.
    pub kind: ChannelKind,
    /// The host it leads to.
    pub place: String,
}

words! {
    /// How far a message has come.
    MessageState {
        /// Waits for its time, or for another attempt.
        Waiting = "waiting", "Waiting";
        /// The other side took it.
        Sent = "sent", "Sent";
        /// Given up.
        Failed = "failed", "Failed";
    }
}

/// A message of the outbox: one or several alerts for one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Row id. What is sent is named after it at each attempt, so that a repeat can be told.
    pub id: OutboxId,
    /// Name of the channel.
    pub channel: String,
    /// Name of the route; empty for a test.
    pub route: String,
    /// How far it has come.
    pub state: MessageState,
    /// When it is sent, or tried again.
    pub due_at: Millis,
    /// When its first alert came.
    pub created_at: Millis,
    /// When it was first tried.
    pub first_try_at: Option<Millis>,
    /// When it was last tried.
    pub last_try_at: Option<Millis>,
    /// Attempts so far, the running one too.
    pub attempts: i64,
    /// Whether an earlier attempt may have arrived.
    pub repeat: Repeat,
    /// When the other side took it.
    pub sent_at: Option<Millis>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// What it says, oldest first.
    pub alerts: Vec<Alert>,
}

words! {
    /// Whether a message may be there already.
    Repeat {
        /// No earlier attempt can have arrived.
        First = "first", "First";
        /// An earlier attempt broke off without an answer.
        Possible = "possible", "May be a repeat";
    }
}

impl Message {
    /// Its stable name towards the other side, such as `msg_7301`.
    pub fn name(&self) -> String {
        format!("msg_{}", self.id)
    }

    /// What its alerts have in common, for services that join what belongs together.
    pub fn subject(&self) -> &str {
        self.alerts.first().map_or("ebb", |a| a.subject.as_str())
    }

    /// Began, unless all that it tells of has ended.
    pub fn phase(&self) -> Phase {
        let ended = !self.alerts.is_empty() && self.alerts.last().is_some_and(|a| a.phase == Phase::Ended);
        if ended { Phase::Ended } else { Phase::Raised }
    }

    /// The highest of its alerts.
    pub fn urgency(&self) -> Urgency {
        let rank = |u: &Urgency| Urgency::ALL.iter().position(|v| v == u);
        self.alerts.iter().map(|a| a.urgency).max_by_key(rank).unwrap_or(Urgency::Info)
    }

    /// One line: the alert's, or how many there are and the newest.
    pub fn title(&self) -> String {
        match self.alerts.as_slice() {
            [] => "Nothing to tell".to_owned(),
            [one] => one.title.clone(),
            [.., newest] => format!("{} alerts, the newest: {}", self.alerts.len(), newest.title),
        }
    }
}
