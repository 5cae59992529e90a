//! When a message is tried again: pure arithmetic.

use crate::domain::time::{DAY_MS, Millis};

const FIRST_MS: i64 = 15_000;
const LONGEST_MS: i64 = 30 * 60_000;

/// The next attempt after the `attempts`-th one failed at `now`: 15 s, doubled each time up to half an hour, moved by up to
/// a fifth either way so that many messages do not come back at once; never before the other side wants it. `dice` is
/// any number in 0..1.
pub fn next(attempts: i64, now: Millis, not_before: Option<Millis>, dice: f64) -> Millis {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or(16);
    let pause = FIRST_MS.saturating_mul(1 << doublings).min(LONGEST_MS);
    #[expect(clippy::cast_possible_truncation, reason = "half an hour in milliseconds")]
    let moved = (pause as f64 * (0.8 + 0.4 * dice.clamp(0.0, 1.0))) as i64;
    let own = now.plus(moved);
    // A wish for more than a day is not believed.
    not_before.map_or(own, |at| own.max(at.min(now.plus(DAY_MS))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_an_hour_and_stay_there() {
        let pause = |attempts, dice| next(attempts, Millis::new(0), None, dice).get();
        assert_eq!([1, 2, 3, 8, 50].map(|n| pause(n, 0.5)), [15_000, 30_000, 60_000, 1_800_000, 1_800_000]);
        assert_eq!((pause(1, 0.0), pause(1, 1.0), pause(-4, 7.0), pause(i64::MAX, 0.0)), (12_000, 18_000, 18_000, 1_440_000));
    }

    #[test]
    fn the_other_side_decides_when_it_wants_more_time() {
        let at = |wish| next(1, Millis::new(0), Some(Millis::new(wish)), 0.5).get();
        assert_eq!((at(1_000), at(90_000), at(i64::MAX)), (15_000, 90_000, DAY_MS));
    }
}
