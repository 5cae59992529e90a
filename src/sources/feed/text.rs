//! Bytes of a feed to text, whatever encoding it is in.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use regex::bytes::Regex;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static DECLARED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']"#).unwrap());

/// The text: by byte-order mark, then by the look of the first bytes, the XML declaration, the header's
/// `charset`, and at last UTF-8 where it is valid and Windows-1252 where it is not.
pub(super) fn to_text(body: &[u8], content_type: Option<&str>) -> String {
    if let Some((order, rest)) = utf32(body) {
        return decode_utf32(rest, order);
    }
    if let Some((encoding, skip)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(body.get(skip..).unwrap_or_default()).0.into_owned();
    }
    match body {
        [0, b'<', 0, ..] => return UTF_16BE.decode_without_bom_handling(body).0.into_owned(),
        [b'<', 0, _, 0, ..] => return UTF_16LE.decode_without_bom_handling(body).0.into_owned(),
        _ => {}
    }
    // Text in which the declaration can be read as ASCII is not UTF-16, whatever it declares.
    let usable = |label: &[u8]| Encoding::for_label(label).filter(|e| *e != UTF_16LE && *e != UTF_16BE);
    let declared = DECLARED.captures(body).and_then(|c| usable(c.get(1)?.as_bytes()));
    let header = content_type.and_then(charset).and_then(|label| usable(label.as_bytes()));
    let candidates = [declared, header, Some(UTF_8), Some(WINDOWS_1252)];
    let fits = candidates.into_iter().flatten().find_map(|e| e.decode_without_bom_handling_and_without_replacement(body));
    fits.unwrap_or_else(|| declared.or(header).unwrap_or(UTF_8).decode_without_bom_handling(body).0).into_owned()
}

fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

fn utf32(body: &[u8]) -> Option<(Order, &[u8])> {
    match body {
        [0xff, 0xfe, 0, 0, rest @ ..] => Some((Order::Little, rest)),
        [0, 0, 0xfe, 0xff, rest @ ..] => Some((Order::Big, rest)),
        [b'<', 0, 0, 0, ..] => Some((Order::Little, body)),
        [0, 0, 0, b'<', ..] => Some((Order::Big, body)),
        _ => None,
    }
}

fn decode_utf32(body: &[u8], order: Order) -> String {
    let unit = |bytes: &[u8; 4]| match order {
        Order::Big => u32::from_be_bytes(*bytes),
        Order::Little => u32::from_le_bytes(*bytes),
    };
    let (units, _) = body.as_chunks::<4>();
    units.iter().map(|bytes| char::from_u32(unit(bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, order: Order) -> Vec<u8> {
        let bytes = |unit: u16| match order {
            Order::Big => unit.to_be_bytes(),
            Order::Little => unit.to_le_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_usual_encoding_is_read() {
        let xml = "<?xml version=\"1.0\"?><t>naïve 中文</t>";
        let bom = |mark: &[u8], rest: Vec<u8>| [mark.to_vec(), rest].concat();
        let wide: Vec<u8> = xml.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        let cases = [
            xml.as_bytes().to_vec(),
            bom(&[0xef, 0xbb, 0xbf], xml.as_bytes().to_vec()),
            utf16(xml, Order::Big),
            utf16(xml, Order::Little),
            bom(&[0xff, 0xfe], utf16(xml, Order::Little)),
            bom(&[0xfe, 0xff], utf16(xml, Order::Big)),
            wide.clone(),
            bom(&[0, 0, 0xfe, 0xff], wide),
        ];
        for (i, body) in cases.iter().enumerate() {
            assert_eq!(to_text(body, None), xml, "case {i}");
        }
    }

    #[test]
    fn the_declaration_counts_before_the_header_and_a_wrong_one_does_not_hurt() {
        let (big5, ..) = encoding_rs::BIG5.encode("<?xml version='1.0' encoding='big5'?><t>中文</t>");
        assert!(to_text(&big5, Some("text/xml; charset=iso-8859-1")).contains("中文"));
        let (latin, ..) = WINDOWS_1252.encode("<t>café</t>");
        assert_eq!(to_text(&latin, Some("text/xml; charset=\"ISO-8859-1\"")), "<t>café</t>");
        assert_eq!(to_text(&latin, None), "<t>café</t>");
        let lies = "<?xml version='1.0' encoding='utf-16'?><t>é</t>";
        assert_eq!(to_text(lies.as_bytes(), None), lies);
    }

    #[test]
    fn rubbish_becomes_text_without_a_panic() {
        for body in [&b""[..], b"\xff\xfe", b"\x00\x00\x00<\x00", b"<\x00\x00\x00\xff", b"\xff\xff\xff\xff\x80"] {
            let _ = to_text(body, Some("charset; charset="));
        }
    }
}
