//! Flags in pages, for scripts.

use sqlx::AssertSqlSafe;

use super::flags::{FROM, FlagRow, SELECT};
use super::{Result, Store, cases};
use crate::domain::ids::{BrandId, FlagId};
use crate::domain::incident::{Flag, FlagState};
use crate::domain::time::Millis;

/// A place in the queue, between pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlagCursor {
    /// Priority of the last flag.
    pub priority: f64,
    /// When its latest very negative mention was written.
    pub latest_at: Millis,
    /// Its row id.
    pub id: FlagId,
}

impl From<&Flag> for FlagCursor {
    fn from(flag: &Flag) -> Self {
        Self { priority: flag.priority, latest_at: flag.latest_at, id: flag.id }
    }
}

/// Before everything.
const START: FlagCursor = FlagCursor { priority: f64::MAX, latest_at: Millis::new(0), id: FlagId::new(0) };

const AFTER: &str = "
where f.brand_id = $1
    and ($2 = '' or f.state = $2)
    and (
        f.priority < $3
        or (f.priority = $3 and f.latest_at < $4)
        or (f.priority = $3 and f.latest_at = $4 and f.id > $5)
    )
order by
    f.priority desc,
    f.latest_at desc,
    f.id
limit $6";

impl Store {
    /// A brand's flags after a place in the queue, most urgent first. Priorities sink with time: between two pages a flag may
    /// pass from one to the other.
    pub async fn flags_after(
        &self,
        brand: BrandId,
        state: Option<FlagState>,
        after: Option<FlagCursor>,
        limit: i64,
    ) -> Result<Vec<FlagRow>> {
        let after = after.unwrap_or(START);
        let sql = AssertSqlSafe(format!("{SELECT}{}{FROM}{AFTER}", cases::BRIEF));
        let rows = sqlx::query(sql)
            .bind(brand.get())
            .bind(state.map_or("", FlagState::as_str))
            .bind(after.priority)
            .bind(after.latest_at.get())
            .bind(after.id.get())
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        let mut flags = Vec::with_capacity(rows.len());
        for row in &rows {
            flags.push(self.with_worst(row).await?);
        }
        Ok(flags)
    }
}
