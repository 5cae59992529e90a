//! Tokens of the API. Only a hash of each is kept.

use sqlx::any::AnyRow;

use super::row::{Cells, clean};
use super::{Result, Store, StoreError, Touch};
use crate::domain::ids::TokenId;
use crate::domain::time::Millis;

/// A token to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken<'a> {
    /// Unique name, for people.
    pub name: &'a str,
    /// SHA-256 of the token, hexadecimal.
    pub hash: &'a str,
    /// What it may do: words with commas between them.
    pub scopes: &'a str,
    /// When it ends.
    pub expires_at: Option<Millis>,
}

/// A token as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Row id.
    pub id: TokenId,
    /// Unique name.
    pub name: String,
    /// What it may do: words with commas between them.
    pub scopes: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends; `None`: never.
    pub expires_at: Option<Millis>,
    /// When it was taken back.
    pub revoked_at: Option<Millis>,
    /// When it was last used, to the minute.
    pub used_at: Option<Millis>,
}

/// Uses within this time of the last one are not written down.
const USE_STEP_MS: i64 = 60_000;

const INSERT: &str = "
insert into tokens (
    id,
    name,
    hash,
    scopes,
    created_at,
    expires_at
)
values ($1, $2, $3, $4, $5, $6)
on conflict (name) do nothing";

const BY_HASH: &str = "
select
    id,
    name,
    scopes,
    created_at,
    expires_at,
    revoked_at,
    used_at
from tokens
where hash = $1";

const ALL: &str = "
select
    id,
    name,
    scopes,
    created_at,
    expires_at,
    revoked_at,
    used_at
from tokens
order by
    created_at,
    id";

const REVOKE: &str = "
update tokens set
    revoked_at = $2
where name = $1
    and revoked_at is null";

const USED: &str = "
update tokens set
    used_at = $2
where id = $1";

impl Store {
    /// Keeps a token. [`StoreError::Conflict`] when there is one of that name.
    pub async fn add_token(&self, new: &NewToken<'_>, now: Millis) -> Result<TokenId> {
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        let query = sqlx::query(INSERT).bind(id).bind(clean(new.name)).bind(new.hash).bind(new.scopes).bind(now.get());
        let kept = query.bind(new.expires_at.map(Millis::get)).execute(&mut *tx).await?;
        tx.commit().await?;
        if kept.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(TokenId::new(id)) }
    }

    /// The token with that hash, whether it still counts or not.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>> {
        sqlx::query(BY_HASH).bind(hash).fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    /// All tokens ever made, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        sqlx::query(ALL).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// Whether a token was ever made: from then on the API asks for one, even when all have ended.
    pub async fn asks_for_tokens(&self) -> Result<bool> {
        Ok(sqlx::query("select id from tokens limit 1").fetch_optional(&self.readers).await?.is_some())
    }

    /// Takes a token back; [`StoreError::NotFound`] when none of that name counts.
    pub async fn revoke_token(&self, name: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let changed = sqlx::query(REVOKE).bind(clean(name)).bind(now.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        if changed.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Writes down that a token was used, once a minute at most.
    pub async fn token_used(&self, token: &Token, now: Millis) -> Result<()> {
        if token.used_at.is_some_and(|at| now.since(at) < USE_STEP_MS) {
            return Ok(());
        }
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(USED).bind(token.id.get()).bind(now.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<Token> {
    Ok(Token {
        id: TokenId::new(row.int("id")?),
        name: row.text("name")?,
        scopes: row.text("scopes")?,
        created_at: row.at("created_at")?,
        expires_at: row.maybe_at("expires_at")?,
        revoked_at: row.maybe_at("revoked_at")?,
        used_at: row.maybe_at("used_at")?,
    })
}
