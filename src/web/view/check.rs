//! Checking a random sample: how far can the count be believed?

use askama::Template;

use crate::assess::rates::{ENOUGH, Plan, Rates, Share};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::incident::Incident;
use crate::domain::post::Mention;
use crate::domain::rates::CheckAnswer;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::mention::MentionView;
use crate::web::show;

use super::now::incident_link;
use super::signals::rates_words;

/// A button.
#[derive(Debug)]
struct Answer {
    key: usize,
    value: &'static str,
    word: &'static str,
}

/// Everything that the page is made of.
#[derive(Debug)]
pub struct CheckInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// The incident; `None` when there is none.
    pub incident: Option<Incident>,
    /// The rates; `None` without mentions.
    pub rates: Option<Rates>,
    /// The next mention to check.
    pub next: Option<Mention>,
    /// What was just answered.
    pub done: Option<(MentionId, CheckAnswer)>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "check.html", config = "src/web/askama.toml")]
pub struct CheckPage {
    layout: Layout,
    brand: Option<BrandId>,
    incident: Option<(String, Link)>,
    headline: String,
    words: String,
    advice: String,
    progress: Option<(String, String)>,
    mention: Option<MentionView>,
    mention_id: i64,
    answers: Vec<Answer>,
    answer_action: Link,
    draw_action: Option<Link>,
    draw: usize,
    undo: Option<(MentionId, &'static str)>,
}

impl CheckPage {
    /// Lays the page out.
    pub fn new(input: &CheckInput) -> Self {
        let scope = &input.scope;
        let path = |what: &str| input.incident.as_ref().map(|i| Link::to(format!("/check/{}/{what}", i.id)));
        let rates = input.rates.as_ref();
        let draw = rates.map_or(0, |r| r.more.clamp(10, 50));
        Self {
            layout: scope.layout("Check the count", Place::Elsewhere, Live::Off),
            brand: scope.brand_field(),
            incident: input.incident.as_ref().map(|i| (show::one_line(&i.title, 120), incident_link(scope, i.id))),
            headline: headline(input),
            words: rates.map_or_else(String::new, rates_words),
            advice: advice(rates),
            progress: rates.filter(|r| r.drawn > 0).map(progress),
            mention: input.next.as_ref().map(|m| MentionView::new(m, scope)),
            mention_id: input.next.as_ref().map_or(0, |m| m.id.get()),
            answers: CheckAnswer::ALL.iter().enumerate().map(|(i, a)| Answer { key: i + 1, value: a.as_str(), word: a.shown() }).collect(),
            answer_action: path("answer").unwrap_or_else(|| Link::to("/check")),
            draw_action: path("draw").filter(|_| rates.is_some() && input.next.is_none()),
            draw,
            undo: input.done.map(|(id, answer)| (id, answer.shown())),
        }
    }
}

fn headline(input: &CheckInput) -> String {
    match (&input.incident, &input.rates) {
        (None, _) => "There is no incident whose count could be checked.".to_owned(),
        (_, None) => "Nothing has been scored in this incident yet.".to_owned(),
        (_, Some(rates)) => {
            let of = |share: f64| show::percent(share);
            let Share { value, low, high } = rates.corrected;
            format!("{} of the mentions are unhappy: between {} and {}.", of(value), of(low), of(high))
        }
    }
}

fn advice(rates: Option<&Rates>) -> String {
    let Some(rates) = rates else { return String::new() };
    let plan = |p: &Plan| {
        format!("± {:.0} points: {}", p.width * 50.0, if p.more == 0 { "enough".to_owned() } else { format!("{} more", p.more) })
    };
    let plans: Vec<String> = rates.plans.iter().filter(|p| (p.width - rates.wanted_width).abs() > 1e-9).map(plan).collect();
    let others = if plans.is_empty() { String::new() } else { format!(" ({})", plans.join("; ")) };
    advice_for_wanted(rates) + &others
}

fn advice_for_wanted(rates: &Rates) -> String {
    let width = rates.corrected.high - rates.corrected.low;
    let points = (rates.wanted_width * 50.0).round();
    let more = i64::try_from(rates.more).unwrap_or(i64::MAX);
    match (rates.checked < ENOUGH, rates.more) {
        (true, _) => format!(
            "A model errs, and errs differently in each incident. From {ENOUGH} checks on, yours correct the count; about {} bring it to ± {points:.0} points.",
            show::plural(more, "check", "checks")
        ),
        (false, 0) => format!("The interval is {:.0} points wide: enough.", width * 100.0),
        (false, _) => format!(
            "The interval is {:.0} points wide. About {} bring it to ± {points:.0} points.",
            width * 100.0,
            show::plural(more, "more check", "more checks")
        ),
    }
}

/// Percent done, and in words.
fn progress(rates: &Rates) -> (String, String) {
    let share = rates.checked as f64 / rates.drawn.max(1) as f64 * 100.0;
    (format!("{share:.1}"), format!("{} of {} drawn are checked", rates.checked, rates.drawn))
}
