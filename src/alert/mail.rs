//! E-mail over SMTP: plain text and HTML, the same `Message-ID` at each attempt.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as MailFile, Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as SmtpTls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::outlet::Attachment;
use super::sheet::{Part, Sheet, cut};
use super::target::{Mail, TargetError, Tls};
use crate::domain::alert::Repeat;
use crate::domain::time::Millis;

/// Longest silence of a server.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest time for a whole letter.
const DEADLINE: Duration = Duration::from_mins(1);

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The server refuses it for good, or it cannot be written.
    #[error("{0}")]
    Refused(String),
    /// Worth another attempt.
    #[error("{what}")]
    Later {
        /// What went wrong.
        what: String,
        /// Whether it may have arrived.
        repeat: Repeat,
    },
}

/// Sends a sheet; `to` replaces the receivers of the channel unless it is empty.
pub async fn send(mail: &Mail, sheet: &Sheet, to: &[Mailbox], attached: Option<Attachment>, now: Millis) -> Result<(), MailError> {
    let letter = letter(mail, sheet, to, attached, now).map_err(|e| MailError::Refused(e.to_string()))?;
    let transport = transport(mail).map_err(|e| MailError::Refused(e.to_string()))?;
    let unanswered = |what: String| MailError::Later { what, repeat: Repeat::Possible };
    match tokio::time::timeout(DEADLINE, transport.send(letter)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(failure(mail, &e)),
        Err(_) => Err(unanswered(format!("{} took longer than {} s", mail.server, DEADLINE.as_secs()))),
    }
}

/// Connects, and logs in where that is set; sends nothing.
pub async fn check(mail: &Mail) -> Result<(), MailError> {
    let transport = transport(mail).map_err(|e| MailError::Refused(e.to_string()))?;
    match tokio::time::timeout(DEADLINE, transport.test_connection()).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(MailError::Refused(format!("{} does not answer as a mail server", mail.server))),
        Ok(Err(e)) => Err(failure(mail, &e)),
        Err(_) => Err(MailError::Later { what: format!("{} gave no answer", mail.server), repeat: Repeat::First }),
    }
}

fn transport(mail: &Mail) -> Result<AsyncSmtpTransport<Tokio1Executor>, TargetError> {
    let parameters = || TlsParameters::new(mail.server.clone()).map_err(|e| TargetError::Settings(format!("TLS cannot be set up: {e}")));
    let tls = match mail.tls {
        Tls::Tls => SmtpTls::Wrapper(parameters()?),
        Tls::StartTls => SmtpTls::Required(parameters()?),
        Tls::None => SmtpTls::None,
    };
    // "Dangerous" is only the default of that builder, which is no TLS.
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server).port(mail.port).tls(tls).timeout(Some(PATIENCE));
    if let Some((user, password)) = &mail.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
    }
    Ok(builder.build())
}

/// The answers of a server are its own words; a password is never among what it is sent in clear.
fn failure(mail: &Mail, error: &lettre::transport::smtp::Error) -> MailError {
    let server = &mail.server;
    let what = cut(&format!("{server}: {error}"), 300);
    let what = mail.login.iter().fold(what, |w, (_, password)| w.replace(password.expose(), "…"));
    if error.is_permanent() || error.is_client() || error.is_tls() {
        return MailError::Refused(what);
    }
    // A temporary refusal is an answer; a broken or silent connection may have carried the letter.
    let repeat = if error.is_transient() { Repeat::First } else { Repeat::Possible };
    MailError::Later { what, repeat }
}

fn letter(mail: &Mail, sheet: &Sheet, to: &[Mailbox], attached: Option<Attachment>, now: Millis) -> Result<Message, lettre::error::Error> {
    let domain = mail.from.email.domain();
    let seconds = u64::try_from(now.get().div_euclid(1000)).unwrap_or(0);
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut builder = Message::builder()
        .from(mail.from.clone())
        .subject(format!("[Ebb] {}", sheet.headline()))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{domain}>", sheet.name)))
        .raw_header(automatic);
    for receiver in if to.is_empty() { &mail.to } else { to } {
        builder = builder.to(receiver.clone());
    }
    let plain = lettre::message::SinglePart::builder().header(ContentType::TEXT_PLAIN).body(plain(sheet));
    let html = lettre::message::SinglePart::builder().header(ContentType::TEXT_HTML).body(html(sheet));
    let words = MultiPart::alternative().singlepart(plain).singlepart(html);
    let Some(file) = attached else { return builder.multipart(words) };
    let kind = ContentType::parse(file.media_type).unwrap_or(ContentType::TEXT_PLAIN);
    builder.multipart(MultiPart::mixed().multipart(words).singlepart(MailFile::new(file.name).body(file.bytes, kind)))
}

/// The letter without formats.
pub fn plain(sheet: &Sheet) -> String {
    let mut out = format!("{}\n\n", sheet.headline());
    for part in &sheet.parts {
        if !sheet.several().is_empty() {
            let _ = writeln!(out, "* {}", part.title);
        }
        for why in &part.why {
            let _ = writeln!(out, "{why}");
        }
        for (name, value) in &part.facts {
            let _ = writeln!(out, "  {name}: {value}");
        }
        let _ = writeln!(out, "{}\n", part.link);
    }
    if !sheet.note.is_empty() {
        let _ = writeln!(out, "{}\n", sheet.note);
    }
    let _ = writeln!(out, "-- \nSent by Ebb of its own accord; answers are not read. {}", sheet.name);
    out
}

const PAGE: &str = "font:15px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif;max-width:40em;margin:0 auto;padding:16px";
const CELL: &str = "padding:3px 18px 3px 0;text-align:left;vertical-align:top;border-bottom:1px solid #8884";

/// The same as HTML: nothing is fetched, and what people wrote is text.
pub fn html(sheet: &Sheet) -> String {
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head><body><div style=\"{PAGE}\"><h1 style=\"font-size:19px;margin:0 0 12px\">{}</h1>",
        escaped(&sheet.headline())
    );
    for part in &sheet.parts {
        html_part(&mut out, part, sheet);
    }
    if !sheet.note.is_empty() {
        let _ = write!(out, "<p>{}</p>", escaped(&sheet.note));
    }
    let _ = write!(
        out,
        "<p style=\"font-size:12px;opacity:.7\">Sent by Ebb of its own accord; answers are not read. {}</p></div></body></html>",
        sheet.name
    );
    out
}

fn html_part(out: &mut String, part: &Part, sheet: &Sheet) {
    if !sheet.several().is_empty() {
        let _ = write!(out, "<h2 style=\"font-size:16px;margin:18px 0 6px\">{}</h2>", escaped(&part.title));
    }
    for why in &part.why {
        let _ = write!(out, "<p style=\"margin:0 0 6px\">{}</p>", escaped(why));
    }
    if !part.facts.is_empty() {
        out.push_str("<table style=\"border-collapse:collapse;margin:10px 0\">");
        for (name, value) in &part.facts {
            let _ = write!(
                out,
                "<tr><th scope=\"row\" style=\"{CELL};font-weight:500\">{}</th><td style=\"{CELL}\">{}</td></tr>",
                escaped(name),
                escaped(value)
            );
        }
        out.push_str("</table>");
    }
    let _ = write!(out, "<p><a href=\"{}\">Open in Ebb</a></p>", escaped(&part.link));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
