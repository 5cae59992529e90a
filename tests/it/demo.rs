//! The main job end to end, on the demo's world: real servers, real adapters, the real model. Time is the test's, so a slow
//! machine sees the same as a fast one. `.ci/run` also plays the demo itself, as the README starts it.

use std::collections::HashSet;
use std::sync::Arc;

use ebb::assess;
use ebb::clock::Clock;
use ebb::demo::story::{Mood, Place, Story};
use ebb::demo::world::{Faults, World};
use ebb::domain::incident::{IncidentKind, IncidentSeverity};
use ebb::domain::source::{SourceKind, SourceSpec, Take};
use ebb::domain::time::{HOUR_MS, Millis};
use ebb::domain::verdict::Verdict;
use ebb::ingest::{Outcome, Platforms, Poller, PollerOptions};
use ebb::score;
use ebb::sources::{Http, HttpOptions, Secrets};
use ebb::store::{NewIncident, Store};
use tokio_util::sync::CancellationToken;

/// World time between two rounds of polling.
const STEP_MS: i64 = HOUR_MS;

struct Stage {
    clock: Clock,
    store: Store,
    poller: Poller<Platforms>,
    scorer: score::worker::ScoreWorker,
    assessor: assess::Worker,
}

impl Stage {
    /// Everything that is due now: polls, then scores, then the verdict.
    async fn round(&mut self) {
        while !matches!(self.poller.tick().await.expect("a tick"), Outcome::Idle { .. }) {}
        while !matches!(self.scorer.tick().await.expect("a tick"), score::worker::Outcome::Idle) {}
        let outcome = self.assessor.tick().await.expect("a tick");
        assert_eq!(outcome.failed, 0);
    }
}

async fn stage(clock: &Clock, world: &World, folder: &tempfile::TempDir) -> Stage {
    let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 1).await.expect("a store");
    let brand = store.save_brand(Story::BRAND, &Story::terms(), clock.now()).await.expect("a brand");
    let urls = world.urls();
    let source = |name: &str, kind, take, settings| SourceSpec { name: name.to_owned(), kind, brand, take, every_ms: STEP_MS, settings };
    let specs = [
        source("blog", SourceKind::Wordpress, Take::All, serde_json::json!({ "url": urls.blog })),
        source("mastodon", SourceKind::Mastodon, Take::Matching, serde_json::json!({ "url": urls.mastodon, "hashtags": ["tidewater"] })),
        source("forum", SourceKind::Feed, Take::Matching, serde_json::json!({ "url": format!("{}/archive.xml", urls.forum) })),
    ];
    store.sync_sources(&specs, clock.now()).await.expect("sources");
    let options = HttpOptions { spacing: std::time::Duration::ZERO, ..HttpOptions::default() };
    let http = Arc::new(Http::new(clock.clone(), options).expect("a client"));
    let options = PollerOptions { pages: 1_000, floor_ms: 60_000, recheck_batches: 1, ..PollerOptions::default() };
    let platforms = Platforms { http, secrets: Secrets::system() };
    let poller = Poller::new(store.clone(), platforms, clock.clone(), options, CancellationToken::new());
    let models = score::Models::bundled(0).expect("the models");
    let scorer = score::Scorer::start(models).expect("a scorer");
    let scorer = score::worker::ScoreWorker::new(store.clone(), scorer, clock.clone(), "test".to_owned());
    let assessor = assess::Worker::new(store.clone(), clock.clone(), assess::Settings::default());
    Stage { clock: clock.clone(), store, poller, scorer, assessor }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_followed_from_calm_weeks_to_the_verdict_that_it_is_over() {
    let start = Millis::parse_rfc3339("2026-11-17T07:00:00Z").expect("a Tuesday");
    let clock = Clock::manual(start);
    let told = Story::new(1, start);
    let world = World::start(&told, clock.clone(), Faults::of(&told)).await.expect("a world");
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(&clock, &world, &folder).await;
    stage.round().await;

    let brand = stage.store.brands().await.expect("brands")[0].id;
    let mut incident = None;
    let mut verdicts: Vec<Verdict> = Vec::new();
    while stage.clock.now() < told.facts.ends_at && verdicts.last() != Some(&Verdict::Recovered) {
        stage.clock.advance(STEP_MS);
        let now = stage.clock.now();
        if incident.is_none() && now > told.facts.outage_at {
            let new = NewIncident {
                brand,
                title: Story::INCIDENT.to_owned(),
                kind: IncidentKind::Service,
                severity: IncidentSeverity::Major,
                commander: String::new(),
                war_room: None,
                started_at: told.facts.outage_at,
            };
            incident = Some(stage.store.create_incident(&new, now).await.expect("an incident"));
        }
        stage.round().await;
        if let Some(id) = incident {
            let standing = stage.store.standing(id).await.expect("an answer").expect("assessed");
            if verdicts.last() != Some(&standing.verdict) {
                verdicts.push(standing.verdict);
            }
        }
    }
    assert!(verdicts.contains(&Verdict::Elevated), "{verdicts:?}");
    assert!(verdicts.contains(&Verdict::Easing), "{verdicts:?}");
    assert_eq!(&verdicts[verdicts.len() - 2..], [Verdict::Holding, Verdict::Recovered], "{verdicts:?}");
    assert!(stage.clock.now() > told.facts.bump_fixed_at.plus(72 * HOUR_MS), "not over before the hold time after the second wave");

    // Who is flagged is unhappy in the story, and many of those whom it makes furious are found.
    let flagged = stage.store.flags(brand, None, 10_000).await.expect("flags");
    let people = |moods: &'static [Mood]| {
        let posts = told.posts().filter(move |(_, p)| p.by.place != Place::HackerNews && moods.contains(&p.mood));
        posts.map(|(_, p)| p.by.name.as_str()).collect::<HashSet<&str>>()
    };
    let (furious, unhappy) = (people(&[Mood::Furious]), people(&[Mood::Furious, Mood::Unhappy]));
    let names: HashSet<&str> = flagged.iter().map(|f| f.author.name.as_str()).collect();
    let found = furious.intersection(&names).count();
    assert!(found * 4 > furious.len(), "{found} of {} furious people are flagged", furious.len());
    let right = names.intersection(&unhappy).count();
    assert!(right * 4 > names.len() * 3, "{right} of {} flagged people are unhappy", names.len());
    world.shutdown().await;
}
