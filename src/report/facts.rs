//! What an incident report says, in plain values, apart from any language and format.
//!
//! Posts and people stand in it as ids. Their words and names are looked up when a report is written, so that a report
//! of last month shows a tombstone where a post was deleted yesterday, while its numbers stay what they were.
//!
//! Its JSON, with the fields in this order, is the canonical data whose SHA-256 seals a report.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::case::CaseState;
use crate::domain::hex::hex;
use crate::domain::ids::{AuthorId, BrandId, CaseId, IncidentId, MentionId, SourceId, ThemeId};
use crate::domain::incident::{FlagState, IncidentKind, IncidentSeverity, UpdateKind};
use crate::domain::source::SourceKind;
use crate::domain::theme::{Heat, ThemeKind};
use crate::domain::time::{Millis, Span};
use crate::domain::verdict::{Assessment, BaselineMethod};

/// Raised when fields change: an older sealed report is refused in words rather than misread.
pub const VERSION: i64 = 1;

/// Everything that a report says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// [`VERSION`].
    pub version: i64,
    /// The state of the data that it tells of; whole seconds.
    pub data_at: Millis,
    /// The brand.
    pub brand: BrandId,
    /// Its name.
    pub brand_name: String,
    /// The incident.
    pub incident: IncidentFacts,
    /// What verdicts and flags were made with.
    pub settings: SettingsFacts,
    /// What is normal.
    pub baseline: BaselineFacts,
    /// The time that the curve shows.
    pub shown: Span,
    /// From the start to the close or the data time.
    pub affected: Span,
    /// The curve, oldest first.
    pub hours: Vec<HourFact>,
    /// The hour with the most unhappy people since the start.
    pub peak: Option<HourFact>,
    /// Sums from the start to the end.
    pub totals: Totals,
    /// Where the incident stood.
    pub standing: Option<Assessment>,
    /// Since when it has that verdict.
    pub verdict_since: Option<Millis>,
    /// Each change of the verdict, oldest first.
    pub verdicts: Vec<VerdictFact>,
    /// What the brand said, oldest first.
    pub updates: Vec<UpdateFact>,
    /// The sources, most unhappy people first.
    pub sources: Vec<SourceFact>,
    /// Mentions a day, oldest first.
    pub days: Vec<DayFact>,
    /// How the very unhappy people were looked after.
    pub people: PeopleFacts,
    /// What people were upset about, most important first.
    pub themes: Vec<ThemeFact>,
    /// The worst first, at most [`MOST_CASES`].
    pub cases: Vec<CaseFact>,
    /// Examples of what people wrote.
    pub quotes: Vec<QuoteFact>,
    /// Incidents of the brand before this one, newest first.
    pub earlier: Vec<EarlierFact>,
}

/// Cases listed one by one; the rest is counted.
pub const MOST_CASES: usize = 60;

/// The incident as it stood at the data time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentFacts {
    /// Row id.
    pub id: IncidentId,
    /// Its title.
    pub title: String,
    /// Service or security.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: IncidentSeverity,
    /// Who leads; may be empty.
    pub commander: String,
    /// When it began.
    pub started_at: Millis,
    /// When it was declared mended.
    pub fixed_at: Option<Millis>,
    /// When it was closed.
    pub closed_at: Option<Millis>,
    /// Why it was closed over a blocker; empty when nothing blocked.
    pub close_reason: String,
}

/// Settings that change what a report says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SettingsFacts {
    /// How long concern must stay calm, milliseconds.
    pub hold_ms: i64,
    /// Severity from which a negative mention flags its author, 0..=1.
    pub flag_severity: f64,
    /// Below this share of what should have been read, the verdict is `unknown`. 0..=1.
    pub min_coverage: f64,
}

/// What is normal, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineFacts {
    /// How finely it knows the week.
    pub method: BaselineMethod,
    /// The history it was made from.
    pub history: Span,
    /// Stretches cut out of it.
    pub cut: usize,
    /// Sources that it rests on.
    pub sources: usize,
}

/// One hour of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HourFact {
    /// Its start.
    pub at: Millis,
    /// Distinct unhappy people in the compared sources.
    pub unhappy: i64,
    /// Mean of what is normal; `None` without a baseline.
    pub expected: Option<f64>,
    /// Nineteen in twenty normal hours lie at or below.
    pub upper: Option<f64>,
    /// Share that was read, 0..=1.
    pub covered: f64,
    /// Mentions in all sources, copies too.
    pub mentions: i64,
}

/// Sums over the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Mentions, copies and deleted ones too.
    pub mentions: i64,
    /// Copies among them.
    pub copies: i64,
    /// Deleted since.
    pub deleted: i64,
    /// Negative ones, copies aside.
    pub negative: i64,
    /// Neutral ones, copies aside.
    pub neutral: i64,
    /// Positive ones, copies aside.
    pub positive: i64,
    /// Distinct people with a negative mention.
    pub unhappy_people: i64,
    /// Distinct people with a very negative mention.
    pub very_unhappy: i64,
    /// Of those, people whose later mention is neutral or positive.
    pub better_later: i64,
}

