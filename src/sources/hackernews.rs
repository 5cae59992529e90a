//! Hacker News, through its search by date; posts are re-read from its item service.
//!
//! The search gives at most 1,000 hits a query, so a window with more is cut in half until its parts
//! fit. Each chain reads from six hours before the last one, because the search learns of posts late.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::{believable, decode, encode};
use super::http::{Answer, Ask, host_of};
use super::quotes::Words;
use super::{Http, PollError, SettingsError, html};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

const PLATFORM: &str = "hackernews";
const INSTANCE: &str = "news.ycombinator.com";
const PER_PAGE: usize = 100;
/// The search shows no more of one query.
const MAX_HITS: u64 = 1000;
/// How late the search may learn of a post.
const OVERLAP_MS: i64 = 6 * HOUR_MS;
/// A server that always claims more hits than it shows would be cut into windows without an end.
const MAX_REQUESTS: u32 = 20_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The search.
    #[serde(default)]
    url: Option<Address>,
    /// The item service, for edits and deletions.
    #[serde(default)]
    item_url: Option<Address>,
    /// Phrases to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

const fn sixty() -> u16 {
    60
}

/// Reads Hacker News.
#[derive(Debug)]
pub struct HackerNews {
    search: Url,
    items: Url,
    queries: Vec<String>,
    backfill_ms: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Everything before this time has been read.
    read_until: Option<Millis>,
    chain: Option<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    from: Millis,
    /// Still to read, next one last.
    todo: Vec<Window>,
    requests: u32,
}

/// One query over `after < created_at_i <= until`, Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    query: usize,
    after: i64,
    until: i64,
    page: u64,
}

#[derive(Debug, Deserialize)]
struct Found {
    hits: Vec<Value>,
    #[serde(rename = "nbHits", default)]
    total: u64,
}

