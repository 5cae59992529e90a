//! The command line: one file a command.

mod check;
mod demo;
mod export;
mod import;
mod incident;
mod model;
mod postmortem;
mod progress;
mod replay;
mod report;
mod run;
mod setup;
mod token;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::model_choice;
use crate::config::{Config, DEFAULT_FILE};
use crate::score::{Models, eval, stream};
use crate::telemetry::{self, LogFormat};

/// Ebb tells you who is upset about your incident, and when it is really over.
#[derive(Debug, Parser)]
#[command(name = "ebb", version, propagate_version = true, after_help = "Start with: ebb demo")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// Database: sqlite:FILE or postgres://… [default: sqlite:ebb.db]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Configuration file; see `ebb config`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to log, such as `info`, `debug` or `ebb=debug,sqlx=warn`; `RUST_LOG` wins
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
}

impl Common {
    /// The configuration with the command line laid over it.
    fn load(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(url) = &self.database {
            config.database.url.clone_from(url);
        }
        Ok(config)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play an incident from outage to relief in a simulated world, on the real program
    Demo(demo::Args),
    /// Watch a name at the places that need no key, and open the page
    Watch(watch::Args),
    /// Run everything in one process, as configured
    Run(run::Args),
    /// Score texts: JSON lines or plain lines in, JSON lines out
    Score(stream::ScoreArgs),
    /// Measure the model on labelled texts
    Eval(eval::EvalArgs),
    /// Models from elsewhere: fetch, list, choose, remove
    Model(model::Args),
    /// Bring history in: CSV or JSON lines
    Import(import::Args),
    /// Take mentions out: CSV or JSON lines
    Export(export::Args),
    /// Run the rules over stored weeks: when would they have spoken?
    Replay(replay::Args),
    /// Draft a post-mortem: timeline, numbers, people, as Markdown
    Postmortem(postmortem::Args),
    /// Write the report of an incident: PDF, HTML, XLSX or Markdown
    Report(report::Args),
    /// Try the configuration, the database, the model, every source and every channel, and say what is wrong
    Check(check::Args),
    /// Make, list and take back tokens of the API
    Token(token::Args),
    /// Print the configuration file with every key and its default
    #[command(after_help = "Example: ebb config > ebb.toml")]
    Config,
}

/// Runs the command of the command line. Exit code 0 only when it did its work, 2 on wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let default = match cli.command {
        // The demo breaks its own world on purpose: that is told on its pages.
        Command::Demo(_) => "error",
        Command::Watch(_) | Command::Replay(_) => "warn,sqlx=error",
        _ => "info,sqlx=warn",
    };
    let filter = cli.common.log.clone().unwrap_or_else(|| default.to_owned());
    telemetry::init(&filter, cli.common.log_format);
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(dispatch(cli)));
    match result {
        Ok(code) => code,
        Err(error) => {
            say(&format!("ebb: {}", in_words(&error)));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, but none twice: some errors say their cause themselves.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.ends_with(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let common = cli.common;
    match cli.command {
        Command::Demo(args) => demo::run(args, &common).await,
        Command::Watch(args) => watch::run(args, &common).await,
        Command::Run(args) => run::run(args, &common).await,
        Command::Score(args) => {
            let bar = progress::counter("texts");
            let models = Models::open(&model_choice(&common.load()?.score)?)?;
            let code = stream::run(&args, &models, |summary| bar.set_position(summary.scored))?;
            bar.finish_and_clear();
            Ok(code)
        }
        Command::Eval(args) => {
            let mut choice = model_choice(&common.load()?.score)?;
            choice.folder = args.model.clone().or(choice.folder);
            Ok(eval::run(&args, &Models::open(&choice)?)?)
        }
        Command::Model(args) => model::run(args, &common).await,
        Command::Import(args) => import::run(args, &common).await,
        Command::Export(args) => export::run(args, &common).await,
        Command::Replay(args) => replay::run(args, &common).await,
        Command::Postmortem(args) => postmortem::run(args, &common).await,
        Command::Report(args) => report::run(args, &common).await,
        Command::Check(args) => check::run(args, &common).await,
        Command::Token(args) => token::run(args, &common).await,
        Command::Config => {
            print(DEFAULT_FILE);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// One line for the person at the terminal; stdout stays free for data.
#[expect(clippy::print_stderr, reason = "the command line speaks to a person here")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// The output that the command exists for. A closed pipe is no error.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn an_error_says_each_cause_once() {
        let full = || std::io::Error::other("the disk is full");
        let told = crate::score::stream::StreamError::Write(full());
        assert_eq!(in_words(&anyhow::Error::from(told)), "cannot write the output: the disk is full");
        assert_eq!(in_words(&anyhow::Error::from(full()).context("cannot save")), "cannot save: the disk is full");
    }
}
