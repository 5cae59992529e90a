use ebb::domain::ids::{FlagId, IncidentId};
use ebb::domain::incident::{FlagState, IncidentKind, IncidentSeverity, UpdateKind};
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis};
use ebb::domain::verdict::{Assessment, Baseline, BaselineMethod, Reason, Verdict};
use ebb::store::{AuthorAnger, FlagChange, FlagChangeRequest, FlagCounts, FlagProposal, NewIncident, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post_at};

contract! {
    a_change_against_an_older_version_of_an_incident_is_refused,
    the_first_fix_mends_the_incident,
    a_baseline_is_frozen,
    a_verdict_is_kept_when_its_word_changes,
    very_negative_authors_are_found_with_what_came_after,
    a_flag_is_raised_refreshed_and_reopened_only_by_a_later_mention,
    a_change_against_an_older_version_of_a_flag_is_refused,
}

async fn incident(db: &Database, desk: &Desk) -> IncidentId {
    let new = NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: "Mo".to_owned(),
        war_room: Some("https://meet.example/1".to_owned()),
        started_at: NOON,
    };
    db.store.create_incident(&new, NOON).await.expect("an incident")
}

async fn a_change_against_an_older_version_of_an_incident_is_refused(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let read = db.store.incident(id).await.expect("an incident");
    let mut first = read.clone();
    first.closed_at = Some(NOON.plus(DAY_MS));
    db.store.update_incident(&first, NOON).await.expect("changed");
    let refused = db.store.update_incident(&read, NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let now = db.store.incident(id).await.expect("an incident");
    assert_eq!((now.version, now.closed_at), (read.version + 1, first.closed_at));
    assert_eq!(db.store.incidents(desk.brand).await.expect("incidents"), [now]);
    assert_eq!(db.store.open_incidents().await.expect("incidents"), []);
    let missing = db.store.incident(IncidentId::new(1)).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn the_first_fix_mends_the_incident(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    for (hours, kind, text) in [(1, UpdateKind::Apology, "sorry"), (2, UpdateKind::Fix, "mended"), (3, UpdateKind::Fix, "really")] {
        let at = NOON.plus(hours * HOUR_MS);
        db.store.add_update(id, at, kind, text, Some("https://status.example/"), at).await.expect("an update");
    }
    assert_eq!(db.store.incident(id).await.expect("an incident").fixed_at, Some(NOON.plus(2 * HOUR_MS)));
    let updates = db.store.updates(id).await.expect("updates");
    assert_eq!(
        updates.iter().map(|u| (u.kind, u.text.as_str())).collect::<Vec<_>>(),
        [(UpdateKind::Apology, "sorry"), (UpdateKind::Fix, "mended"), (UpdateKind::Fix, "really"),]
    );
    let missing = db.store.add_update(IncidentId::new(1), NOON, UpdateKind::Fix, "", None, NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn a_baseline_is_frozen(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let baseline = |size| Baseline {
        history: around(),
        cut: vec![around()],
        method: BaselineMethod::HourOfDay,
        expected: vec![0.1 + 0.2; 168],
        hours: vec![3; 168],
        sources: Vec::new(),
        size,
        window_size: size,
    };
    assert_eq!(db.store.baseline(id).await.expect("an answer"), None);
    db.store.save_baseline(id, &baseline(1.5)).await.expect("kept");
    db.store.save_baseline(id, &baseline(9.0)).await.expect("no error");
    assert_eq!(db.store.baseline(id).await.expect("an answer"), Some(baseline(1.5)));
}

fn assessment(at: Millis, verdict: Verdict) -> Assessment {
    Assessment {
        at,
        verdict,
        unhappy_per_hour: 1.5,
        expected_per_hour: 0.5,
        upper_limit: 3.0,
        calm_limit: 2.0,
        window: around(),
        coverage: 0.9,
        calm_since: None,
        held_ms: 0,
        hold_ms: 3 * DAY_MS,
        reasons: vec![Reason::new("above", "Above normal.", true)],
    }
}

async fn a_verdict_is_kept_when_its_word_changes(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let words = [Verdict::Elevated, Verdict::Elevated, Verdict::Easing, Verdict::Elevated];
    let mut kept = Vec::new();
    for (n, verdict) in (0..).zip(words) {
        let at = NOON.plus(n * 60_000);
        kept.push(db.store.save_assessment(id, &assessment(at, verdict), at).await.expect("kept"));
    }
    assert_eq!(kept, [true, false, true, true]);
    assert_eq!(db.store.standing(id).await.expect("an answer"), Some(assessment(NOON.plus(180_000), Verdict::Elevated)));
    let verdicts = db.store.verdicts(id).await.expect("verdicts");
    assert_eq!(verdicts.iter().map(|v| v.assessment.verdict).collect::<Vec<_>>(), [Verdict::Elevated, Verdict::Easing, Verdict::Elevated]);
    assert_eq!(db.store.pulse().await.expect("a pulse").newest_verdict_at, NOON.plus(180_000).get());
}

async fn very_negative_authors_are_found_with_what_came_after(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let at = |minutes: i64| NOON.plus(minutes * 60_000 - HOUR_MS);
    desk.keep(vec![
        post_at("1", "ann", "- one", at(0)),
        post_at("2", "ann", "- two", at(1)),
        post_at("3", "ann", "+ solved", at(2)),
        post_at("4", "bob", "+ hello", at(0)),
        post_at("5", "bob", "- now this", at(1)),
        post_at("6", "cy", "0 hm", at(1)),
        post_at("7", "dee", "- deleted", at(1)),
    ])
    .await;
    desk.score_all().await;
    desk.delete(&["7"]).await;
    let anger = |rows: Vec<AuthorAnger>| rows.into_iter().map(|a| (a.worst, a.mentions, a.latest_at, a.later_better)).collect::<Vec<_>>();
    let mut found = anger(db.store.very_negative(desk.brand, around(), 0.8).await.expect("authors"));
    found.sort();
    let (two, five) = (desk.id("2").await, desk.id("5").await);
    assert_eq!(found, [(two, 2, at(1), true), (five, 1, at(1), false)]);
    assert_eq!(db.store.very_negative(desk.brand, around(), 0.95).await.expect("authors"), []);
}

async fn proposal(desk: &Desk, latest_at: Millis) -> FlagProposal {
    let worst = desk.mention("1").await;
    FlagProposal {
        author: worst.author.id,
        reason: "wrote 1 very negative mention".to_owned(),
        priority: 0.7,
        worst_severity: 0.9,
        worst: worst.id,
        very_negative: 1,
        latest_at,
    }
}

async fn flag_of(db: &Database, desk: &Desk) -> ebb::store::FlagRow {
    db.store.flags(desk.brand, None, 10).await.expect("flags").remove(0)
}

async fn a_flag_is_raised_refreshed_and_reopened_only_by_a_later_mention(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- one", NOON)]).await;
    let save = async |p: &FlagProposal, now| db.store.save_flag(desk.brand, p, now).await.expect("kept");
    let first = proposal(&desk, NOON).await;
    assert_eq!(save(&first, NOON).await, FlagChange::Raised);
    assert_eq!(save(&first, NOON.plus(1)).await, FlagChange::Unchanged);
    let sunk = FlagProposal { priority: 0.6, ..first.clone() };
    assert_eq!(save(&sunk, NOON.plus(2)).await, FlagChange::Refreshed);
    let row = flag_of(db, &desk).await;
    assert_eq!((row.flag.priority, row.flag.version, row.flag.updated_at), (0.6, 1, NOON), "a lower rank is no news");
    assert_eq!((row.author.name.as_str(), row.worst.map(|m| m.text), row.waiting_since), ("ann", Some("- one".to_owned()), NOON));
    let done = FlagChangeRequest { state: FlagState::Done, owner: "Kim".to_owned(), note: "called".to_owned() };
    db.store.change_flag(row.flag.id, 1, done, NOON).await.expect("done");
    let other = FlagProposal { very_negative: 2, ..sunk.clone() };
    assert_eq!(save(&other, NOON.plus(3)).await, FlagChange::Unchanged, "nothing later than what was answered");
    let later = FlagProposal { latest_at: NOON.plus(5), ..other };
    assert_eq!(save(&later, NOON.plus(6)).await, FlagChange::Reopened);
    let flag = flag_of(db, &desk).await.flag;
    assert_eq!((flag.state, flag.owner.as_str(), flag.note.as_str(), flag.version), (FlagState::Open, "Kim", "called", 3));
    assert_eq!(db.store.flag_counts(desk.brand).await.expect("counts"), FlagCounts { open: 1, assigned: 0, done: 0 });
    assert_eq!(db.store.flags(desk.brand, Some(FlagState::Done), 10).await.expect("flags"), []);
    desk.delete(&["1"]).await;
    let row = db.store.flag(flag.id).await.expect("a flag");
    assert_eq!((row.author.shown(), row.worst.map(|m| m.text)), ("(name removed)", Some(String::new())));
}

async fn a_change_against_an_older_version_of_a_flag_is_refused(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- one", NOON)]).await;
    db.store.save_flag(desk.brand, &proposal(&desk, NOON).await, NOON).await.expect("raised");
    let flag = flag_of(db, &desk).await.flag;
    let take = |owner: &str| FlagChangeRequest { state: FlagState::Assigned, owner: owner.to_owned(), note: String::new() };
    db.store.change_flag(flag.id, flag.version, take("Kim"), NOON).await.expect("taken");
    let refused = db.store.change_flag(flag.id, flag.version, take("Lou"), NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(flag_of(db, &desk).await.flag.owner, "Kim");
    let missing = db.store.change_flag(FlagId::new(1), 1, take("Lou"), NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}
