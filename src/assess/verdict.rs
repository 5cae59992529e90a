//! The verdict: a fold over the hours since the incident's start.
//!
//! At the end of every hour the window of the last six complete hours since the start (fewer at first) is held
//! against the baseline:
//!
//! - **above**: more unhappy authors than all but one in a hundred normal windows would have,
//! - **calm**: no more than 95 in a hundred normal windows have,
//! - **between**: neither, so that verdicts do not flap,
//! - **unknown**: less than 60 % of what is normally heard was read, or there is no baseline.
//!
//! What was not read can only add unhappy authors: a window that is above even against everything that is normally
//! heard is above, however little was read.
//!
//! | at | the verdict becomes |
//! |---|---|
//! | above | `elevated`; `easing` once clearly below the peak and not rising |
//! | above, after six calm hours | `relapsed`, if above all but two in a thousand normal windows, or above for seven hours on end, which no single hour brings about; until then the hold time stands still |
//! | above, after a recovery | `relapsed` likewise, with a limit of one in two thousand: the watch goes on for weeks |
//! | between | `easing` after concern was raised; inside the hold time and before any rise it stays `holding` |
//! | calm | `holding`, and the hold time runs, from the end of the fall on (`held.rs`); `recovered` when it is complete, the last hour, three and six are calm, its sum as one long window is no more than 85 in a hundred normal ones have, and no day in it stands out (98 in a hundred are below) |
//! | unknown | `unknown`; the hold time stands still, and starts again after a gap of more than twelve hours, in which a relapse could have come and gone |
//!
//! The limits were chosen on simulated incidents (`benches/recovery`): they trade false calls against delay. The stricter limit
//! of a relapse is there because a calm brand passes the plain one by chance in every fourth hold
//! time of three days (see `tests/simulation.rs`).
//!
//! An hour counts to the hold time in full when at least 80 % of what is normally heard is read, else by its share of that: what is
//! heard less well must stay calm for longer. The running hour counts upwards
//! only: when its count alone already lifts the next window above the limit, that is said at once.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{Assessment, Baseline, Verdict};

use super::coverage::{Heard, Raised, Silence};
use super::held::Past;
use super::quiet::QuietSource;
use super::reasons;
use super::window::{Level, Rules, Window};

/// What a verdict is made from.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What is normal.
    pub baseline: &'a Baseline,
    /// Hours in order, without holes, that reach from the start to the present or further.
    pub heard: &'a [Heard],
    /// When the incident began.
    pub started_at: Millis,
    /// How long it must stay calm, milliseconds.
    pub hold_ms: i64,
    /// The limits.
    pub rules: Rules,
}

/// A source of which a sample is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Its name.
    pub source: String,
    /// One part in so many is read.
    pub one_in: i64,
    /// Since when; `None` when that is not known, which is today.
    pub since: Option<Millis>,
}

/// What else is known at the moment of an assessment. The default is right for the past.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surroundings {
    /// Very unhappy authors whom nobody has looked after.
    pub unanswered: i64,
    /// Of those, taken by somebody.
    pub assigned: i64,
    /// Mentions in the window that wait for a score.
    pub unscored: i64,
    /// All mentions in the window, copies and deleted ones aside.
    pub mentions: i64,
    /// Mentions of the baseline's history that wait for a score.
    pub history_unscored: i64,
    /// All mentions of that history, copies and deleted ones aside.
    pub history_mentions: i64,
    /// Compared sources that are above their own normal.
    pub raised: Vec<Raised>,
    /// Compared sources that are silent.
    pub silent: Vec<Silence>,
    /// Sources that no baseline covers.
    pub left_out: Vec<String>,
    /// Sources of which a sample is read now.
    pub sampled: Vec<Sampled>,
    /// Sources that answer, and bring suspiciously nothing.
    pub quiet: Vec<QuietSource>,
    /// Themes that are still hot, and how many unhappy people they had in the last hours.
    pub hot_themes: Vec<(String, i64)>,
}

impl Surroundings {
    /// So much of the window waits for a score that it cannot be called calm.
    pub(super) fn unscored_window(&self, rules: &Rules) -> bool {
        self.unscored > 0 && self.unscored as f64 > rules.unscored * self.mentions as f64
    }

    /// So much of the history waits for a score that what is normal looks quieter than it was.
    pub(super) fn unscored_history(&self, rules: &Rules) -> bool {
        self.history_unscored > 0 && self.history_unscored as f64 > rules.unscored * self.history_mentions as f64
    }
}

/// What the fold carries from hour to hour.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) verdict: Verdict,
    /// Concern was above the limit at least once.
    pub(super) raised: bool,
    pub(super) calm_since: Option<Millis>,
    /// Calm and read, since the first calm window.
    held_ms: i64,
    /// So much of it lies before the end of the fall.
    pub(super) tail_ms: i64,
    /// The hold time runs slowly because of coverage.
    pub(super) slowed: bool,
    pub(super) relapsed_at: Option<Millis>,
    /// Windows above the limit in a row.
    pub(super) above_hours: u32,
    /// The newest hours, a day or the whole hold time as one window, when that is what keeps it from being over.
    pub(super) still_high: Option<Window>,
    recovered: bool,
    gap_ms: i64,
    /// The highest window since concern was last raised, and the lowest since it began to ease.
    pub(super) peak: Option<Window>,
    trough: Option<Window>,
    /// Windows one, two and three hours ago.
    before: [Option<Window>; 3],
}

