//! Copies: the mention that was kept first is the original, the others point to it.

use std::collections::{BTreeSet, HashMap};

use super::bulk::{self, values};
use super::row::Cells;
use super::{Result, WriteTx};
use crate::domain::ids::BrandId;
use crate::domain::time::{DAY_MS, Millis};

/// The same words after this long are said anew.
const WITHIN_MS: i64 = 60 * DAY_MS;

/// `cross join` keeps SQLite from walking all matches of the brand for each fingerprint.
const ORIGINALS: (&str, &str) = (
    "
select
    m.id,
    m.fingerprint,
    m.created_at
from (values ",
    ") as k
cross join mentions m
cross join matches x
where m.fingerprint = k.column1
    and x.mention_id = m.id
    and x.brand_id = k.column2
    and m.copy_of is null
    and m.repost = 0
    and m.deleted_at is null",
);

const HEIR: &str = "
select
    id,
    fingerprint,
    created_at
from mentions
where copy_of = $1
    and repost = 0
    and deleted_at is null
order by
    created_at,
    id
limit 1";

const CROWN: &str = "
update mentions set
    copy_of = null
where id = $1";

const FOLLOW: &str = "
update mentions set
    copy_of = $2
where copy_of = $1";

/// The originals that the posts of a page may repeat.
#[derive(Debug, Default)]
pub(super) struct Originals(HashMap<String, Vec<(i64, Millis)>>);

impl Originals {
    /// Those of a brand with one of these fingerprints. Empty fingerprints have none.
    pub(super) async fn load(tx: &mut WriteTx, brand: BrandId, fingerprints: BTreeSet<String>) -> Result<Self> {
        let rows = fingerprints.into_iter().filter(|f| !f.is_empty()).map(|f| values![f, brand.get()]).collect();
        let mut originals = Self::default();
        for row in bulk::fetch(tx, ORIGINALS, rows).await? {
            originals.insert(&row.text("fingerprint")?, row.int("id")?, row.at("created_at")?);
        }
        Ok(originals)
    }

    /// The one kept first among those written within 60 days of `at`, `but` aside.
    pub(super) fn find(&self, fingerprint: &str, at: Millis, but: i64) -> Option<i64> {
        let near = |&&(id, written): &&(i64, Millis)| id != but && at.since(written).abs() <= WITHIN_MS;
        self.0.get(fingerprint)?.iter().filter(near).map(|&(id, _)| id).min()
    }

    /// From now on `id` is an original.
    pub(super) fn insert(&mut self, fingerprint: &str, id: i64, at: Millis) {
        if !fingerprint.is_empty() {
            self.0.entry(fingerprint.to_owned()).or_default().push((id, at));
        }
    }

    fn remove(&mut self, fingerprint: &str, id: i64) {
        if let Some(known) = self.0.get_mut(fingerprint) {
            known.retain(|&(known, _)| known != id);
        }
    }

    /// `id` is no original of `fingerprint` any more: its earliest copy becomes one, and the others point to that.
    ///
    /// Reposts have no words of their own and stay copies. Returns the new original, which counts anew.
    pub(super) async fn promote(&mut self, tx: &mut WriteTx, id: i64, fingerprint: &str) -> Result<Option<i64>> {
        self.remove(fingerprint, id);
        let Some(row) = sqlx::query(HEIR).bind(id).fetch_optional(&mut **tx).await? else { return Ok(None) };
        let heir = row.int("id")?;
        sqlx::query(CROWN).bind(heir).execute(&mut **tx).await?;
        sqlx::query(FOLLOW).bind(id).bind(heir).execute(&mut **tx).await?;
        self.insert(&row.text("fingerprint")?, heir, row.at("created_at")?);
        Ok(Some(heir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kept_within_sixty_days_is_the_original() {
        let mut originals = Originals::default();
        originals.insert("f", 7, Millis::new(0));
        originals.insert("f", 9, Millis::new(50 * DAY_MS));
        originals.insert("", 1, Millis::new(0));
        assert_eq!(originals.find("f", Millis::new(60 * DAY_MS), 0), Some(7));
        assert_eq!(originals.find("f", Millis::new(60 * DAY_MS + 1), 0), Some(9));
        assert_eq!(originals.find("f", Millis::new(0), 7), Some(9));
        assert_eq!(originals.find("f", Millis::new(111 * DAY_MS), 0), None);
        assert_eq!(originals.find("", Millis::new(0), 0), None);
    }
}
