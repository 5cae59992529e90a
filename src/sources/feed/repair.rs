//! Makes of a feed as it came one that a strict parser reads.
//!
//! One pass over the markup, before `feed-rs` sees it. It closes what is left open, ends a cut feed
//! after its last whole item, escapes bare `&` and `<`, drops the document type (and with it every
//! entity that it defines), comments and processing instructions, gives old or odd namespaces their
//! present names, and puts dates where `feed-rs` looks for them.

use std::collections::HashMap;
use std::ops::Range;

use super::markup::{Token, attributes, escape, next_token};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const RSS: &str = "http://purl.org/rss/1.0/";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const DC_TERMS: &str = "http://purl.org/dc/terms/";
const ATOM_03: &str = "http://purl.org/atom/ns#";

/// Open elements at once; feeds need a dozen.
const MAX_DEPTH: usize = 256;
/// Items read of one feed.
const MAX_ITEMS: usize = 5_000;

/// A repaired feed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Repaired {
    /// Well-formed XML in UTF-8.
    pub xml: String,
    /// Where its items are.
    pub items: Vec<Range<usize>>,
    /// What closes the elements around an item.
    pub closing: String,
    /// It ended early.
    pub cut: bool,
}

/// What the document is, when it is no feed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotAFeed {
    /// A web page.
    Html,
    /// Other XML, with its root element.
    OtherXml(String),
    /// No markup at all.
    NoMarkup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rss,
    Atom,
    Atom03,
}

struct Open {
    /// As it came.
    name: String,
    /// What closes it in the output.
    close: String,
    /// Where an item begins.
    item: Option<usize>,
}

struct Repair {
    kind: Option<Kind>,
    prefixes: HashMap<String, &'static str>,
    stack: Vec<Open>,
    out: Repaired,
    ended: bool,
}

/// Repairs a feed, or says what else the document is.
pub(super) fn repair(text: &str) -> Result<Repaired, NotAFeed> {
    let mut it = Repair { kind: None, prefixes: HashMap::new(), stack: Vec::new(), out: Repaired::default(), ended: false };
    it.out.xml.reserve(text.len());
    let mut rest = text;
    while !it.ended && !rest.is_empty() {
        let (token, after) = next_token(rest);
        rest = after;
        match token {
            Token::Text(text) => it.text(text),
            Token::Raw(text) => it.raw(text),
            Token::Open { name, attributes, empty } => it.open(name, attributes, empty)?,
            Token::Close(name) => it.close(name),
            Token::Nothing => {}
            Token::Cut => break,
        }
        it.ended |= it.out.items.len() >= MAX_ITEMS;
    }
    it.finish()
}

impl Repair {
    fn text(&mut self, text: &str) {
        if !self.stack.is_empty() {
            escape(text, &mut self.out.xml);
        }
    }

