//! The language of a text: what it reads like when it is long enough, else what its platform claims.

use unicode_segmentation::UnicodeSegmentation;
use whatlang::Lang;

use crate::domain::fold::is_unspaced;

/// Shorter texts of scripts that many languages share are guessed wrong too often.
const MIN_LETTERS: usize = 40;
/// Scripts that tell the language by themselves need less.
const MIN_UNSPACED: usize = 8;
/// Enough to be sure; the rest would only cost time.
const MAX_LETTERS: usize = 2_000;

/// ISO 639-1, or what else the platform claims; `None` when neither text nor platform say.
pub fn language(text: &str, claimed: Option<&str>) -> Option<String> {
    detected(text).map(str::to_owned).or_else(|| claimed.and_then(code))
}

fn detected(text: &str) -> Option<&'static str> {
    let own = own_words(text);
    let letters = own.chars().filter(|c| c.is_alphabetic()).count();
    let unspaced = own.chars().filter(|c| is_unspaced(*c)).count();
    if letters < MIN_LETTERS && unspaced < MIN_UNSPACED {
        return None;
    }
    whatlang::detect(&own).filter(whatlang::Info::is_reliable).map(|info| short_code(info.lang()))
}

/// The text without links, accounts and hashtags, which are in no language.
fn own_words(text: &str) -> String {
    let foreign = |word: &str| word.contains("://") || word.starts_with(['@', '#']);
    let mut own = String::new();
    for word in text.split_whitespace().filter(|word| !foreign(word)) {
        own.push_str(word);
        own.push(' ');
        if own.len() > MAX_LETTERS * 4 {
            // One word may be as long as the text.
            return own.graphemes(true).take(MAX_LETTERS).collect();
        }
    }
    own
}

/// The language of a platform's tag: `en-US` and `EN` are `en`. `None` for what is no tag, or says nothing.
fn code(claimed: &str) -> Option<String> {
    let main = claimed.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    let plausible = (2..=3).contains(&main.len()) && main.bytes().all(|b| b.is_ascii_lowercase());
    let says_nothing = matches!(main.as_str(), "und" | "zxx" | "mul" | "mis" | "qaa");
    (plausible && !says_nothing).then_some(main)
}

/// ISO 639-1.
#[rustfmt::skip]
fn short_code(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo", Lang::Eng => "en", Lang::Rus => "ru", Lang::Cmn => "zh", Lang::Spa => "es", Lang::Por => "pt",
        Lang::Ita => "it", Lang::Ben => "bn", Lang::Fra => "fr", Lang::Deu => "de", Lang::Ukr => "uk", Lang::Kat => "ka",
        Lang::Ara => "ar", Lang::Hin => "hi", Lang::Jpn => "ja", Lang::Heb => "he", Lang::Yid => "yi", Lang::Pol => "pl",
        Lang::Amh => "am", Lang::Jav => "jv", Lang::Kor => "ko", Lang::Nob => "nb", Lang::Dan => "da", Lang::Swe => "sv",
        Lang::Fin => "fi", Lang::Tur => "tr", Lang::Nld => "nl", Lang::Hun => "hu", Lang::Ces => "cs", Lang::Ell => "el",
        Lang::Bul => "bg", Lang::Bel => "be", Lang::Mar => "mr", Lang::Kan => "kn", Lang::Ron => "ro", Lang::Slv => "sl",
        Lang::Hrv => "hr", Lang::Srp => "sr", Lang::Mkd => "mk", Lang::Lit => "lt", Lang::Lav => "lv", Lang::Est => "et",
        Lang::Tam => "ta", Lang::Vie => "vi", Lang::Urd => "ur", Lang::Tha => "th", Lang::Guj => "gu", Lang::Uzb => "uz",
        Lang::Pan => "pa", Lang::Aze => "az", Lang::Ind => "id", Lang::Tel => "te", Lang::Pes => "fa", Lang::Mal => "ml",
        Lang::Ori => "or", Lang::Mya => "my", Lang::Nep => "ne", Lang::Sin => "si", Lang::Khm => "km", Lang::Tuk => "tk",
        Lang::Aka => "ak", Lang::Zul => "zu", Lang::Sna => "sn", Lang::Afr => "af", Lang::Lat => "la", Lang::Slk => "sk",
        Lang::Cat => "ca", Lang::Tgl => "tl", Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_tells_its_language_whatever_the_platform_claims() {
        for (text, lang) in [
            ("The backups have been gone since this morning and nobody tells us anything about it.", "en"),
            ("Seit heute Morgen sind die Sicherungen weg, und niemand sagt uns, was eigentlich los ist.", "de"),
            ("Depuis ce matin les sauvegardes ont disparu et personne ne nous explique ce qui se passe.", "fr"),
            ("昨日からバックアップが見つかりません。", "ja"),
            ("백업이 어제부터 사라졌는데 아무도 알려 주지 않아요", "ko"),
        ] {
            assert_eq!(language(text, Some("nl")).as_deref(), Some(lang), "{text}");
        }
    }

    #[test]
    fn a_short_text_has_the_language_that_its_platform_claims() {
        assert_eq!(language("down again", Some("en-US")).as_deref(), Some("en"));
        assert_eq!(language("@acme https://example.example/a/very/long/path/in/no/language/at/all", Some("PT_br")).as_deref(), Some("pt"));
        for nonsense in ["", "und", "x", "english", "../", "🙂🙂"] {
            assert_eq!(language("ok", Some(nonsense)), None, "{nonsense}");
        }
        assert_eq!(language("ok", None), None);
    }

    #[test]
    fn a_text_of_one_endless_word_is_judged_by_its_beginning() {
        assert_eq!(language(&"x".repeat(60_000), None), None);
    }
}
