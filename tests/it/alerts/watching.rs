//! What is worth an alert, noticed in a real store, and how it is grouped.

use ebb::alert::Worker;
use ebb::domain::alert::{AlertKind, Message, Phase, Urgency};
use ebb::domain::ids::IncidentId;
use ebb::domain::incident::{IncidentKind, IncidentSeverity, UpdateKind};
use ebb::domain::proposal::Signal;
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis};
use ebb::domain::verdict::{Assessment, Reason, Verdict};
use ebb::store::{FlagProposal, NewIncident};

use super::fakes::{Hook, MailServer};
use super::{Office, SIGNING};
use crate::store::desk::{NOON, around, post_at};

const SECRETS: [(&str, &str); 1] = [("SIGNING", SIGNING)];
const MINUTE: i64 = 60_000;

struct Watched {
    office: Office,
    worker: Worker,
    _hook: Hook,
}

impl Watched {
    /// An office whose worker has looked once, so that what follows is news.
    async fn new(more: &str) -> Self {
        let hook = Hook::start(&[]).await;
        let mut office = Office::with(&format!("kind = \"webhook\"\nurl = \"{}\"\ntoken = {{ env = \"SIGNING\" }}", hook.url)).await;
        office.config.push_str(more);
        let mut worker = office.worker("one", &SECRETS);
        worker.tick().await.expect("a round");
        Self { office, worker, _hook: hook }
    }

    async fn incident(&self, kind: IncidentKind) -> IncidentId {
        let new = NewIncident {
            brand: self.office.desk.brand,
            title: "Sign-in fails".to_owned(),
            kind,
            severity: IncidentSeverity::Major,
            commander: String::new(),
            war_room: None,
            started_at: self.office.clock.now(),
        };
        self.office.store().create_incident(&new, self.office.clock.now()).await.expect("an incident")
    }

    async fn judge(&self, incident: IncidentId, verdict: Verdict) {
        let now = self.office.clock.now();
        self.office.store().save_assessment(incident, &assessment(now, verdict), now).await.expect("kept");
    }

    async fn tick(&mut self) -> ebb::alert::worker::Round {
        self.worker.tick().await.expect("a round")
    }

    async fn messages(&self) -> Vec<Message> {
        let mut all = self.office.store().messages(None, None, 100).await.expect("messages");
        all.reverse();
        all
    }

    async fn close(self) {
        self.office.close().await;
    }
}

fn assessment(at: Millis, verdict: Verdict) -> Assessment {
    Assessment {
        at,
        verdict,
        unhappy_per_hour: 9.4,
        expected_per_hour: 2.1,
        upper_limit: 5.0,
        calm_limit: 3.5,
        window: around(),
        coverage: 0.9,
        calm_since: None,
        held_ms: 0,
        hold_ms: 3 * DAY_MS,
        reasons: vec![Reason::new("above", "Unhappy authors are 4.5 times normal", true)],
    }
}

#[tokio::test]
async fn a_change_of_the_verdict_is_told_once_with_its_reasons_and_a_relapse_loudest() {
    let mut w = Watched::new("").await;
    let incident = w.incident(IncidentKind::Service).await;
    for verdict in [Verdict::Elevated, Verdict::Easing, Verdict::Holding, Verdict::Relapsed, Verdict::Recovered] {
        w.office.clock.advance(20 * MINUTE);
        w.judge(incident, verdict).await;
        w.tick().await;
        assert_eq!(w.tick().await.noticed, 0, "noticed twice, told once");
    }
    // Another process, or this one after a crash, notices the same.
    assert_eq!(w.office.worker("other", &SECRETS).tick().await.expect("a round").noticed, 0);
    let told: Vec<_> = w.messages().await.into_iter().flat_map(|m| m.alerts).collect();
    let kinds: Vec<_> = told.iter().map(|a| (a.kind, a.urgency, a.phase)).collect();
    assert_eq!(
        kinds,
        [
            (AlertKind::Verdict, Urgency::Info, Phase::Raised),
            (AlertKind::Verdict, Urgency::Info, Phase::Raised),
            (AlertKind::Relapse, Urgency::Critical, Phase::Raised),
            (AlertKind::Verdict, Urgency::Info, Phase::Ended),
        ]
    );
    assert_eq!(told[0].title, "Sign-in fails: elevated → easing");
    assert_eq!(told[0].why, ["Unhappy authors are 4.5 times normal."]);
    assert_eq!(told[0].path, format!("/incidents/{incident}"));
    w.close().await;
}

