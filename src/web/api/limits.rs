//! How often a token may ask: a bucket a token that fills again. Kept in memory, so it counts for this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::time::Millis;

/// Requests that may come at once after a pause.
pub const BURST: f64 = 100.0;
/// Requests a second in the long run.
pub const A_SECOND: f64 = 10.0;
/// Buckets that are kept; full ones beyond them are forgotten.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Millis,
}

/// All buckets. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Limits(Arc<Mutex<HashMap<i64, Bucket>>>);

impl Limits {
    /// Takes one request of `token` at `now`; the error is how many seconds to wait.
    pub fn take(&self, token: i64, now: Millis) -> Result<(), u32> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, b| filled(*b, now) < BURST);
        }
        let bucket = buckets.entry(token).or_insert(Bucket { left: BURST, at: now });
        bucket.left = filled(*bucket, now);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=1 request at ten a second")]
        let seconds = ((1.0 - bucket.left) / A_SECOND).ceil().max(1.0) as u32;
        Err(seconds)
    }
}

fn filled(bucket: Bucket, now: Millis) -> f64 {
    let passed_s = now.since(bucket.at).max(0) as f64 / 1000.0;
    (bucket.left + passed_s * A_SECOND).min(BURST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_ask_a_hundred_times_and_then_ten_times_a_second() {
        let limits = Limits::default();
        let taken = |at: i64| (0..300).filter(|_| limits.take(1, Millis::new(at)).is_ok()).count();
        assert_eq!((taken(0), taken(1_000), taken(61_000)), (100, 10, 100));
        assert_eq!(limits.take(1, Millis::new(61_000)), Err(1));
        assert_eq!(limits.take(2, Millis::new(61_000)), Ok(()), "others are not concerned");
        assert_eq!(limits.take(2, Millis::new(-61_000)), Ok(()), "a clock that goes back fills nothing");
    }
}
