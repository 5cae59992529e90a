//! Decides whether a post names the brand, and says why in words.
//!
//! Platforms search loosely (stems, prefixes, addresses), so every post is looked at again here. Text and terms
//! are folded ([`super::fold`]) and cut into words; a name matches as a run of whole words, so `Acme` is never found
//! in `Acmeology`. Scripts without spaces are cut into letters, so there a name matches wherever it stands.
//! One pass over the text, whatever the number of terms.

use std::collections::{HashMap, HashSet};

use super::brand::BrandTerms;
use super::fold::fold;
use super::post::{Post, PostAuthor, PostKey};
use super::words::{Gap, Part, Word, parts};

/// More terms than a person would write, few enough to compare at every word.
const MAX_TERMS: usize = 200;
const MAX_TERM_CHARS: usize = 200;

/// What a matcher says of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is a mention.
    Yes {
        /// In words, such as `names “Acme Cloud”`.
        why: String,
    },
    /// It does not name the brand.
    No,
    /// It names a namesake.
    Excluded {
        /// The phrase, as configured.
        by: String,
    },
    /// The brand wrote it.
    OwnAccount,
}

/// Terms that would match nothing, or nearly everything.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadTerms {
    /// Nothing to compare.
    #[error("`{0}` has no letters or digits; remove it or write a name")]
    Empty(String),
    /// One letter is in every text.
    #[error("`{0}` is a single letter and would match everywhere; use a longer phrase, a handle or a hashtag")]
    TooShort(String),
    /// No name is so long.
    #[error("`{0}…` is longer than {MAX_TERM_CHARS} characters")]
    TooLong(String),
    /// Nobody writes so many by hand.
    #[error("{0} terms are too many; {MAX_TERMS} are allowed")]
    TooMany(usize),
}

/// A brand's terms, ready to be compared.
#[derive(Debug, Clone)]
pub struct Matcher {
    names: Phrases,
    exclude: Phrases,
    /// Accounts among the phrases to exclude: those that begin with `@`.
    exclude_accounts: Vec<Handle>,
    handles: Vec<Handle>,
    /// Folded hashtags without `_`, and names without spaces: the tag as configured.
    tags: HashMap<String, String>,
    /// Names without spaces, as they stand in host names and, when no handle is configured, behind `@`.
    compact_names: HashSet<String>,
    own: Vec<Handle>,
}

/// Phrases by their first word.
#[derive(Debug, Clone, Default)]
struct Phrases(HashMap<String, Vec<Phrase>>);

#[derive(Debug, Clone)]
struct Phrase {
    shown: String,
    words: Vec<Word>,
}

/// An account, folded: `@acme`, or `@acme@host`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Handle {
    shown: String,
    user: String,
    /// Empty: on any host.
    host: String,
}

impl Matcher {
    /// Checks and prepares the terms. No terms at all are fine: nothing matches then.
    pub fn new(terms: &BrandTerms) -> Result<Self, BadTerms> {
        let lists = [&terms.names, &terms.handles, &terms.hashtags, &terms.exclude, &terms.own_accounts];
        let count: usize = lists.iter().map(|list| list.len()).sum();
        if count > MAX_TERMS {
            return Err(BadTerms::TooMany(count));
        }
        if let Some(long) = lists.into_iter().flatten().find(|term| term.chars().count() > MAX_TERM_CHARS) {
            return Err(BadTerms::TooLong(long.chars().take(40).collect()));
        }
        let names = Phrases::new(&terms.names)?;
        let compact_names: HashSet<String> = names.0.values().flatten().map(Phrase::compact).collect();
        let mut tags: HashMap<String, String> = compact_names.iter().map(|name| (name.clone(), name.clone())).collect();
        for tag in &terms.hashtags {
            let folded = compact(&fold(tag));
            if folded.is_empty() {
                return Err(BadTerms::Empty(tag.clone()));
            }
            tags.insert(folded, tag.trim().trim_start_matches(['#', '＃']).to_owned());
        }
        let (accounts, phrases): (Vec<_>, Vec<_>) = terms.exclude.iter().cloned().partition(|term| term.trim().starts_with('@'));
        Ok(Self {
            names,
            exclude: Phrases::new(&phrases)?,
            exclude_accounts: handles(&accounts)?,
            handles: handles(&terms.handles)?,
            tags,
            compact_names,
            own: handles(&terms.own_accounts)?,
        })
    }

    /// Looks at one post: its author, then its text.
    pub fn matches(&self, post: &Post) -> Match {
        if self.is_own(&post.author, &post.key) {
            return Match::OwnAccount;
        }
        self.text_matches(&post.text)
    }

