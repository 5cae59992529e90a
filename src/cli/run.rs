//! `ebb run`: everything in one process, or some of it beside others on one PostgreSQL.

use std::process::ExitCode;

use anyhow::Context;

use super::{Common, setup};
use crate::app::{App, Role, Settings};
use crate::clock::Clock;
use crate::lifecycle::{End, Shutdown, on_signals};

/// Options of `ebb run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb run --config ebb.toml")]
pub struct Args {
    /// Only these parts of the work, such as `poll,score`; the others run elsewhere on the same PostgreSQL
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Role>,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let roles = if args.only.is_empty() { Role::ALL.to_vec() } else { args.only };
    if roles == [Role::Alert] && config.channels.is_empty() {
        anyhow::bail!("--only alert: the configuration names no [[channel]], so there is nothing to do");
    }
    let store = setup::open(&config).await?;
    let clock = Clock::system();
    setup::apply(&config, &store, &clock).await?;
    let listener = if roles.contains(&Role::Web) { Some(setup::listen(config.web.listen).await?) } else { None };
    if let Some(listener) = &listener {
        super::say(&format!("Pages: http://{}", listener.local_addr().context("no address")?));
    }
    let app = App { store, clock, settings: Settings::from(&config), demo: None };
    serve(app, &roles, listener).await
}

/// Runs the application until a signal, and turns its end into an exit code.
pub async fn serve(app: App, roles: &[Role], listener: Option<tokio::net::TcpListener>) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::default();
    let end = tokio::select! {
        end = app.run(roles, listener, &shutdown) => end?,
        // Ends only after the second signal; the tasks are dropped by then, or will be at once.
        signals = on_signals(shutdown.clone()) => { signals?; End::Aborted }
    };
    Ok(exit_code(&end))
}

/// 0 after a request, 1 after a crash or when work had to be dropped.
pub fn exit_code(end: &End) -> ExitCode {
    match end {
        End::Requested => ExitCode::SUCCESS,
        End::Aborted => {
            super::say("ebb: stopped before everything was finished; nothing that was kept is lost");
            ExitCode::FAILURE
        }
        End::Crashed { task, cause } => {
            super::say(&format!("ebb: {task} ended by itself: {cause}"));
            ExitCode::FAILURE
        }
    }
}
