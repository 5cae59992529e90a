//! A bad new mention of somebody's other account, as a person linked it: it opens their flag and case again.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::{Cells, clean};
use super::{Result, Store, StoreError, Touch, cases, flags};
use crate::domain::ids::{BrandId, FlagId};
use crate::domain::incident::FlagState;
use crate::domain::time::Millis;

/// The worst of somebody's other accounts since they were looked after.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherAnger {
    /// Their own flag, which is done.
    pub flag: FlagId,
    /// Where the other account is.
    pub platform: String,
    /// Very negative mentions since then, of all their other accounts.
    pub mentions: i64,
    /// Severity of the worst, 0..=1.
    pub worst_severity: f64,
    /// When the latest was written.
    pub latest_at: Millis,
}

/// New is what was written after all that the flag knows, and found since it was done; a mention that was known when somebody
/// ended it opens nothing again.
const OF_OTHERS: &str = "
select
    f.id,
    a.platform,
    x.severity,
    x.created_at
from flags f
join account_links own
    on own.author_id = f.author_id
join account_links other
    on other.person_id = own.person_id
    and other.author_id <> own.author_id
join matches x
    on x.brand_id = f.brand_id
    and x.author_id = other.author_id
join mentions m
    on m.id = x.mention_id
join authors a
    on a.id = x.author_id
where f.brand_id = $1
    and f.state = 'done'
    and x.label = 'negative'
    and x.hidden = 0
    and x.severity >= $2
    and x.created_at > f.latest_at
    and m.fetched_at >= f.updated_at
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0
order by
    f.id,
    x.created_at,
    x.mention_id";

const OPEN_AGAIN: &str = "
update flags set
    state = 'open',
    reason = $3,
    updated_at = $4,
    version = version + 1
where id = $1
    and version = $2";

impl Store {
    /// Whose other accounts were very negative again, by flag. `threshold`: severity from which a mention is.
    pub async fn anger_of_others(&self, brand: BrandId, threshold: f64) -> Result<Vec<OtherAnger>> {
        let rows = sqlx::query(OF_OTHERS).bind(brand.get()).bind(threshold).fetch_all(&self.readers).await?;
        let mut found: Vec<OtherAnger> = Vec::new();
        for row in &rows {
            let one = anger(row)?;
            match found.last_mut().filter(|last| last.flag == one.flag) {
                Some(last) => {
                    last.mentions += 1;
                    last.worst_severity = last.worst_severity.max(one.worst_severity);
                    (last.platform, last.latest_at) = (one.platform, one.latest_at);
                }
                None => found.push(one),
            }
        }
        Ok(found)
    }

    /// Opens a done flag, and its case, again. `false` when somebody else did meanwhile.
    pub async fn open_again(&self, flag: FlagId, why: &str, now: Millis) -> Result<bool> {
        let mut tx = self.begin(Touch::Rows).await?;
        let sql = AssertSqlSafe(format!("{} where f.id = $1", flags::select()));
        let row = sqlx::query(sql).bind(flag.get()).fetch_optional(&mut *tx).await?;
        let known = flags::read(&row.ok_or(StoreError::NotFound)?)?;
        if known.state != FlagState::Done {
            return Ok(false);
        }
        let query = sqlx::query(OPEN_AGAIN).bind(flag.get()).bind(known.version).bind(clean(why)).bind(now.get());
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        cases::reopen(self, &mut tx, &known, why, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn anger(row: &AnyRow) -> Result<OtherAnger> {
    Ok(OtherAnger {
        flag: FlagId::new(row.int("id")?),
        platform: row.text("platform")?,
        mentions: 1,
        worst_severity: row.real("severity")?,
        latest_at: row.at("created_at")?,
    })
}
