//! Domains that links lead to.

use super::BadTerms;
use crate::domain::fold::fold;

/// Domains, each with those below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Domains(Vec<Domain>);

#[derive(Debug, Clone)]
struct Domain {
    shown: String,
    folded: String,
}

impl Domains {
    pub(super) fn new(domains: &[String]) -> Result<Self, BadTerms> {
        domains.iter().map(|domain| Domain::new(domain)).collect::<Result<_, _>>().map(Self)
    }

    /// The one that a host is, or is below of.
    pub(super) fn of_host(&self, host: &str) -> Option<&str> {
        let host = host.trim_matches('.');
        let above = |domain: &&Domain| host.strip_suffix(&domain.folded).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.0.iter().find(above).map(|domain| domain.shown.as_str())
    }

    /// The one that a folded text names as a bare host, such as `status.acme.example/today`.
    pub(super) fn bare_in(&self, folded: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        folded.split_whitespace().find_map(|token| {
            let token = token.trim_matches(|c: char| !c.is_alphanumeric());
            let host = token.split(['/', ':', '?', '#', ',', ';']).next()?.trim_end_matches(|c: char| !c.is_alphanumeric());
            // Links with a scheme are read elsewhere, and an address of e-mail is none.
            (host.contains('.') && !token.contains("://") && !token.contains('@')).then(|| self.of_host(host)).flatten()
        })
    }
}

impl Domain {
    fn new(domain: &str) -> Result<Self, BadTerms> {
        let folded = fold(domain.trim());
        let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
        if !folded.contains('.') || !folded.split('.').all(label) {
            return Err(BadTerms::NoDomain(domain.to_owned()));
        }
        Ok(Self { shown: domain.trim().to_owned(), folded })
    }
}
