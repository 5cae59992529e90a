//! Reading JSON answers leniently: what is missing or strange is nothing, never an error of the whole page.

use chrono::DateTime;
use serde_json::Value;

use super::PollError;
use super::hackernews::short;
use super::http::Answer;
use crate::domain::time::Millis;

pub(super) use super::value::{language, segment};

/// Longest id that is believed to be one, bytes.
const MAX_ID: usize = 512;

/// The JSON of an answer that worked.
pub(super) fn json(answer: &Answer) -> Result<Value, PollError> {
    serde_json::from_slice(&answer.body).map_err(|e| PollError::malformed(&answer.host(), format!("no JSON as expected ({})", short(&e))))
}

/// The list under `name`; empty when there is none.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The list under `name`, which must be there.
pub(super) fn needed_list<'a>(value: &'a Value, name: &str, answer: &Answer) -> Result<&'a [Value], PollError> {
    let found = value.get(name).and_then(Value::as_array).map(Vec::as_slice);
    found.ok_or_else(|| PollError::malformed(&answer.host(), format!("it holds no list `{name}`")))
}

/// The text at a path; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// A count at a path: never negative, also when written as text.
pub(super) fn count(value: &Value, path: &[&str]) -> i64 {
    number(value, path).unwrap_or(0).max(0)
}

/// A whole number at a path, also when written as text or with a fraction.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<i64> {
    let found = at(value, path)?;
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and times are checked later")]
    let whole = |f: f64| f as i64;
    found.as_i64().or_else(|| found.as_f64().map(whole)).or_else(|| found.as_str()?.trim().parse().ok())
}

/// An id at a path: text or number, without white space.
pub(super) fn id(value: &Value, path: &[&str]) -> Option<String> {
    let found = at(value, path)?;
    let id = found.as_str().map(str::to_owned).or_else(|| found.as_u64().map(|n| n.to_string()))?;
    let plain = !id.is_empty() && id.len() <= MAX_ID && id.chars().all(|c| !c.is_whitespace() && !c.is_control());
    plain.then_some(id)
}

/// The value at a path of names.
pub(super) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name)).filter(|v| !v.is_null())
}

/// RFC 3339, and the form of the Graph API, whose offset has no colon: `2026-11-19T08:15:30+0000`.
pub(super) fn time(text: &str) -> Option<Millis> {
    let text = text.trim();
    let graph = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z").ok().and_then(|at| Millis::from_untrusted(at.timestamp_millis()));
    Millis::parse_rfc3339(text).or_else(graph)
}

/// A word of a platform's error, fit for a message: letters, digits and a few marks, at most 60 of them.
pub(super) fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ')).take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_with_and_without_a_colon_are_read() {
        let at = Millis::new(1_795_076_130_000);
        for form in ["2026-11-19T08:15:30+0000", "2026-11-19T10:15:30+0200", "2026-11-19T08:15:30Z", "2026-11-19T08:15:30.000+00:00"] {
            assert_eq!(time(form), Some(at), "{form}");
        }
        for nonsense in ["", "yesterday", "2026-13-19T08:15:30+0000", "99999-01-01T00:00:00+0000"] {
            assert_eq!(time(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_strange_is_nothing() {
        let value = json!({"a": {"n": "12", "f": 3.9, "neg": -4, "id": 77, "bad": " x y "}, "none": null});
        assert_eq!((count(&value, &["a", "n"]), count(&value, &["a", "f"]), count(&value, &["a", "neg"])), (12, 3, 0));
        assert_eq!((id(&value, &["a", "id"]).as_deref(), id(&value, &["a", "bad"]), id(&value, &["none"])), (Some("77"), None, None));
        assert_eq!((text(&value, &["a", "b", "c"]), list(&value, "a").len(), number(&value, &["x"])), ("", 0, None));
        assert_eq!(word("in<valid>_grant\n\u{202e}"), "invalid_grant");
        assert_eq!(segment("urn:li:share:1 2"), "urn%3Ali%3Ashare%3A1%202");
    }
}
