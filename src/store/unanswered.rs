//! How many very unhappy people wait since a moment: what an incident is held up by.

use super::flags::FlagCounts;
use super::row::{Cells, readable};
use super::{Result, Store};
use crate::domain::ids::BrandId;
use crate::domain::incident::FlagState;
use crate::domain::time::Millis;

const COUNTS_SINCE: &str = "
select
    state,
    count(*) as flags
from flags
where brand_id = $1
    and latest_at >= $2
group by state";

impl Store {
    /// How many flags of a brand are in each state, of authors who were very negative at `since` or later.
    pub async fn flag_counts_since(&self, brand: BrandId, since: Millis) -> Result<FlagCounts> {
        let mut counts = FlagCounts::default();
        for row in sqlx::query(COUNTS_SINCE).bind(brand.get()).bind(since.get()).fetch_all(&self.readers).await? {
            let state = FlagState::parse(&row.text("state")?);
            let count = row.int("flags")?;
            match readable(state, ("flags", "state", brand.get()))? {
                FlagState::Open => counts.open = count,
                FlagState::Assigned => counts.assigned = count,
                FlagState::Done => counts.done = count,
            }
        }
        Ok(counts)
    }
}
