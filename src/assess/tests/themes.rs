//! Themes over a real store: found, looked up hour by hour, corrected by what comes late.

use tempfile::TempDir;

use super::super::themes::{catch_up, discover, hot, load_themes};
use super::start;
use crate::domain::brand::BrandTerms;
use crate::domain::ids::{BrandId, SourceId};
use crate::domain::incident::{Incident, IncidentKind, IncidentSeverity};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey};
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::theme::{Heat, ThemeKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::store::{Keep, MentionFilter, NewIncident, PageToKeep, Store};

struct Bench {
    store: Store,
    brand: BrandId,
    source: SourceId,
    incident: Incident,
    _folder: TempDir,
}

/// Number, author, text, hours from the start.
type Said<'a> = (u32, String, &'a str, f64);

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 7).await.expect("a store");
        let terms = BrandTerms { names: vec!["Acme".to_owned()], ..BrandTerms::default() };
        let brand = store.save_brand("Acme", &terms, start()).await.expect("a brand");
        let settings = serde_json::Value::Null;
        let spec = SourceSpec { name: "Forum".to_owned(), kind: SourceKind::Feed, brand, take: Take::All, every_ms: 600_000, settings };
        let source = store.add_source(&spec, start()).await.expect("a source");
        let new = NewIncident {
            brand,
            title: "Sign-in fails".to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Major,
            commander: String::new(),
            war_room: None,
            started_at: start(),
        };
        let id = store.create_incident(&new, start()).await.expect("an incident");
        let incident = store.incident(id).await.expect("an incident");
        let bench = Self { store, brand, source, incident, _folder: folder };
        bench.tell_usual().await;
        bench
    }

    async fn tell_usual(&self) {
        let texts = [
            "+ the new dashboard of Acme is nice",
            "0 what is the price of Acme for a team",
            "+ I like the colours of Acme",
            "- the search of Acme is slow and bad",
        ];
        let usual: Vec<Said<'_>> =
            (0..200_u32).map(|i| (i, format!("calm {i}"), texts[i as usize % 4], -1.0 - f64::from(i) * 3.0)).collect();
        self.tell(&usual).await;
    }

    async fn tell(&self, said: &[Said<'_>]) {
        let now = start().plus(9 * DAY_MS);
        let lease = self.store.claim_this_source(self.source, "test", now, 60_000).await.expect("a lease");
        let keep = said.iter().map(|(id, author, text, hours)| {
            #[expect(clippy::cast_possible_truncation, reason = "days")]
            let created_at = start().plus((hours * HOUR_MS as f64) as i64);
            let post = Post {
                key: PostKey::new("forum", "", &id.to_string()).expect("a key"),
                author: PostAuthor { native_id: author.clone(), handle: author.clone(), ..PostAuthor::default() },
                created_at,
                edited_at: None,
                text: (*text).to_owned(),
                url: None,
                reply_to: None,
                lang: Some("en".to_owned()),
                engagement: Engagement::default(),
                originality: Originality::Own,
                quoted: None,
            };
            Keep { post, why: "all".to_owned(), fingerprint: String::new(), lang: Some("en".to_owned()) }
        });
        let page = PageToKeep {
            keep: keep.collect(),
            gone: Vec::new(),
            cursor: Cursor::default(),
            covered: None,
            next_poll_at: now.plus(600_000),
            asked: 1,
        };
        self.store.save_page(&lease, page, now).await.expect("kept");
        let tasks = self.store.claim_scoring("test", 5_000, now, 60_000).await.expect("tasks");
        let scores: Vec<_> = tasks.iter().map(|t| (t.mention, sentiment(&t.text))).collect();
        self.store.save_scores("test", &scores, now).await.expect("scored");
    }

    /// Forty people cannot log in, twelve were charged twice, in the first six hours.
    async fn break_it(&self) {
        let login = ["- can't log in to Acme since the morning", "- why can't log in? Acme is bad"];
        let mut said: Vec<Said<'_>> =
            (0..40_u32).map(|i| (1_000 + i, format!("a{i}"), login[i as usize % 2], f64::from(i) * 0.14 + 0.1)).collect();
        said.extend((0..12_u32).map(|i| (2_000 + i, format!("b{i}"), "- my card was charged twice by Acme", f64::from(i) * 0.4 + 0.2)));
        self.tell(&said).await;
    }

    async fn refresh(&self, now: Millis) {
        let incident = self.store.incident(self.incident.id).await.expect("an incident");
        discover(&self.store, &incident, now).await.expect("discovered");
        assert_eq!(catch_up(&self.store, &incident, now).await.expect("looked up").left, 0);
    }
}

fn sentiment(text: &str) -> Sentiment {
    let label = match text.chars().next() {
        Some('-') => Label::Negative,
        Some('+') => Label::Positive,
        _ => Label::Neutral,
    };
    let mut p = [0.1; 3];
    p[label.index()] = 0.8;
    Sentiment {
        label,
        probabilities: Probabilities::new(p).expect("probabilities"),
        severity: Severity::new(0.4).expect("finite"),
        lang: "en".to_owned(),
        model: "test@1".to_owned(),
    }
}

