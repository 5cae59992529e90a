//! Where near copies are looked for: originals by the bands of their text, a bounded number in each band.
//!
//! The table gives hints only: what it names is read, and counts when it is an original still, and alike enough. So a
//! band that lost its oldest entry, or names a post that was edited since, costs at most a missed copy.

use std::collections::{BTreeSet, HashMap};

use super::bulk::{self, Value, values};
use super::row::Cells;
use super::{Result, WriteTx};
use crate::domain::ids::BrandId;
use crate::domain::near::{LONGEST, Sketch};
use crate::domain::time::Millis;

/// Originals that one band names. What many people write in the same words fills it; the youngest are the likeliest to
/// be repeated next.
const PLACES: i64 = 16;

const ENTRIES: (&str, &str) = (
    "
select
    n.band,
    n.place,
    n.mention_id
from (values ",
    ") as k
cross join near_bands n
where n.band = k.column1",
);

/// The beginning of a text is all that a sketch looks at.
const TEXTS: (&str, &str) = (
    "
select
    m.id,
    m.created_at,
    substr(m.text, 1, 4000) as text
from (values ",
    ") as k
cross join mentions m
cross join matches x
where m.id = k.column1
    and x.mention_id = m.id
    and x.brand_id = k.column2
    and m.copy_of is null
    and m.repost = 0
    and m.deleted_at is null",
);
const _: () = assert!(LONGEST == 4_000, "as TEXTS cuts them");

const SET: (&str, &str) = (
    "
insert into near_bands (
    band,
    place,
    mention_id
)
values ",
    "
on conflict (band, place) do update set
    mention_id = excluded.mention_id",
);

const DROP: &str = "
delete from near_bands
where band = $1
    and mention_id = $2";

/// One band: which mention stands at which place.
type Band = HashMap<i64, i64>;

/// The originals that posts may be near copies of.
#[derive(Debug, Default)]
pub(super) struct NearOriginals {
    bands: HashMap<i64, Band>,
    originals: HashMap<i64, (Millis, Sketch)>,
    /// Entries that are not written yet: the mention at a place of a band.
    unsaved: HashMap<(i64, i64), i64>,
}

impl NearOriginals {
    /// Reads what the bands of these sketches name, of a brand.
    pub(super) async fn load(&mut self, tx: &mut WriteTx, brand: BrandId, sketches: &[&Sketch]) -> Result<()> {
        let wanted: BTreeSet<i64> = sketches.iter().flat_map(|s| *s.bands()).filter(|b| !self.bands.contains_key(b)).collect();
        self.bands.extend(wanted.iter().map(|band| (*band, Band::new())));
        let mut named = BTreeSet::new();
        for row in bulk::fetch(tx, ENTRIES, bulk::ids(wanted)).await? {
            let mention = row.int("mention_id")?;
            named.insert(mention);
            self.bands.entry(row.int("band")?).or_default().insert(row.int("place")?, mention);
        }
        let unread = named.into_iter().filter(|id| !self.originals.contains_key(id)).map(|id| values![id, brand.get()]).collect();
        for row in bulk::fetch(tx, TEXTS, unread).await? {
            if let Some(sketch) = Sketch::of(&row.text("text")?) {
                self.originals.insert(row.int("id")?, (row.at("created_at")?, sketch));
            }
        }
        Ok(())
    }

    /// The one kept first that the text is a near copy of, among those written when `fits` says so.
    pub(super) fn find(&self, sketch: &Sketch, fits: impl Fn(i64, Millis) -> bool) -> Option<i64> {
        let named: BTreeSet<i64> =
            sketch.bands().iter().filter_map(|band| self.bands.get(band)).flat_map(HashMap::values).copied().collect();
        named.into_iter().find(|id| self.originals.get(id).is_some_and(|(at, other)| fits(*id, *at) && sketch.is_near(other)))
    }

    /// From now on `id` is an original; its bands were loaded.
    pub(super) fn insert(&mut self, sketch: &Sketch, id: i64, at: Millis) {
        for name in sketch.bands() {
            let band = self.bands.entry(*name).or_default();
            if band.values().any(|known| *known == id) {
                continue;
            }
            let free = (0..PLACES).find(|place| !band.contains_key(place));
            let oldest = || band.iter().min_by_key(|(_, mention)| **mention).map(|(place, _)| *place);
            let Some(place) = free.or_else(oldest) else { continue };
            band.insert(place, id);
            self.unsaved.insert((*name, place), id);
        }
        self.originals.insert(id, (at, sketch.clone()));
    }

    /// `id` is no original any more.
    pub(super) async fn remove(&mut self, tx: &mut WriteTx, id: i64, sketch: &Sketch) -> Result<()> {
        self.originals.remove(&id);
        for name in sketch.bands() {
            if let Some(band) = self.bands.get_mut(name) {
                band.retain(|_, mention| *mention != id);
            }
            self.unsaved.retain(|(band, _), mention| band != name || *mention != id);
            sqlx::query(DROP).bind(*name).bind(id).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Writes down what was inserted.
    pub(super) async fn save(&mut self, tx: &mut WriteTx) -> Result<()> {
        let mut rows: Vec<((i64, i64), i64)> = self.unsaved.drain().collect();
        // All writers touch rows in the same order, and an index likes its keys sorted.
        rows.sort_unstable();
        let rows: Vec<Vec<Value>> = rows.into_iter().map(|((band, place), id)| values![band, place, id]).collect();
        bulk::execute(tx, SET, rows).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::near::BANDS;

    fn sketch(end: &str) -> Sketch {
        Sketch::of(&format!("the same long beginning of a text that very many people paste, and then {end}")).expect("long enough")
    }

    #[test]
    fn a_band_names_a_bounded_number_and_the_youngest_stay() {
        let mut near = NearOriginals::default();
        let print = sketch("it ends");
        for id in 1..=100 {
            near.insert(&print, id, Millis::new(id));
        }
        assert!(near.bands.values().all(|band| band.len() == usize::try_from(PLACES).expect("small")));
        assert_eq!(near.find(&print, |_, _| true), Some(100 - PLACES + 1));
        assert_eq!(near.unsaved.len(), usize::try_from(PLACES).expect("small") * BANDS);
    }

    #[test]
    fn the_first_kept_that_fits_is_the_original() {
        let mut near = NearOriginals::default();
        let print = sketch("it ends");
        near.insert(&print, 7, Millis::new(1));
        near.insert(&print, 9, Millis::new(2));
        assert_eq!(near.find(&print, |_, _| true), Some(7));
        assert_eq!(near.find(&print, |id, _| id != 7), Some(9));
        assert_eq!(near.find(&print, |_, at| at > Millis::new(2)), None);
        assert_eq!(
            near.find(&sketch("something quite different about a cat on a roof"), |_, _| true),
            None,
            "less than four fifths are alike"
        );
    }
}
