//! Cases, templates, closing and memory over a real store, asked as browsers ask.

use axum::http::StatusCode;

use crate::domain::case::{CaseEventKind, CaseState, Customer};
use crate::domain::ids::{AuthorId, CaseId};
use crate::domain::incident::{FlagState, Incident, IncidentKind, IncidentSeverity};
use crate::domain::post::Author;
use crate::domain::sentiment::Label;
use crate::domain::time::{HOUR_MS, Millis};
use crate::store::{CaseFilter, CaseRow, NewIncident};

use super::testing::{Said, World, now};
use super::tests::{angry, assert_is_sound, get, hostile, post};

async fn cases(world: &World) -> Vec<CaseRow> {
    let filter = CaseFilter { brand: world.brand, incident: None, state: None, author: None };
    world.state.store.cases(&filter, None, 100).await.expect("cases")
}

async fn case_of(world: &World, name: &str) -> CaseRow {
    cases(world).await.into_iter().find(|row| row.author.name == name).expect("a case")
}

/// A world in an incident with a case for each angry person.
async fn in_an_incident(said: &[Said]) -> World {
    let world = World::with(said).await;
    world.open_incident().await;
    world.assess().await;
    world
}

/// Sends a form against the version that stands.
async fn send(world: &World, id: CaseId, fields: &[(&str, &str)]) -> super::tests::Answer {
    let version = world.state.store.case(id).await.expect("a case").case.version.to_string();
    post(world, &format!("/cases/{id}"), &[fields, &[("version", version.as_str())]].concat()).await
}

