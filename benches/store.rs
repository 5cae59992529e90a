//! How fast pages of posts are kept, against plain multi-row inserts of the same rows in the same kind of database.
//!
//! `cargo bench --bench store [PAGES]`; with `--profile dev` where a release build takes too long. It prints mentions a
//! second and their ratios: what matching, copies, counts, queue, coverage and cursor cost on top of the rows themselves,
//! and what of that is the search for copies and near copies.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

use std::time::Instant;

use ebb::domain::brand::BrandTerms;
use ebb::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use ebb::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use ebb::domain::time::{HOUR_MS, Millis};
use ebb::store::{Keep, PageToKeep, SourceLease, Store};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

const START: Millis = Millis::new(1_794_830_400_000);
const PAGE: usize = 100;
/// Other work on the machine only ever slows a round down.
const ROUNDS: usize = 3;
/// Parents first. `hours`, `author_hours` and `coverage` are counts, not rows of mentions.
const TABLES: [&str; 4] = ["authors", "mentions", "matches", "scoring"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo passes `--bench`.
    let pages: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100);
    let mut best = [0.0_f64; 4];
    for _ in 0..ROUNDS {
        let round = measure(pages).await;
        best.iter_mut().zip(round).for_each(|(best, rate)| *best = best.max(rate));
    }
    let [kept, without, again, plain] = best;
    println!("pages of {PAGE}, {pages} pages, SQLite, best of {ROUNDS}");
    println!("save_page, new posts        {kept:>9.0} mentions/s");
    println!("save_page, no copies sought {without:>9.0} mentions/s");
    println!("save_page, known posts      {again:>9.0} mentions/s");
    println!("plain multi-row inserts     {plain:>9.0} mentions/s");
    println!("ratio new / plain           {:>9.2}", kept / plain);
    println!("ratio with / without copies {:>9.2}", kept / without);
}

/// New posts, new posts that are never taken for copies, the first again, and their rows inserted plainly; each in
/// mentions a second.
async fn measure(pages: usize) -> [f64; 4] {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let (store, lease) = open(&url("kept.db"), 1).await;
    let kept = save(&store, &lease, pages, Seek::Copies).await;
    let again = save(&store, &lease, pages, Seek::Copies).await;
    store.close().await;
    let (store, lease) = open(&url("without.db"), 1).await;
    let without = save(&store, &lease, pages, Seek::Nothing).await;
    store.close().await;
    let (other, _) = open(&url("plain.db"), 1).await;
    other.close().await;
    [kept, without, again, insert_plainly(&url("kept.db"), &url("plain.db"), pages).await]
}

/// Both databases get the same brand and source, with the same ids.
async fn open(url: &str, seed: u64) -> (Store, SourceLease) {
    let store = Store::open(url, seed).await.unwrap();
    let brand = store.save_brand("Acme Cloud", &BrandTerms::default(), START).await.unwrap();
    let spec = SourceSpec {
        name: "town".to_owned(),
        kind: SourceKind::Mastodon,
        brand,
        take: Take::Matching,
        every_ms: 60_000,
        settings: serde_json::Value::Null,
    };
    store.sync_sources(&[spec], START).await.unwrap();
    let lease = store.claim_source("bench", START, HOUR_MS).await.unwrap().unwrap();
    (store, lease)
}

/// Whether posts may be copies: those without a fingerprint are not.
#[derive(Clone, Copy)]
enum Seek {
    Copies,
    Nothing,
}

async fn save(store: &Store, lease: &SourceLease, pages: usize, seek: Seek) -> f64 {
    let pages: Vec<PageToKeep> = (0..pages).map(|number| page(number, seek)).collect();
    let mentions = pages.len() * PAGE;
    let began = Instant::now();
    for page in pages {
        store.save_page(lease, page, START).await.unwrap();
    }
    rate(mentions, began)
}

fn rate(mentions: usize, began: Instant) -> f64 {
    f64::from(u32::try_from(mentions).unwrap()) / began.elapsed().as_secs_f64()
}

fn page(number: usize, seek: Seek) -> PageToKeep {
    let keep = (0..PAGE).map(|n| keep(number * PAGE + n, seek)).collect();
    PageToKeep { keep, gone: Vec::new(), cursor: Cursor(number.to_string()), covered: None, next_poll_at: START, asked: 1 }
}

