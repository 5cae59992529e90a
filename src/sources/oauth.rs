//! Tokens that are fetched and renewed: client credentials, and refresh tokens that the platform replaces at each use.
//!
//! An adapter lives for one poll, so tokens are held by the client ([`Wallet`] in [`Http`]), one renewal at a time. A refresh
//! token that rotates is kept in the state file which the settings name: readable by its owner only, replaced as a whole, and
//! read again before each renewal, because another process may have renewed it. Neither token stands in an address, an
//! error, the log or the database.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::Url;

use super::adapter::Address;
use super::http::{Answer, Ask, Sent};
use super::lenient::{self, word};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError};
use crate::domain::source::SourceSpec;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// A token is renewed this long before it ends.
const EARLY_MS: i64 = 60_000;
/// A token lives this long when its platform does not say.
const UNSAID_MS: i64 = HOUR_MS;

/// `oauth = { client_id = …, client_secret = …, … }` in the settings of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OauthSettings {
    client_id: SecretRef,
    client_secret: SecretRef,
    /// The refresh token of the first login; without one the platform is asked with the client's credentials alone.
    #[serde(default)]
    refresh_token: Option<SecretRef>,
    /// Where renewed tokens are kept; needed with `refresh_token`.
    #[serde(default)]
    state_file: Option<PathBuf>,
    /// The token service, where it is not the platform's own.
    #[serde(default)]
    token_url: Option<Address>,
}

/// How a platform's token service wants to be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// For a token from a refresh token.
    pub refresh: &'static str,
    /// For a token from the client's credentials; `None`: this platform has none of these.
    pub client: Option<&'static str>,
    /// Where the client's credentials go.
    pub auth: ClientAuth,
}

/// Where the client's credentials go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the form.
    Form,
}

/// What a source shows to prove who it is.
#[derive(Debug)]
pub(super) enum Credential {
    /// A token that a person made and renews.
    Fixed(Secret),
    /// Tokens that are fetched.
    Fetched(Box<Grant>),
}

/// How tokens are fetched.
#[derive(Debug)]
pub(super) struct Grant {
    token_url: Url,
    client_id: Secret,
    client_secret: Secret,
    auth: ClientAuth,
    refresh: Option<Refresh>,
    /// Sent to the token service, for platforms that turn unnamed callers away.
    agent: Option<String>,
}

#[derive(Debug)]
struct Refresh {
    first: Secret,
    file: PathBuf,
}

/// A token with its end, in memory and in the state file.
#[derive(Clone, Serialize, Deserialize)]
struct Held {
    access_token: String,
    expires_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Held>>>;

/// Tokens of this process, by where they come from.
#[derive(Default)]
pub(super) struct Wallet(Mutex<HashMap<String, Slot>>);

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wallet(hidden)")
    }
}

impl Credential {
    /// From `token` or `oauth` of the settings; exactly one of them is needed, and the error says how to get it.
    pub(super) fn new(
        (spec, secrets): (&SourceSpec, &Secrets),
        (token, oauth): (Option<&SecretRef>, Option<&OauthSettings>),
        service: Service,
        how: &str,
    ) -> Result<Self, SettingsError> {
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        match (token, oauth) {
            (Some(token), None) => secrets.read(&spec.name, token).map(Self::Fixed),
            (None, Some(oauth)) => Grant::new((spec, secrets), oauth, service).map(|g| Self::Fetched(Box::new(g))),
            (Some(_), Some(_)) => Err(wrong("`token` and `oauth` are both given: one of them is enough".to_owned())),
            (None, None) => Err(wrong(format!("it has no credentials. {how}"))),
        }
    }

    /// Names the caller to the token service too.
    #[must_use]
    pub(super) fn with_agent(mut self, agent: &str) -> Self {
        if let Self::Fetched(grant) = &mut self {
            grant.agent = Some(agent.to_owned());
        }
        self
    }

    /// Asks with the token. Refused with 401, a fetched token is renewed once, and the request is made again.
    pub(super) async fn get(&self, http: &Http, ask: Ask<'_>, now: Millis) -> Result<Answer, PollError> {
        let token = self.token(http, None, now).await?;
        let answer = http.get(&Ask { token: Some(&token), ..ask.clone() }).await?;
        if answer.status != 401 || matches!(self, Self::Fixed(_)) {
            return Ok(answer);
        }
        let renewed = self.token(http, Some(&token), now).await?;
        http.get(&Ask { token: Some(&renewed), ..ask }).await
    }

    /// A token that is good now, as far as one can know; never `refused`.
    async fn token(&self, http: &Http, refused: Option<&Secret>, now: Millis) -> Result<Secret, PollError> {
        let grant = match self {
            Self::Fixed(token) => return Ok(token.clone()),
            Self::Fetched(grant) => grant,
        };
        let slot = http.wallet.slot(&grant.place());
        // Held over the renewal: a refresh token works once.
        let mut held = slot.lock().await;
        let good = |held: &Held| refused.is_none_or(|r| r.expose() != held.access_token) && held.expires_at.since(now) > EARLY_MS;
        let stored = grant.refresh.as_ref().and_then(|r| load(&r.file));
        let known = held.clone().filter(good).or_else(|| stored.clone().filter(good));
        let fresh = match known {
            Some(known) => known,
            None => grant.fetch(http, stored.or_else(|| held.clone()), now).await?,
        };
        let token = Secret::of(&fresh.access_token).ok_or_else(|| grant.strange("a token that no header can hold"))?;
        *held = Some(fresh);
        Ok(token)
    }
}

impl Wallet {
    fn slot(&self, place: &str) -> Slot {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place.to_owned()).or_default())
    }
}

