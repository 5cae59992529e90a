//! The brand's own words, what sources cost, and words that may be kept for a while only.

use ebb::domain::budget::{Spending, Spent};
use ebb::domain::ids::MentionId;
use ebb::domain::incident::{IncidentKind, IncidentSeverity, UpdateKind};
use ebb::domain::post::PostKey;
use ebb::domain::source::{SourceKind, SourceSpec};
use ebb::domain::statement::Statement;
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis};
use ebb::store::{Keep, MentionFilter, NewIncident};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, page, post, spec};

contract! {
    a_statement_is_kept_once_and_follows_its_edits_and_its_deletion,
    a_statement_waits_for_the_incident_that_covers_it,
    what_stands_on_the_timeline_by_hand_is_not_put_there_twice,
    what_a_source_cost_is_counted_by_day_and_a_sample_is_declared,
    a_mention_from_a_sample_says_for_how_many_it_stands,
    a_raised_budget_does_not_start_a_source_again,
    words_and_names_go_when_their_time_is_over_and_counts_stay,
    words_that_went_do_not_come_back_with_the_next_page,
    a_mention_that_was_never_scored_leaves_a_tombstone,
}

fn said(id: &str, at: Millis, text: &str) -> Statement {
    let key = PostKey::new("statuspage", "status.example", id).expect("a key");
    Statement { key, at, kind: UpdateKind::Statement, text: text.to_owned(), url: Some("https://status.example/1".to_owned()) }
}

fn incident(desk: &Desk, started_at: Millis) -> NewIncident {
    NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at,
    }
}

async fn a_statement_is_kept_once_and_follows_its_edits_and_its_deletion(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = db.store.create_incident(&incident(&desk, NOON.plus(-HOUR_MS)), NOON).await.expect("an incident");
    let first = said("a/1", NOON, "We look into it");
    let keep = async |statements: &[Statement], gone: &[PostKey]| {
        db.store.keep_statements(&desk.lease, statements, gone, NOON).await.expect("kept")
    };
    assert_eq!(keep(std::slice::from_ref(&first), &[]).await, 1);
    assert_eq!(keep(std::slice::from_ref(&first), &[]).await, 0, "twice is once");
    let edited = Statement { kind: UpdateKind::Fix, text: "All is well\0".to_owned(), url: None, ..first.clone() };
    assert_eq!(keep(std::slice::from_ref(&edited), &[]).await, 1);
    let updates = db.store.updates(id).await.expect("updates");
    assert_eq!(updates.len(), 1);
    assert_eq!((updates[0].kind, updates[0].text.as_str(), updates[0].url.as_deref()), (UpdateKind::Fix, "All is well\u{fffd}", None));
    let read = db.store.incident(id).await.expect("an incident");
    assert_eq!(read.fixed_at, None, "that a person declares");
    assert_eq!(keep(&[], &[first.key.clone(), said("b", NOON, "").key]).await, 1);
    assert_eq!(db.store.updates(id).await.expect("updates"), []);
}

async fn a_statement_waits_for_the_incident_that_covers_it(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let early = said("a", NOON.plus(-2 * DAY_MS), "Maintenance is done");
    let late = said("b", NOON.plus(-HOUR_MS), "Logins fail");
    db.store.keep_statements(&desk.lease, &[early, late], &[], NOON).await.expect("kept");
    let id = db.store.create_incident(&incident(&desk, NOON.plus(-2 * HOUR_MS)), NOON).await.expect("an incident");
    let texts = async || db.store.updates(id).await.expect("updates").into_iter().map(|u| u.text).collect::<Vec<_>>();
    assert_eq!(texts().await, ["Logins fail"]);
    let mut moved = db.store.incident(id).await.expect("an incident");
    moved.started_at = NOON.plus(-3 * DAY_MS);
    db.store.update_incident(&moved, NOON).await.expect("moved");
    assert_eq!(texts().await, ["Maintenance is done", "Logins fail"], "it began earlier than was thought");
    let second = db.store.create_incident(&incident(&desk, NOON.plus(-3 * DAY_MS)), NOON).await.expect("an incident");
    assert_eq!(db.store.updates(second).await.expect("updates"), [], "each stands on one timeline");
}

