//! How long the verdict takes with ten million stored mentions, and the report of an incident with half of them:
//! `cargo bench --bench verdict [MENTIONS]`, or `--profile dev`. Ten million need 10 GB in `TMPDIR`.
//!
//! The rows are made inside SQLite, in the tables and with the indexes of the store: authors, mentions, scores, matches, and
//! the counts an hour that follow from them, derived by the same definitions that the store's tests hold them to. Keeping ten
//! million posts page by page would take hours and leave the same rows.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

use std::process::Command;
use std::time::Instant;

use ebb::assess::{Settings, Worker, assess_now};
use ebb::clock::Clock;
use ebb::domain::brand::BrandTerms;
use ebb::domain::ids::BrandId;
use ebb::domain::incident::{Closing, Incident, IncidentKind, IncidentSeverity};
use ebb::domain::source::{SourceKind, SourceSpec, Take};
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis, WEEK_MS};
use ebb::report::{Format, Lang, Links, Names, Voices, Wish, gather, write};
use ebb::store::{NewIncident, Store};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

/// 2026-11-16T12:00:00Z.
const NOW: Millis = Millis::new(1_794_830_400_000);
const WEEKS: i64 = 9;
const SOURCES: i64 = 6;
const AUTHORS: i64 = 400_000;
/// Rows made by one statement.
const CHUNK: i64 = 500_000;
const ROUNDS: usize = 40;
/// One in five is negative, and one in 255 very much so.
const LABEL: &str = "case n % 5 when 0 then 'negative' when 1 then 'positive' else 'neutral' end";
const SEVERITY: &str = "case when n % 255 = 0 then 0.9 when n % 5 = 0 then 0.4 else 0.1 end";
const WORDS: &str = "case n % 7 when 0 then 'is down again' when 1 then 'lost my invoices' when 2 then 'will not let me sign in'
 when 3 then 'works for me' when 4 then 'sent me the wrong bill' when 5 then 'announced a new plan' else 'is slow today' end";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo passes `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mentions: i64 = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(10_000_000);
    if let Some(url) = arguments.iter().find(|a| a.starts_with("sqlite:")) {
        return fill(url, mentions).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdict.db");
    let url = format!("sqlite:{}", path.display());
    let store = Store::open(&url, 1).await.unwrap();
    let brand = furnish(&store).await;
    let began = Instant::now();
    // Making rows takes more memory than reading them does: another process's, so that it is not measured.
    let made = Command::new(std::env::current_exe().unwrap()).args([mentions.to_string(), url]).status().unwrap();
    assert!(made.success(), "{made}");
    let size = std::fs::metadata(&path).unwrap().len() as f64 / 1e9;
    println!("{mentions} mentions in {:.0} s, {size:.1} GB, {WEEKS} weeks, {SOURCES} sources", began.elapsed().as_secs_f64());
    verdict(&store, brand).await;
    report(&store, brand).await;
    store.close().await;
}

/// An incident of a week, so that the fold is long.
async fn verdict(store: &Store, brand: BrandId) {
    let incident = incident(store, brand, 7 * DAY_MS).await;
    let settings = Settings::default();
    let began = Instant::now();
    let first = assess_now(store, &incident, NOW, &settings).await.unwrap();
    say("first verdict, learning what is normal", ms(began));
    println!("  it is {}", first.verdict.as_str());
    // Freezes the baseline, as the worker of every installation does.
    rounds(store, "", settings).await;
    let mut times: Vec<f64> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        assess_now(store, &incident, NOW, &settings).await.unwrap();
        times.push(ms(began));
    }
    times.sort_by(f64::total_cmp);
    say("verdict, baseline frozen: median", times[ROUNDS / 2]);
    say("verdict, baseline frozen: 95th of 100", times[ROUNDS * 95 / 100]);
    let closed = Incident { closed_at: Some(NOW.plus(-6 * DAY_MS)), ..store.incident(incident.id).await.unwrap() };
    let closing = Closing { at: NOW, who: String::new(), reason: "measured".to_owned(), blockers: Vec::new() };
    store.close_incident(&closed, &closing, NOW).await.unwrap();
}

