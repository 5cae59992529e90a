//! `ebb export`: mentions to a file or to stdout.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::{Common, progress, setup};
use crate::domain::time::{Millis, Span};
use crate::report::export::{Format, MentionExport};
use crate::store::{Copies, MentionFilter};

/// Options of `ebb export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb export --format csv --since 2026-11-01T00:00:00Z > mentions.csv")]
pub struct Args {
    /// How rows are written
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only this brand; may be left out when there is one
    #[arg(long)]
    brand: Option<String>,
    /// Only mentions written at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    since: Option<Millis>,
    /// Only mentions written before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    until: Option<Millis>,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let store = setup::open_existing(&config).await?;
    let brand = setup::the_brand(&store, args.brand.as_deref()).await?;
    let span = span(args.since, args.until)?;
    let filter = MentionFilter { brand: brand.id, span, copies: Copies::Show, ..MentionFilter::default() };
    let mut export = MentionExport::new(store, filter, brand.name, args.format);
    let bar = progress::counter("mentions");
    if let Some(path) = &args.output {
        // A cut file must not look like a whole one: the name appears when all is written.
        let part = path.with_extension("part");
        let mut file = std::fs::File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        write_all(&mut export, &mut file, &bar).await?;
        file.sync_all()?;
        std::fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))?;
    } else {
        write_all(&mut export, &mut std::io::stdout().lock(), &bar).await?;
    }
    bar.finish_and_clear();
    super::say(&format!("{} mentions written", export.rows()));
    Ok(ExitCode::SUCCESS)
}

async fn write_all(export: &mut MentionExport, out: &mut impl Write, bar: &indicatif::ProgressBar) -> anyhow::Result<()> {
    while let Some(piece) = export.next().await? {
        match out.write_all(&piece) {
            // `ebb export | head` is a normal thing to do.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.context("cannot write")?,
        }
        bar.set_position(export.rows());
    }
    out.flush().or_else(|e| if e.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) })?;
    Ok(())
}

fn span(since: Option<Millis>, until: Option<Millis>) -> anyhow::Result<Option<Span>> {
    if since.is_none() && until.is_none() {
        return Ok(None);
    }
    let from = since.unwrap_or_default();
    let to = until.unwrap_or(Millis::new(i64::MAX));
    Span::new(from, to).map(Some).context("--until is before --since")
}
