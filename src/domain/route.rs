//! Who is told what, and when: pure rules over an alert and the time.

use serde::{Deserialize, Deserializer, de};

use super::alert::{Alert, AlertKind, Urgency};
use super::incident::{IncidentKind, IncidentSeverity};
use super::time::{DAY_MS, Millis};

/// Local time against UTC, milliseconds; -14 h ..= +14 h. It does not follow summer time: a rule of a place cannot be
/// known without its table, so the offset is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UtcOffset(i64);

impl UtcOffset {
    /// The local clock at `at`, as milliseconds since 1970-01-01T00:00 on that clock.
    pub const fn local(self, at: Millis) -> i64 {
        at.get().saturating_add(self.0)
    }

    /// The point at which the local clock shows `local`.
    pub const fn point(self, local: i64) -> Millis {
        Millis::new(local.saturating_sub(self.0))
    }
}

/// A text that is no time rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTimes {
    /// Not `+01:00`.
    #[error("`{0}` is no offset from UTC; write it like +01:00")]
    Offset(String),
    /// Not `mon-fri 08:00-18:00`.
    #[error("`{0}` is no stretch of hours; write it like 08:00-18:00 or mon-fri 08:00-18:00")]
    Hours(String),
    /// Not `mon 08:00`.
    #[error("`{0}` is no moment of the day or week; write it like 08:00, mon 08:00 or mon-fri 08:00")]
    Moment(String),
}

impl std::str::FromStr for UtcOffset {
    type Err = BadTimes;

    fn from_str(s: &str) -> Result<Self, BadTimes> {
        let wrong = || BadTimes::Offset(s.to_owned());
        let (sign, rest) = match s.trim().split_at_checked(1).ok_or_else(wrong)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return Err(wrong()),
        };
        let minutes = minutes(rest).filter(|m| *m <= 14 * 60).ok_or_else(wrong)?;
        Ok(Self(sign * minutes * MINUTE_MS))
    }
}

const MINUTE_MS: i64 = 60_000;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes since midnight of `HH:MM`, 0..=1440.
fn minutes(text: &str) -> Option<i64> {
    let (h, m) = text.trim().split_once(':')?;
    if h.len() != 2 || m.len() != 2 {
        return None;
    }
    let (h, m): (u8, u8) = (h.parse().ok()?, m.parse().ok()?);
    let all = i64::from(h) * 60 + i64::from(m);
    (m < 60 && all <= 24 * 60).then_some(all)
}

/// Days of the week, from Monday on.
type Days = [bool; 7];

/// `mon-fri`, `sat,sun`, `fri-mon`.
fn days(text: &str) -> Option<Days> {
    let mut chosen = [false; 7];
    let index = |word: &str| DAYS.iter().position(|d| *d == word.trim().to_ascii_lowercase());
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (index(from)?, index(to)?);
        chosen[day] = true;
        while day != last {
            day = (day + 1) % 7;
            chosen[day] = true;
        }
    }
    Some(chosen)
}

/// Days and the rest of a rule: `mon-fri 08:00` or `08:00`, which is every day.
fn with_days(text: &str) -> Option<(Days, &str)> {
    match text.trim().rsplit_once(' ') {
        Some((d, rest)) => Some((days(d)?, rest)),
        None => Some(([true; 7], text.trim())),
    }
}

/// 0 is Monday. 1970-01-01 was a Thursday.
fn weekday(local: i64) -> usize {
    usize::try_from((local.div_euclid(DAY_MS) + 3).rem_euclid(7)).unwrap_or(0)
}

/// A stretch of the day on some days of the week, on the local clock: `mon-fri 08:00-18:00`. One that ends before it
/// begins runs over midnight and belongs to the day on which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    days: Days,
    from: i64,
    length: i64,
}

impl Hours {
    /// The end of the stretch that holds a local time; `None` outside.
    fn end_of(&self, local: i64) -> Option<i64> {
        let midnight = local.div_euclid(DAY_MS) * DAY_MS;
        [midnight, midnight - DAY_MS].into_iter().find_map(|day| {
            let from = day + self.from * MINUTE_MS;
            let end = from + self.length * MINUTE_MS;
            (self.days[weekday(day)] && (from..end).contains(&local)).then_some(end)
        })
    }

    /// Whether `at` lies inside.
    pub fn hold(&self, at: Millis, offset: UtcOffset) -> bool {
        self.end_of(offset.local(at)).is_some()
    }

    /// The first moment from `at` on that lies outside. Stretches that follow on each other are passed, a week at most.
    pub fn after(&self, at: Millis, offset: UtcOffset) -> Millis {
        let mut local = offset.local(at);
        for _ in 0..8 {
            match self.end_of(local) {
                Some(end) => local = end,
                None => break,
            }
        }
        offset.point(local)
    }
}

impl std::str::FromStr for Hours {
    type Err = BadTimes;

