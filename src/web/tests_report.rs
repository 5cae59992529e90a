//! The page of a report, its files, and the links that show it to others.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt;

use crate::domain::ids::IncidentId;
use crate::domain::sentiment::Label;
use crate::domain::time::DAY_MS;

use super::router;
use super::testing::{Said, World};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

async fn ask(world: &World, request: Request<Body>) -> Answer {
    let answer = router(world.state.clone()).oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 32 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
}

async fn get(world: &World, path: &str) -> Answer {
    ask(world, Request::get(path).header("host", "localhost:8080").body(Body::empty()).expect("a request")).await
}

async fn post(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(path)
        .header("host", "localhost:8080")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    ask(world, request.body(Body::from(body)).expect("a request")).await
}

async fn world() -> (World, IncidentId) {
    let world = World::with(&[
        Said::new("Mara Voss", "Acme Cloud lost my <b>invoices</b>", 1.0, Label::Negative),
        Said::new("Lee", "Acme Cloud works again, thank you", 0.5, Label::Positive),
    ])
    .await;
    world.flag().await;
    let incident = world.open_incident().await;
    (world, incident)
}

#[tokio::test]
async fn the_page_shows_a_preview_and_every_file_is_what_its_name_says() {
    let (world, id) = world().await;
    let page = get(&world, &format!("/incidents/{id}/report")).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    assert!(text.contains("People affected") && text.contains("report.pdf?lang=en"));
    assert!(!text.contains("<b>invoices") && !text.contains("Mara Voss"), "escaped and masked");
    assert!(get(&world, &format!("/incidents/{id}/report?lang=it")).await.text().contains("Persone toccate"));
    let begins = [("report.pdf", &b"%PDF"[..]), ("report.html", b"<!doctype"), ("report.xlsx", b"PK"), ("report.md", b"# ")];
    let pictures = [("concern.svg", &b"<svg"[..]), ("mood.png", b"\x89PNG"), ("sources.png", b"\x89PNG"), ("sources.svg", b"<svg")];
    for (file, begin) in begins.into_iter().chain(pictures) {
        let answer = get(&world, &format!("/incidents/{id}/{file}?lang=it")).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(answer.body.starts_with(begin), "{file}");
    }
    let answer = get(&world, &format!("/incidents/{id}/report.pdf?lang=it")).await;
    let name = answer.headers[header::CONTENT_DISPOSITION].to_str().expect("a name");
    assert_eq!(name, format!("attachment; filename=\"incident-{id}-it.pdf\""), "beside the one in English");
}

#[tokio::test]
async fn a_report_for_a_browser_may_load_its_own_style_and_nothing_else() {
    let (world, id) = world().await;
    let answer = get(&world, &format!("/incidents/{id}/report.html")).await;
    let policy = answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test]
async fn what_cannot_be_reported_is_said_in_words() {
    let (world, id) = world().await;
    for path in ["/incidents/5/report", "/incidents/5/report.pdf", "/incidents/5/concern.png"] {
        assert_eq!(get(&world, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for file in ["report.exe", "nothing.svg", "report", "concern.gif", "x"] {
        let path = format!("/incidents/{id}/{file}/").replace("/report/", "/report.none");
        assert_eq!(get(&world, path.trim_end_matches('/')).await.status, StatusCode::NOT_FOUND, "{file}");
    }
    for query in ["lang=de", "as_of=yesterday", "as_of=2099-01-01T00:00:00Z", "as_of=2020-01-01T00:00:00Z"] {
        let answer = get(&world, &format!("/incidents/{id}/report.md?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn a_link_shows_the_sealed_report_until_it_is_taken_back() {
    let (world, id) = world().await;
    let made = post(&world, &format!("/incidents/{id}/report/shares"), &[("lang", "it"), ("days", "7")]).await;
    assert_eq!(made.status, StatusCode::OK);
    let text = made.text();
    let token = text.split("/r/").nth(1).and_then(|t| t.split('<').next()).expect("a link").to_owned();
    assert_eq!(token.len(), 22, "128 bits");
    let shown = get(&world, &format!("/r/{token}")).await;
    assert_eq!(shown.status, StatusCode::OK);
    let report = shown.text();
    assert!(report.contains("Persone toccate") && !report.contains("Mara Voss") && !report.contains("/mentions?"));
    assert!(get(&world, &format!("/r/{token}/report.pdf")).await.body.starts_with(b"%PDF"));
    // What is said later is not in it.
    world.tell(&[Said::new("Jo", "Acme Cloud is down", 0.2, Label::Negative)]).await;
    assert_eq!(get(&world, &format!("/r/{token}")).await.text(), report);
    assert!(!get(&world, &format!("/incidents/{id}/report")).await.text().contains(&token), "shown once");
    let share = world.state.store.shares(id, 5).await.expect("links")[0].id;
    let back = post(&world, &format!("/incidents/{id}/report/shares/{share}/revoke"), &[]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    for path in [format!("/r/{token}"), format!("/r/{token}/report.pdf")] {
        assert_eq!(get(&world, &path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_link_ends_at_its_time_and_a_guessed_one_shows_nothing() {
    let (world, id) = world().await;
    let made = post(&world, &format!("/incidents/{id}/report/shares"), &[("lang", "en"), ("days", "1")]).await;
    let text = made.text();
    let token = text.split("/r/").nth(1).and_then(|t| t.split('<').next()).expect("a link").to_owned();
    assert_eq!(get(&world, "/r/AAAAAAAAAAAAAAAAAAAAAA").await.status, StatusCode::NOT_FOUND);
    world.state.clock.advance(DAY_MS);
    assert_eq!(get(&world, &format!("/r/{token}")).await.status, StatusCode::NOT_FOUND);
    let long = post(&world, &format!("/incidents/{id}/report/shares"), &[("lang", "en"), ("days", "9999")]).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
    let foreign =
        Request::post(format!("/incidents/{id}/report/shares")).header("host", "localhost:8080").header("sec-fetch-site", "cross-site");
    let refused = ask(&world, foreign.body(Body::from("lang=en&days=7")).expect("a request")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_export_is_served_and_unknown_ones_are_not() {
    let (world, _) = world().await;
    for what in ["mentions", "authors", "cases", "concern", "coverage", "audit"] {
        for ending in ["csv", "jsonl", "xlsx", "parquet"] {
            let answer = get(&world, &format!("/export/{what}.{ending}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{what}.{ending}");
            assert!(answer.header(header::CONTENT_DISPOSITION).contains(&format!("{what}.{ending}")));
        }
    }
    for file in ["mentions.exe", "users.csv", "mentions", ".csv"] {
        assert_eq!(get(&world, &format!("/export/{file}")).await.status, StatusCode::NOT_FOUND, "{file}");
    }
    let negative = get(&world, "/export/mentions.csv?label=negative").await.text();
    assert!(negative.contains("invoices") && !negative.contains("works again"));
    let none = get(&world, "/export/mentions.csv?from=2020-01-01T00%3A00%3A00Z&until=2020-01-02T00%3A00%3A00Z").await.text();
    assert_eq!(none.lines().count(), 1);
}
