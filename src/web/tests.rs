//! Pages over a real store, asked as browsers ask.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;

use crate::domain::ids::MentionId;
use crate::domain::incident::FlagState;
use crate::domain::intake::{Receipt, Refused, Signature};
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::store::MentionFilter;

use super::Receive;
use super::guard::POLICY;
use super::router;
use super::testing::{Said, World, now};

const PAGES: [&str; 9] = ["/", "/incidents", "/themes", "/people", "/mentions", "/sources", "/hold", "/check", "/alerts"];

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default()
    }
}

pub(super) async fn ask(world: &World, request: Request<Body>) -> Answer {
    let answer = router(world.state.clone()).oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 16 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).expect("text") }
}

pub(super) async fn get(world: &World, path: &str) -> Answer {
    ask(world, Request::get(path).header("host", "localhost:8080").body(Body::empty()).expect("a request")).await
}

/// The id of the only mention with these words.
async fn mention_id(world: &World, words: &str) -> MentionId {
    let filter = MentionFilter { brand: world.brand, search: Some(words.to_owned()), ..MentionFilter::default() };
    world.state.store.mentions(&filter, None, 1).await.expect("mentions").first().expect("a mention").id
}

/// As a browser sends a form of our own page.
pub(super) async fn post(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(path)
        .header("host", "localhost:8080")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    ask(world, request.body(Body::from(body)).expect("a request")).await
}

pub(super) fn angry() -> Vec<Said> {
    vec![
        Said::new("Mara Voss", "Acme Cloud lost my invoices and nobody answers", 1.0, Label::Negative),
        Said::new("Jonas K", "cannot sign in to Acme Cloud since yesterday", 2.0, Label::Negative),
        Said::new("Lee", "Acme Cloud works again, thank you", 0.5, Label::Positive),
        Said::new("Sam", "Acme Cloud has a status page", 3.0, Label::Neutral),
    ]
}

pub(super) fn hostile() -> Vec<Said> {
    vec![
        Said::new("<script>alert(1)</script>", "<script>alert('acme')</script> <img src=x onerror=alert(1)>", 1.0, Label::Negative),
        Said::new("a\nb\u{202e}c", "الخدمة لا تعمل \u{202e}detrevni", 1.5, Label::Negative),
        Said::new("Long", &"x".repeat(40_000), 1.7, Label::Negative),
        Said::new("\"><b onmouseover=x>", "\" onfocus=alert(1) x=\"", 1.9, Label::Negative),
    ]
}

/// Opening tags of a page, scripts and quoted values included.
fn tags(html: &str) -> Vec<&str> {
    html.split('<')
        .skip(1)
        .filter(|t| t.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|t| t.split_once('>'))
        .map(|(t, _)| t)
        .collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test]
