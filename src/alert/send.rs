//! One attempt to send one message, and what to do next.

use super::backoff;
use super::mail::{self, MailError};
use super::outlet::{Attachment, Doors, Letter, OutletError, Reply};
use super::render::{discord, mattermost, oncall, slack, teams, webhook};
use super::rules;
use super::sheet::{Sheet, line};
use super::target::{HookUrl, Means, Target, mailbox};
use crate::domain::alert::{AlertKind, ChannelKind, Message, Repeat};
use crate::domain::time::Millis;
use crate::store::Attempt;

/// How attempts end and repeat.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// When it is.
    pub now: Millis,
    /// A message is given up this long after its first attempt, milliseconds.
    pub give_up_ms: i64,
    /// Any number in 0..1, for the jitter.
    pub dice: f64,
}

/// What came of one attempt, before it is weighed.
enum Answer {
    Taken,
    Refused(String),
    Later { error: String, not_before: Option<Millis>, repeat: Repeat },
}

/// Sends `message` to `target`. `base` is the address of the pages.
pub async fn attempt(message: &Message, target: &Target, doors: &Doors, base: &str, terms: Terms) -> Attempt {
    let answer = match &target.means {
        Means::Email(mail) => by_mail(message, mail, doors, base, terms.now).await,
        _ => match letter(message, target, base, terms.now) {
            Some(letter) => read(doors.outlet.post(letter).await, target),
            None => Answer::Refused("the channel is set up for another kind".to_owned()),
        },
    };
    weigh(answer, message, terms)
}

/// What becomes of a message whose channel is gone.
pub fn without_channel(message: &Message) -> Attempt {
    Attempt::GivenUp {
        error: format!("there is no channel \"{}\" in the configuration any more", line(&message.channel, 80)),
        repeat: message.repeat,
    }
}

/// The request for a channel over HTTP; `None` for e-mail.
pub fn letter(message: &Message, target: &Target, base: &str, now: Millis) -> Option<Letter> {
    let sheet = Sheet::new(message, base);
    let to = |url: &url::Url, body: serde_json::Value| Letter { url: url.clone(), headers: Vec::new(), body: body.to_string() };
    Some(match (&target.means, target.channel.kind) {
        (Means::Hook(HookUrl(url)), ChannelKind::Slack) => to(url, slack::body(&sheet)),
        (Means::Hook(HookUrl(url)), ChannelKind::Teams) => to(url, teams::body(&sheet)),
        (Means::Hook(HookUrl(url)), ChannelKind::Discord) => to(url, discord::body(&sheet)),
        (Means::Hook(HookUrl(url)), ChannelKind::Mattermost) => to(url, mattermost::body(&sheet)),
        (Means::PagerDuty { url, key }, _) => to(url, oncall::pagerduty(&sheet, key)),
        (Means::Opsgenie { url, key }, _) => {
            let (url, body) = oncall::opsgenie(&sheet, url);
            Letter { headers: vec![("authorization", format!("GenieKey {}", key.expose()))], ..to(&url, body) }
        }
        (Means::Webhook { url, key }, _) => {
            let body = webhook::body(message, base).to_string();
            Letter { url: url.0.clone(), headers: webhook::headers(message, key, &body, now), body }
        }
        _ => return None,
    })
}

async fn by_mail(message: &Message, mail: &super::target::Mail, doors: &Doors, base: &str, now: Millis) -> Answer {
    let asked = message.alerts.iter().flat_map(|a| &a.to);
    let to: Result<Vec<_>, _> = asked.map(|t| mailbox(t)).collect();
    let to = match to {
        Ok(to) => to,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    let mut sheet = Sheet::new(message, base);
    let attached = match attachment(message, doors).await {
        Ok(attached) => attached,
        Err(error) => {
            tracing::warn!(message.id = message.name(), error = %error, "A summary goes without its report");
            "The report could not be written this time; the page has it.".clone_into(&mut sheet.note);
            None
        }
    };
    match mail::send(mail, &sheet, &to, attached, now).await {
        Ok(()) => Answer::Taken,
        Err(MailError::Refused(error)) => Answer::Refused(error),
        Err(MailError::Later { what, repeat }) => Answer::Later { error: what, not_before: None, repeat },
    }
}

/// Summaries carry the report of their moment: the same at each attempt.
async fn attachment(message: &Message, doors: &Doors) -> Result<Option<Attachment>, String> {
    let summary = message.alerts.iter().find(|a| a.kind == AlertKind::Summary);
    match (summary.and_then(|a| Some((a.incident?.id, a.at))), &doors.reporter) {
        (Some((incident, at)), Some(reporter)) => reporter.report(incident, at).await.map(Some),
        _ => Ok(None),
    }
}

fn read(answer: Result<Reply, OutletError>, target: &Target) -> Answer {
    match answer {
        Ok(reply) => weigh_status(&reply, target),
        Err(OutletError::NotSent(error)) => Answer::Later { error, not_before: None, repeat: Repeat::First },
        Err(OutletError::Unanswered(error)) => Answer::Later { error, not_before: None, repeat: Repeat::Possible },
    }
}

fn weigh_status(reply: &Reply, target: &Target) -> Answer {
    let status = reply.status;
    let kind = target.channel.kind.shown();
    match status {
        200..=299 => Answer::Taken,
        300..=399 => Answer::Refused(format!("{kind} answers with a redirect ({status}); give the address that it leads to")),
        408 | 425 | 429 | 500.. => {
            // A gateway may fail after the service behind it took the message.
            let (what, repeat) =
                if status == 429 { ("asks for fewer messages", Repeat::First) } else { ("cannot take it now", Repeat::Possible) };
            Answer::Later { error: format!("{kind} {what} ({status})"), not_before: reply.not_before, repeat }
        }
        401 | 403 | 404 | 410 => Answer::Refused(format!(
            "{kind} refuses it ({status}): the address or the token is wrong or was taken back{}",
            said(reply, target)
        )),
        _ => Answer::Refused(format!("{kind} refuses it ({status}){}", said(reply, target))),
    }
}

/// The other side's own words, without what only we should know.
fn said(reply: &Reply, target: &Target) -> String {
    let mut body = reply.body.clone();
    let secrets: Vec<&str> = match &target.means {
        Means::Hook(HookUrl(url)) | Means::Webhook { url: HookUrl(url), .. } => vec![url.as_str(), url.path().trim_matches('/')],
        Means::PagerDuty { key, .. } | Means::Opsgenie { key, .. } => vec![key.expose()],
        Means::Email(_) => Vec::new(),
    };
    for secret in secrets.into_iter().filter(|s| s.len() > 3) {
        body = body.replace(secret, "…");
    }
    let words = line(&body, 160);
    if words.is_empty() { String::new() } else { format!("; it says: {words}") }
}

fn weigh(answer: Answer, message: &Message, terms: Terms) -> Attempt {
    let either = |repeat: Repeat| if message.repeat == Repeat::Possible { Repeat::Possible } else { repeat };
    match answer {
        Answer::Taken => Attempt::Sent,
        Answer::Refused(error) => Attempt::GivenUp { error, repeat: message.repeat },
        Answer::Later { error, not_before, repeat } => {
            let at = backoff::next(message.attempts, terms.now, not_before, terms.dice);
            let since = message.first_try_at.unwrap_or(terms.now);
            let repeat = either(repeat);
            if at.since(since) > terms.give_up_ms {
                let span = rules::span(terms.give_up_ms);
                return Attempt::GivenUp { error: format!("{error}; given up {span} after the first attempt"), repeat };
            }
            Attempt::Again { at, error, repeat }
        }
    }
}
