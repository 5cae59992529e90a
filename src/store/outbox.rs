//! The outbox: messages that wait for their channel. Claimed with a lease, so that a crash between sending and marking
//! sends the same message again under the same name, and never loses it.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::outgoing::{self, More, Outgoing};
use super::row::{Cells, clean, clean_to, json, readable};
use super::{Backend, Result, Store, StoreError, Touch};
use crate::domain::alert::{Alert, Message, MessageState, Repeat};
use crate::domain::ids::OutboxId;
use crate::domain::time::Millis;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The other side took it.
    Sent,
    /// It is tried again.
    Again {
        /// When.
        at: Millis,
        /// What went wrong; no secret.
        error: String,
        /// Whether it may have arrived all the same.
        repeat: Repeat,
    },
    /// It is not tried again unless a person asks.
    GivenUp {
        /// What went wrong; no secret.
        error: String,
        /// Whether it may have arrived all the same.
        repeat: Repeat,
    },
}

/// How the outbox does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxCounts {
    /// Messages that wait, for their time or for another attempt.
    pub waiting: i64,
    /// Of those, the ones that failed at least once.
    pub retrying: i64,
    /// Sent.
    pub sent: i64,
    /// Given up.
    pub failed: i64,
    /// Alerts that no route took.
    pub untold: i64,
}

/// A place in the list of messages, between pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxCursor(pub OutboxId);

/// Longest error that is kept, bytes.
const LONGEST_ERROR: usize = 500;

const COLUMNS: &str = "
    id,
    channel,
    route,
    state,
    due_at,
    created_at,
    first_try_at,
    last_try_at,
    attempts,
    unsure,
    sent_at,
    last_error";

const CLAIM_WHERE: &str = "
    select
        id
    from outbox
    where state = 'waiting'
        and due_at <= $2
        and lease_until <= $2
    order by
        due_at,
        id
    limit $4";

/// A lease that ran out is of a sender that vanished: what it sent may have arrived.
const CLAIM_SET: &str = "
update outbox set
    sealed = 1,
    attempts = attempts + 1,
    unsure = case when lease_until > 0 then 1 else unsure end,
    first_try_at = coalesce(first_try_at, $2),
    last_try_at = $2,
    lease_until = $3,
    leased_by = $1";

const MARK: &str = "
update outbox set
    state = $3,
    due_at = coalesce($4, due_at),
    sent_at = $5,
    last_error = $6,
    unsure = $7,
    lease_until = 0,
    leased_by = ''
where id = $1
    and leased_by = $2";

const RETRY: &str = "
update outbox set
    state = 'waiting',
    due_at = $2,
    first_try_at = null,
    lease_until = 0,
    leased_by = ''
where id = $1
    and state = 'failed'";

const ALERTS_OF: &str = "
select
    a.id,
    a.alert
from outbox_alerts o
join alerts a
    on a.id = o.alert_id
where o.outbox_id = $1
order by a.id";

const COUNTS: &str = "
select
    state,
    count(*) as messages,
    cast(coalesce(sum(case when attempts > 0 then 1 else 0 end), 0) as bigint) as tried
from outbox
group by state";

const UNTOLD: &str = "
select
    count(*) as alerts
from alerts a
where not exists (
        select 1
        from outbox_alerts o
        where o.alert_id = a.id
    )";

