//! Mentions of another brand of the same name are hidden, counted apart, and never lost.

use ebb::domain::filter::{About, Acting, Measured, Precision, is_audited};
use ebb::domain::ids::{BrandId, MentionId};
use ebb::domain::sentiment::Label;
use ebb::domain::time::{DAY_MS, HOUR_MS};
use ebb::store::{BrandStanding, FilterReport, FilterState, Hidden, MentionFilter, OtherBrands, StoreError};

use super::contract::{Database, contract};
use super::desk::{Desk, NOON, around, post};
use super::random::check_counts;

contract! {
    a_marked_mention_is_hidden_and_counts_in_nothing_else,
    taking_a_mark_back_brings_everything_back,
    a_mark_wins_over_the_filter_and_the_filter_never_touches_a_marked_one,
    what_the_filter_hides_is_listed_and_partly_drawn_for_people,
    an_edit_and_a_deletion_forget_the_mark,
    an_edited_mention_waits_for_the_filter_and_is_taken_off_when_it_was_judged,
    examples_are_the_marks_and_what_people_corrected,
    only_live_mentions_of_the_brand_can_be_marked,
}

pub fn state() -> FilterState {
    let report = FilterReport { acting: Acting::Yes, measured: Measured::default(), audit: Precision::default() };
    FilterState { marks: "2:7".to_owned(), judged_to: MentionId::new(9), report }
}

async fn three(db: &Database) -> Desk {
    let desk = Desk::new(&db.store).await;
    desk.keep(vec![post("1", "ann", "- broken"), post("2", "bob", "- down again"), post("3", "cy", "+ fine")]).await;
    desk.score_all().await;
    desk
}

async fn listed(desk: &Desk, other_brands: OtherBrands) -> Vec<String> {
    let filter = MentionFilter { brand: desk.brand, other_brands, ..MentionFilter::default() };
    let mentions = desk.store.mentions_oldest_first(&filter, None, 100).await.expect("mentions");
    mentions.iter().map(|m| m.key.native_id().to_owned()).collect()
}

async fn standing(desk: &Desk, id: &str) -> BrandStanding {
    let id = desk.id(id).await;
    desk.store.brand_standings(desk.brand, &[id]).await.expect("standings")[&id]
}

async fn a_marked_mention_is_hidden_and_counts_in_nothing_else(db: &Database) {
    let desk = three(db).await;
    desk.store.mark_brand(desk.brand, desk.id("1").await, Some(About::Other), desk.now).await.expect("marked");
    assert_eq!(listed(&desk, OtherBrands::Hide).await, ["2", "3"]);
    assert_eq!(listed(&desk, OtherBrands::Only).await, ["1"]);
    assert_eq!(listed(&desk, OtherBrands::Show).await, ["1", "2", "3"]);
    assert_eq!(db.store.distinct_unhappy(desk.brand, around()).await.expect("a count"), 1);
    assert_eq!(db.store.hidden_count(desk.brand).await.expect("a count"), 1);
    let totals = db.store.totals(desk.brand).await.expect("totals");
    assert_eq!((totals.mentions, totals.authors), (2, 2));
    let hour = db.store.hours(desk.brand, None, around()).await.expect("hours")[0];
    assert_eq!((hour.mentions, hour.negative, hour.positive, hour.unhappy), (2, 1, 1, 1));
    assert_eq!(db.store.very_negative(desk.brand, around(), 0.5).await.expect("authors").len(), 1);
    assert_eq!(standing(&desk, "1").await, BrandStanding { hidden: Hidden::Marked, mark: Some(About::Other) });
    check_counts(db, desk.brand).await;
}

async fn taking_a_mark_back_brings_everything_back(db: &Database) {
    let desk = three(db).await;
    let before = db.snapshot().await;
    for about in [Some(About::Other), Some(About::This), Some(About::Other), None] {
        desk.store.mark_brand(desk.brand, desk.id("1").await, about, desk.now).await.expect("marked");
        check_counts(db, desk.brand).await;
    }
    assert_eq!(db.snapshot().await, before);
}

async fn a_mark_wins_over_the_filter_and_the_filter_never_touches_a_marked_one(db: &Database) {
    let desk = three(db).await;
    let (one, two) = (desk.id("1").await, desk.id("2").await);
    desk.store.mark_brand(desk.brand, one, Some(About::This), desk.now).await.expect("marked");
    desk.store.save_filter(desk.brand, (&[(one, About::Other), (two, About::Other)], &[]), &state()).await.expect("saved");
    assert_eq!(listed(&desk, OtherBrands::Hide).await, ["1", "3"]);
    desk.store.mark_brand(desk.brand, two, Some(About::This), desk.now).await.expect("marked");
    assert_eq!(listed(&desk, OtherBrands::Hide).await, ["1", "2", "3"]);
    desk.store.mark_brand(desk.brand, one, Some(About::Other), desk.now).await.expect("marked");
    desk.store.save_filter(desk.brand, (&[(one, About::This)], &[]), &state()).await.expect("saved");
    assert_eq!(listed(&desk, OtherBrands::Only).await, ["1"]);
    assert_eq!(desk.store.brand_filter(desk.brand).await.expect("a state"), Some(state()));
    check_counts(db, desk.brand).await;
}

