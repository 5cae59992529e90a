//! `ebb replay`: the rules over stored weeks. When would they have spoken, and with which settings?

mod chart;
mod print;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{Common, progress, setup};
use crate::app::{self, model_choice};
use crate::assess::Settings;
use crate::assess::replay::{Replay, ReplayRequest, proposals, replay};
use crate::clock::Clock;
use crate::config::{Config, Duration};
use crate::domain::brand::Brand;
use crate::domain::proposal::Signal;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::score::worker::{Outcome, ScoreWorker};
use crate::score::{Models, Scorer};
use crate::store::Store;

/// Longest stretch that is replayed, milliseconds: every hour of it is judged.
const LONGEST_MS: i64 = 400 * DAY_MS;

/// Options of `ebb replay`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --json, one line for each change of the verdict: at, verdict, unhappy_authors, expected, upper_limit (all an hour), reasons.\n\
    With --onset also lines with \"kind\": \"proposal\": at, began, unhappy_authors and expected (in so many hours), hours, chance.\n\
    With --compare each line names its settings.\n\n\
    Example: ebb replay --brand \"Acme Cloud\" --start 2026-03-02T08:00:00Z --compare hold=24h --chart acme.svg"
)]
pub struct Args {
    /// The brand; may be left out when there is one
    #[arg(long)]
    brand: Option<String>,
    /// When the incident began (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    start: Millis,
    /// When it was declared fixed; only shown (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    fixed: Option<Millis>,
    /// The last moment to judge (RFC 3339) [default: the end of what is stored]
    #[arg(long, value_name = "TIME", value_parser = setup::time)]
    until: Option<Millis>,
    /// How long concern must stay calm, at least 1h [default: assess.hold]
    #[arg(long, value_name = "TIME", value_parser = hold)]
    hold: Option<Duration>,
    /// Second settings to set beside the first, such as `hold=24h,min_coverage=0.5,false_alarms_per_week=0.5`
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = Change::parse)]
    compare: Option<Change>,
    /// When an incident would have been proposed in the stored weeks; always told without --json
    #[arg(long)]
    onset: bool,
    /// Draw the curve and the verdicts into this file
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
    /// JSON lines
    #[arg(long)]
    json: bool,
}

/// Other settings, as written after `--compare`.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    text: String,
    hold: Option<Duration>,
    min_coverage: Option<f64>,
    false_alarms: Option<f64>,
}

