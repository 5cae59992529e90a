//! Ticks: round values for counts, round hours and days for time.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

use super::{share, x_percent};

/// One tick of a time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeTick {
    /// Percent of the width.
    pub x: String,
    /// Hour, or day at midnight.
    pub label: String,
    /// How it is drawn.
    pub class: &'static str,
}

/// Steps between ticks, hours.
const STEPS: [i64; 9] = [1, 3, 6, 12, 24, 48, 7 * 24, 14 * 24, 28 * 24];

/// Most ticks on a wide chart.
const MOST: i64 = 9;

/// Where ticks stand: on round UTC hours. Those too near to an edge for their label are left out.
pub fn tick_times(span: Span) -> Vec<Millis> {
    let hours = span.to().since(span.from()) / HOUR_MS;
    let step = STEPS.into_iter().find(|s| hours / s <= MOST).unwrap_or(56 * 24) * HOUR_MS;
    let first = span.from().get().div_euclid(step) * step;
    let all = (first..=span.to().get()).step_by(usize::try_from(step).unwrap_or(1)).map(Millis::new);
    all.filter(|at| *at >= span.from() && (0.02..=0.975).contains(&share(*at, span))).collect()
}

/// Whether a tick begins a day.
pub fn is_day(at: &Millis) -> bool {
    at.get().rem_euclid(DAY_MS) == 0
}

/// Ticks on round UTC hours. Every second one carries the class that hides it on a narrow screen.
pub fn time_ticks(span: Span) -> Vec<TimeTick> {
    let shown = tick_times(span);
    // A narrow chart keeps every second tick, the first day among them.
    let kept = shown.iter().position(is_day).unwrap_or(0) % 2;
    let tick = |(i, at): (usize, &Millis)| TimeTick {
        x: x_percent(*at, span),
        label: label(*at),
        class: match (is_day(at), i % 2 == kept) {
            (true, true) => "tick day",
            (true, false) => "tick day wide-only",
            (false, true) => "tick",
            (false, false) => "tick wide-only",
        },
    };
    shown.iter().enumerate().map(tick).collect()
}

fn label(at: Millis) -> String {
    let form = if at.get().rem_euclid(DAY_MS) == 0 { "%-d %b" } else { "%H:%M" };
    at.to_datetime().format(form).to_string()
}

/// The top of an axis that holds `max`, and the step between its grid lines: 1, 2 or 5 times a power of ten.
pub fn count_scale(max: f64) -> (f64, f64) {
    let rough = (max / 4.0).max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough - 1e-9).unwrap_or(rough);
    let top = (max / step).ceil().max(2.0) * step;
    (top, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_axis_has_round_steps_and_holds_its_maximum() {
        for max in [0.0, 1.0, 3.2, 7.0, 19.0, 24.0, 99.0, 1_234.0] {
            let (top, step) = count_scale(max);
            assert!(top >= max && top / step <= 5.0, "{max}: {top} in steps of {step}");
        }
        assert_eq!(count_scale(24.0), (30.0, 10.0));
    }

    #[test]
    fn a_week_has_a_tick_a_day_and_a_day_one_every_three_hours() {
        let from = Millis::parse_rfc3339("2026-11-16T05:00:00Z").expect("a time");
        let week = time_ticks(Span::new(from, from.plus(7 * DAY_MS)).expect("a span"));
        assert_eq!(week.len(), 7);
        assert_eq!(week[0].label, "17 Nov");
        let day = time_ticks(Span::new(from, from.plus(DAY_MS)).expect("a span"));
        assert_eq!(day.first().map(|t| t.label.as_str()), Some("06:00"));
        assert!(day.iter().any(|t| t.label == "17 Nov" && t.class.starts_with("tick day")));
    }
}
