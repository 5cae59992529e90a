//! Decides whether a post names the brand, and says why in words.
//!
//! Platforms search loosely (stems, prefixes, addresses), so every post is looked at again here. Text and terms
//! are folded ([`super::fold`]) and cut into words; a name matches as a run of whole words, so `Acme` is never found
//! in `Acmeology`. Scripts without spaces are cut into letters, so there a name matches wherever it stands.
//! One pass over the text, whatever the number of terms.

mod accounts;
mod domains;
mod nearby;
mod phrases;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::brand::BrandTerms;
use super::fold::fold;
use super::post::{Post, PostKey, Quoted};
use super::words::{Part, Word, parts};
use accounts::{Handle, addressed, handles, quoted, writer};
use domains::Domains;
use nearby::NearRules;
use phrases::Phrases;

/// More terms than a person would write, few enough to compare at every word.
const MAX_TERMS: usize = 200;
const MAX_TERM_CHARS: usize = 200;

/// What a matcher says of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is a mention.
    Yes {
        /// The rule and its words, such as `names “Acme Cloud”`.
        why: String,
    },
    /// It does not name the brand.
    No,
    /// It names a namesake.
    Excluded {
        /// The rule, as configured.
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
    /// It would match wherever the phrase stands twice, or never.
    #[error("a near rule names the same words twice: `{0}`")]
    NearItself(String),
    /// Too far apart to mean anything, or nothing at all.
    #[error("a near rule allows {0} words between its phrases; 1 to 50 make sense")]
    NotNear(u32),
    /// No host can be below it.
    #[error("`{0}` is no domain; write it like `acme.example`, without scheme and path")]
    NoDomain(String),
}

/// A brand's terms, ready to be compared.
#[derive(Debug, Clone)]
pub struct Matcher {
    names: Phrases,
    near: NearRules,
    links: Domains,
    exclude: Phrases,
    exclude_near: NearRules,
    exclude_links: Domains,
    /// Accounts among the phrases to exclude: those that begin with `@`.
    exclude_accounts: Vec<Handle>,
    handles: Vec<Handle>,
    /// Folded hashtags without `_`, and names without spaces: the tag as configured.
    tags: HashMap<String, String>,
    /// Names without spaces, as they stand in host names and, when no handle is configured, behind `@`.
    compact_names: HashSet<String>,
    own: Vec<Handle>,
}

