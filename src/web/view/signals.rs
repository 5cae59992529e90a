//! What stands beside the verdict: about what, our own silence, campaigns, the corrected share.

use crate::assess::rates::{Method, Rates};
use crate::assess::themes::ThemeView;
use crate::domain::hold::{HoldState, Signal};
use crate::domain::incident::Incident;
use crate::domain::silence::SilenceAlarm;
use crate::domain::theme::ThemeKind;
use crate::web::layout::Scope;
use crate::web::link::Link;
use crate::web::show;

use super::sentence;
use super::themes::HeatView;

/// Themes on the page "Now".
const THEMES: usize = 5;

/// A theme in one line.
#[derive(Debug, Clone)]
pub struct ThemeLine {
    /// As people write it.
    pub phrase: String,
    /// Hot or calm.
    pub heat: HeatView,
    /// People in words.
    pub people: String,
    /// Its mentions.
    pub href: Link,
}

/// The corrected share in one line.
#[derive(Debug, Clone)]
pub struct RatesLine {
    /// With its interval, and what corrected it.
    pub words: String,
    /// The word of the link.
    pub action: &'static str,
    /// Where it is checked.
    pub href: Link,
}

impl RatesLine {
    /// In words.
    pub fn new(rates: &Rates, incident: &Incident, scope: &Scope) -> Self {
        let href = scope.link("/check").with("incident", &incident.id);
        Self { words: rates_words(rates), action: if rates.checked > 0 { "Check more" } else { "Check some" }, href }
    }
}

/// The corrected share in a sentence.
pub fn rates_words(rates: &Rates) -> String {
    let percent = |share: f64| format!("{:.0}", (share * 100.0).clamp(0.0, 100.0));
    let range = format!("{} to {} %", percent(rates.corrected.low), percent(rates.corrected.high));
    let by = match rates.method {
        Method::Checked => {
            format!("corrected by {} that people made", show::plural(i64::try_from(rates.checked).unwrap_or(0), "check", "checks"))
        }
        Method::ModelError => format!("corrected by the model’s known error ({}), which may differ here", rates.model),
    };
    format!("{} % of the mentions are unhappy as counted; {} % ({range}) {by}.", percent(rates.counted), percent(rates.corrected.value))
}

/// Whether campaigns should wait, in one line.
#[derive(Debug, Clone)]
pub struct HoldLine {
    /// Style class, icon and word.
    pub class: &'static str,
    /// One character.
    pub icon: &'static str,
    /// The answer.
    pub word: &'static str,
    /// Why.
    pub why: Vec<String>,
    /// The page.
    pub href: Link,
}

impl HoldLine {
    /// In words.
    pub fn new(state: &HoldState, scope: &Scope) -> Self {
        let (class, icon, word) = match state.signal {
            Signal::Hold => ("failing", "✕", "Hold campaigns"),
            Signal::Clear => ("fine", "✓", "Campaigns may go on"),
        };
        Self { class, icon, word, why: state.why.iter().map(|w| sentence(&show::one_line(w, 300))).collect(), href: scope.link("/hold") }
    }
}

/// What stands beside the verdict.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// First ones first; empty without an incident.
    pub themes: Vec<ThemeLine>,
    /// In an incident: the page of the themes.
    pub all_themes: Option<Link>,
    /// We have said nothing for too long.
    pub silence: Option<String>,
    /// Whether campaigns should wait.
    pub hold: Option<HoldLine>,
    /// The corrected share.
    pub rates: Option<RatesLine>,
}

/// The first themes, each in a line.
pub fn theme_lines(views: &[ThemeView], scope: &Scope) -> Vec<ThemeLine> {
    let phrases = views.iter().filter(|v| v.theme.kind == ThemeKind::Phrase);
    // What is hot now answers "about what?"; the order of finding decides among those.
    let mut sorted: Vec<&ThemeView> = phrases.collect();
    sorted.sort_by_key(|v| (heat_order(v), v.theme.rank));
    let line = |v: &ThemeView| ThemeLine {
        phrase: show::one_line(&v.theme.phrase, 60),
        heat: HeatView::new(v.standing.heat),
        people: show::plural(v.theme.people, "person", "people"),
        href: scope.link("/mentions").with("theme", &v.theme.id),
    };
    sorted.into_iter().take(THEMES).map(line).collect()
}

const fn heat_order(view: &ThemeView) -> u8 {
    match view.standing.heat {
        crate::domain::theme::Heat::Hot => 0,
        crate::domain::theme::Heat::Easing => 1,
        crate::domain::theme::Heat::Calm => 2,
    }
}

/// The alarm in a sentence.
pub fn silence_words(alarm: &SilenceAlarm) -> String {
    let what = if alarm.last_update.is_some() { "since the last update" } else { "since it began" };
    format!(
        "We have said nothing for {}, {what}, and people are unhappy. Say what you know, even when it is little.",
        show::hours(alarm.quiet_ms)
    )
}
