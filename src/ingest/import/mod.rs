//! `ebb import`: history from a file, in constant memory, and twice without harm.
//!
//! A thread reads and checks rows; this side keeps them in pages, each in one transaction. A row belongs to a brand
//! because the file says so: nothing is matched. Rows that cannot be used are written down with line and reason.

mod csv_rows;
mod json_rows;
mod limited;
pub mod push;
mod rejects;
mod row;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::ids::BrandId;
use crate::domain::matching::Matcher;
use crate::domain::post::Post;
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::text::one_line;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::ingest::prepare;
use crate::store::{Keep, PageToKeep, SourceLease, Store, StoreError};
use rejects::Rejects;
use row::{Read as RowRead, Rejected, Row};

/// Rows kept in one transaction.
const PAGE: usize = 500;
/// Or so many bytes of text: what waits in memory is bounded also for the longest texts.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Rows read ahead while a page is kept.
const AHEAD: usize = 128;
/// Brands that one file may name: each holds a page in memory.
const MAX_BRANDS: usize = 100;
const MAX_BRAND_CHARS: usize = 200;
/// How long a brand's import stays taken by a process that died.
const LEASE_MS: i64 = 15_000;
/// Tries to take it, one a second: a little more than [`LEASE_MS`].
const CLAIM_TRIES: u32 = 20;

/// What is imported, and how.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Name of the import, shown among the sources: `import: <name> (<brand>)`. The stem of the file's name.
    pub name: String,
    /// The brand of rows that name none. `None`: the only brand there is.
    pub brand: Option<String>,
    /// Where bad rows go. Made when there is one; an older one is removed.
    pub rejects: PathBuf,
    /// Where the rows come from.
    pub origin: Origin,
}

/// Where the rows of an import come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A file that a person names: history, whose time counts as covered for every source.
    #[default]
    File,
    /// The watched folder: a source of its own, which covers the time of its rows.
    Folder,
}

impl Origin {
    /// The kind and the name of its source, and how often it is heard when nothing is wrong.
    fn source(self, name: &str, brand: &str) -> (SourceKind, String, i64) {
        match self {
            Self::File => (SourceKind::Import, format!("import: {name} ({brand})"), DAY_MS),
            Self::Folder => (SourceKind::Push, format!("folder: {name} ({brand})"), DAY_MS),
        }
    }
}

