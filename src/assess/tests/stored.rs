//! The worker over a real store: an incident from quiet weeks to its relapse.

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::ids::{BrandId, IncidentId, SourceId};
use crate::domain::incident::{FlagState, IncidentKind, IncidentSeverity};
use crate::domain::post::{Post, PostAuthor, PostKey};
use crate::domain::proposal::ProposalState;
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};
use crate::domain::verdict::{BaselineMethod, Verdict};
use crate::store::{Dismissal, Keep, NewIncident, PageToKeep, Store};

use super::super::load::Settings;
use super::super::outlook::OutlookState;
use super::super::replay::{ReplayRequest, changes, proposals, replay};
use super::super::view::{Ask, load_view};
use super::super::worker::Worker;
use super::start;

/// The people of these tests write at severities below and above this.
fn settings() -> Settings {
    Settings { flag_severity: 0.75, ..Settings::default() }
}

fn ask(span: Span, now: Millis) -> Ask {
    Ask { span, now, settings: settings() }
}

/// A store with one brand and one source, on a clock that stands at the start.
struct Bench {
    store: Store,
    clock: Clock,
    brand: BrandId,
    source: SourceId,
    posts: u32,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 7).await.expect("a store");
        let brand = store.save_brand("Acme", &BrandTerms::default(), start()).await.expect("a brand");
        let spec = SourceSpec {
            name: "Forum".to_owned(),
            kind: SourceKind::Feed,
            brand,
            take: Take::All,
            every_ms: 600_000,
            settings: serde_json::Value::Null,
        };
        let source = store.add_source(&spec, start()).await.expect("a source");
        Self { store, clock: Clock::manual(start()), brand, source, posts: 0, _folder: folder }
    }

    /// `n` unhappy authors in each hour from `from` to `to`, hours from the start; the stretch is read.
    async fn read(&mut self, from: i64, to: i64, n: i64) {
        let at = |hour: i64| start().plus(hour * HOUR_MS);
        let keep =
            (from..to).flat_map(|hour| (0..n).map(move |i| at(hour).plus(i * 1_000 + 5))).map(|created| self.post(created)).collect();
        let now = at(to).max(self.clock.now());
        let lease = self.store.claim_this_source(self.source, "test", now, 60_000).await.expect("a lease");
        let page = PageToKeep {
            keep,
            gone: Vec::new(),
            cursor: Cursor::default(),
            covered: Span::new(at(from), at(to)),
            next_poll_at: now.plus(600_000),
            asked: 1,
        };
        self.store.save_page(&lease, page, now).await.expect("kept");
    }

    fn post(&mut self, created_at: Millis) -> Keep {
        self.posts += 1;
        let id = self.posts.to_string();
        let post = Post {
            key: PostKey::new("forum", "", &id).expect("a key"),
            author: PostAuthor { native_id: format!("author {id}"), handle: id.clone(), ..PostAuthor::default() },
            created_at,
            edited_at: None,
            text: format!("It is down again, number {id}"),
            url: None,
            reply_to: None,
            lang: None,
            engagement: crate::domain::post::Engagement::default(),
            originality: crate::domain::post::Originality::Own,
            quoted: None,
        };
        Keep { post, why: "all posts of this source".to_owned(), fingerprint: String::new(), lang: None }
    }

    /// Everything that waits is negative, of this severity.
    async fn score(&self, severity: f32) {
        let now = self.clock.now();
        loop {
            let tasks = self.store.claim_scoring("test", 2_000, now, 60_000).await.expect("tasks");
            if tasks.is_empty() {
                return;
            }
            let negative = Sentiment {
                label: Label::Negative,
                probabilities: Probabilities::new([0.9, 0.1, 0.0]).expect("probabilities"),
                severity: Severity::new(severity).expect("finite"),
                lang: "en".to_owned(),
                model: "test".to_owned(),
            };
            let scores: Vec<_> = tasks.iter().map(|t| (t.mention, negative.clone())).collect();
            self.store.save_scores("test", &scores, now).await.expect("saved");
        }
    }

    async fn incident(&self) -> IncidentId {
        let new = NewIncident {
            brand: self.brand,
            title: "Sign-in fails".to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Major,
            commander: String::new(),
            war_room: None,
            started_at: start(),
        };
        self.store.create_incident(&new, start()).await.expect("an incident")
    }

    fn worker(&self) -> Worker {
        Worker::new(self.store.clone(), self.clock.clone(), settings())
    }

    async fn verdict(&self, id: IncidentId) -> Verdict {
        self.store.standing(id).await.expect("read").expect("assessed").verdict
    }
}

