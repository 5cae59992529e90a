//! The API over a real store, asked as scripts ask.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::auth::{Scope, hash};
use super::routes::{ROUTES, openapi};
use crate::domain::alert::{Channel, ChannelKind, Repeat};
use crate::domain::hold::Decision;
use crate::domain::proposal::Signal;
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::store::{Attempt, CaseFilter, NewHold, NewShare, NewToken};
use crate::web::router;
use crate::web::testing::{Said, World, now};

pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The kind of problem.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["type"].as_str().and_then(|t| t.strip_prefix("urn:ebb:problem:")).expect("a type").to_owned()
    }
}

/// A script, with or without a token.
pub(super) struct Script<'a> {
    pub(super) world: &'a World,
    pub(super) token: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}

impl<'a> Script<'a> {
    const fn of(world: &'a World) -> Self {
        Self { world, token: None, key: None }
    }

    pub(super) const fn with(world: &'a World, token: &'a str) -> Self {
        Self { world, token: Some(token), key: None }
    }

    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method.to_ascii_uppercase().as_str()).uri(path).header("host", "localhost:8080");
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let answer = router(self.world.state.clone()).oneshot(request.body(body).expect("a request")).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 16 << 20).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("get", &format!("/api/v1{path}"), None).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, &format!("/api/v1{path}"), Some(body)).await
    }
}

pub(super) async fn token(world: &World, name: &str, scopes: &str, expires_at: Option<Millis>) -> String {
    let token = format!("ebb_test_{name}");
    let new = NewToken { name, hash: &hash(&token), scopes, expires_at };
    world.state.store.add_token(&new, now()).await.expect("kept");
    token
}

pub(super) async fn world() -> World {
    let said = [
        Said::new("Mara Voss", "Acme Cloud lost my invoices and nobody answers", 1.0, Label::Negative),
        Said::new("Jonas K", "cannot sign in to Acme Cloud since yesterday", 2.0, Label::Negative),
        Said::new("Lee", "Acme Cloud works again, thank you", 0.5, Label::Positive),
    ];
    World::with(&said).await
}

/// One thing of each kind, and the addresses that lead to them.
async fn addresses(world: &World) -> Vec<(&'static str, &'static str, String)> {
    let store = &world.state.store;
    let incident = world.open_incident().await;
    let flag = world.flag().await.remove(0);
    let channel = Channel { name: "PR".to_owned(), kind: ChannelKind::Slack, place: "hooks.example".to_owned() };
    store.sync_channels(&[channel]).await.expect("kept");
    store.post_now(&crate::domain::alert::Alert::test("PR", 0, now()), "PR", now()).await.expect("posted");
    let held = store.claim_messages("w", now(), 9, 9).await.expect("a claim").remove(0);
    let lost = Attempt::GivenUp { error: "no".to_owned(), repeat: Repeat::First };
    store.finish_attempt(&held, "w", &lost, now()).await.expect("kept");
    store.open_cases(incident, Millis::new(0), now()).await.expect("cases");
    let filter = CaseFilter { brand: world.brand, incident: None, state: None, author: None };
    let case = store.cases(&filter, None, 1).await.expect("cases").remove(0);
    let decision = NewHold {
        brand: world.brand,
        decision: Decision::Hold,
        reason: "Wait.".to_owned(),
        decided_by: String::new(),
        until: now().plus(DAY_MS),
    };
    let wait = store.add_hold(&decision, now()).await.expect("kept");
    let window = Span::new(now().plus(-DAY_MS), now()).expect("ordered");
    let signal = Signal { at: now(), began: now().plus(-DAY_MS), window, unhappy: 41, expected: 2.5, chance: 1e-6 };
    let proposal = store.propose(world.brand, &signal, now()).await.expect("an answer").expect("a proposal");
    store.add_checks(incident, &[(flag.flag.worst, Label::Negative)], now()).await.expect("a sample");
    let sealed = store.seal_report(incident, now().plus(-DAY_MS), ("hash", "{}"), now()).await.expect("sealed");
    let link = NewShare { report: sealed.id, token_sha256: "t".to_owned(), lang: "en".to_owned(), expires_at: now().plus(DAY_MS) };
    let share = store.share_report(&link, now()).await.expect("a link");
    vec![
        ("/incidents/{id}", "{id}", incident.to_string()),
        ("/incidents/{id}/files", "{file}", "report.md".to_owned()),
        ("/exports", "{file}", "mentions.csv".to_owned()),
        ("/people/{id}", "{id}", flag.flag.id.to_string()),
        ("/cases/{id}", "{id}", case.case.id.to_string()),
        ("/authors/{id}", "{id}", case.case.author.to_string()),
        ("/hold/{id}", "{id}", wait.to_string()),
        ("/proposals/{id}", "{id}", proposal.to_string()),
        ("/mentions/{id}", "{id}", flag.flag.worst.to_string()),
        ("/alerts/{id}", "{id}", held.id.to_string()),
        ("/channels/{name}", "{name}", "PR".to_owned()),
        ("/incidents/{id}/checks", "{mention}", flag.flag.worst.to_string()),
        ("/incidents/{id}/shares", "{share}", share.to_string()),
        ("/replies/{lang}/{name}", "{lang}/{name}", "en/Sorry".to_owned()),
    ]
}

