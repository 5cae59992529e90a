//! `ebb report`: the report of an incident to a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{Common, incident, setup};
use crate::app::Settings;
use crate::clock::Clock;
use crate::domain::time::Millis;
use crate::report::{self, Format, Lang, Links, Names, Voices, Wish};

/// Options of `ebb report`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file is named after the incident and the language unless --out says otherwise; `--out -` writes to stdout.\n\n\
    Example: ebb report \"Logins fail\" --format pdf --lang en --out report.pdf"
)]
pub struct Args {
    /// The incident: its number, its title, or words of it
    incident: String,
    /// Only incidents of this brand
    #[arg(long)]
    brand: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value = "pdf")]
    format: Format,
    /// Its language: en, it, or another that has a catalogue
    #[arg(long, default_value = "en", value_parser = lang)]
    lang: Lang,
    /// Write to this file; `-`: stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Name people; without it they are numbered
    #[arg(long)]
    names: bool,
    /// From the data of that time (RFC 3339): the report that was sealed then, or one from what is still kept
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    as_of: Option<Millis>,
}

fn lang(text: &str) -> Result<Lang, String> {
    text.parse().map_err(|e: report::texts::UnknownLang| e.to_string())
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let store = setup::open_existing(&config).await?;
    let incident = incident::find(&store, &args.incident, args.brand.as_deref()).await?;
    let now = Clock::system().now();
    let judged = store.standing(incident.id).await?.map_or(now, |a| a.at);
    // The clock of a simulated world runs ahead of the machine's.
    let data_at = report::gather::whole_second(args.as_of.unwrap_or_else(|| now.max(judged)));
    if data_at > now.max(judged) {
        bail!("--as-of lies in the future: what will be known then cannot be told yet");
    }
    super::say(&format!("gathering \"{}\", state of {data_at}", incident::shown(&incident.title)));
    let sealed = report::gather(&store, incident.id, data_at, &Settings::from(&config).assess).await?;
    // Sealed, so that the same request later gives the same numbers.
    store.seal_report(incident.id, data_at, (&sealed.sha256, &sealed.facts.canonical()), now).await?;
    let names = if args.names { Names::Shown } else { Names::Masked };
    let voices = Voices::load(&store, &sealed.facts, names).await?;
    let links = Links::new(&config.web.public_url, incident.brand);
    super::say(match args.format {
        Format::Pdf => "typesetting",
        _ => "writing",
    });
    let wish = Wish { format: args.format, lang: args.lang, links };
    let path = args.out.unwrap_or_else(|| PathBuf::from(wish.file_name(incident.id)));
    let bytes = report::write(&sealed, &voices, wish).await?;
    deliver(&path, &bytes)?;
    if path.as_os_str() != "-" {
        super::say(&format!("{}, {} KiB, SHA-256 of its data {}", path.display(), bytes.len().div_ceil(1024), sealed.sha256));
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The name appears when all is written: a cut file must not look like a whole one.
fn deliver(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    if path.as_os_str() == "-" {
        return std::io::stdout().lock().write_all(bytes).context("cannot write");
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write in {}", folder.display()))?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
    file.as_file().sync_all()?;
    // Readable by its owner alone, as temporary files are: reports can name people.
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
