//! Earlier incidents of a brand beside this one: how long they took, and their curves aligned at their peaks.

use crate::domain::incident::Incident;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{HourCounts, KeptVerdict, Verdict};
use crate::store::{Store, StoreError};

/// Earlier incidents that are looked at, the newest.
const LAST: usize = 6;
/// Hours that are summed up in one point.
pub const STEP_HOURS: i64 = 3;
/// What is drawn before and after the peak, hours.
pub const BEFORE_HOURS: i64 = 24;
/// See [`BEFORE_HOURS`].
pub const AFTER_HOURS: i64 = 120;

/// A curve, hours from its peak.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// Middle of the highest three hours.
    pub peak_at: Millis,
    /// Unhappy authors in them, hour by hour.
    pub peak: i64,
    /// Hours from the peak, and unhappy authors as a share of the peak, 0..=1.
    pub points: Vec<(i64, f64)>,
}

/// An earlier incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// The incident.
    pub incident: Incident,
    /// From its start until it was over, milliseconds.
    pub took_ms: i64,
    /// Its curve; `None` when nobody was unhappy.
    pub curve: Option<Aligned>,
}

/// This incident among the earlier ones of its brand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// This one's curve.
    pub this: Option<Aligned>,
    /// Newest first, at most six.
    pub earlier: Vec<Earlier>,
}

/// How long a closed incident took: to the last time that it recovered before it was closed, else to its close.
pub fn took(incident: &Incident, verdicts: &[KeptVerdict]) -> Option<i64> {
    let closed = incident.closed_at?;
    let recovered = verdicts.iter().filter(|v| v.assessment.verdict == Verdict::Recovered).map(|v| v.assessment.at);
    let over = recovered.filter(|at| *at <= closed).max().unwrap_or(closed);
    Some(over.since(incident.started_at).max(0))
}

/// Aligns a curve at its peak, as far as `span` reaches.
pub fn align(hours: &[HourCounts], span: Span) -> Option<Aligned> {
    let at = |hour: Millis| hours.binary_search_by_key(&hour, |h| h.hour).ok().and_then(|i| hours.get(i)).map_or(0, |h| h.unhappy.max(0));
    let sum = |middle: Millis| (-1..=1).map(|i| at(middle.plus(i * HOUR_MS))).sum::<i64>();
    // Of equal peaks the first.
    let peak_at = hours.iter().map(|h| h.hour).max_by_key(|hour| (sum(*hour), std::cmp::Reverse(*hour)))?;
    let peak = sum(peak_at);
    if peak <= 0 {
        return None;
    }
    let steps = (-BEFORE_HOURS / STEP_HOURS)..=(AFTER_HOURS / STEP_HOURS);
    let points = steps
        .map(|step| step * STEP_HOURS)
        .filter(|h| {
            let middle = peak_at.plus(h * HOUR_MS);
            middle.plus(-HOUR_MS) >= span.from() && middle.plus(2 * HOUR_MS) <= span.to()
        })
        .map(|h| (h, sum(peak_at.plus(h * HOUR_MS)) as f64 / peak as f64))
        .collect();
    Some(Aligned { peak_at, peak, points })
}

impl Past {
    /// Such as `Your last six incidents took 1.5 to 4 days.`; `None` without an earlier one.
    pub fn sentence(&self) -> Option<String> {
        let mut took: Vec<i64> = self.earlier.iter().map(|e| e.took_ms).collect();
        took.sort_unstable();
        let (shortest, longest) = (took.first().copied()?, took.last().copied()?);
        let length = |ms: i64| if ms < DAY_MS { hours(ms) } else { days(ms) };
        let span = if length(shortest) == length(longest) {
            length(longest)
        } else if (shortest < DAY_MS) == (longest < DAY_MS) {
            let low = length(shortest);
            format!("{} to {}", low.split(' ').next().unwrap_or_default(), length(longest))
        } else {
            format!("{} to {}", length(shortest), length(longest))
        };
        Some(match took.len() {
            1 => format!("Your last incident took {span}."),
            n => format!("Your last {} incidents took {span}.", ["", "", "two", "three", "four", "five", "six"].get(n).unwrap_or(&"few")),
        })
    }
}

fn hours(ms: i64) -> String {
    let hours = (ms + HOUR_MS / 2) / HOUR_MS;
    if hours == 1 { "1 hour".to_owned() } else { format!("{hours} hours") }
}

