//! The only SQL. One store over SQLite (the default, one file) and PostgreSQL (many processes).
//!
//! Promises that the contract test (`tests/it/store`) holds on both databases:
//!
//! - A page of posts and its cursor are kept in one transaction; a post is kept once.
//! - Counts an hour (`rollup.rs`) change in the transaction that changes what they count.
//! - Work is claimed with a lease: a crash loses nothing and scores nothing twice.
//! - A row that cannot be read is [`StoreError::Inconsistent`], never a panic.
//!
//! What writes to mentions takes its turn: SQLite has one writing connection, and on PostgreSQL such a
//! transaction holds an advisory lock until it ends. So whoever finds the first mention with a fingerprint, or
//! the number behind a count, is alone with it. Claims, flags and incidents do not wait for that lock.
//!
//! SQLite runs with WAL and `synchronous = normal`: a killed process loses nothing that was committed; a power
//! loss may lose the commits of the last moments, never the file. What is lost then is read again from the
//! cursor, which was lost with it; what people typed in those moments is gone.

mod accounts;
mod alerts;
mod authors;
mod brands;
mod bulk;
mod cases;
mod checks;
mod closed;
mod concern;
mod copies;
mod coverage;
mod error;
mod exports;
mod filter;
mod flags;
mod holds;
mod idempotency;
mod incidents;
mod ingest;
mod judged;
mod keep;
mod known;
mod linked;
mod loud;
mod memory;
mod mention_rows;
mod mentions;
mod near;
mod outbox;
mod outgoing;
mod people;
mod proposals;
mod pulse;
mod recheck;
mod replies;
mod reports;
mod retention;
mod rollup;
mod row;
mod schema;
mod scoring;
mod settle;
mod slices;
mod sources;
mod spending;
mod statements;
mod texts;
mod themes;
mod tokens;
mod tombstone;
mod unanswered;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyPool, Transaction};

use crate::domain::ids::IdMaker;
use crate::domain::time::Millis;

pub use alerts::{DueCase, OpenFlag, Posting, VerdictChange};
pub use cases::{CaseBrief, CaseChange, CaseFacts, CaseFilter, CaseRank, CaseRow, NewCaseEvent};
pub use concern::{AuthorAnger, LanguageCounts};
pub use error::StoreError;
pub use exports::{AuthorTally, CaseListed, Correction};
pub use filter::{BrandStanding, Hidden};
pub use flags::{FlagChange, FlagChangeRequest, FlagCounts, FlagProposal, FlagRow};
pub use holds::{BrandPost, NewHold, OwnPost};
pub use idempotency::{Claim, KEPT_MS, Known};
pub use incidents::NewIncident;
pub use ingest::{Kept, PageToKeep, RecheckToKeep};
pub use judged::{FilterReport, FilterState, Judged};
pub use keep::Keep;
pub use linked::OtherAnger;
pub use loud::{AuthorShare, CopiedText};
pub use mention_rows::{MentionPage, MentionRow};
pub use mentions::{Copies, MentionCursor, MentionFilter, OtherBrands};
pub use outbox::{Attempt, OutboxCounts, OutboxCursor};
pub use people::FlagCursor;
pub use proposals::Dismissal;
pub use pulse::{Pulse, Totals};
pub use reports::{NewShare, SealedReport, Share};
pub use scoring::ScoringTask;
pub use settle::Settled;
pub use sources::SourceLease;
pub use texts::{HumanLabel, TextLabels, TextRow};
pub use themes::{FoundTheme, ThemeMention};
pub use tokens::{NewToken, Token};

/// What every function of the store returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Which database is behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    /// For SQLite one connection: holding it is the right to write.
    writers: AnyPool,
    readers: AnyPool,
    backend: Backend,
    ids: Arc<IdMaker>,
}

/// What a writing transaction is going to touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// Mentions, their scores or counts: one at a time.
    Mentions,
    /// Anything else.
    Rows,
}

/// A transaction in which writing is allowed. Dropped without [`commit`], it leaves no trace.
///
/// [`commit`]: Transaction::commit
type WriteTx = Transaction<'static, Any>;