    fn raw(&mut self, text: &str) {
        if !self.stack.is_empty() {
            let xml = &mut self.out.xml;
            xml.push_str("<![CDATA[");
            xml.extend(text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')));
            xml.push_str("]]>");
        }
    }

    fn open(&mut self, name: &str, given: &str, empty: bool) -> Result<(), NotAFeed> {
        let mut list = attributes(given);
        for (key, value) in &mut list {
            if key == "xmlns" || key.starts_with("xmlns:") {
                let known = namespace(value);
                if let Some((prefix, uri)) = key.strip_prefix("xmlns:").zip(known) {
                    self.prefixes.insert(prefix.to_owned(), uri);
                }
                if let Some(uri) = known {
                    uri.clone_into(value);
                }
            }
        }
        if self.kind.is_none() {
            self.kind = Some(root_kind(name, given)?);
        }
        if self.stack.len() >= MAX_DEPTH {
            self.ended = true;
            return Ok(());
        }
        let item = (matches!(local(name), "item" | "entry") && self.stack.iter().all(|o| o.item.is_none())).then_some(self.out.xml.len());
        let close = self.emit(name, &list);
        self.stack.push(Open { name: name.to_owned(), close, item });
        if empty {
            self.close(name);
        }
        Ok(())
    }

    /// Writes the opening tag and gives what closes it.
    fn emit(&mut self, name: &str, list: &[(String, String)]) -> String {
        let in_item = self.stack.iter().any(|o| o.item.is_some());
        if in_item && let Some((open, close)) = self.replacement(name) {
            self.out.xml.push_str(open);
            return close.to_owned();
        }
        let root_rss = self.stack.is_empty() && self.kind == Some(Kind::Rss) && local(name) == "rss";
        let atom = matches!(self.kind, Some(Kind::Atom | Kind::Atom03));
        let xml = &mut self.out.xml;
        xml.push('<');
        xml.push_str(name);
        for (key, value) in list {
            let value = match key.as_str() {
                "version" if root_rss => continue,
                "mode" if self.kind == Some(Kind::Atom03) => continue,
                // A relative base without its own base would be refused with the whole feed.
                "xml:base" if url::Url::parse(value).is_err() => continue,
                "type" if atom && local(name) != "link" => text_type(value),
                _ => value,
            };
            xml.push(' ');
            xml.push_str(key);
            xml.push_str("=\"");
            escape(value, xml);
            xml.push('"');
        }
        if root_rss {
            // Later versions only add to earlier ones, and the parser knows few numbers.
            xml.push_str(" version=\"2.0\"");
        }
        xml.push('>');
        format!("</{name}>")
    }

    /// Dates and authors that the parser would overlook, under names that it knows.
    fn replacement(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let (prefix, tag) = name.split_once(':').unwrap_or(("", name));
        let space = self.prefixes.get(prefix).copied();
        let atom = matches!(self.kind, Some(Kind::Atom | Kind::Atom03));
        let old = self.kind == Some(Kind::Atom03) && (prefix.is_empty() || space == Some(ATOM));
        match tag {
            "issued" | "created" | "available" | "date" if space == Some(DC_TERMS) && !atom => {
                Some(("<date xmlns=\"http://purl.org/dc/elements/1.1/\">", "</date>"))
            }
            "issued" | "created" | "date" if old || (atom && matches!(space, Some(DC_TERMS | DC))) => {
                Some(("<published xmlns=\"http://www.w3.org/2005/Atom\">", "</published>"))
            }
            "modified" if old || space == Some(DC_TERMS) => Some(("<updated xmlns=\"http://www.w3.org/2005/Atom\">", "</updated>")),
            "creator" if atom && space == Some(DC) => Some(("<author xmlns=\"http://www.w3.org/2005/Atom\"><name>", "</name></author>")),
            _ => None,
        }
    }

    fn close(&mut self, name: &str) {
        let Some(at) = self.stack.iter().rposition(|o| o.name == name) else { return };
        while self.stack.len() > at {
            let Some(open) = self.stack.pop() else { return };
            self.out.xml.push_str(&open.close);
            if let Some(start) = open.item {
                self.out.items.push(start..self.out.xml.len());
                self.out.closing = self.stack.iter().rev().map(|o| o.close.as_str()).collect();
            }
        }
        self.ended = self.stack.is_empty();
    }

    fn finish(mut self) -> Result<Repaired, NotAFeed> {
        if self.kind.is_none() {
            return Err(NotAFeed::NoMarkup);
        }
        self.out.cut = !self.stack.is_empty();
        if self.out.cut {
            match self.out.items.last() {
                Some(last) => {
                    self.out.xml.truncate(last.end);
                    self.out.xml.push_str(&self.out.closing);
                }
                None => self.stack.iter().rev().for_each(|o| self.out.xml.push_str(&o.close)),
            }
        }
        Ok(self.out)
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn root_kind(name: &str, given: &str) -> Result<Kind, NotAFeed> {
    match local(name) {
        "rss" | "RDF" => Ok(Kind::Rss),
        "feed" | "entry" if given.contains(ATOM_03) => Ok(Kind::Atom03),
        "feed" | "entry" => Ok(Kind::Atom),
        other if other.eq_ignore_ascii_case("html") => Err(NotAFeed::Html),
        other => Err(NotAFeed::OtherXml(other.chars().take(40).collect())),
    }
}

/// The present name of a namespace, for those that matter here.
fn namespace(uri: &str) -> Option<&'static str> {
    match uri.trim() {
        ATOM | ATOM_03 | "http://www.w3.org/2005/atom" | "https://www.w3.org/2005/Atom" => Some(ATOM),
        DC_TERMS | "https://purl.org/dc/terms/" => Some(DC_TERMS),
        DC | "https://purl.org/dc/elements/1.1/" | "http://purl.org/dc/elements/1.0/" => Some(DC),
        RSS
        | "http://my.netscape.com/rdf/simple/0.9/"
        | "http://channel.netscape.com/rdf/simple/0.9/"
        | "http://purl.org/net/rss1.1#"
        | "http://backend.userland.com/rss"
        | "http://backend.userland.com/rss2"
        | "http://backend.userland.com/rss091"
        | "http://blogs.law.harvard.edu/tech/rss" => Some(RSS),
        _ => None,
    }
}

/// Atom's own words for the media types that stand in their place.
fn text_type(value: &str) -> &str {
    match value.to_ascii_lowercase().as_str() {
        "text/html" => "html",
        "application/xhtml+xml" => "xhtml",
        "text/plain" => "text",
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str) -> String {
        repair(text).expect("a feed").xml
    }

    #[test]
    fn open_elements_are_closed_and_stray_ends_ignored() {
        assert_eq!(
            fixed("<rss><channel><item><title>a</b></item></channel></rss>rubbish"),
            "<rss version=\"2.0\"><channel><item><title>a</title></item></channel></rss>"
        );
    }

    #[test]
    fn a_cut_feed_ends_after_its_last_whole_item() {
        let got = repair("<rss><channel><title>t</title><item><guid>1</guid></item><item><guid>2</gu").expect("a feed");
        assert!(got.cut);
        assert_eq!(got.xml, "<rss version=\"2.0\"><channel><title>t</title><item><guid>1</guid></item></channel></rss>");
        assert_eq!(got.xml.get(got.items[0].clone()), Some("<item><guid>1</guid></item>"));
    }

    #[test]
    fn document_types_and_their_entities_are_dropped() {
        let bomb = "<!DOCTYPE r [<!ENTITY a \"x>x\"><!ENTITY b \"&a;&a;\">]><rss><channel><title>&b;</title></channel></rss>";
        assert_eq!(fixed(bomb), "<rss version=\"2.0\"><channel><title>&amp;b;</title></channel></rss>");
    }

    #[test]
    fn what_is_no_feed_is_named() {
        assert_eq!(repair("<!doctype html><HTML><body>"), Err(NotAFeed::Html));
        assert_eq!(repair("<?xml version='1.0'?><CHANNEL/>"), Err(NotAFeed::OtherXml("CHANNEL".to_owned())));
        assert_eq!(repair("hello"), Err(NotAFeed::NoMarkup));
        assert_eq!(repair(""), Err(NotAFeed::NoMarkup));
    }

    #[test]
    fn nesting_without_end_is_cut() {
        let deep = format!("<rss><channel><item><guid>1</guid></item>{}", "<a>".repeat(100_000));
        let got = repair(&deep).expect("a feed");
        assert!(got.cut && got.items.len() == 1 && got.xml.len() < 200);
    }
}
