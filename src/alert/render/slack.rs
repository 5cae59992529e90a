//! Slack, incoming webhooks: Block Kit. What people wrote stands in `plain_text` objects, which know no markup and no
//! mentions; only our own link is `mrkdwn`.
//!
//! Limits kept: 50 blocks, 150 characters a header, 3,000 a section, 10 fields of 2,000.

use serde_json::{Value, json};

use crate::alert::sheet::{Part, Sheet, cut};

/// The body of the request.
pub fn body(sheet: &Sheet) -> Value {
    let mut blocks = vec![json!({ "type": "header", "text": plain(&sheet.headline(), 150) })];
    for part in &sheet.parts {
        blocks.extend(blocks_of(part, sheet));
    }
    if !sheet.note.is_empty() {
        blocks.push(json!({ "type": "context", "elements": [plain(&sheet.note, 2_000)] }));
    }
    json!({
        // For notifications; without markup, and with & < > escaped it calls nobody.
        "text": escaped(&sheet.headline()),
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

fn blocks_of(part: &Part, sheet: &Sheet) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut text = part.why.join("\n");
    if !sheet.several().is_empty() {
        text = format!("{}\n{text}", part.title);
    }
    if !text.trim().is_empty() {
        blocks.push(json!({ "type": "section", "text": plain(&text, 3_000) }));
    }
    if !part.facts.is_empty() {
        let fields: Vec<Value> = part.facts.iter().take(10).map(|(n, v)| plain(&format!("{n}\n{v}"), 2_000)).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let link = format!("<{}|Open in Ebb>", escaped(&part.link).replace('|', "%7C"));
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": link, "verbatim": true }] }));
    blocks
}

fn plain(text: &str, max: usize) -> Value {
    json!({ "type": "plain_text", "text": cut(text, max), "emoji": false })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
