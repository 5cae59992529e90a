//! Servers on loopback that speak the real protocols of four places, and answer with what has happened by the clock.
//!
//! Nothing runs on timers: a request is answered from the story up to [`Clock::now`], so the world moves as fast as
//! its clock does. Tests start a [`Story::quiet`] world and write into it themselves.

mod blog;
mod blog_feeds;
mod faults;
mod fill;
mod forum;
mod hackernews;
mod mastodon;
mod mastodon_json;
mod shelf;
mod site;
mod web;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::demo::story::{Place, Story};

pub use faults::{Fault, Faults, RetryAfter};
pub use mastodon::TOKEN as MASTODON_TOKEN;
pub use shelf::Visibility;
use site::Shared;
pub use site::{Board, Draft, Site};

/// The running servers. They stop when this is dropped.
#[derive(Debug)]
pub struct World {
    sites: [Arc<Site>; 4],
    servers: JoinSet<std::io::Result<()>>,
    stop: CancellationToken,
}

/// Where the servers listen: `http://127.0.0.1:port`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// A WordPress site: `/wp-json/wp/v2/comments`, `/comments/feed/`, `/feed/`.
    pub blog: String,
    /// A Mastodon server: `/api/v1/timelines/tag/tidewater` and others.
    pub mastodon: String,
    /// A forum: `/posts.rss`, `/posts.atom`, `/posts.json`, `/archive.xml`.
    pub forum: String,
    /// Hacker News: `/api/v1/search_by_date`, `/v0/item/{id}.json` and `/item?id=`, all on one port.
    pub hackernews: String,
}

impl World {
    /// Binds a port of 127.0.0.1 for each place and serves the story. Fails when no port is to be had.
    pub async fn start(story: &Story, clock: Clock, faults: Faults) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let shared = Shared { clock, faults, stop: stop.clone(), origin: story.facts.history_from };
        let mut servers = JoinSet::new();
        let sites = [
            open(Place::Blog, story, &shared, &mut servers).await?,
            open(Place::Mastodon, story, &shared, &mut servers).await?,
            open(Place::Forum, story, &shared, &mut servers).await?,
            open(Place::HackerNews, story, &shared, &mut servers).await?,
        ];
        Ok(Self { sites, servers, stop })
    }

    /// Where the servers listen.
    pub fn urls(&self) -> Urls {
        let [blog, mastodon, forum, hackernews] = self.sites.each_ref().map(|site| site.base.clone());
        Urls { blog, mastodon, forum, hackernews }
    }

    /// The blog.
    pub fn blog(&self) -> &Site {
        self.site(Place::Blog)
    }

    /// The Mastodon server.
    pub fn mastodon(&self) -> &Site {
        self.site(Place::Mastodon)
    }

    /// The forum.
    pub fn forum(&self) -> &Site {
        self.site(Place::Forum)
    }

    /// Hacker News.
    pub fn hackernews(&self) -> &Site {
        self.site(Place::HackerNews)
    }

    /// One place.
    pub fn site(&self, place: Place) -> &Site {
        &self.sites[place.index()]
    }

    /// Stops the servers and waits until they have: open requests are answered first, stalled ones with 503.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.servers.join_next().await.is_some() {}
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(place: Place, story: &Story, shared: &Shared, servers: &mut JoinSet<std::io::Result<()>>) -> std::io::Result<Arc<Site>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let mut site = Site::new(place, base, shared);
    fill::fill(&mut site, story);
    let site = Arc::new(site);
    let routes: Router<Arc<Site>> = match place {
        Place::Blog => blog::routes().merge(blog_feeds::routes()),
        Place::Mastodon => mastodon::routes(),
        Place::Forum => forum::routes(),
        Place::HackerNews => hackernews::routes(),
    };
    let app = routes.layer(from_fn_with_state(Arc::clone(&site), faults::guard)).with_state(Arc::clone(&site));
    let stopped = shared.stop.clone().cancelled_owned();
    servers.spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
    Ok(site)
}

#[cfg(test)]
mod tests;
