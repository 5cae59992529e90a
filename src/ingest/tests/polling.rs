use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::world::{MINUTE, START, Step, World, post};
use crate::domain::incident::{IncidentKind, IncidentSeverity};
use crate::domain::source::Bulk;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::ingest::{Outcome, PollerOptions};
use crate::store::NewIncident;

#[tokio::test]
async fn a_tick_reads_the_whole_chain_and_says_when_it_comes_again() {
    let world = World::new().await;
    world.publish(0..25);
    let outcome = world.poller().tick().await.unwrap();
    assert!(
        matches!(outcome, Outcome::Polled { pages: 3, kept, next_poll_at, .. } if kept.new == 25 && next_poll_at == START.plus(5 * MINUTE)),
        "{outcome:?}"
    );
    assert_eq!(world.asked(), ["", "10", "20"]);
    assert_eq!(world.kept().await, (0..25).collect::<Vec<_>>());
    let idle = world.poller().tick().await.unwrap();
    assert_eq!(idle, Outcome::Idle { next_due: Some(START.plus(5 * MINUTE)) });
}

#[tokio::test]
async fn posts_that_do_not_name_the_brand_are_left_and_the_cursor_moves_all_the_same() {
    let world = World::new().await;
    let mut other = post(1, START);
    other.text = "lunch was good".to_owned();
    world.fake.log.lock().unwrap().posts.push(other);
    let outcome = world.poller().tick().await.unwrap();
    assert!(matches!(outcome, Outcome::Polled { kept, .. } if kept.new == 0), "{outcome:?}");
    world.clock.advance(HOUR_MS);
    world.poller().tick().await.unwrap();
    assert_eq!(world.asked(), ["", "1"]);
    assert_eq!(world.kept().await, Vec::<usize>::new());
}

#[tokio::test]
async fn a_long_chain_is_cut_and_goes_on_soon() {
    let world = World::new().await;
    world.publish(0..45);
    let poller = world.poller_with(PollerOptions { pages: 2, ..PollerOptions::default() }, CancellationToken::new());
    let outcome = poller.tick().await.unwrap();
    assert!(matches!(outcome, Outcome::Polled { pages: 2, next_poll_at, .. } if next_poll_at == START.plus(30_000)), "{outcome:?}");
    world.clock.advance(30_000);
    poller.tick().await.unwrap();
    world.clock.advance(30_000);
    poller.tick().await.unwrap();
    assert_eq!(world.kept().await.len(), 45);
}

async fn open_incident(world: &World) {
    let incident = NewIncident {
        brand: world.brand,
        title: "Files are gone".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: START,
    };
    world.store.create_incident(&incident, START).await.unwrap();
}

#[tokio::test]
async fn a_new_incident_does_not_wait_for_the_next_poll_that_was_planned_in_calm() {
    let world = World::new().await;
    let poller = world.poller();
    poller.tick().await.unwrap();
    open_incident(&world).await;
    // Restarted meanwhile: what was planned holds.
    assert!(matches!(world.poller().tick().await.unwrap(), Outcome::Idle { .. }));
    world.clock.advance(MINUTE);
    assert!(matches!(poller.tick().await.unwrap(), Outcome::Polled { .. }));
    assert!(matches!(poller.tick().await.unwrap(), Outcome::Idle { next_due } if next_due == Some(START.plus(2 * MINUTE))));
}

#[tokio::test]
async fn an_open_incident_makes_polls_more_frequent() {
    let world = World::new().await;
    open_incident(&world).await;
    let outcome = world.poller().tick().await.unwrap();
    assert!(matches!(outcome, Outcome::Polled { next_poll_at, .. } if next_poll_at == START.plus(MINUTE)), "{outcome:?}");
}

