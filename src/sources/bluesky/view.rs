//! The shapes of Bluesky's records and views, and what is asked of its public interface.

use serde_json::Value;

use super::super::adapter::join;
use super::super::cursor::believable;
use super::super::http::Ask;
use super::super::{Http, PollError, html, value};
use super::{Bluesky, COLLECTION, INSTANCE, PLATFORM};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, Quoted, safe_link};
use crate::domain::time::Millis;

/// Accounts that one request names at most.
const PROFILES: usize = 25;

/// Account and name of a post: `at://did/app.bsky.feed.post/rkey`.
pub(super) fn key(did: &str, rkey: &str) -> Option<PostKey> {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.len() <= 512 && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    let fit = did.starts_with("did:") && plain(did, b":._-%") && plain(rkey, b"._:~-");
    fit.then(|| PostKey::new(PLATFORM, INSTANCE, &format!("at://{did}/{COLLECTION}/{rkey}")).ok()).flatten()
}

/// Account and name in an address of a post.
pub(super) fn parts(uri: &str) -> Option<(&str, &str)> {
    let (did, rest) = uri.strip_prefix("at://")?.split_once('/')?;
    Some((did, rest.strip_prefix(COLLECTION)?.strip_prefix('/')?))
}

/// A post from its record. `seen` is when the network saw it: the record's own time is its author's to choose.
pub(super) fn post((did, rkey): (&str, &str), record: &Value, seen: Option<Millis>, now: Millis) -> Option<Post> {
    let key = key(did, rkey)?;
    let written = value::time(record, "/createdAt");
    let created = [written, seen].into_iter().flatten().min();
    Some(Post {
        author: PostAuthor { native_id: did.to_owned(), url: Some(format!("https://bsky.app/profile/{did}")), ..PostAuthor::default() },
        created_at: believable(created, now),
        edited_at: None,
        text: html::tidy(value::text(record, "/text")),
        url: Some(format!("https://bsky.app/profile/{did}/post/{rkey}")),
        reply_to: value::id(record, "/reply/parent/uri"),
        lang: value::language(value::text(record, "/langs/0")),
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: beside(record),
        key,
    })
}

/// A post as the interface shows it, with its author's name and the reactions.
pub(super) fn view(view: &Value, now: Millis) -> Option<Post> {
    let place = parts(value::text(view, "/uri"))?;
    let post = post(place, view.get("record")?, value::time(view, "/indexedAt"), now)?;
    let author = named(post.author, view.get("author")?);
    let count = |name: &str| value::count(view, name);
    let engagement = Engagement {
        likes: count("/likeCount"),
        reposts: count("/repostCount").saturating_add(count("/quoteCount")),
        replies: count("/replyCount"),
    };
    let quoted = match (view.get("embed").and_then(quoted), post.quoted) {
        (Some(quote), Some(record)) => Some(Quoted { links: record.links, ..quote }),
        (quote, record) => quote.or(record),
    };
    Some(Post { author, engagement, quoted, ..post })
}

/// What a view's embed quotes. With pictures or a video, the quote lies one level deeper.
fn quoted(embed: &Value) -> Option<Quoted> {
    let record = embed.pointer("/record/record").or_else(|| embed.get("record"))?;
    let author = PostAuthor { native_id: value::text(record, "/author/did").to_owned(), ..PostAuthor::default() };
    let text = html::tidy(value::text(record.get("value")?, "/text"));
    Some(Quoted { author: named(author, record.get("author")?), text, links: Vec::new() })
}

/// Whom a record quotes and where it links to: the stream has the address of a quoted post, and not its words. The text of a
/// link is shortened; its address stands beside it, or in the card below.
fn beside(record: &Value) -> Option<Quoted> {
    let uris = ["/embed/record/uri", "/embed/record/record/uri"].map(|pointer| value::text(record, pointer));
    let did = uris.into_iter().find_map(parts).map(|(did, _)| did.to_owned());
    let list = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let features = list(record, "/facets").into_iter().flat_map(|facet| list(&facet, "/features"));
    let linked = features.map(|feature| value::text(&feature, "/uri").to_owned()).take(20);
    let cards = ["/embed/external/uri", "/embed/media/external/uri"].map(|pointer| value::text(record, pointer).to_owned());
    let links: Vec<String> = linked.chain(cards).filter(|link| safe_link(link).is_some()).collect();
    let author = PostAuthor { native_id: did.clone().unwrap_or_default(), ..PostAuthor::default() };
    (did.is_some() || !links.is_empty()).then(|| Quoted { author, text: String::new(), links })
}

fn named(author: PostAuthor, profile: &Value) -> PostAuthor {
    PostAuthor {
        handle: html::name(value::text(profile, "/handle")),
        name: html::tidy(value::text(profile, "/displayName")),
        followers: profile.pointer("/followersCount").and_then(Value::as_i64),
        ..author
    }
}

