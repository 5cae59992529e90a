//! `[alert]`, `[[channel]]`, `[[route]]` and `[[schedule]]`: who is told what, how and when.

use std::collections::HashSet;

use serde::Deserialize;
use url::Url;

use super::sense::{first_repeat, invalid};
use super::{Config, ConfigError, Duration};
use crate::domain::alert::{AlertKind, ChannelKind};
use crate::domain::incident::{IncidentKind, IncidentSeverity};
use crate::domain::route::{Hours, Moment, Route, UtcOffset};
use crate::domain::secret::SecretRef;
use crate::domain::time::{DAY_MS, WEEK_MS};

/// `[alert]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertConfig {
    /// No update from the brand for this long while concern is raised is an alert; 0s: never.
    pub silence: Duration,
    /// A flagged person whom nobody took for this long is an alert; 0s: never.
    pub overdue: Duration,
    /// Followers from which a very negative author is an alert at once; 0: never.
    pub reach: u32,
    /// A message is given up this long after its first attempt.
    pub give_up: Duration,
    /// Messages that were sent or given up are forgotten this long after.
    pub keep: Duration,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(4 * 3600),
            overdue: Duration::from_secs(8 * 3600),
            reach: 10_000,
            give_up: Duration::from_secs(24 * 3600),
            keep: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// An address: written out, or named where it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "an address is a text, { env = \"NAME\" } or { file = \"/path\" }")]
pub enum Address {
    /// As it stands.
    Plain(String),
    /// Kept elsewhere.
    Secret(SecretRef),
}

/// How an SMTP connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte on.
    Tls,
    /// Begins in clear text and must change to TLS.
    #[default]
    StartTls,
    /// None; only for a server on this machine.
    None,
}

/// `[[channel]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Unique name.
    pub name: String,
    /// What it speaks.
    pub kind: ChannelKind,
    /// Where to; for Slack, Teams, Discord and Mattermost the address is itself the secret.
    #[serde(default)]
    pub url: Option<Address>,
    /// Routing key of `PagerDuty`, API key of Opsgenie, signing key of a webhook.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// E-mail: host name of the server.
    #[serde(default)]
    pub server: Option<String>,
    /// E-mail: port; 465 with `tls`, 587 with `starttls`, 25 without.
    #[serde(default)]
    pub port: Option<u16>,
    /// E-mail: protection.
    #[serde(default)]
    pub tls: MailTls,
    /// E-mail: who logs in; nobody when left out.
    #[serde(default)]
    pub user: Option<String>,
    /// E-mail: the password.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// E-mail: sender.
    #[serde(default)]
    pub from: Option<String>,
    /// E-mail: receivers.
    #[serde(default)]
    pub to: Vec<String>,
}

/// `[[route]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// Shown name; its number when left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Names of brands; all when left out.
    #[serde(default)]
    pub brands: Vec<String>,
    /// What happened; everything when left out.
    #[serde(default)]
    pub kinds: Vec<AlertKind>,
    /// Service or security incidents; both, and alerts without an incident, when left out.
    #[serde(default)]
    pub incidents: Vec<IncidentKind>,
    /// Severities of incidents; the same.
    #[serde(default)]
    pub severities: Vec<IncidentSeverity>,
    /// Languages of the person concerned.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The only hours in which it takes alerts.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// Hours in which nothing but the critical is sent.
    #[serde(default)]
    pub quiet: Option<Hours>,
    /// Of `hours` and `quiet`.
    #[serde(default)]
    pub utc_offset: UtcOffset,
    /// How long a message waits for more on the same subject.
    #[serde(default = "one_minute")]
    pub group: Duration,
    /// Least distance between two messages on the same subject.
    #[serde(default = "quarter_of_an_hour")]
    pub cool_down: Duration,
}

/// `[[schedule]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Name of the brand; may be left out when there is one.
    #[serde(default)]
    pub brand: Option<String>,
    /// `08:00` each day, `mon 08:00` each week.
    pub when: Moment,
    /// Of `when`.
    #[serde(default)]
    pub utc_offset: UtcOffset,
    /// Name of a channel of e-mail.
    pub channel: String,
    /// Receivers; those of the channel when left out.
    #[serde(default)]
    pub to: Vec<String>,
}

const fn one_minute() -> Duration {
    Duration::from_secs(60)
}

const fn quarter_of_an_hour() -> Duration {
    Duration::from_secs(900)
}

