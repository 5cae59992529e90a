//! One request, as an adapter wishes it.

use reqwest::header::{self, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::{guard, host_of};
use crate::sources::secret::Secret;

/// One request. Its printed form names the host only: address and headers may hold secrets.
#[derive(Clone)]
pub(in crate::sources) struct Ask<'a> {
    /// What to fetch.
    pub url: Url,
    /// The configured place; any other one is guarded and gets no credentials.
    pub home: &'a Url,
    /// The `Accept` header.
    pub accept: &'static str,
    /// Sent to the configured place as a bearer token.
    pub token: Option<&'a Secret>,
    /// More headers, by lower-case name, for the configured place only: versions, keys, an own User-Agent.
    pub headers: Vec<(&'static str, String)>,
    /// What to send: to the configured place, unless it is an upload, and never after a redirect.
    pub post: Option<Sent>,
    /// What the last answer said about its version.
    pub validators: Validators,
}

/// The body of a request.
#[derive(Clone)]
pub(in crate::sources) struct Sent {
    kind: &'static str,
    body: String,
    way: Way,
}

/// How a body is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Post,
    Upload,
}

impl Sent {
    /// A web form.
    pub(in crate::sources) fn form(pairs: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Self { kind: "application/x-www-form-urlencoded", body, way: Way::Post }
    }

    /// One JSON value.
    pub(in crate::sources) fn json(value: &serde_json::Value) -> Self {
        Self { kind: "application/json", body: value.to_string(), way: Way::Post }
    }

    /// Plain text for an address that the configured place gave for it, by `PUT`. Nothing in it may be secret.
    pub(in crate::sources) fn upload(body: String) -> Self {
        Self { kind: "text/plain", body, way: Way::Upload }
    }
}

/// `ETag` and `Last-Modified`, for a conditional request.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::sources) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

impl<'a> Ask<'a> {
    pub(in crate::sources) fn json(url: Url, home: &'a Url) -> Self {
        let validators = Validators::default();
        Self { url, home, accept: "application/json", token: None, headers: Vec::new(), post: None, validators }
    }

    pub(super) fn method(&self) -> Method {
        match self.post.as_ref().map(|sent| sent.way) {
            None => Method::GET,
            Some(Way::Post) => Method::POST,
            Some(Way::Upload) => Method::PUT,
        }
    }

    /// Whether this may go to another place than the configured one: what is posted may not.
    pub(super) fn may_leave(&self, url: &Url) -> bool {
        match self.post.as_ref().map(|sent| sent.way) {
            None => true,
            Some(Way::Post) => false,
            Some(Way::Upload) => self.encrypted(url),
        }
    }

    /// Never in clear text where the configured address was encrypted.
    fn encrypted(&self, url: &Url) -> bool {
        url.scheme() == "https" || self.home.scheme() == "http"
    }

    /// Puts headers and body on a request for `url`, which is this one's or where a redirect led.
    pub(super) fn dress(&self, mut request: RequestBuilder, url: &Url) -> RequestBuilder {
        request = request.header(header::ACCEPT, self.accept);
        if guard::same_place(url, self.home) && self.encrypted(url) {
            if let Some(token) = self.token {
                request = request.bearer_auth(token.expose());
            }
            for (name, value) in &self.headers {
                if let Ok(mut value) = HeaderValue::from_str(value) {
                    value.set_sensitive(true);
                    request = request.header(HeaderName::from_static(name), value);
                }
            }
        }
        if let Some(sent) = &self.post {
            request = request.header(header::CONTENT_TYPE, sent.kind).body(sent.body.clone());
        }
        for (name, value) in [(header::IF_NONE_MATCH, &self.validators.etag), (header::IF_MODIFIED_SINCE, &self.validators.modified)] {
            if let Some(value) = value.as_deref().and_then(|v| HeaderValue::from_str(v).ok()) {
                request = request.header(name, value);
            }
        }
        request
    }
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ask({})", host_of(&self.url))
    }
}
