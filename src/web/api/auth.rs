//! Who may use the API: tokens with scopes.
//!
//! Until the first token is made, the API can be read by whoever reaches it, which is this machine; writing needs a page of
//! ours or a token. From the first token on, each request needs one, even after all have ended.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::routes::ROUTES;
use crate::domain::hex::hex;
use crate::store::Token;
use crate::web::failure::WebError;
use crate::web::guard::bearer;
use crate::web::state::WebState;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Anybody: the description of the API.
    Open,
    /// Reading.
    Read,
    /// Changing what people change on pages.
    Write,
    /// Looking after the API itself. Includes all others.
    Admin,
}

impl Scope {
    /// Those that a token can have.
    pub const GIVEN: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The word of the command line and of errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The scope of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::GIVEN.into_iter().find(|s| s.as_str() == word)
    }
}

/// Who asks, for the handlers and layers behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Row id of the token; 0 without one.
    pub token: i64,
}

/// SHA-256 of a token, hexadecimal: all that is kept of it.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Lets through who may.
pub async fn check(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let method = request.method().as_str();
    let method = if method == "HEAD" { "GET" } else { method };
    let path = request.extensions().get::<MatchedPath>().map_or("", |p| p.as_str().trim_start_matches("/api/v1"));
    // What is not in the list is answered as "no such method" behind this.
    let wanted = ROUTES.iter().find(|r| r.path == path && r.method.eq_ignore_ascii_case(method)).map_or(Scope::Open, |r| r.scope);
    match allow(&state, bearer(request.headers()), wanted).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// Whether who shows `token` may do what `wanted` is needed for.
pub async fn allow(state: &WebState, token: Option<&str>, wanted: Scope) -> Result<Caller, WebError> {
    let Some(token) = token else {
        let open = wanted == Scope::Open || !state.store.asks_for_tokens().await?;
        return if open { Ok(Caller { token: 0 }) } else { Err(WebError::Unauthorised("Send a token: Authorization: Bearer ebb_…")) };
    };
    let now = state.clock.now();
    let known = state.store.token(&hash(token)).await?;
    let known = known.filter(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|at| now < at));
    let known = known.ok_or(WebError::Unauthorised("This token is unknown, has ended or was taken back."))?;
    state.limits.take(known.id.get(), now).map_err(WebError::TooMany)?;
    if !holds(&known, wanted) {
        return Err(WebError::Forbidden(wanted.as_str()));
    }
    state.store.token_used(&known, now).await?;
    Ok(Caller { token: known.id.get() })
}

fn holds(token: &Token, wanted: Scope) -> bool {
    wanted == Scope::Open || token.scopes.split(',').filter_map(Scope::parse).any(|s| s == wanted || s == Scope::Admin)
}