async fn what_stands_on_the_timeline_by_hand_is_not_put_there_twice(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = db.store.create_incident(&incident(&desk, NOON.plus(-HOUR_MS)), NOON).await.expect("an incident");
    db.store.add_update(id, NOON, UpdateKind::Apology, "We are sorry", None, NOON).await.expect("an update");
    let same = said("a", NOON.plus(60_000), "We are sorry");
    let later = said("b", NOON.plus(3 * HOUR_MS), "We are sorry");
    let now = NOON.plus(4 * HOUR_MS);
    db.store.keep_statements(&desk.lease, &[same.clone(), later], &[], now).await.expect("kept");
    let edited = Statement { text: "We are very sorry".to_owned(), ..same };
    db.store.keep_statements(&desk.lease, &[edited], &[], now).await.expect("kept");
    let updates = db.store.updates(id).await.expect("updates");
    let shown: Vec<_> = updates.iter().map(|u| (u.kind, u.text.as_str())).collect();
    assert_eq!(shown, [(UpdateKind::Apology, "We are very sorry"), (UpdateKind::Statement, "We are sorry")]);
}

async fn what_a_source_cost_is_counted_by_day_and_a_sample_is_declared(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let source = desk.lease.id;
    let spent = Spent { requests: 2, micros: 10_000 };
    let demand = Spent { requests: 10, micros: 50_000 };
    for _ in 0..2 {
        db.store.spend(source, (spent, demand), NOON).await.expect("counted");
    }
    let today = db.store.spent_today(source, NOON.plus(HOUR_MS)).await.expect("known");
    assert_eq!(today, (Spent { requests: 4, micros: 20_000 }, Spent { requests: 20, micros: 100_000 }));
    assert_eq!(db.store.spent_today(source, NOON.plus(DAY_MS)).await.expect("known"), Default::default());
    for (one_in, at) in [(5, NOON), (9, NOON.plus(60_000)), (4, NOON.plus(HOUR_MS))] {
        db.store.note_sampling(source, one_in, at).await.expect("declared");
    }
    let shown = db.store.spending(NOON.plus(HOUR_MS)).await.expect("known");
    assert_eq!(shown, [Spending { source, spent: today.0, one_in: 4, since: Some(NOON) }]);
    let hours = db.store.sampled_hours(around()).await.expect("known");
    assert_eq!(hours.len(), 0, "it was only asked more rarely: each mention stands for itself");
    db.store.note_sampling(source, 1, NOON.plus(DAY_MS)).await.expect("declared");
    assert_eq!(db.store.spending(NOON.plus(DAY_MS)).await.expect("known"), []);
}

async fn a_mention_from_a_sample_says_for_how_many_it_stands(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let x = SourceSpec { kind: SourceKind::X, ..spec("x", desk.brand) };
    let x = db.store.add_source(&x, NOON).await.expect("a source");
    let lease = db.store.claim_this_source(x, "w", NOON, DAY_MS).await.expect("a lease");
    for (n, at) in [("1", NOON.plus(HOUR_MS / 2)), ("2", NOON.plus(HOUR_MS))] {
        db.store.save_page(&lease, page(vec![post(n, "ann", n)], at), at).await.expect("kept");
    }
    desk.keep(vec![post("3", "bob", "three")]).await;
    for source in [x, desk.lease.id] {
        for one_in in [4, 7, 3] {
            db.store.note_sampling(source, one_in, NOON).await.expect("declared");
        }
    }
    let hours = db.store.sampled_hours(around()).await.expect("known");
    assert_eq!(hours.into_iter().collect::<Vec<_>>(), [((x, NOON), 7)], "the sparest part of the hour");
    let ids: Vec<MentionId> = desk.all().await.iter().map(|m| m.id).collect();
    let drawn = db.store.drawn_one_in(&ids).await.expect("known");
    // The second came in an hour that was read in full, and the other source was only asked more rarely.
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [(desk.id("1").await, 7)]);
}