/// The first round of the worker flags everybody and looks for themes, the second has nothing new.
async fn rounds(store: &Store, what: &str, settings: Settings) {
    let mut worker = Worker::new(store.clone(), Clock::manual(NOW), settings);
    for round in ["first", "second"] {
        let began = Instant::now();
        worker.tick().await.unwrap();
        say(&format!("{round} round of the worker{what}"), ms(began));
    }
}

/// An incident with half of all mentions, in every format.
async fn report(store: &Store, brand: BrandId) {
    let incident = incident(store, brand, WEEKS * WEEK_MS / 2).await;
    // The first one is not watched any more.
    let settings = Settings { watch_ms: DAY_MS, ..Settings::default() };
    rounds(store, ", half of all", settings).await;
    let began = Instant::now();
    let sealed = gather(store, incident.id, NOW, &settings).await.unwrap();
    say("report: facts gathered", ms(began));
    println!("  {} mentions, {} people very unhappy", sealed.facts.totals.mentions, sealed.facts.totals.very_unhappy);
    for format in Format::ALL {
        let began = Instant::now();
        let voices = Voices::load(store, &sealed.facts, Names::Masked).await.unwrap();
        let file = write(&sealed, &voices, Wish { format, lang: Lang::ENGLISH, links: Links::none() }).await.unwrap();
        say(&format!("report: {} of {} kB", format.ending(), file.len() / 1000), ms(began));
    }
}

fn say(what: &str, ms: f64) {
    println!("{what:44} {ms:>10.1} ms, peak so far {} MB", high_water_mb());
}

/// Peak resident memory of this process; 0 where the system does not tell.
fn high_water_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1000
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

async fn furnish(store: &Store) -> BrandId {
    let brand = store.save_brand("Acme Cloud", &BrandTerms::default(), NOW).await.unwrap();
    let specs: Vec<SourceSpec> = (0..SOURCES)
        .map(|i| SourceSpec {
            name: format!("source {i}"),
            kind: SourceKind::Feed,
            brand,
            take: Take::All,
            every_ms: 300_000,
            settings: serde_json::Value::Null,
        })
        .collect();
    store.sync_sources(&specs, NOW).await.unwrap();
    brand
}

async fn incident(store: &Store, brand: BrandId, age_ms: i64) -> Incident {
    let new = NewIncident {
        brand,
        title: "Sign-in fails".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOW.plus(-age_ms),
    };
    let id = store.create_incident(&new, NOW).await.unwrap();
    store.incident(id).await.unwrap()
}

