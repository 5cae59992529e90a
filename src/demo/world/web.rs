//! What the servers share: parameters, dates, escaping, conditional answers, and the small pages that people see.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};

use crate::domain::time::Millis;

/// An answer that ends a request early. Boxed, because answers are large.
#[derive(Debug)]
pub struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(answer: Response) -> Self {
        Self(Box::new(answer))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Query parameters in the order sent; repeats are kept.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The last value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of `name` and `name[]`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let listed = move |key: &str| key == name || key.strip_suffix("[]") == Some(name);
        self.0.iter().filter(move |(key, _)| listed(key)).map(|(_, value)| value.as_str())
    }

    /// A number, when there is one that can be read.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).and_then(|value| value.parse().ok())
    }

    /// The parameters as a query, with one of them replaced.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, old) in self.0.iter().filter(|(key, _)| key != name) {
            query.append_pair(key, old);
        }
        query.append_pair(name, value).finish()
    }
}

/// Escapes text for HTML and XML.
pub fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no way to write the other control characters.
            c if c.is_control() && c != '\n' && c != '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Such as `Thu, 19 Nov 2026 08:15:30 GMT`.
pub fn http_date(at: Millis) -> String {
    at.to_datetime().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Such as `Thu, 19 Nov 2026 08:15:30 +0000`.
pub fn rss_date(at: Millis) -> String {
    at.to_datetime().format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// RFC 3339 with whole seconds.
pub fn iso_seconds(at: Millis) -> String {
    at.to_datetime().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// For people.
pub fn page_date(at: Millis) -> String {
    at.to_datetime().format("%e %B %Y, %H:%M UTC").to_string()
}

/// Whole seconds since the epoch.
pub fn seconds(at: Millis) -> i64 {
    at.get().div_euclid(1000)
}

/// A body with its validators; 304 when the client has it already, as WordPress decides it.
pub fn conditional(request: &HeaderMap, etag: &str, modified: Millis, kind: &'static str, body: String) -> Response {
    let sent = |name| request.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let same_tag = sent(header::IF_NONE_MATCH).map(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == etag));
    let since = sent(header::IF_MODIFIED_SINCE).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let not_newer = since.map(|since| seconds(modified) <= since.timestamp());
    let fresh = match (same_tag, not_newer) {
        (Some(tag), Some(date)) => tag && date,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => false,
    };
    let mut answer = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in [(header::ETAG, etag.to_owned()), (header::LAST_MODIFIED, http_date(modified))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    answer
}

/// A strong validator of some text (FNV-1a: it has to be stable, not secret).
pub fn etag(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("\"{hash:016x}\"")
}

/// A readable page. `name` is the place's name, `inner` is HTML.
pub fn page(name: &str, title: &str, accent: &str, inner: &str) -> axum::response::Html<String> {
    axum::response::Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<title>{title} - {name}</title><style>\
body{{font:17px/1.55 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#222;background:#fff}}\
header{{border-bottom:4px solid {accent};margin-bottom:1.2rem}}header a{{color:{accent};font-weight:700;text-decoration:none}}\
article,section{{padding:.7rem .9rem;margin:.6rem 0;border-left:3px solid #e3e3e3}}article:target{{border-color:{accent};background:#fdf6e3}}\
.by{{color:#555;font-size:.86rem}}.by a{{color:inherit}}p{{margin:.3rem 0;overflow-wrap:anywhere}}footer{{color:#777;font-size:.8rem;margin-top:2rem}}\
@media(prefers-color-scheme:dark){{body{{background:#17181b;color:#ddd}}article,section{{border-color:#333}}article:target{{background:#2a2618}}.by{{color:#aaa}}}}\
</style></head><body><header><p><a href=\"/\">{name}</a></p></header><main>{inner}</main>\
<footer>A simulated place of the Ebb demo. Nobody here is real.</footer></body></html>",
        title = esc(title),
        name = esc(name),
    ))
}

/// One item on such a page.
pub fn article(id: &str, by: &str, at: Millis, link: &str, text: &str) -> String {
    format!(
        "<article id=\"{id}\"><div class=\"by\"><b>{}</b>, <a href=\"{}\">{}</a></div><p>{}</p></article>",
        esc(by),
        esc(link),
        page_date(at),
        esc(text).replace('\n', "<br>")
    )
}
