//! Comments of a WordPress site: by its REST interface, else by its comment feeds.
//!
//! What real sites do decides how they are read:
//! - the first time the whole history is read, oldest first, so that comments written meanwhile come at
//!   the end and are met;
//! - from then on each poll reads the newest comments down to the newest known one: one small request
//!   when there is little news;
//! - a comment held for moderation and released later appears with its *old* date and id, where neither
//!   of these looks. So once an hour (more rarely on a site with very many comments: at most one page a
//!   minute on average) the last seven days are read again;
//! - `after` is compared with the site's *local* time whatever its zone says, so 14 more hours are read;
//! - deleted and edited comments give no sign: [`WordPress::recheck`] reads known ones again.
//!
//! The comment feeds hold the ten newest comments only; coverage tells when some were lost between two
//! polls. The REST interface is looked for again once a day. Pingbacks and trackbacks are skipped: other
//! sites wrote them, not customers.

mod comment;
mod pages;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use url::Url;

use self::comment::Comments;
use self::pages::{Chain, Progress};
use super::adapter::{Address, join, settings};
use super::cursor::{decode, encode};
use super::feed::{self, Document, Fit, Item, Window};
use super::http::{Answer, Ask, host_of};
use super::{Http, PollError, SettingsError};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis, Span};

const PLATFORM: &str = "wordpress";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The site, with its folder where it lives in one.
    #[serde(alias = "site")]
    url: Address,
    /// How far the first poll goes back; the whole history unless given.
    #[serde(default)]
    backfill_days: Option<u16>,
}

/// Reads the comments of one site.
#[derive(Debug)]
pub struct WordPress {
    site: Url,
    instance: String,
    backfill_ms: Option<i64>,
    /// The way that worked last, so that a recheck need not find it anew: an index into [`Way::ALL`].
    hint: AtomicUsize,
}

/// The ways to a site's comments, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    Rest,
    /// Without pretty permalinks.
    RestPlain,
    Feed,
    FeedPlain,
}

impl Way {
    const ALL: [Self; 4] = [Self::Rest, Self::RestPlain, Self::Feed, Self::FeedPlain];

    const fn is_rest(self) -> bool {
        matches!(self, Self::Rest | Self::RestPlain)
    }

