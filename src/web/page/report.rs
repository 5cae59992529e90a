//! `/incidents/{id}/report`, its files and pictures, and `/r/{token}`: a sealed report for whoever has the link.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use serde::Deserialize;

use crate::domain::ids::{IncidentId, ShareId};
use crate::domain::incident::Incident;
use crate::domain::time::{DAY_MS, Millis};
use crate::report::{self, Document, Format, Lang, Links, Names, ReportError, Sealed, Texts, Voices, Wish, charts, picture};
use crate::store::{NewShare, Share, StoreError};
use crate::web::failure::{self, WebError};
use crate::web::state::WebState;
use crate::web::view::report::{ReportInput, ReportPage};

use super::{asked_brand, lead_to};

/// Links and seals that are listed.
pub const SHOWN: i64 = 50;
/// Days that a link can last; the form offers some of them.
const LASTS: std::ops::RangeInclusive<i64> = 1..=90;

/// What an address says of the report that is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReportQuery {
    brand: Option<String>,
    /// ISO 639-1.
    lang: Option<String>,
    /// RFC 3339.
    as_of: Option<String>,
}

impl ReportQuery {
    fn lang(&self) -> Result<Lang, WebError> {
        asked_lang(self.lang.as_deref())
    }

    fn data_at(&self, now: Millis) -> Result<Millis, WebError> {
        match self.as_of.as_deref() {
            None | Some("") => Ok(now),
            Some(text) => {
                let at = Millis::parse_rfc3339(text).filter(|at| *at <= now);
                at.ok_or_else(|| WebError::Bad("The data time must be a past time like 2026-11-20T09:00:00Z.".to_owned()))
            }
        }
    }
}

/// The asked language of a report; English when none is asked for.
pub fn asked_lang(code: Option<&str>) -> Result<Lang, WebError> {
    match code {
        None | Some("") => Ok(Lang::ENGLISH),
        Some(code) => code.parse().map_err(|e: report::texts::UnknownLang| WebError::Bad(format!("{e}."))),
    }
}

impl From<ReportError> for WebError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => error.into(),
            ReportError::Busy => Self::Busy,
            ReportError::NotBegun { .. } | ReportError::Seal(_) => Self::Bad(format!("{}.", capital(&error.to_string()))),
            ReportError::TooSlow { .. } | ReportError::Unwritable(_) => Self::Internal(error.to_string()),
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

async fn incident(state: &WebState, id: IncidentId, query: &ReportQuery) -> Result<Incident, WebError> {
    let incident = state.store.incident(id).await?;
    if asked_brand(query.brand.as_deref())?.is_some_and(|b| b != incident.brand) {
        return Err(WebError::NotFound);
    }
    Ok(incident)
}

/// A preview, the files, and the links that show it to others.
pub async fn page(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Query(query): Query<ReportQuery>,
) -> Result<impl IntoResponse, WebError> {
    let incident = incident(&state, id, &query).await?;
    show(&state, &incident, &query, None).await
}

async fn show(state: &WebState, incident: &Incident, query: &ReportQuery, made: Option<String>) -> Result<Response, WebError> {
    let scope = state.scope(Some(incident.brand)).await?;
    let lang = query.lang()?;
    let sealed = report::gather(&state.store, incident.id, query.data_at(scope.now)?, &state.settings).await?;
    let voices = Voices::load(&state.store, &sealed.facts, Names::Masked).await?;
    let shares = state.store.shares(incident.id, SHOWN).await?;
    let seals = state.store.sealed_reports(incident.id, SHOWN).await?;
    // On our own pages links need no other address than ours.
    let preview = {
        let texts = Texts::new(lang);
        let document = Document::new(&sealed, &voices, &texts, &Links::new(&state.public_url, incident.brand));
        report::html::blocks(&document.blocks)
    };
    let input = ReportInput { scope, incident: incident.clone(), lang, as_of: query.as_of.clone(), preview, made, shares, seals };
    Ok(failure::page(&ReportPage::new(&input))?.into_response())
}

/// `report.pdf` and the like, `concern.svg`, `mood.png` …
pub async fn file(
    State(state): State<WebState>,
    Path((id, file)): Path<(IncidentId, String)>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, WebError> {
    let wanted = Wanted::parse(&file).ok_or(WebError::NotFound)?;
    let incident = incident(&state, id, &query).await?;
    let lang = query.lang()?;
    let sealed = report::gather(&state.store, id, query.data_at(state.clock.now())?, &state.settings).await?;
    deliver(&state, &sealed, (wanted, lang), Links::new(&state.public_url, incident.brand)).await
}

/// A file of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Report(Format),
    Svg(Picture),
    Png(Picture),
}

/// A chart by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Concern,
    Mood,
    Sources,
}

impl Wanted {
    fn parse(file: &str) -> Option<Self> {
        let (name, ending) = file.split_once('.')?;
        let picture = match name {
            "report" => return Format::parse(ending).map(Self::Report),
            "concern" => Picture::Concern,
            "mood" => Picture::Mood,
            "sources" => Picture::Sources,
            _ => return None,
        };
        match ending {
            "svg" => Some(Self::Svg(picture)),
            "png" => Some(Self::Png(picture)),
            _ => None,
        }
    }
}

