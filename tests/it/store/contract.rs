//! A new database for each test.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use ebb::store::Store;
use sqlx::{AnyPool, AssertSqlSafe};
use tempfile::TempDir;
use url::Url;

/// Makes of each `async fn name(db: &Database)` a test on each database.
macro_rules! contract {
    ($($name:ident,)+) => {
        $(mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                let db = $crate::store::contract::Database::sqlite().await;
                super::$name(&db).await;
                db.drop_it().await;
            }

            #[tokio::test]
            async fn on_postgres() {
                if let Some(db) = $crate::store::contract::Database::postgres().await {
                    super::$name(&db).await;
                    db.drop_it().await;
                }
            }
        })+
    };
}
pub(crate) use contract;

/// A database of a test's own, with its tables.
pub struct Database {
    pub store: Store,
    pub url: String,
    /// For looking at rows past the store.
    pub rows: AnyPool,
    folder: Option<TempDir>,
    server: Option<(String, String)>,
}

static NUMBER: AtomicU32 = AtomicU32::new(1);
static LEFT_OUT: Once = Once::new();

impl Database {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
        Self::open(url, Some(folder), None).await
    }

    /// `None` when there is no server, which is said once, past the capture of test output.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("EBB_TEST_POSTGRES") else {
            assert!(std::env::var("EBB_TEST_REQUIRE").as_deref() != Ok("1"), "EBB_TEST_REQUIRE=1, but EBB_TEST_POSTGRES is not set");
            LEFT_OUT.call_once(|| {
                let text = b"\nLEFT OUT: the store on PostgreSQL. Set EBB_TEST_POSTGRES=postgres://... to test it.\n";
                std::io::stderr().write_all(text).expect("standard error");
            });
            return None;
        };
        let name = format!("ebb_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run_on_server(&server, format!("create database {name}")).await;
        let mut url = Url::parse(&server).expect("EBB_TEST_POSTGRES is an address");
        url.set_path(&name);
        Some(Self::open(url.into(), None, Some((server, name))).await)
    }

    async fn open(url: String, folder: Option<TempDir>, server: Option<(String, String)>) -> Self {
        let store = Store::open(&url, 1).await.expect("the database opens");
        let rows = AnyPool::connect(&url).await.expect("a connection for looking at rows");
        Self { store, url, rows, folder, server }
    }

    /// Another process on the same database.
    pub async fn second_store(&self, seed: u64) -> Store {
        Store::open(&self.url, seed).await.expect("the database opens again")
    }

    pub async fn drop_it(self) {
        self.rows.close().await;
        self.store.close().await;
        if let Some((server, name)) = &self.server {
            run_on_server(server, format!("drop database {name} with (force)")).await;
        }
        drop(self.folder);
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.rows).await.expect("a count")
    }

    /// All rows of all tables that hold what sources said, as text: to see that nothing changed.
    pub async fn snapshot(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in [
            "authors",
            "mentions",
            "matches",
            "scores",
            "corrections",
            "scoring",
            "hours",
            "author_hours",
            "language_hours",
            "author_language_hours",
        ] {
            let sql = format!("select * from {table}");
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.rows).await.expect("rows");
            let mut lines: Vec<String> = rows.iter().map(|row| format!("{table} {:?}", cells(row))).collect();
            lines.sort();
            all.extend(lines);
        }
        all
    }
}

fn cells(row: &sqlx::any::AnyRow) -> Vec<String> {
    row.values.iter().map(|value| format!("{:?}", value.kind)).collect()
}

async fn run_on_server(server: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(server).await.expect("the PostgreSQL server answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.expect("databases may be made and dropped");
    pool.close().await;
}
