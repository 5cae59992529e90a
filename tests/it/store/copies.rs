use ebb::domain::post::Originality;
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{Copies, MentionFilter};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post, post_at};
use super::random::check_counts;

contract! {
    the_first_kept_is_the_original_even_when_an_older_one_comes_late,
    the_earliest_copy_takes_the_place_of_a_deleted_original,
    an_original_that_is_edited_leaves_its_copies_to_the_earliest,
    reposts_never_become_originals,
    copies_count_apart_from_classes_and_unhappy_authors,
}

async fn the_first_kept_is_the_original_even_when_an_older_one_comes_late(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let kept = desk
        .keep(vec![
            post_at("2", "bob", "- same", NOON.plus(-HOUR_MS)),
            post_at("1", "ann", "- same", NOON.plus(-2 * HOUR_MS)),
            post_at("old", "cy", "- same", NOON.plus(-70 * DAY_MS)),
        ])
        .await;
    assert_eq!((kept.new, kept.copies), (3, 1));
    let first = desk.id("1").await;
    assert_eq!(desk.mention("2").await.copy_of, Some(first), "within a page the oldest is the first");
    assert_eq!(desk.mention("old").await.copy_of, None, "more than sixty days apart");
    desk.keep(vec![post_at("0", "dee", "- same", NOON.plus(-3 * HOUR_MS))]).await;
    assert_eq!(desk.mention("0").await.copy_of, Some(first));
    assert_eq!(desk.mention("1").await.copy_of, None);
    assert_eq!(db.store.copies_of(first).await.expect("a count"), 2);
}

async fn the_earliest_copy_takes_the_place_of_a_deleted_original(db: &Database) {
    let desk = Desk::new(&db.store).await;
    for (id, author) in [("1", "ann"), ("2", "bob"), ("3", "cy"), ("4", "dee")] {
        desk.keep(vec![post(id, author, "- same")]).await;
    }
    desk.score_all().await;
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 1);
    desk.delete(&["1", "2"]).await;
    let heir = desk.id("3").await;
    assert_eq!(desk.mention("3").await.copy_of, None);
    assert_eq!(desk.mention("4").await.copy_of, Some(heir));
    // What ann said stays said; cy now speaks in his own name.
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 2);
    check_counts(db, desk.brand).await;
}

async fn an_original_that_is_edited_leaves_its_copies_to_the_earliest(db: &Database) {
    let desk = Desk::new(&db.store).await;
    for (id, author) in [("1", "ann"), ("2", "bob"), ("3", "cy")] {
        desk.keep(vec![post(id, author, "- same")]).await;
    }
    desk.keep(vec![post("1", "ann", "0 never mind")]).await;
    assert_eq!(desk.mention("2").await.copy_of, None);
    assert_eq!(desk.mention("3").await.copy_of, Some(desk.id("2").await));
    desk.keep(vec![post("1", "ann", "- same")]).await;
    assert_eq!(desk.mention("1").await.copy_of, Some(desk.id("2").await), "back again, it is a copy");
    desk.score_all().await;
    check_counts(db, desk.brand).await;
}

async fn reposts_never_become_originals(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- same")]).await;
    let mut repost = post("2", "bob", "- same");
    repost.post.originality = Originality::Repost;
    assert_eq!(desk.keep(vec![repost]).await.copies, 1);
    let original = desk.id("1").await;
    assert_eq!(desk.mention("2").await.copy_of, Some(original));
    desk.delete(&["1"]).await;
    assert_eq!(desk.mention("2").await.copy_of, Some(original));
    desk.keep(vec![post("3", "cy", "- same")]).await;
    assert_eq!(desk.mention("3").await.copy_of, None);
    check_counts(db, desk.brand).await;
}

async fn copies_count_apart_from_classes_and_unhappy_authors(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- same")]).await;
    desk.keep(vec![post("2", "bob", "- same"), post("3", "bob", "+ fine")]).await;
    desk.score_all().await;
    let hour = db.store.hours(desk.brand, Some(desk.lease.id), around()).await.expect("hours")[0];
    assert_eq!((hour.mentions, hour.copies, hour.negative, hour.positive, hour.unhappy), (3, 1, 1, 1, 1));
    let ids = |copies| {
        let filter = MentionFilter { brand: desk.brand, copies, ..MentionFilter::default() };
        async move { desk_ids(&db.store, &filter).await }
    };
    assert_eq!(ids(Copies::Hide).await, ["1", "3"]);
    assert_eq!(ids(Copies::Only).await, ["2"]);
    assert_eq!(ids(Copies::Show).await, ["1", "2", "3"]);
}

async fn desk_ids(store: &ebb::store::Store, filter: &MentionFilter) -> Vec<String> {
    let mentions = store.mentions_oldest_first(filter, None, 100).await.expect("mentions");
    mentions.iter().map(|m| m.key.native_id().to_owned()).collect()
}
