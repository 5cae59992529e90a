//! The report of an incident: preview, files, links for others.

use askama::Template;

use crate::domain::ids::IncidentId;
use crate::domain::incident::Incident;
use crate::report::{Format, Lang};
use crate::store::{SealedReport, Share};
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, Exact, When};

use super::Choice;
use super::now::incident_link;

/// What the page is made of.
#[derive(Debug)]
pub struct ReportInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// The incident.
    pub incident: Incident,
    /// The language of the preview.
    pub lang: Lang,
    /// The data time that was asked for.
    pub as_of: Option<String>,
    /// The report as HTML, its texts escaped.
    pub preview: String,
    /// A link that was just made: it is shown this once.
    pub made: Option<String>,
    /// Newest first.
    pub shares: Vec<Share>,
    /// Newest data first.
    pub seals: Vec<SealedReport>,
}

/// A file to take along.
#[derive(Debug)]
struct File {
    word: String,
    href: Link,
}

/// A link for others.
#[derive(Debug)]
struct ShareRow {
    lang: String,
    created: When,
    expires: Exact,
    state: &'static str,
    revoke: Option<Link>,
}

/// A sealed report.
#[derive(Debug)]
struct SealRow {
    data_at: Exact,
    href: Link,
    sha256: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "report.html", config = "src/web/askama.toml")]
pub struct ReportPage {
    layout: Layout,
    back: Link,
    title: String,
    lang: &'static str,
    langs: Vec<(String, Link, &'static str)>,
    files: Vec<File>,
    pictures: Vec<File>,
    preview: String,
    made: Option<String>,
    share_action: Link,
    share_langs: Vec<Choice>,
    share_days: Vec<Choice>,
    shares: Vec<ShareRow>,
    seals: Vec<SealRow>,
}

impl ReportPage {
    /// Lays the page out.
    pub fn new(input: &ReportInput) -> Self {
        let (scope, id) = (&input.scope, input.incident.id);
        let as_of = input.as_of.clone().unwrap_or_default();
        let wished = |path: String, lang: Lang| scope.link(path).with("lang", lang.code()).with("as_of", &as_of);
        let file = |format: &Format| File {
            word: format.ending().to_uppercase(),
            href: wished(format!("/incidents/{id}/report.{}", format.ending()), input.lang),
        };
        let picture = |(word, name): (&str, &str), ending: &str| File {
            word: format!("{word}, {}", ending.to_uppercase()),
            href: wished(format!("/incidents/{id}/{name}.{ending}"), input.lang),
        };
        let pictures = [("Concern", "concern"), ("Mood", "mood"), ("Sources", "sources")];
        Self {
            layout: scope.layout("Report", Place::Incidents, Live::Off),
            back: incident_link(scope, id),
            title: show::one_line(&input.incident.title, 200),
            lang: input.lang.code(),
            langs: Lang::all()
                .map(|l| {
                    let current = if l == input.lang { "page" } else { "false" };
                    (language(l), wished(format!("/incidents/{id}/report"), l), current)
                })
                .collect(),
            files: Format::ALL.iter().map(file).collect(),
            pictures: pictures.iter().flat_map(|p| ["svg", "png"].map(|ending| picture(*p, ending))).collect(),
            preview: input.preview.clone(),
            made: input.made.clone(),
            share_action: Link::to(format!("/incidents/{id}/report/shares")),
            share_langs: Lang::all().map(|l| Choice::new(l.code(), language(l), input.lang.code())).collect(),
            share_days: [(7, "a week"), (30, "30 days"), (90, "90 days")].iter().map(|(n, word)| Choice::new(n, *word, "7")).collect(),
            shares: input.shares.iter().map(|s| share(s, scope, id)).collect(),
            seals: input.seals.iter().map(|s| seal(s, scope, input.lang)).collect(),
        }
    }
}

fn language(lang: Lang) -> String {
    crate::report::Texts::new(lang).get("language")
}

fn share(share: &Share, scope: &Scope, incident: IncidentId) -> ShareRow {
    let expired = share.expires_at <= scope.now;
    ShareRow {
        lang: share.lang.to_uppercase(),
        created: When::new(share.created_at, scope.now),
        expires: Exact(share.expires_at),
        state: match (share.revoked_at, expired) {
            (Some(_), _) => "taken back",
            (None, true) => "expired",
            (None, false) => "open",
        },
        revoke: (share.revoked_at.is_none() && !expired)
            .then(|| Link::to(format!("/incidents/{incident}/report/shares/{}/revoke", share.id))),
    }
}

fn seal(seal: &SealedReport, scope: &Scope, lang: Lang) -> SealRow {
    let path = format!("/incidents/{}/report", seal.incident);
    SealRow {
        data_at: Exact(seal.data_at),
        href: scope.link(path).with("lang", lang.code()).with("as_of", &seal.data_at.to_rfc3339()),
        sha256: seal.sha256.clone(),
    }
}
