use ebb::domain::hold::Decision;
use ebb::domain::ids::{HoldId, IncidentId, MentionId, ThemeId};
use ebb::domain::incident::{IncidentKind, IncidentSeverity};
use ebb::domain::rates::CheckAnswer;
use ebb::domain::sentiment::Label;
use ebb::domain::theme::{ThemeHour, ThemeKind};
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis};
use ebb::store::{FoundTheme, MentionCursor, MentionFilter, NewHold, NewIncident, OwnPost, StoreError, TextLabels, ThemeMention};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, key, post, post_at};

contract! {
    a_theme_keeps_its_id_while_its_stem_is_found,
    an_hour_of_themes_is_replaced_and_keeps_what_was_deleted,
    mentions_of_a_theme_can_be_listed,
    texts_come_oldest_first_without_copies_and_deleted_ones,
    a_decision_counts_until_it_is_taken_back,
    own_posts_are_kept_once_and_count_nowhere,
    a_sample_keeps_its_order_and_its_answers,
    what_people_said_is_listed_once_and_a_correction_wins,
    the_nth_scored_mention_is_live_and_no_copy,
}

async fn incident(db: &Database, desk: &Desk) -> IncidentId {
    let new = NewIncident {
        brand: desk.brand,
        title: "Logins fail".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOON.plus(-DAY_MS),
    };
    db.store.create_incident(&new, NOON).await.expect("an incident")
}

fn found(stem: &str, phrase: &str) -> FoundTheme {
    FoundTheme {
        kind: ThemeKind::Phrase,
        phrase: phrase.to_owned(),
        forms: vec![stem.to_owned(), "other".to_owned()],
        z: 5.5,
        normal_per_hour: 0.25,
    }
}

async fn a_theme_keeps_its_id_while_its_stem_is_found(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    db.store.save_themes(id, &[found("log", "log in"), found("card", "my card")], NOON).await.expect("kept");
    let first = db.store.themes(id).await.expect("themes");
    assert_eq!(first.iter().map(|t| (t.phrase.as_str(), t.rank)).collect::<Vec<_>>(), [("log in", 1), ("my card", 2)]);
    assert_eq!((first[0].z, first[0].normal_per_hour, first[0].people, first[0].first_seen), (5.5, 0.25, 0, None));
    db.store.save_themes(id, &[found("invoice", "invoice\0s"), found("log", "can't log in")], NOON.plus(1)).await.expect("kept");
    let second = db.store.themes(id).await.expect("themes");
    assert_eq!(second.iter().map(|t| t.phrase.as_str()).collect::<Vec<_>>(), ["invoice\u{fffd}s", "can't log in"]);
    assert_eq!(second[1].id, first[0].id);
    assert_eq!(db.store.theme(first[0].id).await.expect("a theme"), second[1]);
    let gone = db.store.theme(first[1].id).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
}

async fn an_hour_of_themes_is_replaced_and_keeps_what_was_deleted(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    let at = NOON.plus(-HOUR_MS).hour();
    desk.keep(vec![post_at("1", "ann", "- one", at), post_at("2", "ann", "- two", at.plus(5)), post_at("3", "bob", "- three", at.plus(9))])
        .await;
    db.store.save_themes(id, &[found("log", "log in")], NOON).await.expect("kept");
    let theme = db.store.themes(id).await.expect("themes")[0].id;
    let mut rows = Vec::new();
    for name in ["1", "2", "3"] {
        let m = desk.mention(name).await;
        rows.push(ThemeMention { theme, mention: m.id, author: m.author.id, at: m.created_at });
    }
    let elsewhere = ThemeMention { theme: ThemeId::new(5), ..rows[0] };
    let outside = ThemeMention { at: at.plus(HOUR_MS), ..rows[0] };
    let all: Vec<ThemeMention> = rows.iter().copied().chain([elsewhere, outside]).collect();
    db.store.save_theme_hour(id, (at, "m1"), &all).await.expect("kept");
    let hours = async || db.store.theme_hours(id).await.expect("curves").remove(&theme).unwrap_or_default();
    assert_eq!(hours().await, [ThemeHour { hour: at, mentions: 3, unhappy: 2 }]);
    assert_eq!(db.store.theme_marks(id).await.expect("marks"), [(at, "m1".to_owned())].into());
    assert_eq!(db.store.theme_newest(theme, 2).await.expect("newest"), [rows[2].mention, rows[1].mention]);
    // The text of the third one is gone: nobody can look it up again.
    desk.delete(&["3"]).await;
    db.store.save_theme_hour(id, (at, "m2"), &rows[..1]).await.expect("kept");
    assert_eq!(hours().await, [ThemeHour { hour: at, mentions: 2, unhappy: 2 }]);
    db.store.save_themes(id, &[found("log", "log in")], NOON).await.expect("kept");
    let told = db.store.theme(theme).await.expect("a theme");
    assert_eq!((told.people, told.first_seen), (2, Some(at)));
    db.store.save_themes(id, &[], NOON).await.expect("none is left");
    assert_eq!(db.count("select (select count(*) from theme_mentions) + (select count(*) from theme_hours)").await, 0);
}

