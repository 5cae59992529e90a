//! The shapes of Mastodon's API, read leniently: one strange status does not spoil its page.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::cursor::believable;
use super::super::hackernews::short;
use super::super::http::{Answer, host_of};
use super::super::quotes::Words;
use super::super::{PollError, html};
use super::PLATFORM;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, Quoted, safe_link};
use crate::domain::time::Millis;

/// Longest id that is believed to be one.
const MAX_ID: usize = 128;

/// One page of statuses.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub items: Vec<Status>,
    /// Time of the oldest.
    pub oldest: Option<Millis>,
    /// `min_id` of the `Link` header's `prev`.
    pub link_min: Option<String>,
    /// `max_id` of its `next`.
    pub link_max: Option<String>,
}

/// A status as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub id: String,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    edited_at: Option<String>,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    spoiler_text: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    in_reply_to_id: Option<String>,
    #[serde(default)]
    reblog: Option<Value>,
    #[serde(default)]
    quote: Option<Value>,
    #[serde(default)]
    replies_count: Option<i64>,
    #[serde(default)]
    reblogs_count: Option<i64>,
    #[serde(default)]
    favourites_count: Option<i64>,
    account: Account,
}

#[derive(Debug, Deserialize)]
struct Account {
    #[serde(default)]
    acct: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    followers_count: Option<i64>,
    #[serde(default)]
    bot: Option<bool>,
    /// Whether its owner wants to be left out of search engines.
    #[serde(default)]
    noindex: Option<bool>,
    /// What its owner says of himself.
    #[serde(default)]
    note: Option<String>,
}

/// The statuses of an answer; of a search they stand under `statuses`.
pub(super) fn statuses(answer: &Answer, search: bool) -> Result<Read, PollError> {
    let host = answer.host();
    let value: Value =
        serde_json::from_slice(&answer.body).map_err(|e| PollError::malformed(&host, format!("no JSON as expected ({})", short(&e))))?;
    let list = if search { value.get("statuses") } else { Some(&value) };
    let list = list.and_then(Value::as_array).ok_or_else(|| PollError::malformed(&host, "it is no list of statuses"))?;
    let items: Vec<Status> = list.iter().filter_map(status).collect();
    if items.is_empty() && !list.is_empty() {
        return Err(PollError::malformed(&host, "none of its statuses has an id and an account"));
    }
    let oldest = items.iter().filter_map(|s| s.created_at.as_deref().and_then(Millis::parse_rfc3339)).min();
    let link = answer.header("link").unwrap_or_default();
    Ok(Read { items, oldest, link_min: link_id(link, "prev", "min_id"), link_max: link_id(link, "next", "max_id") })
}

impl Read {
    /// The newest id among those written before a time.
    pub(super) fn newest_before(&self, before: Millis) -> Option<&str> {
        let old = |s: &&Status| s.created_at.as_deref().and_then(Millis::parse_rfc3339).is_some_and(|at| at < before);
        self.items.iter().filter(old).map(|s| s.id.as_str()).max_by(|a, b| super::walk::newer(a, b))
    }
}

pub(super) fn status(value: &Value) -> Option<Status> {
    let status = Status::deserialize(value).ok()?;
    let plain = !status.id.is_empty() && status.id.len() <= MAX_ID && status.id.bytes().all(|b| b.is_ascii_graphic());
    plain.then_some(status)
}

/// One id of a `Link` header. Only the query is used: the host in it is what the server believes to be called.
fn link_id(header: &str, rel: &str, name: &str) -> Option<String> {
    header.split(',').take(8).find_map(|part| {
        let (target, parameters) = part.split_once('>')?;
        let named = parameters.split(';').any(|p| p.trim().strip_prefix("rel=").is_some_and(|r| r.trim_matches('"') == rel));
        let url = Url::parse(target.trim().strip_prefix('<')?).ok().filter(|_| named)?;
        let id = url.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
        (!id.is_empty() && id.len() <= MAX_ID).then_some(id)
    })
}

