//! Markdown to plain text, next to [`html`](super::html): the words that a reader sees.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::html;
use crate::domain::post::MAX_TEXT_BYTES;

/// Open elements at once; people nest a dozen.
const MAX_DEPTH: usize = 128;

/// A piece of Markdown without its markup.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The words of its author.
    pub own: String,
    /// The words that it quotes.
    pub quoted: String,
    /// Where the author's links lead.
    pub links: Vec<String>,
}

/// The words of a piece of Markdown.
pub(super) fn split(markdown: &str) -> Parts {
    let head = markdown.get(..markdown.floor_char_boundary(2 * MAX_TEXT_BYTES)).unwrap_or_default();
    // Nesting costs time that grows with its square; no person writes so deep.
    let flat: String = head.lines().map(shallow).collect::<Vec<_>>().join("\n");
    let (mut own, mut others, mut links) = (String::with_capacity(flat.len()), String::new(), Vec::new());
    let (mut quoted, mut depth) = (0_usize, 0_usize);
    for event in Parser::new_ext(&flat, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES) {
        let out = if quoted > 0 { &mut others } else { &mut own };
        match event {
            Event::Start(Tag::BlockQuote(_)) => quoted += 1,
            Event::End(TagEnd::BlockQuote(_)) => quoted = quoted.saturating_sub(1),
            Event::Start(tag) => {
                depth += 1;
                if let (Tag::Link { dest_url, .. }, 0) = (tag, quoted) {
                    links.push(dest_url.into_string());
                }
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                out.push_str(after(end));
            }
            _ if depth > MAX_DEPTH => {}
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::Html(raw) | Event::InlineHtml(raw) => out.push_str(&html::to_text(&raw)),
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            _ => {}
        }
    }
    Parts { own: html::tidy(&own), quoted: html::tidy(&others), links }
}

/// A line with at most a dozen of what opens a level.
fn shallow(line: &str) -> String {
    let marks = line.bytes().take_while(|b| b">-*+ \t".contains(b)).count();
    if marks <= 4 * 12 { line.to_owned() } else { line.get(marks..).unwrap_or_default().to_owned() }
}

/// What follows the end of an element.
const fn after(end: TagEnd) -> &'static str {
    match end {
        TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::List(_) | TagEnd::Table => "\n\n",
        TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead => "\n",
        TagEnd::TableCell => " ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_text(markdown: &str) -> String {
        split(markdown).own
    }

    #[test]
    fn words_stay_and_marks_go() {
        let cases = [
            ("Acme is **down** _again_", "Acme is down again"),
            ("see [this page](https://x.example/long) and ![a shot](y.png)", "see this page and a shot"),
            ("# Title\n\nbody\nof it", "Title\n\nbody\nof it"),
            ("- one\n- two", "one\ntwo"),
            ("> you said so\n\nno I did not", "no I did not"),
            ("`code` &amp; more", "code & more"),
            ("a <script>alert(1)</script> b", "a alert(1) b"),
            ("<p>raw &lt;b&gt;</p>", "raw <b>"),
            ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
            ("|a|b|\n|-|-|\n|c|d|", "a b\nc d"),
        ];
        for (markdown, text) in cases {
            assert_eq!(to_text(markdown), text, "{markdown}");
        }
    }

    #[test]
    fn nothing_that_is_nested_or_endless_stalls() {
        for piece in ["> ", "- ", "[", "*", "_a", "<b>", "![](", "`", "1. ", "|a", "&amp;", "\\", "[a](b "] {
            let markdown = format!("{}word", piece.repeat(4 * MAX_TEXT_BYTES / piece.len()));
            assert!(to_text(&markdown).len() <= MAX_TEXT_BYTES, "{piece}");
        }
    }
}
