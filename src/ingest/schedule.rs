//! When a source is asked again: arithmetic without a clock.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// Asked this many times as often while an incident is open.
const INCIDENT_FACTOR: i64 = 5;
/// Growing pauses grow no further than this.
const LONGEST_PAUSE_MS: i64 = HOUR_MS;
/// The same while an incident is open: a source that comes back is wanted soon.
const LONGEST_INCIDENT_PAUSE_MS: i64 = HOUR_MS / 4;
/// A quiet source is asked at least this seldom often: coverage is counted by the hour, and should not look broken.
const LONGEST_QUIET_MS: i64 = HOUR_MS / 4;
/// A server's wish is heard up to here: a nonsense header must not silence a source for ever.
const LONGEST_WISH_MS: i64 = DAY_MS;
/// Who was asked later than this share of its interval stood in a queue, and its whole queue would stand there again at the next time.
const QUEUED: i64 = 10;
/// Polls in a row without anything new, before the interval doubles; and again, before it doubles once more.
const QUIET_POLLS: u32 = 20;

/// Whether it is quiet around the brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// No incident is open.
    Calm,
    /// An incident is open: everything is asked more often.
    Incident,
}

/// How the poll went that the next one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It answered.
    Well {
        /// Polls in a row, this one too, that brought nothing new.
        quiet: u32,
    },
    /// It answered, and has more than one tick takes: the rest is wanted as soon as is polite.
    Unfinished,
    /// It may work later.
    Failed {
        /// Failures in a row, this one too.
        failures: i64,
    },
    /// It will not work before a person changes something.
    Refused,
}

/// What the next poll depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The time now.
    pub now: Millis,
    /// The source's own interval.
    pub every_ms: i64,
    /// No two polls are nearer than this; the pages of one chain are.
    pub floor_ms: i64,
    /// Calm or incident.
    pub mood: Mood,
    /// How the last poll went.
    pub ended: Ended,
    /// How long after its time it was asked, milliseconds.
    pub late_ms: i64,
    /// The server's wish: not before this time.
    pub not_before: Option<Millis>,
    /// A random number, 0..1, which spreads retries and queues.
    pub random: f64,
}

/// The time of the next poll; never before `now`.
pub fn next_poll(timing: &Timing) -> Millis {
    let floor = timing.floor_ms.max(0);
    let every = interval(timing);
    let wait = match timing.ended {
        Ended::Unfinished => floor,
        Ended::Well { quiet } => spread(stretched(every, quiet, timing.mood), timing).max(floor),
        Ended::Failed { failures } => backoff(every, failures, timing).max(floor),
        Ended::Refused => HOUR_MS.max(floor),
    };
    let own = timing.now.plus(wait);
    let wish = timing.not_before.unwrap_or(own).min(timing.now.plus(LONGEST_WISH_MS));
    own.max(wish)
}

/// The interval in this mood.
fn interval(timing: &Timing) -> i64 {
    let every = timing.every_ms.max(timing.floor_ms).max(1);
    match timing.mood {
        Mood::Calm => every,
        Mood::Incident => (every / INCIDENT_FACTOR).max(timing.floor_ms).max(1),
    }
}

/// Up to four times the interval for a source that has been quiet for long.
fn stretched(every: i64, quiet: u32, mood: Mood) -> i64 {
    let factor = match (mood, quiet / QUIET_POLLS) {
        (Mood::Incident, _) | (_, 0) => 1,
        (_, 1) => 2,
        _ => 4,
    };
    every.saturating_mul(factor).min(LONGEST_QUIET_MS.max(every))
}

