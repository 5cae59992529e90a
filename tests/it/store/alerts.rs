use ebb::domain::alert::{Alert, Channel, ChannelKind, MessageState, Repeat, Urgency};
use ebb::domain::route::Route;
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{Attempt, Claim, Known, NewToken, OutboxCursor, Posting, StoreError};

use super::contract::{Database, contract};
use super::desk::NOON;

contract! {
    an_alert_is_kept_once_and_joins_the_message_that_was_not_tried_yet,
    a_claimed_message_is_held_by_one_sender_and_never_grows,
    messages_are_listed_by_pages_and_states,
    what_was_told_long_ago_is_forgotten_and_what_waits_is_not,
    a_token_is_found_by_its_hash_and_can_be_taken_back,
    the_same_write_gets_the_same_answer_for_a_day,
    channels_are_replaced_as_a_whole,
}

fn alert(key: &str) -> Alert {
    Alert { key: key.to_owned(), subject: "incident:9".to_owned(), ..Alert::test("x", 1, NOON) }
}

fn route() -> Route {
    Route::all(vec!["a".to_owned(), "b".to_owned()])
}

async fn an_alert_is_kept_once_and_joins_the_message_that_was_not_tried_yet(db: &Database) {
    let route = route();
    let postings = [Posting { route: &route, channel: "a" }, Posting { route: &route, channel: "b" }];
    assert!(db.store.record_alert(&alert("1"), &postings, NOON).await.expect("kept"));
    assert!(!db.store.record_alert(&alert("1"), &postings, NOON).await.expect("known"));
    assert!(db.store.record_alert(&alert("2"), &postings[..1], NOON.plus(30_000)).await.expect("kept"));
    assert!(db.store.record_alert(&alert("3"), &[], NOON).await.expect("kept"));
    let messages = db.store.messages(None, None, 10).await.expect("messages");
    let keys = |channel: &str| {
        let message = messages.iter().find(|m| m.channel == channel).expect("a message");
        message.alerts.iter().map(|a| a.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!((messages.len(), keys("a"), keys("b")), (2, vec!["1".to_owned(), "2".to_owned()], vec!["1".to_owned()]));
    assert!(messages.iter().all(|m| m.due_at == NOON.plus(60_000)), "a later one does not hold the message up");
    assert_eq!(db.store.outbox_counts().await.expect("counts").untold, 1);
    let first = db.store.mark("m", NOON).await.expect("a mark");
    assert_eq!((first, db.store.mark("m", NOON.plus(9)).await.expect("a mark")), (NOON, NOON));
}

async fn a_claimed_message_is_held_by_one_sender_and_never_grows(db: &Database) {
    let route = route();
    let posting = [Posting { route: &route, channel: "a" }];
    db.store.record_alert(&alert("1"), &posting, NOON).await.expect("kept");
    assert_eq!(db.store.claim_messages("w", NOON.plus(59_999), HOUR_MS, 9).await.expect("a claim"), [], "not due");
    let due = NOON.plus(60_000);
    let held = db.store.claim_messages("w", due, HOUR_MS, 9).await.expect("a claim").remove(0);
    assert_eq!((held.attempts, held.repeat, held.first_try_at), (1, Repeat::First, Some(due)));
    assert_eq!(db.store.claim_messages("v", due, HOUR_MS, 9).await.expect("a claim"), []);
    db.store.record_alert(&alert("2"), &posting, due).await.expect("kept");
    assert_eq!(db.store.message(held.id).await.expect("a message").alerts.len(), 1, "sealed");
    let next = db.store.messages(None, None, 1).await.expect("messages").remove(0);
    assert_eq!(next.due_at, due.plus(15 * 60_000), "the cool-down counts from the message before");
    let again = Attempt::Again { at: due.plus(5), error: "busy".to_owned(), repeat: Repeat::Possible };
    db.store.finish_attempt(&held, "w", &again, due).await.expect("kept");
    let retried = db.store.claim_messages("v", due.plus(5), HOUR_MS, 9).await.expect("a claim").remove(0);
    assert_eq!((retried.id, retried.attempts, retried.repeat, retried.last_error.as_deref()), (held.id, 2, Repeat::Possible, Some("busy")));
    let stale = db.store.finish_attempt(&held, "w", &Attempt::Sent, due).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    db.store.finish_attempt(&retried, "v", &Attempt::Sent, due.plus(6)).await.expect("kept");
    assert_eq!(db.store.message(held.id).await.expect("a message").sent_at, Some(due.plus(6)));
    let critical = Alert { urgency: Urgency::Critical, ..alert("3") };
    db.store.record_alert(&critical, &posting, due.plus(60_000)).await.expect("kept");
    let next = db.store.message(next.id).await.expect("a message");
    assert_eq!((next.alerts.len(), next.due_at), (2, due.plus(120_000)), "what is critical does not wait for the cool-down");
}

async fn messages_are_listed_by_pages_and_states(db: &Database) {
    for n in 0..5 {
        assert!(db.store.post_now(&Alert::test("a", n, NOON), "a", NOON.plus(n)).await.expect("posted"));
        assert!(!db.store.post_now(&Alert::test("a", n, NOON), "a", NOON.plus(n)).await.expect("known"));
    }
    let first = db.store.messages(None, None, 3).await.expect("messages");
    let rest = db.store.messages(None, Some(OutboxCursor(first[2].id)), 3).await.expect("messages");
    let names: Vec<_> = first.iter().chain(&rest).map(|m| m.alerts[0].key.clone()).collect();
    assert_eq!(names, ["test:a:4", "test:a:3", "test:a:2", "test:a:1", "test:a:0"]);
    let held = db.store.claim_messages("w", NOON.plus(9), 9, 2).await.expect("a claim");
    let lost = Attempt::GivenUp { error: "no".to_owned(), repeat: Repeat::First };
    db.store.finish_attempt(&held[0], "w", &lost, NOON).await.expect("kept");
    db.store.finish_attempt(&held[1], "w", &Attempt::Sent, NOON).await.expect("kept");
    let counts = db.store.outbox_counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.retrying, counts.sent, counts.failed, counts.untold), (3, 0, 1, 1, 0));
    let failed = db.store.messages(Some(MessageState::Failed), None, 9).await.expect("messages");
    assert_eq!(failed.iter().map(|m| m.id).collect::<Vec<_>>(), [held[0].id]);
    assert_eq!(db.store.messages_given_up().await.expect("a count"), 1);
}

