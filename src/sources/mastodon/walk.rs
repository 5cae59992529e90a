//! The order in which a server's timelines are read: pure arithmetic over ids.
//!
//! The first time, a timeline is walked backwards (`max_id`) until the back-fill limit. From then on it
//! is walked forwards from the newest known id (`min_id`), which skips nothing however much came in.
//! Search results have no reliable order, so they are walked backwards down to the newest known id.
//!
//! Posts of other servers arrive late with an id that fits their time of writing, so a walk from the
//! newest id alone would miss them. Once an hour the walk begins further back: at the newest id that was more than an
//! hour old at the hourly walk before, so that whatever is up to an hour late is met.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::adapter::join;
use super::api::Read;
use crate::domain::time::{HOUR_MS, Millis};

/// Pages of one walk: beyond, the server repeats itself in a way that ids do not show.
const MAX_PAGES: u32 = 5_000;
/// Largest page that servers give.
const LIMIT: &str = "40";

/// One list of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stream {
    Tag(String),
    Public { local: bool, remote: bool },
    Search(String),
}

impl Stream {
    pub(super) fn tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().trim_start_matches('#');
        (!tag.is_empty()).then(|| Self::Tag(tag.to_owned()))
    }

    pub(super) fn search(name: &str) -> Option<Self> {
        let name = name.replace('"', " ").trim().to_owned();
        (!name.is_empty()).then_some(Self::Search(name))
    }

    pub(super) const fn is_search(&self) -> bool {
        matches!(self, Self::Search(_))
    }

    /// A name for the cursor that stays when settings are put in another order.
    fn key(&self) -> String {
        match self {
            Self::Tag(tag) => format!("tag:{}", tag.to_lowercase()),
            Self::Public { local, remote } => format!("public:{local}:{remote}"),
            Self::Search(name) => format!("search:{}", name.to_lowercase()),
        }
    }
}

/// Longer is newer, then the alphabet decides. Never as numbers: some servers use letters.
pub(super) fn newer(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// What the cursor holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Everything before this time has been read, in all streams.
    read_until: Option<Millis>,
    chain: Option<Chain>,
    streams: BTreeMap<String, Known>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    started: Millis,
    /// Streams that this chain has read to their end.
    done: Vec<String>,
    walk: Option<Walk>,
    /// The oldest post met in this chain: where a first back-fill begins.
    oldest: Option<Millis>,
}

/// What is known of one stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    /// The newest id read.
    newest: Option<String>,
    /// The newest id that was more than an hour old at the time `marked_at`: where the next hourly walk begins. `None`:
    /// there was none, so all is read again.
    mark: Option<String>,
    marked_at: Option<Millis>,
}

/// A walk through one stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Walk {
    stream: String,
    way: Way,
    pages: u32,
    /// The newest id met on this walk.
    top: Option<String>,
    /// On an hourly walk: the newest id met that was written before this time.
    #[serde(default)]
    settled_before: Option<Millis>,
    #[serde(default)]
    settled: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    /// To newer ones than this id.
    Forward(String),
    /// To older ones than `below` (`None`: from the newest on), down to `stop` (`None`: the back-fill limit).
    Back { below: Option<String>, stop: Option<String> },
}

/// The request to make now.
pub(super) struct Step {
    pub stream: Stream,
    way: Way,
}

impl Step {
    pub(super) fn url(&self, base: &Url) -> Url {
        let (name, id) = match &self.way {
            Way::Forward(id) => ("min_id", Some(id.as_str())),
            Way::Back { below, .. } => ("max_id", below.as_deref()),
        };
        let mut query = vec![("limit", LIMIT)];
        let phrase;
        let path = match &self.stream {
            Stream::Tag(tag) => format!("/api/v1/timelines/tag/{}", segment(tag)),
            Stream::Public { local, remote } => {
                query.extend([("local", local), ("remote", remote)].into_iter().filter(|(_, on)| **on).map(|(name, _)| (name, "true")));
                "/api/v1/timelines/public".to_owned()
            }
            Stream::Search(name) => {
                phrase = format!("\"{name}\"");
                query.extend([("q", phrase.as_str()), ("type", "statuses"), ("resolve", "false")]);
                "/api/v2/search".to_owned()
            }
        };
        query.extend(id.map(|id| (name, id)));
        join(base, &path, &query)
    }
}

