//! The shapes of X's answers in both namings, read leniently: one strange post does not spoil its page.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;

use super::super::PollError;
use super::super::cursor::believable;
use super::super::html;
use super::super::http::Answer;
use super::super::lenient::{self, at, count, id, list, text, word};
use super::PLATFORM;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, Quoted, safe_link};
use crate::domain::text::plain;
use crate::domain::time::{DAY_MS, Millis};

/// Snowflakes count milliseconds from here.
const EPOCH_MS: i64 = 1_288_834_974_657;

/// One page of posts.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub posts: Vec<Post>,
    /// Ids of all that was delivered: what is paid for.
    pub ids: Vec<String>,
    /// Ids of posts that came along because others refer to them: paid for too.
    pub referred: Vec<String>,
    /// The newest id, as the server says.
    pub newest: Option<String>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Asked ids that are deleted, protected or suspended, and those that are withheld from everybody.
    pub gone: Vec<String>,
    /// Last ids of posts that were edited after the asked one.
    pub newer: Vec<String>,
}

/// What a refused request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The other naming.
    Naming,
    /// Another place to go on.
    Since,
    /// What the error says.
    Other,
}

/// Ids are numbers in text: longer is newer, then the alphabet decides.
pub(super) fn newer(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Reads a page. Problems within it (`errors`) name the ids that cannot be had.
pub(super) fn read(answer: &Answer, now: Millis) -> Result<Read, PollError> {
    let body = lenient::json(answer)?;
    let (data, meta, errors) = (list(&body, "data"), at(&body, &["meta"]), list(&body, "errors"));
    if data.is_empty() && meta.is_none() && errors.is_empty() {
        return Err(PollError::malformed(&answer.host(), "it holds neither `data` nor `meta`"));
    }
    let along = Along::of(&body);
    let mut read = Read { newest: id(&body, &["meta", "newest_id"]), next: id(&body, &["meta", "next_token"]), ..Read::default() };
    read.referred = along.posts.keys().map(|id| (*id).to_owned()).collect();
    for tweet in data {
        let Some(own) = id(tweet, &["id"]) else { continue };
        let history = history(tweet);
        if let Some(last) = history.last().filter(|last| newer(last, &own).is_gt()) {
            read.newer.push(last.clone());
        }
        if withheld(tweet) {
            read.gone.push(own.clone());
        } else {
            read.posts.extend(post(tweet, (&own, &history), &along, now));
        }
        read.ids.push(own);
    }
    if read.posts.is_empty() && read.gone.is_empty() && !data.is_empty() {
        return Err(PollError::malformed(&answer.host(), "none of its posts has an id and a text"));
    }
    latest_of_each(&mut read.posts);
    let lost = |kind: &str| kind.ends_with("/resource-not-found") || kind.ends_with("/not-authorized-for-resource");
    let lost = errors.iter().filter(|e| lost(text(e, &["type"])));
    read.gone.extend(lost.filter_map(|e| id(e, &["resource_id"]).or_else(|| id(e, &["value"]))));
    Ok(read)
}

/// What an answer brings along with its posts, by id.
#[derive(Debug, Default)]
struct Along<'a> {
    users: HashMap<&'a str, &'a Value>,
    posts: HashMap<&'a str, &'a Value>,
}

impl<'a> Along<'a> {
    fn of(body: &'a Value) -> Self {
        let by_id = |name: &str| {
            let list = at(body, &["includes"]).map_or(&[][..], |includes| list(includes, name));
            list.iter().map(|one| (text(one, &["id"]), one)).filter(|(id, _)| !id.is_empty())
        };
        Self { users: by_id("users").collect(), posts: by_id("tweets").chain(by_id("posts")).collect() }
    }

    /// The post with this id, as far as it matters for one that quotes it.
    fn quoted(&self, id: &str) -> Option<Quoted> {
        let tweet = self.posts.get(id)?;
        Some(Quoted { author: author(tweet, &self.users, id), text: words(tweet)?, links: Vec::new() })
    }
}

