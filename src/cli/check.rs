//! `ebb check`: tries everything once and says what is wrong and how to mend it. It keeps nothing of what it reads; a database
//! that is not there yet is made.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::{Common, setup};
use crate::alert::send::{self, Terms};
use crate::alert::{self, Doors, Means, Target};
use crate::app::{Postman, target};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::alert::{Alert, Message, MessageState, Repeat};
use crate::domain::ids::{BrandId, OutboxId};
use crate::domain::source::Cursor;
use crate::domain::time::Millis;
use crate::score;
use crate::sources::{Adapter, Http, Secrets};
use crate::store::{Attempt, Store};

/// Options of `ebb check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb check --config ebb.toml")]
pub struct Args {
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Send a test message over every channel; without it nothing is sent
    #[arg(long)]
    send_test: bool,
}

/// One thing that was tried.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    /// What was found, or what is wrong and how to mend it.
    says: String,
}

impl Finding {
    fn new(what: &str, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { what: what.to_owned(), ok, says: result.unwrap_or_else(|e| e) }
    }
}

/// Runs the command. Exit code 1 when something is wrong.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let mut findings = vec![Finding::new(
        "configuration",
        Ok(format!("{} brands, {} sources, {} channels", config.brands.len(), config.sources.len(), config.channels.len())),
    )];
    findings.push(Finding::new("database", database(&config).await));
    findings.push(Finding::new("model", model(&config).await));
    findings.extend(sources(&config).await?);
    findings.extend(channels(&config, if args.send_test { Trial::Send } else { Trial::Look }).await?);
    if args.json {
        super::print(&format!("{}\n", serde_json::json!({ "ok": findings.iter().all(|f| f.ok), "findings": findings })));
    } else {
        for finding in &findings {
            super::print(&format!("{} {}: {}\n", if finding.ok { "ok    " } else { "WRONG " }, finding.what, finding.says));
        }
    }
    Ok(if findings.iter().all(|f| f.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn database(config: &Config) -> Result<String, String> {
    let shown = setup::without_password(&config.database.url);
    let store = Store::open(&config.database.url, rand::random()).await.map_err(|e| format!("{shown}: {e}"))?;
    store.ping().await.map_err(|e| format!("{shown}: {e}"))?;
    Ok(format!("{shown} answers"))
}

async fn model(config: &Config) -> Result<String, String> {
    let choice = crate::app::model_choice(&config.score).map_err(|e| e.to_string())?;
    let models = score::Models::open(&choice).map_err(|e| e.to_string())?;
    let names = models.names().join(", ");
    let scorer = score::Scorer::start(models).map_err(|e| e.to_string())?;
    let input = score::ScoreInput { text: "The update broke everything and nobody answers.".to_owned(), lang: Some("en".to_owned()) };
    let sentiments = scorer.score(vec![input]).await.map_err(|e| e.to_string())?;
    scorer.close().await;
    let first = sentiments.first().ok_or("the model gave no score")?;
    Ok(format!("{names}; a test sentence is {} with probability {:.2}", first.label, first.confidence()))
}

async fn sources(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let clock = Clock::system();
    let settings = crate::app::Settings::from(config);
    let http = Http::new(clock.clone(), settings.http)?;
    let mut findings = Vec::new();
    for source in &config.sources {
        // No store is asked here: the brand's number does not matter to an adapter.
        let spec = setup::spec(source, BrandId::new(0));
        let terms = config.terms_of(source)?;
        let result = match Adapter::from_spec(&spec, &Secrets::system(), &terms) {
            Err(error) => Err(error.to_string()),
            Ok(adapter) => match adapter.poll(&http, &Cursor::default(), clock.now()).await {
                Ok(page) => Ok(format!("answers; {} posts in the first page", page.posts.len())),
                Err(error) => Err(error.advice()),
            },
        };
        findings.push(Finding::new(&format!("source \"{}\"", source.name), result));
    }
    Ok(findings)
}

/// How far a channel is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// Its settings and secrets; a mail server is asked whether it lets us in.
    Look,
    /// A message is sent.
    Send,
}

async fn channels(config: &Config, trial: Trial) -> anyhow::Result<Vec<Finding>> {
    let clock = Clock::system();
    let outlet = Arc::new(Postman::new(clock.clone(), &crate::app::Settings::from(config).http)?);
    let doors = Doors { outlet, reporter: None };
    let mut findings = Vec::new();
    for channel in &config.channels {
        let result = match target(channel, &Secrets::system()) {
            Ok(target) => try_channel(&target, &doors, config, clock.now(), trial).await,
            Err(error) => Err(error.to_string()),
        };
        findings.push(Finding::new(&format!("channel \"{}\"", channel.name), result));
    }
    Ok(findings)
}

async fn try_channel(target: &Target, doors: &Doors, config: &Config, now: Millis, trial: Trial) -> Result<String, String> {
    let place = &target.channel.place;
    match (trial, &target.means) {
        (Trial::Look, Means::Email(mail)) => {
            alert::mail::check(mail).await.map_err(|e| e.to_string())?;
            Ok(format!("{place} lets us in; nothing was sent (--send-test sends)"))
        }
        (Trial::Look, _) => Ok(format!("settings and secrets are there, for {place}; nothing was sent (--send-test sends)")),
        (Trial::Send, _) => {
            let message = test_message(&target.channel.name, now);
            let terms = Terms { now, give_up_ms: i64::MAX, dice: 0.5 };
            match send::attempt(&message, target, doors, &config.public_url(), terms).await {
                Attempt::Sent => Ok(format!("{place} took a test message")),
                Attempt::Again { error, .. } | Attempt::GivenUp { error, .. } => Err(error),
            }
        }
    }
}

/// A message past the outbox: what comes of it is told at once.
fn test_message(channel: &str, now: Millis) -> Message {
    Message {
        id: OutboxId::new(now.get()),
        channel: channel.to_owned(),
        route: String::new(),
        state: MessageState::Waiting,
        due_at: now,
        created_at: now,
        first_try_at: None,
        last_try_at: None,
        attempts: 1,
        repeat: Repeat::First,
        sent_at: None,
        last_error: None,
        alerts: vec![Alert::test(channel, now.get(), now)],
    }
}
