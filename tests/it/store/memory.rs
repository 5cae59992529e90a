use ebb::domain::ids::IncidentId;
use ebb::domain::incident::{Closing, IncidentKind, IncidentSeverity, Memory};
use ebb::domain::time::{DAY_MS, HOUR_MS, Span};
use ebb::domain::verdict::Reason;
use ebb::store::{NewIncident, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post_at};

contract! {
    a_closing_keeps_what_stood_against_it,
    what_people_keep_of_an_incident_is_changed_by_one_at_a_time,
    the_negative_mentions_of_a_span_are_counted_by_author,
    copied_texts_are_grouped_by_their_original,
}

async fn incident(db: &Database, desk: &Desk) -> IncidentId {
    let new = NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOON,
    };
    db.store.create_incident(&new, NOON).await.expect("an incident")
}

async fn a_closing_keeps_what_stood_against_it(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let blockers = vec![Reason::new("people", "two people\0", true)];
    let closing = Closing { at: NOON.plus(5), who: "Ines".to_owned(), reason: "merged".to_owned(), blockers };
    let mut read = db.store.incident(id).await.expect("an incident");
    read.closed_at = Some(NOON.plus(5));
    db.store.close_incident(&read, &closing, NOON.plus(5)).await.expect("closed");
    let refused = db.store.close_incident(&read, &closing, NOON.plus(6)).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(db.store.incident(id).await.expect("an incident").closed_at, read.closed_at);
    let kept = db.store.closings(id).await.expect("closings");
    assert_eq!((kept.len(), kept[0].who.as_str(), kept[0].blockers.len()), (1, "Ines", 1), "a refused one leaves no trace");
    assert_eq!(db.store.closings(IncidentId::new(1)).await.expect("closings"), []);
}

async fn what_people_keep_of_an_incident_is_changed_by_one_at_a_time(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    assert_eq!(db.store.memory(id).await.expect("a memory"), Memory::nothing(id));
    let mine = Memory { incident: id, solution: "a new key".to_owned(), learned: "alarms".to_owned(), version: 0 };
    db.store.save_memory(&mine, NOON).await.expect("kept");
    let refused = db.store.save_memory(&mine, NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let next = Memory { learned: "more alarms".to_owned(), version: 1, ..mine };
    db.store.save_memory(&next, NOON).await.expect("changed");
    assert_eq!(db.store.memories(desk.brand).await.expect("memories"), [Memory { version: 2, ..next }]);
    let missing = db.store.save_memory(&Memory::nothing(IncidentId::new(1)), NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn the_negative_mentions_of_a_span_are_counted_by_author(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let at = |hours: i64| NOON.plus(hours * HOUR_MS - DAY_MS);
    desk.keep(vec![
        post_at("1", "ann", "- one", at(0)),
        post_at("2", "ann", "- two", at(1)),
        post_at("3", "ann", "- three", at(1)),
        post_at("4", "bob", "- four", at(1)),
        post_at("5", "bob", "+ five", at(1)),
        post_at("6", "cy", "- one", at(1)),
        post_at("7", "dee", "- late", at(5)),
    ])
    .await;
    desk.score_all().await;
    let counts = async |span| {
        let shares = db.store.negative_by_author(desk.brand, span).await.expect("shares");
        shares.iter().map(|s| s.negative).collect::<Vec<_>>()
    };
    assert_eq!(counts(Span::new(at(0), at(2)).expect("a span")).await, [3, 1], "copies are aside");
    assert_eq!(counts(around()).await.len(), 3);
    let people = db.store.negative_by_author(desk.brand, around()).await.expect("shares").len();
    assert_eq!(i64::try_from(people).expect("a count"), db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"));
}

async fn copied_texts_are_grouped_by_their_original(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let at = |minutes: i64| NOON.plus(minutes * 60_000 - DAY_MS);
    desk.keep(vec![
        post_at("1", "ann", "- boycott them", at(0)),
        post_at("2", "bob", "- boycott them", at(1)),
        post_at("3", "bob", "- boycott them", at(2)),
        post_at("4", "cy", "- boycott them", at(3)),
        post_at("5", "dee", "+ nice", at(0)),
        post_at("6", "eve", "+ nice", at(1)),
        post_at("7", "fay", "0 alone", at(1)),
        post_at("8", "gil", "- down", at(1)),
        post_at("9", "hal", "- down", at(2)),
    ])
    .await;
    desk.score_all().await;
    let texts = db.store.copied_texts(desk.brand, around(), 5).await.expect("texts");
    let told: Vec<_> = texts.iter().map(|t| (t.text.as_str(), t.copies, t.accounts)).collect();
    assert_eq!(told, [("- boycott them", 3, 2), ("- down", 1, 1)], "only unhappy ones");
    assert_eq!(texts[0].original, desk.id("1").await);
    assert_eq!(db.store.copied_texts(desk.brand, around(), 1).await.expect("texts").len(), 1);
    assert_eq!(db.store.copied_texts(desk.brand, Span::empty(NOON), 5).await.expect("texts"), []);
}
