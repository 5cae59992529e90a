//! Cases: the file of one author in one incident, its states, and how they may follow each other.

use serde::{Deserialize, Serialize};

use super::ids::{AuthorId, BrandId, CaseId, FlagId, IncidentId};
use super::incident::{FlagState, words};
use super::time::Millis;

words! {
    /// Where the work on one person stands.
    CaseState {
        /// Nobody has looked yet.
        New = "new", "New";
        /// Somebody took it.
        Assigned = "assigned", "Assigned";
        /// We wrote to them.
        Contacted = "contacted", "Contacted";
        /// What they asked for is answered.
        Answered = "answered", "Answered";
        /// They are content, or say nothing bad any more.
        Calmed = "calmed", "Calmed";
        /// They are as unhappy as before.
        StillUnhappy = "still_unhappy", "Still unhappy";
        /// They never wrote again. Silence is not success.
        Silent = "silent", "Silent";
        /// They want no contact.
        Declined = "declined", "Declined";
        /// Put aside without an outcome, from the queue: it needs nothing, or nobody says how it ended.
        Done = "done", "Done, no outcome noted";
    }
}

impl CaseState {
    /// Whether work on it has ended for now.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Calmed | Self::Silent | Self::Declined | Self::Done)
    }

    /// The state of its flag in the queue of people.
    pub const fn flag(self) -> FlagState {
        match self {
            Self::New => FlagState::Open,
            Self::Assigned | Self::Contacted | Self::Answered | Self::StillUnhappy => FlagState::Assigned,
            Self::Calmed | Self::Silent | Self::Declined | Self::Done => FlagState::Done,
        }
    }

    /// What a change of the flag in the queue makes of it: a finer state that says the same stays.
    #[must_use]
    pub fn after_flag(self, flag: FlagState) -> Self {
        match flag {
            same if same == self.flag() => self,
            FlagState::Open => Self::New,
            FlagState::Assigned => Self::Assigned,
            FlagState::Done => Self::Done,
        }
    }

    /// The states that a person may set next, in the order of their buttons.
    pub const fn next(self) -> &'static [Self] {
        use CaseState::{Answered, Assigned, Calmed, Contacted, Declined, Done, New, Silent, StillUnhappy};
        match self {
            New => &[Assigned, Contacted, Declined, Done],
            Assigned => &[Contacted, Answered, Declined, Done, New],
            Contacted => &[Answered, Calmed, StillUnhappy, Silent, Declined, Done, Assigned],
            Answered => &[Calmed, StillUnhappy, Silent, Declined, Done, Contacted, Assigned],
            StillUnhappy => &[Contacted, Answered, Calmed, Silent, Declined, Done, Assigned],
            Calmed | Silent | Declined | Done => &[Assigned],
        }
    }

    /// `next`, if it may follow this state; staying is always fine.
    pub fn to(self, next: Self) -> Result<Self, BadMove> {
        if self == next || self.next().contains(&next) { Ok(next) } else { Err(BadMove { from: self, to: next }) }
    }
}

/// A state that may not follow another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case that is “{}” cannot become “{}”", from.shown(), to.shown())]
pub struct BadMove {
    /// As it is.
    pub from: CaseState,
    /// As it was to be.
    pub to: CaseState,
}

/// One reason for a case's place in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseReason {
    /// A stable word, such as `still_broken`.
    pub code: String,
    /// In words.
    pub text: String,
    /// What it adds to the priority, before it is halved for calmer or automated authors. 0..=1.
    pub points: f64,
}

/// A step that their later mentions speak for. A person takes it, or puts it off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The state.
    pub state: CaseState,
    /// What speaks for it, in words.
    pub reason: String,
}

/// The file of one author in one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Row id.
    pub id: CaseId,
    /// The brand concerned.
    pub brand: BrandId,
    /// The incident.
    pub incident: IncidentId,
    /// The author.
    pub author: AuthorId,
    /// The flag that it grew out of.
    pub flag: FlagId,
    /// Where the work stands.
    pub state: CaseState,
    /// Who took it; empty when nobody.
    pub owner: String,
    /// When it should have moved on.
    pub due_at: Option<Millis>,
    /// 0..=1: order of the queue, highest first.
    pub priority: f64,
    /// Why that high, weightiest first.
    pub reasons: Vec<CaseReason>,
    /// What they wrote after this says how they took the last step.
    pub since_at: Millis,
    /// When we last wrote to them.
    pub sent_at: Option<Millis>,
    /// A step that their later mentions speak for.
    pub proposal: Option<Proposal>,
    /// When it was opened.
    pub opened_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Raised by one at each change by a person: a change against an older version is refused.
    pub version: i64,
}

