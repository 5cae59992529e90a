//! What people type into fields, checked.

use chrono::NaiveDateTime;

use crate::domain::post::safe_link;
use crate::domain::time::Millis;

use super::failure::WebError;

/// A text without the space around it, at most `max` characters.
pub fn text(value: &str, max: usize) -> String {
    value.trim().replace("\r\n", "\n").chars().take(max).collect()
}

/// A text that must not be empty.
pub fn needed(value: &str, max: usize, name: &str) -> Result<String, WebError> {
    let text = text(value, max);
    if text.is_empty() { Err(WebError::Bad(format!("{name} must not be empty. Go back and fill it in."))) } else { Ok(text) }
}

/// A `datetime-local` field, which is in UTC on our pages, or RFC 3339, which scripts send; empty is none.
pub fn time(value: &str, name: &str) -> Result<Option<Millis>, WebError> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    if let Some(at) = Millis::parse_rfc3339(value) {
        return Ok(Some(at));
    }
    let parsed = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|form| NaiveDateTime::parse_from_str(value, form).ok());
    let at = parsed.and_then(|at| Millis::from_untrusted(at.and_utc().timestamp_millis()));
    at.map(Some).ok_or_else(|| WebError::Bad(format!("{name} is no time like 2026-11-20T09:30.")))
}

/// A link; empty is none.
pub fn link(value: &str, name: &str) -> Result<Option<String>, WebError> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    safe_link(value).map(Some).ok_or_else(|| WebError::Bad(format!("{name} must be a link that starts with http:// or https://.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_utc_and_nonsense_is_refused() {
        let read = time("2026-11-20T09:30", "Started").expect("a time").expect("not empty");
        assert_eq!(read.to_rfc3339(), "2026-11-20T09:30:00.000Z");
        assert_eq!(time(" ", "Started").expect("empty"), None);
        assert!(time("yesterday", "Started").is_err());
        assert!(time("99999-01-01T00:00", "Started").is_err());
    }

    #[test]
    fn links_must_be_ones_that_a_browser_may_follow() {
        assert!(link("javascript:alert(1)", "War room").is_err());
        assert_eq!(link("", "War room").expect("empty"), None);
        assert_eq!(link(" https://meet.example/x ", "War room").expect("a link").as_deref(), Some("https://meet.example/x"));
    }
}
