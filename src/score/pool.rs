//! The way from async code to the models: a queue and one thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::engine::EngineError;
use super::models::{Models, ScoreInput};
use crate::domain::sentiment::Sentiment;

/// Requests that may wait; who comes later waits to put its own in.
const QUEUE: usize = 16;

/// Why there is no score.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ScoreError {
    /// The model said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A defect; the scorer itself goes on.
    #[error("scoring stopped in the middle of these texts")]
    Panicked,
    /// [`Scorer::close`] was called.
    #[error("the scorer is shut down")]
    Closed,
    /// The thread could not be made.
    #[error("no thread for scoring: {0}")]
    NoThread(String),
}

struct Request {
    inputs: Vec<ScoreInput>,
    answer: oneshot::Sender<Result<Vec<Sentiment>, ScoreError>>,
}

/// Scores texts for async code without ever blocking its threads. Clones share one queue.
///
/// Requests are taken in the order they come; each spreads over all cores by itself.
#[derive(Debug, Clone)]
pub struct Scorer {
    queue: Arc<Mutex<Option<mpsc::Sender<Request>>>>,
    ended: Arc<tokio::sync::Mutex<Option<oneshot::Receiver<()>>>>,
}

impl Scorer {
    /// Starts the thread. The models are loaded by the first request.
    pub fn start(models: Models) -> Result<Self, ScoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let body = move || {
            serve(&models, receiver);
            // Nobody may be waiting for the end.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("score".to_owned()).spawn(body).map_err(|e| ScoreError::NoThread(e.to_string()))?;
        Ok(Self { queue: Arc::new(Mutex::new(Some(sender))), ended: Arc::new(tokio::sync::Mutex::new(Some(ended))) })
    }

    /// One sentiment for each text, in order. When the caller stops waiting, the request is dropped unless it has begun.
    pub async fn score(&self, inputs: Vec<ScoreInput>) -> Result<Vec<Sentiment>, ScoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(ScoreError::Closed)?;
        let (answer, result) = oneshot::channel();
        queue.send(Request { inputs, answer }).await.map_err(|_| ScoreError::Closed)?;
        result.await.map_err(|_| ScoreError::Closed)?
    }

    /// Takes no more requests, finishes those that wait, and returns when the thread has ended.
    pub async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(ended) = self.ended.lock().await.take() {
            // An error means that the thread is gone, which is what is waited for.
            let _ = ended.await;
        }
    }
}

fn serve(models: &Models, mut queue: mpsc::Receiver<Request>) {
    while let Some(Request { inputs, answer }) = queue.blocking_recv() {
        if answer.is_closed() {
            continue;
        }
        // A panic must cost this request only. The models hold no half-made state: a cache behind a lock, loaded weights.
        let scored = catch_unwind(AssertUnwindSafe(|| models.score(&inputs)));
        let result = scored.map_or(Err(ScoreError::Panicked), |r| r.map_err(ScoreError::Engine));
        // The caller may have stopped waiting.
        let _ = answer.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fake_models, inputs};
    use super::*;
    use crate::domain::sentiment::Label;

    #[tokio::test]
    async fn texts_are_scored_in_order() {
        let scorer = Scorer::start(fake_models()).expect("a thread");
        let found = scorer.score(inputs(&["good", "bad", "so so"])).await.expect("scored");
        let labels: Vec<_> = found.iter().map(|s| s.label).collect();
        assert_eq!(labels, [Label::Positive, Label::Negative, Label::Neutral]);
    }

    #[tokio::test]
    async fn a_panic_costs_one_request_and_the_next_is_scored() {
        let scorer = Scorer::start(fake_models()).expect("a thread");
        assert!(matches!(scorer.score(inputs(&["panic"])).await, Err(ScoreError::Panicked)));
        assert!(matches!(scorer.score(inputs(&["fail"])).await, Err(ScoreError::Engine(EngineError::Run { .. }))));
        assert_eq!(scorer.score(inputs(&["good"])).await.expect("scored").len(), 1);
    }

    #[tokio::test]
    async fn closing_finishes_what_waits_and_refuses_what_comes_after() {
        let scorer = Scorer::start(fake_models()).expect("a thread");
        let waiting: Vec<_> = (0..50).map(|_| scorer.score(inputs(&["good"]))).collect();
        let waiting = futures_util::future::join_all(waiting);
        let (found, ()) = tokio::join!(waiting, async {
            // The requests above have their sender before this runs: join polls them first.
            scorer.close().await;
        });
        assert!(found.iter().all(Result::is_ok));
        assert!(matches!(scorer.score(inputs(&["good"])).await, Err(ScoreError::Closed)));
        scorer.close().await;
    }
}
