//! Who may ask: requests addressed to us, forms sent from our own pages; and the headers of every answer.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::intake::says_it_is_signed;
use super::failure::{Refusal, WebError};
use super::state::WebState;

/// Nothing inline, nothing from elsewhere, framed by nobody.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Without logins, others must not reach the pages.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0} can be reached from other machines, and Ebb has no logins yet: use 127.0.0.1 with a port, and a tunnel or a proxy that asks who is there in front of it"
)]
pub struct NotLoopback(pub SocketAddr);

/// Refuses to listen where others could reach the pages.
pub fn check_address(address: SocketAddr) -> Result<(), NotLoopback> {
    if address.ip().to_canonical().is_loopback() { Ok(()) } else { Err(NotLoopback(address)) }
}

/// Refuses what is not for us. A name that points at loopback (DNS rebinding) would make any page that a
/// person visits the same origin as ours; a form of another site would act in their name.
pub async fn guard(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let Some(host) = host(&request).filter(|h| is_ours(h, &state.hosts)) else {
        return WebError::Refused(Refusal::Host).into_response();
    };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A form of another site cannot send a token, and what a script sends with one is judged by the token alone.
    let by_token = request.uri().path().starts_with("/api/") && bearer(request.headers()).is_some();
    if !reads && !by_token && !is_delivery(&request) && !from_our_page(request.headers(), &host) {
        return WebError::Refused(Refusal::Origin).into_response();
    }
    next.run(request).await
}

/// The token of `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A signed delivery comes from no page; its signature is checked where it is taken.
fn is_delivery(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/api/v1/mentions" && says_it_is_signed(request.headers())
}

/// The name and port that the request was addressed to, in lower case.
fn host(request: &Request) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    header.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str)).map(str::to_ascii_lowercase)
}

fn is_ours(host: &str, configured: &[String]) -> bool {
    let name = without_port(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
        || configured.iter().any(|c| c.eq_ignore_ascii_case(name) || c.eq_ignore_ascii_case(host))
}

/// The host, with its port where it names one, of an address that requests are sent to.
pub fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address.trim()).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Browsers tell where a form comes from: `Sec-Fetch-Site` decides where it is sent, `Origin` else.
/// A request with neither is no form of a current browser and is refused.
fn from_our_page(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|o| o.strip_prefix("http://").or_else(|| o.strip_prefix("https://")));
    origin.is_some_and(|o| o.eq_ignore_ascii_case(host))
}

/// Sets the headers that every answer carries.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let all = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Nothing is told to other sites. `no-referrer` would take the origin from our own forms too.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        // A report carries its own style sheet, and with it a policy of its own that allows nothing else.
        if name != header::CONTENT_SECURITY_POLICY || !all.contains_key(&name) {
            all.insert(name, HeaderValue::from_static(value));
        }
    }
    all.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_may_be_listened_on() {
        for fine in ["127.0.0.1:80", "127.8.8.8:1", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(check_address(fine.parse().expect("an address")), Ok(()), "{fine}");
        }
        for bad in ["0.0.0.0:80", "192.168.1.5:80", "[::]:80", "[2001:db8::1]:80"] {
            let refused = check_address(bad.parse().expect("an address")).expect_err(bad);
            assert!(refused.to_string().contains("no logins"), "{refused}");
        }
    }

    #[test]
    fn a_foreign_name_is_not_ours() {
        let configured = ["ebb.example".to_owned()];
        for fine in ["localhost:8080", "127.0.0.1", "[::1]:8080", "ebb.localhost", "ebb.example:443"] {
            assert!(is_ours(fine, &configured), "{fine}");
        }
        for bad in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "192.168.0.1:80", "", "evil.example:127"] {
            assert!(!is_ours(bad, &configured), "{bad}");
        }
    }

    #[test]
    fn a_form_must_come_from_the_same_origin() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            from_our_page(&headers, "localhost:8080")
        };
        assert!(with(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(with(&[("origin", "http://localhost:8080")]));
        assert!(!with(&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")]));
        assert!(!with(&[("sec-fetch-site", "same-site")]));
        assert!(!with(&[("origin", "http://localhost:9090")]));
        assert!(!with(&[("origin", "null")]));
        assert!(!with(&[]));
    }
}