async fn what_was_told_long_ago_is_forgotten_and_what_waits_is_not(db: &Database) {
    let both = route();
    let postings = [Posting { route: &both, channel: "a" }, Posting { route: &both, channel: "b" }];
    // Told to two channels, of which one still waits; told to nobody; told; given up.
    db.store.record_alert(&alert("half"), &postings, NOON).await.expect("kept");
    db.store.record_alert(&alert("untold"), &[], NOON).await.expect("kept");
    for n in 0..3 {
        db.store.post_now(&Alert::test("a", n, NOON), "a", NOON.plus(n)).await.expect("posted");
    }
    let later = NOON.plus(HOUR_MS);
    for (i, held) in db.store.claim_messages("w", later, HOUR_MS, 9).await.expect("a claim").iter().enumerate() {
        let end = match (held.channel.as_str(), i % 2) {
            ("b", _) => Attempt::Again { at: later.plus(9 * HOUR_MS), error: "busy".to_owned(), repeat: Repeat::First },
            (_, 0) => Attempt::Sent,
            _ => Attempt::GivenUp { error: "no".to_owned(), repeat: Repeat::First },
        };
        db.store.finish_attempt(held, "w", &end, later).await.expect("kept");
    }
    assert_eq!(db.store.forget_messages(later, 9).await.expect("looked"), 1, "only what went to nobody is older than the last attempt");
    assert_eq!(db.store.messages(None, None, 9).await.expect("messages").len(), 5);
    let after = later.plus(1);
    let mut forgotten = Vec::new();
    while forgotten.last() != Some(&0) {
        forgotten.push(db.store.forget_messages(after, 3).await.expect("looked"));
    }
    assert_eq!(forgotten.iter().sum::<i64>(), 4 + 3, "four messages and the three tests: {forgotten:?}");
    let left = db.store.messages(None, None, 9).await.expect("messages");
    assert_eq!((left.len(), left[0].channel.as_str(), left[0].alerts[0].key.as_str()), (1, "b", "half"));
    assert!(!db.store.record_alert(&alert("half"), &postings, after).await.expect("known"), "it is still being told");
    assert!(db.store.record_alert(&alert("untold"), &[], after).await.expect("kept"), "what was forgotten is new");
}