impl State {
    fn new() -> Self {
        Self {
            verdict: Verdict::Unknown,
            raised: false,
            calm_since: None,
            held_ms: 0,
            tail_ms: 0,
            slowed: false,
            relapsed_at: None,
            above_hours: 0,
            still_high: None,
            recovered: false,
            gap_ms: 0,
            peak: None,
            trough: None,
            before: [None; 3],
        }
    }

    fn step(&mut self, window: &Window, past: Past<'_>) {
        let rules = &past.evidence.rules;
        self.still_high = None;
        match window.level {
            Level::Above => self.above_hours += 1,
            Level::Between | Level::Calm => self.above_hours = 0,
            Level::Unknown => {}
        }
        let settled = self.recovered || (self.calm_since.is_some() && self.held_ms >= rules.settled_ms);
        let limit = if self.recovered { window.relapse_after } else { window.relapse };
        let breach = window.count > limit || self.above_hours >= rules.relapse_hours;
        match window.level {
            Level::Unknown => self.step_unknown(rules),
            // Not yet a relapse, and not calm either: the hold time stands still.
            Level::Above if settled && !breach => self.set_calm(),
            Level::Above => self.step_above(window, rules),
            Level::Between if self.calm_since.is_none() && self.raised => self.set_easing(window),
            Level::Between | Level::Calm => self.step_calm(window, past),
        }
        if window.level != Level::Unknown {
            self.gap_ms = 0;
        }
        self.before = [Some(*window), self.before[0], self.before[1]];
    }

    fn step_unknown(&mut self, rules: &Rules) {
        self.verdict = Verdict::Unknown;
        self.gap_ms += HOUR_MS;
        if self.gap_ms > rules.longest_gap_ms && !self.recovered {
            self.calm_since = None;
            self.held_ms = 0;
            self.tail_ms = 0;
        }
    }

    fn step_above(&mut self, window: &Window, rules: &Rules) {
        let relapse = self.recovered || (self.raised && self.calm_since.is_some() && self.held_ms >= rules.settled_ms);
        if self.calm_since.is_some() {
            self.peak = None;
            self.trough = None;
        }
        self.calm_since = None;
        self.held_ms = 0;
        self.tail_ms = 0;
        self.recovered = false;
        self.raised = true;
        if self.peak.is_none_or(|peak| window.rate() > peak.rate()) {
            self.peak = Some(*window);
            self.trough = None;
        }
        if relapse {
            self.relapsed_at = Some(window.span.to());
            self.verdict = Verdict::Relapsed;
        } else if self.is_falling(window, rules) {
            self.set_easing(window);
        } else {
            self.trough = None;
            if self.verdict != Verdict::Relapsed {
                self.verdict = Verdict::Elevated;
            }
        }
    }

    fn set_easing(&mut self, window: &Window) {
        self.verdict = Verdict::Easing;
        if self.trough.is_none_or(|trough| window.heard_rate() < trough.heard_rate()) {
            self.trough = Some(*window);
        }
    }

    /// Clearly below the peak: at most 60 % of it and surely less, and no more than three hours ago. Once easing,
    /// only a return to 80 % of the peak, or a sure rise by half over the lowest point since, ends it.
    fn is_falling(&self, window: &Window, rules: &Rules) -> bool {
        let Some(peak) = &self.peak else { return false };
        // What is not heard does not fall.
        if window.coverage < rules.known {
            return false;
        }
        let rate = window.heard_rate();
        if let (Verdict::Easing, Some(trough)) = (self.verdict, &self.trough) {
            let up = rate / trough.heard_rate().max(0.5 / trough.hours);
            let rises = up > 1.5 && up.ln() > window.doubt(trough);
            return rate <= 0.8 * peak.rate() && !rises;
        }
        let ratio = window.against(peak);
        let rising = self.before[2].is_some_and(|earlier| rate > earlier.rate());
        ratio <= 0.6 && ratio.max(1e-9).ln() + window.doubt(peak) < 0.0 && !rising
    }

    fn step_calm(&mut self, window: &Window, past: Past<'_>) {
        let read = (window.coverage / past.evidence.rules.hold.max(1e-9)).min(1.0);
        self.slowed = read < 1.0;
        if self.calm_since.is_none() {
            self.calm_since = Some(window.span.to());
        } else {
            self.held_ms += share_of_hour(read);
        }
        self.find_tail(window, past);
        if self.held() >= past.evidence.hold_ms && !self.recovered {
            self.still_high = past.rising(window).or_else(|| past.still_high());
            self.recovered = self.still_high.is_none();
        }
        self.set_calm();
    }

