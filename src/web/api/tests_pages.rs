//! What the pages can do, the API can do: each address of the pages beside the route that does the same.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::routes::ROUTES;
use super::tests::{Script, token, world};
use crate::domain::time::{DAY_MS, Span};
use crate::web::testing::{World, now};

/// How a script does it.
enum Way {
    /// By these routes: method and path.
    Api(&'static [&'static str]),
    /// It needs none, and why.
    None(&'static str),
}

use Way::{Api, None as Not};

/// Every address of `src/web/mod.rs`.
const PAGES: &[(&str, Way)] = &[
    ("get /", Api(&["get /incidents", "get /incidents/{id}/verdict", "get /incidents/{id}/concern", "get /hold", "get /proposals"])),
    ("get /incidents", Api(&["get /incidents"])),
    ("post /incidents", Api(&["post /incidents"])),
    (
        "get /incidents/{id}",
        Api(&[
            "get /incidents/{id}",
            "get /incidents/{id}/concern",
            "get /incidents/{id}/updates",
            "get /incidents/{id}/rates",
            "get /incidents/{id}/closing",
            "get /incidents/{id}/past",
            "get /incidents/{id}/memory",
            "get /incidents/{id}/voices",
        ]),
    ),
    ("post /incidents/{id}", Api(&["patch /incidents/{id}"])),
    ("post /incidents/{id}/updates", Api(&["post /incidents/{id}/updates"])),
    ("post /proposals/{id}", Api(&["post /proposals/{id}/dismiss"])),
    ("get /themes", Api(&["get /incidents/{id}/themes", "get /mentions"])),
    ("get /hold", Api(&["get /hold"])),
    ("post /hold", Api(&["post /hold"])),
    ("post /hold/{id}/end", Api(&["post /hold/{id}/end"])),
    ("get /hold.ics", Not("calendars subscribe to that address; what it says is `get /hold`")),
    ("get /check", Api(&["get /incidents/{id}/checks", "get /mentions/{id}", "get /incidents/{id}/rates"])),
    ("post /check/{incident}/draw", Api(&["post /incidents/{id}/checks"])),
    ("post /check/{incident}/answer", Api(&["put /incidents/{id}/checks/{mention}"])),
    ("post /incidents/{id}/state", Api(&["post /incidents/{id}/close", "post /incidents/{id}/reopen"])),
    ("post /incidents/{id}/memory", Api(&["put /incidents/{id}/memory"])),
    ("get /incidents/{id}/postmortem.md", Api(&["get /incidents/{id}/files/{file}"])),
    ("get /incidents/{id}/report", Api(&["get /incidents/{id}/seals", "get /incidents/{id}/shares"])),
    ("post /incidents/{id}/report/shares", Api(&["post /incidents/{id}/shares"])),
    ("post /incidents/{id}/report/shares/{share}/revoke", Api(&["post /incidents/{id}/shares/{share}/revoke"])),
    ("get /incidents/{id}/{file}", Api(&["get /incidents/{id}/files/{file}"])),
    ("get /r/{token}", Not("whoever has the link needs no token")),
    ("get /r/{token}/{file}", Not("whoever has the link needs no token")),
    ("get /people", Api(&["get /people"])),
    ("get /people/{flag}", Api(&["get /people/{id}", "get /authors/{id}"])),
    ("post /people/{flag}", Api(&["patch /people/{id}"])),
    ("get /cases/{id}", Api(&["get /cases/{id}", "get /authors", "get /authors/{id}"])),
    ("post /cases/{id}", Api(&["patch /cases/{id}"])),
    ("post /cases/{id}/looking", Not("it says that a person has the page open, which a script has not")),
    ("get /replies", Api(&["get /replies"])),
    ("post /replies", Api(&["put /replies/{lang}/{name}", "post /replies/{lang}/{name}/reset"])),
    ("get /mentions", Api(&["get /mentions"])),
    ("post /mentions/{id}/label", Api(&["put /mentions/{id}/label"])),
    ("post /mentions/{id}/brand", Api(&["post /mentions/{id}/brand"])),
    ("get /sources", Api(&["get /sources", "get /exports/{file}"])),
    ("get /alerts", Api(&["get /alerts", "get /channels"])),
    ("post /alerts/test", Api(&["post /channels/{name}/test"])),
    ("post /alerts/{id}/retry", Api(&["post /alerts/{id}/retry"])),
    ("get /export/{file}", Api(&["get /exports", "get /exports/{file}"])),
    ("get /events", Not("it tells open pages to load again")),
    ("get /assets/{name}", Not("what pages look like")),
    ("get /healthz", Not("for whoever watches over the process")),
    ("get /readyz", Not("for whoever watches over the process")),
    ("get /metrics", Not("for Prometheus, with the scope `read`")),
];

