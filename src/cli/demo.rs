//! `ebb demo`: the real program on a simulated world.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::{Common, progress, run, setup};
use crate::app::{App, Role, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::story::Story;
use crate::demo::world::{Faults, Urls, World};
use crate::domain::ids::{BrandId, IncidentId};
use crate::domain::incident::{IncidentKind, IncidentSeverity};
use crate::domain::source::{SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::domain::verdict::Verdict;
use crate::lifecycle::{End, Shutdown, Tasks, on_signals};
use crate::store::{NewIncident, Store};
use crate::web::DemoInfo;

/// How many times as fast as the machine's clock the world's runs: with it the incident takes about three minutes.
const PACE: f64 = 3_000.0;
/// World time between two polls of a place, milliseconds.
const EVERY_MS: i64 = 20 * 60_000;

/// Options of `ebb demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb demo --speed 2 --port 8081")]
pub struct Args {
    /// How fast the world runs: 1 is about three minutes for the whole incident
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Port of the pages on loopback; 0: any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Another number tells the story with other people and other words
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep the database, as ebb-demo.db in the working folder
    #[arg(long)]
    keep: bool,
    /// Leave when the incident is over, with exit code 0; for scripts
    #[arg(long)]
    once: bool,
    /// Do not open the browser
    #[arg(long)]
    no_browser: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.01..=20.0).contains(&speed) { Ok(speed) } else { Err("must be between 0.01 and 20".to_owned()) }
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let clock = Clock::scaled(tuesday_morning(Clock::system().now()), 1.0);
    let told = Story::new(args.seed, clock.now());
    let world = World::start(&told, clock.clone(), Faults::of(&told)).await.context("cannot start the simulated world")?;

    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = if args.keep { PathBuf::from("ebb-demo.db") } else { folder.path().join("ebb-demo.db") };
    if args.keep && path.exists() {
        anyhow::bail!("{} is there already, from an earlier demo; move or delete it", path.display());
    }
    let mut config = common.load()?;
    config.database.url = format!("sqlite:{}", path.display());
    let store = setup::open(&config).await?;
    let brand = furnish(&store, &world.urls(), clock.now()).await?;

    let listener = listen(args.port).await?;
    let page = format!("http://{}", listener.local_addr().context("no address")?);
    super::say(&format!("Ebb demo: {} at {page}  (Ctrl-C stops)", Story::BRAND));
    let demo = Some(DemoInfo { began: clock.now() });
    let app = App { store: store.clone(), clock: clock.clone(), settings: settings(&config), demo };
    let shutdown = Shutdown::default();
    let mut director = Tasks::default();
    let direct = Director { store, clock, brand, story: told, pace: PACE * args.speed, once: args.once, shutdown: shutdown.clone() };
    if !args.no_browser && !args.once && std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        // The address stands above; a machine without a browser is fine.
        let _ = open::that_detached(&page);
    }
    director.spawn("demo", direct.run());
    let end = tokio::select! {
        (app, director) = async { tokio::join!(app.run(Role::ALL, Some(listener), &shutdown), director.wait(&shutdown)) } => match (app?, director) {
            (End::Requested, director) => director,
            (app, _) => app,
        },
        signals = on_signals(shutdown.clone()) => { signals?; End::Aborted }
    };
    world.shutdown().await;
    if args.keep {
        super::say(&format!("Kept: {}", path.display()));
    }
    Ok(run::exit_code(&end))
}

/// Tuesday 07:00 UTC of this week or the last one: the story is that of a working day.
fn tuesday_morning(now: Millis) -> Millis {
    let hour = i64::try_from(now.hour_of_week()).unwrap_or(0);
    now.hour().plus(-((hour - 31).rem_euclid(168)) * HOUR_MS)
}

/// The port asked for, or a free one when it is taken.
async fn listen(port: u16) -> anyhow::Result<tokio::net::TcpListener> {
    match setup::listen(SocketAddr::from(([127, 0, 0, 1], port))).await {
        Err(error) if port != 0 => {
            super::say(&format!("({error:#}; taking a free port)"));
            setup::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
        }
        other => other,
    }
}

/// The configuration's settings, with the world's servers asked as often as its fast clock needs.
fn settings(config: &Config) -> Settings {
    let mut settings = Settings::from(config);
    // Its story was written for the bundled models.
    settings.score = None;
    settings.http.spacing = std::time::Duration::ZERO;
    settings.poll.floor_ms = 60_000;
    settings.poll.pages = 1_000;
    settings.poll.recheck_batches = 1;
    settings
}

