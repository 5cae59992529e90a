use ebb::domain::post::{Originality, PostKey};
use ebb::domain::source::{AccountKey, Cursor};
use ebb::domain::time::{DAY_MS, HOUR_MS, Span};
use ebb::store::{PageToKeep, RecheckToKeep, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, key, page, post, spec};

contract! {
    polling_twice_changes_nothing,
    repeats_within_a_page_are_kept_once_and_gone_wins,
    a_page_that_fails_leaves_posts_and_cursor_as_they_were,
    an_edit_replaces_the_text_and_waits_for_a_score,
    an_older_version_from_elsewhere_changes_nothing,
    a_deleted_mention_leaves_a_tombstone_without_words_or_names,
    a_tombstone_that_is_listed_again_lives,
    only_a_second_miss_an_hour_later_is_a_deletion,
    deletions_are_followed_at_any_age_where_the_platform_asks_for_it,
    an_hour_is_never_covered_for_more_than_an_hour,
    four_savers_at_once_neither_lose_nor_double,
    hostile_text_is_kept_as_far_as_a_database_can_hold_it,
    one_post_can_name_two_brands,
    a_closed_account_names_its_live_posts,
    authors_without_a_name_are_not_one_person,
}

async fn polling_twice_changes_nothing(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let posts: Vec<_> = (0..120).map(|n| post(&format!("{n}"), &format!("a{}", n % 30), &format!("- it is down {n}"))).collect();
    let first = desk.keep(posts.clone()).await;
    assert_eq!((first.new, first.unchanged), (120, 0));
    desk.score_all().await;
    let before = db.snapshot().await;
    let second = desk.keep(posts).await;
    assert_eq!((second.new, second.updated, second.unchanged), (0, 0, 120));
    assert_eq!(db.snapshot().await, before);
    assert_eq!(db.store.source_health().await.expect("health")[0].mentions, 120);
}

async fn a_closed_account_names_its_live_posts(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "it is down"), post("2", "bob", "it is slow"), post("3", "ann", "it is gone")]).await;
    desk.save(PageToKeep { gone: vec![key("3")], ..page(vec![], NOON) }).await;
    let account = |name: &str| AccountKey {
        platform: key("1").platform().to_owned(),
        instance: key("1").instance().to_owned(),
        native_id: name.to_owned(),
    };
    let posts = db.store.posts_of_accounts(&[account("ann"), account("nobody")]).await.expect("read");
    assert_eq!(posts, [key("1")]);
}

async fn repeats_within_a_page_are_kept_once_and_gone_wins(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let keep = vec![post("1", "ann", "first words"), post("2", "bob", "other"), post("1", "ann", "last words")];
    let kept = desk.save(PageToKeep { gone: vec![key("2"), key("9")], ..page(keep, NOON) }).await;
    assert_eq!((kept.new, kept.deleted), (1, 0));
    assert_eq!(desk.mention("1").await.text, "last words");
    assert_eq!(desk.all().await.len(), 1);
}

async fn a_page_that_fails_leaves_posts_and_cursor_as_they_were(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "one")]).await;
    let before = db.snapshot().await;
    let late = NOON.plus(2 * DAY_MS);
    let other = db.store.claim_source("other", late, DAY_MS).await.expect("a claim").expect("the lease ran out");
    assert_eq!(other.cursor, Cursor("next".to_owned()));
    let page = PageToKeep { cursor: Cursor("lost".to_owned()), ..page(vec![post("2", "bob", "two")], late) };
    let refused = db.store.save_page(&desk.lease, page, late).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(db.snapshot().await, before);
    assert_eq!(db.count("select count(*) from sources where cursor = 'next'").await, 1);
    assert_eq!(db.count("select cast(sum(asked) as bigint) from coverage").await, 1);
    let refused = db.store.save_poll_failure(&desk.lease, "cut", late, late).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let refused = db.store.renew_lease(&desk.lease, late).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

