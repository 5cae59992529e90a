use std::collections::HashSet;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::Value;

use super::*;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};

fn start() -> Millis {
    Millis::parse_rfc3339("2026-11-19T07:00:00Z").expect("a time")
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent("ebb-tests").timeout(Duration::from_mins(1)).no_proxy().build().expect("a client")
}

struct Town {
    world: World,
    clock: Clock,
    faults: Faults,
    http: Client,
}

impl Town {
    /// A world that nobody has written in.
    async fn quiet() -> Self {
        Self::of(&Story::quiet(start()), start()).await
    }

    async fn of(story: &Story, now: Millis) -> Self {
        let (clock, faults) = (Clock::manual(now), Faults::default());
        let world = World::start(story, clock.clone(), faults.clone()).await.expect("ports");
        Self { world, clock, faults, http: client() }
    }

    async fn get(&self, url: &str) -> Response {
        self.http.get(url).send().await.expect("an answer")
    }

    async fn json(&self, url: &str) -> Value {
        serde_json::from_str(&self.text(url).await).expect("JSON")
    }

    async fn text(&self, url: &str) -> String {
        self.get(url).await.text().await.expect("a body")
    }

    fn comments(&self, query: &str) -> String {
        format!("{}/wp-json/wp/v2/comments?{query}", self.world.urls().blog)
    }
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|v| v.to_str().expect("text").to_owned()).unwrap_or_default()
}

fn ids(list: &Value, field: &str) -> Vec<u64> {
    let id = |item: &Value| item[field].as_u64().or_else(|| item[field].as_str().and_then(|id| id.parse().ok()));
    list.as_array().expect("a list").iter().map(|item| id(item).expect("an id")).collect()
}

#[tokio::test]
async fn walking_wordpress_pages_finds_every_comment_once() {
    let town = Town::of(&Story::new(3, start()), start().plus(6 * HOUR_MS)).await;
    let mut found = Vec::new();
    for page in 1.. {
        let answer = town.get(&town.comments(&format!("per_page=100&order=asc&page={page}"))).await;
        let (total, pages) = (header(&answer, "x-wp-total"), header(&answer, "x-wp-totalpages"));
        let next = header(&answer, "link").contains("rel=\"next\"");
        let list: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        found.extend(ids(&list, "id"));
        assert_eq!(next, page < pages.parse::<usize>().expect("a number"));
        if list.as_array().is_some_and(Vec::is_empty) {
            assert_eq!(total.parse::<usize>().expect("a number"), found.len());
            break;
        }
    }
    found.sort_unstable();
    assert!(found.len() > 1_500);
    assert_eq!(found, town.world.blog().ids());
}

#[tokio::test]
async fn wordpress_compares_after_with_its_local_time_and_ignores_the_zone() {
    let town = Town::quiet().await;
    let blog = town.world.blog();
    blog.set_utc_offset(-300);
    let id = blog.add_comment("kim", "hello");
    town.clock.advance(1_000);
    let before = start().plus(-60_000).to_rfc3339();
    assert_eq!(town.text(&town.comments(&format!("after={before}"))).await, "[]", "west of UTC the comment is missed");
    let local = start().plus(-300 * 60_000 - 60_000).to_rfc3339();
    assert_eq!(ids(&town.json(&town.comments(&format!("after={local}"))).await, "id"), [id]);
    assert_eq!(town.json(&format!("{}/wp-json/", town.world.urls().blog)).await["gmt_offset"], -5.0);
}

#[tokio::test]
async fn a_comment_that_was_held_appears_with_its_old_date_and_id() {
    let town = Town::quiet().await;
    let blog = town.world.blog();
    let held = blog.add_held(Draft::new("kim", "first comment"));
    town.clock.advance(HOUR_MS);
    let later = blog.add_comment("lee", "second");
    assert_eq!(blog.ids(), [later]);
    assert_eq!(town.get(&format!("{}/wp-json/wp/v2/comments/{held}", town.world.urls().blog)).await.status(), 401);
    assert!(blog.approve(held) && held < later);
    let list = town.json(&town.comments("order=asc")).await;
    assert_eq!(ids(&list, "id"), [held, later]);
    assert_eq!(list[0]["date_gmt"], "2026-11-19T07:00:00");
    assert_eq!(list[0]["date"], "2026-11-19T08:00:00");
}

