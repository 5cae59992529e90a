//! Takes mentions without a score from the store, scores them, and gives them back.
//!
//! A batch is claimed with a lease, newest first: when the process dies in the middle, the lease runs out and another
//! worker takes the batch. Saving ends the lease, so nothing is scored twice.

use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::models::ScoreInput;
use super::pool::{ScoreError, Scorer};
use super::progress::{Meter, Progress};
use crate::clock::Clock;
use crate::domain::ids::MentionId;
use crate::domain::sentiment::Sentiment;
use crate::store::{ScoringTask, Store, StoreError};

/// Mentions in a batch: about half a second of work, so that stopping and new mentions do not wait long.
const BATCH: i64 = 256;
/// A batch that is not given back within this time is free for others.
/// In milliseconds of the machine: the demo runs on a faster clock, the model does not.
const LEASE_MS: i64 = 30_000;
/// How often the store is asked when it had nothing.
const IDLE_MS: i64 = 1_000;
/// No pause is longer than this on a clock that runs faster than the machine's.
const LONGEST_PAUSE_MS: i64 = 5 * 60_000;
/// How long to wait after an error.
const PAUSE_MS: i64 = 5_000;

/// What one tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing waits for a score.
    Idle,
    /// A batch is done.
    Done {
        /// Scores saved.
        scored: u64,
        /// Mentions that the model cannot score, marked as such with the reason.
        failed: u64,
    },
}

/// Why a tick did not come to its end. What it had claimed is free again when its lease has run out.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No text can be scored now.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Whether the models have scored a text in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    No,
    Yes,
}

/// Feeds the models from the store.
#[derive(Debug)]
pub struct ScoreWorker {
    store: Store,
    scorer: Scorer,
    clock: Clock,
    /// Names the lease; unique among all processes on this store.
    name: String,
    ready: Ready,
    meter: Meter,
    progress: watch::Sender<Progress>,
}

impl ScoreWorker {
    /// A worker. `name` must differ from that of every other worker on the same store.
    pub fn new(store: Store, scorer: Scorer, clock: Clock, name: String) -> Self {
        Self { store, scorer, clock, name, ready: Ready::No, meter: Meter::default(), progress: watch::Sender::new(Progress::default()) }
    }

    /// How it does, for pages. Follows every tick.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Claims a batch, scores and saves it. Never waits for work.
    pub async fn tick(&mut self) -> Result<Outcome, WorkerError> {
        self.prove_models().await?;
        let tasks = self.store.claim_scoring(&self.name, BATCH, self.clock.now(), self.clock.real_ms(LEASE_MS)).await?;
        if tasks.is_empty() {
            self.progress.send_replace(self.meter.progress(0));
            return Ok(Outcome::Idle);
        }
        let start = Instant::now();
        let scored = self.score(&tasks).await?;
        self.meter.note(tasks.len(), start.elapsed());
        let outcome = self.save(scored).await?;
        self.progress.send_replace(self.meter.progress(self.store.scoring_backlog().await?));
        Ok(outcome)
    }

    /// Claims nothing before the models have shown that they work: mentions whose workers give up again and again are
    /// left alone in the end.
    async fn prove_models(&mut self) -> Result<(), WorkerError> {
        if self.ready == Ready::No && self.store.has_backlog().await? {
            self.scorer.score(vec![ScoreInput { text: "the first text".to_owned(), lang: None }]).await?;
            self.ready = Ready::Yes;
        }
        Ok(())
    }

    /// Ticks until it is told to stop; a batch that has begun is finished first.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.tick().await {
                Ok(Outcome::Done { scored, failed }) => {
                    tracing::debug!(mentions.scored = scored, mentions.failed = failed, "scored a batch of mentions");
                    continue;
                }
                Ok(Outcome::Idle) => IDLE_MS,
                Err(error) => {
                    tracing::error!(error = %error, "scoring failed; trying again in {} s", PAUSE_MS / 1_000);
                    PAUSE_MS
                }
            };
            tokio::select! {
                () = self.clock.sleep_ms(self.clock.real_ms(pause).min(LONGEST_PAUSE_MS)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// A score or a reason for each task. When the batch as a whole fails, each text is tried alone, so that one text
    /// that the model cannot bear does not hold up the others.
    async fn score(&self, tasks: &[ScoringTask]) -> Result<Vec<(MentionId, Result<Sentiment, String>)>, ScoreError> {
        match self.scorer.score(tasks.iter().map(input).collect()).await {
            Ok(found) => Ok(tasks.iter().map(|task| task.mention).zip(found.into_iter().map(Ok)).collect()),
            Err(error) if !concerns_texts(&error) => Err(error),
            Err(_) => {
                let mut results = Vec::with_capacity(tasks.len());
                for task in tasks {
                    results.push((task.mention, self.score_alone(task).await?));
                }
                Ok(results)
            }
        }
    }

    async fn score_alone(&self, task: &ScoringTask) -> Result<Result<Sentiment, String>, ScoreError> {
        match self.scorer.score(vec![input(task)]).await {
            Ok(mut found) => Ok(found.pop().ok_or_else(|| "the model gave no score".to_owned())),
            Err(error) if concerns_texts(&error) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn save(&self, results: Vec<(MentionId, Result<Sentiment, String>)>) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let (mut scores, mut failed) = (Vec::with_capacity(results.len()), 0);
        for (mention, result) in results {
            match result {
                Ok(sentiment) => scores.push((mention, sentiment)),
                Err(reason) => {
                    tracing::warn!(mention.id = %mention, reason, "a mention cannot be scored");
                    self.store.fail_scoring(&self.name, mention, &reason, now).await?;
                    failed += 1;
                }
            }
        }
        let saved = self.store.save_scores(&self.name, &scores, now).await?;
        Ok(Outcome::Done { scored: saved, failed })
    }
}

fn input(task: &ScoringTask) -> ScoreInput {
    ScoreInput { text: task.text.clone(), lang: task.lang.clone() }
}

/// Whether the error may be the fault of one text, rather than of the model or of a shutdown.
fn concerns_texts(error: &ScoreError) -> bool {
    match error {
        ScoreError::Panicked => true,
        ScoreError::Engine(error) => error.concerns_texts(),
        ScoreError::Closed | ScoreError::NoThread(_) => false,
    }
}
