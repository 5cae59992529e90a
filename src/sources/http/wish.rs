//! When a server wants to be asked again: pure arithmetic over its headers.

use chrono::{DateTime, NaiveDateTime};
use reqwest::header::{HeaderMap, HeaderName};

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// A wish for less than this is no wish.
const AT_LEAST_MS: i64 = 1_000;
/// No header keeps a source silent for longer than this; asking once a day harms nobody.
const AT_MOST_MS: i64 = DAY_MS;
/// Freshness is about caches, not about politeness. Templates claim a day without thought, so an hour is the most that is granted.
const FRESH_AT_MOST_MS: i64 = HOUR_MS;
/// When a server says "too many" without saying until when.
const UNSAID_MS: i64 = 60_000;

/// Headers that say when the allowance starts anew. Their values come as seconds from now, Unix seconds or dates.
const RESETS: [&str; 5] = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after", "x-retry-after"];
/// Headers that say what is left of the allowance.
const LEFT: [&str; 3] = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];

/// The first moment at which the server wants the next request. `None`: it has no wish.
///
/// `Retry-After` always counts. A reset counts when nothing is left of the allowance, or when the
/// status is 429; a 429 without any hint means a minute.
pub(in crate::sources) fn wish(headers: &HeaderMap, status: u16, now: Millis) -> Option<Millis> {
    let throttled = status == 429;
    let retry = text(headers, "retry-after").and_then(|v| moment(v, now));
    let empty =
        throttled || LEFT.iter().any(|name| text(headers, name).is_some_and(|v| number(v) == Some(0))) || combined(headers, 'r') == Some(0);
    let reset = if empty { reset(headers, now) } else { None };
    let unsaid = throttled.then(|| now.plus(UNSAID_MS));
    let at = retry.max(reset).or(unsaid)?;
    Some(at.clamp(now.plus(AT_LEAST_MS), now.plus(AT_MOST_MS)))
}

/// Until when an answer stays fresh by `Cache-Control: max-age`; only feeds use it.
pub(in crate::sources) fn fresh_until(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let control = text(headers, "cache-control")?.to_ascii_lowercase();
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=").and_then(number))?;
    fresh_for(age, now)
}

/// The same for a feed's `ttl`, in seconds.
pub(in crate::sources) fn fresh_for(seconds: i64, now: Millis) -> Option<Millis> {
    (seconds > 0).then(|| now.plus(seconds.saturating_mul(1000).min(FRESH_AT_MOST_MS)))
}

fn reset(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let named = RESETS.iter().filter_map(|name| text(headers, name).and_then(|v| moment(v, now))).max();
    named.or_else(|| combined(headers, 't').map(|s| now.plus(s.saturating_mul(1000))))
}

