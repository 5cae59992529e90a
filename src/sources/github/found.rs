//! The shapes of GitHub's answers, and the names of its posts.
//!
//! | post | `native_id` |
//! |---|---|
//! | issue | `owner/name#12` |
//! | comment of an issue | `owner/name#comment-34` |
//! | discussion, or comment of one | `node:…`, as GraphQL calls it |

use serde_json::Value;

use super::super::cursor::believable;
use super::super::quotes::Words;
use super::super::{html, value};
use super::{INSTANCE, PLATFORM, is_repository};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::time::Millis;

/// What an entry of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Issue,
    Comment,
}

impl Shape {
    pub(super) fn post(self, item: &Value, now: Millis) -> Option<Post> {
        let issue = issue_name(item);
        let (native_id, reply_to) = match self {
            Self::Issue => (issue?, None),
            Self::Comment => {
                let repository = issue.as_deref()?.split_once('#')?.0.to_owned();
                let id = value::id(item, "/id").filter(|id| value::is_number(id))?;
                (format!("{repository}#comment-{id}"), issue)
            }
        };
        let login = html::name(value::text(item, "/user/login"));
        let (created, updated) = (value::time(item, "/created_at"), value::time(item, "/updated_at"));
        let words = Words::of_markdown(value::text(item, "/body"));
        let words = if self == Self::Issue { words.titled(&html::tidy(value::text(item, "/title"))) } else { words };
        let edited = match self {
            // The time of an issue moves with each comment, so it says nothing about its words.
            Self::Issue => None,
            Self::Comment => updated.filter(|at| created.is_some_and(|created| *at > created)),
        };
        Some(Post {
            key: PostKey::new(PLATFORM, INSTANCE, &native_id).ok()?,
            author: PostAuthor {
                native_id: value::id(item, "/user/id").unwrap_or_else(|| format!("ghost {native_id}")),
                bot: value::text(item, "/user/type") == "Bot",
                ..account(login)
            },
            created_at: believable(created, now),
            edited_at: edited.map(|at| believable(Some(at), now)),
            text: words.own,
            url: value::link(item, "/html_url"),
            reply_to,
            lang: None,
            engagement: Engagement { likes: value::count(item, "/reactions/+1"), reposts: 0, replies: value::count(item, "/comments") },
            originality: Originality::Own,
            quoted: words.quoted,
        })
    }
}

/// `owner/name#12`, from the addresses of an issue, or of a comment of one.
pub(super) fn issue_name(item: &Value) -> Option<String> {
    let address = [value::text(item, "/issue_url"), value::text(item, "/url")].into_iter().find(|a| !a.is_empty())?;
    let mut parts = address.split("/repos/").nth(1)?.split('/');
    let repository = format!("{}/{}", parts.next()?, parts.next()?);
    let number = (parts.next()? == "issues").then(|| parts.next()).flatten()?;
    (is_repository(&repository) && value::is_number(number)).then(|| format!("{repository}#{number}"))
}

/// Path and shape of what a native id names.
pub(super) fn place(native_id: &str) -> Option<(String, Shape)> {
    let (repository, id) = native_id.split_once('#').filter(|(name, _)| is_repository(name))?;
    match id.strip_prefix("comment-") {
        Some(id) if value::is_number(id) => Some((format!("/repos/{repository}/issues/comments/{id}"), Shape::Comment)),
        None if value::is_number(id) => Some((format!("/repos/{repository}/issues/{id}"), Shape::Issue)),
        _ => None,
    }
}

/// The id of a node of GraphQL.
pub(super) fn node_id(key: &PostKey) -> Option<&str> {
    key.native_id().strip_prefix("node:")
}

/// A discussion (or a comment of one) and the comments in it.
pub(super) fn discussion(node: &Value, now: Millis) -> Vec<Post> {
    let Some(top) = node_post(node, None, now) else { return Vec::new() };
    let parent = top.key.native_id().to_owned();
    let comments = node.pointer("/comments/nodes").and_then(Value::as_array).into_iter().flatten();
    let comments: Vec<Post> = comments.filter_map(|comment| node_post(comment, Some(&parent), now)).collect();
    std::iter::once(top).chain(comments).collect()
}

