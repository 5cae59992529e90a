//! The watched folder: what is dropped there is imported once, and put aside.
//!
//! `FOLDER/*.csv`, `*.jsonl` and `*.ndjson` are imported as by `ebb import`, then moved to `done/`, or to `rejected/` when
//! nothing of them could be used; bad rows stand in `rejected/NAME.rejects.csv`. A file is left alone until two looks in
//! a row found the same size and time: somebody may still be writing it. A file that was imported when the process was
//! killed is imported again, which changes nothing.
//!
//! Whoever may write there is trusted with mentions, not with this machine: links are not followed, and names that are
//! not plain are not touched.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::import::{ImportError, ImportOptions, ImportReport, Origin, import};
use crate::clock::Clock;
use crate::store::Store;

/// Between two looks; a file rests when it is the same for as long.
const LOOK_MS: i64 = 5_000;
/// Entries of the folder that are looked at in one look: the rest waits until these have been moved away.
const MOST_ENTRIES: usize = 1_000;
/// Longest name of a file, bytes.
const MOST_NAME: usize = 150;
/// Tries to find a free name beside files of the same name.
const MOST_NAMESAKES: u32 = 10_000;

/// What one look did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// Files that were imported, with what became of their rows.
    pub imported: Vec<(String, ImportReport)>,
    /// Files of which nothing could be used, with the reason.
    pub refused: Vec<(String, String)>,
    /// Files that have not rested yet.
    pub waiting: usize,
}

/// A file as it was at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    size: u64,
    changed: SystemTime,
}

/// Looks into one folder.
#[derive(Debug)]
pub struct Folder {
    store: Store,
    clock: Clock,
    path: PathBuf,
    /// Of rows that name none.
    brand: Option<String>,
    seen: HashMap<String, Seen>,
}

impl Folder {
    /// A folder that was not looked into yet.
    pub fn new(store: Store, clock: Clock, path: PathBuf, brand: Option<String>) -> Self {
        Self { store, clock, path, brand, seen: HashMap::new() }
    }

    /// Look after look. Ends when `stop` is cancelled, after the file under way.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.look(&stop).await {
                tracing::error!(folder.path = %self.path.display(), error = %error, "The watched folder could not be read; looking again soon");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_ms(LOOK_MS.max(self.clock.real_ms(500))) => {}
            }
        }
    }

    /// One look: imports the files that rest.
    pub async fn look(&mut self, stop: &CancellationToken) -> io::Result<Look> {
        let mut look = Look::default();
        let found = files(&self.path)?;
        let resting: Vec<String> =
            found.iter().filter(|(name, seen)| self.seen.get(*name) == Some(seen)).map(|(name, _)| name.clone()).collect();
        look.waiting = found.len() - resting.len();
        self.seen = found;
        for name in resting {
            if stop.is_cancelled() {
                break;
            }
            self.take(&name, &mut look).await?;
        }
        Ok(look)
    }

    async fn take(&mut self, name: &str, look: &mut Look) -> io::Result<()> {
        let path = self.path.join(name);
        let Some(file) = open(&path)? else { return Ok(()) };
        let rejected = folder(&self.path, "rejected")?;
        let options = ImportOptions {
            name: self.path.file_name().map_or_else(|| "folder".to_owned(), |name| name.to_string_lossy().into_owned()),
            brand: self.brand.clone(),
            rejects: free_name(&rejected, &format!("{name}.rejects.csv"))?,
            origin: Origin::Folder,
        };
        match import(&self.store, &self.clock, file, options, |_| {}).await {
            Ok(report) => {
                let usable = report.kept + report.updated + report.unchanged > 0;
                self.put_aside(name, if usable { "done" } else { "rejected" })?;
                tracing::info!(
                    file.name = name,
                    kept = report.kept,
                    rejected = report.rejected,
                    "A file of the watched folder was imported"
                );
                look.imported.push((name.to_owned(), report));
            }
            // The file waits until the database answers.
            Err(error @ (ImportError::Store(_) | ImportError::Running)) => return Err(io::Error::other(error)),
            Err(error) => {
                let reason = error.to_string();
                std::fs::write(free_name(&rejected, &format!("{name}.reason.txt"))?, format!("{reason}\n"))?;
                self.put_aside(name, "rejected")?;
                tracing::warn!(file.name = name, error = reason, "A file of the watched folder could not be imported");
                look.refused.push((name.to_owned(), reason));
            }
        }
        Ok(())
    }

    fn put_aside(&mut self, name: &str, place: &str) -> io::Result<()> {
        let target = free_name(&folder(&self.path, place)?, name)?;
        self.seen.remove(name);
        std::fs::rename(self.path.join(name), target)
    }
}

/// The files that may be imported, by name.
fn files(path: &Path) -> io::Result<HashMap<String, Seen>> {
    let mut found = HashMap::new();
    for entry in std::fs::read_dir(path)?.take(MOST_ENTRIES) {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Of the link itself, not of what it leads to. What vanished in between is no error.
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if is_plain(&name) && metadata.is_file() {
            found.insert(name, Seen { size: metadata.len(), changed: metadata.modified()? });
        }
    }
    Ok(found)
}

/// Whether a name is one of ours: plain characters, and an ending that says what is in it.
fn is_plain(name: &str) -> bool {
    let ending =
        [".csv", ".jsonl", ".ndjson"].iter().any(|ending| name.len() > ending.len() && name.to_ascii_lowercase().ends_with(ending));
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '));
    ending && plain && name.len() <= MOST_NAME && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Opens a file that is no link; `None` when it became one, or went away.
fn open(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let (opened, named) = (file.metadata()?, path.symlink_metadata()?);
    Ok((named.is_file() && is_same(&opened, &named)).then_some(file))
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    a.dev() == b.dev() && a.ino() == b.ino()
}

#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len() && a.is_file() && b.is_file()
}

/// A folder inside, made when missing; one that is a link elsewhere is refused.
fn folder(path: &Path, name: &str) -> io::Result<PathBuf> {
    let inside = path.join(name);
    if let Err(error) = std::fs::create_dir(&inside)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    if inside.symlink_metadata()?.is_dir() { Ok(inside) } else { Err(io::Error::other(format!("{} is no folder", inside.display()))) }
}

/// The name, or one with a number where a file has it already.
fn free_name(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let mut names = std::iter::once(name.to_owned()).chain((2..MOST_NAMESAKES).map(|n| format!("{stem}-{n}.{ending}")));
    let free = names.find_map(|name| Some(folder.join(name)).filter(|path| path.symlink_metadata().is_err()));
    free.ok_or_else(|| io::Error::other(format!("too many files named like {name} in {}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_with_a_known_ending_are_taken() {
        for fine in ["a.csv", "posts-2026-11-20.jsonl", "Export 7_b.NDJSON"] {
            assert!(is_plain(fine), "{fine}");
        }
        for odd in [
            ".csv",
            ".hidden.csv",
            "a.csv.part",
            "a.txt",
            "../a.csv",
            "a/b.csv",
            "ä.csv",
            "a\n.csv",
            "-rf.csv",
            "",
            &format!("{}.csv", "x".repeat(200)),
        ] {
            assert!(!is_plain(odd), "{odd:?}");
        }
    }
}