/// A field of the newer `RateLimit: "default";r=0;t=30` (and `RateLimit: limit=10, remaining=0, reset=30` before it).
fn combined(headers: &HeaderMap, field: char) -> Option<i64> {
    let long = if field == 'r' { "remaining" } else { "reset" };
    text(headers, "ratelimit")?.split([';', ',']).find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        let named = key.trim().eq_ignore_ascii_case(long) || key.trim().chars().eq([field]);
        if named { number(value) } else { None }
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whole seconds, rounded up; fractions occur.
fn number(text: &str) -> Option<i64> {
    let value: f64 = text.trim().trim_matches('"').parse().ok()?;
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and later arithmetic does too")]
    let whole = value.ceil() as i64;
    Some(whole)
}

/// A point in time in any of the forms that servers use. Numbers: seconds from now while small, then
/// Unix seconds, then Unix milliseconds.
fn moment(value: &str, now: Millis) -> Option<Millis> {
    if let Some(n) = number(value) {
        return Some(match n {
            // A billion seconds is 2001 as a date and 31 years as a delay: the border is not in doubt.
            0..1_000_000_000 => now.plus(n.saturating_mul(1000)),
            1_000_000_000..100_000_000_000 => Millis::new(n.saturating_mul(1000)),
            _ => Millis::new(n),
        });
    }
    if let Some(at) = Millis::parse_rfc3339(value) {
        return Some(at);
    }
    if let Ok(at) = DateTime::parse_from_rfc2822(value) {
        return Millis::from_untrusted(at.timestamp_millis());
    }
    let forms = ["%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S%.f", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(value, form).ok())?;
    Millis::from_untrusted(naive.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    /// 2026-11-19T08:15:30Z.
    const NOW: Millis = Millis::new(1_795_076_130_000);

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_bytes(k.as_bytes()).expect("a name"), HeaderValue::from_str(v).expect("a value")))
            .collect()
    }

    fn seconds(status: u16, pairs: &[(&str, &str)]) -> Option<i64> {
        wish(&headers(pairs), status, NOW).map(|at| at.since(NOW) / 1000)
    }

    type Case = (u16, &'static [(&'static str, &'static str)], Option<i64>);

    #[test]
    fn every_form_of_reset_is_read() {
        let cases: [Case; 22] = [
            (200, &[], None),
            (429, &[], Some(60)),
            (429, &[("retry-after", "90")], Some(90)),
            (503, &[("retry-after", "Thu, 19 Nov 2026 08:16:30 GMT")], Some(60)),
            (503, &[("retry-after", "Thursday, 19-Nov-26 08:16:30 GMT")], Some(60)),
            (503, &[], None),
            (429, &[("x-rate-limit-reset", "1795076190")], Some(60)),
            (429, &[("x-ratelimit-reset", "2026-11-19T08:20:30.000000Z")], Some(300)),
            (429, &[("x-ratelimit-reset", "1795076190")], Some(60)),
            (429, &[("x-ratelimit-reset", "1795076190000")], Some(60)),
            (429, &[("x-ratelimit-reset", "42")], Some(42)),
            (429, &[("ratelimit-reset", "7")], Some(7)),
            (429, &[("ratelimit-reset", "6.2")], Some(7)),
            (200, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], Some(7)),
            (200, &[("ratelimit-remaining", "3"), ("ratelimit-reset", "7")], None),
            (200, &[("x-ratelimit-remaining", "0.0"), ("x-ratelimit-reset", "7")], Some(7)),
            (200, &[("ratelimit", "\"default\";r=0;t=30")], Some(30)),
            (200, &[("ratelimit", "limit=10, remaining=0, reset=30")], Some(30)),
            (200, &[("ratelimit", "\"default\";r=5;t=30")], None),
            (429, &[("retry-after", "0")], Some(1)),
            (429, &[("retry-after", "99999999")], Some(86_400)),
            (429, &[("retry-after", "5"), ("x-ratelimit-reset", "1795076190")], Some(60)),
        ];
        for (status, pairs, expected) in cases {
            assert_eq!(seconds(status, pairs), expected, "{status} {pairs:?}");
        }
    }

    #[test]
    fn nonsense_is_no_wish_and_never_overflows() {
        for value in ["", "soon", "-5", "NaN", "inf", "1e400", "99999999999999999999999", "9223372036854775807", "2026-13-45"] {
            let at = seconds(429, &[("retry-after", value)]).expect("a 429 always waits");
            assert!((1..=86_400).contains(&at), "{value}: {at}");
        }
        assert_eq!(seconds(200, &[("retry-after", "soon")]), None);
    }

    #[test]
    fn freshness_is_granted_for_an_hour_at_most() {
        let fresh = |v: &str| fresh_until(&headers(&[("cache-control", v)]), NOW).map(|at| at.since(NOW) / 1000);
        assert_eq!(fresh("public, max-age=300"), Some(300));
        assert_eq!(fresh("max-age=31536000"), Some(3600));
        assert_eq!(fresh("no-cache, max-age=0"), None);
        assert_eq!(fresh("s-maxage=60"), None);
    }
}
