//! The tables of counts an hour: one pair by source, one by language, with the same columns and the same statements.
//!
//! Differences are collected, and added sorted, so that all writers touch rows in the same order. How many of a slice's
//! authors are unhappy follows from its authors' rows, which make it exact under late items, edits and deletions.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;

use super::bulk::{self, Value, values};
use super::row::Cells;
use super::{Result, StoreError, WriteTx};

/// mentions, copies, deleted, negative, neutral, positive, hidden
pub(super) type Counts = [i64; 7];

/// `$within` says which matches lie in a slice.
#[rustfmt::skip]
macro_rules! tables {
    ($hours:literal, $authors:literal, $key:literal, $within:literal) => {
        Tables {
            add: (
                concat!("
insert into ", $hours, " (
    brand_id,
    ", $key, ",
    hour,
    mentions,
    copies,
    deleted,
    negative,
    neutral,
    positive,
    hidden,
    unhappy,
    severity
)
values "),
                concat!("
on conflict (brand_id, ", $key, ", hour) do update set
    mentions = ", $hours, ".mentions + excluded.mentions,
    copies = ", $hours, ".copies + excluded.copies,
    deleted = ", $hours, ".deleted + excluded.deleted,
    negative = ", $hours, ".negative + excluded.negative,
    neutral = ", $hours, ".neutral + excluded.neutral,
    positive = ", $hours, ".positive + excluded.positive,
    hidden = ", $hours, ".hidden + excluded.hidden,
    unhappy = ", $hours, ".unhappy + excluded.unhappy,
    severity = ", $hours, ".severity + excluded.severity"),
            ),
            read_authors: (
                concat!("
select
    a.brand_id,
    a.", $key, ",
    a.hour,
    a.author_id,
    a.negative,
    a.worst
from (values "),
                concat!(") as k
cross join ", $authors, " a
where a.brand_id = k.column1
    and a.", $key, " = k.column2
    and a.hour = k.column3
    and a.author_id = k.column4"),
            ),
            set_authors: (
                concat!("
insert into ", $authors, " (
    brand_id,
    ", $key, ",
    hour,
    author_id,
    negative,
    worst
)
values "),
                concat!("
on conflict (brand_id, ", $key, ", hour, author_id) do update set
    negative = excluded.negative,
    worst = excluded.worst"),
            ),
            drop_author: concat!("
delete from ", $authors, "
where brand_id = $1
    and ", $key, " = $2
    and hour = $3
    and author_id = $4"),
            // The worst of what counts as negative, copies aside: the matches say what is counted now.
            worst: (
                concat!("
select
    k.column1 as brand_id,
    k.column2 as ", $key, ",
    k.column3 as hour,
    k.column4 as author_id,
    max(x.severity) as worst
from (values "),
                concat!(") as k
cross join matches x
where x.brand_id = k.column1
    and x.author_id = k.column4
    and x.created_at >= k.column3
    and x.created_at < k.column3 + 3600000
    and ", $within, "
    and x.counted in ('o-', 'od-')
group by
    k.column1,
    k.column2,
    k.column3,
    k.column4"),
            ),
        }
    };
}

/// What the mentions of a brand are cut into.
pub(super) trait Slice: Ord + Clone + Into<Value> + Send + Sync {
    /// Where its counts are.
    const TABLES: Tables;

    /// From a row of its tables.
    fn read(row: &AnyRow) -> Result<Self>;
}

/// By source; 0 is all of them together.
impl Slice for i64 {
    const TABLES: Tables = tables!("hours", "author_hours", "source_id", "(k.column2 = 0 or x.source_id = k.column2)");

    fn read(row: &AnyRow) -> Result<Self> {
        row.int("source_id")
    }
}

/// By language; empty when it is not known.
impl Slice for String {
    const TABLES: Tables = tables!("language_hours", "author_language_hours", "lang", "x.lang = k.column2");

    fn read(row: &AnyRow) -> Result<Self> {
        row.text("lang")
    }
}

type Statement = (&'static str, &'static str);

/// The statements of one pair of tables.
pub(super) struct Tables {
    add: Statement,
    read_authors: Statement,
    set_authors: Statement,
    drop_author: &'static str,
    worst: Statement,
}

/// Brand, slice, hour, author.
type AuthorKey<S> = (i64, S, i64, i64);
/// The change of the number of negative mentions. A change of nothing stands for a severity that may have changed.
type AuthorDeltas<S> = BTreeMap<AuthorKey<S>, i64>;
/// Negative mentions, and the worst severity among them in millionths.
type Known<S> = BTreeMap<AuthorKey<S>, (i64, i64)>;
/// Unhappy authors, and the sum of their worst severities, by brand, slice and hour.
type Unhappy<S> = BTreeMap<(i64, S, i64), (i64, i64)>;

/// Differences of one pair of tables that wait to be added.
#[derive(Debug)]
pub(super) struct Differences<S> {
    hours: BTreeMap<(i64, S, i64), Counts>,
    authors: AuthorDeltas<S>,
}

impl<S> Default for Differences<S> {
    fn default() -> Self {
        Self { hours: BTreeMap::new(), authors: BTreeMap::new() }
    }
}

impl<S: Slice> Differences<S> {
    /// Adds what one mention counts, or takes it away.
    pub(super) fn change(&mut self, (brand, slice, hour): (i64, S, i64), author: i64, (counts, sign): (Counts, i64)) {
        if counts[3] != 0 {
            *self.authors.entry((brand, slice.clone(), hour, author)).or_default() += sign;
        }
        let sums = self.hours.entry((brand, slice, hour)).or_default();
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += sign * count);
    }

    /// Writes the differences.
    pub(super) async fn apply(self, tx: &mut WriteTx) -> Result<()> {
        let authors = apply_authors(tx, &self.authors).await?;
        let mut rows = Vec::with_capacity(self.hours.len());
        for (key, c) in self.hours {
            let (unhappy, severity) = authors.get(&key).copied().unwrap_or_default();
            if c != Counts::default() || unhappy != 0 || severity != 0 {
                let (brand, slice, hour) = key;
                let slice: Value = slice.into();
                rows.push(values![brand, slice, hour, c[0], c[1], c[2], c[3], c[4], c[5], c[6], unhappy, severity]);
            }
        }
        bulk::execute(tx, S::TABLES.add, rows).await?;
        Ok(())
    }

    /// Whether nothing would be written.
    #[cfg(test)]
    pub(super) fn is_nothing(&self) -> bool {
        self.hours.values().all(|c| *c == Counts::default()) && self.authors.values().all(|n| *n == 0)
    }
}

/// Writes the authors' hours; returns by how much each hour's unhappy authors changed.
async fn apply_authors<S: Slice>(tx: &mut WriteTx, deltas: &AuthorDeltas<S>) -> Result<Unhappy<S>> {
    let known = read_known(tx, deltas).await?;
    let count = |key: &AuthorKey<S>, delta: &i64| known.get(key).map_or(0, |(negative, _)| *negative) + delta;
    let left: Vec<_> = deltas.iter().filter(|(key, delta)| count(key, delta) > 0).map(|(key, _)| key.clone()).collect();
    let worst = read_worst(tx, left).await?;
    let mut changed = Unhappy::new();
    let mut set = Vec::new();
    for (key, delta) in deltas {
        let (before, worst_before) = known.get(key).copied().unwrap_or_default();
        let after = before + delta;
        let (brand, slice, hour, author) = key.clone();
        if after < 0 {
            return Err(StoreError::Inconsistent { table: "author_hours", column: "negative", id: author });
        }
        let worst_after = if after > 0 { worst.get(key).copied().unwrap_or(0) } else { 0 };
        let (unhappy, severity) = changed.entry((brand, slice.clone(), hour)).or_default();
        *unhappy += i64::from(after > 0) - i64::from(before > 0);
        *severity += worst_after - worst_before;
        if after == 0 && before > 0 {
            let query = author_values((brand, slice, hour, author)).into_iter().fold(sqlx::query(S::TABLES.drop_author), bulk::bind);
            query.execute(&mut **tx).await?;
        } else if after > 0 && (after, worst_after) != (before, worst_before) {
            let mut row = author_values((brand, slice, hour, author));
            row.extend(values![after, worst_after]);
            set.push(row);
        }
    }
    bulk::execute(tx, S::TABLES.set_authors, set).await?;
    Ok(changed)
}

async fn read_known<S: Slice>(tx: &mut WriteTx, deltas: &AuthorDeltas<S>) -> Result<Known<S>> {
    let keys = deltas.keys().cloned().map(author_values).collect();
    let mut known = Known::new();
    for row in bulk::fetch(tx, S::TABLES.read_authors, keys).await? {
        known.insert(author_key(&row)?, (row.int("negative")?, row.int("worst")?));
    }
    Ok(known)
}

async fn read_worst<S: Slice>(tx: &mut WriteTx, keys: Vec<AuthorKey<S>>) -> Result<AuthorDeltas<S>> {
    let keys = keys.into_iter().map(author_values).collect();
    let mut worst = AuthorDeltas::new();
    for row in bulk::fetch(tx, S::TABLES.worst, keys).await? {
        #[expect(clippy::cast_possible_truncation, reason = "a severity is 0..=1")]
        worst.insert(author_key(&row)?, (row.real("worst")?.clamp(0.0, 1.0) * 1e6).round() as i64);
    }
    Ok(worst)
}

fn author_values<S: Slice>((brand, slice, hour, author): AuthorKey<S>) -> Vec<Value> {
    let slice: Value = slice.into();
    values![brand, slice, hour, author]
}

fn author_key<S: Slice>(row: &AnyRow) -> Result<AuthorKey<S>> {
    Ok((row.int("brand_id")?, S::read(row)?, row.int("hour")?, row.int("author_id")?))
}
