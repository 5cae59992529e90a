//! What each rule got right and wrong.

use serde_json::{Value, json};

/// How one rule did on one case. Hours are whole; `None`: it did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outcome {
    /// It was called over before the true end.
    pub false_over: bool,
    /// Hours from the true end to the first call that it is over, when that was not too early.
    pub delay: Option<usize>,
    /// The second wave, if there was one, and the incident had been called calm or nothing stood yet: was it noticed?
    pub relapse_noticed: Option<bool>,
    /// Hours from the start to the first alarm in the incident.
    pub onset: Option<usize>,
    /// Alarms in the calm time before.
    pub false_alarms: usize,
    /// Weeks of that time.
    pub weeks: f64,
}

/// One line of the table.
#[derive(Debug, Default)]
pub struct Tally {
    outcomes: Vec<Outcome>,
}

impl Tally {
    pub fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    fn share(&self, of: impl Fn(&Outcome) -> bool) -> f64 {
        self.outcomes.iter().filter(|o| of(o)).count() as f64 / self.outcomes.len().max(1) as f64
    }

    /// All numbers, for the table and for scripts.
    pub fn numbers(&self) -> Numbers {
        let second: Vec<bool> = self.outcomes.iter().filter_map(|o| o.relapse_noticed).collect();
        Numbers {
            false_over: self.share(|o| o.false_over),
            never: self.share(|o| !o.false_over && o.delay.is_none()),
            delay: quantiles(self.outcomes.iter().filter_map(|o| o.delay).collect()),
            missed_relapses: second.iter().filter(|noticed| !**noticed).count() as f64 / second.len().max(1) as f64,
            hits: self.share(|o| o.onset.is_some()),
            onset: quantiles(self.outcomes.iter().filter_map(|o| o.onset).collect()),
            false_alarms: self.outcomes.iter().map(|o| o.false_alarms as f64).sum::<f64>()
                / self.outcomes.iter().map(|o| o.weeks).sum::<f64>().max(1e-9),
        }
    }
}

/// Median and 90th percentile.
fn quantiles(mut values: Vec<usize>) -> (usize, usize) {
    values.sort_unstable();
    let at = |share: usize| values.get(values.len().saturating_sub(1) * share / 100).copied().unwrap_or(0);
    (at(50), at(90))
}

/// Shares are 0..=1, delays hours as (median, 90th percentile).
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    pub false_over: f64,
    pub never: f64,
    pub delay: (usize, usize),
    pub missed_relapses: f64,
    pub hits: f64,
    pub onset: (usize, usize),
    pub false_alarms: f64,
}

impl Numbers {
    pub const HEADER: &str = "| rule | false \"over\" | never over | delay after the end, median / p90 h | missed relapses | onsets hit | onset delay, median / p90 h | false alarms a brand-week |\n|---|---|---|---|---|---|---|---|";

    pub fn line(&self, name: &str) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        format!(
            "| {name} | {} | {} | {} / {} | {} | {} | {} / {} | {:.2} |",
            percent(self.false_over),
            percent(self.never),
            self.delay.0,
            self.delay.1,
            percent(self.missed_relapses),
            percent(self.hits),
            self.onset.0,
            self.onset.1,
            self.false_alarms
        )
    }

    pub fn json(&self, name: &str) -> Value {
        json!({
            "rule": name,
            "false_over": self.false_over,
            "never_over": self.never,
            "delay_h": {"median": self.delay.0, "p90": self.delay.1},
            "missed_relapses": self.missed_relapses,
            "hits": self.hits,
            "onset_delay_h": {"median": self.onset.0, "p90": self.onset.1},
            "false_alarms_per_brand_week": self.false_alarms,
        })
    }
}
