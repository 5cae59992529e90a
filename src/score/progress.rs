//! How long the backlog will take.

use std::time::Duration;

use serde::Serialize;

/// How scoring does, for pages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Progress {
    /// Mentions that wait for a score.
    pub waiting: i64,
    /// Texts scored in a second of work, lately; 0 before the first.
    pub per_second: f64,
    /// Seconds until nothing waits at this speed; `None` while the speed is not known, 0 when nothing waits.
    pub eta_seconds: Option<f64>,
}

/// The speed of late, as an average that forgets: what is older than `MEMORY` seconds of work counts little.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    per_second: Option<f64>,
}

impl Meter {
    const MEMORY: f64 = 20.0;

    /// Takes in that so many texts took so long.
    pub fn note(&mut self, texts: usize, took: Duration) {
        let seconds = took.as_secs_f64().max(1e-6);
        let now = texts as f64 / seconds;
        let kept = (-seconds / Self::MEMORY).exp();
        self.per_second = Some(self.per_second.map_or(now, |before| before * kept + now * (1.0 - kept)));
    }

    /// What the pages say when so many wait.
    pub fn progress(&self, waiting: i64) -> Progress {
        let speed = self.per_second.filter(|speed| *speed > 0.0);
        let eta_seconds = if waiting <= 0 { Some(0.0) } else { speed.map(|speed| waiting as f64 / speed) };
        Progress { waiting, per_second: speed.unwrap_or(0.0), eta_seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_unknown_before_the_first_batch_and_none_when_nothing_waits() {
        let mut meter = Meter::default();
        assert_eq!(meter.progress(10).eta_seconds, None);
        assert_eq!(meter.progress(0).eta_seconds, Some(0.0));
        meter.note(100, Duration::from_secs(1));
        assert_eq!(meter.progress(1_000), Progress { waiting: 1_000, per_second: 100.0, eta_seconds: Some(10.0) });
    }

    #[test]
    fn a_new_speed_replaces_the_old_one_within_a_minute_of_work() {
        let mut meter = Meter::default();
        meter.note(1_000, Duration::from_secs(1));
        meter.note(100, Duration::from_secs(1));
        assert!(meter.progress(1).per_second > 900.0, "one slow second is no new speed");
        for _ in 0..60 {
            meter.note(100, Duration::from_secs(1));
        }
        assert!(meter.progress(1).per_second < 150.0);
    }

    #[test]
    fn no_time_and_no_texts_give_no_nonsense() {
        let mut meter = Meter::default();
        meter.note(0, Duration::ZERO);
        let progress = meter.progress(5);
        assert_eq!((progress.per_second, progress.eta_seconds), (0.0, None));
    }
}
