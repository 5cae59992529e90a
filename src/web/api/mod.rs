//! `/api/v1`: what the pages can do, for scripts. Times are RFC 3339; ids are texts; lists carry the cursor of their next
//! page; errors are problem+json with a stable type.
//!
//! To add a route, write its handler with `#[utoipa::path]` and name it in [`routes`]: that one list makes the router, the
//! scopes and the description, and a test says what is missing.

pub mod alerts;
pub mod auth;
pub mod cases;
pub mod checks;
pub mod incidents;
pub mod input;
pub mod intake;
pub mod limits;
pub mod marks;
pub mod mentions;
pub mod once;
pub mod people;
pub mod proposals;
pub mod replies;
pub mod routes;
mod shapes;
pub mod shares;
pub mod signals;
pub mod sources;
pub mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_pages;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::web::failure::WebError;

/// Most items of one answer.
const MOST: i64 = 500;
const USUAL: i64 = 100;

/// Some items of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    items: Vec<T>,
    /// Ask again with `cursor=` this; null at the end.
    next: Option<String>,
}

impl<T> Items<T> {
    /// A list without further pages.
    const fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// One page of `found`, which holds one item more than `limit` when there are further pages.
    fn page<S>(mut found: Vec<S>, limit: i64, cursor: impl Fn(&S) -> String) -> Self
    where
        T: From<S>,
    {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(cursor);
        Self { items: found.into_iter().map(T::from).collect(), next }
    }
}

type Answer<T> = Result<Json<T>, WebError>;

/// An answer to making something: 201 and where it is.
fn created<T: Serialize>(body: T, location: &str) -> Response {
    (StatusCode::CREATED, [(header::LOCATION, location.to_owned())], Json(body)).into_response()
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Id of the brand; the first one when left out.
    brand: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Items, 1 to 500; 100 when left out.
    limit: Option<i64>,
}

impl ListQuery {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(USUAL).clamp(1, MOST)
    }

    /// The cursor, read by `parse`.
    fn after<C>(&self, parse: impl Fn(&str) -> Option<C>) -> Result<Option<C>, WebError> {
        match self.cursor.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| WebError::Bad("The cursor is none that this list gave.".to_owned())),
        }
    }
}

/// What went wrong (RFC 9457). The `type` says what kind of problem it is and never changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Such as `urn:ebb:problem:not-found`.
    r#type: String,
    /// Of the status.
    title: String,
    /// HTTP status.
    status: u16,
    /// In words.
    detail: String,
    /// Number of the request, as in the log.
    instance: String,
}

/// What is not there, as problem+json.
pub async fn nothing() -> WebError {
    WebError::NotFound
}
