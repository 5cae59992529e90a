//! What handlers share, and which brand a request is about.

use std::sync::Arc;

use crate::assess::Settings;
use crate::clock::Clock;
use crate::domain::ids::BrandId;
use crate::store::Store;

use super::api::intake::Receive;
use super::api::limits::Limits;
use super::failure::WebError;
use super::layout::{DemoInfo, Scope, Waiting};
use super::live::Live;
use super::metrics::Answered;
use super::presence::Presence;
use super::view::sources::SourceState;

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebState {
    /// Where everything is kept.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// Set when the pages show a simulated world.
    pub demo: Option<DemoInfo>,
    /// How incidents are judged and authors flagged.
    pub settings: Settings,
    /// Names besides loopback ones that requests may be addressed to.
    pub hosts: Arc<[String]>,
    /// Where people reach the pages, for links in reports; empty: not known.
    pub public_url: Arc<str>,
    /// Live updates.
    pub live: Live,
    /// How often tokens may ask.
    pub limits: Limits,
    /// Requests answered, for `/metrics`.
    pub answered: Answered,
    /// Who looks at which case.
    pub presence: Presence,
    /// Takes deliveries; `None`: no secret is set.
    pub intake: Option<Arc<dyn Receive>>,
}

impl WebState {
    /// With default settings, in the real world, for loopback names only.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            demo: None,
            settings: Settings::default(),
            hosts: Arc::new([]),
            limits: Limits::default(),
            answered: Answered::default(),
            presence: Presence::default(),
            intake: None,
            public_url: Arc::from(""),
            live: Live::default(),
        }
    }

    /// The asked brand, or the first one, with what waits in it.
    pub async fn scope(&self, asked: Option<BrandId>) -> Result<Scope, WebError> {
        let brands = self.store.brands().await?;
        let brand = match asked {
            Some(id) => brands.iter().find(|b| b.id == id).ok_or(WebError::NotFound)?,
            None => brands.first().ok_or(WebError::NoBrand)?,
        };
        let brand = brand.clone();
        let now = self.clock.now();
        let waiting = self.waiting(brand.id).await?;
        #[expect(clippy::cast_possible_truncation, reason = "0..=1; a few digits are enough to mark a row")]
        let very = self.settings.flag_severity as f32;
        let demo = self.demo.map(|d| (d, self.clock.speed()));
        Ok(Scope { brand, brands, now, waiting, demo, very })
    }

    async fn waiting(&self, brand: BrandId) -> Result<Waiting, WebError> {
        let now = self.clock.now();
        let incidents = self.store.open_incidents().await?;
        let sources = self.store.source_health().await?;
        let troubled = sources.iter().filter(|s| s.spec.brand == brand && SourceState::of(s, now).is_trouble()).count();
        Ok(Waiting {
            people: self.store.flag_counts(brand).await?.open,
            incidents: i64::try_from(incidents.iter().filter(|i| i.brand == brand).count()).unwrap_or(i64::MAX),
            sources: i64::try_from(troubled).unwrap_or(i64::MAX),
            alerts: self.store.messages_given_up().await?,
        })
    }
}
