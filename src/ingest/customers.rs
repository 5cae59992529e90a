//! `ebb import --customers`: a list of known customers, matched to authors by platform and handle.

use crate::domain::case::{Customer, handle_key};
use crate::domain::text::one_line;
use crate::domain::time::Millis;
use crate::store::{Store, StoreError};

/// Rows kept in one transaction.
const PAGE: usize = 500;
/// Largest file, bytes.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Bad rows that are named one by one.
const NAMED: usize = 20;

/// What an import of customers did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomersReport {
    /// Rows kept, new or known.
    pub kept: usize,
    /// Bad rows.
    pub rejected: usize,
    /// Line and reason of the first bad rows.
    pub reasons: Vec<String>,
}

/// Why a list was not read. What was kept before stays; importing again goes on.
#[derive(Debug, thiserror::Error)]
pub enum CustomersError {
    /// Too large to be read at once.
    #[error("the file is larger than {} MiB; split it", MOST_BYTES / 1024 / 1024)]
    TooLarge,
    /// The columns that every row needs are not there.
    #[error("the header lacks {0}; needed are platform and handle, and name and reference are optional")]
    MissingColumn(&'static str),
    /// Not a CSV file.
    #[error("the file is no CSV: {0}")]
    Unreadable(csv::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the columns stand.
struct Columns {
    platform: usize,
    handle: usize,
    name: Option<usize>,
    reference: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, CustomersError> {
        let find = |name: &str| header.iter().position(|cell| cell.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
        Ok(Self {
            platform: find("platform").ok_or(CustomersError::MissingColumn("platform"))?,
            handle: find("handle").ok_or(CustomersError::MissingColumn("handle"))?,
            name: find("name"),
            reference: find("reference"),
        })
    }

    fn read(&self, row: &csv::StringRecord) -> Result<Customer, &'static str> {
        let cell = |at: usize, max: usize| one_line(row.get(at).unwrap_or_default(), max);
        let platform = cell(self.platform, 64).to_ascii_lowercase();
        let handle = cell(self.handle, 256);
        if platform.is_empty() {
            return Err("the platform is empty");
        }
        if handle_key(&handle).is_empty() {
            return Err("the handle is empty");
        }
        let maybe = |at: Option<usize>| at.map_or_else(String::new, |at| cell(at, 256));
        Ok(Customer { platform, handle, name: maybe(self.name), reference: maybe(self.reference) })
    }
}

/// Keeps the rows of a CSV file with a header: `platform`, `handle`, and `name` and `reference` if there are any. Rows
/// that cannot be used are counted and left out.
pub async fn import(store: &Store, file: &[u8], now: Millis) -> Result<CustomersReport, CustomersError> {
    if file.len() > MOST_BYTES {
        return Err(CustomersError::TooLarge);
    }
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let columns = Columns::of(rows.headers().map_err(CustomersError::Unreadable)?)?;
    let mut report = CustomersReport::default();
    let mut page = Vec::with_capacity(PAGE);
    for (i, row) in rows.records().enumerate() {
        match row.map_err(|_| "it is no text in UTF-8, or no CSV").and_then(|row| columns.read(&row)) {
            Ok(customer) => page.push(customer),
            Err(reason) => {
                report.rejected += 1;
                if report.reasons.len() < NAMED {
                    report.reasons.push(format!("row {}: {reason}", i + 1));
                }
            }
        }
        if page.len() == PAGE {
            report.kept += page.len();
            store.save_customers(&page, now).await?;
            page.clear();
        }
    }
    report.kept += page.len();
    store.save_customers(&page, now).await?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AuthorId;
    use crate::domain::post::Author;

    const NOW: Millis = Millis::new(1_800_000_000_000);

    async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
        (Store::open(&url, 3).await.expect("a store"), folder)
    }

    fn author(platform: &str, handle: &str) -> Author {
        Author {
            id: AuthorId::new(1),
            platform: platform.to_owned(),
            instance: String::new(),
            handle: handle.to_owned(),
            name: String::new(),
            url: None,
            followers: None,
            bot: false,
        }
    }

    #[tokio::test]
    async fn a_list_is_kept_and_matched_in_any_case_per_platform() {
        let (store, _folder) = store().await;
        let file = "\u{feff}Platform,Handle,Name,Reference,other\nmastodon,@Mo@Ruby.Example,Mo,C-1,x\nreddit,mo2,<script>,\n,nobody,,\nreddit,@,,\nreddit,MO2,Mo the second,C-2\n";
        let report = import(&store, file.as_bytes(), NOW).await.expect("read");
        assert_eq!((report.kept, report.rejected), (3, 2));
        assert_eq!(report.reasons, ["row 3: the platform is empty", "row 4: the handle is empty"]);
        let found = async |platform, handle| store.customer(&author(platform, handle)).await.expect("an answer").map(|c| c.name);
        assert_eq!(found("mastodon", "mo@ruby.example").await.as_deref(), Some("Mo"));
        assert_eq!(found("reddit", "Mo2").await.as_deref(), Some("Mo the second"), "the later row counts");
        assert_eq!(found("reddit", "mo@ruby.example").await, None);
        assert_eq!(found("reddit", "").await, None);
        assert_eq!(import(&store, file.as_bytes(), NOW).await.expect("again"), report);
    }

    #[tokio::test]
    async fn a_file_that_is_none_is_refused_in_words() {
        let (store, _folder) = store().await;
        let error = import(&store, b"handle,name\nx,y\n", NOW).await.expect_err("no platform");
        assert!(error.to_string().contains("lacks platform"), "{error}");
        let report = import(&store, b"platform,handle\nreddit,\xff\xfe\n", NOW).await.expect("a bad row is no end");
        assert_eq!((report.kept, report.rejected), (0, 1));
        assert!(import(&store, b"", NOW).await.is_err());
    }
}
