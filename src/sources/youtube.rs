//! YouTube: comments under videos about the brand, and under the brand's own.
//!
//! Quota is what everything costs: a hundred searches a day, and ten thousand units for all else, one for each page. So videos
//! are searched for at most each half hour, fifty of them are asked for their numbers of comments at the price of one, and
//! only where the number has changed are comments read: down to what is known, and all of them when that did not explain the
//! new number (replies under old comments, comments that were held). Each request counts as one unit of the budget.
//!
//! Videos of the own channel become updates of the timeline. What was read here may be kept for 30 days
//! (`domain::retention`).

mod api;
mod quota;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::adapter::{Address, join, settings};
use super::cursor::{decode, encode};
use super::http::{Answer, Ask};
use super::lenient::{self, count, id, list, text};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError};
use crate::domain::brand::BrandTerms;
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::statement::Statement;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

const PLATFORM: &str = "youtube";
const HOW: &str = "YouTube needs a key of the Data API, which is free; give this source `key`. docs/sources.md says how";
/// Between two searches: a hundred a day, for all queries together.
const SEARCH_EVERY_MS: i64 = 30 * 60_000;
/// Pages of one search.
const SEARCH_PAGES: u32 = 2;
/// Pages of one list of comments: a hundred comments each.
const MAX_PAGES: u32 = 200;
/// Known comments read again in one request, and videos asked for their numbers in one.
pub(super) const BATCH: usize = 50;
const MAX_VIDEOS: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    #[serde(default)]
    key: Option<SecretRef>,
    /// Phrases to search videos for; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// The brand's own channel: its videos are updates, and their comments are read.
    #[serde(default)]
    channel: Option<String>,
    /// Comments of a video are followed for so long after it was published.
    #[serde(default = "fourteen")]
    video_days: u16,
}

const fn fourteen() -> u16 {
    14
}

/// Reads YouTube.
#[derive(Debug)]
pub struct YouTube {
    base: Url,
    key: Secret,
    searches: Vec<Search>,
    channel: Option<String>,
    video_ms: i64,
}