#[tokio::test]
async fn an_incident_is_followed_from_quiet_weeks_to_its_relapse_and_late_items_correct_the_past() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.read(0, 6, 20).await;
    bench.score(0.5).await;
    let id = bench.incident().await;
    let mut worker = bench.worker();
    bench.clock.advance(6 * HOUR_MS);
    let outcome = worker.tick().await.expect("a round");
    assert_eq!((outcome.assessed, outcome.changed, outcome.failed), (1, vec![(id, Verdict::Elevated)], 0));
    let frozen = bench.store.baseline(id).await.expect("read").expect("frozen");
    assert_eq!(frozen.method, BaselineMethod::HourOfWeek);
    assert!((frozen.expected(start()) - 2.0).abs() < 0.1);

    bench.read(6, 90, 2).await;
    bench.score(0.5).await;
    bench.clock.advance(84 * HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").changed, [(id, Verdict::Recovered)]);
    assert_eq!(worker.tick().await.expect("a round").changed, []);

    // A second wave of two days ago comes in late.
    bench.read(40, 50, 15).await;
    bench.score(0.5).await;
    worker.tick().await.expect("a round");
    assert_eq!(bench.verdict(id).await, Verdict::Holding);

    bench.read(90, 96, 25).await;
    bench.score(0.5).await;
    bench.clock.advance(6 * HOUR_MS);
    worker.tick().await.expect("a round");
    assert_eq!(bench.verdict(id).await, Verdict::Relapsed);
    assert_eq!(bench.store.baseline(id).await.expect("read"), Some(frozen));
    let words: Vec<Verdict> = bench.store.verdicts(id).await.expect("read").into_iter().map(|v| v.assessment.verdict).collect();
    assert_eq!(words, [Verdict::Elevated, Verdict::Recovered, Verdict::Holding, Verdict::Relapsed]);
}

#[tokio::test]
async fn a_source_that_falls_silent_is_named_and_never_calm() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 3, 2).await;
    bench.score(0.5).await;
    let id = bench.incident().await;
    bench.clock.advance(30 * HOUR_MS);
    bench.worker().tick().await.expect("a round");
    let standing = bench.store.standing(id).await.expect("read").expect("assessed");
    assert_eq!(standing.verdict, Verdict::Unknown);
    assert!(standing.reasons.iter().any(|r| r.text.starts_with("Forum silent since 03:00 UTC on 2 Mar")), "{:?}", standing.reasons);
}

#[tokio::test]
async fn history_without_scores_is_not_taken_for_a_quiet_one() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 6, 2).await;
    let id = bench.incident().await;
    bench.clock.advance(6 * HOUR_MS);
    let mut worker = bench.worker();
    worker.tick().await.expect("a round");
    assert_eq!(bench.verdict(id).await, Verdict::Unknown);
    assert_eq!(bench.store.baseline(id).await.expect("read"), None);
    bench.score(0.5).await;
    worker.tick().await.expect("a round");
    assert_eq!(bench.verdict(id).await, Verdict::Holding);
    assert!(bench.store.baseline(id).await.expect("read").is_some());
}

