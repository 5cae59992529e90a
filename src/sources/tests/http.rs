//! The client against servers that are slow, endless, broken or sly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tower_http::compression::CompressionLayer;
use url::Url;

use super::{NOW, Server, client, client_with};
use crate::sources::http::{Answer, Ask, Validators};
use crate::sources::{Http, HttpOptions, PollError};

async fn fetch(http: &Http, server: &Server, path: &str) -> Result<Answer, PollError> {
    let home = Url::parse(&server.url).expect("a url");
    let url = home.join(path).expect("a path");
    http.get(&Ask::json(url, &home)).await
}

fn short() -> HttpOptions {
    HttpOptions {
        read_timeout: Duration::from_millis(200),
        deadline: Duration::from_secs(20),
        max_body: 1024 * 1024,
        ..HttpOptions::default()
    }
}

#[tokio::test]
async fn an_honest_name_is_given_and_nothing_else_is_told() {
    let router = Router::new().route("/", get(|headers: HeaderMap| async move { format!("{headers:?}") }));
    let server = Server::start(router).await;
    let body = fetch(&client(), &server, "/").await.expect("an answer").body;
    let seen = String::from_utf8(body).expect("text");
    assert!(seen.contains(&format!("ebb/{} (+ops@acme.example)", env!("CARGO_PKG_VERSION"))), "{seen}");
    assert!(!seen.contains("authorization") && !seen.contains("cookie") && !seen.contains("referer"), "{seen}");
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_while_it_unfolds() {
    let chunk = Bytes::from(vec![b' '; 1024 * 1024]);
    let bomb = move || {
        let chunk = chunk.clone();
        async move { Body::from_stream(stream::repeat(chunk).take(64).map(Ok::<_, std::io::Error>)) }
    };
    let server = Server::start(Router::new().route("/", get(bomb)).layer(CompressionLayer::new())).await;
    let got = fetch(&client_with(&HttpOptions { read_timeout: Duration::from_secs(20), ..short() }), &server, "/").await;
    assert!(matches!(got, Err(PollError::TooLarge { limit: 1_048_576, .. })), "{got:?}");
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let stall = || async { Body::from_stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"["))]).chain(stream::pending())) };
    let server = Server::start(Router::new().route("/", get(stall))).await;
    let got = fetch(&client_with(&short()), &server, "/").await;
    assert!(matches!(&got, Err(PollError::Unavailable { what, .. }) if what.contains("in time")), "{got:?}");
    let patient = HttpOptions { read_timeout: Duration::from_mins(1), deadline: Duration::from_millis(200), ..short() };
    let got = fetch(&client_with(&patient), &server, "/").await;
    assert!(matches!(&got, Err(PollError::Unavailable { what, .. }) if what.contains("whole answer")), "{got:?}");
}

#[tokio::test]
async fn a_killed_connection_is_trouble_and_not_an_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server { url: format!("http://{}", listener.local_addr().expect("an address")), _task: JoinSet::new() };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let _ = socket.read(&mut [0_u8; 1024]).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"id\":").await.expect("written");
    });
    let got = fetch(&client(), &server, "/?access_token=s3cret").await;
    let error = got.expect_err("half an answer");
    assert!(matches!(error, PollError::Unavailable { .. }));
    assert!(!format!("{error:?} {} {}", error, error.advice()).contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn nothing_listening_is_said_in_words() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server { url: format!("http://{}", listener.local_addr().expect("an address")), _task: JoinSet::new() };
    drop(listener);
    let error = fetch(&client(), &server, "/").await.expect_err("refused");
    assert!(error.advice().contains("no connection can be made"), "{}", error.advice());
}

/// A server that counts its callers, and one that redirects to wherever its path says.
async fn counted() -> (Server, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let hit = |State(count): State<Arc<AtomicUsize>>| async move {
        count.fetch_add(1, Ordering::SeqCst);
        "[]"
    };
    let server = Server::start(Router::new().fallback(hit).with_state(Arc::clone(&count))).await;
    (server, count)
}