/// How long a write waits for another process that writes to the same file.
const BUSY_TIMEOUT_MS: u32 = 10_000;
/// Readers of one SQLite file; writers do not wait for them.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// The number that writers of mentions agree on; any constant.
const MENTIONS_LOCK: i64 = 0x0e_bb00_0001;

impl Store {
    /// Opens `sqlite:PATH` (made when missing) or `postgres://…`, and brings its tables up to date.
    ///
    /// `seed` is any random number that differs from those of other processes and earlier runs on the same
    /// database: ids are made from it and the time.
    pub async fn open(url: &str, seed: u64) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let backend = backend_of(url)?;
        let (writers, readers) = match backend {
            Backend::Sqlite => open_sqlite(url).await?,
            Backend::Postgres => open_postgres(url).await?,
        };
        schema::migrate(&writers, backend).await?;
        Ok(Self { writers, readers, backend, ids: Arc::new(IdMaker::new(seed)) })
    }

    /// Waits for transactions under way and closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    /// Which database this is.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.readers).await?;
        Ok(())
    }

    async fn begin(&self, touch: Touch) -> Result<WriteTx> {
        match (self.backend, touch) {
            (Backend::Sqlite, _) => Ok(self.writers.begin_with("begin immediate").await?),
            (Backend::Postgres, Touch::Rows) => Ok(self.writers.begin().await?),
            (Backend::Postgres, Touch::Mentions) => {
                let mut tx = self.writers.begin().await?;
                sqlx::query("select pg_advisory_xact_lock($1)").bind(MENTIONS_LOCK).execute(&mut *tx).await?;
                Ok(tx)
            }
        }
    }

    fn next_id(&self, now: Millis) -> i64 {
        self.ids.next(now)
    }
}

fn backend_of(url: &str) -> Result<Backend> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" if url.contains(":memory:") || url.contains("mode=memory") => Err(StoreError::Unavailable {
            cause: "SQLite in memory is not supported: each connection would see its own database; use a file".to_owned(),
        }),
        "sqlite" => Ok(Backend::Sqlite),
        "postgres" | "postgresql" => Ok(Backend::Postgres),
        _ => Err(StoreError::Unavailable { cause: "the database address must begin with `sqlite:` or `postgres://`".to_owned() }),
    }
}

async fn open_postgres(url: &str) -> Result<(AnyPool, AnyPool)> {
    let options = AnyPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(Duration::from_secs(15));
    let options = options.after_connect(|connection, _| {
        Box::pin(async move {
            // A page is cut from a join over everything, whose cost alone makes the server compile it: longer than reading it.
            sqlx::query("set jit = off").execute(connection).await?;
            Ok(())
        })
    });
    let pool = options.connect(url).await?;
    Ok((pool.clone(), pool))
}

async fn open_sqlite(url: &str) -> Result<(AnyPool, AnyPool)> {
    let url = match (url.contains("mode="), url.contains('?')) {
        (true, _) => url.to_owned(),
        (false, true) => format!("{url}&mode=rwc"),
        (false, false) => format!("{url}?mode=rwc"),
    };
    let options = || {
        AnyPoolOptions::new()
            // A connection to a file does not go stale, and pinging it costs as much as a small query.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let pragmas = format!(
                        "pragma busy_timeout = {BUSY_TIMEOUT_MS};
                         pragma journal_mode = wal;
                         pragma synchronous = normal;
                         pragma foreign_keys = on;
                         pragma temp_store = memory;"
                    );
                    sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(connection).await?;
                    Ok(())
                })
            })
    };
    let writers = options().max_connections(1).acquire_timeout(Duration::from_secs(30)).connect(&url).await?;
    let readers = options().max_connections(SQLITE_READERS).acquire_timeout(Duration::from_secs(15)).connect(&url).await?;
    Ok((writers, readers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_two_databases_are_taken() {
        assert!(matches!(backend_of("sqlite:ebb.db"), Ok(Backend::Sqlite)));
        assert!(matches!(backend_of("postgres://u@h/d"), Ok(Backend::Postgres)));
        for bad in ["mysql://h/d", "ebb.db", "", "sqlite::memory:"] {
            assert!(matches!(backend_of(bad), Err(StoreError::Unavailable { .. })), "{bad}");
        }
    }
}