/// Halves: more would be more than anybody knows.
fn days(ms: i64) -> String {
    let halves = (ms * 2 + DAY_MS / 2) / DAY_MS;
    let number = if halves % 2 == 0 { (halves / 2).to_string() } else { format!("{}.5", halves / 2) };
    if halves == 2 { "1 day".to_owned() } else { format!("{number} days") }
}

/// Loads the six closed incidents of the brand that started before this one, with their curves.
pub async fn load_past(store: &Store, incident: &Incident, now: Millis) -> Result<Past, StoreError> {
    let mut earlier = Vec::new();
    let all = store.incidents(incident.brand).await?;
    let before = all.into_iter().filter(|i| i.id != incident.id && i.started_at < incident.started_at && i.closed_at.is_some());
    for other in before.take(LAST) {
        let verdicts = store.verdicts(other.id).await?;
        let Some(took_ms) = took(&other, &verdicts) else { continue };
        let curve = curve(store, &other, now).await?;
        earlier.push(Earlier { incident: other, took_ms, curve });
    }
    let this = if earlier.is_empty() { None } else { curve(store, incident, now).await? };
    Ok(Past { this, earlier })
}

/// From a day before an incident to its end, or as far as is drawn.
async fn curve(store: &Store, incident: &Incident, now: Millis) -> Result<Option<Aligned>, StoreError> {
    let end = incident.closed_at.map_or(now, |at| at.plus(DAY_MS).min(now)).max(incident.started_at);
    let from = incident.started_at.plus(-DAY_MS).hour();
    let span = Span::new(from, end.hour()).unwrap_or(Span::empty(from));
    Ok(align(&store.hours(incident.brand, None, span).await?, span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{BrandId, IncidentId};
    use crate::domain::incident::{IncidentKind, IncidentSeverity};

    const START: Millis = Millis::new(1_795_176_000_000);

    fn incident(closed: Option<i64>) -> Incident {
        Incident {
            id: IncidentId::new(1),
            brand: BrandId::new(1),
            title: "x".to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Minor,
            commander: String::new(),
            war_room: None,
            started_at: START,
            fixed_at: None,
            closed_at: closed.map(|h| START.plus(h * HOUR_MS)),
            close_reason: String::new(),
            version: 1,
        }
    }

    fn past(hours: &[i64]) -> Past {
        let earlier = hours.iter().map(|h| Earlier { incident: incident(Some(*h)), took_ms: h * HOUR_MS, curve: None });
        Past { this: None, earlier: earlier.collect() }
    }

    #[test]
    fn the_last_incidents_are_summed_up_in_one_line() {
        assert_eq!(past(&[]).sentence(), None);
        for (hours, words) in [
            (vec![36], "Your last incident took 1.5 days."),
            (vec![24], "Your last incident took 1 day."),
            (vec![36, 96, 60, 40, 80, 72], "Your last six incidents took 1.5 to 4 days."),
            (vec![5, 9], "Your last two incidents took 5 to 9 hours."),
            (vec![5, 48, 1], "Your last three incidents took 1 hour to 2 days."),
            (vec![48, 49], "Your last two incidents took 2 days."),
        ] {
            assert_eq!(past(&hours).sentence().as_deref(), Some(words));
        }
    }

    #[test]
    fn an_incident_took_until_it_recovered_or_was_closed() {
        assert_eq!(took(&incident(None), &[]), None);
        assert_eq!(took(&incident(Some(50)), &[]), Some(50 * HOUR_MS));
    }

    #[test]
    fn a_curve_is_aligned_at_its_highest_three_hours() {
        let counts = [0, 1, 2, 9, 12, 6, 3, 3, 0, 3];
        let hours: Vec<HourCounts> =
            (0..).zip(counts).map(|(i, unhappy)| HourCounts { hour: START.plus(i * HOUR_MS), unhappy, ..HourCounts::default() }).collect();
        let span = Span::new(START, START.plus(10 * HOUR_MS)).expect("a span");
        let aligned = align(&hours, span).expect("a curve");
        assert_eq!((aligned.peak_at, aligned.peak), (START.plus(4 * HOUR_MS), 27));
        let close = |points: &[(i64, f64)]| points.iter().map(|(h, s)| (*h, (s * 27.0).round())).collect::<Vec<_>>();
        assert_eq!(close(&aligned.points), [(-3, 3.0), (0, 27.0), (3, 6.0)], "what the span does not hold in full is left out");
        assert_eq!(align(&[], span), None);
        assert_eq!(align(&[HourCounts { hour: START, ..HourCounts::default() }], span), None);
    }
}