#[tokio::test]
async fn every_route_is_described_and_everything_described_answers() {
    let world = world().await;
    let admin = token(&world, "admin", "admin", None).await;
    let script = Script::with(&world, &admin);
    let known = addresses(&world).await;
    let document = serde_json::to_value(openapi()).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            described.insert((method.clone(), path.clone()));
            assert!(names.insert(operation["operationId"].to_string()), "{method} {path}: its name is taken");
            assert!(operation["responses"].as_object().is_some_and(|r| !r.is_empty()), "{method} {path} says nothing of its answers");
            let mut real = path.clone();
            for (prefix, place, value) in &known {
                if path.starts_with(prefix) {
                    real = real.replace(place, value);
                }
            }
            assert!(!real.contains('{'), "{path}: name one in `addresses`");
            let body = (method != "get").then(|| json!({}));
            let needs_a_name = if (method.as_str(), path.as_str()) == ("get", "/authors") { "?named=Mara" } else { "" };
            let answer = script.ask(method, &format!("/api/v1{real}{needs_a_name}"), body.as_ref()).await;
            // An empty body is refused in words where something is needed.
            let refused = matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
            // Deliveries are taken once their secret is configured.
            let refused = refused || answer.text.contains("urn:ebb:problem:not-set-up");
            let fine = answer.status.is_success() || (method != "get" && refused);
            assert!(fine, "{method} {real}: {} {}", answer.status, answer.text);
        }
    }
    let routed: BTreeSet<_> = ROUTES.iter().map(|r| (r.method.to_owned(), r.path.to_owned())).collect();
    assert_eq!(described, routed, "the path in `utoipa::path` must be that of the list in routes.rs");
    assert_eq!(ROUTES.len(), routed.len(), "a route is there twice");
    let outside = include_str!("../mod.rs").matches("\"/api/").count();
    assert_eq!(outside, 1, "routes of the API stand in src/web/api/routes.rs only");
    let served = script.get("/openapi.json").await.json();
    assert_eq!(served, document);
}