async fn an_edit_replaces_the_text_and_waits_for_a_score(db: &Database) {
    let mut desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- awful"), post("2", "bob", "0 hm")]).await;
    desk.score_all().await;
    db.store.correct_label(desk.id("2").await, Some(ebb::domain::sentiment::Label::Negative), NOON).await.expect("corrected");
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 2);
    desk.now = NOON.plus(60_000);
    let kept = desk.keep(vec![post("1", "ann", "+ thanks"), post("2", "bob", "0 hm, well")]).await;
    assert_eq!((kept.new, kept.updated), (0, 2));
    let edited = desk.mention("1").await;
    assert_eq!((edited.text.as_str(), edited.edited_at, edited.sentiment), ("+ thanks", Some(desk.now), None));
    assert_eq!(desk.mention("2").await.corrected, None);
    assert_eq!(db.store.unscored_in(desk.brand, around()).await.expect("a count"), 2);
    let hour = db.store.hours(desk.brand, None, around()).await.expect("hours")[0];
    assert_eq!((hour.mentions, hour.negative, hour.neutral, hour.unhappy), (2, 0, 0, 0));
    desk.score_all().await;
    let hour = db.store.hours(desk.brand, None, around()).await.expect("hours")[0];
    assert_eq!((hour.mentions, hour.negative, hour.neutral, hour.positive, hour.unhappy), (2, 0, 1, 1, 0));
}

async fn an_older_version_from_elsewhere_changes_nothing(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let mut new = post("1", "ann", "new words");
    new.post.edited_at = Some(NOON);
    desk.keep(vec![new]).await;
    let mut old = post("1", "ann", "old words");
    old.post.edited_at = Some(NOON.plus(-1));
    old.post.engagement.likes = 3;
    assert_eq!(desk.keep(vec![old]).await.unchanged, 1);
    assert_eq!(desk.mention("1").await.text, "new words");
}

async fn a_deleted_mention_leaves_a_tombstone_without_words_or_names(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- secret one"), post("2", "ann", "- secret two"), post("3", "bob", "- secret three")]).await;
    desk.score_all().await;
    let hours = db.store.hours(desk.brand, None, around()).await.expect("hours");
    assert_eq!(desk.delete(&["1", "3"]).await.deleted, 2);
    assert_eq!(desk.delete(&["1", "3"]).await.deleted, 0);
    let (ann, bob) = (desk.mention("1").await, desk.mention("3").await);
    assert_eq!((ann.text.as_str(), &ann.url, ann.deleted_at, &ann.sentiment), ("", &None, Some(NOON), &None));
    assert_eq!(ann.author.name, "ann", "another mention of hers is left");
    assert_eq!((bob.author.name.as_str(), bob.author.handle.as_str(), &bob.author.url), ("", "", &None));
    let after = db.store.hours(desk.brand, None, around()).await.expect("hours");
    assert_eq!((after[0].mentions, after[0].deleted, after[0].negative, after[0].unhappy), (3, 2, 3, 2));
    assert_eq!((hours[0].negative, hours[0].unhappy), (3, 2));
    let left: Vec<String> = db.snapshot().await.into_iter().filter(|row| row.contains("secret one") || row.contains("bob")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(db.store.claim_scoring("w", 10, NOON, 1).await.expect("a claim"), []);
}

async fn a_tombstone_that_is_listed_again_lives(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- words")]).await;
    desk.score_all().await;
    desk.delete(&["1"]).await;
    assert_eq!(desk.keep(vec![post("1", "ann", "- words")]).await.updated, 1);
    let back = desk.mention("1").await;
    assert_eq!((back.text.as_str(), back.deleted_at, back.author.name.as_str()), ("- words", None, "ann"));
    assert_eq!(back.why, "names Acme Cloud");
    assert_eq!(db.store.due_rechecks(desk.lease.id, NOON.plus(HOUR_MS), 9).await.expect("keys"), [key("1")]);
    let hour = db.store.hours(desk.brand, None, around()).await.expect("hours")[0];
    assert_eq!((hour.mentions, hour.deleted, hour.negative, hour.unhappy), (1, 0, 0, 0));
    desk.score_all().await;
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 1);
}