async fn a_raised_budget_does_not_start_a_source_again(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "one")]).await;
    let mut changed = spec("town", desk.brand);
    changed.settings["budget"] = serde_json::json!({"requests": 9});
    db.store.sync_sources(std::slice::from_ref(&changed), NOON).await.expect("the same place");
    let lease = db.store.claim_source("w", NOON.plus(DAY_MS), HOUR_MS).await.expect("an answer").expect("due");
    assert_eq!((lease.cursor.0.as_str(), &lease.spec.settings), ("next", &changed.settings));
}

/// A comment on LinkedIn by `author`.
fn comment(id: &str, author: &str, text: &str) -> Keep {
    let mut keep = post(id, author, text);
    keep.post.key = PostKey::new("linkedin", "", id).expect("a key");
    keep
}

async fn words_and_names_go_when_their_time_is_over_and_counts_stay(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![comment("1", "ann", "- nothing works"), comment("2", "bob", "+ fine"), post("3", "cleo", "- elsewhere")]).await;
    desk.score_all().await;
    let before = db.store.hours(desk.brand, None, around()).await.expect("counts");
    assert_eq!(db.store.expire("linkedin", NOON, 100, NOON.plus(HOUR_MS)).await.expect("nothing is due"), 0);
    let later = NOON.plus(2 * DAY_MS);
    assert_eq!(db.store.expire("linkedin", NOON.plus(1), 1, later).await.expect("expired"), 1);
    assert_eq!(db.store.expire("linkedin", NOON.plus(1), 100, later).await.expect("expired"), 1);
    assert_eq!(db.store.expire("linkedin", NOON.plus(1), 100, later).await.expect("nothing is left"), 0);
    assert_eq!(db.store.hours(desk.brand, None, around()).await.expect("counts"), before, "counts stay");
    for mention in desk.all().await {
        let elsewhere = mention.key.platform() == "mastodon";
        assert_eq!(mention.text.is_empty(), !elsewhere, "{mention:?}");
        assert_eq!(mention.author.name.is_empty() && mention.url.is_none() && mention.why.is_empty(), !elsewhere, "{mention:?}");
        assert!(mention.label().is_some() && mention.deleted_at.is_none());
    }
    let found = MentionFilter { brand: desk.brand, search: Some("nothing works".to_owned()), ..MentionFilter::default() };
    assert_eq!(db.store.mentions(&found, None, 10).await.expect("a search"), [], "no search finds them");
    let exported = db.store.mentions_oldest_first(&MentionFilter { brand: desk.brand, ..MentionFilter::default() }, None, 10).await;
    let exported = format!("{:?}", exported.expect("an export"));
    assert!(!exported.contains("ann") && !exported.contains("nothing works"), "{exported}");
}

async fn words_that_went_do_not_come_back_with_the_next_page(db: &Database) {
    let mut desk = Desk::new(&db.store).await;
    desk.keep(vec![comment("1", "ann", "- nothing works")]).await;
    desk.score_all().await;
    desk.now = NOON.plus(2 * DAY_MS);
    db.store.expire("linkedin", NOON.plus(1), 100, desk.now).await.expect("expired");
    let kept = desk.keep(vec![comment("1", "ann", "- nothing works, edited")]).await;
    assert_eq!((kept.new, kept.updated, kept.unchanged), (0, 0, 1));
    let all = desk.all().await;
    assert_eq!((all[0].text.as_str(), all[0].author.name.as_str()), ("", ""));
    desk.score_all().await;
}

async fn a_mention_that_was_never_scored_leaves_a_tombstone(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![comment("1", "ann", "- nothing works")]).await;
    db.store.expire("linkedin", NOON.plus(1), 100, NOON.plus(2 * DAY_MS)).await.expect("expired");
    let all = desk.all().await;
    assert!(all[0].deleted_at.is_some() && all[0].text.is_empty() && all[0].author.name.is_empty(), "{all:?}");
    assert_eq!(db.store.scoring_backlog().await.expect("a count"), 0);
}
