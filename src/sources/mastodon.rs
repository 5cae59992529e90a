//! Any server that speaks Mastodon's API: hashtag timelines, the public timeline, and search with a token.
//!
//! Identity is the `uri` of a status, so that one post read from two servers is one mention. Ids of the
//! server are used for paging only, as opaque strings: longer is newer, then the alphabet decides.
//!
//! Boosts are skipped and not kept as reposts: a timeline shows few of them, by chance, and counting
//! those would look like a number. So is everything that its author did not make public.

mod api;
mod recheck;
mod walk;

use serde::Deserialize;
use url::Url;

use self::walk::{State, Stream};
use super::adapter::{Address, settings};
use super::cursor::{decode, encode};
use super::http::{Answer, Ask, host_of};
use super::secret::{Secret, SecretRef, Secrets};
use super::{Http, PollError, SettingsError};
use crate::domain::brand::BrandTerms;
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::time::{DAY_MS, Millis, Span};

const PLATFORM: &str = "mastodon";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server.
    #[serde(alias = "server")]
    url: Address,
    /// Hashtags without `#`; the brand's unless another way of finding is chosen.
    #[serde(default)]
    hashtags: Vec<String>,
    /// Reads the public timeline: `all`, `local` or `remote` posts.
    #[serde(default)]
    public: Option<PublicPart>,
    /// Searches for the brand's names; needs `token`.
    #[serde(default)]
    search: bool,
    /// Where the user token is kept.
    #[serde(default)]
    token: Option<SecretRef>,
    /// How far the first poll goes back.
    #[serde(default = "sixty")]
    backfill_days: u16,
}

const fn sixty() -> u16 {
    60
}

/// A part of the public timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PublicPart {
    All,
    Local,
    Remote,
}

/// Reads one server.
#[derive(Debug)]
pub struct Mastodon {
    base: Url,
    streams: Vec<Stream>,
    token: Option<Secret>,
    backfill_ms: i64,
}

impl Mastodon {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| Err(SettingsError::settings(&spec.name, what));
        let token = given.token.as_ref().map(|at| secrets.read(&spec.name, at)).transpose()?;
        if given.search && token.is_none() {
            return wrong("`search` needs a user `token`, such as { env = \"NAME\" }: servers search statuses for logged-in users only");
        }
        let implied = given.hashtags.is_empty() && given.public.is_none() && !given.search;
        let hashtags = if implied { &terms.hashtags } else { &given.hashtags };
        let mut streams: Vec<Stream> = hashtags.iter().filter_map(|tag| Stream::tag(tag)).collect();
        streams.extend(given.public.map(|part| Stream::Public { local: part == PublicPart::Local, remote: part == PublicPart::Remote }));
        if given.search {
            streams.extend(terms.names.iter().filter_map(|name| Stream::search(name)));
        }
        if streams.is_empty() {
            return wrong("nothing to read: give `hashtags`, `public` or `search`, or give the brand a hashtag");
        }
        Ok(Self { base: given.url.0, streams, token, backfill_ms: i64::from(given.backfill_days) * DAY_MS })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let step = state.next_step(&self.streams, now);
        let ask = Ask { token: self.token.as_ref(), ..Ask::json(step.url(&self.base), &self.base) };
        let answer = self.refusal(http.get(&ask).await?)?;
        let read = api::statuses(&answer, step.stream.is_search())?;
        state.turn(&step, &read, now.plus(-self.backfill_ms));
        let own = host_of(&self.base);
        let posts = read.items.iter().filter_map(|status| status.to_post(&own, now)).collect();
        let done = state.finish_chain(&self.streams);
        let more = if done.is_some() { More::CaughtUp } else { More::Now };
        let covered = done.and_then(|(from, to)| Span::new(from.max(now.plus(-self.backfill_ms)), to));
        Ok(Page { posts, cursor: encode(&state), covered, more, not_before: answer.not_before, ..Page::default() })
    }

    /// Turns an error status into what its operator should do.
    fn refusal(&self, answer: Answer) -> Result<Answer, PollError> {
        let host = answer.host();
        match answer.status {
            401 | 403 | 422 if self.token.is_none() => {
                let what = "it shows this only to logged-in users; give this source a `token`".to_owned();
                Err(PollError::Unauthorised { host, what })
            }
            422 => Err(PollError::Unauthorised { host, what: "the token does not allow this (422)".to_owned() }),
            206 => Err(PollError::unavailable(&host, "it is still preparing the timeline")),
            _ => answer.ok(),
        }
    }
}