/// A change of the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictFact {
    /// The assessment as it was.
    pub assessment: Assessment,
}

/// Something that the brand said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateFact {
    /// When.
    pub at: Millis,
    /// Statement, apology or fix.
    pub kind: UpdateKind,
    /// Its words.
    pub text: String,
    /// Where it can be read.
    pub url: Option<String>,
}

/// One source over the incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFact {
    /// Row id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Mentions, copies too.
    pub mentions: i64,
    /// Negative ones, copies aside.
    pub negative: i64,
    /// Distinct unhappy people.
    pub unhappy: i64,
    /// Share of the time that was read, 0..=1; an import counts as read.
    pub covered: f64,
}

/// Mentions of one UTC day by label, copies aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFact {
    /// Its start.
    pub at: Millis,
    /// Negative.
    pub negative: i64,
    /// Neutral.
    pub neutral: i64,
    /// Positive.
    pub positive: i64,
}

/// Very unhappy people by what was done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PeopleFacts {
    /// How many cases are in each state; states without one are left out.
    pub states: Vec<(CaseState, i64)>,
}

impl PeopleFacts {
    /// All of them.
    pub fn all(&self) -> i64 {
        self.states.iter().map(|(_, n)| n).sum()
    }

    /// Nobody has looked yet, somebody is at it, or it has ended.
    pub fn at(&self, stage: FlagState) -> i64 {
        self.states.iter().filter(|(state, _)| state.flag() == stage).map(|(_, n)| n).sum()
    }
}

/// One very unhappy person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CaseFact {
    /// The case.
    pub case: CaseId,
    /// The person.
    pub author: AuthorId,
    /// What was done.
    pub state: CaseState,
    /// Their worst mention.
    pub worst: MentionId,
    /// Its severity, 0..=1.
    pub worst_severity: f64,
    /// Very negative mentions.
    pub very_negative: i64,
    /// When the latest was written.
    pub latest_at: Millis,
    /// When the case last changed.
    pub changed_at: Millis,
}

/// What people were upset about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThemeFact {
    /// Row id.
    pub id: ThemeId,
    /// A phrase, or what is said to fail still.
    pub kind: ThemeKind,
    /// As people write it; empty for what fails still.
    pub phrase: String,
    /// Distinct unhappy people.
    pub people: i64,
    /// Mentions with it, copies aside.
    pub mentions: i64,
    /// Most unhappy people with it in one hour.
    pub peak: i64,
    /// Its first mention in the incident.
    pub first_seen: Option<Millis>,
    /// How it stood at the data time.
    pub heat: Heat,
    /// Examples, of different people.
    pub quotes: Vec<QuoteFact>,
}

/// Why a post is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuoteKind {
    /// Among the worst of the incident.
    Worst,
    /// Among the newest unhappy ones.
    Unhappy,
    /// Among the newest pleased ones.
    Pleased,
    /// An example of a theme.
    Theme,
}

/// A quoted post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFact {
    /// The post.
    pub mention: MentionId,
    /// Its author.
    pub author: AuthorId,
    /// Why.
    pub kind: QuoteKind,
}

/// An earlier incident, for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierFact {
    /// Row id.
    pub id: IncidentId,
    /// Its title.
    pub title: String,
    /// When it began.
    pub started_at: Millis,
    /// When it was declared mended.
    pub fixed_at: Option<Millis>,
    /// Most unhappy people in one hour.
    pub peak: i64,
    /// Distinct unhappy people.
    pub unhappy_people: i64,
    /// When its verdict first was `recovered`.
    pub recovered_at: Option<Millis>,
}

/// Facts with their seal.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// What the report says.
    pub facts: Facts,
    /// SHA-256 of the canonical JSON, hexadecimal.
    pub sha256: String,
}

impl Facts {
    /// The canonical JSON.
    pub fn canonical(&self) -> String {
        // Strings, numbers and lists of our own types always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// With the seal over the canonical JSON.
    pub fn seal(self) -> Sealed {
        let sha256 = hex_sha256(self.canonical().as_bytes());
        Sealed { facts: self, sha256 }
    }

    /// Everybody whose words are quoted or stand behind a case, in the order in which a report names them.
    pub fn quoted(&self) -> impl Iterator<Item = (MentionId, AuthorId)> {
        let of_themes = self.themes.iter().flat_map(|t| &t.quotes);
        let quotes = of_themes.chain(&self.quotes).map(|q| (q.mention, q.author));
        quotes.chain(self.cases.iter().map(|c| (c.worst, c.author)))
    }

    /// The themes that somebody wrote about until the data time.
    pub fn spoken_of(&self) -> impl Iterator<Item = &ThemeFact> {
        self.themes.iter().filter(|t| t.mentions > 0)
    }

    /// The first hour whose verdict was `recovered`, counted from the start.
    pub fn recovered_at(&self) -> Option<Millis> {
        use crate::domain::verdict::Verdict;
        self.verdicts.iter().find(|v| v.assessment.verdict == Verdict::Recovered).map(|v| v.assessment.at)
    }
}

/// SHA-256 as hexadecimal digits.
pub fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
