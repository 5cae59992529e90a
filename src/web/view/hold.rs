//! Campaigns: hold or go on?

use askama::Template;

use crate::assess::hold::HoldView;
use crate::domain::hold::{Decision, HoldDecision, HoldState, Origin, Signal};
use crate::domain::ids::BrandId;
use crate::domain::time::{DAY_MS, Millis};
use crate::store::BrandPost;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, Exact, When};

use super::signals::HoldLine;
use super::{Choice, field_time};

/// A post of the brand's own.
#[derive(Debug)]
struct Posted {
    text: String,
    place: String,
    when: When,
    url: Option<String>,
    promotional: String,
}

/// A person's decision.
#[derive(Debug)]
struct Decided {
    word: &'static str,
    reason: String,
    by: String,
    at: Exact,
    until: Exact,
    state: &'static str,
    end: Option<Link>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "hold.html", config = "src/web/askama.toml")]
pub struct HoldPage {
    layout: Layout,
    brand: Option<BrandId>,
    headline: String,
    line: HoldLine,
    since: Option<Exact>,
    until: Option<Exact>,
    not_before: Option<Exact>,
    flagged: usize,
    posted: Vec<Posted>,
    decisions: Vec<Decided>,
    choices: Vec<Choice>,
    until_field: String,
    calendar: Link,
    api: Link,
}

impl HoldPage {
    /// `posts` are the brand's own since the hold began, newest first.
    pub fn new(scope: &Scope, view: &HoldView, posts: &[BrandPost]) -> Self {
        let state = &view.state;
        let held = state.signal == Signal::Hold;
        let posted: Vec<Posted> = posts.iter().filter(|_| held).map(|p| posted(p, scope.now)).collect();
        let wanted = if held { Decision::Lift } else { Decision::Hold };
        Self {
            layout: scope.layout("Campaigns", Place::Elsewhere, Live::Swap),
            brand: scope.brand_field(),
            headline: headline(state, posted.iter().filter(|p| !p.promotional.is_empty()).count()),
            line: HoldLine::new(state, scope),
            since: state.since.map(Exact),
            until: state.until.map(Exact),
            not_before: state.not_before.map(Exact),
            flagged: posted.iter().filter(|p| !p.promotional.is_empty()).count(),
            posted,
            decisions: view.decisions.iter().take(20).map(|d| decided(d, scope)).collect(),
            choices: Decision::ALL.iter().map(|d| Choice::new(d.as_str(), d.shown(), wanted.as_str())).collect(),
            until_field: field_time(scope.now.plus(DAY_MS)),
            calendar: scope.link("/hold.ics"),
            api: scope.link("/api/v1/hold"),
        }
    }
}

fn headline(state: &HoldState, flagged: usize) -> String {
    let said = match flagged {
        0 => String::new(),
        1 => " One promotional post went out all the same.".to_owned(),
        n => format!(" {n} promotional posts went out all the same."),
    };
    match (state.signal, state.origin) {
        (Signal::Hold, Origin::Automatic) => format!("Hold campaigns: an incident is not over.{said}"),
        (Signal::Hold, Origin::Person) => format!("Hold campaigns: a person decided so.{said}"),
        (Signal::Clear, Origin::Person) => "Campaigns may go on: a person decided so.".to_owned(),
        (Signal::Clear, Origin::Automatic) => "Campaigns may go on.".to_owned(),
    }
}

fn posted(post: &BrandPost, now: Millis) -> Posted {
    let platform = show::platform(&post.platform);
    Posted {
        text: show::one_line(&post.text, 400),
        place: if post.instance.is_empty() { platform } else { format!("{platform} · {}", show::one_line(&post.instance, 60)) },
        when: When::new(post.at, now),
        url: post.url.clone(),
        promotional: post.promotional.clone(),
    }
}

fn decided(decision: &HoldDecision, scope: &Scope) -> Decided {
    let active = decision.holds_at(scope.now);
    let state = match (decision.ended_at, active) {
        (Some(_), _) => "taken back",
        (None, true) => "counts now",
        (None, false) => "ended",
    };
    Decided {
        word: decision.decision.shown(),
        reason: decision.reason.clone(),
        by: show::one_line(&decision.decided_by, 60),
        at: Exact(decision.at),
        until: Exact(decision.until),
        state,
        end: active.then(|| Link::to(format!("/hold/{}/end", decision.id))),
    }
}
