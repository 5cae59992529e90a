//! How an alert and the messages that tell it are written, and how both are forgotten.

use sqlx::AssertSqlSafe;

use super::row::{Cells, clean, to_json};
use super::{Backend, Result, Store, Touch, WriteTx, bulk};
use crate::domain::alert::Alert;
use crate::domain::time::Millis;

/// Whether further alerts may still join a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// Until it is sent for the first time.
    MayJoin,
    /// Never.
    No,
}

/// A message to be written; its texts are clean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    /// Name of the channel.
    pub(super) channel: &'a str,
    /// Name of the route; empty: past all routes.
    pub(super) route: &'a str,
    /// What it is about.
    pub(super) subject: &'a str,
    /// When it is to be sent.
    pub(super) due: Millis,
    /// Whether it grows.
    pub(super) more: More,
}

const ALERT: &str = "
insert into alerts (
    id,
    key,
    kind,
    alert,
    created_at
)
values ($1, $2, $3, $4, $5)
on conflict (key) do nothing";

const MESSAGE: &str = "
insert into outbox (
    id,
    channel,
    route,
    subject,
    state,
    sealed,
    due_at,
    created_at,
    attempts,
    unsure,
    lease_until,
    leased_by
)
values ($1, $2, $3, $4, 'waiting', $5, $6, $7, 0, 0, 0, '')";

const JOIN: &str = "
insert into outbox_alerts (
    outbox_id,
    alert_id
)
values ($1, $2)";

/// Due times come first, in the index; an attempt may be later.
const OVER: &str = "
select
    id
from outbox
where state in ('sent', 'failed')
    and due_at < $1
    and coalesce(last_try_at, due_at) < $1
order by id
limit $2";

const UNJOIN: (&str, &str) = (
    "
delete from outbox_alerts
where outbox_id in (values ",
    ")",
);

const DROP_MESSAGES: (&str, &str) = (
    "
delete from outbox
where id in (values ",
    ")",
);

/// Told by no message: its messages were forgotten, or no route took it.
const DROP_ALERTS: &str = "
delete from alerts
where id in (
        select
            a.id
        from alerts a
        where a.created_at < $1
            and not exists (
                select
                    1
                from outbox_alerts o
                where o.alert_id = a.id
            )
        limit $2
    )";

impl Store {
    /// Keeps an alert; its id when its key is new.
    pub(super) async fn keep_alert(&self, tx: &mut WriteTx, alert: &Alert, now: Millis) -> Result<Option<i64>> {
        let id = self.next_id(now);
        let kept = sqlx::query(ALERT)
            .bind(id)
            .bind(clean(&alert.key))
            .bind(alert.kind.as_str())
            .bind(clean(&to_json(alert)?))
            .bind(now.get())
            .execute(&mut **tx)
            .await?;
        Ok((kept.rows_affected() > 0).then_some(id))
    }

    /// Keeps a message that waits to be sent; its id.
    pub(super) async fn keep_message(&self, tx: &mut WriteTx, message: &Outgoing<'_>, now: Millis) -> Result<i64> {
        let id = self.next_id(now);
        sqlx::query(MESSAGE)
            .bind(id)
            .bind(message.channel.to_owned())
            .bind(message.route.to_owned())
            .bind(message.subject.to_owned())
            .bind(i64::from(message.more == More::No))
            .bind(message.due.get())
            .bind(now.get())
            .execute(&mut **tx)
            .await?;
        Ok(id)
    }

    /// Forgets messages that were sent or given up, and whose last attempt was before a time, at most `limit`; with the
    /// alerts of that age that no message tells any more. Says how many of both went: 0 when there is nothing left to do.
    pub async fn forget_messages(&self, before: Millis, limit: i64) -> Result<i64> {
        // Whoever sends one again meanwhile waits, and then finds it gone.
        let lock = if self.backend == Backend::Postgres { "\nfor update skip locked" } else { "" };
        let mut tx = self.begin(Touch::Rows).await?;
        let over = sqlx::query(AssertSqlSafe(format!("{OVER}{lock}"))).bind(before.get()).bind(limit.max(0)).fetch_all(&mut *tx).await?;
        let ids: Vec<i64> = over.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        bulk::execute(&mut tx, UNJOIN, bulk::ids(ids.iter().copied())).await?;
        bulk::execute(&mut tx, DROP_MESSAGES, bulk::ids(ids.iter().copied())).await?;
        let untold = sqlx::query(DROP_ALERTS).bind(before.get()).bind(limit.max(0)).execute(&mut *tx).await?;
        tx.commit().await?;
        let alerts = i64::try_from(untold.rows_affected()).unwrap_or(i64::MAX);
        Ok(alerts.saturating_add(i64::try_from(ids.len()).unwrap_or(i64::MAX)))
    }
}

/// Says that a message tells an alert.
pub(super) async fn join(tx: &mut WriteTx, message: i64, alert: i64) -> Result<()> {
    sqlx::query(JOIN).bind(message).bind(alert).execute(&mut **tx).await?;
    Ok(())
}
