//! At least once, under one name, never lost: against services that fail, stall and throttle, and against crashes.

use ebb::domain::alert::{MessageState, Repeat};
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::StoreError;

use super::fakes::{Hook, Say};
use super::{NOON, Office, SIGNING, alert};

const SECRETS: [(&str, &str); 1] = [("SIGNING", SIGNING)];

async fn office(hook: &Hook) -> Office {
    Office::with(&format!("kind = \"webhook\"\nurl = \"{}/in\"\ntoken = {{ env = \"SIGNING\" }}", hook.url)).await
}

#[tokio::test]
async fn a_service_that_asks_for_time_gets_it() {
    let mut hook = Hook::start(&[Say::RetryAfter(429, 600), Say::RetryAfter(503, 7)]).await;
    let office = office(&hook).await;
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &SECRETS);
    let began = office.clock.now();
    assert_eq!(worker.tick().await.expect("a round").again, 1);
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert_eq!((message.due_at.since(began), message.repeat), (600_000, Repeat::First), "a refusal has not arrived");
    office.clock.advance(599_000);
    assert_eq!(worker.tick().await.expect("a round"), ebb::alert::worker::Round::default(), "not a second too early");
    office.clock.advance(1_000);
    assert_eq!(worker.tick().await.expect("a round").again, 1);
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert!((24_000..=36_000).contains(&message.due_at.since(office.clock.now())), "a wish for 7 s is shorter than our own pause");
    office.clock.advance(HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    let ids: Vec<String> = hook.rest().iter().map(|r| r.header("webhook-id").to_owned()).collect();
    assert_eq!((ids.len(), ids.iter().collect::<std::collections::HashSet<_>>().len()), (3, 1), "one name for all attempts: {ids:?}");
    office.close().await;
}

#[tokio::test]
async fn a_service_that_stalls_is_tried_again_and_the_repeat_is_marked() {
    let mut hook = Hook::start(&[Say::Stall]).await;
    let office = office(&hook).await;
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &SECRETS);
    assert_eq!(worker.tick().await.expect("a round").again, 1);
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert_eq!(message.repeat, Repeat::Possible);
    assert!(message.last_error.as_deref().is_some_and(|e| e.contains("no answer within") && !e.contains("/in")), "{message:?}");
    office.clock.advance(30_000);
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    let bodies: Vec<String> = hook.rest().into_iter().map(|r| r.text).collect();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]), "a repeat says the same");
    office.close().await;
}

#[tokio::test]
async fn one_that_stalls_does_not_hold_up_the_others() {
    let mut hook = Hook::start(&[Say::Stall]).await;
    let office = office(&hook).await;
    let other = ebb::domain::alert::Alert { subject: "incident:10".to_owned(), ..alert("b") };
    office.tell(&[alert("a"), other]).await;
    let round = office.worker("one", &SECRETS).tick().await.expect("a round");
    assert_eq!((round.sent, round.again), (1, 1));
    assert_eq!(hook.rest().len(), 2);
    office.close().await;
}

#[tokio::test]
async fn what_was_sent_but_not_marked_is_sent_again_under_the_same_name() {
    let mut hook = Hook::start(&[]).await;
    let office = office(&hook).await;
    office.tell(&[alert("a")]).await;
    // The first sender vanishes with the message in its hands.
    let lost = office.store().claim_messages("vanished", office.clock.now(), 180_000, 8).await.expect("a claim");
    assert_eq!(lost.len(), 1);
    let mut worker = office.worker("two", &SECRETS);
    assert_eq!(worker.tick().await.expect("a round").sent, 0, "it is in somebody's hands");
    office.clock.advance(180_000);
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    assert_eq!(hook.next().await.header("webhook-id"), lost[0].name());
    let message = office.store().message(lost[0].id).await.expect("a message");
    assert_eq!((message.state, message.repeat, message.attempts), (MessageState::Sent, Repeat::Possible, 2));
    let late = office.store().finish_attempt(&lost[0], "vanished", &ebb::store::Attempt::Sent, office.clock.now()).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "whoever lost the lease writes nothing: {late:?}");
    office.close().await;
}

