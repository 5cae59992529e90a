//! Reading columns of a row.

use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Result, StoreError};
use crate::domain::time::Millis;

/// Typed columns of a row. A missing value where one is needed is an error, never a panic.
pub(super) trait Cells {
    fn int(&self, column: &str) -> Result<i64>;
    fn maybe_int(&self, column: &str) -> Result<Option<i64>>;
    fn real(&self, column: &str) -> Result<f64>;
    fn text(&self, column: &str) -> Result<String>;
    fn maybe_text(&self, column: &str) -> Result<Option<String>>;

    fn at(&self, column: &str) -> Result<Millis> {
        self.int(column).map(Millis::new)
    }

    fn maybe_at(&self, column: &str) -> Result<Option<Millis>> {
        Ok(self.maybe_int(column)?.map(Millis::new))
    }
}

impl Cells for AnyRow {
    fn int(&self, column: &str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn maybe_int(&self, column: &str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn real(&self, column: &str) -> Result<f64> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &str) -> Result<String> {
        Ok(self.try_get(column)?)
    }

    fn maybe_text(&self, column: &str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }
}

/// `value`, or which cell is wrong.
pub(super) fn readable<T>(value: Option<T>, (table, column, id): (&'static str, &'static str, i64)) -> Result<T> {
    value.ok_or(StoreError::Inconsistent { table, column, id })
}

/// JSON of a cell, or which cell is wrong.
pub(super) fn json<T: DeserializeOwned>(text: &str, cell: (&'static str, &'static str, i64)) -> Result<T> {
    readable(serde_json::from_str(text).ok(), cell)
}

/// JSON for a cell. Our own types always have one.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StoreError::Other(sqlx::Error::Encode(e.into())))
}

/// Text from outside as a database can hold it: PostgreSQL refuses NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// [`clean`], cut at a character to at most `bytes`.
pub(super) fn clean_to(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    clean(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character_and_holds_no_nul() {
        assert_eq!(clean_to("aé\0b", 2), "a");
        assert_eq!(clean_to("a\0b", 10), "a\u{fffd}b");
    }
}
