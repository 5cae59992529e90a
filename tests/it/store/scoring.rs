use ebb::domain::sentiment::Label;
use ebb::domain::time::HOUR_MS;
use ebb::store::StoreError;

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post_at, sentiment_of};
use super::random::check_counts;

contract! {
    the_newest_mentions_are_scored_first,
    two_workers_share_the_queue_and_a_lost_lease_is_refused,
    a_crash_gives_the_work_to_the_next_worker,
    a_text_that_fails_five_times_is_left_alone,
    an_edit_during_scoring_waits_for_another_score,
    a_person_s_label_goes_before_the_model_s_until_it_is_taken_back,
}

async fn desk_with_five(db: &Database) -> Desk {
    let desk = Desk::new(&db.store).await;
    let posts = (0..5).map(|n| post_at(&n.to_string(), "ann", &format!("- {n}"), NOON.plus(-n * 60_000))).collect();
    desk.keep(posts).await;
    desk
}

async fn the_newest_mentions_are_scored_first(db: &Database) {
    let desk = desk_with_five(db).await;
    let tasks = desk.store.claim_scoring("w", 3, NOON, HOUR_MS).await.expect("a claim");
    assert_eq!(tasks.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["- 0", "- 1", "- 2"]);
    assert_eq!(tasks[0].lang.as_deref(), Some("en"));
    assert_eq!(desk.store.scoring_backlog().await.expect("a count"), 5);
    assert!(desk.store.has_backlog().await.expect("an answer"));
}

async fn two_workers_share_the_queue_and_a_lost_lease_is_refused(db: &Database) {
    let desk = desk_with_five(db).await;
    let one = desk.store.claim_scoring("one", 3, NOON, HOUR_MS).await.expect("a claim");
    let two = desk.store.claim_scoring("two", 9, NOON, HOUR_MS).await.expect("a claim");
    assert_eq!((one.len(), two.len()), (3, 2));
    assert!(one.iter().all(|t| two.iter().all(|o| o.mention != t.mention)));
    let late = NOON.plus(HOUR_MS);
    let again = desk.store.claim_scoring("two", 9, late, HOUR_MS).await.expect("a claim");
    assert_eq!(again.len(), 5, "all leases ran out");
    let stale: Vec<_> = one.iter().map(|t| (t.mention, sentiment_of("+"))).collect();
    assert_eq!(desk.store.save_scores("one", &stale, late).await.expect("an answer"), 0);
    let good: Vec<_> = again.iter().map(|t| (t.mention, sentiment_of("-"))).collect();
    assert_eq!(desk.store.save_scores("two", &good, late).await.expect("an answer"), 5);
    assert_eq!(desk.store.save_scores("two", &good, late).await.expect("an answer"), 0, "scored once");
    let hour = db.store.hours(desk.brand, None, around()).await.expect("hours");
    assert_eq!(hour.iter().map(|h| h.negative).sum::<i64>(), 5);
    check_counts(db, desk.brand).await;
}

async fn a_crash_gives_the_work_to_the_next_worker(db: &Database) {
    let desk = desk_with_five(db).await;
    for crash in 0..20 {
        let now = NOON.plus(crash * 1_000);
        assert_eq!(desk.store.claim_scoring(&format!("w{crash}"), 9, now, 1_000).await.expect("a claim").len(), 5);
    }
    let now = NOON.plus(20_000);
    let tasks = desk.store.claim_scoring("last", 9, now, 1_000).await.expect("a claim");
    let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment_of(&t.text))).collect();
    assert_eq!(desk.store.save_scores("last", &scores, now).await.expect("saved"), 5);
}

async fn a_text_that_fails_five_times_is_left_alone(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- odd", NOON)]).await;
    let id = desk.id("1").await;
    for _ in 0..5 {
        assert_eq!(desk.store.claim_scoring("w", 9, NOON, HOUR_MS).await.expect("a claim").len(), 1);
        desk.store.fail_scoring("somebody else", id, "not mine", NOON).await.expect("no error");
        desk.store.fail_scoring("w", id, "the model refused\0 it", NOON).await.expect("given back");
    }
    assert_eq!(desk.store.claim_scoring("w", 9, NOON, HOUR_MS).await.expect("a claim"), []);
    assert_eq!(desk.store.scoring_backlog().await.expect("a count"), 0);
    assert_eq!(desk.store.unscored_in(desk.brand, around()).await.expect("a count"), 1);
    assert_eq!(db.count("select count(*) from scoring where last_error like '%refused%'").await, 1);
    desk.keep(vec![post_at("1", "ann", "- even", NOON)]).await;
    desk.score_all().await;
    assert_eq!(desk.mention("1").await.label(), Some(Label::Negative), "another text is tried again");
}

async fn an_edit_during_scoring_waits_for_another_score(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- bad", NOON)]).await;
    let tasks = desk.store.claim_scoring("w", 9, NOON, HOUR_MS).await.expect("a claim");
    desk.keep(vec![post_at("1", "ann", "+ good", NOON)]).await;
    let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment_of(&t.text))).collect();
    assert_eq!(desk.store.save_scores("w", &scores, NOON).await.expect("an answer"), 0);
    assert_eq!(desk.mention("1").await.label(), None);
    desk.score_all().await;
    assert_eq!(desk.mention("1").await.sentiment, Some(sentiment_of("+ good")));
}

async fn a_person_s_label_goes_before_the_model_s_until_it_is_taken_back(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- great, just great", NOON)]).await;
    let id = desk.id("1").await;
    let negative = || async { db.store.distinct_unhappy(desk.brand, around()).await.expect("a count") };
    desk.store.correct_label(id, Some(Label::Positive), NOON).await.expect("corrected");
    assert_eq!(desk.mention("1").await.label(), Some(Label::Positive));
    desk.score_all().await;
    assert_eq!((desk.mention("1").await.label(), negative().await), (Some(Label::Positive), 0));
    desk.store.correct_label(id, None, NOON).await.expect("taken back");
    assert_eq!((desk.mention("1").await.label(), negative().await), (Some(Label::Negative), 1));
    desk.delete(&["1"]).await;
    let refused = desk.store.correct_label(id, Some(Label::Neutral), NOON).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    check_counts(db, desk.brand).await;
}
