//! A channel with its secrets: made once when the program starts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;
use ring::hmac;
use url::Url;

use crate::domain::alert::Channel;
use crate::domain::secret::Secret;

/// A channel that can be sent to.
#[derive(Debug)]
pub struct Target {
    /// As pages show it.
    pub channel: Channel,
    /// With its secrets.
    pub means: Means,
}

/// How it is reached.
#[derive(Debug)]
pub enum Means {
    /// Slack, Teams, Discord, Mattermost: the address is the secret.
    Hook(HookUrl),
    /// `PagerDuty`.
    PagerDuty {
        /// Of the Events API.
        url: Url,
        /// The routing key.
        key: Secret,
    },
    /// `Opsgenie`.
    Opsgenie {
        /// Of the Alert API.
        url: Url,
        /// The API key.
        key: Secret,
    },
    /// A webhook of one's own.
    Webhook {
        /// Where to.
        url: HookUrl,
        /// Signs each message.
        key: SigningKey,
    },
    /// SMTP.
    Email(Box<Mail>),
}

/// An address that is a secret: its debug form is its host.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl(pub Url);

impl std::fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HookUrl({})", host(&self.0))
    }
}

/// `host` or `host:port`.
pub fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or("(no host)");
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// How an SMTP connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// From the first byte on, port 465.
    Tls,
    /// Begins in clear text and must change to TLS, port 587.
    #[default]
    StartTls,
    /// None: for a server on the same machine.
    None,
}

/// An SMTP server, and between whom letters go.
#[derive(Debug)]
pub struct Mail {
    /// Host name.
    pub server: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Sender.
    pub from: Mailbox,
    /// Receivers.
    pub to: Vec<Mailbox>,
}

/// A key of Standard Webhooks.
pub struct SigningKey(hmac::Key);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(hidden)")
    }
}

/// Why a channel cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No address of the web.
    #[error("its address is no URL that begins with http:// or https://")]
    Address,
    /// Not what Standard Webhooks asks for.
    #[error("its token is no signing key: write `whsec_` and the base64 of 24 to 64 random bytes (openssl rand -base64 32)")]
    SigningKey,
    /// No mailbox.
    #[error("`{0}` is no address of e-mail; write it like \"Ebb <ebb@acme.example>\"")]
    Mailbox(String),
    /// What is missing or too much, in words.
    #[error("{0}")]
    Settings(String),
}

impl SigningKey {
    /// Reads `whsec_` and base64; 24 to 64 bytes, as the specification recommends.
    pub fn read(text: &str) -> Result<Self, TargetError> {
        let bytes = STANDARD.decode(text.trim().trim_start_matches("whsec_")).map_err(|_| TargetError::SigningKey)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(TargetError::SigningKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// `v1,` and the base64 of the signature of a message. `at_s` is in Unix seconds.
    pub fn sign(&self, id: &str, at_s: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{at_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// An address of the web.
pub fn web_url(text: &str) -> Result<Url, TargetError> {
    Url::parse(text.trim()).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host()).ok_or(TargetError::Address)
}

/// An address of e-mail.
pub fn mailbox(text: &str) -> Result<Mailbox, TargetError> {
    text.parse().map_err(|_| TargetError::Mailbox(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_signed_as_the_specification_shows() {
        // The example of the reference implementation of Standard Webhooks.
        let key = SigningKey::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(SigningKey::read("whsec_c2hvcnQ=").is_err() && SigningKey::read("no base64!").is_err());
    }

    #[test]
    fn secrets_of_a_channel_are_not_in_its_debug_form() {
        let url = web_url("https://hooks.slack.example/services/T0/B0/hidden-part").expect("a url");
        let key = SigningKey::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let shown = format!("{:?}", Means::Webhook { url: HookUrl(url), key });
        assert!(shown.contains("hooks.slack.example") && !shown.contains("hidden-part") && !shown.contains("MfKQ"), "{shown}");
        assert!(web_url("ftp://x.example").is_err() && web_url("slack").is_err());
    }
}