#[tokio::test]
async fn very_unhappy_authors_are_flagged_once_and_those_of_the_incident_block() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, -8, 2).await;
    bench.score(0.5).await;
    bench.read(-8, 6, 1).await;
    bench.score(0.9).await;
    let id = bench.incident().await;
    bench.clock.advance(6 * HOUR_MS);
    let mut worker = bench.worker();
    assert_eq!(worker.tick().await.expect("a round").flagged, 14);
    assert_eq!(worker.tick().await.expect("a round").flagged, 0);
    assert_eq!(bench.worker().tick().await.expect("a restarted worker's round").flagged, 0);
    let flags = bench.store.flags(bench.brand, Some(FlagState::Open), 50).await.expect("read");
    assert!(flags.is_sorted_by(|a, b| a.flag.latest_at >= b.flag.latest_at), "the most recent first: all are as bad");
    worker.tick().await.expect("a round");
    let standing = bench.store.standing(id).await.expect("read").expect("assessed");
    assert!(standing.reasons.iter().any(|r| r.blocks && r.text == "6 very unhappy people unanswered"), "{:?}", standing.reasons);
}

#[tokio::test]
async fn a_closed_incident_is_watched_for_two_weeks() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.score(0.5).await;
    let id = bench.incident().await;
    bench.clock.advance(6 * HOUR_MS);
    let mut incident = bench.store.incident(id).await.expect("it");
    incident.closed_at = Some(bench.clock.now());
    bench.store.update_incident(&incident, bench.clock.now()).await.expect("closed");
    let mut worker = bench.worker();
    assert_eq!(worker.tick().await.expect("a round").assessed, 1);
    bench.clock.advance(13 * DAY_MS);
    assert_eq!(worker.tick().await.expect("a round").assessed, 1);
    bench.clock.advance(2 * DAY_MS);
    assert_eq!(worker.tick().await.expect("a round").assessed, 0);
}

#[tokio::test]
async fn the_page_gets_the_curve_with_its_band_in_an_incident_and_without() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.read(0, 6, 20).await;
    bench.score(0.5).await;
    bench.clock.advance(6 * HOUR_MS);
    let now = bench.clock.now();
    let span = Span::new(start().plus(-2 * DAY_MS), now).expect("ordered");
    let view = load_view(&bench.store, bench.brand, None, ask(span, now)).await.expect("a view");
    let outlook = view.outlook.expect("no incident");
    assert_eq!((outlook.state, outlook.raised_since), (OutlookState::Raised, Some(start().plus(HOUR_MS))));
    assert_eq!(view.curve.points.len(), 54);
    assert!(view.curve.points.iter().all(|p| p.band.is_some_and(|b| b.low <= b.expected && b.expected <= b.high) && p.covered > 0.99));

    let id = bench.incident().await;
    bench.worker().tick().await.expect("a round");
    let incident = bench.store.incident(id).await.expect("it");
    let view = load_view(&bench.store, bench.brand, Some(&incident), ask(span, now)).await.expect("a view");
    assert_eq!(view.assessment, bench.store.standing(id).await.expect("read"));
    assert_eq!(view.verdicts.len(), 1);
    let later = load_view(&bench.store, bench.brand, Some(&incident), ask(span, now.plus(HOUR_MS))).await.expect("a view");
    assert_eq!(later.assessment.map(|a| a.at), Some(now.plus(HOUR_MS)), "a stale assessment is made again");
    let centuries = Span::new(Millis::new(0), now).expect("ordered");
    let view = load_view(&bench.store, bench.brand, None, ask(centuries, now)).await.expect("a view");
    assert!(view.curve.points.len() <= 8 * 168 + 1);
}

