//! The counts equal a recount from scratch after any sequence of operations.

use std::collections::{BTreeMap, BTreeSet};

use ebb::domain::filter::About;
use ebb::domain::ids::{BrandId, MentionId};
use ebb::domain::post::Originality;
use ebb::domain::sentiment::{Label, Sentiment, Severity};
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{Keep, PageToKeep, RecheckToKeep};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sqlx::Row;

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, key, page, post_at, sentiment_of};

contract! {
    counts_equal_a_recount_after_any_operations,
}

/// Few ids, authors and texts, so that they meet.
const POSTS: u8 = 14;
const TEXTS: [&str; 13] = [
    "- down again",
    "- broken",
    "0 hm",
    "0 anyone else",
    "+ thanks",
    "+ works",
    "",
    // Two families of near copies.
    "- I have been waiting since Tuesday for somebody to tell me where my backups went, and the hotline hangs up on me",
    "- I have been waiting since Tuesday for someone to tell me where my backups went, and the hotline hangs up on me",
    "- so I have been waiting since Tuesday for somebody to tell me where my 3 backups went and the hotline hangs up on me!",
    "+ Credit where it is due: their night shift found the missing invoices of a whole year within one hour, wonderful people",
    "+ Credit where it is due: their night shift found the missing invoices of a whole year within an hour, wonderful people",
    "0 Credit where it is due, their night shift found the missing invoice of a whole year within one hour, wonderful people",
];

#[derive(Debug, Clone)]
enum Op {
    Page { posts: Vec<(u8, u8, u8)>, gone: Vec<u8> },
    Recheck { missing: Vec<u8>, gone: Vec<u8> },
    Score { limit: i64 },
    LoseScores { limit: i64 },
    Fail,
    Correct { post: u8, label: Option<Label> },
    Mark { post: u8, about: Option<About> },
    Filter { after: u8, other: bool },
    Pass { minutes: i64 },
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0..POSTS;
    let label = proptest::option::of(prop_oneof![Just(Label::Negative), Just(Label::Neutral), Just(Label::Positive)]);
    prop_oneof![
        4 => (proptest::collection::vec((id(), 0..4_u8, 0..u8::try_from(TEXTS.len()).expect("few")), 0..6), proptest::collection::vec(id(), 0..2))
            .prop_map(|(posts, gone)| Op::Page { posts, gone }),
        1 => (proptest::collection::vec(id(), 0..3), proptest::collection::vec(id(), 0..2))
            .prop_map(|(missing, gone)| Op::Recheck { missing, gone }),
        3 => (1..8_i64).prop_map(|limit| Op::Score { limit }),
        1 => (1..4_i64).prop_map(|limit| Op::LoseScores { limit }),
        1 => Just(Op::Fail),
        2 => (id(), label).prop_map(|(post, label)| Op::Correct { post, label }),
        2 => (id(), proptest::option::of(prop_oneof![Just(About::Other), Just(About::This)])).prop_map(|(post, about)| Op::Mark { post, about }),
        1 => (id(), any::<bool>()).prop_map(|(after, other)| Op::Filter { after, other }),
        2 => (1..200_i64).prop_map(|minutes| Op::Pass { minutes }),
    ]
}

/// What is known without the store: who wrote, and what counts as the label.
#[derive(Debug, Clone, Default)]
struct Model {
    posts: BTreeMap<u8, Kept>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    text: usize,
    deleted: bool,
    scored: bool,
    corrected: Option<Label>,
    /// What it counted as when it was deleted.
    frozen: Option<Label>,
}

impl Kept {
    fn label(&self) -> Option<Label> {
        if self.deleted {
            return self.frozen;
        }
        self.corrected.or_else(|| self.scored.then(|| sentiment_of(TEXTS[self.text]).label))
    }
}

