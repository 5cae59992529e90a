use ebb::domain::sentiment::Label;
use ebb::domain::time::{DAY_MS, HOUR_MS, Span};
use ebb::store::{MentionCursor, MentionFilter, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, post, post_at};

contract! {
    paging_shows_each_mention_once_in_order_although_times_are_equal,
    pages_for_exports_hold_the_same_as_mentions,
    filters_narrow_together,
    search_finds_words_in_any_case_and_takes_wildcards_for_letters,
    totals_and_pulse_follow_what_is_kept,
    a_row_that_makes_no_sense_is_an_error,
}

async fn paging_shows_each_mention_once_in_order_although_times_are_equal(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let posts = (0..53).map(|n| post_at(&n.to_string(), "ann", &format!("text {n}"), NOON.plus(-(n / 20) * HOUR_MS))).collect();
    desk.keep(posts).await;
    let filter = MentionFilter { brand: desk.brand, ..MentionFilter::default() };
    let whole = db.store.mentions(&filter, None, 100).await.expect("mentions");
    assert_eq!(whole.len(), 53);
    assert!(whole.windows(2).all(|w| (w[0].created_at, w[0].id) > (w[1].created_at, w[1].id)));
    let cursor = |m: &ebb::domain::post::Mention| MentionCursor { created_at: m.created_at, id: m.id };
    let (mut down, mut up) = (Vec::new(), Vec::new());
    loop {
        let page = db.store.mentions(&filter, down.last().map(cursor), 7).await.expect("a page");
        if page.is_empty() {
            break;
        }
        down.extend(page);
    }
    assert_eq!(down, whole);
    loop {
        let page = db.store.mentions_oldest_first(&filter, up.last().map(cursor), 9).await.expect("a page");
        if page.is_empty() {
            break;
        }
        up.extend(page);
    }
    up.reverse();
    assert_eq!(up, whole);
    // The same within a span, whose ends lie in the middle of equal times.
    let span = Span::new(NOON.plus(-2 * HOUR_MS), NOON).expect("a span");
    let within: Vec<_> = whole.iter().filter(|m| span.from() <= m.created_at && m.created_at < span.to()).cloned().collect();
    let filter = MentionFilter { span: Some(span), ..filter };
    let (mut down, mut up) = (Vec::new(), Vec::new());
    loop {
        let older = db.store.mentions(&filter, down.last().map(cursor), 7).await.expect("a page");
        let newer = db.store.mentions_oldest_first(&filter, up.last().map(cursor), 7).await.expect("a page");
        if older.is_empty() && newer.is_empty() {
            break;
        }
        down.extend(older);
        up.extend(newer);
    }
    up.reverse();
    assert_eq!((within.len(), &down, &up), (33, &within, &within));
}

async fn pages_for_exports_hold_the_same_as_mentions(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let texts = ["- \"quoted\" \\ back\u{1}\tslash\nline \u{2028} 😡 مها", "+ {\"a\": [1]} null", "0 hm", "- 1e999", "- the last"];
    desk.keep((0..).zip(texts).map(|(n, text)| post_at(&n.to_string(), "ann", text, NOON.plus(-(n / 3) * HOUR_MS))).collect()).await;
    desk.score_all().await;
    desk.keep(vec![post("waits", "bob", "- waits for the model")]).await;
    let corrected = desk.mention("2").await.id;
    db.store.correct_label(corrected, Some(Label::Negative), NOON).await.expect("corrected");
    let filter = MentionFilter { brand: desk.brand, ..MentionFilter::default() };
    let mut rows = 0;
    let mut after = None;
    loop {
        let page = db.store.mention_page(&filter, after, 4).await.expect("a page");
        let mentions = db.store.mentions_oldest_first(&filter, after, 4).await.expect("mentions");
        let found = page.rows().expect("rows");
        assert_eq!(found.len(), mentions.len());
        for (row, m) in found.iter().zip(&mentions) {
            let scored = m.sentiment.as_ref();
            let share = |label| scored.map(|s| s.probabilities.of(label));
            assert_eq!((row.id, &*row.text, row.created_at, row.fetched_at), (m.id.get(), m.text.as_str(), m.created_at, m.fetched_at));
            let key = (m.key.platform(), m.key.instance(), m.key.native_id());
            assert_eq!((&*row.platform, &*row.instance, &*row.native_id), key);
            assert_eq!(
                (row.url.as_deref(), row.reply_to.as_deref(), row.lang.as_deref()),
                (m.url.as_deref(), m.reply_to.as_deref(), m.lang.as_deref())
            );
            assert_eq!(
                (row.edited_at, row.deleted_at, row.copy_of),
                (m.edited_at, m.deleted_at, m.copy_of.map(ebb::domain::ids::MentionId::get))
            );
            assert_eq!(
                (&*row.handle, &*row.name, row.followers, &*row.why),
                (&*m.author.handle, &*m.author.name, m.author.followers, &*m.why)
            );
            let counts = (m.engagement.likes, m.engagement.reposts, m.engagement.replies);
            assert_eq!((row.likes, row.reposts, row.replies), counts);
            assert_eq!([row.negative, row.neutral, row.positive], [Label::Negative, Label::Neutral, Label::Positive].map(share));
            assert_eq!((row.severity, row.model.as_deref()), (scored.map(|s| s.severity.get()), scored.map(|s| s.model.as_str())));
            let labels = (scored.map(|s| s.label.as_str()), m.corrected.map(Label::as_str));
            assert_eq!((row.scored.as_deref(), row.corrected.as_deref()), labels);
        }
        let Some(last) = found.last() else { break };
        after = Some(last.cursor());
        rows += found.len();
    }
    assert_eq!(rows, 6);
}

