//! One source as a value: its kind's adapter with its settings.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::appstore::AppStore;
use super::bluesky::Bluesky;
use super::discourse::Discourse;
use super::disqus::Disqus;
use super::facebook::Facebook;
use super::feed::Feed;
use super::ghost::Ghost;
use super::github::Github;
use super::googlebusiness::GoogleBusiness;
use super::googleplay::GooglePlay;
use super::hackernews::HackerNews;
use super::instagram::Instagram;
use super::isso::Isso;
use super::lemmy::Lemmy;
use super::linkedin::LinkedIn;
use super::mastodon::Mastodon;
use super::news::News;
use super::reddit::Reddit;
use super::remark42::Remark42;
use super::secret::Secrets;
use super::stackexchange::StackExchange;
use super::statuspage::Statuspage;
use super::telegram::Telegram;
use super::threads::Threads;
use super::trustpilot::Trustpilot;
use super::wordpress::WordPress;
use super::x::X;
use super::youtube::YouTube;
use super::{Http, PollError, SettingsError, walk};
use crate::domain::brand::BrandTerms;
use crate::domain::budget::{Budget, Saving, Thrift};
use crate::domain::post::PostKey;
use crate::domain::source::{Bulk, Cursor, Page, Recheck, SourceKind, SourceSpec};
use crate::domain::time::Millis;

/// Speaks to one source.
#[derive(Debug)]
pub enum Adapter {
    /// RSS, Atom or JSON feed.
    Feed(Feed),
    /// Comments of a WordPress site.
    WordPress(WordPress),
    /// A server with Mastodon's API.
    Mastodon(Mastodon),
    /// Hacker News.
    HackerNews(HackerNews),
    /// App Store reviews, by the public feed or App Store Connect.
    AppStore(AppStore),
    /// Bluesky: the stream of all posts, or its search.
    Bluesky(Box<Bluesky>),
    /// All public posts of a Discourse forum.
    Discourse(Discourse),
    /// Comments of a Disqus forum.
    Disqus(Disqus),
    /// Comments of a Ghost site.
    Ghost(Ghost),
    /// Issues, discussions and their comments on GitHub.
    Github(Github),
    /// Reviews of an own location on Google.
    GoogleBusiness(Box<GoogleBusiness>),
    /// Reviews of an own app on Google Play.
    GooglePlay(Box<GooglePlay>),
    /// Comments of an Isso server.
    Isso(Isso),
    /// Posts and comments that a Lemmy server finds.
    Lemmy(Lemmy),
    /// News found by a search feed.
    News(News),
    /// Comments of a Remark42 site.
    Remark42(Remark42),
    /// Questions and answers of a Stack Exchange site.
    StackExchange(StackExchange),
    /// Telegram channels and groups that a bot is in.
    Telegram(Telegram),
    /// Reviews of a business on Trustpilot.
    Trustpilot(Trustpilot),
    /// A Facebook page.
    Facebook(Box<Facebook>),
    /// Instagram.
    Instagram(Box<Instagram>),
    /// LinkedIn.
    LinkedIn(Box<LinkedIn>),
    /// Reddit.
    Reddit(Box<Reddit>),
    /// A status page: the brand's own words.
    Statuspage(Statuspage),
    /// Threads.
    Threads(Box<Threads>),
    /// X.
    X(Box<X>),
    /// YouTube.
    YouTube(Box<YouTube>),
}

impl Adapter {
    /// The adapter of a configured source.
    ///
    /// `secrets` resolves what the settings name; `terms` are the brand's words, for the platforms
    /// that are searched.
    pub fn from_spec(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        match spec.kind {
            SourceKind::Feed => Feed::new(spec).map(Self::Feed),
            SourceKind::Wordpress => WordPress::new(spec).map(Self::WordPress),
            SourceKind::Mastodon => Mastodon::new(spec, secrets, terms).map(Self::Mastodon),
            SourceKind::Hackernews => HackerNews::new(spec, terms).map(Self::HackerNews),
            SourceKind::AppStore => AppStore::new(spec, secrets).map(Self::AppStore),
            SourceKind::Bluesky => Bluesky::new(spec, secrets, terms).map(|a| Self::Bluesky(Box::new(a))),
            SourceKind::Discourse => Discourse::new(spec, secrets).map(Self::Discourse),
            SourceKind::Disqus => Disqus::new(spec, secrets).map(Self::Disqus),
            SourceKind::Ghost => Ghost::new(spec).map(Self::Ghost),
            SourceKind::Github => Github::new(spec, secrets, terms).map(Self::Github),
            SourceKind::GoogleBusiness => GoogleBusiness::new(spec, secrets).map(|a| Self::GoogleBusiness(Box::new(a))),
            SourceKind::GooglePlay => GooglePlay::new(spec, secrets).map(|a| Self::GooglePlay(Box::new(a))),
            SourceKind::Isso => Isso::new(spec).map(Self::Isso),
            SourceKind::Lemmy => Lemmy::new(spec, terms).map(Self::Lemmy),
            SourceKind::News => News::new(spec, terms).map(Self::News),
            SourceKind::Remark42 => Remark42::new(spec).map(Self::Remark42),
            SourceKind::StackExchange => StackExchange::new(spec, secrets, terms).map(Self::StackExchange),
            SourceKind::Telegram => Telegram::new(spec, secrets).map(Self::Telegram),
            SourceKind::Trustpilot => Trustpilot::new(spec, secrets).map(Self::Trustpilot),
            SourceKind::Facebook => Facebook::new(spec, secrets).map(|a| Self::Facebook(Box::new(a))),
            SourceKind::Instagram => Instagram::new(spec, secrets).map(|a| Self::Instagram(Box::new(a))),
            SourceKind::Linkedin => LinkedIn::new(spec, secrets).map(|a| Self::LinkedIn(Box::new(a))),
            SourceKind::Reddit => Reddit::new(spec, secrets, terms).map(|a| Self::Reddit(Box::new(a))),
            SourceKind::Statuspage => Statuspage::new(spec).map(Self::Statuspage),
            SourceKind::Threads => Threads::new(spec, secrets, terms).map(|a| Self::Threads(Box::new(a))),
            SourceKind::X => X::new(spec, secrets, terms).map(|x| Self::X(Box::new(x))),
            SourceKind::Youtube => YouTube::new(spec, secrets, terms).map(|a| Self::YouTube(Box::new(a))),
            SourceKind::Import | SourceKind::Push => Err(SettingsError::NeverPolled { source_name: spec.name.clone() }),
        }
    }

