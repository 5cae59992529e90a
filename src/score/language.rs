//! The language of a text, as far as it can be told.
//!
//! Trigrams alone (`whatlang`) take every tenth short post for something else. Function words decide first: they are in
//! nearly every sentence, and each language has its own. Trigrams break the ties.

use std::collections::HashMap;
use std::sync::LazyLock;

use whatlang::{Detector, Info, Lang, Script};

/// The language of texts without letters.
pub const UNDETERMINED: &str = "und";

/// What a text with letters is taken for when nothing says otherwise.
const DEFAULT: &str = "en";

/// A lead of this many function words settles the language, whatever the platform claims.
const CLEAR_LEAD: usize = 2;

/// Frequent words; a word may stand in several lists, and then says nothing between them.
#[rustfmt::skip]
const WORDS: [(&str, &str); 6] = [
    ("en", "the and you that is it to of in for my this with not are have was but be what just on your they we he she at so if will get do can all \
            when how about out up from or who more has been their there would why its i me don't can't i'm now never ever still an as after then \
            than no one our us them"),
    ("fr", "le la les de des du et est une un je tu il elle nous vous ils que qui ne pas pour dans sur avec ce cette mais plus tout faire fait au \
            aux mon ma mes son ses ça sont ai été être où quand comme rien très trop bien si se leur encore c j d l qu n y même aussi donc"),
    ("de", "der die das und ist nicht ich du sie er es wir ihr ein eine einen einem einer mit auf für von zu den dem im auch noch nur so wie aber \
            wenn dass was hat haben bin sind war wird bei nach mehr man mir mich dich euch uns mal ja doch schon als oder kein keine sich aus um \
            da hier jetzt immer wieder"),
    ("it", "il lo la i gli le di del della dei delle e è un una che non per con su da al alla ma mi ti si ci sono ho ha hai come più anche questo \
            questa quando se tutto tutti solo mio mia nel nella perché fa fare era essere cosa ancora ora poi chi o dal oggi molto bene quello"),
    ("es", "el la los las de del y es un una que no en por para con se lo mi me te su al más pero como ya muy yo todo todos esta este eso si sin \
            hay ser soy está son cuando porque fue le nos han qué o estoy tengo hoy siempre a tu ha ahora bien mis nada vida esto ni desde"),
    ("pt", "o a os as de do da dos das e é um uma que não em no na para por com se eu me você mais mas como tô já muito meu minha ser está foi tem \
            ter isso esse essa quando pra pro vai vou só ele ela nem porque bem tudo hoje sem ao nos nas até q vc mto são seu sua estou ainda \
            gente aqui"),
];

/// Which of [`WORDS`] a word stands in, as bits.
static LISTS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut lists = HashMap::new();
    for (bit, (_, words)) in WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            *lists.entry(word).or_insert(0) |= 1 << bit;
        }
    }
    lists
});

static ANY: LazyLock<Detector> = LazyLock::new(Detector::new);
/// The languages of [`WORDS`]: among these trigrams are right twice as often as among all.
static LISTED: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(vec![Lang::Eng, Lang::Fra, Lang::Deu, Lang::Ita, Lang::Spa, Lang::Por]));

/// The language of a prepared text: ISO 639-1, or `und` for a text without letters.
///
/// `claimed` is what the platform says (`de`, `pt-BR`). People and platforms often leave it at a default, so a text that
/// is clear by itself wins over it, and it wins over a guess. Without either, a guess is better than nothing.
pub fn language(text: &str, claimed: Option<&str>) -> String {
    let text = spoken(text);
    if !text.chars().any(char::is_alphabetic) {
        return UNDETERMINED.to_owned();
    }
    let claimed = claimed.and_then(primary);
    let votes = lead(&text);
    if let Some((lang, CLEAR_LEAD..)) = votes
        && claimed.as_deref().is_none_or(|claim| claim == lang)
    {
        return lang.to_owned();
    }
    let trigrams = ANY.detect(&text);
    let guess = trigrams.as_ref().map(|info| code(info.lang()));
    if claimed.is_some() && claimed.as_deref() == guess {
        return guess.unwrap_or_default().to_owned();
    }
    let clear = trigrams.as_ref().is_some_and(Info::is_reliable).then_some(guess).flatten();
    let found = if trigrams.is_some_and(|info| info.script() != Script::Latin) {
        clear.map(str::to_owned).or(claimed).or(guess.map(str::to_owned))
    } else {
        match votes {
            Some((lang, CLEAR_LEAD..)) => Some(lang.to_owned()),
            Some((lang, _)) if guess == Some(lang) => Some(lang.to_owned()),
            Some((lang, _)) => claimed.or(Some(lang.to_owned())),
            None => clear.map(str::to_owned).or(claimed).or_else(|| guess_among_listed(&text)),
        }
    };
    found.unwrap_or_else(|| DEFAULT.to_owned())
}

/// The likeliest of the listed languages; nothing for one or two words, which trigrams cannot tell.
fn guess_among_listed(text: &str) -> Option<String> {
    let enough = text.split(' ').nth(2).is_some();
    enough.then(|| LISTED.detect_lang(text)).flatten().map(|lang| code(lang).to_owned())
}