/// Method and path of each route of the pages, from their one list.
fn routed() -> BTreeSet<String> {
    let source = include_str!("../mod.rs");
    let mut found = BTreeSet::new();
    for line in source.split(".route(\"").skip(1) {
        let (path, handlers) = line.split_once("\",").expect("a path and its handlers");
        let handlers = handlers.split(".route(").next().unwrap_or_default();
        let methods = ["get", "post", "put", "patch", "delete"];
        let used = methods.iter().filter(|m| handlers.contains(&format!(" {m}(")) || handlers.contains(&format!(").{m}(")));
        found.extend(used.map(|method| format!("{method} {path}")));
    }
    found
}

#[test]
fn what_a_page_does_a_script_can_do_too_or_it_says_why_not() {
    let api: BTreeSet<String> = ROUTES.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    let listed: BTreeMap<&str, &Way> = PAGES.iter().map(|(page, way)| (*page, way)).collect();
    let pages = routed();
    assert!(pages.len() > 40 && pages.contains("post /hold/{id}/end"), "the list of routes was not read: {pages:?}");
    assert_eq!(listed.keys().map(|page| (*page).to_owned()).collect::<BTreeSet<_>>(), pages, "name each page and form in PAGES");
    for (page, way) in listed {
        match way {
            Api(routes) => {
                assert!(!routes.is_empty(), "{page}");
                for route in *routes {
                    assert!(api.contains(*route), "{page}: there is no {route}");
                }
                let changes = !page.starts_with("get");
                assert!(!changes || routes.iter().all(|r| !r.starts_with("get")), "{page} changes something");
            }
            Not(why) => assert!(!why.is_empty(), "{page}"),
        }
    }
}

/// An incident, and a script that may write.
async fn set_up(world: &World) -> (String, String) {
    (format!("/incidents/{}", world.open_incident().await), token(world, "w", "read,write", None).await)
}

