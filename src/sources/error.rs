//! What can go wrong when a source is asked, in words that its operator can act on.

use crate::domain::time::Millis;

/// Why a source could not be read. The variant says what to do; the text names hosts only, never
/// paths, query strings or tokens, so it may go to the log and to the Sources page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Asked too often: not again before `until`.
    #[error("{host} asks for fewer requests until {until}")]
    RateLimited {
        /// Who said so.
        host: String,
        /// The first moment to ask again.
        until: Millis,
    },
    /// The token is missing, wrong or may not do this: stop the source, tell its operator.
    #[error("{host} refuses access: {what}")]
    Unauthorised {
        /// Who said so.
        host: String,
        /// What is refused.
        what: String,
    },
    /// The place is closed for good (410): stop the source.
    #[error("{host} says that this address is gone for good")]
    Gone {
        /// Who said so.
        host: String,
    },
    /// Nothing at that address.
    #[error("{host} knows nothing at this address (404)")]
    NotFound {
        /// Who said so.
        host: String,
    },
    /// The request is wrong in the server's eyes: asking again will not help.
    #[error("{host} refuses the request with status {status}")]
    Refused {
        /// Who said so.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// A setting is wrong in the server's eyes, and it says which: stop the source.
    #[error("{host} does not accept a setting: {what}")]
    Setting {
        /// Who said so.
        host: String,
        /// Which setting, and what would be right.
        what: String,
    },
    /// What the operator allows this source a day is used up.
    #[error("the budget of this source is used up until {until}")]
    BudgetSpent {
        /// When the next day begins.
        until: Millis,
    },
    /// Network or server trouble: ask again later, with growing pauses.
    #[error("{host} cannot be read now: {what}")]
    Unavailable {
        /// Who does not answer.
        host: String,
        /// How it failed.
        what: String,
        /// The server's wish, where it gave one.
        not_before: Option<Millis>,
    },
    /// The answer is larger than is read.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Who answered.
        host: String,
        /// The limit, bytes after decompression.
        limit: usize,
    },
    /// The answer is not what was asked for.
    #[error("the answer of {host} cannot be understood: {what}")]
    Malformed {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        what: String,
    },
    /// An answer pointed to an address inside a private network.
    #[error("an answer pointed to {host}, an address inside a private network or not of the web")]
    ForbiddenAddress {
        /// Where it pointed.
        host: String,
    },
    /// Redirects without an end.
    #[error("{host} redirects more than {limit} times")]
    TooManyRedirects {
        /// Where it began.
        host: String,
        /// The limit.
        limit: usize,
    },
}

impl PollError {
    /// Asking again cannot help before a person changes something.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Unauthorised { .. } | Self::Gone { .. } | Self::Refused { .. } | Self::Setting { .. } | Self::ForbiddenAddress { .. }
        )
    }

    /// The server's wish: not again before this time.
    pub const fn not_before(&self) -> Option<Millis> {
        match self {
            Self::RateLimited { until, .. } | Self::BudgetSpent { until } => Some(*until),
            Self::Unavailable { not_before, .. } => *not_before,
            _ => None,
        }
    }

    /// What is wrong and how to mend it, for the Sources page.
    pub fn advice(&self) -> String {
        let mend = match self {
            Self::RateLimited { .. } => "Nothing to do: polling goes on by itself then. If it happens often, set a longer interval.",
            Self::Unauthorised { .. } => "Polling has stopped. Check the token of this source and what it may read, then start again.",
            Self::Gone { .. } => "Polling has stopped. Remove this source, or give it its new address.",
            Self::NotFound { .. } => "Check the address of this source in a browser; it may have moved.",
            Self::Setting { .. } => "Polling has stopped. Change that setting, then start again.",
            Self::BudgetSpent { .. } => {
                "Polling goes on by itself then. Until then nothing is known of this source; a larger `budget` reads more."
            }
            Self::Refused { .. } => "Polling has stopped. Check the settings of this source; if they are right, the platform has changed.",
            Self::Unavailable { .. } => "It is asked again by itself, with growing pauses. If it lasts, check the address and the network.",
            Self::TooLarge { .. } => "Give this source a smaller page, such as a feed with fewer items.",
            Self::Malformed { .. } => {
                "It is asked again by itself. If it lasts, open the address in a browser and check that it is what the source kind expects."
            }
            Self::ForbiddenAddress { .. } => {
                "Not followed, for safety. If the place is your own, configure that address itself as the source."
            }
            Self::TooManyRedirects { .. } => "Open the address in a browser and configure the one where it ends.",
        };
        format!("{}. {mend}", capital(&self.to_string()))
    }

    pub(super) fn malformed(host: &str, what: impl Into<String>) -> Self {
        Self::Malformed { host: host.to_owned(), what: what.into() }
    }

    pub(super) fn unavailable(host: &str, what: impl Into<String>) -> Self {
        Self::Unavailable { host: host.to_owned(), what: what.into(), not_before: None }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Why a source cannot be made from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A key is unknown, missing or of the wrong type.
    #[error("settings of source `{source_name}`: {what}")]
    Settings {
        /// The source's name.
        source_name: String,
        /// What is wrong, with the key.
        what: String,
    },
    /// The secret cannot be read.
    #[error("secret of source `{source_name}`: {what}")]
    Secret {
        /// The source's name.
        source_name: String,
        /// Where it was looked for; never the secret.
        what: String,
    },
    /// Imported rows are not polled.
    #[error("source `{source_name}` holds imported rows and is never polled")]
    NeverPolled {
        /// The source's name.
        source_name: String,
    },
    /// The HTTP client cannot be made.
    #[error("HTTP client: {0}")]
    Http(String),
}

impl SettingsError {
    pub(super) fn settings(source: &str, what: impl Into<String>) -> Self {
        Self::Settings { source_name: source.to_owned(), what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_says_what_is_wrong_and_how_to_mend_it() {
        let error = PollError::Unauthorised { host: "ruby.example".to_owned(), what: "the token is not valid".to_owned() };
        assert!(error.is_final());
        assert!(error.advice().starts_with("Ruby.example refuses access: the token is not valid. Polling has stopped."));
        let error = PollError::RateLimited { host: "h".to_owned(), until: Millis::new(60_000) };
        assert_eq!(error.not_before(), Some(Millis::new(60_000)));
        assert!(!error.is_final());
    }
}
