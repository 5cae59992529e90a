//! Telling what a post quotes and links to from what its author says: quoted words may show that a post is about the brand,
//! but nobody's mood is read from them.

use std::sync::LazyLock;

use regex::Regex;

use super::{html, markdown};
use crate::domain::post::{Quoted, safe_link};

/// The words of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Its author's.
    pub own: String,
    /// Somebody else's, and where the author's links lead.
    pub quoted: Option<Quoted>,
}

/// Links of one post that are looked at.
const MOST_LINKS: usize = 20;

impl Words {
    /// Of HTML, where `blockquote` and `aside` hold what others said: quotes in forums, previews of links.
    pub(super) fn of_html(raw: &str) -> Self {
        let (own, quoted) = split(raw).unwrap_or_else(|| (raw.to_owned(), String::new()));
        Self::new(html::to_text(&own), html::to_text(&quoted), links(&own))
    }

    /// Of Markdown.
    pub(super) fn of_markdown(raw: &str) -> Self {
        let markdown::Parts { own, quoted, links } = markdown::split(raw);
        Self::new(own, quoted, links.into_iter().filter(|link| leads(link)).take(MOST_LINKS).collect())
    }

    /// Of plain text in which people put `>` before the lines that they answer.
    pub(super) fn of_lines(text: &str) -> Self {
        // `>!` begins a spoiler, which is its author's.
        let marked = |line: &&str| line.trim_start().strip_prefix('>').is_some_and(|rest| !rest.starts_with('!'));
        let (quoted, own): (Vec<&str>, Vec<&str>) = text.lines().partition(marked);
        let quoted: Vec<&str> = quoted.into_iter().map(|line| line.trim_start_matches(['>', ' '])).collect();
        // Its links are words that everybody sees.
        Self::new(html::tidy(&own.join("\n")), html::tidy(&quoted.join("\n")), Vec::new())
    }

    /// With a title before the own words.
    pub(super) fn titled(self, title: &str) -> Self {
        Self { own: html::join(title, &self.own), ..self }
    }

    /// Who says nothing beside a quote made it his own.
    fn new(own: String, quoted: String, links: Vec<String>) -> Self {
        let (own, quoted) = if own.is_empty() { (quoted, own) } else { (own, quoted) };
        Self { own, quoted: Quoted::of(quoted, links) }
    }
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?i)<a\b[^>]*?\bhref\s*=\s*["']?(https?://[^"'\s>]+)[^>]*>"#).unwrap());

/// Where the links of a piece of HTML lead. Those of mentioned accounts and of hashtags say nothing that their words do not.
fn links(raw: &str) -> Vec<String> {
    let found =
        LINK.captures_iter(raw).filter(|tag| tag.get(0).is_none_or(|tag| !["mention", "hashtag"].iter().any(|c| tag.as_str().contains(c))));
    let links = found.filter_map(|tag| Some(tag.get(1)?.as_str().replace("&amp;", "&")));
    links.filter(|link| leads(link)).take(MOST_LINKS).collect()
}

fn leads(link: &str) -> bool {
    safe_link(link).is_some()
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static APART: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)<(/?)(?:blockquote|aside)\b[^>]*>").unwrap());

/// The parts of HTML outside and inside of quotes; `None` when nothing is quoted, or when a quote has no end: then nobody
/// can tell where the author goes on.
fn split(raw: &str) -> Option<(String, String)> {
    let (mut own, mut quoted, mut depth, mut from) = (String::new(), String::new(), 0_usize, 0_usize);
    for tag in APART.captures_iter(raw) {
        let whole = tag.get(0)?;
        let piece = raw.get(from..whole.start())?;
        // What stood apart stays apart.
        if depth == 0 {
            own.push_str(piece);
            own.push_str("<br>");
        } else {
            quoted.push_str(piece);
            quoted.push_str("<br>");
        }
        let closing = tag.get(1).is_some_and(|slash| !slash.as_str().is_empty());
        depth = if closing { depth.checked_sub(1)? } else { depth + 1 };
        from = whole.end();
    }
    own.push_str(raw.get(from..)?);
    (from > 0 && depth == 0).then_some((own, quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(words: &Words) -> (&str, &str) {
        (&words.own, words.quoted.as_ref().map_or("", |q| q.text.as_str()))
    }

    #[test]
    fn quotes_in_html_are_told_from_the_authors_words() {
        for (raw, own, quoted) in [
            ("<p>no</p>", "no", ""),
            (
                "<aside class=\"quote\" data-username=\"mo\"><blockquote><p>Acme is <b>fine</b></p></blockquote></aside><p>It is not.</p>",
                "It is not.",
                "Acme is fine",
            ),
            ("well<BLOCKQUOTE cite='x'>a<blockquote>b</blockquote>c</BLOCKQUOTE>no", "well\nno", "a\nb\nc"),
            ("<blockquote>all of it</blockquote>", "all of it", ""),
            ("<blockquote>open <p>mine", "open\n\nmine", ""),
            ("mine</blockquote> too", "mine too", ""),
            ("<blockquotes>x</blockquotes>", "x", ""),
        ] {
            assert_eq!(pair(&Words::of_html(raw)), (own, quoted), "{raw}");
        }
    }

    #[test]
    fn quotes_in_markdown_and_in_lines_are_told_apart_too() {
        assert_eq!(pair(&Words::of_markdown("> you said so\n\nno I did not")), ("no I did not", "you said so"));
        assert_eq!(pair(&Words::of_markdown("> only this")), ("only this", ""));
        let lines = Words::of_lines("> Acme is fine\n>> since when\n\nIt is <not>.\n>!a secret!<");
        assert_eq!(pair(&lines), ("It is <not>.\n>!a secret!<", "Acme is fine\nsince when"));
        assert_eq!(pair(&Words::of_lines("3 > 2")), ("3 > 2", ""));
        assert_eq!(Words::of_lines("> a\nb").titled("Title").own, "Title\n\nb");
    }

    #[test]
    fn links_are_told_by_where_they_lead() {
        let links = |words: Words| words.quoted.map(|q| q.links).unwrap_or_default();
        let html = "<a class=\"mention\" href=\"https://ruby.example/@acme\">@acme</a> <a rel='x' HREF='https://acme.example/a?b=1&amp;c=2'>this</a>
            <a href=/relative>that</a> <a href=\"javascript:alert(1)\">x</a><blockquote><a href=\"https://quoted.example/\">q</a></blockquote>";
        assert_eq!(links(Words::of_html(html)), ["https://acme.example/a?b=1&c=2"]);
        let markdown = "see [this](https://acme.example/x) and ![a](https://img.example/) and [that](/y)\n\n> [q](https://quoted.example)";
        assert_eq!(links(Words::of_markdown(markdown)), ["https://acme.example/x"]);
        assert_eq!(links(Words::of_html(&"<a href='https://acme.example/'>x</a>".repeat(100))).len(), MOST_LINKS);
    }

    #[test]
    fn hostile_markup_takes_no_time() {
        for piece in ["<blockquote>", "</blockquote>", "<aside ", "<blockquote><aside>", "> ", "<a href=", "<a href='https://a' ", "<a "] {
            let raw = piece.repeat(300_000 / piece.len());
            let _ = (Words::of_html(&raw), Words::of_lines(&raw));
        }
    }
}