async fn only_a_second_miss_an_hour_later_is_a_deletion(db: &Database) {
    let mut desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "one"), post("2", "bob", "two"), post("3", "cy", "three")]).await;
    assert_eq!(db.store.due_rechecks(desk.lease.id, NOON, 10).await.expect("keys"), []);
    desk.now = NOON.plus(HOUR_MS);
    assert_eq!(db.store.due_rechecks(desk.lease.id, desk.now, 2).await.expect("keys").len(), 2);
    let miss = |present: &[&str]| RecheckToKeep {
        present: present.iter().map(|_| post("2", "bob", "two")).collect(),
        missing: if present.is_empty() { vec![key("1"), key("2")] } else { vec![key("1")] },
        ..RecheckToKeep::default()
    };
    assert_eq!(desk.recheck(RecheckToKeep { gone: vec![key("3")], ..miss(&[]) }).await.deleted, 1);
    desk.now = desk.now.plus(HOUR_MS - 1);
    assert_eq!(desk.recheck(miss(&[])).await.deleted, 0, "too soon after the first miss");
    desk.now = desk.now.plus(1);
    assert_eq!(desk.recheck(miss(&["2"])).await.deleted, 1);
    assert!(desk.mention("1").await.deleted_at.is_some());
    desk.now = desk.now.plus(2 * HOUR_MS);
    assert_eq!(db.store.due_rechecks(desk.lease.id, desk.now, 10).await.expect("keys"), [key("2")]);
    assert_eq!(desk.recheck(RecheckToKeep { missing: vec![key("2")], ..RecheckToKeep::default() }).await.deleted, 0, "it was seen since");
}

async fn deletions_are_followed_at_any_age_where_the_platform_asks_for_it(db: &Database) {
    let mut desk = Desk::new(&db.store).await;
    let of = |platform: &str, id: &str, days: i64| {
        let mut keep = post(id, "ann", id);
        keep.post.key = PostKey::new(platform, "", id).expect("a key");
        keep.post.created_at = NOON.plus(-days * DAY_MS);
        keep
    };
    desk.keep(vec![of("x", "1", 40), of("x", "2", 0), of("mastodon", "3", 40)]).await;
    let old = NOON.plus(-100 * DAY_MS)..NOON.plus(-DAY_MS);
    desk.now = NOON.plus(8 * HOUR_MS);
    let due = async |at| db.store.due_rechecks_of(desk.lease.id, old.clone(), at, 9).await.expect("keys");
    let first = of("x", "1", 40).post.key;
    assert_eq!(due(desk.now).await, std::slice::from_ref(&first), "the young one is another query's, and nobody asks for the third");
    assert_eq!(due(desk.now.plus(-1)).await, []);
    // The rows of a database that asked about nothing older than a month.
    let sql = "update mentions set recheck_at = null where native_id in ('1', '3')";
    sqlx::query(sql).execute(&db.rows).await.expect("as before");
    assert_eq!(due(desk.now).await, []);
    let migration = include_str!("../../../migrations/0015_follow_deletions.sql");
    sqlx::raw_sql(migration).execute(&db.rows).await.expect("migrated");
    assert_eq!(due(desk.now).await, std::slice::from_ref(&first));
    let checked = RecheckToKeep { checked: vec![first.clone()], ..RecheckToKeep::default() };
    let lease = desk.lease.clone();
    assert_eq!(db.store.save_recheck(&lease, checked, desk.now).await.expect("kept").deleted, 0);
    assert_eq!(due(desk.now.plus(8 * HOUR_MS - 1)).await, [], "it was checked");
    assert_eq!(due(desk.now.plus(8 * HOUR_MS)).await, [first]);
}

async fn an_hour_is_never_covered_for_more_than_an_hour(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let hour = NOON.plus(-2 * HOUR_MS);
    for (from, to) in [(0, 40), (20, 50), (0, 60), (30, 90), (10, 20), (0, 90)] {
        let covered = Span::new(hour.plus(from * 60_000), hour.plus(to * 60_000));
        desk.save(PageToKeep { covered, ..page(Vec::new(), NOON) }).await;
    }
    let coverage = db.store.coverage(around()).await.expect("coverage");
    let covered: Vec<_> = coverage.iter().map(|c| (c.hour, c.covered_ms / 60_000, c.asked)).collect();
    assert_eq!(covered, [(hour, 60, 0), (hour.plus(HOUR_MS), 30, 0), (NOON, 0, 6)]);
}

