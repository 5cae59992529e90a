//! `/`

use axum::extract::{Query, State};
use axum::response::IntoResponse;

use crate::assess::outlook::{Outlook, OutlookState};
use crate::assess::{self, ConcernView, loud};
use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::proposal::ProposalState;
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::Verdict;
use crate::store::MentionFilter;
use crate::web::chart::curve::Curve;
use crate::web::failure::{self, WebError};
use crate::web::layout::Scope;
use crate::web::show;
use crate::web::state::WebState;
use crate::web::view::VerdictView;
use crate::web::view::incident::marks;
use crate::web::view::now::{NowInput, NowPage, Numbers, Quiet, Standing};

use super::{BrandQuery, asked_brand, choose, concern, incident_span, signals};

/// Newest very unhappy mentions on the page.
const NEWEST: i64 = 5;

/// Is it over?
pub async fn now(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let input = load(&state, scope, &query).await?;
    failure::page(&NowPage::new(&input))
}

async fn load(state: &WebState, scope: Scope, query: &BrandQuery) -> Result<NowInput, WebError> {
    let (brand, now) = (scope.brand.id, scope.now);
    let incidents = state.store.incidents(brand).await?;
    let relapsed = relapsed(state, &incidents, now).await?;
    let incident = incidents.into_iter().find(|i| i.closed_at.is_none());
    let heard = incident.as_ref().map_or_else(|| loud::recent(now), |i| loud::since(i.started_at, now));
    let voices = loud::voices(&state.store, brand, heard).await?;
    let span = incident.as_ref().map_or_else(|| last(now, 7 * DAY_MS), |i| incident_span(i, now));
    let (view, mut curve) = concern(state, brand, incident.as_ref(), span).await?;
    let flags = match &incident {
        Some(i) => state.store.flag_counts_since(brand, i.started_at.hour()).await?,
        None => state.store.flag_counts(brand).await?,
    };
    let numbers =
        Numbers { unanswered: flags.open + flags.assigned, assigned: flags.assigned, ..numbers(state, brand, &view, &curve).await? };
    let silent = view.silent.iter().map(|s| (s.name.clone(), s.since)).collect();
    let unread = Unread::of(state, brand, &view, now).await?;
    if incident.is_none() && unread.hides_the_picture() {
        // Held against a history that is half read, every hour would look raised.
        curve.hours.iter_mut().for_each(|h| (h.expected, h.upper) = (None, None));
    }
    choose(state, brand, (&view, &mut curve), (query, &scope.link("/"))).await?;
    let standing = standing(incident, view, &unread);
    if let Standing::Incident { incident, assessment, updates, .. } = &standing {
        curve.marks = marks(incident, updates, assessment.as_deref());
    }
    let newest = MentionFilter {
        brand,
        span: Some(last(now, DAY_MS)),
        label: Some(Label::Negative),
        min_severity: Some(state.settings.flag_severity),
        ..MentionFilter::default()
    };
    let newest = state.store.mentions(&newest, None, NEWEST).await?;
    let sources = state.store.source_health().await?.into_iter().filter(|s| s.spec.brand == brand).collect();
    let proposal = state.store.proposals(brand, 1).await?.into_iter().find(|p| p.state == ProposalState::Open);
    let (open, assessment) = match &standing {
        Standing::Incident { incident, assessment, .. } => (Some(&**incident), assessment.as_deref()),
        Standing::Quiet(_) => (None, None),
    };
    let signals = signals::load(state, &scope, open, assessment).await?;
    Ok(NowInput { scope, standing, curve, numbers, newest, sources, proposal, silent, signals, voices, relapsed })
}

/// Closed incidents that are still watched, and whose concern came back.
async fn relapsed(state: &WebState, incidents: &[Incident], now: Millis) -> Result<Vec<Incident>, WebError> {
    let mut relapsed = Vec::new();
    for incident in incidents.iter().filter(|i| i.closed_at.is_some_and(|at| now.since(at) <= state.settings.watch_ms)) {
        let standing = state.store.standing(incident.id).await?;
        if standing.is_some_and(|a| a.verdict == Verdict::Relapsed) {
            relapsed.push(incident.clone());
        }
    }
    Ok(relapsed)
}

fn last(now: Millis, ms: i64) -> Span {
    Span::new(now.plus(-ms).hour(), now).unwrap_or(Span::empty(now))
}

/// Mentions that wait for the model, among those that say what is normal and how it is now.
struct Unread {
    waiting: i64,
    mentions: i64,
    now: Millis,
}