impl Status {
    /// The post; `None` for boosts, for what is not public, and for authors who ask programs to stay away. `own` is the server that was asked.
    pub(super) fn to_post(&self, own: &str, now: Millis) -> Option<Post> {
        let boost = self.reblog.as_ref().is_some_and(|r| !r.is_null());
        if boost || self.visibility.as_deref().is_some_and(|v| v != "public") || self.account.asks_to_be_left_alone() {
            return None;
        }
        let key = self.key(own)?;
        let time = |text: &Option<String>| text.as_deref().and_then(Millis::parse_rfc3339);
        let words = self.words();
        let quoted = match (self.quoted_post(own, now), words.quoted) {
            (Some(post), Some(words)) => Some(Quoted { links: words.links, ..post }),
            (post, words) => post.or(words),
        };
        let count = |n: Option<i64>| n.unwrap_or(0).max(0);
        Some(Post {
            author: self.account.to_author(own, &key),
            created_at: believable(time(&self.created_at), now),
            edited_at: time(&self.edited_at).map(|at| believable(Some(at), now)),
            text: words.own,
            url: self.url.as_deref().and_then(safe_link).or_else(|| self.uri.as_deref().and_then(safe_link)),
            reply_to: self.in_reply_to_id.clone().filter(|id| !id.is_empty() && id.len() <= MAX_ID),
            lang: self.language.as_deref().and_then(language),
            engagement: Engagement {
                likes: count(self.favourites_count),
                reposts: count(self.reblogs_count),
                replies: count(self.replies_count),
            },
            originality: Originality::Own,
            quoted,
            key,
        })
    }

    fn words(&self) -> Words {
        let spoiler = html::to_text(self.spoiler_text.as_deref().unwrap_or_default());
        Words::of_html(self.content.as_deref().unwrap_or_default()).titled(&spoiler)
    }

    /// The post that it quotes: wrapped with its state from Mastodon 4.4 on, plain at servers that had it earlier. One that
    /// its author or the server withholds is `null`.
    fn quoted_post(&self, own: &str, now: Millis) -> Option<Quoted> {
        let quote = self.quote.as_ref()?;
        let wrapped = quote.get("quoted_status").unwrap_or(quote);
        let post = status(wrapped)?.without_quote().to_post(own, now)?;
        Some(Quoted { author: post.author, text: post.text, links: Vec::new() })
    }

    /// Quotes of quotes say nothing about the first post.
    fn without_quote(self) -> Self {
        Self { quote: None, ..self }
    }

    fn key(&self, own: &str) -> Option<PostKey> {
        let uri = self.uri.as_deref().and_then(|uri| Some((uri, Url::parse(uri).ok().filter(Url::has_host)?)));
        match uri {
            Some((uri, parsed)) => PostKey::new(PLATFORM, &host_of(&parsed), uri).ok(),
            None => PostKey::new(PLATFORM, own, &self.id).ok(),
        }
    }
}

impl Account {
    /// The two ways in which people of this network say it.
    fn asks_to_be_left_alone(&self) -> bool {
        let nobot = || self.note.as_deref().is_some_and(|note| html::to_text(note).to_lowercase().contains("#nobot"));
        self.noindex.unwrap_or(false) || nobot()
    }

    fn to_author(&self, own: &str, key: &PostKey) -> PostAuthor {
        let acct = html::name(&self.acct);
        let handle = match acct.contains('@') {
            _ if acct.is_empty() => String::new(),
            true => acct,
            false => format!("{acct}@{own}"),
        };
        PostAuthor {
            native_id: if handle.is_empty() { key.native_id().to_owned() } else { handle.to_lowercase() },
            handle,
            name: html::name(self.display_name.as_deref().unwrap_or_default()),
            url: self.url.as_deref().and_then(safe_link),
            followers: self.followers_count.filter(|n| *n >= 0),
            bot: self.bot.unwrap_or(false),
        }
    }
}

