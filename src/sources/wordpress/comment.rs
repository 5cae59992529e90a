//! One page of comments as the REST interface gives them.

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::Value;

use super::super::cursor::believable;
use super::super::hackernews::short;
use super::super::http::Answer;
use super::super::quotes::Words;
use super::super::{PollError, html};
use super::PLATFORM;
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::time::Millis;

/// A page of comments.
#[derive(Debug, Default)]
pub(super) struct Comments {
    list: Vec<Comment>,
    /// Entries in the answer, readable or not.
    pub count: usize,
    /// `X-WP-TotalPages`.
    pub pages: Option<u32>,
    /// `X-WP-Total`.
    pub total: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    parent: u64,
    #[serde(default)]
    author: u64,
    #[serde(default)]
    author_name: String,
    #[serde(default)]
    author_url: String,
    #[serde(default)]
    date_gmt: Option<String>,
    #[serde(default)]
    content: Content,
    #[serde(default)]
    link: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
struct Content {
    #[serde(default)]
    rendered: String,
}

/// What the interface says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    code: String,
}

pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

impl Comments {
    /// Reads an answer. A page past the end is an empty page, in both ways that servers say it.
    pub(super) fn of(answer: &Answer) -> Result<Self, PollError> {
        let host = answer.host();
        let code = serde_json::from_slice::<Refusal>(&answer.body).map(|r| r.code).unwrap_or_default();
        if answer.status == 400 && code == "rest_post_invalid_page_number" {
            return Ok(Self::default());
        }
        if answer.status == 200 && answer.is_html() {
            return Err(PollError::NotFound { host });
        }
        if let Some(error) = answer.error() {
            return Err(error);
        }
        let values: Vec<Value> = serde_json::from_slice(&answer.body)
            .map_err(|e| PollError::malformed(&host, format!("no list of comments as expected ({})", short(&e))))?;
        let list: Vec<Comment> = values.iter().filter_map(|v| Comment::deserialize(v).ok()).collect();
        if list.is_empty() && !values.is_empty() {
            return Err(PollError::malformed(&host, "none of its entries is a comment with an id"));
        }
        let number = |name: &str| answer.header(name).and_then(|v| v.trim().parse().ok());
        let pages = number("x-wp-totalpages").map(|n: u64| u32::try_from(n).unwrap_or(u32::MAX));
        Ok(Self { count: values.len(), list, pages, total: number("x-wp-total") })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.list.iter().map(|c| c.id)
    }

    pub(super) fn oldest(&self) -> Option<Millis> {
        self.list.iter().filter_map(Comment::at).min()
    }

    pub(super) fn newest(&self) -> Option<Millis> {
        self.list.iter().filter_map(Comment::at).max()
    }

    /// The comments that people wrote.
    pub(super) fn posts(&self, instance: &str, now: Millis) -> Vec<Post> {
        let by_people = self.list.iter().filter(|c| !matches!(c.kind.as_str(), "pingback" | "trackback"));
        by_people.filter_map(|c| c.to_post(instance, now)).collect()
    }
}

impl Comment {
    /// `date_gmt` has no zone designator and is UTC.
    fn at(&self) -> Option<Millis> {
        let text = self.date_gmt.as_deref()?.trim_end_matches('Z');
        let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Millis::from_untrusted(at.and_utc().timestamp_millis())
    }

    fn to_post(&self, instance: &str, now: Millis) -> Option<Post> {
        let key = PostKey::new(PLATFORM, instance, &self.id.to_string()).ok()?;
        let name = html::name(&self.author_name);
        let page = safe_link(&self.author_url);
        let native_id = match (self.author, &page, name.is_empty()) {
            (1.., ..) => format!("user {}", self.author),
            (0, Some(url), _) => url.clone(),
            (0, None, false) => name.to_lowercase(),
            // Nobody can tell whether two who gave no name are one.
            (0, None, true) => format!("anonymous {}", self.id),
        };
        let words = Words::of_html(&self.content.rendered);
        Some(Post {
            author: PostAuthor { native_id, name, url: page, ..PostAuthor::default() },
            created_at: believable(self.at(), now),
            edited_at: None,
            text: words.own,
            url: safe_link(&self.link),
            reply_to: (self.parent > 0).then(|| self.parent.to_string()),
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: words.quoted,
            key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(1_795_076_130_000);

    fn comment(value: Value) -> Comment {
        Comment::deserialize(value).expect("a comment")
    }

    #[test]
    fn a_comment_becomes_a_post() {
        let raw = serde_json::json!({
            "id": 8812, "post": 431, "parent": 7, "author": 0, "author_name": "Kim &amp; Co", "author_url": "https://kim.example", "date": "2026-11-19T09:15:30",
            "date_gmt": "2026-11-19T08:15:30", "content": {"rendered": "<p>Acme&#8217;s plugin <script>steal()</script>broke 😀</p>\n"},
            "link": "https://blog.example/post/#comment-8812", "status": "approved", "type": "comment",
        });
        let post = comment(raw).to_post("blog.example", NOW).expect("a post");
        assert_eq!(post.text, "Acme’s plugin broke 😀");
        assert_eq!((post.author.name.as_str(), post.author.native_id.as_str()), ("Kim & Co", "https://kim.example/"));
        assert_eq!((post.created_at, post.reply_to.as_deref()), (NOW, Some("7")));
        assert_eq!(post.key.native_id(), "8812");
    }

    #[test]
    fn strange_fields_do_not_lose_the_comment() {
        let post = comment(serde_json::json!({"id": 1, "date_gmt": "0000-00-00T00:00:00", "link": "javascript:x"}))
            .to_post("b", NOW)
            .expect("a post");
        assert_eq!((post.created_at, post.url, post.author.native_id.as_str()), (NOW, None, "anonymous 1"));
        let member = comment(serde_json::json!({"id": 1, "author": 3, "author_name": "Mo"})).to_post("b", NOW).expect("a post");
        assert_eq!(member.author.native_id, "user 3");
    }
}
