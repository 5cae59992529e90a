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
//!
//! Settings of a source, by kind; an unknown key is an error, and a secret is named, never written:
//!
//! | kind | keys |
//! |---|---|
//! | `feed` | `url` (a feed, or a page that names one), `comments` = false, `comment_feeds` = 20 |
//! | `wordpress` | `url` or `site`, `backfill_days` (all history unless given) |
//! | `mastodon` | `url` or `server`, `hashtags` (the brand's unless given), `public` = `all`, `local` or `remote`, `search` = false, `token` = `{ env = ".." }` or `{ file = ".." }`, `backfill_days` = 60 |
//! | `hackernews` | `url`, `item_url`, `queries` (the brand's names unless given), `backfill_days` = 60 |

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
mod googleplay;
mod graph;
mod hackernews;
mod hackernews;
mod html;
mod html;
mod http;
mod http;
mod instagram;
mod isso;
mod jwt;
mod lemmy;
mod lenient;
mod markdown;
mod mastodon;
mod meter;
mod news;
mod oauth;
mod remark42;
mod secret;
mod session;
mod stackexchange;
mod telegram;
mod threads;
mod trustpilot;
mod value;
mod walk;
mod wordpress;
mod x;

pub use adapter::Adapter;
pub use error::{PollError, SettingsError};
pub use http::{Http, HttpOptions, Letter, PostError, Reply};
pub use meter::metered;
pub use secret::{Secret, SecretRef, Secrets};

#[cfg(test)]
mod tests;
