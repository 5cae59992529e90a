//! Values for the tests of pages.

use crate::assess;
use crate::clock::Clock;
use crate::domain::brand::{Brand, BrandTerms};
use crate::domain::ids::{AuthorId, BrandId, FlagId, IncidentId, MentionId, SourceId, UpdateId};
use crate::domain::incident::{Flag, FlagState, Incident, IncidentKind, IncidentSeverity, Update, UpdateKind};
use crate::domain::post::{Author, Engagement, Mention, Originality, Post, PostAuthor, PostKey};
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::source::{Cursor, HourCoverage, SourceHealth, SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{Assessment, Reason, Verdict};

use crate::store::{FlagRow, Keep, NewIncident, PageToKeep, Store};

use super::chart::curve::{Curve, Hour};
use super::layout::{Scope, Waiting};
use super::state::WebState;

/// Friday 2026-11-20, 12:20 UTC.
pub fn now() -> Millis {
    Millis::new(1_795_177_200_000)
}

pub fn brand() -> Brand {
    Brand { id: BrandId::new(1), name: "Acme Cloud".to_owned(), terms: BrandTerms::default() }
}

pub fn scope() -> Scope {
    Scope {
        brands: vec![brand()],
        brand: brand(),
        now: now(),
        waiting: Waiting { people: 14, incidents: 1, sources: 1, ..Waiting::default() },
        demo: None,
        very: 0.75,
    }
}

pub fn author(id: i64, name: &str) -> Author {
    Author {
        id: AuthorId::new(id),
        platform: "mastodon".to_owned(),
        instance: "ruby.example".to_owned(),
        handle: format!("{}@ruby.example", name.to_lowercase().replace(' ', "_")),
        name: name.to_owned(),
        url: Some("https://ruby.example/@x".to_owned()),
        followers: Some(1_240),
        bot: false,
    }
}

pub fn mention(id: i64, name: &str, text: &str, label: Label) -> Mention {
    let mut p = [0.06, 0.06, 0.06];
    p[label.index()] = 0.88;
    Mention {
        id: MentionId::new(id),
        key: PostKey::new("mastodon", "ruby.example", &id.to_string()).expect("a key"),
        source: SourceId::new(1),
        author: author(id, name),
        created_at: now().plus(-id * 7 * 60_000),
        fetched_at: now().plus(-id * 7 * 60_000 + 20_000),
        edited_at: None,
        deleted_at: None,
        text: text.to_owned(),
        url: Some(format!("https://ruby.example/@x/{id}")),
        reply_to: None,
        lang: Some("en".to_owned()),
        engagement: Engagement { likes: id % 7, reposts: id % 3, replies: 0 },
        copy_of: None,
        why: "names “Acme Cloud”".to_owned(),
        sentiment: Some(Sentiment {
            label,
            probabilities: Probabilities::new(p).expect("probabilities"),
            severity: Severity::new(if label == Label::Negative { 0.84 } else { 0.0 }).expect("a severity"),
            lang: "en".to_owned(),
            model: "ebb-en@2026.11".to_owned(),
        }),
        corrected: None,
    }
}

pub fn incident() -> Incident {
    Incident {
        id: IncidentId::new(9),
        brand: BrandId::new(1),
        title: "Sign-in fails in Europe".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: "Ines Okafor".to_owned(),
        war_room: Some("https://meet.example/war".to_owned()),
        started_at: now().plus(-14 * HOUR_MS),
        fixed_at: Some(now().plus(-4 * HOUR_MS)),
        closed_at: None,
        close_reason: String::new(),
        version: 3,
    }
}

pub fn updates() -> Vec<Update> {
    let update = |id: i64, hours: i64, kind: UpdateKind, text: &str| Update {
        id: UpdateId::new(id),
        incident: IncidentId::new(9),
        at: now().plus(-hours * HOUR_MS),
        kind,
        text: text.to_owned(),
        url: Some("https://status.example/1".to_owned()),
    };
    vec![
        update(1, 13, UpdateKind::Statement, "We are looking into failing sign-ins for customers in Europe."),
        update(2, 9, UpdateKind::Apology, "We are sorry. A certificate expired, and our alarms did not notice. Nobody's data was touched."),
        update(3, 4, UpdateKind::Fix, "Sign-in works again for everybody. We keep watching."),
    ]
}

pub fn assessment(verdict: Verdict) -> Assessment {
    let reason = Reason::new;
    Assessment {
        at: now(),
        verdict,
        unhappy_per_hour: 9.4,
        expected_per_hour: 2.1,
        upper_limit: 5.0,
        calm_limit: 3.5,
        window: Span::new(now().plus(-6 * HOUR_MS), now()).expect("a span"),
        coverage: 0.92,
        calm_since: (verdict == Verdict::Holding).then(|| now().plus(-31 * HOUR_MS)),
        hold_ms: 72 * HOUR_MS,
        held_ms: if verdict == Verdict::Holding { 31 * HOUR_MS } else { 0 },
        reasons: vec![
            reason("concern_raised", "Unhappy authors are 4.5 times normal: 9.4 an hour, 2.1 expected", true),
            reason("unanswered", "14 very unhappy people are unanswered", true),
            reason("source_silent", "Ruby Mastodon silent since 09:10 UTC", true),
            reason("falling", "Concern has fallen by 61 % since its peak", false),
        ],
    }
}

/// A calm week, an outage, anger that wanes.
pub fn curve() -> Curve {
    let span = Span::new(now().plus(-38 * HOUR_MS).hour(), now()).expect("a span");
    let hours = span.by_hour().enumerate().map(|(i, (at, _))| {
        let i = i64::try_from(i).unwrap_or(0);
        let normal = 2.0 + 1.4 * ((at.get() / HOUR_MS % 24 - 14) as f64 / 24.0 * std::f64::consts::TAU).cos();
        let unhappy = if i < 24 {
            (i * 7 + 3) % 4
        } else {
            [4, 19, 41, 37, 30, 33, 24, 18, 21, 15, 11, 9, 12, 8, 3][usize::try_from(i - 24).unwrap_or(0).min(14)]
        };
        Hour {
            at,
            unhappy,
            mentions: unhappy * 3 + 9,
            expected: Some(normal),
            upper: Some(normal + 3.0 * normal.sqrt()),
            covered: if (33..36).contains(&i) { 0.3 } else { 1.0 },
            severity: unhappy as f64 * 0.4,
            share: Some(0.3),
        }
    });
    Curve { span, hours: hours.collect(), marks: Vec::new(), now: now(), choice: crate::web::chart::curve::Choice::default() }
}

pub fn flagged(id: i64, name: &str, text: &str, state: FlagState) -> FlagRow {
    let worst = mention(id, name, text, Label::Negative);
    FlagRow {
        flag: Flag {
            id: FlagId::new(id),
            brand: BrandId::new(1),
            author: worst.author.id,
            state,
            owner: if state == FlagState::Open { String::new() } else { "Noor".to_owned() },
            note: if state == FlagState::Assigned {
                "Wrote in private at 11:05; waits for the invoice number.".to_owned()
            } else {
                String::new()
            },
            reason: format!("3 very negative mentions in 6 hours, the worst {} min ago", id * 7),
            priority: 0.9,
            worst_severity: 0.84,
            worst: worst.id,
            very_negative: 3,
            latest_at: worst.created_at,
            created_at: worst.created_at,
            updated_at: worst.created_at,
            version: 2,
        },
        author: worst.author.clone(),
        waiting_since: worst.created_at,
        worst: Some(worst),
        case: None,
    }
}

pub fn source(id: i64, name: &str, kind: SourceKind) -> SourceHealth {
    SourceHealth {
        id: SourceId::new(id),
        spec: SourceSpec {
            name: name.to_owned(),
            kind,
            brand: BrandId::new(1),
            take: Take::Matching,
            every_ms: 60_000,
            settings: serde_json::json!({"url": format!("https://{}.example/", name.to_lowercase().replace(' ', "-"))}),
        },
        enabled: true,
        last_success_at: Some(now().plus(-24_000)),
        last_poll_at: Some(now().plus(-24_000)),
        next_poll_at: Some(now().plus(36_000)),
        failures: 0,
        last_error: None,
        newest_post_at: Some(now().plus(-90_000)),
        mentions: 4_211,
    }
}

pub fn coverage(source: i64, gap: std::ops::Range<i64>) -> Vec<HourCoverage> {
    let from = now().plus(-7 * DAY_MS).hour();
    (0..=168)
        .filter(|i| !gap.contains(i))
        .map(|i| HourCoverage {
            source: SourceId::new(source),
            hour: from.plus(i * HOUR_MS),
            asked: 60,
            answered: 60,
            items: i % 9,
            covered_ms: if i == gap.end { HOUR_MS / 2 } else { HOUR_MS },
        })
        .collect()
}

/// A posted text.
pub struct Said {
    pub author: &'static str,
    pub text: String,
    pub hours_ago: f64,
    pub label: Label,
}

impl Said {
    pub fn new(author: &'static str, text: &str, hours_ago: f64, label: Label) -> Self {
        Self { author, text: text.to_owned(), hours_ago, label }
    }
}

/// A store in a folder of its own, with one brand and what was said about it, scored.
pub struct World {
    pub state: WebState,
    pub brand: BrandId,
    pub source: SourceId,
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
        let store = Store::open(&url, 7).await.expect("a store");
        let brand = store.save_brand("Acme Cloud", &BrandTerms::default(), now()).await.expect("a brand");
        let spec = SourceSpec { brand, ..source(1, "Ruby Mastodon", SourceKind::Mastodon).spec };
        let ids = store.sync_sources(&[spec], now()).await.expect("sources");
        Self { state: WebState::new(store, Clock::manual(now())), brand, source: ids[0], _folder: folder }
    }

    pub async fn with(said: &[Said]) -> Self {
        let world = Self::empty().await;
        world.tell(said).await;
        world
    }

    /// Keeps posts, as one poll that read the last two days.
    pub async fn keep(&self, said: &[Said]) {
        let store = &self.state.store;
        let lease = store.claim_this_source(self.source, "test", now(), 60_000).await.expect("a lease");
        let keep = said.iter().enumerate().map(|(i, s)| Keep {
            post: post(i, s),
            why: "names “Acme Cloud”".to_owned(),
            fingerprint: s.text.chars().filter(|c| c.is_alphanumeric()).collect(),
            lang: Some("en".to_owned()),
        });
        let page = PageToKeep {
            keep: keep.collect(),
            gone: Vec::new(),
            cursor: Cursor("1".to_owned()),
            covered: Span::new(now().plus(-2 * DAY_MS), now()),
            next_poll_at: now().plus(60_000),
            asked: 1,
        };
        store.save_page(&lease, page, now()).await.expect("kept");
    }

    /// Keeps and scores posts.
    pub async fn tell(&self, said: &[Said]) {
        self.keep(said).await;
        let store = &self.state.store;
        let tasks = store.claim_scoring("test", 10_000, now(), 60_000).await.expect("tasks");
        let label_of = |text: &str| said.iter().find(|s| s.text == text).map_or(Label::Neutral, |s| s.label);
        let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment(label_of(&t.text)))).collect();
        store.save_scores("test", &scores, now()).await.expect("scored");
    }

    /// Flags whoever was very unhappy.
    pub async fn flag(&self) -> Vec<FlagRow> {
        let store = &self.state.store;
        let week = Span::new(now().plus(-7 * DAY_MS), now()).expect("a span");
        for anger in store.very_negative(self.brand, week, 0.75).await.expect("authors") {
            let proposal = assess::flags::propose(&anger, 0.75, now()).expect("a proposal");
            store.save_flag(self.brand, &proposal, now()).await.expect("a flag");
        }
        store.flags(self.brand, None, 1_000).await.expect("flags")
    }

    /// One round of the assessment: flags, cases, verdicts.
    pub async fn assess(&self) {
        let settings = assess::Settings { flag_severity: 0.75, ..assess::Settings::default() };
        let outcome = assess::Worker::new(self.state.store.clone(), self.state.clock.clone(), settings).tick().await.expect("a round");
        assert_eq!(outcome.failed, 0);
    }

    pub async fn open_incident(&self) -> IncidentId {
        let Incident { title, kind, severity, commander, war_room, started_at, .. } = incident();
        let new = NewIncident { brand: self.brand, title, kind, severity, commander, war_room, started_at };
        let id = self.state.store.create_incident(&new, now()).await.expect("an incident");
        for u in updates() {
            self.state.store.add_update(id, u.at, u.kind, &u.text, u.url.as_deref(), now()).await.expect("an update");
        }
        id
    }
}

pub fn sentiment(label: Label) -> Sentiment {
    mention(1, "x", "x", label).sentiment.expect("a score")
}

fn post(i: usize, said: &Said) -> Post {
    #[expect(clippy::cast_possible_truncation, reason = "a few days")]
    let ago = (said.hours_ago * HOUR_MS as f64) as i64;
    Post {
        key: PostKey::new("mastodon", "ruby.example", &format!("p{i}-{ago}")).expect("a key"),
        author: PostAuthor {
            native_id: said.author.to_owned(),
            handle: format!("{}@ruby.example", said.author.to_lowercase().replace(' ', "_")),
            name: said.author.to_owned(),
            url: Some("https://ruby.example/@x".to_owned()),
            followers: Some(1_240),
            bot: false,
        },
        created_at: now().plus(-ago),
        edited_at: None,
        text: said.text.clone(),
        url: Some(format!("https://ruby.example/@x/{i}")),
        reply_to: None,
        lang: Some("en".to_owned()),
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    }
}