#[tokio::test]
async fn wordpress_refuses_what_it_refuses() {
    let town = Town::quiet().await;
    for (query, status) in
        [("per_page=101", 400), ("per_page=0", 400), ("page=0", 400), ("after=yesterday", 400), ("status=hold", 401), ("page=9", 200)]
    {
        assert_eq!(town.get(&town.comments(query)).await.status().as_u16(), status, "{query}");
    }
    assert_eq!(town.text(&town.comments("page=9")).await, "[]");
    let id = town.world.blog().add_comment("kim", "it's <b>bad</b> & slow... :)");
    let plain = format!("{}/?rest_route=/wp/v2/comments&include={id},99", town.world.urls().blog);
    let list = town.json(&plain).await;
    assert_eq!(list[0]["content"]["rendered"], "<p>it&#8217;s &lt;b&gt;bad&lt;/b&gt; &#038; slow&#8230; 🙂</p>\n");
    town.world.blog().delete(id);
    assert_eq!(town.text(&plain).await, "[]", "what is removed simply vanishes");
    town.world.blog().close_api();
    assert_eq!(town.get(&plain).await.status(), 404);
}

#[tokio::test]
async fn the_comment_feed_holds_ten_and_answers_304() {
    let town = Town::quiet().await;
    let blog = town.world.blog();
    for n in 0..12 {
        blog.add_comment("kim", &format!("comment {n}"));
        town.clock.advance(60_000);
    }
    let url = format!("{}/comments/feed/", town.world.urls().blog);
    let answer = town.get(&url).await;
    let (tag, modified) = (header(&answer, "etag"), header(&answer, "last-modified"));
    let body = answer.text().await.expect("a body");
    assert_eq!(body.matches("<item>").count(), 10);
    assert!(feed_rs::parser::parse(body.as_bytes()).is_ok_and(|feed| feed.entries.len() == 10));
    let again = || town.http.get(&url).header("if-none-match", &tag).header("if-modified-since", &modified);
    assert_eq!(again().send().await.expect("an answer").status(), 304);
    blog.add_comment("lee", "new");
    assert_eq!(again().send().await.expect("an answer").status(), 200);
    let posts = town.text(&format!("{}/feed/", town.world.urls().blog)).await;
    let (_, rest) = posts.split_once("<wfw:commentRss>").expect("an address");
    let (of_post, _) = rest.split_once('<').expect("its end");
    assert!(town.text(of_post).await.contains("comment 11"));
}

#[tokio::test]
async fn links_of_comments_lead_to_a_page_that_shows_them_escaped() {
    let town = Town::quiet().await;
    let id = town.world.blog().add_comment("kim", "<script>alert(1)</script>");
    let link = town.json(&town.comments("")).await[0]["link"].as_str().expect("a link").to_owned();
    assert!(link.ends_with(&format!("#comment-{id}")));
    let page = town.text(&link).await;
    assert!(page.contains(&format!("id=\"comment-{id}\"")) && page.contains("&lt;script&gt;") && !page.contains("<script"));
    let short = town.get(&format!("{}/?p=431", town.world.urls().blog)).await;
    assert!(short.url().path().ends_with('/') && short.status() == 200);
}