    /// Asks for one page after `cursor`. `now` is the time of this request.
    pub async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        // Boxed: as large as the largest of all platforms, it would lie in every future around it.
        Box::pin(self.poll_platform(http, cursor, now)).await
    }

    async fn poll_platform(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        match self {
            Self::Feed(a) => a.poll(http, cursor, now).await,
            Self::WordPress(a) => a.poll(http, cursor, now).await,
            Self::Mastodon(a) => a.poll(http, cursor, now).await,
            Self::HackerNews(a) => a.poll(http, cursor, now).await,
            Self::AppStore(a) => walk::poll(a, http, cursor, now).await,
            Self::Bluesky(a) => a.poll(http, cursor, now).await,
            Self::Discourse(a) => walk::poll(a, http, cursor, now).await,
            Self::Disqus(a) => walk::poll(a, http, cursor, now).await,
            Self::Ghost(a) => walk::poll(a, http, cursor, now).await,
            Self::Github(a) => walk::poll(a, http, cursor, now).await,
            Self::GoogleBusiness(a) => walk::poll(a.as_ref(), http, cursor, now).await,
            Self::GooglePlay(a) => walk::poll(a.as_ref(), http, cursor, now).await,
            Self::Isso(a) => walk::poll(a, http, cursor, now).await,
            Self::Lemmy(a) => walk::poll(a, http, cursor, now).await,
            Self::News(a) => a.poll(http, cursor, now).await,
            Self::Remark42(a) => walk::poll(a, http, cursor, now).await,
            Self::StackExchange(a) => walk::poll(a, http, cursor, now).await,
            Self::Telegram(a) => a.poll(http, cursor, now).await,
            Self::Trustpilot(a) => walk::poll(a, http, cursor, now).await,
            Self::Facebook(a) => a.poll(http, cursor, now).await,
            Self::Instagram(a) => a.poll(http, cursor, now).await,
            Self::LinkedIn(a) => a.poll(http, cursor, now).await,
            Self::Reddit(a) => a.poll(http, cursor, now).await,
            Self::Statuspage(a) => a.poll(http, cursor, now).await,
            Self::Threads(a) => a.poll(http, cursor, now).await,
            Self::X(a) => a.poll(http, cursor, now).await,
            Self::YouTube(a) => a.poll(http, cursor, now).await,
        }
    }

    /// Re-reads known posts, at most [`Adapter::recheck_batch`] of them. A key in none of its lists could not be judged this time.
    pub async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        Box::pin(self.recheck_platform(http, keys, now)).await
    }

    async fn recheck_platform(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        match self {
            Self::Feed(_) | Self::GooglePlay(_) | Self::LinkedIn(_) | Self::News(_) | Self::Statuspage(_) | Self::Telegram(_) => {
                Ok(Recheck::default())
            }
            Self::WordPress(a) => a.recheck(http, keys, now).await,
            Self::Mastodon(a) => a.recheck(http, keys, now).await,
            Self::HackerNews(a) => a.recheck(http, keys, now).await,
            Self::AppStore(a) => a.recheck(http, keys, now).await,
            Self::Bluesky(a) => a.recheck(http, keys, now).await,
            Self::Discourse(a) => a.recheck(http, keys, now).await,
            Self::Disqus(a) => a.recheck(http, keys, now).await,
            Self::Ghost(a) => a.recheck(http, keys, now).await,
            Self::Github(a) => a.recheck(http, keys, now).await,
            Self::GoogleBusiness(a) => a.recheck(http, keys, now).await,
            Self::Isso(a) => a.recheck(http, keys, now).await,
            Self::Lemmy(a) => a.recheck(http, keys, now).await,
            Self::Remark42(a) => a.recheck(http, keys, now).await,
            Self::StackExchange(a) => a.recheck(http, keys, now).await,
            Self::Trustpilot(a) => a.recheck(http, keys, now).await,
            Self::Facebook(a) => a.recheck(http, keys, now).await,
            Self::Instagram(a) => a.recheck(http, keys, now).await,
            Self::Reddit(a) => a.recheck(http, keys, now).await,
            Self::Threads(a) => a.recheck(http, keys, now).await,
            Self::X(a) => a.recheck(http, keys, now).await,
            Self::YouTube(a) => a.recheck(http, keys, now).await,
        }
    }

    /// How the platform tells of deletions for many posts at once.
    pub fn bulk(&self, http: &Http, now: Millis) -> Option<Bulk> {
        match self {
            Self::X(a) => Some(a.bulk(http, now)),
            _ => None,
        }
    }

    /// Goes on with such a check.
    pub async fn check_in_bulk(&self, http: &Http, due: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        match self {
            Self::X(a) => Box::pin(a.check_in_bulk(http, due, now)).await,
            _ => Ok(Recheck::default()),
        }
    }

    /// How sparingly to read from now on. A source that can read a part of the time reads that part; for others only the time
    /// between polls can grow.
    pub fn thrift(&self, thrift: Thrift) -> Saving {
        match self {
            Self::X(a) => {
                a.thrift(thrift);
                Saving::of(SourceKind::X)
            }
            _ => Saving::AsksLess,
        }
    }

    /// Posts that one recheck takes; 0: posts of this source cannot be re-read.
    pub const fn recheck_batch(&self) -> usize {
        match self {
            // A feed is a sliding window: what is not in it is not gone. LinkedIn's notifications tell of edits and deletions
            // for as long as words are kept. What a status page says is no mention.
            Self::Feed(_) | Self::GooglePlay(_) | Self::LinkedIn(_) | Self::News(_) | Self::Statuspage(_) | Self::Telegram(_) => 0,
            Self::WordPress(_) | Self::StackExchange(_) => 100,
            Self::AppStore(a) => a.recheck_batch(),
            Self::Bluesky(_) => 25,
            Self::Discourse(_) | Self::Disqus(_) | Self::Ghost(_) | Self::GoogleBusiness(_) | Self::Lemmy(_) | Self::Trustpilot(_) => 10,
            Self::Isso(_) | Self::Remark42(_) => 50,
            Self::Github(_) | Self::Mastodon(_) | Self::HackerNews(_) => 20,
            Self::Facebook(_) | Self::Instagram(_) | Self::Threads(_) => super::graph::BATCH,
            Self::Reddit(_) => super::reddit::BATCH,
            Self::X(_) => super::x::BATCH,
            Self::YouTube(_) => super::youtube::BATCH,
        }
    }
}