async fn mentions_of_a_theme_can_be_listed(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    desk.keep(vec![post("1", "ann", "- one"), post("2", "bob", "- two")]).await;
    db.store.save_themes(id, &[found("log", "log in")], NOON).await.expect("kept");
    let theme = db.store.themes(id).await.expect("themes")[0].id;
    let m = desk.mention("2").await;
    let row = ThemeMention { theme, mention: m.id, author: m.author.id, at: m.created_at };
    db.store.save_theme_hour(id, (m.created_at.hour(), ""), &[row]).await.expect("kept");
    let filter = MentionFilter { brand: desk.brand, theme: Some(theme), ..MentionFilter::default() };
    assert_eq!(db.store.mentions(&filter, None, 10).await.expect("mentions"), [m]);
    let none = MentionFilter { theme: Some(ThemeId::new(1)), ..filter };
    assert_eq!(db.store.mentions(&none, None, 10).await.expect("mentions"), []);
}

async fn texts_come_oldest_first_without_copies_and_deleted_ones(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let at = |minutes: i64| NOON.plus(minutes * 60_000 - HOUR_MS);
    desk.keep(vec![
        post_at("1", "ann", "- one", at(3)),
        post_at("2", "bob", "0 two", at(1)),
        post_at("3", "cy", "+ three", at(2)),
        post_at("4", "dee", "- one", at(4)),
        post_at("5", "eve", "- gone", at(5)),
    ])
    .await;
    desk.score_all().await;
    desk.keep(vec![post_at("6", "fay", "- waits", at(6))]).await;
    desk.delete(&["5"]).await;
    let read = async |labels, after, limit| db.store.texts(desk.brand, (around(), labels), after, limit).await.expect("texts");
    let said = |rows: &[ebb::store::TextRow]| rows.iter().map(|r| r.text.clone()).collect::<Vec<_>>();
    let all = read(TextLabels::Any, None, 10).await;
    assert_eq!(said(&all), ["0 two", "+ three", "- one", "- waits"]);
    assert_eq!((all[0].label, all[3].label), (Some(Label::Neutral), None));
    assert_eq!(said(&read(TextLabels::Negative, None, 10).await), ["- one"]);
    assert_eq!(said(&read(TextLabels::NotPositive, None, 10).await), ["0 two", "- one"]);
    assert_eq!(said(&read(TextLabels::NotNegative, None, 10).await), ["0 two", "+ three"]);
    let cursor = MentionCursor { created_at: all[0].at, id: all[0].mention };
    assert_eq!(said(&read(TextLabels::Any, Some(cursor), 1).await), ["+ three"]);
}

