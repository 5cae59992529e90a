//! Microsoft Teams, a workflow "when a webhook request is received": a message with one Adaptive Card. Text stands in
//! `TextRun`s, which know no Markdown; nobody is called, since the card names no entities.
//!
//! Limit kept: 28 KB a message.

use serde_json::{Value, json};

use crate::alert::sheet::{Part, Sheet};
use crate::domain::alert::Urgency;

/// Teams refuses more, bytes of JSON.
const LIMIT: usize = 28 * 1024;

/// The body of the request.
pub fn body(sheet: &Sheet) -> Value {
    let mut shown = sheet.clone();
    loop {
        let value = message(&shown);
        if value.to_string().len() <= LIMIT || shown.parts.len() <= 1 {
            return value;
        }
        shown.parts.remove(0);
        "Not all is shown here.".clone_into(&mut shown.note);
    }
}

fn message(sheet: &Sheet) -> Value {
    let mut body = vec![text(&sheet.headline(), json!({ "size": "large", "weight": "bolder", "color": colour(sheet.urgency) }))];
    for part in &sheet.parts {
        body.extend(lines(part, sheet));
    }
    if !sheet.note.is_empty() {
        body.push(text(&sheet.note, json!({ "isSubtle": true, "size": "small" })));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": [{ "type": "Action.OpenUrl", "title": "Open in Ebb", "url": sheet.link() }],
                "msteams": { "width": "Full" },
            },
        }],
    })
}

fn lines(part: &Part, sheet: &Sheet) -> Vec<Value> {
    let mut out = Vec::new();
    if !sheet.several().is_empty() {
        out.push(text(&part.title, json!({ "weight": "bolder" })));
    }
    out.extend(part.why.iter().map(|w| text(w, json!({}))));
    out.extend(part.facts.iter().map(|(n, v)| text(&format!("{n}: {v}"), json!({ "isSubtle": true }))));
    out
}

fn text(text: &str, mut run: Value) -> Value {
    run["type"] = json!("TextRun");
    run["text"] = json!(text);
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

const fn colour(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Critical => "attention",
        Urgency::Warning => "warning",
        Urgency::Info => "default",
    }
}
