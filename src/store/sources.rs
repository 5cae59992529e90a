//! Sources: configuration, health, and the lease under which one is polled.

use sqlx::any::AnyRow;

use super::row::{Cells, clean, json, readable, to_json};
use super::{Backend, Result, Store, StoreError, Touch, WriteTx};
use crate::domain::ids::{BrandId, SourceId};
use crate::domain::source::{Cursor, SourceHealth, SourceKind, SourceSpec, Take};
use crate::domain::time::Millis;

/// The right to poll one source. Whoever claims the source later takes it away.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceLease {
    /// The source.
    pub id: SourceId,
    /// As configured when it was claimed.
    pub spec: SourceSpec,
    /// Where to go on.
    pub cursor: Cursor,
    /// Failures in a row so far.
    pub failures: i64,
    /// When it last answered.
    pub last_success_at: Option<Millis>,
    /// When it was to be asked.
    pub due_at: Millis,
    /// When it was taken.
    pub claimed_at: Millis,
    /// Names this claim: no other has it.
    pub(super) token: String,
}

const COLUMNS: &str = "
    id,
    name,
    kind,
    brand_id,
    take,
    every_ms,
    settings,
    enabled,
    cursor,
    next_poll_at,
    last_poll_at,
    last_success_at,
    newest_post_at,
    failures,
    last_error,
    mentions";

const DISABLE_ALL: &str = "
update sources set
    enabled = 0
where kind not in ('import', 'push')";

const BY_NAME: &str = "
select
    id,
    kind,
    settings,
    enabled
from sources
where name = $1";

const INSERT: &str = "
insert into sources (
    id,
    name,
    kind,
    brand_id,
    take,
    every_ms,
    settings,
    enabled,
    cursor,
    next_poll_at,
    lease_until,
    leased_by,
    failures,
    mentions,
    created_at
)
values ($1, $2, $3, $4, $5, $6, $7, 1, '', $8, 0, '', 0, 0, $8)";

const UPDATE: &str = "
update sources set
    brand_id = $2,
    take = $3,
    every_ms = $4,
    enabled = 1,
    settings = $5
where id = $1";

/// What was read so far says nothing about another place.
const START_AGAIN: &str = "
update sources set
    kind = $2,
    settings = $3,
    cursor = '',
    next_poll_at = $4,
    lease_until = 0,
    leased_by = '',
    covered_from = null,
    covered_to = null,
    failures = 0,
    last_error = null
where id = $1";

const POLL_NOW: &str = "
update sources set
    next_poll_at = $2
where id = $1";

const DUE: &str = "
select
    id
from sources
where enabled = 1
    and kind not in ('import', 'push')
    and next_poll_at <= $1
    and lease_until <= $1
order by
    next_poll_at,
    id
limit 1";

const CLAIM: &str = "
update sources set
    lease_until = $2,
    leased_by = $3
where id = $1
    and lease_until <= $4";

const GIVE_BACK: &str = "
update sources set
    next_poll_at = $3,
    lease_until = 0
where id = $1
    and leased_by = $2";

const RENEW: &str = "
update sources set
    lease_until = $3
where id = $1
    and leased_by = $2";

const NEXT_DUE: &str = "
select
    cast(min(case when lease_until > next_poll_at then lease_until else next_poll_at end) as bigint) as due
from sources
where enabled = 1
    and kind not in ('import', 'push')";