/// The text without links, accounts and hashtags, which are in no language.
fn spoken(text: &str) -> String {
    let words = text.split_whitespace().filter(|w| *w != "http" && !w.starts_with(['@', '#']));
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The language with the most function words, and by how many it leads; `None` for a tie.
fn lead(text: &str) -> Option<(&'static str, usize)> {
    let mut votes = [0_usize; WORDS.len()];
    for word in text.split(|c: char| !(c.is_alphabetic() || c == '\'')) {
        let lists = LISTS.get(word).copied().unwrap_or(0);
        for (bit, count) in votes.iter_mut().enumerate() {
            *count += usize::from(lists >> bit & 1);
        }
    }
    let (best, most) = votes.into_iter().enumerate().max_by_key(|(_, count)| *count)?;
    let second = votes.into_iter().enumerate().filter(|(at, _)| *at != best).map(|(_, count)| count).max()?;
    (most > second).then(|| (WORDS[best].0, most - second))
}

/// The language part of a tag such as `pt-BR`; `None` when it is none, or says that it is not known.
fn primary(tag: &str) -> Option<String> {
    let part = tag.split(['-', '_']).next()?.trim().to_ascii_lowercase();
    let fits = (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    (fits && !matches!(part.as_str(), "und" | "mul" | "mis" | "zxx")).then_some(part)
}

/// ISO 639-1 of a detected language.
#[rustfmt::skip]
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Eng => "en", Lang::Fra => "fr", Lang::Deu => "de", Lang::Ita => "it", Lang::Spa => "es", Lang::Por => "pt", Lang::Nld => "nl",
        Lang::Pol => "pl", Lang::Swe => "sv", Lang::Dan => "da", Lang::Nob => "nb", Lang::Fin => "fi", Lang::Ces => "cs", Lang::Slk => "sk",
        Lang::Slv => "sl", Lang::Hrv => "hr", Lang::Srp => "sr", Lang::Hun => "hu", Lang::Ron => "ro", Lang::Bul => "bg", Lang::Mkd => "mk",
        Lang::Ell => "el", Lang::Rus => "ru", Lang::Ukr => "uk", Lang::Bel => "be", Lang::Tur => "tr", Lang::Aze => "az", Lang::Tuk => "tk",
        Lang::Uzb => "uz", Lang::Est => "et", Lang::Lit => "lt", Lang::Lav => "lv", Lang::Cat => "ca", Lang::Lat => "la", Lang::Epo => "eo",
        Lang::Ara => "ar", Lang::Heb => "he", Lang::Yid => "yi", Lang::Pes => "fa", Lang::Urd => "ur", Lang::Hin => "hi", Lang::Mar => "mr",
        Lang::Nep => "ne", Lang::Ben => "bn", Lang::Guj => "gu", Lang::Pan => "pa", Lang::Ori => "or", Lang::Tam => "ta", Lang::Tel => "te",
        Lang::Kan => "kn", Lang::Mal => "ml", Lang::Sin => "si", Lang::Mya => "my", Lang::Khm => "km", Lang::Tha => "th", Lang::Vie => "vi",
        Lang::Ind => "id", Lang::Jav => "jv", Lang::Tgl => "tl", Lang::Jpn => "ja", Lang::Cmn => "zh", Lang::Kor => "ko", Lang::Amh => "am",
        Lang::Kat => "ka", Lang::Hye => "hy", Lang::Afr => "af", Lang::Zul => "zu", Lang::Sna => "sn", Lang::Aka => "ak", Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sentences_are_told_apart_by_their_function_words() {
        for (text, lang) in [
            ("the app is down again and I am done with it", "en"),
            ("le site ne marche pas depuis ce matin", "fr"),
            ("seit heute morgen geht nichts mehr, ich bin sauer", "de"),
            ("non funziona più niente da ieri, che vergogna", "it"),
            ("la aplicación no funciona y nadie me contesta", "es"),
            ("não consigo entrar na minha conta desde ontem", "pt"),
            ("у меня ничего не работает со вчерашнего дня", "ru"),
            ("サーバーがまた落ちている", "ja"),
        ] {
            assert_eq!(language(text, None), lang, "{text}");
        }
    }

    #[test]
    fn a_text_without_letters_has_no_language() {
        for text in ["😡😡", ":(", "123 !!!", "@user http", "#"] {
            assert_eq!(language(text, Some("en")), UNDETERMINED, "{text}");
        }
    }

    #[test]
    fn a_clear_text_wins_over_the_claim_and_the_claim_over_a_guess() {
        assert_eq!(language("das ist nicht mehr zu ertragen", Some("en")), "de");
        assert_eq!(language("Super!", Some("de")), "de");
        assert_eq!(language("Super!", Some("de-AT")), "de");
        assert_eq!(language("de trein rijdt weer niet vandaag hoor", Some("nl")), "nl");
        assert_eq!(language("the worst service of the year", Some("und")), "en");
    }

    #[test]
    fn claims_that_are_no_language_tags_are_not_taken() {
        for tag in ["", "und", "e", "english", "12", "é", "\u{0}\u{0}", "-"] {
            assert_eq!(primary(tag), None, "{tag:?}");
        }
        assert_eq!(primary("PT_br").as_deref(), Some("pt"));
    }

    #[test]
    fn hostile_text_has_some_language_and_does_not_stall() {
        for text in ["\u{202e}\u{200b}a", &"a".repeat(8_192), &"😡a".repeat(1_000), &"ab ".repeat(2_700), "\0\u{7f}x"] {
            assert!(!language(text, None).is_empty());
        }
    }
}
