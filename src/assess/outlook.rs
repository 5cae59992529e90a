//! Concern while no incident is open: is it above normal right now?

use serde::Serialize;

use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Baseline, Reason};

use super::coverage::{Heard, Silence};
use super::reasons::when;
use super::window::{Level, Rules, Window};

/// How concern stands without an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlookState {
    /// As on other days.
    Calm,
    /// Above normal.
    Raised,
    /// Too little history to say what is normal.
    NoBaseline,
    /// Too little was read in the last hours.
    NotRead,
}

/// The answer for the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlook {
    /// The moment.
    pub at: Millis,
    /// Unhappy authors an hour, mean over the last complete hours.
    pub unhappy_per_hour: f64,
    /// Expected over the same hours.
    pub expected_per_hour: f64,
    /// Above this, concern counts as raised.
    pub upper_limit: f64,
    /// How it stands.
    pub state: OutlookState,
    /// Since when it is above normal without a break.
    pub raised_since: Option<Millis>,
    /// In words, most important first.
    pub reasons: Vec<Reason>,
}

/// Looks at the last complete hours in `heard`, hours in order and without holes, which should reach back a few days
/// so that the beginning of a rise is found.
pub fn outlook(baseline: &Baseline, heard: &[Heard], silent: &[Silence], at: Millis) -> Outlook {
    let rules = Rules::default();
    let complete = heard.partition_point(|h| h.hour.plus(HOUR_MS) <= at);
    let window_to = |end: usize| Window::of(heard.get(end.saturating_sub(rules.window_hours)..end).unwrap_or_default(), baseline, &rules);
    let window = window_to(complete);
    let state = match window.level {
        _ if !baseline.is_known() => OutlookState::NoBaseline,
        _ if complete == 0 => OutlookState::NotRead,
        Level::Unknown => OutlookState::NotRead,
        Level::Above => OutlookState::Raised,
        Level::Calm | Level::Between => OutlookState::Calm,
    };
    let above = (1..=complete).rev().map(window_to).take_while(|w| w.level == Level::Above).last();
    let raised_since = above.filter(|_| state == OutlookState::Raised).map(|w| w.span.to());
    let mut outlook = Outlook {
        at,
        unhappy_per_hour: window.count as f64 / window.hours,
        expected_per_hour: window.expected / window.hours,
        upper_limit: window.upper as f64 / window.hours,
        state,
        raised_since,
        reasons: Vec::new(),
    };
    outlook.reasons = reasons(&outlook, &window, silent);
    outlook
}

fn reasons(outlook: &Outlook, window: &Window, silent: &[Silence]) -> Vec<Reason> {
    let reason = |code: &str, blocks: bool, text: String| Reason::new(code, text, blocks);
    let numbers = format!(
        "{:.1} unhappy authors an hour, {:.1} expected, raised above {:.1}",
        outlook.unhappy_per_hour, outlook.expected_per_hour, outlook.upper_limit
    );
    let mut reasons = vec![match outlook.state {
        OutlookState::Calm => reason("concern_calm", false, format!("Concern is normal: {numbers}")),
        OutlookState::Raised => {
            let hours = outlook.raised_since.map_or(1, |since| outlook.at.since(since) / HOUR_MS + 1);
            let unit = if hours == 1 { "hour" } else { "hours" };
            reason("concern_raised", true, format!("Above normal for {hours} {unit}: {numbers}"))
        }
        OutlookState::NoBaseline => reason(
            "no_baseline",
            true,
            "No baseline: fewer than 24 hours of history were read. Import history, or let the sources read further back".to_owned(),
        ),
        OutlookState::NotRead => reason(
            "coverage_low",
            true,
            format!("Only {:.0} % of what is normally heard was read in the last {} h", 100.0 * window.coverage, window.hours),
        ),
    }];
    for source in silent.iter().take(3) {
        let text =
            source.since.map_or_else(|| format!("{} was never read", source.name), |s| format!("{} silent since {}", source.name, when(s)));
        reasons.push(reason("source_silent", true, text));
    }
    reasons
}
