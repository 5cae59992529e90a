//! The configuration: one TOML file, every key with a default, any key settable from the environment.
//!
//! [`DEFAULT_FILE`] is what `ebb config` prints; a test reads it back, so that it cannot drift from the types.

mod alert;
mod duration;
mod env;
mod explain;
mod sense;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::brand::{BrandTerms, FilterMode, NearRule};
use crate::domain::engine::{Device, EngineKind};
use crate::domain::secret::SecretRef;
use crate::domain::source::{SourceKind, Take};

pub use alert::{Address, AlertConfig, ChannelConfig, MailTls, RouteConfig, ScheduleConfig};
pub use duration::{BadDuration, Duration};

/// The documented defaults, as `ebb config` prints them.
pub const DEFAULT_FILE: &str = include_str!("default.toml");

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where data is kept.
    pub database: Database,
    /// How Ebb behaves towards other people's servers.
    pub http: Http,
    /// The pages.
    pub web: Web,
    /// The model.
    pub score: Score,
    /// When it is over, and who is flagged.
    pub assess: Assess,
    /// What is worth an alert.
    pub alert: AlertConfig,
    /// How alerts go out.
    #[serde(rename = "channel")]
    pub channels: Vec<ChannelConfig>,
    /// Who is told what.
    #[serde(rename = "route")]
    pub routes: Vec<RouteConfig>,
    /// Summaries by e-mail.
    #[serde(rename = "schedule")]
    pub schedules: Vec<ScheduleConfig>,
    /// Posts that are brought instead of asked for.
    pub intake: Intake,
    /// What is watched.
    #[serde(rename = "brand")]
    pub brands: Vec<BrandConfig>,
    /// Where.
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: String,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// An address or page for server owners, sent in the User-Agent. Empty: none.
    pub contact: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence within an answer.
    pub read_timeout: Duration,
}

/// `[web]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Loopback address and port of the pages.
    pub listen: SocketAddr,
    /// Where people reach the pages, for links in messages and reports. Empty: messages name the address that is listened
    /// on, and reports carry no links.
    pub public_url: String,
}

/// `[score]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// Threads for the model; 0: one a core.
    pub threads: usize,
    /// Where `ebb model` keeps models from elsewhere, and the choice among them.
    pub folder: PathBuf,
    /// A model that is used instead of the choice there. Empty: none.
    pub model: PathBuf,
    /// What runs a model from elsewhere.
    pub engine: EngineKind,
    /// Where libtorch computes.
    pub device: Device,
}

/// `[assess]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Assess {
    /// How long we may say nothing while concern is raised, before the silence alarm begins.
    pub silence_alarm: Duration,
    /// How long concern must stay calm before an incident counts as recovered.
    pub hold: Duration,
    /// Below this share of what should have been read, the verdict is `unknown`. 0..=1.
    pub min_coverage: f64,
    /// Severity from which a negative mention flags its author. 0..=1.
    pub flag_severity: f64,
    /// How often a calm brand may be proposed as an incident, a week, in the mean. Above 0, at most 50.
    pub false_alarms_per_week: f64,
    /// How long a closed incident is still judged.
    pub watch: Duration,
}

/// `[intake]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Signs deliveries to `POST /api/v1/mentions`. `None`: none are taken.
    pub secret: Option<SecretRef>,
    /// The watched folder.
    pub folder: Option<PathBuf>,
    /// The brand of posts that name none; may be left out when there is one.
    pub brand: Option<String>,
}

/// `[[brand]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct BrandConfig {
    /// Shown name.
    pub name: String,
    /// Names and phrases; the shown name when left out.
    #[serde(default)]
    pub names: Vec<String>,
    /// Account names without `@`.
    #[serde(default)]
    pub handles: Vec<String>,
    /// Hashtags without `#`.
    #[serde(default)]
    pub hashtags: Vec<String>,
    /// Two phrases, and how many words may stand between them.
    #[serde(default)]
    pub near: Vec<NearRule>,
    /// Domains that links lead to.
    #[serde(default)]
    pub links: Vec<String>,
    /// Phrases of namesakes.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Phrases of namesakes near each other.
    #[serde(default)]
    pub exclude_near: Vec<NearRule>,
    /// Domains of namesakes.
    #[serde(default)]
    pub exclude_links: Vec<String>,
    /// The brand's own accounts.
    #[serde(default)]
    pub own_accounts: Vec<String>,
    /// Whether marked mentions of other brands teach a filter.
    #[serde(default)]
    pub filter: FilterMode,
}

