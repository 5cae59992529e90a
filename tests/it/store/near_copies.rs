//! Near copies keep the promises of exact ones.

use ebb::domain::time::{DAY_MS, HOUR_MS};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, post, post_at};
use super::random::check_counts;

contract! {
    a_changed_paste_joins_the_one_kept_first,
    a_page_finds_near_copies_among_its_own_posts,
    the_earliest_near_copy_takes_the_place_of_a_deleted_original,
    an_edit_of_a_few_letters_keeps_the_group_and_another_text_leaves_it,
    short_texts_and_texts_without_a_fingerprint_are_never_near_copies,
    after_sixty_days_the_same_words_are_said_anew,
    a_crowd_of_like_texts_does_not_grow_what_is_looked_at,
}

const PASTE: &str = "- dear all, my shop has been offline since Tuesday morning and the support has closed my ticket for the second time";
const CHANGED: &str =
    "- Dear all: our shop has been offline since Tuesday morning and the support has closed our ticket for the second time!!";

async fn a_changed_paste_joins_the_one_kept_first(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", PASTE)]).await;
    let addressed = format!("@acme @li {PASTE} https://t.example/x?utm_source=9");
    let kept = desk.keep(vec![post("2", "bob", CHANGED), post("3", "cy", &addressed)]).await;
    assert_eq!((kept.new, kept.copies), (2, 2));
    let first = desk.id("1").await;
    assert_eq!((desk.mention("2").await.copy_of, desk.mention("3").await.copy_of), (Some(first), Some(first)));
    desk.score_all().await;
    check_counts(db, desk.brand).await;
}

async fn a_page_finds_near_copies_among_its_own_posts(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let kept =
        desk.keep(vec![post_at("2", "bob", CHANGED, NOON.plus(-HOUR_MS)), post_at("1", "ann", PASTE, NOON.plus(-2 * HOUR_MS))]).await;
    assert_eq!(kept.copies, 1);
    assert_eq!(desk.mention("2").await.copy_of, Some(desk.id("1").await), "the older one is the original");
}

async fn the_earliest_near_copy_takes_the_place_of_a_deleted_original(db: &Database) {
    let desk = Desk::new(&db.store).await;
    for (id, text) in [("1", PASTE), ("2", CHANGED), ("3", PASTE)] {
        desk.keep(vec![post(id, id, text)]).await;
    }
    desk.score_all().await;
    desk.delete(&["1"]).await;
    let heir = desk.id("2").await;
    assert_eq!((desk.mention("2").await.copy_of, desk.mention("3").await.copy_of), (None, Some(heir)));
    desk.keep(vec![post("4", "dee", PASTE)]).await;
    assert_eq!(desk.mention("4").await.copy_of, Some(heir), "later copies find the heir");
    check_counts(db, desk.brand).await;
}

async fn an_edit_of_a_few_letters_keeps_the_group_and_another_text_leaves_it(db: &Database) {
    let desk = Desk::new(&db.store).await;
    for (id, text) in [("1", PASTE), ("2", CHANGED), ("3", PASTE)] {
        desk.keep(vec![post(id, id, text)]).await;
    }
    let other = "+ update: a very patient person at the hotline found the mistake, and everything in my shop is back as it was before";
    desk.keep(vec![post("2", "2", &CHANGED.replace("our ticket", "my ticket"))]).await;
    assert_eq!(desk.mention("2").await.copy_of, Some(desk.id("1").await));
    desk.keep(vec![post("1", "1", other)]).await;
    let heir = desk.id("2").await;
    assert_eq!((desk.mention("1").await.copy_of, desk.mention("2").await.copy_of), (None, None));
    assert_eq!(desk.mention("3").await.copy_of, Some(heir));
    desk.keep(vec![post("1", "1", PASTE)]).await;
    assert_eq!(desk.mention("1").await.copy_of, Some(heir), "back again, it is a copy");
    desk.score_all().await;
    check_counts(db, desk.brand).await;
}

async fn short_texts_and_texts_without_a_fingerprint_are_never_near_copies(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- down again, please fix it"), post("2", "bob", "- down again, please fix this")]).await;
    assert_eq!(desk.mention("2").await.copy_of, None);
    let bare = |id: &str, text: &str| {
        let mut keep = post(id, id, text);
        keep.fingerprint = String::new();
        keep
    };
    desk.keep(vec![bare("3", PASTE), bare("4", CHANGED)]).await;
    assert_eq!((desk.mention("3").await.copy_of, desk.mention("4").await.copy_of), (None, None));
    assert_eq!(db.count("select count(*) from near_bands").await, 0);
}

async fn after_sixty_days_the_same_words_are_said_anew(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", PASTE, NOON.plus(-61 * DAY_MS)), post_at("2", "bob", CHANGED, NOON)]).await;
    assert_eq!(desk.mention("2").await.copy_of, None);
}

async fn a_crowd_of_like_texts_does_not_grow_what_is_looked_at(db: &Database) {
    const WORDS: [&str; 8] = ["harbour", "lantern", "meadow", "thunder", "violet", "copper", "saddle", "orchard"];
    let desk = Desk::new(&db.store).await;
    // The same first half and different second halves: bands in common, and too little to be copies.
    let second = |n: usize| (0..9).map(|i| WORDS[(n * 7 + i * (n + 3) + n * n / 5) % 8]).collect::<Vec<_>>().join(" ");
    let posts = (0..120).map(|n| post(&n.to_string(), "ann", &format!("{} {}", &PASTE[..60], second(n)))).collect();
    desk.keep(posts).await;
    let fullest = "select coalesce(max(n), 0) from (select count(*) as n from near_bands group by band) x";
    assert!((2..=16).contains(&db.count(fullest).await), "a band has so many places");
}
