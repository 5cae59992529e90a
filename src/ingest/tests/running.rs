use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::world::{MINUTE, World};
use crate::domain::source::{SourceKind, SourceSpec, Take};
use crate::ingest::PollerOptions;

async fn gated() -> (World, Arc<Notify>) {
    let mut world = World::new().await;
    let gate = Arc::new(Notify::new());
    world.fake.gate = Some(gate.clone());
    (world, gate)
}

#[tokio::test]
async fn a_running_poller_asks_when_a_source_is_due_and_stops_when_it_is_told() {
    let world = World::new().await;
    world.publish(0..3);
    let finishing = CancellationToken::new();
    let poller = world.poller_with(PollerOptions::default(), finishing.clone());
    let script = async {
        world.fake.reached.notified().await;
        while world.health().await.last_success_at.is_none() {
            tokio::task::yield_now().await;
        }
        world.publish(3..5);
        // Moved until it wakes: the poller may not have gone to sleep when the clock is moved first.
        while world.asked().len() < 2 {
            world.clock.advance(MINUTE);
            tokio::task::yield_now().await;
        }
        finishing.cancel();
    };
    tokio::join!(poller.run(), script);
    assert_eq!(world.kept().await.len(), 5);
}

#[tokio::test]
async fn a_wake_up_is_not_lost_and_finds_a_new_source() {
    let world = World::new().await;
    let finishing = CancellationToken::new();
    let poller = world.poller_with(PollerOptions::default(), finishing.clone());
    let script = async {
        world.fake.reached.notified().await;
        let spec = SourceSpec {
            name: "another".to_owned(),
            kind: SourceKind::Mastodon,
            brand: world.brand,
            take: Take::Matching,
            every_ms: MINUTE,
            settings: serde_json::json!({}),
        };
        world.store.add_source(&spec, world.clock.now()).await.unwrap();
        // The clock stands still: only the wake-up can be the reason.
        poller.wake();
        world.fake.reached.notified().await;
        finishing.cancel();
    };
    tokio::join!(poller.run(), script);
    assert_eq!(world.asked().len(), 2);
}

#[tokio::test]
async fn stopping_lets_the_page_under_way_finish_and_asks_for_no_other() {
    let (world, gate) = gated().await;
    world.publish(0..25);
    let finishing = CancellationToken::new();
    let poller = world.poller_with(PollerOptions::default(), finishing.clone());
    let script = async {
        world.fake.reached.notified().await;
        finishing.cancel();
        gate.notify_one();
    };
    tokio::join!(poller.run(), script);
    assert_eq!(world.asked(), [""]);
    assert_eq!(world.kept().await.len(), 10);
    // The rest is wanted soon, and the source is free for the next process.
    world.clock.advance(MINUTE);
    assert!(world.store.claim_source("next", world.clock.now(), MINUTE).await.unwrap().is_some());
}

#[tokio::test]
async fn dropping_the_poller_drops_the_page_under_way_and_nothing_of_it_is_kept() {
    let (world, _gate) = gated().await;
    world.publish(0..3);
    let poller = world.poller();
    tokio::select! {
        () = poller.run() => unreachable!("nobody asked it to stop"),
        () = world.fake.reached.notified() => {}
    }
    assert_eq!((world.kept().await.len(), world.health().await.last_success_at), (0, None));
    // Its lease runs out, and then the same page is read.
    world.clock.advance(3 * MINUTE);
    assert!(world.store.claim_source("next", world.clock.now(), MINUTE).await.unwrap().is_some());
}

#[tokio::test]
async fn several_sources_are_asked_at_once_but_not_more_than_allowed() {
    let (world, gate) = gated().await;
    for n in 0..3 {
        let spec = SourceSpec {
            name: format!("more {n}"),
            kind: SourceKind::Mastodon,
            brand: world.brand,
            take: Take::Matching,
            every_ms: MINUTE,
            settings: serde_json::json!({}),
        };
        world.store.add_source(&spec, world.clock.now()).await.unwrap();
    }
    let finishing = CancellationToken::new();
    let options = PollerOptions { at_once: 2, ..PollerOptions::default() };
    let poller = world.poller_with(options, finishing.clone());
    let script = async {
        while world.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.asked().len(), 2);
        gate.notify_one();
        while world.asked().len() < 3 {
            tokio::task::yield_now().await;
        }
        finishing.cancel();
        gate.notify_waiters();
        gate.notify_one();
    };
    tokio::join!(poller.run(), script);
    assert_eq!(world.asked().len(), 3);
}