fn node_post(node: &Value, parent: Option<&str>, now: Millis) -> Option<Post> {
    let id = value::id(node, "/id").filter(|id| !id.contains(char::is_whitespace))?;
    let native_id = format!("node:{id}");
    let login = html::name(value::text(node, "/author/login"));
    let words = Words::of_markdown(value::text(node, "/body")).titled(&html::tidy(value::text(node, "/title")));
    Some(Post {
        key: PostKey::new(PLATFORM, INSTANCE, &native_id).ok()?,
        author: PostAuthor {
            native_id: if login.is_empty() { format!("ghost {native_id}") } else { login.to_lowercase() },
            bot: value::text(node, "/author/__typename") == "Bot",
            ..account(login)
        },
        created_at: believable(value::time(node, "/createdAt"), now),
        edited_at: value::time(node, "/lastEditedAt").map(|at| believable(Some(at), now)),
        text: words.own,
        url: value::link(node, "/url"),
        reply_to: parent.map(str::to_owned),
        lang: None,
        engagement: Engagement {
            likes: value::count(node, "/upvoteCount"),
            reposts: 0,
            replies: value::count(node, "/comments/totalCount"),
        },
        originality: Originality::Own,
        quoted: words.quoted,
    })
}

fn account(login: String) -> PostAuthor {
    let url = Some(format!("https://github.com/{}", value::segment(&login))).filter(|_| !login.is_empty());
    PostAuthor { handle: login, url, ..PostAuthor::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::tests::NOW;

    #[test]
    fn issues_and_comments_become_posts() {
        let issue = json!({"id": 5, "number": 12, "url": "https://api.github.com/repos/kim/app/issues/12", "html_url": "https://github.com/kim/app/issues/12", "title": "Acme SDK <hangs>",
            "body": "See **log**\n\n> quoted", "user": {"login": "kim", "id": 7, "type": "User"}, "comments": 3, "reactions": {"+1": 2}, "created_at": "2026-11-19T08:15:30Z", "updated_at": "2026-11-19T08:15:30Z"});
        let post = Shape::Issue.post(&issue, NOW).expect("a post");
        assert_eq!(
            (post.key.native_id(), post.text.as_str(), post.author.native_id.as_str()),
            ("kim/app#12", "Acme SDK <hangs>\n\nSee log", "7")
        );
        assert_eq!((post.engagement.likes, post.engagement.replies, post.edited_at), (2, 3, None));
        let comment = json!({"id": 34, "url": "https://api.github.com/repos/kim/app/issues/comments/34", "issue_url": "https://api.github.com/repos/kim/app/issues/12", "body": "same",
            "user": {"login": "acme[bot]", "id": 8, "type": "Bot"}, "created_at": "2026-11-19T08:00:00Z", "updated_at": "2026-11-19T08:10:00Z"});
        let post = Shape::Comment.post(&comment, NOW).expect("a post");
        assert_eq!((post.key.native_id(), post.reply_to.as_deref(), post.author.bot), ("kim/app#comment-34", Some("kim/app#12"), true));
        assert!(post.edited_at.is_some());
        for strange in [json!({}), json!({"url": "https://x/repos/a/../issues/1"}), json!({"url": "https://x/repos/a/b/pulls/1"})] {
            assert_eq!(Shape::Issue.post(&strange, NOW), None, "{strange}");
        }
    }

    #[test]
    fn discussions_bring_their_comments() {
        let node = json!({"id": "D_1", "title": "Acme", "body": "is slow", "createdAt": "2026-11-19T08:15:30Z", "author": {"login": "Kim"}, "upvoteCount": 4,
            "comments": {"totalCount": 1, "nodes": [{"id": "DC_2", "body": "for me too", "author": null}]}});
        let posts = discussion(&node, NOW);
        assert_eq!(posts.iter().map(|p| p.key.native_id()).collect::<Vec<_>>(), ["node:D_1", "node:DC_2"]);
        assert_eq!(
            (posts[0].text.as_str(), posts[0].author.native_id.as_str(), posts[1].reply_to.as_deref()),
            ("Acme\n\nis slow", "kim", Some("node:D_1"))
        );
        assert_eq!(posts[1].author.native_id, "ghost node:DC_2");
        assert!(discussion(&json!({}), NOW).is_empty());
    }

    #[test]
    fn only_real_names_become_paths() {
        assert_eq!(place("kim/app#12"), Some(("/repos/kim/app/issues/12".to_owned(), Shape::Issue)));
        assert_eq!(place("kim/app#comment-3"), Some(("/repos/kim/app/issues/comments/3".to_owned(), Shape::Comment)));
        for name in ["node:D_1", "kim/app#x", "kim/../..#1", "kim/app#comment-", "kim/app"] {
            assert_eq!(place(name), None, "{name}");
        }
    }
}
