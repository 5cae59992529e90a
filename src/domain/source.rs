//! A configured place to poll, and what one poll brings back.

use serde::{Deserialize, Serialize};

use super::ids::{BrandId, SourceId};
use super::post::{Post, PostKey};
use super::statement::Statement;
use super::time::{Millis, Span};

/// Which adapter speaks to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// RSS, Atom or JSON feed, comment feeds too.
    Feed,
    /// Comments of a WordPress site.
    Wordpress,
    /// Any server that speaks Mastodon's API.
    Mastodon,
    /// Hacker News through its search.
    Hackernews,
    /// App Store reviews, by the public feed or App Store Connect.
    AppStore,
    /// Bluesky: the stream of all posts, or its search.
    Bluesky,
    /// All public posts of a Discourse forum.
    Discourse,
    /// Comments of a Disqus forum.
    Disqus,
    /// Comments of a Ghost site.
    Ghost,
    /// Issues, discussions and their comments on GitHub.
    Github,
    /// Reviews of an own location on Google.
    GoogleBusiness,
    /// Reviews of an own app on Google Play.
    GooglePlay,
    /// Comments of an Isso server.
    Isso,
    /// Posts and comments that a Lemmy server finds.
    Lemmy,
    /// News found by a search feed.
    News,
    /// Comments of a Remark42 site.
    Remark42,
    /// Questions and answers of a Stack Exchange site.
    StackExchange,
    /// Telegram channels and groups that a bot is in.
    Telegram,
    /// Reviews of a business on Trustpilot.
    Trustpilot,
    /// A Facebook page.
    Facebook,
    /// An Instagram professional account.
    Instagram,
    /// A LinkedIn organisation.
    Linkedin,
    /// Reddit.
    Reddit,
    /// A status page: the brand's own words, which are no mentions.
    Statuspage,
    /// Threads.
    Threads,
    /// X, through its recent search.
    X,
    /// Comments on YouTube.
    Youtube,
    /// Rows from `ebb import`; never polled.
    Import,
    /// Sent to us, or put into the watched folder; never polled.
    Push,
}

impl SourceKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::Feed,
        Self::Wordpress,
        Self::Mastodon,
        Self::Hackernews,
        Self::AppStore,
        Self::Bluesky,
        Self::Discourse,
        Self::Disqus,
        Self::Ghost,
        Self::Github,
        Self::GoogleBusiness,
        Self::GooglePlay,
        Self::Isso,
        Self::Lemmy,
        Self::News,
        Self::Remark42,
        Self::StackExchange,
        Self::Telegram,
        Self::Trustpilot,
        Self::Facebook,
        Self::Instagram,
        Self::Linkedin,
        Self::Reddit,
        Self::Statuspage,
        Self::Threads,
        Self::X,
        Self::Youtube,
        Self::Import,
        Self::Push,
    ];

    /// The word in configuration and store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Wordpress => "wordpress",
            Self::Mastodon => "mastodon",
            Self::Hackernews => "hackernews",
            Self::AppStore => "appstore",
            Self::Bluesky => "bluesky",
            Self::Discourse => "discourse",
            Self::Disqus => "disqus",
            Self::Ghost => "ghost",
            Self::Github => "github",
            Self::GoogleBusiness => "googlebusiness",
            Self::GooglePlay => "googleplay",
            Self::Isso => "isso",
            Self::Lemmy => "lemmy",
            Self::News => "news",
            Self::Remark42 => "remark42",
            Self::StackExchange => "stackexchange",
            Self::Telegram => "telegram",
            Self::Trustpilot => "trustpilot",
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Linkedin => "linkedin",
            Self::Reddit => "reddit",
            Self::Statuspage => "statuspage",
            Self::Threads => "threads",
            Self::X => "x",
            Self::Youtube => "youtube",
            Self::Import => "import",
            Self::Push => "push",
        }
    }

    /// Whether somebody asks it; the others bring what they have.
    pub const fn is_polled(self) -> bool {
        !matches!(self, Self::Import | Self::Push)
    }

    /// The kind of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == word)
    }
}

/// Which of a source's posts are mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// Those whose text names the brand.
    #[default]
    Matching,
    /// All: the place is about the brand (its own blog, its own forum).
    All,
}

