//! Why the verdict is what it is, in plain words with numbers and times, most important first.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, BaselineMethod, Reason, Value, Verdict};

use super::coverage::{Raised, Silence};
use super::decay::{Decay, decay};
use super::held::highest;
use super::quiet::QuietSource;
use super::verdict::Moment;
use super::window::Level;

/// Silent sources that are named one by one; the rest is counted.
const NAMED: usize = 3;
/// Where a ratio would say nothing.
const FAR: &str = "far above normal";

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
        let since = moment.evidence.started_at;
        reasons.push(block("early", format!("The first hour since {} is not complete", when(since))).with("since", Value::At(since)));
    } else if moment.window.level == Level::Unknown {
        let (read, hours) = (moment.window.coverage, moment.window.hours);
        let text = format!("Only {} % of what is normally heard was read in the last {hours} h", percent(read));
        reasons.push(block("coverage_low", text).with("read", Value::Share(read)).with("hours", Value::Whole(hours)));
    }
    let rules = &moment.evidence.rules;
    if around.unscored_history(rules) {
        let (waiting, all) = (around.history_unscored, around.history_mentions);
        let text = format!("What is normal is not known yet: {waiting} of {all} earlier mentions wait for a score");
        reasons.push(block("baseline_unscored", text).with("waiting", Value::Count(waiting)).with("all", Value::Count(all)));
    }
    if around.unscored_window(rules) {
        let (waiting, all) = (around.unscored, around.mentions);
        let text = format!("{waiting} of {all} mentions in the window wait for a score");
        reasons.push(block("unscored", text).with("waiting", Value::Count(waiting)).with("all", Value::Count(all)));
    }
}

fn concern(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (window, state) = (moment.window, moment.state);
    if !moment.evidence.baseline.is_known() || window.span.from() == window.span.to() {
        return;
    }
    let numbers = numbers(moment);
    match state.verdict {
        Verdict::Elevated | Verdict::Relapsed => {
            let raised = block("concern_raised", format!("Concern is {}: {numbers}", times_normal(moment)));
            reasons.push(with_times(with_numbers(raised, moment), moment));
        }
        Verdict::Easing => reasons.push(easing(moment, &numbers)),
        Verdict::Holding | Verdict::Recovered if state.above_hours > 0 => {
            let limit = window.relapse as f64 / window.hours;
            let lasts = moment.evidence.rules.relapse_hours;
            let text = format!("Concern rose above normal again: {numbers}; a relapse if it lasts {lasts} h or exceeds {}", short(limit));
            let wavers = block("concern_wavers", text).with("lasts", Value::Count(lasts.into())).with("relapse", Value::Rate(limit));
            reasons.push(with_numbers(wavers, moment));
        }
        Verdict::Holding | Verdict::Recovered => {
            reasons.push(with_numbers(note("concern_calm", format!("Concern is normal: {numbers}")), moment));
        }
        Verdict::Unknown => reasons.push(with_numbers(note("concern_heard", format!("What was read: {numbers}")), moment)),
    }
    if let (Verdict::Relapsed, Some(at)) = (state.verdict, state.relapsed_at) {
        reasons.push(block("relapsed", format!("It was calm, and concern rose again by {}", when(at))).with("at", Value::At(at)));
    }
    if !state.raised && state.verdict == Verdict::Holding {
        let since = moment.evidence.started_at;
        let text = format!("Concern has not been above normal since the start at {}", when(since));
        reasons.push(note("never_raised", text).with("since", Value::At(since)));
    }
}

fn easing(moment: &Moment<'_>, numbers: &str) -> Reason {
    let peak = moment.state.peak.map(|peak| (1.0 - moment.window.heard_rate() / peak.rate().max(f64::MIN_POSITIVE), peak.span.to()));
    let below = peak.map_or_else(String::new, |(below, at)| format!(", {} % below its peak at {}", percent(below), when(at)));
    let reason = block("concern_easing", format!("Concern is {}{below}: {numbers}", times_normal(moment)));
    let reason = with_times(with_numbers(reason, moment), moment);
    match peak {
        Some((below, at)) => reason.case("peak", "known").with("below", Value::Share(below)).with("at", Value::At(at)),
        None => reason.case("peak", "none"),
    }
}

