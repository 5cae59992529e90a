//! The language of a text, as far as it can be told: the one place where that is decided.
//!
//! Trigrams alone (`whatlang`) take every tenth short post for something else. Function words decide first: they are in
//! nearly every sentence, and each language has its own. Trigrams break the ties.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use whatlang::{Detector, Info, Lang, Script};

use super::fold::fold;

/// The language of texts without letters.
pub const UNDETERMINED: &str = "und";

/// What a text with letters is taken for when nothing says otherwise.
const DEFAULT: &str = "en";

/// In shorter texts of the Latin script, which many languages share, trigrams alone are a guess.
const MIN_LETTERS: usize = 40;

/// Enough to be sure; the rest would only cost time.
const MAX_CHARS: usize = 8_192;

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

/// Function words beyond [`WORDS`], which tell no language apart or stand in too few posts for that: auxiliaries and filler.
#[rustfmt::skip]
const FILLER: [(&str, &str); 6] = [
    ("en", "should would could might must may shall does did had having been being here were which while where whose into over such very too also \
            really much many some any every each own same other another even only again please thing things way lot got getting going goes went \
            make makes made want wants need needs let say says said dont im ive"),
    ("fr", "devrait devraient devrais devriez faudrait pourrait pourrais pourriez voudrais pouvez peut peuvent doit doivent fallait faut serait avez avait ces leurs notre votre vraiment encore \
            toujours fais avoir être chez car donc alors depuis"),
    ("de", "sollte sollten würde würden wurde könnte könnten müsste muss müssen soll sollen kann können will wollen werden worden hätte wäre gibt \
            ganz sehr dann denn diese dieser dieses diesen einfach wirklich halt eben seit schonmal"),
    ("it", "dovrebbe dovrebbero potrebbe può possono deve devono sarebbe hanno abbiamo aveva questi queste molto proprio davvero stato stata fatto \
            quindi allora ogni sempre"),
    ("es", "debería deberían podría puede pueden debe deben tiene tienen hacer haber había sería estos estas ese esa esos mucho muchos sido \
            entonces desde siempre hace"),
    ("pt", "deveria deveriam poderia pode podem deve devem seria têm tinha havia esses essas estes muito mesmo fazer sempre então desde cada"),
];

/// Function words that turn a sentence round. They say much beside another word: what is *not* possible.
#[rustfmt::skip]
const NEGATIONS: &str = "not no can't cannot don't doesn't won't never nicht kein keine keinen nie pas jamais rien ne non mai niente nunca nada não \
                         nem sin sem ohne senza sans without";

/// Folded function words with the languages that have them, as bits.
static FUNCTION: LazyLock<HashMap<String, u8>> = LazyLock::new(|| {
    let mut lists = HashMap::new();
    for (bit, (_, words)) in WORDS.iter().enumerate().chain(FILLER.iter().enumerate()) {
        for word in words.split_whitespace() {
            *lists.entry(fold(word)).or_insert(0) |= 1 << bit;
        }
    }
    lists
});

static NEGATING: LazyLock<HashSet<String>> = LazyLock::new(|| NEGATIONS.split_whitespace().map(fold).collect());

/// What a word is for in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It says what the sentence is about.
    Content,
    /// It turns it round.
    Negation,
    /// It holds the sentence together.
    Function,
}

/// The role of a folded word in a text of a language; in one that is not known, that of any listed language. A language
/// without a list has content only.
pub fn role(folded: &str, lang: &str) -> Role {
    let listed = WORDS.iter().position(|(code, _)| *code == lang);
    let wanted = listed.map_or(u8::MAX, |bit| 1 << bit);
    match () {
        () if NEGATING.contains(folded) => Role::Negation,
        () if listed.is_none() && !lang.is_empty() => Role::Content,
        () if FUNCTION.get(folded).is_some_and(|lists| lists & wanted != 0) => Role::Function,
        () => Role::Content,
    }
}

static ANY: LazyLock<Detector> = LazyLock::new(Detector::new);
/// The languages of [`WORDS`]: among these trigrams are right twice as often as among all.
static LISTED: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(vec![Lang::Eng, Lang::Fra, Lang::Deu, Lang::Ita, Lang::Spa, Lang::Por]));

/// How a language was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// By the text itself.
    Text,
    /// By what the platform says.
    Claim,
    /// Likelier than others, no more.
    Guess,
}

/// The language of a text for a model, which must be given one: ISO 639-1, or `und` for a text without letters.
///
/// `claimed` is what the platform says (`de`, `pt-BR`). People and platforms often leave it at a default, so a text that
/// is clear by itself wins over it, and it wins over a guess. Without either, a guess is better than nothing.
pub fn language(text: &str, claimed: Option<&str>) -> String {
    tell(text, claimed).map_or_else(|| UNDETERMINED.to_owned(), |(lang, _)| lang)
}