#[tokio::test]
async fn failures_are_kept_with_advice_and_end_with_the_next_answer() {
    let world = World::new().await;
    world.publish(0..3);
    world.plan([Step::Fail, Step::Refuse, Step::RateLimit(2 * HOUR_MS)]);
    let poller = world.poller();
    let failed = poller.tick().await.unwrap();
    assert!(
        matches!(&failed, Outcome::Failed { error, next_poll_at, .. } if error.contains("no route") && *next_poll_at >= START.plus(30_000)),
        "{failed:?}"
    );
    assert_eq!(world.health().await.failures, 1);
    world.clock.advance(HOUR_MS);
    let refused = poller.tick().await.unwrap();
    let hourly = world.clock.now().plus(HOUR_MS);
    assert!(
        matches!(&refused, Outcome::Failed { error, next_poll_at, .. } if error.contains("Check the token") && *next_poll_at == hourly),
        "{refused:?}"
    );
    world.clock.advance(HOUR_MS);
    let limited = poller.tick().await.unwrap();
    let wished = world.clock.now().plus(2 * HOUR_MS);
    assert!(matches!(&limited, Outcome::Failed { next_poll_at, .. } if *next_poll_at == wished), "{limited:?}");
    assert_eq!(world.health().await.failures, 3);
    world.clock.advance(2 * HOUR_MS);
    poller.tick().await.unwrap();
    assert_eq!((world.health().await.failures, world.health().await.last_error, world.kept().await.len()), (0, None, 3));
}

#[tokio::test]
async fn a_panicking_adapter_is_a_failed_poll_and_pages_before_it_are_kept() {
    let world = World::new().await;
    world.publish(0..25);
    world.plan([Step::Answer, Step::Panic]);
    let outcome = world.poller().tick().await.unwrap();
    assert!(matches!(&outcome, Outcome::Failed { error, .. } if error.contains("report it")), "{outcome:?}");
    assert_eq!(world.kept().await.len(), 10);
    world.clock.advance(HOUR_MS);
    world.poller().tick().await.unwrap();
    assert_eq!(world.asked(), ["", "10", "10", "20"]);
    assert_eq!(world.kept().await.len(), 25);
}

#[tokio::test]
async fn a_source_that_never_answers_is_a_failed_poll() {
    let world = World::new().await;
    world.plan([Step::Hang]);
    let options = PollerOptions { page_timeout: Duration::from_millis(20), ..PollerOptions::default() };
    let outcome = world.poller_with(options, CancellationToken::new()).tick().await.unwrap();
    assert!(matches!(&outcome, Outcome::Failed { error, .. } if error.contains("within 20ms")), "{outcome:?}");
}

#[tokio::test]
async fn a_lost_lease_keeps_nothing_and_leaves_the_source_to_the_other() {
    let mut world = World::new().await;
    world.publish(0..3);
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    world.fake.gate = Some(gate.clone());
    let poller = world.poller();
    let slow = poller.tick();
    let other = async {
        world.fake.reached.notified().await;
        // So slow that its lease ran out, and somebody else took the source.
        world.clock.advance(Duration::from_secs(121).as_millis().try_into().unwrap());
        let lease = world.store.claim_source("other", world.clock.now(), MINUTE).await.unwrap();
        assert!(lease.is_some());
        gate.notify_one();
    };
    let (outcome, ()) = tokio::join!(slow, other);
    assert_eq!(outcome.unwrap(), Outcome::Lost { source: world.source });
    assert_eq!(world.kept().await.len(), 0);
}

#[tokio::test]
async fn edits_and_deletions_are_found_by_reading_again() {
    let world = World::new().await;
    world.publish(0..5);
    let poller = world.poller();
    poller.tick().await.unwrap();
    {
        let mut log = world.fake.log.lock().unwrap();
        log.posts[0].text = "They gave it back, all is well".to_owned();
        let gone = log.posts[1].key.clone();
        log.gone.insert(gone);
    }
    world.clock.advance(2 * HOUR_MS);
    let outcome = poller.tick().await.unwrap();
    assert!(matches!(outcome, Outcome::Polled { kept, .. } if kept.deleted == 1 && kept.updated == 1), "{outcome:?}");
    let mentions = world.mentions().await;
    let of = |id: &str| mentions.iter().find(|m| m.key.native_id() == id).expect("kept");
    assert_eq!(of("0").text, "They gave it back, all is well");
    assert!(of("1").deleted_at.is_some() && of("1").text.is_empty());
}