impl HackerNews {
    pub(super) fn new(spec: &SourceSpec, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let queries = if given.queries.is_empty() { terms.names.clone() } else { given.queries };
        let queries: Vec<String> = queries.iter().map(|q| q.replace('"', " ").trim().to_owned()).filter(|q| !q.is_empty()).collect();
        if queries.is_empty() {
            return Err(SettingsError::settings(&spec.name, "nothing to search for: give the brand a name, or this source `queries`"));
        }
        let address = |given: Option<Address>, default: &str| given.map_or_else(|| Url::parse(default), |a| Ok(a.0));
        let broken = |e: url::ParseError| SettingsError::settings(&spec.name, e.to_string());
        Ok(Self {
            search: address(given.url, "https://hn.algolia.com/").map_err(broken)?,
            items: address(given.item_url, "https://hacker-news.firebaseio.com/").map_err(broken)?,
            queries,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let mut chain = state.chain.take().unwrap_or_else(|| self.begin(state.read_until, now));
        let Some(window) = chain.todo.pop().filter(|w| w.query < self.queries.len()) else {
            return Ok(finish(&chain, None, Vec::new()));
        };
        chain.requests += 1;
        if chain.requests > MAX_REQUESTS {
            return Err(PollError::malformed(&host_of(&self.search), "the search claims ever more hits and never ends"));
        }
        let answer = http.get(&Ask::json(self.url(&window), &self.search)).await?.ok()?;
        let found = parse(&answer)?;
        let not_before = answer.not_before;
        if found.total > MAX_HITS && window.page == 0 && window.until - window.after > 1 {
            chain.todo.extend(halves(&window));
            return Ok(self.page(state.read_until, chain, Vec::new(), not_before));
        }
        let full = found.hits.len() >= PER_PAGE && (window.page + 1) * (PER_PAGE as u64) < found.total.min(MAX_HITS);
        if full {
            chain.todo.push(Window { page: window.page + 1, ..window });
        }
        let posts = found.hits.iter().filter_map(|hit| post_of_hit(hit, now)).collect();
        Ok(self.page(state.read_until, chain, posts, not_before))
    }

    fn begin(&self, read_until: Option<Millis>, now: Millis) -> Chain {
        let from = read_until.unwrap_or_else(|| now.plus(-self.backfill_ms));
        let after = read_until.map_or(from, |at| at.plus(-OVERLAP_MS)).get().div_euclid(1000);
        // An hour ahead: the platform's clock may differ from ours.
        let until = now.plus(HOUR_MS).get().div_euclid(1000);
        let todo = (0..self.queries.len()).rev().map(|query| Window { query, after, until, page: 0 }).collect();
        Chain { started: now, from, todo, requests: 0 }
    }

    fn page(&self, read_until: Option<Millis>, chain: Chain, posts: Vec<Post>, not_before: Option<Millis>) -> Page {
        if chain.todo.iter().all(|w| w.query >= self.queries.len()) {
            return finish(&chain, not_before, posts);
        }
        let cursor = encode(&State { read_until, chain: Some(chain) });
        Page { posts, cursor, more: More::Now, not_before, ..Page::default() }
    }

    fn url(&self, window: &Window) -> Url {
        let phrase = format!("\"{}\"", self.queries.get(window.query).map_or("", String::as_str));
        let numbers = format!("created_at_i>{},created_at_i<={}", window.after, window.until);
        let query = [
            ("query", phrase.as_str()),
            ("advancedSyntax", "true"),
            ("typoTolerance", "false"),
            ("tags", "(story,comment)"),
            ("numericFilters", numbers.as_str()),
            ("hitsPerPage", "100"),
            ("page", &window.page.to_string()),
        ];
        join(&self.search, "/api/v1/search_by_date", &query)
    }

    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        // The id becomes part of a path, so it must be one: Hacker News counts its items.
        for key in keys.iter().filter(|k| k.platform() == PLATFORM && k.native_id().bytes().all(|b| b.is_ascii_digit())) {
            let url = join(&self.items, &format!("/v0/item/{}.json", key.native_id()), &[]);
            let answer = http.get(&Ask::json(url, &self.items)).await?.ok()?;
            let item: Value = json(&answer)?;
            let flag = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or(false);
            if flag("deleted") || flag("dead") {
                out.gone.push(key.clone());
            } else if item.is_null() {
                // The service knows nothing of it: not now, or not any more.
                out.missing.push(key.clone());
            } else if let Some(post) = post_of_item(&item, now).filter(|p| p.key == *key) {
                out.present.push(post);
            }
        }
        Ok(out)
    }
}

fn finish(chain: &Chain, not_before: Option<Millis>, posts: Vec<Post>) -> Page {
    let cursor = encode(&State { read_until: Some(chain.started), chain: None });
    Page { posts, cursor, covered: Span::new(chain.from, chain.started), not_before, ..Page::default() }
}

/// The later half comes last, so that it is read first.
fn halves(window: &Window) -> [Window; 2] {
    let middle = window.after + (window.until - window.after) / 2;
    [Window { until: middle, ..window.clone() }, Window { after: middle, ..window.clone() }]
}

fn json<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, PollError> {
    serde_json::from_slice(&answer.body).map_err(|e| PollError::malformed(&answer.host(), format!("no JSON as expected ({})", short(&e))))
}

/// The kind and place of a JSON error; its full text may quote what was read.
pub(super) fn short(error: &serde_json::Error) -> String {
    let kind = if error.is_eof() {
        "cut off"
    } else if error.is_syntax() {
        "broken"
    } else {
        "of another shape"
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}

fn parse(answer: &Answer) -> Result<Found, PollError> {
    json(answer)
}

fn post_of_hit(hit: &Value, now: Millis) -> Option<Post> {
    let text = |name: &str| hit.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| hit.get(name).and_then(Value::as_i64);
    let body = [text("comment_text"), text("story_text")].into_iter().find(|t| !t.is_empty()).unwrap_or_default();
    let likes = number("points").unwrap_or(0).max(0);
    let raw = Raw {
        id: id_of(hit.get("objectID")?)?,
        author: text("author"),
        at: number("created_at_i"),
        title: text("title"),
        body,
        parent: hit.get("parent_id").and_then(id_of),
        engagement: Engagement { likes, reposts: 0, replies: number("num_comments").unwrap_or(0).max(0) },
    };
    raw.into_post(now)
}

fn post_of_item(item: &Value, now: Millis) -> Option<Post> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| item.get(name).and_then(Value::as_i64);
    let likes = number("score").unwrap_or(0).max(0);
    let raw = Raw {
        id: id_of(item.get("id")?)?,
        author: text("by"),
        at: number("time"),
        title: text("title"),
        body: text("text"),
        parent: item.get("parent").and_then(id_of),
        engagement: Engagement { likes, reposts: 0, replies: number("descendants").unwrap_or(0).max(0) },
    };
    raw.into_post(now)
}

fn id_of(value: &Value) -> Option<String> {
    let id = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|n| n.to_string()))?;
    (!id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit())).then_some(id)
}