async fn a_token_is_found_by_its_hash_and_can_be_taken_back(db: &Database) {
    assert!(!db.store.asks_for_tokens().await.expect("an answer"));
    let new = NewToken { name: "ci", hash: "abc", scopes: "read,write", expires_at: Some(NOON.plus(DAY_MS)) };
    db.store.add_token(&new, NOON).await.expect("kept");
    let twice = db.store.add_token(&NewToken { hash: "def", ..new.clone() }, NOON).await;
    assert!(matches!(twice, Err(StoreError::Conflict)), "{twice:?}");
    let token = db.store.token("abc").await.expect("an answer").expect("a token");
    assert_eq!((token.name.as_str(), token.scopes.as_str(), token.expires_at), ("ci", "read,write", Some(NOON.plus(DAY_MS))));
    assert_eq!(db.store.token("def").await.expect("an answer"), None);
    db.store.token_used(&token, NOON.plus(5)).await.expect("kept");
    db.store.revoke_token("ci", NOON.plus(6)).await.expect("taken back");
    let again = db.store.revoke_token("ci", NOON.plus(7)).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
    let token = db.store.tokens().await.expect("tokens").remove(0);
    assert_eq!((token.used_at, token.revoked_at), (Some(NOON.plus(5)), Some(NOON.plus(6))));
    assert!(db.store.asks_for_tokens().await.expect("an answer"), "a token that was taken back does not open the door");
}

async fn the_same_write_gets_the_same_answer_for_a_day(db: &Database) {
    let claim = Claim { token: 1, key: "k".to_owned(), request: "r".to_owned() };
    assert_eq!(db.store.claim_key(&claim, NOON).await.expect("an answer"), Known::New);
    assert_eq!(db.store.claim_key(&claim, NOON).await.expect("an answer"), Known::UnderWay);
    let other = Claim { request: "s".to_owned(), ..claim.clone() };
    assert_eq!(db.store.claim_key(&other, NOON).await.expect("an answer"), Known::Other);
    assert_eq!(db.store.claim_key(&Claim { token: 2, ..other }, NOON).await.expect("an answer"), Known::New, "each token has its keys");
    db.store.keep_answer(&claim, 201, "{}", "/x").await.expect("kept");
    let answered = Known::Answered { status: 201, body: "{}".to_owned(), location: "/x".to_owned() };
    assert_eq!(db.store.claim_key(&claim, NOON.plus(DAY_MS - 1)).await.expect("an answer"), answered);
    assert_eq!(db.store.claim_key(&claim, NOON.plus(DAY_MS)).await.expect("an answer"), Known::New);
    assert_eq!(db.store.claim_key(&claim, NOON.plus(DAY_MS + 60_000)).await.expect("an answer"), Known::New, "a crash frees the key");
    db.store.free_key(&claim).await.expect("freed");
    assert_eq!(db.store.claim_key(&claim, NOON.plus(DAY_MS + 60_001)).await.expect("an answer"), Known::New);
}

async fn channels_are_replaced_as_a_whole(db: &Database) {
    let channel = |name: &str, kind| Channel { name: name.to_owned(), kind, place: "h.example".to_owned() };
    let two = [channel("z", ChannelKind::Slack), channel("a", ChannelKind::PagerDuty)];
    db.store.sync_channels(&two).await.expect("kept");
    assert_eq!(db.store.channels().await.expect("channels"), two);
    db.store.sync_channels(&two[1..]).await.expect("kept");
    assert_eq!(db.store.channels().await.expect("channels"), two[1..]);
}
