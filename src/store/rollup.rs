//! Counts an hour, kept in the transaction that changes what they count.
//!
//! What a match adds to the counts is a pure function of its [`Place`] and its [`Standing`]; `matches.counted`
//! holds the standing that is counted at present. [`super::slices`] keeps the tables, by source and by language. [`recount`] reads the rows as they are now, and adds the
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

use std::collections::BTreeSet;

use sqlx::any::AnyRow;

use super::bulk::{self, Value, values};
use super::row::{Cells, readable};
use super::slices::{Counts, Differences};
use super::{Result, WriteTx};
use crate::domain::sentiment::Label;
use crate::domain::time::Millis;

/// Where a match counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) brand: i64,
    pub(super) source: i64,
    pub(super) author: i64,
    pub(super) created_at: Millis,
    /// ISO 639-1; empty when it is not known.
    pub(super) lang: String,
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

fn counts(standing: Standing) -> Counts {
    if standing.hidden {
        return [0, 0, 0, 0, 0, 0, 1];
    }
    let class = |label| i64::from(!standing.copy && standing.label == Some(label));
    let (copy, deleted) = (i64::from(standing.copy), i64::from(standing.deleted));
    [1, copy, deleted, class(Label::Negative), class(Label::Neutral), class(Label::Positive), 0]
}

/// Differences that wait to be added.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    sources: Differences<i64>,
    languages: Differences<String>,
}

impl Deltas {
    pub(super) fn add(&mut self, place: &Place, standing: Standing) {
        self.change(place, standing, 1);
    }

    pub(super) fn take(&mut self, place: &Place, standing: Standing) {
        self.change(place, standing, -1);
    }

    fn change(&mut self, place: &Place, standing: Standing, sign: i64) {
        let (brand, hour, author) = (place.brand, place.created_at.hour().get(), place.author);
        let counts = (counts(standing), sign);
        for source in [place.source, 0] {
            self.sources.change((brand, source, hour), author, counts);
        }
        self.languages.change((brand, place.lang.clone(), hour), author, counts);
    }

    /// Writes the differences.
    pub(super) async fn apply(self, tx: &mut WriteTx) -> Result<()> {
        self.sources.apply(tx).await?;
        self.languages.apply(tx).await
    }
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
    x.lang,
    m.author_id as author_now,
    m.lang as lang_now,
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
    counted = v.column6,
    lang = v.column7
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
    let place = Place {
        brand,
        source: row.int("source_id")?,
        author: row.int("author_id")?,
        created_at: row.at("created_at")?,
        lang: row.text("lang")?,
    };
    let deleted = row.maybe_int("deleted_at")?.is_some();
    // A tombstone has lost its language and its score, not what it counts as.
    let lang_now = if deleted { place.lang.clone() } else { row.maybe_text("lang_now")?.unwrap_or_default() };
    let place_now = Place { author: row.int("author_now")?, lang: lang_now, ..place.clone() };
    let word = row.text("label")?;
    let known = label(Some(&word), ("matches", "label", mention))?;
    let corrected = label(row.maybe_text("corrected")?.as_deref(), ("corrections", "label", mention))?;
    let scored = label(row.maybe_text("scored")?.as_deref(), ("scores", "label", mention))?;
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
        deltas.take(&place, readable(Standing::decode(&counted), ("matches", "counted", mention))?);
    }
    deltas.add(&place_now, now);
    let word = label_now.map_or("", Label::as_str);
    Ok(Some(values![brand, mention, place_now.author, word, severity_now, now.encode(), place_now.lang]))
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
        let place = Place { brand: 1, source: 2, author: 3, created_at: Millis::new(5), lang: "de".to_owned() };
        let standing = Standing { copy: false, deleted: true, hidden: false, label: Some(Label::Negative) };
        let mut deltas = Deltas::default();
        deltas.add(&place, standing);
        assert!(!deltas.sources.is_nothing() && !deltas.languages.is_nothing());
        deltas.take(&place, standing);
        assert!(deltas.sources.is_nothing() && deltas.languages.is_nothing());
    }
}