#[tokio::test]
async fn every_page_about_people_answers_when_full_and_hostile() {
    for said in [angry(), hostile()] {
        let world = in_an_incident(&said).await;
        let mut pages = vec!["/replies".to_owned(), "/people".to_owned(), "/".to_owned(), "/incidents?q=sign".to_owned()];
        let cases = cases(&world).await;
        assert!(!cases.is_empty());
        for row in &cases {
            let one = [("action", "contacted"), ("who", "<script>alert(1)</script>"), ("text", "<img src=x onerror=alert(1)>")];
            assert_eq!(send(&world, row.case.id, &one).await.status, StatusCode::SEE_OTHER);
            pages.push(format!("/cases/{}", row.case.id));
            pages.push(format!("/cases/{}?find={}", row.case.id, "%3Cscript%3E"));
        }
        for path in pages {
            let page = get(&world, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
            assert_eq!(page.body.matches("<h1").count(), 1, "{path} has one headline");
            assert_is_sound(&path, &page.body);
            assert!(!page.body.contains("<script>alert"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_queue_leads_to_the_case_and_both_say_the_same() {
    let world = in_an_incident(&angry()).await;
    let row = case_of(&world, "Mara Voss").await;
    let queue = get(&world, "/people").await.body;
    assert!(queue.contains(&format!("/cases/{}\"", row.case.id)) && queue.contains("data-contacted"));
    let flag = format!("/people/{}", row.case.flag);
    assert!(get(&world, &flag).await.location().ends_with(&row.case.id.to_string()));

    // In the queue: assign, then done. The case follows, with who did it.
    let version = world.state.store.flag(row.case.flag).await.expect("a flag").flag.version.to_string();
    let take = [("version", version.as_str()), ("action", "assign"), ("owner", "Noor"), ("who", "Ines")];
    assert_eq!(post(&world, &flag, &take).await.status, StatusCode::SEE_OTHER);
    let case = case_of(&world, "Mara Voss").await.case;
    assert_eq!((case.state, case.owner.as_str()), (CaseState::Assigned, "Noor"));
    let events = world.state.store.case_events(case.id, 10).await.expect("events");
    assert_eq!((events[0].kind, events[0].who.as_str(), events[0].text.as_str()), (CaseEventKind::Assigned, "Ines", "Noor"));

    // In the case: contacted. The queue follows.
    send(&world, case.id, &[("action", "contacted"), ("who", "Noor")]).await;
    let flag = world.state.store.flag(case.flag).await.expect("a flag");
    assert_eq!((flag.flag.state, flag.case.map(|c| c.state)), (FlagState::Assigned, Some(CaseState::Contacted)));
    assert!(get(&world, "/people?state=assigned").await.body.contains("Contacted"));
    send(&world, case.id, &[("action", "calmed"), ("who", "Noor"), ("tab", "assigned")]).await;
    assert_eq!(world.state.store.flag(case.flag).await.expect("a flag").flag.state, FlagState::Done);
}

#[tokio::test]
async fn only_steps_of_the_table_are_taken_and_others_are_refused_in_words() {
    let world = in_an_incident(&angry()).await;
    let id = case_of(&world, "Mara Voss").await.case.id;
    let refused = send(&world, id, &[("action", "calmed")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("A case that is “New” cannot become “Calmed”."), "{}", refused.body);
    for (fields, status) in [
        (vec![("action", "sleep")], StatusCode::BAD_REQUEST),
        (vec![("action", "note"), ("text", "  ")], StatusCode::BAD_REQUEST),
        (vec![("action", "due"), ("due_at", "tomorrow")], StatusCode::BAD_REQUEST),
        (vec![("action", "sent"), ("text", "x"), ("sent_at", "2199-01-01T00:00")], StatusCode::BAD_REQUEST),
        (vec![("action", "link"), ("author", "x")], StatusCode::BAD_REQUEST),
        (vec![("action", "link"), ("author", "77")], StatusCode::NOT_FOUND),
        (vec![("action", "due"), ("due_at", "2026-11-20T11:00")], StatusCode::SEE_OTHER),
    ] {
        assert_eq!(send(&world, id, &fields).await.status, status, "{fields:?}");
    }
    let page = get(&world, &format!("/cases/{id}")).await.body;
    assert!(page.contains("Overdue: it was due"), "{page}");
    assert_eq!(get(&world, "/cases/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_sent_is_kept_and_later_words_propose_an_outcome_that_a_person_takes() {
    let mut said = angry();
    said.push(Said::new("Mara Voss", "Acme Cloud answered me, fine", 0.6, Label::Neutral));
    said.push(Said::new("Mara Voss", "thank you Acme Cloud", 0.3, Label::Positive));
    let world = in_an_incident(&said).await;
    let id = case_of(&world, "Mara Voss").await.case.id;
    let page = get(&world, &format!("/cases/{id}")).await.body;
    assert!(page.contains("Hello Mara Voss, we read what you wrote about Acme Cloud"), "a draft in her language");
    let sent = [("action", "sent"), ("who", "Ines"), ("via", "email"), ("text", "Hello Mara"), ("sent_at", "2026-11-20T11:30")];
    assert_eq!(send(&world, id, &sent).await.status, StatusCode::SEE_OTHER);
    let case = case_of(&world, "Mara Voss").await.case;
    assert_eq!((case.state, case.sent_at.map(Millis::to_rfc3339)), (CaseState::Contacted, Some("2026-11-20T11:30:00.000Z".to_owned())));
    world.assess().await;
    let page = get(&world, &format!("/cases/{id}")).await.body;
    assert!(page.contains("Two calmer mentions since you wrote to them: calmed?"), "{page}");
    assert!(page.contains("Ines wrote to them by an e-mail; it is contacted now."));
    assert_eq!(case_of(&world, "Mara Voss").await.case.state, CaseState::Contacted, "nothing is set silently");

    send(&world, id, &[("action", "not_yet"), ("who", "Ines")]).await;
    world.assess().await;
    assert_eq!(case_of(&world, "Mara Voss").await.case.proposal, None, "put off until they write again");
}

#[tokio::test]
async fn a_bad_new_mention_opens_an_ended_case_again_with_its_reason() {
    let world = in_an_incident(&angry()).await;
    let case = case_of(&world, "Mara Voss").await.case;
    for action in ["contacted", "calmed"] {
        send(&world, case.id, &[("action", action), ("who", "Ines")]).await;
    }
    world.tell(&[Said::new("Mara Voss", "Acme Cloud is broken again, I am furious", 0.1, Label::Negative)]).await;
    world.assess().await;
    let case = case_of(&world, "Mara Voss").await.case;
    assert_eq!(case.state, CaseState::New);
    let events = world.state.store.case_events(case.id, 10).await.expect("events");
    assert_eq!((events[0].kind, events[0].from), (CaseEventKind::Reopened, CaseState::Calmed));
    assert!(events[0].text.contains("very negative mentions"), "{}", events[0].text);
    assert_eq!(world.state.store.flag(case.flag).await.expect("a flag").flag.state, FlagState::Open);
}

#[tokio::test]
async fn a_bad_new_mention_of_their_other_account_opens_an_ended_case_again() {
    let mut said = angry();
    said.push(Said::new("mvoss", "Acme Cloud still down", 0.4, Label::Negative));
    let world = in_an_incident(&said).await;
    let case = case_of(&world, "Mara Voss").await.case;
    let other = case_of(&world, "mvoss").await.case.author.to_string();
    for fields in
        [[("action", "link"), ("author", other.as_str())], [("action", "contacted"), ("who", "")], [("action", "calmed"), ("who", "")]]
    {
        assert_eq!(send(&world, case.id, &fields).await.status, StatusCode::SEE_OTHER);
    }
    world.tell(&[Said::new("mvoss", "Acme Cloud lost my files, I am furious", 0.1, Label::Negative)]).await;
    world.assess().await;
    assert_eq!(case_of(&world, "Mara Voss").await.case.state, CaseState::New);
    let page = get(&world, &format!("/cases/{}", case.id)).await.body;
    assert!(page.contains("Ebb opened it again; it was: calmed") && page.contains("of theirs ("), "{page}");
}

#[tokio::test]
async fn a_lost_update_of_a_case_shows_both_versions() {
    let world = in_an_incident(&angry()).await;
    let case = case_of(&world, "Mara Voss").await.case;
    let (path, version) = (format!("/cases/{}", case.id), case.version.to_string());
    let take = async |owner: &str| post(&world, &path, &[("version", version.as_str()), ("action", "assign"), ("owner", owner)]).await;
    assert_eq!(take("Noor").await.status, StatusCode::SEE_OTHER);
    let answer = take("Ines").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Noor") && answer.body.contains("Ines"));
    assert!(answer.body.contains(&format!(r#"name="version" value="{}""#, case.version + 1)));
}

#[tokio::test]
async fn a_flag_follows_corrections_and_goes_away_when_nobody_touched_it() {
    let world = in_an_incident(&angry()).await;
    let (mara, jonas) = (case_of(&world, "Mara Voss").await.case, case_of(&world, "Jonas K").await.case);
    send(&world, jonas.id, &[("action", "contacted"), ("who", "Ines")]).await;
    for flag in [mara.flag, jonas.flag] {
        let worst = world.state.store.flag(flag).await.expect("a flag").flag.worst;
        world.state.store.correct_label(worst, Some(Label::Neutral), now()).await.expect("corrected");
    }
    world.assess().await;
    assert!(world.state.store.flag(mara.flag).await.is_err() && world.state.store.case(mara.id).await.is_err());
    let kept = world.state.store.flag(jonas.flag).await.expect("somebody works on it").flag;
    assert_eq!((kept.very_negative, kept.state), (0, FlagState::Assigned));
    assert!(get(&world, "/people?state=assigned").await.body.contains("Nothing very negative of theirs is left"));
    world.state.store.correct_label(kept.worst, None, now()).await.expect("taken back");
    world.assess().await;
    assert_eq!(world.state.store.flag(jonas.flag).await.expect("a flag").flag.very_negative, 1);
}

#[tokio::test]
async fn another_account_is_linked_and_taken_off_and_customers_are_marked() {
    let mut said = angry();
    said.push(Said::new("mvoss", "Acme Cloud still down", 0.4, Label::Negative));
    let world = in_an_incident(&said).await;
    let row = case_of(&world, "Mara Voss").await;
    let path = format!("/cases/{}", row.case.id);
    let customer = Customer {
        platform: row.author.platform.clone(),
        handle: row.author.handle.to_uppercase(),
        name: "Voss GmbH".to_owned(),
        reference: "C-77".to_owned(),
    };
    world.state.store.save_customers(&[customer], now()).await.expect("kept");
    world.assess().await;
    let other = case_of(&world, "mvoss").await.author;
    assert!(get(&world, &format!("{path}?find=MVOSS")).await.body.contains(">Link<"));
    let author = other.id.to_string();
    send(&world, row.case.id, &[("action", "link"), ("author", &author), ("who", "Ines")]).await;
    let page = get(&world, &path).await.body;
    assert!(
        page.contains("Take off") && page.contains("Acme Cloud still down") && page.contains("Ines linked mvoss on Mastodon."),
        "{page}"
    );
    assert!(page.contains("on the list · Voss GmbH · C-77") && page.contains("A known customer") || page.contains("a known customer"));
    send(&world, row.case.id, &[("action", "unlink"), ("author", &author), ("who", "Ines")]).await;
    assert!(get(&world, &path).await.body.contains("None is linked."));
    assert_eq!(world.state.store.linked_accounts(row.case.author).await.expect("accounts"), Vec::<Author>::new());
}

#[tokio::test]
async fn the_file_names_earlier_incidents_in_which_they_were_unhappy_without_a_case() {
    let mut said = angry();
    said.push(Said::new("mvoss", "Acme Cloud loses mails", 70.0, Label::Negative));
    said.push(Said::new("mvoss", "Acme Cloud works for me", 71.0, Label::Positive));
    let world = World::with(&said).await;
    let store = &world.state.store;
    let started_at = now().plus(-80 * HOUR_MS);
    let new = NewIncident {
        brand: world.brand,
        title: "Mails are lost".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Minor,
        commander: String::new(),
        war_room: None,
        started_at,
    };
    let earlier = store.create_incident(&new, started_at).await.expect("an incident");
    let closed = Incident { closed_at: Some(now().plus(-60 * HOUR_MS)), ..store.incident(earlier).await.expect("it is there") };
    store.update_incident(&closed, now()).await.expect("closed");
    world.open_incident().await;
    world.assess().await;
    let id = case_of(&world, "Mara Voss").await.case.id;
    assert!(get(&world, &format!("/cases/{id}")).await.body.contains("not unhappy in another incident"));
    let other = store.authors_named(world.brand, "mvoss", 1).await.expect("authors").remove(0).id.to_string();
    assert_eq!(send(&world, id, &[("action", "link"), ("author", &other)]).await.status, StatusCode::SEE_OTHER);
    let page = get(&world, &format!("/cases/{id}")).await.body;
    assert!(page.contains("Mails are lost") && page.contains("1 unhappy mention, no case · began"), "{page}");
}

#[tokio::test]
async fn open_pages_learn_who_else_looks_and_that_they_are_behind() {
    let world = in_an_incident(&angry()).await;
    let id = case_of(&world, "Mara Voss").await.case.id;
    let path = format!("/cases/{id}/looking");
    assert_eq!(post(&world, &path, &[("key", "a"), ("who", "Ines")]).await.body, r#"{"others":[],"version":1}"#);
    send(&world, id, &[("action", "note"), ("text", "x")]).await;
    assert_eq!(post(&world, &path, &[("key", "b"), ("who", "Noor")]).await.body, r#"{"others":["Ines"],"version":2}"#);
    assert_eq!(post(&world, "/cases/1/looking", &[("key", "b")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn templates_are_changed_refused_with_unknown_places_and_taken_back() {
    let world = in_an_incident(&angry()).await;
    let id = case_of(&world, "Mara Voss").await.case.id;
    let save = |text, version| {
        [("action", "save"), ("lang", "en"), ("name", "First words"), ("text", text), ("version", version), ("who", "Ines")]
    };
    assert_eq!(post(&world, "/replies", &save("Dear {name} of {place}", "0")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post(&world, "/replies", &save("Dear {name}, {incident}!", "0")).await.status, StatusCode::SEE_OTHER);
    assert!(get(&world, &format!("/cases/{id}")).await.body.contains("Dear Mara Voss, Sign-in fails in Europe!"));
    let stale = post(&world, "/replies", &save("Mine", "0")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Dear {name}") && stale.body.contains("Mine"));
    let page = get(&world, "/replies").await.body;
    assert!(page.contains("changed by Ines") && page.contains("Hallo {name}") && page.contains("Portuguese"));
    assert_eq!(
        post(&world, "/replies", &[("action", "reset"), ("lang", "en"), ("name", "First words"), ("version", "1")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(get(&world, &format!("/cases/{id}")).await.body.contains("Hello Mara Voss, we read"));
    let new = [("action", "save"), ("lang", "../x"), ("name", "n"), ("text", "t"), ("version", "0")];
    assert_eq!(post(&world, "/replies", &new).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn scripts_read_cases_and_authors_page_by_page() {
    let world = in_an_incident(&angry()).await;
    let read = async |path: &str| {
        let answer = get(&world, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        serde_json::from_str::<serde_json::Value>(&answer.body).expect("JSON")
    };
    let first = read("/api/v1/cases?limit=1").await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(1));
    let next = first["next"].as_str().expect("another page");
    let second = read(&format!("/api/v1/cases?limit=1&cursor={next}")).await;
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!(second["next"], serde_json::Value::Null);
    assert_eq!(read("/api/v1/cases?state=calmed").await["items"].as_array().map(Vec::len), Some(0));
    let case = &first["items"][0];
    let whole = read(&format!("/api/v1/cases/{}", case["id"].as_str().expect("an id"))).await;
    assert_eq!(whole["events"][0]["kind"], "opened");
    assert!(whole["priority"].as_f64().is_some_and(|p| p > 0.0) && whole["reasons"][0]["text"].is_string());
    let author = read(&format!("/api/v1/authors/{}?limit=1", case["author"]["id"].as_str().expect("an id"))).await;
    assert_eq!(author["mentions"]["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(author["cases"][0]["id"], case["id"]);
    for bad in ["/api/v1/cases?cursor=x", "/api/v1/cases?state=asleep", "/api/v1/cases?incident=x"] {
        assert_eq!(get(&world, bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(get(&world, &format!("/api/v1/authors/{}", AuthorId::new(1))).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn closing_over_blockers_keeps_them_and_what_was_learned_is_found_again() {
    let world = in_an_incident(&angry()).await;
    let incident = world.state.store.incidents(world.brand).await.expect("incidents").remove(0);
    let path = format!("/incidents/{}", incident.id);
    let page = get(&world, &path).await.body;
    assert!(page.contains("cases: 2 new") && page.contains("2 cases: 2 new.") && page.contains("Why close it anyway?"), "{page}");
    assert!(page.contains("2 negative mentions come from 2 unhappy people."));
    let version = incident.version.to_string();
    let close = [("version", version.as_str()), ("action", "close"), ("reason", "merged <b>"), ("who", "Ines")];
    assert_eq!(post(&world, &format!("{path}/state"), &close).await.status, StatusCode::SEE_OTHER);
    let closings = world.state.store.closings(incident.id).await.expect("closings");
    assert_eq!((closings.len(), closings[0].reason.as_str(), closings[0].who.as_str()), (1, "merged <b>", "Ines"));
    assert!(closings[0].blockers.iter().any(|b| b.code == "people_unanswered"), "{closings:?}");
    assert!(get(&world, &path).await.body.contains(", by Ines"));

    let keep = [("version", "0"), ("solution", "Renewed the <i>Zertifikat</i>"), ("learned", "Alarms for it")];
    assert_eq!(post(&world, &format!("{path}/memory"), &keep).await.status, StatusCode::SEE_OTHER);
    let stale = post(&world, &format!("{path}/memory"), &[("version", "0"), ("solution", "mine"), ("learned", "")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Zertifikat") && stale.body.contains("mine"));
    for (query, found) in [("zertifikat", true), ("ALARMS%20sign-in", true), ("refund", false)] {
        let list = get(&world, &format!("/incidents?q={query}")).await.body;
        assert_eq!(list.contains("Mended by:"), found, "{query}");
    }
    let draft = get(&world, &format!("{path}/postmortem.md")).await;
    assert_eq!(draft.headers.get("content-type").and_then(|t| t.to_str().ok()), Some("text/markdown; charset=utf-8"));
    assert!(draft.body.contains("# Post-mortem: Sign-in fails in Europe") && draft.body.contains("Renewed the \\<i\\>"), "{}", draft.body);
    assert!(!draft.body.contains("Mara"), "no names of authors");

    // The next incident stands beside it.
    let next = world.open_incident().await;
    let started = world.state.store.incident(next).await.expect("an incident");
    let later = crate::domain::incident::Incident { started_at: started.started_at.plus(60_000), ..started };
    world.state.store.update_incident(&later, now()).await.expect("moved");
    let page = get(&world, &format!("/incidents/{next}")).await.body;
    assert!(page.contains("Your last incident took 14 hours."), "{page}");
    assert_is_sound("the next incident", &page);
}