/// The language of a text as far as it is known: ISO 639-1, or what else the platform claims; `None` rather than a guess.
pub fn known_language(text: &str, claimed: Option<&str>) -> Option<String> {
    match tell(text, claimed) {
        Some((lang, Evidence::Text | Evidence::Claim)) => Some(lang),
        Some((_, Evidence::Guess)) => None,
        None => claimed.and_then(primary),
    }
}

/// `None` for a text without letters.
fn tell(text: &str, claimed: Option<&str>) -> Option<(String, Evidence)> {
    let text = spoken(text);
    if !text.chars().any(char::is_alphabetic) {
        return None;
    }
    let claimed = claimed.and_then(primary);
    let votes = lead(&text);
    if let Some((lang, CLEAR_LEAD..)) = votes
        && claimed.as_deref().is_none_or(|claim| claim == lang)
    {
        return Some((lang.to_owned(), Evidence::Text));
    }
    let trigrams = ANY.detect(&text);
    let guess = trigrams.as_ref().map(|info| code(info.lang()));
    if let Some(claim) = claimed.clone().filter(|claim| Some(claim.as_str()) == guess) {
        return Some((claim, Evidence::Claim));
    }
    let sure = if text.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS { Evidence::Guess } else { Evidence::Text };
    let clear = trigrams.as_ref().is_some_and(Info::is_reliable).then_some(guess).flatten();
    let by_claim = claimed.map(|claim| (claim, Evidence::Claim));
    let by = |evidence: Evidence| move |lang: &'static str| (lang.to_owned(), evidence);
    let found = if trigrams.is_some_and(|info| info.script() != Script::Latin) {
        clear.map(by(Evidence::Text)).or(by_claim).or(guess.map(by(Evidence::Guess)))
    } else {
        match votes {
            Some((lang, CLEAR_LEAD..)) => Some((lang.to_owned(), Evidence::Text)),
            Some((lang, _)) if guess == Some(lang) => Some((lang.to_owned(), sure)),
            Some((lang, _)) => by_claim.or(Some((lang.to_owned(), Evidence::Guess))),
            None => clear.map(by(sure)).or(by_claim).or_else(|| guess_among_listed(&text).map(by(Evidence::Guess))),
        }
    };
    found.or_else(|| Some((DEFAULT.to_owned(), Evidence::Guess)))
}

/// The likeliest of the listed languages; nothing for one or two words, which trigrams cannot tell.
fn guess_among_listed(text: &str) -> Option<&'static str> {
    let enough = text.split(' ').nth(2).is_some();
    enough.then(|| LISTED.detect_lang(text)).flatten().map(code)
}

/// The text without links, accounts and hashtags, which are in no language; of the longest, the beginning.
fn spoken(text: &str) -> String {
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    let foreign = |word: &&str| *word == "http" || word.contains("://") || word.starts_with(['@', '#']);
    let words = text.get(..end).unwrap_or_default().split_whitespace().filter(|word| !foreign(word));
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

    #[test]
    fn a_long_text_tells_its_language_whatever_the_platform_claims() {
        for (text, lang) in [
            ("The backups have been gone since this morning and nobody tells us anything about it.", "en"),
            ("Seit heute Morgen sind die Sicherungen weg, und niemand sagt uns, was eigentlich los ist.", "de"),
            ("Depuis ce matin les sauvegardes ont disparu et personne ne nous explique ce qui se passe.", "fr"),
            ("昨日からバックアップが見つかりません。", "ja"),
            ("백업이 어제부터 사라졌는데 아무도 알려 주지 않아요", "ko"),
        ] {
            assert_eq!(known_language(text, Some("nl")).as_deref(), Some(lang), "{text}");
        }
    }

    #[test]
    fn a_short_text_has_the_language_that_its_platform_claims() {
        assert_eq!(known_language("down again", Some("en-US")).as_deref(), Some("en"));
        assert_eq!(
            known_language("@acme https://example.example/a/very/long/path/in/no/language/at/all", Some("PT_br")).as_deref(),
            Some("pt")
        );
        for nonsense in ["", "und", "x", "english", "../", "🙂🙂"] {
            assert_eq!(known_language("ok", Some(nonsense)), None, "{nonsense}");
        }
        for guess in ["ok", "wau", "Acme kaputt"] {
            assert_eq!(known_language(guess, None), None, "{guess}");
        }
    }

    #[test]
    fn a_text_of_one_endless_word_is_judged_by_its_beginning() {
        assert_eq!(known_language(&"x".repeat(60_000), None), None);
    }
}