#[tokio::test]
async fn a_post_of_which_the_platform_says_nothing_has_its_next_turn_later() {
    let world = World::new().await;
    world.publish(0..2);
    let poller = world.poller();
    poller.tick().await.unwrap();
    world.fake.log.lock().unwrap().hushed.insert(post(0, START).key);
    world.clock.advance(2 * HOUR_MS);
    poller.tick().await.unwrap();
    let due = |at| world.store.due_rechecks(world.source, at, 10);
    assert_eq!(due(world.clock.now()).await.unwrap(), [], "else it would be asked for with every poll");
    assert_eq!(due(world.clock.now().plus(HOUR_MS)).await.unwrap().len(), 2);
    assert!(world.mentions().await.iter().all(|m| m.deleted_at.is_none()));
}

#[tokio::test]
async fn where_many_can_be_checked_at_once_old_posts_are_and_young_ones_are_read_again() {
    let world = World::new().await;
    world.fake.log.lock().unwrap().bulk = Some(Bulk { older_than_ms: DAY_MS, batch: 2 });
    world.publish(0..3);
    let poller = world.poller();
    poller.tick().await.unwrap();
    world.clock.advance(2 * DAY_MS);
    world.publish([3]);
    poller.tick().await.unwrap();
    world.fake.log.lock().unwrap().gone.insert(post(2, START).key);
    world.clock.advance(HOUR_MS);
    let outcome = poller.tick().await.unwrap();
    assert!(matches!(outcome, Outcome::Polled { kept, .. } if kept.deleted == 1), "{outcome:?}");
    let (alone, together) = world.fake.log.lock().unwrap().rechecked.clone();
    assert_eq!((alone, together), (vec!["3".to_owned()], ["0", "1", "2"].map(str::to_owned).to_vec()));
    let due = world.store.due_rechecks(world.source, world.clock.now(), 10).await.unwrap();
    assert_eq!(due, [], "those that were checked have their next turn later");
}

/// What happens on the platform and to the poller, one after the other.
#[derive(Debug, Clone)]
enum Event {
    /// New posts; ids may repeat, and times go back: late ones.
    Publish(Vec<(usize, i64)>),
    Tick(Vec<Step>),
    /// The process dies in the middle of a poll, after so many pages.
    Crash(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let step = prop_oneof![4 => Just(Step::Answer), 1 => Just(Step::Fail), 1 => Just(Step::Panic), 1 => Just(Step::Refuse)];
    prop_oneof![
        3 => proptest::collection::vec((0_usize..40, -HOUR_MS..MINUTE), 0..12).prop_map(Event::Publish),
        3 => proptest::collection::vec(step, 0..4).prop_map(Event::Tick),
        1 => (0_usize..3).prop_map(Event::Crash),
    ]
}

async fn live_through(events: Vec<Event>, page: usize, overlap: usize) -> Result<(), TestCaseError> {
    let world = World::new().await;
    {
        let mut log = world.fake.log.lock().unwrap();
        (log.page, log.overlap) = (page, overlap);
    }
    for event in events {
        match event {
            Event::Publish(posts) => {
                let now = world.clock.now();
                world.fake.log.lock().unwrap().posts.extend(posts.into_iter().map(|(id, late)| post(id, now.plus(late))));
            }
            Event::Tick(steps) => {
                world.plan(steps);
                world.poller().tick().await.unwrap();
                world.fake.log.lock().unwrap().plan.clear();
            }
            Event::Crash(pages) => {
                world.plan(std::iter::repeat_n(Step::Answer, pages).chain([Step::Hang]));
                let poller = world.poller();
                let hung = async {
                    // Dropped at the first request that does not answer, as a killed process is.
                    while !world.fake.log.lock().unwrap().plan.is_empty() {
                        world.fake.reached.notified().await;
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    _ = poller.tick() => {}
                    () = hung => {}
                }
                world.fake.log.lock().unwrap().plan.clear();
            }
        }
        world.clock.advance(2 * HOUR_MS);
    }
    world.poller().tick().await.unwrap();
    let kept = world.kept().await;
    let log = world.fake.log.lock().unwrap();
    let published: BTreeSet<usize> = log.posts.iter().map(|p| p.key.native_id().parse().unwrap()).collect();
    prop_assert_eq!(kept, published.into_iter().collect::<Vec<_>>(), "each exactly once");
    prop_assert!(log.lost.is_empty(), "cursor past what was not kept: {:?}", log.lost);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_post_is_kept_exactly_once(
        events in proptest::collection::vec(event(), 1..12), page in 1_usize..6, overlap in 0_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live_through(events, page, overlap))?;
    }
}
