//! The order in which X is read: pure arithmetic over ids and times.
//!
//! Normally each stream is read from the newest known id on. Once an hour it is read from ten minutes before the last such
//! time, because a search learns of some posts late; what was read on the same day costs nothing again. A first poll, a place
//! that the search has forgotten (seven days) and a sample are read by time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::adapter::join;
use super::api::{Read, newer};
use super::{Naming, Wanted};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};

/// The search shows posts only when they are this old.
const LAG_MS: i64 = 30_000;
/// How late the search may learn of a post.
const LATE_MS: i64 = 10 * 60_000;
/// How far back the search and its ids reach, with an hour to spare.
const REACH_MS: i64 = 7 * DAY_MS - HOUR_MS;
/// The shortest slice of a sample.
const SLICE_MS: i64 = 10_000;
/// Pages of one walk: beyond, the server gives tokens without an end.
const MAX_PAGES: u32 = 5_000;

/// One list of posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stream {
    /// A query.
    Search(String),
    /// Mentions of the own account, by its number.
    Mentions(String),
}

impl Stream {
    /// A name for the cursor that stays when settings are put in another order.
    fn key(&self) -> String {
        match self {
            Self::Search(query) => format!("search:{query}"),
            Self::Mentions(id) => format!("mentions:{id}"),
        }
    }
}

/// What the cursor holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// The naming that the server took, when it is not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Naming>,
    /// Everything before this time has been read, in all streams, or was left to a sample.
    read_until: Option<Millis>,
    /// When the last hourly walk began.
    hourly_at: Option<Millis>,
    /// The newest id of each stream.
    newest: BTreeMap<String, String>,
    chain: Option<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Since when all is read once the chain is complete.
    from: Millis,
    way: Way,
    done: Vec<String>,
    walk: Option<Walk>,
}

/// How the streams of a chain are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    /// From the newest known id.
    ById,
    /// From this time.
    Since(Millis),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Walk {
    stream: String,
    token: Option<String>,
    top: Option<String>,
    pages: u32,
}

impl State {
    /// Chooses the stream to ask now; begins a chain where none is under way. `one_in` is how much of the time a sample reads.
    pub(super) fn step(&mut self, streams: &[Stream], (backfill_ms, one_in): (i64, i64), now: Millis) -> Stream {
        if self.chain.is_none() {
            self.chain = Some(self.begin(backfill_ms, one_in, now));
        }
        let named = |key: &str| streams.iter().find(|s| s.key() == key).cloned();
        let fallback = || Stream::Search(String::new());
        let Some(chain) = self.chain.as_mut() else { return fallback() };
        if let Some(stream) = chain.walk.as_ref().and_then(|w| named(&w.stream)) {
            return stream;
        }
        let next = streams.iter().find(|s| !chain.done.contains(&s.key())).or_else(|| streams.first());
        let stream = next.cloned().unwrap_or_else(fallback);
        chain.walk = Some(Walk { stream: stream.key(), ..Walk::default() });
        stream
    }

    fn begin(&mut self, backfill_ms: i64, one_in: i64, now: Millis) -> Chain {
        let until = now.plus(-LAG_MS);
        let from = self.read_until.unwrap_or_else(|| now.plus(-backfill_ms)).max(now.plus(-REACH_MS)).min(until);
        if one_in > 1 {
            // The end of the stretch: each one has the same part read, so over the day the sample is even.
            let slice = (until.since(from) / one_in).max(SLICE_MS);
            let from = from.max(until.plus(-slice));
            return Chain { started: now, from, way: Way::Since(from), done: Vec::new(), walk: None };
        }
        let known = self.read_until.is_some_and(|at| now.since(at) < REACH_MS);
        let hourly = self.hourly_at.filter(|_| known);
        let way = match hourly {
            Some(last) if now.since(last) < HOUR_MS => Way::ById,
            Some(last) => Way::Since(last.plus(-LATE_MS - LAG_MS).max(now.plus(-REACH_MS))),
            None => Way::Since(from),
        };
        if way != Way::ById {
            self.hourly_at = Some(now);
        }
        Chain { started: now, from, way, done: Vec::new(), walk: None }
    }

    /// The address of the request to make now.
    pub(super) fn url(&self, base: &Url, stream: &Stream, wanted: Wanted) -> Url {
        let size = wanted.size.to_string();
        let mut query = vec![("max_results", size.as_str())];
        let path = match stream {
            Stream::Search(words) => {
                query.push(("query", words));
                "/2/tweets/search/recent".to_owned()
            }
            Stream::Mentions(id) => format!("/2/users/{id}/mentions"),
        };
        query.extend(wanted.naming.fields(wanted.quotes));
        let start;
        if let Some(chain) = &self.chain {
            match (chain.way, self.newest.get(&stream.key())) {
                (Way::ById, Some(id)) => query.push(("since_id", id)),
                (Way::Since(at), _) => {
                    start = at.to_rfc3339();
                    query.push(("start_time", &start));
                }
                (Way::ById, None) => {
                    start = chain.from.plus(-LATE_MS).to_rfc3339();
                    query.push(("start_time", &start));
                }
            }
            if let Some(token) = chain.walk.as_ref().and_then(|w| w.token.as_deref()) {
                query.push((if matches!(stream, Stream::Search(_)) { "next_token" } else { "pagination_token" }, token));
            }
        }
        join(base, &path, &query)
    }

