//! Deliveries through the door.

use ring::hmac;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::world::{START, all_mentions, store_in};
use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::intake::{Receipt, Refused, Signature};
use crate::domain::post::Mention;
use crate::domain::source::SourceKind;
use crate::domain::time::HOUR_MS;
use crate::ingest::import::push::{Door, Key};
use crate::store::Store;

const SECRET: &str = "0123456789abcdef0123";

struct Hall {
    store: Store,
    clock: Clock,
    door: Door,
    _folder: TempDir,
}

impl Hall {
    async fn new(brands: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store_in(&folder).await;
        for brand in brands {
            let terms = BrandTerms {
                names: vec![(*brand).to_owned()],
                exclude: vec!["anvil".to_owned()],
                own_accounts: vec!["acme_help".to_owned()],
                ..BrandTerms::default()
            };
            store.save_brand(brand, &terms, START).await.expect("a brand");
        }
        let clock = Clock::manual(START);
        let door = Door::new(store.clone(), clock.clone(), Key::new(SECRET).expect("a key"), None);
        Self { store, clock, door, _folder: folder }
    }

    async fn send_bytes(&self, body: &[u8]) -> Result<Receipt, Refused> {
        let timestamp = (self.clock.now().get() / 1_000).to_string();
        let text = [timestamp.as_bytes(), b".", body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &text);
        let hex: String = tag.as_ref().iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect();
        self.door.receive(&Signature::Ebb { timestamp, signature: format!("sha256={hex}") }, body).await
    }

    async fn send(&self, body: Value) -> Receipt {
        self.send_bytes(body.to_string().as_bytes()).await.expect("taken")
    }

    async fn mentions(&self) -> Vec<Mention> {
        let brand = self.store.brands().await.expect("brands")[0].id;
        all_mentions(&self.store, brand).await
    }
}

fn item(id: &str, text: &str) -> Value {
    json!({ "id": id, "text": text, "author": { "id": "u7", "handle": "@mo", "name": "Mo", "followers": 12 }, "created_at": START.plus(-HOUR_MS).to_rfc3339() })
}

fn with(mut item: Value, name: &str, value: impl Into<Value>) -> Value {
    item[name] = value.into();
    item
}

#[tokio::test]
async fn every_field_of_an_item_is_read() {
    let hall = Hall::new(&["Acme"]).await;
    let full = json!({
        "id": "9", "platform": "helpdesk", "instance": "EU.example", "text": "Acme is down", "url": "https://help.example/9", "lang": "en",
        "author": { "id": "u7", "handle": "@mo", "name": "Mo", "followers": 12 }, "created_at": START.plus(-HOUR_MS).to_rfc3339(),
        "updated_at": START.plus(-60_000).to_rfc3339(), "parent_id": 8, "engagement": { "likes": 3, "replies": 1, "shares": 2 }, "unknown": [1],
    });
    assert_eq!(hall.send(full).await, Receipt { accepted: 1, ..Receipt::default() });
    let mention = hall.mentions().await.remove(0);
    assert_eq!((mention.key.platform(), mention.key.instance(), mention.key.native_id()), ("helpdesk", "eu.example", "9"));
    assert_eq!((mention.text.as_str(), mention.why.as_str(), mention.lang.as_deref()), ("Acme is down", "names “Acme”", Some("en")));
    assert_eq!((mention.author.handle.as_str(), mention.author.name.as_str(), mention.author.followers), ("mo", "Mo", Some(12)));
    assert_eq!((mention.engagement.likes, mention.engagement.replies, mention.engagement.reposts), (3, 1, 2));
    assert_eq!((mention.url.as_deref(), mention.reply_to.as_deref()), (Some("https://help.example/9"), Some("8")));
    assert_eq!(mention.edited_at, Some(START.plus(-60_000)));
}

#[tokio::test]
async fn sending_again_changes_nothing() {
    let hall = Hall::new(&["Acme"]).await;
    let body = json!({ "items": [item("1", "Acme is down"), item("2", "no name here")] });
    assert_eq!(hall.send(body.clone()).await.accepted, 2);
    let before = hall.mentions().await;
    assert_eq!(hall.send(body).await, Receipt { duplicates: 2, ..Receipt::default() });
    assert_eq!(hall.mentions().await, before);
    assert_eq!(before[0].why, "sent as a mention");
}

#[tokio::test]
async fn the_later_version_stays_in_whatever_order_they_come() {
    let hall = Hall::new(&["Acme"]).await;
    let version = |text: &str, ago: i64| with(item("1", text), "updated_at", START.plus(-ago).to_rfc3339());
    hall.send(json!([version("second", 60_000), version("first", 120_000)])).await;
    assert_eq!(hall.mentions().await[0].text, "second");
    hall.send(version("first", 120_000)).await;
    assert_eq!(hall.mentions().await[0].text, "second");
    assert_eq!(hall.send(version("third", 30_000)).await.updated, 1);
    assert_eq!(hall.mentions().await[0].text, "third");
}

