//! When known posts are read again.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// When to read a post again by its id: often while it is young, not at all after a month.
pub(super) fn next_recheck(created_at: Millis, now: Millis) -> Option<Millis> {
    let wait = match now.since(created_at) {
        ..DAY_MS => HOUR_MS,
        DAY_MS..SEVEN_DAYS => 12 * HOUR_MS,
        SEVEN_DAYS..THIRTY_DAYS => 3 * DAY_MS,
        _ => return None,
    };
    Some(now.plus(wait))
}

const SEVEN_DAYS: i64 = 7 * DAY_MS;
const THIRTY_DAYS: i64 = 30 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_posts_are_read_again_more_often() {
        let now = Millis::new(1_800_000_000_000);
        let wait = |age: i64| next_recheck(now.plus(-age), now).map(|at| at.since(now));
        assert_eq!(wait(0), Some(HOUR_MS));
        assert_eq!(wait(DAY_MS), Some(12 * HOUR_MS));
        assert_eq!(wait(8 * DAY_MS), Some(3 * DAY_MS));
        assert_eq!(wait(30 * DAY_MS), None);
    }
}
