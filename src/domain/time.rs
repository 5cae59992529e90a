//! Points and spans of time, in UTC milliseconds, the unit of the store.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// One hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// One week in milliseconds.
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// 1970-01-01 to 9999-12-31: outside it a platform's time is nonsense.
const LATEST: i64 = 253_402_300_799_999;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Millis(i64);

impl Millis {
    /// Wraps milliseconds since the Unix epoch.
    pub const fn new(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// From a platform's time. `None` before 1970 and after the year 9999.
    pub fn from_untrusted(ms: i64) -> Option<Self> {
        (0..=LATEST).contains(&ms).then_some(Self(ms))
    }

    /// The start of the hour that holds this point.
    #[must_use]
    pub const fn hour(self) -> Self {
        Self(self.0.div_euclid(HOUR_MS) * HOUR_MS)
    }

    /// 0..168: hours since Monday 00:00 UTC.
    #[expect(clippy::cast_possible_truncation, reason = "0..168 fits a byte")]
    pub const fn hour_of_week(self) -> usize {
        // 1970-01-01 was a Thursday: three days after Monday. rem_euclid keeps the result in 0..168.
        (((self.0 + 3 * DAY_MS).rem_euclid(WEEK_MS) / HOUR_MS) as u8) as usize
    }

    /// This point moved by `ms` (negative: earlier), without overflow.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this point; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The point as a calendar date and time. Out of range gives the epoch.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// RFC 3339 with milliseconds and `Z`.
    pub fn to_rfc3339(self) -> String {
        self.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Parses RFC 3339; `None` when it is none, or out of range.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at = DateTime::parse_from_rfc3339(text.trim()).ok()?;
        Self::from_untrusted(at.timestamp_millis())
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.to_datetime();
        let (date, time) = (at.date_naive(), at.time());
        let Some(year) = u32::try_from(date.year()).ok().filter(|year| *year <= 9999) else { return f.write_str(&self.to_rfc3339()) };
        // Exports write several a row: this takes a tenth of the time that a pattern takes.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (4, year),
            (7, date.month()),
            (10, date.day()),
            (13, time.hour()),
            (16, time.minute()),
            (19, time.second()),
            (23, at.timestamp_subsec_millis()),
        ];
        for (end, value) in parts {
            write_digits(&mut text[..end], value);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
    }
}

/// Puts the digits of a number at the end of `text`, over the zeros that stand there.
fn write_digits(text: &mut [u8], mut value: u32) {
    for place in text.iter_mut().rev() {
        if value == 0 {
            break;
        }
        *place = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

/// A half-open stretch of time, `from <= t < to`; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    from: Millis,
    to: Millis,
}

impl Span {
    /// `None` when `to` is before `from`.
    pub fn new(from: Millis, to: Millis) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// Nothing, at a point.
    pub const fn empty(at: Millis) -> Self {
        Self { from: at, to: at }
    }

    /// First point inside.
    pub const fn from(self) -> Millis {
        self.from
    }

    /// First point after.
    pub const fn to(self) -> Millis {
        self.to
    }

    /// Cuts the span at hour borders: the start of each hour and the milliseconds of it that are inside.
    pub fn by_hour(self) -> impl Iterator<Item = (Millis, i64)> {
        let mut at = self.from;
        std::iter::from_fn(move || {
            if at >= self.to {
                return None;
            }
            let hour = at.hour();
            let end = hour.plus(HOUR_MS).min(self.to);
            let part = end.since(at);
            at = end;
            Some((hour, part))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_starts_on_monday_at_midnight_utc() {
        let monday = Millis::parse_rfc3339("2026-11-16T00:00:00Z").expect("a time");
        assert_eq!(monday.hour_of_week(), 0);
        assert_eq!(monday.plus(-1).hour_of_week(), 167);
        assert_eq!(monday.plus(DAY_MS + 5 * HOUR_MS).hour_of_week(), 29);
    }

    #[test]
    fn a_span_is_cut_at_hour_borders() {
        let span = Span::new(Millis::new(HOUR_MS - 10), Millis::new(2 * HOUR_MS + 5)).expect("ordered");
        let parts: Vec<_> = span.by_hour().map(|(h, ms)| (h.get() / HOUR_MS, ms)).collect();
        assert_eq!(parts, [(0, 10), (1, HOUR_MS), (2, 5)]);
    }

    #[test]
    fn a_time_is_written_as_rfc_3339_says() {
        let times = [0, 1, 999, 1_795_176_061_234, LATEST, LATEST + 1, -1, i64::MAX];
        for at in times.map(Millis::new) {
            assert_eq!(at.to_string(), at.to_rfc3339());
        }
        assert_eq!(Millis::new(1_795_176_061_004).to_string(), "2026-11-20T12:01:01.004Z");
    }

    #[test]
    fn nonsense_times_are_refused() {
        assert_eq!(Millis::from_untrusted(-1), None);
        assert_eq!(Millis::from_untrusted(i64::MAX), None);
        assert_eq!(Millis::parse_rfc3339("yesterday"), None);
    }
}
