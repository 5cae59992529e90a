//! Folding of letters for comparison: case, accents, width and ornament do not tell one word from another.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::text::is_invisible;

/// Folds case, with the letters that lower-casing alone leaves apart: `ß` and `SS`, `ſ` and `s`, `ς` and `σ`, `ı` and `I`.
pub fn fold_case(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    chars.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// A text for comparison: no case, no accents, no ornament (`Ａ`, `ﬁ`, `𝐀`), nothing invisible.
pub fn fold(text: &str) -> String {
    let bare = text.chars().map(unornamented).nfkd().filter(|c| !is_dropped(*c));
    // Composed again, because Hangul syllables and voiced kana are single letters to a reader.
    fold_case(bare).filter(|c| !is_dropped(*c)).nfc().collect()
}

/// Signs behind a name that compatibility decomposition would glue to it: `Acme™` is not `AcmeTM`.
const fn unornamented(c: char) -> char {
    match c {
        '™' | '℠' | '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | 'ª' | 'º' | 'ℹ' => ' ',
        _ => c,
    }
}

/// Accents, points and what nobody sees. Marks that make another letter stay: vowel signs of the Indic scripts
/// and Thai, voiced kana.
fn is_dropped(c: char) -> bool {
    let accent = matches!(canonical_combining_class(c), 1 | 10..=36 | 200..=240);
    accent
        || is_invisible(c)
        || matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{20DD}'..='\u{20E4}' | '\u{E0020}'..='\u{E01EF}')
}

/// Letters of scripts that put no space between words, or hang particles on them (Hangul).
pub const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FA}' | '\u{30FC}'..='\u{318F}' | '\u{31A0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{1B000}'..='\u{1B16F}'
        | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_ornament_do_not_matter() {
        for (text, folded) in [
            ("ACMÉ Clöud", "acme cloud"),
            ("STRASSE straße STRAẞE ſtrasse", "strasse strasse strasse strasse"),
            ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
            ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
            ("Ａｃｍｅ 𝐀𝐜𝐦𝐞 ﬁn", "acme acme fin"),
            ("Ac\u{200B}me\u{AD} Acme™", "acme acme "),
            ("ガ か 한글", "ガ か 한글"),
            ("की कि", "की कि"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }
}
