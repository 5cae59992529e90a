//! Every adapter on the demo's world, which somebody else built from the same protocols.

use std::collections::HashMap;
use std::time::Duration;

use ebb::clock::Clock;
use ebb::demo::story::Story;
use ebb::demo::world::{Draft, Faults, Site, World};
use ebb::domain::ids::BrandId;
use ebb::domain::post::Post;
use ebb::domain::source::{Cursor, More, SourceKind, SourceSpec, Take};
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis};
use ebb::sources::{Adapter, Http, HttpOptions, Secrets};

const NOW: Millis = Millis::new(1_795_076_130_000);
const MINUTE: i64 = 60_000;

struct Bench {
    world: World,
    clock: Clock,
    http: Http,
}

impl Bench {
    async fn start() -> Self {
        let clock = Clock::manual(NOW);
        let world = World::start(&Story::quiet(NOW), clock.clone(), Faults::default()).await.expect("ports");
        let http = Http::new(clock.clone(), HttpOptions { spacing: Duration::ZERO, ..HttpOptions::default() }).expect("a client");
        Self { world, clock, http }
    }

    fn adapter(&self, kind: SourceKind) -> Adapter {
        let urls = self.world.urls();
        let settings = match kind {
            SourceKind::Wordpress => serde_json::json!({"site": urls.blog}),
            SourceKind::Mastodon => serde_json::json!({"server": urls.mastodon}),
            SourceKind::Feed => serde_json::json!({"url": format!("{}/posts.rss", urls.forum)}),
            _ => serde_json::json!({"url": urls.hackernews, "item_url": urls.hackernews}),
        };
        let spec = SourceSpec { name: "demo".to_owned(), kind, brand: BrandId::new(1), take: Take::All, every_ms: MINUTE, settings };
        Adapter::from_spec(&spec, &Secrets::fixed(HashMap::new()), &Story::terms()).expect("settings")
    }

    fn site(&self, kind: SourceKind) -> &Site {
        match kind {
            SourceKind::Wordpress => self.world.blog(),
            SourceKind::Mastodon => self.world.mastodon(),
            SourceKind::Feed => self.world.forum(),
            _ => self.world.hackernews(),
        }
    }

    async fn read(&self, adapter: &Adapter, cursor: &mut Cursor) -> Vec<Post> {
        let mut posts = Vec::new();
        loop {
            let page = adapter.poll(&self.http, cursor, self.clock.now()).await.expect("read");
            posts.extend(page.posts);
            *cursor = page.cursor;
            if page.more == More::CaughtUp {
                return posts;
            }
        }
    }
}

fn of<'a>(posts: &'a [Post], words: &str) -> Option<&'a Post> {
    posts.iter().find(|p| p.text.contains(words))
}

const KINDS: [SourceKind; 4] = [SourceKind::Wordpress, SourceKind::Mastodon, SourceKind::Feed, SourceKind::Hackernews];

#[tokio::test]
async fn what_is_written_is_read_within_one_poll_everywhere() {
    let bench = Bench::start().await;
    for kind in KINDS {
        let (adapter, mut cursor) = (bench.adapter(kind), Cursor::default());
        bench.site(kind).add(Draft::new("mo", "Tidewater is fine #tidewater").written_at(NOW.plus(-DAY_MS)));
        let first = bench.read(&adapter, &mut cursor).await;
        let post = of(&first, "Tidewater is fine").unwrap_or_else(|| panic!("{kind:?}: {first:?}"));
        assert_eq!(post.created_at, Millis::new(NOW.plus(-DAY_MS).get() / 1000 * 1000), "{kind:?}");
        assert!(!post.author.native_id.is_empty(), "{kind:?}");
        bench.clock.advance(MINUTE);
        bench.site(kind).add_comment("kim", "Tidewater is down & I am not amused #tidewater");
        let second = bench.read(&adapter, &mut cursor).await;
        assert!(of(&second, "Tidewater is down & I am not amused").is_some(), "{kind:?}: {second:?}");
    }
}

#[tokio::test]
async fn edits_and_deletions_are_followed_where_posts_can_be_read_again() {
    let bench = Bench::start().await;
    for kind in [SourceKind::Wordpress, SourceKind::Mastodon, SourceKind::Hackernews] {
        let site = bench.site(kind);
        let kept = site.add_comment("mo", "Tidewater first words #tidewater");
        let lost = site.add_comment("kim", "Tidewater regrettable words #tidewater");
        let adapter = bench.adapter(kind);
        let posts = bench.read(&adapter, &mut Cursor::default()).await;
        let keys = [of(&posts, "first").expect("read").key.clone(), of(&posts, "regrettable").expect("read").key.clone()];
        assert!(adapter.recheck_batch() >= keys.len(), "{kind:?}");
        bench.clock.advance(HOUR_MS);
        site.edit(kept, "Tidewater second words #tidewater");
        site.delete(lost);
        let got = adapter.recheck(&bench.http, &keys, bench.clock.now()).await.expect("read");
        assert!(of(&got.present, "second words").is_some_and(|p| p.key == keys[0]), "{kind:?}: {got:?}");
        assert!(got.missing.contains(&keys[1]) || got.gone.contains(&keys[1]), "{kind:?}: {got:?}");
        assert_eq!(got.present.len() + got.missing.len() + got.gone.len(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_blog_with_local_time_west_of_utc_and_late_approval_misses_nothing() {
    let bench = Bench::start().await;
    bench.world.blog().set_utc_offset(-11 * 60);
    let (adapter, mut cursor) = (bench.adapter(SourceKind::Wordpress), Cursor::default());
    let held = bench.world.blog().add_held(Draft::new("mo", "Tidewater held words").written_at(NOW.plus(-6 * DAY_MS)));
    bench.read(&adapter, &mut cursor).await;
    bench.clock.advance(MINUTE);
    bench.world.blog().approve(held);
    bench.clock.advance(HOUR_MS);
    let posts = bench.read(&adapter, &mut cursor).await;
    assert!(of(&posts, "held words").is_some(), "{posts:?}");
}