#[tokio::test]
async fn a_message_is_given_up_after_its_time_and_sent_again_when_a_person_asks() {
    let mut hook = Hook::start(&vec![Say::Status(500); 60]).await;
    let office = office(&hook).await;
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &SECRETS);
    let mut given_up = 0;
    for _ in 0..60 {
        given_up += worker.tick().await.expect("a round").given_up;
        office.clock.advance(HOUR_MS / 2 + 360_000);
    }
    assert_eq!(given_up, 1);
    let message = office.store().messages(Some(MessageState::Failed), None, 9).await.expect("messages").remove(0);
    assert!(message.last_error.as_deref().is_some_and(|e| e.contains("given up 24 h")), "{message:?}");
    assert!(message.last_try_at.is_some_and(|at| at.since(NOON) <= DAY_MS + 60_000));
    let tries = hook.rest().len();
    assert_eq!(office.store().messages_given_up().await.expect("a count"), 1);
    office.store().retry_message(message.id, office.clock.now()).await.expect("asked for");
    let again = office.store().retry_message(message.id, office.clock.now()).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "it waits already: {again:?}");
    worker.tick().await.expect("a round");
    assert_eq!((hook.rest().len(), tries > 20), (1, true));
    office.close().await;
}

#[tokio::test]
async fn a_refusal_is_given_up_at_once_and_says_why_without_secrets() {
    let words = "no_service for /hooks/s3cret <b>";
    let hook = Hook::start(&[Say::Words(404, words)]).await;
    let office = Office::with("kind = \"slack\"\nurl = { env = \"HOOK\" }").await;
    office.tell(&[alert("a")]).await;
    let url = format!("{}/hooks/s3cret", hook.url);
    assert_eq!(office.worker("one", &[("HOOK", &url)]).tick().await.expect("a round").given_up, 1);
    let error = office.store().messages(None, None, 1).await.expect("messages")[0].last_error.clone().expect("an error");
    assert!(error.contains("no_service") && error.contains("404") && !error.contains("s3cret"), "{error}");
    office.close().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_nobody_listening_is_tried_again() {
    let hook = Hook::start(&[Say::Status(307)]).await;
    let redirected = office(&hook).await;
    redirected.tell(&[alert("a")]).await;
    assert_eq!(redirected.worker("one", &SECRETS).tick().await.expect("a round").given_up, 1);
    redirected.close().await;
    let deaf = Office::with("kind = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\ntoken = { env = \"SIGNING\" }").await;
    deaf.tell(&[alert("a")]).await;
    assert_eq!(deaf.worker("one", &SECRETS).tick().await.expect("a round").again, 1);
    let message = deaf.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert_eq!(message.repeat, Repeat::First, "it never left");
    deaf.close().await;
}

#[tokio::test]
async fn a_message_whose_channel_is_gone_says_so() {
    let hook = Hook::start(&[]).await;
    let office = office(&hook).await;
    let now = office.clock.now();
    office.store().post_now(&ebb::domain::alert::Alert::test("elsewhere", 1, now), "elsewhere", now).await.expect("posted");
    assert_eq!(office.worker("one", &SECRETS).tick().await.expect("a round").given_up, 1);
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert!(message.last_error.as_deref().is_some_and(|e| e.contains("\"elsewhere\"")), "{message:?}");
    office.close().await;
}

#[tokio::test]
async fn what_was_told_is_forgotten_after_its_time_and_looked_for_once_an_hour() {
    let mut hook = Hook::start(&[]).await;
    let mut office = office(&hook).await;
    office.config.push_str("[alert]\nkeep = \"30d\"\n");
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &SECRETS);
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    hook.next().await;
    office.clock.advance(30 * DAY_MS);
    assert_eq!(worker.tick().await.expect("a round").forgotten, 0, "to the second it is kept");
    office.clock.advance(1);
    assert_eq!(worker.tick().await.expect("a round").forgotten, 0, "it looked a moment ago");
    office.clock.advance(HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").forgotten, 2, "the message and its alert");
    assert_eq!(office.store().messages(None, None, 9).await.expect("messages"), []);
    office.close().await;
}
