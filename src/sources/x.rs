//! X: recent search for the brand's words, and the mentions of its own account, which cost less.
//!
//! Each post that is read costs money, so this source counts what it pays for and keeps to its budget: when the budget
//! nears its end it reads a slice of each stretch of time, evenly spread, and claims to have read only that.
//!
//! The interface is changing its names from `tweet` to `post` (version 2.167 of its description; the servers' view is not
//! known). Answers are read in both namings; requests use one, and the other from then on when a server refuses it.
//!
//! Edits make a new id; a post is kept under the first one, with the words of the last. Deleted, protected and suspended
//! posts are found by reading known ids again on their first day, and by compliance jobs from then on: X asks that copies follow
//! within a day.

mod api;
mod jobs;
mod walk;

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use url::Url;

use self::api::{Refusal, refusal};
pub(super) use self::jobs::Jobs;
use self::walk::{State, Stream};
use super::adapter::{Address, settings};
use super::cursor::{decode, encode};
use super::http::{Answer, Ask};
use super::oauth::{ClientAuth, Credential, OauthSettings, Service};
use super::secret::{SecretRef, Secrets};
use super::{Http, PollError, SettingsError, meter};
use crate::domain::brand::BrandTerms;
use crate::domain::budget::{MICROS, Thrift, next_day};
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, More, Page, Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, Millis};

const PLATFORM: &str = "x";
const SERVICE: Service =
    Service { refresh: "https://api.x.com/2/oauth2/token", client: Some("https://api.x.com/oauth2/token"), auth: ClientAuth::Basic };
const HOW: &str = "X needs a developer account with a declared use and prepaid reading; give this source `token` (the app's bearer \
                   token) or `oauth`. docs/sources.md says how";
/// Longest query of accounts that pay by use, characters.
const MAX_QUERY: usize = 512;
/// Posts of one page; fewer when less is affordable.
const PER_PAGE: i64 = 100;
/// The interface gives no smaller page.
const LEAST_PER_PAGE: i64 = 10;
/// Known ids read again in one request.
pub(super) const BATCH: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    url: Option<Address>,
    #[serde(default)]
    token: Option<SecretRef>,
    #[serde(default)]
    oauth: Option<OauthSettings>,
    /// Searches in X's own language; made of the brand's words unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// The number of the brand's own account: its mentions are read at a fifth of the price, and its handle leaves the search.
    #[serde(default)]
    own_user_id: Option<String>,
    /// How parameters are named at first.
    #[serde(default)]
    naming: Naming,
    /// Asks for the posts that are quoted or answered too, each at the price of a post: a post whose own words do not name
    /// the brand is then found by what it quotes. The search itself looks at own words only.
    #[serde(default)]
    quoted: bool,
    /// US dollars for one post found by search.
    #[serde(default = "search_price")]
    price_per_post: f64,
    /// US dollars for one mention of the own account.
    #[serde(default = "mention_price")]
    price_per_mention: f64,
    /// How far the first poll goes back; the search knows seven days.
    #[serde(default = "one")]
    backfill_days: u16,
}

const fn search_price() -> f64 {
    0.005
}

const fn mention_price() -> f64 {
    0.001
}

const fn one() -> u16 {
    1
}

/// How parameters are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Naming {
    /// `tweet.fields`.
    #[default]
    Tweet,
    /// `post.fields`.
    Post,
}

impl Naming {
    const fn other(self) -> Self {
        match self {
            Self::Tweet => Self::Post,
            Self::Post => Self::Tweet,
        }
    }

    /// What is asked of each post.
    const fn fields(self, quotes: Quotes) -> [(&'static str, &'static str); 3] {
        let fields = match self {
            Self::Tweet => (
                "tweet.fields",
                "created_at,author_id,lang,public_metrics,referenced_tweets,entities,edit_history_tweet_ids,note_tweet,withheld",
            ),
            Self::Post => {
                ("post.fields", "created_at,lang,public_metrics,referenced_posts,entities,edit_history_post_ids,note_post,withheld")
            }
        };
        let expansions = match (quotes, self) {
            (Quotes::LeftOut, _) => "author_id",
            (Quotes::Read, Self::Tweet) => "author_id,referenced_tweets.id,referenced_tweets.id.author_id",
            (Quotes::Read, Self::Post) => "author_id,referenced_posts",
        };
        [fields, ("expansions", expansions), ("user.fields", "username,name,public_metrics,verified,created_at,protected")]
    }
}

/// What a page should hold.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    naming: Naming,
    quotes: Quotes,
    /// Posts at most.
    size: i64,
}

/// Whether posts that others refer to are asked for, and paid, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Read,
    LeftOut,
}