impl Model {
    fn page(&mut self, posts: &[(u8, u8, u8)], gone: &[u8]) {
        let last: BTreeMap<u8, usize> = posts.iter().map(|&(id, _, text)| (id, usize::from(text))).collect();
        for (id, text) in last.into_iter().filter(|(id, _)| !gone.contains(id)) {
            let known = self.posts.entry(id).or_insert(Kept { text, ..Kept::default() });
            if known.deleted || known.text != text {
                *known = Kept { text, ..Kept::default() };
            }
        }
        for id in gone {
            self.delete(*id);
        }
    }

    fn delete(&mut self, id: u8) {
        if let Some(known) = self.posts.get_mut(&id).filter(|k| !k.deleted) {
            known.frozen = known.label();
            known.deleted = true;
        }
    }
}

/// The author of a post does not change; its time neither. Every third post is a repost.
fn keep((id, _, text): (u8, u8, u8)) -> Keep {
    let at = NOON.plus(-i64::from(id % 5) * HOUR_MS / 2);
    let mut keep = post_at(&id.to_string(), &format!("a{}", id % 4), TEXTS[usize::from(text)], at);
    if id % 7 == 3 {
        keep.post.originality = Originality::Repost;
    }
    keep
}

async fn counts_equal_a_recount_after_any_operations(db: &Database) {
    // Fixed, so that a failure can be repeated.
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let mut desk = Desk::new(&db.store).await;
    let mut model = Model::default();
    for step in 0..400 {
        let op = op().new_tree(&mut runner).expect("an operation").current();
        run(&mut desk, &mut model, &op).await;
        check_labels(db, &model, (step, &op)).await;
        check_counts(db, desk.brand).await;
        check_copies(db).await;
    }
}

async fn run(desk: &mut Desk, model: &mut Model, op: &Op) {
    let keys = |ids: &[u8]| ids.iter().map(|id| key(&id.to_string())).collect::<Vec<_>>();
    match op {
        Op::Page { posts, gone } => {
            desk.save(PageToKeep { gone: keys(gone), ..page(posts.iter().copied().map(keep).collect(), desk.now) }).await;
            model.page(posts, gone);
        }
        Op::Recheck { missing, gone } => {
            desk.recheck(RecheckToKeep { missing: keys(missing), gone: keys(gone), ..RecheckToKeep::default() }).await;
            // Which misses become deletions is tested elsewhere: here the store says, and the counts must follow.
            for mention in desk.all().await.into_iter().filter(|m| m.deleted_at.is_some()) {
                model.delete(mention.key.native_id().parse().expect("a small number"));
            }
        }
        Op::Score { limit } => {
            let tasks = desk.store.claim_scoring("scorer", *limit, desk.now, HOUR_MS).await.expect("a claim");
            let scores: Vec<_> = tasks.iter().map(|t| (t.mention, severer(&t.text))).collect();
            desk.store.save_scores("scorer", &scores, desk.now).await.expect("saved");
            let done: BTreeSet<MentionId> = tasks.iter().map(|t| t.mention).collect();
            for mention in desk.all().await.into_iter().filter(|m| done.contains(&m.id)) {
                let id: u8 = mention.key.native_id().parse().expect("a small number");
                model.posts.get_mut(&id).expect("known").scored = true;
            }
        }
        Op::LoseScores { limit } => {
            let tasks = desk.store.claim_scoring("lost", *limit, desk.now, 60_000).await.expect("a claim");
            let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment_of("-"))).collect();
            assert_eq!(desk.store.save_scores("thief", &scores, desk.now).await.expect("saved"), 0);
        }
        Op::Fail => {
            for task in desk.store.claim_scoring("failing", 1, desk.now, 60_000).await.expect("a claim") {
                desk.store.fail_scoring("failing", task.mention, "no", desk.now).await.expect("given back");
            }
        }
        Op::Correct { post, label } => {
            let known = model.posts.get_mut(post).filter(|k| !k.deleted);
            if let Some(known) = known {
                known.corrected = *label;
                let id = desk.id(&post.to_string()).await;
                desk.store.correct_label(id, *label, desk.now).await.expect("corrected");
            }
        }
        Op::Mark { post, about } => {
            if model.posts.get(post).is_some_and(|k| !k.deleted) {
                let id = desk.id(&post.to_string()).await;
                desk.store.mark_brand(desk.brand, id, *about, desk.now).await.expect("marked");
            }
        }
        Op::Filter { after, other } => {
            let known: Vec<MentionId> = desk.all().await.into_iter().map(|m| m.id).collect();
            let about = if *other { About::Other } else { About::This };
            let said: Vec<_> = known.into_iter().skip(usize::from(*after)).map(|id| (id, about)).collect();
            desk.store.save_filter(desk.brand, (&said, &[]), &super::other_brands::state()).await.expect("saved");
        }
        Op::Pass { minutes } => desk.now = desk.now.plus(minutes * 60_000).min(NOON.plus(20 * DAY_MS)),
    }
}

