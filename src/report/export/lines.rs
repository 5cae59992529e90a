//! CSV and JSON lines.

use std::io::Write as _;

use super::ExportError;
use super::table::{Column, Row, Value};
use crate::domain::formula;

/// Comma-separated values (RFC 4180) with a header.
#[derive(Debug)]
pub(super) struct Csv {
    columns: &'static [Column],
    header: Header,
}

#[derive(Debug, PartialEq, Eq)]
enum Header {
    Wanted,
    Written,
}

impl Csv {
    pub(super) const fn new(columns: &'static [Column]) -> Self {
        Self { columns, header: Header::Wanted }
    }

    /// The header comes before the first rows, also when there are none.
    pub(super) fn rows(&mut self, rows: &[Row<'_>]) -> Result<Vec<u8>, ExportError> {
        let mut writer = csv::Writer::from_writer(Vec::with_capacity(rows.len() * 256));
        let refused = |e: csv::Error| ExportError::Row(e.to_string());
        if self.header == Header::Wanted {
            self.header = Header::Written;
            writer.write_record(self.columns.iter().map(|c| c.name)).map_err(refused)?;
        }
        let mut number = String::new();
        for row in rows {
            for value in row.values() {
                match value {
                    Value::Text(text) => match formula::defused(text) {
                        Some(harmless) => writer.write_field(harmless),
                        None => writer.write_field(text.as_bytes()),
                    },
                    other => {
                        number.clear();
                        write_plain(other, &mut number);
                        writer.write_field(&number)
                    }
                }
                .map_err(refused)?;
            }
            writer.write_record(None::<&[u8]>).map_err(refused)?;
        }
        writer.into_inner().map_err(|e| ExportError::Row(e.to_string()))
    }
}

fn write_plain(value: &Value<'_>, out: &mut String) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Int(n) => write!(out, "{n}"),
        Value::Short(n) => write!(out, "{n}"),
        Value::Real(n) => write!(out, "{n}"),
        Value::Text(text) => write!(out, "{text}"),
        Value::Word(word) => write!(out, "{word}"),
        Value::Time(at) => write!(out, "{at}"),
    };
}

/// One JSON object a line; what is missing is `null`.
#[derive(Debug)]
pub(super) struct Lines {
    /// `"name":` of each column.
    keys: Vec<String>,
}

impl Lines {
    pub(super) fn new(columns: &'static [Column]) -> Self {
        Self { keys: columns.iter().map(|c| format!("\"{}\":", c.name)).collect() }
    }

    pub(super) fn rows(&self, rows: &[Row<'_>]) -> Result<Vec<u8>, ExportError> {
        let mut out = Vec::with_capacity(rows.len() * 512);
        for row in rows {
            self.row(row, &mut out).map_err(|e| ExportError::Row(e.to_string()))?;
        }
        Ok(out)
    }

    fn row(&self, row: &Row<'_>, out: &mut Vec<u8>) -> std::io::Result<()> {
        let mut before = b'{';
        for (key, value) in self.keys.iter().zip(row.values()) {
            out.push(before);
            out.extend_from_slice(key.as_bytes());
            match value {
                Value::Null => out.extend_from_slice(b"null"),
                Value::Int(n) => write!(out, "{n}")?,
                Value::Short(n) => serde_json::to_writer(&mut *out, n)?,
                Value::Real(n) => serde_json::to_writer(&mut *out, n)?,
                Value::Text(text) => serde_json::to_writer(&mut *out, text)?,
                Value::Word(word) => serde_json::to_writer(&mut *out, word)?,
                Value::Time(at) => write!(out, "\"{at}\"")?,
            }
            before = b',';
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}
