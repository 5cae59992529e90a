//! Loads what stands beside the verdict.

use crate::assess::rates::load_rates;
use crate::assess::themes::load_themes;
use crate::assess::{hold, silence};
use crate::domain::incident::Incident;
use crate::domain::verdict::Assessment;
use crate::web::failure::WebError;
use crate::web::layout::Scope;
use crate::web::state::WebState;
use crate::web::view::signals::{HoldLine, RatesLine, Signals, silence_words, theme_lines};

/// For the page "Now", with its open incident and what that was judged.
pub async fn load(
    state: &WebState,
    scope: &Scope,
    incident: Option<&Incident>,
    assessment: Option<&Assessment>,
) -> Result<Signals, WebError> {
    let held = hold::load(&state.store, scope.brand.id, scope.now, &state.settings).await?;
    let mut signals = Signals { hold: Some(HoldLine::new(&held.state, scope)), ..Signals::default() };
    let Some(incident) = incident else { return Ok(signals) };
    signals.themes = theme_lines(&load_themes(&state.store, incident.id, scope.now).await?, scope);
    signals.all_themes = Some(scope.link("/themes").with("incident", &incident.id));
    signals.rates = rates(state, scope, incident).await?;
    if let Some(assessment) = assessment {
        let updates = state.store.updates(incident.id).await?;
        let now = Assessment { at: scope.now, ..assessment.clone() };
        let alarm = silence::of(incident, &updates, &now, state.settings.silence_alarm_ms);
        signals.silence = alarm.as_ref().map(silence_words);
    }
    Ok(signals)
}

/// The corrected share of an incident.
pub async fn rates(state: &WebState, scope: &Scope, incident: &Incident) -> Result<Option<RatesLine>, WebError> {
    let rates = load_rates(&state.store, incident, scope.now).await?;
    Ok(rates.map(|r| RatesLine::new(&r, incident, scope)))
}