async fn what_the_filter_hides_is_listed_and_partly_drawn_for_people(db: &Database) {
    let desk = Desk::new(&db.store).await;
    desk.keep((0..40).map(|n| post(&n.to_string(), "ann", &format!("0 text {n}"))).collect()).await;
    let unmarked = desk.store.to_judge(desk.brand, MentionId::new(0), 100).await.expect("mentions");
    assert_eq!(unmarked.len(), 40);
    let said: Vec<_> = unmarked.iter().map(|m| (m.mention, About::Other)).collect();
    desk.store.save_filter(desk.brand, (&said, &[]), &state()).await.expect("saved");
    let drawn = unmarked.iter().filter(|m| is_audited(m.mention.get())).count();
    assert_eq!((listed(&desk, OtherBrands::Only).await.len(), listed(&desk, OtherBrands::Audit).await.len()), (40, drawn));
    assert_eq!(desk.store.filtered(desk.brand, 7).await.expect("mentions").len(), 7);
    // People say of one drawn and of one other that it is about the brand: only the drawn one is an audit.
    for (wanted, audited) in [(false, 0), (true, 1)] {
        if let Some(one) = unmarked.iter().find(|m| is_audited(m.mention.get()) == wanted) {
            desk.store.mark_brand(desk.brand, one.mention, Some(About::This), desk.now).await.expect("marked");
            let (_, audit) = desk.store.brand_marks(desk.brand).await.expect("marks");
            assert_eq!(audit, Precision { hidden: audited, right: 0 });
        }
    }
    check_counts(db, desk.brand).await;
}

async fn an_edit_and_a_deletion_forget_the_mark(db: &Database) {
    let desk = three(db).await;
    for id in ["1", "2"] {
        desk.store.mark_brand(desk.brand, desk.id(id).await, Some(About::Other), desk.now).await.expect("marked");
    }
    desk.keep(vec![post("1", "ann", "- broken, at Acme Cloud")]).await;
    assert_eq!(standing(&desk, "1").await, BrandStanding::default());
    desk.delete(&["2"]).await;
    assert_eq!(standing(&desk, "2").await, BrandStanding { hidden: Hidden::Marked, mark: None }, "it stays out of the counts");
    assert_eq!(db.count("select count(*) from brand_marks").await, 0);
    check_counts(db, desk.brand).await;
}

async fn an_edited_mention_waits_for_the_filter_and_is_taken_off_when_it_was_judged(db: &Database) {
    let desk = three(db).await;
    let (one, two) = (desk.id("1").await, desk.id("2").await);
    let waiting = || async { desk.store.to_judge_again(desk.brand, 10).await.expect("mentions") };
    desk.keep(vec![post("1", "ann", "- broken, at Acme Cloud")]).await;
    assert_eq!(waiting().await, [], "without a filter nothing waits");
    desk.store.save_filter(desk.brand, (&[(one, About::Other), (two, About::Other)], &[]), &state()).await.expect("saved");
    desk.keep(vec![post("1", "ann", "- other words"), post("2", "bob", "- other words too")]).await;
    let first = waiting().await;
    assert_eq!(
        first.iter().map(|m| (m.mention, m.traits().text)).collect::<Vec<_>>(),
        [(one, "- other words"), (two, "- other words too")]
    );
    assert_eq!(listed(&desk, OtherBrands::Hide).await, ["3"], "it stays hidden until the filter has spoken");
    // Edited once more while the filter judged: that edit waits on, the other one is done.
    desk.keep(vec![post("1", "ann", "- third words")]).await;
    desk.store.save_filter(desk.brand, (&[(two, About::This)], &first), &state()).await.expect("saved");
    assert_eq!(waiting().await.iter().map(|m| m.traits().text.to_owned()).collect::<Vec<_>>(), ["- third words"]);
    assert_eq!(listed(&desk, OtherBrands::Hide).await, ["2", "3"]);
    desk.delete(&["1"]).await;
    assert_eq!(db.count("select count(*) from brand_edits").await, 0);
    check_counts(db, desk.brand).await;
}

async fn examples_are_the_marks_and_what_people_corrected(db: &Database) {
    let desk = three(db).await;
    assert_eq!(desk.store.brand_marks(desk.brand).await.expect("marks").0, "0:0");
    desk.store.mark_brand(desk.brand, desk.id("1").await, Some(About::Other), desk.now).await.expect("marked");
    desk.store.correct_label(desk.id("3").await, Some(Label::Neutral), desk.now).await.expect("corrected");
    let examples = desk.store.brand_examples(desk.brand, 10).await.expect("examples");
    let marks: Vec<_> = examples.iter().map(|e| (e.traits().text.to_owned(), e.mark)).collect();
    assert_eq!(marks[0], ("- broken".to_owned(), Some(About::Other)));
    assert_eq!(marks[1..], [("+ fine".to_owned(), None)]);
    assert_eq!(examples[0].traits().author, "ann");
    let since = |ago: i64| desk.store.before_first_since(desk.brand, NOON.plus(-ago));
    assert!(since(DAY_MS).await.expect("an id") < desk.id("1").await);
    assert_eq!(since(-HOUR_MS).await.expect("an id"), MentionId::new(-1), "nothing was written since");
}

async fn only_live_mentions_of_the_brand_can_be_marked(db: &Database) {
    let desk = three(db).await;
    let id = desk.id("1").await;
    let refused = desk.store.mark_brand(BrandId::new(77), id, Some(About::Other), desk.now).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
    desk.delete(&["1"]).await;
    let refused = desk.store.mark_brand(desk.brand, id, Some(About::Other), desk.now).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
}
