//! Reading the stream from a place on until it has caught up, and what its events mean.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::super::{PollError, value};
use super::socket::{Read, Socket};
use super::{Bluesky, COLLECTION, INSTANCE, PLATFORM, micros, millis, view};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::{AccountKey, More};
use crate::domain::time::{HOUR_MS, Millis};

/// The last event repeats, and the ones around it may come in another order after a break.
const REWIND_US: i64 = 5_000_000;
/// Events that one page takes: what is not kept yet is read again after a death.
const MAX_EVENTS: usize = 20_000;
/// Mentions that one page takes.
const MAX_POSTS: usize = 500;
/// Time that one page takes.
const MAX_TIME: Duration = Duration::from_secs(20);
/// A stream that is this near to our clock has caught up, even when the clocks differ.
const NEAR_US: i64 = 120_000_000;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Drained {
    pub posts: Vec<Post>,
    pub gone: Vec<PostKey>,
    /// Accounts that are closed or hidden.
    pub closed: Vec<AccountKey>,
    /// Where reading began, microseconds.
    pub entered: i64,
    /// The first event.
    pub first: Option<i64>,
    /// The last event.
    pub reached: Option<i64>,
    pub more: More,
}

impl Bluesky {
    /// Reads from `place` (microseconds) on.
    pub(super) async fn drain(&self, place: i64, now: Millis) -> Result<Drained, PollError> {
        let mut url = self.stream.clone();
        let entered = place.saturating_sub(REWIND_US).max(0);
        url.query_pairs_mut().append_pair("wantedCollections", COLLECTION).append_pair("cursor", &entered.to_string());
        let mut socket = Socket::open(url, self.compress, now).await?;
        let mut out = Drained { entered: place, more: More::Now, ..Drained::default() };
        let (began, quiet) = (Instant::now(), Duration::from_millis(self.quiet_ms));
        for _ in 0..MAX_EVENTS {
            let reached = out.reached.unwrap_or(0);
            if reached >= micros(now) {
                out.more = More::CaughtUp;
                break;
            }
            if out.posts.len() >= MAX_POSTS {
                break;
            }
            if began.elapsed() >= MAX_TIME {
                // Between two clocks that differ nobody ever catches up with the other.
                out.more = if reached >= micros(now) - NEAR_US { More::CaughtUp } else { More::Now };
                break;
            }
            match socket.next(quiet).await {
                Ok(Read::Event(event)) => self.note(&event, &mut out, now),
                Ok(Read::Quiet) => {
                    out.more = More::CaughtUp;
                    break;
                }
                // What came before the break is kept, and the next page goes on behind it.
                Err(_) if out.reached.is_some_and(|at| at > place) => break,
                Err(error) => return Err(error),
            }
        }
        socket.close().await;
        Ok(out)
    }

    /// Takes from an event what matters.
    fn note(&self, event: &Value, out: &mut Drained, now: Millis) {
        let Some(at) = event.pointer("/time_us").and_then(Value::as_i64) else { return };
        // A time that cannot be would lock the source out of the stream.
        if !(1_000_000_000_000_000..=micros(now.plus(HOUR_MS))).contains(&at) {
            return;
        }
        out.first.get_or_insert(at);
        out.reached = out.reached.max(Some(at));
        let did = value::text(event, "/did");
        match value::text(event, "/kind") {
            "commit" if value::text(event, "/commit/collection") == COLLECTION => self.note_commit((event, did), at, out, now),
            "account" if event.pointer("/account/active").and_then(Value::as_bool) == Some(false) => {
                out.posts.retain(|post| post.author.native_id != did);
                out.closed.push(AccountKey { platform: PLATFORM.to_owned(), instance: INSTANCE.to_owned(), native_id: did.to_owned() });
            }
            _ => {}
        }
    }

    fn note_commit(&self, (event, did): (&Value, &str), at: i64, out: &mut Drained, now: Millis) {
        let rkey = value::text(event, "/commit/rkey");
        let operation = value::text(event, "/commit/operation");
        if operation == "delete" {
            if let Some(key) = view::key(did, rkey) {
                out.posts.retain(|post| post.key != key);
                out.gone.push(key);
            }
            return;
        }
        let record = event.pointer("/commit/record").unwrap_or(&Value::Null);
        let post = view::post((did, rkey), record, Some(millis(at)), now);
        let Some(mut post) = post.filter(|post| self.means(post)) else { return };
        if operation == "update" {
            post.edited_at = Some(millis(at).min(now));
        }
        out.gone.retain(|key| *key != post.key);
        out.posts.retain(|known| known.key != post.key);
        out.posts.push(post);
    }
}
