//! Counts an hour, kept in the transaction that changes what they count.
//!
//! What a match adds to the counts is a pure function of its [`Place`] and its [`Standing`]; `matches.counted`
//! holds the standing that is counted at present. [`recount`] reads the rows as they are now, and adds the
//! difference. So every change (a score, a correction, an edit, a deletion, a copy that becomes the original)
//! writes its own rows and calls `recount`; only new mentions, whose standing is known, skip that read.
//!
//! What is decided here:
//!
//! - A deleted mention keeps its hour's class and its unhappy author: it was said, and history does not change
//!   because somebody deletes a post. It counts in `mentions` and `deleted`.
//! - An edited text has no label until it is scored again, and is in no class for that time.
//! - Copies count in `mentions` and `copies` only.
//! - What is about another brand ([`super::filter`]) counts in `hidden` only.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;

use super::bulk::{self, Value, values};
use super::row::{Cells, readable};
use super::{Result, StoreError, WriteTx};
use crate::domain::sentiment::Label;
use crate::domain::time::Millis;

/// Where a match counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) brand: i64,
    pub(super) source: i64,
    pub(super) author: i64,
    pub(super) created_at: Millis,
}

/// As what a match counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) copy: bool,
    pub(super) deleted: bool,
    /// About another brand.
    pub(super) hidden: bool,
    pub(super) label: Option<Label>,
}

impl Standing {
    /// Such as `o?`, `cd-`, `ho+`: hidden, own or copy, deleted, and the class.
    pub(super) fn encode(self) -> String {
        let label = match self.label {
            None => '?',
            Some(Label::Negative) => '-',
            Some(Label::Neutral) => '0',
            Some(Label::Positive) => '+',
        };
        let mut text = String::from(if self.hidden { "h" } else { "" });
        text.push(if self.copy { 'c' } else { 'o' });
        if self.deleted {
            text.push('d');
        }
        text.push(label);
        text
    }

    fn decode(text: &str) -> Option<Self> {
        let (hidden, text) = text.strip_prefix('h').map_or((false, text), |rest| (true, rest));
        let (copy, rest) = match text.split_at_checked(1)? {
            ("o", rest) => (false, rest),
            ("c", rest) => (true, rest),
            _ => return None,
        };
        let (deleted, rest) = rest.strip_prefix('d').map_or((false, rest), |rest| (true, rest));
        let label = match rest {
            "?" => None,
            "-" => Some(Label::Negative),
            "0" => Some(Label::Neutral),
            "+" => Some(Label::Positive),
            _ => return None,
        };
        Some(Self { copy, deleted, hidden, label })
    }
}

/// mentions, copies, deleted, negative, neutral, positive, hidden
type Counts = [i64; 7];

fn counts(standing: Standing) -> Counts {
    if standing.hidden {
        return [0, 0, 0, 0, 0, 0, 1];
    }
    let class = |label| i64::from(!standing.copy && standing.label == Some(label));
    let (copy, deleted) = (i64::from(standing.copy), i64::from(standing.deleted));
    [1, copy, deleted, class(Label::Negative), class(Label::Neutral), class(Label::Positive), 0]
}

/// Differences that wait to be added. Sorted, so that all writers touch rows in the same order.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    hours: BTreeMap<(i64, i64, i64), Counts>,
    authors: BTreeMap<(i64, i64, i64, i64), i64>,
}

impl Deltas {
    pub(super) fn add(&mut self, place: Place, standing: Standing) {
        self.change(place, standing, 1);
    }

    pub(super) fn take(&mut self, place: Place, standing: Standing) {
        self.change(place, standing, -1);
    }

    fn change(&mut self, place: Place, standing: Standing, sign: i64) {
        let counts = counts(standing);
        let hour = place.created_at.hour().get();
        for source in [place.source, 0] {
            let sums = self.hours.entry((place.brand, source, hour)).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += sign * count);
            if counts[3] != 0 {
                *self.authors.entry((place.brand, source, hour, place.author)).or_default() += sign;
            }
        }
    }

    /// Writes the differences.
    pub(super) async fn apply(self, tx: &mut WriteTx) -> Result<()> {
        let authors = apply_authors(tx, &self.authors).await?;
        let mut rows = Vec::with_capacity(self.hours.len());
        for ((brand, source, hour), c) in self.hours {
            let (unhappy, severity) = authors.get(&(brand, source, hour)).copied().unwrap_or_default();
            if c != Counts::default() || unhappy != 0 || severity != 0 {
                rows.push(values![brand, source, hour, c[0], c[1], c[2], c[3], c[4], c[5], c[6], unhappy, severity]);
            }
        }
        bulk::execute(tx, ADD_HOURS, rows).await?;
        Ok(())
    }
}

