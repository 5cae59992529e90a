//! Parquet: typed columns, compressed with Snappy, in groups of rows that are sent as soon as they are full.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::ExportError;
use super::table::{Column, Kind, Row, Value};

/// Rows of a group: memory holds one group.
const GROUP: usize = 20_000;

/// Bytes on their way out: the writer puts them in, [`ParquetWriter`] takes them away.
#[derive(Debug, Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A Parquet file under way.
pub(super) struct ParquetWriter {
    outlet: Outlet,
    file: SerializedFileWriter<Outlet>,
    /// One a column.
    group: Vec<Buffer>,
    /// Rows in it.
    waiting: usize,
    finished: bool,
}

impl std::fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of map_err")]
fn refused(error: ParquetError) -> ExportError {
    ExportError::Row(error.to_string())
}

impl ParquetWriter {
    pub(super) fn new(name: &str, columns: &'static [Column]) -> Result<Self, ExportError> {
        let column = |c: &Column| match c.kind {
            Kind::Int => format!("optional int64 {};", c.name),
            Kind::Real => format!("optional double {};", c.name),
            Kind::Text => format!("optional binary {} (STRING);", c.name),
            Kind::Time => format!("optional int64 {} (TIMESTAMP(MILLIS,true));", c.name),
        };
        let schema = format!("message {name} {{ {} }}", columns.iter().map(column).collect::<Vec<_>>().join(" "));
        let schema = Arc::new(parse_message_type(&schema).map_err(refused)?);
        let properties = WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
        let outlet = Outlet::default();
        let file = SerializedFileWriter::new(outlet.clone(), schema, Arc::new(properties)).map_err(refused)?;
        let group = columns.iter().map(|c| Buffer::new(c.kind)).collect();
        Ok(Self { outlet, file, group, waiting: 0, finished: false })
    }

    pub(super) fn rows(&mut self, rows: &[Row<'_>]) -> Result<Vec<u8>, ExportError> {
        for row in rows {
            for (buffer, value) in self.group.iter_mut().zip(row.values()) {
                buffer.push(value);
            }
        }
        self.waiting += rows.len();
        if self.waiting >= GROUP {
            self.write_group().map_err(refused)?;
        }
        Ok(self.outlet.take())
    }

    /// What is left at the end; empty when it is asked for again.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, ExportError> {
        if self.finished {
            return Ok(Vec::new());
        }
        self.finished = true;
        if self.waiting > 0 {
            self.write_group().map_err(refused)?;
        }
        self.file.finish().map_err(refused)?;
        Write::flush(self.file.inner_mut()).map_err(|e| ExportError::Row(e.to_string()))?;
        Ok(self.outlet.take())
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for buffer in &mut self.group {
            buffer.write(&mut group)?;
        }
        group.close()?;
        self.waiting = 0;
        self.file.flush()?;
        Ok(())
    }
}

/// The values of one column that wait for their group to be full.
#[derive(Debug)]
struct Buffer {
    /// 0 where a value is missing, else 1.
    levels: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Ints(Vec<i64>),
    Reals(Vec<f64>),
    /// All texts in one piece, and where each ends.
    Texts(Vec<u8>, Vec<usize>),
}

impl Buffer {
    const fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Int | Kind::Time => Values::Ints(Vec::new()),
            Kind::Real => Values::Reals(Vec::new()),
            Kind::Text => Values::Texts(Vec::new(), Vec::new()),
        };
        Self { levels: Vec::new(), values }
    }

    /// Takes a value; one of another kind counts as missing.
    fn push(&mut self, value: &Value<'_>) {
        let there = match (&mut self.values, value) {
            (Values::Ints(all), Value::Int(n)) => put(all, *n),
            (Values::Ints(all), Value::Time(at)) => put(all, at.get()),
            (Values::Reals(all), Value::Real(n)) => put(all, *n),
            (Values::Reals(all), Value::Short(n)) => put(all, f64::from(*n)),
            (Values::Texts(bytes, ends), Value::Text(text)) => put_text(bytes, ends, text),
            (Values::Texts(bytes, ends), Value::Word(word)) => put_text(bytes, ends, word),
            _ => 0,
        };
        self.levels.push(there);
    }

    /// Writes what waits, and is empty again.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Outlet>) -> Result<(), ParquetError> {
        match &mut self.values {
            Values::Ints(all) => write_column::<Int64Type>(group, all, &self.levels)?,
            Values::Reals(all) => write_column::<DoubleType>(group, all, &self.levels)?,
            Values::Texts(bytes, ends) => {
                let whole = Bytes::from(std::mem::take(bytes));
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let texts: Vec<ByteArray> = starts.zip(ends.iter()).map(|(from, to)| ByteArray::from(whole.slice(from..*to))).collect();
                write_column::<ByteArrayType>(group, &texts, &self.levels)?;
            }
        }
        self.levels.clear();
        match &mut self.values {
            Values::Ints(all) => all.clear(),
            Values::Reals(all) => all.clear(),
            Values::Texts(_, ends) => ends.clear(),
        }
        Ok(())
    }
}

fn put<T>(all: &mut Vec<T>, value: T) -> i16 {
    all.push(value);
    1
}

fn put_text(bytes: &mut Vec<u8>, ends: &mut Vec<usize>, text: &str) -> i16 {
    bytes.extend_from_slice(text.as_bytes());
    ends.push(bytes.len());
    1
}

fn write_column<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, Outlet>,
    there: &[T::T],
    levels: &[i16],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("a column is missing".to_owned()))?;
    column.typed::<T>().write_batch(there, Some(levels), None)?;
    column.close()
}
