//! Tokens of logins that are no OAuth: held by the client, because an adapter lives for one poll and platforms count logins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::PollError;
use super::secret::Secret;
use crate::domain::time::Millis;

/// A token is renewed this long before it ends.
const EARLY_MS: i64 = 60_000;

/// A token and its end.
type Held = Option<(Secret, Millis)>;

/// The tokens of this process, by who logged in where.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Held>>>>);

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions(hidden)")
    }
}

impl Sessions {
    /// The token of `who`, unless it has ended or is the one that was `refused`; then `login` gets another one. Only one login is
    /// under way at a time.
    pub(super) async fn token<F>(&self, who: &str, (refused, now): (Option<&Secret>, Millis), login: F) -> Result<Secret, PollError>
    where
        F: Future<Output = Result<(Secret, Millis), PollError>>,
    {
        let slot = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(who.to_owned()).or_default());
        let mut held = slot.lock().await;
        let good = |(token, end): &&(Secret, Millis)| refused != Some(token) && end.since(now) > EARLY_MS;
        if let Some((token, _)) = held.as_ref().filter(good) {
            return Ok(token.clone());
        }
        // A token that was refused must not come back when the login fails.
        *held = None;
        let fresh = login.await?;
        let token = fresh.0.clone();
        *held = Some(fresh);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_fetched_once_until_it_ends_or_is_refused() {
        let sessions = Sessions::default();
        let now = Millis::new(1_000_000);
        let secret = |text: &str| Secret::of(text).expect("a secret");
        let login = |text: &str| std::future::ready(Ok((secret(text), now.plus(600_000))));
        assert_eq!(sessions.token("a", (None, now), login("one")).await, Ok(secret("one")));
        assert_eq!(sessions.token("a", (None, now), login("two")).await, Ok(secret("one")));
        assert_eq!(sessions.token("b", (None, now), login("other")).await, Ok(secret("other")));
        assert_eq!(sessions.token("a", (Some(&secret("one")), now), login("three")).await, Ok(secret("three")));
        assert_eq!(sessions.token("a", (None, now.plus(600_000)), login("four")).await, Ok(secret("four")));
        assert!(!format!("{sessions:?}").contains("one"));
    }
}