/// Fourteen to thirty-three words about one outage, other ones for each number.
fn text(number: usize) -> String {
    const WORDS: &str = "acme cloud down again since this morning nobody support hotline answers ticket about lost backups while status page \
         says everything works fine for all customers europe which lie because cannot log restore our files from last week \
         please tell when over refund month shop offline invoices sync broken photos login token server please help angry";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let draw = |n: usize| words[((number * 31 + n * 1_017 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % words.len()];
    (0..14 + number % 20).map(draw).collect::<Vec<_>>().join(" ")
}

/// One author in two posts, one copy in ten, half of them with a word more; ten minutes of posts on a page.
fn keep(n: usize, seek: Seek) -> Keep {
    let words = if n % 10 == 9 { n - 5 } else { n };
    let changed = n % 20 == 19;
    let text = format!("{}{}", text(words), if changed { " indeed" } else { "" });
    let author = format!("author-{}", n / 2);
    Keep {
        post: Post {
            key: PostKey::new("mastodon", "town.example", &n.to_string()).unwrap(),
            author: PostAuthor {
                handle: format!("{author}@town.example"),
                name: author.clone(),
                url: Some(format!("https://town.example/@{author}")),
                native_id: author,
                followers: Some(100),
                bot: false,
            },
            created_at: START.plus(-i64::try_from(n).unwrap() * 6_000),
            edited_at: None,
            text: text.clone(),
            url: Some(format!("https://town.example/{n}")),
            reply_to: None,
            lang: Some("en".to_owned()),
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        },
        why: "names Acme Cloud".to_owned(),
        fingerprint: match seek {
            Seek::Copies => format!("{:064x}", (words * 2 + usize::from(changed)) * 7_919),
            Seek::Nothing => String::new(),
        },
        lang: None,
    }
}

/// Copies the rows page by page: one transaction, one statement a table, for each hundred mentions.
async fn insert_plainly(from: &str, to: &str, pages: usize) -> f64 {
    let mut source = AnyConnection::connect(from).await.unwrap();
    let mut rows = Vec::new();
    for table in TABLES {
        let order = if table == "matches" || table == "scoring" { "mention_id" } else { "id" };
        let sql = AssertSqlSafe(format!("select * from {table} order by {order}"));
        let table: Vec<Vec<Cell>> = sqlx::query(sql).fetch_all(&mut source).await.unwrap().iter().map(cells).collect();
        rows.push(table);
    }
    let mut target = AnyConnection::connect(to).await.unwrap();
    sqlx::raw_sql("pragma synchronous = normal; pragma foreign_keys = on").execute(&mut target).await.unwrap();
    let began = Instant::now();
    for number in 0..pages {
        let mut tx = target.begin().await.unwrap();
        for (table, rows) in TABLES.iter().zip(&rows) {
            let page = rows.len() / pages;
            insert(&mut tx, table, &rows[number * page..(number + 1) * page]).await;
        }
        tx.commit().await.unwrap();
    }
    rate(pages * PAGE, began)
}

#[derive(Clone)]
enum Cell {
    Int(Option<i64>),
    Real(f64),
    Text(String),
}

fn cells(row: &AnyRow) -> Vec<Cell> {
    let cell = |n| match (row.try_get::<Option<i64>, _>(n), row.try_get::<String, _>(n)) {
        (Ok(int), _) => Cell::Int(int),
        (_, Ok(text)) => Cell::Text(text),
        _ => Cell::Real(row.get(n)),
    };
    (0..row.columns().len()).map(cell).collect()
}

async fn insert(tx: &mut AnyConnection, table: &str, rows: &[Vec<Cell>]) {
    let columns = rows[0].len();
    let tuple = format!("({})", vec!["?"; columns].join(", "));
    let tuples = vec![tuple; rows.len()];
    let mut query = sqlx::query(AssertSqlSafe(format!("insert into {table} values {}", tuples.join(", "))));
    for cell in rows.iter().flatten().cloned() {
        query = match cell {
            Cell::Int(v) => query.bind(v),
            Cell::Real(v) => query.bind(v),
            Cell::Text(v) => query.bind(v),
        };
    }
    query.execute(tx).await.unwrap();
}