/// Percent-encodes one segment of a path.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

impl State {
    /// Chooses the next request; begins a chain or a walk where none is under way.
    pub(super) fn next_step(&mut self, streams: &[Stream], now: Millis) -> Step {
        let chain = self.chain.get_or_insert_with(|| Chain { started: now, done: Vec::new(), walk: None, oldest: None });
        let named = |key: &str| streams.iter().find(|s| s.key() == key);
        let under_way = chain.walk.take().and_then(|walk| Some((named(&walk.stream)?.clone(), walk)));
        let next = || streams.iter().find(|s| !chain.done.contains(&s.key())).or_else(|| streams.first());
        let (stream, walk) = under_way.unwrap_or_else(|| {
            let stream = next().cloned().unwrap_or(Stream::Public { local: false, remote: false });
            let known = self.streams.entry(stream.key()).or_default();
            let hourly = known.newest.is_none() || known.marked_at.is_none_or(|at| chain.started.since(at) >= HOUR_MS);
            let settled_before = hourly.then(|| chain.started.plus(-HOUR_MS));
            let way = known.begin(&stream, settled_before.map(|_| chain.started));
            let walk = Walk { stream: stream.key(), way, pages: 0, top: known.newest.clone(), settled_before, settled: known.mark.clone() };
            (stream, walk)
        });
        let step = Step { stream, way: walk.way.clone() };
        chain.walk = Some(walk);
        step
    }

    /// Takes note of what a step brought. `oldest_wanted` is the back-fill limit.
    pub(super) fn turn(&mut self, step: &Step, read: &Read, oldest_wanted: Millis) {
        let Some(chain) = self.chain.as_mut() else { return };
        let Some(mut walk) = chain.walk.take() else { return };
        let newest = read.items.iter().map(|s| s.id.as_str()).max_by(|a, b| newer(a, b));
        if let Some(id) = newest.filter(|id| walk.top.as_deref().is_none_or(|top| newer(id, top).is_gt())) {
            walk.top = Some(id.to_owned());
        }
        let settled = walk.settled_before.and_then(|before| read.newest_before(before));
        if let Some(id) = settled.filter(|id| walk.settled.as_deref().is_none_or(|known| newer(id, known).is_gt())) {
            walk.settled = Some(id.to_owned());
        }
        chain.oldest = chain.oldest.into_iter().chain(read.oldest).min();
        walk.pages += 1;
        let next = if walk.pages < MAX_PAGES { onward(&step.way, read, oldest_wanted) } else { None };
        if let Some(way) = next {
            chain.walk = Some(Walk { way, ..walk });
            return;
        }
        let known = self.streams.entry(walk.stream.clone()).or_default();
        known.newest = walk.top;
        if walk.settled_before.is_some() {
            known.mark = walk.settled;
        }
        chain.done.push(walk.stream);
    }

    /// Ends the chain once all streams are read: since when and until when everything is known now.
    pub(super) fn finish_chain(&mut self, streams: &[Stream]) -> Option<(Millis, Millis)> {
        let chain = self.chain.take_if(|c| c.walk.is_none() && streams.iter().all(|s| c.done.contains(&s.key())))?;
        let from = self.read_until.or(chain.oldest).unwrap_or(chain.started).min(chain.started);
        self.read_until = Some(chain.started);
        let keys: Vec<String> = streams.iter().map(Stream::key).collect();
        self.streams.retain(|key, _| keys.contains(key));
        Some((from, chain.started))
    }
}

