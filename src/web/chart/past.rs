//! Earlier incidents and this one, aligned at their peaks.

use std::fmt::Write;

use askama::Template;

use crate::assess::past::{AFTER_HOURS, Aligned, BEFORE_HOURS, Past};

/// The drawn curves. Their table is the list of earlier incidents that stands under it.
#[derive(Debug, Template)]
#[template(path = "chart/past.html", config = "src/web/askama.toml")]
pub struct PastChart {
    summary: String,
    width_units: i64,
    past: Vec<String>,
    this: Option<String>,
    ticks: Vec<Tick>,
}

#[derive(Debug)]
struct Tick {
    x: String,
    label: String,
    class: &'static str,
}

/// Height of the plot, pixels; a little air over the peak.
const HEIGHT: f64 = 140.0;
const TOP: f64 = 6.0;

impl PastChart {
    /// `None` without an earlier incident that has a curve.
    pub fn new(past: &Past) -> Option<Self> {
        let curves: Vec<&Aligned> = past.earlier.iter().filter_map(|e| e.curve.as_ref()).filter(|c| c.points.len() > 1).collect();
        if curves.is_empty() {
            return None;
        }
        let this = past.this.as_ref().filter(|c| c.points.len() > 1);
        Some(Self {
            summary: summary(&curves, this),
            width_units: BEFORE_HOURS + AFTER_HOURS,
            past: curves.into_iter().map(path).collect(),
            this: this.map(path),
            ticks: (0..=AFTER_HOURS / 24).map(tick).collect(),
        })
    }
}

fn path(curve: &Aligned) -> String {
    let mut path = String::new();
    for (i, (hours, share)) in curve.points.iter().enumerate() {
        let y = TOP + (1.0 - share.clamp(0.0, 1.0)) * (HEIGHT - TOP);
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{} {y:.1}", if i == 0 { "M" } else { "L" }, hours + BEFORE_HOURS);
    }
    path
}

fn tick(day: i64) -> Tick {
    let at = (day * 24 + BEFORE_HOURS) as f64 / (BEFORE_HOURS + AFTER_HOURS) as f64 * 100.0;
    let label = match day {
        0 => "peak".to_owned(),
        n => format!("{n} d"),
    };
    Tick { x: format!("{at:.2}"), label, class: if day == AFTER_HOURS / 24 { "end" } else { "tick day" } }
}

/// When each fell below half of its peak, in words.
fn summary(curves: &[&Aligned], this: Option<&Aligned>) -> String {
    let half = |c: &Aligned| c.points.iter().find(|(h, share)| *h > 0 && *share < 0.5).map(|(h, _)| *h);
    let mut halves: Vec<i64> = curves.iter().filter_map(|c| half(c)).collect();
    halves.sort_unstable();
    let earlier = match (halves.first(), halves.last()) {
        (Some(a), Some(b)) if a == b => format!("Earlier incidents fell below half of their peak after {a} h."),
        (Some(a), Some(b)) => format!("Earlier incidents fell below half of their peak after {a} to {b} h."),
        _ => "No earlier incident fell below half of its peak in the hours that are drawn.".to_owned(),
    };
    let this = match this.map(half) {
        Some(Some(h)) => format!(" This one did after {h} h."),
        Some(None) => " This one has not yet.".to_owned(),
        None => String::new(),
    };
    format!("{earlier}{this}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::past::Earlier;
    use crate::web::testing::{incident, now};

    fn curve(shares: &[f64]) -> Aligned {
        let points = (0..).zip(shares).map(|(i, share)| (i * 3, *share)).collect();
        Aligned { peak_at: now(), peak: 9, points }
    }

    #[test]
    fn curves_are_drawn_and_said_in_words() {
        let earlier = |shares| Earlier { incident: incident(), took_ms: 1, curve: Some(curve(shares)) };
        let past = Past { this: Some(curve(&[1.0, 0.9])), earlier: vec![earlier(&[1.0, 0.4]), earlier(&[1.0, 0.6, f64::NAN, 0.2])] };
        let chart = PastChart::new(&past).expect("a chart").to_string();
        assert!(chart.contains("after 3 to 9 h. This one has not yet."), "{chart}");
        assert!(chart.contains("M24 6.0L27 "));
        assert!(PastChart::new(&Past::default()).is_none());
    }
}
