use ebb::domain::case::CaseState;
use ebb::domain::ids::{AuthorId, IncidentId, MentionId, ReportId, ShareId};
use ebb::domain::incident::{IncidentKind, IncidentSeverity};
use ebb::domain::sentiment::Label;
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{FlagProposal, NewIncident, NewShare, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post};

contract! {
    a_sealed_report_stays_what_it_was,
    a_link_is_found_by_the_hash_of_its_token_and_can_be_taken_back,
    authors_and_corrections_are_read_page_by_page,
    cases_of_an_incident_come_worst_first_and_by_id,
    what_a_report_names_is_found_by_id,
}

async fn incident(db: &Database, desk: &Desk) -> IncidentId {
    let new = NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOON,
    };
    db.store.create_incident(&new, NOON).await.expect("an incident")
}

async fn a_sealed_report_stays_what_it_was(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    assert_eq!(db.store.sealed_report_at(id, NOON).await.expect("an answer"), None);
    let first = db.store.seal_report(id, NOON, ("aa", "{}"), NOON).await.expect("sealed");
    let again = db.store.seal_report(id, NOON, ("bb", "[]"), NOON.plus(1)).await.expect("sealed");
    assert_eq!((again.id, again.sha256.as_str(), again.facts.as_str()), (first.id, "aa", "{}"));
    let later = db.store.seal_report(id, NOON.plus(HOUR_MS), ("cc", "{}"), NOON).await.expect("sealed");
    assert_eq!(db.store.sealed_report(later.id).await.expect("a report"), later);
    assert_eq!(db.store.sealed_reports(id, 10).await.expect("reports"), [later, first]);
    let missing = db.store.sealed_report(ReportId::new(1)).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn a_link_is_found_by_the_hash_of_its_token_and_can_be_taken_back(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let report = db.store.seal_report(id, NOON, ("aa", "{}"), NOON).await.expect("sealed");
    let new = NewShare { report: report.id, token_sha256: "hash".to_owned(), lang: "it".to_owned(), expires_at: NOON.plus(DAY_MS) };
    let share = db.store.share_report(&new, NOON).await.expect("a link");
    let found = db.store.share_with_token("hash").await.expect("an answer").expect("the link");
    assert_eq!((found.id, found.report, found.incident, found.revoked_at), (share, report.id, id, None));
    assert_eq!(db.store.share_with_token("other").await.expect("an answer"), None);
    let foreign = db.store.revoke_share(IncidentId::new(1), share, NOON).await;
    assert!(matches!(foreign, Err(StoreError::NotFound)), "{foreign:?}");
    let missing = db.store.revoke_share(id, ShareId::new(1), NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    for later in [1, 2] {
        db.store.revoke_share(id, share, NOON.plus(later)).await.expect("taken back");
    }
    assert_eq!(db.store.shares(id, 10).await.expect("links")[0].revoked_at, Some(NOON.plus(1)));
}

async fn authors_and_corrections_are_read_page_by_page(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- down"), post("2", "bob", "+ up"), post("3", "ann", "0 hm"), post("4", "cem", "- bad")]).await;
    desk.score_all().await;
    let all = db.store.author_tallies(desk.brand, around(), AuthorId::new(i64::MIN), 10).await.expect("authors");
    assert_eq!(all.len(), 3);
    assert!(all.windows(2).all(|two| two[0].author.id < two[1].author.id));
    let ann = all.iter().find(|t| t.author.name == "ann").expect("ann");
    assert_eq!((ann.mentions, ann.negative, ann.neutral, ann.positive), (2, 1, 1, 0));
    assert!((ann.worst_severity - 0.9).abs() < 1e-6);
    let rest = db.store.author_tallies(desk.brand, around(), all[0].author.id, 10).await.expect("authors");
    assert_eq!(rest, all[1..]);
    for id in ["2", "4"] {
        db.store.correct_label(desk.id(id).await, Some(Label::Neutral), NOON).await.expect("corrected");
    }
    let both = db.store.corrections(desk.brand, around(), MentionId::new(i64::MIN), 10).await.expect("corrections");
    assert_eq!(both.iter().map(|c| (c.label, c.at)).collect::<Vec<_>>(), [(Label::Neutral, NOON); 2]);
    assert_eq!(db.store.corrections(desk.brand, around(), both[0].mention, 10).await.expect("corrections"), both[1..]);
}

async fn cases_of_an_incident_come_worst_first_and_by_id(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let incident = incident(db, &desk).await;
    desk.keep(vec![post("1", "ann", "- down"), post("2", "bob", "- bad")]).await;
    desk.score_all().await;
    for (id, severity) in [("1", 0.6), ("2", 0.9)] {
        let worst = desk.mention(id).await;
        let proposal = FlagProposal {
            author: worst.author.id,
            reason: "very negative".to_owned(),
            priority: 0.5,
            worst_severity: severity,
            worst: worst.id,
            very_negative: 1,
            latest_at: worst.created_at,
        };
        db.store.save_flag(desk.brand, &proposal, NOON).await.expect("a flag");
    }
    assert_eq!(db.store.open_cases(incident, NOON.plus(-DAY_MS), NOON).await.expect("cases"), 2);
    let worst = db.store.worst_cases(incident, NOON, 10).await.expect("cases");
    assert_eq!(worst.iter().map(|c| c.author.name.as_str()).collect::<Vec<_>>(), ["bob", "ann"]);
    assert_eq!(worst[0].worst, desk.id("2").await);
    assert_eq!(db.store.worst_cases(incident, NOON.plus(-1), 10).await.expect("cases"), []);
    assert_eq!(db.store.case_states_until(incident, NOON).await.expect("counts"), [(CaseState::New, 2)]);
    let by_id = db.store.cases_by_id(desk.brand, around(), i64::MIN, 10).await.expect("cases");
    assert_eq!(by_id.len(), 2);
    assert_eq!(db.store.cases_by_id(desk.brand, around(), by_id[0].case.id.get(), 10).await.expect("cases"), by_id[1..]);
    let by_source = db.store.unhappy_by_source(desk.brand, around()).await.expect("counts");
    assert_eq!(by_source.iter().map(|(_, people)| *people).collect::<Vec<_>>(), [2]);
}

async fn what_a_report_names_is_found_by_id(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- down"), post("2", "bob", "- bad")]).await;
    let (ann, bob) = (desk.mention("1").await, desk.mention("2").await);
    desk.delete(&["2"]).await;
    let found = db.store.mentions_with_ids(desk.brand, &[ann.id, bob.id, MentionId::new(1)]).await.expect("mentions");
    assert_eq!(found.len(), 2);
    assert!(found.iter().any(|m| m.id == bob.id && m.deleted_at.is_some() && m.text.is_empty()));
    let authors = db.store.authors_with_ids(&[ann.author.id, AuthorId::new(1)]).await.expect("authors");
    assert_eq!(authors.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["ann"]);
    assert_eq!(db.store.authors_with_ids(&[]).await.expect("nobody"), []);
}