/// Unhappy authors, what is expected and the limit, an hour.
fn rates(moment: &Moment<'_>) -> [f64; 3] {
    let window = moment.window;
    [window.count as f64 / window.hours, window.expected / window.hours, window.upper as f64 / window.hours]
}

fn numbers(moment: &Moment<'_>) -> String {
    let [unhappy, expected, limit] = rates(moment).map(short);
    format!("{unhappy} unhappy authors an hour, {expected} expected, raised above {limit}")
}

fn with_numbers(reason: Reason, moment: &Moment<'_>) -> Reason {
    let [unhappy, expected, limit] = rates(moment).map(Value::Rate);
    reason.with("unhappy", unhappy).with("expected", expected).with("limit", limit)
}

fn people(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let around = moment.surroundings;
    if around.unanswered <= 0 {
        return;
    }
    let who = if around.unanswered == 1 { "very unhappy person" } else { "very unhappy people" };
    let taken = if around.assigned > 0 { format!(", {} of them assigned", around.assigned) } else { String::new() };
    let unanswered = block("people_unanswered", format!("{} {who} unanswered{taken}", around.unanswered));
    let (all, assigned) = (Value::Count(around.unanswered), Value::Count(around.assigned));
    reasons.push(unanswered.with("all", all).with("assigned", assigned));
}

/// Where it is still bad. With a single raised source, that source is not the whole picture either.
fn raised(raised: &[Raised], reasons: &mut Vec<Reason>) {
    for source in raised.iter().take(NAMED) {
        let ratio = source.count as f64 / source.expected.max(f64::MIN_POSITIVE);
        let far = source.expected < 0.3 || ratio >= 100.0;
        let times = if far { FAR.to_owned() } else { format!("{ratio:.1} times normal") };
        let numbers = format!("{} unhappy authors in {} h, {} expected", source.count, source.hours, short(source.expected));
        let reason = block("source_raised", format!("{} {times}: {numbers}", source.name))
            .case("case", if far { "far" } else { "times" })
            .with("source", Value::Name(source.name.clone()))
            .with("count", Value::Count(source.count))
            .with("hours", count(source.hours))
            .with("expected", Value::Rate(source.expected));
        reasons.push(if far { reason } else { reason.with("times", Value::Ratio(ratio)) });
    }
    if raised.len() > NAMED {
        let more = raised.len() - NAMED;
        reasons.push(block("source_raised", format!("{more} more sources above normal")).case("case", "more").with("more", count(more)));
    }
}

fn themes(hot: &[(String, i64)], reasons: &mut Vec<Reason>) {
    let named: Vec<(String, i64)> = hot.iter().take(NAMED).cloned().collect();
    if named.is_empty() {
        return;
    }
    let quoted: Vec<String> = named.iter().map(|(phrase, people)| format!("“{phrase}” ({people} in 6 h)")).collect();
    let more = hot.len().saturating_sub(NAMED);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if hot.len() == 1 { "One theme is" } else { "Themes are" };
    let reason = block("themes_hot", format!("{what} still hot: {}{and_more}", quoted.join(", ")));
    reasons.push(reason.with("all", count(hot.len())).with("themes", Value::Phrases(named, as_count(more))));
}

fn silence(silent: &[Silence], reasons: &mut Vec<Reason>) {
    for source in silent.iter().take(NAMED) {
        let brings = format!("brings {} % of what is normally heard", percent(source.share));
        let reason = match source.since {
            Some(since) => block("source_silent", format!("{} silent since {} ({brings})", source.name, when(since)))
                .case("case", "since")
                .with("since", Value::At(since)),
            None => block("source_silent", format!("{} was never read ({brings})", source.name)).case("case", "never"),
        };
        reasons.push(reason.with("source", Value::Name(source.name.clone())).with("share", Value::Share(source.share)));
    }
    if silent.len() > NAMED {
        let more = silent.len() - NAMED;
        let sources = if more == 1 { "source" } else { "sources" };
        let reason = block("source_silent", format!("{more} more {sources} silent"));
        reasons.push(reason.case("case", "more").with("more", count(more)));
    }
}