impl Matcher {
    /// Checks and prepares the terms. No terms at all are fine: nothing matches then.
    pub fn new(terms: &BrandTerms) -> Result<Self, BadTerms> {
        check_sizes(terms)?;
        let names = Phrases::new(&terms.names)?;
        let compact_names: HashSet<String> = names.compact().collect();
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
            near: NearRules::new(&terms.near)?,
            links: Domains::new(&terms.links)?,
            exclude: Phrases::new(&phrases)?,
            exclude_near: NearRules::new(&terms.exclude_near)?,
            exclude_links: Domains::new(&terms.exclude_links)?,
            exclude_accounts: handles(&accounts)?,
            handles: handles(&terms.handles)?,
            tags,
            compact_names,
            own: handles(&terms.own_accounts)?,
        })
    }

    /// Looks at one post: its author, then its text, then what it quotes.
    pub fn matches(&self, post: &Post) -> Match {
        if self.wrote(post) {
            return Match::OwnAccount;
        }
        match (self.text_matches(&post.text), &post.quoted) {
            (Match::No, Some(quoted)) => self.quoted_matches(quoted, &post.key),
            (said, _) => said,
        }
    }

    /// Whether one of the brand's own accounts wrote a post.
    pub fn wrote(&self, post: &Post) -> bool {
        writer(&self.own, &post.author, &post.key).is_some()
    }

    /// Looks at what a post quotes and where it leads; `quoting` names that post.
    fn quoted_matches(&self, quoted: &Quoted, quoting: &PostKey) -> Match {
        if let Some(account) = writer(self.handles.iter().chain(&self.own), &quoted.author, quoting) {
            return Match::Yes { why: quotes(account) };
        }
        match self.text_matches(&quoted.text) {
            Match::Yes { why } => Match::Yes { why: format!("in what it quotes: {why}") },
            Match::No => self.text_matches(&quoted.links.join(" ")),
            said => said,
        }
    }

    /// Looks at a text alone.
    pub fn text_matches(&self, text: &str) -> Match {
        let folded = fold(text);
        let parts = parts(&folded);
        let words: Vec<&Word> = parts.iter().filter_map(Part::word).collect();
        if let Some(by) = self.excluded(&folded, &parts, &words) {
            return Match::Excluded { by };
        }
        let quote = || self.quote(&parts);
        let account = || parts.iter().find_map(|part| self.account(part));
        let name = || self.names.find(&words).map(|name| format!("names “{name}”"));
        let near = || self.near.find(&words);
        let tag = || parts.iter().find_map(|part| self.tag(part));
        let link = || parts.iter().find_map(|part| self.link(part)).or_else(|| self.links.bare_in(&folded).map(links_to));
        quote().or_else(account).or_else(name).or_else(near).or_else(tag).or_else(link).map_or(Match::No, |why| Match::Yes { why })
    }

    /// The rule that says that it is about something else.
    fn excluded(&self, folded: &str, parts: &[Part], words: &[&Word]) -> Option<String> {
        let phrase = || self.exclude.find(words).map(str::to_owned);
        let account = || parts.iter().find_map(|part| addressed(&self.exclude_accounts, part)).map(|by| format!("@{}", by.shown));
        let near = || self.exclude_near.find(words);
        let hosts = || parts.iter().filter_map(|part| if let Part::Host(host) = part { Some(host) } else { None });
        let link =
            || hosts().find_map(|host| self.exclude_links.of_host(host)).or_else(|| self.exclude_links.bare_in(folded)).map(links_to);
        phrase().or_else(account).or_else(near).or_else(link)
    }

    fn account(&self, part: &Part) -> Option<String> {
        match part {
            Part::Account { user, .. } if self.handles.is_empty() => {
                self.compact_names.contains(&compact(user)).then(|| format!("mentions @{user}"))
            }
            _ => addressed(&self.handles, part).map(|handle| format!("mentions @{}", handle.shown)),
        }
    }

    /// A link to a post of the brand.
    fn quote(&self, parts: &[Part]) -> Option<String> {
        let links =
            parts.windows(2).filter_map(|pair| if let [Part::Host(host), Part::Path(path)] = pair { Some((host, path)) } else { None });
        let mut found = links.filter_map(|(host, path)| quoted(self.handles.iter().chain(&self.own), host, path));
        found.next().map(quotes)
    }

    fn tag(&self, part: &Part) -> Option<String> {
        let Part::Tag(tag) = part else { return None };
        self.tags.get(&compact(tag)).map(|tag| format!("hashtag #{tag}"))
    }

    fn link(&self, part: &Part) -> Option<String> {
        let Part::Host(host) = part else { return None };
        let named = || {
            let (labels, _top) = host.rsplit_once('.')?;
            labels.split('.').any(|label| self.compact_names.contains(&compact(label))).then_some(host.as_str())
        };
        self.links.of_host(host).or_else(named).map(links_to)
    }
}

fn check_sizes(terms: &BrandTerms) -> Result<(), BadTerms> {
    let lists = [&terms.names, &terms.handles, &terms.hashtags, &terms.links, &terms.exclude, &terms.exclude_links, &terms.own_accounts];
    let rules = terms.near.iter().chain(&terms.exclude_near);
    let count = lists.iter().map(|list| list.len()).sum::<usize>() + rules.clone().count();
    if count > MAX_TERMS {
        return Err(BadTerms::TooMany(count));
    }
    let phrases = rules.flat_map(|rule| [&rule.first, &rule.second]);
    let too_long = lists.into_iter().flatten().chain(phrases).find(|term| term.chars().count() > MAX_TERM_CHARS);
    too_long.map_or(Ok(()), |term| Err(BadTerms::TooLong(term.chars().take(40).collect())))
}

fn quotes(account: &Handle) -> String {
    format!("quotes a post of @{}", account.shown)
}

fn links_to(domain: &str) -> String {
    format!("links to {domain}")
}

/// A folded tag or label without what people put between words there.
fn compact(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(*c)).collect()
}
