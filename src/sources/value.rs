//! Lenient reading of JSON answers: one strange entry does not spoil its page.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use super::hackernews::short;
use super::http::Answer;
use super::{PollError, html};
use crate::domain::post::{Post, PostAuthor, safe_link};
use crate::domain::time::Millis;

/// Longest id that is believed to be one, bytes.
const MAX_ID: usize = 1024;

/// The JSON of an answer that worked.
pub(super) fn parse(answer: &Answer) -> Result<Value, PollError> {
    let host = answer.host();
    serde_json::from_slice(&answer.body).map_err(|e| PollError::malformed(&host, format!("no JSON as expected ({})", short(&e))))
}

/// The list at a JSON pointer (`""`: the whole value).
pub(super) fn list<'a>(value: &'a Value, pointer: &str, answer: &Answer) -> Result<&'a [Value], PollError> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    let name = pointer.trim_start_matches('/');
    found.map(Vec::as_slice).ok_or_else(|| PollError::malformed(&answer.host(), format!("it holds no list `{name}`")))
}

/// Reads the entries of a list. All of them unreadable means that it is no such list.
pub(super) fn entries<T>(list: &[Value], answer: &Answer, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, PollError> {
    let read: Vec<T> = list.iter().filter_map(read).collect();
    if read.is_empty() && !list.is_empty() {
        return Err(PollError::malformed(&answer.host(), "none of its entries has an id"));
    }
    Ok(read)
}

/// A text; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An id, which platforms write as text or as a number.
pub(super) fn id(value: &Value, pointer: &str) -> Option<String> {
    let value = value.pointer(pointer)?;
    let id = value.as_str().map(|s| s.trim().to_owned()).or_else(|| value.as_u64().map(|n| n.to_string()))?;
    (!id.is_empty() && id.len() <= MAX_ID && !id.chars().any(char::is_control)).then_some(id)
}

/// Whether a text is a number as databases count: safe as a part of a path.
pub(super) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is letters, digits, `-`, `_` and `:` only: safe as a part of a path.
pub(super) fn is_word(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:".contains(&b))
}

/// A whole number, also written as text; 0 when there is none.
pub(super) fn number(value: &Value, pointer: &str) -> i64 {
    let Some(value) = value.pointer(pointer) else { return 0 };
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()).unwrap_or(0)
}

/// A count: never negative.
pub(super) fn count(value: &Value, pointer: &str) -> i64 {
    number(value, pointer).max(0)
}

/// Whether it says `true`.
pub(super) fn says(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// A time in words: RFC 3339, the same without a zone (UTC is meant), or with an offset without colon.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Millis> {
    moment(text(value, pointer))
}

/// See [`time`].
pub(super) fn moment(text: &str) -> Option<Millis> {
    let text = text.trim();
    let odd = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.timestamp_millis());
    let naive = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc().timestamp_millis());
    Millis::parse_rfc3339(text).or_else(|| odd().or_else(naive).and_then(Millis::from_untrusted))
}

/// A time in Unix seconds, whole or not, as a number or as text.
pub(super) fn seconds(value: &Value, pointer: &str) -> Option<Millis> {
    let value = value.pointer(pointer)?;
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|s: &f64| s.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and the range is checked next")]
    let ms = (seconds * 1000.0) as i64;
    Millis::from_untrusted(ms)
}

/// A link that a browser may follow.
pub(super) fn link(value: &Value, pointer: &str) -> Option<String> {
    safe_link(text(value, pointer))
}

/// The two-letter code of a claimed language such as `en` or `pt-BR`.
pub(super) fn language(claimed: &str) -> Option<String> {
    let code = claimed.split(['-', '_']).next()?.to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

/// An author where accounts are not needed: known by the page, else by the name, else nobody.
pub(super) fn guest(name: &str, page: Option<String>, post: &str) -> PostAuthor {
    let name = html::name(name);
    let native_id = match (&page, name.is_empty()) {
        (Some(page), _) => page.clone(),
        (None, false) => name.to_lowercase(),
        // Nobody can tell whether two who gave no name are one.
        (None, true) => format!("anonymous {post}").chars().take(255).collect(),
    };
    PostAuthor { native_id, name, url: page, ..PostAuthor::default() }
}

/// The time of the oldest post.
pub(super) fn oldest(posts: &[Post]) -> Option<Millis> {
    posts.iter().map(|p| p.created_at).min()
}

/// Percent-encodes one segment of a path.
pub(super) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_platforms_use() {
        for form in [
            "2026-11-19T08:15:30Z",
            "2026-11-19T09:15:30+01:00",
            "2026-11-19T08:15:30",
            "2026-11-19T08:15:30.000000",
            "2026-11-19T08:15:30+0000",
        ] {
            assert_eq!(moment(form).map(Millis::get), Some(1_795_076_130_000), "{form}");
        }
        for nonsense in ["", "soon", "0000-00-00T00:00:00", "2026-13-45T00:00:00"] {
            assert_eq!(moment(nonsense), None, "{nonsense}");
        }
        let value = json!({"a": 1_795_076_130.25, "b": "1795076130", "c": 1e300, "d": -5, "e": null});
        let read = |pointer| seconds(&value, pointer).map(Millis::get);
        assert_eq!((read("/a"), read("/b")), (Some(1_795_076_130_250), Some(1_795_076_130_000)));
        assert_eq!((read("/c"), read("/d"), read("/e"), read("/f")), (None, None, None, None));
    }

    #[test]
    fn ids_are_texts_or_numbers_without_control_characters() {
        let value = json!({"a": 7, "b": " x ", "c": "", "d": "a\nb", "e": -1, "f": [1]});
        let read: Vec<Option<String>> = ["/a", "/b", "/c", "/d", "/e", "/f"].into_iter().map(|p| id(&value, p)).collect();
        assert_eq!(read, [Some("7".to_owned()), Some("x".to_owned()), None, None, None, None]);
        assert!(is_number("12") && !is_number("") && !is_number("1/2") && is_word("gp:AO-x_1") && !is_word("../x"));
    }

    #[test]
    fn what_has_no_number_counts_as_nothing() {
        let value = json!({"a": "12", "b": -3, "c": "x"});
        assert_eq!((count(&value, "/a"), count(&value, "/b"), count(&value, "/c"), number(&value, "/b")), (12, 0, 0, -3));
    }
}
