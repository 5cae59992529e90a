//! What the poller asks: the real platforms, or a test's.

use std::sync::Arc;

use crate::domain::brand::BrandTerms;
use crate::domain::budget::{Saving, Thrift};
use crate::domain::post::PostKey;
use crate::domain::source::{Bulk, Cursor, Page, Recheck, SourceSpec};
use crate::domain::time::Millis;
use crate::sources::{Adapter, Http, PollError, Secrets, SettingsError};

/// Speaks to one source.
pub trait Poll: Send + Sync + 'static {
    /// Asks for one page after `cursor`.
    fn poll(&self, cursor: &Cursor, now: Millis) -> impl Future<Output = Result<Page, PollError>> + Send;

    /// Re-reads known posts, at most [`Poll::recheck_batch`].
    fn recheck(&self, keys: &[PostKey], now: Millis) -> impl Future<Output = Result<Recheck, PollError>> + Send;

    /// Posts that one recheck takes; 0: none can be re-read.
    fn recheck_batch(&self) -> usize;

    /// How the platform tells of deletions for many posts at once; `None`: it does not.
    fn bulk(&self, _now: Millis) -> Option<Bulk> {
        None
    }

    /// Goes on with such a check, which may take hours: hands over posts that are due, at most [`Bulk::batch`], or looks whether an
    /// answer is there. What is in none of its lists is due still.
    fn check_in_bulk(&self, _due: &[PostKey], _now: Millis) -> impl Future<Output = Result<Recheck, PollError>> + Send {
        std::future::ready(Ok(Recheck::default()))
    }

    /// How sparingly to read from now on.
    fn thrift(&self, _thrift: Thrift) -> Saving {
        Saving::AsksLess
    }
}

/// Makes what speaks to a configured source.
pub trait Adapters: Send + Sync + 'static {
    /// What it makes.
    type Adapter: Poll;

    /// The adapter of a source, for a brand with these terms.
    fn adapter(&self, spec: &SourceSpec, terms: &BrandTerms) -> Result<Self::Adapter, SettingsError>;
}

/// The real platforms, over the one HTTP client.
#[derive(Debug, Clone)]
pub struct Platforms {
    /// The client.
    pub http: Arc<Http>,
    /// Where tokens are read.
    pub secrets: Secrets,
}

/// One real source.
#[derive(Debug)]
pub struct Platform {
    http: Arc<Http>,
    adapter: Adapter,
}

impl Adapters for Platforms {
    type Adapter = Platform;

    fn adapter(&self, spec: &SourceSpec, terms: &BrandTerms) -> Result<Platform, SettingsError> {
        let adapter = Adapter::from_spec(spec, &self.secrets, terms)?;
        Ok(Platform { http: Arc::clone(&self.http), adapter })
    }
}

impl Poll for Platform {
    async fn poll(&self, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        self.adapter.poll(&self.http, cursor, now).await
    }

    async fn recheck(&self, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        self.adapter.recheck(&self.http, keys, now).await
    }

    fn recheck_batch(&self) -> usize {
        self.adapter.recheck_batch()
    }

    fn bulk(&self, now: Millis) -> Option<Bulk> {
        self.adapter.bulk(&self.http, now)
    }

    async fn check_in_bulk(&self, due: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        self.adapter.check_in_bulk(&self.http, due, now).await
    }

    fn thrift(&self, thrift: Thrift) -> Saving {
        self.adapter.thrift(thrift)
    }
}
