//! How an open incident stands, sent each day or week to those who asked for it.

use super::rules::{self, Scene};
use crate::domain::alert::{Alert, AlertKind, Fact, Phase, Urgency};
use crate::domain::brand::Brand;
use crate::domain::incident::{Incident, Update};
use crate::domain::route::{Moment, UtcOffset};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};
use crate::domain::verdict::{Assessment, KeptVerdict};
use crate::store::{FlagCounts, Store, StoreError};

/// One summary that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Shown name, unique.
    pub name: String,
    /// Name of the brand.
    pub brand: String,
    /// When.
    pub when: Moment,
    /// Of `when`.
    pub offset: UtcOffset,
    /// Name of the channel of e-mail.
    pub channel: String,
    /// Receivers; those of the channel when empty.
    pub to: Vec<String>,
}

/// A summary that was missed (nobody ran) is sent within this time, and left out later: the next one says the same.
const LATE_MS: i64 = 6 * HOUR_MS;

/// What a summary is made of.
#[derive(Debug, Clone)]
struct Material {
    standing: Option<Assessment>,
    verdicts: Vec<KeptVerdict>,
    updates: Vec<Update>,
    people: FlagCounts,
    mentions: i64,
    unhappy: i64,
}

/// Posts the summaries whose time has come; gives back how many were new.
pub async fn post_due(store: &Store, schedules: &[Schedule], since: Millis, now: Millis) -> Result<usize, StoreError> {
    let mut new = 0;
    for schedule in schedules {
        let Some(at) = schedule.when.last(now, schedule.offset).filter(|at| *at >= since && now.since(*at) < LATE_MS) else { continue };
        let before = schedule.when.last(at.plus(-1), schedule.offset).unwrap_or(at.plus(-DAY_MS)).max(at.plus(-WEEK_MS));
        for brand in store.brands().await?.iter().filter(|b| b.name == schedule.brand) {
            for incident in store.incidents(brand.id).await?.iter().filter(|i| i.closed_at.is_none()) {
                let span = Span::new(before, at).unwrap_or(Span::empty(at));
                let alert = summarise(store, schedule, Scene { brand, incident: Some(incident) }, span).await?;
                new += usize::from(store.post_now(&alert, &schedule.channel, now).await?);
            }
        }
    }
    Ok(new)
}

async fn summarise(store: &Store, schedule: &Schedule, scene: Scene<'_>, span: Span) -> Result<Alert, StoreError> {
    let Scene { brand, incident: Some(incident) } = scene else { return Err(StoreError::NotFound) };
    let hours = store.hours(brand.id, None, span).await?;
    let material = Material {
        standing: store.standing(incident.id).await?,
        verdicts: store.verdicts(incident.id).await?,
        updates: store.updates(incident.id).await?,
        people: store.flag_counts_since(brand.id, incident.started_at).await?,
        mentions: hours.iter().map(|h| h.mentions).sum(),
        unhappy: store.distinct_unhappy(brand.id, span).await?,
    };
    Ok(write(schedule, brand, incident, &material, span))
}

fn write(schedule: &Schedule, brand: &Brand, incident: &Incident, m: &Material, span: Span) -> Alert {
    let verdict = m.standing.as_ref().map_or("not judged yet", |a| a.verdict.shown());
    let inside = |at: Millis| at >= span.from() && at < span.to();
    let mut why: Vec<String> = m.standing.iter().flat_map(|a| &a.reasons).take(4).map(|r| rules::sentence(&r.text)).collect();
    let changes: Vec<&str> = m.verdicts.iter().filter(|v| inside(v.assessment.at)).map(|v| v.assessment.verdict.shown()).collect();
    why.push(match changes.as_slice() {
        [] => "The verdict has not changed since the last summary.".to_owned(),
        changes => format!("Since the last summary the verdict became: {}.", changes.join(", then ").to_lowercase()),
    });
    let said = m.updates.iter().filter(|u| inside(u.at)).count();
    why.push(match said {
        0 => "We have said nothing since the last summary.".to_owned(),
        1 => "We have said something once since the last summary.".to_owned(),
        n => format!("We have said something {n} times since the last summary."),
    });
    let mut facts = m.standing.as_ref().map(rules::numbers).unwrap_or_default();
    facts.extend([
        Fact::new("Mentions since the last summary", m.mentions.to_string()),
        Fact::new("Unhappy authors since then", m.unhappy.to_string()),
        Fact::new("Very unhappy people whom nobody took", m.people.open.to_string()),
        Fact::new("In somebody's hands", m.people.assigned.to_string()),
        Fact::new("Looked after", m.people.done.to_string()),
    ]);
    let scene = Scene { brand, incident: Some(incident) };
    Alert {
        key: format!("summary:{}:{}:{}", schedule.name, incident.id, span.to().get()),
        subject: format!("summary:incident:{}", incident.id),
        urgency: Urgency::Info,
        phase: Phase::Raised,
        title: format!("{}: {}", incident.title, verdict.to_lowercase()),
        why,
        facts,
        to: schedule.to.clone(),
        ..scene.blank(AlertKind::Summary, span.to())
    }
}