    /// Whether one of the brand's own accounts wrote a post.
    pub fn wrote(&self, post: &Post) -> bool {
        self.is_own(&post.author, &post.key)
    }

    /// Looks at a text alone.
    pub fn text_matches(&self, text: &str) -> Match {
        let parts = parts(&fold(text));
        let words: Vec<&Word> = parts.iter().filter_map(Part::word).collect();
        if let Some(by) = self.exclude.find(&words) {
            return Match::Excluded { by: by.to_owned() };
        }
        if let Some(by) = parts.iter().find_map(|part| addressed(&self.exclude_accounts, part)) {
            return Match::Excluded { by: format!("@{}", by.shown) };
        }
        let account = || parts.iter().find_map(|part| self.account(part));
        let name = || self.names.find(&words).map(|name| format!("names “{name}”"));
        let tag = || parts.iter().find_map(|part| self.tag(part));
        let link = || parts.iter().find_map(|part| self.link(part));
        account().or_else(name).or_else(tag).or_else(link).map_or(Match::No, |why| Match::Yes { why })
    }

    fn account(&self, part: &Part) -> Option<String> {
        match part {
            Part::Account { user, .. } if self.handles.is_empty() => {
                self.compact_names.contains(&compact(user)).then(|| format!("mentions @{user}"))
            }
            _ => addressed(&self.handles, part).map(|handle| format!("mentions @{}", handle.shown)),
        }
    }

    fn tag(&self, part: &Part) -> Option<String> {
        let Part::Tag(tag) = part else { return None };
        self.tags.get(&compact(tag)).map(|tag| format!("hashtag #{tag}"))
    }

    fn link(&self, part: &Part) -> Option<String> {
        let Part::Host(host) = part else { return None };
        let (labels, _top) = host.rsplit_once('.')?;
        labels.split('.').any(|label| self.compact_names.contains(&compact(label))).then(|| format!("links to {host}"))
    }

    /// Whether the brand itself wrote it. The display name does not count: anybody can write any name.
    fn is_own(&self, author: &PostAuthor, key: &PostKey) -> bool {
        if self.own.is_empty() {
            return false;
        }
        let account = if author.handle.trim().is_empty() { &author.native_id } else { &author.handle };
        let Ok(account) = Handle::new(account) else { return false };
        let host = if account.host.is_empty() { key.instance() } else { &account.host };
        let by_id = fold(&format!("{}:{}", key.platform(), author.native_id));
        self.own.iter().any(|own| (own.user == account.user && (own.host.is_empty() || own.host == host)) || own.user == by_id)
    }
}

impl Phrases {
    fn new(terms: &[String]) -> Result<Self, BadTerms> {
        let mut phrases = Self::default();
        for term in terms {
            let phrase = Phrase::new(term)?;
            let first = phrase.words.first().map(|word| word.text.clone()).unwrap_or_default();
            phrases.0.entry(first).or_default().push(phrase);
        }
        Ok(phrases)
    }

    /// The first phrase that stands in the words, as configured.
    fn find(&self, words: &[&Word]) -> Option<&str> {
        (0..words.len()).find_map(|at| {
            let rest = words.get(at..)?;
            let candidates = self.0.get(&rest.first()?.text)?;
            candidates.iter().find(|phrase| phrase.stands_at_start_of(rest)).map(|phrase| phrase.shown.as_str())
        })
    }
}

impl Phrase {
    fn new(term: &str) -> Result<Self, BadTerms> {
        let parts = parts(&fold(term.trim().trim_start_matches(['@', '＠'])));
        let words: Vec<Word> = parts.into_iter().filter_map(Part::into_word).collect();
        let Some(first) = words.first() else { return Err(BadTerms::Empty(term.to_owned())) };
        if words.len() == 1 && first.text.chars().count() == 1 && !first.unspaced {
            return Err(BadTerms::TooShort(term.to_owned()));
        }
        Ok(Self { shown: term.trim().to_owned(), words })
    }

    fn stands_at_start_of(&self, text: &[&Word]) -> bool {
        let pairs = self.words.iter().zip(text).enumerate();
        text.len() >= self.words.len()
            && pairs.into_iter().all(|(at, (own, other))| own.text == other.text && (at == 0 || gap_fits(own, other)))
    }

    fn compact(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<String>().replace('_', "")
    }
}

/// Whether what parts two words of a text is what parts them in the name.
fn gap_fits(name: &Word, text: &Word) -> bool {
    match (&name.gap, &text.gap) {
        (Gap::Space, Gap::Space) | (Gap::None, Gap::None) => true,
        (Gap::Space, Gap::None) => name.unspaced,
        (Gap::Sign(own), Gap::Sign(other)) => own == other,
        _ => false,
    }
}

