//! `ebb postmortem`: what happened, as a draft to write on.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::{Common, incident, setup};
use crate::clock::Clock;
use crate::report::postmortem;

/// Options of `ebb postmortem`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb postmortem \"sign-in\" > postmortem.md")]
pub struct Args {
    /// The incident: its number, its title, or words of it
    incident: String,
    /// Only incidents of this brand
    #[arg(long)]
    brand: Option<String>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let store = setup::open_existing(&config).await?;
    let incident = incident::find(&store, &args.incident, args.brand.as_deref()).await?;
    let text = postmortem::draft(&store, incident.id, Clock::system().now()).await?;
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => super::print(&text),
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
