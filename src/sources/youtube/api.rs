//! Videos and comments as posts, read leniently.

use serde_json::Value;

use super::super::cursor::believable;
use super::super::html;
use super::super::lenient::{at, count, id, text, time};
use super::PLATFORM;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::text::plain;
use crate::domain::time::Millis;

/// What the id of a video's post begins with: ids of videos and comments are counted apart.
pub(super) const VIDEO: &str = "video:";

/// Its id, its post, and its channel; from a search or from a list of videos.
pub(super) fn video(item: &Value, now: Millis) -> Option<(String, Post, String)> {
    let own = id(item, &["id", "videoId"]).or_else(|| id(item, &["id"]))?;
    let named = own.len() <= 20 && own.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let key = PostKey::new(PLATFORM, "", &format!("{VIDEO}{own}")).ok().filter(|_| named)?;
    let snippet = at(item, &["snippet"])?;
    let channel = id(snippet, &["channelId"])?;
    let post = Post {
        author: PostAuthor {
            native_id: channel.clone(),
            name: html::name(text(snippet, &["channelTitle"])),
            url: safe_link(&format!("https://www.youtube.com/channel/{channel}")),
            ..PostAuthor::default()
        },
        created_at: believable(time(text(snippet, &["publishedAt"])), now),
        edited_at: None,
        // A search escapes titles, a list does not; a title with markup in it loses it either way.
        text: html::join(&html::to_text(text(snippet, &["title"])), &html::to_text(text(snippet, &["description"]))),
        url: safe_link(&format!("https://www.youtube.com/watch?v={own}")),
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
        key,
    };
    Some((own, post, channel))
}

/// A comment or a reply. `video` is where it stands, when the answer does not say.
pub(super) fn comment(item: &Value, video: Option<&str>, now: Millis) -> Option<Post> {
    let own = id(item, &["id"])?;
    let key = PostKey::new(PLATFORM, "", &own).ok()?;
    let snippet = at(item, &["snippet"])?;
    let words = plain(text(snippet, &["textDisplay"]));
    if words.is_empty() {
        return None;
    }
    let handle = html::name(text(snippet, &["authorDisplayName"])).trim_start_matches('@').to_owned();
    let (written, changed) = (time(text(snippet, &["publishedAt"])), time(text(snippet, &["updatedAt"])));
    let edited = changed.filter(|at| written.is_some_and(|written| *at > written));
    let place = id(snippet, &["videoId"]).or_else(|| video.map(str::to_owned));
    // A reply's id is that of its thread and its own; the parent is not always told again.
    let parent = id(snippet, &["parentId"]).or_else(|| own.split_once('.').map(|(thread, _)| thread.to_owned()));
    Some(Post {
        author: PostAuthor {
            native_id: id(snippet, &["authorChannelId", "value"]).unwrap_or_else(|| format!("of-{own}")),
            url: safe_link(&text(snippet, &["authorChannelUrl"]).replacen("http://", "https://", 1)),
            handle,
            ..PostAuthor::default()
        },
        created_at: believable(written, now),
        edited_at: edited.map(|at| believable(Some(at), now)),
        text: words,
        url: match place {
            Some(video) => safe_link(&format!("https://www.youtube.com/watch?v={video}&lc={own}")),
            None => safe_link(&format!("https://www.youtube.com/comment/{own}")),
        },
        reply_to: parent,
        lang: None,
        engagement: Engagement { likes: count(snippet, &["likeCount"]), ..Engagement::default() },
        originality: Originality::Own,
        quoted: None,
        key,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis::new(1_795_076_730_000);

    #[test]
    fn a_comment_and_its_reply_are_read() {
        let item = json!({"id": "UgxA.9b", "snippet": {
            "textDisplay": "Acme is <slow> & late", "authorDisplayName": "@kim", "authorChannelUrl": "http://www.youtube.com/@kim",
            "authorChannelId": {"value": "UC9"}, "likeCount": 3, "publishedAt": "2026-11-19T08:15:30Z", "updatedAt": "2026-11-19T08:20:00Z",
        }});
        let post = comment(&item, Some("abc"), NOW).expect("a comment");
        assert_eq!(
            (post.text.as_str(), post.author.handle.as_str(), post.reply_to.as_deref()),
            ("Acme is <slow> & late", "kim", Some("UgxA"))
        );
        assert_eq!(post.url.as_deref(), Some("https://www.youtube.com/watch?v=abc&lc=UgxA.9b"));
        assert_eq!(post.edited_at.map(|at| at.since(post.created_at)), Some(270_000));
    }

    #[test]
    fn strange_items_are_nothing_or_give_what_can_be_known() {
        for strange in
            [json!({}), json!(4), json!({"id": "x"}), json!({"id": "x", "snippet": {}}), json!({"snippet": {"textDisplay": "x"}})]
        {
            assert!(comment(&strange, None, NOW).is_none(), "{strange}");
            assert!(video(&strange, NOW).is_none(), "{strange}");
        }
        let bare = comment(&json!({"id": "x", "snippet": {"textDisplay": "y", "authorChannelUrl": "javascript:1"}}), None, NOW)
            .expect("a comment");
        assert_eq!((bare.created_at, bare.author.url, bare.author.native_id.as_str()), (NOW, None, "of-x"));
        assert!(video(&json!({"id": {"videoId": "../../x"}, "snippet": {"channelId": "UC1"}}), NOW).is_none());
    }
}
