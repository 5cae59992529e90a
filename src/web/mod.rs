//! Pages, API and live updates.
//!
//! | file | is |
//! |---|---|
//! | [`page`] | handlers: what each page is made of, what each form changes |
//! | [`view`] | what each page shows, from plain values; with `templates/` |
//! | [`chart`] | SVG from numbers |
//! | [`layout`] | what every page has around it |
//! | [`show`], [`link`], [`mention`], [`query`], [`forms`] | words, addresses, one mention, one search, fields |
//! | [`live`], [`presence`] | server-sent events; who looks at a case now |
//! | [`api`] | JSON for scripts; [`metrics`] for Prometheus |
//! | [`guard`], [`failure`] | who may ask; what went wrong, in words |
//!
//! A page works without JavaScript. Nothing comes from another site, and nothing is inline: see [`guard::POLICY`].

pub mod api;
pub mod assets;
#[cfg(test)]
mod case_tests;
pub mod chart;
pub mod failure;
pub mod forms;
pub mod guard;
pub mod layout;
pub mod link;
pub mod live;
pub mod mention;
pub mod metrics;
pub mod page;
pub mod presence;
pub mod query;
pub mod show;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_report;
#[cfg(test)]
mod tests_signals;
pub mod view;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

pub use api::intake::Receive;
pub use guard::{NotLoopback, check_address};
pub use layout::DemoInfo;
pub use state::WebState;

use failure::WebError;

/// Largest form, bytes.
const LARGEST_FORM: usize = 64 * 1024;

/// All addresses.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(page::now::now))
        .route("/incidents", get(page::incidents::list).post(page::incidents::open))
        .route("/incidents/{id}", get(page::incidents::one).post(page::incidents::change))
        .route("/incidents/{id}/updates", post(page::incidents::add_update))
        .route("/proposals/{id}", post(page::proposals::dismiss))
        .route("/themes", get(page::themes::list))
        .route("/hold", get(page::hold::show).post(page::hold::decide))
        .route("/hold/{id}/end", post(page::hold::end))
        .route("/hold.ics", get(page::hold::calendar))
        .route("/check", get(page::check::show))
        .route("/check/{incident}/draw", post(page::check::draw))
        .route("/check/{incident}/answer", post(page::check::answer))
        .route("/incidents/{id}/state", post(page::closing::change_state))
        .route("/incidents/{id}/memory", post(page::story::remember))
        .route("/incidents/{id}/postmortem.md", get(page::story::postmortem))
        .route("/incidents/{id}/report", get(page::report::page))
        .route("/incidents/{id}/report/shares", post(page::report::share))
        .route("/incidents/{id}/report/shares/{share}/revoke", post(page::report::revoke))
        .route("/incidents/{id}/{file}", get(page::report::file))
        .route("/r/{token}", get(page::report::shared))
        .route("/r/{token}/{file}", get(page::report::shared_file))
        .route("/people", get(page::people::queue))
        .route("/people/{flag}", get(page::people::person).post(page::people::change))
        .route("/cases/{id}", get(page::case::one).post(page::case::change))
        .route("/cases/{id}/looking", post(page::case::look))
        .route("/replies", get(page::replies::list).post(page::replies::change))
        .route("/mentions", get(page::mentions::list))
        .route("/mentions/{id}/label", post(page::mentions::label))
        .route("/mentions/{id}/brand", post(page::mentions::brand))
        .route("/sources", get(page::sources::list))
        .route("/alerts", get(page::alerts::list))
        .route("/alerts/test", post(page::alerts::test))
        .route("/alerts/{id}/retry", post(page::alerts::retry))
        .route("/export/{file}", get(page::export::serve))
        .route("/events", get(live::events))
        .route("/assets/{name}", get(assets::serve))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1", api::routes::router(&state))
        .fallback(|| async { WebError::NotFound })
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .layer(from_fn_with_state(state.clone(), failure::render))
        .layer(from_fn(guard::headers))
        .layer(from_fn_with_state(state.clone(), metrics::count))
        .layer(CompressionLayer::new())
        .with_state(state)
}

/// Answers requests until `shutdown`; open streams end then, answers under way are finished.
pub async fn serve(listener: TcpListener, state: WebState, shutdown: CancellationToken) -> std::io::Result<()> {
    let router = router(state.clone());
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let (served, ()) = tokio::join!(serving, live::watch(state, shutdown));
    served
}

/// Whether the database answers.
async fn ready(State(state): State<WebState>) -> impl IntoResponse {
    match tokio::time::timeout(Duration::from_secs(2), state.store.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
