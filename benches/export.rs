//! How fast mentions are exported and how much memory that takes, against the database's own command line: the same joined
//! rows as CSV, and all columns of the mentions alone (`.dump` of SQLite, `copy` of PostgreSQL).
//!
//! `cargo bench --bench export [MENTIONS] [POSTGRES-URL]`; 10000000 is ten million and needs some 12 GB in `TMPDIR`. With the
//! address of an empty PostgreSQL database it fills that one instead of a file of SQLite. All rows are written in each format,
//! but for XLSX: as many as a sheet can have. Beside the time on the clock stands the time of the program's processor (not that
//! of a database server), which other work on the machine changes less. Peak memory is the high-water mark of the resident set.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ebb::domain::brand::BrandTerms;
use ebb::domain::source::{SourceKind, SourceSpec, Take};
use ebb::domain::time::Millis;
use ebb::store::Store;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

const START: Millis = Millis::new(1_794_830_400_000);

/// What a sheet holds besides its header.
const SHEET: i64 = 1_048_575;

/// The rows of an export as one statement, for the alternative.
const PLAIN: &str = "
select
    m.platform, m.native_id, a.handle, m.created_at, m.text, m.instance, m.url, a.name, a.followers, m.reply_to, m.likes,
    m.reposts, m.replies, m.lang, x.label, c.label, s.negative, s.neutral, s.positive, s.severity, s.model, m.copy_of,
    m.id, x.why, m.fetched_at, m.edited_at, m.deleted_at
from matches x
cross join mentions m
cross join authors a
left join scores s on s.mention_id = x.mention_id
left join corrections c on c.mention_id = x.mention_id
where m.id = x.mention_id
    and a.id = m.author_id
    and x.brand_id = (select id from brands)
    and x.hidden = 0
order by x.created_at, x.mention_id";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo passes `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mentions: i64 = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(200_000);
    let postgres = arguments.into_iter().find(|a| a.starts_with("postgres://"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ebb.db");
    let bench = Bench { mentions, url: postgres.unwrap_or_else(|| format!("sqlite:{}", file.display())), out: folder.path().join("out") };
    let began = Instant::now();
    fill(&bench.url, mentions).await;
    println!("{mentions} mentions, made in {:.0} s", began.elapsed().as_secs_f64());
    println!("{:34} {:>9} {:>9} {:>7} {:>9} {:>7} {:>8}", "", "rows", "rows/s", "s", "rows/cpu-s", "peak", "file");
    for format in ["csv", "jsonl", "parquet"] {
        bench.exported(format, mentions);
    }
    bench.exported("xlsx", mentions.min(SHEET));
    if bench.url.starts_with("postgres:") {
        let copy = |rows: &str| format!("copy ({rows}) to stdout with (format csv, header)");
        bench.psql("psql copy, the same rows", &copy(PLAIN));
        bench.psql("psql copy mentions (one table)", &copy("select * from mentions"));
    } else {
        bench.sqlite3("sqlite3 -csv, the same rows", &file, PLAIN);
        bench.sqlite3("sqlite3 .dump mentions (one table)", &file, ".dump mentions");
    }
}

struct Bench {
    mentions: i64,
    url: String,
    out: PathBuf,
}

impl Bench {
    fn exported(&self, format: &str, rows: i64) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ebb"));
        command.args(["export", "--format", format, "--log", "error", "--database", &self.url]);
        command.args(["--until", &START.plus(rows * 1000).to_rfc3339()]);
        measure(&format!("ebb export --format {format}"), command, &self.out, rows);
    }

    fn sqlite3(&self, name: &str, file: &Path, sql: &str) {
        let mut command = Command::new("sqlite3");
        command.args(["-readonly", "-csv"]).arg(file).arg(sql);
        measure(name, command, &self.out, self.mentions);
    }

    fn psql(&self, name: &str, sql: &str) {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--command", sql, &self.url]);
        measure(name, command, &self.out, self.mentions);
    }
}

fn megabytes(path: &Path) -> u64 {
    path.metadata().unwrap().len() / 1_000_000
}