async fn deliver(state: &WebState, sealed: &Sealed, (wanted, lang): (Wanted, Lang), links: Links) -> Result<Response, WebError> {
    let svg = |picture: Picture| {
        let texts = Texts::new(lang);
        match picture {
            Picture::Concern => charts::concern(&sealed.facts, &texts),
            Picture::Mood => charts::mood(&sealed.facts, &texts),
            Picture::Sources => charts::sources(&sealed.facts, &texts),
        }
        .svg
    };
    match wanted {
        Wanted::Svg(picture) => Ok(([(CONTENT_TYPE, "image/svg+xml")], svg(picture)).into_response()),
        Wanted::Png(picture) => {
            let drawing = svg(picture);
            let drawn = tokio::task::spawn_blocking(move || picture::png(&drawing)).await;
            let png = drawn.map_err(|_| WebError::Internal("a picture could not be drawn".to_owned()))??;
            Ok(([(CONTENT_TYPE, "image/png")], png).into_response())
        }
        Wanted::Report(format) => {
            let voices = Voices::load(&state.store, &sealed.facts, Names::Masked).await?;
            let wish = Wish { format, lang, links };
            let name = format!("attachment; filename=\"{}\"", wish.file_name(sealed.facts.incident.id));
            let bytes = report::write(sealed, &voices, wish).await?;
            let mut response = bytes.into_response();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, header(format.media_type()));
            if format == Format::Html {
                headers.insert(CONTENT_SECURITY_POLICY, header(&report::html::policy()));
            } else {
                headers.insert(CONTENT_DISPOSITION, header(&name));
            }
            Ok(response)
        }
    }
}

/// A value of our own: printable ASCII always is one.
fn header(text: &str) -> axum::http::HeaderValue {
    axum::http::HeaderValue::from_str(text).unwrap_or(axum::http::HeaderValue::from_static(""))
}

/// The fields of a new link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShareFields {
    lang: String,
    days: i64,
}

/// Seals the report as it is now and makes a link to it. The link is shown once: only its hash is kept.
pub async fn share(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    headers: HeaderMap,
    Form(form): Form<ShareFields>,
) -> Result<Response, WebError> {
    let incident = state.store.incident(id).await?;
    let query = ReportQuery { lang: Some(form.lang), ..ReportQuery::default() };
    let (_, url) = make_share(&state, id, (query.lang()?, form.days), &headers).await?;
    show(&state, &incident, &query, Some(url)).await
}

/// Seals the report as it is now and makes a link that lasts so many days; gives back its address, which is kept nowhere.
pub async fn make_share(
    state: &WebState,
    incident: IncidentId,
    (lang, days): (Lang, i64),
    headers: &HeaderMap,
) -> Result<(ShareId, String), WebError> {
    if !LASTS.contains(&days) {
        return Err(WebError::Bad(format!("A link lasts from {} to {} days.", LASTS.start(), LASTS.end())));
    }
    let now = state.clock.now();
    let data_at = report::gather::whole_second(now);
    let sealed = report::gather(&state.store, incident, data_at, &state.settings).await?;
    let kept = state.store.seal_report(incident, data_at, (&sealed.sha256, &sealed.facts.canonical()), now).await?;
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
    let new = NewShare {
        report: kept.id,
        token_sha256: report::facts::hex_sha256(token.as_bytes()),
        lang: lang.code().to_owned(),
        expires_at: now.plus(days * DAY_MS),
    };
    let share = state.store.share_report(&new, now).await?;
    let here = headers.get(HOST).and_then(|h| h.to_str().ok()).map_or_else(String::new, |host| format!("http://{host}"));
    let base = if state.public_url.is_empty() { here } else { state.public_url.trim_end_matches('/').to_owned() };
    Ok((share, format!("{base}/r/{token}")))
}

/// Takes a link back.
pub async fn revoke(State(state): State<WebState>, Path((id, share)): Path<(IncidentId, ShareId)>) -> Result<Redirect, WebError> {
    let incident = state.store.incident(id).await?;
    state.store.revoke_share(id, share, state.clock.now()).await?;
    let scope = state.scope(Some(incident.brand)).await?;
    Ok(lead_to(&scope.link(format!("/incidents/{id}/report")).at("share")))
}

/// The report behind a link, for a browser.
pub async fn shared(State(state): State<WebState>, Path(token): Path<String>) -> Result<Response, WebError> {
    of_token(&state, &token, Wanted::Report(Format::Html)).await
}

/// One file of the report behind a link.
pub async fn shared_file(State(state): State<WebState>, Path((token, file)): Path<(String, String)>) -> Result<Response, WebError> {
    let wanted = Wanted::parse(&file).ok_or(WebError::NotFound)?;
    of_token(&state, &token, wanted).await
}

/// Masked, without links to pages that need a login. A wrong, old or revoked link says no more than that.
async fn of_token(state: &WebState, token: &str, wanted: Wanted) -> Result<Response, WebError> {
    let share = live_share(state, token).await?;
    let kept = state.store.sealed_report(share.report).await?;
    let sealed = report::gather::unseal(&kept.facts, &kept.sha256)?;
    let lang = share.lang.parse().unwrap_or(Lang::ENGLISH);
    deliver(state, &sealed, (wanted, lang), Links::none()).await
}

async fn live_share(state: &WebState, token: &str) -> Result<Share, WebError> {
    let hash = report::facts::hex_sha256(token.as_bytes());
    let share = state.store.share_with_token(&hash).await?.ok_or(StoreError::NotFound)?;
    let over = share.revoked_at.is_some() || share.expires_at <= state.clock.now();
    if over { Err(WebError::NotFound) } else { Ok(share) }
}
