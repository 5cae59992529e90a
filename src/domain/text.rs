//! What is done to every text that comes from outside, after its HTML is gone.
//!
//! [`plain`] makes it safe to keep and to show, [`one_line`] does the same for names and titles, and
//! [`fingerprint`] tells which texts are copies of each other. All three are total: any input gives a result,
//! in time linear in its length, and the first two change nothing when they are applied again.

use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::fold::{fold_case, is_unspaced};
use super::post::MAX_TEXT_BYTES;

/// Marks kept on one base letter. The fullest real stacks (pointed Hebrew, Tibetan, Vedic) need about six;
/// texts that climb over their neighbours ("zalgo") use dozens.
const MAX_MARKS: u32 = 8;
/// Marks let through to decomposition, which holds a run of them in memory.
const MAX_RAW_MARKS: u32 = 64;
/// Line breaks kept in a row: two empty lines.
const MAX_BREAKS: usize = 3;
/// A text is cut between two graphemes if one ends within so many bytes; hostile ones are as long as the text.
const MAX_GRAPHEME_BYTES: usize = 256;
const ELLIPSIS: char = '…';

/// Texts with fewer words than this, and fewer letters than [`COPY_MIN_LETTERS`], are never copies: "same here".
const COPY_MIN_WORDS: usize = 6;
/// See [`COPY_MIN_WORDS`].
const COPY_MIN_LETTERS: usize = 32;
/// Scripts without spaces between words: so many characters count as one word.
const UNSPACED_PER_WORD: usize = 2;
/// Hex digits of a fingerprint: 128 bits, so that two texts never share one by chance.
const FINGERPRINT_DIGITS: usize = 32;

/// Brings a text into the form in which it is kept: NFC, `\n` for every line break, no control characters,
/// no characters that reorder or hide others, no floods of marks or empty lines, no space at line ends,
/// at most [`MAX_TEXT_BYTES`] bytes.
pub fn plain(text: &str) -> String {
    let decomposed = raw_marks_limited(text).nfd();
    let readable = Joiners::new(decomposed);
    let mut sink = Lines::default();
    for c in readable.nfc() {
        sink.push(c);
        // A little more than is kept, so that the cut sees the whole of the last grapheme.
        if sink.out.len() > MAX_TEXT_BYTES + 2 * MAX_GRAPHEME_BYTES {
            break;
        }
    }
    let text = sink.out;
    if text.len() <= MAX_TEXT_BYTES { text } else { shorten(text, MAX_TEXT_BYTES - ELLIPSIS.len_utf8()) }
}

/// A name, handle or title: [`plain`], on one line, at most `max` characters (scalar values).
pub fn one_line(text: &str, max: usize) -> String {
    let plain = plain(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    if line.char_indices().nth(max).is_none() {
        return line;
    }
    let room = max.checked_sub(1).and_then(|last| line.char_indices().nth(last));
    room.map_or_else(String::new, |(room, _)| shorten(line, room))
}

/// The identity of a copied text: equal for texts that differ only in case, white space, punctuation, emoji,
/// links, who is addressed, or a leading `RT @name:`. Empty for texts too short to be anybody's own.
pub fn fingerprint(text: &str) -> String {
    let words = copied_words(text);
    let letters: usize = words.iter().map(|w| w.chars().filter(|c| c.is_alphanumeric()).count()).sum();
    let unspaced: usize = words.iter().flat_map(|w| w.chars()).filter(|c| is_unspaced(*c)).count();
    let spaced = words.iter().filter(|w| !w.chars().any(is_unspaced)).count();
    let enough = spaced + unspaced / UNSPACED_PER_WORD >= COPY_MIN_WORDS || letters >= COPY_MIN_LETTERS;
    if !enough {
        return String::new();
    }
    let digest = Sha256::digest(words.join(" ").as_bytes());
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .take(FINGERPRINT_DIGITS)
        .filter_map(|n| char::from_digit(u32::from(n), 16))
        .collect()
}

/// The words of a text that make it a copy of another.
pub(super) fn copied_words(text: &str) -> Vec<String> {
    static ADDRESSES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // Links with and without a scheme (they end where a script without spaces begins), then accounts.
        let end = r"[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]";
        Regex::new(&format!(r"(?:https?://|www\.){end}+|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+/[!-~]*|@[a-z0-9_.-]+(?:@[a-z0-9.-]+)?")).ok()
    });
    let folded: String = fold_case(text.nfkc()).nfkc().collect();
    let own = without_repost_marks(&folded);
    let own = ADDRESSES.as_ref().map_or_else(|| own.into(), |r| r.replace_all(own, " "));
    // `don't`, `don’t` and `dont` are one word; any other sign parts words.
    let kept = own.chars().filter(|c| !matches!(c, '\'' | '’' | '\u{2BC}') && !is_invisible(*c) && !matches!(c, '\u{FE00}'..='\u{FE0F}'));
    let spaced: String = kept.map(|c| if c.is_alphanumeric() || is_combining_mark(c) { c } else { ' ' }).collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Drops `rt @name:` at the beginning, as often as it stands there. `text` is in lower case.
