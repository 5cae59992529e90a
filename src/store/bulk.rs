//! Statements over many rows at once: `values ($1, $2), ($3, $4)`.
//!
//! A join begins `from (values …) as k cross join …`: SQLite keeps the order of a cross join, so that it looks up each of
//! the rows by an index. Left to choose, it may walk a whole table for them. To PostgreSQL it is a join as any other.

use std::fmt::Write;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::Result;

/// Rows a statement. Full chunks share one prepared statement; a page of 100 posts takes two.
const CHUNK: usize = 50;

/// A value to bind. Each kind of null has its type: PostgreSQL wants to know it.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Int(i64),
    Real(f64),
    Text(String),
    MaybeInt(Option<i64>),
    MaybeText(Option<String>),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident,)+) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}
value_from! {
    i64 => Int,
    f64 => Real,
    String => Text,
    &str => Text,
    Option<i64> => MaybeInt,
    Option<String> => MaybeText,
}

/// One row of values, each converted.
macro_rules! values {
    ($($value:expr),+ $(,)?) => { vec![$($crate::store::bulk::Value::from($value)),+] };
}
pub(super) use values;

type Query = sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

/// Runs `head (…), (…) tail` over all rows, in chunks; returns the rows that were touched.
pub(super) async fn execute(tx: &mut AnyConnection, (head, tail): (&str, &str), rows: Vec<Vec<Value>>) -> Result<u64> {
    let mut touched = 0;
    for chunk in chunks(rows) {
        let query = query(Marks::of(tx), (head, tail), chunk);
        touched += query.execute(&mut *tx).await?.rows_affected();
    }
    Ok(touched)
}

/// Like [`execute`], for statements that answer with rows.
pub(super) async fn fetch(tx: &mut AnyConnection, (head, tail): (&str, &str), rows: Vec<Vec<Value>>) -> Result<Vec<AnyRow>> {
    let mut answer = Vec::new();
    for chunk in chunks(rows) {
        let query = query(Marks::of(tx), (head, tail), chunk);
        answer.extend(query.fetch_all(&mut *tx).await?);
    }
    Ok(answer)
}

/// One-column rows of ids.
pub(super) fn ids(ids: impl IntoIterator<Item = i64>) -> Vec<Vec<Value>> {
    ids.into_iter().map(|id| values![id]).collect()
}

/// Binds one value.
pub(super) fn bind(query: Query, value: Value) -> Query {
    match value {
        Value::Int(v) => query.bind(v),
        Value::Real(v) => query.bind(v),
        Value::Text(v) => query.bind(v),
        Value::MaybeInt(v) => query.bind(v),
        Value::MaybeText(v) => query.bind(v),
    }
}

fn chunks(rows: Vec<Vec<Value>>) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// How values are marked. SQLite takes `$1` for a name and looks names up one by one: a thousand of them cost a million
/// steps. Its bare `?` stands for the next value, which is what a list of rows needs.
#[derive(Clone, Copy)]
enum Marks {
    Bare,
    Numbered,
}

impl Marks {
    fn of(connection: &AnyConnection) -> Self {
        if connection.backend_name() == "SQLite" { Self::Bare } else { Self::Numbered }
    }
}

fn query(marks: Marks, (head, tail): (&str, &str), rows: Vec<Vec<Value>>) -> Query {
    let columns = rows.first().map_or(0, Vec::len);
    let mut sql = String::with_capacity(head.len() + tail.len() + rows.len() * columns * 6);
    sql.push_str(head);
    for row in 0..rows.len() {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = match marks {
                Marks::Bare => write!(sql, "{comma}?"),
                Marks::Numbered => write!(sql, "{comma}${}", row * columns + column + 1),
            };
        }
        sql.push(')');
    }
    sql.push_str(tail);
    // Only texts of this module's callers, which are constants, and numbers made here.
    let keep = rows.len() == CHUNK || rows.len() == 1;
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(keep);
    rows.into_iter().flatten().fold(query, bind)
}
