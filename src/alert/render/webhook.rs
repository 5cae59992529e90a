//! A webhook of one's own: every field of every alert as JSON. The body of a message is the same at each attempt, and so is
//! its `webhook-id`; time and signature are those of the attempt.

use serde_json::{Value, json};

use crate::alert::target::SigningKey;
use crate::domain::alert::Message;
use crate::domain::time::Millis;

/// The body: `type`, `timestamp` and `data`, as Standard Webhooks recommends.
pub fn body(message: &Message, base: &str) -> Value {
    let base = base.trim_end_matches('/');
    let alerts: Vec<Value> = message
        .alerts
        .iter()
        .map(|a| {
            json!({
                "key": a.key,
                "subject": a.subject,
                "kind": a.kind.as_str(),
                "urgency": a.urgency.as_str(),
                "phase": a.phase.as_str(),
                "brand": a.brand_name,
                "incident": a.incident.map(|i| json!({
                    "id": i.id.to_string(),
                    "kind": i.kind.as_str(),
                    "severity": i.severity.as_str(),
                })),
                "lang": a.lang,
                "at": a.at.to_rfc3339(),
                "title": a.title,
                "why": a.why,
                "facts": a.facts.iter().map(|f| json!({ "name": f.name, "value": f.value })).collect::<Vec<_>>(),
                "url": format!("{base}{}", a.path),
            })
        })
        .collect();
    let kind = message.alerts.first().map_or("test", |a| a.kind.as_str());
    json!({
        "type": format!("ebb.alert.{kind}"),
        "timestamp": message.created_at.to_rfc3339(),
        "data": { "message": message.name(), "subject": message.subject(), "alerts": alerts },
    })
}

/// The headers of one attempt.
pub fn headers(message: &Message, key: &SigningKey, body: &str, now: Millis) -> Vec<(&'static str, String)> {
    let (id, at_s) = (message.name(), now.get().div_euclid(1000));
    let signature = key.sign(&id, at_s, body);
    vec![("webhook-id", id), ("webhook-timestamp", at_s.to_string()), ("webhook-signature", signature)]
}