fn without_repost_marks(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix("rt ").map(str::trim_start).and_then(|r| r.strip_prefix('@')) {
        let name = after.find(|c: char| c.is_whitespace() || c == ':').unwrap_or(after.len());
        let tail = after.get(name..).unwrap_or_default();
        rest = tail.strip_prefix(':').unwrap_or(tail).trim_start();
    }
    rest
}

/// Keeps at most `room` bytes of a longer text, up to the end of a grapheme, and says so with `…`.
fn shorten(mut text: String, room: usize) -> String {
    let whole = text.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= room).last().unwrap_or(0);
    let end = if room - whole > MAX_GRAPHEME_BYTES { text.floor_char_boundary(room) } else { whole };
    text.truncate(end);
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c)).len();
    text.truncate(bare);
    text.push(ELLIPSIS);
    text
}

/// Drops what is never shown, makes every line break `\n` and every other space a plain one, and keeps runs of marks short.
fn raw_marks_limited(text: &str) -> impl Iterator<Item = char> {
    let mut marks = 0;
    let mut after_return = false;
    text.chars().filter_map(move |c| {
        let line_feed_of_pair = after_return && c == '\n';
        after_return = c == '\r';
        let c = match c {
            '\n' if line_feed_of_pair => return None,
            '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            _ if c.is_whitespace() => ' ',
            _ if c.is_control() || is_invisible(c) => return None,
            _ => c,
        };
        marks = match c {
            _ if is_mark(c) => marks + 1,
            _ if is_joiner(c) => marks,
            _ => 0,
        };
        (marks <= MAX_RAW_MARKS).then_some(c)
    })
}

/// Zero-width joiner and non-joiner: noise in most scripts, spelling in some, and glue inside emoji.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Combining marks, and the tag letters that spell the region of a flag: both say more about the character before them.
fn is_mark(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{E0020}'..='\u{E007F}')
}

/// Characters that show nothing, reorder their neighbours, or are no characters at all. Joiners are judged by where they stand.
pub(crate) const fn is_invisible(c: char) -> bool {
    let noncharacter = c as u32 & 0xFFFE == 0xFFFE;
    noncharacter
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFC}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E001F}')
}

/// Letters whose script is spelled with joiners: Arabic and its neighbours, the Indic scripts, Khmer, Mongolian.
fn takes_joiner(c: char) -> bool {
    let script = matches!(c,
        '\u{600}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{A840}'..='\u{A87F}' | '\u{A8E0}'..='\u{A8FF}'
        | '\u{FB50}'..='\u{FDCF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10A00}'..='\u{10AFF}' | '\u{11000}'..='\u{11FFF}' | '\u{1E900}'..='\u{1E95F}');
    script && c.is_alphabetic()
}

/// Characters that an emoji is glued from. Wider than the Unicode property by a few signs that no one joins.
const fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Keeps a joiner only where it means something, and at most [`MAX_MARKS`] marks on a letter.
///
/// It stands between decomposition and composition: only there is the number of marks the same at a second pass.
struct Joiners<I> {
    chars: I,
    /// The last character that is neither mark nor joiner.
    base: char,
    marks: u32,
    /// A joiner that waits for what follows it.
    waiting: Option<char>,
    /// What follows a joiner that was let through.
    next: Option<char>,
}

impl<I: Iterator<Item = char>> Joiners<I> {
    const fn new(chars: I) -> Self {
        Self { chars, base: '\n', marks: 0, waiting: None, next: None }
    }

    /// Whether a joiner between the last base and `next` is wanted. Judged by the base and not by the marks
    /// between, because composition may put those into another order.
    fn joins(&self, next: char) -> bool {
        let letters = takes_joiner(self.base) && (is_combining_mark(next) || takes_joiner(next));
        letters || (is_pictograph(self.base) && is_pictograph(next))
    }