#[tokio::test]
async fn walking_a_tag_timeline_forward_finds_every_status_once() {
    let story = Story::new(3, start());
    let town = Town::of(&story, start().plus(-5 * WEEK_MS)).await;
    let base = format!("{}/api/v1/timelines/tag/tidewater?limit=40", town.world.urls().mastodon);
    let (mut forward, mut cursor) = (Vec::new(), 0);
    loop {
        let page = ids(&town.json(&format!("{base}&min_id={cursor}")).await, "id");
        assert!(page.is_sorted_by(|a, b| a > b) && page.iter().all(|id| *id > cursor), "newest first, all newer than the cursor");
        let Some(newest) = page.first() else { break };
        cursor = *newest;
        forward.extend(page.into_iter().rev());
    }
    let (mut back, mut cursor) = (Vec::new(), u64::MAX);
    loop {
        let page = ids(&town.json(&format!("{base}&max_id={cursor}")).await, "id");
        let Some(oldest) = page.last() else { break };
        cursor = *oldest;
        back.extend(page);
    }
    back.reverse();
    assert!(forward.len() > 300 && forward.is_sorted_by(|a, b| a < b));
    assert_eq!(forward, back);
    let newest = ids(&town.json(&format!("{base}&since_id={}", forward[0])).await, "id");
    assert_eq!(newest.len(), 40);
    assert_eq!(newest.first(), forward.last(), "since_id gives the newest and may leave a hole");
    assert_eq!(ids(&town.json(&format!("{base}&max_id=garbage")).await, "id"), newest);
}

#[tokio::test]
async fn mastodon_limits_requests_by_the_worlds_clock() {
    let town = Town::quiet().await;
    town.world.mastodon().set_rate_limit(2);
    let url = format!("{}/api/v1/timelines/public", town.world.urls().mastodon);
    let first = town.get(&url).await;
    assert_eq!(
        (header(&first, "x-ratelimit-remaining").as_str(), header(&first, "x-ratelimit-reset").as_str()),
        ("1", "2026-11-19T07:05:00.000Z")
    );
    town.get(&url).await;
    assert_eq!(town.get(&url).await.status(), 429);
    town.clock.advance(300_000);
    assert_eq!(town.get(&url).await.status(), 200);
}

#[tokio::test]
async fn mastodon_wants_a_name_a_token_for_search_and_says_404_for_what_is_gone() {
    let town = Town::quiet().await;
    let (base, mastodon) = (town.world.urls().mastodon, town.world.mastodon());
    let nameless = Client::builder().no_proxy().build().expect("a client");
    assert_eq!(nameless.get(format!("{base}/api/v2/instance")).send().await.expect("an answer").status(), 418);

    let id = mastodon.add_comment("mo", "Acme Cloud & #Tidewater, @tidewater!");
    let boost = mastodon.boost("ann", id);
    let hidden = mastodon.add(Draft { visibility: Visibility::Unlisted, ..Draft::new("eve", "psst #tidewater") });
    let search = format!("{base}/api/v2/search?q=%22acme%20cloud%22&type=statuses");
    assert_eq!(town.json(&search).await["statuses"], serde_json::json!([]));
    let with_token = town.http.get(&search).bearer_auth(MASTODON_TOKEN).send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(ids(&serde_json::from_str::<Value>(&with_token).expect("JSON")["statuses"], "id"), [id]);
    assert_eq!(town.http.get(&search).bearer_auth("old").send().await.expect("an answer").status(), 401);

    let tagged = town.json(&format!("{base}/api/v1/timelines/tag/tidewater")).await;
    assert_eq!(ids(&tagged, "id"), [hidden, boost, id]);
    assert_eq!((&tagged[0]["visibility"], &tagged[1]["reblog"]["id"]), (&"unlisted".into(), &id.to_string().into()));
    let content = tagged[2]["content"].as_str().expect("HTML");
    assert!(
        content.contains("&amp; <a href=")
            && content.contains("#<span>Tidewater</span></a>,")
            && content.contains("@<span>tidewater</span>")
    );

    town.clock.advance(60_000);
    mastodon.edit(id, "calmer now #tidewater");
    assert_eq!(town.json(&format!("{base}/api/v1/statuses/{id}")).await["edited_at"], "2026-11-19T07:01:00.000Z");
    mastodon.delete(id);
    let gone = town.get(&format!("{base}/api/v1/statuses/{id}")).await;
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.expect("a body").contains("Record not found"));
    assert_eq!(ids(&town.json(&format!("{base}/api/v1/statuses?id[]={id}&id[]={hidden}")).await, "id"), [hidden]);
}

