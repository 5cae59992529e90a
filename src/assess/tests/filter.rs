//! The filter for other brands over a real store.

use tempfile::TempDir;

use crate::assess::filter::FilterWorker;
use crate::clock::Clock;
use crate::domain::brand::{BrandTerms, FilterMode};
use crate::domain::filter::{About, Acting};
use crate::domain::ids::{BrandId, MentionId, SourceId};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::time::Millis;
use crate::store::{Copies, Keep, MentionFilter, OtherBrands, PageToKeep, Store};

use super::start;

const OURS: [&str; 5] = ["is down again", "lost my backups", "raised its prices", "login fails", "has a lying status page"];
const THEIRS: [&str; 5] = ["anvil is heavy", "rocket skates", "cartoon coyote", "forge and hammer", "iron works"];

struct Desk {
    store: Store,
    worker: FilterWorker,
    brand: BrandId,
    source: SourceId,
    now: Millis,
    kept: usize,
    _folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 7).await.expect("a store");
        let brand = store.save_brand("Acme", &BrandTerms::default(), start()).await.expect("a brand");
        let settings = serde_json::Value::Null;
        let spec = SourceSpec { name: "Forum".to_owned(), kind: SourceKind::Feed, brand, take: Take::All, every_ms: 600_000, settings };
        let source = store.add_source(&spec, start()).await.expect("a source");
        let worker = FilterWorker::new(store.clone(), Clock::manual(start()));
        Self { store, worker, brand, source, now: start(), kept: 0, _folder: folder }
    }

    /// Keeps posts with these words, and returns their ids, oldest first.
    async fn keep(&mut self, words: [&str; 5], count: usize) -> Vec<MentionId> {
        let posts: Vec<Keep> = (self.kept..self.kept + count).map(|n| post(n, words)).collect();
        self.kept += count;
        self.keep_posts(posts).await;
        let newest = self.listed(OtherBrands::Show).await;
        newest[newest.len() - count..].to_vec()
    }

    async fn keep_posts(&mut self, posts: Vec<Keep>) {
        self.now = self.now.plus(60_000);
        let lease = self.store.claim_this_source(self.source, "test", self.now, 60_000).await.expect("a lease");
        let (cursor, next_poll_at) = (Cursor::default(), self.now.plus(1));
        let page = PageToKeep { keep: posts, gone: Vec::new(), cursor, covered: None, next_poll_at, asked: 1 };
        self.store.save_page(&lease, page, self.now).await.expect("kept");
    }

    async fn mark(&self, mentions: &[MentionId], about: Option<About>) {
        for mention in mentions {
            self.store.mark_brand(self.brand, *mention, about, self.now).await.expect("marked");
        }
    }

    async fn judge(&mut self) {
        while self.worker.tick().await.expect("a round").iter().any(|round| round.more) {}
    }

    async fn listed(&self, other_brands: OtherBrands) -> Vec<MentionId> {
        let filter = MentionFilter { brand: self.brand, copies: Copies::Show, other_brands, ..MentionFilter::default() };
        let mut ids: Vec<MentionId> =
            self.store.mentions(&filter, None, 10_000).await.expect("mentions").into_iter().map(|m| m.id).collect();
        ids.sort();
        ids
    }

    async fn acting(&self) -> Option<Acting> {
        self.store.brand_filter(self.brand).await.expect("a state").map(|state| state.report.acting)
    }
}

fn post(n: usize, words: [&str; 5]) -> Keep {
    let post = Post {
        key: PostKey::new("forum", "", &n.to_string()).expect("a key"),
        author: PostAuthor { native_id: format!("author {n}"), handle: n.to_string(), ..PostAuthor::default() },
        created_at: start(),
        edited_at: None,
        text: format!("the acme {} and {} number {n}", words[n % 5], words[(n / 5) % 5]),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    };
    Keep { post, why: "names “Acme”".to_owned(), fingerprint: String::new(), lang: Some("en".to_owned()) }
}

/// A desk whose filter hides: 40 marks of each kind.
async fn trained() -> Desk {
    let mut desk = Desk::new().await;
    let others = desk.keep(THEIRS, 40).await;
    let ours = desk.keep(OURS, 60).await;
    desk.mark(&others, Some(About::Other)).await;
    desk.mark(&ours[..40], Some(About::This)).await;
    desk.judge().await;
    assert_eq!(desk.acting().await, Some(Acting::Yes));
    desk
}