    /// Looks for the end of the fall while new hours can still change it.
    fn find_tail(&mut self, window: &Window, past: Past<'_>) {
        let (Some(peak), Some(since)) = (&self.peak, self.calm_since) else { return };
        if self.held_ms >= past.evidence.rules.settled_ms && window.span.to().since(since) <= DAY_MS {
            self.tail_ms = past.tail_ms(peak, since);
        }
    }

    /// The hold time that counts: from the end of the fall on.
    pub(super) fn held(&self) -> i64 {
        (self.held_ms - self.tail_ms).max(0)
    }

    fn set_calm(&mut self) {
        self.verdict = if self.recovered { Verdict::Recovered } else { Verdict::Holding };
    }
}

fn share_of_hour(share: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most an hour of milliseconds")]
    let ms = (share.clamp(0.0, 1.0) * HOUR_MS as f64).round() as i64;
    ms
}

/// What the reasons are told about one moment.
pub(super) struct Moment<'a> {
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) state: &'a State,
    pub(super) window: &'a Window,
    pub(super) surroundings: &'a Surroundings,
}

impl Evidence<'_> {
    /// The verdict at `at`, from the hours up to then.
    pub fn assess(&self, at: Millis, surroundings: &Surroundings) -> Assessment {
        let hours = self.hours_until(at);
        let complete = hours.iter().take_while(|h| h.hour.plus(HOUR_MS) <= at).count();
        let mut state = State::new();
        let mut window = self.first_window();
        for end in 1..=complete {
            window = self.window_to(hours, end);
            state.step(&window, self.past(hours, end));
        }
        self.add_running_hour(hours, complete, &mut state, &mut window);
        let waits = surroundings.unscored_window(&self.rules) && window.level != Level::Above;
        if waits || surroundings.unscored_history(&self.rules) {
            state.verdict = Verdict::Unknown;
        }
        self.assessment(at, &state, &window, surroundings)
    }

    /// The verdict at the end of every complete hour from the start to `until`: what the worker would have said,
    /// had it known then what is known now. `surroundings` are asked for at each of them.
    pub fn replay(&self, until: Millis, surroundings: impl Fn(Millis) -> Surroundings) -> Vec<Assessment> {
        let hours = self.hours_until(until);
        let complete = hours.iter().take_while(|h| h.hour.plus(HOUR_MS) <= until).count();
        let mut state = State::new();
        (1..=complete)
            .map(|end| {
                let window = self.window_to(hours, end);
                state.step(&window, self.past(hours, end));
                self.assessment(window.span.to(), &state, &window, &surroundings(window.span.to()))
            })
            .collect()
    }

    /// The hour under way, taken as if it were complete and read: it can lift a verdict early, never calm one.
    fn add_running_hour(&self, hours: &[Heard], complete: usize, state: &mut State, window: &mut Window) {
        let Some(running) = hours.get(complete) else { return };
        let from = (complete + 1).saturating_sub(self.rules.window_hours);
        let mut next: Vec<Heard> = hours.get(from..complete).unwrap_or_default().to_vec();
        next.push(Heard { share: 1.0, coverage: 1.0, ..*running });
        let next = Window::of(&next, self.baseline, &self.rules);
        let calm = !matches!(state.verdict, Verdict::Elevated | Verdict::Easing | Verdict::Relapsed);
        if next.level == Level::Above && calm {
            state.step(&next, self.past(hours, complete));
            *window = next;
        }
    }

    fn hours_until(&self, at: Millis) -> &[Heard] {
        let from = self.heard.partition_point(|h| h.hour < self.started_at.hour());
        let to = self.heard.partition_point(|h| h.hour <= at);
        self.heard.get(from..to).unwrap_or_default()
    }

    fn past<'a>(&'a self, hours: &'a [Heard], end: usize) -> Past<'a> {
        Past { evidence: self, hours: hours.get(..end).unwrap_or_default() }
    }

    fn window_to(&self, hours: &[Heard], end: usize) -> Window {
        let from = end.saturating_sub(self.rules.window_hours.max(1));
        Window::of(hours.get(from..end).unwrap_or_default(), self.baseline, &self.rules)
    }

    /// Before any hour is complete: nothing is known, and the first hour says what is normal.
    fn first_window(&self) -> Window {
        let hour = self.started_at.hour();
        let nothing = Heard { hour, unhappy: 0, share: 1.0, coverage: 0.0 };
        Window { span: Span::empty(hour), ..Window::of(&[nothing], self.baseline, &self.rules) }
    }

    fn assessment(&self, at: Millis, state: &State, window: &Window, surroundings: &Surroundings) -> Assessment {
        let moment = Moment { evidence: self, state, window, surroundings };
        Assessment {
            at,
            verdict: state.verdict,
            unhappy_per_hour: window.rate(),
            expected_per_hour: window.expected / window.hours,
            upper_limit: window.upper as f64 / window.hours,
            calm_limit: window.calm as f64 / window.hours,
            window: window.span,
            coverage: window.coverage,
            calm_since: state.calm_since,
            held_ms: state.held(),
            hold_ms: self.hold_ms,
            reasons: reasons::of(&moment),
        }
    }
}
