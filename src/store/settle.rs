//! Flags follow corrections: of a flag without any very negative mention left, what nobody touched goes away.

use super::row::Cells;
use super::{Result, Store, Touch, WriteTx};
use crate::domain::ids::BrandId;
use crate::domain::time::Millis;

/// A mention that waits for its score may be very negative again: nothing is taken away before.
const LEFT: &str = "
select
    f.id,
    f.state,
    f.version,
    f.case_id
from flags f
where f.brand_id = $1
    and f.state <> 'done'
    and f.very_negative > 0
    and not exists (
        select 1
        from matches x
        join mentions m
            on m.id = x.mention_id
        where x.brand_id = f.brand_id
            and x.author_id = f.author_id
            and (x.label = '' or (x.label = 'negative' and x.severity >= $2))
            and m.deleted_at is null
            and m.copy_of is null
            and m.repost = 0
    )";

const REMOVE: &str = "
delete from flags
where id = $1
    and version = 1";

const REMOVE_EVENTS: &str = "
delete from case_events
where case_id = (select id from cases where id = $1 and version = 1)";

const REMOVE_CASE: &str = "
delete from cases
where id = $1
    and version = 1";

const LOWER: &str = "
update flags set
    reason = 'Nothing very negative of theirs is left: corrected or deleted since',
    priority = 0,
    very_negative = 0,
    worst_severity = 0,
    updated_at = $3
where id = $1
    and version = $2";

/// What became of flags without very negative mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Nobody had touched them: they are gone, with their cases.
    pub removed: u64,
    /// Somebody works on them: they stay, last in the queue, and say why.
    pub lowered: u64,
}

impl Store {
    /// Settles the flags of a brand of whose authors no mention of at least `threshold` severity is left, because it was
    /// corrected or deleted. Those that only grew old stay.
    pub async fn settle_flags(&self, brand: BrandId, threshold: f64, now: Millis) -> Result<Settled> {
        let mut settled = Settled::default();
        let rows = sqlx::query(LEFT).bind(brand.get()).bind(threshold).fetch_all(&self.readers).await?;
        if rows.is_empty() {
            return Ok(settled);
        }
        let mut tx = self.begin(Touch::Rows).await?;
        for row in &rows {
            let (id, version) = (row.int("id")?, row.int("version")?);
            if row.text("state")? == "open" && version == 1 {
                let removed = remove(&mut tx, id, row.maybe_int("case_id")?).await?;
                settled.removed += removed;
            } else {
                settled.lowered += sqlx::query(LOWER).bind(id).bind(version).bind(now.get()).execute(&mut *tx).await?.rows_affected();
            }
        }
        tx.commit().await?;
        Ok(settled)
    }
}

async fn remove(tx: &mut WriteTx, flag: i64, case: Option<i64>) -> Result<u64> {
    let removed = sqlx::query(REMOVE).bind(flag).execute(&mut **tx).await?.rows_affected();
    if let (Some(case), true) = (case, removed > 0) {
        sqlx::query(REMOVE_EVENTS).bind(case).execute(&mut **tx).await?;
        sqlx::query(REMOVE_CASE).bind(case).execute(&mut **tx).await?;
    }
    Ok(removed)
}
