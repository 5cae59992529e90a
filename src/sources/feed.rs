//! RSS, Atom and JSON feeds, and the comment feeds that they lead to.
//!
//! A feed is a sliding window: what is no longer in it is not gone, and what came and went between two
//! polls was never seen. Coverage says so: when no item of a full window was in the last one, it begins
//! anew at the window's oldest item. `next_url` of JSON Feed is not followed.
//!
//! With `comments = true` the newest items' comment feeds (`wfw:commentRss`, Atom `replies`) are read
//! too, and the site's own (`/comments/feed/`) where the software is WordPress or the page names one.

mod discover;
mod json;
mod markup;
mod parse;
mod repair;
mod text;
mod window;

use serde::{Deserialize, Serialize};
use url::Url;

use super::adapter::{Address, settings};
use super::cursor::{believable, decode, encode};
use super::http::wish::{fresh_for, fresh_until};
use super::http::{Answer, Ask, host_of};
use super::{Http, PollError, SettingsError, html};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::time::{Millis, Span};

pub(super) use parse::{Document, Item, Parsed, parse};
pub(super) use window::{Fit, Window};

const PLATFORM: &str = "feed";
pub(super) const ACCEPT: &str = "application/feed+json, application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The feed, or a page that names it.
    url: Address,
    /// Follow comment feeds too.
    #[serde(default)]
    comments: bool,
    /// Comment feeds of how many of the newest items.
    #[serde(default = "twenty")]
    comment_feeds: u8,
}

const fn twenty() -> u8 {
    20
}

/// Reads one feed.
#[derive(Debug)]
pub struct Feed {
    url: Url,
    /// Comment feeds to follow; 0: none.
    follow: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    read_until: Option<Millis>,
    /// The feed's address where the configured one is a page.
    found: Option<Url>,
    main: Window,
    comments: Vec<Followed>,
    chain: Option<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Followed {
    url: Url,
    window: Window,
    /// It holds the comments of one post, rather than of the site.
    of_post: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Since when everything is known; `None`: not known.
    from: Option<Millis>,
    /// Comment feeds still to read, the next one last.
    todo: Vec<Url>,
    not_before: Option<Millis>,
}

impl Feed {
    pub(super) fn new(spec: &SourceSpec) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        Ok(Self { url: given.url.0, follow: if given.comments { usize::from(given.comment_feeds) } else { 0 } })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        match state.chain.take() {
            Some(chain) => self.poll_comments(http, state, chain, now).await,
            None => self.poll_main(http, state, now).await,
        }
    }

    async fn poll_main(&self, http: &Http, mut state: State, now: Millis) -> Result<Page, PollError> {
        let url = state.found.clone().unwrap_or_else(|| self.url.clone());
        let answer = self.fetch(http, url, &state.main).await;
        if state.found.is_some() && matches!(answer, Err(PollError::NotFound { .. } | PollError::Gone { .. })) {
            // The page may name another feed now.
            state.found = None;
            state.main = Window::default();
            return Ok(Page { cursor: encode(&state), more: More::Now, ..Page::default() });
        }
        let answer = answer?;
        let mut chain = Chain {
            started: now,
            from: state.read_until,
            todo: Vec::new(),
            not_before: answer.not_before.max(fresh_until(&answer.headers, now)),
        };
        let mut posts = Vec::new();
        if answer.status != 304 {
            let parsed = match parse(&answer)? {
                Document::Feed(parsed) => parsed,
                Document::Html(page) => return self.found_page(state, &page, &answer),
            };
            state.main.validators = answer.validators();
            chain.note(state.main.take(&parsed.items, now), state.read_until.is_none());
            chain.not_before = chain.not_before.max(parsed.ttl.and_then(|s| fresh_for(s, now)));
            self.choose_comment_feeds(&mut state, &parsed);
            let instance = host_of(state.found.as_ref().unwrap_or(&self.url));
            posts = parsed.items.iter().filter_map(|item| post(PLATFORM, &instance, item, now)).collect();
        }
        chain.todo = state.comments.iter().rev().map(|f| f.url.clone()).collect();
        Ok(page(state, chain, posts))
    }

    async fn poll_comments(&self, http: &Http, mut state: State, mut chain: Chain, now: Millis) -> Result<Page, PollError> {
        let next = chain.todo.pop();
        let Some(followed) = next.and_then(|url| state.comments.iter_mut().find(|f| f.url == url)) else {
            return Ok(page(state, chain, Vec::new()));
        };
        let read = match self.fetch(http, followed.url.clone(), &followed.window).await {
            // The whole site wants a pause, so the chain waits with it.
            Err(e @ PollError::RateLimited { .. }) => return Err(e),
            Err(e) => Err(e),
            Ok(answer) if answer.status == 304 => Ok(None),
            Ok(answer) => parse(&answer).map(|document| Some((document, answer.validators()))),
        };
        let mut posts = Vec::new();
        match read {
            Ok(Some((Document::Feed(parsed), validators))) => {
                let window = &mut followed.window;
                let fit = if followed.of_post { window.take_from_birth(&parsed.items, now) } else { window.take(&parsed.items, now) };
                window.validators = validators;
                chain.note(fit, false);
                let instance = host_of(&followed.url);
                posts = parsed.items.iter().filter_map(|item| post(PLATFORM, &instance, &without_title(item), now)).collect();
            }
            // One comment feed must not stop the others. One that is down may hold what was not read;
            // one that is no feed (switched off, a page instead) never did.
            Err(PollError::Unavailable { .. }) => chain.from = None,
            Ok(None | Some((Document::Html(_), _))) | Err(_) => {}
        }
        Ok(page(state, chain, posts))
    }