async fn four_savers_at_once_neither_lose_nor_double(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let specs: Vec<_> = (0..4).map(|n| spec(&format!("s{n}"), desk.brand)).collect();
    db.store.sync_sources(&specs, NOON).await.expect("sources");
    let mut savers = tokio::task::JoinSet::new();
    for worker in 0..4_u64 {
        let store = db.second_store(1_000_000 * (worker + 1)).await;
        savers.spawn(async move {
            let lease = store.claim_source(&format!("w{worker}"), NOON, DAY_MS).await.expect("a claim").expect("one each");
            for turn in 0..5 {
                // Half of each page is the same for all.
                let mut posts: Vec<_> = (0..10).map(|n| post(&format!("{turn}-{n}"), &format!("a{n}"), "same words")).collect();
                posts.extend((0..10).map(|n| post(&format!("{worker}-{turn}-{n}"), &format!("a{n}"), &format!("{worker} {turn} {n}"))));
                store.save_page(&lease, page(posts, NOON), NOON).await.expect("kept");
                let tasks = store.claim_scoring(&format!("w{worker}"), 7, NOON, HOUR_MS).await.expect("a claim");
                let scores: Vec<_> = tasks.iter().map(|t| (t.mention, super::desk::sentiment_of("-"))).collect();
                assert_eq!(store.save_scores(&format!("w{worker}"), &scores, NOON).await.expect("saved"), scores.len() as u64);
            }
            store.close().await;
        });
    }
    while let Some(done) = savers.join_next().await {
        done.expect("a saver");
    }
    desk.score_all().await;
    assert_eq!(desk.all().await.len(), 4 * 5 * 10 + 5 * 10);
    let totals = db.store.totals(desk.brand).await.expect("totals");
    assert_eq!((totals.mentions, totals.copies, totals.authors, totals.scored), (250, 49, 10, 201));
    super::random::check_counts(db, desk.brand).await;
}

async fn hostile_text_is_kept_as_far_as_a_database_can_hold_it(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let long = "ä".repeat(40_000);
    let texts = ["a\0b", "'; drop table mentions; --", "<script>alert(1)</script>", "\u{202e}evil \u{200f}שלום", "$1 %s {}", &long, ""];
    let mut posts: Vec<_> = texts.iter().enumerate().map(|(n, text)| post(&format!("{n}"), &format!("\0{n}"), text)).collect();
    posts[0].post.author.name = "\0\0".repeat(4_000);
    posts[0].why.push('\0');
    posts[0].post.engagement.likes = i64::MIN;
    desk.keep(posts.clone()).await;
    assert_eq!(desk.mention("0").await.text, "a\u{fffd}b");
    assert_eq!(desk.mention("3").await.text, texts[3]);
    assert_eq!(desk.mention("5").await.text.len(), 65_536);
    assert_eq!(desk.keep(posts).await.unchanged, 7);
}

async fn one_post_can_name_two_brands(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- both are down")]).await;
    desk.score_all().await;
    let rival = db.store.save_brand("Bolt Mail", &ebb::domain::brand::BrandTerms::default(), NOON).await.expect("a brand");
    let source = db.store.add_source(&spec("rival", rival), NOON).await.expect("a source");
    let lease = db.store.claim_this_source(source, "poller", NOON, DAY_MS).await.expect("a lease");
    let kept = db.store.save_page(&lease, page(vec![post("1", "ann", "- both are down")], NOON), NOON).await.expect("kept");
    assert_eq!((kept.new, kept.unchanged), (1, 0));
    for brand in [desk.brand, rival] {
        assert_eq!(db.store.distinct_unhappy(brand, around()).await.expect("a count"), 1);
    }
    assert_eq!(db.count("select count(*) from mentions").await, 1);
    assert_eq!(db.store.scoring_backlog().await.expect("a count"), 0);
}

async fn authors_without_a_name_are_not_one_person(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let mut repost = post("3", "gone:1", "- three");
    repost.post.originality = Originality::Repost;
    desk.keep(vec![post("1", "", "- one"), post("2", "", "- two"), repost]).await;
    desk.score_all().await;
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 2, "the repost is set aside");
}
