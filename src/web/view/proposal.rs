//! A proposed incident at the top of Now.

use crate::domain::proposal::Proposal;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::web::layout::Scope;
use crate::web::link::Link;
use crate::web::show::{self, When};

use super::{Choice, IncidentForm};

/// The proposal with its two answers.
#[derive(Debug)]
pub struct ProposalView {
    /// What stands out, in one sentence.
    pub words: String,
    /// Since when, estimated.
    pub began: When,
    /// When it was first said.
    pub spoken: When,
    /// Opens the incident.
    pub form: IncidentForm,
    /// Where a dismissal goes.
    pub dismiss: Link,
    /// What was read.
    pub version: i64,
    /// For how long to be quiet.
    pub quiet: Vec<Choice>,
}

impl ProposalView {
    /// Of an open one.
    pub fn new(proposal: &Proposal, scope: &Scope) -> Self {
        let signal = &proposal.signal;
        let form = IncidentForm {
            proposal: Some(proposal.id),
            title: format!("Unhappy people since {} UTC", show::hour_label(signal.began)),
            ..IncidentForm::open(scope.brand_field(), signal.began)
        };
        let quiet = [(6, "6 hours"), (24, "a day"), (72, "3 days"), (7 * DAY_MS / HOUR_MS, "a week")];
        Self {
            words: words(proposal),
            began: When::new(signal.began, scope.now),
            spoken: When::new(proposal.spoken_at, scope.now),
            form,
            dismiss: Link::to(format!("/proposals/{}", proposal.id)),
            version: proposal.version,
            quiet: quiet.iter().map(|(hours, word)| Choice::new(hours, *word, "24")).collect(),
        }
    }
}

fn words(proposal: &Proposal) -> String {
    let signal = &proposal.signal;
    let hours = signal.window.to().since(signal.window.from()) / HOUR_MS;
    let within = if hours == 1 { "an hour".to_owned() } else { format!("{hours} hours") };
    let people = show::plural(signal.unhappy, "unhappy person", "unhappy people");
    format!("{people} within {within}, where {} would be normal.", show::decimal(signal.expected))
}
