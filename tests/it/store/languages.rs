use ebb::domain::sentiment::Label;
use ebb::domain::time::HOUR_MS;
use ebb::store::Keep;
use sqlx::Row;

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post, post_at};

contract! {
    each_language_has_its_own_counts,
    edits_late_items_deletions_and_corrections_keep_the_counts_of_a_language_right,
    a_database_without_languages_gets_the_counts_that_are_kept_from_then_on,
}

fn in_language(mut keep: Keep, lang: Option<&str>) -> Keep {
    keep.post.lang = lang.map(ToOwned::to_owned);
    keep
}

fn said(id: &str, author: &str, text: &str, lang: &str) -> Keep {
    in_language(post(id, author, text), Some(lang))
}

/// Unhappy authors, mentions and weighed severity of a language over all hours.
async fn sums(desk: &Desk, lang: &str) -> (i64, i64, i64) {
    let hours = desk.store.hours_in_language(desk.brand, lang, around()).await.expect("hours");
    hours.iter().fold((0, 0, 0), |(u, m, s), h| (u + h.unhappy, m + h.mentions, s + h.severity))
}

async fn each_language_has_its_own_counts(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![
        said("1", "ann", "- kaputt", "de"),
        said("2", "ann", "- immer noch kaputt", "de"),
        said("3", "ann", "- broken", "en"),
        said("4", "bob", "- all broken", "en"),
        said("5", "cem", "0 wie geht das", "de"),
        in_language(post("6", "dee", "- 5xx"), None),
    ])
    .await;
    assert_eq!(sums(&desk, "de").await, (0, 3, 0), "nothing is scored yet");
    desk.score_all().await;
    assert_eq!(sums(&desk, "de").await, (1, 3, 900_000), "one person, one vote");
    assert_eq!(sums(&desk, "en").await, (2, 2, 1_800_000));
    assert_eq!(sums(&desk, "").await, (1, 1, 900_000));
    assert_eq!(sums(&desk, "fr").await, (0, 0, 0));
    let spoken = desk.store.spoken(desk.brand, around()).await.expect("languages");
    let spoken: Vec<_> = spoken.into_iter().map(|l| (l.lang, l.unhappy, l.mentions)).collect();
    assert_eq!(spoken, [("en".to_owned(), 2, 2), ("de".to_owned(), 1, 3), (String::new(), 1, 1)]);
}

async fn edits_late_items_deletions_and_corrections_keep_the_counts_of_a_language_right(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![said("1", "ann", "- kaputt", "de"), said("2", "bob", "- kaputt heute", "de")]).await;
    desk.score_all().await;
    assert_eq!(sums(&desk, "de").await, (2, 2, 1_800_000));

    // The platform says another language of the same words: they are counted there, once.
    desk.keep(vec![said("1", "ann", "- kaputt", "nl")]).await;
    assert_eq!((sums(&desk, "de").await, sums(&desk, "nl").await), ((1, 1, 900_000), (1, 1, 900_000)));

    // Other words in another language: not unhappy until they are scored again.
    desk.keep(vec![said("2", "bob", "- broken today", "en")]).await;
    assert_eq!((sums(&desk, "de").await, sums(&desk, "en").await), ((0, 0, 0), (0, 1, 0)));
    desk.score_all().await;
    assert_eq!(sums(&desk, "en").await, (1, 1, 900_000));

    desk.keep(vec![in_language(post_at("3", "cem", "- gestern schon", NOON.plus(-20 * HOUR_MS)), Some("de"))]).await;
    desk.score_all().await;
    assert_eq!(sums(&desk, "de").await, (1, 1, 900_000), "what comes late is counted in its hour");

    let id = desk.id("3").await;
    desk.store.correct_label(id, Some(Label::Neutral), NOON).await.expect("corrected");
    assert_eq!(sums(&desk, "de").await, (0, 1, 0));
    desk.store.correct_label(id, None, NOON).await.expect("taken back");
    desk.delete(&["3"]).await;
    assert_eq!(sums(&desk, "de").await, (1, 1, 900_000), "a tombstone has lost its language, and goes on counting in it");
}

/// All rows of the counts by language, as text.
async fn counted(db: &Database) -> Vec<String> {
    let mut all = Vec::new();
    for sql in ["select * from language_hours", "select * from author_language_hours", "select mention_id, lang from matches"] {
        let rows = sqlx::query(sql).fetch_all(&db.rows).await.expect("rows");
        let cells = |row: &sqlx::any::AnyRow| (0..row.len()).map(|i| format!("{:?}", row.values[i].kind)).collect::<Vec<_>>().join(" ");
        let mut lines: Vec<String> = rows.iter().map(cells).collect();
        lines.sort();
        all.extend(lines);
    }
    all
}

async fn a_database_without_languages_gets_the_counts_that_are_kept_from_then_on(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![
        said("1", "ann", "- kaputt", "de"),
        said("2", "ann", "- immer noch kaputt", "de"),
        said("3", "bob", "- kaputt", "de"),
        said("4", "cem", "+ works", "en"),
        in_language(post("5", "dee", "0 hm"), None),
    ])
    .await;
    desk.score_all().await;
    desk.keep(vec![said("6", "eve", "- not scored", "en")]).await;
    let before = counted(db).await;
    let whole = include_str!("../../../migrations/0013_languages.sql");
    let fills = |s: &&str| ["update", "insert"].iter().any(|word| s.trim_start().starts_with(word));
    let backfill: String = whole.split(';').filter(fills).flat_map(|s| [s, ";"]).collect();
    for reset in ["delete from language_hours", "delete from author_language_hours", "update matches set lang = ''"] {
        sqlx::query(reset).execute(&db.rows).await.expect("reset");
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(backfill)).execute(&db.rows).await.expect("filled in");
    assert_eq!(counted(db).await, before);
}
