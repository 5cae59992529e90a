//! Messages to other servers. A redirect is an answer like any other: what is in the message was meant for one place.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use url::Url;

use super::{Http, host_of, network_error, wish};
use crate::domain::time::Millis;
use crate::sources::PollError;

/// Most that is read of an answer, bytes: enough for an error in words.
const MAX_REPLY: usize = 16 * 1024;

/// One message.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Where to; chosen by a person, so it may be private.
    pub url: &'a Url,
    /// Besides the type of its content, which is JSON.
    pub headers: &'a [(&'static str, String)],
    /// JSON.
    pub body: &'a str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
    /// The server's wish: nothing before this time.
    pub not_before: Option<Millis>,
}

/// Why nothing came back. The text names the host only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It did not leave this machine.
    #[error("{0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("{0}")]
    Unanswered(String),
}

impl Http {
    /// Sends one message and reads the answer.
    pub async fn post(&self, letter: Letter<'_>) -> Result<Reply, PostError> {
        let host = host_of(letter.url);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in letter.headers {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| PostError::NotSent(format!("the header {name} holds what no header can")))?;
            value.set_sensitive(*name == "authorization");
            headers.insert(HeaderName::from_static(name), value);
        }
        let _turn = self.gates.enter(&host).await;
        let request = self.home.post(letter.url.clone()).headers(headers).body(letter.body.to_owned());
        let limit = self.options.deadline;
        let exchange = async {
            let response = request.send().await.map_err(|e| failure(&host, &e))?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            // That it was taken is known by the status: a body that breaks off changes nothing.
            let body = beginning(response).await;
            let at = wish::wish(&headers, status, self.clock.now()).filter(|_| status == 429 || headers.contains_key(RETRY_AFTER));
            Ok(Reply { status, body, not_before: at })
        };
        let answered = tokio::time::timeout(limit, exchange).await;
        answered.unwrap_or_else(|_| Err(PostError::Unanswered(format!("{host} gave no answer within {} s", limit.as_secs_f32()))))
    }
}

async fn beginning(mut response: reqwest::Response) -> String {
    let mut body = Vec::new();
    while body.len() < MAX_REPLY {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    body.truncate(MAX_REPLY);
    String::from_utf8_lossy(&body).into_owned()
}

fn failure(host: &str, error: &reqwest::Error) -> PostError {
    let what = match network_error(host, error) {
        PollError::Unavailable { what, .. } => format!("{host}: {what}"),
        other => other.to_string(),
    };
    if error.is_connect() || error.is_builder() { PostError::NotSent(what) } else { PostError::Unanswered(what) }
}