#[tokio::test]
async fn without_marks_nothing_is_learned_and_nothing_written() {
    let mut desk = Desk::new().await;
    desk.keep(OURS, 5).await;
    desk.judge().await;
    assert_eq!(desk.acting().await, None);
}

#[tokio::test]
async fn it_waits_for_enough_marks() {
    let mut desk = Desk::new().await;
    let others = desk.keep(THEIRS, 30).await;
    desk.keep(OURS, 60).await;
    desk.mark(&others[..10], Some(About::Other)).await;
    desk.judge().await;
    assert_eq!((desk.acting().await, desk.listed(OtherBrands::Only).await.len()), (Some(Acting::TooFew), 10));
}

#[tokio::test]
async fn it_hides_what_comes_in_later_and_leaves_the_brand_alone() {
    let mut desk = trained().await;
    let theirs = desk.keep(THEIRS, 10).await;
    let ours = desk.keep(OURS, 10).await;
    desk.judge().await;
    let hidden = desk.listed(OtherBrands::Only).await;
    assert!(theirs.iter().all(|id| hidden.contains(id)) && !ours.iter().any(|id| hidden.contains(id)));
    assert_eq!(desk.store.hidden_count(desk.brand).await.expect("a count"), 50);
}

#[tokio::test]
async fn what_a_person_says_of_a_hidden_one_stays() {
    let mut desk = trained().await;
    let theirs = desk.keep(THEIRS, 3).await;
    desk.judge().await;
    desk.mark(&theirs[..1], Some(About::This)).await;
    desk.judge().await;
    let shown = desk.listed(OtherBrands::Hide).await;
    assert!(shown.contains(&theirs[0]) && !shown.contains(&theirs[1]));
}

#[tokio::test]
async fn switched_off_it_shows_again_what_it_hid_but_not_what_people_hid() {
    let mut desk = trained().await;
    desk.keep(THEIRS, 10).await;
    desk.judge().await;
    let terms = BrandTerms { filter: FilterMode::Off, ..BrandTerms::default() };
    desk.store.save_brand("Acme", &terms, desk.now).await.expect("saved");
    desk.judge().await;
    assert_eq!((desk.acting().await, desk.listed(OtherBrands::Only).await.len()), (Some(Acting::Off), 40));
}

#[tokio::test]
async fn a_second_worker_on_the_same_marks_changes_nothing() {
    let mut desk = trained().await;
    desk.keep(THEIRS, 10).await;
    desk.judge().await;
    let before = (desk.listed(OtherBrands::Only).await, desk.store.brand_filter(desk.brand).await.expect("a state"));
    desk.worker = FilterWorker::new(desk.store.clone(), Clock::manual(start()));
    desk.judge().await;
    assert_eq!((desk.listed(OtherBrands::Only).await, desk.store.brand_filter(desk.brand).await.expect("a state")), before);
}

#[tokio::test]
async fn an_edited_mention_is_judged_at_once_by_what_was_learned() {
    let mut desk = trained().await;
    let theirs = desk.keep(THEIRS, 5).await;
    let ours = desk.keep(OURS, 5).await;
    desk.judge().await;
    // Each becomes what the other was.
    let words = |of: &Desk, numbers: std::ops::Range<usize>, words: [&str; 5]| -> Vec<Keep> {
        numbers.map(|n| post(of.kept - 10 + n, words)).collect()
    };
    let edits = [words(&desk, 0..5, OURS), words(&desk, 5..10, THEIRS)].concat();
    desk.keep_posts(edits).await;
    desk.judge().await;
    let hidden = desk.listed(OtherBrands::Only).await;
    assert!(ours.iter().all(|id| hidden.contains(id)), "now about the other brand");
    assert!(!theirs.iter().any(|id| hidden.contains(id)), "now about this one");
    assert_eq!(desk.store.to_judge_again(desk.brand, 10).await.expect("mentions"), []);
}

#[tokio::test]
async fn a_filter_that_may_not_hide_shows_edited_mentions() {
    let mut desk = trained().await;
    desk.keep(THEIRS, 5).await;
    desk.judge().await;
    let terms = BrandTerms { filter: FilterMode::Off, ..BrandTerms::default() };
    desk.store.save_brand("Acme", &terms, desk.now).await.expect("saved");
    desk.keep_posts((0..5).map(|n| post(desk.kept - 5 + n, OURS)).collect()).await;
    desk.judge().await;
    assert_eq!(desk.listed(OtherBrands::Only).await.len(), 40, "what people hid");
    assert_eq!(desk.store.to_judge_again(desk.brand, 10).await.expect("mentions"), []);
}