impl Known {
    /// Where a walk begins. `hourly` is the time of an hourly one.
    fn begin(&mut self, stream: &Stream, hourly: Option<Millis>) -> Way {
        let start = match hourly {
            Some(now) => {
                self.marked_at = Some(now);
                self.mark.clone()
            }
            None => self.newest.clone(),
        };
        match start {
            None => Way::Back { below: None, stop: None },
            stop if stream.is_search() => Way::Back { below: None, stop },
            Some(id) => Way::Forward(id),
        }
    }
}

/// Where the walk goes on, or `None` at its end. A server that ignores our id gives nothing beyond it,
/// and so ends the walk: each step must strictly advance.
fn onward(way: &Way, read: &Read, oldest_wanted: Millis) -> Option<Way> {
    match way {
        Way::Forward(from) => {
            let ids = read.items.iter().map(|s| s.id.as_str()).chain(read.link_min.as_deref());
            let best = ids.max_by(|a, b| newer(a, b)).filter(|id| newer(id, from).is_gt())?;
            Some(Way::Forward(best.to_owned()))
        }
        Way::Back { below, stop } => {
            let ids = read.items.iter().map(|s| s.id.as_str());
            let next = ids.min_by(|a, b| newer(a, b)).or(read.link_max.as_deref())?;
            let advances = below.as_deref().is_none_or(|b| newer(next, b).is_lt());
            let met = stop.as_deref().is_some_and(|s| newer(next, s).is_le());
            let too_old = stop.is_none() && read.oldest.is_some_and(|at| at < oldest_wanted);
            (advances && !met && !too_old).then(|| Way::Back { below: Some(next.to_owned()), stop: stop.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_as_texts_by_length_first() {
        for (older, younger) in [("9", "10"), ("99", "100"), ("01JCXA", "01JCXB"), ("115571234567890123", "115571234567890124")] {
            assert_eq!(newer(older, younger), Ordering::Less);
        }
    }

    #[test]
    fn addresses_are_built_and_escaped() {
        let base = Url::parse("https://ruby.example/").expect("a url");
        let step = Step { stream: Stream::Tag("acme cloud/../x".to_owned()), way: Way::Forward("12".to_owned()) };
        assert_eq!(step.url(&base).as_str(), "https://ruby.example/api/v1/timelines/tag/acme%20cloud%2F..%2Fx?limit=40&min_id=12");
        let step = Step { stream: Stream::Search("Acme Cloud".to_owned()), way: Way::Back { below: None, stop: None } };
        assert_eq!(step.url(&base).query(), Some("limit=40&q=%22Acme+Cloud%22&type=statuses&resolve=false"));
        let step =
            Step { stream: Stream::Public { local: true, remote: false }, way: Way::Back { below: Some("9".to_owned()), stop: None } };
        assert_eq!(step.url(&base).query(), Some("limit=40&local=true&max_id=9"));
    }

    #[test]
    fn a_server_that_ignores_ids_ends_the_walk() {
        let read = Read::of_ids(&["50", "49"]);
        assert_eq!(onward(&Way::Forward("50".to_owned()), &read, Millis::new(0)), None);
        assert_eq!(onward(&Way::Back { below: Some("49".to_owned()), stop: None }, &read, Millis::new(0)), None);
        assert!(onward(&Way::Back { below: Some("60".to_owned()), stop: None }, &read, Millis::new(0)).is_some());
    }

    #[test]
    fn once_an_hour_the_walk_begins_at_what_was_an_hour_old_then() {
        let tag = Stream::Tag("acme".to_owned());
        let mut known = Known { newest: Some("20".to_owned()), mark: Some("10".to_owned()), marked_at: Some(Millis::new(0)) };
        assert_eq!(known.begin(&tag, None), Way::Forward("20".to_owned()));
        assert_eq!(known.begin(&tag, Some(Millis::new(HOUR_MS))), Way::Forward("10".to_owned()));
        assert_eq!(known.marked_at, Some(Millis::new(HOUR_MS)));
        known.mark = None;
        assert_eq!(known.begin(&tag, Some(Millis::new(2 * HOUR_MS))), Way::Back { below: None, stop: None });
    }
}
