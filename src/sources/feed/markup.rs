//! Cuts markup into tokens, leniently: no input is refused, and none takes more than one pass.

/// One piece of markup.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Text(&'a str),
    /// The inside of a CDATA section.
    Raw(&'a str),
    Open {
        name: &'a str,
        attributes: &'a str,
        empty: bool,
    },
    Close(&'a str),
    /// A comment, processing instruction or document type.
    Nothing,
    /// The input ends within a token.
    Cut,
}

/// The first token of a text that is not empty, and the rest.
pub(super) fn next_token(text: &str) -> (Token<'_>, &str) {
    if !text.starts_with('<') {
        let end = text.find('<').unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (Token::Text(token), rest);
    }
    for (start, end) in [("<!--", "-->"), ("<?", "?>")] {
        if let Some(inside) = text.strip_prefix(start) {
            return inside.split_once(end).map_or((Token::Cut, ""), |(_, rest)| (Token::Nothing, rest));
        }
    }
    if let Some(inside) = text.strip_prefix("<![CDATA[") {
        return inside.split_once("]]>").map_or((Token::Cut, ""), |(raw, rest)| (Token::Raw(raw), rest));
    }
    if let Some(inside) = text.strip_prefix("<!") {
        return document_type(inside);
    }
    let inside = text.get(1..).unwrap_or_default();
    let starts = inside.strip_prefix('/').unwrap_or(inside).starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !starts {
        let (token, rest) = text.split_at(1);
        return (Token::Text(token), rest);
    }
    tag(inside)
}

fn document_type(inside: &str) -> (Token<'_>, &str) {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '>') if depth == 0 => return (Token::Nothing, inside.get(at + 1..).unwrap_or_default()),
            _ => {}
        }
    }
    (Token::Cut, "")
}

fn tag(inside: &str) -> (Token<'_>, &str) {
    let mut quote = None;
    let mut end = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            // A tag within a quoted value is a quote that was never closed.
            (_, '<') => {
                end = inside.get(..at).and_then(|t| t.rfind('>'));
                break;
            }
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    let Some(end) = end else {
        // `<` was no tag after all, unless the input ends here.
        let next = inside.find('<');
        return next
            .map_or((Token::Cut, ""), |at| (Token::Text(inside.get(..at).unwrap_or_default()), inside.get(at..).unwrap_or_default()));
    };
    let (body, rest) = (inside.get(..end).unwrap_or_default(), inside.get(end + 1..).unwrap_or_default());
    if let Some(name) = body.strip_prefix('/') {
        return (Token::Close(name.split_whitespace().next().unwrap_or_default()), rest);
    }
    let (body, empty) = body.strip_suffix('/').map_or((body, false), |b| (b, true));
    let (name, attributes) = body.split_at(body.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(body.len()));
    (Token::Open { name, attributes, empty }, rest)
}

/// Names and values of a tag, each name once. Values are as they came, with entities.
pub(super) fn attributes(text: &str) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.split_whitespace().next_back().unwrap_or_default();
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(q @ ('"' | '\'')) => {
                let inside = after.get(1..).unwrap_or_default();
                inside.split_once(q).unwrap_or((inside, ""))
            }
            _ => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        let named = key.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        let plain = key.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.'));
        if named && plain && list.len() < 64 && !list.iter().any(|(k, _)| k == key) {
            list.push((key.to_owned(), value.to_owned()));
        }
        rest = next;
    }
    list
}

/// Entities that every XML parser knows; others would be left for HTML to undo.
const KNOWN: [&str; 5] = ["amp", "lt", "gt", "quot", "apos"];

/// Writes text so that a strict parser reads it: entities stay, a bare `&` or `<` is escaped, as is an
/// entity that only HTML knows (the text is HTML, and undoes it later). What XML forbids is dropped.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '"']).or((!rest.is_empty()).then_some(rest.len())) {
        let (plain, after) = rest.split_at(at);
        out.extend(
            plain.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r')).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')),
        );
        if after.is_empty() {
            return;
        }
        let (mark, after) = after.split_at(1);
        match mark {
            "<" => out.push_str("&lt;"),
            "\"" => out.push_str("&quot;"),
            _ if is_reference(after) => out.push('&'),
            _ => out.push_str("&amp;"),
        }
        rest = after;
    }
}

fn is_reference(after: &str) -> bool {
    let Some((name, _)) = after.split_once(';').filter(|(name, _)| name.len() <= 10) else { return false };
    let code = match name.strip_prefix('#') {
        Some(digits) => digits.strip_prefix(['x', 'X']).map_or_else(|| digits.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok()),
        None => return KNOWN.contains(&name),
    };
    code.and_then(char::from_u32).is_some_and(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bare_ampersands_and_brackets_are_escaped_and_entities_kept() {
        let cases = [
            ("R&D", "R&amp;D"),
            ("a &amp; b &#8217; &#x1F600;", "a &amp; b &#8217; &#x1F600;"),
            ("&nbsp;&hellip;", "&amp;nbsp;&amp;hellip;"),
            ("&#0; &#xD800; &#99999999999;", "&amp;#0; &amp;#xD800; &amp;#99999999999;"),
            ("a\u{0}b\u{8}", "ab"),
            ("&", "&amp;"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            escape(text, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn attributes_are_read_leniently() {
        let list = attributes(" a=\"1 > 0\" b='x' c=y a='again' 2=3 d=\"open");
        let list: Vec<_> = list.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(list, [("a", "1 > 0"), ("b", "x"), ("c", "y"), ("d", "open")]);
    }

    proptest! {
        #[test]
        fn every_text_is_cut_into_tokens_to_its_end(text in "[<>/!?\\[\\]\"'a-c=& -]{0,80}") {
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (_, after) = next_token(rest);
                prop_assert!(after.len() < rest.len());
                rest = after;
            }
        }
    }
}