/// A warning: it may be calm, and nobody should close over it without a look at the source.
fn quiet(sources: &[QuietSource], reasons: &mut Vec<Reason>) {
    for source in sources.iter().take(NAMED) {
        let (since, expected) = (source.quiet.since, source.quiet.expected);
        let text = format!(
            "{} suspiciously quiet since {}: it answers, but {} mentions would be usual by now",
            source.name,
            when(since),
            short(expected)
        );
        let reason = note("source_quiet", text).with("source", Value::Name(source.name.clone()));
        reasons.push(reason.with("since", Value::At(since)).with("expected", Value::Rate(expected)));
    }
}

fn hold(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (state, hold_ms) = (moment.state, moment.evidence.hold_ms);
    let Some(since) = state.calm_since else { return };
    let left = hold_ms.saturating_sub(state.held()).max(0);
    let (held, whole) = (Value::Lasting(state.held()), Value::Lasting(hold_ms));
    reasons.push(match state.verdict {
        Verdict::Recovered => note("hold_complete", format!("Calm since {}, all {} held", when(since), lasting(hold_ms)))
            .with("since", Value::At(since))
            .with("hold", whole),
        Verdict::Holding if let Some(newest) = state.still_high.filter(|w| w.hours <= moment.evidence.rules.window_hours as f64) => {
            let text = format!(
                "Held for {}, and concern rises: {} unhappy authors in the last {:.0} h, calm is up to {}",
                lasting(hold_ms),
                newest.count,
                newest.hours,
                newest.calm
            );
            let reason = block("hold_rising", text).with("hold", whole).with("count", Value::Count(newest.count));
            reason.with("hours", Value::Whole(newest.hours)).with("calm", Value::Count(newest.calm))
        }
        Verdict::Holding if let Some(long) = &state.still_high => {
            let at = long.span.to();
            let text = format!(
                "Each hour is normal, the sum is not: {} unhappy authors in the {:.0} h up to {}, calm is up to {}",
                long.count,
                long.hours,
                when(at),
                long.calm
            );
            let reason = block("hold_still_high", text).with("count", Value::Count(long.count)).with("hours", Value::Whole(long.hours));
            reason.with("at", Value::At(at)).with("calm", Value::Count(long.calm))
        }
        Verdict::Holding if state.slowed => {
            let read = moment.window.coverage;
            let text =
                format!("Hold time runs slowly, {} of {}: only {} % is read", lasting(state.held()), lasting(hold_ms), percent(read));
            block("hold_slowed", text).with("held", held).with("hold", whole).with("read", Value::Share(read))
        }
        _ => {
            let held_so_far =
                format!("Calm since {}, {} of {} held, {} left", when(since), lasting(state.held()), lasting(hold_ms), lasting(left));
            let (case, text) = match lasting(state.tail_ms) {
                tail if state.tail_ms >= HOUR_MS => {
                    ("tail", format!("{held_so_far} (counted from {tail} after the first calm hours, when the fall was over)"))
                }
                _ => ("plain", held_so_far),
            };
            let reason = block("hold_running", text).case("case", case).with("tail", Value::Lasting(state.tail_ms));
            reason.with("since", Value::At(since)).with("held", held).with("hold", whole).with("left", Value::Lasting(left))
        }
    });
}