/// Sources that were due together (at a start, after an outage) are asked one after another, and would be due together again. Each is
/// asked once after three to five quarters of its interval, so that they part. On average that is the interval: a machine that is late
/// because it has too much to do gets no more of it.
fn spread(every: i64, timing: &Timing) -> i64 {
    if timing.late_ms <= every / QUEUED {
        return every;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a part of an interval")]
    let drawn = (every as f64 * 0.5 * timing.random.clamp(0.0, 1.0)) as i64;
    let quarter = every / 4;
    (every - quarter).saturating_add(drawn.min(2 * quarter))
}

/// Exponential pause with full jitter: anywhere between nothing and the doubled interval, so that the sources of
/// one server that came back do not all return in the same second.
fn backoff(every: i64, failures: i64, timing: &Timing) -> i64 {
    let longest = match timing.mood {
        Mood::Calm => LONGEST_PAUSE_MS,
        Mood::Incident => LONGEST_INCIDENT_PAUSE_MS,
    };
    let doublings = u32::try_from(failures.clamp(0, 30)).unwrap_or(0);
    let pause = every.saturating_mul(1 << doublings).min(longest);
    #[expect(clippy::cast_possible_truncation, reason = "at most an hour of milliseconds")]
    let drawn = (pause as f64 * timing.random.clamp(0.0, 1.0)) as i64;
    drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = Millis::new(1_800_000_000_000);
    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;

    fn timing() -> Timing {
        Timing {
            now: NOW,
            every_ms: 5 * MINUTE,
            floor_ms: 30 * SECOND,
            mood: Mood::Calm,
            ended: Ended::Well { quiet: 0 },
            late_ms: 0,
            not_before: None,
            random: 1.0,
        }
    }

    fn wait(timing: Timing) -> i64 {
        next_poll(&timing).since(NOW)
    }

    #[test]
    fn the_own_interval_holds_when_nothing_is_wrong() {
        assert_eq!(wait(timing()), 5 * MINUTE);
        assert_eq!(wait(Timing { every_ms: SECOND, ..timing() }), 30 * SECOND, "never faster than the floor");
        assert_eq!(wait(Timing { ended: Ended::Unfinished, ..timing() }), 30 * SECOND);
    }

    #[test]
    fn an_incident_makes_it_five_times_as_fast_down_to_the_floor() {
        let incident = Timing { mood: Mood::Incident, ..timing() };
        assert_eq!(wait(incident), MINUTE);
        assert_eq!(wait(Timing { every_ms: MINUTE, ..incident }), 30 * SECOND);
        assert_eq!(wait(Timing { every_ms: MINUTE, floor_ms: SECOND, ..incident }), 12 * SECOND);
    }

    #[test]
    fn a_quiet_source_is_asked_less_often_but_not_during_an_incident() {
        let quiet = |quiet, mood, every_ms| wait(Timing { ended: Ended::Well { quiet }, mood, every_ms, ..timing() });
        assert_eq!(quiet(19, Mood::Calm, MINUTE), MINUTE);
        assert_eq!(quiet(20, Mood::Calm, MINUTE), 2 * MINUTE);
        assert_eq!(quiet(4_000_000_000, Mood::Calm, MINUTE), 4 * MINUTE);
        assert_eq!(quiet(50, Mood::Calm, 5 * MINUTE), 15 * MINUTE, "coverage stays within the hour");
        assert_eq!(quiet(50, Mood::Calm, 20 * MINUTE), 20 * MINUTE);
        assert_eq!(quiet(50, Mood::Incident, 10 * MINUTE), 2 * MINUTE);
    }

    #[test]
    fn sources_that_stood_in_a_queue_part() {
        let late = |late_ms, random| wait(Timing { late_ms, random, ..timing() });
        assert_eq!(late(30 * SECOND, 1.0), 5 * MINUTE, "a little late is on time");
        assert_eq!((late(31 * SECOND, 0.0), late(31 * SECOND, 0.5), late(HOUR_MS, 1.0)), (225 * SECOND, 5 * MINUTE, 375 * SECOND));
        let floor = Timing { every_ms: 32 * SECOND, late_ms: HOUR_MS, random: 0.0, ..timing() };
        assert_eq!(wait(floor), 30 * SECOND, "never nearer than the floor");
    }

    #[test]
    fn failures_grow_the_pause_up_to_a_limit() {
        let failed = |failures, mood, random| wait(Timing { ended: Ended::Failed { failures }, mood, random, ..timing() });
        for (failures, minutes) in [(1, 10), (2, 20), (3, 40), (4, 60), (40, 60), (i64::MAX, 60)] {
            assert_eq!(failed(failures, Mood::Calm, 1.0), minutes * MINUTE, "{failures}");
        }
        assert_eq!(failed(2, Mood::Calm, 0.25), 5 * MINUTE);
        assert_eq!(failed(2, Mood::Calm, 0.0), 30 * SECOND, "never nearer than the floor");
        assert_eq!(failed(30, Mood::Incident, 1.0), 15 * MINUTE);
    }

    #[test]
    fn a_refused_source_is_asked_hourly() {
        assert_eq!(wait(Timing { ended: Ended::Refused, ..timing() }), 60 * MINUTE);
        assert_eq!(wait(Timing { ended: Ended::Refused, mood: Mood::Incident, ..timing() }), 60 * MINUTE);
    }

    #[test]
    fn the_servers_wish_wins_when_it_is_later_and_not_absurd() {
        let wish = |ms, ended| wait(Timing { not_before: Some(NOW.plus(ms)), ended, ..timing() });
        assert_eq!(wish(MINUTE, Ended::Well { quiet: 0 }), 5 * MINUTE);
        assert_eq!(wish(9 * MINUTE, Ended::Well { quiet: 0 }), 9 * MINUTE);
        assert_eq!(wish(9 * MINUTE, Ended::Unfinished), 9 * MINUTE);
        assert_eq!(wish(200 * MINUTE, Ended::Failed { failures: 1 }), 200 * MINUTE);
        assert_eq!(wish(i64::MAX, Ended::Refused), DAY_MS);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_next_poll_is_never_in_the_past_and_never_far_beyond_a_day_or_the_interval(
            every_ms in any::<i64>(), floor_ms in 0..HOUR_MS, failures in any::<i64>(), quiet in any::<u32>(), wish in any::<Option<i64>>(),
            random in any::<f64>(), late_ms in any::<i64>(), kind in 0..4, incident in 0..2,
        ) {
            let ended = match kind {
                0 => Ended::Well { quiet },
                1 => Ended::Unfinished,
                2 => Ended::Failed { failures },
                _ => Ended::Refused,
            };
            let mood = if incident == 0 { Mood::Calm } else { Mood::Incident };
            let next = next_poll(&Timing { now: NOW, every_ms, floor_ms, mood, ended, late_ms, not_before: wish.map(Millis::new), random });
            prop_assert!(next >= NOW);
            prop_assert!(next <= NOW.plus(DAY_MS.max(every_ms.saturating_add(every_ms / 4))));
        }
    }
}
