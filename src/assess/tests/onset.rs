//! Is a beginning seen, at the stated rate of false alarms, and never where nothing was read?

use std::collections::BTreeMap;

use crate::domain::ids::SourceId;
use crate::domain::proposal::Signal;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};
use crate::domain::verdict::Baseline;

use super::super::coverage::{Heard, Reading, SourceRecord, Sources};
use super::super::onset::{Last, OnsetRules, Step, look, looks, proposals, step};
use super::{World, baseline_of, monday, start, steady};

fn at_end(hours: &[Heard], baseline: &Baseline) -> Option<Signal> {
    let at = hours.last().map_or(start(), |h| h.hour.plus(HOUR_MS));
    look(hours, baseline, &OnsetRules::default(), at)
}

#[test]
fn a_burst_is_seen_in_its_first_hour_and_a_slow_burn_with_its_beginning() {
    let baseline = baseline_of(4);
    let mut hours = steady(start(), &[4; 47]);
    assert_eq!(at_end(&hours, &baseline), None);
    hours.extend(steady(start().plus(47 * HOUR_MS), &[40]));
    let burst = at_end(&hours, &baseline).expect("a burst");
    assert_eq!((burst.began, burst.unhappy), (start().plus(47 * HOUR_MS), 40));
    assert_eq!(burst.window.to().since(burst.window.from()), HOUR_MS);

    let mut hours = steady(start(), &[4; 48]);
    hours.extend(steady(start().plus(48 * HOUR_MS), &[8; 20]));
    assert_eq!(at_end(&hours[..49], &baseline), None, "one hour of twice as many is nothing");
    let slow = at_end(&hours, &baseline).expect("a slow burn");
    assert_eq!(slow.began, start().plus(48 * HOUR_MS));
    assert!(slow.window.to().since(slow.window.from()) > 3 * HOUR_MS);
}

#[test]
fn few_people_are_no_incident_and_without_history_nothing_is_said() {
    let quiet = baseline_of(0);
    assert_eq!(at_end(&steady(start(), &[0, 0, 2]), &quiet), None);
    assert!(at_end(&steady(start(), &[0, 0, 9]), &quiet).is_some());
    let unknown = Baseline::learn(&[], &[], Vec::new(), start());
    assert_eq!(at_end(&steady(start(), &[0, 0, 900]), &unknown), None);
}

#[test]
fn hours_that_were_not_read_say_nothing() {
    let baseline = baseline_of(4);
    let unread: Vec<Heard> = steady(start(), &[40; 24]).into_iter().map(|h| Heard { share: 0.3, coverage: 0.3, ..h }).collect();
    assert_eq!(at_end(&unread, &baseline), None);
}

/// One source, read all the time.
fn sources(hours: &[Heard]) -> Sources {
    Sources::new(vec![SourceRecord {
        id: SourceId::new(1),
        name: "Forum".to_owned(),
        reading: Reading::Polled { every_ms: 600_000 },
        covered: hours.iter().map(|h| (h.hour, HOUR_MS)).collect(),
        unhappy: hours.iter().map(|h| (h.hour, h.unhappy)).collect::<BTreeMap<_, _>>(),
    }])
}

#[test]
fn calm_brands_are_proposed_no_more_often_than_stated() {
    let rules = OnsetRules { false_alarms_per_week: 1.0, ..OnsetRules::default() };
    let (mut false_alarms, mut weeks) = (0, 0.0);
    for seed in 0..40 {
        let mut world = World::new(40_000 + seed, [0.5, 2.0, 10.0, 30.0][usize::try_from(seed % 4).expect("small")], 5.0);
        let hours = world.hours(monday(), 12 * 168, |_| 0.0);
        let span = Span::new(start(), start().plus(4 * WEEK_MS)).expect("ordered");
        false_alarms += proposals(&looks(&sources(&hours), &[], span, &rules), &rules).len();
        weeks += 4.0;
    }
    assert!((false_alarms as f64) <= 1.0 * weeks, "{false_alarms} in {weeks} weeks");
}

#[test]
fn an_open_proposal_goes_on_and_passes_and_a_dismissed_one_is_quiet_for_as_long_as_wished() {
    let rules = OnsetRules::default();
    let signal = at_end(&steady(start(), &[4, 90]), &baseline_of(4)).expect("a signal");
    let at = start().plus(DAY_MS);
    let last = |open, seen_at, quiet_until| Some(Last { open, seen_at, quiet_until });
    let never = Millis::default();
    assert_eq!(step(None, Some(signal), at, &rules), Step::Speak(signal));
    assert_eq!(step(last(true, at.plus(-HOUR_MS), never), Some(signal), at, &rules), Step::GoOn(signal));
    assert_eq!(step(last(true, at.plus(-HOUR_MS), never), None, at, &rules), Step::Stay);
    assert_eq!(step(last(true, at.plus(-25 * HOUR_MS), never), None, at, &rules), Step::Pass);
    assert_eq!(step(last(false, at.plus(-25 * HOUR_MS), at.plus(1)), Some(signal), at, &rules), Step::Stay);
    assert_eq!(step(last(false, at.plus(-HOUR_MS), at), Some(signal), at, &rules), Step::Stay, "the cool-down");
    assert_eq!(step(last(false, at.plus(-25 * HOUR_MS), at), Some(signal), at, &rules), Step::Speak(signal));
}

#[test]
fn a_source_above_its_own_normal_is_named_also_when_the_others_hide_it() {
    let history = steady(monday(), &vec![10; 8 * 168]);
    let calm = |id: i64, name: &str, n: i64| SourceRecord {
        id: SourceId::new(id),
        name: name.to_owned(),
        reading: Reading::Polled { every_ms: 600_000 },
        covered: history.iter().map(|h| (h.hour, HOUR_MS)).collect(),
        unhappy: history.iter().map(|h| (h.hour, n)).collect(),
    };
    let (mut forum, mut blog) = (calm(1, "Forum", 9), calm(2, "Blog", 1));
    for hour in 0..6 {
        let at = start().plus(hour * HOUR_MS);
        for (record, n) in [(&mut forum, 6), (&mut blog, 5)] {
            record.covered.insert(at, HOUR_MS);
            record.unhappy.insert(at, n);
        }
    }
    let all = Sources::new(vec![forum, blog]);
    let span = Span::new(monday(), start()).expect("ordered");
    let basis = all.basis(span);
    let baseline = Baseline::learn(&all.heard(&basis, span), &[], basis, start());
    let raised = all.raised(&baseline, start().plus(6 * HOUR_MS), &super::super::window::Rules::default());
    assert_eq!(raised.iter().map(|r| (r.name.as_str(), r.count)).collect::<Vec<_>>(), [("Blog", 30)]);
}