    fn url(self, site: &Url, query: &[(&str, &str)]) -> Url {
        match self {
            Self::Rest => join(site, "/wp-json/wp/v2/comments", query),
            Self::RestPlain => join(site, "/", &[&[("rest_route", "/wp/v2/comments")], query].concat()),
            Self::Feed => join(site, "/comments/feed/", &[]),
            Self::FeedPlain => join(site, "/", &[("feed", "comments-rss2")]),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    way: Option<Way>,
    /// When the way was chosen.
    way_since: Option<Millis>,
    read_until: Option<Millis>,
    #[serde(flatten)]
    progress: Progress,
    chain: Option<Chain>,
    window: Window,
}

/// One answer by some way.
enum Read {
    Comments(Comments),
    Feed(Vec<Item>),
    NotModified,
}

impl WordPress {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let site = given.url.0;
        // Two sites in two folders of one host count their comments separately.
        let folder = site.path().trim_end_matches('/');
        let instance = format!("{}{folder}", host_of(&site));
        let backfill_ms = given.backfill_days.map(|days| i64::from(days) * DAY_MS);
        Ok(Self { site, instance, backfill_ms, hint: AtomicUsize::new(0) })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let since = self.backfill_ms.map(|ms| now.plus(-ms));
        let chain = state.chain.take().unwrap_or_else(|| state.progress.begin(state.read_until, since, now));
        let worn_out = state.way.is_some_and(|w| !w.is_rest()) && state.way_since.is_none_or(|at| now.since(at) >= DAY_MS);
        let known = state.way.filter(|_| !worn_out);
        let (way, read, answer) = self.read(http, known, &chain.query(), &state.window).await?;
        if state.way != Some(way) || worn_out {
            state.way = Some(way);
            state.way_since = Some(now);
        }
        match read {
            Read::Comments(comments) => Ok(self.rest_page(state, chain, &comments, (&answer, now))),
            Read::Feed(items) => Ok(self.feed_page(state, chain.started, Some(&items), (&answer, now))),
            Read::NotModified => Ok(self.feed_page(state, chain.started, None, (&answer, now))),
        }
    }

    fn rest_page(&self, mut state: State, chain: Chain, comments: &Comments, (answer, now): (&Answer, Millis)) -> Page {
        let posts = comments.posts(&self.instance, now);
        let mut page = Page { posts, not_before: answer.not_before, ..Page::default() };
        match chain.after(comments) {
            Ok(next) => {
                state.chain = Some(next);
                page.more = More::Now;
            }
            Err(done) => {
                let from = state.read_until.unwrap_or_else(|| done.oldest.unwrap_or(done.started)).min(done.started);
                page.covered = Span::new(from, done.started);
                state.read_until = Some(done.started);
                state.progress.finish(&done, now);
            }
        }
        page.cursor = encode(&state);
        page
    }

    fn feed_page(&self, mut state: State, started: Millis, items: Option<&[Item]>, (answer, now): (&Answer, Millis)) -> Page {
        let mut from = state.read_until;
        if let Some(items) = items {
            from = match state.window.take(items, now) {
                Fit::Whole => from,
                Fit::Since(at) => Some(from.map_or(at, |f| f.max(at))),
                Fit::Unknown => Some(started),
            };
            state.window.validators = answer.validators();
        }
        let posts = items.unwrap_or_default().iter().filter_map(|item| self.feed_post(item, now)).collect();
        let covered = from.and_then(|from| Span::new(from.min(started), started));
        state.read_until = Some(started);
        Page { posts, cursor: encode(&state), covered, not_before: answer.not_before, ..Page::default() }
    }

    /// A comment of the feed under the id that the REST interface gives it.
    fn feed_post(&self, item: &Item, now: Millis) -> Option<Post> {
        let number = |text: &str| {
            let digits: String = text.rsplit_once("#comment-")?.1.chars().take_while(char::is_ascii_digit).take(20).collect();
            (!digits.is_empty()).then_some(digits)
        };
        let id = item.link.as_deref().and_then(number).or_else(|| number(&item.id));
        let item = Item { id: id.unwrap_or_else(|| item.id.clone()), ..feed::without_title(item) };
        feed::post(PLATFORM, &self.instance, &item, now)
    }

    /// Reads by the known way, or by the first one that works. Trouble of network or server is an error
    /// and no reason to take a worse way.
    async fn read(
        &self,
        http: &Http,
        known: Option<Way>,
        query: &[(&str, String)],
        window: &Window,
    ) -> Result<(Way, Read, Answer), PollError> {
        let mut first_refusal = None;
        let ways = known.into_iter().chain(Way::ALL.into_iter().filter(|w| Some(*w) != known));
        for way in ways {
            match self.read_by(http, way, query, window).await {
                Ok((read, answer)) => {
                    self.hint.store(Way::ALL.iter().position(|w| *w == way).unwrap_or(0), Ordering::Relaxed);
                    return Ok((way, read, answer));
                }
                Err(e) if closed(&e) => first_refusal = first_refusal.or(Some(e)),
                Err(e) => return Err(e),
            }
        }
        Err(first_refusal.unwrap_or_else(|| PollError::NotFound { host: host_of(&self.site) }))
    }

    async fn read_by(&self, http: &Http, way: Way, query: &[(&str, String)], window: &Window) -> Result<(Read, Answer), PollError> {
        if way.is_rest() {
            let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let answer = http.get(&Ask::json(way.url(&self.site, &query), &self.site)).await?;
            return Comments::of(&answer).map(|comments| (Read::Comments(comments), answer));
        }
        let ask = Ask { accept: feed::ACCEPT, validators: window.validators.clone(), ..Ask::json(way.url(&self.site, &[]), &self.site) };
        let answer = http.get(&ask).await?.ok()?;
        if answer.status == 304 {
            return Ok((Read::NotModified, answer));
        }
        match feed::parse(&answer)? {
            Document::Feed(parsed) => Ok((Read::Feed(parsed.items), answer)),
            Document::Html(_) => Err(PollError::NotFound { host: answer.host() }),
        }
    }

    /// Reads known comments again. Those that are not in the answer were deleted, or are held.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let ours = |k: &&PostKey| k.platform() == PLATFORM && k.instance() == self.instance.to_lowercase() && comment::is_id(k.native_id());
        let asked: Vec<&PostKey> = keys.iter().filter(ours).take(100).collect();
        if asked.is_empty() {
            return Ok(Recheck::default());
        }
        let ids: Vec<&str> = asked.iter().map(|k| k.native_id()).collect();
        let query = [("include", ids.join(",")), ("per_page", "100".to_owned())];
        let hint = Way::ALL.get(self.hint.load(Ordering::Relaxed)).copied();
        let known = hint.filter(|w| w.is_rest());
        let (_, read, answer) = self.read(http, known, &query, &Window::default()).await?;
        // Feeds show a window only, so nothing can be said by that way.
        let Read::Comments(comments) = read else { return Ok(Recheck::default()) };
        if comments.ids().any(|id| !ids.contains(&id.to_string().as_str())) {
            return Err(PollError::malformed(&answer.host(), "asked for some comments by id, it answers with others"));
        }
        let missing = asked.iter().filter(|k| !comments.ids().any(|id| id.to_string() == k.native_id()));
        let missing = missing.map(|k| (*k).clone()).collect();
        Ok(Recheck { present: comments.posts(&self.instance, now), missing, ..Recheck::default() })
    }
}

/// Whether an error means that this way is closed, and another may be open.
const fn closed(error: &PollError) -> bool {
    matches!(error, PollError::NotFound { .. } | PollError::Gone { .. } | PollError::Unauthorised { .. })
}