impl Case {
    /// Whether it should have moved on by now.
    pub fn is_overdue(&self, now: Millis) -> bool {
        !self.state.is_ended() && self.due_at.is_some_and(|due| due < now)
    }
}

words! {
    /// What happened to a case.
    CaseEventKind {
        /// Ebb opened it.
        Opened = "opened", "Opened";
        /// Its state was set.
        Moved = "moved", "State";
        /// It was given to somebody.
        Assigned = "assigned", "Assigned";
        /// Its due time was set.
        Due = "due", "Due";
        /// Something was written down.
        Note = "note", "Note";
        /// We wrote to them.
        Sent = "sent", "Sent";
        /// A proposed outcome was put off.
        NotYet = "not_yet", "Not yet";
        /// A bad new mention opened it again.
        Reopened = "reopened", "Reopened";
        /// Another account of theirs was linked.
        Linked = "linked", "Account linked";
        /// And taken off again.
        Unlinked = "unlinked", "Account taken off";
    }
}

/// One change of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseEvent {
    /// When it happened.
    pub at: Millis,
    /// Who did it; empty for Ebb itself, and where nobody gave a name.
    pub who: String,
    /// What.
    pub kind: CaseEventKind,
    /// The state before.
    pub from: CaseState,
    /// The state after.
    pub to: CaseState,
    /// Words: a note, what was sent, whom it went to, why.
    pub text: String,
    /// How something was sent; empty otherwise.
    pub via: String,
}

/// A row of the imported list of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// Such as `mastodon`.
    pub platform: String,
    /// As imported.
    pub handle: String,
    /// Their name; may be empty.
    pub name: String,
    /// Number or link in another system; may be empty.
    pub reference: String,
}

/// What two spellings of a handle have in common: case and a leading `@` tell nobody apart.
pub fn handle_key(handle: &str) -> String {
    handle.trim().trim_start_matches('@').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_steps_of_the_table_are_allowed() {
        use CaseState::{Answered, Assigned, Calmed, Contacted, Declined, Done, New, Silent, StillUnhappy};
        let allowed = |from: CaseState| CaseState::ALL.iter().copied().filter(|to| from.to(*to).is_ok()).collect::<Vec<_>>();
        assert_eq!(allowed(New), [New, Assigned, Contacted, Declined, Done]);
        assert_eq!(allowed(Assigned), [New, Assigned, Contacted, Answered, Declined, Done]);
        assert_eq!(allowed(Contacted), [Assigned, Contacted, Answered, Calmed, StillUnhappy, Silent, Declined, Done]);
        assert_eq!(allowed(Answered), [Assigned, Contacted, Answered, Calmed, StillUnhappy, Silent, Declined, Done]);
        assert_eq!(allowed(StillUnhappy), [Assigned, Contacted, Answered, Calmed, StillUnhappy, Silent, Declined, Done]);
        for ended in [Calmed, Silent, Declined, Done] {
            assert_eq!(allowed(ended).len(), 2, "{ended:?} is only taken up again");
        }
        let refused = New.to(Calmed).expect_err("nobody is calmed before we wrote to them");
        assert_eq!(refused.to_string(), "a case that is “New” cannot become “Calmed”");
    }

    #[test]
    fn a_case_and_its_flag_say_the_same() {
        for state in CaseState::ALL {
            assert_eq!(state.after_flag(state.flag()), *state, "a finer state stays");
            for flag in FlagState::ALL {
                assert_eq!(state.after_flag(*flag).flag(), *flag);
            }
            assert_eq!(state.is_ended(), state.flag() == FlagState::Done);
        }
    }

    #[test]
    fn handles_are_compared_without_case_and_at() {
        assert_eq!(handle_key(" @Mo@Ruby.Example "), handle_key("mo@ruby.example"));
        assert_ne!(handle_key("mo"), handle_key("mo@ruby.example"));
    }
}
