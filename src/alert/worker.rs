//! Round after round: notice, keep, send, write down what came of it.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::outlet::Doors;
use super::rules::Settings;
use super::send::{self, Terms};
use super::summary::{self, Schedule};
use super::target::Target;
use super::watch::Watch;
use crate::clock::Clock;
use crate::domain::alert::Message;
use crate::domain::route::Route;
use crate::domain::time::{HOUR_MS, Millis};
use crate::store::{Attempt, Store, StoreError};

/// Messages sent at once.
const AT_ONCE: i64 = 8;
/// How long a sender may take before another may send the same message, milliseconds of the machine. Longer than any
/// time limit of a channel.
const LEASE_MS: i64 = 180_000;
/// Messages forgotten in one transaction: others want to write too.
const FORGET_AT_ONCE: i64 = 500;
/// The mark of the first start, for summaries.
const MARK: &str = "summaries.since";

/// What is configured.
#[derive(Debug)]
pub struct Plan {
    /// What is worth an alert.
    pub settings: Settings,
    /// Channels with their secrets.
    pub targets: Vec<Target>,
    /// Who is told what.
    pub routes: Vec<Route>,
    /// Summaries.
    pub schedules: Vec<Schedule>,
    /// Address of the pages.
    pub base: String,
    /// A message is given up this long after its first attempt, milliseconds.
    pub give_up_ms: i64,
    /// What was told is forgotten this long after, milliseconds.
    pub keep_ms: i64,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Alerts that were new.
    pub noticed: usize,
    /// Messages that were taken.
    pub sent: usize,
    /// Messages that are tried again.
    pub again: usize,
    /// Messages that were given up.
    pub given_up: usize,
    /// Old messages, and alerts that went to nobody, that were forgotten.
    pub forgotten: i64,
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Tells this process from others in leases.
    pub name: String,
    /// Any number; it moves the times of repeated attempts.
    pub seed: u64,
}

impl Sender {
    /// A number in 0..1 that differs from attempt to attempt.
    fn dice(&self, message: &Message) -> f64 {
        let mut x = self.seed ^ message.id.get().cast_unsigned() ^ message.attempts.cast_unsigned().rotate_left(32);
        // The finishing steps of SplitMix64 (Steele, Lea, Flood 2014).
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Notices and sends.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    clock: Clock,
    plan: Plan,
    doors: Doors,
    sender: Sender,
    watch: Watch,
    /// When old messages were last looked for.
    tidied_at: Option<Millis>,
}

impl Worker {
    /// A worker that has not looked yet.
    pub fn new(store: Store, clock: Clock, plan: Plan, doors: Doors, sender: Sender) -> Self {
        let watch = Watch::new(store.clone(), plan.settings, plan.routes.clone());
        Self { store, clock, plan, doors, sender, watch, tidied_at: None }
    }

    /// Round after round, `every_ms` of the clock apart, but never more than two a second of the machine's. Ends when
    /// `stop` is cancelled, after the round under way.
    pub async fn run(mut self, every_ms: i64, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.tick().await {
                Ok(round) if round.given_up > 0 => {
                    tracing::error!(messages = round.given_up, "Alerts were given up; the page /alerts says why");
                }
                Ok(_) => {}
                Err(error) => tracing::error!(error = %error, "Alerts were not looked after; trying again after the pause"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_ms(every_ms.max(self.clock.real_ms(500))) => {}
            }
        }
    }

    /// One round.
    pub async fn tick(&mut self) -> Result<Round, StoreError> {
        // What is worth an alert must not hold up what waits to be sent, nor the other way round.
        let noticed = self.notice().await;
        let round = self.deliver().await?;
        let forgotten = self.tidy().await?;
        Ok(Round { noticed: noticed?, forgotten, ..round })
    }

    /// Forgets what was told long ago, once an hour.
    async fn tidy(&mut self) -> Result<i64, StoreError> {
        let now = self.clock.now();
        if self.tidied_at.is_some_and(|at| now.since(at) < HOUR_MS) {
            return Ok(0);
        }
        let mut forgotten = 0;
        loop {
            let some = self.store.forget_messages(now.plus(-self.plan.keep_ms), FORGET_AT_ONCE).await?;
            forgotten += some;
            if some == 0 {
                break;
            }
        }
        self.tidied_at = Some(now);
        Ok(forgotten)
    }

    async fn notice(&mut self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let alerts = self.watch.round(now).await?;
        let since = self.store.mark(MARK, now).await?;
        Ok(alerts + summary::post_due(&self.store, &self.plan.schedules, since, now).await?)
    }

    /// Sends what is due, all of it, some at once.
    async fn deliver(&self) -> Result<Round, StoreError> {
        let mut round = Round::default();
        loop {
            let lease = self.clock.real_ms(LEASE_MS);
            let messages = self.store.claim_messages(&self.sender.name, self.clock.now(), lease, AT_ONCE).await?;
            if messages.is_empty() {
                return Ok(round);
            }
            for outcome in join_all(messages.iter().map(|m| self.send(m))).await {
                match outcome? {
                    Attempt::Sent => round.sent += 1,
                    Attempt::Again { .. } => round.again += 1,
                    Attempt::GivenUp { .. } => round.given_up += 1,
                }
            }
        }
    }

    async fn send(&self, message: &Message) -> Result<Attempt, StoreError> {
        let terms = Terms { now: self.clock.now(), give_up_ms: self.plan.give_up_ms, dice: self.sender.dice(message) };
        let outcome = match self.plan.targets.iter().find(|t| t.channel.name == message.channel) {
            Some(target) => send::attempt(message, target, &self.doors, &self.plan.base, terms).await,
            None => send::without_channel(message),
        };
        log(message, &outcome);
        let kept = self.store.finish_attempt(message, &self.sender.name, &outcome, self.clock.now()).await;
        match kept {
            // Another sender has it: that one writes down what comes of it.
            Ok(()) | Err(StoreError::Conflict) => Ok(outcome),
            Err(error) => Err(error),
        }
    }
}

fn log(message: &Message, outcome: &Attempt) {
    let (id, channel) = (message.name(), message.channel.as_str());
    match outcome {
        Attempt::Sent => tracing::info!(message.id = id, channel.name = channel, attempts = message.attempts, "An alert was sent"),
        Attempt::Again { error, at, .. } => {
            tracing::warn!(message.id = id, channel.name = channel, error = %error, next_at = %at, "An alert was not taken; trying again");
        }
        Attempt::GivenUp { error, .. } => {
            tracing::error!(message.id = id, channel.name = channel, error = %error, "An alert was given up");
        }
    }
}
