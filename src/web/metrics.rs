//! `/metrics`, for Prometheus: the text format, version 0.0.4.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::auth::{Scope, allow};
use super::failure::WebError;
use super::guard::bearer;
use super::state::WebState;
use super::view::sources::SourceState;
use crate::assess::quiet::quiet;
use crate::domain::ids::SourceId;
use crate::domain::source::{HourCoverage, SourceHealth};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::Verdict;

const AREAS: [&str; 3] = ["page", "api", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Requests answered by this process. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct Answered(Arc<[[AtomicU64; 5]; 3]>);

/// Counts what is answered.
pub async fn count(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let area = match path {
        p if p.starts_with("/api/") => 1,
        "/healthz" | "/readyz" | "/metrics" | "/events" => 2,
        p if p.starts_with("/assets/") => 2,
        _ => 0,
    };
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100).clamp(1, 5) - 1;
    state.answered.0[area][class].fetch_add(1, Ordering::Relaxed);
    response
}

/// Everything, read anew from the store. Once tokens are used, it needs one with the scope `read`.
pub async fn metrics(State(state): State<WebState>, headers: HeaderMap) -> Result<impl IntoResponse, WebError> {
    allow(&state, bearer(&headers), Scope::Read).await?;
    let mut out = Page::default();
    out.requests(&state.answered);
    out.sources(&state).await?;
    out.incidents(&state).await?;
    let now = state.clock.now();
    out.one("ebb_scoring_backlog", "Mentions that wait for the model.", count_of(state.store.scoring_backlog().await?));
    let outbox = state.store.outbox_counts().await?;
    out.head("ebb_alert_messages", "gauge", "Messages of the outbox by state.");
    for (word, n) in [("waiting", outbox.waiting), ("sent", outbox.sent), ("failed", outbox.failed)] {
        out.line("ebb_alert_messages", &[("state", word)], count_of(n));
    }
    out.one("ebb_alert_messages_retrying", "Messages that failed at least once and are tried again.", count_of(outbox.retrying));
    out.one("ebb_alerts_untold", "Alerts that no route takes.", count_of(outbox.untold));
    out.one("ebb_time_seconds", "The time of Ebb's clock.", now.get() as f64 / 1000.0);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out.0))
}

fn count_of(n: i64) -> f64 {
    n as f64
}