fn after(hours: i64) -> Millis {
    start().plus(hours * HOUR_MS)
}

#[tokio::test]
async fn themes_are_found_with_their_curves_and_mentions() {
    let bench = Bench::new().await;
    bench.break_it().await;
    bench.refresh(after(6)).await;
    let themes = load_themes(&bench.store, bench.incident.id, after(6)).await.expect("themes");
    let phrases: Vec<&str> = themes.iter().map(|t| t.theme.phrase.as_str()).collect();
    assert!(phrases[0].contains("log in"), "{phrases:?}");
    let charged = themes.iter().find(|t| t.theme.phrase.contains("charged twice")).expect("the second theme");
    assert_eq!((charged.standing.heat, charged.hours.iter().map(|h| h.unhappy).sum::<i64>()), (Heat::Hot, 12));
    let filter = MentionFilter { brand: bench.brand, theme: Some(charged.theme.id), ..MentionFilter::default() };
    let mentions = bench.store.mentions(&filter, None, 100).await.expect("mentions");
    assert!(mentions.len() == 12 && mentions.iter().all(|m| m.text.contains("charged twice")));
    let hot_now = hot(&bench.store, bench.incident.id, after(6)).await.expect("hot");
    assert_eq!(hot_now.len(), themes.len());
    assert_eq!(hot(&bench.store, bench.incident.id, after(40)).await.expect("hot"), []);
}

#[tokio::test]
async fn late_mentions_corrections_and_deletions_change_the_curve_of_their_hour() {
    let bench = Bench::new().await;
    bench.break_it().await;
    bench.refresh(after(7)).await;
    let ids = |themes: &[super::super::themes::ThemeView]| {
        themes.iter().find(|t| t.theme.phrase.contains("charged")).map(|t| (t.theme.id, t.hours.clone()))
    };
    let load = async || ids(&load_themes(&bench.store, bench.incident.id, after(7)).await.expect("themes")).expect("the theme");
    let (id, before) = load().await;
    let sum = |hours: &[crate::domain::theme::ThemeHour]| hours.iter().map(|h| h.unhappy).sum::<i64>();

    bench
        .tell(&[(3_000, "late".to_owned(), "- charged twice, too", 2.5), (3_001, "late".to_owned(), "- charged twice, I say!", 2.6)])
        .await;
    assert_eq!(catch_up(&bench.store, &bench.incident, after(7)).await.expect("looked up").hours, 1, "only the hour that changed");
    let (same, later) = load().await;
    assert_eq!((same, sum(&later)), (id, sum(&before) + 1), "one person counts once");

    let filter = MentionFilter { brand: bench.brand, theme: Some(id), search: Some("too".to_owned()), ..MentionFilter::default() };
    for mention in bench.store.mentions(&filter, None, 10).await.expect("mentions") {
        bench.store.correct_label(mention.id, Some(Label::Positive), after(7)).await.expect("corrected");
    }
    catch_up(&bench.store, &bench.incident, after(7)).await.expect("looked up");
    let other = MentionFilter { search: None, ..filter };
    assert_eq!(bench.store.mentions(&other, None, 100).await.expect("mentions").len(), 13, "one of theirs is left");
    assert_eq!(catch_up(&bench.store, &bench.incident, after(7)).await.expect("looked up").hours, 0, "nothing changed");
}

#[tokio::test]
async fn what_still_fails_after_the_fix_stands_apart() {
    let bench = Bench::new().await;
    bench.break_it().await;
    let mut fixed = bench.store.incident(bench.incident.id).await.expect("an incident");
    fixed.fixed_at = Some(after(8));
    bench.store.update_incident(&fixed, after(8)).await.expect("fixed");
    bench
        .tell(&[
            (4_000, "x1".to_owned(), "- still can't log in to Acme", 7.0),
            (4_001, "x2".to_owned(), "- still can't log in to Acme!", 9.0),
            (4_002, "x3".to_owned(), "0 you say fixed: not fixed here", 9.5),
            (4_003, "x4".to_owned(), "+ not fixed? it works for me, still broken jokes aside", 9.6),
            (4_004, "x5".to_owned(), "- charged twice again", 10.0),
            (4_005, "x6".to_owned(), "- I am so angry about yesterday", 10.0),
        ])
        .await;
    bench.refresh(after(11)).await;
    let themes = load_themes(&bench.store, bench.incident.id, after(11)).await.expect("themes");
    let still = themes.iter().find(|t| t.theme.kind == ThemeKind::StillBroken).expect("stands apart");
    let filter = MentionFilter { brand: bench.brand, theme: Some(still.theme.id), ..MentionFilter::default() };
    let mut who: Vec<String> =
        bench.store.mentions(&filter, None, 100).await.expect("mentions").into_iter().map(|m| m.author.handle).collect();
    who.sort();
    assert_eq!(who, ["x2", "x3", "x5"]);
}

#[tokio::test]
async fn an_incident_without_mentions_has_no_themes() {
    let bench = Bench::new().await;
    bench.refresh(after(1)).await;
    assert_eq!(load_themes(&bench.store, bench.incident.id, after(1)).await.expect("themes"), []);
    assert!(Span::new(start(), after(1)).is_some());
}
