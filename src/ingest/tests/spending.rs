//! Budgets, the brand's own words, and words that may be kept for a while only, through a whole tick.

use super::world::{MINUTE, START, World, post};
use crate::domain::brand::BrandTerms;
use crate::domain::budget::Spent;
use crate::domain::incident::{IncidentKind, IncidentSeverity};
use crate::domain::source::{SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::ingest::{Outcome, Retention};
use crate::store::NewIncident;

async fn with_budget(world: &World, requests: u32) {
    let settings = serde_json::json!({"budget": {"requests": requests}});
    let spec = SourceSpec { settings, ..world.health().await.spec };
    world.store.add_source(&spec, START).await.expect("a budget");
}

/// The start of the day of `START`, and how far it is gone.
fn day() -> (Millis, i64) {
    let gone = START.get().rem_euclid(DAY_MS);
    (START.plus(-gone), gone)
}

#[tokio::test]
async fn a_source_whose_budget_nears_its_end_is_asked_more_rarely_and_says_so() {
    let world = World::new().await;
    with_budget(&world, 1000).await;
    let (_, gone) = day();
    // As much as makes the rest of the day cost four times what is left.
    let expected = 900 * (DAY_MS - gone) / gone.max(HOUR_MS);
    let left = expected / 4;
    with_budget(&world, u32::try_from(900 + left).expect("small")).await;
    let spent = Spent { requests: 900, micros: 0 };
    world.store.spend(world.source, (spent, spent), START).await.expect("counted");
    world.publish(0..3);
    let outcome = world.poller().tick().await.unwrap();
    let Outcome::Polled { next_poll_at, kept, .. } = outcome else { panic!("{outcome:?}") };
    let shown = world.store.spending(START).await.expect("known");
    assert!((4..=5).contains(&shown[0].one_in) && shown[0].since == Some(START), "{shown:?}");
    assert_eq!(next_poll_at, START.plus(5 * MINUTE * shown[0].one_in));
    assert_eq!(kept.new, 3, "nothing is lost");
    let words = shown[0].declared(SourceKind::Mastodon, "14:00");
    assert!(words.starts_with(&format!("Asked 1 time in {} since 14:00", shown[0].one_in)), "{words}");
}

#[tokio::test]
async fn a_source_without_anything_left_waits_for_the_next_day_and_says_so() {
    let world = World::new().await;
    with_budget(&world, 5).await;
    let spent = Spent { requests: 5, micros: 0 };
    world.store.spend(world.source, (spent, spent), START).await.expect("counted");
    world.publish(0..3);
    let outcome = world.poller().tick().await.unwrap();
    let (today, _) = day();
    assert!(
        matches!(&outcome, Outcome::Failed { error, next_poll_at, .. }
        if error.contains("budget") && *next_poll_at == today.plus(DAY_MS)),
        "{outcome:?}"
    );
    assert_eq!(world.asked(), Vec::<String>::new(), "it was not asked");
    world.clock.advance(today.plus(DAY_MS).since(START));
    assert!(matches!(world.poller().tick().await.unwrap(), Outcome::Polled { kept, .. } if kept.new == 3));
}

#[tokio::test]
async fn what_the_brand_posts_is_an_update_and_no_mention() {
    let world = World::new().await;
    let terms = BrandTerms { names: vec!["Acme".to_owned()], own_accounts: vec!["acme".to_owned()], ..BrandTerms::default() };
    world.store.save_brand("Acme", &terms, START).await.expect("own accounts");
    let incident = NewIncident {
        brand: world.brand,
        title: "Files are gone".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: START.plus(-HOUR_MS),
    };
    let incident = world.store.create_incident(&incident, START).await.expect("an incident");
    let own = |id: usize, words: &str, reply: Option<&str>| {
        let mut own = post(id, START);
        own.author.handle = "acme".to_owned();
        own.text = words.to_owned();
        own.reply_to = reply.map(str::to_owned);
        own
    };
    world.fake.log.lock().unwrap().posts.extend([
        own(1, "Acme files are missing; we look into it", None),
        own(2, "We wrote to you", Some("7")),
        own(3, "20 % off all Acme plans, today only!", None),
        post(4, START),
    ]);
    world.poller().tick().await.unwrap();
    assert_eq!(world.kept().await, [4]);
    let updates = world.store.updates(incident).await.expect("updates");
    let texts: Vec<&str> = updates.iter().map(|update| update.text.as_str()).collect();
    assert_eq!(texts, ["Acme files are missing; we look into it"]);
}

#[tokio::test]
async fn words_of_linkedin_go_within_two_days() {
    let world = World::new().await;
    let spec = SourceSpec { take: Take::All, ..world.health().await.spec };
    world.store.add_source(&spec, START).await.expect("a source");
    let mut comment = post(1, START);
    comment.key = crate::domain::post::PostKey::new("linkedin", "", "1").expect("a key");
    world.fake.log.lock().unwrap().posts.extend([comment, post(2, START)]);
    world.poller().tick().await.unwrap();
    let retention = Retention::new(world.store.clone(), world.clock.clone());
    world.clock.advance(46 * HOUR_MS);
    assert_eq!(retention.tick().await.expect("looked"), 0);
    world.clock.advance(HOUR_MS + MINUTE);
    assert_eq!(retention.tick().await.expect("looked"), 1);
    let texts: Vec<bool> = world.mentions().await.iter().map(|m| m.text.is_empty()).collect();
    assert_eq!(texts.iter().filter(|empty| **empty).count(), 1);
    assert_eq!(retention.tick().await.expect("looked"), 0);
}
