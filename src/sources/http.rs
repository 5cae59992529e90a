//! The one HTTP client: every request of every source goes through [`Http::get`].
//!
//! What it holds to, whatever a server does: time limits for connecting, silence and the whole answer;
//! a size limit counted after decompression; at most five redirects, each checked; a polite number of
//! requests a host; credentials for the configured place only; no address inside a private network
//! unless it is the configured place itself. System proxies are not used: behind one the last promise
//! could not be kept.

mod ask;
mod gate;
mod guard;
mod post;
pub(super) mod wish;

use std::time::Duration;

pub use post::{Letter, PostError, Reply};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Response, redirect};
use url::Url;

use super::meter::{self, Paid};
use super::oauth::Wallet;
use super::session::Sessions;
use super::x::Jobs;
use super::{PollError, SettingsError};
use crate::clock::Clock;
use crate::domain::time::Millis;

pub(super) use ask::{Ask, Sent, Validators};

/// How the client behaves. Times are of the machine's clock.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Whom a server's operator can write to: an address of the web or of mail, in the User-Agent.
    pub contact: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence within an answer.
    pub read_timeout: Duration,
    /// Longest time for one whole answer.
    pub deadline: Duration,
    /// Largest answer, bytes after decompression.
    pub max_body: usize,
    /// Requests to one host at once.
    pub per_host: usize,
    /// Least distance between the starts of two requests to one host.
    pub spacing: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            contact: String::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            deadline: Duration::from_mins(1),
            max_body: 8 * 1024 * 1024,
            per_host: 2,
            spacing: Duration::from_millis(200),
        }
    }
}

/// Redirects followed for one request.
const MAX_REDIRECTS: usize = 5;

/// The client. Share one in the whole process: its limits a host live in it.
#[derive(Debug)]
pub struct Http {
    clock: Clock,
    options: HttpOptions,
    /// For the configured place, which may be private.
    home: Client,
    /// For everything that an answer pointed to.
    abroad: Client,
    gates: gate::Gates,
    /// Tokens that were fetched, for adapters, which live for one poll.
    pub(super) wallet: Wallet,
    /// The same, for logins that are no OAuth.
    pub(super) sessions: Sessions,
    /// Posts paid for today.
    pub(super) paid: Paid,
    /// What X was asked about many posts at once.
    pub(super) jobs: Jobs,
}

/// One answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Where it came from in the end.
    pub url: Url,
    /// The server's wish: not before this time.
    pub not_before: Option<Millis>,
}

impl Http {
    /// A client that reads time from `clock` for the servers' wishes.
    pub fn new(clock: Clock, options: HttpOptions) -> Result<Self, SettingsError> {
        // An error only means that this process has installed a provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = user_agent(&options.contact)?;
        let home = client(&options, &agent, Reach::Any)?;
        let abroad = client(&options, &agent, Reach::Public)?;
        let gates = gate::Gates::new(options.per_host, options.spacing);
        let (wallet, sessions, paid, jobs) = (Wallet::default(), Sessions::default(), Paid::default(), Jobs::default());
        Ok(Self { clock, options, home, abroad, gates, wallet, sessions, paid, jobs })
    }

    /// Fetches one URL (or sends what is to be posted there), redirects included. Any status but a redirect is an answer.
    pub(super) async fn get(&self, ask: &Ask<'_>) -> Result<Answer, PollError> {
        let mut url = ask.url.clone();
        url.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            let limit = self.options.deadline;
            let host = host_of(&url);
            let _turn = self.gates.enter(&host).await;
            meter::count_request();
            let hop = tokio::time::timeout(limit, self.hop(ask, &url));
            let step =
                hop.await.map_err(|_| PollError::unavailable(&host, format!("no whole answer within {} s", limit.as_secs_f32())))??;
            match step {
                Step::Answer(answer) => return Ok(*answer),
                Step::Redirect(next) => url = next,
            }
        }
        Err(PollError::TooManyRedirects { host: host_of(&ask.url), limit: MAX_REDIRECTS })
    }

    async fn hop(&self, ask: &Ask<'_>, url: &Url) -> Result<Step, PollError> {
        let host = host_of(url);
        let at_home = guard::same_place(url, ask.home);
        let allowed = at_home || (ask.may_leave(url) && guard::may_follow(url));
        if !allowed {
            return Err(PollError::ForbiddenAddress { host });
        }
        let client = if at_home { &self.home } else { &self.abroad };
        let request = client.request(ask.method(), url.clone());
        let request = ask.dress(request, url);
        let response = request.send().await.map_err(|e| network_error(&host, &e))?;
        if let Some(next) = redirect_target(&response, url)? {
            // What was sent is for the place that was configured.
            if ask.post.is_some() {
                return Err(PollError::malformed(&host, "it redirects what was sent to it"));
            }
            return Ok(Step::Redirect(next));
        }
        self.read(response, url).await.map(|answer| Step::Answer(Box::new(answer)))
    }

    async fn read(&self, mut response: Response, url: &Url) -> Result<Answer, PollError> {
        let host = host_of(url);
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if let Some(coding) = headers.get(header::CONTENT_ENCODING).filter(|c| !c.as_bytes().eq_ignore_ascii_case(b"identity")) {
            let coding: String = coding.to_str().unwrap_or("?").chars().take(20).collect();
            return Err(PollError::malformed(&host, format!("it is compressed as `{coding}`, which was not asked for")));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| network_error(&host, &e))? {
            if body.len() + chunk.len() > self.options.max_body {
                return Err(PollError::TooLarge { host, limit: self.options.max_body });
            }
            body.extend_from_slice(&chunk);
        }
        let not_before = wish::wish(&headers, status, self.clock.now());
        Ok(Answer { status, headers, body, url: url.clone(), not_before })
    }
}

