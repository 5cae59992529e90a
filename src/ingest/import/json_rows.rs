//! JSON lines: one object a line, keys as the columns of a CSV file.

use std::io::{BufRead, Read as Input};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::ImportError;
use super::limited::MAX_ROW;
use super::row::{Cells, Column, Read, Rejected, Row, Unknown};
use crate::domain::time::Millis;

/// Reads all rows into the channel.
pub(super) fn read(mut input: impl BufRead, latest: Millis, rows: &mpsc::Sender<Read>) -> Result<(), ImportError> {
    let mut unknown = Unknown::default();
    let (mut line, mut bytes) = (0, 0);
    let mut text = Vec::new();
    loop {
        line += 1;
        text.clear();
        let limit = MAX_ROW as u64 + 1;
        let mut read = input.by_ref().take(limit).read_until(b'\n', &mut text).map_err(ImportError::Unreadable)? as u64;
        if read == 0 {
            return Ok(());
        }
        let endless = read == limit && text.last() != Some(&b'\n');
        if endless {
            read += skip_line(&mut input)?;
        }
        bytes += read;
        let row = if endless {
            Err(Rejected::new(line, format!("longer than {MAX_ROW} bytes"), &text))
        } else if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            row(&text, line, latest, &mut unknown)
        };
        if rows.blocking_send(Read { bytes, row, unknown: unknown.take() }).is_err() {
            return Ok(());
        }
    }
}

/// Drops the rest of a line; returns how much that was.
fn skip_line(input: &mut impl BufRead) -> Result<u64, ImportError> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf().map_err(ImportError::Unreadable)?;
        let end = buffer.iter().position(|b| *b == b'\n');
        let part = end.map_or(buffer.len(), |at| at + 1);
        let done = end.is_some() || buffer.is_empty();
        input.consume(part);
        skipped += part as u64;
        if done {
            return Ok(skipped);
        }
    }
}

fn row(text: &[u8], line: u64, latest: Millis, unknown: &mut Unknown) -> Result<Row, Rejected> {
    let mut read = || {
        let object: Map<String, Value> = serde_json::from_slice(text).map_err(|e| format!("no JSON object: {e}"))?;
        let mut values: Vec<(Column, String)> = Vec::with_capacity(object.len());
        for (key, value) in object {
            match Column::parse(&key) {
                Some(column) => values.push((column, as_cell(column, value)?)),
                None => unknown.note(&key),
            }
        }
        let mut cells = Cells::default();
        for (column, value) in &values {
            cells.set(*column, value);
        }
        cells.post(latest)
    };
    match read() {
        Ok((brand, post)) => Ok(Row { line, brand, post }),
        Err(reason) => Err(Rejected::new(line, reason, text.trim_ascii())),
    }
}

pub(super) fn as_cell(column: Column, value: Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        // Beyond 64 bits JSON readers round, and an id that is off by one is another post.
        Value::Number(n) if n.is_i64() || n.is_u64() => Ok(n.to_string()),
        _ => Err(format!("{}: neither text nor a whole number", column.name())),
    }
}
