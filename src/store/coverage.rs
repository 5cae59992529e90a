//! What was asked, answered and read, per source and hour.

use sqlx::any::AnyRow;

use super::bulk::{self, Value, values};
use super::row::Cells;
use super::{Result, SourceLease, Store, WriteTx};
use crate::domain::ids::SourceId;
use crate::domain::source::HourCoverage;
use crate::domain::time::{DAY_MS, Millis, Span};

/// Longer spans are cut to their end: one row an hour. Old history counts as covered all the same, however old it is: it
/// may be replayed.
const LONGEST_MS: i64 = 5 * 366 * DAY_MS;

const READ: &str = "
select
    source_id,
    hour,
    asked,
    answered,
    items,
    covered_ms
from coverage
where hour >= $1
    and hour < $2
order by
    source_id,
    hour";

const READ_ONE: &str = "
select
    source_id,
    hour,
    asked,
    answered,
    items,
    covered_ms
from coverage
where source_id = $1
    and hour >= $2
    and hour < $3
order by hour";

const ADD: (&str, &str) = (
    "
insert into coverage (
    source_id,
    hour,
    asked,
    answered,
    items,
    covered_ms
)
values ",
    "
on conflict (source_id, hour) do update set
    asked = coverage.asked + excluded.asked,
    answered = coverage.answered + excluded.answered,
    items = coverage.items + excluded.items,
    covered_ms = case
        when coverage.covered_ms + excluded.covered_ms > 3600000 then 3600000
        else coverage.covered_ms + excluded.covered_ms
    end",
);

const STRETCH: &str = "
select
    covered_from,
    covered_to
from sources
where id = $1";

const SET_STRETCH: &str = "
update sources set
    covered_from = $2,
    covered_to = $3
where id = $1";

/// What happened in one poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poll {
    pub(super) requests: i64,
    pub(super) answered: i64,
    pub(super) items: i64,
}

impl Store {
    /// Coverage of all sources in the hours that begin in `span` (its first hour from its start), by source and hour.
    pub async fn coverage(&self, span: Span) -> Result<Vec<HourCoverage>> {
        let rows = sqlx::query(READ).bind(span.from().hour().get()).bind(span.to().get()).fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// Coverage of one source in the hours that begin in `span` (its first hour from its start), by hour.
    pub async fn coverage_of(&self, source: SourceId, span: Span) -> Result<Vec<HourCoverage>> {
        let query = sqlx::query(READ_ONE).bind(source.get()).bind(span.from().hour().get()).bind(span.to().get());
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<HourCoverage> {
    Ok(HourCoverage {
        source: SourceId::new(row.int("source_id")?),
        hour: row.at("hour")?,
        asked: row.int("asked")?,
        answered: row.int("answered")?,
        items: row.int("items")?,
        covered_ms: row.int("covered_ms")?,
    })
}

/// Counts a poll in the hour of `now`.
pub(super) async fn count_poll(tx: &mut WriteTx, lease: &SourceLease, poll: Poll, now: Millis) -> Result<()> {
    let row = values![lease.id.get(), now.hour().get(), poll.requests, poll.answered, poll.items, 0_i64];
    bulk::execute(tx, ADD, vec![row]).await?;
    Ok(())
}

/// Adds what of `span` is new to the hours that it touches.
pub(super) async fn add_covered(tx: &mut WriteTx, lease: &SourceLease, span: Span, now: Millis) -> Result<()> {
    let to = span.to().min(now);
    let Some(span) = Span::new(span.from().max(to.plus(-LONGEST_MS)), to) else { return Ok(()) };
    let row = sqlx::query(STRETCH).bind(lease.id.get()).fetch_one(&mut **tx).await?;
    let known = row.maybe_at("covered_from")?.zip(row.maybe_at("covered_to")?).and_then(|(from, to)| Span::new(from, to));
    let (new, stretch) = extend(known, span);
    let rows: Vec<Vec<Value>> = new
        .into_iter()
        .flat_map(Span::by_hour)
        .map(|(hour, part)| values![lease.id.get(), hour.get(), 0_i64, 0_i64, 0_i64, part])
        .collect();
    // A span of milliseconds on each side of an hour border names that hour twice: never within one statement.
    for part in merge_same_hour(rows) {
        bulk::execute(tx, ADD, part).await?;
    }
    let query = sqlx::query(SET_STRETCH).bind(lease.id.get()).bind(stretch.from().get()).bind(stretch.to().get());
    query.execute(&mut **tx).await?;
    Ok(())
}

/// The parts of `span` outside the known stretch, and the stretch from now on.
///
/// A span that does not touch the stretch leaves a gap: the later of the two is known from then on, and parts of the
/// earlier one that are read again are added again, up to the whole hour. That errs only after a gap, and never by
/// more than the hour.
fn extend(known: Option<Span>, span: Span) -> (Vec<Span>, Span) {
    let Some(known) = known else { return (vec![span], span) };
    let apart = span.to() < known.from() || known.to() < span.from();
    if apart {
        let later = if span.from() > known.from() { span } else { known };
        return (vec![span], later);
    }
    let before = Span::new(span.from(), known.from());
    let after = Span::new(known.to(), span.to());
    let union = Span::new(span.from().min(known.from()), span.to().max(known.to())).unwrap_or(known);
    (before.into_iter().chain(after).collect(), union)
}

/// Two runs of rows at most: before and after the known stretch, which may both end in the same hour.
fn merge_same_hour(rows: Vec<Vec<Value>>) -> Vec<Vec<Vec<Value>>> {
    let mut runs: Vec<Vec<Vec<Value>>> = vec![Vec::new()];
    let mut last = i64::MIN;
    for row in rows {
        let Some(Value::Int(hour)) = row.get(1).cloned() else { continue };
        if hour <= last {
            runs.push(Vec::new());
        }
        last = hour;
        if let Some(run) = runs.last_mut() {
            run.push(row);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span::new(Millis::new(from), Millis::new(to)).expect("ordered")
    }

    #[test]
    fn only_what_is_outside_the_known_stretch_is_new() {
        let parts = |known, new| extend(Some(known), new).0.into_iter().filter(|s| s.from() < s.to()).collect::<Vec<_>>();
        assert_eq!(parts(span(10, 20), span(12, 18)), []);
        assert_eq!(parts(span(10, 20), span(15, 30)), [span(20, 30)]);
        assert_eq!(parts(span(10, 20), span(5, 30)), [span(5, 10), span(20, 30)]);
        assert_eq!(parts(span(10, 20), span(20, 30)), [span(20, 30)]);
    }

    #[test]
    fn the_later_stretch_is_known_after_a_gap() {
        assert_eq!(extend(None, span(1, 2)).1, span(1, 2));
        assert_eq!(extend(Some(span(10, 20)), span(30, 40)).1, span(30, 40));
        assert_eq!(extend(Some(span(30, 40)), span(10, 20)).1, span(30, 40));
        assert_eq!(extend(Some(span(10, 20)), span(18, 40)).1, span(10, 40));
    }
}
