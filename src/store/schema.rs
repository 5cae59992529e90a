//! The migrations, embedded. A landed one is never edited: its checksum is kept in each database.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, SqlSafeStr};

use super::{Backend, Result};

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "init", include_str!("../../migrations/0001_init.sql")),
    (2, "onset_severity", include_str!("../../migrations/0002_onset_severity.sql")),
    (8, "alerts", include_str!("../../migrations/0008_alerts.sql")),
    (9, "api", include_str!("../../migrations/0009_api.sql")),
    (3, "themes", include_str!("../../migrations/0003_themes.sql")),
    (4, "hold_and_checks", include_str!("../../migrations/0004_hold_and_checks.sql")),
    (5, "cases", include_str!("../../migrations/0005_cases.sql")),
    (6, "memory", include_str!("../../migrations/0006_memory.sql")),
    (7, "reports", include_str!("../../migrations/0007_reports.sql")),
    (10, "statements_spending", include_str!("../../migrations/0010_statements_spending.sql")),
    (11, "near copies", include_str!("../../migrations/0011_near_copies.sql")),
    (12, "other brands", include_str!("../../migrations/0012_other_brands.sql")),
    (13, "languages", include_str!("../../migrations/0013_languages.sql")),
    (14, "brand edits", include_str!("../../migrations/0014_brand_edits.sql")),
    (15, "follow deletions", include_str!("../../migrations/0015_follow_deletions.sql")),
];

/// Runs what is missing, in order, each in a transaction. Safe when several processes start at once: on PostgreSQL the
/// migrator holds a lock, on SQLite it has none, so the whole of it is one writing transaction.
pub(super) async fn migrate(pool: &AnyPool, backend: Backend) -> Result<()> {
    let migrations = MIGRATIONS
        .iter()
        .map(|&(version, name, sql)| Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false))
        .collect();
    let migrator = Migrator::with_migrations(migrations);
    match backend {
        // Not `run`: the future of that cannot be sent to another thread.
        Backend::Postgres => migrator.run_direct(None, &mut *pool.acquire().await?, false).await?,
        Backend::Sqlite => {
            let mut tx = pool.begin_with("begin immediate").await?;
            migrator.run_direct(None, &mut *tx, false).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}