/// Whether a post is withheld from everybody: for its copyright, or in all countries. In some countries only, it is public still.
fn withheld(tweet: &Value) -> bool {
    let everywhere = |code: &Value| matches!(code.as_str(), Some("XX" | "XY"));
    at(tweet, &["withheld"])
        .is_some_and(|how| how.get("copyright").and_then(Value::as_bool) == Some(true) || list(how, "country_codes").iter().any(everywhere))
}

/// The ids of a post's versions, oldest first.
fn history(tweet: &Value) -> Vec<String> {
    let names = ["edit_history_tweet_ids", "edit_history_post_ids"];
    let ids = names.iter().map(|name| list(tweet, name)).find(|ids| !ids.is_empty()).unwrap_or_default();
    let mut ids: Vec<String> = ids.iter().filter_map(|v| id(v, &[])).collect();
    ids.sort_by(|a, b| newer(a, b));
    ids
}

/// Several versions of one post in a page: the last one counts, whatever their order.
fn latest_of_each(posts: &mut Vec<Post>) {
    posts.sort_by_key(|post| post.edited_at.unwrap_or(post.created_at));
    let mut seen = std::collections::HashSet::new();
    let mut keep: Vec<Post> = posts.drain(..).rev().filter(|post| seen.insert(post.key.clone())).collect();
    keep.reverse();
    *posts = keep;
}

fn post(tweet: &Value, (own, history): (&str, &[String]), along: &Along<'_>, now: Millis) -> Option<Post> {
    let first = history.first().map_or(own, String::as_str);
    let key = PostKey::new(PLATFORM, "", first).ok()?;
    let words = words(tweet)?;
    let written = lenient::time(text(tweet, &["created_at"]));
    let edited = first != own;
    let author = author(tweet, &along.users, own);
    let page = if author.handle.is_empty() { "i/web".to_owned() } else { author.handle.clone() };
    let reference = |kind: &str| {
        let lists = ["referenced_tweets", "referenced_posts"].map(|name| list(tweet, name));
        lists.into_iter().flatten().find(|r| text(r, &["type"]) == kind).and_then(|r| id(r, &["id"]))
    };
    let repost = reference("retweeted").or_else(|| reference("reposted"));
    Some(Post {
        created_at: believable(if edited { born(first).or(written) } else { written.or_else(|| born(first)) }, now),
        edited_at: written.filter(|_| edited).map(|at| believable(Some(at), now)),
        text: words,
        url: safe_link(&format!("https://x.com/{page}/status/{own}")),
        reply_to: reference("replied_to"),
        lang: lenient::language(text(tweet, &["lang"])),
        engagement: Engagement {
            likes: count(tweet, &["public_metrics", "like_count"]),
            reposts: count(tweet, &["public_metrics", "retweet_count"]).max(count(tweet, &["public_metrics", "repost_count"])),
            replies: count(tweet, &["public_metrics", "reply_count"]),
        },
        originality: if repost.is_some() { Originality::Repost } else { Originality::Own },
        quoted: reference("quoted").and_then(|id| along.quoted(&id)),
        author,
        key,
    })
}

/// When a snowflake was made.
fn born(id: &str) -> Option<Millis> {
    let number: u64 = id.parse().ok()?;
    let ms = i64::try_from(number >> 22).ok().filter(|ms| *ms > 0)?;
    Millis::from_untrusted(ms.saturating_add(EPOCH_MS))
}

/// The whole text with its links unfolded: `text` of a long post is cut.
fn words(tweet: &Value) -> Option<String> {
    let long = ["note_tweet", "note_post"].into_iter().map(|name| text(tweet, &[name, "text"])).find(|t| !t.is_empty());
    let raw = long.or_else(|| at(tweet, &["text"]).and_then(Value::as_str))?;
    let mut words = raw.to_owned();
    let entities = at(tweet, &["entities"]).into_iter().chain(at(tweet, &["note_tweet", "entities"]));
    for link in entities.flat_map(|e| list(e, "urls")).take(100) {
        let (short, long) = (text(link, &["url"]), text(link, &["expanded_url"]));
        if short.starts_with("https://t.co/") && safe_link(long).is_some() {
            words = words.replace(short, long);
        }
    }
    // Three entities and no markup: the text of a post may hold anything else that looks like HTML.
    let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    Some(plain(&words))
}

