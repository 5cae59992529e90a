use ebb::domain::case::{CaseEventKind, CaseReason, CaseState, Customer, Proposal};
use ebb::domain::ids::{CaseId, IncidentId};
use ebb::domain::incident::{FlagState, IncidentKind, IncidentSeverity};
use ebb::domain::reply::Template;
use ebb::domain::sentiment::Label;
use ebb::domain::time::{HOUR_MS, Millis};
use ebb::store::{
    CaseChange, CaseFilter, CaseRank, CaseRow, FlagChange, FlagChangeRequest, FlagProposal, NewCaseEvent, NewIncident, Settled, StoreError,
};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, post_at};

contract! {
    a_flag_in_an_incident_opens_one_case_that_takes_over_its_work,
    a_case_and_its_flag_change_together_whichever_is_worked_on,
    a_change_against_an_older_version_of_a_case_is_refused,
    a_bad_new_mention_opens_the_case_again,
    a_bad_new_mention_of_a_linked_account_opens_the_case_again_once,
    what_speaks_for_a_priority_is_counted,
    a_flag_without_very_negative_mentions_settles,
    cases_are_paged_and_counted_by_state,
    accounts_are_linked_into_one_person_and_taken_off,
    customers_are_matched_by_platform_and_handle,
    a_template_is_changed_by_one_person_at_a_time,
}

async fn incident(db: &Database, desk: &Desk, started_at: Millis) -> IncidentId {
    let new = NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at,
    };
    db.store.create_incident(&new, NOON).await.expect("an incident")
}

async fn proposal(desk: &Desk, mention: &str, at: Millis) -> FlagProposal {
    let worst = desk.mention(mention).await;
    FlagProposal {
        author: worst.author.id,
        reason: "one very negative mention".to_owned(),
        priority: 0.5,
        worst_severity: 0.9,
        worst: worst.id,
        very_negative: 1,
        latest_at: at,
    }
}

/// Ann was very negative an hour before noon, in an incident that began two hours before it.
async fn one_case(db: &Database) -> (Desk, IncidentId, CaseRow) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- one", NOON.plus(-HOUR_MS))]).await;
    desk.score_all().await;
    db.store.save_flag(desk.brand, &proposal(&desk, "1", NOON.plus(-HOUR_MS)).await, NOON).await.expect("raised");
    let id = incident(db, &desk, NOON.plus(-2 * HOUR_MS)).await;
    assert_eq!(db.store.open_cases(id, NOON.plus(-2 * HOUR_MS), NOON).await.expect("opened"), 1);
    let row = all(db, &desk).await.remove(0);
    (desk, id, row)
}

async fn all(db: &Database, desk: &Desk) -> Vec<CaseRow> {
    let filter = CaseFilter { brand: desk.brand, incident: None, state: None, author: None };
    db.store.cases(&filter, None, 100).await.expect("cases")
}

fn change(state: CaseState, owner: &str, kind: CaseEventKind, text: &str) -> CaseChange {
    let event = NewCaseEvent { at: NOON, who: "Ines".to_owned(), kind, text: text.to_owned(), via: String::new() };
    CaseChange { state, owner: owner.to_owned(), due_at: None, event }
}

async fn a_flag_in_an_incident_opens_one_case_that_takes_over_its_work(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- one", NOON), post_at("2", "bob", "- two", NOON.plus(-9 * HOUR_MS))]).await;
    db.store.save_flag(desk.brand, &proposal(&desk, "1", NOON).await, NOON).await.expect("raised");
    db.store.save_flag(desk.brand, &proposal(&desk, "2", NOON.plus(-9 * HOUR_MS)).await, NOON).await.expect("raised");
    let flags = db.store.flags(desk.brand, None, 9).await.expect("flags");
    let ann = flags.iter().find(|f| f.author.name == "ann").expect("ann").flag.clone();
    let take = FlagChangeRequest { state: FlagState::Assigned, owner: "Kim".to_owned(), note: String::new() };
    db.store.change_flag(ann.id, 1, take, NOON).await.expect("taken");
    let id = incident(db, &desk, NOON.plus(-HOUR_MS)).await;
    for opened in [1, 0] {
        assert_eq!(db.store.open_cases(id, NOON.plus(-HOUR_MS), NOON).await.expect("opened"), opened);
    }
    let rows = all(db, &desk).await;
    let row = &rows[0];
    assert_eq!((rows.len(), row.case.author, row.case.flag), (1, ann.author, ann.id), "bob was unhappy before it began");
    assert_eq!((row.case.state, row.case.owner.as_str(), row.incident_title.as_str()), (CaseState::Assigned, "Kim", "Logins fail"));
    let brief = db.store.flag(ann.id).await.expect("a flag").case.expect("its case");
    assert_eq!((brief.id, brief.state), (row.case.id, CaseState::Assigned));
    let events = db.store.case_events(row.case.id, 9).await.expect("events");
    assert_eq!((events.len(), events[0].kind, events[0].text.as_str()), (1, CaseEventKind::Opened, "one very negative mention"));
}

