//! Lists that end strangely: refused places, repeats, and pages without an end.

use std::sync::Mutex;

use super::{MINUTE, NOW, client};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Cursor, More, Page};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;
use crate::sources::walk::{At, Deep, Leaf, Lists, Next, Plan, Step, Trust, poll};

/// What the list says at a place.
type Say = fn(&At, Millis) -> Result<Leaf, PollError>;

struct Script {
    say: Say,
    asked: Mutex<Vec<(At, Millis)>>,
}

impl Script {
    fn new(say: Say) -> Self {
        Self { say, asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<(At, Millis)> {
        std::mem::take(&mut *self.asked.lock().expect("asked"))
    }
}

impl Lists for Script {
    type Memo = ();

    fn plan(&self) -> Plan {
        Plan { backfill_ms: Some(DAY_MS), overlap_ms: MINUTE, deep: Some(Deep { reach_ms: 10 * HOUR_MS, every_ms: HOUR_MS }), max_pages: 5 }
    }

    fn lists(&self) -> Vec<String> {
        vec!["one".to_owned()]
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        self.asked.lock().expect("asked").push((step.at.clone(), step.after));
        (self.say)(step.at, step.now)
    }
}

fn post(id: u32, at: Millis) -> Post {
    Post {
        key: PostKey::new("feed", "h", &id.to_string()).expect("a key"),
        author: PostAuthor::default(),
        created_at: at,
        edited_at: None,
        text: "x".to_owned(),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    }
}

fn leaf(ids: std::ops::Range<u32>, next: Next) -> Leaf {
    let at = |id: u32| NOW.plus(-i64::from(id) * 1000);
    Leaf { bottom: Some(at(ids.end)), posts: ids.map(|id| post(id, at(id))).collect(), next, ..Leaf::default() }
}

async fn chain(script: &Script, cursor: &mut Cursor, now: Millis) -> Result<Page, PollError> {
    let http = client();
    for _ in 0..40 {
        let page = poll(script, &http, cursor, now).await?;
        cursor.clone_from(&page.cursor);
        if page.more == More::CaughtUp {
            return Ok(page);
        }
    }
    panic!("a chain without an end");
}

#[tokio::test]
async fn a_place_that_is_refused_begins_the_chain_anew_and_not_for_ever() {
    let script = Script::new(|at, _| match at {
        At::Start => Ok(leaf(0..3, Next::Token("old".to_owned()))),
        _ => Err(PollError::Refused { host: "h".to_owned(), status: 400 }),
    });
    let mut cursor = Cursor::default();
    assert!(matches!(chain(&script, &mut cursor, NOW).await, Err(PollError::Refused { .. })));
    assert_eq!(script.asked().iter().filter(|(at, _)| *at == At::Start).count(), 4);
}

/// The search of the AT Protocol's own development network answers 502 to a cursor that it does not know.
#[tokio::test]
async fn a_place_that_a_server_in_trouble_keeps_back_for_hours_is_taken_for_forgotten() {
    let script = Script::new(|at, _| match at {
        At::Start => Ok(leaf(0..3, Next::Token("old".to_owned()))),
        _ => Err(PollError::Unavailable { host: "h".to_owned(), what: "it answers with status 502".to_owned(), not_before: None }),
    });
    let mut cursor = Cursor::default();
    for hours in [0, 1, 6] {
        let error = chain(&script, &mut cursor, NOW.plus(hours * HOUR_MS)).await.expect_err("trouble");
        assert!(matches!(error, PollError::Unavailable { .. }), "{error:?}");
    }
    assert_eq!(script.asked().iter().filter(|(at, _)| *at == At::Start).count(), 1, "trouble may pass, and the place is kept");
    assert!(chain(&script, &mut cursor, NOW.plus(7 * HOUR_MS)).await.is_err());
    assert_eq!(script.asked().iter().filter(|(at, _)| *at == At::Start).count(), 1, "the chain began anew");
}

#[tokio::test]
async fn a_list_that_repeats_itself_is_left_and_what_is_older_is_not_claimed() {
    let script = Script::new(|_, _| Ok(leaf(0..3, Next::Page)));
    let page = chain(&script, &mut Cursor::default(), NOW).await.expect("read");
    assert_eq!(page.covered.map(|s| (s.from().since(NOW), s.to().since(NOW))), Some((-3000, 0)));
}

#[tokio::test]
async fn a_list_that_never_ends_is_left_after_its_pages() {
    let script = Script::new(|at, _| Ok(leaf(at.number() * 10..at.number() * 10 + 3, Next::Page)));
    let page = chain(&script, &mut Cursor::default(), NOW).await.expect("read");
    assert_eq!(page.covered.map(|s| s.from().since(NOW)), Some(-53_000));
    let places: Vec<At> = script.asked().into_iter().map(|(at, _)| at).collect();
    assert_eq!(
        places[..5],
        [At::Start, At::Page(2), At::Again(1), At::Page(3), At::Again(2)],
        "each page is read again after the next one"
    );
}

#[tokio::test]
async fn each_chain_reads_the_overlap_and_once_an_hour_more() {
    let script = Script::new(|_, _| Ok(leaf(0..1, Next::End)));
    let mut cursor = Cursor::default();
    for minute in [0, 10, 61] {
        chain(&script, &mut cursor, NOW.plus(minute * MINUTE)).await.expect("read");
    }
    let after: Vec<i64> = script.asked().iter().map(|(_, after)| after.since(NOW)).collect();
    assert_eq!(after, [-DAY_MS, -MINUTE, 61 * MINUTE - 10 * HOUR_MS]);
}

#[tokio::test]
async fn a_doubtful_answer_moves_no_time() {
    let script = Script::new(|_, now| Ok(Leaf { trust: if now > NOW { Trust::Doubtful } else { Trust::Whole }, ..Leaf::default() }));
    let mut cursor = Cursor::default();
    assert!(chain(&script, &mut cursor, NOW).await.expect("read").covered.is_some());
    assert_eq!(chain(&script, &mut cursor, NOW.plus(MINUTE)).await.expect("read").covered, None);
    chain(&script, &mut cursor, NOW.plus(2 * MINUTE)).await.expect("read");
    assert_eq!(script.asked().last().map(|(_, after)| after.since(NOW)), Some(-MINUTE), "read again from where it was known");
}