impl ChannelConfig {
    /// What is missing or does not belong, in words.
    fn wrong(&self) -> Option<String> {
        use ChannelKind::{Discord, Email, Mattermost, Opsgenie, PagerDuty, Slack, Teams, Webhook};
        let mail = self.server.is_some() || self.from.is_some() || !self.to.is_empty() || self.user.is_some() || self.password.is_some();
        match self.kind {
            Email if self.url.is_some() || self.token.is_some() => {
                Some("e-mail has no url and no token, but server, from and to".to_owned())
            }
            Email if self.server.is_none() || self.from.is_none() || self.to.is_empty() => {
                Some("e-mail needs server, from and to".to_owned())
            }
            Email if self.user.is_some() != self.password.is_some() => Some("user and password belong together".to_owned()),
            Email if self.tls == MailTls::None && self.password.is_some() => {
                Some("a password is not sent without TLS; set tls = \"starttls\" or \"tls\"".to_owned())
            }
            Email => None,
            _ if mail => Some("server, from, to, user and password are for e-mail".to_owned()),
            Slack | Teams | Discord | Mattermost if !matches!(self.url, Some(Address::Secret(_))) => Some(
                "whoever knows its address may post there: name the variable or the file that holds it, url = { env = \"…\" }".to_owned(),
            ),
            Slack | Teams | Discord | Mattermost if self.token.is_some() => Some("it has no token, only a url".to_owned()),
            Webhook if self.url.is_none() => Some("a webhook needs a url".to_owned()),
            PagerDuty | Opsgenie | Webhook if self.token.is_none() => Some("it needs a token = { env = \"…\" }".to_owned()),
            _ => None,
        }
    }
}

impl RouteConfig {
    /// As the rules take it; `number` counts from 1.
    fn route(&self, number: usize) -> Route {
        Route {
            name: self.name.clone().unwrap_or_else(|| format!("route {number}")),
            channels: self.channels.clone(),
            brands: self.brands.clone(),
            kinds: self.kinds.clone(),
            incidents: self.incidents.clone(),
            severities: self.severities.clone(),
            languages: self.languages.clone(),
            hours: self.hours,
            quiet: self.quiet,
            offset: self.utc_offset,
            group_ms: self.group.as_millis(),
            cool_down_ms: self.cool_down.as_millis(),
        }
    }
}

impl Config {
    /// The routes; without any, everything goes everywhere.
    pub fn alert_routes(&self) -> Vec<Route> {
        if self.routes.is_empty() && !self.channels.is_empty() {
            return vec![Route::all(self.channels.iter().map(|c| c.name.clone()).collect())];
        }
        self.routes.iter().zip(1..).map(|(r, n)| r.route(n)).collect()
    }

    /// The brand of a schedule.
    pub fn scheduled_brand(&self, schedule: &ScheduleConfig) -> Result<String, ConfigError> {
        match (&schedule.brand, self.brands.as_slice()) {
            (Some(name), brands) if brands.iter().any(|b| &b.name == name) => Ok(name.clone()),
            (None, [only]) => Ok(only.name.clone()),
            (Some(name), _) => Err(ConfigError::Invalid(format!("a [[schedule]] is for the brand \"{name}\", which is not there"))),
            (None, _) => Err(ConfigError::Invalid("a [[schedule]] must say for which brand it is: brand = \"…\"".to_owned())),
        }
    }

    /// The address of the pages for links in messages, without a slash at its end.
    pub fn public_url(&self) -> String {
        let set = self.web.public_url.trim().trim_end_matches('/');
        if set.is_empty() { format!("http://{}", self.web.listen) } else { set.to_owned() }
    }

    /// What does not fit together among channels, routes and schedules.
    pub(super) fn validate_alerts(&self) -> Result<(), ConfigError> {
        let public = Url::parse(&self.public_url()).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        if public.is_none() {
            return invalid(format!("web.public_url = \"{}\": must begin with http:// or https://", self.web.public_url));
        }
        if self.alert.give_up.as_millis() < 60_000 {
            return invalid("alert.give_up: must be at least 1m".to_owned());
        }
        // A week back is looked for what nobody told, from the time on that people wait: what was told must be known as long.
        let least = (2 * WEEK_MS).saturating_add(self.alert.overdue.as_millis()).saturating_add(self.alert.give_up.as_millis());
        if self.alert.keep.as_millis() < least {
            return invalid(format!(
                "alert.keep: must be at least {} days, so that nothing is told twice (14 days, alert.overdue and alert.give_up together)",
                (least + DAY_MS - 1) / DAY_MS
            ));
        }
        if let Some(name) = first_repeat(self.channels.iter().map(|c| c.name.as_str())) {
            return invalid(format!("channel \"{name}\" is there twice; names must differ"));
        }
        for channel in &self.channels {
            if channel.name.trim().is_empty() || channel.name.chars().count() > 80 {
                return invalid("a [[channel]] needs a name of 1 to 80 characters".to_owned());
            }
            if let Some(wrong) = channel.wrong() {
                return invalid(format!("channel \"{}\": {wrong}", channel.name));
            }
        }
        self.validate_routes()
    }