/// A source as configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// Unique name, shown on pages.
    pub name: String,
    /// The adapter.
    pub kind: SourceKind,
    /// The brand whose mentions it looks for.
    pub brand: BrandId,
    /// All posts, or those that name the brand.
    pub take: Take,
    /// Milliseconds between polls when nothing is wrong.
    pub every_ms: i64,
    /// What the adapter needs, such as an address or a hashtag; never a secret. See `sources`.
    pub settings: serde_json::Value,
}

/// Where polling goes on: text that only the adapter understands. Empty before the first poll.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// What makes an account one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKey {
    /// Such as `bluesky`.
    pub platform: String,
    /// The host for federated and self-hosted software; a constant elsewhere.
    pub instance: String,
    /// The platform's own id.
    pub native_id: String,
}

/// What one request to a source brought.
///
/// The cursor is saved with the posts in one transaction; it never moves past what was not kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Posts, in any order; repeats are expected (overlap windows).
    pub posts: Vec<Post>,
    /// Posts that the platform says are deleted.
    pub gone: Vec<PostKey>,
    /// Accounts that the platform says are closed or hidden, with all their posts.
    pub closed: Vec<AccountKey>,
    /// Where to go on after these posts are kept.
    pub cursor: Cursor,
    /// The stretch of time that is now fully read, once a chain of pages is complete. `None`: not known, or the chain goes on.
    pub covered: Option<Span>,
    /// Whether another request is wanted at once.
    pub more: More,
    /// The server's wish: not before this time.
    pub not_before: Option<Millis>,
    /// What the brand says itself: updates of the timeline, never mentions. Repeats are expected.
    pub updates: Vec<Statement>,
}

/// Whether the chain of pages goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum More {
    /// Caught up.
    #[default]
    CaughtUp,
    /// There is more now.
    Now,
}

/// What re-reading known posts by id brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recheck {
    /// Still there, perhaps with new text.
    pub present: Vec<Post>,
    /// Not in the answer: gone, hidden or held; only a second miss an hour later counts as deletion.
    pub missing: Vec<PostKey>,
    /// The platform says deleted.
    pub gone: Vec<PostKey>,
    /// The platform says that nothing happened to them, and shows no words.
    pub checked: Vec<PostKey>,
}

/// How a platform tells of deletions for many known posts at once. It shows no words, so it is for posts that cannot be edited any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// Posts older than this are checked so; younger ones are read again. Milliseconds.
    pub older_than_ms: i64,
    /// Posts wanted now, at most: none while a check is under way.
    pub batch: usize,
}

/// How a source does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceHealth {
    /// Row id.
    pub id: SourceId,
    /// As configured.
    pub spec: SourceSpec,
    /// Still in the configuration.
    pub enabled: bool,
    /// When it last answered.
    pub last_success_at: Option<Millis>,
    /// When it was last asked.
    pub last_poll_at: Option<Millis>,
    /// When it is asked next.
    pub next_poll_at: Option<Millis>,
    /// Failures in a row; 0 when well.
    pub failures: i64,
    /// What is wrong and how to mend it, in words.
    pub last_error: Option<String>,
    /// Time of the newest post that it ever delivered.
    pub newest_post_at: Option<Millis>,
    /// Mentions kept from it.
    pub mentions: i64,
}

impl SourceHealth {
    /// Since when nothing was heard from it, when that is much longer than it should take: six intervals, and an hour at
    /// least. `None` for one that answers, was never heard, is filled by hand or is switched off.
    pub fn silent_since(&self, now: Millis) -> Option<Millis> {
        let patience = self.patience_ms();
        self.last_success_at.filter(|at| self.enabled && self.spec.kind != SourceKind::Import && now.since(*at) > patience)
    }

    /// How long it may be quiet, milliseconds.
    pub fn patience_ms(&self) -> i64 {
        self.spec.every_ms.saturating_mul(6).max(super::time::HOUR_MS)
    }
}

/// Polling of one source in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HourCoverage {
    /// The source.
    pub source: SourceId,
    /// Start of the hour.
    pub hour: Millis,
    /// Polls started.
    pub asked: i64,
    /// Polls answered.
    pub answered: i64,
    /// New posts kept.
    pub items: i64,
    /// Milliseconds of the hour that have been fully read, 0..=3,600,000.
    pub covered_ms: i64,
}
