use ebb::domain::incident::{IncidentKind, IncidentSeverity};
use ebb::domain::proposal::{ProposalState, Signal};
use ebb::domain::time::{HOUR_MS, Millis, Span};
use ebb::store::{Dismissal, NewIncident, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON};

contract! {
    one_proposal_of_a_brand_is_open_at_a_time,
    a_proposal_is_answered_once,
    a_database_of_the_first_version_gets_its_severities,
}

fn signal(at: Millis) -> Signal {
    let window = Span::new(at.plus(-HOUR_MS), at).expect("ordered");
    Signal { at, began: at.plus(-3 * HOUR_MS), window, unhappy: 12, expected: 2.5, chance: 0.000_1 }
}

async fn one_proposal_of_a_brand_is_open_at_a_time(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let other = db.second_store(9).await;
    let (first, second) = (signal(NOON), signal(NOON.plus(1)));
    let (one, two) = tokio::join!(db.store.propose(desk.brand, &first, NOON), other.propose(desk.brand, &second, NOON));
    assert_eq!(usize::from(one.expect("an answer").is_some()) + usize::from(two.expect("an answer").is_some()), 1);
    let open = db.store.proposals(desk.brand, 10).await.expect("read");
    assert_eq!(open.len(), 1);
    db.store.renew_proposal(open[0].id, &signal(NOON.plus(HOUR_MS))).await.expect("renewed");
    let renewed = db.store.proposal(open[0].id).await.expect("it");
    assert_eq!((renewed.seen_at, renewed.version, renewed.state), (NOON.plus(HOUR_MS), 1, ProposalState::Open));
    assert_eq!(renewed.signal, signal(NOON.plus(HOUR_MS)));
    other.close().await;
}

async fn a_proposal_is_answered_once(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = db.store.propose(desk.brand, &signal(NOON), NOON).await.expect("kept").expect("the first");
    let dismissal = Dismissal { reason: "a joke".to_owned(), quiet_until: NOON.plus(HOUR_MS) };
    db.store.dismiss_proposal(id, 1, &dismissal, NOON).await.expect("dismissed");
    let new = NewIncident {
        brand: desk.brand,
        title: "Down".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOON,
    };
    let incident = db.store.create_incident(&new, NOON).await.expect("an incident");
    assert!(matches!(db.store.confirm_proposal(id, 1, incident, NOON).await, Err(StoreError::Conflict)));
    assert!(matches!(db.store.pass_proposal(id, 2, NOON).await, Err(StoreError::Conflict)));
    let kept = db.store.proposal(id).await.expect("it");
    assert_eq!((kept.state, kept.reason.as_str(), kept.quiet_until), (ProposalState::Dismissed, "a joke", NOON.plus(HOUR_MS)));

    let id = db.store.propose(desk.brand, &signal(NOON), NOON).await.expect("kept").expect("none is open");
    db.store.confirm_proposal(id, 1, incident, NOON).await.expect("confirmed");
    assert_eq!(db.store.proposal(id).await.expect("it").incident, Some(incident));
    assert_eq!(db.store.proposals(desk.brand, 1).await.expect("read")[0].id, id);
}

/// The second migration over rows of the first: what it fills in is what is counted from then on.
async fn a_database_of_the_first_version_gets_its_severities(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![
        super::desk::post("1", "ann", "- down"),
        super::desk::post("2", "ann", "- still"),
        super::desk::post("3", "bob", "+ up"),
    ])
    .await;
    desk.score_all().await;
    let sums = "select cast(sum(severity) as bigint) from hours";
    let before = db.count(sums).await;
    assert_eq!(before, 2 * 900_000, "once for the source, once for all together");
    let backfill = include_str!("../../../migrations/0002_onset_severity.sql");
    let backfill: String = backfill.split(';').filter(|s| s.trim_start().starts_with("update")).flat_map(|s| [s, ";"]).collect();
    for reset in ["update author_hours set worst = 0", "update hours set severity = 0"] {
        sqlx::query(reset).execute(&db.rows).await.expect("reset");
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(backfill)).execute(&db.rows).await.expect("filled in");
    assert_eq!(db.count(sums).await, before);
}
