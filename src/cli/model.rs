//! `ebb model`: models from elsewhere on this machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::{Common, progress, say, setup};
use crate::config::Config;
use crate::domain::ids::MentionId;
use crate::domain::sentiment::Label;
use crate::hub::shelf::Said;
use crate::hub::{Hub, RepoId, Shelf, remote};
use crate::score::{self, Models, ScoreInput};
use crate::store::HumanLabel;

/// What stands for the models inside the program.
const BUNDLED: &str = "bundled";

/// Options of `ebb model`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb model pull OWNER/NAME && ebb model use OWNER/NAME")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The models on this machine, and which one is in use
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model from the Hugging Face hub, or take one from a folder
    Pull(Pull),
    /// Score with this model from now on; `bundled` for the one inside Ebb
    Use {
        /// `OWNER/NAME`, or `bundled`
        name: String,
    },
    /// What people said of mentions on the pages, as TSV for `ebb eval` and for training
    Labels {
        /// Only this brand; may be left out when there is one
        #[arg(long)]
        brand: Option<String>,
    },
    /// Remove a model from this machine
    Rm {
        /// `OWNER/NAME`
        name: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A text classifier with an .onnx file and a tokenizer.json is wanted; where Ebb was built with rust-bert, one with a \
    model.safetensors will do. The proxy of the system is used, the token in HF_TOKEN, \
    and HF_ENDPOINT where --endpoint is not given.\n\n\
    Examples:\n  ebb model pull OWNER/NAME@v2\n  ebb model pull acme/tone --from ./tone --labels negative,positive --languages en,de"
)]
struct Pull {
    /// `OWNER/NAME` or `OWNER/NAME@REVISION`
    name: RepoId,
    /// Take the files from this folder instead of a hub
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// Another hub that speaks the same way
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// What its classes mean, in their order: negative, neutral, positive (several classes may mean the same)
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',')]
    labels: Vec<Label>,
    /// Languages that it should read (ISO 639-1); all when left out
    #[arg(long, value_name = "LANG,…", value_delimiter = ',')]
    languages: Vec<String>,
    /// Which network file, when there are several: `model.safetensors`, `rust_model.ot`, or a path that ends in `.onnx`
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let shelf = Shelf::new(&config.score.folder);
    match args.command {
        Command::List { json } => list(&shelf, json)?,
        Command::Pull(pull) => pull_one(&shelf, pull, &config).await?,
        Command::Labels { brand } => labels(&config, brand.as_deref()).await?,
        Command::Use { name } => {
            shelf.choose((name != BUNDLED).then_some(name.as_str()))?;
            say(&format!("{name} scores from the next start on; what was scored keeps its scores and says which model gave them"));
            let named = &config.score.model;
            if !named.as_os_str().is_empty() {
                say(&format!("but [score] model = {} in the configuration goes before it", named.display()));
            }
        }
        Command::Rm { name } => {
            let gone = shelf.remove(&name)?;
            say(&format!("{} removed{}", gone.name, if gone.in_use { "; the bundled model is in use again" } else { "" }));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Labels that are read at once.
const LABELS: i64 = 1_000;

async fn labels(config: &Config, brand: Option<&str>) -> anyhow::Result<()> {
    let store = setup::open_existing(config).await?;
    let brand = setup::the_brand(&store, brand).await?.id;
    super::print("label\ttext\tlang\n");
    let (mut after, mut written) = (MentionId::new(i64::MIN), 0);
    loop {
        let labels = store.human_labels(brand, after, LABELS).await?;
        let Some(last) = labels.last() else { break };
        after = last.mention;
        written += labels.len();
        super::print(&labels.iter().map(line).collect::<Vec<_>>().concat());
    }
    say(&format!("{written} labels written"));
    Ok(())
}

/// A field holds no tab and no line break: that is the whole of the format.
fn line(label: &HumanLabel) -> String {
    let cell = |words: &str| words.split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{}\t{}\t{}\n", label.label, cell(&label.text), cell(label.lang.as_deref().unwrap_or_default()))
}

#[derive(Serialize)]
struct Row {
    name: String,
    in_use: bool,
    /// Absent for the bundled one.
    folder: Option<PathBuf>,
    /// Of its network; absent for the bundled one.
    bytes: Option<u64>,
}

fn list(shelf: &Shelf, json: bool) -> anyhow::Result<()> {
    let shelved = shelf.list()?;
    let bundled = Row { name: BUNDLED.to_owned(), in_use: !shelved.iter().any(|m| m.in_use), folder: None, bytes: None };
    let others = shelved.into_iter().map(|m| Row { name: m.name, in_use: m.in_use, folder: Some(m.folder), bytes: Some(m.bytes) });
    let rows: Vec<Row> = std::iter::once(bundled).chain(others).collect();
    if json {
        super::print(&format!("{}\n", serde_json::to_string(&rows)?));
        return Ok(());
    }
    for row in rows {
        let size = row.bytes.map(|b| format!("  {:.1} MB", b as f64 / 1e6)).unwrap_or_default();
        super::print(&format!("{} {}{size}\n", if row.in_use { "*" } else { " " }, row.name));
    }
    Ok(())
}

async fn pull_one(shelf: &Shelf, pull: Pull, config: &Config) -> anyhow::Result<()> {
    let said = Said { labels: (!pull.labels.is_empty()).then_some(pull.labels), languages: pull.languages, file: pull.file };
    let model = if let Some(folder) = &pull.from {
        shelf.take(folder, &format!("{}--{}", pull.name.owner, pull.name.name), &said)?
    } else {
        let endpoint = pull.endpoint.or_else(|| std::env::var("HF_ENDPOINT").ok());
        let hub = Hub::new(endpoint.as_deref().unwrap_or(remote::ENDPOINT), std::env::var("HF_TOKEN").ok())?;
        let bar = progress::bar(0, "bytes");
        let model = shelf
            .pull(&hub, &pull.name, &said, |have, total| {
                bar.set_length(total);
                bar.set_position(have);
            })
            .await?;
        bar.finish_and_clear();
        model
    };
    if let Err(error) = try_out(&model.folder, config) {
        shelf.remove(&model.name)?;
        return Err(error.context(format!("{} was fetched, but does not run here, and was removed again", pull.name)));
    }
    say(&format!(
        "{} is here; `ebb eval FILE.tsv --model {}` measures it, `ebb model use {}` scores with it",
        pull.name,
        model.folder.display(),
        pull.name
    ));
    Ok(())
}

/// A model that cannot score a sentence must not be there to be chosen.
fn try_out(folder: &Path, config: &Config) -> anyhow::Result<()> {
    let choice = score::Choice { device: config.score.device, ..score::Choice::folder(folder, config.score.threads) };
    let models = Models::open(&choice)?;
    let input = ScoreInput { text: "The update broke everything and nobody answers.".to_owned(), lang: Some("en".to_owned()) };
    let scored = models.score(&[input])?;
    let first: &_ = scored.first().context("it gave no score")?;
    say(&format!("a test sentence (an angry one) is {} with probability {:.2}", first.label, first.confidence()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_of_three_fields() {
        let text = "still\tbroken\r\nfor \u{1f620} me".to_owned();
        let label = HumanLabel { mention: MentionId::new(1), label: Label::Negative, text, lang: Some("en".to_owned()) };
        assert_eq!(line(&label), "negative\tstill broken for \u{1f620} me\ten\n");
        let label = HumanLabel { text: "\0\u{85}".to_owned(), lang: Some("e\tn\n".to_owned()), ..label };
        assert_eq!(line(&label), "negative\t\te n\n");
    }
}
