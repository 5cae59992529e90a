//! The end of what a platform allows to keep: words, names and links go; label, severity and counts stay.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::Originals;
use super::row::Cells;
use super::{Result, Store, Touch, bulk, known, rollup, tombstone};
use crate::domain::ids::BrandId;
use crate::domain::time::Millis;

/// The list of platforms stands here as in the index that this query needs.
const DUE: &str = "
select
    m.id,
    m.author_id,
    m.platform,
    m.instance,
    m.native_id,
    (
        select
            cast(count(*) as bigint)
        from matches x
        where x.mention_id = m.id
            and x.label = ''
    ) as unscored,
    (
        select
            min(x.brand_id)
        from matches x
        where x.mention_id = m.id
    ) as brand
from mentions m
where m.platform = $1
    and m.fetched_at < $2
    and m.expired_at is null
    and m.deleted_at is null
    and m.platform in ('linkedin', 'youtube')
order by
    m.fetched_at
limit $3";

const EXPIRE: &str = "
update mentions set
    expired_at = $2,
    text = '',
    url = null,
    reply_to = null,
    fingerprint = '',
    misses = 0,
    missed_at = null,
    recheck_at = null
where id = $1";

const FORGET_WHY: (&str, &str) = (
    "
update matches set
    why = ''
where mention_id in (values ",
    ")",
);

/// Nothing of theirs is left in words, so they need no name. The account's own id goes too: it is a name as well.
const FORGET_AUTHOR: &str = "
update authors set
    native_id = 'gone:' || cast(id as text),
    handle = '',
    name = '',
    url = null,
    followers = null,
    updated_at = $2
where id = $1
    and not exists (
        select
            1
        from mentions
        where author_id = $1
            and deleted_at is null
            and expired_at is null
    )";

impl Store {
    /// Takes words and names from mentions of a platform that were fetched before a time, at most `limit`; says how many.
    ///
    /// One without a score has nothing to keep: it becomes a tombstone.
    pub async fn expire(&self, platform: &str, fetched_before: Millis, limit: i64, now: Millis) -> Result<i64> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let rows = sqlx::query(DUE).bind(platform.to_owned()).bind(fetched_before.get()).bind(limit).fetch_all(&mut *tx).await?;
        let (mut unscored, mut expired, mut authors) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new(), BTreeSet::new());
        for row in &rows {
            let id = row.int("id")?;
            if row.int("unscored")? > 0 {
                unscored.entry(row.int("brand")?).or_default().push(known::key(row, id)?);
                continue;
            }
            sqlx::query(EXPIRE).bind(id).bind(now.get()).execute(&mut *tx).await?;
            expired.insert(id);
            authors.insert(row.int("author_id")?);
        }
        bulk::execute(&mut tx, FORGET_WHY, bulk::ids(expired)).await?;
        for (brand, keys) in unscored {
            let brand = BrandId::new(brand);
            let dead = known::load(&mut tx, brand, keys.iter()).await?;
            let dead: Vec<_> = dead.values().collect();
            let changed = tombstone::bury(&mut tx, &dead, &mut Originals::of(brand), now).await?;
            rollup::recount(&mut tx, &changed).await?;
        }
        for author in authors {
            sqlx::query(FORGET_AUTHOR).bind(author).bind(now.get()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    }
}