    fn validate_routes(&self) -> Result<(), ConfigError> {
        let names: HashSet<&str> = self.channels.iter().map(|c| c.name.as_str()).collect();
        let routes = self.alert_routes();
        if let Some(name) = first_repeat(routes.iter().map(|r| r.name.as_str())) {
            return invalid(format!("route \"{name}\" is there twice; names must differ"));
        }
        for route in &routes {
            if let Some(name) = route.channels.iter().find(|c| !names.contains(c.as_str())) {
                return invalid(format!("{}: there is no channel \"{name}\"; add a [[channel]] with that name", route.name));
            }
            if route.channels.is_empty() {
                return invalid(format!("{} names no channel", route.name));
            }
            if let Some(name) = route.brands.iter().find(|b| !self.brands.iter().any(|known| &&known.name == b)) {
                return invalid(format!("{}: there is no brand \"{name}\"; add a [[brand]] with that name", route.name));
            }
        }
        for schedule in &self.schedules {
            self.scheduled_brand(schedule)?;
            match self.channels.iter().find(|c| c.name == schedule.channel) {
                Some(channel) if channel.kind == ChannelKind::Email => {}
                Some(_) => return invalid(format!("a [[schedule]] goes by e-mail; \"{}\" is another kind of channel", schedule.channel)),
                None => return invalid(format!("a [[schedule]] names the channel \"{}\", which is not there", schedule.channel)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let brand = "[[brand]]\nname = \"Acme\"\n";
        Config::parse(&format!("{brand}{text}"), "ebb.toml", std::iter::empty()).map_err(|e| e.to_string())
    }

    const SLACK: &str = "[[channel]]\nname = \"PR\"\nkind = \"slack\"\nurl = { env = \"SLACK\" }\n";

    #[test]
    fn without_routes_everything_goes_everywhere() {
        let config = parse(SLACK).expect("a channel");
        assert_eq!(config.alert_routes(), [Route::all(vec!["PR".to_owned()])]);
        assert_eq!(Config::default().alert_routes(), []);
        assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    }

    #[test]
    fn a_route_is_read_with_its_hours() {
        let text = "[[route]]\nchannels = [\"PR\"]\nincidents = [\"security\"]\nhours = \"mon-fri 08:00-18:00\"\nutc_offset = \"+01:00\"\ncool_down = \"1h\"\n";
        let route = parse(&format!("{SLACK}{text}")).expect("a route").alert_routes().remove(0);
        assert_eq!((route.name.as_str(), route.cool_down_ms, route.group_ms), ("route 1", 3_600_000, 60_000));
        assert!(route.hours.is_some());
        let wrong = parse(&format!("{SLACK}[[route]]\nchannels = [\"PR\"]\nhours = \"8 to 6\"\n")).expect_err("no hours");
        assert!(wrong.contains("line 9") && wrong.contains("mon-fri 08:00-18:00"), "{wrong}");
    }

    #[test]
    fn what_does_not_fit_is_said_with_the_way_to_mend_it() {
        let cases = [
            ("[[channel]]\nname = \"PR\"\nkind = \"slack\"\nurl = \"https://hooks.example/x\"\n", "url = { env = "),
            ("[[channel]]\nname = \"P\"\nkind = \"pagerduty\"\n", "needs a token"),
            ("[[channel]]\nname = \"M\"\nkind = \"email\"\nserver = \"m\"\n", "needs server, from and to"),
            (
                "[[channel]]\nname = \"M\"\nkind = \"email\"\nserver = \"m\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]\ntls = \"none\"\nuser = \"u\"\npassword = { env = \"P\" }\n",
                "without TLS",
            ),
            ("[[route]]\nchannels = [\"nowhere\"]\n", "no channel \"nowhere\""),
            ("[web]\npublic_url = \"ebb.example\"\n", "must begin with http"),
        ];
        for (text, expected) in cases {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.contains(expected), "{text}: {wrong}");
        }
        let twice = parse(&format!("{SLACK}{SLACK}")).expect_err("twice");
        assert!(twice.contains("twice"), "{twice}");
        let schedule = parse(&format!("{SLACK}[[schedule]]\nwhen = \"08:00\"\nchannel = \"PR\"\n")).expect_err("no mail");
        assert!(schedule.contains("another kind"), "{schedule}");
    }
}