#[tokio::test]
async fn references_of_the_description_lead_somewhere() {
    let document = serde_json::to_value(openapi()).expect("JSON");
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|r| r.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn an_incident_lives_its_whole_life_through_the_api() {
    let world = world().await;
    let token = token(&world, "w", "read,write", None).await;
    let script = Script::with(&world, &token);
    let opened = script
        .send("post", "/incidents", &json!({ "title": " Sign-in fails ", "kind": "security", "war_room": "https://meet.example/1" }))
        .await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    let incident = opened.json();
    assert_eq!(
        (&incident["title"], &incident["kind"], &incident["severity"]),
        (&json!("Sign-in fails"), &json!("security"), &json!("major"))
    );
    let path = format!("/incidents/{}", incident["id"].as_str().expect("an id"));
    assert_eq!(opened.header("location"), format!("/api/v1{path}"));
    let changed = script.send("patch", &path, &json!({ "version": incident["version"], "commander": "Ines" })).await.json();
    assert_eq!((&changed["commander"], &changed["title"]), (&json!("Ines"), &json!("Sign-in fails")));
    let stale = script.send("patch", &path, &json!({ "version": incident["version"], "commander": "Noor" })).await;
    assert_eq!((stale.status, stale.problem().as_str()), (StatusCode::CONFLICT, "conflict"));
    let said = script.send("post", &format!("{path}/updates"), &json!({ "kind": "apology", "text": "We are sorry." })).await;
    assert_eq!(said.status, StatusCode::CREATED, "{}", said.text);
    assert_eq!(script.get(&format!("{path}/updates")).await.json()["items"][0]["text"], "We are sorry.");
    let version = script.get(&path).await.json()["version"].clone();
    let refused = script.send("post", &format!("{path}/close"), &json!({ "version": version })).await;
    assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"));
    let closed = script.send("post", &format!("{path}/close"), &json!({ "version": version, "reason": "A drill." })).await.json();
    assert_eq!((closed["closed_at"].is_string(), &closed["close_reason"]), (true, &json!("A drill.")));
    let open = script.send("post", &format!("{path}/reopen"), &json!({ "version": closed["version"] })).await.json();
    assert_eq!(open["closed_at"], Value::Null);
}

#[tokio::test]
async fn people_are_taken_noted_and_done_and_labels_corrected_through_the_api() {
    let world = world().await;
    let flags = world.flag().await;
    let token = token(&world, "w", "read,write", None).await;
    let script = Script::with(&world, &token);
    let path = format!("/people/{}", flags[0].flag.id);
    let nobody = script.send("patch", &path, &json!({ "version": 1, "state": "assigned" })).await;
    assert_eq!((nobody.status, nobody.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-request"));
    let assigned = script.send("patch", &path, &json!({ "version": 1, "state": "assigned", "owner": "Noor" })).await.json();
    assert_eq!((&assigned["state"], &assigned["owner"], &assigned["version"]), (&json!("assigned"), &json!("Noor"), &json!(2)));
    let done = script.send("patch", &path, &json!({ "version": 2, "state": "done", "note": "called" })).await.json();
    assert_eq!((&done["state"], &done["owner"], &done["note"]), (&json!("done"), &json!("Noor"), &json!("called")));
    let mention = flags[0].flag.worst;
    assert_eq!(done["worst"]["weight"], 1, "its source is no sample");
    let label = format!("/mentions/{mention}/label");
    assert_eq!(script.send("put", &label, &json!({ "label": "neutral" })).await.json()["label"], "neutral");
    assert_eq!(script.send("put", &label, &json!({ "label": null })).await.json()["label"], "negative");
    let wrong = script.send("put", &label, &json!({ "label": "furious" })).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let unknown = script.send("put", &label, &json!({ "label": null, "lable": 1 })).await;
    assert!(unknown.text.contains("lable"), "{}", unknown.text);
}

#[tokio::test]
async fn without_a_token_made_reading_is_open_and_writing_is_for_our_own_pages() {
    let world = world().await;
    let script = Script::of(&world);
    assert_eq!(script.get("/incidents").await.status, StatusCode::OK);
    assert_eq!(script.send("post", "/incidents", &json!({ "title": "x" })).await.problem(), "foreign-origin");
    let made_up = Script::with(&world, "ebb_made_up");
    assert_eq!(made_up.send("post", "/incidents", &json!({ "title": "x" })).await.problem(), "unauthorised");
    assert_eq!(world.state.store.incidents(world.brand).await.expect("incidents"), []);
}

#[tokio::test]
async fn from_the_first_token_on_each_request_needs_one_that_may() {
    let world = world().await;
    let reader = token(&world, "reader", "read", None).await;
    let ended = token(&world, "ended", "read", Some(now())).await;
    let revoked = token(&world, "revoked", "admin", None).await;
    world.state.store.revoke_token("revoked", now()).await.expect("taken back");
    let nobody = Script::of(&world).get("/incidents").await;
    assert_eq!((nobody.status, nobody.problem().as_str()), (StatusCode::UNAUTHORIZED, "unauthorised"));
    assert!(nobody.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(Script::of(&world).get("/openapi.json").await.status, StatusCode::OK);
    for bad in [ended.as_str(), revoked.as_str(), "ebb_nonsense"] {
        assert_eq!(Script::with(&world, bad).get("/incidents").await.status, StatusCode::UNAUTHORIZED, "{bad}");
    }
    let script = Script::with(&world, &reader);
    assert_eq!(script.get("/incidents").await.status, StatusCode::OK);
    let refused = script.send("post", "/incidents", &json!({ "title": "x" })).await;
    assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::FORBIDDEN, "scope-missing"));
    assert_eq!(script.get("/tokens").await.problem(), "scope-missing");
    assert_eq!(script.get("/nowhere").await.problem(), "not-found");
    assert_eq!(script.send("delete", "/incidents", &json!({})).await.problem(), "method-not-allowed");
    let metrics = Script::of(&world).ask("get", "/metrics", None).await;
    assert_eq!(metrics.status, StatusCode::UNAUTHORIZED);
    // A token is no key to the forms of the pages.
    let form = script.ask("post", "/incidents", Some(&json!({}))).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
    assert!(world.state.store.tokens().await.expect("tokens")[0].used_at.is_some());
}

#[test]
fn what_changes_something_needs_more_than_reading() {
    for route in ROUTES {
        // A delivery is permitted by its signature.
        let signed = (route.method, route.path) == ("post", "/mentions");
        let reads = matches!(route.scope, Scope::Read | Scope::Open) && !signed || route.path == "/tokens";
        assert_eq!(reads, route.method == "get", "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_how_long_to_wait() {
    let world = world().await;
    let reader = token(&world, "reader", "read", None).await;
    let script = Script::with(&world, &reader);
    let mut last = script.get("/brands").await;
    for _ in 0..100 {
        last = script.get("/brands").await;
    }
    assert_eq!(
        (last.status, last.header("retry-after"), last.problem().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "1", "too-many-requests")
    );
    world.state.clock.advance(1_000);
    assert_eq!(script.get("/brands").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_write_that_is_sent_again_under_its_key_is_done_once() {
    let world = world().await;
    let writer = token(&world, "writer", "read,write", None).await;
    let script = Script { key: Some("a1"), ..Script::with(&world, &writer) };
    let body = json!({ "title": "Sign-in fails" });
    let wrong = script.send("post", "/incidents", &json!({ "title": "" })).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "what was refused does not use up the key");
    let first = script.send("post", "/incidents", &body).await;
    let again = script.send("post", "/incidents", &body).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!((first.text.as_str(), first.header("location")), (again.text.as_str(), again.header("location")));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let other = script.send("post", "/incidents", &json!({ "title": "Another" })).await;
    assert_eq!((other.status, other.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"));
    assert_eq!(world.state.store.incidents(world.brand).await.expect("incidents").len(), 1);
    world.state.clock.advance(DAY_MS);
    assert_eq!(script.send("post", "/incidents", &body).await.header("idempotency-replayed"), "", "a day later it is a new write");
    let long = Script { key: Some(&"k".repeat(256)), ..Script::with(&world, &writer) };
    assert_eq!(long.send("post", "/incidents", &body).await.status, StatusCode::BAD_REQUEST);
}

/// All items of a list, two at a time.
async fn walk(script: &Script<'_>, path: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let page = script.get(&format!("{path}{join}limit=2&cursor={cursor}")).await.json();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        ids.extend(items.iter().map(|i| i["id"].as_str().expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
        assert!(ids.len() < 100, "a list without an end");
    }
}

#[tokio::test]
async fn lists_are_walked_by_cursor_each_item_once() {
    let said: Vec<Said> = (0..7)
        .map(|i| Said::new(["A", "B", "C", "D", "E", "F", "G"][i], &format!("Acme Cloud is down {i}"), 1.0, Label::Negative))
        .collect();
    let world = World::with(&said).await;
    world.flag().await;
    for n in 0..5 {
        world.open_incident().await;
        let test = crate::domain::alert::Alert::test("PR", n, now());
        world.state.store.post_now(&test, "PR", now()).await.expect("posted");
    }
    let script = Script::of(&world);
    for (path, expected) in
        [("/mentions", 7), ("/people", 7), ("/people?state=open", 7), ("/incidents", 5), ("/alerts", 5), ("/alerts?state=sent", 0)]
    {
        let ids = walk(&script, path).await;
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), distinct.len()), (expected, expected), "{path}: {ids:?}");
    }
    for path in ["/mentions", "/people", "/incidents", "/alerts"] {
        let wrong = script.get(&format!("{path}?cursor=%00nonsense")).await;
        assert_eq!((wrong.status, wrong.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-request"), "{path}");
    }
}

#[tokio::test]
async fn metrics_are_in_the_text_format_of_prometheus() {
    let world = world().await;
    world.open_incident().await;
    let answer = Script::of(&world).ask("get", "/metrics", None).await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"), "{}", answer.text);
    let mut typed = BTreeSet::new();
    for line in answer.text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(matches!(kind, "gauge" | "counter") && typed.insert(name.to_owned()), "{line}");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let bare = name.split('{').next().unwrap_or_default();
            assert!(typed.contains(bare) && value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for expected in [
        "ebb_source_failures{source=\"Ruby Mastodon\"} 0",
        "ebb_source_suspiciously_quiet{source=\"Ruby Mastodon\"} 0",
        "ebb_source_newest_mention_age_seconds{source=\"Ruby Mastodon\"} ",
        "ebb_source_last_hour_requests{source=\"Ruby Mastodon\"} ",
        "ebb_source_last_hour_answers{source=\"Ruby Mastodon\"} ",
        "ebb_source_last_hour_mentions{source=\"Ruby Mastodon\"} ",
        "ebb_source_coverage_ratio{source=\"Ruby Mastodon\"} 1",
        "ebb_scoring_backlog 0",
        "ebb_alert_messages{state=\"failed\"} 0",
    ] {
        assert!(answer.text.contains(expected), "{expected}: {}", answer.text);
    }
    let counted = Script::of(&world).ask("get", "/metrics", None).await;
    assert!(counted.text.contains("ebb_http_requests_total{area=\"other\",class=\"2xx\"} 1"), "{}", counted.text);
}
