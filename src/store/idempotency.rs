//! Answers to writes that may come twice: the same key gets the same answer for a day.

use super::row::{Cells, clean};
use super::{Result, Store, Touch};
use crate::domain::time::{DAY_MS, Millis};

/// Who asks, under which key, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Row id of the token; 0 without one.
    pub token: i64,
    /// As sent.
    pub key: String,
    /// SHA-256 of method, path and body, hexadecimal.
    pub request: String,
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing yet: do it, then [`Store::keep_answer`].
    New,
    /// The same request is under way.
    UnderWay,
    /// It was answered so.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body.
        body: String,
        /// The `Location`; empty for none.
        location: String,
    },
    /// The key was used for another request.
    Other,
}

/// How long an answer is kept, milliseconds.
pub const KEPT_MS: i64 = DAY_MS;
/// A request that was not answered for this long was cut off by a crash: its key is free again.
const LOST_MS: i64 = 60_000;

const FORGET: &str = "
delete from idempotency
where created_at <= $1
    or (status = 0 and created_at <= $2)";

const CLAIM: &str = "
insert into idempotency (
    token_id,
    key,
    request,
    status,
    body,
    location,
    created_at
)
values ($1, $2, $3, 0, '', '', $4)
on conflict (token_id, key) do nothing";

const KNOWN: &str = "
select
    request,
    status,
    body,
    location
from idempotency
where token_id = $1
    and key = $2";

const KEEP: &str = "
update idempotency set
    status = $3,
    body = $4,
    location = $5
where token_id = $1
    and key = $2";

const FREE: &str = "
delete from idempotency
where token_id = $1
    and key = $2
    and status = 0";

impl Store {
    /// Takes a key, or says what it stands for.
    pub async fn claim_key(&self, claim: &Claim, now: Millis) -> Result<Known> {
        let mut tx = self.begin(Touch::Rows).await?;
        let forget = sqlx::query(FORGET).bind(now.plus(-KEPT_MS).get()).bind(now.plus(-LOST_MS).get());
        forget.execute(&mut *tx).await?;
        let query = sqlx::query(CLAIM).bind(claim.token).bind(clean(&claim.key)).bind(&claim.request).bind(now.get());
        let taken = query.execute(&mut *tx).await?.rows_affected() > 0;
        let row = sqlx::query(KNOWN).bind(claim.token).bind(clean(&claim.key)).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        let status = row.int("status")?;
        Ok(match (taken, row.text("request")? == claim.request, status) {
            (true, ..) => Known::New,
            (_, false, _) => Known::Other,
            (_, true, 0) => Known::UnderWay,
            _ => Known::Answered { status: u16::try_from(status).unwrap_or(500), body: row.text("body")?, location: row.text("location")? },
        })
    }

    /// Keeps the answer to a claimed key.
    pub async fn keep_answer(&self, claim: &Claim, status: u16, body: &str, location: &str) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let query = sqlx::query(KEEP).bind(claim.token).bind(clean(&claim.key)).bind(i64::from(status)).bind(clean(body));
        query.bind(clean(location)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees a claimed key: the request failed in a way that is worth trying again.
    pub async fn free_key(&self, claim: &Claim) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(FREE).bind(claim.token).bind(clean(&claim.key)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
