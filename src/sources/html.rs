//! HTML to plain text, before anything matches or scores it.

use std::sync::LazyLock;

use html2text::render::TrivialDecorator;
use regex::{Captures, Regex};

use crate::domain::post::MAX_TEXT_BYTES;
use crate::domain::text;

/// Longest name kept, characters.
const MAX_NAME: usize = 255;
/// More HTML than this in one post is not looked at: markup is at most a few times its text.
const MAX_HTML: usize = 4 * MAX_TEXT_BYTES;
/// Wider than any text that fits in `MAX_HTML`, so that no line is wrapped.
const WIDTH: usize = MAX_HTML + 1024;
/// Open elements at once. People nest a dozen; renderers take quadratic time over thousands.
const MAX_DEPTH: usize = 128;

/// The words of a piece of HTML: entities undone, markup, scripts and styles gone, no footnotes.
pub(super) fn to_text(html: &str) -> String {
    let html = head(html, MAX_HTML);
    if !html.contains(['<', '&']) {
        return tidy(html);
    }
    let flat = flatten(html);
    let config = html2text::config::with_decorator(TrivialDecorator::new()).raw_mode(true).allow_width_overflow().no_link_wrapping();
    // The renderer refuses only what it cannot lay out; then the words without layout are better than none.
    let words = config.string_from_read(flat.as_bytes(), WIDTH).unwrap_or_else(|_| TAG.replace_all(&flat, " ").into_owned());
    tidy(&words)
}

/// Lines without the indents of their markup, at most one empty line in a row, and then [`text::plain`].
pub(super) fn tidy(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut empty = 0_usize;
    for line in raw.split(['\n', '\r']).map(str::trim) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 {
            out.push_str(line);
            out.push('\n');
        }
    }
    text::plain(&out)
}

/// A name in HTML or plain, on one line.
pub(super) fn name(html: &str) -> String {
    text::one_line(&to_text(html), MAX_NAME)
}

/// A title and a body as one text, the title first.
pub(super) fn join(title: &str, body: &str) -> String {
    match (title.is_empty(), body.is_empty()) {
        (true, _) => body.to_owned(),
        (false, true) => title.to_owned(),
        // Many feeds repeat the title as the first words of a body without a title of its own.
        (false, false) if body.starts_with(title) => body.to_owned(),
        (false, false) => text::plain(&format!("{title}\n\n{body}")),
    }
}

fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)\b([^>]*)>").unwrap());

/// Takes out what the renderer would draw (rules as wide as the page, `^{}` around superscripts), and
/// elements nested deeper than any person writes.
fn flatten(html: &str) -> String {
    let mut depth = 0_usize;
    TAG.replace_all(html, |tag: &Captures<'_>| {
        let whole = tag.get(0).map_or("", |m| m.as_str());
        let name = tag.get(2).map_or("", |m| m.as_str()).to_ascii_lowercase();
        if name == "hr" {
            return "<br>".to_owned();
        }
        if name == "sup" || name == "sub" {
            return String::new();
        }
        if VOID.contains(&name.as_str()) {
            return whole.to_owned();
        }
        let closing = tag.get(1).is_some_and(|m| !m.as_str().is_empty());
        depth = if closing { depth.saturating_sub(1) } else { depth.saturating_add(1) };
        let raw = name == "script" || name == "style";
        if raw || depth + usize::from(closing) <= MAX_DEPTH { whole.to_owned() } else { " ".to_owned() }
    })
    .into_owned()
}

const VOID: [&str; 8] = ["br", "img", "input", "link", "meta", "wbr", "source", "area"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_and_markup_goes() {
        let cases = [
            ("<p>Acme&#8217;s plugin &amp; checkout</p>\n<p>broke</p>", "Acme’s plugin & checkout\n\nbroke"),
            ("moved to <span>Acme</span> Cloud,<br>no regrets", "moved to Acme Cloud,\nno regrets"),
            ("see <a href=\"https://x.example/long\">this page</a>!", "see this page!"),
            ("a <img src=\"s.png\" alt=\"😀\"> b", "a 😀 b"),
            ("one<hr>two", "one\ntwo"),
            ("1<sup>st</sup> time", "1st time"),
            ("AT&T & co", "AT&T & co"),
            ("plain words, 3 < 4 and 5 > 2", "plain words, 3 < 4 and 5 > 2"),
            ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ];
        for (html, text) in cases {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn a_real_script_leaks_no_words_and_an_escaped_one_is_text() {
        assert_eq!(to_text("<p>hi</p><script>alert('angry')</script><style>p{color:red}</style>"), "hi");
        assert_eq!(to_text("&lt;script&gt;alert(1)&lt;/script&gt;"), "<script>alert(1)</script>");
    }

    #[test]
    fn control_characters_and_endless_lines_are_cut() {
        assert_eq!(tidy("a\u{0}b\u{7}\r\n\r\n\r\n\r\n  c\td"), "ab\n\nc d");
        assert_eq!(name("<b>Kim\n\n&amp;</b> Co"), "Kim & Co");
        let long = to_text(&format!("<p>{}</p>", "é".repeat(MAX_TEXT_BYTES)));
        assert!(long.len() <= MAX_TEXT_BYTES && long.ends_with('…'));
        assert!(!long.contains('\n'));
    }

    #[test]
    fn deep_nesting_is_flattened_and_not_recursed_into() {
        for tag in ["div", "blockquote", "b", "table><tr><td", "ul><li", "a href=x"] {
            let open = format!("<{tag}>");
            let html = format!("{}word", open.repeat(MAX_HTML / open.len() - 10));
            assert!(to_text(&html).ends_with("word"), "{tag}");
        }
    }

    #[test]
    fn a_title_goes_first_unless_the_body_repeats_it() {
        assert_eq!(join("Down again", "It is."), "Down again\n\nIt is.");
        assert_eq!(join("Down again", "Down again, says Kim"), "Down again, says Kim");
        assert_eq!(join("", "x"), "x");
        assert_eq!(join("x", ""), "x");
    }
}