    fn from_str(s: &str) -> Result<Self, BadTimes> {
        let read = || {
            let (days, rest) = with_days(s)?;
            let (from, to) = rest.split_once('-')?;
            let (from, to) = (minutes(from)?, minutes(to)?);
            let length = (to - from).rem_euclid(24 * 60);
            (from < 24 * 60).then_some(Self { days, from, length: if length == 0 { 24 * 60 } else { length } })
        };
        read().ok_or_else(|| BadTimes::Hours(s.to_owned()))
    }
}

/// A moment that comes again each day or each week, on the local clock: `08:00`, `mon 08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    days: Days,
    at: i64,
}

impl Moment {
    /// The last one that is not after `now`.
    pub fn last(&self, now: Millis, offset: UtcOffset) -> Option<Millis> {
        let local = offset.local(now);
        let midnight = local.div_euclid(DAY_MS) * DAY_MS;
        let days = (0..8).map(|back| midnight - back * DAY_MS);
        days.filter(|day| self.days[weekday(*day)]).map(|day| day + self.at * MINUTE_MS).find(|at| *at <= local).map(|at| offset.point(at))
    }
}

impl std::str::FromStr for Moment {
    type Err = BadTimes;

    fn from_str(s: &str) -> Result<Self, BadTimes> {
        let read = || {
            let (days, rest) = with_days(s)?;
            let at = minutes(rest).filter(|m| *m < 24 * 60)?;
            Some(Self { days, at })
        };
        read().ok_or_else(|| BadTimes::Moment(s.to_owned()))
    }
}

macro_rules! from_text {
    ($($name:ident),+) => {
        $(impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        })+
    };
}
from_text!(UtcOffset, Hours, Moment);

/// Which alerts go to which channels, and when. An empty list lets everything through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Shown name.
    pub name: String,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Names of brands.
    pub brands: Vec<String>,
    /// What happened.
    pub kinds: Vec<AlertKind>,
    /// Kinds of incidents; an alert without an incident goes only where this is empty.
    pub incidents: Vec<IncidentKind>,
    /// Severities of incidents; the same.
    pub severities: Vec<IncidentSeverity>,
    /// Languages of the person concerned; an alert that is about no person passes.
    pub languages: Vec<String>,
    /// The only hours in which it takes alerts; what comes outside of them goes to other routes or nowhere.
    pub hours: Option<Hours>,
    /// Hours in which nothing is sent: messages wait for their end. What is [`Urgency::Critical`] does not wait.
    pub quiet: Option<Hours>,
    /// Of `hours` and `quiet`.
    pub offset: UtcOffset,
    /// How long a message waits for more on the same subject, milliseconds.
    pub group_ms: i64,
    /// Least distance between two messages on the same subject, milliseconds; what comes within it goes out together at its end.
    pub cool_down_ms: i64,
}

impl Route {
    /// Everything, to these channels.
    pub fn all(channels: Vec<String>) -> Self {
        Self {
            name: "everything".to_owned(),
            channels,
            brands: Vec::new(),
            kinds: Vec::new(),
            incidents: Vec::new(),
            severities: Vec::new(),
            languages: Vec::new(),
            hours: None,
            quiet: None,
            offset: UtcOffset::default(),
            group_ms: MINUTE_MS,
            cool_down_ms: 15 * MINUTE_MS,
        }
    }

    /// Whether it takes an alert that comes at `now`. Summaries and tests go where they were asked to, past all routes.
    pub fn takes(&self, alert: &Alert, now: Millis) -> bool {
        let incident = alert.incident.as_ref();
        let language = alert.lang.as_deref().and_then(|l| l.split('-').next());
        !matches!(alert.kind, AlertKind::Summary | AlertKind::Test)
            && holds(&self.brands, Some(&alert.brand_name))
            && holds(&self.kinds, Some(&alert.kind))
            && holds(&self.incidents, incident.map(|i| &i.kind))
            && holds(&self.severities, incident.map(|i| &i.severity))
            && language.is_none_or(|l| self.languages.is_empty() || self.languages.iter().any(|k| k.eq_ignore_ascii_case(l)))
            && self.hours.is_none_or(|h| h.hold(now, self.offset))
    }

    /// When a message for an alert that comes at `now` goes out; `last` is the time of the last message on the same subject.
    pub fn due(&self, urgency: Urgency, now: Millis, last: Option<Millis>) -> Millis {
        let grouped = now.plus(self.group_ms.max(0));
        let cooled = last.map_or(grouped, |at| grouped.max(at.plus(self.cool_down_ms.max(0))));
        match self.quiet {
            Some(quiet) if urgency != Urgency::Critical => quiet.after(cooled, self.offset),
            _ => cooled,
        }
    }
}