/// Reads X.
#[derive(Debug)]
pub struct X {
    /// The source's name.
    source: String,
    base: Url,
    credential: Credential,
    streams: Vec<Stream>,
    naming: Naming,
    quotes: Quotes,
    /// Millionths of a dollar for one post of a search, and for one mention.
    prices: (i64, i64),
    backfill_ms: i64,
    thrift: Mutex<Thrift>,
}

impl X {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        let credential = Credential::new((spec, secrets), (given.token.as_ref(), given.oauth.as_ref()), SERVICE, HOW)?;
        let mut streams = Vec::new();
        if let Some(id) = &given.own_user_id {
            let number = !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit());
            streams.push(number.then(|| Stream::Mentions(id.clone())).ok_or_else(|| wrong("`own_user_id` is the number of an account"))?);
        }
        let own = if streams.is_empty() { Handles::Searched } else { Handles::LeftOut };
        let queries = if given.queries.is_empty() { query_of(terms, own).into_iter().collect() } else { given.queries };
        if queries.iter().any(|q| q.chars().count() > MAX_QUERY || q.trim().is_empty()) {
            return Err(wrong("a query has more than 512 characters, or none; give `queries` that are shorter"));
        }
        streams.extend(queries.into_iter().map(Stream::Search));
        if streams.is_empty() {
            return Err(wrong("nothing to search for: give the brand a name, or this source `queries`"));
        }
        let base = given.url.map_or_else(|| Url::parse("https://api.x.com"), |a| Ok(a.0)).map_err(|e| wrong(&e.to_string()))?;
        let prices = (price(given.price_per_post), price(given.price_per_mention));
        let backfill_ms = i64::from(given.backfill_days.clamp(1, 6)) * DAY_MS;
        let quotes = if given.quoted { Quotes::Read } else { Quotes::LeftOut };
        let source = spec.name.clone();
        Ok(Self { source, base, credential, streams, naming: given.naming, quotes, prices, backfill_ms, thrift: Mutex::default() })
    }

    /// How sparingly to read from now on.
    pub(super) fn thrift(&self, thrift: Thrift) {
        *self.thrift.lock().unwrap_or_else(PoisonError::into_inner) = thrift;
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let thrift = *self.thrift.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = state.step(&self.streams, (self.backfill_ms, thrift.one_in), now);
        let price = self.price(&stream);
        // Each post of a page may quote another one.
        let most = if self.quotes == Quotes::Read { price.saturating_add(self.prices.0) } else { price };
        let size = page_size(thrift, most).ok_or(PollError::BudgetSpent { until: next_day(now) })?;
        let answer = self.ask(http, (&mut state, &stream), size, now).await?;
        let read = api::read(&answer, now)?;
        Self::pay(http, read.ids.iter().map(String::as_str), price, now);
        Self::pay(http, read.referred.iter().map(String::as_str), self.prices.0, now);
        state.turn(&read);
        let covered = state.finish(&self.streams, now);
        let more = if covered.is_some() { More::CaughtUp } else { More::Now };
        Ok(Page { posts: read.posts, cursor: encode(&state), covered, more, not_before: answer.not_before, ..Page::default() })
    }

    /// Asks, and once more when the naming or the place to go on is refused.
    async fn ask(&self, http: &Http, (state, stream): (&mut State, &Stream), size: i64, now: Millis) -> Result<Answer, PollError> {
        let mut last = None;
        for _ in 0..3 {
            let naming = state.naming.unwrap_or(self.naming);
            let wanted = Wanted { naming, quotes: self.quotes, size };
            let ask = Ask::json(state.url(&self.base, stream, wanted), &self.base);
            let answer = self.credential.get(http, ask, now).await?;
            match refusal(&answer, now) {
                None => return Ok(answer),
                Some((Refusal::Naming, error)) => {
                    state.naming = Some(naming.other());
                    last = Some(error);
                }
                Some((Refusal::Since, error)) => {
                    state.forget_place(now);
                    last = Some(error);
                }
                Some((Refusal::Other, error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| PollError::unavailable(&super::http::host_of(&self.base), "it refuses the request")))
    }

    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let keys: Vec<&PostKey> = keys.iter().filter(|key| jobs::is_ours(key)).take(BATCH).collect();
        if keys.is_empty() {
            return Ok(Recheck::default());
        }
        let ids: Vec<&str> = keys.iter().map(|k| k.native_id()).collect();
        let first = self.look_up(http, &ids, now).await?;
        // The first id of an edited post answers with its first words, and names the last id.
        let newer: Vec<&str> = first.newer.iter().map(String::as_str).take(BATCH).collect();
        let second = if newer.is_empty() { api::Read::default() } else { self.look_up(http, &newer, now).await? };
        let mut present = first.posts;
        present.retain(|post| !second.posts.iter().any(|newer| newer.key == post.key));
        present.extend(second.posts.into_iter().filter(|post| keys.iter().any(|key| **key == post.key)));
        let gone = keys.iter().filter(|k| first.gone.iter().any(|id| id == k.native_id())).map(|k| (*k).clone()).collect();
        Ok(Recheck { present, gone, ..Recheck::default() })
    }

    async fn look_up(&self, http: &Http, ids: &[&str], now: Millis) -> Result<api::Read, PollError> {
        let joined = ids.join(",");
        let mut naming = self.naming;
        let mut last = None;
        for _ in 0..2 {
            let query: Vec<(&str, &str)> = [("ids", joined.as_str())].into_iter().chain(naming.fields(Quotes::LeftOut)).collect();
            let ask = Ask::json(super::adapter::join(&self.base, "/2/tweets", &query), &self.base);
            let answer = self.credential.get(http, ask, now).await?;
            match refusal(&answer, now) {
                None => {
                    let read = api::read(&answer, now)?;
                    Self::pay(http, read.ids.iter().map(String::as_str), self.prices.0, now);
                    return Ok(read);
                }
                Some((Refusal::Naming, error)) => {
                    naming = naming.other();
                    last = Some(error);
                }
                Some((_, error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| PollError::unavailable(&super::http::host_of(&self.base), "it refuses the request")))
    }

    const fn price(&self, stream: &Stream) -> i64 {
        match stream {
            Stream::Search(_) => self.prices.0,
            Stream::Mentions(_) => self.prices.1,
        }
    }

    fn pay<'a>(http: &Http, ids: impl Iterator<Item = &'a str>, price: i64, now: Millis) {
        let first = i64::try_from(http.paid.first_today(ids, now)).unwrap_or(i64::MAX);
        meter::count_money(first.saturating_mul(price));
    }
}

/// Posts to ask for; `None` when not even the smallest page can be paid.
fn page_size(thrift: Thrift, price: i64) -> Option<i64> {
    let Some(left) = thrift.micros_left.filter(|_| price > 0) else { return Some(PER_PAGE) };
    let affordable = left / price;
    (affordable >= LEAST_PER_PAGE).then(|| affordable.min(PER_PAGE))
}

fn price(dollars: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the clamp; a cast of NaN is 0")]
    let micros = (dollars.clamp(0.0, 1000.0) * MICROS as f64).round() as i64;
    micros
}

/// Whether handles are part of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handles {
    Searched,
    LeftOut,
}

