//! Every future of the store may be sent to another thread: the compiler is the test.

use ebb::domain::brand::BrandTerms;
use ebb::domain::ids::{FlagId, IncidentId, MentionId};
use ebb::domain::incident::{FlagState, UpdateKind};
use ebb::domain::source::Cursor;
use ebb::store::{FlagChangeRequest, MentionFilter, RecheckToKeep, Store};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, page, post, spec};

contract! {
    all_of_it_runs_on_another_thread,
}

async fn all_of_it_runs_on_another_thread(db: &Database) {
    let url = db.url.clone();
    let desk = Desk::new(&db.store).await;
    let mut others = tokio::task::JoinSet::new();
    others.spawn(async move {
        let store = Store::open(&url, 77).await.expect("opens");
        ingest(&store, &desk).await;
        read(&store, &desk).await;
        store.close().await;
    });
    others.join_next().await.expect("one").expect("it ran");
}

async fn ingest(store: &Store, desk: &Desk) {
    let brand = store.save_brand("Bolt", &BrandTerms::default(), NOON).await.expect("a brand");
    store.sync_sources(&[spec("a", brand)], NOON).await.expect("sources");
    let id = store.add_source(&spec("b", brand), NOON).await.expect("a source");
    let lease = store.claim_this_source(id, "w", NOON, 9).await.expect("a lease");
    store.renew_lease(&lease, NOON.plus(10)).await.expect("held");
    store.save_page(&lease, page(vec![post("1", "ann", "-")], NOON), NOON).await.expect("kept");
    store.save_recheck(&lease, RecheckToKeep::default(), NOON).await.expect("kept");
    store.save_poll_failure(&lease, "no", NOON, NOON).await.expect("kept");
    assert!(store.claim_source("w", NOON, 9).await.expect("an answer").is_some_and(|l| l.cursor == Cursor::default()));
    let task = store.claim_scoring("w", 1, NOON, 9).await.expect("a claim").remove(0);
    store.fail_scoring("w", task.mention, "no", NOON).await.expect("given back");
    store.save_scores("w", &[], NOON).await.expect("nothing");
    store.correct_label(task.mention, None, NOON).await.expect("nothing");
    assert!(store.save_baseline(IncidentId::new(1), &baseline()).await.is_ok(), "there is nothing to freeze");
    assert!(store.add_update(IncidentId::new(1), NOON, UpdateKind::Fix, "", None, NOON).await.is_err());
    let request = FlagChangeRequest { state: FlagState::Done, owner: String::new(), note: String::new() };
    assert!(store.change_flag(FlagId::new(1), 1, request, NOON).await.is_err());
    assert_eq!(store.due_rechecks(desk.lease.id, NOON, 1).await.expect("keys"), []);
}

async fn read(store: &Store, desk: &Desk) {
    let filter = MentionFilter { brand: desk.brand, ..MentionFilter::default() };
    assert_eq!(store.mentions(&filter, None, 1).await.expect("mentions"), []);
    assert_eq!(store.mentions_oldest_first(&filter, None, 1).await.expect("mentions"), []);
    assert!(store.mention(desk.brand, MentionId::new(1)).await.is_err());
    assert_eq!(store.copies_of(MentionId::new(1)).await.expect("a count"), 0);
    assert_eq!(store.languages(desk.brand).await.expect("languages"), []);
    assert_eq!(store.hours(desk.brand, None, around()).await.expect("hours"), []);
    assert_eq!(store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 0);
    assert_eq!(store.very_negative(desk.brand, around(), 0.5).await.expect("authors"), []);
    assert_eq!(store.flags(desk.brand, None, 1).await.expect("flags"), []);
    assert_eq!(store.standing(IncidentId::new(1)).await.expect("an answer"), None);
    assert_eq!(store.verdicts(IncidentId::new(1)).await.expect("verdicts"), []);
    assert_eq!(store.brands().await.expect("brands").len(), 2);
    assert_eq!(store.source_health().await.expect("health").len(), 3);
    assert_eq!(store.pulse().await.expect("a pulse").waiting, 1);
}

fn baseline() -> ebb::domain::verdict::Baseline {
    ebb::domain::verdict::Baseline {
        history: around(),
        cut: Vec::new(),
        method: ebb::domain::verdict::BaselineMethod::None,
        expected: vec![0.0; 168],
        hours: vec![0; 168],
        sources: Vec::new(),
        size: 1.0,
        window_size: 1.0,
    }
}
