//! XLSX: real numbers and dates, filters on, the header in sight.
//!
//! Rows go to a temporary file as they come, and the finished workbook to another one, from which it is read piece by piece.

use std::fs::File;
use std::io::{Read, Seek};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::ExportError;
use super::table::{Column, Kind, Row, Value};
use crate::domain::time::DAY_MS;

/// Most rows: what a sheet can have, less its header.
pub const MOST_ROWS: u64 = 1_048_575;
/// Characters of a cell, in UTF-16 as spreadsheets count them.
const MOST_TEXT: usize = 32_000;
/// Days from 1899-12-30, where spreadsheets begin to count, to 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;
/// Whole numbers above this lose digits in a spreadsheet: ids are written as texts.
const EXACT: i64 = 1 << 53;

/// Bytes of a finished workbook that are handed on at a time.
const PIECE: usize = 256 * 1024;

/// A workbook under way.
pub(super) struct SheetWriter {
    /// `None` once it is finished.
    workbook: Option<Workbook>,
    /// The finished one.
    saved: Option<File>,
    columns: &'static [Column],
    time: Format,
    next: u32,
}

impl std::fmt::Debug for SheetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SheetWriter").field("next", &self.next).finish_non_exhaustive()
    }
}

fn refused(error: &XlsxError) -> ExportError {
    ExportError::Row(error.to_string())
}

impl SheetWriter {
    pub(super) fn new(name: &str, columns: &'static [Column]) -> Result<Self, ExportError> {
        let mut workbook = Workbook::new();
        let head = Format::new().set_bold();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(|e| refused(&e))?;
        let begin = || -> Result<(), XlsxError> {
            sheet.set_name(name)?;
            for (col, column) in (0_u16..).zip(columns) {
                sheet.write_string_with_format(0, col, column.name, &head)?;
                let width = match column.kind {
                    Kind::Time => 20.0,
                    Kind::Text => 24.0,
                    Kind::Int | Kind::Real => 12.0,
                };
                sheet.set_column_width(col, width)?;
            }
            sheet.set_freeze_panes(1, 0)?;
            Ok(())
        };
        let mut begin = begin;
        begin().map_err(|e| refused(&e))?;
        Ok(Self { workbook: Some(workbook), saved: None, columns, time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"), next: 1 })
    }

    pub(super) fn rows(&mut self, rows: &[Row<'_>]) -> Result<(), ExportError> {
        for row in rows {
            if u64::from(self.next) > MOST_ROWS {
                return Err(ExportError::TooMany { limit: MOST_ROWS });
            }
            self.row(row).map_err(|e| refused(&e))?;
            self.next += 1;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), XlsxError> {
        let Some(workbook) = &mut self.workbook else { return Ok(()) };
        let sheet = workbook.worksheet_from_index(0)?;
        for (col, value) in (0_u16..).zip(row.values()) {
            match value {
                Value::Null => {}
                Value::Int(n) if n.abs() > EXACT => {
                    sheet.write_string(self.next, col, n.to_string())?;
                }
                Value::Int(n) => {
                    sheet.write_number(self.next, col, *n as f64)?;
                }
                Value::Short(n) => {
                    sheet.write_number(self.next, col, f64::from(*n))?;
                }
                Value::Real(n) => {
                    sheet.write_number(self.next, col, *n)?;
                }
                // As a text whatever it begins with: no cell is run.
                Value::Text(text) => {
                    sheet.write_string(self.next, col, fitting(text))?;
                }
                Value::Word(word) => {
                    sheet.write_string(self.next, col, *word)?;
                }
                Value::Time(at) => {
                    let days = at.get() as f64 / DAY_MS as f64 + EPOCH_DAYS;
                    sheet.write_number_with_format(self.next, col, days, &self.time)?;
                }
            }
        }
        Ok(())
    }

    /// The next piece of the finished workbook; empty at its end. Compressing it takes a while: not on this thread.
    pub(super) async fn rest(&mut self) -> Result<Vec<u8>, ExportError> {
        if let Some(workbook) = self.workbook.take() {
            let cells = (self.next.saturating_sub(1), u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(0));
            let saving = tokio::task::spawn_blocking(move || save(workbook, cells));
            self.saved = Some(saving.await.map_err(|_| ExportError::Row("the workbook broke".to_owned()))??);
        }
        let mut piece = Vec::new();
        if let Some(file) = &mut self.saved {
            file.take(PIECE as u64).read_to_end(&mut piece).map_err(|e| ExportError::Row(e.to_string()))?;
        }
        Ok(piece)
    }
}

/// The workbook as a file without a name, ready to be read.
fn save(mut workbook: Workbook, (last_row, last_column): (u32, u16)) -> Result<File, ExportError> {
    let sheet = workbook.worksheet_from_index(0).map_err(|e| refused(&e))?;
    sheet.autofilter(0, 0, last_row, last_column).map_err(|e| refused(&e))?;
    let failed = |e: std::io::Error| ExportError::Row(format!("a temporary file: {e}"));
    let mut file = tempfile::tempfile().map_err(failed)?;
    workbook.save_to_writer(&mut file).map_err(|e| refused(&e))?;
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// What a cell can hold: characters that XML can hold, and not more of them than a spreadsheet reads.
fn fitting(text: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= MOST_TEXT
    };
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(|c| allowed(c) && !matches!(c, '\u{fffe}' | '\u{ffff}')).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_what_a_spreadsheet_can_read() {
        assert_eq!(fitting("a\u{0}b\u{b}c\nd"), "abc\nd");
        assert_eq!(fitting(&"😀".repeat(40_000)).encode_utf16().count(), MOST_TEXT);
    }
}
