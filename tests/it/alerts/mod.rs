//! Alerts from the store to living fakes of the services that take them.

mod channels;
mod fakes;
mod kill;
mod outbox;
mod watching;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ebb::alert::{Doors, Plan, Sender, Worker};
use ebb::app::{AlertPlan, Postman, Reports};
use ebb::clock::Clock;
use ebb::config::Config;
use ebb::domain::alert::{About, Alert, AlertKind, Fact, Phase, Urgency};
use ebb::domain::ids::IncidentId;
use ebb::domain::incident::{IncidentKind, IncidentSeverity};
use ebb::domain::route::Route;
use ebb::sources::{HttpOptions, Secrets};
use ebb::store::{Posting, Store};

use crate::store::contract::Database;
use crate::store::desk::{Desk, NOON};

/// A key of Standard Webhooks, made for these tests.
const SIGNING: &str = "whsec_dGhpcyBpcyBhIGtleSBvZiAzMiBieXRlcyBsb25nISE=";

/// A store, a clock that stands still, and a worker with one channel.
struct Office {
    db: Database,
    desk: Desk,
    clock: Clock,
    config: String,
}

impl Office {
    /// `channel` is the text of a `[[channel]]`, without its name.
    async fn with(channel: &str) -> Self {
        let db = Database::sqlite().await;
        let desk = Desk::new(&db.store).await;
        let config = format!(
            "[web]\npublic_url = \"https://ebb.acme.example/\"\n[[brand]]\nname = \"Acme Cloud\"\n[[channel]]\nname = \"there\"\n{channel}\n"
        );
        Self { db, desk, clock: Clock::manual(NOON), config }
    }

    fn store(&self) -> &Store {
        &self.db.store
    }

    fn plan(&self, secrets: &[(&str, &str)]) -> Plan {
        let config = Config::parse(&self.config, "test", std::iter::empty()).expect("a configuration");
        let secrets: HashMap<String, String> = secrets.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        AlertPlan::from(&config).resolve(&Secrets::fixed(secrets)).expect("channels")
    }

    fn worker(&self, name: &str, secrets: &[(&str, &str)]) -> Worker {
        // Long enough that a busy machine does not look like a service that stalls.
        let options = HttpOptions { deadline: Duration::from_secs(3), ..HttpOptions::default() };
        let outlet = Arc::new(Postman::new(self.clock.clone(), &options).expect("a client"));
        let sender = Sender { name: name.to_owned(), seed: 7 };
        let public_url = "https://ebb.acme.example".to_owned();
        let reporter = Arc::new(Reports { store: self.store().clone(), settings: ebb::assess::Settings::default(), public_url });
        let doors = Doors { outlet, reporter: Some(reporter) };
        Worker::new(self.store().clone(), self.clock.clone(), self.plan(secrets), doors, sender)
    }

    /// Keeps alerts for the channel; a minute later their message is due.
    async fn tell(&self, alerts: &[Alert]) {
        let route = Route::all(vec!["there".to_owned()]);
        for alert in alerts {
            let posting = Posting { route: &route, channel: "there" };
            assert!(self.store().record_alert(alert, &[posting], self.clock.now()).await.expect("kept"));
        }
        self.clock.advance(60_000);
    }

    async fn close(self) {
        self.db.drop_it().await;
    }
}

/// Text that each service would take for markup, or for a call to everybody.
const HOSTILE: &str = "<!channel> @everyone **b** [x](https://evil.example) <at>all</at> `c` \u{202e}abc";

fn alert(key: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        subject: "incident:9".to_owned(),
        kind: AlertKind::Verdict,
        urgency: Urgency::Warning,
        phase: Phase::Raised,
        brand: None,
        brand_name: "Acme Cloud".to_owned(),
        incident: Some(About { id: IncidentId::new(9), kind: IncidentKind::Service, severity: IncidentSeverity::Major }),
        lang: None,
        at: NOON,
        title: format!("Sign-in fails {HOSTILE}: calm → elevated"),
        why: vec![format!("Unhappy authors are 4.5 times normal {HOSTILE}."), "x".repeat(5_000)],
        facts: vec![Fact::new("Unhappy authors an hour", "9.4"), Fact::new("Expected an hour", "2.1")],
        path: "/incidents/9".to_owned(),
        to: Vec::new(),
    }
}
