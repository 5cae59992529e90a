//! Politeness per host: how many requests at once, and how far apart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Hosts remembered; beyond it those that nobody waits at are forgotten.
const MAX_HOSTS: usize = 1024;

#[derive(Debug)]
struct Gate {
    slots: Arc<Semaphore>,
    /// When the next request may start.
    next: Mutex<Instant>,
}

/// The gates of all hosts.
#[derive(Debug)]
pub(super) struct Gates {
    at_once: usize,
    spacing: Duration,
    hosts: Mutex<HashMap<String, Arc<Gate>>>,
}

impl Gates {
    pub(super) fn new(at_once: usize, spacing: Duration) -> Self {
        Self { at_once: at_once.max(1), spacing, hosts: Mutex::new(HashMap::new()) }
    }

    /// Waits for the turn at `host`; the permit is held until the answer is read.
    pub(super) async fn enter(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let gate = self.gate(host);
        // A semaphore that is never closed always gives a permit.
        let permit = Arc::clone(&gate.slots).acquire_owned().await.ok();
        let start = {
            let mut next = gate.next.lock().unwrap_or_else(PoisonError::into_inner);
            let start = Instant::now().max(*next);
            *next = start + self.spacing;
            start
        };
        tokio::time::sleep_until(start).await;
        permit
    }

    fn gate(&self, host: &str) -> Arc<Gate> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let new = || Arc::new(Gate { slots: Arc::new(Semaphore::new(self.at_once)), next: Mutex::new(Instant::now()) });
        Arc::clone(hosts.entry(host.to_owned()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_third_request_waits_for_a_slot_and_each_for_its_distance() {
        let gates = Gates::new(2, Duration::from_millis(100));
        let began = Instant::now();
        let first = gates.enter("a").await;
        let second = gates.enter("a").await;
        assert_eq!(began.elapsed().as_millis(), 100);
        let mut third = std::pin::pin!(gates.enter("a"));
        assert!(third.as_mut().now_or_never().is_none());
        assert!(gates.enter("b").await.is_some());
        assert!(third.as_mut().now_or_never().is_none());
        drop((first, second));
        assert!(third.await.is_some());
        assert_eq!(began.elapsed().as_millis(), 200);
    }
}