fn author(tweet: &Value, users: &HashMap<&str, &Value>, own: &str) -> PostAuthor {
    let author = id(tweet, &["author_id"]);
    let user = author.as_deref().and_then(|id| users.get(id)).copied();
    let handle = user.map(|u| html::name(text(u, &["username"]))).unwrap_or_default();
    PostAuthor {
        native_id: author.unwrap_or_else(|| format!("post-{own}")),
        name: user.map(|u| html::name(text(u, &["name"]))).unwrap_or_default(),
        url: Some(&handle).filter(|h| !h.is_empty()).and_then(|h| safe_link(&format!("https://x.com/{h}"))),
        followers: user.and_then(|u| lenient::number(u, &["public_metrics", "followers_count"])).filter(|n| *n >= 0),
        handle,
        bot: false,
    }
}

/// What a refused answer needs, and its error when that does not help.
pub(super) fn refusal(answer: &Answer, now: Millis) -> Option<(Refusal, PollError)> {
    let plain = answer.error()?;
    let body = lenient::json(answer).unwrap_or_default();
    let host = answer.host();
    let problems: Vec<&Value> = std::iter::once(&body).chain(list(&body, "errors")).take(20).collect();
    let kind = |name: &str| problems.iter().any(|p| text(p, &["type"]).rsplit('/').next() == Some(name));
    let refused = |what: String| Some((Refusal::Other, PollError::Unauthorised { host: host.clone(), what }));
    let title = word(text(&body, &["title"]));
    match answer.status {
        400 if names(&problems, &["tweet.fields", "post.fields", "expansions"]) => Some((Refusal::Naming, plain)),
        400 if names(&problems, &["since_id", "start_time"]) => Some((Refusal::Since, plain)),
        401 => refused("the token is not valid any more (401)".to_owned()),
        402 => refused(format!("the prepaid credits are used up (402 {title}); buy more, then start this source again")),
        403 if title.to_ascii_lowercase().contains("credit") => refused(format!("the prepaid credits are used up ({title})")),
        403 => refused(format!("the plan or the declared use of this app does not allow this ({title})")),
        // A month's allowance: asked again daily, which costs nothing while it is refused.
        429 if kind("usage-capped") => Some((Refusal::Other, PollError::RateLimited { host, until: now.plus(DAY_MS) })),
        _ => Some((Refusal::Other, plain)),
    }
}