impl Store {
    /// Messages whose time has come, oldest first, for `lease_ms`. From the first claim on nothing is added to them.
    pub async fn claim_messages(&self, worker: &str, now: Millis, lease_ms: i64, limit: i64) -> Result<Vec<Message>> {
        let lock = if self.backend == Backend::Postgres { "\n    for update skip locked" } else { "" };
        let sql = AssertSqlSafe(format!("{CLAIM_SET}\nwhere id in ({CLAIM_WHERE}{lock}\n)\nreturning {COLUMNS}"));
        let mut tx = self.begin(Touch::Rows).await?;
        let query = sqlx::query(sql).bind(clean(worker)).bind(now.get()).bind(now.plus(lease_ms).get()).bind(limit.max(0));
        let rows = query.fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            messages.push(self.with_alerts(row).await?);
        }
        messages.sort_by_key(|m| (m.due_at, m.id));
        Ok(messages)
    }

    /// Writes down how an attempt ended. [`StoreError::Conflict`] when the lease was lost: another sender has it now.
    pub async fn finish_attempt(&self, message: &Message, worker: &str, outcome: &Attempt, now: Millis) -> Result<()> {
        let (state, due, sent, error, repeat) = match outcome {
            Attempt::Sent => (MessageState::Sent, None, Some(now.get()), None, message.repeat),
            Attempt::Again { at, error, repeat } => (MessageState::Waiting, Some(at.get()), None, Some(error), *repeat),
            Attempt::GivenUp { error, repeat } => (MessageState::Failed, None, None, Some(error), *repeat),
        };
        let mut tx = self.begin(Touch::Rows).await?;
        let marked = sqlx::query(MARK)
            .bind(message.id.get())
            .bind(clean(worker))
            .bind(state.as_str())
            .bind(due)
            .bind(sent)
            .bind(error.map(|e| clean_to(e, LONGEST_ERROR)))
            .bind(i64::from(repeat == Repeat::Possible))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if marked.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// A person asks to try a given up message again. [`StoreError::Conflict`] when it is not given up.
    pub async fn retry_message(&self, id: OutboxId, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let changed = sqlx::query(RETRY).bind(id.get()).bind(now.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        if changed.rows_affected() > 0 {
            return Ok(());
        }
        self.message(id).await?;
        Err(StoreError::Conflict)
    }

    /// A message past all routes, at once: a test, or a summary. One with a known key is not posted again; returns
    /// whether it was posted.
    pub async fn post_now(&self, alert: &Alert, channel: &str, now: Millis) -> Result<bool> {
        let mut tx = self.begin(Touch::Rows).await?;
        let Some(id) = self.keep_alert(&mut tx, alert, now).await? else { return Ok(false) };
        let outgoing = Outgoing { channel: &clean(channel), route: "", subject: &clean(&alert.subject), due: now, more: More::No };
        let message = self.keep_message(&mut tx, &outgoing, now).await?;
        outgoing::join(&mut tx, message, id).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// One message.
    pub async fn message(&self, id: OutboxId) -> Result<Message> {
        let sql = AssertSqlSafe(format!("select {COLUMNS} from outbox where id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        self.with_alerts(&row.ok_or(StoreError::NotFound)?).await
    }

    /// Messages, newest first; those before `before`, in `state` only when it is given.
    pub async fn messages(&self, state: Option<MessageState>, before: Option<OutboxCursor>, limit: i64) -> Result<Vec<Message>> {
        let state_only = if state.is_some() { "and state = $3" } else { "and $3 = ''" };
        let sql = AssertSqlSafe(format!("select {COLUMNS} from outbox where id < $1 {state_only} order by id desc limit $2"));
        let before = before.map_or(i64::MAX, |b| b.0.get());
        let query = sqlx::query(sql).bind(before).bind(limit.max(0)).bind(state.map_or("", MessageState::as_str));
        let rows = query.fetch_all(&self.readers).await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            messages.push(self.with_alerts(row).await?);
        }
        Ok(messages)
    }

    /// How many messages were given up. Asked by each page: an index answers it.
    pub async fn messages_given_up(&self) -> Result<i64> {
        sqlx::query("select count(*) as messages from outbox where state = 'failed'").fetch_one(&self.readers).await?.int("messages")
    }

    /// How the outbox does.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts> {
        let mut counts = OutboxCounts { untold: sqlx::query(UNTOLD).fetch_one(&self.readers).await?.int("alerts")?, ..Default::default() };
        for row in sqlx::query(COUNTS).fetch_all(&self.readers).await? {
            let (messages, tried) = (row.int("messages")?, row.int("tried")?);
            match readable(MessageState::parse(&row.text("state")?), ("outbox", "state", 0))? {
                MessageState::Waiting => (counts.waiting, counts.retrying) = (messages, tried),
                MessageState::Sent => counts.sent = messages,
                MessageState::Failed => counts.failed = messages,
            }
        }
        Ok(counts)
    }

    async fn with_alerts(&self, row: &AnyRow) -> Result<Message> {
        let id = row.int("id")?;
        let alerts = sqlx::query(ALERTS_OF).bind(id).fetch_all(&self.readers).await?;
        let alerts = alerts.iter().map(|row| json(&row.text("alert")?, ("alerts", "alert", row.int("id")?)));
        Ok(Message {
            id: OutboxId::new(id),
            channel: row.text("channel")?,
            route: row.text("route")?,
            state: readable(MessageState::parse(&row.text("state")?), ("outbox", "state", id))?,
            due_at: row.at("due_at")?,
            created_at: row.at("created_at")?,
            first_try_at: row.maybe_at("first_try_at")?,
            last_try_at: row.maybe_at("last_try_at")?,
            attempts: row.int("attempts")?,
            repeat: if row.int("unsure")? == 0 { Repeat::First } else { Repeat::Possible },
            sent_at: row.maybe_at("sent_at")?,
            last_error: row.maybe_text("last_error")?,
            alerts: alerts.collect::<Result<_>>()?,
        })
    }
}
