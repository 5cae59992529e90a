//! The application: the tasks of one process, over one store, until it is told to stop.

mod alerts;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::intake::{Receipt, Refused, Signature};
use crate::ingest::import::push;
use crate::lifecycle::{End, Shutdown, Tasks};
use crate::store::Store;
use crate::{alert, assess, hub, ingest, score, sources, web};

pub use alerts::{AlertPlan, Postman, Reports, target};

/// A part of the work that can run in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Asks the sources.
    Poll,
    /// Feeds the model.
    Score,
    /// Baselines, verdicts, flags.
    Assess,
    /// Tells people outside of the pages.
    Alert,
    /// Pages and API.
    Web,
}

impl Role {
    /// Everything.
    pub const ALL: &'static [Self] = &[Self::Poll, Self::Score, Self::Assess, Self::Alert, Self::Web];
}

/// What the tasks need to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Towards other people's servers.
    pub http: sources::HttpOptions,
    /// The pollers.
    pub poll: ingest::PollerOptions,
    /// The model; `None`: the bundled ones score, whatever was chosen.
    pub score: Option<config::Score>,
    /// Verdicts and flags.
    pub assess: assess::Settings,
    /// Channels, routes and schedules, with no secret in them yet.
    pub alerts: AlertPlan,
    /// Posts that are brought.
    pub intake: Intake,
    /// Where people reach the pages; empty: not known.
    pub public_url: String,
}

/// How posts are brought instead of asked for.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// Signs deliveries; `None`: none are taken.
    pub secret: Option<sources::SecretRef>,
    /// The watched folder.
    pub folder: Option<PathBuf>,
    /// The brand of posts that name none.
    pub brand: Option<String>,
}

/// The application before it runs.
#[derive(Debug)]
pub struct App {
    /// Where everything is kept.
    pub store: Store,
    /// The only source of time.
    pub clock: Clock,
    /// From the configuration.
    pub settings: Settings,
    /// What the pages say about the simulated world, when there is one.
    pub demo: Option<web::DemoInfo>,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let http = sources::HttpOptions {
            contact: config.http.contact.clone(),
            connect_timeout: config.http.connect_timeout.as_std(),
            read_timeout: config.http.read_timeout.as_std(),
            ..sources::HttpOptions::default()
        };
        let mut assess = assess::Settings {
            hold_ms: config.assess.hold.as_millis(),
            flag_severity: config.assess.flag_severity,
            silence_alarm_ms: config.assess.silence_alarm.as_millis(),
            watch_ms: config.assess.watch.as_millis(),
            ..assess::Settings::default()
        }
        .with_min_coverage(config.assess.min_coverage);
        assess.onset.false_alarms_per_week = config.assess.false_alarms_per_week;
        let intake =
            Intake { secret: config.intake.secret.clone(), folder: config.intake.folder.clone(), brand: config.intake.brand.clone() };
        Self {
            http,
            poll: ingest::PollerOptions::default(),
            score: Some(config.score.clone()),
            assess,
            alerts: AlertPlan::from(config),
            intake,
            public_url: config.web.public_url.clone(),
        }
    }
}

/// The model that the configuration names, else the one that was chosen with `ebb model use`, else the bundled one.
pub fn model_choice(score: &config::Score) -> anyhow::Result<score::Choice> {
    let named = (!score.model.as_os_str().is_empty()).then(|| score.model.clone());
    let folder = named.map_or_else(|| hub::Shelf::new(&score.folder).in_use(), |model| Ok(Some(model)))?;
    Ok(score::Choice { folder, engine: score.engine, device: score.device, threads: score.threads })
}

impl App {
    /// Runs the parts of the work until `shutdown`, or until one of them ends by itself.
    pub async fn run(self, roles: &[Role], listener: Option<TcpListener>, shutdown: &Shutdown) -> anyhow::Result<End> {
        let mut tasks = Tasks::default();
        for role in roles {
            match role {
                Role::Poll => {
                    self.spawn_poller(&mut tasks, shutdown)?;
                    self.spawn_folder(&mut tasks, shutdown)?;
                }
                Role::Score => self.spawn_scorer(&mut tasks, shutdown)?,
                Role::Assess => self.spawn_assessor(&mut tasks, shutdown),
                Role::Alert => self.spawn_alerter(&mut tasks, shutdown)?,
                Role::Web => {}
            }
        }
        if let Some(listener) = listener {
            let settings = self.settings.assess;
            let intake = self.door()?;
            let public_url = Arc::from(self.settings.public_url.trim());
            let hosts = web::guard::host_of(&self.settings.public_url).into_iter().collect();
            let state = web::WebState {
                demo: self.demo,
                settings,
                intake,
                public_url,
                hosts,
                ..web::WebState::new(self.store.clone(), self.clock.clone())
            };
            let finishing = shutdown.finishing();
            tasks.spawn("web", async move { Ok(web::serve(listener, state, finishing).await?) });
        }
        let end = tasks.wait(shutdown).await;
        self.store.close().await;
        Ok(end)
    }