#[tokio::test]
async fn a_replay_of_stored_weeks_says_what_the_worker_would_have_said() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.read(0, 6, 20).await;
    bench.read(6, 90, 2).await;
    bench.score(0.5).await;
    let request = ReplayRequest { brand: bench.brand, start: start(), until: start().plus(90 * HOUR_MS), settings: settings() };
    let replayed = replay(&bench.store, &request).await.expect("a replay").assessments;
    assert_eq!(replayed.len(), 90);
    let words: Vec<Verdict> = changes(&replayed).into_iter().map(|a| a.verdict).collect();
    assert_eq!((words.first(), words.last()), (Some(&Verdict::Elevated), Some(&Verdict::Recovered)));

    let id = bench.incident().await;
    bench.clock.advance(90 * HOUR_MS);
    bench.worker().tick().await.expect("a round");
    assert_eq!(bench.store.standing(id).await.expect("read").as_ref(), replayed.last());
    let before_history = ReplayRequest { start: start().plus(-30 * WEEK_MS), until: start().plus(-30 * WEEK_MS + DAY_MS), ..request };
    let replayed = replay(&bench.store, &before_history).await.expect("a replay").assessments;
    assert!(replayed.iter().all(|a| a.verdict == Verdict::Unknown));
}

#[tokio::test]
async fn the_loop_assesses_at_once_and_ends_when_asked() {
    let mut bench = Bench::new().await;
    bench.read(-48, 1, 2).await;
    bench.score(0.5).await;
    let id = bench.incident().await;
    bench.clock.advance(HOUR_MS);
    let stop = CancellationToken::new();
    let run = bench.worker().run(60_000, stop.clone());
    let watch = async {
        while bench.store.standing(id).await.expect("read").is_none() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(run, watch);
    assert_eq!(bench.verdict(id).await, Verdict::Holding);
}

#[tokio::test]
async fn an_incident_is_proposed_once_and_the_answer_is_kept() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.score(0.5).await;
    let mut worker = bench.worker();
    assert_eq!(worker.tick().await.expect("a round").proposed, 0);
    bench.read(0, 2, 30).await;
    bench.score(0.5).await;
    bench.clock.advance(2 * HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").proposed, 1);
    assert_eq!(worker.tick().await.expect("a round").proposed, 0);
    let proposal = bench.store.proposals(bench.brand, 5).await.expect("read").pop().expect("one");
    assert_eq!((proposal.signal.began, proposal.state), (start(), ProposalState::Open));

    let dismissal = Dismissal { reason: "A sale".to_owned(), quiet_until: bench.clock.now().plus(72 * HOUR_MS) };
    bench.store.dismiss_proposal(proposal.id, proposal.version, &dismissal, bench.clock.now()).await.expect("dismissed");
    bench.read(2, 60, 30).await;
    bench.score(0.5).await;
    bench.clock.advance(58 * HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").proposed, 0, "quiet for three days");
    bench.read(60, 80, 60).await;
    bench.score(0.5).await;
    bench.clock.advance(20 * HOUR_MS);
    assert_eq!(worker.tick().await.expect("a round").proposed, 1, "still raised when the quiet time is over");
    bench.incident().await;
    assert_eq!(worker.tick().await.expect("a round").proposed, 0);
    let all = bench.store.proposals(bench.brand, 5).await.expect("read");
    assert_eq!(all.iter().map(|p| p.state).collect::<Vec<_>>(), [ProposalState::Passed, ProposalState::Dismissed]);
    assert_eq!(all[1].reason, "A sale");
}

#[tokio::test]
async fn stored_weeks_say_when_an_incident_would_have_been_proposed() {
    let mut bench = Bench::new().await;
    bench.read(-4 * 168, 0, 2).await;
    bench.read(0, 4, 30).await;
    bench.read(4, 48, 2).await;
    bench.score(0.5).await;
    let span = Span::new(start().plus(-2 * WEEK_MS), start().plus(48 * HOUR_MS)).expect("ordered");
    let proposed = proposals(&bench.store, bench.brand, span, &settings()).await.expect("a replay");
    assert_eq!(proposed.iter().map(|p| (p.at, p.began)).collect::<Vec<_>>(), [(start().plus(HOUR_MS), start())]);
}
