//! A feed's answer to its items.

use chrono::{DateTime, Utc};
use feed_rs::model::{Entry, LinkTarget};
use feed_rs::parser::Builder;
use sha2::{Digest, Sha256};
use url::Url;

use super::super::http::Answer;
use super::super::{PollError, html};
use super::repair::{NotAFeed, Repaired, repair};
use super::{json, text};
use crate::domain::post::safe_link;
use crate::domain::time::Millis;

/// Headers larger than this are not repeated for each item when a feed must be read item by item.
const MAX_HEAD: usize = 64 * 1024;

/// A feed as far as it matters here.
#[derive(Debug, Default)]
pub(in crate::sources) struct Parsed {
    pub items: Vec<Item>,
    /// How long the feed says to keep it, seconds.
    pub ttl: Option<i64>,
    /// The site's comment feed, where the software is known to have one.
    pub comments: Option<Url>,
}

/// One item.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::sources) struct Item {
    /// Stable: guid or id, else the link, else a hash of title and date.
    pub id: String,
    pub link: Option<String>,
    pub title: String,
    pub body: String,
    pub author: String,
    pub author_url: Option<String>,
    pub at: Option<Millis>,
    pub edited: Option<Millis>,
    pub lang: Option<String>,
    /// Where its comments are.
    pub comments: Option<Url>,
}

/// What an answer turned out to be.
pub(in crate::sources) enum Document {
    Feed(Parsed),
    /// A web page, as text.
    Html(String),
}

/// Reads an answer as RSS, Atom or JSON feed.
pub(in crate::sources) fn parse(answer: &Answer) -> Result<Document, PollError> {
    let text = text::to_text(&answer.body, answer.header("content-type"));
    let host = answer.host();
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') {
        return json::parse(start, &answer.url).map(Document::Feed).map_err(|what| PollError::malformed(&host, what));
    }
    match repair(start) {
        Ok(repaired) => xml(&repaired, &answer.url).map(Document::Feed).map_err(|what| PollError::malformed(&host, what)),
        Err(NotAFeed::Html) => Ok(Document::Html(text)),
        Err(NotAFeed::OtherXml(root)) => {
            let what = format!("it is XML, but no feed: its root element is `{root}`, and feeds begin with `rss`, `feed` or `RDF`");
            Err(PollError::malformed(&host, what))
        }
        Err(NotAFeed::NoMarkup) => Err(PollError::malformed(&host, "it is no feed: neither XML nor JSON")),
    }
}

fn xml(repaired: &Repaired, url: &Url) -> Result<Parsed, String> {
    if repaired.cut && repaired.items.is_empty() {
        return Err("it was cut off before its first item ended".to_owned());
    }
    if let Ok(feed) = parse_xml(&repaired.xml, url) {
        return Ok(of_feed(feed));
    }
    // Something that the parser refuses is in one of the items: then the others are read without it.
    let head = repaired.items.first().and_then(|first| repaired.xml.get(..first.start)).filter(|h| h.len() <= MAX_HEAD);
    let head = head.ok_or("its XML is broken")?;
    let mut all = parse_xml(&format!("{head}{}", repaired.closing), url).map(of_feed).map_err(|e| format!("its head is broken ({e})"))?;
    let one = |range: &std::ops::Range<usize>| {
        let item = repaired.xml.get(range.clone())?;
        parse_xml(&format!("{head}{item}{}", repaired.closing), url).ok()
    };
    all.items = repaired.items.iter().filter_map(one).flat_map(|feed| of_feed(feed).items).collect();
    if all.items.is_empty() { Err("none of its items can be read".to_owned()) } else { Ok(all) }
}

fn parse_xml(xml: &str, url: &Url) -> Result<feed_rs::model::Feed, String> {
    // Missing ids are made below: the parser's own are random where there is no link.
    let parser = Builder::new().base_uri(Some(url.as_str())).id_generator(|_, _, _| String::new()).sanitize_content(false).build();
    parser.parse(xml.as_bytes()).map_err(|e| e.to_string().chars().take(120).collect())
}

