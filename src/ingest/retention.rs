//! Takes away words and names that a platform allows to keep for a time only.

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::retention::RETENTION;
use crate::domain::time::HOUR_MS;
use crate::store::{Store, StoreError};

/// Mentions in one transaction: others wait meanwhile.
const BATCH: i64 = 200;
/// Between two looks; the limits leave an hour for it.
const EVERY_MS: i64 = HOUR_MS / 2;

/// Enforces `domain::retention`.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Store,
    clock: Clock,
}

impl Retention {
    /// Works on `store` by the time of `clock`.
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Takes away all that is due; says how many mentions it was.
    pub async fn tick(&self) -> Result<i64, StoreError> {
        let mut expired = 0;
        for rule in RETENTION {
            loop {
                let now = self.clock.now();
                let batch = self.store.expire(rule.platform, now.plus(-rule.keep_ms), BATCH, now).await?;
                expired += batch;
                if batch < BATCH {
                    break;
                }
            }
        }
        if expired > 0 {
            tracing::info!(mentions = expired, "Words and names were taken away: their platforms' time was over");
        }
        Ok(expired)
    }

    /// Looks again and again until `finishing` resolves.
    pub async fn run(&self, finishing: CancellationToken) {
        while !finishing.is_cancelled() {
            if let Err(error) = self.tick().await {
                tracing::warn!(error = %error, "Words that should go could not be taken away; trying again");
            }
            tokio::select! {
                () = finishing.cancelled() => {}
                () = self.clock.sleep_ms(EVERY_MS) => {}
            }
        }
    }
}
