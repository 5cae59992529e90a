//! One mention as every page shows it.

use crate::domain::filter::About;
use crate::domain::post::Mention;
use crate::domain::sentiment::{Label, Sentiment};

use crate::store::{BrandStanding, Hidden};

use super::layout::Scope;
use super::show::{self, When};

/// Texts longer than this are shown in part.
const LONG_CHARS: usize = 480;
/// And those with more lines than this.
const LONG_LINES: usize = 7;

/// A label with its icon: never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelView {
    /// Style class.
    pub class: &'static str,
    /// One character.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
}

impl LabelView {
    /// `None`: the model has not read it yet.
    pub const fn new(label: Option<Label>) -> Self {
        match label {
            Some(Label::Negative) => Self { class: "negative", icon: "▼", word: "Unhappy" },
            Some(Label::Neutral) => Self { class: "neutral", icon: "●", word: "Neutral" },
            Some(Label::Positive) => Self { class: "positive", icon: "▲", word: "Pleased" },
            None => Self { class: "waiting", icon: "○", word: "Not scored yet" },
        }
    }
}

/// A word beside the label.
#[derive(Debug)]
pub struct Chip {
    /// Style class.
    pub class: &'static str,
    /// The word.
    pub word: String,
}

/// What the model said.
#[derive(Debug)]
pub struct ScoreView {
    /// Of the label it decided for.
    pub confidence: String,
    /// Negative, neutral, positive.
    pub shares: [String; 3],
    /// How strongly negative.
    pub severity: String,
    /// Name and version.
    pub model: String,
    /// Language that the model was chosen by.
    pub lang: String,
}

/// A button that sets the label.
#[derive(Debug)]
pub struct Choice {
    /// What it sends.
    pub value: &'static str,
    /// How it looks.
    pub view: LabelView,
    /// It is the one that counts now.
    pub current: bool,
}

/// A mention, ready for its template.
#[derive(Debug)]
pub struct MentionView {
    /// Row id, for anchors and forms.
    pub id: i64,
    /// Row id of the author.
    pub author_id: i64,
    /// Name on one line.
    pub author: String,
    /// Handle, when it is not the shown name.
    pub handle: String,
    /// First letter, for the disc beside the name.
    pub initial: String,
    /// Says that it is automated.
    pub bot: bool,
    /// Followers in words; empty when unknown.
    pub followers: String,
    /// Platform and instance.
    pub place: String,
    /// When it was written.
    pub when: When,
    /// When its text changed.
    pub edited: Option<When>,
    /// When it was found deleted.
    pub deleted: Option<When>,
    /// The text, or its beginning.
    pub text: String,
    /// The whole text and its length in words, when `text` is only the beginning.
    pub whole: Option<(String, String)>,
    /// The label that counts.
    pub label: LabelView,
    /// Very unhappy.
    pub very: bool,
    /// A person set the label.
    pub corrected: bool,
    /// The model's own label, when a person set another.
    pub model_said: Option<LabelView>,
    /// What else is said of it, each in a word: corrected, unsure, a copy, copied.
    pub chips: Vec<Chip>,
    /// What the model said.
    pub score: Option<ScoreView>,
    /// Buttons to correct it.
    pub choices: Vec<Choice>,
    /// Buttons that say whose brand it is about: what they send, and their words.
    pub about: Vec<(&'static str, &'static str)>,
    /// Language in words, else its code; empty when unknown.
    pub lang: String,
    /// Why it was taken for a mention.
    pub why: String,
    /// Its page at the platform.
    pub url: Option<String>,
    /// Reactions in words; empty when there are none.
    pub reactions: String,
}

impl MentionView {
    /// Everything but the copies, which cost a query.
    pub fn new(m: &Mention, scope: &Scope) -> Self {
        let now = scope.now;
        let label = m.label();
        let (text, whole) = clamp(&m.text);
        let author = show::one_line(m.author.shown(), 60);
        let sentiment = m.sentiment.as_ref();
        Self {
            id: m.id.get(),
            author_id: m.author.id.get(),
            handle: handle(m),
            initial: if m.deleted_at.is_some() { "–".to_owned() } else { show::initial(&author) },
            author,
            bot: m.author.bot,
            followers: m
                .author
                .followers
                .filter(|_| m.deleted_at.is_none())
                .map_or_else(String::new, |n| show::plural(n, "follower", "followers")),
            place: place(m),
            when: When::new(m.created_at, now),
            edited: m.edited_at.map(|at| When::new(at, now)),
            deleted: m.deleted_at.map(|at| When::new(at, now)),
            text,
            whole,
            label: LabelView::new(label),
            very: label == Some(Label::Negative) && sentiment.is_some_and(|s| s.severity.get() >= scope.very),
            corrected: m.corrected.is_some(),
            model_said: sentiment.filter(|s| m.corrected.is_some_and(|c| c != s.label)).map(|s| LabelView::new(Some(s.label))),
            chips: chips(m),
            score: sentiment.map(score),
            choices: choices(label),
            about: about(BrandStanding::default()),
            lang: m.lang.as_deref().map_or_else(String::new, |code| show::one_line(show::language(code), 20)),
            why: show::one_line(&m.why, 160),
            url: m.url.clone(),
            reactions: reactions(m),
        }
    }