#[derive(Debug, Clone)]
enum Search {
    Words(String),
    Channel(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    searched_at: Option<Millis>,
    videos: BTreeMap<String, Video>,
    chain: Option<Chain>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Video {
    at: Millis,
    /// Comments it had when they were last read.
    count: i64,
    /// When that was; `None`: never.
    asked: Option<Millis>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Next one last.
    todo: Vec<Task>,
    token: Option<String>,
    pages: u32,
    /// New comments that the list under way has shown so far.
    found: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Task {
    Search(usize),
    /// How many comments these videos have.
    Numbers(Vec<String>),
    Comments {
        video: String,
        count: i64,
        depth: Depth,
    },
    Replies {
        video: String,
        thread: String,
    },
}

/// How far down comments are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Depth {
    ToKnown,
    All,
}

impl YouTube {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: String| SettingsError::settings(&spec.name, what);
        let key = given.key.as_ref().ok_or_else(|| wrong(format!("it has no credentials. {HOW}")))?;
        let queries = if given.queries.is_empty() { terms.names.clone() } else { given.queries };
        let quoted = queries.iter().map(|q| q.replace('"', " ").trim().to_owned()).filter(|q| !q.is_empty());
        let mut searches: Vec<Search> = quoted.map(|q| Search::Words(format!("\"{q}\""))).collect();
        if let Some(channel) = &given.channel {
            let plain = channel.starts_with("UC")
                && channel.len() <= 40
                && channel.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
            if !plain {
                return Err(wrong("`channel` is the id of a channel, which begins with UC".to_owned()));
            }
            searches.push(Search::Channel(channel.clone()));
        }
        if searches.is_empty() {
            return Err(wrong("nothing to search for: give the brand a name, or this source `queries` or `channel`".to_owned()));
        }
        let base = given.url.map_or_else(|| Url::parse("https://youtube.googleapis.com"), |a| Ok(a.0)).map_err(|e| wrong(e.to_string()))?;
        let video_ms = i64::from(given.video_days.clamp(1, 60)) * DAY_MS;
        Ok(Self { base, key: secrets.read(&spec.name, key)?, searches, channel: given.channel, video_ms })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let mut chain = state.chain.take().unwrap_or_else(|| self.begin(&state, now));
        let Some(task) = chain.todo.last().cloned() else {
            return Ok(self.finish(state, &chain, Page::default()));
        };
        let answer = match self.get(http, self.url(&task, &chain), now).await {
            Ok(answer) => answer,
            // The video or thread is gone or closed; the quota of searches is its own.
            Err(refusal) if quota::leaves_the_rest(&refusal, &task) => {
                Self::give_up(&task, &mut state, &mut chain);
                return Ok(self.page(state, chain, Page::default()));
            }
            Err(refusal) => return Err(refusal.into_error(now)),
        };
        let body = lenient::json(&answer)?;
        let items = lenient::needed_list(&body, "items", &answer)?;
        let mut page = Page { not_before: answer.not_before, ..Page::default() };
        let on = match &task {
            Task::Search(_) => self.videos(items, (&mut state, &chain), &mut page, now),
            Task::Numbers(_) => Self::numbers(items, &state, &mut chain),
            Task::Comments { video, depth, .. } => Self::threads(items, (video, *depth), (&state, &mut chain), &mut page, now),
            Task::Replies { video, .. } => {
                page.posts.extend(items.iter().filter_map(|item| api::comment(item, Some(video), now)));
                true
            }
        };
        chain.pages += 1;
        let most = if matches!(task, Task::Search(_)) { SEARCH_PAGES } else { MAX_PAGES };
        let next = id(&body, &["nextPageToken"]).filter(|t| chain.token.as_ref() != Some(t) && chain.pages < most && on);
        match next {
            Some(token) => chain.token = Some(token),
            None => Self::end_task(&mut state, &mut chain),
        }
        Ok(self.page(state, chain, page))
    }

    fn begin(&self, state: &State, now: Millis) -> Chain {
        let mut todo = Vec::new();
        let videos: Vec<String> = state.videos.keys().cloned().collect();
        todo.extend(videos.chunks(BATCH).map(|ids| Task::Numbers(ids.to_vec())));
        // All queries share the hundred searches of a day.
        let every = SEARCH_EVERY_MS * i64::try_from(self.searches.len()).unwrap_or(1);
        if state.searched_at.is_none_or(|at| now.since(at) >= every) {
            todo.extend((0..self.searches.len()).rev().map(Task::Search));
        }
        Chain { started: now, todo, token: None, pages: 0, found: 0 }
    }

    /// Videos that a search found; the own channel's are updates.
    fn videos(&self, items: &[Value], (state, chain): (&mut State, &Chain), page: &mut Page, now: Millis) -> bool {
        for (video, post, channel) in items.iter().filter_map(|item| api::video(item, now)) {
            if chain.started.since(post.created_at) < self.video_ms {
                state.videos.entry(video).or_insert_with(|| Video { at: post.created_at, ..Video::default() });
            }
            if self.channel.as_ref() == Some(&channel) {
                page.updates.push(Statement::from(post));
            } else {
                page.posts.push(post);
            }
        }
        true
    }

    /// Videos whose number of comments has changed are read.
    fn numbers(items: &[Value], state: &State, chain: &mut Chain) -> bool {
        let mut tasks = Vec::new();
        for item in items {
            let (Some(video), count) = (id(item, &["id"]), count(item, &["statistics", "commentCount"])) else { continue };
            if let Some(known) = state.videos.get(&video).filter(|v| v.count != count || v.asked.is_none()) {
                let depth = if known.asked.is_some() { Depth::ToKnown } else { Depth::All };
                tasks.push(Task::Comments { video, count, depth });
            }
        }
        chain.todo.splice(0..0, tasks);
        true
    }

    /// Comments with the replies that stand with them; whether to read on.
    fn threads(items: &[Value], (video, depth): (&str, Depth), (state, chain): (&State, &mut Chain), page: &mut Page, now: Millis) -> bool {
        let asked = state.videos.get(video).and_then(|v| v.asked);
        let mut oldest = None;
        for item in items {
            let replies = item.get("replies").map(|r| list(r, "comments")).unwrap_or_default();
            let top = item.get("snippet").and_then(|s| s.get("topLevelComment"));
            let posts = top.into_iter().chain(replies).filter_map(|comment| api::comment(comment, Some(video), now));
            let before = page.posts.len();
            page.posts.extend(posts);
            let new = page.posts.iter().skip(before).filter(|post| asked.is_none_or(|at| post.created_at > at)).count();
            chain.found += i64::try_from(new).unwrap_or(0);
            let written = top.and_then(|t| t.get("snippet")).and_then(|s| lenient::time(text(s, &["publishedAt"])));
            oldest = oldest.into_iter().chain(written).min();
            let all = count(item, &["snippet", "totalReplyCount"]);
            if let Some(thread) = id(item, &["id"]).filter(|_| all > i64::try_from(replies.len()).unwrap_or(0)) {
                let task = Task::Replies { video: video.to_owned(), thread };
                if !chain.todo.contains(&task) {
                    chain.todo.insert(0, task);
                }
            }
        }
        depth == Depth::All || asked.is_none_or(|at| oldest.is_none_or(|oldest| oldest >= at.plus(-HOUR_MS)))
    }

    fn end_task(state: &mut State, chain: &mut Chain) {
        let task = chain.todo.pop();
        let found = std::mem::take(&mut chain.found);
        chain.token = None;
        chain.pages = 0;
        match task {
            Some(Task::Search(_)) => {
                state.searched_at = Some(chain.started);
                let searching = chain.todo.iter().any(|t| matches!(t, Task::Search(_)));
                if !searching {
                    // Newly found videos are asked in this chain too.
                    let known: Vec<String> = chain
                        .todo
                        .iter()
                        .filter_map(|t| if let Task::Numbers(ids) = t { Some(ids.clone()) } else { None })
                        .flatten()
                        .collect();
                    let fresh: Vec<String> = state.videos.keys().filter(|v| !known.contains(v)).cloned().collect();
                    chain.todo.extend(fresh.chunks(BATCH).map(|ids| Task::Numbers(ids.to_vec())));
                }
            }
            Some(Task::Comments { video, count, depth }) => {
                let Some(known) = state.videos.get_mut(&video) else { return };
                if depth == Depth::ToKnown && found != count - known.count {
                    // Not explained by what is new on top: replies under old ones, held comments, deletions.
                    chain.todo.push(Task::Comments { video, count, depth: Depth::All });
                    return;
                }
                known.count = count;
                known.asked = Some(chain.started);
            }
            Some(Task::Numbers(_) | Task::Replies { .. }) | None => {}
        }
    }

    /// Leaves a task that cannot be done, so that the rest is read.
    fn give_up(task: &Task, state: &mut State, chain: &mut Chain) {
        match task {
            Task::Comments { video, .. } => {
                state.videos.remove(video);
            }
            Task::Search(_) => {
                state.searched_at = Some(chain.started);
                chain.todo.retain(|task| !matches!(task, Task::Search(_)));
                chain.todo.push(task.clone());
            }
            Task::Numbers(_) | Task::Replies { .. } => {}
        }
        chain.todo.pop();
        chain.token = None;
        chain.pages = 0;
        chain.found = 0;
    }

    fn page(&self, mut state: State, chain: Chain, page: Page) -> Page {
        if chain.todo.is_empty() {
            return self.finish(state, &chain, page);
        }
        state.chain = Some(chain);
        Page { cursor: encode(&state), more: More::Now, ..page }
    }

    fn finish(&self, mut state: State, chain: &Chain, page: Page) -> Page {
        let from = state.read_until.unwrap_or_else(|| chain.started.plus(-self.video_ms)).min(chain.started);
        state.read_until = Some(chain.started);
        state.videos.retain(|_, v| chain.started.since(v.at) < self.video_ms);
        while state.videos.len() > MAX_VIDEOS {
            let oldest = state.videos.iter().min_by_key(|(_, v)| v.at).map(|(video, _)| video.clone());
            state.videos.remove(&oldest.unwrap_or_default());
        }
        Page { cursor: encode(&state), covered: Span::new(from, chain.started), more: More::CaughtUp, ..page }
    }

    fn url(&self, task: &Task, chain: &Chain) -> Url {
        let mut query: Vec<(&str, String)> = Vec::new();
        let own = |text: &str| text.to_owned();
        let path = match task {
            Task::Search(n) => {
                query.extend([("part", own("snippet")), ("type", own("video")), ("order", own("date")), ("maxResults", own("50"))]);
                query.push(("publishedAfter", chain.started.plus(-self.video_ms).to_rfc3339()));
                match self.searches.get(*n) {
                    Some(Search::Words(words)) => query.push(("q", words.clone())),
                    Some(Search::Channel(channel)) => query.push(("channelId", channel.clone())),
                    None => {}
                }
                "search"
            }
            Task::Numbers(ids) => {
                query.extend([("part", own("statistics")), ("id", ids.join(","))]);
                "videos"
            }
            Task::Comments { video, .. } => {
                query.extend([("part", own("snippet,replies")), ("videoId", video.clone()), ("order", own("time"))]);
                query.extend([("maxResults", own("100")), ("textFormat", own("plainText"))]);
                "commentThreads"
            }
            Task::Replies { thread, .. } => {
                query.extend([
                    ("part", own("snippet")),
                    ("parentId", thread.clone()),
                    ("maxResults", own("100")),
                    ("textFormat", own("plainText")),
                ]);
                "comments"
            }
        };
        query.extend(chain.token.iter().map(|token| ("pageToken", token.clone())));
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        join(&self.base, &format!("/youtube/v3/{path}"), &query)
    }

    async fn get(&self, http: &Http, url: Url, _now: Millis) -> Result<Answer, quota::Refusal> {
        let mut ask = Ask::json(url, &self.base);
        // In a header, where no log of addresses can hold it.
        ask.headers.push(("x-goog-api-key", self.key.expose().to_owned()));
        let answer = http.get(&ask).await.map_err(quota::Refusal::Error)?;
        quota::check(answer)
    }

    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let good =
            |k: &&PostKey| k.platform() == PLATFORM && k.native_id().bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
        let (videos, comments): (Vec<&PostKey>, Vec<&PostKey>) =
            keys.iter().filter(good).take(BATCH).partition(|k| k.native_id().starts_with(api::VIDEO));
        let mut out = Recheck::default();
        for (path, keys) in [("videos", videos), ("comments", comments)] {
            if keys.is_empty() {
                continue;
            }
            let ids: Vec<&str> = keys.iter().map(|k| k.native_id().trim_start_matches(api::VIDEO)).collect();
            let ids = ids.join(",");
            let query = [("part", "snippet"), ("id", ids.as_str()), ("textFormat", "plainText")];
            let url = join(&self.base, &format!("/youtube/v3/{path}"), query.get(..if path == "videos" { 2 } else { 3 }).unwrap_or(&query));
            let answer = self.get(http, url, now).await.map_err(|refusal| refusal.into_error(now))?;
            let body = lenient::json(&answer)?;
            let items = lenient::needed_list(&body, "items", &answer)?;
            let read = |item: &Value| if path == "videos" { api::video(item, now).map(|v| v.1) } else { api::comment(item, None, now) };
            let present: Vec<_> = items.iter().filter_map(read).filter(|post| keys.iter().any(|k| **k == post.key)).collect();
            // The platform leaves out what is gone, and says no more.
            out.missing.extend(keys.into_iter().filter(|k| !present.iter().any(|p| p.key == **k)).cloned());
            out.present.extend(present);
        }
        Ok(out)
    }
}
