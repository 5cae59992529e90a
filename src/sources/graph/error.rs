//! What the Graph API means when it refuses: the code in the body decides, whatever the status says.

use serde_json::Value;

use super::super::PollError;
use super::super::http::Answer;
use super::super::lenient::{self, number, text, word};
use crate::domain::time::{HOUR_MS, Millis};

const MINUTE_MS: i64 = 60_000;
/// A wait without a word of how long.
const THROTTLED_MS: i64 = 5 * MINUTE_MS;
/// Share of the allowance, in percent, from which to ask less, and from which to stop.
const SLOW: i64 = 75;
const STOP: i64 = 95;

/// The answer if it worked, else what the caller should do.
pub(super) fn check(answer: Answer, now: Millis) -> Result<Answer, PollError> {
    let Some(plain) = answer.error() else { return Ok(answer) };
    let body = lenient::json(&answer).unwrap_or_default();
    let Some(code) = number(&body, &["error", "code"]) else { return Err(plain) };
    let host = answer.host();
    let subcode = number(&body, &["error", "error_subcode"]).unwrap_or(0);
    let refused = |what: String| PollError::Unauthorised { host: host.clone(), what };
    Err(match code {
        1 | 2 => PollError::Unavailable { host, what: format!("it reports a passing error ({code})"), not_before: answer.not_before },
        4 | 17 | 32 | 341 | 613 | 80_000..=80_014 => {
            let until = regained(&answer, now).or(answer.not_before).unwrap_or_else(|| now.plus(THROTTLED_MS));
            PollError::RateLimited { host, until }
        }
        368 => PollError::RateLimited { host, until: now.plus(HOUR_MS) },
        102 | 190 => refused(format!("the token is dead: {}", dead(subcode))),
        3 | 10 | 200..=299 => {
            refused(format!("the token lacks a permission (error {code}{}); give the app what docs/sources.md lists", named(&body)))
        }
        100 if subcode == 33 => PollError::NotFound { host },
        803 => PollError::NotFound { host },
        _ => PollError::Refused { host, status: answer.status },
    })
}

fn named(body: &Value) -> String {
    let kind = word(text(body, &["error", "type"]));
    if kind.is_empty() { kind } else { format!(", {kind}") }
}

/// Why a token died.
const fn dead(subcode: i64) -> &'static str {
    match subcode {
        458 => "the app was removed from the account; log in again",
        459 => "the account has to pass a security check; its owner logs in at the website, then makes a new token",
        460 => "the password was changed; make a new token",
        463 => "it has expired; make a new one",
        467 => "it was withdrawn; make a new one",
        _ => "make a new one",
    }
}

/// Until when the platform wants fewer requests, as its usage headers tell.
pub(in crate::sources) fn not_before(answer: &Answer, now: Millis) -> Option<Millis> {
    let used = usage(answer);
    let wait = match used {
        STOP.. => Some(regained(answer, now).unwrap_or_else(|| now.plus(15 * MINUTE_MS))),
        SLOW.. => Some(now.plus(2 * MINUTE_MS)),
        _ => None,
    };
    wait.max(answer.not_before)
}

/// The largest share of any allowance that is used, percent.
fn usage(answer: &Answer) -> i64 {
    let names = ["call_count", "total_time", "total_cputime"];
    limits(answer).iter().flat_map(|limit| names.iter().filter_map(|name| number(limit, &[name]))).max().unwrap_or(0)
}

/// When the allowance is back: minutes in the headers of business use.
fn regained(answer: &Answer, now: Millis) -> Option<Millis> {
    let minutes = limits(answer).iter().filter_map(|limit| number(limit, &["estimated_time_to_regain_access"])).max()?;
    (minutes > 0).then(|| now.plus(minutes.min(24 * 60) * MINUTE_MS))
}

fn limits(answer: &Answer) -> Vec<Value> {
    let header = |name: &str| answer.header(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let business = header("x-business-use-case-usage");
    let of_business = business.iter().filter_map(Value::as_object).flat_map(|map| map.values()).filter_map(Value::as_array).flatten();
    let apps = ["x-app-usage", "x-page-usage"].into_iter().filter_map(header);
    of_business.cloned().chain(apps).take(100).collect()
}