#[tokio::test]
async fn answers_cannot_send_us_into_the_private_network() {
    let (inside, hits) = counted().await;
    let port = inside.host().rsplit(':').next().expect("a port").to_owned();
    let targets = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1"];
    for target in targets {
        let to = format!("http://{target}:{port}/admin");
        let outside = Server::start(Router::new().route("/", get(move || async move { Redirect::temporary(&to) }))).await;
        let got = fetch(&client(), &outside, "/").await;
        assert!(matches!(got, Err(PollError::ForbiddenAddress { .. })), "{target}: {got:?}");
    }
    for to in ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://user:pw@blog.example/"] {
        let outside = Server::start(Router::new().route("/", get(move || async move { Redirect::temporary(to) }))).await;
        assert!(matches!(fetch(&client(), &outside, "/").await, Err(PollError::ForbiddenAddress { .. })), "{to}");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
    assert!(fetch(&client(), &inside, "/").await.is_ok(), "the configured place itself may be private");
}

#[tokio::test]
async fn redirects_within_the_place_are_followed_five_times() {
    let step = |axum::extract::Path(n): axum::extract::Path<u32>| async move {
        if n == 0 { "done".into_response() } else { Redirect::permanent(&format!("/r/{}", n - 1)).into_response() }
    };
    let server = Server::start(Router::new().route("/r/{n}", get(step))).await;
    assert_eq!(fetch(&client(), &server, "/r/5").await.expect("an answer").body, b"done");
    assert!(matches!(fetch(&client(), &server, "/r/6").await, Err(PollError::TooManyRedirects { limit: 5, .. })));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let page = |headers: HeaderMap| async move {
        let known = headers.get(header::IF_NONE_MATCH).is_some_and(|v| v == "\"v1\"") && headers.contains_key(header::IF_MODIFIED_SINCE);
        let tags = [(header::ETAG, "\"v1\""), (header::LAST_MODIFIED, "Thu, 19 Nov 2026 08:00:00 GMT")];
        if known { StatusCode::NOT_MODIFIED.into_response() } else { (tags, "[]").into_response() }
    };
    let server = Server::start(Router::new().route("/", get(page))).await;
    let home = Url::parse(&server.url).expect("a url");
    let http = client();
    let first = http.get(&Ask::json(home.clone(), &home)).await.expect("an answer");
    assert_eq!(
        first.validators(),
        Validators { etag: Some("\"v1\"".to_owned()), modified: Some("Thu, 19 Nov 2026 08:00:00 GMT".to_owned()) }
    );
    let ask = Ask { validators: first.validators(), ..Ask::json(home.clone(), &home) };
    assert_eq!(http.get(&ask).await.expect("an answer").status, 304);
}

#[tokio::test]
async fn a_plain_text_429_with_seconds_is_obeyed() {
    let busy = || async { (StatusCode::TOO_MANY_REQUESTS, [("ratelimit-reset", "7")], "slow down") };
    let server = Server::start(Router::new().route("/", get(busy))).await;
    let error = fetch(&client(), &server, "/").await.and_then(Answer::ok).expect_err("busy");
    assert_eq!(error.not_before(), Some(NOW.plus(7_000)));
}

#[tokio::test]
async fn each_status_says_what_to_do() {
    let by_path = |axum::extract::Path(n): axum::extract::Path<u16>| async move { StatusCode::from_u16(n).expect("a status") };
    let server = Server::start(Router::new().route("/{n}", get(by_path))).await;
    let http = client();
    for (status, is_final) in
        [(400, true), (401, true), (403, true), (404, false), (410, true), (418, true), (500, false), (502, false), (503, false)]
    {
        let error = fetch(&http, &server, &format!("/{status}")).await.and_then(Answer::ok).expect_err("an error");
        assert_eq!(error.is_final(), is_final, "{status}: {error}");
    }
}

#[tokio::test]
async fn a_compression_that_was_not_asked_for_is_named() {
    let odd = || async { Response::builder().header("content-encoding", "br").body(Body::from("x")).expect("an answer") };
    let server = Server::start(Router::new().route("/", get(odd))).await;
    let error = fetch(&client(), &server, "/").await.expect_err("unreadable");
    assert!(error.to_string().contains("`br`"), "{error}");
}
