//! Handlers: each loads what its page is made of, or changes one thing and leads back.

pub mod alerts;
pub mod case;
pub mod check;
pub mod closing;
pub mod export;
pub mod hold;
pub mod incidents;
pub mod mentions;
pub mod now;
pub mod people;
pub mod proposals;
pub mod replies;
pub mod report;
pub mod signals;
pub mod sources;
pub mod story;
pub mod themes;

use axum::response::Redirect;
use serde::Deserialize;

use crate::assess::{self, Ask, ConcernView, load_view};
use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::language::UNDETERMINED;
use crate::domain::time::{DAY_MS, Millis, Span};

use super::chart::curve::{Choice, Curve, Hour};
use super::failure::WebError;
use super::link::Link;
use super::state::WebState;

/// Longest time on one curve.
const LONGEST_MS: i64 = 21 * DAY_MS;

/// `?brand=`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BrandQuery {
    /// The brand's id; the first brand when there is none.
    pub brand: Option<String>,
    /// A second line in the chart: `severity` or `share`.
    pub line: Option<String>,
    /// Only the people of one language in the chart: ISO 639-1, or `und`.
    pub lang: Option<String>,
}

/// The asked brand. Empty is none; what is no number is no brand.
pub fn asked_brand(text: Option<&str>) -> Result<Option<BrandId>, WebError> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| WebError::NotFound),
    }
}

/// The asked language as the store knows it: `und` is the empty one. What cannot be a language is refused.
pub fn asked_language(text: &str) -> Result<String, WebError> {
    match text {
        UNDETERMINED => Ok(String::new()),
        _ if (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase()) => Ok(text.to_owned()),
        _ => Err(WebError::Bad("lang must be the code of a language, such as de, or und for unknown ones.".to_owned())),
    }
}

/// Leads back after a change, so that loading the page again changes nothing again.
fn lead_to(link: &Link) -> Redirect {
    Redirect::to(&link.to_string())
}

/// The time that an incident's curve shows: a day before it, and a day after its close.
pub fn incident_span(incident: &Incident, now: Millis) -> Span {
    let to = incident.closed_at.map_or(now, |at| at.plus(DAY_MS).min(now)).max(incident.started_at);
    let from = incident.started_at.plus(-DAY_MS).max(to.plus(-LONGEST_MS));
    Span::new(from.hour(), to).unwrap_or(Span::empty(to))
}

/// Loads the curve with what goes with it.
async fn concern(state: &WebState, brand: BrandId, incident: Option<&Incident>, span: Span) -> Result<(ConcernView, Curve), WebError> {
    let now = state.clock.now();
    let view = load_view(&state.store, brand, incident, Ask { span, now, settings: state.settings }).await?;
    let curve = Curve { span, hours: drawn(&view.curve), marks: Vec::new(), now, choice: Choice::default() };
    Ok((view, curve))
}

fn drawn(curve: &assess::concern::Curve) -> Vec<Hour> {
    let hours = curve.points.iter().map(|p| Hour {
        at: p.hour,
        unhappy: p.unhappy,
        mentions: p.mentions,
        expected: p.band.map(|b| b.expected),
        upper: p.band.map(|b| b.high),
        covered: p.covered,
        severity: p.severity,
        share: p.share_negative,
    });
    hours.collect()
}

/// Languages that are offered beside a curve.
const LANGUAGES: usize = 8;

/// Draws what was asked for: a second line, one language; and offers the others. `place` is the page's address.
async fn choose(
    state: &WebState,
    brand: BrandId,
    (view, curve): (&ConcernView, &mut Curve),
    (query, place): (&BrandQuery, &Link),
) -> Result<(), WebError> {
    let asked = query.lang.as_deref().filter(|lang| !lang.is_empty());
    if let Some(lang) = asked {
        let lang = asked_language(lang)?;
        let own = assess::concern_of_language(&state.store, brand, &lang, (&view.baseline, &view.curve)).await?;
        // Without a band for all there is none for one: the page took it away for a reason.
        let banded = curve.hours.iter().any(|h| h.expected.is_some());
        curve.hours = drawn(&own);
        if !banded {
            curve.hours.iter_mut().for_each(|h| (h.expected, h.upper) = (None, None));
        }
    }
    let spoken = state.store.spoken(brand, curve.span).await?;
    let spoken: Vec<String> =
        spoken.into_iter().take(LANGUAGES).map(|l| if l.lang.is_empty() { UNDETERMINED.to_owned() } else { l.lang }).collect();
    let lines = query.line.as_deref().unwrap_or_default();
    curve.choice = Choice::new(lines, &place.clone().with("lang", asked.unwrap_or_default())).in_language(asked, &spoken, place);
    Ok(())
}