impl Bluesky {
    /// The stream knows accounts by number only; their names are asked for.
    pub(super) async fn add_names(&self, http: &Http, posts: &mut [Post]) -> Result<(), PollError> {
        let mut dids: Vec<String> = posts.iter().filter(|p| p.author.handle.is_empty()).map(|p| p.author.native_id.clone()).collect();
        dids.sort();
        dids.dedup();
        for some in dids.chunks(PROFILES) {
            let query: Vec<(&str, &str)> = some.iter().map(|did| ("actors", did.as_str())).collect();
            let url = join(&self.public, "/xrpc/app.bsky.actor.getProfiles", &query);
            let answer = http.get(&Ask::json(url, &self.public)).await?.ok()?;
            let whole = value::parse(&answer)?;
            for profile in value::list(&whole, "/profiles", &answer)? {
                let did = value::text(profile, "/did");
                for post in posts.iter_mut().filter(|p| p.author.native_id == did) {
                    post.author = named(std::mem::take(&mut post.author), profile);
                }
            }
        }
        Ok(())
    }

    /// Posts by their addresses.
    pub(super) async fn posts_by_uri(&self, http: &Http, keys: &[&PostKey], now: Millis) -> Result<Vec<Post>, PollError> {
        let query: Vec<(&str, &str)> = keys.iter().map(|key| ("uris", key.native_id())).collect();
        let url = join(&self.public, "/xrpc/app.bsky.feed.getPosts", &query);
        let answer = http.get(&Ask::json(url, &self.public)).await?.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/posts", &answer)?;
        Ok(list.iter().filter_map(|one| view(one, now)).filter(|post| keys.contains(&&post.key)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::tests::NOW;

    #[test]
    fn a_view_becomes_a_post() {
        let one = json!({
            "uri": "at://did:plc:abc/app.bsky.feed.post/3m5z", "author": {"did": "did:plc:abc", "handle": "kim.example", "displayName": "Kim 🦋"},
            "record": {"text": "is Acme Cloud\ndown?", "createdAt": "2026-11-19T09:15:30.000Z", "langs": ["en-GB"], "reply": {"parent": {"uri": "at://did:plc:x/app.bsky.feed.post/1"}}},
            "indexedAt": "2026-11-19T08:15:30.000Z", "likeCount": 2, "repostCount": 1, "quoteCount": 1, "replyCount": 3,
        });
        let post = view(&one, NOW).expect("a post");
        assert_eq!((post.created_at, post.lang.as_deref(), post.author.handle.as_str()), (NOW, Some("en"), "kim.example"));
        assert_eq!((post.engagement.likes, post.engagement.reposts, post.engagement.replies), (2, 2, 3));
        assert_eq!(post.url.as_deref(), Some("https://bsky.app/profile/did:plc:abc/post/3m5z"));
        assert_eq!(post.reply_to.as_deref(), Some("at://did:plc:x/app.bsky.feed.post/1"));
    }

    #[test]
    fn a_quote_has_its_words_in_a_view_and_its_account_in_the_stream() {
        let quoted = json!({"uri": "at://did:plc:q/app.bsky.feed.post/1", "author": {"did": "did:plc:q", "handle": "acme.example"}, "value": {"text": "we are sorry"}});
        let record = json!({"text": "sure", "embed": {"record": {"uri": "at://did:plc:q/app.bsky.feed.post/1", "cid": "x"}}});
        for embed in [json!({"record": quoted}), json!({"record": {"record": quoted}, "media": {}})] {
            let one =
                json!({"uri": "at://did:plc:a/app.bsky.feed.post/2", "author": {"did": "did:plc:a"}, "record": record, "embed": embed});
            let post = view(&one, NOW).expect("a post");
            let quoted = post.quoted.expect("a quote");
            assert_eq!((post.text.as_str(), quoted.text.as_str(), quoted.author.handle.as_str()), ("sure", "we are sorry", "acme.example"));
        }
        let with_pictures = json!({"text": "sure", "embed": {"record": record["embed"], "media": {}}});
        for record in [record, with_pictures] {
            let quoted = post(("did:plc:a", "2"), &record, None, NOW).expect("a post").quoted.expect("a quote");
            assert_eq!((quoted.text.as_str(), quoted.author.native_id.as_str()), ("", "did:plc:q"));
        }
        let facet = json!({"features": [{"uri": "https://acme.example/x"}, {"tag": "acme"}, {"uri": "javascript:1"}]});
        let linking = json!({"text": "acme.exa…", "facets": [facet, 7], "embed": {"external": {"uri": "https://card.example/"}}});
        let links = post(("did:plc:a", "2"), &linking, None, NOW).expect("a post").quoted.expect("links").links;
        assert_eq!(links, ["https://acme.example/x", "https://card.example/"]);
        let hidden = json!({"uri": "at://did:plc:a/app.bsky.feed.post/2", "author": {}, "record": {"text": "x"}, "embed": {"record": {"notFound": true}}});
        assert_eq!(view(&hidden, NOW).expect("a post").quoted, None);
    }

    #[test]
    fn only_addresses_of_posts_are_keys() {
        for uri in
            ["at://did:plc:abc/app.bsky.feed.like/1", "https://x.example", "at://did:plc:abc", "at://kim.example/app.bsky.feed.post/"]
        {
            assert!(parts(uri).and_then(|(did, rkey)| key(did, rkey)).is_none(), "{uri}");
        }
        assert!(key("did:plc:a/../b", "1").is_none() && key("did:web:x.example", "3m~5").is_some());
    }
}
