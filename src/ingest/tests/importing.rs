use std::fmt::Write as _;
use std::io::{Cursor as Bytes, Read};
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::world::{START, all_mentions, store_in};
use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::post::Mention;
use crate::domain::time::{HOUR_MS, Millis};
use crate::ingest::import::{ImportError, ImportOptions, ImportProgress, ImportReport, import};
use crate::store::Store;

struct Desk {
    store: Store,
    clock: Clock,
    folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { store: store_in(&folder).await, clock: Clock::manual(START), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("history.csv")
    }

    async fn import(&self, bytes: impl Into<Vec<u8>>, brand: Option<&str>) -> Result<ImportReport, ImportError> {
        let options = ImportOptions::for_file(&self.file(), brand.map(str::to_owned));
        import(&self.store, &self.clock, Bytes::new(bytes.into()), options, |_| {}).await
    }

    async fn mentions(&self, brand: &str) -> Vec<Mention> {
        let brands = self.store.brands().await.unwrap();
        let brand = brands.iter().find(|b| b.name == brand).expect("the brand");
        all_mentions(&self.store, brand.id).await
    }

    fn rejects(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("history.csv.rejects.csv")).expect("rejects")
    }
}

const FULL: &str = "\u{FEFF}platform,ID,author,created_at,text,instance,url,author_name,followers,reply_to,likes,reposts,replies,lang,mood
mastodon,1,@mo,2026-11-01T10:00:00+02:00,\"Acme, again\r\n\"\"down\"\"\",Ruby.example,https://ruby.example/1,Mo,12,0,3,2,1,en,bad
mastodon,2,li,2026-11-02T10:00:00Z,fine now,ruby.example,,,,,,,,,
";

#[tokio::test]
async fn every_column_is_read_and_what_is_unknown_is_named_once() {
    let desk = Desk::new().await;
    let report = desk.import(FULL, Some("Acme")).await.unwrap();
    assert_eq!((report.kept, report.rejected, report.unknown), (2, 0, vec!["mood".to_owned()]));
    let mentions = desk.mentions("Acme").await;
    let first = mentions.last().expect("the older one");
    assert_eq!((first.key.platform(), first.key.instance(), first.key.native_id()), ("mastodon", "ruby.example", "1"));
    assert_eq!((first.text.as_str(), first.why.as_str()), ("Acme, again\n\"down\"", "imported"));
    assert_eq!(first.created_at, Millis::parse_rfc3339("2026-11-01T08:00:00Z").unwrap());
    assert_eq!((first.author.handle.as_str(), first.author.name.as_str(), first.author.followers), ("mo", "Mo", Some(12)));
    assert_eq!((first.engagement.likes, first.engagement.reposts, first.engagement.replies), (3, 2, 1));
    assert_eq!(
        (first.url.as_deref(), first.reply_to.as_deref(), first.lang.as_deref()),
        (Some("https://ruby.example/1"), Some("0"), Some("en"))
    );
}

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let desk = Desk::new().await;
    desk.import(FULL, Some("Acme")).await.unwrap();
    let before = (desk.mentions("Acme").await, desk.store.source_health().await.unwrap().len());
    let again = desk.import(FULL, Some("Acme")).await.unwrap();
    assert_eq!((again.kept, again.updated, again.unchanged, again.rejected), (0, 0, 2, 0));
    assert_eq!((desk.mentions("Acme").await, desk.store.source_health().await.unwrap().len()), before);
}

