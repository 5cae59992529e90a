//! Feeds that a web page names in its head.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::markup::attributes;

/// Bytes of a page that are looked at: links stand in its head.
const HEAD: usize = 256 * 1024;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?is)<link\b([^>]{0,2000})>").unwrap());

/// The first feed of posts and the first feed of comments that a page names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Discovered {
    pub posts: Option<Url>,
    pub comments: Option<Url>,
}

pub(super) fn discover(page: &str, at: &Url) -> Discovered {
    let mut out = Discovered::default();
    let head: &str = page.get(..page.floor_char_boundary(HEAD)).unwrap_or_default();
    for tag in LINK.captures_iter(head) {
        let list = attributes(tag.get(1).map_or("", |m| m.as_str()));
        let get =
            |name: &str| list.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.replace("&amp;", "&")).unwrap_or_default();
        let alternate = get("rel").split_whitespace().any(|r| r.eq_ignore_ascii_case("alternate"));
        let kind = get("type").to_ascii_lowercase();
        let feed = ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"].contains(&kind.trim());
        let Some(url) = at.join(get("href").trim()).ok().filter(|u| alternate && feed && *u != *at) else { continue };
        let of_comments = url.as_str().contains("comments") || get("title").to_ascii_lowercase().contains("comment");
        let slot = if of_comments { &mut out.comments } else { &mut out.posts };
        slot.get_or_insert(url);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feeds_of_a_page_are_found() {
        let page = "<html><head><LINK rel='stylesheet' href='/x.css'><link rel=\"alternate\" type=\"application/rss+xml\" title=\"Blog\" href=\"/feed/?a=1&amp;b=2\" />
          <link rel='alternate' type='application/rss+xml' title='Blog &raquo; Comments Feed' href='/comments/feed/'/></head>";
        let got = discover(page, &Url::parse("https://blog.example/").expect("a url"));
        assert_eq!(got.posts.map(String::from).as_deref(), Some("https://blog.example/feed/?a=1&b=2"));
        assert_eq!(got.comments.map(String::from).as_deref(), Some("https://blog.example/comments/feed/"));
        assert_eq!(discover("<link", &Url::parse("https://blog.example/").expect("a url")), Discovered::default());
    }
}