async fn fill(url: &str, mentions: i64) {
    sqlx::any::install_default_drivers();
    let db = &mut AnyConnection::connect(url).await.unwrap();
    let from = NOW.plus(-WEEKS * WEEK_MS).get();
    run(db, "pragma synchronous = off; pragma cache_size = -400000; pragma temp_store = file".to_owned()).await;
    // Sorted once at the end instead of kept sorted row by row.
    let indexes = sqlx::query_as::<_, (String, String)>(
        "select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in ('mentions', 'matches', 'scores')",
    );
    let indexes = indexes.fetch_all(&mut *db).await.unwrap();
    for (name, _) in &indexes {
        run(db, format!("drop index {name}")).await;
    }
    run(db, "create temp table places as select row_number() over (order by id) - 1 as n, id from sources".to_owned()).await;
    run(db, numbers(0, AUTHORS) + "insert into authors (id, platform, instance, native_id, handle, name, url, followers, bot, updated_at) select n + 1, 'forum', '', n, n, 'A ' || n, null, 10, 0, 0 from numbers").await;
    for start in (0..mentions).step_by(usize::try_from(CHUNK).unwrap()) {
        let at = format!("{from} + cast({}.0 * n / {mentions} as bigint)", WEEKS * WEEK_MS);
        // 2 654 435 761 spreads the numbers over authors and sources.
        let author = format!("1 + (n * 2654435761) % {AUTHORS}");
        let source = format!("(select id from places where places.n = (numbers.n * 40503) % {SOURCES})");
        let head = numbers(start, CHUNK.min(mentions - start));
        run(
            db,
            format!(
                "{head} insert into mentions (id, platform, instance, native_id, source_id, author_id, created_at, fetched_at, edited_at,
                 deleted_at, text, url, reply_to, lang, likes, reposts, replies, repost, fingerprint, copy_of, misses, missed_at, recheck_at)
                 select n + 1, 'forum', '', n, {source}, {author}, {at}, {at}, null, null,
                 'Acme Cloud ' || {WORDS} || ', number ' || n || ', and nobody at support answers', null, null, 'en', 0, 0, 0, 0, '', null, 0, null, null from numbers"
            ),
        )
        .await;
        let head = numbers(start, CHUNK.min(mentions - start));
        run(
            db,
            format!(
                "{head} insert into matches (brand_id, mention_id, author_id, source_id, created_at, why, label, severity, counted) select (select id from brands), n + 1, {author}, {source}, {at}, 'all',
                 {LABEL}, {SEVERITY}, case n % 5 when 0 then 'o-' when 1 then 'o+' else 'o0' end from numbers"
            ),
        )
        .await;
        let head = numbers(start, CHUNK.min(mentions - start));
        run(
            db,
            format!(
                "{head} insert into scores (mention_id, model, label, negative, neutral, positive, severity, lang, scored_at)
                 select n + 1, 'ebb-en@2026.11', {LABEL}, 0.3, 0.4, 0.3, {SEVERITY}, 'en', {at} from numbers"
            ),
        )
        .await;
    }
    for (_, sql) in &indexes {
        run(db, sql.clone()).await;
    }
    count(db, from).await;
}

/// The counts an hour, from the rows that they count.
async fn count(db: &mut AnyConnection, from: i64) {
    let hour = format!("x.created_at / {HOUR_MS} * {HOUR_MS}");
    for source in ["x.source_id", "0"] {
        run(
            db,
            format!(
                "insert into author_hours (brand_id, source_id, hour, author_id, negative, worst) select x.brand_id, {source}, {hour}, x.author_id, count(*), cast(round(max(x.severity) * 1000000) as bigint)
                 from matches x where x.counted = 'o-' group by 1, 2, 3, 4"
            ),
        )
        .await;
        run(
            db,
            format!(
                "insert into hours (brand_id, source_id, hour, mentions, copies, deleted, negative, neutral, positive, unhappy, severity)
                 select x.brand_id, {source}, {hour}, count(*), 0, 0, sum(x.counted = 'o-'), sum(x.counted = 'o0'), sum(x.counted = 'o+'), 0, 0
                 from matches x group by 1, 2, 3"
            ),
        )
        .await;
    }
    run(
        db,
        "update hours set (unhappy, severity) = (select count(*), coalesce(sum(a.worst), 0) from author_hours a
         where a.brand_id = hours.brand_id and a.source_id = hours.source_id and a.hour = hours.hour)"
            .to_owned(),
    )
    .await;
    let hours = numbers(0, WEEKS * 168);
    run(
        db,
        format!("{hours} insert into coverage (source_id, hour, asked, answered, items, covered_ms) select places.id, {from} + numbers.n * {HOUR_MS}, 12, 12, 0, {HOUR_MS} from numbers, places"),
    )
    .await;
}

fn numbers(from: i64, n: i64) -> String {
    format!("with recursive numbers(n) as (select {from} union all select n + 1 from numbers where n < {}) ", from + n - 1)
}

async fn run(db: &mut AnyConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}
