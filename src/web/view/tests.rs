use std::collections::BTreeMap;

use crate::assess::loud::Voices;
use crate::assess::quiet::Hush;
use crate::domain::ids::{IncidentId, SourceId, VerdictId};
use crate::domain::incident::FlagState;
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Span};
use crate::domain::verdict::{Baseline, BaselineMethod, KeptVerdict, Reason, Verdict};
use crate::store::FlagCounts;
use crate::web::chart::curve::MarkKind;
use crate::web::query::MentionQuery;
use crate::web::testing::{assessment, coverage, curve, flagged, incident, mention, now, scope, source, updates};

use super::incident::{Freeze, IncidentInput, IncidentPage, baseline_words, marks};
use super::mentions::{Found, MentionsPage, Offered};
use super::now::{NowInput, NowPage, Numbers, Quiet, Standing};
use super::people::{PeoplePage, PersonPage, Queue};
use super::sources::{SourceState, SourcesPage};
use super::story::Story;
use super::{VerdictView, sentence};

fn numbers() -> Numbers {
    Numbers {
        unhappy: 9.4,
        normal: Some((2.1, 5.0)),
        peak: Some((41, now().plus(-12 * HOUR_MS))),
        unanswered: 14,
        assigned: 5,
        mentions: 1_834,
        copies: 212,
        backlog: 320,
        backlog_s: Some(42.0),
        ever: true,
    }
}

fn baseline() -> Baseline {
    Baseline {
        history: Span::new(now().plus(-56 * DAY_MS), now()).expect("a span"),
        cut: vec![Span::new(now().plus(-26 * DAY_MS), now().plus(-20 * DAY_MS)).expect("a span")],
        sources: Vec::new(),
        method: BaselineMethod::HourOfWeek,
        expected: vec![2.0; 168],
        hours: vec![8; 168],
        size: 4.0,
        window_size: 4.0,
    }
}

fn now_page(standing: Standing) -> String {
    let input = NowInput {
        scope: scope(),
        standing,
        curve: curve(),
        numbers: numbers(),
        newest: Vec::new(),
        sources: vec![source(1, "Blog", SourceKind::Feed)],
        proposal: None,
        signals: super::signals::Signals::default(),
        silent: vec![("Ruby".to_owned(), Some(now().plus(-HOUR_MS)))],
        voices: Voices::default(),
        relapsed: Vec::new(),
    };
    NowPage::new(&input).to_string()
}

fn in_incident(verdict: Verdict) -> Standing {
    Standing::Incident {
        incident: Box::new(incident()),
        assessment: Some(Box::new(assessment(verdict))),
        headline: "Not over. 14 people unanswered".to_owned(),
        updates: updates(),
    }
}

#[test]
fn in_an_incident_the_blockers_come_first_and_are_marked() {
    let page = now_page(in_incident(Verdict::Easing));
    assert_eq!(page.matches("blocks closing").count(), 3);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("silent since 09:10") < at("has fallen by 61 %"));
    assert!(page.contains("done in about 42 s"));
    assert!(page.contains("Read up to 20 Nov 2026, 11:20 UTC"), "what the verdict misses is named");
    assert!(!page.contains("Open an incident") && !page.contains("holdbar"));
    assert!(at("keep watching") < at("We are looking into"), "the newest update stands first");
}

