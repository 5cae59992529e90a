use ebb::domain::source::{Cursor, SourceKind};
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{PageToKeep, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, page, post, spec};

contract! {
    a_source_is_polled_by_one_worker_until_its_lease_runs_out,
    a_chain_of_pages_keeps_its_lease_and_the_last_page_gives_it_back,
    a_failure_is_shown_and_a_success_clears_it,
    a_source_that_means_another_place_starts_again,
    a_source_that_left_the_configuration_rests_and_imports_stay,
}

async fn a_source_is_polled_by_one_worker_until_its_lease_runs_out(db: &Database) {
    let desk = Desk::new(&db.store).await;
    assert_eq!(db.store.claim_source("two", NOON, HOUR_MS).await.expect("an answer"), None);
    assert_eq!(db.store.next_due(NOON).await.expect("an answer"), Some(NOON.plus(DAY_MS)));
    db.store.renew_lease(&desk.lease, NOON.plus(2 * DAY_MS)).await.expect("renewed");
    assert_eq!(db.store.claim_source("two", NOON.plus(DAY_MS), HOUR_MS).await.expect("an answer"), None);
    let refused = db.store.claim_this_source(desk.lease.id, "two", NOON, HOUR_MS).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    let taken = db.store.claim_source("two", NOON.plus(2 * DAY_MS), HOUR_MS).await.expect("an answer");
    assert_eq!(taken.expect("it ran out").id, desk.lease.id);
}

async fn a_chain_of_pages_keeps_its_lease_and_the_last_page_gives_it_back(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "one")]).await;
    assert_eq!(db.store.claim_source("two", NOON, HOUR_MS).await.expect("an answer"), None);
    let next = NOON.plus(60_000);
    desk.save(PageToKeep { next_poll_at: next, cursor: Cursor("end".to_owned()), ..page(Vec::new(), NOON) }).await;
    assert_eq!(db.store.next_due(NOON).await.expect("an answer"), Some(next));
    assert_eq!(db.store.claim_source("two", NOON, HOUR_MS).await.expect("an answer"), None);
    let lease = db.store.claim_source("two", next, HOUR_MS).await.expect("an answer").expect("due");
    assert_eq!((lease.cursor.0.as_str(), lease.last_success_at), ("end", Some(NOON)));
}

async fn a_failure_is_shown_and_a_success_clears_it(db: &Database) {
    let desk = Desk::new(&db.store).await;
    db.store.save_poll_failure(&desk.lease, "no answer\0", NOON.plus(1), NOON).await.expect("kept");
    let health = db.store.source_health().await.expect("health").remove(0);
    assert_eq!((health.failures, health.last_error.as_deref(), health.last_success_at), (1, Some("no answer\u{fffd}"), None));
    assert_eq!(db.store.pulse().await.expect("a pulse").sources_failing, 1);
    let lease = db.store.claim_source("w", NOON.plus(1), HOUR_MS).await.expect("an answer").expect("due");
    assert_eq!(lease.failures, 1);
    let now = NOON.plus(2);
    db.store.save_page(&lease, page(vec![post("1", "ann", "one")], now), now).await.expect("kept");
    let health = db.store.source_health().await.expect("health").remove(0);
    assert_eq!((health.failures, health.last_error, health.mentions), (0, None, 1));
    assert_eq!((health.last_success_at, health.newest_post_at), (Some(now), Some(NOON.plus(-HOUR_MS))));
}

async fn a_source_that_means_another_place_starts_again(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "one")]).await;
    let mut changed = spec("town", desk.brand);
    changed.every_ms = 5;
    db.store.sync_sources(std::slice::from_ref(&changed), NOON).await.expect("the same place");
    db.store.renew_lease(&desk.lease, NOON.plus(1)).await.expect("still held");
    changed.settings = serde_json::json!({ "url": "https://other.example/" });
    let ids = db.store.sync_sources(std::slice::from_ref(&changed), NOON).await.expect("another place");
    assert_eq!(ids, [desk.lease.id]);
    let refused = db.store.save_page(&desk.lease, page(Vec::new(), NOON), NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let lease = db.store.claim_source("w", NOON, HOUR_MS).await.expect("an answer").expect("due at once");
    assert_eq!((lease.cursor, lease.spec), (Cursor::default(), changed));
}

async fn a_source_that_left_the_configuration_rests_and_imports_stay(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let mut import = spec("history", desk.brand);
    import.kind = SourceKind::Import;
    db.store.add_source(&import, NOON).await.expect("an import");
    db.store.sync_sources(&[], NOON).await.expect("nothing configured");
    let health = db.store.source_health().await.expect("health");
    let shown: Vec<_> = health.iter().map(|h| (h.spec.name.as_str(), h.enabled, h.next_poll_at)).collect();
    assert_eq!(shown, [("history", true, None), ("town", false, None)]);
    assert_eq!(db.store.claim_source("w", NOON.plus(9 * DAY_MS), HOUR_MS).await.expect("an answer"), None);
    assert_eq!(db.store.next_due(NOON).await.expect("an answer"), None);
    let later = NOON.plus(2 * DAY_MS);
    db.store.sync_sources(&[spec("town", desk.brand)], later).await.expect("back");
    assert_eq!(db.store.next_due(later).await.expect("an answer"), Some(later));
}
