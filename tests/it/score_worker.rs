//! The scoring worker on a real store.

use std::sync::Arc;

use ebb::clock::Clock;
use ebb::domain::sentiment::{Label, Probabilities, Severity};
use ebb::domain::time::HOUR_MS;
use ebb::score::worker::{Outcome, ScoreWorker};
use ebb::score::{Engine, EngineError, Models, Passage, Reading, Scorer};
use tokio_util::sync::CancellationToken;

use crate::store::contract::Database;
use crate::store::desk::{Desk, NOON, post, post_at};

/// Negative for `bad`; `fail` cannot be scored, `panic` panics.
struct Words(Vec<String>);

impl Engine for Words {
    fn name(&self) -> &'static str {
        "words@1"
    }

    fn languages(&self) -> &[String] {
        &self.0
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError> {
        passages.iter().map(|p| read(p.text)).collect()
    }
}

fn read(text: &str) -> Result<Reading, EngineError> {
    assert!(!text.contains("panic"), "as the text says");
    if text.contains("fail") {
        return Err(EngineError::Run { model: "words@1".to_owned(), reason: "as the text says".to_owned() });
    }
    let label = if text.contains("bad") { Label::Negative } else { Label::Neutral };
    let probabilities = Probabilities::new([0.25, 0.5, 0.25]).expect("they sum to one");
    Ok(Reading { label, probabilities, severity: Severity::ZERO })
}

fn worker(db: &Database) -> ScoreWorker {
    let models = Models::new(vec![Arc::new(Words(vec!["en".to_owned()]))]).expect("an engine");
    let scorer = Scorer::start(models).expect("a thread");
    ScoreWorker::new(db.store.clone(), scorer, Clock::manual(NOON), "w1".to_owned())
}

#[tokio::test]
async fn mentions_are_scored_and_the_backlog_is_told() {
    let db = Database::sqlite().await;
    let desk = Desk::new(&db.store).await;
    let posts = (0..300).map(|i| post_at(&i.to_string(), "ann", &format!("a bad day, number {i}"), NOON.plus(-i * 1_000)));
    desk.keep(posts.collect()).await;
    let mut worker = worker(&db);
    let progress = worker.progress();

    assert_eq!(worker.tick().await.expect("a batch"), Outcome::Done { scored: 256, failed: 0 });
    let seen = *progress.borrow();
    assert_eq!(seen.waiting, 44);
    assert!(seen.per_second > 0.0 && seen.eta_seconds.is_some_and(|s| s > 0.0), "{seen:?}");
    let newest = desk.mention("0").await.sentiment.expect("the newest are scored first");
    assert_eq!((newest.label, newest.lang.as_str(), newest.model.as_str()), (Label::Negative, "en", "words@1"));
    assert_eq!(desk.mention("299").await.sentiment, None);

    assert_eq!(worker.tick().await.expect("a batch"), Outcome::Done { scored: 44, failed: 0 });
    assert_eq!(worker.tick().await.expect("no batch"), Outcome::Idle);
    assert_eq!(progress.borrow().eta_seconds, Some(0.0));
    db.drop_it().await;
}

#[tokio::test]
async fn texts_that_cannot_be_scored_do_not_hold_up_the_others() {
    let db = Database::sqlite().await;
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "this is bad"), post("2", "bob", "this will fail"), post("3", "cat", "do not panic")]).await;
    let mut worker = worker(&db);
    for scored in [1, 0, 0, 0, 0] {
        assert_eq!(worker.tick().await.expect("a batch"), Outcome::Done { scored, failed: 2 });
    }
    assert_eq!(worker.tick().await.expect("they are left alone"), Outcome::Idle);
    assert!(desk.mention("1").await.sentiment.is_some());
    assert!(desk.mention("2").await.sentiment.is_none() && desk.mention("3").await.sentiment.is_none());
    db.drop_it().await;
}

#[tokio::test]
async fn what_another_worker_holds_is_not_scored_twice() {
    let db = Database::sqlite().await;
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "this is bad")]).await;
    assert_eq!(db.store.claim_scoring("another", 10, NOON, HOUR_MS).await.expect("a claim").len(), 1);
    assert_eq!(worker(&db).tick().await.expect("nothing is free"), Outcome::Idle);
    db.drop_it().await;
}

#[tokio::test]
async fn nothing_is_claimed_with_a_model_that_does_not_load() {
    let db = Database::sqlite().await;
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "this is bad")]).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy("models/ebb-en/settings.json", folder.path().join("settings.json")).expect("settings");
    let scorer = Scorer::start(Models::with_folder(folder.path(), 1).expect("settings")).expect("a thread");
    let mut worker = ScoreWorker::new(db.store.clone(), scorer, Clock::manual(NOON), "w1".to_owned());
    let error = worker.tick().await.expect_err("no model").to_string();
    assert!(error.contains("model.onnx"), "{error}");
    assert_eq!(db.store.claim_scoring("another", 10, NOON, HOUR_MS).await.expect("a claim").len(), 1);
    db.drop_it().await;
}

#[tokio::test]
async fn the_loop_scores_what_waits_and_ends_when_told() {
    let db = Database::sqlite().await;
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "this is bad")]).await;
    let worker = worker(&db);
    let mut progress = worker.progress();
    let stop = CancellationToken::new();
    let running = tokio::task::spawn(worker.run(stop.clone()));
    progress.wait_for(|p| p.eta_seconds == Some(0.0)).await.expect("the worker lives");
    stop.cancel();
    running.await.expect("no panic");
    assert!(desk.mention("1").await.sentiment.is_some());
    db.drop_it().await;
}
