//! What YouTube means when it refuses: the reason in the body decides.

use super::super::PollError;
use super::super::http::Answer;
use super::super::lenient::{self, at, list, text, word};
use super::Task;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// A refusal before it is known whether it concerns all of the source.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Trouble of network or server.
    Error(PollError),
    /// The day's quota is used up.
    Quota { host: String },
    /// Too many requests in a short time.
    Often { host: String },
    /// This video's comments are closed, or it is gone.
    Closed { host: String },
    /// The key may not do this.
    Key { host: String, reason: String },
}

/// The answer if it worked.
pub(super) fn check(answer: Answer) -> Result<Answer, Refusal> {
    let Some(plain) = answer.error() else { return Ok(answer) };
    let body = lenient::json(&answer).unwrap_or_default();
    let errors = at(&body, &["error"]).map(|e| list(e, "errors")).unwrap_or_default();
    let reasons: Vec<&str> = errors.iter().map(|e| text(e, &["reason"])).filter(|r| !r.is_empty()).collect();
    let host = answer.host();
    let any = |names: &[&str]| reasons.iter().any(|r| names.contains(r));
    Err(match answer.status {
        _ if any(&["quotaExceeded", "dailyLimitExceeded"]) => Refusal::Quota { host },
        _ if any(&["rateLimitExceeded", "userRateLimitExceeded"]) => Refusal::Often { host },
        _ if any(&["commentsDisabled", "videoNotFound", "commentThreadNotFound", "commentNotFound"]) => Refusal::Closed { host },
        404 => Refusal::Closed { host },
        // A wrong key is a 400 here.
        400 if any(&["badRequest", "keyInvalid", "keyExpired", "API_KEY_INVALID"]) => Refusal::Key { host, reason: word(reasons[0]) },
        403 => Refusal::Key { host, reason: reasons.first().map_or_else(|| "403".to_owned(), |r| word(r)) },
        _ => Refusal::Error(plain),
    })
}

/// Whether the rest of the source can be read all the same.
pub(super) fn leaves_the_rest(refusal: &Refusal, task: &Task) -> bool {
    match refusal {
        Refusal::Closed { .. } => matches!(task, Task::Comments { .. } | Task::Replies { .. } | Task::Numbers(_)),
        // Searches have a quota of their own.
        Refusal::Quota { .. } => matches!(task, Task::Search(_)),
        _ => false,
    }
}

impl Refusal {
    pub(super) fn into_error(self, now: Millis) -> PollError {
        match self {
            Self::Error(error) => error,
            Self::Quota { host } => PollError::RateLimited { host, until: midnight_in_california(now) },
            Self::Often { host } => PollError::RateLimited { host, until: now.plus(60_000) },
            Self::Closed { host } => PollError::NotFound { host },
            Self::Key { host, reason } => {
                let what =
                    format!("the key may not do this ({reason}); check it, and that the YouTube Data API is switched on for its project");
                PollError::Unauthorised { host, what }
            }
        }
    }
}

/// When quotas begin anew, as winter has it; in summer an hour late, which harms nobody.
fn midnight_in_california(now: Millis) -> Millis {
    let offset = 8 * HOUR_MS;
    Millis::new((now.plus(-offset).get().div_euclid(DAY_MS) + 1) * DAY_MS).plus(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_day_of_quota_begins_at_eight_utc() {
        let day = Millis::new(20_000 * DAY_MS);
        assert_eq!(midnight_in_california(day.plus(3 * HOUR_MS)), day.plus(8 * HOUR_MS));
        assert_eq!(midnight_in_california(day.plus(8 * HOUR_MS)), day.plus(32 * HOUR_MS));
    }
}
