//! From the configuration to channels that can be sent to, and the door to other servers.

use std::time::Duration;

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::alert::target::{HookUrl, host, mailbox, web_url};
use crate::alert::{
    self, Attachment, Letter, Mail, Means, Outlet, OutletError, Plan, Reply, Reporter, Schedule, SigningKey, Target, TargetError, Tls,
};
use crate::clock::Clock;
use crate::config::{Address, ChannelConfig, Config, MailTls};
use crate::domain::alert::{Channel, ChannelKind};
use crate::domain::ids::IncidentId;
use crate::domain::route::Route;
use crate::domain::secret::{Secret, SecretRef};
use crate::domain::time::Millis;
use crate::report::{self, Format, Lang, Links, Names, ReportError, Voices, Wish};
use crate::sources::{self, PostError, Secrets};
use crate::store::Store;

/// Longest time for one message.
const DEADLINE: Duration = Duration::from_secs(30);
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const OPSGENIE: &str = "https://api.opsgenie.com/v2/alerts";

/// What is configured about alerts; secrets are named in it, not held.
#[derive(Debug, Clone)]
pub struct AlertPlan {
    /// Channels.
    pub channels: Vec<ChannelConfig>,
    routes: Vec<Route>,
    schedules: Vec<Schedule>,
    settings: alert::Settings,
    base: String,
    give_up_ms: i64,
    keep_ms: i64,
}

impl From<&Config> for AlertPlan {
    fn from(config: &Config) -> Self {
        let schedule = |(s, n): (&crate::config::ScheduleConfig, usize)| {
            Some(Schedule {
                name: format!("schedule {n}"),
                brand: config.scheduled_brand(s).ok()?,
                when: s.when,
                offset: s.utc_offset,
                channel: s.channel.clone(),
                to: s.to.clone(),
            })
        };
        let settings = alert::Settings {
            silence_ms: config.alert.silence.as_millis(),
            overdue_ms: config.alert.overdue.as_millis(),
            reach: i64::from(config.alert.reach),
            reach_severity: config.assess.flag_severity,
        };
        Self {
            channels: config.channels.clone(),
            routes: config.alert_routes(),
            schedules: config.schedules.iter().zip(1..).filter_map(schedule).collect(),
            settings,
            base: config.public_url(),
            give_up_ms: config.alert.give_up.as_millis(),
            keep_ms: config.alert.keep.as_millis(),
        }
    }
}

impl AlertPlan {
    /// Reads the secrets; the error names the channel and says what is wrong with it.
    pub fn resolve(&self, secrets: &Secrets) -> anyhow::Result<Plan> {
        let targets = self.channels.iter().map(|c| target(c, secrets).with_context(|| format!("channel \"{}\"", c.name)));
        for to in self.schedules.iter().flat_map(|s| &s.to) {
            mailbox(to).context("a [[schedule]]")?;
        }
        Ok(Plan {
            settings: self.settings,
            targets: targets.collect::<anyhow::Result<_>>()?,
            routes: self.routes.clone(),
            schedules: self.schedules.clone(),
            base: self.base.clone(),
            give_up_ms: self.give_up_ms,
            keep_ms: self.keep_ms,
        })
    }

    /// The channels as pages show them.
    pub fn shown(&self, secrets: &Secrets) -> Vec<Channel> {
        self.channels.iter().filter_map(|c| target(c, secrets).ok()).map(|t| t.channel).collect()
    }

    /// The address of the pages.
    pub fn base(&self) -> &str {
        &self.base
    }
}