/// The two-letter code of a claimed language such as `en` or `pt-BR`.
fn language(claimed: &str) -> Option<String> {
    let code = claimed.split(['-', '_']).next()?.to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

#[cfg(test)]
impl Read {
    pub(super) fn of_ids(ids: &[&str]) -> Self {
        let of = |id: &&str| status(&serde_json::json!({"id": id, "account": {}})).expect("a status");
        Self { items: ids.iter().map(of).collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(1_795_076_130_000);

    fn sample() -> Value {
        serde_json::json!({
            "id": "01JCXAZ", "uri": "https://ruby.example/users/mo/statuses/1155", "url": "https://ruby.example/@mo/1155",
            "created_at": "2026-11-19T07:15:30.000Z", "edited_at": "2026-11-19T07:20:00.000Z", "visibility": "public", "language": "pt-BR",
            "spoiler_text": "outage", "in_reply_to_id": null, "reblog": null, "favourites_count": 4, "reblogs_count": 2, "replies_count": 1,
            "content": "<p><span class=\"h-card\"><a href=\"https://x.example/@acme\">@<span>acme</span></a></span> R&D says <a href=\"x\" rel=\"tag\">#<span>AcmeCloud</span></a> is fine</p>",
            "account": {"acct": "Mo", "display_name": "Mo 🦀", "url": "https://ruby.example/@mo", "followers_count": 210, "bot": true},
        })
    }

    #[test]
    fn a_status_becomes_a_post_of_its_home_server() {
        let post = status(&sample()).expect("a status").to_post("pearl.example:8443", NOW).expect("a post");
        assert_eq!((post.key.instance(), post.key.native_id()), ("ruby.example", "https://ruby.example/users/mo/statuses/1155"));
        assert_eq!(post.text, "outage\n\n@acme R&D says #AcmeCloud is fine");
        assert_eq!((post.author.handle.as_str(), post.author.native_id.as_str()), ("Mo@pearl.example:8443", "mo@pearl.example:8443"));
        assert!(post.author.bot);
        assert_eq!((post.lang.as_deref(), post.engagement.likes), (Some("pt"), 4));
        assert_eq!(post.edited_at.map(Millis::to_rfc3339).as_deref(), Some("2026-11-19T07:20:00.000Z"));
    }

    #[test]
    fn boosts_and_what_is_not_public_are_skipped() {
        for (key, value) in [("reblog", sample()), ("visibility", "unlisted".into()), ("visibility", "private".into())] {
            let mut changed = sample();
            changed[key] = value;
            assert!(status(&changed).expect("a status").to_post("h", NOW).is_none());
        }
    }

    #[test]
    fn who_asks_programs_to_stay_away_is_left_alone() {
        let by = |account: serde_json::Value| {
            let one = status(&serde_json::json!({"id": "5", "content": "x", "account": account})).expect("a status");
            one.to_post("h.example", NOW).is_some()
        };
        assert!(by(serde_json::json!({"acct": "mo", "noindex": false, "note": "<p>no bots here</p>"})));
        assert!(!by(serde_json::json!({"acct": "mo", "noindex": true})));
        assert!(!by(serde_json::json!({"acct": "mo", "note": "<p>hi <a href=\"x\">#<span>NoBot</span></a></p>"})));
    }

    #[test]
    fn a_quoted_status_is_no_word_of_the_one_that_quotes_it() {
        let inner = serde_json::json!({"id": "4", "content": "<p>we are <b>sorry</b></p>", "account": {"acct": "acme"}, "quote": {"quoted_status": null}});
        for quote in [serde_json::json!({"state": "accepted", "quoted_status": inner}), inner.clone()] {
            let outer = serde_json::json!({"id": "5", "content": "<p>sure</p>", "account": {"acct": "mo"}, "quote": quote});
            let post = status(&outer).expect("a status").to_post("h.example", NOW).expect("a post");
            let quoted = post.quoted.expect("a quote");
            assert_eq!(
                (post.text.as_str(), quoted.text.as_str(), quoted.author.handle.as_str()),
                ("sure", "we are sorry", "acme@h.example")
            );
        }
        for withheld in [serde_json::json!({"state": "revoked", "quoted_status": null}), serde_json::json!("x"), serde_json::Value::Null] {
            let outer = serde_json::json!({"id": "5", "content": "sure", "account": {"acct": "mo"}, "quote": withheld});
            assert_eq!(status(&outer).expect("a status").to_post("h.example", NOW).expect("a post").quoted, None, "{withheld}");
        }
    }

    #[test]
    fn strange_statuses_are_no_statuses_or_get_what_can_be_known() {
        for strange in [
            serde_json::json!(1),
            serde_json::json!({"id": 5, "account": {}}),
            serde_json::json!({"id": "", "account": {}}),
            serde_json::json!({"id": "5"}),
        ] {
            assert!(status(&strange).is_none(), "{strange}");
        }
        let bare = status(&serde_json::json!({"id": "5", "account": {}, "url": "javascript:x", "created_at": "soon"})).expect("a status");
        let post = bare.to_post("h.example", NOW).expect("a post");
        assert_eq!((post.key.native_id(), post.created_at, post.url.as_deref()), ("5", NOW, None));
        assert_eq!(post.author.native_id, "5");
    }

    #[test]
    fn the_query_of_a_link_is_taken_and_its_host_is_not() {
        let header =
            "<http://wrong.example/api/v1/timelines/tag/a?max_id=12>; rel=\"next\", <http://wrong.example/x?min_id=34>; rel=\"prev\"";
        assert_eq!(link_id(header, "next", "max_id").as_deref(), Some("12"));
        assert_eq!(link_id(header, "prev", "min_id").as_deref(), Some("34"));
        assert_eq!(link_id("rubbish, <>;;", "next", "max_id"), None);
    }
}