async fn a_case_and_its_flag_change_together_whichever_is_worked_on(db: &Database) {
    let (_desk, _, row) = one_case(db).await;
    let (id, flag) = (row.case.id, row.case.flag);
    db.store.change_case(id, 1, &change(CaseState::Contacted, "Ines", CaseEventKind::Moved, ""), NOON).await.expect("changed");
    db.store.change_case(id, 2, &change(CaseState::Contacted, "Ines", CaseEventKind::Note, "called"), NOON.plus(1)).await.expect("noted");
    let known = db.store.flag(flag).await.expect("a flag").flag;
    assert_eq!(
        (known.state, known.owner.as_str(), known.note.as_str(), known.updated_at),
        (FlagState::Assigned, "Ines", "called", NOON.plus(1))
    );
    let done = FlagChangeRequest { state: FlagState::Done, owner: "Noor".to_owned(), note: "done in the queue".to_owned() };
    db.store.change_flag_as("Kim", (flag, known.version), done, NOON.plus(2)).await.expect("done");
    let case = db.store.case(id).await.expect("a case").case;
    assert_eq!((case.state, case.owner.as_str()), (CaseState::Done, "Noor"));
    let events = db.store.case_events(id, 9).await.expect("events");
    let told: Vec<_> = events.iter().map(|e| (e.kind, e.who.as_str(), e.from, e.to)).collect();
    assert_eq!(
        told,
        [
            (CaseEventKind::Note, "Kim", CaseState::Done, CaseState::Done),
            (CaseEventKind::Assigned, "Kim", CaseState::Contacted, CaseState::Done),
            (CaseEventKind::Note, "Ines", CaseState::Contacted, CaseState::Contacted),
            (CaseEventKind::Moved, "Ines", CaseState::New, CaseState::Contacted),
            (CaseEventKind::Opened, "", CaseState::New, CaseState::New),
        ]
    );
}

