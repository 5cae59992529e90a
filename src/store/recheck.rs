//! When known posts are read again.

use crate::domain::retention::DUTIES;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// When to read a post again by its id: often while it is young; after a month only where the platform asks for it.
pub(super) fn next_recheck(platform: &str, created_at: Millis, now: Millis) -> Option<Millis> {
    let usual = match now.since(created_at) {
        ..DAY_MS => Some(HOUR_MS),
        DAY_MS..SEVEN_DAYS => Some(12 * HOUR_MS),
        SEVEN_DAYS..THIRTY_DAYS => Some(3 * DAY_MS),
        _ => None,
    };
    let duty = DUTIES.iter().find(|duty| duty.platform == platform).map(|duty| duty.every_ms);
    usual.into_iter().chain(duty).min().map(|wait| now.plus(wait))
}

const SEVEN_DAYS: i64 = 7 * DAY_MS;
const THIRTY_DAYS: i64 = 30 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(platform: &str, age: i64) -> Option<i64> {
        let now = Millis::new(1_800_000_000_000);
        next_recheck(platform, now.plus(-age), now).map(|at| at.since(now))
    }

    #[test]
    fn young_posts_are_read_again_more_often() {
        assert_eq!(wait("mastodon", 0), Some(HOUR_MS));
        assert_eq!(wait("mastodon", DAY_MS), Some(12 * HOUR_MS));
        assert_eq!(wait("mastodon", 8 * DAY_MS), Some(3 * DAY_MS));
        assert_eq!(wait("mastodon", 30 * DAY_MS), None);
    }

    #[test]
    fn where_deletions_must_be_followed_posts_of_any_age_are_asked_about_in_time() {
        for (platform, allowed) in [("x", DAY_MS), ("reddit", 2 * DAY_MS)] {
            assert_eq!(wait(platform, 0), Some(HOUR_MS), "{platform}");
            for days in [0, 3, 8, 29, 31, 3_000] {
                assert!(wait(platform, days * DAY_MS).is_some_and(|wait| wait * 2 <= allowed), "{platform}, {days} days");
            }
        }
    }
}
