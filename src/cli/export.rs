//! `ebb export`: rows to a file or to stdout.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{Common, progress, setup};
use crate::domain::sentiment::Label;
use crate::domain::time::{Millis, Span};
use crate::report::export::{Export, Format, What, Wish};
use crate::store::{Copies, MentionFilter, Store};

/// Options of `ebb export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Columns stand in docs/exports.md. An export that was cut goes on after its last row with --after.\n\n\
    Example: ebb export --format csv --since 2026-11-01T00:00:00Z > mentions.csv\n\
    Example: ebb export cases --format xlsx --output cases.xlsx")]
pub struct Args {
    /// What to export
    #[arg(value_enum, default_value = "mentions")]
    what: What,
    /// How rows are written
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only this brand; may be left out when there is one
    #[arg(long)]
    brand: Option<String>,
    /// Only what was written at or after this time (RFC 3339)
    #[arg(long, visible_alias = "from", value_name = "TIME", value_parser = setup::time)]
    since: Option<Millis>,
    /// Only what was written before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    until: Option<Millis>,
    /// Go on after the row with this id: `mention`, `author_id` or `case`
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    after: Option<i64>,
    #[command(flatten)]
    filters: Filters,
}

/// The filters of the page of mentions.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Only these mentions")]
struct Filters {
    /// negative, neutral or positive
    #[arg(long, value_parser = label)]
    label: Option<Label>,
    /// Those that wait for the model
    #[arg(long, conflicts_with = "label")]
    unscored: bool,
    /// Of the source with this name
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Such as mastodon
    #[arg(long)]
    platform: Option<String>,
    /// ISO 639-1
    #[arg(long)]
    lang: Option<String>,
    /// With all of these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// At least this severe, 0 to 1
    #[arg(long, value_name = "SEVERITY")]
    min_severity: Option<f64>,
    /// What of copies: show, hide or only
    #[arg(long, default_value = "show", value_parser = copies)]
    copies: Copies,
}

fn label(text: &str) -> Result<Label, String> {
    text.parse().map_err(|e: crate::domain::sentiment::UnknownLabel| e.to_string())
}

fn copies(text: &str) -> Result<Copies, String> {
    match text {
        "show" => Ok(Copies::Show),
        "hide" => Ok(Copies::Hide),
        "only" => Ok(Copies::Only),
        _ => Err("use show, hide or only".to_owned()),
    }
}

impl Filters {
    /// Whether anything but copies narrows the list.
    const fn narrows(&self) -> bool {
        self.label.is_some()
            || self.unscored
            || self.source.is_some()
            || self.platform.is_some()
            || self.lang.is_some()
            || self.search.is_some()
            || self.min_severity.is_some()
    }

    async fn read(self, store: &Store) -> anyhow::Result<MentionFilter> {
        let source = match &self.source {
            None => None,
            Some(name) => {
                let all = store.source_health().await?;
                let known = || all.iter().map(|s| format!("\"{}\"", s.spec.name)).collect::<Vec<_>>().join(", ");
                let found = all.iter().find(|s| s.spec.name == *name);
                Some(found.with_context(|| format!("there is no source \"{name}\"; known: {}", known()))?.id)
            }
        };
        Ok(MentionFilter {
            label: self.label,
            unscored_only: self.unscored,
            source,
            platform: self.platform,
            lang: self.lang,
            search: self.search,
            copies: self.copies,
            min_severity: self.min_severity,
            ..MentionFilter::default()
        })
    }
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    if args.what != What::Mentions && args.filters.narrows() {
        bail!("only mentions have labels, languages and the like; {} can be narrowed with --since and --until", args.what.as_str());
    }
    let config = common.load()?;
    let store = setup::open_existing(&config).await?;
    let brand = setup::the_brand(&store, args.brand.as_deref()).await?;
    let span = span(args.since, args.until)?;
    let filter = MentionFilter { brand: brand.id, span, ..args.filters.read(&store).await? };
    let wish = Wish { what: args.what, format: args.format, filter, brand, after: args.after };
    let mut export = Export::open(store, wish).await?;
    let bar = progress::counter("rows");
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
    super::say(&format!("{} {} written", export.rows(), args.what.as_str()));
    Ok(ExitCode::SUCCESS)
}

async fn write_all(export: &mut Export, out: &mut impl Write, bar: &indicatif::ProgressBar) -> anyhow::Result<()> {
    loop {
        let piece = match export.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => return Err(anyhow::Error::from(error).context(gone_on(export))),
        };
        match out.write_all(&piece) {
            // `ebb export | head` is a normal thing to do.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.with_context(|| gone_on(export))?,
        }
        bar.set_position(export.rows());
    }
    out.flush().or_else(|e| if e.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) })?;
    Ok(())
}

/// Where a broken export can go on.
fn gone_on(export: &Export) -> String {
    match export.last_id() {
        Some(id) => format!("the export broke off after {} rows; the last row read has the id {id}", export.rows()),
        None => format!("the export broke off after {} rows", export.rows()),
    }
}

fn span(since: Option<Millis>, until: Option<Millis>) -> anyhow::Result<Option<Span>> {
    if since.is_none() && until.is_none() {
        return Ok(None);
    }
    let from = since.unwrap_or_default();
    let to = until.unwrap_or(Millis::new(i64::MAX));
    Span::new(from, to).map(Some).context("--until is before --since")
}