impl Unread {
    async fn of(state: &WebState, brand: BrandId, view: &ConcernView, now: Millis) -> Result<Self, WebError> {
        let span = Span::new(view.baseline.history.from(), now).unwrap_or(Span::empty(now));
        let hours = state.store.hours(brand, None, span).await?;
        let mentions = hours.iter().map(|h| h.mentions - h.copies - h.deleted).sum();
        Ok(Self { waiting: state.store.unscored_in(brand, span).await?, mentions, now })
    }

    /// More than a tenth is not known.
    const fn hides_the_picture(&self) -> bool {
        self.waiting * 10 > self.mentions && self.waiting > 0
    }
}

fn standing(incident: Option<Incident>, view: ConcernView, unread: &Unread) -> Standing {
    let now = unread.now;
    match (incident, view.outlook) {
        (Some(incident), _) => Standing::Incident {
            incident: Box::new(incident),
            headline: view.assessment.as_ref().map_or_else(|| "Not judged yet".to_owned(), assess::headline),
            assessment: view.assessment.map(Box::new),
            updates: view.updates,
        },
        (None, Some(_)) if unread.hides_the_picture() => Standing::Quiet(Quiet {
            badge: VerdictView::unclear(),
            headline: format!(
                "Cannot be told yet: {} of {} are not scored",
                show::count(unread.waiting),
                show::plural(unread.mentions, "mention", "mentions")
            ),
            reasons: Vec::new(),
            suggested_start: now,
        }),
        (None, Some(outlook)) => Standing::Quiet(quiet(outlook, now)),
        (None, None) => Standing::Quiet(Quiet {
            badge: VerdictView::unclear(),
            headline: "Cannot be told yet".to_owned(),
            reasons: Vec::new(),
            suggested_start: now,
        }),
    }
}

/// The answer without an incident. The first reason says the same with numbers; it stands under it.
fn quiet(outlook: Outlook, now: Millis) -> Quiet {
    let (badge, headline) = match outlook.state {
        OutlookState::Calm => (VerdictView::calm(), "Calm: people are as content as on other days".to_owned()),
        OutlookState::Raised => (VerdictView::raised(), raised(&outlook)),
        OutlookState::NoBaseline => {
            (VerdictView::unclear(), "Cannot be told yet: there is too little history to know what is normal".to_owned())
        }
        OutlookState::NotRead => (VerdictView::unclear(), "Cannot be told: too little was read in the last hours".to_owned()),
    };
    Quiet { badge, headline, reasons: outlook.reasons, suggested_start: outlook.raised_since.unwrap_or(now) }
}

fn raised(outlook: &Outlook) -> String {
    let since = outlook.raised_since.map_or_else(String::new, |at| format!(" since {}", show::exact(at)));
    if outlook.expected_per_hour < 0.05 {
        return format!("More people are unhappy than on other days{since}");
    }
    let times = outlook.unhappy_per_hour / outlook.expected_per_hour;
    format!("{} times as many unhappy people as on other days{since}", show::decimal(times))
}

async fn numbers(state: &WebState, brand: BrandId, view: &ConcernView, curve: &Curve) -> Result<Numbers, WebError> {
    let day: Vec<_> = curve.hours.iter().filter(|h| h.at.plus(HOUR_MS) > curve.now.plus(-DAY_MS)).collect();
    let copies = view.curve.points.iter().filter(|p| p.hour.plus(HOUR_MS) > curve.now.plus(-DAY_MS)).map(|p| p.copies).sum();
    let backlog = state.store.scoring_backlog().await?;
    let pace = state.live.beat().scored_per_s;
    let (unhappy, expected, upper) = match (&view.assessment, &view.outlook) {
        (Some(a), _) => (a.unhappy_per_hour, a.expected_per_hour, a.upper_limit),
        (None, Some(o)) => (o.unhappy_per_hour, o.expected_per_hour, o.upper_limit),
        (None, None) => (0.0, 0.0, 0.0),
    };
    Ok(Numbers {
        unhappy,
        normal: view.baseline.is_known().then_some((expected, upper)),
        peak: curve.hours.iter().filter(|h| h.unhappy > 0).max_by_key(|h| h.unhappy).map(|h| (h.unhappy, h.at)),
        mentions: day.iter().map(|h| h.mentions).sum(),
        copies,
        backlog,
        backlog_s: (pace > 0.1).then(|| backlog as f64 / pace),
        ever: state.store.first_hour(brand).await?.is_some(),
        ..Numbers::default()
    })
}