fn of_feed(feed: feed_rs::model::Feed) -> Parsed {
    let site = feed.links.iter().find(|l| l.rel.as_deref().is_none_or(|r| r == "alternate")).and_then(|l| Url::parse(&l.href).ok());
    let wordpress = feed.generator.as_ref().is_some_and(|g| {
        [Some(&g.content), g.uri.as_ref()].into_iter().flatten().any(|text| text.to_ascii_lowercase().contains("wordpress.org"))
    });
    let author = feed.authors.first().and_then(|p| p.name.clone()).unwrap_or_default();
    let lang = feed.language.as_deref().and_then(language);
    let mut items: Vec<Item> = feed.entries.into_iter().filter_map(of_entry).collect();
    for item in &mut items {
        if item.author.is_empty() {
            item.author.clone_from(&author);
        }
        item.lang = item.lang.take().or_else(|| lang.clone());
    }
    let comments = site.filter(|_| wordpress).map(|site| super::super::adapter::join(&site, "/comments/feed/", &[]));
    Parsed { items, ttl: feed.ttl.map(|minutes| i64::from(minutes) * 60), comments }
}

fn of_entry(entry: Entry) -> Option<Item> {
    let link = entry.links.iter().find(|l| l.target.is_none() && l.rel.as_deref().is_none_or(|r| r == "alternate"));
    let link = link.and_then(|l| safe_link(&l.href));
    let replies = |l: &&feed_rs::model::Link| {
        l.target == Some(LinkTarget::CommentsFeed)
            || (l.rel.as_deref() == Some("replies") && l.media_type.as_deref().is_some_and(|t| t.contains("xml")))
    };
    let comments = entry.links.iter().find(replies).and_then(|l| Url::parse(&l.href).ok());
    let content = entry.content.and_then(|c| {
        let plain = c.content_type.essence().to_string() == "text/plain";
        c.body.map(|body| if plain { html::tidy(&body) } else { html::to_text(&body) })
    });
    let summary = || entry.summary.as_ref().map(|s| html::to_text(&s.content));
    let title = entry.title.as_ref().map(|t| html::to_text(&t.content)).unwrap_or_default();
    let author = entry.authors.first();
    let at = entry.published.or(entry.updated);
    let item = Item {
        id: stable_id(&entry.id, link.as_deref(), &title, at),
        link,
        title,
        body: content.filter(|c| !c.is_empty()).or_else(summary).unwrap_or_default(),
        author: author.and_then(|p| p.name.as_deref()).map(html::to_text).unwrap_or_default(),
        author_url: author.and_then(|p| p.uri.as_deref()).and_then(safe_link),
        at: at.and_then(millis),
        edited: entry.updated.filter(|u| entry.published.is_some_and(|p| *u > p)).and_then(millis),
        lang: entry.language.as_deref().and_then(language),
        comments,
    };
    let empty = item.title.is_empty() && item.body.is_empty();
    (!empty).then_some(item)
}

fn millis(at: DateTime<Utc>) -> Option<Millis> {
    Millis::from_untrusted(at.timestamp_millis())
}

/// An id that is the same at each poll, and short and plain enough to be a key.
pub(super) fn stable_id(id: &str, link: Option<&str>, title: &str, at: Option<DateTime<Utc>>) -> String {
    let id = id.trim();
    let own = [Some(id), link].into_iter().flatten().find(|t| !t.is_empty());
    match own {
        Some(own) if own.len() <= 1024 && !own.chars().any(char::is_control) => own.to_owned(),
        Some(own) => hashed(own),
        None => hashed(&format!("{title}\n{}", at.map_or_else(String::new, |t| t.to_rfc3339()))),
    }
}

fn hashed(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold("sha256:".to_owned(), |out, byte| format!("{out}{byte:02x}"))
}

