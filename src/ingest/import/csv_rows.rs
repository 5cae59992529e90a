//! CSV with a header: RFC 4180, columns by name, in any order.

use std::io::{ErrorKind, Read as Input};

use csv::{ByteRecord, Reader};
use tokio::sync::mpsc;

use super::ImportError;
use super::limited::{Limited, MAX_ROW};
use super::row::{Cells, Column, Read, Rejected, Row, Unknown};
use crate::domain::formula;
use crate::domain::time::Millis;

/// Reads all rows into the channel.
pub(super) fn read(input: impl Input, latest: Millis, rows: &mpsc::Sender<Read>) -> Result<(), ImportError> {
    let (input, budget) = Limited::new(input);
    // A row with too few or too many cells is one bad row, and no reason to stop.
    // Rows end at `\n` alone, because only then the parser's line numbers hold for `\r\n` too; the `\r` is trimmed below.
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true).has_headers(false).terminator(csv::Terminator::Any(b'\n'));
    let mut reader = builder.from_reader(input);
    let mut record = ByteRecord::new();
    if next(&mut reader, &mut record)?.is_none() {
        return Err(ImportError::Empty);
    }
    let mut unknown = Unknown::default();
    let header = Header { columns: header(&record, &mut unknown)?, origin: origin(&record) };
    let mut news = unknown.take();
    loop {
        budget.renew();
        let Some(line) = next(&mut reader, &mut record)? else { return Ok(()) };
        let row = row(&header, &record, line, latest);
        let read = Read { bytes: reader.position().byte(), row, unknown: std::mem::take(&mut news) };
        if rows.blocking_send(read).is_err() {
            return Ok(());
        }
    }
}

/// Reads the next record that is not blank and returns the line where it begins; `None` at the end.
fn next(reader: &mut Reader<Limited<impl Input>>, record: &mut ByteRecord) -> Result<Option<u64>, ImportError> {
    loop {
        let from = reader.position().line();
        match reader.read_byte_record(record) {
            Ok(true) if record.len() == 1 && record.as_slice().trim_ascii().is_empty() => {}
            Ok(true) => {
                // The parser skips blank lines without a word: count back from the end of the record.
                let lines = record.as_slice().split(|b| *b == b'\n').count() as u64;
                return Ok(Some(reader.position().line().saturating_sub(lines).max(from)));
            }
            Ok(false) => return Ok(None),
            Err(error) => return Err(unreadable(error, from)),
        }
    }
}

fn unreadable(error: csv::Error, line: u64) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == ErrorKind::InvalidData => ImportError::RowTooLong { line, limit: MAX_ROW },
        csv::ErrorKind::Io(e) => ImportError::Unreadable(e),
        other => ImportError::Unreadable(std::io::Error::other(format!("{other:?}"))),
    }
}

/// What the first line says of the others.
struct Header {
    /// What each cell of a row means; `None`: nothing.
    columns: Vec<Option<Column>>,
    origin: Origin,
}

/// Who wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// `ebb export`: cells that a spreadsheet would run got an apostrophe there, which is taken off again.
    Export,
    /// Somebody else: an apostrophe is part of the text.
    Elsewhere,
}

/// Columns that only our own export has.
const OURS: [&[u8]; 3] = [b"mention", b"why", b"fetched_at"];

fn origin(header: &ByteRecord) -> Origin {
    let has = |name: &&[u8]| header.iter().any(|cell| cell.trim_ascii() == *name);
    if OURS.iter().all(has) { Origin::Export } else { Origin::Elsewhere }
}

/// What each cell of a row means; `None`: nothing.
fn header(record: &ByteRecord, unknown: &mut Unknown) -> Result<Vec<Option<Column>>, ImportError> {
    let mut columns = Vec::with_capacity(record.len());
    for name in record {
        let name = String::from_utf8_lossy(name);
        let column = Column::parse(&name);
        match column {
            None => unknown.note(&name),
            Some(column) if columns.contains(&Some(column)) => return Err(ImportError::RepeatedColumn(column.name().to_owned())),
            Some(_) => {}
        }
        columns.push(column);
    }
    let missing: Vec<&str> = Column::NEEDED.iter().filter(|c| !columns.contains(&Some(**c))).map(|c| c.name()).collect();
    if missing.is_empty() { Ok(columns) } else { Err(ImportError::MissingColumns { missing: missing.join(", ") }) }
}

fn row(header: &Header, record: &ByteRecord, line: u64, latest: Millis) -> Result<Row, Rejected> {
    let read = || {
        let columns = &header.columns;
        if record.len() != columns.len() {
            return Err(format!("{} cells, but the header has {}", record.len(), columns.len()));
        }
        let mut cells = Cells::default();
        for (column, cell) in columns.iter().zip(record) {
            let Some(column) = column else { continue };
            let text = std::str::from_utf8(cell).map_err(|_| format!("{}: not UTF-8", column.name()))?;
            cells.set(*column, if header.origin == Origin::Export { formula::restored(text) } else { text });
        }
        cells.post(latest)
    };
    match read() {
        Ok((brand, post)) => Ok(Row { line, brand, post }),
        Err(reason) => Err(Rejected::new(line, reason, &as_csv(record))),
    }
}

/// The record as it could have stood in the file.
fn as_csv(record: &ByteRecord) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let last = record.len().saturating_sub(1);
    let bare = |(at, cell)| if at == last { <[u8]>::strip_suffix(cell, b"\r").unwrap_or(cell) } else { cell };
    let written = writer.write_record(record.iter().enumerate().map(bare)).is_ok();
    let mut bytes = writer.into_inner().unwrap_or_default();
    while written && matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    bytes
}
