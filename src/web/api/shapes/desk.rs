//! The JSON of what people work on: updates, flagged people, messages, channels, tokens.

use serde::Serialize;
use utoipa::ToSchema;

use super::{MentionShape, time};
use crate::domain::alert::{Alert, Channel, Message, Repeat};
use crate::domain::incident::Update;
use crate::store::{FlagRow, Token};

/// An official statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaidShape {
    id: String,
    incident: String,
    at: String,
    /// `statement`, `apology` or `fix`.
    kind: &'static str,
    text: String,
    url: Option<String>,
}

impl From<Update> for SaidShape {
    fn from(u: Update) -> Self {
        Self {
            id: u.id.to_string(),
            incident: u.incident.to_string(),
            at: u.at.to_rfc3339(),
            kind: u.kind.as_str(),
            text: u.text,
            url: u.url,
        }
    }
}

/// A flagged person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonShape {
    id: String,
    brand: String,
    author_id: String,
    author: String,
    author_name: String,
    platform: String,
    followers: Option<i64>,
    /// `open`, `assigned` or `done`.
    state: &'static str,
    owner: String,
    note: String,
    reason: String,
    /// 0 to 1, highest first.
    priority: f64,
    worst_severity: f64,
    very_negative: i64,
    waiting_since: String,
    pub(in crate::web::api) worst: Option<MentionShape>,
    /// Id of the case that it is worked on in.
    case: Option<String>,
    /// Send it back with a change.
    version: i64,
}

impl From<FlagRow> for PersonShape {
    fn from(row: FlagRow) -> Self {
        let FlagRow { flag, author, worst, waiting_since, case } = row;
        Self {
            id: flag.id.to_string(),
            brand: flag.brand.to_string(),
            author_id: author.id.to_string(),
            author: author.handle,
            author_name: author.name,
            platform: author.platform,
            followers: author.followers,
            state: flag.state.as_str(),
            owner: flag.owner,
            note: flag.note,
            reason: flag.reason,
            priority: flag.priority,
            worst_severity: flag.worst_severity,
            very_negative: flag.very_negative,
            waiting_since: waiting_since.to_rfc3339(),
            worst: worst.map(MentionShape::from),
            case: case.map(|c| c.id.to_string()),
            version: flag.version,
        }
    }
}

/// One alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertShape {
    /// Names the event.
    key: String,
    /// Such as `verdict`.
    kind: &'static str,
    /// `info`, `warning` or `critical`.
    urgency: &'static str,
    at: String,
    title: String,
    why: Vec<String>,
    /// The page that shows it.
    path: String,
}

impl From<Alert> for AlertShape {
    fn from(a: Alert) -> Self {
        Self {
            kind: a.kind.as_str(),
            urgency: a.urgency.as_str(),
            at: a.at.to_rfc3339(),
            key: a.key,
            title: a.title,
            why: a.why,
            path: a.path,
        }
    }
}

/// A message of the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageShape {
    id: String,
    channel: String,
    route: String,
    /// `waiting`, `sent` or `failed`.
    state: &'static str,
    created_at: String,
    due_at: String,
    sent_at: Option<String>,
    attempts: i64,
    /// An earlier attempt may have arrived.
    repeat: bool,
    error: Option<String>,
    alerts: Vec<AlertShape>,
}

impl From<Message> for MessageShape {
    fn from(m: Message) -> Self {
        Self {
            id: m.id.to_string(),
            channel: m.channel,
            route: m.route,
            state: m.state.as_str(),
            created_at: m.created_at.to_rfc3339(),
            due_at: m.due_at.to_rfc3339(),
            sent_at: time(m.sent_at),
            attempts: m.attempts,
            repeat: m.repeat == Repeat::Possible,
            error: m.last_error,
            alerts: m.alerts.into_iter().map(AlertShape::from).collect(),
        }
    }
}

/// A configured channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelShape {
    name: String,
    /// Such as `slack`.
    kind: &'static str,
    /// The host it leads to.
    place: String,
}

impl From<Channel> for ChannelShape {
    fn from(c: Channel) -> Self {
        Self { name: c.name, kind: c.kind.as_str(), place: c.place }
    }
}

/// A token, never its value.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenShape {
    id: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    used_at: Option<String>,
}

impl From<Token> for TokenShape {
    fn from(t: Token) -> Self {
        Self {
            id: t.id.to_string(),
            name: t.name,
            scopes: t.scopes.split(',').map(str::to_owned).collect(),
            created_at: t.created_at.to_rfc3339(),
            expires_at: time(t.expires_at),
            revoked_at: time(t.revoked_at),
            used_at: time(t.used_at),
        }
    }
}