async fn every_page_answers_when_empty_full_and_hostile() {
    for said in [Vec::new(), angry(), hostile()] {
        let world = World::with(&said).await;
        let flags = world.flag().await;
        let id = world.open_incident().await;
        let mut pages: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
        pages.push(format!("/incidents/{id}"));
        pages.extend(flags.iter().map(|f| format!("/people/{}", f.flag.id)));
        for path in pages {
            let page = get(&world, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_eq!(page.body.matches("<h1").count(), 1, "{path} has one headline");
            assert_is_sound(&path, &page.body);
        }
    }
}

/// Nothing inline, nothing of the mentions taken as HTML, every field with a label, every id once.
pub(super) fn assert_is_sound(path: &str, html: &str) {
    let tags = tags(html);
    for tag in &tags {
        let outside_quotes: String = tag.split('"').step_by(2).collect();
        let inline = [" style", " on"].iter().any(|name| outside_quotes.contains(name));
        assert!(!inline && tag.matches('"').count() % 2 == 0, "{path}: <{tag}>");
        assert!(!tag.starts_with("style"), "{path} has a style element");
        if tag.starts_with("script") {
            assert!(tag.contains(" src=\"/assets/"), "{path}: <{tag}>");
        }
    }
    let labelled: Vec<&str> = tags.iter().filter(|t| t.starts_with("label")).filter_map(|t| attribute(t, "for")).collect();
    for field in tags.iter().filter(|t| ["input", "select", "textarea"].iter().any(|n| t.starts_with(n))) {
        if attribute(field, "type") != Some("hidden") {
            let id = attribute(field, "id").unwrap_or_else(|| panic!("{path}: <{field}> has no id"));
            assert!(labelled.contains(&id), "{path}: <{field}> has no label");
        }
    }
    let mut ids: Vec<&str> = tags.iter().filter_map(|t| attribute(t, "id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{path} has an id twice");
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_a_request_number() {
    let world = World::with(&angry()).await;
    for path in ["/", "/nowhere", "/api/v1/brands", "/healthz", "/assets/none.css"] {
        let answer = get(&world, path).await;
        assert_eq!(answer.headers.get("content-security-policy").and_then(|v| v.to_str().ok()), Some(POLICY), "{path}");
        assert_eq!(answer.headers.get("x-content-type-options").and_then(|v| v.to_str().ok()), Some("nosniff"), "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
    let css = super::assets::css().to_string();
    let answer = get(&world, &css).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.get("cache-control").is_some_and(|v| v.as_bytes().ends_with(b"immutable")));
}

#[tokio::test]
async fn before_the_first_mention_the_page_says_what_happens_next() {
    let world = World::empty().await;
    let page = get(&world, "/").await;
    assert!(page.body.contains("Listening for Acme Cloud. Nothing has come in yet."), "{}", page.body);
    assert!(page.body.contains("What happens next"));
}

#[tokio::test]
async fn while_much_waits_to_be_scored_the_page_does_not_call_it_calm() {
    let world = World::with(&angry()).await;
    assert!(!get(&world, "/").await.body.contains("are not scored"));
    world.keep(&[Said::new("New", "Acme Cloud is down for me", 0.2, Label::Negative)]).await;
    assert!(get(&world, "/").await.body.contains("Cannot be told yet: 1 of 5 mentions are not scored."));
}

#[tokio::test]
async fn a_request_to_another_name_is_refused() {
    let world = World::with(&angry()).await;
    for host in ["evil.example", "127.0.0.1.evil.example:8080"] {
        let request = Request::get("/").header("host", host).body(Body::empty()).expect("a request");
        let answer = ask(&world, request).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
        assert!(!answer.body.contains("Mara"));
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::with(&angry()).await;
    let flag = world.flag().await.remove(0).flag;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("x-none", "1")] {
        let request = Request::post(format!("/people/{}", flag.id))
            .header("host", "localhost:8080")
            .header(name, value)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("version={}&action=done", flag.version)))
            .expect("a request");
        assert_eq!(ask(&world, request).await.status, StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(world.state.store.flag(flag.id).await.expect("a flag").flag.state, FlagState::Open);
}

#[tokio::test]
async fn a_person_is_assigned_noted_done_and_reopened() {
    let world = World::with(&angry()).await;
    let id = world.flag().await.remove(0).flag.id;
    let path = format!("/people/{id}");
    for (fields, state) in [
        ([("action", "assign"), ("owner", "Noor")], FlagState::Assigned),
        ([("action", "note"), ("note", "wrote to her")], FlagState::Assigned),
        ([("action", "done"), ("tab", "open")], FlagState::Done),
        ([("action", "reopen"), ("tab", "done")], FlagState::Assigned),
    ] {
        let version = world.state.store.flag(id).await.expect("a flag").flag.version.to_string();
        let answer = post(&world, &path, &[&fields[..], &[("version", version.as_str())]].concat()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{fields:?}: {}", answer.body);
        let flag = world.state.store.flag(id).await.expect("a flag").flag;
        assert_eq!(flag.state, state, "{fields:?}");
        if state == FlagState::Done {
            assert!(get(&world, answer.location()).await.body.contains("is marked as done"));
        }
    }
    let flag = world.state.store.flag(id).await.expect("a flag").flag;
    assert_eq!((flag.owner.as_str(), flag.note.as_str()), ("Noor", "wrote to her"));
}

#[tokio::test]
async fn a_lost_update_shows_both_versions_and_can_be_put_over() {
    let world = World::with(&angry()).await;
    let flag = world.flag().await.remove(0).flag;
    let (path, version) = (format!("/people/{}", flag.id), flag.version.to_string());
    let mine = [("version", version.as_str()), ("action", "assign"), ("owner", "Ines")];
    assert_eq!(
        post(&world, &path, &[("version", version.as_str()), ("action", "assign"), ("owner", "Noor")]).await.status,
        StatusCode::SEE_OTHER
    );
    let answer = post(&world, &path, &mine).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Noor") && answer.body.contains("Ines"));
    let newer = (flag.version + 1).to_string();
    assert!(answer.body.contains(&format!(r#"name="version" value="{newer}""#)));
    assert_eq!(post(&world, &path, &[("version", newer.as_str()), mine[1], mine[2]]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.state.store.flag(flag.id).await.expect("a flag").flag.owner, "Ines");
}

#[tokio::test]
async fn a_mention_of_another_brand_is_hidden_and_brought_back_by_form_and_api() {
    let world = World::with(&angry()).await;
    let id = mention_id(&world, "works again").await;
    let answer = post(&world, &format!("/mentions/{id}/brand"), &[("about", "other"), ("back", "q=acme")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = get(&world, answer.location().split('#').next().expect("an address")).await;
    assert!(page.body.contains("it is hidden, and does not count") && !page.body.contains("works again"), "{}", page.body);
    assert!(page.body.contains("1 mention of another brand is hidden"));
    let hidden = get(&world, "/mentions?hidden=1").await;
    assert!(hidden.body.contains("works again") && hidden.body.contains("another brand</span>"));
    assert!(get(&world, "/export/mentions.jsonl?hidden=1").await.body.contains("works again"));
    assert!(!get(&world, "/api/v1/mentions").await.body.contains("works again"));
    let json = |about: &str| {
        let request =
            Request::post(format!("/api/v1/mentions/{id}/brand")).header("host", "localhost").header("sec-fetch-site", "same-origin");
        request.header("content-type", "application/json").body(Body::from(format!("{{\"about\":\"{about}\"}}"))).expect("a request")
    };
    let answer = ask(&world, json("undo")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, &*format!("{{\"id\":\"{id}\",\"about\":null,\"hidden\":false}}")));
    assert!(get(&world, "/api/v1/mentions").await.body.contains("works again"));
    assert_eq!(ask(&world, json("theirs")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post(&world, "/mentions/1/brand", &[("about", "other")]).await.status, StatusCode::NOT_FOUND);
}

/// Says what it was told to say, and nothing about what it was sent.
#[derive(Debug)]
struct Says(Result<Receipt, Refused>);

impl Receive for Says {
    fn receive<'a>(&'a self, _: &'a Signature, _: &'a [u8]) -> futures_util::future::BoxFuture<'a, Result<Receipt, Refused>> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

#[tokio::test]
async fn a_signed_delivery_needs_no_page_and_every_refusal_has_its_status() {
    const SIGNED: [(&str, &str); 2] = [("x-ebb-timestamp", "1"), ("x-ebb-signature", "sha256=00")];
    let mut world = World::empty().await;
    let send = |headers: &[(&str, &str)], size: usize| {
        let request =
            headers.iter().fold(Request::post("/api/v1/mentions").header("host", "localhost"), |r, (name, value)| r.header(*name, *value));
        request.body(Body::from(vec![b'x'; size])).expect("a request")
    };
    assert_eq!(ask(&world, send(&[], 9)).await.status, StatusCode::FORBIDDEN, "unsigned, it is a form of another site");
    let unset = ask(&world, send(&SIGNED, 9)).await;
    assert!(unset.status == StatusCode::NOT_FOUND && unset.body.contains("No secret is set"), "{}", unset.body);
    let taken = Receipt { accepted: 2, ..Receipt::default() };
    for (said, status, words) in [
        (Ok(taken), StatusCode::ACCEPTED, "\"accepted\":2"),
        (Err(Refused::WrongSignature), StatusCode::UNAUTHORIZED, "does not fit"),
        (Err(Refused::Stale), StatusCode::UNAUTHORIZED, "five minutes"),
        (Err(Refused::Malformed("items: no list".to_owned())), StatusCode::BAD_REQUEST, "items: no list"),
        (Err(Refused::Busy), StatusCode::SERVICE_UNAVAILABLE, "busy"),
        (Err(Refused::Failed("cause".to_owned())), StatusCode::INTERNAL_SERVER_ERROR, "The mistake is ours"),
    ] {
        world.state.intake = Some(std::sync::Arc::new(Says(said)));
        let answer = ask(&world, send(&SIGNED, 900_000)).await;
        assert!(answer.status == status && answer.body.contains(words) && !answer.body.contains("cause"), "{status} {}", answer.body);
    }
    let half = [SIGNED[1]];
    assert_eq!(ask(&world, send(&half, 9)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&world, send(&SIGNED, (1 << 20) + 1)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let elsewhere = Request::post("/mentions/1/label").header("host", "localhost").header("x-ebb-signature", "sha256=00");
    let elsewhere = elsewhere.body(Body::empty()).expect("a request");
    assert_eq!(ask(&world, elsewhere).await.status, StatusCode::FORBIDDEN, "the header opens one door only");
}

#[tokio::test]
async fn a_label_is_corrected_and_taken_back_and_the_search_is_kept() {
    let world = World::with(&angry()).await;
    let page = get(&world, "/mentions?label=positive&q=works").await;
    let tags = tags(&page.body);
    let action = tags.iter().filter_map(|t| attribute(t, "action")).find(|a| a.ends_with("/label")).expect("a form").to_owned();
    let answer = post(&world, &action, &[("label", "negative"), ("back", "q=works&label=positive")]).await;
    assert!(answer.location().starts_with("/mentions?q=works&label=positive&corrected="), "{}", answer.location());
    let after = get(&world, answer.location()).await.body;
    assert!(after.contains("What Lee wrote now counts as unhappy.") && after.contains(">Undo<"), "{after}");
    assert!(get(&world, "/mentions?label=negative&q=works").await.body.contains("corrected by a person"));
    post(&world, &action, &[("label", "none")]).await;
    assert!(!get(&world, "/mentions?q=works").await.body.contains("corrected by a person"));
    assert_eq!(post(&world, &action, &[("label", "furious")]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn pages_of_mentions_join_without_loss_in_both_directions() {
    let said: Vec<Said> =
        (0..120).map(|i| Said::new("Mara", &format!("Acme Cloud post number {i} of many"), f64::from(i) / 10.0, Label::Neutral)).collect();
    let world = World::with(&said).await;
    let ids = |html: &str| {
        tags(html).iter().filter(|t| t.starts_with("article")).filter_map(|t| attribute(t, "id")).map(str::to_owned).collect::<Vec<_>>()
    };
    let link = |html: &str, rel: &str| {
        let found = tags(html).into_iter().find(|t| attribute(t, "rel") == Some(rel)).and_then(|t| attribute(t, "href").map(str::to_owned));
        found.map(|h| h.replace("&#38;", "&"))
    };
    let first = get(&world, "/mentions?label=neutral").await.body;
    let second = get(&world, &link(&first, "next").expect("older ones")).await.body;
    let third = get(&world, &link(&second, "next").expect("older ones")).await.body;
    assert_eq!((link(&first, "prev"), link(&third, "next")), (None, None));
    let mut all = [ids(&first), ids(&second), ids(&third)].concat();
    assert_eq!(all.len(), 120);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 120);
    assert_eq!(ids(&get(&world, &link(&third, "prev").expect("newer ones")).await.body), ids(&second));
}

#[tokio::test]
async fn an_incident_is_opened_changed_told_of_closed_with_a_reason_and_reopened() {
    let world = World::with(&angry()).await;
    world.flag().await;
    let opened = post(
        &world,
        "/incidents",
        &[("title", "Sign-in fails"), ("kind", "security"), ("severity", "critical"), ("started_at", "2026-11-20T09:00")],
    )
    .await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    let path = opened.location().to_owned();
    let incident = || async { world.state.store.incidents(world.brand).await.expect("incidents").remove(0) };
    assert_eq!(incident().await.started_at.to_rfc3339(), "2026-11-20T09:00:00.000Z");

    let answer = post(&world, &format!("{path}/updates"), &[("kind", "fix"), ("text", "It works again"), ("at", "2026-11-20T11:00")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(incident().await.fixed_at.is_some());
    let page = get(&world, &path).await.body;
    assert!(page.contains("It works again") && page.contains("blocks closing"));

    let version = incident().await.version.to_string();
    let close = [("version", version.as_str()), ("action", "close")];
    assert_eq!(post(&world, &format!("{path}/state"), &close).await.status, StatusCode::BAD_REQUEST, "a blocker needs a reason");
    let answer = post(&world, &format!("{path}/state"), &[close[0], close[1], ("reason", "merged into another")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(get(&world, &path).await.body.contains("merged into another"));
    assert_eq!(post(&world, &format!("{path}/state"), &close).await.status, StatusCode::BAD_REQUEST);
    let stale = post(&world, &path, &[("version", version.as_str()), ("title", "Other"), ("kind", "service"), ("severity", "minor")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let version = incident().await.version.to_string();
    post(&world, &format!("{path}/state"), &[("version", version.as_str()), ("action", "reopen")]).await;
    assert_eq!(incident().await.closed_at, None);
}

#[tokio::test]
async fn forms_that_make_no_sense_are_answered_with_words() {
    let world = World::with(&angry()).await;
    for fields in [
        vec![("title", " ")],
        vec![("title", "x"), ("started_at", "soon")],
        vec![("title", "x"), ("started_at", "2199-01-01T00:00")],
        vec![("title", "x"), ("war_room", "javascript:alert(1)")],
        vec![("title", "x"), ("started_at", "2026-11-20T09:00"), ("fixed_at", "2026-11-19T09:00")],
    ] {
        let answer = post(&world, "/incidents", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
        assert!(answer.body.contains("That could not be used."), "{fields:?}");
    }
    assert_eq!(post(&world, "/people/12", &[("version", "x")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(&world, "/people/12", &[("version", "1")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&world, "/people/abc").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&world, "/?brand=99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&world, "/sources", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn with_two_brands_links_stay_with_the_chosen_one() {
    let world = World::with(&angry()).await;
    let other = world.state.store.save_brand("Other <b>", &crate::domain::brand::BrandTerms::default(), now()).await.expect("a brand");
    let page = get(&world, &format!("/mentions?brand={other}")).await.body;
    assert!(page.contains("No mention has been kept yet"));
    assert!(page.contains(&format!("/people?brand={other}")) && page.contains("brand-switch"));
    assert!(!page.contains("Other <b>"));
    assert!(!get(&world, &format!("/people?brand={other}")).await.body.contains("Mara"));
}

#[tokio::test]
async fn the_api_pages_with_cursors_and_fails_with_problems() {
    let world = World::with(&angry()).await;
    let json = |body: &str| serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    let first = json(&get(&world, "/api/v1/mentions?limit=3").await.body);
    assert_eq!(first["items"].as_array().map(Vec::len), Some(3));
    let cursor = first["next"].as_str().expect("a cursor");
    let rest = json(&get(&world, &format!("/api/v1/mentions?limit=3&cursor={cursor}")).await.body);
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    assert!(rest["next"].is_null());
    assert_eq!(json(&get(&world, "/api/v1/mentions?label=positive").await.body)["items"][0]["author_name"], "Lee");

    let id = world.open_incident().await;
    let verdict = json(&get(&world, &format!("/api/v1/incidents/{id}/verdict")).await.body);
    assert!(verdict["reasons"].as_array().is_some_and(|r| !r.is_empty()));
    assert!(verdict["at"].as_str().and_then(Millis::parse_rfc3339).is_some());
    let concern = json(&get(&world, &format!("/api/v1/incidents/{id}/concern")).await.body);
    assert!(concern["hours"].as_array().is_some_and(|h| h.len() > 30));
    let spoken =
        world.state.store.spoken(world.brand, Span::new(now().plus(-7 * DAY_MS), now()).expect("ordered")).await.expect("languages");
    let lang = spoken.first().map_or("und", |l| if l.lang.is_empty() { "und" } else { &l.lang }).to_owned();
    let own = json(&get(&world, &format!("/api/v1/incidents/{id}/concern?lang={lang}")).await.body);
    assert_eq!(own["hours"].as_array().map(Vec::len), concern["hours"].as_array().map(Vec::len));
    let other = json(&get(&world, &format!("/api/v1/incidents/{id}/concern?lang=xx")).await.body);
    let people =
        |curve: &serde_json::Value| curve["hours"].as_array().map_or(0, |h| h.iter().filter_map(|h| h["unhappy_authors"].as_i64()).sum());
    assert_eq!((people(&other), people(&own) > 0), (0, true), "{own}");
    for refused in ["lang=DE", "lang=d%00", "lang=de&source=1"] {
        assert_eq!(get(&world, &format!("/api/v1/incidents/{id}/concern?{refused}")).await.status, StatusCode::BAD_REQUEST, "{refused}");
    }
    for page in [format!("/?lang={lang}"), format!("/incidents/{id}?lang={lang}&line=share")] {
        let page = get(&world, &page).await;
        assert!(page.status.is_success() && page.body.contains("all languages"), "{}", page.body);
    }
    assert_eq!(json(&get(&world, "/api/v1/sources").await.body)["items"][0]["name"], "Ruby Mastodon");

    for path in ["/api/v1/incidents/5/verdict", "/api/v1/nothing", "/api/v1/mentions?cursor=x", "/api/v1/mentions?limit=x"] {
        let problem = get(&world, path).await;
        assert!(problem.status.is_client_error(), "{path}");
        assert_eq!(problem.headers.get("content-type").and_then(|v| v.to_str().ok()), Some("application/problem+json"), "{path}");
        assert_eq!(json(&problem.body)["status"], problem.status.as_u16(), "{path}");
    }
}

#[tokio::test]
async fn a_failure_of_ours_shows_a_number_and_not_its_cause() {
    let world = World::with(&angry()).await;
    world.state.store.close().await;
    let page = get(&world, "/").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    let id = page.headers.get("x-request-id").and_then(|v| v.to_str().ok()).expect("a number");
    assert!(page.body.contains(id) && page.body.contains("Something broke."));
    assert!(!page.body.contains("pool") && !page.body.contains("sqlite"));
    assert_eq!(get(&world, "/healthz").await.status, StatusCode::OK);
    assert_eq!(get(&world, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn serving_ends_at_the_shutdown_although_a_page_listens() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::with(&angry()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = tokio_util::sync::CancellationToken::new();
    let serving = super::serve(listener, world.state.clone(), shutdown.clone());
    let browsing = async {
        let mut page = tokio::net::TcpStream::connect(address).await.expect("a connection");
        page.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
        let mut seen = String::new();
        let mut buffer = [0_u8; 4096];
        while !seen.contains("event: beat") {
            let n = page.read(&mut buffer).await.expect("read");
            assert!(n > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        shutdown.cancel();
    };
    let (served, ()) = tokio::join!(serving, browsing);
    served.expect("a clean end");
}

/// A channel, and a message that was given up with an error that is no markup.
async fn given_up(world: &World) -> crate::domain::ids::OutboxId {
    use crate::domain::alert::{Alert, Channel, ChannelKind, Repeat};
    let store = &world.state.store;
    let channel = Channel { name: "<b>PR</b>".to_owned(), kind: ChannelKind::Slack, place: "hooks.example".to_owned() };
    store.sync_channels(&[channel]).await.expect("kept");
    store.post_now(&Alert::test("<b>PR</b>", 0, now()), "<b>PR</b>", now()).await.expect("posted");
    let held = store.claim_messages("w", now(), 9, 9).await.expect("a claim").remove(0);
    let lost = crate::store::Attempt::GivenUp { error: "Slack refuses it (404): <script>".to_owned(), repeat: Repeat::Possible };
    store.finish_attempt(&held, "w", &lost, now()).await.expect("kept");
    held.id
}

#[tokio::test]
async fn what_was_given_up_is_shown_with_its_reason_and_sent_again() {
    let world = World::with(&angry()).await;
    let page = get(&world, "/alerts").await;
    assert!(page.body.contains("no channel is configured"), "{}", page.body);
    let id = given_up(&world).await;
    let page = get(&world, "/alerts").await;
    assert_is_sound("/alerts", &page.body);
    for expected in [
        "1 message was given up: somebody has not been told.",
        "Slack refuses it (404): &#60;script&#62;",
        "may have arrived twice",
        "not sent",
    ] {
        assert!(page.body.contains(expected), "{expected}: {}", page.body);
    }
    let again = post(&world, &format!("/alerts/{id}/retry"), &[]).await;
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, format!("/alerts#msg-{id}").as_str()));
    assert!(get(&world, "/alerts").await.body.contains("tried again"));
    assert_eq!(post(&world, &format!("/alerts/{id}/retry"), &[]).await.status, StatusCode::CONFLICT, "it waits already");
    assert!(get(&world, "/alerts?state=failed").await.body.contains("Nothing was given up."));
}

#[tokio::test]
async fn the_test_button_sends_over_configured_channels_only() {
    let world = World::with(&angry()).await;
    given_up(&world).await;
    world.state.clock.advance(1_000);
    assert_eq!(post(&world, "/alerts/test", &[("channel", "nowhere")]).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(post(&world, "/alerts/test", &[("channel", "<b>PR</b>")]).await.status, StatusCode::SEE_OTHER);
    }
    let messages = world.state.store.messages(None, None, 9).await.expect("messages");
    assert_eq!(messages.len(), 2, "pressed twice in a moment, sent once");
}
