//! WordPress: what its interface hides, and that nothing is missed all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::law::{Fake, Item};
use super::wordpress_site::{Comment, Fault, Rest, Shared, Surprise, router, site, start};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, More, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;

fn poller(server: &Server) -> Poller {
    Poller::new(SourceKind::Wordpress, serde_json::json!({"url": server.url}))
}

async fn new_site() -> (Server, Shared, Poller) {
    let (server, shared) = start().await;
    let poller = poller(&server);
    (server, shared, poller)
}

fn all_ids(shared: &Shared) -> BTreeSet<u64> {
    site(shared).comments.iter().filter(|c| !c.held).map(|c| c.id).collect()
}

fn numbers<'a>(ids: impl IntoIterator<Item = &'a str>) -> BTreeSet<u64> {
    ids.into_iter().map(|id| id.parse().expect("a number")).collect()
}

#[tokio::test]
async fn the_first_poll_reads_the_whole_history_and_later_ones_one_page() {
    let (server, shared, mut poller) = new_site().await;
    for day in 0..350 {
        site(&shared).add(1, NOW.plus(-day * DAY_MS));
    }
    let first = poller.chain(NOW).await.expect("read");
    assert_eq!(numbers(first.ids()), all_ids(&shared));
    assert_eq!(first.pages, 4);
    assert_eq!(first.covered(), Some((-349 * DAY_MS, 0)));
    assert_eq!(first.posts[0].key.instance(), server.host());
    let second = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!((second.pages, second.covered()), (1, Some((0, MINUTE))));
}

#[tokio::test]
async fn comments_added_2000_at_a_time_while_polling_are_all_met() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).add(250, NOW.plus(-DAY_MS));
    site(&shared).surprises = vec![Surprise::Add { count: 0, at: NOW }, Surprise::Add { count: 2000, at: NOW.plus(-1000) }];
    let mut seen = numbers(poller.chain(NOW).await.expect("read").ids());
    assert_eq!(seen, all_ids(&shared), "added while the history was read");
    for minute in 1..4 {
        let now = NOW.plus(minute * MINUTE);
        site(&shared).add(2000, now.plus(-1000));
        site(&shared).surprises = vec![Surprise::Add { count: 0, at: now }; 3];
        site(&shared).surprises.push(Surprise::Add { count: 2000, at: now });
        seen.extend(numbers(poller.chain(now).await.expect("read").ids()));
    }
    seen.extend(numbers(poller.chain(NOW.plus(4 * MINUTE)).await.expect("read").ids()));
    assert_eq!(seen, all_ids(&shared));
}

#[tokio::test]
async fn a_comment_released_late_keeps_its_old_date_and_id_and_is_found_within_the_hour() {
    for zone in [-12, -8, 0, 14] {
        let (_server, shared, mut poller) = new_site().await;
        site(&shared).zone = zone;
        site(&shared).comments.push(Comment { id: 1, at: NOW.plus(-7 * DAY_MS + HOUR_MS + MINUTE), held: true, text: "late".to_owned() });
        for hour in 0..300 {
            site(&shared).add(1, NOW.plus(-hour * HOUR_MS));
        }
        poller.chain(NOW).await.expect("read");
        site(&shared).comments[0].held = false;
        assert!(!poller.chain(NOW.plus(MINUTE)).await.expect("read").ids().contains(&"1"));
        assert!(poller.chain(NOW.plus(HOUR_MS)).await.expect("read").ids().contains(&"1"), "zone {zone}");
    }
}

#[tokio::test]
async fn comments_deleted_while_paging_do_not_hide_others() {
    let (_server, shared, mut poller) = new_site().await;
    for minute in 0..500 {
        site(&shared).add(1, NOW.plus(-minute * MINUTE));
    }
    site(&shared).surprises =
        vec![Surprise::Add { count: 0, at: NOW }, Surprise::DeleteOldest, Surprise::DeleteOldest, Surprise::DeleteOldest];
    let seen = numbers(poller.chain(NOW).await.expect("read").ids());
    assert!(seen.is_superset(&all_ids(&shared)));
}

#[tokio::test]
async fn a_page_past_the_end_may_be_an_error_of_its_own() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).fault = Fault::PastEndIsError;
    site(&shared).add(200, NOW.plus(-DAY_MS));
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!((chain.posts.len(), chain.pages), (200, 3));
}

#[tokio::test]
async fn a_site_that_repeats_its_first_page_comes_to_an_end() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).fault = Fault::IgnoresPage;
    site(&shared).add(300, NOW.plus(-DAY_MS));
    assert_eq!(poller.chain(NOW).await.expect("read").pages, 2);
}