#[tokio::test]
async fn within_the_cool_down_alerts_on_one_subject_go_out_together() {
    let mut w = Watched::new("[[route]]\nchannels = [\"there\"]\ngroup = \"1m\"\ncool_down = \"30m\"\n").await;
    let incident = w.incident(IncidentKind::Service).await;
    let mut sent = 0;
    for minute in 0..45 {
        w.office.clock.advance(MINUTE);
        let verdicts = [Verdict::Elevated, Verdict::Easing];
        w.judge(incident, verdicts[usize::try_from(minute % 2).expect("0 or 1")]).await;
        sent += w.tick().await.sent;
    }
    let messages = w.messages().await;
    assert_eq!(sent, 2, "one at once, one after the cool-down: {messages:#?}");
    assert!(messages[1].alerts.len() > 25 && messages[1].title().starts_with(&format!("{} alerts", messages[1].alerts.len())));
    let all: usize = messages.iter().map(|m| m.alerts.len()).sum();
    assert_eq!(all, 44, "nothing is left out");
    w.close().await;
}

#[tokio::test]
async fn service_and_security_go_to_different_people_and_what_no_route_takes_is_counted() {
    let mut w = Watched::new("[[route]]\nname = \"security\"\nchannels = [\"there\"]\nincidents = [\"security\"]\n").await;
    let (service, security) = (w.incident(IncidentKind::Service).await, w.incident(IncidentKind::Security).await);
    for verdict in [Verdict::Elevated, Verdict::Easing] {
        w.office.clock.advance(MINUTE);
        w.judge(service, verdict).await;
        w.judge(security, verdict).await;
    }
    assert_eq!(w.tick().await.noticed, 2);
    let messages = w.messages().await;
    assert_eq!(
        messages.iter().map(|m| (m.route.as_str(), m.alerts[0].incident.map(|i| i.id))).collect::<Vec<_>>(),
        [("security", Some(security))]
    );
    assert_eq!(w.office.store().outbox_counts().await.expect("counts").untold, 1);
    w.close().await;
}

#[tokio::test]
async fn silence_while_concern_is_raised_is_told_and_told_again() {
    let mut w = Watched::new("[alert]\nsilence = \"4h\"\n[[route]]\nchannels = [\"there\"]\nkinds = [\"silence\"]\n").await;
    let incident = w.incident(IncidentKind::Service).await;
    w.judge(incident, Verdict::Elevated).await;
    w.office.clock.advance(4 * HOUR_MS - 1);
    w.tick().await;
    assert_eq!(w.messages().await.len(), 0);
    w.office.clock.advance(1);
    w.tick().await;
    assert_eq!(w.messages().await[0].title(), "Sign-in fails: no update from us for 4 h");
    w.office.clock.advance(MINUTE);
    assert_eq!(w.tick().await.sent, 1);
    w.office.clock.advance(4 * HOUR_MS - MINUTE);
    w.tick().await;
    assert_eq!(w.messages().await.len(), 2, "and again");
    w.office.store().add_update(incident, w.office.clock.now(), UpdateKind::Statement, "We are on it.", None, NOON).await.expect("said");
    w.office.clock.advance(3 * HOUR_MS);
    w.tick().await;
    w.judge(incident, Verdict::Recovered).await;
    w.office.clock.advance(30 * HOUR_MS);
    w.tick().await;
    assert_eq!(w.messages().await.len(), 2, "calm needs no words");
    w.close().await;
}

#[tokio::test]
async fn somebody_whom_many_read_is_told_of_at_once_and_others_when_they_wait_for_long() {
    let mut w = Watched::new("[alert]\nreach = 10\noverdue = \"8h\"\n").await;
    w.office.clock.advance(HOUR_MS);
    let at = w.office.clock.now();
    w.office.desk.keep(vec![post_at("1", "zelda", "- lost it all", at)]).await;
    let worst = w.office.desk.mention("1").await;
    let flag = FlagProposal {
        author: worst.author.id,
        reason: "wrote 1 very negative mention".to_owned(),
        priority: 0.7,
        worst_severity: 0.9,
        worst: worst.id,
        very_negative: 1,
        latest_at: at,
    };
    w.office.store().save_flag(w.office.desk.brand, &flag, at).await.expect("flagged");
    w.tick().await;
    let first = w.messages().await.remove(0);
    assert_eq!((first.alerts[0].kind, first.urgency()), (AlertKind::Reach, Urgency::Critical));
    let told = format!("{first:?}");
    assert!(!told.contains("zelda") && !told.contains("lost it all"), "no name and no text leaves the house: {told}");
    w.office.clock.advance(8 * HOUR_MS);
    w.tick().await;
    let kinds: Vec<_> = w.messages().await.iter().map(|m| m.alerts[0].kind).collect();
    assert!(kinds.contains(&AlertKind::Overdue), "{kinds:?}");
    w.close().await;
}

