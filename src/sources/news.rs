//! News found by a search feed: Google News, or any address with a place for the words.
//!
//! Each phrase is a feed of its own, read as every feed is. The keeper of a search adds the publisher to
//! the headline (`Acme is down - The Daily`), and repeats the headline as the text; both are undone here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::adapter::settings;
use super::cursor::{decode, encode};
use super::feed::Feed;
use super::{Http, PollError, SettingsError};
use crate::domain::brand::BrandTerms;
use crate::domain::post::{Post, PostAuthor, PostKey};
use crate::domain::source::{Cursor, More, Page, SourceSpec};
use crate::domain::time::{Millis, Span};

const PLATFORM: &str = "news";
/// The place of the words in an address.
const PLACE: &str = "{query}";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address of a search feed with `{query}` in it; Google News unless given.
    #[serde(default)]
    url: Option<String>,
    /// Phrases to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// Of Google News: the language.
    #[serde(default = "english")]
    language: String,
    /// Of Google News: the country.
    #[serde(default = "america")]
    country: String,
}

fn english() -> String {
    "en".to_owned()
}

fn america() -> String {
    "US".to_owned()
}

/// Reads one search.
#[derive(Debug)]
pub struct News {
    /// By phrase.
    feeds: BTreeMap<String, Feed>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Where each feed stands, by phrase.
    feeds: BTreeMap<String, Cursor>,
    chain: Option<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    /// Phrases still to read, next one last.
    todo: Vec<String>,
    /// What all feeds have read so far; `None` once one of them does not know.
    covered: Option<Span>,
    not_before: Option<Millis>,
}

impl News {
    pub(super) fn new(spec: &SourceSpec, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        let plain = |text: &str| text.len() <= 5 && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        if !plain(&given.language) || !plain(&given.country) {
            return Err(wrong("`language` and `country` are codes, such as \"en\" and \"US\""));
        }
        let (lang, country) = (&given.language, &given.country);
        let google = || format!("https://news.google.com/rss/search?q={PLACE}&hl={lang}&gl={country}&ceid={country}:{lang}");
        let template = given.url.unwrap_or_else(google);
        if !template.contains(PLACE) {
            return Err(wrong("`url` must hold {query} where the words belong"));
        }
        let mut feeds = BTreeMap::new();
        for query in super::adapter::queries(given.queries, terms, &spec.name)? {
            let words: String = url::form_urlencoded::byte_serialize(format!("\"{query}\"").as_bytes()).collect();
            let settings = serde_json::json!({"url": template.replace(PLACE, &words)});
            feeds.insert(query, Feed::new(&SourceSpec { settings, ..spec.clone() })?);
        }
        Ok(Self { feeds })
    }

    pub(super) async fn poll(&self, http: &Http, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        let mut state: State = decode(cursor);
        let all = Span::new(Millis::default(), now);
        let begin = || Chain { todo: self.feeds.keys().rev().cloned().collect(), covered: all, not_before: None };
        let mut chain = state.chain.take().unwrap_or_else(begin);
        let mut page = Page::default();
        if let Some(query) = chain.todo.pop()
            && let Some(feed) = self.feeds.get(&query)
        {
            let at = state.feeds.remove(&query).unwrap_or_default();
            page = feed.poll(http, &at, now).await?;
            if page.more == More::Now {
                chain.todo.push(query.clone());
            } else {
                chain.covered =
                    chain.covered.and_then(|a| page.covered.and_then(|b| Span::new(a.from().max(b.from()), a.to().min(b.to()))));
            }
            chain.not_before = chain.not_before.max(page.not_before);
            state.feeds.insert(query, page.cursor);
        }
        let posts = page.posts.into_iter().filter_map(post).collect();
        let (covered, not_before) = (chain.covered, chain.not_before);
        if chain.todo.is_empty() {
            state.feeds.retain(|query, _| self.feeds.contains_key(query));
            return Ok(Page { posts, cursor: encode(&state), covered, not_before, ..Page::default() });
        }
        state.chain = Some(chain);
        Ok(Page { posts, cursor: encode(&state), more: More::Now, ..Page::default() })
    }
}

/// An item of a search feed as a piece of news.
fn post(item: Post) -> Option<Post> {
    let key = PostKey::new(PLATFORM, item.key.instance(), item.key.native_id()).ok()?;
    let (title, body) = item.text.split_once('\n').map_or((item.text.as_str(), ""), |(title, body)| (title.trim(), body.trim()));
    let nobody = item.author.name.is_empty();
    let split = title.rsplit_once(" - ").filter(|(headline, publisher)| nobody && !headline.is_empty() && publisher.chars().count() <= 80);
    let Some((headline, publisher)) = split else { return Some(Post { key, ..item }) };
    let repeats = body.is_empty() || body.starts_with(headline);
    let text = if repeats { headline.to_owned() } else { format!("{headline}\n\n{body}") };
    let author = PostAuthor { native_id: publisher.to_lowercase(), name: publisher.to_owned(), ..PostAuthor::default() };
    Some(Post { key, author, text, ..item })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::post::{Engagement, Originality};
    use crate::domain::source::SourceKind;
    use crate::sources::tests::{spec, terms};

    fn item(text: &str, author: &str) -> Post {
        Post {
            key: PostKey::new("feed", "news.example", "1").expect("a key"),
            author: PostAuthor { native_id: "x".to_owned(), name: author.to_owned(), ..PostAuthor::default() },
            created_at: Millis::new(1),
            edited_at: None,
            text: text.to_owned(),
            url: None,
            reply_to: None,
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        }
    }

    #[test]
    fn the_publisher_is_told_from_the_headline() {
        let cases = [
            ("Acme is down - The Daily\n\nAcme is down  The Daily", "", "Acme is down", "The Daily"),
            ("Acme - again - The Daily\n\nA long text.", "", "Acme - again\n\nA long text.", "The Daily"),
            ("Acme is down - really", "Kim", "Acme is down - really", "Kim"),
            ("Acme is down", "", "Acme is down", ""),
        ];
        for (text, author, words, publisher) in cases {
            let post = post(item(text, author)).expect("a post");
            assert_eq!((post.text.as_str(), post.author.name.as_str(), post.key.platform()), (words, publisher, "news"), "{text}");
        }
    }

    #[test]
    fn an_address_needs_a_place_for_the_words() {
        let made = |settings| News::new(&spec(SourceKind::News, settings), &terms());
        assert!(made(serde_json::json!({})).is_ok_and(|news| news.feeds.len() == 1));
        assert!(made(serde_json::json!({"url": "https://search.example/rss?q={query}"})).is_ok());
        assert!(made(serde_json::json!({"url": "https://search.example/rss"})).is_err());
        assert!(made(serde_json::json!({"country": "U&S"})).is_err());
    }
}
