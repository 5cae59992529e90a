//! What was decided and by what: incidents with their updates and verdicts, and the labels that people corrected.

use crate::domain::brand::Brand;
use crate::domain::ids::MentionId;
use crate::domain::incident::Incident;
use crate::domain::time::{Millis, Span};
use crate::store::Store;

use super::ExportError;
use super::table::{Column, Row, Value, int, text, time};

/// The columns. Names and order are stable.
pub const COLUMNS: &[Column] = &[
    time("at"),
    text("brand"),
    // incident_started, incident_fixed, incident_closed, update, verdict, correction
    text("event"),
    int("incident"),
    text("incident_title"),
    int("mention"),
    text("value"),
    text("detail"),
];

const CHUNK: i64 = 500;

/// The trail: incident after incident, oldest first; then corrections.
#[derive(Debug)]
pub(super) struct Audit {
    brand: Brand,
    span: Span,
    /// Newest first: they are taken from the end.
    incidents: Vec<Incident>,
    after: MentionId,
}

impl Audit {
    pub(super) async fn open(store: &Store, brand: Brand, span: Span) -> Result<Self, ExportError> {
        let incidents = store.incidents(brand.id).await?;
        Ok(Self { brand, span, incidents, after: MentionId::new(i64::MIN) })
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        while let Some(incident) = self.incidents.pop() {
            let rows = self.of_incident(store, &incident).await?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        let page = store.corrections(self.brand.id, self.span, self.after, CHUNK).await?;
        self.after = page.last().map_or(self.after, |c| c.mention);
        let row = |c: &crate::store::Correction| {
            Row::new(vec![
                c.at.into(),
                self.brand.name.clone().into(),
                "correction".into(),
                Value::Null,
                Value::Null,
                c.mention.get().into(),
                c.label.as_str().into(),
                Value::Null,
            ])
        };
        Ok(page.iter().map(row).collect())
    }

    async fn of_incident(&self, store: &Store, incident: &Incident) -> Result<Vec<Row<'static>>, ExportError> {
        let mut events: Vec<(Millis, &'static str, Value<'static>, Value<'static>)> =
            vec![(incident.started_at, "incident_started", incident.severity.as_str().into(), incident.kind.as_str().into())];
        events.extend(incident.fixed_at.map(|at| (at, "incident_fixed", Value::Null, Value::Null)));
        events.extend(incident.closed_at.map(|at| (at, "incident_closed", Value::Null, incident.close_reason.clone().into())));
        for update in store.updates(incident.id).await? {
            events.push((update.at, "update", update.kind.as_str().into(), update.text.into()));
        }
        for verdict in store.verdicts(incident.id).await? {
            let reasons: Vec<String> = verdict.assessment.reasons.into_iter().map(|r| r.text).collect();
            events.push((verdict.assessment.at, "verdict", verdict.assessment.verdict.as_str().into(), reasons.join("; ").into()));
        }
        events.retain(|(at, ..)| *at >= self.span.from() && *at < self.span.to());
        events.sort_by_key(|(at, ..)| *at);
        let row = |(at, event, value, detail): (Millis, &'static str, Value<'static>, Value<'static>)| {
            Row::new(vec![
                at.into(),
                self.brand.name.clone().into(),
                event.into(),
                incident.id.get().into(),
                incident.title.clone().into(),
                Value::Null,
                value,
                detail,
            ])
        };
        Ok(events.into_iter().map(row).collect())
    }
}