#[tokio::test]
async fn a_source_that_falls_silent_is_told_of_once_per_silence() {
    let mut w = Watched::new("[[route]]\nchannels = [\"there\"]\nkinds = [\"source_silent\"]\n").await;
    w.office.desk.keep(Vec::new()).await;
    w.office.clock.advance(HOUR_MS + 1);
    w.tick().await;
    w.office.clock.advance(5 * HOUR_MS);
    w.tick().await;
    let messages = w.messages().await;
    assert_eq!(messages.iter().map(Message::title).collect::<Vec<_>>(), ["Source silent: town"]);
    w.close().await;
}

#[tokio::test]
async fn concern_that_stands_out_is_told_until_a_person_answers() {
    let mut w = Watched::new("").await;
    w.office.clock.advance(MINUTE);
    let now = w.office.clock.now();
    let signal = Signal { at: now, began: now.plus(-HOUR_MS), window: around(), unhappy: 41, expected: 2.5, chance: 1e-6 };
    w.office.store().propose(w.office.desk.brand, &signal, now).await.expect("an answer").expect("a proposal");
    assert_eq!(w.tick().await.noticed, 1);
    assert_eq!(w.tick().await.noticed, 0);
    let told = w.messages().await.remove(0).alerts.remove(0);
    assert_eq!((told.kind, told.urgency), (AlertKind::Proposed, Urgency::Critical));
    assert_eq!(told.why[0], "41 unhappy authors where 2.5 are expected.");
    w.close().await;
}

#[tokio::test]
async fn history_from_before_the_first_start_is_no_news() {
    let hook = Hook::start(&[]).await;
    let office = Office::with(&format!("kind = \"webhook\"\nurl = \"{}\"\ntoken = {{ env = \"SIGNING\" }}", hook.url)).await;
    let new = NewIncident {
        brand: office.desk.brand,
        title: "Old".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Minor,
        commander: String::new(),
        war_room: None,
        started_at: NOON,
    };
    let id = office.store().create_incident(&new, NOON).await.expect("an incident");
    for (n, verdict) in [(1, Verdict::Elevated), (2, Verdict::Recovered)] {
        office.store().save_assessment(id, &assessment(NOON.plus(n), verdict), NOON).await.expect("kept");
    }
    office.clock.advance(HOUR_MS / 2);
    assert_eq!(office.worker("one", &SECRETS).tick().await.expect("a round").noticed, 0);
    office.close().await;
}

#[tokio::test]
async fn a_summary_comes_at_its_time_while_an_incident_is_open_and_only_then() {
    let mut server = MailServer::start(&[]).await;
    let mail = format!(
        "kind = \"email\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"ebb@acme.example\"\nto = [\"pr@acme.example\"]",
        server.port
    );
    let mut office = Office::with(&mail).await;
    office.config.push_str(
        "\n[[route]]\nchannels = [\"there\"]\nkinds = [\"relapse\"]\n[[schedule]]\nwhen = \"15:00\"\nutc_offset = \"+01:00\"\nchannel = \"there\"\nto = [\"Board <board@acme.example>\"]\n",
    );
    let mut worker = office.worker("one", &[]);
    assert_eq!(worker.tick().await.expect("a round").noticed, 0);
    let new = NewIncident {
        brand: office.desk.brand,
        title: "Sign-in fails".to_owned(),
        kind: IncidentKind::Service,
        severity: IncidentSeverity::Major,
        commander: String::new(),
        war_room: None,
        started_at: NOON,
    };
    let id = office.store().create_incident(&new, NOON).await.expect("an incident");
    office.store().save_assessment(id, &assessment(NOON, Verdict::Elevated), NOON).await.expect("kept");
    office.clock.advance(2 * HOUR_MS - 1);
    assert_eq!(worker.tick().await.expect("a round").sent, 0);
    office.clock.advance(1);
    assert_eq!(worker.tick().await.expect("a round").sent, 1, "14:00 UTC is 15:00 there");
    assert_eq!(worker.tick().await.expect("a round").sent, 0, "once");
    let letter = server.next().await;
    assert!(letter.to.len() == 1 && letter.to[0].contains("board@acme.example"), "{:?}", letter.to);
    for expected in
        ["Sign-in fails: elevated", "4.5 times normal", "Mentions since the last summary", "https://ebb.acme.example/incidents/"]
    {
        assert!(letter.data.replace("=\n", "").contains(expected), "{expected}: {}", letter.data);
    }
    assert!(letter.data.contains("application/pdf") && letter.data.contains("JVBERi0"), "the report is attached: {}", letter.data);
    let mut incident = office.store().incident(id).await.expect("an incident");
    incident.closed_at = Some(office.clock.now());
    office.store().update_incident(&incident, office.clock.now()).await.expect("closed");
    office.clock.advance(DAY_MS);
    assert_eq!(worker.tick().await.expect("a round").sent, 0, "nothing is open");
    office.close().await;
}