impl ImportOptions {
    /// For a file: its stem is the name, and `FILE.rejects.csv` takes the bad rows.
    pub fn for_file(file: &Path, brand: Option<String>) -> Self {
        let name = file.file_stem().map_or_else(|| "file".to_owned(), |stem| one_line(&stem.to_string_lossy(), 80));
        let mut rejects = file.as_os_str().to_owned();
        rejects.push(".rejects.csv");
        Self { name, brand, rejects: rejects.into(), origin: Origin::default() }
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Mentions that were not there before.
    pub kept: u64,
    /// Known mentions with other words or numbers.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Bad rows; see [`ImportReport::rejects`].
    pub rejected: u64,
    /// The file with the bad rows, when there are any.
    pub rejects: Option<PathBuf>,
    /// Columns or keys that mean nothing to an import.
    pub unknown: Vec<String>,
    /// The time from the oldest to the newest row, which counts as covered now.
    pub covered: Option<Span>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportProgress {
    /// Bytes of the file that are behind us.
    pub bytes: u64,
    /// Rows that are behind us, bad ones too.
    pub rows: u64,
}

/// Why an import ended early. What was kept before stays; importing again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Unreadable(std::io::Error),
    /// There is no row at all.
    #[error("the file is empty; a header line with the column names, or JSON lines, are expected")]
    Empty,
    /// A header without what every row needs.
    #[error("the header lacks {missing}; needed are platform, id, author, created_at (RFC 3339) and text")]
    MissingColumns {
        /// The columns, in words.
        missing: String,
    },
    /// One column, two meanings.
    #[error("the header names `{0}` twice")]
    RepeatedColumn(String),
    /// Mostly a quote that is not closed, which makes one row of the rest of the file.
    #[error("the row at line {line} is longer than {limit} bytes; is a quotation mark not closed there? Rows before it are kept")]
    RowTooLong {
        /// Where it begins.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// There is no brand for the rows.
    #[error("there is no brand yet; name one with --brand, or in a `brand` column")]
    NoBrand,
    /// There is no single brand for the rows.
    #[error("there are several brands; say which with --brand, or in a `brand` column")]
    WhichBrand,
    /// The rejects cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Rejects {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process imports into the same source.
    #[error("another import of the same name is running; wait until it has ended")]
    Running,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports CSV with a header or JSON lines, whichever `input` begins with.
///
/// `progress` is called after each page that was read. Waits only for the database, and for an import of the same
/// name whose process died.
pub async fn import(
    store: &Store,
    clock: &Clock,
    input: impl Read + Send + 'static,
    options: ImportOptions,
    mut progress: impl FnMut(ImportProgress),
) -> Result<ImportReport, ImportError> {
    let (sender, mut rows) = mpsc::channel(AHEAD);
    let latest = clock.now().plus(DAY_MS);
    // Ends when the file does, or when nobody listens any more.
    let reader = tokio::task::spawn_blocking(move || read_rows(input, latest, &sender));
    let mut importer = Importer::new(store.clone(), clock.clone(), options).await?;
    let mut at = ImportProgress::default();
    while let Some(read) = rows.recv().await {
        at = ImportProgress { bytes: read.bytes, rows: at.rows + 1 };
        importer.take(read).await?;
        if at.rows.is_multiple_of(PAGE as u64) {
            progress(at);
        }
    }
    reader.await.map_err(|_panic| ImportError::Unreadable(std::io::Error::other("the reader stopped")))??;
    progress(at);
    importer.finish().await
}

/// Reads all rows, CSV or JSON lines, into the channel.
fn read_rows(input: impl Read, latest: Millis, rows: &mpsc::Sender<RowRead>) -> Result<(), ImportError> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let start = input.fill_buf().map_err(ImportError::Unreadable)?;
    let mark = usize::from(start.starts_with(b"\xEF\xBB\xBF")) * 3;
    let first = start.get(mark..).and_then(|s| s.iter().find(|b| !b.is_ascii_whitespace())).copied();
    input.consume(mark);
    match first {
        None => Err(ImportError::Empty),
        Some(b'{') => json_rows::read(input, latest, rows),
        Some(_) => csv_rows::read(input, latest, rows),
    }
}

/// One brand's share of the file.
#[derive(Debug)]
struct Share {
    lease: SourceLease,
    page: Vec<Keep>,
    page_bytes: usize,
    oldest: Millis,
    newest: Millis,
}

struct Importer {
    store: Store,
    clock: Clock,
    options: ImportOptions,
    /// Brands by name, those of the store and those that the file made.
    brands: BTreeMap<String, BrandId>,
    /// Shares by name of the brand.
    shares: BTreeMap<String, Share>,
    rejects: Rejects,
    report: ImportReport,
}

impl Importer {
    async fn new(store: Store, clock: Clock, options: ImportOptions) -> Result<Self, ImportError> {
        let brands = store.brands().await?.into_iter().map(|brand| (brand.name, brand.id)).collect();
        let rejects = Rejects::new(options.rejects.clone())?;
        Ok(Self { store, clock, options, brands, shares: BTreeMap::new(), rejects, report: ImportReport::default() })
    }

    async fn take(&mut self, read: RowRead) -> Result<(), ImportError> {
        self.report.unknown.extend(read.unknown);
        match read.row {
            Ok(row) => self.take_row(row).await,
            Err(rejected) => self.reject(&rejected),
        }
    }

    async fn take_row(&mut self, row: Row) -> Result<(), ImportError> {
        let named = row.brand.as_deref().map(|name| one_line(name, MAX_BRAND_CHARS)).filter(|name| !name.is_empty());
        let name = match named.or_else(|| self.options.brand.clone()) {
            Some(name) => name,
            None => self.only_brand()?,
        };
        if !self.shares.contains_key(&name) && self.shares.len() >= MAX_BRANDS {
            return self.reject(&row.rejected(format!("brand: more than {MAX_BRANDS} brands in one file")));
        }
        self.add(name, row.post).await
    }

    fn reject(&mut self, rejected: &Rejected) -> Result<(), ImportError> {
        self.report.rejected += 1;
        self.rejects.write(rejected)
    }

    /// The brand of rows that name none.
    fn only_brand(&self) -> Result<String, ImportError> {
        match self.brands.len() {
            0 => Err(ImportError::NoBrand),
            1 => self.brands.keys().next().cloned().ok_or(ImportError::NoBrand),
            _ => Err(ImportError::WhichBrand),
        }
    }

    async fn add(&mut self, brand: String, post: Post) -> Result<(), ImportError> {
        if !self.shares.contains_key(&brand) {
            let share = self.open_share(&brand, post.created_at).await?;
            self.shares.insert(brand.clone(), share);
        }
        let now = self.clock.now();
        let Some(share) = self.shares.get_mut(&brand) else { return Ok(()) };
        share.oldest = share.oldest.min(post.created_at);
        share.newest = share.newest.max(post.created_at);
        share.page_bytes += post.text.len();
        share.page.push(prepare::keep(post, "imported".to_owned(), now));
        if share.page.len() >= PAGE || share.page_bytes >= PAGE_BYTES {
            share.page_bytes = 0;
            let page = std::mem::take(&mut share.page);
            let lease = share.lease.clone();
            self.save(&lease, page, Close::No).await?;
        }
        Ok(())
    }

    /// Makes brand and source where they are new, and takes the source.
    async fn open_share(&mut self, brand: &str, at: Millis) -> Result<Share, ImportError> {
        let now = self.clock.now();
        let id = match self.brands.get(brand) {
            Some(id) => *id,
            None => self.store.save_brand(brand, &named(brand), now).await?,
        };
        self.brands.insert(brand.to_owned(), id);
        let (kind, name, every_ms) = self.options.origin.source(&self.options.name, brand);
        let spec = SourceSpec { name, kind, brand: id, take: Take::All, every_ms, settings: serde_json::json!({}) };
        let source = self.store.add_source(&spec, now).await?;
        for _ in 0..CLAIM_TRIES {
            match self.store.claim_this_source(source, "import", self.clock.now(), LEASE_MS).await {
                // A process that was killed holds it for a moment still.
                Err(StoreError::Busy) => self.clock.sleep_ms(1_000).await,
                Err(error) => return Err(error.into()),
                Ok(lease) => return Ok(Share { lease, page: Vec::new(), page_bytes: 0, oldest: at, newest: at }),
            }
        }
        Err(ImportError::Running)
    }

    async fn save(&mut self, lease: &SourceLease, keep: Vec<Keep>, close: Close) -> Result<(), ImportError> {
        let now = self.clock.now();
        self.store.renew_lease(lease, now.plus(LEASE_MS)).await?;
        let (next_poll_at, covered) = match close {
            // Not in the future: the lease stays.
            Close::No => (now, None),
            Close::Covering(span) => (now.plus(1), span),
        };
        let page = PageToKeep { keep, gone: Vec::new(), cursor: Cursor::default(), covered, next_poll_at, asked: 0 };
        let kept = self.store.save_page(lease, page, now).await?;
        self.report.kept += count(kept.new);
        self.report.updated += count(kept.updated);
        self.report.unchanged += count(kept.unchanged);
        Ok(())
    }

    /// Keeps what is left, and the time that the file covers.
    async fn finish(mut self) -> Result<ImportReport, ImportError> {
        for (_, share) in std::mem::take(&mut self.shares) {
            // From the oldest to the newest row, both inside.
            let span = Span::new(share.oldest, share.newest.plus(1));
            self.report.covered = match (self.report.covered, span) {
                (Some(a), Some(b)) => Span::new(a.from().min(b.from()), a.to().max(b.to())),
                (a, b) => a.or(b),
            };
            self.save(&share.lease, share.page, Close::Covering(span)).await?;
        }
        self.report.rejects = self.rejects.finish()?;
        Ok(self.report)
    }
}

/// Whether a page is a share's last.
enum Close {
    No,
    Covering(Option<Span>),
}

/// The terms of a brand that the file made: its name, when that can be looked for at all.
fn named(brand: &str) -> BrandTerms {
    let terms = BrandTerms { names: vec![brand.to_owned()], ..BrandTerms::default() };
    if Matcher::new(&terms).is_ok() { terms } else { BrandTerms::default() }
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