    fn spawn_poller(&self, tasks: &mut Tasks, shutdown: &Shutdown) -> anyhow::Result<()> {
        let http = sources::Http::new(self.clock.clone(), self.settings.http.clone()).context("cannot make the HTTP client")?;
        let platforms = ingest::Platforms { http: Arc::new(http), secrets: sources::Secrets::system() };
        let options = ingest::PollerOptions { worker: worker("poll"), seed: rand::random(), ..self.settings.poll.clone() };
        let retention = ingest::Retention::new(self.store.clone(), self.clock.clone());
        let finishing = shutdown.finishing();
        tasks.spawn("retention", async move {
            retention.run(finishing).await;
            Ok(())
        });
        let poller = ingest::Poller::new(self.store.clone(), platforms, self.clock.clone(), options, shutdown.finishing());
        tasks.spawn("poll", async move {
            poller.run().await;
            Ok(())
        });
        Ok(())
    }

    fn spawn_folder(&self, tasks: &mut Tasks, shutdown: &Shutdown) -> anyhow::Result<()> {
        let Intake { folder: Some(path), brand, .. } = self.settings.intake.clone() else { return Ok(()) };
        anyhow::ensure!(path.is_dir(), "intake.folder: {} is no folder; make it, or take the key away", path.display());
        let folder = ingest::folder::Folder::new(self.store.clone(), self.clock.clone(), path, brand);
        let finishing = shutdown.finishing();
        tasks.spawn("folder", async move {
            folder.run(finishing).await;
            Ok(())
        });
        Ok(())
    }

    /// Where signed deliveries come in, when a secret is set.
    fn door(&self) -> anyhow::Result<Option<Arc<dyn web::Receive>>> {
        let Some(place) = &self.settings.intake.secret else { return Ok(None) };
        let secret = sources::Secrets::system().read("[intake]", place)?;
        let key = push::Key::new(secret.expose())?;
        Ok(Some(Arc::new(push::Door::new(self.store.clone(), self.clock.clone(), key, self.settings.intake.brand.clone()))))
    }

    fn spawn_scorer(&self, tasks: &mut Tasks, shutdown: &Shutdown) -> anyhow::Result<()> {
        let choice = self.settings.score.as_ref().map(model_choice).transpose()?.unwrap_or_default();
        let models = score::Models::open(&choice).context("cannot load the model")?;
        let scorer = score::Scorer::start(models)?;
        let work = score::worker::ScoreWorker::new(self.store.clone(), scorer, self.clock.clone(), worker("score"));
        let finishing = shutdown.finishing();
        tasks.spawn("score", async move {
            work.run(finishing).await;
            Ok(())
        });
        Ok(())
    }

    fn spawn_alerter(&self, tasks: &mut Tasks, shutdown: &Shutdown) -> anyhow::Result<()> {
        if self.settings.alerts.channels.is_empty() {
            return Ok(());
        }
        let plan = self.settings.alerts.resolve(&sources::Secrets::system())?;
        let outlet = Arc::new(Postman::new(self.clock.clone(), &self.settings.http)?);
        let public_url = self.settings.alerts.base().to_owned();
        let reporter = Arc::new(Reports { store: self.store.clone(), settings: self.settings.assess, public_url });
        let doors = alert::Doors { outlet, reporter: Some(reporter) };
        let sender = alert::Sender { name: worker("alert"), seed: rand::random() };
        let work = alert::Worker::new(self.store.clone(), self.clock.clone(), plan, doors, sender);
        let finishing = shutdown.finishing();
        tasks.spawn("alert", async move {
            work.run(ALERT_EVERY_MS, finishing).await;
            Ok(())
        });
        Ok(())
    }

    fn spawn_assessor(&self, tasks: &mut Tasks, shutdown: &Shutdown) {
        let work = assess::Worker::new(self.store.clone(), self.clock.clone(), self.settings.assess);
        let finishing = shutdown.finishing();
        tasks.spawn("assess", async move {
            work.run(ASSESS_EVERY_MS, finishing).await;
            Ok(())
        });
        let filter = assess::filter::FilterWorker::new(self.store.clone(), self.clock.clone());
        let finishing = shutdown.finishing();
        tasks.spawn("filter", async move {
            filter.run(ASSESS_EVERY_MS, finishing).await;
            Ok(())
        });
    }
}

impl web::Receive for push::Door {
    fn receive<'a>(&'a self, signature: &'a Signature, body: &'a [u8]) -> BoxFuture<'a, Result<Receipt, Refused>> {
        Box::pin(self.receive(signature, body))
    }
}

/// Between two looks at the verdict.
const ASSESS_EVERY_MS: i64 = 10_000;

/// Between two looks at what is worth an alert.
const ALERT_EVERY_MS: i64 = 10_000;

/// Names this process in leases: two processes never share the number.
fn worker(role: &str) -> String {
    format!("{role}-{:08x}", rand::random::<u32>())
}
