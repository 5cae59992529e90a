//! `PagerDuty` (Events API v2) and `Opsgenie` (Alert API): what is on the same subject joins one alert there, and what is over
//! closes it.
//!
//! Limits kept. `PagerDuty`: summary 1,024 characters, `dedup_key` 255. `Opsgenie`: message 130, alias 512, description
//! 15,000, details 8,000 together, tags 20 of 50.

use serde_json::{Map, Value, json};
use url::Url;

use crate::alert::sheet::{Sheet, cut};
use crate::domain::alert::{Phase, Urgency};
use crate::domain::secret::Secret;

/// The body for `PagerDuty`.
pub fn pagerduty(sheet: &Sheet, key: &Secret) -> Value {
    let action = match sheet.phase {
        Phase::Raised => "trigger",
        Phase::Ended => "resolve",
    };
    json!({
        "routing_key": key.expose(),
        "event_action": action,
        "dedup_key": cut(&sheet.subject, 255),
        "client": "Ebb",
        "client_url": sheet.link(),
        "links": sheet.parts.iter().map(|p| json!({ "href": p.link, "text": p.title })).collect::<Vec<_>>(),
        "payload": {
            "summary": cut(&sheet.headline(), 1_024),
            "source": if sheet.brand.is_empty() { "Ebb" } else { &sheet.brand },
            "severity": match sheet.urgency {
                Urgency::Critical => "critical",
                Urgency::Warning => "warning",
                Urgency::Info => "info",
            },
            "timestamp": sheet.at.to_rfc3339(),
            "component": "sentiment",
            "class": sheet.kind,
            "custom_details": details(sheet),
        },
    })
}

fn details(sheet: &Sheet) -> Value {
    let alerts: Vec<Value> = sheet
        .parts
        .iter()
        .map(|p| {
            let facts: Map<String, Value> = p.facts.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
            json!({ "what": p.title, "why": p.why, "numbers": facts })
        })
        .collect();
    json!({ "message": sheet.name, "note": sheet.note, "alerts": alerts })
}

/// Address and body for `Opsgenie`: creating an alert, or closing the one with that alias.
pub fn opsgenie(sheet: &Sheet, api: &Url) -> (Url, Value) {
    let alias = cut(&sheet.subject, 512);
    let text = sheet.parts.iter().flat_map(|p| std::iter::once(p.title.clone()).chain(p.why.iter().cloned())).collect::<Vec<_>>();
    if sheet.phase == Phase::Ended {
        let mut url = api.clone();
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().push(&alias).push("close");
        }
        url.query_pairs_mut().append_pair("identifierType", "alias");
        return (url, json!({ "source": "Ebb", "note": cut(&text.join("\n"), 15_000) }));
    }
    let mut facts = Map::new();
    let mut left = 7_500_usize;
    for (name, value) in sheet.parts.iter().flat_map(|p| &p.facts) {
        let size = name.chars().count() + value.chars().count();
        if size <= left && facts.insert(name.clone(), json!(value)).is_none() {
            left -= size;
        }
    }
    facts.insert("message".to_owned(), json!(sheet.name));
    let description = format!("{}\n{}\n{}", text.join("\n"), sheet.note, sheet.link());
    let body = json!({
        "message": cut(&sheet.headline(), 130),
        "alias": alias,
        "description": cut(&description, 15_000),
        "details": facts,
        "entity": cut(&sheet.brand, 512),
        "source": "Ebb",
        "tags": ["ebb", sheet.kind],
        "priority": match sheet.urgency {
            Urgency::Critical => "P1",
            Urgency::Warning => "P3",
            Urgency::Info => "P5",
        },
    });
    (api.clone(), body)
}