impl Grant {
    fn new((spec, secrets): (&SourceSpec, &Secrets), given: &OauthSettings, service: Service) -> Result<Self, SettingsError> {
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        let refresh = match (&given.refresh_token, &given.state_file) {
            (Some(first), Some(file)) => Some(Refresh { first: secrets.read(&spec.name, first)?, file: file.clone() }),
            (Some(_), None) => return Err(wrong("`oauth.refresh_token` needs `oauth.state_file`, where the renewed tokens are kept")),
            (None, Some(_)) => return Err(wrong("`oauth.state_file` is only of use with `oauth.refresh_token`")),
            (None, None) => None,
        };
        let default = if refresh.is_some() { Some(service.refresh) } else { service.client };
        let default = default.ok_or_else(|| wrong("`oauth` needs `refresh_token` and `state_file` on this platform"))?;
        let parsed = || Url::parse(default).map_err(|e| wrong(&e.to_string()));
        Ok(Self {
            token_url: given.token_url.as_ref().map_or_else(parsed, |a| Ok(a.0.clone()))?,
            client_id: secrets.read(&spec.name, &given.client_id)?,
            client_secret: secrets.read(&spec.name, &given.client_secret)?,
            auth: service.auth,
            refresh,
            agent: None,
        })
    }

    /// Names the tokens of this grant in memory.
    fn place(&self) -> String {
        let file = self.refresh.as_ref().map(|r| r.file.display().to_string()).unwrap_or_default();
        format!("{} {} {file}", self.token_url, self.client_id.expose())
    }

    async fn fetch(&self, http: &Http, known: Option<Held>, now: Millis) -> Result<Held, PollError> {
        let refresh = self.refresh.as_ref().map(|r| {
            let kept = known.and_then(|held| held.refresh_token);
            (kept.unwrap_or_else(|| r.first.expose().to_owned()), r.file.as_path())
        });
        // A token that cannot be kept must not be used up.
        let place = refresh.as_ref().map(|(_, file)| self.place_for(file)).transpose()?;
        let mut form = match &refresh {
            Some((token, _)) => vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())],
            None => vec![("grant_type", "client_credentials")],
        };
        let mut ask = Ask::json(self.token_url.clone(), &self.token_url);
        match self.auth {
            ClientAuth::Basic => {
                let pair = format!("{}:{}", self.client_id.expose(), self.client_secret.expose());
                ask.headers.push(("authorization", format!("Basic {}", STANDARD.encode(pair))));
            }
            ClientAuth::Form => form.extend([("client_id", self.client_id.expose()), ("client_secret", self.client_secret.expose())]),
        }
        ask.headers.extend(self.agent.iter().map(|agent| ("user-agent", agent.clone())));
        ask.post = Some(Sent::form(&form));
        let mut held = self.read(&http.get(&ask).await?, now)?;
        if let (Some((token, file)), Some(place)) = (&refresh, place) {
            held.refresh_token.get_or_insert_with(|| token.clone());
            self.keep(&held, place, file)?;
        }
        Ok(held)
    }

    fn read(&self, answer: &Answer, now: Millis) -> Result<Held, PollError> {
        if let 400..=403 = answer.status {
            let body = lenient::json(answer).unwrap_or_default();
            let code = word(lenient::text(&body, &["error"]));
            let code = if code.is_empty() { format!("status {}", answer.status) } else { code };
            let mend = if self.refresh.is_some() {
                "log in again, and put the new refresh token where `oauth.refresh_token` points, without the old state file"
            } else {
                "check `oauth.client_id` and `oauth.client_secret`"
            };
            return Err(PollError::Unauthorised { host: answer.host(), what: format!("its token service says {code}; {mend}") });
        }
        if let Some(error) = answer.error() {
            return Err(error);
        }
        let body = lenient::json(answer)?;
        let token = Secret::of(lenient::text(&body, &["access_token"])).ok_or_else(|| self.strange("no token"))?;
        let lives = lenient::number(&body, &["expires_in"]).map_or(UNSAID_MS, |s| s.saturating_mul(1000)).clamp(EARLY_MS, 400 * DAY_MS);
        let refresh_token = Secret::of(lenient::text(&body, &["refresh_token"])).map(|s| s.expose().to_owned());
        // Without a file there is nothing to refresh with.
        let refresh_token = refresh_token.filter(|_| self.refresh.is_some());
        Ok(Held { access_token: token.expose().to_owned(), expires_at: now.plus(lives), refresh_token })
    }

    fn strange(&self, what: &str) -> PollError {
        PollError::malformed(&super::http::host_of(&self.token_url), format!("its token service gives {what}"))
    }

    /// A new file beside the state file, for its owner only.
    fn place_for(&self, file: &Path) -> Result<tempfile::NamedTempFile, PollError> {
        let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::NamedTempFile::new_in(folder).map_err(|e| self.unwritable(file, &e))
    }

    fn keep(&self, held: &Held, place: tempfile::NamedTempFile, file: &Path) -> Result<(), PollError> {
        let text = serde_json::to_vec(held).unwrap_or_default();
        let written = std::fs::write(place.path(), text).and_then(|()| place.as_file().sync_all());
        written.map_err(|e| self.unwritable(file, &e))?;
        place.persist(file).map_err(|e| self.unwritable(file, &e.error))?;
        Ok(())
    }

    fn unwritable(&self, file: &Path, error: &std::io::Error) -> PollError {
        let what = format!("`oauth.state_file` {} cannot be written ({})", file.display(), error.kind());
        PollError::Setting { host: super::http::host_of(&self.token_url), what }
    }
}

/// The tokens of a state file; nothing when there is none, or when it cannot be read as one.
fn load(file: &Path) -> Option<Held> {
    let text = std::fs::read(file).ok()?;
    serde_json::from_slice(&text).ok()
}
