//! `ebb import`: history in.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::{Common, progress, setup};
use crate::clock::Clock;
use crate::ingest::{customers, import};

/// Options of `ebb import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Columns or keys: platform, id, author, created_at (RFC 3339) and text are needed; instance, url, author_name,\n\
    followers, reply_to, likes, reposts, replies, lang and brand are optional.\n\n\
    Example: ebb import mentions.csv --brand \"Acme Cloud\"\n\
    Known customers, to see who writes: ebb import --customers crm.csv")]
pub struct Args {
    /// CSV with a header, or JSON lines
    file: PathBuf,
    /// The file is a list of customers: CSV with platform, handle, name, reference
    #[arg(long, conflicts_with = "brand")]
    customers: bool,
    /// Brand of the rows that name none; made when it is new
    #[arg(long)]
    brand: Option<String>,
}

/// Runs the command. Exit code 0 also when rows were rejected: they stand in the rejects file with their reasons.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    if args.customers {
        return customers(&args, common).await;
    }
    let config = common.load()?;
    let file = std::fs::File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let store = setup::open(&config).await?;
    let options = import::ImportOptions::for_file(&args.file, args.brand);
    let bar = progress::bar(file.metadata().map_or(0, |m| m.len()), "importing");
    let report = import::import(&store, &Clock::system(), file, options, |p| bar.set_position(p.bytes)).await?;
    bar.finish_and_clear();
    if !report.unknown.is_empty() {
        super::say(&format!("ignored columns: {}", report.unknown.join(", ")));
    }
    super::say(&format!("{} kept, {} updated, {} unchanged, {} rejected", report.kept, report.updated, report.unchanged, report.rejected));
    if let Some(path) = &report.rejects {
        super::say(&format!("rejected rows and why: {}", path.display()));
    }
    if report.kept + report.updated > 0 {
        super::say("they are scored by the next `ebb run`, `ebb watch` or `ebb replay` on this database");
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn customers(args: &Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let size = std::fs::metadata(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?.len();
    anyhow::ensure!(size <= customers::MOST_BYTES as u64, customers::CustomersError::TooLarge);
    let file = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let store = setup::open(&config).await?;
    let report = customers::import(&store, &file, Clock::system().now()).await?;
    for reason in &report.reasons {
        super::say(reason);
    }
    super::say(&format!("{} customers kept, {} rows rejected", report.kept, report.rejected));
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