fn language(claimed: &str) -> Option<String> {
    let code = claimed.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<Item> {
        let url = Url::parse("https://blog.example/feed").expect("a url");
        xml(&repair(text).expect("a feed"), &url).expect("read").items
    }

    #[test]
    fn rss_items_keep_title_text_author_and_comment_feed() {
        let rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'
          xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:wfw='http://wellformedweb.org/CommentAPI/'><channel><title>B</title><language>en-US</language>
          <item><title>R&D: it&#8217;s &amp;#8220;down&amp;#8221;</title><link>https://blog.example/?p=4</link><dc:creator><![CDATA[Kim]]></dc:creator>
          <pubDate>Thu, 19 Nov 2026 08:15:30 +0000</pubDate><guid isPermaLink='false'>p4</guid><description>short</description>
          <content:encoded><![CDATA[<p>Checkout is <b>broken</b></p>]]></content:encoded><wfw:commentRss>https://blog.example/?feed=rss2&p=4</wfw:commentRss></item></channel></rss>";
        let all = items(rss);
        let item = all.first().expect("an item");
        assert_eq!((item.id.as_str(), item.title.as_str(), item.body.as_str()), ("p4", "R&D: it’s “down”", "Checkout is broken"));
        assert_eq!((item.author.as_str(), item.lang.as_deref()), ("Kim", Some("en")));
        assert_eq!(item.at.map(Millis::get), Some(1_795_076_130_000));
        assert_eq!(item.comments.as_ref().map(Url::as_str), Some("https://blog.example/?feed=rss2&p=4"));
    }

    #[test]
    fn old_atom_and_odd_dates_are_read() {
        let atom03 = "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>t</title><entry><title mode='escaped' type='text/html'>Down &amp;amp; out</title>
          <id>tag:1</id><issued>2026-11-19T08:15:30Z</issued><modified>2026-11-19T09:15:30Z</modified><content type='text/html' mode='escaped'>&lt;p&gt;yes&lt;/p&gt;</content></entry></feed>";
        let old = items(atom03);
        assert_eq!(
            (old[0].title.as_str(), old[0].body.as_str(), old[0].at.map(Millis::get)),
            ("Down & out", "yes", Some(1_795_076_130_000))
        );
        assert_eq!(old[0].edited.map(Millis::get), Some(1_795_079_730_000));
        let terms = "<rss version='0.93' xmlns:d='http://purl.org/dc/terms/'><channel><item><title>a</title><d:issued>2026-11-19T08:15:30Z</d:issued></item></channel></rss>";
        assert_eq!(items(terms)[0].at.map(Millis::get), Some(1_795_076_130_000));
        let dc = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:dc='http://purl.org/dc/elements/1.1/'><entry><id>1</id><title>a</title><dc:date>2026-11-19T08:15:30Z</dc:date><dc:creator>Mo</dc:creator></entry></feed>";
        assert_eq!((items(dc)[0].at.map(Millis::get), items(dc)[0].author.as_str()), (Some(1_795_076_130_000), "Mo"));
        let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel/><item><title>a</title><link>https://x.example/1</link></item></rdf:RDF>";
        assert_eq!(items(rdf)[0].id, "https://x.example/1");
    }

    #[test]
    fn ids_are_stable_where_the_feed_has_none() {
        let rss = "<rss version='2.0'><channel><item><title>Down again</title><pubDate>Thu, 19 Nov 2026 08:15:30 GMT</pubDate></item></channel></rss>";
        assert_eq!(items(rss)[0].id, items(rss)[0].id);
        assert!(items(rss)[0].id.starts_with("sha256:"));
        let long = stable_id(&"x".repeat(2000), None, "", None);
        assert!(long.len() < 64);
    }

    #[test]
    fn one_item_that_the_parser_refuses_does_not_spoil_the_others() {
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id><title>a</title></entry>
          <entry><id>2</id><title type='rubbish/unknown'>b</title></entry><entry><id>3</id><title>c</title></entry></feed>";
        let ids: Vec<String> = items(atom).into_iter().map(|i| i.id).collect();
        assert!(ids.contains(&"1".to_owned()) && ids.contains(&"3".to_owned()), "{ids:?}");
    }

    #[test]
    fn entity_bombs_stay_small() {
        let mut dtd = "<!DOCTYPE rss [<!ENTITY a0 \"lol\">".to_owned();
        dtd.extend((1..40).map(|i| format!("<!ENTITY a{i} \"&a{0};&a{0};&a{0};&a{0};\">", i - 1)));
        let rss = format!("{dtd}]><rss version='2.0'><channel><item><guid>1</guid><title>&a39; x</title></item></channel></rss>");
        assert!(items(&rss)[0].title.len() < 20);
    }
}