    /// The search does not know our place any more: this chain is read by time, as far back as it reaches.
    pub(super) fn forget_place(&mut self, now: Millis) {
        self.newest.clear();
        if let Some(chain) = self.chain.as_mut() {
            let from = chain.from.max(now.plus(-REACH_MS));
            chain.from = from;
            chain.way = Way::Since(from);
            if let Some(walk) = chain.walk.as_mut() {
                walk.token = None;
            }
        }
    }

    /// Takes note of what a page brought.
    pub(super) fn turn(&mut self, read: &Read) {
        let Some(chain) = self.chain.as_mut() else { return };
        let Some(mut walk) = chain.walk.take() else { return };
        let newest = read.newest.iter().chain(&read.ids).max_by(|a, b| newer(a, b));
        if let Some(id) = newest.filter(|id| walk.top.as_deref().is_none_or(|top| newer(id, top).is_gt())) {
            walk.top = Some(id.clone());
        }
        walk.pages += 1;
        if let Some(token) = read.next.clone().filter(|t| walk.token.as_ref() != Some(t) && walk.pages < MAX_PAGES) {
            walk.token = Some(token);
            chain.walk = Some(walk);
            return;
        }
        if let Some(top) = walk.top.take() {
            let known = self.newest.entry(walk.stream.clone()).or_default();
            if newer(&top, known).is_gt() {
                *known = top;
            }
        }
        chain.done.push(walk.stream);
    }

    /// Ends the chain once all streams are read: what is known now.
    pub(super) fn finish(&mut self, streams: &[Stream], now: Millis) -> Option<Span> {
        let chain = self.chain.take_if(|c| c.walk.is_none() && streams.iter().all(|s| c.done.contains(&s.key())))?;
        let until = chain.started.plus(-LAG_MS);
        self.read_until = Some(until);
        let keys: Vec<String> = streams.iter().map(Stream::key).collect();
        self.newest.retain(|key, _| keys.contains(key));
        Some(Span::new(chain.from.min(until), until).unwrap_or(Span::empty(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quotes;
    use super::*;

    const NOW: Millis = Millis::new(1_795_076_130_000);

    fn ids(ids: &[&str]) -> Read {
        Read { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Read::default() }
    }

    fn query(state: &State, stream: &Stream) -> String {
        let base = Url::parse("https://api.x.com").expect("a url");
        let url = state.url(&base, stream, Wanted { naming: Naming::Tweet, quotes: Quotes::LeftOut, size: 100 });
        let wanted = ["since_id", "start_time", "next_token", "pagination_token"];
        let pairs = url.query_pairs().filter(|(key, _)| wanted.contains(&key.as_ref()));
        pairs.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn the_first_page_gives_the_place_and_all_pages_ask_from_the_same_one() {
        let streams = [Stream::Search("acme".to_owned())];
        let mut state = State::default();
        let stream = state.step(&streams, (DAY_MS, 1), NOW);
        assert_eq!(query(&state, &stream), "start_time=2026-11-18T08:15:30.000Z");
        state.turn(&Read { next: Some("t1".to_owned()), newest: Some("1000".to_owned()), ..ids(&["1000", "999"]) });
        assert_eq!(state.finish(&streams, NOW), None);
        state.step(&streams, (DAY_MS, 1), NOW);
        assert_eq!(query(&state, &stream), "start_time=2026-11-18T08:15:30.000Z&next_token=t1");
        state.turn(&ids(&["998"]));
        assert_eq!(state.finish(&streams, NOW).map(|s| (s.from().since(NOW), s.to().since(NOW))), Some((-DAY_MS, -LAG_MS)));
        let later = NOW.plus(60_000);
        state.step(&streams, (DAY_MS, 1), later);
        assert_eq!(query(&state, &stream), "since_id=1000");
        state.turn(&Read::default());
        assert!(state.finish(&streams, later).is_some());
        state.step(&streams, (DAY_MS, 1), NOW.plus(HOUR_MS));
        assert_eq!(query(&state, &stream), "start_time=2026-11-19T08:05:00.000Z", "once an hour what came late is read too");
    }

    #[test]
    fn a_place_older_than_the_search_knows_is_a_gap_that_is_told() {
        let streams = [Stream::Search("acme".to_owned())];
        let mut state = State { read_until: Some(NOW.plus(-9 * DAY_MS)), hourly_at: Some(NOW.plus(-9 * DAY_MS)), ..State::default() };
        state.newest.insert("search:acme".to_owned(), "5".to_owned());
        state.step(&streams, (DAY_MS, 1), NOW);
        state.turn(&Read::default());
        assert_eq!(state.finish(&streams, NOW).map(|s| s.from().since(NOW)), Some(-REACH_MS));
    }

    #[test]
    fn a_sample_reads_its_part_of_the_time_and_claims_no_more() {
        let streams = [Stream::Search("acme".to_owned())];
        let mut state = State { read_until: Some(NOW.plus(-LAG_MS - 300_000)), hourly_at: Some(NOW), ..State::default() };
        let stream = state.step(&streams, (DAY_MS, 5), NOW);
        assert_eq!(query(&state, &stream), "start_time=2026-11-19T08:14:00.000Z");
        state.turn(&Read::default());
        assert_eq!(state.finish(&streams, NOW).map(|s| s.to().since(s.from())), Some(60_000));
        assert_eq!(state.read_until, Some(NOW.plus(-LAG_MS)));
    }
}