#[tokio::test]
async fn a_deletion_erases_and_a_late_older_version_does_not_bring_it_back() {
    let hall = Hall::new(&["Acme"]).await;
    hall.send(item("1", "Acme is down")).await;
    assert_eq!(hall.send(json!({ "id": "1", "deleted": true })).await.deleted, 1);
    let gone = hall.mentions().await.remove(0);
    assert_eq!((gone.text.as_str(), gone.deleted_at), ("", Some(START)));
    assert_eq!(hall.send(item("1", "Acme is down")).await, Receipt { duplicates: 1, ..Receipt::default() });
    assert!(hall.mentions().await[0].deleted_at.is_some());
    hall.clock.advance(HOUR_MS);
    let written_anew = with(item("1", "Acme, once more"), "updated_at", START.plus(60_000).to_rfc3339());
    assert_eq!(hall.send(written_anew).await.updated, 1);
    assert_eq!(hall.mentions().await[0].text, "Acme, once more");
}

#[tokio::test]
async fn bad_items_are_rejected_one_by_one_with_their_place() {
    let hall = Hall::new(&["Acme"]).await;
    let mut own = item("5", "we are back");
    own["author"]["handle"] = "acme_help".into();
    let items = json!([
        item("1", "Acme is down"),
        "text",
        with(item("2", "x"), "created_at", "yesterday"),
        with(item("3", "x"), "brand", "Other"),
        with(item("4", "x"), "url", "javascript:alert(1)"),
        own,
        item("6", "Acme sells an anvil"),
        with(item("7", "x"), "deleted", "yes"),
        with(item("8", "x"), "updated_at", START.plus(3 * 24 * HOUR_MS).to_rfc3339()),
        with(item("9", "x"), "id", Value::Null),
    ]);
    let receipt = hall.send(json!({ "items": items })).await;
    assert_eq!((receipt.accepted, receipt.rejected.len()), (1, 9));
    assert_eq!(receipt.rejected.iter().map(|r| r.index).collect::<Vec<_>>(), (1..10).collect::<Vec<_>>());
    for (at, word) in
        [(0, "object"), (1, "created_at"), (2, "brand"), (3, "url"), (4, "itself"), (5, "anvil"), (6, "deleted"), (7, "future"), (8, "id")]
    {
        assert!(receipt.rejected[at].reason.contains(word), "{:?}", receipt.rejected[at]);
    }
}

#[tokio::test]
async fn a_delivery_that_is_none_is_refused_as_a_whole() {
    let hall = Hall::new(&["Acme", "Bolt"]).await;
    let many = json!({ "items": vec![item("1", "x"); 501] }).to_string();
    for bad in ["", "null", "7", "{\"items\": 7}", "{", many.as_str(), "{\"items\": []}"] {
        assert!(matches!(hall.send_bytes(bad.as_bytes()).await, Err(Refused::Malformed(_))), "{bad:.40}");
    }
    let wrong = Signature::Ebb { timestamp: (START.get() / 1_000).to_string(), signature: format!("sha256={}", "0".repeat(64)) };
    assert_eq!(hall.door.receive(&wrong, b"[]").await, Err(Refused::WrongSignature));
    assert!(hall.store.source_health().await.expect("sources").is_empty(), "nothing was made of it");
}

#[tokio::test]
async fn deliveries_have_a_source_that_is_covered_from_one_to_the_next() {
    let hall = Hall::new(&["Acme"]).await;
    hall.send(item("1", "Acme is down")).await;
    hall.clock.advance(HOUR_MS);
    hall.send(json!({ "items": [] })).await;
    let source = hall.store.source_health().await.expect("sources").remove(0);
    assert_eq!((source.spec.name.as_str(), source.spec.kind, source.mentions), ("push (Acme)", SourceKind::Push, 1));
    assert_eq!((source.next_poll_at, source.last_success_at), (None, Some(START.plus(HOUR_MS))));
    let day = crate::domain::time::Span::new(START.plus(-HOUR_MS), START.plus(2 * HOUR_MS)).expect("ordered");
    let covered = |hours: Vec<crate::domain::source::HourCoverage>| hours.iter().map(|h| h.covered_ms).sum::<i64>();
    assert_eq!(covered(hall.store.coverage(day).await.expect("coverage")), HOUR_MS);
    hall.clock.advance(5 * HOUR_MS);
    hall.send(json!({ "items": [] })).await;
    let later = crate::domain::time::Span::new(START.plus(-HOUR_MS), START.plus(9 * HOUR_MS)).expect("ordered");
    assert_eq!(covered(hall.store.coverage(later).await.expect("coverage")), HOUR_MS, "five hours of silence are unknown");
}