#[tokio::test]
async fn sites_without_pretty_permalinks_are_read_too() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).rest = Rest::Plain;
    site(&shared).add(3, NOW.plus(-DAY_MS));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 3);
}

#[tokio::test]
async fn a_closed_interface_falls_back_to_the_feed_with_the_same_ids() {
    for rest in [Rest::Closed, Rest::ThemePage] {
        let (_server, shared, mut poller) = new_site().await;
        site(&shared).rest = rest;
        site(&shared).add(4, NOW.plus(-DAY_MS));
        let chain = poller.chain(NOW).await.expect("read");
        assert_eq!(numbers(chain.ids()), all_ids(&shared), "{rest:?}");
        assert_eq!(chain.posts[0].text, "comment 4", "the title of a comment feed is no text");
        assert_eq!(chain.covered(), Some((-DAY_MS, 0)));
        site(&shared).add(15, NOW.plus(MINUTE / 2));
        let burst = poller.chain(NOW.plus(MINUTE)).await.expect("read");
        assert_eq!(burst.covered(), Some((MINUTE / 2 + 1_000, MINUTE)), "five comments of that very second were lost in the burst");
        site(&shared).rest = Rest::Pretty;
        let back = poller.chain(NOW.plus(DAY_MS)).await.expect("read");
        assert_eq!(numbers(back.ids()), all_ids(&shared), "the interface is looked for again once a day");
    }
}

#[tokio::test]
async fn server_trouble_is_no_reason_to_take_the_feed() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).add(4, NOW.plus(-DAY_MS));
    site(&shared).fault = Fault::BadGateway;
    assert!(matches!(poller.chain(NOW).await, Err(PollError::Unavailable { .. })));
    site(&shared).fault = Fault::CutJson;
    assert!(matches!(poller.chain(NOW).await, Err(PollError::Malformed { .. })));
    site(&shared).fault = Fault::None;
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 4);
}

fn keys(server: &Server, ids: &[&str]) -> Vec<PostKey> {
    ids.iter().map(|id| PostKey::new("wordpress", server.host(), id).expect("a key")).collect()
}

#[tokio::test]
async fn a_recheck_tells_edited_and_vanished_comments() {
    let (server, shared, poller) = new_site().await;
    site(&shared).add(3, NOW.plus(-DAY_MS));
    site(&shared).comments[0].text = "edited".to_owned();
    site(&shared).comments.remove(1);
    let got = poller.adapter.recheck(&poller.http, &keys(&server, &["1", "2"]), NOW).await.expect("read");
    assert_eq!(got.present.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["edited"]);
    assert_eq!(got.missing, keys(&server, &["2"]));
    site(&shared).fault = Fault::IgnoresInclude;
    let wrong = poller.adapter.recheck(&poller.http, &keys(&server, &["1"]), NOW).await;
    assert!(matches!(wrong, Err(PollError::Malformed { .. })), "others than asked for prove nothing");
    site(&shared).rest = Rest::Closed;
    let blind = poller.adapter.recheck(&poller.http, &keys(&server, &["1"]), NOW).await.expect("read");
    assert!(blind.missing.is_empty() && blind.present.is_empty(), "a feed cannot say what is gone");
}

/// What can happen to a site and its poller.
#[derive(Debug, Clone, Copy)]
enum Event {
    Add(u64),
    /// A comment is written and held for moderation.
    Hold,
    /// The oldest held comment is released, with its old date.
    Release,
    DeleteOldest,
    Wait(i64),
    /// One page is read and kept.
    Page,
    /// One page is read, and the process dies before it is kept.
    LostPage,
    FailedPage(Fault),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1..230_u64).prop_map(Event::Add),
        1 => Just(Event::Hold),
        1 => Just(Event::Release),
        1 => Just(Event::DeleteOldest),
        3 => (1..100_i64).prop_map(Event::Wait),
        6 => Just(Event::Page),
        2 => Just(Event::LostPage),
        1 => Just(Event::FailedPage(Fault::CutJson)),
        1 => Just(Event::FailedPage(Fault::BadGateway)),
    ]
}

struct World {
    shared: Shared,
    poller: Poller,
    now: Millis,
    kept: BTreeSet<u64>,
}