const ADD_HOURS: (&str, &str) = (
    "
insert into hours (
    brand_id,
    source_id,
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
values ",
    "
on conflict (brand_id, source_id, hour) do update set
    mentions = hours.mentions + excluded.mentions,
    copies = hours.copies + excluded.copies,
    deleted = hours.deleted + excluded.deleted,
    negative = hours.negative + excluded.negative,
    neutral = hours.neutral + excluded.neutral,
    positive = hours.positive + excluded.positive,
    hidden = hours.hidden + excluded.hidden,
    unhappy = hours.unhappy + excluded.unhappy,
    severity = hours.severity + excluded.severity",
);

const READ_AUTHORS: (&str, &str) = (
    "
select
    a.brand_id,
    a.source_id,
    a.hour,
    a.author_id,
    a.negative,
    a.worst
from (values ",
    ") as k
cross join author_hours a
where a.brand_id = k.column1
    and a.source_id = k.column2
    and a.hour = k.column3
    and a.author_id = k.column4",
);

const SET_AUTHORS: (&str, &str) = (
    "
insert into author_hours (
    brand_id,
    source_id,
    hour,
    author_id,
    negative,
    worst
)
values ",
    "
on conflict (brand_id, source_id, hour, author_id) do update set
    negative = excluded.negative,
    worst = excluded.worst",
);

const DROP_AUTHOR: &str = "
delete from author_hours
where brand_id = $1
    and source_id = $2
    and hour = $3
    and author_id = $4";

/// The worst of what counts as negative, copies aside: the matches say what is counted now.
const READ_WORST: (&str, &str) = (
    "
select
    k.column1 as brand_id,
    k.column2 as source_id,
    k.column3 as hour,
    k.column4 as author_id,
    max(x.severity) as worst
from (values ",
    ") as k
cross join matches x
where x.brand_id = k.column1
    and x.author_id = k.column4
    and x.created_at >= k.column3
    and x.created_at < k.column3 + 3600000
    and (k.column2 = 0 or x.source_id = k.column2)
    and x.counted in ('o-', 'od-')
group by
    k.column1,
    k.column2,
    k.column3,
    k.column4",
);

/// By brand, source, hour and author: the change of the number of negative mentions. A change of nothing stands for
/// a severity that may have changed.
type AuthorHours = BTreeMap<(i64, i64, i64, i64), i64>;
/// By the same: negative mentions, and the worst severity among them in millionths.
type Known = BTreeMap<(i64, i64, i64, i64), (i64, i64)>;

/// Writes the authors' hours; returns by how much the number of unhappy authors of each hour changed, and the sum of
/// their worst severities.
async fn apply_authors(tx: &mut WriteTx, deltas: &AuthorHours) -> Result<BTreeMap<(i64, i64, i64), (i64, i64)>> {
    let known = read_known(tx, deltas).await?;
    let count = |key: &(i64, i64, i64, i64), delta: &i64| known.get(key).map_or(0, |(negative, _)| *negative) + delta;
    let left: Vec<_> = deltas.iter().filter(|(key, delta)| count(key, delta) > 0).map(|(key, _)| *key).collect();
    let worst = read_worst(tx, &left).await?;
    let mut changed: BTreeMap<(i64, i64, i64), (i64, i64)> = BTreeMap::new();
    let mut set = Vec::new();
    for (&key @ (brand, source, hour, author), delta) in deltas {
        let (before, worst_before) = known.get(&key).copied().unwrap_or_default();
        let after = before + delta;
        if after < 0 {
            return Err(StoreError::Inconsistent { table: "author_hours", column: "negative", id: author });
        }
        let worst_after = if after > 0 { worst.get(&key).copied().unwrap_or(0) } else { 0 };
        let (unhappy, severity) = changed.entry((brand, source, hour)).or_default();
        *unhappy += i64::from(after > 0) - i64::from(before > 0);
        *severity += worst_after - worst_before;
        if after == 0 && before > 0 {
            sqlx::query(DROP_AUTHOR).bind(brand).bind(source).bind(hour).bind(author).execute(&mut **tx).await?;
        } else if after > 0 && (after, worst_after) != (before, worst_before) {
            set.push(values![brand, source, hour, author, after, worst_after]);
        }
    }
    bulk::execute(tx, SET_AUTHORS, set).await?;
    Ok(changed)
}

async fn read_known(tx: &mut WriteTx, deltas: &AuthorHours) -> Result<Known> {
    let keys = deltas.keys().map(|&(b, s, h, a)| values![b, s, h, a]).collect();
    let mut known = Known::new();
    for row in bulk::fetch(tx, READ_AUTHORS, keys).await? {
        known.insert(author_key(&row)?, (row.int("negative")?, row.int("worst")?));
    }
    Ok(known)
}

async fn read_worst(tx: &mut WriteTx, keys: &[(i64, i64, i64, i64)]) -> Result<AuthorHours> {
    let keys = keys.iter().map(|&(b, s, h, a)| values![b, s, h, a]).collect();
    let mut worst = AuthorHours::new();
    for row in bulk::fetch(tx, READ_WORST, keys).await? {
        #[expect(clippy::cast_possible_truncation, reason = "a severity is 0..=1")]
        worst.insert(author_key(&row)?, (row.real("worst")?.clamp(0.0, 1.0) * 1e6).round() as i64);
    }
    Ok(worst)
}

fn author_key(row: &AnyRow) -> Result<(i64, i64, i64, i64)> {
    Ok((row.int("brand_id")?, row.int("source_id")?, row.int("hour")?, row.int("author_id")?))
}

const READ_MATCHES: (&str, &str) = (
    "
select
    x.brand_id,
    x.mention_id,
    x.author_id,
    x.source_id,
    x.created_at,
    x.label,
    x.severity,
    x.counted,
    x.hidden,
    m.author_id as author_now,
    m.repost,
    m.copy_of,
    m.deleted_at,
    s.label as scored,
    s.severity as severity_now,
    c.label as corrected
from (values ",
    ") as k
cross join matches x
cross join mentions m
left join scores s
    on s.mention_id = x.mention_id
left join corrections c
    on c.mention_id = x.mention_id
where x.mention_id = k.column1
    and m.id = x.mention_id
order by
    x.brand_id,
    x.mention_id",
);

const UPDATE_MATCHES: (&str, &str) = (
    "
update matches set
    author_id = v.column3,
    label = v.column4,
    severity = v.column5,
    counted = v.column6
from (values ",
    ") as v
where matches.brand_id = v.column1
    and matches.mention_id = v.column2",
);

/// Brings the matches of these mentions, and the counts, in line with the rows as they are now.
pub(super) async fn recount(tx: &mut WriteTx, mentions: &BTreeSet<i64>) -> Result<()> {
    let mut deltas = Deltas::default();
    let mut updates: Vec<Vec<Value>> = Vec::new();
    for row in bulk::fetch(tx, READ_MATCHES, bulk::ids(mentions.iter().copied())).await? {
        if let Some(update) = recount_match(&row, &mut deltas)? {
            updates.push(update);
        }
    }
    bulk::execute(tx, UPDATE_MATCHES, updates).await?;
    deltas.apply(tx).await
}

/// The new values of a match when they differ from the stored ones.
fn recount_match(row: &AnyRow, deltas: &mut Deltas) -> Result<Option<Vec<Value>>> {
    let (brand, mention) = (row.int("brand_id")?, row.int("mention_id")?);
    let place = Place { brand, source: row.int("source_id")?, author: row.int("author_id")?, created_at: row.at("created_at")? };
    let place_now = Place { author: row.int("author_now")?, ..place };
    let deleted = row.maybe_int("deleted_at")?.is_some();
    let word = row.text("label")?;
    let known = label(Some(&word), ("matches", "label", mention))?;
    let corrected = label(row.maybe_text("corrected")?.as_deref(), ("corrections", "label", mention))?;
    let scored = label(row.maybe_text("scored")?.as_deref(), ("scores", "label", mention))?;
    // A tombstone has lost its score, not what it counts as.
    let label_now = if deleted { known } else { corrected.or(scored) };
    let severity = row.real("severity")?;
    let severity_now = match (deleted, label_now, scored) {
        (true, ..) => severity,
        (false, Some(_), Some(_)) => row.real("severity_now")?,
        _ => 0.0,
    };
    let copy = row.int("repost")? != 0 || row.maybe_int("copy_of")?.is_some();
    let now = Standing { copy, deleted, hidden: row.int("hidden")? != 0, label: label_now };
    let counted = row.text("counted")?;
    if counted == now.encode() && place == place_now && severity.to_bits() == severity_now.to_bits() {
        return Ok(None);
    }
    if !counted.is_empty() {
        deltas.take(place, readable(Standing::decode(&counted), ("matches", "counted", mention))?);
    }
    deltas.add(place_now, now);
    let word = label_now.map_or("", Label::as_str);
    Ok(Some(values![brand, mention, place_now.author, word, severity_now, now.encode()]))
}

/// A stored label; empty and missing mean none.
pub(super) fn label(word: Option<&str>, cell: (&'static str, &'static str, i64)) -> Result<Option<Label>> {
    match word {
        None | Some("") => Ok(None),
        Some(word) => readable(word.parse().ok(), cell).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_reads_back_as_it_was_written() {
        for copy in [false, true] {
            for deleted in [false, true] {
                for label in [None, Some(Label::Negative), Some(Label::Neutral), Some(Label::Positive)] {
                    for hidden in [false, true] {
                        let standing = Standing { copy, deleted, hidden, label };
                        assert_eq!(Standing::decode(&standing.encode()), Some(standing));
                    }
                }
            }
        }
        for bad in ["", "x?", "o", "od", "o!", "é", "h", "hh?", "ch?"] {
            assert_eq!(Standing::decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_added_and_taken_again_leaves_nothing() {
        let place = Place { brand: 1, source: 2, author: 3, created_at: Millis::new(5) };
        let standing = Standing { copy: false, deleted: true, hidden: false, label: Some(Label::Negative) };
        let mut deltas = Deltas::default();
        deltas.add(place, standing);
        deltas.take(place, standing);
        assert!(deltas.hours.values().all(|c| *c == Counts::default()));
        assert!(deltas.authors.values().all(|d| *d == 0));
    }
}