    async fn fetch(&self, http: &Http, url: Url, window: &Window) -> Result<Answer, PollError> {
        let ask = Ask { accept: ACCEPT, validators: window.validators.clone(), ..Ask::json(url, &self.url) };
        http.get(&ask).await?.ok()
    }

    fn found_page(&self, mut state: State, page: &str, answer: &Answer) -> Result<Page, PollError> {
        let named = discover::discover(page, &answer.url);
        let feed = named.posts.clone().or(named.comments.clone()).filter(|_| state.found.is_none());
        let Some(feed) = feed else {
            return Err(PollError::malformed(&answer.host(), "it is a web page that names no feed"));
        };
        state.found = Some(feed);
        if let Some(url) = named.comments.filter(|url| self.follow > 0 && state.found.as_ref() != Some(url)) {
            state.comments = vec![Followed { url, window: Window::default(), of_post: false }];
        }
        Ok(Page { cursor: encode(&state), more: More::Now, ..Page::default() })
    }

    /// Keeps the windows of comment feeds that are still followed, and begins new ones.
    fn choose_comment_feeds(&self, state: &mut State, parsed: &Parsed) {
        if self.follow == 0 {
            return;
        }
        let site = parsed.comments.clone().into_iter().chain(state.comments.iter().filter(|f| !f.of_post).map(|f| f.url.clone()));
        let site: Vec<(Url, bool)> = site.take(1).map(|url| (url, false)).collect();
        let of_posts = parsed.items.iter().filter_map(|i| i.comments.clone()).take(self.follow).map(|url| (url, true));
        let mut old = std::mem::take(&mut state.comments);
        for (url, of_post) in site.into_iter().chain(of_posts) {
            if url == self.url || state.comments.iter().any(|f| f.url == url) {
                continue;
            }
            let kept = old.iter().position(|f| f.url == url).map(|at| old.swap_remove(at));
            state.comments.push(kept.unwrap_or_else(|| Followed { url, window: Window::default(), of_post }));
        }
    }
}

impl Chain {
    /// Narrows what is known by how a window fitted. `first`: there is no earlier reading to go on from.
    fn note(&mut self, fit: Fit, first: bool) {
        match fit {
            Fit::Whole => {}
            Fit::Since(at) if first => self.from = Some(at),
            Fit::Since(at) => self.from = self.from.map(|from| from.max(at)),
            Fit::Unknown => self.from = if first { Some(self.started) } else { self.from },
        }
    }
}

fn page(mut state: State, chain: Chain, posts: Vec<Post>) -> Page {
    if !chain.todo.is_empty() {
        state.chain = Some(chain);
        return Page { posts, cursor: encode(&state), more: More::Now, ..Page::default() };
    }
    let covered = chain.from.and_then(|from| Span::new(from.min(chain.started), chain.started));
    state.read_until = Some(chain.started);
    Page { posts, cursor: encode(&state), covered, not_before: chain.not_before, ..Page::default() }
}

/// "Comment on X by Kim" is no text of the comment.
pub(super) fn without_title(item: &Item) -> Item {
    Item {
        id: item.id.clone(),
        link: item.link.clone(),
        title: String::new(),
        body: if item.body.is_empty() { item.title.clone() } else { item.body.clone() },
        author: item.author.clone(),
        author_url: item.author_url.clone(),
        at: item.at,
        edited: item.edited,
        lang: item.lang.clone(),
        comments: None,
    }
}

/// An item as a post. Comments are known by their link, and lose their title.
pub(super) fn post(platform: &str, instance: &str, item: &Item, now: Millis) -> Option<Post> {
    let comment = item.link.as_deref().is_some_and(|l| l.contains("#comment-"));
    let title = if comment && !item.body.is_empty() { "" } else { item.title.as_str() };
    let key = PostKey::new(platform, instance, &item.id).ok()?;
    let name = html::name(&item.author);
    let native_id = match (&item.author_url, name.is_empty()) {
        (Some(url), _) => url.clone(),
        (None, false) => name.to_lowercase(),
        // Nobody can tell whether two who gave no name are one.
        (None, true) => format!("anonymous {}", item.id).chars().take(255).collect(),
    };
    Some(Post {
        author: PostAuthor { native_id, name, url: item.author_url.clone(), ..PostAuthor::default() },
        created_at: believable(item.at, now),
        edited_at: item.edited.map(|at| believable(Some(at), now)),
        text: html::join(title, &item.body),
        url: item.link.clone(),
        reply_to: None,
        lang: item.lang.clone(),
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
        key,
    })
}
