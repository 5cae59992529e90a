//! Why the verdict is what it is, in plain words with numbers and times, most important first.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, BaselineMethod, Reason, Verdict};

use super::coverage::{Raised, Silence};
use super::decay::{Decay, decay};
use super::held::highest;
use super::quiet::QuietSource;
use super::verdict::Moment;
use super::window::Level;

/// Silent sources that are named one by one; the rest is counted.
const NAMED: usize = 3;

pub(super) fn of(moment: &Moment<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if moment.state.verdict == Verdict::Unknown {
        unknown(moment, &mut reasons);
    }
    concern(moment, &mut reasons);
    people(moment, &mut reasons);
    raised(&moment.surroundings.raised, &mut reasons);
    themes(&moment.surroundings.hot_themes, &mut reasons);
    silence(&moment.surroundings.silent, &mut reasons);
    quiet(&moment.surroundings.quiet, &mut reasons);
    hold(moment, &mut reasons);
    falling(moment, &mut reasons);
    notes(moment, &mut reasons);
    reasons
}

/// The answer to "is it over?", in one sentence or two.
pub fn headline(assessment: &Assessment) -> String {
    let start = match assessment.verdict {
        Verdict::Recovered if assessment.reasons.iter().any(|r| r.blocks) => "Concern is back to normal, but not all is done.",
        Verdict::Recovered => "It is over.",
        Verdict::Holding => "Not yet.",
        Verdict::Easing => "Not over, but easing.",
        Verdict::Elevated => "Not over.",
        Verdict::Relapsed => "Not over: concern came back.",
        Verdict::Unknown => "Cannot be told.",
    };
    // What blocks is the answer; without any, what speaks for it.
    let wanted = |r: &&Reason| r.blocks || assessment.reasons.iter().all(|r| !r.blocks);
    let gists = assessment.reasons.iter().filter(wanted).take(3).enumerate();
    let clauses: Vec<String> = gists.map(|(i, r)| if i > 0 { inside(&r.code, gist(&r.text)) } else { gist(&r.text).to_owned() }).collect();
    if clauses.is_empty() { start.to_owned() } else { format!("{start} {}.", clauses.join("; ")) }
}