#[tokio::test]
async fn a_sample_is_drawn_answered_and_its_answer_taken_back() {
    let world = world().await;
    let (incident, token) = set_up(&world).await;
    let script = Script::with(&world, &token);
    let path = format!("{incident}/checks");
    assert_eq!(script.get(&path).await.json()["items"], json!([]));
    let drawn = script.send("post", &path, &json!({ "more": 2 })).await.json();
    let drawn = drawn["items"].as_array().expect("items");
    assert!(!drawn.is_empty() && drawn.iter().all(|c| c["answer"].is_null() && c["predicted"].is_string()), "{drawn:?}");
    let one = format!("{path}/{}", drawn[0]["mention"].as_str().expect("an id"));
    let said = script.send("put", &one, &json!({ "answer": "not_us" })).await.json();
    assert_eq!((&said["answer"], &said["place"]), (&json!("not_us"), &json!(1)));
    assert_eq!(script.get(&format!("{incident}/rates")).await.json()["checked"], 1);
    let undone = script.send("put", &one, &json!({ "answer": null })).await.json();
    assert_eq!(undone["answer"], Value::Null);
    let wrong = script.send("put", &one, &json!({ "answer": "furious" })).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-request"));
    for more in [0, 101] {
        assert_eq!(script.send("post", &path, &json!({ "more": more })).await.status, StatusCode::BAD_REQUEST, "{more}");
    }
    let stranger = script.send("put", &format!("{path}/999"), &json!({ "answer": "neutral" })).await;
    assert_eq!((stranger.status, stranger.problem().as_str()), (StatusCode::NOT_FOUND, "not-found"));
    let page = script.get(&format!("{path}?limit=1")).await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_template_is_changed_against_its_version_and_taken_back() {
    let world = world().await;
    let token = token(&world, "w", "read,write", None).await;
    let script = Script::with(&world, &token);
    let all = script.get("/replies").await.json();
    let first = &all["items"][0];
    let (lang, name) = (first["lang"].as_str().expect("a language"), first["name"].as_str().expect("a name"));
    assert_eq!((&first["version"], &first["changed_by"]), (&json!(0), &Value::Null));
    let path = format!("/replies/{lang}/{}", name.replace(' ', "%20"));
    let mine = script.send("put", &path, &json!({ "text": "Hello {name}", "who": "Noor" })).await.json();
    assert_eq!((&mine["text"], &mine["version"], &mine["changed_by"]), (&json!("Hello {name}"), &json!(1), &json!("Noor")));
    let stale = script.send("put", &path, &json!({ "text": "Hi" })).await;
    assert_eq!((stale.status, stale.problem().as_str()), (StatusCode::CONFLICT, "conflict"));
    for text in ["Dear {customer}", " "] {
        let refused = script.send("put", &path, &json!({ "text": text, "version": 1 })).await;
        assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-request"), "{text}");
    }
    let reset = format!("{path}/reset");
    assert_eq!(script.send("post", &reset, &json!({ "version": 7 })).await.status, StatusCode::CONFLICT);
    let built_in = script.send("post", &reset, &json!({ "version": 1 })).await.json();
    assert_eq!((&built_in["items"][0]["version"], &built_in["items"][0]["text"]), (&json!(0), &first["text"]));
    let own = script.send("put", "/replies/nl/Bedankt", &json!({ "text": "Bedankt, {name}" })).await.json();
    assert_eq!((&own["lang"], &own["version"]), (&json!("nl"), &json!(1)));
    let gone = script.send("post", "/replies/nl/Bedankt/reset", &json!({ "version": 1 })).await.json();
    assert_eq!(gone["items"], json!([]));
    assert_eq!(script.send("post", "/replies/nl/Bedankt/reset", &json!({ "version": 1 })).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_learned_is_kept_searched_and_stands_in_the_post_mortem() {
    let world = world().await;
    let (incident, token) = set_up(&world).await;
    let script = Script::with(&world, &token);
    let path = format!("{incident}/memory");
    assert_eq!(script.get(&path).await.json()["version"], 0);
    let kept = script.send("put", &path, &json!({ "version": 0, "solution": "Renewed the certificate." })).await.json();
    let kept = script.send("put", &path, &json!({ "version": kept["version"], "learned": "Watch its end." })).await.json();
    assert_eq!((&kept["solution"], &kept["learned"]), (&json!("Renewed the certificate."), &json!("Watch its end.")));
    let stale = script.send("put", &path, &json!({ "version": 1, "learned": "x" })).await;
    assert_eq!((stale.status, stale.problem().as_str()), (StatusCode::CONFLICT, "conflict"));
    let long = script.send("put", &path, &json!({ "version": 2, "learned": "x".repeat(8_001) })).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
    assert_eq!(script.get("/incidents?q=CERTIFICATE").await.json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(script.get("/incidents?q=nothing-like-it").await.json()["items"], json!([]));
    let draft = script.get(&format!("{incident}/files/postmortem.md")).await;
    assert!(draft.text.contains("Renewed the certificate."), "{}", draft.text);
    let closing = script.get(&format!("{incident}/closing")).await.json();
    assert!(closing["checklist"].is_array() && closing["closings"] == json!([]), "{closing}");
    assert_eq!(script.get(&format!("{incident}/past")).await.json()["items"], json!([]));
    assert!(script.get(&format!("{incident}/voices")).await.json()["people"].is_u64());
    assert_eq!(script.get("/incidents/999/memory").await.problem(), "not-found");
}

#[tokio::test]
async fn a_link_is_made_once_its_address_kept_nowhere_and_taken_back() {
    let world = world().await;
    let (incident, token) = set_up(&world).await;
    let script = Script { key: Some("k"), ..Script::with(&world, &token) };
    let path = format!("{incident}/shares");
    let made = script.send("post", &path, &json!({ "days": 7, "lang": "it" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let link = made.json();
    let url = link["url"].as_str().and_then(|u| u.strip_prefix("http://localhost:8080")).expect("an address").to_owned();
    let again = script.send("post", &path, &json!({ "days": 7, "lang": "it" })).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json()["id"], &again.json()["url"]), ("true", &link["id"], &Value::Null));
    let script = Script::with(&world, &token);
    let listed = script.get(&path).await.json();
    assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["url"]), (Some(1), &Value::Null));
    assert_eq!(script.get(&format!("{incident}/seals")).await.json()["items"][0]["id"], link["report"]);
    assert_eq!(script.ask("get", &url, None).await.status, StatusCode::OK);
    let revoke = format!("{path}/{}/revoke", link["id"].as_str().expect("an id"));
    assert!(script.send("post", &revoke, &json!({})).await.json()["revoked_at"].is_string());
    assert_eq!(script.ask("get", &url, None).await.status, StatusCode::NOT_FOUND);
    for (body, what) in [(json!({ "days": 91 }), "days"), (json!({ "days": 7, "lang": "xx" }), "lang")] {
        assert_eq!(script.send("post", &path, &body).await.status, StatusCode::BAD_REQUEST, "{what}");
    }
}

#[tokio::test]
async fn an_incident_opened_from_a_proposal_answers_it_and_accounts_are_found_by_name() {
    let world = world().await;
    let token = token(&world, "w", "read,write", None).await;
    let script = Script::with(&world, &token);
    let window = Span::new(now().plus(-DAY_MS), now()).expect("ordered");
    let signal =
        crate::domain::proposal::Signal { at: now(), began: now().plus(-DAY_MS), window, unhappy: 41, expected: 2.5, chance: 1e-6 };
    let proposal = world.state.store.propose(world.brand, &signal, now()).await.expect("an answer").expect("a proposal");
    let opened = script.send("post", "/incidents", &json!({ "title": "Sign-in", "proposal": proposal.to_string() })).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    let answered = world.state.store.proposal(proposal).await.expect("a proposal");
    assert_eq!(answered.incident.map(|id| id.to_string()).as_deref(), opened.json()["id"].as_str());
    let found = script.get("/authors?named=mara%20voss").await.json();
    assert_eq!((found["items"].as_array().map(Vec::len), &found["items"][0]["name"]), (Some(1), &json!("Mara Voss")));
    assert_eq!(script.get("/authors?named=").await.status, StatusCode::BAD_REQUEST);
}
