//! Live updates: one look at the store a second for all open pages, told over server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::Pulse;

use super::state::WebState;

/// Pages that may listen at once; a page beyond them works as without JavaScript.
const SEATS: usize = 256;
const EVERY: Duration = Duration::from_secs(1);

/// The newest look at the store.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Beat {
    /// The store's own numbers.
    pub pulse: Pulse,
    /// Changes made through this process's pages.
    pub edits: u64,
    /// Mentions scored in a second of the machine's time, smoothed; 0 when nothing is known.
    pub scored_per_s: f64,
}

impl Beat {
    /// Differs whenever a page may look different.
    fn mark(&self) -> String {
        let p = self.pulse;
        let numbers = [p.newest_fetched, p.waiting, p.scored, p.newest_verdict_at, p.flags_changed, p.sources_failing];
        format!("{}-{}", numbers.map(|n| n.to_string()).join("-"), self.edits)
    }
}

/// The hub between the one look and the pages that listen. Clones share it.
#[derive(Debug, Clone)]
pub struct Live {
    beats: Arc<watch::Sender<Beat>>,
    edits: Arc<AtomicU64>,
    seats: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            beats: Arc::new(watch::Sender::new(Beat::default())),
            edits: Arc::default(),
            seats: Arc::new(Semaphore::new(SEATS)),
            stop: CancellationToken::new(),
        }
    }
}

impl Live {
    /// The newest look.
    pub fn beat(&self) -> Beat {
        *self.beats.borrow()
    }

    /// Tells that a page changed something that the pulse does not show.
    pub fn edited(&self) {
        self.edits.fetch_add(1, Ordering::Relaxed);
    }
}

/// Looks at the store until `shutdown`, then ends all open streams.
pub async fn watch(state: WebState, shutdown: CancellationToken) {
    let mut last: Option<(Instant, i64)> = None;
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = every.tick() => {}
        }
        match state.store.pulse().await {
            Ok(pulse) => {
                let now = Instant::now();
                let before = last.replace((now, pulse.scored));
                tell(&state.live, pulse, before.map(|(at, scored)| pace(scored, pulse.scored, now - at)));
            }
            Err(error) => tracing::warn!(error = %error, "Looking for changes for open pages failed; it is tried again"),
        }
    }
    state.live.stop.cancel();
}

fn pace(before: i64, after: i64, passed: Duration) -> f64 {
    (after - before).max(0) as f64 / passed.as_secs_f64().max(0.1)
}

fn tell(live: &Live, pulse: Pulse, pace: Option<f64>) {
    let edits = live.edits.load(Ordering::Relaxed);
    live.beats.send_modify(|beat| {
        let smoothed = match (beat.scored_per_s, pace) {
            (old, Some(new)) if old > 0.0 => old * 0.8 + new * 0.2,
            (_, Some(new)) => new,
            (old, None) => old,
        };
        *beat = Beat { pulse, edits, scored_per_s: smoothed };
    });
}

/// One page that listens.
struct Listener {
    beats: watch::Receiver<Beat>,
    told: Option<String>,
    stop: CancellationToken,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    /// The next mark that differs from the one told last; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let mark = self.beats.borrow_and_update().mark();
            if self.told.as_ref() != Some(&mark) {
                self.told = Some(mark.clone());
                return Some(mark);
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = self.beats.changed() => changed.ok()?,
            }
        }
    }
}

/// `/events`.
pub async fn events(State(state): State<WebState>) -> Response {
    let Ok(seat) = Arc::clone(&state.live.seats).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many open pages listen").into_response();
    };
    let listener = Listener { beats: state.live.beats.subscribe(), told: None, stop: state.live.stop.clone(), _seat: seat };
    let events = stream::unfold(listener, |mut listener| async move {
        let mark = listener.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("beat").data(mark)), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_changes_with_the_store_and_with_edits_but_not_with_the_pace() {
        let beat = Beat::default();
        assert_eq!(beat.mark(), Beat { scored_per_s: 9.0, ..beat }.mark());
        assert_ne!(beat.mark(), Beat { edits: 1, ..beat }.mark());
        assert_ne!(beat.mark(), Beat { pulse: Pulse { waiting: 1, ..beat.pulse }, ..beat }.mark());
    }

    #[tokio::test]
    async fn a_listener_is_told_at_once_then_of_changes_and_ends_at_the_stop() {
        let live = Live::default();
        let seat = Arc::clone(&live.seats).try_acquire_owned().expect("a seat");
        let mut listener = Listener { beats: live.beats.subscribe(), told: None, stop: live.stop.clone(), _seat: seat };
        let first = listener.next().await.expect("a mark");
        tell(&live, Pulse { scored: 5, ..Pulse::default() }, Some(5.0));
        assert_ne!(listener.next().await.expect("a mark"), first);
        tell(&live, Pulse { scored: 5, ..Pulse::default() }, Some(0.0));
        live.stop.cancel();
        assert_eq!(listener.next().await, None);
        assert!((live.beat().scored_per_s - 4.0).abs() < 1e-9);
    }
}
