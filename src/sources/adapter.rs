//! One source as a value: its kind's adapter with its settings.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::facebook::Facebook;
use super::feed::Feed;
use super::hackernews::HackerNews;
use super::instagram::Instagram;
use super::mastodon::Mastodon;
use super::secret::Secrets;
use super::threads::Threads;
use super::wordpress::WordPress;
use super::x::X;
use super::{Http, PollError, SettingsError};
use crate::domain::brand::BrandTerms;
use crate::domain::budget::{Saving, Thrift};
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, Page, Recheck, SourceKind, SourceSpec};
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
    /// A Facebook page.
    Facebook(Box<Facebook>),
    /// Instagram.
    Instagram(Box<Instagram>),
    /// Threads.
    Threads(Box<Threads>),
    /// X.
    X(Box<X>),
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
            SourceKind::Facebook => Facebook::new(spec, secrets).map(|a| Self::Facebook(Box::new(a))),
            SourceKind::Instagram => Instagram::new(spec, secrets).map(|a| Self::Instagram(Box::new(a))),
            SourceKind::Threads => Threads::new(spec, secrets, terms).map(|a| Self::Threads(Box::new(a))),
            SourceKind::X => X::new(spec, secrets, terms).map(|x| Self::X(Box::new(x))),
            SourceKind::Import | SourceKind::Push => Err(SettingsError::NeverPolled { source_name: spec.name.clone() }),
        }
    }

    /// Asks for one page after `cursor`. `now` is the time of this request.
    pub async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        match self {
            Self::Feed(a) => a.poll(http, cursor, now).await,
            Self::WordPress(a) => a.poll(http, cursor, now).await,
            Self::Mastodon(a) => a.poll(http, cursor, now).await,
            Self::HackerNews(a) => a.poll(http, cursor, now).await,
            Self::Facebook(a) => a.poll(http, cursor, now).await,
            Self::Instagram(a) => a.poll(http, cursor, now).await,
            Self::Threads(a) => a.poll(http, cursor, now).await,
            Self::X(a) => a.poll(http, cursor, now).await,
        }
    }

    /// Re-reads known posts, at most [`Adapter::recheck_batch`] of them. A key in none of the three
    /// answers could not be judged this time.
    pub async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        match self {
            Self::Feed(_) => Ok(Recheck::default()),
            Self::WordPress(a) => a.recheck(http, keys, now).await,
            Self::Mastodon(a) => a.recheck(http, keys, now).await,
            Self::HackerNews(a) => a.recheck(http, keys, now).await,
            Self::Facebook(a) => a.recheck(http, keys, now).await,
            Self::Instagram(a) => a.recheck(http, keys, now).await,
            Self::Threads(a) => a.recheck(http, keys, now).await,
            Self::X(a) => a.recheck(http, keys, now).await,
        }
    }

    /// How sparingly to read from now on. A source that can read a part of the time reads that part; for others only the time
    /// between polls can grow.
    pub fn thrift(&self, thrift: Thrift) -> Saving {
        match self {
            Self::X(a) => {
                a.thrift(thrift);
                Saving::Samples
            }
            _ => Saving::AsksLess,
        }
    }

    /// Posts that one recheck takes; 0: posts of this source cannot be re-read.
    pub const fn recheck_batch(&self) -> usize {
        match self {
            // A feed is a sliding window: what is not in it is not gone.
            Self::Feed(_) => 0,
            Self::WordPress(_) => 100,
            Self::Mastodon(_) | Self::HackerNews(_) => 20,
            Self::Facebook(_) | Self::Instagram(_) | Self::Threads(_) => super::graph::BATCH,
            Self::X(_) => super::x::BATCH,
        }
    }
}

/// Reads the settings of a source, with the key named when they are wrong.
pub(super) fn settings<T: DeserializeOwned>(spec: &SourceSpec) -> Result<T, SettingsError> {
    T::deserialize(&spec.settings).map_err(|e| SettingsError::settings(&spec.name, e.to_string()))
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
