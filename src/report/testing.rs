//! A store with an incident, for the tests of reports and exports.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::assess::Settings;
use crate::domain::brand::{Brand, BrandTerms};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{IncidentKind, IncidentSeverity, UpdateKind};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::store::{FlagProposal, Keep, NewIncident, PageToKeep, SourceLease, Store};

use super::{Document, Format, Lang, Links, Names, Sealed, Texts, Voices, Wish};

/// 2026-11-20T12:00:00Z.
pub const NOW: Millis = Millis::new(1_795_176_000_000);

pub struct Desk {
    pub store: Store,
    pub brand: Brand,
    pub incident: IncidentId,
    pub lease: SourceLease,
    /// Number of the next post.
    next: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// An incident that began a day ago; nobody said anything.
    pub async fn quiet() -> Self {
        Self::titled("Logins fail").await
    }

    pub async fn titled(title: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
        let store = Store::open(&url, 7).await.expect("a store");
        let id = store.save_brand("Acme Cloud", &BrandTerms::default(), NOW).await.expect("a brand");
        let brand = store.brand(id).await.expect("the brand");
        let spec = SourceSpec {
            name: "Town <square>".to_owned(),
            kind: SourceKind::Mastodon,
            brand: id,
            take: Take::Matching,
            every_ms: 60_000,
            settings: serde_json::json!({ "url": "https://town.example/" }),
        };
        store.sync_sources(&[spec], NOW).await.expect("a source");
        let lease = store.claim_source("poller", NOW, DAY_MS).await.expect("the store answers").expect("a source is due");
        let new = NewIncident {
            brand: id,
            title: title.to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Major,
            commander: "Ines".to_owned(),
            war_room: None,
            started_at: NOW.plus(-DAY_MS),
        };
        let incident = store.create_incident(&new, NOW).await.expect("an incident");
        Self { store, brand, incident, lease, next: AtomicUsize::new(0), _folder: folder }
    }

    /// What people wrote, half an hour apart, the last half an hour ago: name and text. `-`, `0` or `+` at the start is its mood.
    pub async fn say(&self, posts: &[(&str, &str)]) {
        let first = self.next.fetch_add(posts.len(), Ordering::Relaxed);
        let keep = posts.iter().enumerate().map(|(i, (name, text))| post(first + i, name, text, posts.len() - i)).collect();
        self.save(keep, Vec::new()).await;
        let tasks = self.store.claim_scoring("scorer", 10_000, NOW, HOUR_MS).await.expect("a claim");
        let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment(&t.text))).collect();
        self.store.save_scores("scorer", &scores, NOW).await.expect("scores");
        self.flag().await;
    }

    /// Deletes the post that was said as number `i`.
    pub async fn delete(&self, i: usize) {
        self.save(Vec::new(), vec![key(i)]).await;
    }

    async fn save(&self, keep: Vec<Keep>, gone: Vec<PostKey>) {
        let covered = Span::new(NOW.plus(-2 * DAY_MS), NOW);
        let page = PageToKeep { keep, gone, cursor: Cursor("next".to_owned()), covered, next_poll_at: NOW, asked: 1 };
        self.store.save_page(&self.lease, page, NOW).await.expect("a page");
    }

    async fn flag(&self) {
        let span = Span::new(NOW.plus(-DAY_MS), NOW).expect("a span");
        for anger in self.store.very_negative(self.brand.id, span, 0.5).await.expect("angry people") {
            let proposal = FlagProposal {
                author: anger.author,
                reason: "very negative".to_owned(),
                priority: 0.5,
                worst_severity: anger.worst_severity,
                worst: anger.worst,
                very_negative: anger.mentions,
                latest_at: anger.latest_at,
            };
            self.store.save_flag(self.brand.id, &proposal, NOW).await.expect("a flag");
        }
        self.store.open_cases(self.incident, NOW.plus(-DAY_MS), NOW).await.expect("cases");
    }

    pub async fn update(&self, text: &str) {
        let at = NOW.plus(-2 * HOUR_MS);
        self.store.add_update(self.incident, at, UpdateKind::Fix, text, None, NOW).await.expect("an update");
    }

    pub async fn gather(&self) -> Sealed {
        super::gather(&self.store, self.incident, NOW, &Settings::default()).await.expect("facts")
    }

    pub async fn document(&self, lang: &str, names: Names) -> Document {
        let sealed = self.gather().await;
        let voices = Voices::load(&self.store, &sealed.facts, names).await.expect("voices");
        Document::new(&sealed, &voices, &Texts::new(lang.parse().expect("a language")), &self.links())
    }

    pub async fn write(&self, format: Format, lang: &str, names: Names) -> Vec<u8> {
        let sealed = self.gather().await;
        let voices = Voices::load(&self.store, &sealed.facts, names).await.expect("voices");
        let lang: Lang = lang.parse().expect("a language");
        super::write(&sealed, &voices, Wish { format, lang, links: self.links() }).await.expect("a report")
    }

    fn links(&self) -> Links {
        Links::new("https://ebb.example", self.brand.id)
    }
}

fn key(i: usize) -> PostKey {
    PostKey::new("mastodon", "town.example", &format!("p{i}")).expect("a key")
}

fn post(i: usize, name: &str, text: &str, hours_ago: usize) -> Keep {
    let hours = i64::try_from(hours_ago).expect("few");
    Keep {
        post: Post {
            key: key(i),
            author: PostAuthor {
                native_id: name.to_owned(),
                handle: format!("{}@town.example", name.split_whitespace().next().unwrap_or("x").to_lowercase()),
                name: name.to_owned(),
                url: None,
                followers: Some(10),
                bot: false,
            },
            created_at: NOW.plus(-hours * HOUR_MS / 2),
            edited_at: None,
            text: text.to_owned(),
            url: Some(format!("https://town.example/{i}")),
            reply_to: None,
            lang: Some("en".to_owned()),
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        },
        why: "names Acme Cloud".to_owned(),
        fingerprint: text.to_owned(),
        lang: None,
    }
}

fn sentiment(text: &str) -> Sentiment {
    let (label, severity) = match text.chars().next() {
        Some('-') => (Label::Negative, 0.9),
        Some('+') => (Label::Positive, 0.0),
        _ => (Label::Neutral, 0.1),
    };
    let mut values = [0.1; 3];
    values[label.index()] = 0.8;
    Sentiment {
        label,
        probabilities: Probabilities::new(values).expect("a distribution"),
        severity: Severity::new(severity).expect("finite"),
        lang: "en".to_owned(),
        model: "test@1".to_owned(),
    }
}