/// Brand and sources.
async fn furnish(store: &Store, urls: &Urls, now: Millis) -> anyhow::Result<BrandId> {
    let brand = store.save_brand(Story::BRAND, &Story::terms(), now).await?;
    let source = |name: &str, kind, take, every_ms, settings| SourceSpec { name: name.to_owned(), kind, brand, take, every_ms, settings };
    let specs = [
        source("Tidewater blog", SourceKind::Wordpress, Take::All, EVERY_MS, serde_json::json!({ "url": urls.blog })),
        source(
            "harbour.social",
            SourceKind::Mastodon,
            Take::Matching,
            EVERY_MS,
            serde_json::json!({ "url": urls.mastodon, "hashtags": ["tidewater"] }),
        ),
        source(
            "Shopkeepers’ forum",
            SourceKind::Feed,
            Take::Matching,
            3 * EVERY_MS,
            serde_json::json!({ "url": format!("{}/archive.xml", urls.forum) }),
        ),
        source(
            "Hacker News",
            SourceKind::Hackernews,
            Take::Matching,
            EVERY_MS,
            serde_json::json!({ "url": urls.hackernews, "item_url": urls.hackernews }),
        ),
    ];
    store.sync_sources(&specs, now).await?;
    Ok(brand)
}

/// Plays the people at the brand: lets time run, opens the incident, publishes updates.
struct Director {
    store: Store,
    clock: Clock,
    brand: BrandId,
    story: Story,
    pace: f64,
    once: bool,
    shutdown: Shutdown,
}

impl Director {
    async fn run(self) -> anyhow::Result<()> {
        let finishing = self.shutdown.finishing();
        tokio::select! {
            () = finishing.cancelled() => return Ok(()),
            told = self.tell() => told?,
        }
        if self.once {
            self.shutdown.finish();
        }
        finishing.cancelled().await;
        Ok(())
    }

    async fn tell(&self) -> anyhow::Result<()> {
        self.read_history().await?;
        self.clock.set_speed(self.pace);
        let facts = self.story.facts;
        self.clock.sleep_until(facts.outage_at.plus(HOUR_MS / 2)).await;
        let incident = NewIncident {
            brand: self.brand,
            title: Story::INCIDENT.to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Major,
            commander: "Ines Duarte".to_owned(),
            war_room: None,
            started_at: facts.outage_at,
        };
        let incident = self.store.create_incident(&incident, self.clock.now()).await?;
        self.say("incident opened by its lead");
        let verdict = tokio::select! {
            failed = self.publish(incident) => return failed,
            verdict = self.follow(incident) => verdict?,
        };
        // The story is told: from here on time runs as everywhere.
        self.clock.set_speed(1.0);
        super::say(if self.once { "The story is told." } else { "The story is told; the pages stay until Ctrl-C." });
        if self.once && verdict != Verdict::Recovered {
            anyhow::bail!("the story ended with the verdict `{}`", verdict.as_str());
        }
        Ok(())
    }

    /// Waits until six calm weeks are read and scored, so that there is a baseline.
    async fn read_history(&self) -> anyhow::Result<()> {
        let bar = progress::counter("posts of six calm weeks read and scored");
        loop {
            let totals = self.store.totals(self.brand).await?;
            bar.set_position(u64::try_from(totals.scored).unwrap_or(0));
            let now = self.clock.now();
            let sources = self.store.source_health().await?;
            let read = sources.iter().all(|s| s.last_success_at.is_some() && s.next_poll_at.is_some_and(|at| at > now));
            if read && self.store.scoring_backlog().await? == 0 {
                bar.finish_and_clear();
                super::say(&format!("Six calm weeks read: {} posts. The clock runs {:.0} times as fast now.", totals.mentions, self.pace));
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    async fn publish(&self, incident: IncidentId) -> anyhow::Result<()> {
        for update in &self.story.updates {
            self.clock.sleep_until(update.at).await;
            self.store.add_update(incident, update.at, update.kind, update.text, None, self.clock.now()).await?;
            self.say(&format!("the brand publishes: {}", update.kind.shown().to_lowercase()));
        }
        std::future::pending().await
    }

    /// Prints each change of the verdict, until the incident is over or the story ends.
    async fn follow(&self, incident: IncidentId) -> anyhow::Result<Verdict> {
        let mut last = None;
        loop {
            self.clock.sleep_ms(HOUR_MS / 2).await;
            let Some(standing) = self.store.standing(incident).await? else { continue };
            if last != Some(standing.verdict) {
                last = Some(standing.verdict);
                self.say(&format!("{}: {}", standing.verdict.shown(), crate::assess::headline(&standing)));
            }
            if standing.verdict == Verdict::Recovered || self.clock.now() > self.story.facts.ends_at {
                return Ok(standing.verdict);
            }
        }
    }

    fn say(&self, what: &str) {
        let since = self.clock.now().since(self.story.facts.live_from);
        let (day, hour) = (since / DAY_MS + 1, since % DAY_MS / HOUR_MS);
        super::say(&format!("day {day} +{hour:02} h  {what}"));
    }
}
