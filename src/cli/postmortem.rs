//! `ebb postmortem`: what happened, as a draft to write on.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::{Common, setup};
use crate::clock::Clock;
use crate::domain::fold::fold;
use crate::domain::incident::Incident;
use crate::report::postmortem;
use crate::store::Store;

/// Options of `ebb postmortem`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb postmortem \"sign-in\" > postmortem.md")]
pub struct Args {
    /// Number of the incident, or words of its title
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
    let incident = find(&store, &args).await?;
    let text = postmortem::draft(&store, incident.id, Clock::system().now()).await?;
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => super::print(&text),
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn find(store: &Store, args: &Args) -> anyhow::Result<Incident> {
    let mut all = Vec::new();
    for brand in store.brands().await? {
        if args.brand.as_ref().is_none_or(|name| fold(name) == fold(&brand.name)) {
            all.extend(store.incidents(brand.id).await?);
        }
    }
    let words = fold(&args.incident);
    let mut found: Vec<Incident> = all.iter().filter(|i| i.id.to_string() == args.incident).cloned().collect();
    if found.is_empty() {
        found = all.iter().filter(|i| words.split_whitespace().all(|word| fold(&i.title).contains(word))).cloned().collect();
    }
    let list = |incidents: &[Incident]| {
        let lines: Vec<String> = incidents.iter().map(|i| format!("\n  {} {}", i.id, i.title)).collect();
        lines.concat()
    };
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] if all.is_empty() => anyhow::bail!("there is no incident yet"),
        [] => anyhow::bail!("no incident is called “{}”; there are:{}", args.incident, list(&all)),
        several => anyhow::bail!("several incidents are called “{}”; say its number:{}", args.incident, list(several)),
    }
}