    /// Whether this mark may stay.
    fn keeps_mark(&mut self, c: char) -> bool {
        let stray_tag = matches!(c, '\u{E0020}'..='\u{E007F}') && self.base != '\u{1F3F4}';
        self.marks += u32::from(!stray_tag);
        !stray_tag && self.marks <= MAX_MARKS
    }
}

impl<I: Iterator<Item = char>> Iterator for Joiners<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.next.take() {
            return Some(c);
        }
        loop {
            let c = self.chars.next()?;
            if is_joiner(c) {
                self.waiting = Some(c);
                continue;
            }
            if is_mark(c) && !self.keeps_mark(c) {
                continue;
            }
            let joiner = self.waiting.take().filter(|_| self.joins(c));
            if !is_mark(c) {
                self.base = c;
                self.marks = 0;
            }
            if let Some(joiner) = joiner {
                self.next = Some(c);
                return Some(joiner);
            }
            return Some(c);
        }
    }
}

/// Collects characters: nothing blank before the first, no space at line ends, few line breaks in a row.
#[derive(Default)]
struct Lines {
    out: String,
    breaks: usize,
    spaces: usize,
}

impl Lines {
    fn push(&mut self, c: char) {
        match c {
            '\n' => {
                self.breaks += 1;
                self.spaces = 0;
            }
            ' ' => self.spaces += 1,
            _ => {
                if !self.out.is_empty() {
                    self.out.extend(std::iter::repeat_n('\n', self.breaks.min(MAX_BREAKS)));
                    self.out.extend(std::iter::repeat_n(' ', self.spaces.min(MAX_TEXT_BYTES)));
                }
                (self.breaks, self.spaces) = (0, 0);
                self.out.push(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_breaks_of_every_kind_become_one_kind() {
        assert_eq!(plain("a\r\nb\rc\u{2028}d\u{85}e\u{B}f"), "a\nb\nc\nd\ne\nf");
        assert_eq!(plain(" \n\n a  \n \n \t\n\n\nb \n"), "a\n\n\nb");
        assert_eq!(plain("a\n\u{0}\n\r\n  indented"), "a\n\n\n  indented");
    }

    #[test]
    fn characters_that_hide_or_reorder_others_are_gone() {
        assert_eq!(plain("ab\u{202E}cd\u{202C} \u{2066}x\u{2069}\u{FEFF}\u{0}\u{7}\u{200B}y\u{AD}z"), "abcd xyz");
        assert_eq!(plain("no\u{E0068}\u{E0069}thing"), "nothing", "letters that nobody sees");
        assert_eq!(plain("a\u{A0}b\u{3000}c\td"), "a b c d");
    }

    #[test]
    fn joiners_stay_where_scripts_and_emoji_need_them() {
        for whole in ["👩‍👧‍👦 ok", "👩🏽‍💻", "❤️‍🔥", "می‌خواهم", "র‍্যাব", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
        {
            assert_eq!(plain(whole), whole);
        }
        assert_eq!(plain("ac\u{200D}me \u{200C}👩\u{200D} x\u{200D}"), "acme 👩 x");
    }

    #[test]
    fn floods_of_marks_are_thinned_out() {
        let flood: String = std::iter::once('z').chain(std::iter::repeat_n('\u{316}', 100_000)).chain("algo".chars()).collect();
        assert_eq!(plain(&flood).chars().count(), 1 + 8 + 4);
        assert_eq!(plain("e\u{301}"), "é");
    }

    #[test]
    fn long_texts_are_cut_between_graphemes() {
        let family = "👩‍👧‍👦 ".repeat(10_000);
        let kept = plain(&family);
        assert!(kept.len() <= MAX_TEXT_BYTES && kept.len() > MAX_TEXT_BYTES - 64);
        assert!(kept.ends_with("👩‍👧‍👦…"));
        let one_grapheme = "👩\u{200D}".repeat(60_000);
        let kept = plain(&one_grapheme);
        assert!(kept.len() <= MAX_TEXT_BYTES && kept.len() > MAX_TEXT_BYTES - 64 && kept.ends_with("👩…"));
        assert_eq!(plain(&"x".repeat(MAX_TEXT_BYTES)).len(), MAX_TEXT_BYTES);
    }

    #[test]
    fn names_fit_on_one_line() {
        assert_eq!(one_line("  Mo\n\nof  the\tsea ", 40), "Mo of the sea");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("abc", 0), "");
        assert_eq!(one_line("ab👩‍👧‍👦👩‍👧‍👦", 6), "ab…", "half a family is none");
    }

    const RANT: &str = "Nobody at the hotline can tell me when my backups come back";

    #[test]
    fn copies_share_a_fingerprint() {
        let print = fingerprint(RANT);
        assert_eq!(print.len(), 32);
        let upper = RANT.to_uppercase();
        for copy in [
            "RT @mo: Nobody at the hotline can tell me when my backups come back https://t.example/1",
            "rt @mo@ruby.example RT @li: NOBODY at the  hotline\ncan tell me when my backups come back!!! 😡",
            "@acme nobody at the #hotline can tell me, when my backups come back t.example/xyz?u=1",
            upper.as_str(),
        ] {
            assert_eq!(fingerprint(copy), print, "{copy}");
        }
        assert_ne!(fingerprint("Nobody at the hotline can tell me when my photos come back"), print);
        assert_eq!(
            fingerprint("障害が発生しています、復旧を待っています"),
            fingerprint("障害が発生しています、復旧を待っていますhttps://t.example/9")
        );
    }

    #[test]
    fn short_texts_are_never_copies() {
        for short in [
            "",
            "same here",
            "私も同じです",
            "https://very.long.example/path/that/goes/on/and/on",
            "😡😡😡😡😡😡😡😡",
            "down again, fix it!",
        ] {
            assert_eq!(fingerprint(short), "", "{short}");
        }
        assert_ne!(fingerprint("it is down again, fix it"), "");
        assert_ne!(fingerprint("障害が発生して使えません"), "");
    }

    fn nasty() -> impl Strategy<Value = String> {
        let pool: Vec<char> =
            "aZé ß\n\r\t\u{0}\u{85}\u{2028}\u{200B}\u{200C}\u{200D}\u{202E}\u{301}\u{316}\u{344}\u{64B}\u{94D}\u{9CD}\u{3099}\u{FE0F}\u{20E3}کمকরか한\u{1112}\u{1161}\u{11AB}👩🏽🏴\u{E0067}\u{E007F}\u{FFFE}…#@:/.-'rRtT漢क\u{958}\u{F73}\u{1D15E}".chars().collect();
        let chars = prop_oneof![4 => proptest::sample::select(pool), 1 => any::<char>()];
        proptest::collection::vec(chars, 0..120).prop_map(|v| v.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn cleaning_twice_is_cleaning_once(text in nasty()) {
            let once = plain(&text);
            prop_assert_eq!(plain(&once), once.clone());
            let line = one_line(&text, 20);
            prop_assert_eq!(one_line(&line, 20), line.clone());
            prop_assert!(line.chars().count() <= 20 && !line.contains('\n'));
        }

        #[test]
        fn what_is_kept_is_free_of_controls_and_floods(text in nasty()) {
            let kept = plain(&text);
            prop_assert!(kept.chars().all(|c| (c == '\n' || !c.is_control()) && !is_invisible(c)));
            prop_assert!(!kept.contains("\n\n\n\n") && !kept.contains(" \n"));
            prop_assert_eq!(kept.trim(), kept.as_str());
            prop_assert_eq!(kept.nfc().collect::<String>(), kept.clone());
        }

        #[test]
        fn a_cut_text_stays_within_its_bounds_and_is_not_cut_again(text in nasty(), times in 1_usize..3_000) {
            let kept = plain(&text.repeat(times));
            prop_assert!(kept.len() <= MAX_TEXT_BYTES);
            prop_assert_eq!(plain(&kept), kept.clone());
        }

        #[test]
        fn a_fingerprint_survives_case_space_and_links(words in proptest::collection::vec("[a-zà-ýα-ωа-я]{2,9}", 6..20)) {
            let print = fingerprint(&words.join(" "));
            prop_assert_eq!(&fingerprint(&format!("  {}! https://t.example/{}", words.join(" \n").to_uppercase(), words.len())), &print);
            let mut other = words.clone();
            other.push("another".to_owned());
            prop_assert_ne!(fingerprint(&other.join(" ")), print);
        }

        #[test]
        fn a_fingerprint_is_hex_or_empty(text in nasty()) {
            let print = fingerprint(&text);
            prop_assert!(print.is_empty() || (print.len() == 32 && print.bytes().all(|b| b.is_ascii_hexdigit())));
        }
    }
}
