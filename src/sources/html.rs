//! HTML to plain text, before anything matches or scores it.

use std::sync::LazyLock;

use html2text::render::TrivialDecorator;
use regex::{Captures, Regex};

use crate::domain::post::MAX_TEXT_BYTES;

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
    let text = config.string_from_read(flat.as_bytes(), WIDTH).unwrap_or_else(|_| TAG.replace_all(&flat, " ").into_owned());
    tidy(&text)
}

/// Control characters gone, at most one empty line in a row, cut at the longest text that is kept.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT_BYTES));
    let mut breaks = 0_usize;
    for line in text.split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        let line: String = line.chars().map(|c| if c == '\t' || c == '\u{a0}' { ' ' } else { c }).filter(|c| !c.is_control()).collect();
        let line = line.trim();
        if line.is_empty() {
            breaks = (breaks + 1).min(2);
            continue;
        }
        if !out.is_empty() {
            out.push_str(if breaks > 1 { "\n\n" } else { "\n" });
        }
        out.push_str(line);
        breaks = 1;
    }
    cut(out)
}

/// A title and a body as one text, the title first.
pub(super) fn join(title: &str, body: &str) -> String {
    match (title.is_empty(), body.is_empty()) {
        (true, _) => body.to_owned(),
        (false, true) => title.to_owned(),
        // Many feeds repeat the title as the first words of a body without a title of its own.
        (false, false) if body.starts_with(title) => body.to_owned(),
        (false, false) => cut(format!("{title}\n\n{body}")),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(head(&text, MAX_TEXT_BYTES - '…'.len_utf8()).len());
        text.push('…');
    }
    text
}

fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
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
        assert_eq!(tidy("a\u{0}b\u{7}\r\n\r\n\r\n\r\nc\td"), "ab\n\nc d");
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