/// Whether a problem names one of these parameters.
fn names(problems: &[&Value], parameters: &[&str]) -> bool {
    problems.iter().any(|problem| {
        let keys = at(problem, &["parameters"]).and_then(Value::as_object).into_iter().flat_map(|map| map.keys().map(String::as_str));
        let mut said = keys.chain([text(problem, &["parameter"]), text(problem, &["detail"]), text(problem, &["message"])]);
        said.any(|said| parameters.iter().any(|p| said.contains(p)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis::new(1_795_076_730_000);

    fn read_post(tweet: &Value, user: &Value) -> Option<Post> {
        let along = Along { users: HashMap::from([(text(user, &["id"]), user)]), ..Along::default() };
        let own = id(tweet, &["id"])?;
        post(tweet, (&own, &history(tweet)), &along, NOW)
    }

    #[test]
    fn a_post_is_read_in_both_namings() {
        let user = json!({"id": "77", "username": "dana_ops", "name": "Dana &amp; R.", "public_metrics": {"followers_count": 412}});
        let old = json!({
            "id": "1991068812345678901", "text": "Login is down &amp; I am <b>not</b> amused https://t.co/abc", "author_id": "77", "lang": "en",
            "created_at": "2026-11-19T08:15:30.000Z", "edit_history_tweet_ids": ["1991068812345678901"],
            "public_metrics": {"retweet_count": 3, "reply_count": 5, "like_count": 12},
            "referenced_tweets": [{"type": "replied_to", "id": "1991060000000000000"}],
            "entities": {"urls": [{"url": "https://t.co/abc", "expanded_url": "https://status.example/"}]},
        });
        let new = json!({
            "id": "1991068812345678901", "text": "Login is", "author_id": "77", "lang": "en", "created_at": "2026-11-19T08:15:30.000Z",
            "edit_history_post_ids": ["1991068812345678901"], "public_metrics": {"repost_count": 3, "reply_count": 5, "like_count": 12},
            "referenced_posts": [{"type": "replied_to", "id": "1991060000000000000"}],
            "note_post": {"text": "Login is down &amp; I am <b>not</b> amused https://status.example/"},
        });
        let post = read_post(&old, &user).expect("a post");
        assert_eq!(Some(&post), read_post(&new, &user).as_ref());
        assert_eq!(post.text, "Login is down & I am <b>not</b> amused https://status.example/");
        assert_eq!((post.author.handle.as_str(), post.author.name.as_str(), post.author.followers), ("dana_ops", "Dana & R.", Some(412)));
        assert_eq!(post.url.as_deref(), Some("https://x.com/dana_ops/status/1991068812345678901"));
        assert_eq!((post.engagement.reposts, post.reply_to.as_deref(), post.edited_at), (3, Some("1991060000000000000"), None));
    }

    #[test]
    fn an_edited_post_keeps_its_first_id_and_time_with_its_last_words() {
        let first = (u64::try_from(NOW.plus(-600_000).get() - EPOCH_MS).expect("later") << 22).to_string();
        let last = (u64::try_from(NOW.plus(-60_000).get() - EPOCH_MS).expect("later") << 22).to_string();
        let tweet = json!({"id": last, "text": "mended words", "created_at": NOW.plus(-60_000).to_rfc3339(), "edit_history_tweet_ids": [last, first]});
        let post = read_post(&tweet, &Value::Null).expect("a post");
        assert_eq!((post.key.native_id(), post.created_at, post.edited_at), (first.as_str(), NOW.plus(-600_000), Some(NOW.plus(-60_000))));
        assert_eq!(post.url.as_deref(), Some(format!("https://x.com/i/web/status/{last}").as_str()));
    }

    #[test]
    fn what_a_post_quotes_comes_with_its_author_in_both_namings() {
        for (references, along) in [("referenced_tweets", "tweets"), ("referenced_posts", "posts")] {
            let tweet = json!({"id": "9", "text": "sure", references: [{"type": "replied_to", "id": "7"}, {"type": "quoted", "id": "8"}]});
            let quoted = json!({"id": "8", "text": "Acme &amp; co are down", "author_id": "77"});
            let body = json!({"includes": {"users": [{"id": "77", "username": "acme"}], along: [{"id": "7", "text": "no"}, quoted]}});
            let along = Along::of(&body);
            let post = post(&tweet, ("9", &[]), &along, NOW).expect("a post");
            let quoted = post.quoted.expect("a quote");
            assert_eq!((post.text.as_str(), quoted.text.as_str(), quoted.author.handle.as_str()), ("sure", "Acme & co are down", "acme"));
            assert_eq!(along.posts.len(), 2, "both are paid for");
        }
        let lost = json!({"id": "9", "text": "sure", "referenced_tweets": [{"type": "quoted", "id": "8"}]});
        assert_eq!(read_post(&lost, &Value::Null).expect("a post").quoted, None);
    }

    #[test]
    fn what_is_withheld_from_everybody_is_no_post() {
        for (how, gone) in [
            (json!({"copyright": true}), true),
            (json!({"country_codes": ["XX"]}), true),
            (json!({"copyright": false, "country_codes": ["DE"], "scope": "tweet"}), false),
            (json!("yes"), false),
        ] {
            assert_eq!(withheld(&json!({"id": "5", "withheld": how})), gone, "{how}");
        }
    }

    #[test]
    fn strange_posts_are_no_posts_or_give_what_can_be_known() {
        for strange in
            [json!(1), json!({"id": "5"}), json!({"id": "", "text": "x"}), json!({"id": "a b", "text": "x"}), json!({"text": "x"})]
        {
            assert_eq!(read_post(&strange, &Value::Null), None, "{strange}");
        }
        let bare = json!({"id": "5", "text": "x", "created_at": "soon", "public_metrics": {"like_count": -4}, "entities": {"urls": 7}});
        let post = read_post(&bare, &Value::Null).expect("a post");
        assert_eq!((post.created_at, post.engagement.likes, post.author.native_id.as_str()), (NOW, 0, "post-5"));
    }
}