impl BrandConfig {
    /// What names the brand: the shown name when `names` is empty.
    pub fn terms(&self) -> BrandTerms {
        let names = if self.names.is_empty() { vec![self.name.clone()] } else { self.names.clone() };
        BrandTerms {
            names,
            handles: self.handles.clone(),
            hashtags: self.hashtags.clone(),
            near: self.near.clone(),
            links: self.links.clone(),
            exclude: self.exclude.clone(),
            exclude_near: self.exclude_near.clone(),
            exclude_links: self.exclude_links.clone(),
            own_accounts: self.own_accounts.clone(),
            filter: self.filter,
        }
    }
}

/// `[[source]]`: the keys below, and those of its kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SourceConfig {
    /// Unique name.
    pub name: String,
    /// The adapter.
    pub kind: SourceKind,
    /// Name of the brand; may be left out when there is one brand.
    pub brand: Option<String>,
    /// All posts, or those that name the brand.
    #[serde(default)]
    pub take: Take,
    /// Time between polls when nothing is wrong.
    #[serde(default = "five_minutes")]
    pub every: Duration,
    /// What the adapter needs; it refuses keys that it does not know.
    #[serde(flatten)]
    pub settings: BTreeMap<String, toml::Value>,
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

impl Default for Score {
    fn default() -> Self {
        Self {
            threads: 0,
            folder: PathBuf::from("ebb-models"),
            model: PathBuf::new(),
            engine: EngineKind::default(),
            device: Device::default(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:ebb.db".to_owned() }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { contact: String::new(), connect_timeout: Duration::from_secs(10), read_timeout: Duration::from_secs(30) }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), public_url: String::new() }
    }
}

impl Default for Assess {
    fn default() -> Self {
        Self {
            silence_alarm: Duration::from_secs(4 * 3600),
            hold: Duration::from_secs(72 * 3600),
            min_coverage: 0.6,
            flag_severity: 0.4,
            false_alarms_per_week: 0.3,
            watch: Duration::from_secs(14 * 24 * 3600),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is not TOML, a key is unknown, or a value is of the wrong type.
    #[error("{place}: {message}")]
    Syntax {
        /// File and line, or the environment variable.
        place: String,
        /// What is wrong and what is known instead.
        message: String,
    },
    /// The values do not fit together.
    #[error("{0}")]
    Invalid(String),
}

impl Config {
    /// Reads `path` (or nothing: the defaults) and lays `environment` over it.
    pub fn load(path: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let (text, place) = match path {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
                (text, path.display().to_string())
            }
            None => (String::new(), "the environment".to_owned()),
        };
        Self::parse(&text, &place, environment)
    }

    /// Reads `text`, naming `place` in errors, and lays `environment` over it.
    pub fn parse(text: &str, place: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        // The file alone first, so that an error can name the line.
        let _: Self = toml::from_str(text).map_err(|e| explain::with_line(&e, text, place))?;
        let mut table: toml::Table = toml::from_str(text).map_err(|e| explain::with_line(&e, text, place))?;
        let set = env::lay_over(&mut table, environment)?;
        let config: Self = table.try_into().map_err(|e| explain::with_variables(&e, &set, place))?;
        config.validate()?;
        Ok(config)
    }

    /// The brand that a source is for.
    pub fn brand_of<'a>(&'a self, source: &'a SourceConfig) -> Result<&'a str, ConfigError> {
        match (&source.brand, self.brands.as_slice()) {
            (Some(name), brands) if brands.iter().any(|b| &b.name == name) => Ok(name),
            (Some(name), _) => Err(ConfigError::Invalid(format!(
                "source \"{}\": there is no brand \"{name}\"; add a [[brand]] with that name",
                source.name
            ))),
            (None, [only]) => Ok(&only.name),
            (None, []) => Err(ConfigError::Invalid(format!("source \"{}\": there is no brand; add a [[brand]]", source.name))),
            (None, _) => {
                Err(ConfigError::Invalid(format!("source \"{}\": there are several brands; say which with `brand = …`", source.name)))
            }
        }
    }

    /// What names the brand that a source is for.
    pub fn terms_of(&self, source: &SourceConfig) -> Result<BrandTerms, ConfigError> {
        let name = self.brand_of(source)?;
        Ok(self.brands.iter().find(|b| b.name == name).map(BrandConfig::terms).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, "ebb.toml", std::iter::empty()).map_err(|e| e.to_string())
    }

    fn with_env(text: &str, vars: &[(&str, &str)]) -> Result<Config, String> {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::parse(text, "ebb.toml", vars).map_err(|e| e.to_string())
    }

    #[test]
    fn the_printed_default_is_the_default() {
        assert_eq!(parse(DEFAULT_FILE).expect("the default file"), Config::default());
    }

    #[test]
    fn the_example_in_the_printed_default_works_when_its_comment_signs_are_removed() {
        let example = DEFAULT_FILE.split("# --- example ---").nth(1).expect("an example");
        let text = example.lines().filter_map(|l| l.strip_prefix("#: ")).collect::<Vec<_>>().join("\n");
        let config = parse(&text).expect("the example");
        assert_eq!(config.brands.len(), 1);
        assert!(config.sources.len() >= 4);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
        let error = parse("[assess]\nhodl = \"72h\"\n").expect_err("unknown");
        assert_eq!(error, "ebb.toml, line 2: unknown key `hodl`; did you mean `hold`?");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_line() {
        let error = parse("[assess]\nhold = \"tomorrow\"\n").expect_err("no duration");
        assert!(error.starts_with("ebb.toml, line 2: `tomorrow` is no duration"), "{error}");
    }

    #[test]
    fn any_key_can_be_set_from_the_environment() {
        let config = with_env(
            "[[brand]]\nname = \"Acme\"\n[[source]]\nname = \"hn\"\nkind = \"hackernews\"\n",
            &[("EBB_ASSESS__HOLD", "24h"), ("EBB_SCORE__THREADS", "3"), ("EBB_SOURCE__0__EVERY", "2m"), ("EBB_MASTODON_TOKEN", "x")],
        )
        .expect("set");
        assert_eq!(config.assess.hold, Duration::from_secs(24 * 3600));
        assert_eq!(config.score.threads, 3);
        assert_eq!(config.sources[0].every, Duration::from_secs(120));
    }

    #[test]
    fn an_unknown_key_in_the_environment_is_refused_by_name() {
        let error = with_env("", &[("EBB_ASSESS__HODL", "24h")]).expect_err("unknown");
        assert!(error.contains("EBB_ASSESS__HODL") && error.contains("`hold`"), "{error}");
    }

    #[test]
    fn intake_names_its_secret_and_never_holds_it() {
        let intake = |text: &str| parse(&format!("[intake]\n{text}\n[[brand]]\nname = \"Acme\"\n"));
        let config = intake("secret = { env = \"EBB_INTAKE_SECRET\" }\nfolder = \"/srv/in\"\nbrand = \"Acme\"").expect("an intake");
        assert_eq!(config.intake.secret, Some(SecretRef::Env("EBB_INTAKE_SECRET".to_owned())));
        assert!(intake("secret = \"0123456789abcdef\"").is_err());
        assert!(intake("brand = \"Bolt\"").expect_err("unknown").contains("no brand \"Bolt\""));
    }

    #[test]
    fn rules_of_a_brand_are_read_and_senseless_ones_refused() {
        let brand = |rules: &str| parse(&format!("[[brand]]\nname = \"Acme\"\n{rules}"));
        let config = brand("near = [[\"acme\", \"outage\", 5]]\nlinks = [\"acme.example\"]\nfilter = \"off\"").expect("rules");
        let terms = config.brands[0].terms();
        assert_eq!((terms.near[0].second.as_str(), terms.near[0].words, terms.filter), ("outage", 5, FilterMode::Off));
        for (bad, words) in [
            ("near = [[\"acme\", \"outage\", 0]]", "brand \"Acme\": a near rule allows 0 words"),
            ("near = [[\"acme\", \"acme\", 2]]", "the same words twice"),
            ("near = [[\"acme\", \"outage\"]]", "line 3"),
            ("links = [\"https://acme.example\"]", "is no domain"),
            ("names = [\"X\"]", "single letter"),
        ] {
            let error = brand(bad).expect_err(bad);
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_source_must_name_its_brand_when_there_are_several() {
        let text = "[[brand]]\nname = \"Ann\"\n[[brand]]\nname = \"Bob\"\n[[source]]\nname = \"s\"\nkind = \"hackernews\"\n";
        assert!(parse(text).expect_err("ambiguous").contains("several brands"));
    }
}
