//! Copies: the mention that was kept first is the original, the others point to it.
//!
//! The same words are found by their fingerprint; long texts that somebody changed a little by their sketch
//! ([`super::near`]), when no original has the very same words.

use std::collections::{BTreeSet, HashMap};

use super::bulk::{self, values};
use super::near::NearOriginals;
use super::row::Cells;
use super::{Result, WriteTx};
use crate::domain::ids::BrandId;
use crate::domain::near::Sketch;
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
    created_at,
    text
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

/// What copies of a text share with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Likeness {
    /// Of the very same words; empty: never taken for a copy.
    pub(super) fingerprint: String,
    /// Of nearly the same words; `None` for short texts.
    pub(super) sketch: Option<Sketch>,
}

impl Likeness {
    /// Of a text whose fingerprint is known.
    pub(super) fn new(fingerprint: String, text: &str) -> Self {
        let sketch = if fingerprint.is_empty() { None } else { Sketch::of(text) };
        Self { fingerprint, sketch }
    }
}

/// The originals that the posts of a page may repeat.
#[derive(Debug)]
pub(super) struct Originals {
    brand: BrandId,
    exact: HashMap<String, Vec<(i64, Millis)>>,
    near: NearOriginals,
}

impl Originals {
    /// Of a brand; none are loaded yet.
    pub(super) fn of(brand: BrandId) -> Self {
        Self { brand, exact: HashMap::new(), near: NearOriginals::default() }
    }

    /// Reads those that texts like these may repeat.
    pub(super) async fn load(&mut self, tx: &mut WriteTx, texts: &[&Likeness]) -> Result<()> {
        let prints: BTreeSet<&str> = texts.iter().map(|t| t.fingerprint.as_str()).filter(|f| !f.is_empty()).collect();
        let rows = prints.into_iter().map(|f| values![f, self.brand.get()]).collect();
        for row in bulk::fetch(tx, ORIGINALS, rows).await? {
            self.insert_exact(&row.text("fingerprint")?, row.int("id")?, row.at("created_at")?);
        }
        let sketches: Vec<&Sketch> = texts.iter().filter_map(|t| t.sketch.as_ref()).collect();
        self.near.load(tx, self.brand, &sketches).await
    }

    /// The one kept first among those written within 60 days of `at`, `but` aside; one with the very same words before
    /// one with nearly the same.
    pub(super) fn find(&self, text: &Likeness, at: Millis, but: i64) -> Option<i64> {
        let fits = |id: i64, written: Millis| id != but && at.since(written).abs() <= WITHIN_MS;
        let exact = self.exact.get(&text.fingerprint).and_then(|known| known.iter().filter(|o| fits(o.0, o.1)).map(|o| o.0).min());
        exact.or_else(|| self.near.find(text.sketch.as_ref()?, fits))
    }

    /// From now on `id` is an original.
    pub(super) fn insert(&mut self, text: &Likeness, id: i64, at: Millis) {
        self.insert_exact(&text.fingerprint, id, at);
        if let Some(sketch) = &text.sketch {
            self.near.insert(sketch, id, at);
        }
    }

    fn insert_exact(&mut self, fingerprint: &str, id: i64, at: Millis) {
        if !fingerprint.is_empty() {
            self.exact.entry(fingerprint.to_owned()).or_default().push((id, at));
        }
    }

    async fn remove(&mut self, tx: &mut WriteTx, text: &Likeness, id: i64) -> Result<()> {
        if let Some(known) = self.exact.get_mut(&text.fingerprint) {
            known.retain(|&(known, _)| known != id);
        }
        match &text.sketch {
            Some(sketch) => self.near.remove(tx, id, sketch).await,
            None => Ok(()),
        }
    }

    /// `id`, whose text was this, is no original any more: its earliest copy becomes one, and the others point to that.
    ///
    /// Reposts have no words of their own and stay copies. Returns the new original, which counts anew.
    pub(super) async fn promote(&mut self, tx: &mut WriteTx, id: i64, text: &Likeness) -> Result<Option<i64>> {
        self.remove(tx, text, id).await?;
        let Some(row) = sqlx::query(HEIR).bind(id).fetch_optional(&mut **tx).await? else { return Ok(None) };
        let heir = row.int("id")?;
        sqlx::query(CROWN).bind(heir).execute(&mut **tx).await?;
        sqlx::query(FOLLOW).bind(id).bind(heir).execute(&mut **tx).await?;
        let theirs = Likeness::new(row.text("fingerprint")?, &row.text("text")?);
        // Its bands may not have been looked into yet; the places that are taken must be known.
        self.near.load(tx, self.brand, &theirs.sketch.iter().collect::<Vec<_>>()).await?;
        self.insert(&theirs, heir, row.at("created_at")?);
        Ok(Some(heir))
    }

    /// Writes down where the new originals are found by nearly the same words.
    pub(super) async fn save(&mut self, tx: &mut WriteTx) -> Result<()> {
        self.near.save(tx).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(fingerprint: &str) -> Likeness {
        Likeness::new(fingerprint.to_owned(), "")
    }

    #[test]
    fn the_first_kept_within_sixty_days_is_the_original() {
        let mut originals = Originals::of(BrandId::new(1));
        originals.insert(&words("f"), 7, Millis::new(0));
        originals.insert(&words("f"), 9, Millis::new(50 * DAY_MS));
        originals.insert(&words(""), 1, Millis::new(0));
        assert_eq!(originals.find(&words("f"), Millis::new(60 * DAY_MS), 0), Some(7));
        assert_eq!(originals.find(&words("f"), Millis::new(60 * DAY_MS + 1), 0), Some(9));
        assert_eq!(originals.find(&words("f"), Millis::new(0), 7), Some(9));
        assert_eq!(originals.find(&words("f"), Millis::new(111 * DAY_MS), 0), None);
        assert_eq!(originals.find(&words(""), Millis::new(0), 0), None);
    }

    #[test]
    fn the_very_same_words_go_before_nearly_the_same() {
        let text = "nobody at the hotline can tell me when my backups of last week come back to my account";
        let near = Likeness::new("other".to_owned(), &text.replace("week", "weeks"));
        let same = Likeness::new("same".to_owned(), text);
        let mut originals = Originals::of(BrandId::new(1));
        originals.insert(&near, 3, Millis::new(0));
        assert_eq!(originals.find(&same, Millis::new(0), 0), Some(3));
        originals.insert(&same, 5, Millis::new(0));
        assert_eq!(originals.find(&same, Millis::new(0), 0), Some(5));
    }
}