/// The text under way.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        self.line(name, &[], value);
    }

    fn requests(&mut self, answered: &Answered) {
        self.head("ebb_http_requests_total", "counter", "Requests answered by this process.");
        for (area, counts) in AREAS.iter().zip(answered.0.iter()) {
            for (class, n) in CLASSES.iter().zip(counts) {
                self.line("ebb_http_requests_total", &[("area", area), ("class", class)], n.load(Ordering::Relaxed) as f64);
            }
        }
    }

    async fn sources(&mut self, state: &WebState) -> Result<(), WebError> {
        let now = state.clock.now();
        let sources: Vec<_> = state.store.source_health().await?.into_iter().filter(|s| s.enabled).collect();
        let quiet = quiet(&state.store, &sources, now).await?;
        let mut of = |name, kind, help, value: &dyn Fn(&SourceHealth) -> Option<f64>| self.by_source((name, kind, help), &sources, value);
        let one = |is: bool| Some(f64::from(u8::from(is)));
        of("ebb_source_failures", "gauge", "Failed polls in a row.", &|s| Some(count_of(s.failures)));
        let silent = |s: &SourceHealth| one(SourceState::of(s, now) == SourceState::Silent);
        of("ebb_source_silent", "gauge", "1 when nothing was heard for much longer than it should take.", &silent);
        let help = "1 when it answers, and brings nothing where its own history says that it should.";
        of("ebb_source_suspiciously_quiet", "gauge", help, &|s| one(quiet.contains_key(&s.id)));
        let age = |at: Option<Millis>| Some(age_s(at?, now));
        of("ebb_source_last_success_age_seconds", "gauge", "Time since the source last answered.", &|s| age(s.last_success_at));
        of("ebb_source_newest_mention_age_seconds", "gauge", "Age of its newest mention.", &|s| age(s.newest_post_at));
        of("ebb_source_mentions_total", "counter", "Mentions kept from the source.", &|s| Some(count_of(s.mentions)));
        self.coverage(state, &sources, now).await
    }

    /// The last 24 whole hours, and the last one of them.
    async fn coverage(&mut self, state: &WebState, sources: &[SourceHealth], now: Millis) -> Result<(), WebError> {
        let day = Span::new(now.plus(-DAY_MS).hour(), now.hour()).unwrap_or(Span::empty(now));
        let mut read: HashMap<SourceId, i64> = HashMap::new();
        let mut last: HashMap<SourceId, HourCoverage> = HashMap::new();
        for hour in state.store.coverage(day).await? {
            *read.entry(hour.source).or_default() += hour.covered_ms;
            if hour.hour == now.hour().plus(-HOUR_MS) {
                last.insert(hour.source, hour);
            }
        }
        let share = |s: &SourceHealth| (read.get(&s.id).copied().unwrap_or(0) as f64 / (24 * HOUR_MS) as f64).min(1.0);
        let help = "Share of the last 24 whole hours that was read, 0 to 1.";
        self.by_source(("ebb_source_coverage_ratio", "gauge", help), sources, |s| Some(share(s)));
        let mut of = |name, help, count: fn(&HourCoverage) -> i64| {
            self.by_source((name, "gauge", help), sources, |s| Some(count_of(last.get(&s.id).map_or(0, count))));
        };
        of("ebb_source_last_hour_requests", "Requests made in the last whole hour.", |h| h.asked);
        of("ebb_source_last_hour_answers", "Requests answered in the last whole hour.", |h| h.answered);
        of("ebb_source_last_hour_mentions", "Mentions kept in the last whole hour.", |h| h.items);
        Ok(())
    }

    /// A line for each source that has such a value.
    fn by_source(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        sources: &[SourceHealth],
        value: impl Fn(&SourceHealth) -> Option<f64>,
    ) {
        self.head(name, kind, help);
        for (source, value) in sources.iter().filter_map(|s| Some((s, value(s)?))) {
            self.line(name, &[("source", &source.spec.name)], value);
        }
    }

    async fn incidents(&mut self, state: &WebState) -> Result<(), WebError> {
        let mut standing = Vec::new();
        for incident in state.store.open_incidents().await? {
            let assessment = state.store.standing(incident.id).await?;
            standing.push((incident.id.to_string(), assessment));
        }
        self.head("ebb_incident_verdict", "gauge", "1 for the verdict that stands, for each open incident.");
        for (id, assessment) in &standing {
            for verdict in Verdict::ALL {
                let stands = assessment.as_ref().is_some_and(|a| a.verdict == *verdict);
                self.line("ebb_incident_verdict", &[("incident", id), ("verdict", verdict.as_str())], f64::from(u8::from(stands)));
            }
        }
        self.head("ebb_incident_unhappy_authors", "gauge", "Unhappy authors an hour, mean over the window that is judged.");
        for (id, a) in standing.iter().filter_map(|(id, a)| Some((id, a.as_ref()?))) {
            self.line("ebb_incident_unhappy_authors", &[("incident", id)], a.unhappy_per_hour);
        }
        self.head("ebb_incident_expected_authors", "gauge", "Unhappy authors an hour that are normal for the same hours.");
        for (id, a) in standing.iter().filter_map(|(id, a)| Some((id, a.as_ref()?))) {
            self.line("ebb_incident_expected_authors", &[("incident", id)], a.expected_per_hour);
        }
        Ok(())
    }
}

fn age_s(at: Millis, now: Millis) -> f64 {
    now.since(at).max(0) as f64 / 1000.0
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
