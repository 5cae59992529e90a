//! How much of what is written in each hour: the daily rhythm, and the rise and fall of the incident.

use super::Facts;
use crate::domain::time::{HOUR_MS, Millis};

/// What a post is about; its texts stand in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    Praise,
    Question,
    Chat,
    Grumble,
    Namesake,
    Headline,
    Spam,
    IsItDown,
    Harm,
    Aftermath,
    Fury,
    Sarcasm,
    Joke,
    StatementCold,
    ApologyCold,
    ApologyWarm,
    Relief,
    StillBroken,
    Charged,
    Leaving,
    Invoice,
    InvoiceEased,
    Settled,
}

/// Share of the busiest hour, by hour of the day in UTC.
const DAY: [f64; 24] = [
    0.22, 0.15, 0.11, 0.10, 0.13, 0.22, 0.42, 0.66, 0.86, 0.96, 1.0, 0.97, 0.93, 0.97, 1.0, 0.98, 0.95, 0.90, 0.86, 0.82, 0.74, 0.62, 0.47,
    0.33,
];
/// Share of the busiest day, Monday first.
const WEEK: [f64; 7] = [1.0, 0.98, 0.97, 1.0, 1.04, 0.78, 0.62];
/// Mentions in the busiest ordinary hour.
const BUSY: f64 = 20.5;
/// Unhappy posts an hour at the worst of it.
const PEAK: f64 = 108.0;

/// 0..1: how awake people are in this hour.
pub(super) fn rhythm(at: Millis) -> f64 {
    let hour = at.hour_of_week();
    DAY[hour % 24] * WEEK[hour / 24]
}

/// Ordinary posts expected in the hour of `at`, by topic.
pub(super) fn calm(facts: &Facts, at: Millis) -> Vec<(Topic, f64)> {
    let all = BUSY * rhythm(at);
    // Who has lived through the incident has little breath left for small complaints.
    let tired = if after(at, facts.fixed_at) > 0.0 { 0.8 } else { 1.0 };
    vec![
        (Topic::Praise, 0.27 * all),
        (Topic::Question, 0.25 * all),
        (Topic::Chat, 0.22 * all),
        (Topic::Grumble, 0.125 * all * tired),
        (Topic::Namesake, 0.05 * all),
        (Topic::Headline, 0.035 * all),
        (Topic::Spam, 0.02 * all),
    ]
}

/// Posts expected because of the incident in the hour of `at`, by topic.
pub(super) fn incident(facts: &Facts, at: Millis) -> Vec<(Topic, f64)> {
    let out = after(at, facts.outage_at);
    if out <= 0.0 {
        return Vec::new();
    }
    let awake = 0.5 + 0.5 * rhythm(at);
    let fixed = after(at, facts.fixed_at);
    let mut rates = if fixed <= 0.0 { during(facts, at, out) } else { fading(fixed) };
    rates.extend(invoices(facts, at));
    for (_, rate) in &mut rates {
        *rate *= awake;
    }
    rates
}

/// Hours from `moment` to the middle of the hour of `at`; negative before.
fn after(at: Millis, moment: Millis) -> f64 {
    at.plus(HOUR_MS / 2).since(moment) as f64 / HOUR_MS as f64
}

/// 0 to 1 within `hours`, softly.
fn ramp(x: f64, hours: f64) -> f64 {
    let t = (x / hours).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn during(facts: &Facts, at: Millis, out: f64) -> Vec<(Topic, f64)> {
    let level = PEAK * (0.1 + 0.9 * ramp(out, 3.8));
    // Two hours into the outage comes the statement, seven hours in the apology.
    let said = after(at, facts.outage_at.plus(2 * HOUR_MS));
    let sorry = after(at, facts.outage_at.plus(7 * HOUR_MS));
    let cold = if said > 0.0 { 0.3 * (-(said - 1.0).max(0.0) / 3.0).exp() } else { 0.0 };
    let thawed = if sorry > 0.0 { 0.86 } else { 1.0 };
    let answer = if sorry > 0.0 { (-(sorry - 1.0).max(0.0) / 3.5).exp() } else { 0.0 };
    vec![
        (Topic::IsItDown, 30.0 * (-(out - 1.0).max(0.0) / 2.0).exp() + 4.0),
        (Topic::Harm, level * 0.44 * thawed),
        (Topic::Fury, level * 0.2 * thawed),
        (Topic::Sarcasm, level * 0.18 * thawed),
        (Topic::StatementCold, level * cold),
        (Topic::ApologyCold, level * 0.16 * answer),
        (Topic::ApologyWarm, level * 0.14 * answer),
        (Topic::Leaving, level * 0.05 * ramp(out - 3.0, 4.0)),
        (Topic::Joke, 9.0 * ramp(out, 4.0)),
    ]
}

/// After the fix: anger halves every eight hours and is gone after two and a half days, thanks are quicker.
fn fading(fixed: f64) -> Vec<(Topic, f64)> {
    let last = 1.0 - ramp(fixed - 30.0, 30.0);
    let level = PEAK * 0.8 * 0.5_f64.powf(fixed / 8.0) * last;
    let thanks = 75.0 * ramp(fixed + 0.6, 1.5) * 0.5_f64.powf(fixed / 6.0);
    let lasting = if fixed < 100.0 { 0.35 * (1.0 - fixed / 100.0) } else { 0.0 };
    vec![
        (Topic::Relief, thanks),
        (Topic::StillBroken, level * 0.3),
        (Topic::Charged, level * 0.22 + lasting),
        (Topic::Aftermath, level * 0.3),
        (Topic::Fury, level * 0.09),
        (Topic::Leaving, level * 0.09),
        (Topic::Settled, 1.6 * ramp(fixed - 24.0, 12.0) * (1.0 - ramp(fixed - 70.0, 40.0))),
    ]
}

/// The second, smaller wave: fees charged twice.
fn invoices(facts: &Facts, at: Millis) -> Vec<(Topic, f64)> {
    let since = after(at, facts.bump_at);
    if since <= 0.0 {
        return Vec::new();
    }
    let eased = after(at, facts.bump_fixed_at);
    let fall = if eased > 0.0 { 0.5_f64.powf(eased / 3.0) * (1.0 - ramp(eased - 12.0, 10.0)) } else { 1.0 };
    let thanks = if eased > 0.0 { 10.0 * 0.5_f64.powf(eased / 4.0) } else { 0.0 };
    vec![(Topic::Invoice, 34.0 * ramp(since + 0.3, 1.5) * fall), (Topic::InvoiceEased, thanks)]
}
