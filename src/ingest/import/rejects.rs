//! The file with the rows that were not kept.

use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::ImportError;
use super::row::Rejected;

/// Made with the first bad row.
pub(super) struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    /// Removes what an earlier import left there: it would be taken for this one's.
    pub(super) fn new(path: PathBuf) -> Result<Self, ImportError> {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(ImportError::Rejects { path, source }),
            _ => Ok(Self { path, writer: None }),
        }
    }

    pub(super) fn write(&mut self, rejected: &Rejected) -> Result<(), ImportError> {
        let line = rejected.line.to_string();
        let written = match &mut self.writer {
            Some(writer) => writer.write_record([&line, &rejected.reason, &rejected.raw]),
            None => csv::Writer::from_path(&self.path).and_then(|mut writer| {
                writer.write_record(["line", "reason", "raw"])?;
                writer.write_record([&line, &rejected.reason, &rejected.raw])?;
                self.writer = Some(writer);
                Ok(())
            }),
        };
        written.map_err(|e| self.failed(e.into()))
    }

    /// The path, when there is such a file.
    pub(super) fn finish(mut self) -> Result<Option<PathBuf>, ImportError> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        writer.flush().map_err(|e| self.failed(e))?;
        Ok(Some(self.path))
    }

    fn failed(&self, source: std::io::Error) -> ImportError {
        ImportError::Rejects { path: self.path.clone(), source }
    }
}
