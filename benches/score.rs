//! How fast the bundled English model scores: `cargo bench --bench score -- [THREADS] [FILE]`.
//!
//! Prints one JSON object. FILE holds a text a line, or is a TSV with a column `text`; without it the texts are made up.
//! `benches/score.py` runs this beside ONNX Runtime and transformers, on the same texts.

use std::time::{Duration, Instant};

use ebb::score::embedded::{Embedded, cores};
use ebb::score::prepare::{Prepared, prepare};
use ebb::score::{Engine, Passage};

/// Single posts that the latency is the median of.
const SINGLE: usize = 200;

#[expect(clippy::print_stdout, reason = "this is what the bench is for")]
fn main() -> anyhow::Result<()> {
    let start = Instant::now();
    // `cargo bench` adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let threads = args.next().map_or(Ok(cores()), |arg| arg.parse())?;
    let engine = Embedded::bundled(threads)?;
    engine.score(&[passage("the app is down again and nobody answers")])?;
    let first = start.elapsed();
    let texts = args.next().map_or_else(|| Ok(made_up(4_000)), |path| read(&path))?;
    let passages: Vec<_> = texts.iter().map(|text| passage(text)).collect();

    let mut single = Vec::new();
    for one in passages.iter().take(SINGLE) {
        let start = Instant::now();
        engine.score(std::slice::from_ref(one))?;
        single.push(start.elapsed());
    }
    single.sort_unstable();
    let start = Instant::now();
    engine.score(&passages)?;
    let took = start.elapsed();
    let result = serde_json::json!({
        "engine": engine.name(),
        "threads": threads,
        "texts": passages.len(),
        "posts_per_second": passages.len() as f64 / took.as_secs_f64(),
        "one_post_ms": ms(single.get(single.len() / 2).copied().unwrap_or_default()),
        "first_score_ms": ms(first),
        "peak_mb": peak_kb().map(|kb| kb / 1024),
    });
    println!("{result}");
    Ok(())
}

fn passage(text: &str) -> Passage<'_> {
    Passage { text, lang: "en" }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Prepared texts of a file; those that say nothing are left out.
fn read(path: &str) -> anyhow::Result<Vec<String>> {
    let file = std::fs::read_to_string(path)?;
    let column = file.lines().next().and_then(|header| header.split('\t').position(|name| name == "text"));
    let lines = file.lines().skip(usize::from(column.is_some()));
    let texts = lines.filter_map(|line| line.split('\t').nth(column.unwrap_or(0)));
    Ok(texts.filter_map(ready).collect())
}

fn ready(text: &str) -> Option<String> {
    match prepare(text) {
        Prepared::Text(text) => Some(text),
        Prepared::Nothing => None,
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

/// The most memory that this process ever held; known on Linux only.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
