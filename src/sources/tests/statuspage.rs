//! Status pages: what they say is the brand's own, in JSON or in a feed.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Server, adapter, client};
use crate::domain::incident::UpdateKind;
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, Page, SourceKind};
use crate::domain::statement::Statement;
use crate::domain::time::DAY_MS;
use crate::sources::PollError;

fn incident(updates: &Value) -> Value {
    json!({"page": {"id": "abc"}, "incidents": [{
        "id": "rclf", "name": "Login errors", "status": "monitoring", "shortlink": "https://stspg.io/x", "incident_updates": updates, "affected_components": null,
    }, {"name": "no id", "incident_updates": [{"id": "x", "body": "lost"}]}, 7]})
}

type Said = Arc<Mutex<Vec<(Item, String)>>>;

/// One incident with all that is said of it. What a page brings are updates, never mentions.
#[derive(Debug, Default)]
struct Living(Said);

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Statuspage;
    const LATE_MS: i64 = DAY_MS;

    fn router(self: Arc<Self>) -> Router {
        let give = |State(said): State<Said>| async move {
            let said = said.lock().expect("updates");
            let updates: Vec<Value> = said
                .iter()
                .map(|(item, words)| json!({"id": format!("u{}", item.n), "status": "identified", "body": words, "display_at": item.at.to_rfc3339()}))
                .collect();
            Json(json!({"page": {"id": "abc"}, "incidents": [{"id": "i", "name": "Login", "incident_updates": updates}]}))
        };
        Router::new().route("/api/v2/incidents.json", get(give)).with_state(Arc::clone(&self.0))
    }

    fn settings(url: &str) -> Value {
        json!({"url": url})
    }

    fn publish(&self, item: Item) {
        self.0.lock().expect("updates").push((item, format!("Acme Cloud {}", item.n)));
    }

    fn native_id(item: Item) -> String {
        format!("i/u{}", item.n)
    }

    fn handed_out(page: &Page) -> Vec<&PostKey> {
        assert!(page.posts.is_empty(), "never mentions");
        page.updates.iter().map(|update| &update.key).collect()
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living);
}

async fn read(url: &str) -> Result<(Vec<Statement>, usize), PollError> {
    let adapter = adapter(SourceKind::Statuspage, json!({"url": url}));
    let page = adapter.poll(&client(), &Cursor::default(), NOW).await?;
    Ok((page.updates, page.posts.len()))
}

#[tokio::test]
async fn each_update_of_an_incident_is_one_statement_and_an_edit_keeps_its_id() {
    let body = Arc::new(Mutex::new(incident(&json!([
        {"id": "u2", "status": "resolved", "body": "All is <b>well</b> &amp; done", "display_at": "2026-11-19T10:05:00.000+02:00"},
        {"id": "u1", "status": "in_progress", "body": "We look into it", "created_at": "2026-11-19T07:50:00.000Z", "display_at": null},
    ]))));
    let give = |State(body): State<Arc<Mutex<Value>>>| async move { Json(body.lock().expect("a body").clone()) };
    let server = Server::start(Router::new().route("/api/v2/incidents.json", get(give)).with_state(Arc::clone(&body))).await;
    let (updates, posts) = read(&server.url).await.expect("read");
    assert_eq!(posts, 0, "never mentions");
    let said: Vec<_> = updates.iter().map(|u| (u.key.native_id(), u.kind, u.text.as_str(), u.at.since(NOW))).collect();
    assert_eq!(
        said,
        [
            ("rclf/u2", UpdateKind::Fix, "Login errors (resolved)\n\nAll is well & done", -10 * MINUTE - 30_000),
            ("rclf/u1", UpdateKind::Statement, "Login errors (in progress)\n\nWe look into it", -25 * MINUTE - 30_000),
        ]
    );
    assert_eq!(updates[0].url.as_deref(), Some("https://stspg.io/x"));
    *body.lock().expect("a body") =
        incident(&json!([{"id": "u1", "status": "identified", "body": "We found it", "created_at": "2026-11-19T07:50:00Z"}]));
    let (again, _) = read(&server.url).await.expect("read");
    assert_eq!((again[0].key.clone(), again[0].text.as_str()), (updates[1].key.clone(), "Login errors (identified)\n\nWe found it"));
}

#[tokio::test]
async fn other_vendors_are_read_by_their_feed() {
    let atom = "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><id>tag:status.example,2005:/history</id><title>Acme Status</title>
        <updated>2026-11-19T08:00:00Z</updated><entry><id>tag:status.example,2005:Incident/9</id><title>Uploads are slow</title>
        <published>2026-11-19T07:00:00Z</published><updated>2026-11-19T08:00:00Z</updated><link rel='alternate' href='https://status.example/incidents/9'/>
        <content type='html'>&lt;p&gt;&lt;strong&gt;Resolved&lt;/strong&gt; - It is over.&lt;/p&gt;</content></entry></feed>";
    let spa = || async { Html("<!doctype html><html><body>app</body></html>") };
    let router = Router::new().route("/history.atom", get(move || async move { atom })).fallback(spa);
    let server = Server::start(router).await;
    let (updates, posts) = read(&server.url).await.expect("read");
    assert_eq!((updates.len(), posts), (1, 0));
    assert_eq!((updates[0].kind, updates[0].key.native_id()), (UpdateKind::Fix, "tag:status.example,2005:Incident/9"));
    assert!(updates[0].text.starts_with("Uploads are slow\n\nResolved - It is over."), "{}", updates[0].text);
}

#[tokio::test]
async fn trouble_is_no_reason_to_take_another_way_and_no_status_page_is_told() {
    let trouble: fn() -> Response = || StatusCode::BAD_GATEWAY.into_response();
    let server = Server::start(Router::new().route("/api/v2/incidents.json", get(move || async move { trouble() }))).await;
    assert!(matches!(read(&server.url).await, Err(PollError::Unavailable { .. })));
    let server = Server::start(Router::new()).await;
    assert!(matches!(read(&server.url).await, Err(PollError::NotFound { .. })));
}
