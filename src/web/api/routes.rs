//! The one list of the API: router, scopes and description are made of it.

use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post, put};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::auth::{self, Scope};
use super::{
    alerts, cases, checks, incidents, intake, marks, mentions, once, people, proposals, replies, routes, shares, signals, sources, story,
};
use crate::web::state::WebState;

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiRoute {
    /// HTTP method, in lower case.
    pub method: &'static str,
    /// Behind `/api/v1`.
    pub path: &'static str,
    /// What a token needs.
    pub scope: Scope,
}

macro_rules! api {
    ($($method:ident $path:literal $scope:ident => $($handler:ident)::+;)+) => {
        /// All routes of the API.
        pub const ROUTES: &[ApiRoute] = &[$(ApiRoute { method: stringify!($method), path: $path, scope: Scope::$scope },)+];

        fn table() -> Router<WebState> {
            Router::new()$(.route($path, $method($($handler)::+)))+
        }

        #[derive(OpenApi)]
        #[openapi(
            paths($($($handler)::+),+),
            servers((url = "/api/v1")),
            security(("token" = [])),
            info(title = "Ebb", description = "Who is upset about your incident, and when it is really over."),
        )]
        struct Document;
    };
}

// Add a route here, and nowhere else: method, path, the scope that a token needs, and the handler.
api! {
    get "/openapi.json" Open => routes::document;
    get "/brands" Read => sources::brands;
    get "/sources" Read => sources::sources;
    get "/mentions" Read => mentions::list;
    post "/mentions" Open => intake::push;
    get "/mentions/{id}" Read => mentions::one;
    put "/mentions/{id}/label" Write => mentions::correct;
    post "/mentions/{id}/brand" Write => marks::mark_brand;
    get "/exports" Read => mentions::exports;
    get "/exports/{file}" Read => mentions::export_file;
    get "/incidents" Read => incidents::list;
    post "/incidents" Write => incidents::open;
    get "/incidents/{id}" Read => incidents::one;
    patch "/incidents/{id}" Write => incidents::change;
    post "/incidents/{id}/close" Write => incidents::close;
    post "/incidents/{id}/reopen" Write => incidents::reopen;
    get "/incidents/{id}/updates" Read => signals::updates;
    post "/incidents/{id}/updates" Write => incidents::add_update;
    get "/incidents/{id}/verdict" Read => incidents::verdict;
    get "/incidents/{id}/files/{file}" Read => incidents::file;
    get "/incidents/{id}/concern" Read => incidents::concern;
    get "/incidents/{id}/themes" Read => signals::themes;
    get "/incidents/{id}/rates" Read => signals::rates;
    get "/incidents/{id}/voices" Read => story::voices;
    get "/incidents/{id}/checks" Read => checks::list;
    post "/incidents/{id}/checks" Write => checks::draw;
    put "/incidents/{id}/checks/{mention}" Write => checks::answer;
    get "/incidents/{id}/memory" Read => story::memory;
    put "/incidents/{id}/memory" Write => story::remember;
    get "/incidents/{id}/closing" Read => story::closing;
    get "/incidents/{id}/past" Read => story::past;
    get "/incidents/{id}/seals" Read => shares::seals;
    get "/incidents/{id}/shares" Read => shares::list;
    post "/incidents/{id}/shares" Write => shares::make;
    post "/incidents/{id}/shares/{share}/revoke" Write => shares::revoke;
    get "/hold" Read => signals::hold;
    post "/hold" Write => signals::decide_hold;
    post "/hold/{id}/end" Write => signals::end_hold;
    get "/proposals" Read => proposals::list;
    post "/proposals/{id}/dismiss" Write => proposals::dismiss;
    get "/cases" Read => cases::list;
    get "/cases/{id}" Read => cases::one;
    patch "/cases/{id}" Write => cases::change;
    get "/authors" Read => cases::named;
    get "/authors/{id}" Read => cases::author;
    get "/people" Read => people::list;
    get "/people/{id}" Read => people::one;
    patch "/people/{id}" Write => people::change;
    get "/replies" Read => replies::list;
    put "/replies/{lang}/{name}" Write => replies::save;
    post "/replies/{lang}/{name}/reset" Write => replies::reset;
    get "/alerts" Read => alerts::list;
    post "/alerts/{id}/retry" Write => alerts::retry;
    get "/channels" Read => alerts::channels;
    post "/channels/{name}/test" Write => alerts::test;
    get "/tokens" Admin => alerts::tokens;
}

/// The description of the API: OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.info.license = None;
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made with `ebb token add`.")).build();
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    document
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "admin", operation_id = "openapi", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}

/// The API, behind its checks: who asks, then whether it was asked before.
pub fn router(state: &WebState) -> Router<WebState> {
    table()
        .route_layer(from_fn_with_state(state.clone(), once::once))
        .route_layer(from_fn_with_state(state.clone(), auth::check))
        .layer(DefaultBodyLimit::max(intake::LARGEST))
        .fallback(super::nothing)
}