#[tokio::test]
async fn the_forums_feeds_hold_thirty_and_its_archive_the_history() {
    let town = Town::of(&Story::new(3, start()), start()).await;
    let base = town.world.urls().forum;
    let mut all = HashSet::new();
    for (file, kind) in [("posts.rss", 30), ("posts.atom", 30), ("posts.json", 30), ("archive.xml", town.world.forum().count())] {
        let body = town.text(&format!("{base}/{file}")).await;
        let feed = feed_rs::parser::parse(body.as_bytes()).expect("a feed");
        let found: HashSet<_> = feed.entries.iter().map(|entry| entry.id.clone()).collect();
        assert_eq!((found.len(), feed.entries.len()), (kind, kind), "{file}");
        assert!(feed.entries.iter().all(|entry| entry.published.is_some() && !entry.links.is_empty()));
        all.extend(found);
    }
    assert_eq!(all.len(), town.world.forum().count(), "the three windows are parts of the archive");
    assert!(all.len() > 1_000 && all.len() <= 2_000);
    let page = town.get(all.iter().next().expect("an entry")).await;
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn a_forum_feed_changes_its_validators_with_an_edit() {
    let town = Town::quiet().await;
    let id = town.world.forum().add_comment("wim", "cheese");
    let url = format!("{}/posts.atom", town.world.urls().forum);
    let tag = header(&town.get(&url).await, "etag");
    let again = || town.http.get(&url).header("if-none-match", &tag);
    assert_eq!(again().send().await.expect("an answer").status(), 304);
    town.clock.advance(5_000);
    town.world.forum().edit(id, "better cheese");
    assert!(again().send().await.expect("an answer").text().await.expect("a body").contains("<updated>2026-11-19T07:00:05Z</updated>"));
}

#[tokio::test]
async fn hacker_news_ends_at_a_thousand_hits_and_a_split_window_finds_the_rest() {
    let town = Town::of(&Story::new(3, start()), start().plus(DAY_MS)).await;
    let base = format!("{}/api/v1/search_by_date?query=%22tidewater%22&tags=(story,comment)&hitsPerPage=400", town.world.urls().hackernews);
    let mut found = Vec::new();
    let mut until = start().plus(DAY_MS).get() / 1000 + 1;
    loop {
        let mut oldest = i64::MAX;
        let first = town.json(&format!("{base}&numericFilters=created_at_i<{until}")).await;
        for page in 0..first["nbPages"].as_u64().expect("a number") {
            let answer = town.json(&format!("{base}&numericFilters=created_at_i<{until}&page={page}")).await;
            found.extend(ids(&answer["hits"], "objectID"));
            let times = answer["hits"].as_array().expect("hits").iter().filter_map(|hit| hit["created_at_i"].as_i64());
            oldest = oldest.min(times.min().unwrap_or(i64::MAX));
        }
        if first["nbHits"].as_u64().expect("a number") <= 1_000 {
            break;
        }
        assert_eq!(first["nbPages"], 3);
        until = oldest + 1;
    }
    let all: HashSet<_> = found.iter().copied().collect();
    assert!(all.len() > 1_000 && all.len() > found.len() - 20, "only the second at the seam is read twice");
    assert_eq!(all, town.world.hackernews().ids().into_iter().collect());
}

#[tokio::test]
async fn hacker_news_tells_removed_items_from_unknown_ones() {
    let town = Town::quiet().await;
    let (base, hn) = (town.world.urls().hackernews, town.world.hackernews());
    let id = hn.add_comment("ledgerist", "Tidewater's log / \"format\"");
    let search = format!("{base}/api/v1/search_by_date?query=tidewat&tags=comment");
    let hit = &town.json(&search).await["hits"][0];
    assert_eq!(
        (&hit["objectID"], &hit["comment_text"]),
        (&id.to_string().into(), &"Tidewater&#x27;s log &#x2F; &quot;format&quot;".into())
    );
    assert_eq!(town.get(&format!("{search}&numericFilters=created_at_i~3")).await.status(), 400);
    assert_eq!(town.json(&format!("{base}/v0/item/{id}.json")).await["by"], "ledgerist");
    hn.delete(id);
    assert_eq!(town.json(&format!("{base}/v0/item/{id}.json")).await["deleted"], true);
    assert_eq!(town.json(&format!("{base}/v0/item/1.json")).await, Value::Null);
    assert_eq!(town.json(&search).await["nbHits"], 0);
}

#[tokio::test]
async fn faults_are_what_they_say() {
    let town = Town::quiet().await;
    let url = format!("{}/posts.rss", town.world.urls().forum);
    town.world.forum().add_comment("wim", &"cheese ".repeat(20_000));
    let faults = &town.faults;

    faults.fail_next(Place::Forum, Fault::TooMany(RetryAfter::Date(90)), 1);
    let limited = town.get(&url).await;
    assert_eq!((limited.status().as_u16(), header(&limited, "retry-after").as_str()), (429, "Thu, 19 Nov 2026 07:01:30 GMT"));
    faults.fail_next(Place::Forum, Fault::TooMany(RetryAfter::Seconds(7)), 1);
    assert_eq!(header(&town.get(&url).await, "retry-after"), "7");
    faults.fail_next(Place::Forum, Fault::AuthExpired, 1);
    assert_eq!(town.get(&url).await.status(), 401);

    faults.set(Place::Forum, Fault::Silent);
    assert!(!town.text(&url).await.contains("<item>"));
    faults.set(Place::Forum, Fault::Closed);
    assert!(town.http.get(&url).send().await.is_err());
    faults.set(Place::Forum, Fault::Cut);
    assert!(town.get(&url).await.text().await.is_err(), "the head arrives, the body does not");
    faults.set(Place::Forum, Fault::Stall);
    let stalled = town.http.get(&url).timeout(Duration::from_millis(50)).send().await;
    assert!(stalled.is_err_and(|error| error.is_timeout()));
    faults.clear(Place::Forum);
    assert!(town.text(&url).await.contains("<item>"));

    let span = Span::new(start().plus(HOUR_MS), start().plus(2 * HOUR_MS)).expect("ordered");
    faults.plan(Place::Forum, span, Fault::Broken(503));
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(town.get(&url).await.status().as_u16());
        town.clock.advance(HOUR_MS);
    }
    assert_eq!(answers, [200, 503, 200]);
    assert_eq!(town.world.forum().served(), 11);
}