/// Runs it to a file and prints what it took.
fn measure(name: &str, mut command: Command, out: &Path, rows: i64) {
    let began = Instant::now();
    let started = command.stdout(File::create(out).unwrap()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = started else {
        println!("{name:34} is not on this machine");
        return;
    };
    let (mut peak_kb, mut cpu_s) = (0, 0.0);
    let code = loop {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
        peak_kb = peak_kb.max(high_water(&read("status")).unwrap_or(0));
        cpu_s = cpu_seconds(&read("stat")).unwrap_or(0.0_f64).max(cpu_s);
        match child.try_wait().unwrap() {
            Some(code) => break code,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    assert!(code.success(), "{name}: {code}");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let (rate, cpu_rate) = (rows as f64 / seconds, rows as f64 / cpu_s.max(0.01));
    let (peak, file) = (peak_kb / 1000, megabytes(out));
    println!("{name:34} {rows:>9} {rate:>9.0} {seconds:>7.1} {cpu_rate:>9.0} {peak:>4} MB {file:>5} MB");
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time of the processor, of all threads; Linux counts it in hundredths of a second.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut after_name = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (after_name.next()?.parse().ok()?, after_name.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

/// Writes the rows past the store, which would take an hour for ten million: only reading is measured. Of the indexes only
/// those that an export reads by are kept.
async fn fill(url: &str, mentions: i64) {
    let store = Store::open(url, 1).await.unwrap();
    let brand = store.save_brand("Acme Cloud", &BrandTerms::default(), START).await.unwrap();
    let spec = SourceSpec {
        name: "town".to_owned(),
        kind: SourceKind::Mastodon,
        brand,
        take: Take::Matching,
        every_ms: 60_000,
        settings: serde_json::Value::Null,
    };
    let source = store.sync_sources(&[spec], START).await.unwrap()[0];
    store.close().await;
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let numbers = format!("with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < {mentions} - 1)");
    let start = START.get();
    let pragmas = if url.starts_with("sqlite:") { ["pragma synchronous = off", "pragma cache_size = -200000"].as_slice() } else { &[] };
    for pragma in pragmas {
        sqlx::query(*pragma).execute(&mut connection).await.unwrap();
    }
    let statements = [
        "drop index mentions_fingerprint".to_owned(),
        "drop index mentions_author".to_owned(),
        "drop index mentions_recheck".to_owned(),
        "drop index mentions_copies".to_owned(),
        "drop index mentions_expiry".to_owned(),
        "drop index matches_label".to_owned(),
        "drop index matches_author".to_owned(),
        "drop index matches_mention".to_owned(),
        "begin".to_owned(),
        format!(
            "insert into authors (id, platform, instance, native_id, handle, name, url, followers, bot, updated_at) {numbers}
             select i + 1, 'mastodon', 'town.example', 'a' || i, 'a' || i || '@town.example', 'Author ' || i, null, i % 5000, 0, {start}
             from n where i <= {mentions} / 2"
        ),
        format!(
            "insert into mentions (id, platform, instance, native_id, source_id, author_id, created_at, fetched_at, text, url, lang,
                likes, reposts, replies, repost, fingerprint, misses) {numbers}
             select i + 1, 'mastodon', 'town.example', i, {source}, i / 2 + 1, {start} + i * 1000, {start} + i * 1000,
                'Acme Cloud is down again, number ' || i || ', and nobody at support answers the phone. Really, nobody does.',
                'https://town.example/' || i, 'en', i % 7, i % 3, 0, 0, i, 0
             from n"
        ),
        format!(
            "insert into matches (brand_id, mention_id, author_id, source_id, created_at, why, label, severity, counted) {numbers}
             select {brand}, i + 1, i / 2 + 1, {source}, {start} + i * 1000, 'names “Acme Cloud”',
                case i % 3 when 0 then 'negative' when 1 then 'neutral' else 'positive' end, (i % 100) / 100.0, ''
             from n"
        ),
        format!(
            "insert into scores (mention_id, model, label, negative, neutral, positive, severity, lang, scored_at) {numbers}
             select i + 1, 'ebb-en@2026.11', case i % 3 when 0 then 'negative' when 1 then 'neutral' else 'positive' end,
                0.25, 0.5, 0.25, (i % 100) / 100.0, 'en', {start}
             from n"
        ),
        "commit".to_owned(),
        "analyze".to_owned(),
    ];
    for sql in statements {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}