/// The brand's words as one search: as many of them as fit.
fn query_of(terms: &BrandTerms, handles: Handles) -> Option<String> {
    let plain = |word: &String| word.replace(['"', '(', ')'], " ").trim().to_owned();
    let names = terms.names.iter().map(plain).filter(|n| !n.is_empty()).map(|n| format!("\"{n}\""));
    let tags = terms.hashtags.iter().map(|t| format!("#{}", plain(t).trim_start_matches('#')));
    let accounts = terms.handles.iter().filter(|_| handles == Handles::Searched);
    let accounts = accounts.map(|h| format!("@{}", plain(h).trim_start_matches('@'))).filter(|h| h.len() > 1 && !h.contains('.'));
    let mut query = String::new();
    for word in names.chain(accounts).chain(tags.filter(|t| t.len() > 1)) {
        let longer = if query.is_empty() { word } else { format!("{query} OR {word}") };
        if longer.chars().count() + "() -is:retweet".len() > MAX_QUERY {
            break;
        }
        query = longer;
    }
    (!query.is_empty()).then(|| format!("({query}) -is:retweet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brands_words_become_one_query_that_fits() {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let terms =
            BrandTerms { names: own(&["Acme \"Cloud\""]), handles: own(&["acme"]), hashtags: own(&["#acme"]), ..BrandTerms::default() };
        assert_eq!(query_of(&terms, Handles::Searched).as_deref(), Some("(\"Acme  Cloud\" OR @acme OR #acme) -is:retweet"));
        assert_eq!(query_of(&terms, Handles::LeftOut).as_deref(), Some("(\"Acme  Cloud\" OR #acme) -is:retweet"));
        let many = BrandTerms { names: (0..200).map(|n| format!("name number {n}")).collect(), ..BrandTerms::default() };
        assert!(query_of(&many, Handles::Searched).is_some_and(|q| q.len() <= MAX_QUERY && q.len() > 450));
        assert_eq!(query_of(&BrandTerms::default(), Handles::Searched), None);
    }

    #[test]
    fn a_page_is_never_larger_than_what_can_be_paid() {
        let left = |micros| Thrift { micros_left: Some(micros), ..Thrift::default() };
        assert_eq!(page_size(Thrift::default(), 5_000), Some(100));
        assert_eq!(page_size(left(10_000_000), 5_000), Some(100));
        assert_eq!(page_size(left(60_000), 5_000), Some(12));
        assert_eq!(page_size(left(49_999), 5_000), None);
        assert_eq!((price(0.005), price(f64::NAN), price(-3.0)), (5_000, 0, 0));
    }
}