    /// Says whose brand it is about, as far as somebody or the filter said.
    #[must_use]
    pub fn with_standing(mut self, standing: BrandStanding) -> Self {
        let word = match (standing.hidden, standing.mark) {
            (Hidden::Marked, _) => "another brand",
            (Hidden::Filtered, _) => "hidden by the filter",
            (Hidden::Audited, _) => "hidden by the filter: is that right?",
            (Hidden::No, Some(About::This)) => "this brand, said a person",
            (Hidden::No, _) => "",
        };
        if !word.is_empty() {
            self.chips.push(Chip { class: "", word: word.to_owned() });
        }
        self.about = about(standing);
        self
    }

    /// Says of how many it was drawn.
    #[must_use]
    pub fn with_sample(mut self, one_in: i64) -> Self {
        if one_in > 1 {
            self.chips.push(Chip { class: "", word: format!("1 in {one_in} was read then") });
        }
        self
    }

    /// Says how often the text was repeated.
    #[must_use]
    pub fn with_copies(mut self, copies: i64) -> Self {
        if copies > 0 {
            self.chips.push(Chip { class: "", word: show::plural(copies, "copy", "copies") });
        }
        self
    }
}

/// What else can be said of whose brand it is about.
fn about(standing: BrandStanding) -> Vec<(&'static str, &'static str)> {
    match (standing.mark, standing.hidden) {
        (None, Hidden::No) => vec![("other", "Another brand"), ("this", "This brand")],
        (None, _) => vec![("this", "This brand after all"), ("other", "Another brand, rightly hidden")],
        (Some(About::Other), _) => vec![("undo", "Not another brand: show it again"), ("this", "This brand")],
        (Some(About::This), _) => vec![("undo", "Take “this brand” back"), ("other", "Another brand")],
    }
}

fn chips(m: &Mention) -> Vec<Chip> {
    let unsure = m.corrected.is_none() && m.sentiment.as_ref().is_some_and(|s| s.confidence() < Sentiment::SURE);
    let said = [(m.corrected.is_some(), "", "corrected by a person"), (unsure, "unsure", "unsure"), (m.copy_of.is_some(), "", "a copy")];
    said.into_iter().filter(|(is, ..)| *is).map(|(_, class, word)| Chip { class, word: word.to_owned() }).collect()
}

fn choices(label: Option<Label>) -> Vec<Choice> {
    let choice = |l: &Label| Choice { value: l.as_str(), view: LabelView::new(Some(*l)), current: label == Some(*l) };
    Label::ALL.iter().map(choice).collect()
}

fn score(s: &Sentiment) -> ScoreView {
    ScoreView {
        confidence: show::percent(f64::from(s.confidence())),
        shares: s.probabilities.values().map(|p| show::percent(f64::from(p))),
        severity: show::percent(f64::from(s.severity.get())),
        model: show::one_line(&s.model, 60),
        lang: show::one_line(&s.lang, 12),
    }
}

fn handle(m: &Mention) -> String {
    let known = m.author.handle.is_empty() || m.author.handle == m.author.shown();
    if known { String::new() } else { show::one_line(&format!("@{}", m.author.handle.trim_start_matches('@')), 60) }
}

fn place(m: &Mention) -> String {
    let platform = show::platform(m.key.platform());
    match m.key.instance() {
        "" => platform,
        host => format!("{platform} · {}", show::one_line(host, 60)),
    }
}

fn reactions(m: &Mention) -> String {
    let e = m.engagement;
    let counted = [(e.likes, "like", "likes"), (e.reposts, "share", "shares"), (e.replies, "reply", "replies")];
    let words: Vec<String> = counted.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| show::plural(n, one, many)).collect();
    words.join(" · ")
}

/// The beginning of a long text and the whole, or the text alone.
fn clamp(text: &str) -> (String, Option<(String, String)>) {
    let by_lines = text.match_indices('\n').nth(LONG_LINES - 1).map(|(i, _)| i);
    let by_chars = text.char_indices().nth(LONG_CHARS).map(|(i, _)| i);
    let Some(cut) = by_lines.into_iter().chain(by_chars).min() else {
        return (text.to_owned(), None);
    };
    let head = text.get(..cut).unwrap_or_default();
    // At a space, so that no word is cut, unless that loses much.
    let head = head.rfind(char::is_whitespace).filter(|i| *i > cut * 3 / 4).map_or(head, |i| head.get(..i).unwrap_or(head));
    let length = show::plural(i64::try_from(text.chars().count()).unwrap_or(i64::MAX), "character", "characters");
    (format!("{}…", head.trim_end()), Some((text.to_owned(), length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_and_many_lines_are_clamped_and_kept_whole_behind() {
        let (head, whole) = clamp(&"word ".repeat(8_000));
        assert!(head.chars().count() <= LONG_CHARS + 1);
        assert_eq!(whole.map(|w| w.1).as_deref(), Some("40,000 characters"));
        let (head, _) = clamp(&"l\n".repeat(50));
        assert!(head.lines().count() <= LONG_LINES);
        assert_eq!(clamp("short"), ("short".to_owned(), None));
    }
}