fn holds<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|v| list.contains(v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::{About, Phase};
    use crate::domain::ids::IncidentId;

    fn at(text: &str) -> Millis {
        Millis::parse_rfc3339(text).expect("a time")
    }

    fn hours(text: &str) -> Hours {
        text.parse().expect("hours")
    }

    fn offset(text: &str) -> UtcOffset {
        text.parse().expect("an offset")
    }

    fn alert(kind: AlertKind) -> Alert {
        Alert {
            key: "k".to_owned(),
            subject: "incident:9".to_owned(),
            kind,
            urgency: Urgency::Warning,
            phase: Phase::Raised,
            brand: None,
            brand_name: "Acme Cloud".to_owned(),
            incident: Some(About { id: IncidentId::new(9), kind: IncidentKind::Security, severity: IncidentSeverity::Major }),
            lang: None,
            at: Millis::new(0),
            title: "t".to_owned(),
            why: Vec::new(),
            facts: Vec::new(),
            path: "/".to_owned(),
            to: Vec::new(),
        }
    }

    #[test]
    fn hours_of_working_days_are_read_on_the_local_clock() {
        // 2026-11-20 is a Friday.
        let (office, rome) = (hours("mon-fri 08:00-18:00"), offset("+01:00"));
        for (time, inside) in [
            ("2026-11-20T07:00:00Z", true),
            ("2026-11-20T06:59:59Z", false),
            ("2026-11-20T16:59:59Z", true),
            ("2026-11-20T17:00:00Z", false),
            ("2026-11-21T10:00:00Z", false),
        ] {
            assert_eq!(office.hold(at(time), rome), inside, "{time}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = hours("fri 22:00-07:00");
        let utc = UtcOffset::default();
        assert!(night.hold(at("2026-11-20T23:00:00Z"), utc));
        assert!(night.hold(at("2026-11-21T06:59:00Z"), utc));
        assert!(!night.hold(at("2026-11-20T06:00:00Z"), utc), "the night before began on a Thursday");
        assert_eq!(night.after(at("2026-11-20T23:00:00Z"), utc), at("2026-11-21T07:00:00Z"));
        assert_eq!(hours("00:00-24:00").after(at("2026-11-20T23:00:00Z"), utc), at("2026-11-28T00:00:00Z"), "a week is the longest wait");
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for bad in ["", "8-18", "08:00", "25:00-26:00", "mon 08:60-09:00", "noday 08:00-09:00", "08:00-18:00 mon"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
        for bad in ["", "01:00", "+1", "+15:00", "UTC", "é1:00"] {
            assert!(bad.parse::<UtcOffset>().is_err(), "{bad}");
        }
        assert_eq!("24:00".parse::<Moment>().expect_err("none").to_string(), BadTimes::Moment("24:00".to_owned()).to_string());
    }

    #[test]
    fn the_last_moment_of_a_week_or_a_day_is_found() {
        let now = at("2026-11-20T07:30:00Z");
        let last = |text: &str, zone: &str| text.parse::<Moment>().expect("a moment").last(now, offset(zone)).map(Millis::to_rfc3339);
        assert_eq!(last("08:00", "+01:00").as_deref(), Some("2026-11-20T07:00:00.000Z"));
        assert_eq!(last("08:00", "+00:00").as_deref(), Some("2026-11-19T08:00:00.000Z"));
        assert_eq!(last("mon 08:00", "+01:00").as_deref(), Some("2026-11-16T07:00:00.000Z"));
        assert_eq!(last("fri 09:00", "+01:00").as_deref(), Some("2026-11-13T08:00:00.000Z"));
    }

    #[test]
    fn service_and_security_incidents_go_to_different_people() {
        let all = Route::all(vec!["a".to_owned()]);
        let security = Route { incidents: vec![IncidentKind::Security], ..all.clone() };
        let service = Route { incidents: vec![IncidentKind::Service], ..all.clone() };
        let now = Millis::new(0);
        let incident = alert(AlertKind::Relapse);
        assert!(security.takes(&incident, now) && !service.takes(&incident, now) && all.takes(&incident, now));
        let without = Alert { incident: None, ..incident };
        assert!(!security.takes(&without, now) && all.takes(&without, now));
        assert!(!all.takes(&alert(AlertKind::Test), now));
    }

    #[test]
    fn languages_choose_among_alerts_about_a_person_only() {
        let german = Route { languages: vec!["de".to_owned()], ..Route::all(Vec::new()) };
        let with = |lang: Option<&str>| Alert { lang: lang.map(str::to_owned), ..alert(AlertKind::Reach) };
        let now = Millis::new(0);
        assert!(german.takes(&with(Some("de-AT")), now) && german.takes(&with(None), now) && !german.takes(&with(Some("en")), now));
    }

    #[test]
    fn a_message_waits_for_its_group_its_cool_down_and_the_end_of_the_quiet_time() {
        let route = Route { quiet: Some(hours("22:00-07:00")), ..Route::all(Vec::new()) };
        let due = |urgency, now: &str, last: Option<&str>| route.due(urgency, at(now), last.map(at)).to_rfc3339();
        assert_eq!(due(Urgency::Warning, "2026-11-20T12:00:00Z", None), "2026-11-20T12:01:00.000Z");
        assert_eq!(due(Urgency::Warning, "2026-11-20T12:00:00Z", Some("2026-11-20T11:55:00Z")), "2026-11-20T12:10:00.000Z");
        assert_eq!(due(Urgency::Warning, "2026-11-20T21:59:30Z", None), "2026-11-21T07:00:00.000Z");
        assert_eq!(due(Urgency::Critical, "2026-11-20T23:00:00Z", None), "2026-11-20T23:01:00.000Z");
    }
}