impl Handle {
    fn new(account: &str) -> Result<Self, BadTerms> {
        let shown = account.trim().trim_start_matches(['@', '＠']).to_owned();
        let folded = fold(&shown);
        let (user, host) = folded.split_once('@').unwrap_or((&folded, ""));
        if user.is_empty() {
            return Err(BadTerms::Empty(account.to_owned()));
        }
        Ok(Self { shown, user: user.to_owned(), host: host.to_owned() })
    }
}

fn handles(accounts: &[String]) -> Result<Vec<Handle>, BadTerms> {
    accounts.iter().map(|account| Handle::new(account)).collect()
}

/// The one of these accounts that a part of a text addresses. Platforms leave the host away among neighbours.
fn addressed<'a>(accounts: &'a [Handle], part: &Part) -> Option<&'a Handle> {
    let Part::Account { user, host } = part else { return None };
    accounts.iter().find(|h| h.user == *user && (h.host.is_empty() || host.is_empty() || h.host == *host))
}

/// A folded tag or label without what people put between words there.
fn compact(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(*c)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::post::{Engagement, Originality};
    use crate::domain::time::Millis;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    fn acme() -> Matcher {
        let terms = BrandTerms {
            names: strings(&["Acme Cloud", "AT&T", "東京アクメ", "แอคเม", "Straße 7"]),
            handles: strings(&["@acme", "acme_status@ruby.example"]),
            hashtags: strings(&["#AcmeDown"]),
            exclude: strings(&["Acme Cloud Nine", "@acmefans"]),
            own_accounts: strings(&["acme", "team@ruby.example", "wordpress:12"]),
        };
        Matcher::new(&terms).expect("good terms")
    }

    fn why(text: &str) -> String {
        match acme().text_matches(text) {
            Match::Yes { why } => why,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn names_match_as_whole_words_in_any_spelling_and_script() {
        for text in [
            "Acme Cloud is down",
            "«ACME\u{a0}\n clöud»",
            "acme-cloud's",
            "(Ａｃｍｅ\u{ad} Cloud™)",
            "昨日からAcme Cloudが",
            "see https://news.example/acme-cloud-down",
        ] {
            assert_eq!(why(text), "names “Acme Cloud”", "{text}");
        }
        assert_eq!(why("my at&t bill"), "names “AT&T”");
        assert_eq!(why("昨日から東京アクメが使えない"), "names “東京アクメ”");
        assert_eq!(why("วันนี้แอคเมล่ม"), "names “แอคเม”");
        assert_eq!(why("AN DER STRASSE 7"), "names “Straße 7”");
    }

    #[test]
    fn other_words_are_no_names() {
        for text in [
            "",
            "acmecloud",
            "Acme Clouds",
            "macme cloud",
            "acme. Cloud",
            "acme_cloud",
            "acme",
            "at t",
            "at & x",
            "東京",
            "mail mo@acme.example",
            "@mo@acme.cloud",
        ] {
            assert_eq!(why(text), "No", "{text}");
        }
    }

    #[test]
    fn handles_hashtags_and_hosts_match() {
        assert_eq!(why("hey @ACME, wake up"), "mentions @acme");
        assert_eq!(why("@acme@anywhere.example hello"), "mentions @acme");
        assert_eq!(why("@acme_status"), "mentions @acme_status@ruby.example");
        assert_eq!(why("@acme_status@other.example"), "No");
        assert_eq!(why("@acmecloud"), "No", "with handles given, names do not claim accounts");
        assert_eq!(why("again #acmedown!"), "hashtag #AcmeDown");
        assert_eq!(why("＃Acme_Cloud"), "hashtag #acmecloud");
        assert_eq!(why("#AcmeCloudy"), "No");
        assert_eq!(why("http://status.acmecloud.example/"), "links to status.acmecloud.example");
        assert_eq!(why("https://acmecloud/"), "No");
    }

    #[test]
    fn without_handles_a_name_claims_its_account() {
        let terms = BrandTerms { names: strings(&["Acme Cloud"]), ..BrandTerms::default() };
        let matcher = Matcher::new(&terms).expect("good terms");
        assert_eq!(matcher.text_matches("@Acme_Cloud hi"), Match::Yes { why: "mentions @acme_cloud".to_owned() });
    }

    #[test]
    fn a_namesake_is_told_apart() {
        assert_eq!(acme().text_matches("acme cloud NINE tour, acme cloud"), Match::Excluded { by: "Acme Cloud Nine".to_owned() });
        assert_eq!(acme().text_matches("@acmefans on acme cloud"), Match::Excluded { by: "@acmefans".to_owned() });
    }

    fn post(platform: &str, instance: &str, author: PostAuthor) -> Post {
        Post {
            key: PostKey::new(platform, instance, "1").expect("a key"),
            author,
            created_at: Millis::new(0),
            edited_at: None,
            text: "Acme Cloud is back".to_owned(),
            url: None,
            reply_to: None,
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
        }
    }

    #[test]
    fn what_the_brand_writes_is_no_mention_but_a_borrowed_name_does_not_hide_anyone() {
        let by = |native_id: &str, handle: &str, name: &str| PostAuthor {
            native_id: native_id.to_owned(),
            handle: handle.to_owned(),
            name: name.to_owned(),
            ..PostAuthor::default()
        };
        let is_own = |platform: &str, author: PostAuthor| acme().matches(&post(platform, "ruby.example", author)) == Match::OwnAccount;
        assert!(is_own("mastodon", by("1", "Acme@ruby.example", "")));
        assert!(is_own("mastodon", by("1", "team", "")));
        assert!(is_own("wordpress", by("12", "", "Mo")));
        assert!(is_own("hackernews", by("acme", "", "")));
        assert!(!is_own("mastodon", by("1", "team@other.example", "")));
        assert!(!is_own("mastodon", by("12", "", "acme")));
    }

    #[test]
    fn terms_that_would_match_everything_or_nothing_are_refused() {
        let named = |name: &str| Matcher::new(&BrandTerms { names: strings(&[name]), ..BrandTerms::default() }).err();
        assert_eq!(named(" !! "), Some(BadTerms::Empty(" !! ".to_owned())));
        assert_eq!(named("X"), Some(BadTerms::TooShort("X".to_owned())));
        assert!(matches!(named(&"x".repeat(201)), Some(BadTerms::TooLong(_))));
        assert_eq!(named("社"), None);
        let many = BrandTerms { hashtags: vec!["a".to_owned(); 201], ..BrandTerms::default() };
        assert_eq!(Matcher::new(&many).err(), Some(BadTerms::TooMany(201)));
        assert_eq!(Matcher::new(&BrandTerms::default()).expect("empty").text_matches("anything"), Match::No);
    }

    #[test]
    fn one_pass_is_enough_for_a_long_text_and_many_terms() {
        let names: Vec<String> = (0..50).map(|n| format!("{} {n}", ["a"; 40].join(" "))).collect();
        let matcher = Matcher::new(&BrandTerms { names, ..BrandTerms::default() }).expect("good terms");
        assert_eq!(matcher.text_matches(&"a ".repeat(32 * 1024)), Match::No);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matching_looks_past_case_accents_and_surrounding_signs(
            name in "[a-zéüñß]{2,8}( [a-zåç]{2,6})?", before in "[ .,(«\"—\n]{0,3}", after in "[ .,!?»)\n…]{0,3}",
            gap in "[ \u{a0}\n-]{1,3}",
        ) {
            let matcher = Matcher::new(&BrandTerms { names: vec![name.clone()], ..BrandTerms::default() }).expect("good terms");
            let plain = name.replace(' ', &gap);
            let bare: String = plain.chars().map(|c| match c { 'é' => 'e', 'ü' => 'u', 'ñ' => 'n', 'å' => 'a', 'ç' => 'c', c => c }).collect();
            for form in [plain.clone(), plain.to_uppercase(), bare] {
                let text = format!("x{before} {form}{after}");
                let found = matches!(matcher.text_matches(&text), Match::Yes { .. });
                prop_assert!(found, "{} in {:?}", name, text);
            }
        }

        #[test]
        fn a_name_is_never_found_inside_a_longer_word(name in "[a-zà-öø-ÿ]{2,8}", more in "[a-z0-9_é]{0,4}[a-z0-9é]") {
            let matcher = Matcher::new(&BrandTerms { names: vec![name.clone()], ..BrandTerms::default() }).expect("good terms");
            for text in [format!("x {name}{more}"), format!("{more}{name} x"), format!("#{name}{more}"), format!("{more}{name}{more}")] {
                prop_assert_eq!(matcher.text_matches(&text), Match::No, "{}", text);
            }
        }

        #[test]
        fn any_text_and_any_terms_give_an_answer(text in any::<String>(), name in any::<String>(), tag in any::<String>()) {
            let terms = BrandTerms { names: vec![name.clone()], hashtags: vec![tag.clone()], exclude: vec![tag], ..BrandTerms::default() };
            if let Ok(matcher) = Matcher::new(&terms) {
                matcher.text_matches(&text);
            }
        }
    }
}
