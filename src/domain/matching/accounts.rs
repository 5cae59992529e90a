//! Accounts: who is addressed, whose post is quoted, and what the brand wrote itself.

use super::BadTerms;
use crate::domain::fold::fold;
use crate::domain::post::{PostAuthor, PostKey};
use crate::domain::words::Part;

/// An account, folded: `@acme`, or `@acme@host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) shown: String,
    pub(super) user: String,
    /// Empty: on any host.
    pub(super) host: String,
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

    fn is(&self, user: &str, host: &str) -> bool {
        self.user == user && (self.host.is_empty() || self.host == host)
    }
}

pub(super) fn handles(accounts: &[String]) -> Result<Vec<Handle>, BadTerms> {
    accounts.iter().map(|account| Handle::new(account)).collect()
}

/// The one of these accounts that a part of a text addresses. Platforms leave the host away among neighbours.
pub(super) fn addressed<'a>(accounts: &'a [Handle], part: &Part) -> Option<&'a Handle> {
    let Part::Account { user, host } = part else { return None };
    accounts.iter().find(|h| h.user == *user && (h.host.is_empty() || host.is_empty() || h.host == *host))
}

/// The one of these accounts whose post a link leads to: a quote carries that link, or is it.
pub(super) fn quoted<'a>(accounts: impl IntoIterator<Item = &'a Handle>, host: &str, path: &str) -> Option<&'a Handle> {
    let steps: Vec<&str> = path.split(['?', '#']).next()?.split('/').filter(|step| !step.is_empty()).collect();
    let author = match steps.as_slice() {
        // Mastodon and what speaks its language, Threads, TikTok.
        [user, _post, ..] if user.starts_with('@') => user.trim_start_matches('@'),
        // X, Facebook, and many others.
        [user, "status" | "statuses" | "post" | "posts", _post, ..] => user,
        // ActivityPub ids, Bluesky.
        ["users" | "profile", user, "status" | "statuses" | "post" | "posts", _post, ..] => user,
        _ => return None,
    };
    let (user, host) = author.split_once('@').unwrap_or((author, host));
    accounts.into_iter().find(|account| account.is(user, host))
}

/// The one of these accounts that wrote it. The display name does not count: anybody can write any name.
pub(super) fn writer<'a>(accounts: impl IntoIterator<Item = &'a Handle>, author: &PostAuthor, key: &PostKey) -> Option<&'a Handle> {
    let mut accounts = accounts.into_iter().peekable();
    accounts.peek()?;
    let account = if author.handle.trim().is_empty() { &author.native_id } else { &author.handle };
    let account = Handle::new(account).ok()?;
    let host = if account.host.is_empty() { key.instance() } else { &account.host };
    let by_id = fold(&format!("{}:{}", key.platform(), author.native_id));
    accounts.find(|own| own.is(&account.user, host) || own.user == by_id)
}
