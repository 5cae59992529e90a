//! Parquet: typed columns, compressed with Snappy, in groups of rows that are sent as soon as they are full.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

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
    columns: &'static [Column],
    outlet: Outlet,
    file: SerializedFileWriter<Outlet>,
    group: Vec<Row>,
}

impl std::fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter").field("waiting", &self.group.len()).finish_non_exhaustive()
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
        Ok(Self { columns, outlet, file, group: Vec::new() })
    }

    pub(super) fn rows(&mut self, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        self.group.extend_from_slice(rows);
        if self.group.len() >= GROUP {
            self.write_group().map_err(refused)?;
        }
        Ok(self.outlet.take())
    }

    pub(super) fn finish(&mut self) -> Result<Vec<u8>, ExportError> {
        if !self.group.is_empty() {
            self.write_group().map_err(refused)?;
        }
        self.file.finish().map_err(refused)?;
        Write::flush(self.file.inner_mut()).map_err(|e| ExportError::Row(e.to_string()))?;
        Ok(self.outlet.take())
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.group);
        let mut group = self.file.next_row_group()?;
        for (at, column) in self.columns.iter().enumerate() {
            let values = || rows.iter().map(move |row| row.values().get(at).unwrap_or(&Value::Null));
            match column.kind {
                Kind::Int | Kind::Time => write_column::<Int64Type>(&mut group, values().map(whole))?,
                Kind::Real => write_column::<DoubleType>(&mut group, values().map(real))?,
                Kind::Text => write_column::<ByteArrayType>(&mut group, values().map(bytes))?,
            }
        }
        group.close()?;
        self.file.flush()?;
        Ok(())
    }
}

fn write_column<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, Outlet>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let mut there = Vec::new();
    let mut levels = Vec::new();
    for value in values {
        levels.push(i16::from(value.is_some()));
        there.extend(value);
    }
    let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("a column is missing".to_owned()))?;
    column.typed::<T>().write_batch(&there, Some(&levels), None)?;
    column.close()
}

const fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Time(at) => Some(at.get()),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(n) => Some(*n),
        Value::Short(n) => Some(f64::from(*n)),
        _ => None,
    }
}

fn bytes(value: &Value) -> Option<ByteArray> {
    match value {
        Value::Text(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
        Value::Word(word) => Some(ByteArray::from(*word)),
        _ => None,
    }
}