impl Change {
    fn parse(text: &str) -> Result<Self, String> {
        let mut change = Self { text: text.trim().to_owned(), hold: None, min_coverage: None, false_alarms: None };
        for pair in text.split(',') {
            let (key, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}`: write key=value, such as hold=24h"))?;
            let number = || value.trim().parse::<f64>().map_err(|_| format!("`{value}` is no number"));
            match key.trim() {
                "hold" => change.hold = Some(hold(value)?),
                "min_coverage" => change.min_coverage = Some(number()?).filter(|n| (0.0..=1.0).contains(n)),
                "false_alarms_per_week" => change.false_alarms = Some(number()?).filter(|n| *n > 0.0 && *n <= 50.0),
                other => return Err(format!("`{other}`: known are hold, min_coverage and false_alarms_per_week")),
            }
        }
        let missing = |name: &str, there: bool| text.contains(name) && !there;
        if missing("min_coverage", change.min_coverage.is_some()) || missing("false_alarms", change.false_alarms.is_some()) {
            return Err("min_coverage lies between 0 and 1, false_alarms_per_week above 0 and up to 50".to_owned());
        }
        Ok(change)
    }

    fn over(&self, settings: Settings) -> Settings {
        let mut settings = settings;
        if let Some(hold) = self.hold {
            settings.hold_ms = hold.as_millis();
        }
        if let Some(rate) = self.false_alarms {
            settings.onset.false_alarms_per_week = rate;
        }
        self.min_coverage.map_or(settings, |share| settings.with_min_coverage(share))
    }
}

fn hold(text: &str) -> Result<Duration, String> {
    let hold: Duration = text.parse().map_err(|e: crate::config::BadDuration| e.to_string())?;
    if hold.as_millis() < HOUR_MS { Err("the hold time is at least 1h".to_owned()) } else { Ok(hold) }
}

/// One set of settings and what they say.
struct Told {
    /// As written by the person; `as set` for the configuration's.
    name: String,
    settings: Settings,
    replay: Replay,
    proposals: Vec<Signal>,
}

/// What a replay shows.
struct Scene {
    brand: String,
    start: Millis,
    fixed: Option<Millis>,
    until: Millis,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let store = setup::open_existing(&config).await?;
    let brand = setup::the_brand(&store, args.brand.as_deref()).await?;
    let stored = stored(&store, &brand, Clock::system().now()).await?;
    let until = args.until.unwrap_or(stored.to()).min(stored.to());
    if let Some(problem) = problem(&args, stored, until) {
        super::say(&format!("ebb: {problem}"));
        return Ok(ExitCode::from(2));
    }
    score_what_waits(&store, &config).await?;

    let mut settings = app::Settings::from(&config).assess;
    if let Some(hold) = args.hold {
        settings.hold_ms = hold.as_millis();
    }
    let weeks = Span::new(stored.from().max(until.plus(-LONGEST_MS)), until).context("nothing is stored before --until")?;
    let request = ReplayRequest { brand: brand.id, start: args.start, until, settings };
    let mut told = vec![tell(&store, request, weeks, "as set").await?];
    if let Some(change) = &args.compare {
        told.push(tell(&store, ReplayRequest { settings: change.over(settings), ..request }, weeks, &change.text).await?);
    }
    store.close().await;
    let scene = Scene { brand: brand.name, start: args.start, fixed: args.fixed, until };
    if let Some(path) = &args.chart {
        std::fs::write(path, chart::draw(&scene, &told)).with_context(|| format!("cannot write {}", path.display()))?;
        super::say(&format!("chart: {}", path.display()));
    }
    super::print(&if args.json { print::json_lines(&told, args.onset) } else { print::table(&scene, &told) });
    Ok(ExitCode::SUCCESS)
}

/// From the brand's first stored hour to the end of what is known of it.
async fn stored(store: &Store, brand: &Brand, now: Millis) -> anyhow::Result<Span> {
    let (Some(first), Some(last)) = (store.first_hour(brand.id).await?, store.last_hour(brand.id).await?) else {
        bail!("nothing is stored of \"{}\" yet; bring history in with `ebb import FILE`, or let `ebb run` read it", brand.name);
    };
    // A brand that is polled is known up to now, also when nobody says a word.
    let sources = store.source_health().await?;
    let polled = sources.iter().any(|s| s.enabled && s.spec.brand == brand.id && s.spec.kind != SourceKind::Import);
    let end = if polled { now } else { last.plus(HOUR_MS).min(now) };
    Span::new(first, end.max(first)).context("the stored hours lie in the future")
}

/// What is wrong with the asked times.
fn problem(args: &Args, stored: Span, until: Millis) -> Option<String> {
    let last = print::when(stored.to());
    if args.until.is_some_and(|until| until <= args.start) {
        return Some("--until is not after --start".to_owned());
    }
    if args.fixed.is_some_and(|fixed| fixed < args.start) {
        return Some("--fixed is before --start".to_owned());
    }
    if args.start >= until {
        return Some(format!("--start is after everything that is stored: it ends at {last}"));
    }
    (until.since(args.start) > LONGEST_MS).then(|| format!("that is longer than {} days; give --until", LONGEST_MS / DAY_MS))
}

/// Imported history waits for its scores until something reads it; here it is read at once.
async fn score_what_waits(store: &Store, config: &Config) -> anyhow::Result<()> {
    let waiting = store.scoring_backlog().await?;
    if waiting == 0 {
        return Ok(());
    }
    let scorer = Scorer::start(Models::open(&model_choice(&config.score)?).context("cannot load the model")?)?;
    let mut worker = ScoreWorker::new(store.clone(), scorer.clone(), Clock::system(), format!("replay-{:08x}", rand::random::<u32>()));
    let bar = progress::bar(u64::try_from(waiting).unwrap_or(0), "scoring");
    while let Outcome::Done { scored, failed } = worker.tick().await? {
        bar.inc(scored + failed);
    }
    bar.finish_and_clear();
    scorer.close().await;
    let left = store.scoring_backlog().await?;
    if left > 0 {
        super::say(&format!("{left} mentions are not scored yet: another process holds them, or they cannot be read"));
    }
    Ok(())
}

async fn tell(store: &Store, request: ReplayRequest, weeks: Span, name: &str) -> anyhow::Result<Told> {
    let proposals = proposals(store, request.brand, weeks, &request.settings).await?;
    Ok(Told { name: name.to_owned(), settings: request.settings, replay: replay(store, &request).await?, proposals })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_to_compare_are_read_and_laid_over_the_first() {
        let change = Change::parse("hold=24h, min_coverage=0.8,false_alarms_per_week=0.5").expect("settings");
        let settings = change.over(Settings::default());
        assert_eq!(settings.hold_ms, 24 * HOUR_MS);
        assert!((settings.rules.known - 0.8).abs() < 1e-9);
        assert!((settings.onset.false_alarms_per_week - 0.5).abs() < 1e-9);
    }

    #[test]
    fn wrong_settings_are_refused_with_what_is_known() {
        for (bad, says) in [
            ("hold", "key=value"),
            ("hodl=24h", "known are hold"),
            ("hold=soon", "no duration"),
            ("hold=1m", "at least 1h"),
            ("min_coverage=2", "between 0 and 1"),
            ("false_alarms_per_week=x", "no number"),
        ] {
            let error = Change::parse(bad).expect_err("refused");
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
