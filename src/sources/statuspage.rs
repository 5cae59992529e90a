//! Status pages: the brand's own voice. What they say becomes updates of the timeline, never mentions.
//!
//! Read as Statuspage's JSON, where each update of an incident has its own id and is followed when it is edited; else as an
//! Atom or RSS feed, as other vendors offer it, where one entry holds an incident with all its updates so far.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::{believable, decode, encode};
use super::feed::{self, Document};
use super::http::{Answer, Ask, Validators, host_of};
use super::lenient::{self, id, list, text, time};
use super::{Http, PollError, SettingsError, html};
use crate::domain::incident::UpdateKind;
use crate::domain::post::{PostKey, safe_link};
use crate::domain::source::{Cursor, Page, SourceSpec};
use crate::domain::statement::Statement;
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, Millis, Span};

const PLATFORM: &str = "statuspage";
/// Feeds are tried in this order where there is no JSON.
const FEEDS: [&str; 4] = ["/history.atom", "/history.rss", "/feed.atom", "/feed"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The status page, or its feed.
    url: Address,
    #[serde(default = "ninety")]
    backfill_days: u16,
}

const fn ninety() -> u16 {
    90
}

/// Reads one status page.
#[derive(Debug)]
pub struct Statuspage {
    url: Url,
    backfill_ms: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    /// The address that worked last, an index into the ways.
    way: Option<usize>,
    #[serde(default)]
    validators: Validators,
}

impl Statuspage {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        Ok(Self { url: given.url.0, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    /// Where its history may be found: JSON first, the configured address itself last.
    fn ways(&self) -> Vec<Url> {
        let json = join(&self.url, "/api/v2/incidents.json", &[]);
        let feeds = FEEDS.iter().map(|path| join(&self.url, path, &[]));
        std::iter::once(json).chain(feeds).chain([self.url.clone()]).collect()
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let ways = self.ways();
        let order = state.way.into_iter().chain((0..ways.len()).filter(|n| Some(*n) != state.way));
        let mut refused = None;
        for way in order {
            let Some(url) = ways.get(way).cloned() else { continue };
            let validators = if state.way == Some(way) { std::mem::take(&mut state.validators) } else { Validators::default() };
            let accept = if way == 0 { "application/json" } else { feed::ACCEPT };
            let answer = http.get(&Ask { accept, validators, ..Ask::json(url, &self.url) }).await?;
            let read = if answer.status == 304 { Ok(Vec::new()) } else { self.read(&answer, way, now) };
            match read {
                Ok(updates) => {
                    state.validators = answer.validators();
                    state.way = Some(way);
                    return Ok(self.page(state, (updates, answer.not_before), now));
                }
                // Another way may be open.
                Err(error @ (PollError::NotFound { .. } | PollError::Gone { .. } | PollError::Refused { .. })) => {
                    refused = refused.or(Some(error));
                }
                // A page of HTML is where other vendors have nothing; when this way worked before it is trouble.
                Err(error @ PollError::Malformed { .. }) if state.way != Some(way) => refused = refused.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or_else(|| PollError::NotFound { host: host_of(&self.url) }))
    }

    fn page(&self, mut state: State, (mut updates, not_before): (Vec<Statement>, Option<Millis>), now: Millis) -> Page {
        let first = now.plus(-self.backfill_ms);
        updates.retain(|update| update.at >= first);
        let covered = Span::new(state.read_until.unwrap_or(first).min(now), now);
        state.read_until = Some(now);
        Page { updates, cursor: encode(&state), covered, not_before, ..Page::default() }
    }

    fn read(&self, answer: &Answer, way: usize, now: Millis) -> Result<Vec<Statement>, PollError> {
        if let Some(error) = answer.error() {
            return Err(error);
        }
        let host = host_of(&self.url);
        if way == 0 {
            let body = lenient::json(answer)?;
            let incidents = lenient::needed_list(&body, "incidents", answer)?;
            return Ok(incidents.iter().flat_map(|incident| incident_updates(incident, &host, now)).collect());
        }
        match feed::parse(answer)? {
            Document::Feed(parsed) => Ok(parsed.items.iter().filter_map(|item| entry(item, &host, now)).collect()),
            Document::Html(_) => Err(PollError::malformed(&answer.host(), "it is a web page, and no status page that Ebb can read")),
        }
    }
}

/// The updates of one incident.
fn incident_updates(incident: &Value, host: &str, now: Millis) -> Vec<Statement> {
    let (Some(of), name) = (id(incident, &["id"]), plain(text(incident, &["name"]))) else { return Vec::new() };
    let url = safe_link(text(incident, &["shortlink"]));
    let update = |update: &Value| {
        let own = id(update, &["id"])?;
        let status = text(update, &["status"]);
        let at = ["display_at", "created_at"].into_iter().find_map(|field| time(text(update, &[field])));
        let words = html::to_text(text(update, &["body"]));
        Some(Statement {
            key: PostKey::new(PLATFORM, host, &format!("{of}/{own}")).ok()?,
            at: believable(at, now),
            kind: if matches!(status, "resolved" | "completed") { UpdateKind::Fix } else { UpdateKind::Statement },
            text: html::join(&headed(&name, status), &words),
            url: url.clone(),
        })
    };
    list(incident, "incident_updates").iter().filter_map(update).collect()
}

/// `Login errors (monitoring)`.
fn headed(name: &str, status: &str) -> String {
    let status: String = status.replace('_', " ").chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').take(30).collect();
    if status.is_empty() { name.to_owned() } else { format!("{name} ({status})") }
}

/// One entry of a feed: an incident with what was said of it so far.
fn entry(item: &feed::Item, host: &str, now: Millis) -> Option<Statement> {
    let words = html::join(&item.title, &item.body);
    // The newest part comes first in these feeds, each with its state in bold.
    let start: String = item.body.chars().take(200).collect::<String>().to_lowercase();
    let mended = ["resolved", "completed"].iter().any(|word| start.contains(word));
    Some(Statement {
        key: PostKey::new(PLATFORM, host, &item.id).ok()?,
        at: believable(item.at, now),
        kind: if mended { UpdateKind::Fix } else { UpdateKind::Statement },
        text: words,
        url: item.link.as_deref().and_then(safe_link),
    })
}