#[tokio::test]
async fn the_storys_mastodon_is_out_of_order_for_three_hours() {
    let story = Story::quiet(start());
    let clock = Clock::manual(start());
    let world = World::start(&story, clock.clone(), Faults::of(&story)).await.expect("ports");
    let url = format!("{}/api/v1/timelines/public", world.urls().mastodon);
    let mut hours_down = 0;
    for _ in 0..14 {
        hours_down += usize::from(client().get(&url).send().await.expect("an answer").status() == 503);
        clock.advance(HOUR_MS);
    }
    assert_eq!(hours_down, 3);
}

#[tokio::test]
async fn a_burst_keeps_ids_unique_and_in_the_order_of_time() {
    let town = Town::of(&Story::new(3, start()), start()).await;
    let blog = town.world.blog();
    let before = blog.ids();
    let burst: Vec<_> = (0..2_000).map(|n| blog.add_comment("kim", &format!("burst {n}"))).collect();
    let all: HashSet<_> = before.iter().chain(&burst).collect();
    assert_eq!(all.len(), before.len() + burst.len());
    assert!(burst.is_sorted() && before.iter().all(|id| *id < burst[0]));
}

#[tokio::test]
async fn the_world_moves_with_its_clock_and_stops_when_told() {
    let town = Town::of(&Story::new(3, start()), start()).await;
    let before = town.world.mastodon().count();
    town.clock.advance(DAY_MS);
    assert!(town.world.mastodon().count() > before + 500);
    let base = town.world.urls().blog;
    assert_eq!(town.get(&base).await.status(), 200);
    town.world.shutdown().await;
    assert!(town.http.get(&base).send().await.is_err());
}