impl Store {
    /// Makes the stored sources those of the configuration: new ones are added, known ones (by name) changed,
    /// others but those that are never polled set aside. A source that now means another place starts from an empty cursor.
    pub async fn sync_sources(&self, specs: &[SourceSpec], now: Millis) -> Result<Vec<SourceId>> {
        let mut tx = self.begin(Touch::Mentions).await?;
        // Remembered before all are set aside: one that comes back is polled at once.
        let mut ids = Vec::with_capacity(specs.len());
        for spec in specs {
            ids.push(self.save_source(&mut tx, spec, now).await?);
        }
        sqlx::query(DISABLE_ALL).execute(&mut *tx).await?;
        for (id, spec) in ids.iter().zip(specs) {
            update(&mut tx, *id, spec).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// Adds one source, or changes the one of that name.
    pub async fn add_source(&self, spec: &SourceSpec, now: Millis) -> Result<SourceId> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let id = self.save_source(&mut tx, spec, now).await?;
        update(&mut tx, id, spec).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn save_source(&self, tx: &mut WriteTx, spec: &SourceSpec, now: Millis) -> Result<SourceId> {
        let settings = to_json(&spec.settings)?;
        let Some(known) = sqlx::query(BY_NAME).bind(clean(&spec.name)).fetch_optional(&mut **tx).await? else {
            let id = self.next_id(now);
            sqlx::query(INSERT)
                .bind(id)
                .bind(clean(&spec.name))
                .bind(spec.kind.as_str())
                .bind(spec.brand.get())
                .bind(take_word(spec.take))
                .bind(spec.every_ms)
                .bind(settings)
                .bind(now.get())
                .execute(&mut **tx)
                .await?;
            return Ok(SourceId::new(id));
        };
        let id = known.int("id")?;
        let known_settings = json(&known.text("settings")?, ("sources", "settings", id))?;
        let same_place = known.text("kind")? == spec.kind.as_str() && place(&known_settings) == place(&spec.settings);
        if !same_place {
            let query = sqlx::query(START_AGAIN).bind(id).bind(spec.kind.as_str()).bind(settings).bind(now.get());
            query.execute(&mut **tx).await?;
        } else if known.int("enabled")? == 0 {
            sqlx::query(POLL_NOW).bind(id).bind(now.get()).execute(&mut **tx).await?;
        }
        Ok(SourceId::new(id))
    }

    /// All sources with how they do, by name.
    pub async fn source_health(&self) -> Result<Vec<SourceHealth>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from sources order by name"));
        sqlx::query(sql).fetch_all(&self.readers).await?.iter().map(health).collect()
    }

    /// Takes the source that has been due the longest, for `lease_ms`. `None`: none is due or free.
    ///
    /// The lease ends when its last page or failure is saved (a next poll in the future), or by time.
    pub async fn claim_source(&self, worker: &str, now: Millis, lease_ms: i64) -> Result<Option<SourceLease>> {
        let mut tx = self.begin(Touch::Rows).await?;
        let due = match self.backend {
            Backend::Sqlite => sqlx::query(DUE),
            Backend::Postgres => sqlx::query(sqlx::AssertSqlSafe(format!("{DUE} for update skip locked"))),
        };
        let Some(row) = due.bind(now.get()).fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        let lease = self.lease(&mut tx, (SourceId::new(row.int("id")?), worker), now, lease_ms).await?;
        tx.commit().await?;
        Ok(Some(lease))
    }

    /// Takes one source, due or not: for imports. [`StoreError::Busy`] while another has it.
    pub async fn claim_this_source(&self, id: SourceId, worker: &str, now: Millis, lease_ms: i64) -> Result<SourceLease> {
        let mut tx = self.begin(Touch::Rows).await?;
        let lease = self.lease(&mut tx, (id, worker), now, lease_ms).await?;
        tx.commit().await?;
        Ok(lease)
    }

    async fn lease(&self, tx: &mut WriteTx, (id, worker): (SourceId, &str), now: Millis, lease_ms: i64) -> Result<SourceLease> {
        let token = format!("{worker}#{}", self.next_id(now));
        let claim = sqlx::query(CLAIM).bind(id.get()).bind(now.plus(lease_ms).get()).bind(token.clone()).bind(now.get());
        let claimed = claim.execute(&mut **tx).await?.rows_affected();
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from sources where id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&mut **tx).await?.ok_or(StoreError::NotFound)?;
        if claimed == 0 {
            return Err(StoreError::Busy);
        }
        Ok(SourceLease {
            id,
            spec: spec(&row)?,
            cursor: Cursor(row.text("cursor")?),
            failures: row.int("failures")?,
            last_success_at: row.maybe_at("last_success_at")?,
            due_at: row.at("next_poll_at")?,
            claimed_at: now,
            token,
        })
    }

    /// Holds a lease until `until`. [`StoreError::Conflict`] when it was lost.
    pub async fn renew_lease(&self, lease: &SourceLease, until: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let renewed = sqlx::query(RENEW).bind(lease.id.get()).bind(&lease.token).bind(until.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        if renewed.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// Ends a lease; the source is due again at `next_poll_at`. [`StoreError::Conflict`] when it was lost.
    pub async fn give_back(&self, lease: &SourceLease, next_poll_at: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let freed = sqlx::query(GIVE_BACK).bind(lease.id.get()).bind(&lease.token).bind(next_poll_at.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        if freed.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// When a source is due or its lease runs out, whichever is later; `now` for one that waits already.
    pub async fn next_due(&self, now: Millis) -> Result<Option<Millis>> {
        let row = sqlx::query(NEXT_DUE).fetch_one(&self.readers).await?;
        Ok(row.maybe_at("due")?.map(|due| due.max(now)))
    }
}

/// What of the settings names a place: what may be spent there does not.
fn place(settings: &serde_json::Value) -> serde_json::Value {
    let mut settings = settings.clone();
    if let Some(map) = settings.as_object_mut() {
        map.remove("budget");
    }
    settings
}

async fn update(tx: &mut WriteTx, id: SourceId, spec: &SourceSpec) -> Result<()> {
    let query = sqlx::query(UPDATE).bind(id.get()).bind(spec.brand.get()).bind(take_word(spec.take)).bind(spec.every_ms);
    let query = query.bind(to_json(&spec.settings)?);
    query.execute(&mut **tx).await?;
    Ok(())
}

const fn take_word(take: Take) -> &'static str {
    match take {
        Take::Matching => "matching",
        Take::All => "all",
    }
}

fn spec(row: &AnyRow) -> Result<SourceSpec> {
    let id = row.int("id")?;
    let take = match row.text("take")?.as_str() {
        "matching" => Some(Take::Matching),
        "all" => Some(Take::All),
        _ => None,
    };
    Ok(SourceSpec {
        name: row.text("name")?,
        kind: readable(SourceKind::parse(&row.text("kind")?), ("sources", "kind", id))?,
        brand: BrandId::new(row.int("brand_id")?),
        take: readable(take, ("sources", "take", id))?,
        every_ms: row.int("every_ms")?,
        settings: json(&row.text("settings")?, ("sources", "settings", id))?,
    })
}

fn health(row: &AnyRow) -> Result<SourceHealth> {
    let spec = spec(row)?;
    let enabled = row.int("enabled")? != 0;
    let polled = enabled && spec.kind.is_polled();
    let next = row.at("next_poll_at")?;
    Ok(SourceHealth {
        id: SourceId::new(row.int("id")?),
        spec,
        enabled,
        last_success_at: row.maybe_at("last_success_at")?,
        last_poll_at: row.maybe_at("last_poll_at")?,
        next_poll_at: polled.then_some(next),
        failures: row.int("failures")?,
        last_error: row.maybe_text("last_error")?,
        newest_post_at: row.maybe_at("newest_post_at")?,
        mentions: row.int("mentions")?,
    })
}