/// One channel with its secrets.
pub fn target(config: &ChannelConfig, secrets: &Secrets) -> Result<Target, TargetError> {
    let read = |at: &SecretRef| secrets.value(at).map_err(TargetError::Settings);
    let token = || config.token.as_ref().ok_or_else(|| TargetError::Settings("it needs a token".to_owned())).and_then(read);
    let url = |default: &str| match &config.url {
        Some(Address::Plain(text)) => web_url(text),
        Some(Address::Secret(at)) => web_url(read(at)?.expose()),
        None => web_url(default),
    };
    let means = match config.kind {
        ChannelKind::Slack | ChannelKind::Teams | ChannelKind::Discord | ChannelKind::Mattermost => Means::Hook(HookUrl(url("")?)),
        ChannelKind::PagerDuty => Means::PagerDuty { url: url(PAGERDUTY)?, key: token()? },
        ChannelKind::Opsgenie => Means::Opsgenie { url: url(OPSGENIE)?, key: token()? },
        ChannelKind::Webhook => Means::Webhook { url: HookUrl(url("")?), key: SigningKey::read(token()?.expose())? },
        ChannelKind::Email => Means::Email(Box::new(mail(config, secrets)?)),
    };
    let place = match &means {
        Means::Hook(HookUrl(url))
        | Means::Webhook { url: HookUrl(url), .. }
        | Means::PagerDuty { url, .. }
        | Means::Opsgenie { url, .. } => host(url),
        Means::Email(mail) => mail.server.clone(),
    };
    Ok(Target { channel: Channel { name: config.name.clone(), kind: config.kind, place }, means })
}

fn mail(config: &ChannelConfig, secrets: &Secrets) -> Result<Mail, TargetError> {
    let (tls, port) = match config.tls {
        MailTls::Tls => (Tls::Tls, 465),
        MailTls::StartTls => (Tls::StartTls, 587),
        MailTls::None => (Tls::None, 25),
    };
    let needed = |value: &Option<String>| value.clone().ok_or_else(|| TargetError::Settings("e-mail needs server, from and to".to_owned()));
    let login = match (&config.user, &config.password) {
        (Some(user), Some(password)) => Some((user.clone(), secrets.value(password).map_err(TargetError::Settings)?)),
        _ => None::<(String, Secret)>,
    };
    Ok(Mail {
        server: needed(&config.server)?,
        port: config.port.unwrap_or(port),
        tls,
        login,
        from: mailbox(&needed(&config.from)?)?,
        to: config.to.iter().map(|t| mailbox(t)).collect::<Result<_, _>>()?,
    })
}

/// Reports as `alert` knows them: a PDF in English, with names masked.
#[derive(Debug)]
pub struct Reports {
    /// Where everything is kept.
    pub store: Store,
    /// How incidents are judged.
    pub settings: crate::assess::Settings,
    /// Where people reach the pages.
    pub public_url: String,
}

impl Reports {
    async fn write(&self, id: IncidentId, at: Millis) -> Result<Attachment, ReportError> {
        let incident = self.store.incident(id).await?;
        let sealed = report::gather(&self.store, id, report::gather::whole_second(at), &self.settings).await?;
        let voices = Voices::load(&self.store, &sealed.facts, Names::Masked).await?;
        let links = Links::new(&self.public_url, incident.brand);
        let bytes = report::write(&sealed, &voices, Wish { format: Format::Pdf, lang: Lang::ENGLISH, links }).await?;
        Ok(Attachment { name: format!("incident-{id}.pdf"), media_type: Format::Pdf.media_type(), bytes })
    }
}

impl Reporter for Reports {
    fn report(&self, incident: IncidentId, at: Millis) -> BoxFuture<'_, Result<Attachment, String>> {
        async move { self.write(incident, at).await.map_err(|e| e.to_string()) }.boxed()
    }
}

/// The HTTP client as `alert` knows it.
#[derive(Debug)]
pub struct Postman(sources::Http);

impl Postman {
    /// A client of its own: the politeness of polling must not hold up an alert.
    pub fn new(clock: Clock, options: &sources::HttpOptions) -> anyhow::Result<Self> {
        let options =
            sources::HttpOptions { deadline: options.deadline.min(DEADLINE), spacing: Duration::ZERO, per_host: 8, ..options.clone() };
        Ok(Self(sources::Http::new(clock, options).context("cannot make the HTTP client")?))
    }
}

impl Outlet for Postman {
    fn post(&self, letter: Letter) -> BoxFuture<'_, Result<Reply, OutletError>> {
        async move {
            let asked = sources::Letter { url: &letter.url, headers: &letter.headers, body: &letter.body };
            match self.0.post(asked).await {
                Ok(reply) => Ok(Reply { status: reply.status, body: reply.body, not_before: reply.not_before }),
                Err(PostError::NotSent(what)) => Err(OutletError::NotSent(what)),
                Err(PostError::Unanswered(what)) => Err(OutletError::Unanswered(what)),
            }
        }
        .boxed()
    }
}
