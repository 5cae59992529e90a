use ebb::store::{Store, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, post};

/// In an order in which they can be dropped.
const TABLES: &[&str] = &[
    "proposals",
    "outbox_alerts",
    "outbox",
    "alerts",
    "channels",
    "marks",
    "tokens",
    "idempotency",
    "statements",
    "spending",
    "sampling",
    "checks",
    "brand_posts",
    "holds",
    "theme_marks",
    "theme_mentions",
    "theme_hours",
    "themes",
    "memories",
    "closings",
    "reply_templates",
    "customers",
    "account_links",
    "case_events",
    "cases",
    "near_bands",
    "brand_edits",
    "brand_marks",
    "brand_filters",
    "report_shares",
    "sealed_reports",
    "flags",
    "standing",
    "verdicts",
    "updates",
    "incidents",
    "author_language_hours",
    "language_hours",
    "author_hours",
    "hours",
    "scoring",
    "corrections",
    "scores",
    "matches",
    "mentions",
    "authors",
    "coverage",
    "sources",
    "brands",
    "_sqlx_migrations",
];

contract! {
    opening_again_keeps_everything,
    a_database_of_a_newer_ebb_is_refused_in_words,
    several_processes_may_make_the_tables_at_once,
}

async fn opening_again_keeps_everything(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- down"), post("2", "bob", "+ up")]).await;
    desk.score_all().await;
    let before = db.snapshot().await;
    let again = db.second_store(2).await;
    assert_eq!(db.snapshot().await, before);
    again.ping().await.expect("it answers");
    assert_eq!(again.brands().await.expect("brands"), [db.store.brand(desk.brand).await.expect("the brand")]);
    again.close().await;
    assert!(matches!(again.ping().await, Err(StoreError::Unavailable { .. })));
}

async fn a_database_of_a_newer_ebb_is_refused_in_words(db: &Database) {
    let sql = "update _sqlx_migrations set version = 9999 where version = 1";
    sqlx::query(sql).execute(&db.rows).await.expect("written past the store");
    let refused = Store::open(&db.url, 2).await;
    let Err(StoreError::Migration { cause }) = refused else { panic!("{refused:?}") };
    assert!(cause.contains("newer Ebb") && cause.contains("9999"), "{cause}");
}

#[tokio::test]
async fn several_processes_may_make_one_file_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("new file.db").display());
    let mut openers = tokio::task::JoinSet::new();
    for seed in 0..6 {
        let url = url.clone();
        openers.spawn(async move { Store::open(&url, seed).await });
    }
    while let Some(store) = openers.join_next().await {
        store.expect("an opener").expect("the database opens").close().await;
    }
}

async fn several_processes_may_make_the_tables_at_once(db: &Database) {
    for table in TABLES {
        let sql = format!("drop table {table}");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&db.rows).await.expect("dropped past the store");
    }
    let (one, two, three) = tokio::join!(db.second_store(2), db.second_store(3), db.second_store(4));
    for store in [one, two, three] {
        store.ping().await.expect("it answers");
        store.close().await;
    }
}