#[test]
fn while_the_hold_time_runs_its_progress_is_shown_in_words_too() {
    let page = now_page(in_incident(Verdict::Holding));
    assert!(page.contains("Calm for 31 h of 72 h; 41 h left"));
    assert!(page.contains(r#"width="43.1%""#));
}

#[test]
fn without_an_incident_one_can_be_opened_from_where_the_rise_began() {
    let start = now().plus(-2 * HOUR_MS);
    let quiet = Quiet { badge: VerdictView::raised(), headline: "Above normal".to_owned(), reasons: Vec::new(), suggested_start: start };
    let page = now_page(Standing::Quiet(quiet));
    assert!(page.contains(&format!(r#"value="{}""#, super::field_time(start))));
    assert!(!page.contains("blocks closing"));
}

#[test]
fn an_incident_tells_its_story_newest_first_and_what_its_baseline_is() {
    let kept = KeptVerdict { id: VerdictId::new(1), incident: IncidentId::new(9), assessment: assessment(Verdict::Elevated) };
    let input = IncidentInput {
        effects: Vec::new(),
        rates: None,
        scope: scope(),
        incident: incident(),
        standing: Some(assessment(Verdict::Easing)),
        headline: "Not over".to_owned(),
        baseline: baseline(),
        freeze: Freeze::Frozen,
        updates: updates(),
        verdicts: vec![kept],
        curve: curve(),
        story: Story { checklist: vec![Reason::new("silent", "Ruby silent", true)], ..Story::nothing(IncidentId::new(9)) },
    };
    let page = IncidentPage::new(&input).to_string();
    let story = page.split("class=\"timeline\"").nth(1).expect("a timeline");
    let at = |text: &str| story.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("Elevated") < at("We are sorry") && at("We are sorry") < at("Incident started"));
    assert!(page.contains("Why close it anyway?"));
    assert!(
        page.contains("frozen at the start: the same hour of the week over 56 d of history") && page.contains("1 earlier incident cut out")
    );
    assert!(baseline_words(&baseline(), Freeze::Open).contains("not frozen yet"));
    let nothing = Baseline { method: BaselineMethod::None, ..baseline() };
    assert!(baseline_words(&nothing, Freeze::Open).contains("less than a day of history"));
}

#[test]
fn a_fix_update_and_the_time_that_it_set_are_one_mark() {
    let kinds: Vec<MarkKind> = marks(&incident(), &updates(), None).iter().map(|m| m.kind).collect();
    assert!(!kinds.contains(&MarkKind::Fixed));
    assert!(marks(&incident(), &[], None).iter().any(|m| m.kind == MarkKind::Fixed));
}

#[test]
fn the_queue_says_how_long_people_wait_and_keeps_hostile_names_harmless() {
    let people =
        vec![flagged(2, "<b>\u{202e}x\ny", "<script>alert(1)</script>", FlagState::Open), flagged(9, "Ana", "لا تعمل", FlagState::Open)];
    let queue = Queue {
        state: FlagState::Open,
        counts: FlagCounts { open: 14, assigned: 5, done: 31 },
        people,
        notice: None,
        voices: Voices::default(),
    };
    let page = PeoplePage::new(&scope(), queue).to_string();
    assert!(page.contains("14 very unhappy people wait for an answer, the longest for 1 h 3 min."), "{page}");
    assert!(page.contains("Only the 2 most urgent are shown"));
    assert!(!page.contains("<b>") && !page.contains("<script>alert") && !page.contains('\u{202e}'));
}

#[test]
fn an_empty_queue_says_so() {
    let page = |counts| {
        PeoplePage::new(&scope(), Queue { state: FlagState::Open, counts, people: Vec::new(), notice: None, voices: Voices::default() })
            .to_string()
    };
    assert!(page(FlagCounts::default()).contains("Nobody very unhappy has been found."));
    assert!(page(FlagCounts { open: 0, assigned: 2, done: 0 }).contains("2 people are being helped"));
    assert!(page(FlagCounts { open: 0, assigned: 0, done: 3 }).contains("Nobody needs you now."));
}

#[test]
fn a_person_shows_how_their_mood_moved() {
    let person = flagged(1, "Mara", "Nobody answers", FlagState::Assigned);
    let theirs = [mention(1, "Mara", "thanks", Label::Positive), mention(2, "Mara", "Nobody answers", Label::Negative)];
    let marks = marks(&incident(), &updates(), None);
    let page = PersonPage::new(&scope(), &person, &theirs, &marks, 100).to_string();
    assert!(page.contains("Mara sounded pleased 7 min ago."));
    assert!(page.contains("2 mentions over time: 1 negative, 0 neutral, 1 positive."));
    assert!(page.contains("Wrote in private at 11:05"));
}

#[test]
fn rows_tell_unsure_corrected_copied_and_deleted_mentions_apart() {
    let mut unsure = mention(1, "A", "hm", Label::Neutral);
    let p = Probabilities::new([0.3, 0.45, 0.25]).expect("probabilities");
    unsure.sentiment = unsure.sentiment.map(|s| Sentiment { probabilities: p, severity: Severity::ZERO, ..s });
    let mut corrected = mention(2, "B", "great, thanks", Label::Positive);
    corrected.corrected = Some(Label::Negative);
    let mut gone = mention(3, "C", "", Label::Negative);
    gone.deleted_at = Some(now());
    let found =
        Found { mentions: vec![(unsure, 0), (corrected, 12), (gone, 0)], older: false, newer: false, ever: (3, 3), ..Found::default() };
    let page = MentionsPage::new(&scope(), &MentionQuery::default(), &Offered::default(), &found).to_string();
    assert_eq!(page.matches(r#"class="chip unsure""#).count(), 1);
    assert!(page.contains("corrected by a person") && page.contains("It said: Pleased."));
    assert!(page.contains("12 copies") && page.contains("45 % sure"));
    assert_eq!(page.matches("text removed").count(), 1);
}

#[test]
fn sources_in_trouble_come_first_with_what_is_wrong() {
    let mut silent = source(2, "Ruby", SourceKind::Mastodon);
    silent.last_success_at = Some(now().plus(-3 * HOUR_MS));
    silent.failures = 9;
    silent.last_error = Some("ruby.example answers 503".to_owned());
    let mut failing = source(3, "Forum", SourceKind::Feed);
    failing.failures = 1;
    failing.last_error = Some("no XML".to_owned());
    assert_eq!(SourceState::of(&silent, now()), SourceState::Silent);
    let span = Span::new(now().plus(-7 * DAY_MS).hour(), now()).expect("a span");
    let cells = [coverage(1, 0..0), coverage(2, 30..52)].concat();
    let quiet = Hush { since: now().plus(-8 * HOUR_MS), expected: 31.4, chance: 1e-6 };
    let quiet = BTreeMap::from([(SourceId::new(1), quiet)]);
    let page = SourcesPage::new(&scope(), &[source(1, "Blog", SourceKind::Wordpress), silent, failing], (&cells, &quiet), span).to_string();
    assert!(page.contains("The picture has holes: Ruby, Forum do not answer; 1 of 3 sources do."));
    assert!(page.contains("1 poll in a row has failed: no XML."));
    assert!(page.contains("But Blog is suspiciously quiet."));
    assert!(page.contains("Suspiciously quiet since 20 Nov 2026, 04:20 UTC: it answers, but about 31 mentions would be usual"));
    assert!(page.contains("Nothing heard since 20 Nov 2026, 09:20 UTC"));
    let at = |name: &str| page.find(&format!(r#"aria-label="{name}""#)).expect("a source");
    assert!(at("Ruby") < at("Blog") && at("Forum") < at("Blog"));
    assert_eq!(page.matches(r#"class="cell unread""#).count(), 22);
}

#[test]
fn a_source_that_was_never_asked_waits_and_is_no_trouble() {
    let mut new = source(SourceId::new(4).get(), "New", SourceKind::Feed);
    new.last_success_at = None;
    assert_eq!(SourceState::of(&new, now()), SourceState::Waiting);
    assert!(!SourceState::Waiting.is_trouble());
}

#[test]
fn reasons_end_as_sentences() {
    assert_eq!(sentence(" It is over "), "It is over.");
    assert_eq!(sentence("Over?"), "Over?");
}