enum Step {
    Answer(Box<Answer>),
    Redirect(Url),
}

impl Answer {
    /// The host that answered.
    pub(super) fn host(&self) -> String {
        host_of(&self.url)
    }

    /// One header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The version of this answer, for the next conditional request.
    pub(super) fn validators(&self) -> Validators {
        let short = |name: header::HeaderName| self.header(name.as_str()).filter(|v| v.len() <= 512).map(str::to_owned);
        Validators { etag: short(header::ETAG), modified: short(header::LAST_MODIFIED) }
    }

    /// Whether it is a web page, as far as one can see.
    pub(super) fn is_html(&self) -> bool {
        let typed = self.header("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("html"));
        let start: Vec<u8> =
            self.body.iter().copied().skip_while(u8::is_ascii_whitespace).take(14).map(|b| b.to_ascii_lowercase()).collect();
        typed && self.body.first() != Some(&b'[') && self.body.first() != Some(&b'{')
            || start.starts_with(b"<!doctype html")
            || start.starts_with(b"<html")
    }

    /// The answer if its status says that it worked, else what the caller should do.
    pub(super) fn ok(self) -> Result<Self, PollError> {
        self.error().map_or(Ok(self), Err)
    }

    /// What an error status means.
    pub(super) fn error(&self) -> Option<PollError> {
        let host = self.host();
        let refused = |what: &str| PollError::Unauthorised { host: self.host(), what: what.to_owned() };
        Some(match self.status {
            200..=299 | 304 => return None,
            429 => PollError::RateLimited { host, until: self.not_before.unwrap_or_default() },
            401 => refused("it asks for a valid token (401)"),
            403 => refused("this may not be read from here or with this token (403)"),
            404 => PollError::NotFound { host },
            410 => PollError::Gone { host },
            status @ (408 | 425 | 500..) => {
                PollError::Unavailable { host, what: format!("it answers with status {status}"), not_before: self.not_before }
            }
            status => PollError::Refused { host, status },
        })
    }
}

/// `host` or `host:port` as people write it; never anything else of a URL.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)").to_lowercase();
    url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

#[derive(Clone, Copy)]
enum Reach {
    Any,
    Public,
}

fn client(options: &HttpOptions, agent: &HeaderValue, reach: Reach) -> Result<Client, SettingsError> {
    let build = || {
        let builder = Client::builder()
            .user_agent(agent.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(options.per_host);
        match reach {
            Reach::Any => builder,
            Reach::Public => builder.dns_resolver(guard::PublicOnly),
        }
    };
    // Without certificate authorities on this machine (a bare container) plain HTTP must still work, as
    // the demo needs it; each HTTPS request then fails with its own error.
    let made = build().build().or_else(|_| build().tls_certs_only([]).build());
    made.map_err(|e| SettingsError::Http(e.without_url().to_string()))
}

fn user_agent(contact: &str) -> Result<HeaderValue, SettingsError> {
    let version = env!("CARGO_PKG_VERSION");
    let text = if contact.trim().is_empty() { format!("ebb/{version}") } else { format!("ebb/{version} (+{})", contact.trim()) };
    HeaderValue::from_str(&text).map_err(|_| SettingsError::Http("the contact holds characters that a header cannot".to_owned()))
}

fn redirect_target(response: &Response, url: &Url) -> Result<Option<Url>, PollError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
    let next = location.and_then(|l| url.join(l).ok());
    let mut next = next.ok_or_else(|| PollError::malformed(&host_of(url), "it redirects without a usable address"))?;
    next.set_fragment(None);
    Ok(Some(next))
}

fn network_error(host: &str, error: &reqwest::Error) -> PollError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut depth = 0;
    while let Some(e) = cause {
        if e.is::<guard::PrivateAddress>() {
            return PollError::ForbiddenAddress { host: host.to_owned() };
        }
        if let Some(tls) = e.downcast_ref::<rustls::Error>() {
            return PollError::unavailable(host, format!("its certificate or encryption is not accepted ({tls})"));
        }
        // rustls errors travel inside io errors, whose `source` skips over them.
        let inner = e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map_or_else(|| e.source(), |i| Some(i as &(dyn std::error::Error + 'static)));
        depth += 1;
        if depth > 16 {
            break;
        }
    }
    let what = match error {
        e if e.is_timeout() => "it does not answer in time",
        e if e.is_dns() => "its name cannot be resolved",
        e if e.is_connect() => "no connection can be made",
        e if e.is_decode() => "its compressed answer is broken",
        _ => "the connection broke before the answer was complete",
    };
    PollError::unavailable(host, what)
}
