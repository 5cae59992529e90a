//! How fast a model scores: `cargo bench --bench score -- [THREADS] [FILE] [--model=FOLDER] [--serve]`.
//!
//! Prints one JSON object. FILE holds a text a line, or is a TSV with a column `text`; without it the texts are made up.
//! The model is the bundled English one, or that of a folder (safetensors need the feature `rust-bert`). With `--serve` it
//! answers line by line: `part FROM TO` (seconds), `single COUNT` (median of one post, ms) and `peak` (MB).
//! `benches/score.py` runs this beside ONNX Runtime and transformers, on the same texts.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use ebb::score::embedded::cores;
use ebb::score::prepare::{Prepared, prepare};
use ebb::score::{Choice, Engine, Passage};

/// Single posts that the latency is the median of.
const SINGLE: usize = 200;

fn main() -> anyhow::Result<()> {
    let start = Instant::now();
    // `cargo bench` adds `--bench`.
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let mut words = words.into_iter();
    let threads = words.next().map_or(Ok(cores()), |word| word.parse())?;
    let folder = flags.iter().find_map(|flag| flag.strip_prefix("--model=")).map(Into::into);
    let choice = Choice { folder, threads, ..Choice::default() };
    let engine = choice.open(&choice.english()?)?;
    engine.score(&[passage("the app is down again and nobody answers")])?;
    let first = start.elapsed();
    let texts = words.next().map_or_else(|| Ok(made_up(4_000)), |path| read(&path))?;
    let bench = Bench { engine, texts };
    let begin = serde_json::json!({
        "engine": bench.engine.name(), "threads": threads, "texts": bench.texts.len(), "first_score_ms": ms(first),
    });
    if flags.iter().any(|flag| flag == "--serve") { bench.serve(&begin) } else { bench.once(begin) }
}

struct Bench {
    engine: Arc<dyn Engine>,
    texts: Vec<String>,
}

impl Bench {
    fn once(&self, mut result: serde_json::Value) -> anyhow::Result<()> {
        result["one_post_ms"] = self.single(SINGLE)?.into();
        result["posts_per_second"] = (self.texts.len() as f64 / self.part(0, self.texts.len())?).into();
        result["peak_mb"] = peak_mb().into();
        say(&result)
    }

    fn serve(&self, begin: &serde_json::Value) -> anyhow::Result<()> {
        say(begin)?;
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let answer = match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["part", from, to] => self.part(from.parse()?, to.parse()?)?.into(),
                ["single", count] => self.single(count.parse()?)?.into(),
                ["peak"] => peak_mb().into(),
                _ => bail!("`{line}` is no question"),
            };
            say(&answer)?;
        }
        Ok(())
    }

    /// Seconds for the texts of a range together.
    fn part(&self, from: usize, to: usize) -> anyhow::Result<f64> {
        let passages: Vec<_> = self.texts.get(from..to).context("there are not so many texts")?.iter().map(|text| passage(text)).collect();
        let start = Instant::now();
        self.engine.score(&passages)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Median of the milliseconds that the first texts take one by one.
    fn single(&self, count: usize) -> anyhow::Result<f64> {
        let mut took = Vec::new();
        for text in self.texts.iter().take(count) {
            let start = Instant::now();
            self.engine.score(&[passage(text)])?;
            took.push(start.elapsed());
        }
        took.sort_unstable();
        Ok(ms(took.get(took.len() / 2).copied().unwrap_or_default()))
    }
}

fn say(answer: &serde_json::Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{answer}")?;
    Ok(())
}

fn passage(text: &str) -> Passage<'_> {
    Passage { text, lang: "en" }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Texts of a file, prepared; one that says nothing is kept, so that others find the same texts at the same places.
fn read(path: &str) -> anyhow::Result<Vec<String>> {
    let file = std::fs::read_to_string(path)?;
    let column = file.lines().next().and_then(|header| header.split('\t').position(|name| name == "text"));
    let lines = file.lines().skip(usize::from(column.is_some()));
    let texts = lines.filter_map(|line| line.split('\t').nth(column.unwrap_or(0)));
    Ok(texts.map(ready).collect())
}

fn ready(text: &str) -> String {
    match prepare(text) {
        Prepared::Text(text) => text,
        Prepared::Nothing => text.to_owned(),
    }
}

/// Posts of 4 to 43 words, always the same ones, and no two alike.
fn made_up(count: usize) -> Vec<String> {
    const WORDS: &str = "the app is down again since this morning and nobody answers my mails thanks for the quick fix love it why can I not log in \
        to my account status page says all good but it is not please refund me great work team waiting for two hours now still broken";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let post = |n: usize| {
        let length = 4 + n * 7 % 40;
        let picked = (0..length).map(|i| words[(n * 31 + i * 17 + n / words.len()) % words.len()]);
        format!("{} {n}", picked.collect::<Vec<_>>().join(" "))
    };
    (0..count).map(post).collect()
}

/// The most memory that this process ever held, MB; known on Linux only.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kb: u64 = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kb / 1024)
}
