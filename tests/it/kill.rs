//! Killed at any moment, the real program goes on where it was: nothing lost, nothing twice.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ebb::clock::Clock;
use ebb::demo::story::Story;
use ebb::demo::world::{Draft, Faults, World};
use ebb::domain::time::{Millis, Span};
use ebb::store::{Copies, MentionFilter, Store};
use tokio::process::{Child, Command};

/// How often the program is killed.
const KILLS: u64 = 12;
/// Comments written between two kills.
const BURST: usize = 150;

fn config(world: &World) -> String {
    let urls = world.urls();
    format!(
        "[[brand]]\nname = \"Tidewater\"\n\
         [[source]]\nname = \"blog\"\nkind = \"wordpress\"\ntake = \"all\"\nevery = \"1s\"\nurl = \"{}\"\n\
         [[source]]\nname = \"mastodon\"\nkind = \"mastodon\"\nevery = \"1s\"\nurl = \"{}\"\nhashtags = [\"tidewater\"]\n",
        urls.blog, urls.mastodon
    )
}

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ebb"))
        .args(["run", "--config", "ebb.toml", "--database", "sqlite:ebb.db"])
        .current_dir(folder)
        .env("EBB_WEB__LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts")
}

fn write_burst(world: &World, round: u64) {
    for n in 0..BURST {
        let text = format!("Tidewater till number {n} of round {round} is still not printing receipts, #tidewater please look at it");
        let site = if n % 3 == 0 { world.mastodon() } else { world.blog() };
        site.add(Draft::new(&format!("author{}", n % 40), &text));
    }
}

/// Asks the store itself, as the program does, until everything is there and scored, or two minutes have passed.
async fn wait_until_settled(store: &Store, expected: usize) {
    let clock = Clock::system();
    let deadline = clock.now().plus(120_000);
    let brand = store.brands().await.expect("brands")[0].id;
    loop {
        let totals = store.totals(brand).await.expect("totals");
        let waiting = store.scoring_backlog().await.expect("a count");
        if usize::try_from(totals.mentions).expect("a count") >= expected && waiting == 0 {
            return;
        }
        assert!(clock.now() < deadline, "{} of {expected} kept, {waiting} waiting", totals.mentions);
        clock.sleep_ms(100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_again_and_again_keeps_everything_exactly_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::system();
    let world = World::start(&Story::quiet(clock.now()), clock.clone(), Faults::default()).await.expect("a world");
    std::fs::write(folder.path().join("ebb.toml"), config(&world)).expect("written");

    for round in 0..KILLS {
        write_burst(&world, round);
        let mut child = start(folder.path());
        // Moments spread over start-up, polling and scoring, the same in every run.
        clock.sleep_ms(i64::try_from(150 + (round * 397) % 1_700).expect("small")).await;
        child.kill().await.expect("SIGKILL");
    }
    write_burst(&world, KILLS);
    let expected = world.blog().count() + world.mastodon().count();
    let mut child = start(folder.path());
    let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
    let store = Store::open(&url, 1).await.expect("the same database");
    wait_until_settled(&store, expected).await;
    stop(&mut child).await;

    let brand = store.brands().await.expect("brands")[0].id;
    let filter = MentionFilter { brand, copies: Copies::Show, ..MentionFilter::default() };
    let mentions = store.mentions_oldest_first(&filter, None, 100_000).await.expect("mentions");
    let keys: std::collections::HashSet<_> = mentions.iter().map(|m| m.key.clone()).collect();
    assert_eq!((mentions.len(), keys.len()), (expected, expected), "each post once");
    assert!(mentions.iter().all(|m| m.sentiment.is_some()), "each post scored");
    let all = Span::new(Millis::new(0), clock.now().plus(3_600_000)).expect("ordered");
    let counted: i64 = store.hours(brand, None, all).await.expect("hours").iter().map(|h| h.mentions).sum();
    assert_eq!(counted, i64::try_from(expected).expect("a count"), "the rollups hold each post once");
    world.shutdown().await;
}

/// SIGTERM, and exit code 0 within the grace time.
async fn stop(child: &mut Child) {
    let id = child.id().expect("still running").to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
    assert!(sent.success());
    let status = tokio::time::timeout(Duration::from_secs(25), child.wait()).await.expect("it stops in time").expect("a status");
    assert_eq!(status.code(), Some(0), "a stop by request");
}