async fn a_decision_counts_until_it_is_taken_back(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let new = NewHold {
        brand: desk.brand,
        decision: Decision::Hold,
        reason: "fair".to_owned(),
        decided_by: "Noor".to_owned(),
        until: NOON.plus(DAY_MS),
    };
    let id = db.store.add_hold(&new, NOON).await.expect("kept");
    let lift = NewHold { decision: Decision::Lift, ..new };
    db.store.add_hold(&lift, NOON.plus(1)).await.expect("kept");
    let holds = db.store.holds(desk.brand, 10).await.expect("decisions");
    assert_eq!(holds.iter().map(|h| h.decision).collect::<Vec<_>>(), [Decision::Lift, Decision::Hold]);
    assert_eq!((holds[1].id, holds[1].decided_by.as_str(), holds[1].ended_at), (id, "Noor", None));
    db.store.end_hold(desk.brand, id, NOON.plus(7)).await.expect("taken back");
    assert_eq!(db.store.holds(desk.brand, 10).await.expect("decisions")[1].ended_at, Some(NOON.plus(7)));
    for (brand, id) in [(desk.brand, id), (desk.brand, HoldId::new(5)), (ebb::domain::ids::BrandId::new(5), holds[0].id)] {
        let refused = db.store.end_hold(brand, id, NOON).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
}

async fn own_posts_are_kept_once_and_count_nowhere(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let before = db.snapshot().await;
    let own = |id: &str, text: &str, promotional: &str| OwnPost { post: post(id, "acme", text).post, promotional: promotional.to_owned() };
    db.store
        .save_own_posts(
            desk.brand,
            desk.lease.id,
            &[own("1", "20 % off\0", "an offer"), own("2", "hello", ""), own("2", "hello!", "")],
            NOON,
        )
        .await
        .expect("kept");
    db.store.save_own_posts(desk.brand, desk.lease.id, &[own("1", "sorry", "")], NOON).await.expect("kept");
    db.store.save_own_posts(desk.brand, desk.lease.id, &[], NOON).await.expect("nothing to keep");
    let mut posts = db.store.own_posts(desk.brand, around(), 10).await.expect("posts");
    posts.sort_by(|a, b| a.text.cmp(&b.text));
    assert_eq!(posts.iter().map(|p| (p.text.as_str(), p.promotional.as_str())).collect::<Vec<_>>(), [("hello!", ""), ("sorry", "")]);
    assert_eq!(posts[0].url, post("2", "acme", "").post.url);
    assert_eq!(db.snapshot().await, before, "no mention, no author, no count");
}

async fn a_sample_keeps_its_order_and_its_answers(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    desk.keep(vec![post("1", "ann", "- one"), post("2", "bob", "+ two"), post("3", "cy", "0 three")]).await;
    desk.score_all().await;
    let (one, two, three) = (desk.id("1").await, desk.id("2").await, desk.id("3").await);
    db.store.add_checks(id, &[(two, Label::Positive), (one, Label::Negative)], NOON).await.expect("drawn");
    db.store.add_checks(id, &[(one, Label::Neutral), (three, Label::Neutral)], NOON).await.expect("drawn");
    db.store.answer_check(id, one, Some(CheckAnswer::NotUs), NOON).await.expect("answered");
    db.store.answer_check(id, two, Some(CheckAnswer::Positive), NOON).await.expect("answered");
    db.store.answer_check(id, two, None, NOON).await.expect("taken back");
    let checks = db.store.checks(id).await.expect("a sample");
    let told: Vec<_> = checks.iter().map(|c| (c.mention, c.predicted, c.answer)).collect();
    assert_eq!(told, [(two, Label::Positive, None), (one, Label::Negative, Some(CheckAnswer::NotUs)), (three, Label::Neutral, None)]);
    let written: Vec<_> = db.store.checks_written_at(id).await.expect("read");
    let at = NOON.plus(-HOUR_MS);
    assert_eq!(written, [(two, at), (one, at), (three, at)], "when they were written, in the order of drawing");
    let missing = db.store.answer_check(IncidentId::new(1), one, None, NOON).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

async fn what_people_said_is_listed_once_and_a_correction_wins(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let id = incident(db, &desk).await;
    desk.keep(vec![post("1", "ann", "- one"), post("2", "bob", "+ two"), post("3", "cy", "0 three"), post("4", "dee", "- four")]).await;
    desk.score_all().await;
    let (one, two, three, four) = (desk.id("1").await, desk.id("2").await, desk.id("3").await, desk.id("4").await);
    let drawn = [(one, Label::Negative), (two, Label::Positive), (three, Label::Neutral), (four, Label::Negative)];
    db.store.add_checks(id, &drawn, NOON).await.expect("drawn");
    for (mention, answer) in [(one, CheckAnswer::Neutral), (two, CheckAnswer::Positive), (three, CheckAnswer::NotUs)] {
        db.store.answer_check(id, mention, Some(answer), NOON).await.expect("answered");
    }
    db.store.correct_label(one, Some(Label::Positive), NOON).await.expect("corrected");
    db.store.correct_label(four, Some(Label::Neutral), NOON).await.expect("corrected");
    desk.delete(&["4"]).await;
    let mut said = db.store.human_labels(desk.brand, MentionId::new(i64::MIN), 10).await.expect("labels");
    said.sort_by(|a, b| a.text.cmp(&b.text));
    let told: Vec<_> = said.iter().map(|l| (l.mention, l.label, l.text.as_str())).collect();
    assert_eq!(told, [(two, Label::Positive, "+ two"), (one, Label::Positive, "- one")]);
    let last = said.iter().map(|l| l.mention).max().expect("a label");
    assert_eq!(db.store.human_labels(desk.brand, last, 10).await.expect("labels"), []);
}

async fn the_nth_scored_mention_is_live_and_no_copy(db: &Database) {
    let desk = Desk::new(&db.store).await;
    let at = |minutes: i64| NOON.plus(minutes * 60_000 - HOUR_MS);
    desk.keep(vec![
        post_at("1", "ann", "- one", at(1)),
        post_at("2", "bob", "- one", at(2)),
        post_at("3", "cy", "+ gone", at(3)),
        post_at("4", "dee", "0 four", at(4)),
    ])
    .await;
    desk.score_all().await;
    desk.keep(vec![post_at("5", "eve", "- waits", at(0))]).await;
    desk.delete(&["3"]).await;
    let nth = async |n: i64| db.store.nth_scored(desk.brand, around(), n).await.expect("an answer");
    assert_eq!(nth(0).await, Some((desk.id("1").await, Label::Negative)));
    assert_eq!(nth(1).await, Some((desk.id("4").await, Label::Neutral)));
    assert_eq!(nth(2).await, None);
    assert_eq!(key("1"), desk.mention("1").await.key);
    assert!(Millis::default() < NOON);
}