/// Negative texts differ in how bad they are, so that the worst of an hour matters.
fn severer(text: &str) -> Sentiment {
    let mut sentiment = sentiment_of(text);
    if text == "- broken" {
        sentiment.severity = Severity::new(0.37).expect("finite");
    }
    sentiment
}

async fn check_labels(db: &Database, model: &Model, context: (i32, &Op)) {
    let sql = "select m.native_id, m.text, m.deleted_at, x.label from mentions m join matches x on x.mention_id = m.id";
    let rows = sqlx::query(sql).fetch_all(&db.rows).await.expect("rows");
    assert_eq!(rows.len(), model.posts.len(), "{context:?}");
    for row in &rows {
        let id: u8 = row.get::<String, _>("native_id").parse().expect("a small number");
        let expected = &model.posts[&id];
        let label = expected.label().map_or("", Label::as_str);
        let text = if expected.deleted { "" } else { TEXTS[expected.text] };
        assert_eq!(row.get::<Option<i64>, _>("deleted_at").is_some(), expected.deleted, "{id} {context:?}");
        assert_eq!((row.get::<&str, _>("text"), row.get::<&str, _>("label")), (text, label), "{id} {context:?}");
    }
}

/// `hours` and `author_hours` against the mentions themselves.
pub async fn check_counts(db: &Database, brand: BrandId) {
    let sql = "
        select x.created_at, x.source_id, x.author_id, x.label, x.severity, x.hidden, m.author_id as author, m.repost, m.copy_of, m.deleted_at
        from matches x join mentions m on m.id = x.mention_id
        where x.brand_id = $1";
    let (mut hours, mut authors) = (BTreeMap::<(i64, i64), [i64; 9]>::new(), BTreeMap::<(i64, i64, i64), (i64, i64)>::new());
    for row in sqlx::query(sql).bind(brand.get()).fetch_all(&db.rows).await.expect("rows") {
        let hour = row.get::<i64, _>("created_at").div_euclid(HOUR_MS) * HOUR_MS;
        let copy = row.get::<i64, _>("repost") == 1 || row.get::<Option<i64>, _>("copy_of").is_some();
        let deleted = row.get::<Option<i64>, _>("deleted_at").is_some();
        let label: String = row.get("label");
        assert_eq!(row.get::<i64, _>("author_id"), row.get::<i64, _>("author"));
        for source in [0, row.get("source_id")] {
            let counts = hours.entry((source, hour)).or_default();
            if row.get::<i64, _>("hidden") != 0 {
                counts[7] += 1;
                continue;
            }
            counts[0] += 1;
            counts[1] += i64::from(copy);
            counts[2] += i64::from(deleted);
            for (n, word) in ["negative", "neutral", "positive"].into_iter().enumerate() {
                counts[3 + n] += i64::from(!copy && label == word);
            }
            if !copy && label == "negative" {
                let (negative, worst) = authors.entry((source, hour, row.get("author_id"))).or_default();
                *negative += 1;
                *worst = (*worst).max(millionths(row.get("severity")));
            }
        }
    }
    for ((source, hour, _), (_, worst)) in &authors {
        let counts = hours.get_mut(&(*source, *hour)).expect("an hour");
        counts[6] += 1;
        counts[8] += worst;
    }
    assert_eq!(kept_hours(db, brand).await, hours);
    check_languages(db, brand).await;
    assert_eq!(kept_authors(db, brand).await, authors);
}