#[tokio::test]
async fn json_lines_say_the_same_as_csv() {
    let desk = Desk::new().await;
    let lines = r#"
        {"platform":"mastodon","id":9007199254740993,"author":"mo","created_at":"2026-11-01T08:00:00Z","text":"Acme is down","followers":null,"likes":"3","x":1}

        {"platform":"mastodon","id":1e30,"author":"mo","created_at":"2026-11-01T08:00:00Z","text":"x"}
        {"platform":"mastodon","id":"3","author":"mo","created_at":"2026-11-01T08:00:00Z","text":["x"]}
        [1]
        {"platform":"mastodon"
        {"platform":"mastodon","id":"4","author":"mo","created_at":"2026-11-01T08:00:00Z","text":"Acme is up"}"#;
    let report = desk.import(lines, Some("Acme")).await.unwrap();
    assert_eq!((report.kept, report.rejected, report.unknown), (2, 4, vec!["x".to_owned()]));
    assert_eq!(desk.mentions("Acme").await.iter().filter(|m| m.key.native_id() == "9007199254740993").count(), 1);
    let lines: Vec<String> = desk.rejects().lines().filter_map(|l| l.split(',').next().map(str::to_owned)).collect();
    assert_eq!(lines, ["line", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn bad_rows_are_written_down_and_the_rest_is_kept() {
    let desk = Desk::new().await;
    let mut file = b"platform,id,author,created_at,text,url,likes\n".to_vec();
    for row in [
        &b"rss,1,mo,2026-11-01T08:00:00Z,good,,"[..],
        b"rss,2,mo,yesterday,bad time,,",
        b"rss,3,mo,2999-01-01T00:00:00Z,from the future,,",
        b"rss,,mo,2026-11-01T08:00:00Z,no id,,",
        b"rss,5,mo,2026-11-01T08:00:00Z,too few",
        b"rss,6,mo,2026-11-01T08:00:00Z,not text: \xff\xfe,,",
        b"rss,7,mo,2026-11-01T08:00:00Z,bad link,javascript:alert(1),",
        b"rss,8,mo,2026-11-01T08:00:00Z,bad number,,-3",
        b"\r\n  ",
        b"rss,9,mo,2026-11-01T08:00:00Z,\"\0\n\x01\",,",
        b"R S S,10,mo,2026-11-01T08:00:00Z,bad platform,,",
        b"rss,11,mo,2026-11-01T08:00:00Z,also \0good,,",
    ] {
        file.extend_from_slice(row);
        file.extend_from_slice(b"\r\n");
    }
    let report = desk.import(file, Some("Acme")).await.unwrap();
    assert_eq!((report.kept, report.rejected), (2, 9));
    assert!(report.rejects.is_some_and(|path| path.ends_with("history.csv.rejects.csv")));
    let mut rejects = csv::Reader::from_reader(Bytes::new(desk.rejects()));
    let rows: Vec<(u64, String, String)> = rejects.deserialize().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9, 12, 14]);
    let reasons: Vec<&str> = rows.iter().map(|r| r.1.as_str()).collect();
    assert!(
        reasons[0].starts_with("created_at: `yesterday`")
            && reasons[3] == "5 cells, but the header has 7"
            && reasons[4] == "text: not UTF-8"
    );
    assert_eq!(rows[0].2, "rss,2,mo,yesterday,bad time,,");
    assert!(desk.mentions("Acme").await.iter().any(|m| m.text == "also good"));
}

#[tokio::test]
async fn an_older_rejects_file_does_not_outlive_a_clean_import() {
    let desk = Desk::new().await;
    desk.import("platform,id,author,created_at,text\nrss,1,mo,never,x\n", Some("Acme")).await.unwrap();
    assert!(desk.rejects().contains("never"));
    let report = desk.import("platform,id,author,created_at,text\nrss,1,mo,2026-11-01T08:00:00Z,x\n", Some("Acme")).await.unwrap();
    assert_eq!(report.rejects, None);
    assert!(!desk.folder.path().join("history.csv.rejects.csv").exists());
}

#[tokio::test]
async fn a_brand_column_assigns_rows_and_makes_brands() {
    let desk = Desk::new().await;
    let terms = BrandTerms { names: vec!["Acme Cloud".to_owned()], ..BrandTerms::default() };
    desk.store.save_brand("Acme", &terms, START).await.unwrap();
    let file = "brand,platform,id,author,created_at,text\n\
        Bolt,rss,1,mo,2026-11-01T08:00:00Z,one\n\
        ,rss,2,mo,2026-11-01T08:00:00Z,two\n\
        Acme,rss,1,mo,2026-11-01T08:00:00Z,one\n";
    let report = desk.import(file, Some("Acme")).await.unwrap();
    assert_eq!((report.kept, report.rejected), (3, 0));
    assert_eq!((desk.mentions("Bolt").await.len(), desk.mentions("Acme").await.len()), (1, 2));
    let brands = desk.store.brands().await.unwrap();
    let of = |name: &str| brands.iter().find(|b| b.name == name).map(|b| b.terms.names.clone());
    assert_eq!((of("Acme"), of("Bolt")), (Some(vec!["Acme Cloud".to_owned()]), Some(vec!["Bolt".to_owned()])));
    let names: Vec<String> = desk.store.source_health().await.unwrap().into_iter().map(|h| h.spec.name).collect();
    assert_eq!(names, ["import: history (Acme)", "import: history (Bolt)"]);
}

#[tokio::test]
async fn without_a_name_only_a_single_brand_can_be_meant() {
    let desk = Desk::new().await;
    let file = "platform,id,author,created_at,text\nrss,1,mo,2026-11-01T08:00:00Z,one\n";
    assert!(matches!(desk.import(file, None).await, Err(ImportError::NoBrand)));
    desk.store.save_brand("Acme", &BrandTerms::default(), START).await.unwrap();
    assert_eq!(desk.import(file, None).await.unwrap().kept, 1);
    desk.store.save_brand("Bolt", &BrandTerms::default(), START).await.unwrap();
    assert!(matches!(desk.import(file, None).await, Err(ImportError::WhichBrand)));
}

#[tokio::test]
async fn imported_periods_count_as_covered() {
    let desk = Desk::new().await;
    let file = "platform,id,author,created_at,text\n\
        rss,1,mo,2026-11-01T10:30:00Z,one\n\
        rss,2,mo,2026-11-01T08:30:00Z,two\n";
    for _ in 0..2 {
        let report = desk.import(file, Some("Acme")).await.unwrap();
        let covered = report.covered.expect("a span");
        let hours = desk.store.coverage(covered).await.unwrap();
        let per_hour: Vec<i64> = hours.iter().map(|h| h.covered_ms).collect();
        assert_eq!(per_hour, [HOUR_MS / 2, HOUR_MS, HOUR_MS / 2 + 1]);
    }
}

#[tokio::test]
async fn a_file_that_is_no_import_is_refused_with_a_reason() {
    let desk = Desk::new().await;
    let refused = async |bytes: &str| desk.import(bytes, Some("Acme")).await.expect_err("refused").to_string();
    assert!(refused("").await.starts_with("the file is empty"));
    assert!(refused(" \n\n").await.starts_with("the file is empty"));
    assert!(refused("platform,id,text\n").await.starts_with("the header lacks author, created_at;"));
    assert!(refused("id,id,platform,author,created_at,text\n").await.contains("`id` twice"));
}

#[tokio::test]
async fn a_quote_that_is_not_closed_does_not_fill_the_memory() {
    let desk = Desk::new().await;
    let start = "platform,id,author,created_at,text\nrss,1,mo,2026-11-01T08:00:00Z,one\nrss,2,mo,2026-11-01T08:00:00Z,\"two\n";
    let endless = Bytes::new(start.as_bytes().to_vec()).chain(std::io::repeat(b'x'));
    let options = ImportOptions::for_file(&desk.file(), Some("Acme".to_owned()));
    let error = import(&desk.store, &desk.clock, endless, options, |_| {}).await.expect_err("endless");
    assert!(matches!(error, ImportError::RowTooLong { line: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_json_line_that_is_too_long_is_one_bad_row() {
    let desk = Desk::new().await;
    let line = |id: &str, text: &str| {
        format!("{{\"platform\":\"rss\",\"id\":\"{id}\",\"author\":\"mo\",\"created_at\":\"2026-11-01T08:00:00Z\",\"text\":\"{text}\"}}\n")
    };
    let file = format!("{}{}{}", line("1", "one"), line("2", &"x".repeat(3 * 1024 * 1024)), line("3", "three"));
    let report = desk.import(file, Some("Acme")).await.unwrap();
    assert_eq!((report.kept, report.rejected), (2, 1));
}

#[tokio::test]
async fn a_long_file_is_kept_in_pages_with_progress() {
    let desk = Desk::new().await;
    let mut file = "platform,id,author,created_at,text\n".to_owned();
    for id in 0..1_234 {
        writeln!(file, "rss,{id},a{},2026-11-01T08:00:{:02}Z,row number {id}", id % 50, id % 60).unwrap();
    }
    let mut seen: Vec<ImportProgress> = Vec::new();
    let options = ImportOptions::for_file(&desk.file(), Some("Acme".to_owned()));
    let bytes = file.len() as u64;
    let report = import(&desk.store, &desk.clock, Bytes::new(file.into_bytes()), options, |p| seen.push(p)).await.unwrap();
    assert_eq!(report.kept, 1_234);
    assert_eq!(seen.iter().map(|p| p.rows).collect::<Vec<_>>(), [500, 1_000, 1_234]);
    assert_eq!(seen.last().map(|p| p.bytes), Some(bytes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_behind_a_header_are_kept_or_rejected(rows in proptest::collection::vec(any::<u8>(), 0..400), json in 0..2) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let report = runtime.block_on(async {
            let desk = Desk::new().await;
            let start: &[u8] = if json == 0 { b"platform,id,author,created_at,text\n" } else { b"{}\n" };
            desk.import([start, &rows].concat(), Some("Acme")).await
        });
        let report = report.map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(report.kept, 0, "noise is no row: {:?}", rows);
    }
}

#[tokio::test]
async fn cells_that_our_own_export_defused_come_back_and_others_keep_their_apostrophes() {
    let rows = "mastodon,1,'=Mo,2026-11-01T10:00:00Z,'=1+1 Acme,7,names it,2026-11-01T10:00:00Z
mastodon,2,li,2026-11-02T10:00:00Z,''=odd Acme,8,names it,2026-11-01T10:00:00Z
";
    for (header, texts) in [
        ("platform,id,author,created_at,text,mention,why,fetched_at", ["'=odd Acme", "=1+1 Acme"]),
        ("platform,id,author,created_at,text,a,b,c", ["''=odd Acme", "'=1+1 Acme"]),
    ] {
        let desk = Desk::new().await;
        desk.import(format!("{header}\n{rows}"), Some("Acme")).await.unwrap();
        let mentions = desk.mentions("Acme").await;
        assert_eq!(mentions.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), texts, "{header}");
    }
}