async fn a_change_against_an_older_version_of_a_case_is_refused(db: &Database) {
    let (_desk, _, row) = one_case(db).await;
    let mine = change(CaseState::Assigned, "Ines", CaseEventKind::Moved, "");
    db.store.change_case(row.case.id, 1, &mine, NOON).await.expect("changed");
    let refused = db.store.change_case(row.case.id, 1, &change(CaseState::Done, "Lou", CaseEventKind::Moved, ""), NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(db.store.case(row.case.id).await.expect("a case").case.owner, "Ines");
    assert_eq!(db.store.case_events(row.case.id, 9).await.expect("events").len(), 2, "a refused change leaves no event");
    let missing = db.store.change_case(CaseId::new(1), 1, &mine, NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn a_bad_new_mention_opens_the_case_again(db: &Database) {
    let (desk, _, row) = one_case(db).await;
    let id = row.case.id;
    db.store.change_case(id, 1, &change(CaseState::Silent, "Ines", CaseEventKind::Moved, ""), NOON).await.expect("changed");
    let later = FlagProposal { reason: "worse".to_owned(), ..proposal(&desk, "1", NOON.plus(5)).await };
    assert_eq!(db.store.save_flag(desk.brand, &later, NOON.plus(9)).await.expect("kept"), FlagChange::Reopened);
    let case = db.store.case(id).await.expect("a case").case;
    assert_eq!((case.state, case.owner.as_str(), case.version), (CaseState::New, "Ines", 3));
    let events = db.store.case_events(id, 1).await.expect("events");
    assert_eq!((events[0].kind, events[0].from, events[0].text.as_str()), (CaseEventKind::Reopened, CaseState::Silent, "worse"));
}

async fn a_bad_new_mention_of_a_linked_account_opens_the_case_again_once(db: &Database) {
    let (mut desk, incident, row) = one_case(db).await;
    let (id, flag) = (row.case.id, row.case.flag);
    let at = |minutes: i64| NOON.plus(minutes * 60_000);
    desk.keep(vec![post_at("2", "ann2", "- known when it was ended", at(-5))]).await;
    desk.score_all().await;
    db.store.link_accounts(row.author.id, desk.mention("2").await.author.id, "Ines", NOON).await.expect("linked");
    let others = async || db.store.anger_of_others(desk.brand, 0.8).await.expect("read");
    assert_eq!(others().await, [], "nobody has ended the case");
    let end =
        async |version, now| db.store.change_case(id, version, &change(CaseState::Calmed, "Ines", CaseEventKind::Moved, ""), now).await;
    end(1, at(10)).await.expect("ended");
    assert_eq!(others().await, [], "what was known then is not new");

    desk.now = at(20);
    desk.keep(vec![
        post_at("3", "ann2", "0 hm", at(15)),
        post_at("4", "ann2", "- it fails again", at(9)),
        post_at("5", "bob", "- somebody else", at(16)),
        post_at("6", "ann2", "- it fails again", at(17)),
        post_at("7", "ann2", "- deleted", at(18)),
    ])
    .await;
    desk.score_all().await;
    desk.delete(&["7"]).await;
    let new = db.store.anger_of_others(desk.brand, 0.8).await.expect("read");
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(
        (new[0].flag, new[0].platform.as_str(), new[0].mentions, new[0].latest_at),
        (flag, "mastodon", 1, at(9)),
        "late, and no copy"
    );
    assert!(db.store.open_again(flag, "another account", at(21)).await.expect("opened"));
    assert!(!db.store.open_again(flag, "another account", at(21)).await.expect("seen"), "it is open");
    let case = db.store.case(id).await.expect("a case").case;
    assert_eq!((case.state, case.owner.as_str(), case.version), (CaseState::New, "Ines", 3));
    assert_eq!(db.store.flag(flag).await.expect("a flag").flag.state, FlagState::Open);
    let events = db.store.case_events(id, 1).await.expect("events");
    assert_eq!((events[0].kind, events[0].from, events[0].text.as_str()), (CaseEventKind::Reopened, CaseState::Calmed, "another account"));
    let facts = db.store.case_facts(incident, None, 0.8).await.expect("facts").remove(0);
    assert_eq!(facts.latest_at, at(9), "they wait for a word since then");

    end(3, at(30)).await.expect("ended again");
    assert_eq!(db.store.anger_of_others(desk.brand, 0.8).await.expect("read"), [], "once");
    db.store.unlink_account(desk.mention("2").await.author.id).await.expect("taken off");
    desk.now = at(40);
    desk.keep(vec![post_at("8", "ann2", "- and once more", at(35))]).await;
    desk.score_all().await;
    assert_eq!(db.store.anger_of_others(desk.brand, 0.8).await.expect("read"), [], "no longer theirs");
}

async fn what_speaks_for_a_priority_is_counted(db: &Database) {
    let (desk, id, row) = one_case(db).await;
    let at = |minutes: i64| NOON.plus(minutes * 60_000);
    let sent =
        NewCaseEvent { at: at(1), who: "Ines".to_owned(), kind: CaseEventKind::Sent, text: "hello".to_owned(), via: "email".to_owned() };
    let wrote = CaseChange { state: CaseState::Contacted, owner: String::new(), due_at: Some(at(60)), event: sent };
    db.store.change_case(row.case.id, 1, &wrote, at(2)).await.expect("sent");
    let mut desk = desk;
    desk.now = at(30);
    desk.keep(vec![
        post_at("2", "ann", "- before we wrote", at(0)),
        post_at("3", "ann", "0 fine", at(5)),
        post_at("4", "ann", "+ thanks", at(6)),
        post_at("5", "ann", "- hm", at(4)),
        post_at("6", "ann", "+ deleted", at(7)),
        post_at("7", "ann", "+ thanks", at(8)),
    ])
    .await;
    desk.score_all().await;
    desk.delete(&["6"]).await;
    let handle = row.author.handle.to_uppercase();
    let customer = Customer { platform: "mastodon".to_owned(), handle, name: String::new(), reference: String::new() };
    db.store.save_customers(&[customer], NOON).await.expect("kept");
    let facts = db.store.case_facts(id, Some(at(-1)), 0.8).await.expect("facts").remove(0);
    assert_eq!((facts.case.sent_at, facts.case.since_at, facts.case.due_at), (Some(at(1)), at(1), Some(at(60))));
    assert_eq!((facts.worse, facts.better), ((1, Some(at(4))), (2, Some(at(6)))), "a copy and a deleted one do not count");
    assert_eq!((facts.after_fix, facts.customer, facts.followers), (2, true, Some(10)));

    // Another account is theirs from the moment on at which somebody says so.
    desk.keep(vec![post_at("other", "ann2", "- and here it fails as well", at(7))]).await;
    desk.score_all().await;
    assert_eq!(db.store.case_facts(id, Some(at(-1)), 0.8).await.expect("facts").remove(0), facts);
    db.store.link_accounts(row.author.id, desk.mention("other").await.author.id, "Ines", NOON).await.expect("linked");
    let both = db.store.case_facts(id, Some(at(-1)), 0.8).await.expect("facts").remove(0);
    assert_eq!((both.worse, both.better, both.after_fix), ((2, Some(at(7))), facts.better, 3));
    let rank = CaseRank {
        priority: 0.7,
        reasons: vec![CaseReason { code: "recent".to_owned(), text: "now".to_owned(), points: 0.1 }],
        proposal: Some(Proposal { state: CaseState::Calmed, reason: "two calmer mentions".to_owned() }),
    };
    db.store.save_case_rank(&facts.case, &rank, at(31)).await.expect("ranked");
    let flag = db.store.flags(desk.brand, None, 9).await.expect("flags").remove(0);
    let brief = flag.case.expect("its case");
    assert_eq!((brief.priority, brief.reasons, brief.proposal, flag.flag.updated_at), (0.7, rank.reasons, rank.proposal, at(31)));
    db.store.change_case(row.case.id, 2, &change(CaseState::Calmed, "", CaseEventKind::Moved, ""), NOON).await.expect("calmed");
    assert_eq!(db.store.case_facts(id, None, 0.8).await.expect("facts"), [], "ended ones are not ranked");
    assert_eq!(db.store.case(row.case.id).await.expect("a case").case.proposal, None, "a step answers the proposal");
}

async fn a_flag_without_very_negative_mentions_settles(db: &Database) {
    let (desk, _, row) = one_case(db).await;
    let settle = async || db.store.settle_flags(desk.brand, 0.8, NOON).await.expect("settled");
    assert_eq!(settle().await, Settled::default(), "something very negative is there");
    db.store.correct_label(desk.id("1").await, Some(Label::Neutral), NOON).await.expect("corrected");
    assert_eq!(settle().await, Settled { removed: 1, lowered: 0 });
    assert!(matches!(db.store.flag(row.case.flag).await, Err(StoreError::NotFound)));
    assert!(matches!(db.store.case(row.case.id).await, Err(StoreError::NotFound)));
    assert_eq!(db.count("select count(*) from case_events").await, 0);

    db.store.save_flag(desk.brand, &proposal(&desk, "1", NOON).await, NOON).await.expect("raised");
    let flag = db.store.flags(desk.brand, None, 9).await.expect("flags").remove(0).flag;
    let take = FlagChangeRequest { state: FlagState::Assigned, owner: "Kim".to_owned(), note: String::new() };
    db.store.change_flag(flag.id, 1, take, NOON).await.expect("taken");
    assert_eq!(settle().await, Settled { removed: 0, lowered: 1 });
    assert_eq!(settle().await, Settled::default(), "once");
    let flag = db.store.flag(flag.id).await.expect("kept").flag;
    assert_eq!((flag.very_negative, flag.owner.as_str()), (0, "Kim"));
    assert!(flag.priority.abs() < 1e-9 && flag.reason.contains("corrected or deleted"));
}

async fn cases_are_paged_and_counted_by_state(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let posts =
        ["ann", "bob", "cy"].iter().enumerate().map(|(i, name)| post_at(&i.to_string(), name, &format!("- {name}"), NOON)).collect();
    desk.keep(posts).await;
    for i in 0..3 {
        db.store.save_flag(desk.brand, &proposal(&desk, &i.to_string(), NOON).await, NOON).await.expect("raised");
    }
    let id = incident(db, &desk, NOON.plus(-HOUR_MS)).await;
    db.store.open_cases(id, NOON, NOON).await.expect("opened");
    let filter = CaseFilter { brand: desk.brand, incident: Some(id), state: None, author: None };
    let first = db.store.cases(&filter, None, 2).await.expect("cases");
    let rest = db.store.cases(&filter, first.last().map(|row| row.case.id), 2).await.expect("cases");
    let mut ids: Vec<CaseId> = first.iter().chain(&rest).map(|row| row.case.id).collect();
    assert!(ids.is_sorted_by(|a, b| a > b) && ids.len() == 3, "{ids:?}");
    let one = ids.remove(0);
    db.store.change_case(one, 1, &change(CaseState::Declined, "", CaseEventKind::Moved, ""), NOON).await.expect("changed");
    assert_eq!(db.store.case_states(id).await.expect("states"), [(CaseState::New, 2), (CaseState::Declined, 1)]);
    let declined = CaseFilter { state: Some(CaseState::Declined), incident: None, ..filter };
    assert_eq!(db.store.cases(&declined, None, 9).await.expect("cases").len(), 1);
    let author = first[1].case.author;
    assert_eq!(db.store.cases(&CaseFilter { author: Some(author), ..filter }, None, 9).await.expect("cases")[0].case.author, author);
    assert_eq!(db.store.cases(&CaseFilter { incident: Some(IncidentId::new(1)), ..filter }, None, 9).await.expect("cases"), []);
}

async fn accounts_are_linked_into_one_person_and_taken_off(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let names = ["ann", "ann2", "bob", "bob2"];
    desk.keep(names.iter().map(|name| post_at(name, name, &format!("- {name}"), NOON)).collect()).await;
    let id = async |name: &str| desk.mention(name).await.author.id;
    let (ann, ann2, bob, bob2) = (id("ann").await, id("ann2").await, id("bob").await, id("bob2").await);
    let linked = async |author| {
        let mut names: Vec<String> = db.store.linked_accounts(author).await.expect("accounts").into_iter().map(|a| a.name).collect();
        names.sort();
        names
    };
    let link = async |one, other| db.store.link_accounts(one, other, "Ines", NOON).await.expect("linked");
    link(ann, ann2).await;
    link(bob2, bob).await;
    link(ann, ann).await;
    assert_eq!((linked(ann).await, linked(bob).await), (vec!["ann2".to_owned()], vec!["bob2".to_owned()]));
    link(ann2, bob).await;
    assert_eq!(linked(ann).await, ["ann2", "bob", "bob2"]);
    db.store.unlink_account(bob).await.expect("taken off");
    db.store.unlink_account(bob).await.expect("nothing to do");
    assert_eq!((linked(ann).await, linked(bob).await.len()), (vec!["ann2".to_owned(), "bob2".to_owned()], 0));
    db.store.unlink_account(ann2).await.expect("taken off");
    db.store.unlink_account(ann).await.expect("taken off");
    assert_eq!(db.count("select count(*) from account_links").await, 0, "one account alone is nobody's other account");
    let found = db.store.authors_named(desk.brand, "@ANN@town.example", 9).await.expect("authors");
    assert_eq!(found.iter().map(|a| a.id).collect::<Vec<_>>(), [ann]);
    let missing = db.store.link_accounts(ann, ebb::domain::ids::AuthorId::new(1), "", NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn customers_are_matched_by_platform_and_handle(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post_at("1", "ann", "- one", NOON)]).await;
    let ann = desk.mention("1").await.author;
    let customer = |platform: &str, handle: &str, name: &str| Customer {
        platform: platform.to_owned(),
        handle: handle.to_owned(),
        name: name.to_owned(),
        reference: "C-1".to_owned(),
    };
    let list = [
        customer("reddit", "ann@town.example", "Other"),
        customer("mastodon", "@Ann@Town.Example", "Ann"),
        customer("mastodon", "ann@TOWN.example", "Ann Two\0"),
    ];
    for _ in 0..2 {
        db.store.save_customers(&list, NOON).await.expect("kept");
    }
    let found = db.store.customer(&ann).await.expect("an answer").expect("a customer");
    assert_eq!((found.name.as_str(), found.reference.as_str()), ("Ann Two\u{fffd}", "C-1"));
    assert_eq!(db.count("select count(*) from customers").await, 2);
}

async fn a_template_is_changed_by_one_person_at_a_time(db: &Database) {
    let template = |text: &str| Template { lang: "nl".to_owned(), name: "Eerst".to_owned(), text: text.to_owned(), changed: None };
    db.store.save_reply_template(&template("Hoi"), 0, "Ines", NOON).await.expect("added");
    let again = db.store.save_reply_template(&template("Dag"), 0, "Noor", NOON).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    db.store.save_reply_template(&template("Dag"), 1, "Noor", NOON.plus(1)).await.expect("changed");
    let kept = db.store.reply_templates().await.expect("templates").remove(0);
    assert_eq!(kept.text, "Dag");
    assert_eq!(kept.changed.map(|c| (c.by, c.at, c.version)), Some(("Noor".to_owned(), NOON.plus(1), 2)));
    let stale = db.store.remove_reply_template("nl", "Eerst", 1).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    db.store.remove_reply_template("nl", "Eerst", 2).await.expect("removed");
    assert_eq!(db.store.reply_templates().await.expect("templates"), []);
}
