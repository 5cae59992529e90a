//! Where mentions come from: one file a platform, over the one HTTP client.
//!
//! Invariants. `sources` knows nothing of the database, and keeps nothing between two polls: all that
//! an adapter must remember is in the [`Cursor`](crate::domain::source::Cursor). A cursor never moves
//! past a post that was not handed out in the same page. Posts are handed out at least once; overlap
//! windows repeat them on purpose, because platforms show posts late. A cursor that cannot be read (an
//! older version, a truncated column) means starting over, which repeats posts and loses none.
//!
//! | platform | `native_id` | `instance` |
//! |---|---|---|
//! | `feed` | guid or id, else the link, else a hash of title and date | host of the feed |
//! | `wordpress` | comment id | host of the site, with the path where it lives in a folder |
//! | `mastodon` | `uri` of the status, so that one post read from two servers is one mention | host of that `uri` |
//! | `hackernews` | item id | `news.ycombinator.com` |
//! | `appstore` | review id | `apps.apple.com` |
//! | `bluesky` | `at://` address of the post | `bsky.app` |
//! | `discourse` | post id | host of the forum, with its folder |
//! | `disqus` | post id | shortname of the forum |
//! | `ghost` | comment id | host of the site |
//! | `github` | see `github::found` | `github.com` |
//! | `googlebusiness` | review id | number of the location |
//! | `googleplay` | review id | package of the app |
//! | `isso` | page, `#isso-` and comment id: it can be read again only with its page | host of the server |
//! | `lemmy` | `ap_id`, so that one post read from two servers is one mention | host of that address |
//! | `news` | as `feed` | host of the search |
//! | `remark42` | address of the comment | host of the server |
//! | `stackexchange` | post id | name of the site |
//! | `telegram` | chat id, `/` and message id | `t.me` |
//! | `trustpilot` | review id | `trustpilot.com` |
//!
//! Settings of a source, by kind; an unknown key is an error, and a secret is named, never written:
//!
//! | kind | keys |
//! |---|---|
//! | `feed` | `url` (a feed, or a page that names one), `comments` = false, `comment_feeds` = 20 |
//! | `wordpress` | `url` or `site`, `backfill_days` (all history unless given) |
//! | `mastodon` | `url` or `server`, `hashtags` (the brand's unless given), `public` = `all`, `local` or `remote`, `search` = false, `token` = `{ env = ".." }` or `{ file = ".." }`, `backfill_days` = 60 |
//! | `hackernews` | `url`, `item_url`, `queries` (the brand's names unless given), `backfill_days` = 60 |
//!
//! Those of the other kinds stand with examples in `docs/sources.md`.

mod adapter;
mod appstore;
mod bluesky;
mod cursor;
mod discourse;
mod disqus;
mod error;
mod facebook;
mod feed;
mod ghost;
mod github;
mod googlebusiness;
mod googleplay;
mod graph;
mod hackernews;
mod html;
mod http;
mod instagram;
mod isso;
mod jwt;
mod lemmy;
mod lenient;
mod linkedin;
mod markdown;
mod mastodon;
mod meter;
mod news;
mod oauth;
mod quotes;
mod reddit;
mod remark42;
mod secret;
mod session;
mod stackexchange;
mod statuspage;
mod telegram;
mod threads;
mod trustpilot;
mod value;
mod walk;
mod wordpress;
mod x;
mod youtube;

pub use adapter::Adapter;
pub use error::{PollError, SettingsError};
pub use http::{Http, HttpOptions, Letter, PostError, Reply};
pub use meter::metered;
pub use secret::{Secret, SecretRef, Secrets};

#[cfg(test)]
mod tests;