/// What stands before the numbers and remarks of a reason.
fn gist(text: &str) -> &str {
    let end = [": ", " ("].iter().filter_map(|mark| text.find(mark)).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// As a clause inside a sentence. The names of sources stay as they are.
fn inside(code: &str, text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !matches!(code, "source_silent" | "source_quiet" | "source_raised") => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

fn unknown(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let around = moment.surroundings;
    if !moment.evidence.baseline.is_known() {
        reasons.push(block(
            "no_baseline",
            "No baseline: fewer than 24 hours before the start were read. Import history, or let the sources read further back",
        ));
    } else if moment.window.span.from() == moment.window.span.to() {
        reasons.push(block("early", format!("The first hour since {} is not complete", when(moment.evidence.started_at))));
    } else if moment.window.level == Level::Unknown {
        let percent = percent(moment.window.coverage);
        let hours = moment.window.hours;
        reasons.push(block("coverage_low", format!("Only {percent} % of what is normally heard was read in the last {hours} h")));
    }
    let rules = &moment.evidence.rules;
    if around.unscored_history(rules) {
        let (waiting, all) = (around.history_unscored, around.history_mentions);
        reasons.push(block(
            "baseline_unscored",
            format!("What is normal is not known yet: {waiting} of {all} earlier mentions wait for a score"),
        ));
    }
    if around.unscored_window(rules) {
        reasons.push(block("unscored", format!("{} of {} mentions in the window wait for a score", around.unscored, around.mentions)));
    }
}

fn concern(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (window, state) = (moment.window, moment.state);
    if !moment.evidence.baseline.is_known() || window.span.from() == window.span.to() {
        return;
    }
    let numbers = format!(
        "{} unhappy authors an hour, {} expected, raised above {}",
        short(window.count as f64 / window.hours),
        short(window.expected / window.hours),
        short(window.upper as f64 / window.hours)
    );
    match state.verdict {
        Verdict::Elevated | Verdict::Relapsed => {
            reasons.push(block("concern_raised", format!("Concern is {}: {numbers}", times_normal(moment))));
        }
        Verdict::Easing => {
            let peak = state.peak.map_or_else(String::new, |peak| {
                let from = percent(1.0 - window.heard_rate() / peak.rate().max(f64::MIN_POSITIVE));
                format!(", {from} % below its peak at {}", when(peak.span.to()))
            });
            reasons.push(block("concern_easing", format!("Concern is {}{peak}: {numbers}", times_normal(moment))));
        }
        Verdict::Holding | Verdict::Recovered if state.above_hours > 0 => {
            let limit = short(window.relapse as f64 / window.hours);
            let lasts = moment.evidence.rules.relapse_hours;
            let text = format!("Concern rose above normal again: {numbers}; a relapse if it lasts {lasts} h or exceeds {limit}");
            reasons.push(block("concern_wavers", text));
        }
        Verdict::Holding | Verdict::Recovered => reasons.push(note("concern_calm", format!("Concern is normal: {numbers}"))),
        Verdict::Unknown => reasons.push(note("concern_heard", format!("What was read: {numbers}"))),
    }
    if let (Verdict::Relapsed, Some(at)) = (state.verdict, state.relapsed_at) {
        reasons.push(block("relapsed", format!("It was calm, and concern rose again by {}", when(at))));
    }
    if !state.raised && state.verdict == Verdict::Holding {
        reasons.push(note(
            "never_raised",
            format!("Concern has not been above normal since the start at {}", when(moment.evidence.started_at)),
        ));
    }
}

fn people(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let around = moment.surroundings;
    if around.unanswered <= 0 {
        return;
    }
    let who = if around.unanswered == 1 { "very unhappy person" } else { "very unhappy people" };
    let taken = if around.assigned > 0 { format!(", {} of them assigned", around.assigned) } else { String::new() };
    reasons.push(block("people_unanswered", format!("{} {who} unanswered{taken}", around.unanswered)));
}

/// Where it is still bad. With a single raised source, that source is not the whole picture either.
fn raised(raised: &[Raised], reasons: &mut Vec<Reason>) {
    for source in raised.iter().take(NAMED) {
        let ratio = source.count as f64 / source.expected.max(f64::MIN_POSITIVE);
        let times =
            if source.expected < 0.3 || ratio >= 100.0 { "far above normal".to_owned() } else { format!("{ratio:.1} times normal") };
        let numbers = format!("{} unhappy authors in {} h, {} expected", source.count, source.hours, short(source.expected));
        reasons.push(block("source_raised", format!("{} {times}: {numbers}", source.name)));
    }
    if raised.len() > NAMED {
        reasons.push(block("source_raised", format!("{} more sources above normal", raised.len() - NAMED)));
    }
}

fn themes(hot: &[(String, i64)], reasons: &mut Vec<Reason>) {
    let names: Vec<String> = hot.iter().take(NAMED).map(|(phrase, people)| format!("“{phrase}” ({people} in 6 h)")).collect();
    if names.is_empty() {
        return;
    }
    let more = hot.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if hot.len() == 1 { "One theme is" } else { "Themes are" };
    reasons.push(block("themes_hot", format!("{what} still hot: {}{more}", names.join(", "))));
}

fn silence(silent: &[Silence], reasons: &mut Vec<Reason>) {
    for source in silent.iter().take(NAMED) {
        let brings = format!("brings {} % of what is normally heard", percent(source.share));
        reasons.push(block(
            "source_silent",
            match source.since {
                Some(since) => format!("{} silent since {} ({brings})", source.name, when(since)),
                None => format!("{} was never read ({brings})", source.name),
            },
        ));
    }
    if silent.len() > NAMED {
        let more = silent.len() - NAMED;
        let sources = if more == 1 { "source" } else { "sources" };
        reasons.push(block("source_silent", format!("{more} more {sources} silent")));
    }
}

/// A warning: it may be calm, and nobody should close over it without a look at the source.
fn quiet(sources: &[QuietSource], reasons: &mut Vec<Reason>) {
    for source in sources.iter().take(NAMED) {
        let (since, expected) = (when(source.quiet.since), short(source.quiet.expected));
        let text = format!("{} suspiciously quiet since {since}: it answers, but {expected} mentions would be usual by now", source.name);
        reasons.push(note("source_quiet", text));
    }
}

fn hold(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (state, hold_ms) = (moment.state, moment.evidence.hold_ms);
    let Some(since) = state.calm_since else { return };
    let left = hold_ms.saturating_sub(state.held()).max(0);
    let tail = state.tail_ms / HOUR_MS;
    let tail = if tail > 0 { format!(" (counted from {tail} h after the first calm hours, when the fall was over)") } else { String::new() };
    match state.verdict {
        Verdict::Recovered => reasons.push(note("hold_complete", format!("Calm since {}, all {} held", when(since), lasting(hold_ms)))),
        Verdict::Holding if let Some(long) = &state.still_high => reasons.push(block(
            "hold_still_high",
            format!(
                "Each hour is normal, the sum is not: {} unhappy authors in the {:.0} h up to {}, calm is up to {}",
                long.count,
                long.hours,
                when(long.span.to()),
                long.calm
            ),
        )),
        Verdict::Holding if state.paused => reasons.push(block(
            "hold_paused",
            format!(
                "Hold time stands still at {} of {}: only {} % is read",
                lasting(state.held()),
                lasting(hold_ms),
                percent(moment.window.coverage)
            ),
        )),
        _ => reasons.push(block(
            "hold_running",
            format!("Calm since {}, {} of {} held, {} left{tail}", when(since), lasting(state.held()), lasting(hold_ms), lasting(left)),
        )),
    }
}

/// How fast it falls, and when it would be normal; "cannot tell" is an answer.
fn falling(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (Verdict::Easing, Some(peak)) = (moment.state.verdict, moment.state.peak) else { return };
    let evidence = moment.evidence;
    let from = evidence.heard.partition_point(|h| h.hour < peak.span.from());
    let to = evidence.heard.partition_point(|h| h.hour < moment.window.span.to());
    let hours = evidence.heard.get(from..to).unwrap_or_default();
    let highest = highest(hours, evidence.rules.window_hours);
    let text = match decay(hours.get(highest..).unwrap_or_default(), evidence.baseline, &evidence.rules) {
        Some(Decay { half_life, normal_in }) => format!(
            "Halves every {:.0} h ({:.0} to {:.0}); if it goes on like this, normal in about {:.0} h ({:.0} to {:.0}), then the hold time",
            half_life.likely, half_life.low, half_life.high, normal_in.likely, normal_in.low, normal_in.high
        ),
        None => "Cannot tell yet when it will be normal: the fall is too short or too uneven".to_owned(),
    };
    reasons.push(note("time_to_normal", text));
}

fn notes(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    match moment.evidence.baseline.method {
        BaselineMethod::HourOfDay => {
            reasons.push(note("baseline_short", "Baseline by hour of the day only: less than three weeks of history, so limits are wide"));
        }
        BaselineMethod::Flat => reasons
            .push(note("baseline_short", "Baseline is one number for all hours: less than three days of history, so limits are wide")),
        BaselineMethod::HourOfWeek | BaselineMethod::None => {}
    }
    for sampled in moment.surroundings.sampled.iter().take(NAMED) {
        reasons
            .push(note("source_sampled", format!("{sampled}; counts are of the people seen, and expectations of the part that is read")));
    }
    let left_out = &moment.surroundings.left_out;
    if !left_out.is_empty() && moment.evidence.baseline.is_known() {
        let names: Vec<&str> = left_out.iter().take(NAMED).map(String::as_str).collect();
        let more = left_out.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        reasons.push(note("source_new", format!("Not compared, because too little of their history was read: {}{more}", names.join(", "))));
    }
}

fn times_normal(moment: &Moment<'_>) -> String {
    let window = moment.window;
    let ratio = window.count as f64 / window.expected.max(f64::MIN_POSITIVE);
    if window.expected / window.hours < 0.05 || ratio >= 100.0 { "far above normal".to_owned() } else { format!("{ratio:.1} times normal") }
}

fn block(code: &str, text: impl Into<String>) -> Reason {
    Reason { code: code.to_owned(), text: text.into(), blocks: true }
}

fn note(code: &str, text: impl Into<String>) -> Reason {
    Reason { code: code.to_owned(), text: text.into(), blocks: false }
}

/// `09:10 UTC on 19 Nov`.
pub(super) fn when(at: Millis) -> String {
    at.to_datetime().format("%H:%M UTC on %-d %b").to_string()
}

/// `31 h`, `3 days 2 h`.
fn lasting(ms: i64) -> String {
    let hours = ms.max(0) / HOUR_MS;
    if ms > 4 * DAY_MS { format!("{} days {} h", hours / 24, hours % 24) } else { format!("{hours} h") }
}

/// One decimal where it matters.
fn short(value: f64) -> String {
    if value >= 20.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn percent(share: f64) -> String {
    format!("{:.0}", 100.0 * share.clamp(0.0, 1.0))
}