impl World {
    async fn live(&mut self, event: Event) {
        match event {
            Event::Add(count) => site(&self.shared).add(count, self.now),
            Event::Hold => {
                site(&self.shared).add(1, self.now);
                site(&self.shared).comments.last_mut().expect("just added").held = true;
            }
            Event::Release => site(&self.shared).comments.iter_mut().filter(|c| c.held).take(1).for_each(|c| c.held = false),
            Event::DeleteOldest => {
                let mut it = site(&self.shared);
                if !it.comments.is_empty() {
                    it.comments.remove(0);
                }
            }
            Event::Wait(minutes) => self.now = self.now.plus(minutes * MINUTE),
            Event::Page => self.cursor_after_page().await,
            Event::LostPage => {
                let lost = self.poller.adapter.poll(&self.poller.http, &self.poller.cursor, self.now).await;
                assert!(lost.is_ok());
            }
            Event::FailedPage(fault) => {
                site(&self.shared).fault = fault;
                let failed = self.poller.adapter.poll(&self.poller.http, &self.poller.cursor, self.now).await;
                // A cut list of nothing is still a list.
                assert!(failed.is_err() || fault == Fault::CutJson);
                site(&self.shared).fault = Fault::None;
            }
        }
    }

    async fn cursor_after_page(&mut self) {
        let page = self.poller.adapter.poll(&self.poller.http, &self.poller.cursor, self.now).await.expect("read");
        self.kept.extend(numbers(page.posts.iter().map(|p| p.key.native_id())));
        self.poller.cursor = page.cursor;
        if page.more == More::CaughtUp {
            self.now = self.now.plus(1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_comment_is_kept_in_the_end(events in proptest::collection::vec(event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (kept, expected) = runtime.block_on(async {
            let (_server, shared, poller) = new_site().await;
            site(&shared).add(120, NOW.plus(-DAY_MS));
            let mut world = World { shared, poller, now: NOW, kept: BTreeSet::new() };
            for event in events {
                world.live(event).await;
            }
            // The chain under way comes to its end, and then the hourly overlap.
            world.poller.chain(world.now).await.map(|c| world.kept.extend(numbers(c.ids()))).expect("read");
            let later = world.now.plus(12 * HOUR_MS);
            world.poller.chain(later).await.map(|c| world.kept.extend(numbers(c.ids()))).expect("read");
            (world.kept, all_ids(&world.shared))
        });
        prop_assert!(kept.is_superset(&expected), "missed: {:?}", expected.difference(&kept).collect::<Vec<_>>());
    }
}

/// The same site under the law of all sources. A page in place of an answer, or a refusal, sends a poll to the comment feed,
/// and the interface is looked for again a day later: so there it takes longer until all is kept.
#[derive(Default)]
struct Living(Shared);

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Wordpress;
    const LATE_MS: i64 = 4 * DAY_MS;
    const SETTLE_MS: i64 = 25 * HOUR_MS;

    fn router(self: Arc<Self>) -> axum::Router {
        router(&self.0)
    }

    fn settings(url: &str) -> serde_json::Value {
        serde_json::json!({"url": url})
    }

    fn publish(&self, item: Item) {
        let comment = Comment { id: item.n, at: item.at, held: false, text: format!("<p>Acme Cloud {}</p>", item.n) };
        site(&self.0).comments.push(comment);
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }

    fn edit(&self, item: Item, words: &str) {
        site(&self.0).comments.iter_mut().filter(|c| c.id == item.n).for_each(|c| words.clone_into(&mut c.text));
    }

    fn delete(&self, item: Item) {
        site(&self.0).comments.retain(|c| c.id != item.n);
    }
}

mod law {
    use super::super::law::{Trouble, follows_edits, holds, survives};
    use super::Living;
    use crate::sources::PollError;

    #[test]
    fn every_item_is_kept_exactly_once_whatever_happens() {
        holds::<Living>();
    }

    #[tokio::test]
    async fn too_many_requests_wait_as_long_as_they_are_told() {
        let error = survives::<Living>(Trouble::TooMany(90)).await;
        assert!(error.not_before().is_some() && !error.is_final(), "{error:?}");
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_asked_again() {
        for trouble in [Trouble::Broken, Trouble::Cut] {
            let error = survives::<Living>(trouble).await;
            assert!(matches!(error, PollError::Unavailable { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn edits_and_deletions_are_followed() {
        follows_edits::<Living>().await;
    }
}

#[tokio::test]
async fn a_site_that_closed_its_interface_and_its_feed_says_so() {
    let refuse = || async { axum::http::StatusCode::UNAUTHORIZED };
    let server = Server::start(axum::Router::new().fallback(refuse)).await;
    let error = poller(&server).chain(NOW).await.expect_err("closed");
    assert!(matches!(error, PollError::Unauthorised { .. }), "{error:?}");
}

#[tokio::test]
async fn a_strange_cursor_starts_over() {
    let (_server, shared, mut poller) = new_site().await;
    site(&shared).add(3, NOW.plus(-DAY_MS));
    poller.cursor = Cursor("{\"v\":7}".to_owned());
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 3);
}
