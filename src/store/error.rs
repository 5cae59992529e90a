use sqlx::migrate::MigrateError;

/// What the caller of the store can do about a failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Others kept the database busy for too long: try again later.
    #[error("the database is busy; try again")]
    Busy,
    /// The row changed since it was read, or a lease was lost: read again.
    #[error("it was changed by someone else in the meantime")]
    Conflict,
    /// There is no such row.
    #[error("not found")]
    NotFound,
    /// A stored value makes no sense: written by something else, or damaged.
    #[error("{table}.{column} of row {id} holds a value that Ebb cannot read")]
    Inconsistent {
        /// Its table.
        table: &'static str,
        /// Its column.
        column: &'static str,
        /// The row's id, or that of the row it belongs to.
        id: i64,
    },
    /// The database cannot be reached or opened.
    #[error("the database cannot be used: {cause}")]
    Unavailable {
        /// Why.
        cause: String,
    },
    /// The tables cannot be brought up to date.
    #[error("the tables of the database cannot be brought up to date: {cause}")]
    Migration {
        /// Why.
        cause: String,
    },
    /// Anything else that the database said.
    #[error(transparent)]
    Other(sqlx::Error),
}

impl StoreError {
    /// Whether the same transaction may well pass when it is run again at once.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Database(e) if e.code().is_some_and(|code| is_busy(&code)) => Self::Busy,
            // 14: SQLite cannot open the file. 28, 3D: PostgreSQL refuses the user or knows no such database.
            sqlx::Error::Database(e) if e.code().is_some_and(|c| c == "14" || c.starts_with("28") || c.starts_with("3D")) => {
                Self::Unavailable { cause: e.message().to_owned() }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Configuration(_) => Self::Unavailable { cause: error.to_string() },
            _ => Self::Other(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        let cause = match error {
            MigrateError::VersionMissing(version) => {
                format!("it was last used by a newer Ebb (it holds migration {version}, which this one does not know); use that one")
            }
            other => other.to_string(),
        };
        Self::Migration { cause }
    }
}

/// SQLite: busy, locked and their variants (low byte 5 or 6). PostgreSQL: serialisation failure, deadlock, lock not available.
fn is_busy(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03") || (code.len() < 5 && code.parse::<u32>().is_ok_and(|c| matches!(c & 0xff, 5 | 6)))
}

/// Counts how often a transaction is run again after it lost against another.
#[derive(Debug, Default)]
pub(super) struct Attempts(u8);

impl Attempts {
    const MOST: u8 = 3;

    /// Whether to run it once more.
    pub(super) fn again<T>(&mut self, outcome: &Result<T, StoreError>) -> bool {
        self.0 += 1;
        self.0 < Self::MOST && outcome.as_ref().is_err_and(StoreError::is_passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_lost_races_are_told_from_others() {
        for busy in ["5", "261", "517", "6", "40001", "40P01"] {
            assert!(is_busy(busy), "{busy}");
        }
        for other in ["1", "19", "2067", "23505", "42P01"] {
            assert!(!is_busy(other), "{other}");
        }
    }
}