async fn found(db: &Database, filter: MentionFilter) -> Vec<String> {
    let mentions = db.store.mentions_oldest_first(&filter, None, 100).await.expect("mentions");
    mentions.iter().map(|m| m.key.native_id().to_owned()).collect()
}

async fn filters_narrow_together(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let mut german = post_at("3", "cy", "- kaputt", NOON.plus(-DAY_MS));
    german.lang = Some("de".to_owned());
    desk.keep(vec![post("1", "ann", "- down"), post("2", "bob", "+ up"), german, post("4", "ann", "0 hm")]).await;
    desk.score_all().await;
    desk.keep(vec![post("5", "ann", "- waits")]).await;
    let ann = desk.mention("1").await.author.id;
    let all = || MentionFilter { brand: desk.brand, ..MentionFilter::default() };
    let negative = || MentionFilter { label: Some(Label::Negative), ..all() };
    assert_eq!(found(db, negative()).await, ["3", "1"]);
    assert_eq!(found(db, MentionFilter { lang: Some("de".to_owned()), ..negative() }).await, ["3"]);
    assert_eq!(found(db, MentionFilter { author: Some(ann), ..all() }).await, ["1", "4", "5"]);
    assert_eq!(found(db, MentionFilter { unscored_only: true, ..all() }).await, ["5"]);
    assert_eq!(found(db, MentionFilter { min_severity: Some(0.5), author: Some(ann), ..all() }).await, ["1"]);
    assert_eq!(found(db, MentionFilter { span: Span::new(NOON.plus(-2 * DAY_MS), NOON.plus(-DAY_MS + 1)), ..all() }).await, ["3"]);
    assert_eq!(found(db, MentionFilter { platform: Some("rss".to_owned()), ..all() }).await, Vec::<String>::new());
    assert_eq!(found(db, MentionFilter { source: Some(desk.lease.id), label: Some(Label::Positive), ..all() }).await, ["2"]);
    assert_eq!(db.store.languages(desk.brand).await.expect("languages"), [("en".to_owned(), 4), ("de".to_owned(), 1)]);
    let missing = db.store.mention(desk.brand, ebb::domain::ids::MentionId::new(1)).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn search_finds_words_in_any_case_and_takes_wildcards_for_letters(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "Login is DOWN again"), post("2", "bob", "100% down_time"), post("3", "cy", "Störung! ÄRGER")]).await;
    let search = async |words: &str| {
        found(db, MentionFilter { brand: desk.brand, search: Some(words.to_owned()), ..MentionFilter::default() }).await
    };
    assert_eq!(search("down").await, ["1", "2"]);
    assert_eq!(search("again LOGIN").await, ["1"]);
    assert_eq!(search("0%").await, ["2"]);
    assert_eq!(search("n_t").await, ["2"]);
    assert_eq!(search("ärger störung").await, ["3"]);
    assert_eq!(search("' or 1=1 --").await, Vec::<String>::new());
    assert_eq!(search("\0").await, Vec::<String>::new());
    assert_eq!(search("  ").await.len(), 3);
    let hostile = || Some("a\0".to_owned());
    let filter = MentionFilter { brand: desk.brand, platform: hostile(), lang: hostile(), ..MentionFilter::default() };
    assert_eq!(found(db, filter).await, Vec::<String>::new());
}

async fn totals_and_pulse_follow_what_is_kept(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let before = db.store.pulse().await.expect("a pulse");
    assert_eq!((before.newest_fetched, before.waiting, before.scored), (0, 0, 0));
    assert_eq!(db.store.totals(desk.brand).await.expect("totals"), ebb::store::Totals::default());
    assert_eq!(db.store.first_hour(desk.brand).await.expect("an answer"), None);
    desk.keep(vec![post("1", "ann", "- down"), post("2", "ann", "- down"), post("3", "bob", "+ up")]).await;
    let waiting = db.store.pulse().await.expect("a pulse");
    assert_eq!((waiting.newest_fetched, waiting.waiting), (NOON.get(), 3));
    desk.score_all().await;
    desk.delete(&["3"]).await;
    let totals = db.store.totals(desk.brand).await.expect("totals");
    assert_eq!((totals.mentions, totals.authors, totals.scored, totals.copies, totals.deleted), (3, 2, 2, 1, 1));
    assert_eq!(db.store.first_hour(desk.brand).await.expect("an answer"), Some(NOON.plus(-HOUR_MS)));
    assert_eq!(db.store.pulse().await.expect("a pulse").scored, 2);
}

async fn a_row_that_makes_no_sense_is_an_error(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- down")]).await;
    desk.score_all().await;
    let id = desk.id("1").await;
    sqlx::query("update scores set label = 'furious'").execute(&db.rows).await.expect("written past the store");
    let wrong = db.store.mention(desk.brand, id).await;
    assert!(matches!(wrong, Err(StoreError::Inconsistent { table: "scores", column: "label", .. })), "{wrong:?}");
    sqlx::query("update matches set counted = 'x'").execute(&db.rows).await.expect("written past the store");
    let wrong = db.store.correct_label(id, Some(Label::Neutral), NOON).await;
    assert!(matches!(wrong, Err(StoreError::Inconsistent { .. })), "{wrong:?}");
    sqlx::query("update sources set settings = '{'").execute(&db.rows).await.expect("written past the store");
    let wrong = db.store.source_health().await;
    assert!(matches!(wrong, Err(StoreError::Inconsistent { table: "sources", column: "settings", .. })), "{wrong:?}");
}