/// By language it is the same as by source, summed up.
async fn check_languages(db: &Database, brand: BrandId) {
    let total = "select cast(sum(mentions) as bigint), cast(sum(copies) as bigint), cast(sum(deleted) as bigint), \
                 cast(sum(negative) as bigint), cast(sum(neutral) as bigint), cast(sum(positive) as bigint), cast(sum(hidden) as bigint) from ";
    let mut sums = Vec::new();
    for table in ["language_hours where brand_id = $1", "hours where source_id = 0 and brand_id = $1"] {
        let sql = sqlx::AssertSqlSafe(format!("{total}{table}"));
        let row = sqlx::query(sql).bind(brand.get()).fetch_one(&db.rows).await.expect("sums");
        sums.push((0..7).map(|i| row.get::<Option<i64>, _>(i).unwrap_or(0)).collect::<Vec<_>>());
    }
    assert_eq!(sums[0], sums[1]);
    let strays = "select count(*) from matches x join mentions m on m.id = x.mention_id \
                  where m.deleted_at is null and x.lang <> coalesce(m.lang, '')";
    assert_eq!(db.count(strays).await, 0);
}

#[expect(clippy::cast_possible_truncation, reason = "a severity is 0..=1")]
fn millionths(severity: f64) -> i64 {
    (severity * 1e6).round() as i64
}

async fn kept_hours(db: &Database, brand: BrandId) -> BTreeMap<(i64, i64), [i64; 9]> {
    let rows = sqlx::query("select * from hours where brand_id = $1").bind(brand.get()).fetch_all(&db.rows).await.expect("rows");
    let columns = ["mentions", "copies", "deleted", "negative", "neutral", "positive", "unhappy", "hidden", "severity"];
    rows.iter().map(|row| ((row.get("source_id"), row.get("hour")), columns.map(|c| row.get::<i64, _>(c)))).collect()
}

async fn kept_authors(db: &Database, brand: BrandId) -> BTreeMap<(i64, i64, i64), (i64, i64)> {
    let sql = "select * from author_hours where brand_id = $1";
    let rows = sqlx::query(sql).bind(brand.get()).fetch_all(&db.rows).await.expect("rows");
    rows.iter()
        .map(|row| ((row.get("source_id"), row.get("hour"), row.get("author_id")), (row.get("negative"), row.get("worst"))))
        .collect()
}

/// What near copies have in common; other texts are copies of the very same words only.
fn family(fingerprint: &str) -> &str {
    ["waiting since Tuesday", "Credit where"].into_iter().find(|words| fingerprint.contains(words)).unwrap_or(fingerprint)
}

/// Among live posts with the same or nearly the same words there is one original, and the others point to it.
async fn check_copies(db: &Database) {
    let sql = "select id, fingerprint, copy_of from mentions where deleted_at is null and repost = 0";
    let mut groups: BTreeMap<String, Vec<(i64, Option<i64>)>> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(&db.rows).await.expect("rows") {
        groups.entry(family(row.get("fingerprint")).to_owned()).or_default().push((row.get("id"), row.get("copy_of")));
    }
    for (fingerprint, group) in groups {
        let originals: Vec<i64> = group.iter().filter(|(_, of)| of.is_none()).map(|(id, _)| *id).collect();
        if fingerprint.is_empty() {
            assert_eq!(originals.len(), group.len(), "texts without a fingerprint are no copies");
            continue;
        }
        assert_eq!(originals.len(), 1, "{fingerprint} {group:?}");
        assert!(group.iter().all(|(_, of)| of.is_none_or(|of| of == originals[0])), "{fingerprint} {group:?}");
    }
    let stale = "select count(*) from near_bands n left join mentions m on m.id = n.mention_id where coalesce(m.deleted_at, 0) <> 0";
    assert_eq!(db.count(stale).await, 0, "of what was deleted no hint is left");
}
