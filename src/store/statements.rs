//! The brand's own words as sources bring them: kept by their id, and put on the timeline of the incident that they fall in.

use sqlx::any::AnyRow;

use super::row::{Cells, clean, clean_to, readable};
use super::{Result, SourceLease, Store, Touch, WriteTx};
use crate::domain::incident::UpdateKind;
use crate::domain::post::{MAX_TEXT_BYTES, PostKey};
use crate::domain::statement::Statement;
use crate::domain::time::{HOUR_MS, Millis};

const KNOWN: &str = "
select
    id,
    kind,
    text,
    url,
    update_id
from statements
where brand_id = $1
    and platform = $2
    and instance = $3
    and native_id = $4";

const INSERT: &str = "
insert into statements (
    id,
    brand_id,
    source_id,
    platform,
    instance,
    native_id,
    at,
    kind,
    text,
    url
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const EDIT: &str = "
update statements set
    kind = $2,
    text = $3,
    url = $4
where id = $1";

/// That it says sorry was a person's judgement, and stands.
const EDIT_UPDATE: &str = "
update updates set
    kind = case when kind = 'apology' then kind else $2 end,
    text = $3,
    url = $4
where id = $1";

const DELETE: &str = "
delete from statements
where id = $1";

const DELETE_UPDATE: &str = "
delete from updates
where id = $1";

/// The incident whose time covers a statement; of several the one that began last.
const COVERING: &str = "
select
    id
from incidents
where brand_id = $1
    and started_at <= $2
    and (closed_at is null or closed_at > $2)
order by
    started_at desc,
    id desc
limit 1";

const LOOSE: &str = "
select
    s.id,
    s.at,
    s.kind,
    s.text,
    s.url
from statements s
join incidents i
    on i.brand_id = s.brand_id
where i.id = $1
    and s.update_id is null
    and s.at >= i.started_at
    and (i.closed_at is null or s.at < i.closed_at)
order by
    s.at";

/// The same words, put on the timeline by hand at about that time.
const BY_HAND: &str = "
select
    u.id
from updates u
where u.incident_id = $1
    and u.text = $2
    and u.at between $3 and $4
    and not exists (
        select
            1
        from statements s
        where s.update_id = u.id
    )
order by
    u.at
limit 1";

const PUT: &str = "
insert into updates (
    id,
    incident_id,
    at,
    kind,
    text,
    url
)
values ($1, $2, $3, $4, $5, $6)";

const ATTACH: &str = "
update statements set
    update_id = $2
where id = $1";

impl Store {
    /// Keeps what the brand said, once by its id; an edit changes what was kept, and what is gone leaves the timeline.
    ///
    /// Says how many are new or changed. The platform's word that it is mended does not set when the incident was fixed:
    /// that a person declares.
    pub async fn keep_statements(&self, lease: &SourceLease, statements: &[Statement], gone: &[PostKey], now: Millis) -> Result<i64> {
        let brand = lease.spec.brand.get();
        let mut tx = self.begin(Touch::Rows).await?;
        let mut changed = 0;
        for statement in statements {
            let text = clean_to(&statement.text, MAX_TEXT_BYTES);
            let url = statement.url.as_deref().map(clean);
            let Some(known) = find(&mut tx, brand, &statement.key).await? else {
                self.insert_statement(&mut tx, lease, (statement, text, url), now).await?;
                changed += 1;
                continue;
            };
            let same = known.text("kind")? == statement.kind.as_str() && known.text("text")? == text && known.maybe_text("url")? == url;
            if same {
                continue;
            }
            let rows = std::iter::once((EDIT, known.int("id")?)).chain(known.maybe_int("update_id")?.map(|id| (EDIT_UPDATE, id)));
            for (sql, id) in rows {
                let edit = sqlx::query(sql).bind(id).bind(statement.kind.as_str()).bind(text.clone()).bind(url.clone());
                edit.execute(&mut *tx).await?;
            }
            changed += 1;
        }
        for key in gone {
            let Some(known) = find(&mut tx, brand, key).await? else { continue };
            let rows = std::iter::once((DELETE, known.int("id")?)).chain(known.maybe_int("update_id")?.map(|id| (DELETE_UPDATE, id)));
            for (sql, id) in rows {
                sqlx::query(sql).bind(id).execute(&mut *tx).await?;
            }
            changed += 1;
        }
        tx.commit().await?;
        Ok(changed)
    }

    async fn insert_statement(
        &self,
        tx: &mut WriteTx,
        lease: &SourceLease,
        (statement, text, url): (&Statement, String, Option<String>),
        now: Millis,
    ) -> Result<()> {
        let id = self.next_id(now);
        // Nothing was said in the future.
        let at = statement.at.min(now);
        sqlx::query(INSERT)
            .bind(id)
            .bind(lease.spec.brand.get())
            .bind(lease.id.get())
            .bind(statement.key.platform().to_owned())
            .bind(statement.key.instance().to_owned())
            .bind(statement.key.native_id().to_owned())
            .bind(at.get())
            .bind(statement.kind.as_str())
            .bind(text.clone())
            .bind(url.clone())
            .execute(&mut **tx)
            .await?;
        let covering = sqlx::query(COVERING).bind(lease.spec.brand.get()).bind(at.get()).fetch_optional(&mut **tx).await?;
        if let Some(incident) = covering {
            let said = Said { statement: id, at, kind: statement.kind, text, url };
            put(tx, (self.next_id(now), incident.int("id")?), said).await?;
        }
        Ok(())
    }

    /// Puts statements that belong to no incident on the timeline of this one, where its time covers them.
    pub(super) async fn attach_statements(&self, tx: &mut WriteTx, incident: i64, now: Millis) -> Result<()> {
        for row in sqlx::query(LOOSE).bind(incident).fetch_all(&mut **tx).await? {
            let id = row.int("id")?;
            let kind = readable(UpdateKind::parse(&row.text("kind")?), ("statements", "kind", id))?;
            let said = Said { statement: id, at: row.at("at")?, kind, text: row.text("text")?, url: row.maybe_text("url")? };
            put(tx, (self.next_id(now), incident), said).await?;
        }
        Ok(())
    }
}

/// A statement on its way to a timeline.
struct Said {
    statement: i64,
    at: Millis,
    kind: UpdateKind,
    text: String,
    url: Option<String>,
}

async fn find(tx: &mut WriteTx, brand: i64, key: &PostKey) -> Result<Option<AnyRow>> {
    let query = sqlx::query(KNOWN).bind(brand).bind(key.platform().to_owned()).bind(key.instance().to_owned());
    Ok(query.bind(key.native_id().to_owned()).fetch_optional(&mut **tx).await?)
}

async fn put(tx: &mut WriteTx, (update, incident): (i64, i64), said: Said) -> Result<()> {
    let (from, to) = (said.at.plus(-HOUR_MS), said.at.plus(HOUR_MS));
    let by_hand = sqlx::query(BY_HAND).bind(incident).bind(said.text.clone()).bind(from.get()).bind(to.get());
    if let Some(known) = by_hand.fetch_optional(&mut **tx).await? {
        sqlx::query(ATTACH).bind(said.statement).bind(known.int("id")?).execute(&mut **tx).await?;
        return Ok(());
    }
    let query = sqlx::query(PUT).bind(update).bind(incident).bind(said.at.get()).bind(said.kind.as_str());
    query.bind(said.text).bind(said.url).execute(&mut **tx).await?;
    sqlx::query(ATTACH).bind(said.statement).bind(update).execute(&mut **tx).await?;
    Ok(())
}