struct Raw<'a> {
    id: String,
    author: &'a str,
    at: Option<i64>,
    title: &'a str,
    body: &'a str,
    parent: Option<String>,
    engagement: Engagement,
}

impl Raw<'_> {
    fn into_post(self, now: Millis) -> Option<Post> {
        let key = PostKey::new(PLATFORM, INSTANCE, &self.id).ok()?;
        let handle = html::name(self.author);
        let at = self.at.and_then(|s| Millis::from_untrusted(s.saturating_mul(1000)));
        let profile = Url::parse_with_params("https://news.ycombinator.com/user", [("id", handle.as_str())]).ok();
        let url = safe_link(&format!("https://news.ycombinator.com/item?id={}", self.id));
        // Its HTML knows no quotes: people put `>` before what they answer.
        let words = Words::of_lines(&html::to_text(self.body)).titled(&html::to_text(self.title));
        Some(Post {
            author: PostAuthor {
                native_id: if handle.is_empty() { format!("item-{}", self.id) } else { handle.clone() },
                url: profile.filter(|_| !handle.is_empty()).map(Into::into),
                handle,
                ..PostAuthor::default()
            },
            created_at: believable(at, now),
            edited_at: None,
            text: words.own,
            url,
            reply_to: self.parent,
            lang: None,
            engagement: self.engagement,
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(1_795_076_130_000);

    #[test]
    fn stories_and_comments_become_posts() {
        let hit = serde_json::json!({
            "objectID": "45990123", "created_at_i": 1_795_070_000, "author": "pgfan", "title": null, "parent_id": 45_990_100,
            "comment_text": "Acme&#x27;s API <i>is</i> down<p>again", "points": null,
        });
        let post = post_of_hit(&hit, NOW).expect("a post");
        assert_eq!(post.text, "Acme's API is down\n\nagain");
        assert_eq!(post.reply_to.as_deref(), Some("45990100"));
        assert_eq!(post.url.as_deref(), Some("https://news.ycombinator.com/item?id=45990123"));
        assert_eq!(post.created_at.get(), 1_795_070_000_000);
        let story =
            serde_json::json!({"objectID": 7, "created_at_i": 9_999_999_999_i64, "author": "x", "title": "Tell HN: R&amp;D", "points": 12});
        let post = post_of_hit(&story, NOW).expect("a post");
        assert_eq!((post.text.as_str(), post.created_at, post.engagement.likes), ("Tell HN: R&D", NOW, 12));
    }

    #[test]
    fn hits_without_an_id_are_skipped() {
        for hit in
            [serde_json::json!({}), serde_json::json!({"objectID": "../x"}), serde_json::json!(3), serde_json::json!({"objectID": ""})]
        {
            assert_eq!(post_of_hit(&hit, NOW), None, "{hit}");
        }
    }

    #[test]
    fn halves_leave_nothing_out() {
        let window = Window { query: 0, after: 10, until: 21, page: 0 };
        let [early, late] = halves(&window);
        assert_eq!((early.after, early.until, late.after, late.until), (10, 15, 15, 21));
    }
}