/// How fast it falls, and when it would be normal; "cannot tell" is an answer.
fn falling(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    let (Verdict::Easing, Some(peak)) = (moment.state.verdict, moment.state.peak) else { return };
    let evidence = moment.evidence;
    let from = evidence.heard.partition_point(|h| h.hour < peak.span.from());
    let to = evidence.heard.partition_point(|h| h.hour < moment.window.span.to());
    let hours = evidence.heard.get(from..to).unwrap_or_default();
    let highest = highest(hours, evidence.rules.window_hours);
    reasons.push(match decay(hours.get(highest..).unwrap_or_default(), evidence.baseline, &evidence.rules) {
        Some(Decay { half_life: half, normal_in: normal }) => {
            let text = format!(
                "Halves every {:.0} h ({:.0} to {:.0}); if it goes on like this, normal in about {:.0} h ({:.0} to {:.0}), then the hold time",
                half.likely, half.low, half.high, normal.likely, normal.low, normal.high
            );
            let values = [
                ("half", half.likely),
                ("half-low", half.low),
                ("half-high", half.high),
                ("normal", normal.likely),
                ("normal-low", normal.low),
                ("normal-high", normal.high),
            ];
            let reason = note("time_to_normal", text).case("case", "known");
            values.into_iter().fold(reason, |reason, (name, hours)| reason.with(name, Value::Whole(hours)))
        }
        None => note("time_to_normal", "Cannot tell yet when it will be normal: the fall is too short or too uneven").case("case", "unknown"),
    });
}

fn notes(moment: &Moment<'_>, reasons: &mut Vec<Reason>) {
    match moment.evidence.baseline.method {
        BaselineMethod::HourOfDay => {
            let text = "Baseline by hour of the day only: less than three weeks of history, so limits are wide";
            reasons.push(note("baseline_short", text).case("case", "hour_of_day"));
        }
        BaselineMethod::Flat => {
            let text = "Baseline is one number for all hours: less than three days of history, so limits are wide";
            reasons.push(note("baseline_short", text).case("case", "flat"));
        }
        BaselineMethod::HourOfWeek | BaselineMethod::None => {}
    }
    for sampled in moment.surroundings.sampled.iter().take(NAMED) {
        let since = sampled.since.map_or_else(|| "today".to_owned(), when);
        let text = format!(
            "{} is read as a sample, 1 in {} since {since}; counts are of the people seen, and expectations of the part that is read",
            sampled.source, sampled.one_in
        );
        let reason = note("source_sampled", text).with("source", Value::Name(sampled.source.clone()));
        let reason = reason.with("one-in", Value::Count(sampled.one_in));
        reasons.push(match sampled.since {
            Some(at) => reason.case("case", "since").with("since", Value::At(at)),
            None => reason.case("case", "today"),
        });
    }
    let left_out = &moment.surroundings.left_out;
    if !left_out.is_empty() && moment.evidence.baseline.is_known() {
        let names: Vec<String> = left_out.iter().take(NAMED).cloned().collect();
        let more = left_out.len().saturating_sub(NAMED);
        let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("Not compared, because too little of their history was read: {}{and_more}", names.join(", "));
        reasons.push(note("source_new", text).with("sources", Value::Names(names, as_count(more))));
    }
}

/// How many times normal concern is; `None` where nothing is normal, or beyond any comparison.
fn ratio(moment: &Moment<'_>) -> Option<f64> {
    let window = moment.window;
    let ratio = window.count as f64 / window.expected.max(f64::MIN_POSITIVE);
    (window.expected / window.hours >= 0.05 && ratio < 100.0).then_some(ratio)
}

fn times_normal(moment: &Moment<'_>) -> String {
    ratio(moment).map_or_else(|| FAR.to_owned(), |ratio| format!("{ratio:.1} times normal"))
}

fn with_times(reason: Reason, moment: &Moment<'_>) -> Reason {
    match ratio(moment) {
        Some(ratio) => reason.case("case", "times").with("times", Value::Ratio(ratio)),
        None => reason.case("case", "far"),
    }
}

fn block(code: &str, text: impl Into<String>) -> Reason {
    Reason::new(code, text, true)
}

fn note(code: &str, text: impl Into<String>) -> Reason {
    Reason::new(code, text, false)
}

fn count(n: usize) -> Value {
    Value::Count(as_count(n))
}

fn as_count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
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