/// Reads the settings of a source, with the key named when they are wrong.
///
/// The budget is for whoever polls, and no adapter's own.
pub(super) fn settings<T: DeserializeOwned>(spec: &SourceSpec) -> Result<T, SettingsError> {
    Budget::of(&spec.settings).map_err(|what| SettingsError::settings(&spec.name, what))?;
    let mut own = spec.settings.clone();
    if let Some(map) = own.as_object_mut() {
        map.remove("budget");
    }
    T::deserialize(&own).map_err(|e| SettingsError::settings(&spec.name, e.to_string()))
}

/// A configured address: absolute, `http` or `https`, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Address(pub Url);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&whole).map_err(|e| format!("`url` is no web address: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("`url` must begin with http:// or https://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("`url` holds a user name or password, and settings are no place for secrets".to_owned());
        }
        url.set_fragment(None);
        Ok(Self(url))
    }
}

/// The configured address of a platform's interface, else its own one.
pub(super) fn base(given: Option<Address>, default: &str, source: &str) -> Result<Url, SettingsError> {
    given.map_or_else(|| Url::parse(default).map_err(|e| SettingsError::settings(source, e.to_string())), |given| Ok(given.0))
}

/// What is searched for: the configured phrases, else the brand's names. Quotation marks are put around them later.
pub(super) fn queries(given: Vec<String>, terms: &BrandTerms, source: &str) -> Result<Vec<String>, SettingsError> {
    let given = if given.is_empty() { terms.names.clone() } else { given };
    let mut queries: Vec<String> = given.iter().map(|q| q.replace('"', " ").trim().to_owned()).filter(|q| !q.is_empty()).collect();
    queries.dedup();
    if queries.is_empty() {
        return Err(SettingsError::settings(source, "nothing to search for: give the brand a name, or this source `queries`"));
    }
    Ok(queries)
}

/// `base` with more path and a query. The path of `base` is kept, for sites in a folder.
pub(super) fn join(base: &Url, path: &str, query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    let folder = base.path().trim_end_matches('/');
    url.set_path(&format!("{folder}{path}"));
    url.set_query(None);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}
