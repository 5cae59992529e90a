//! Mattermost, incoming webhooks: one attachment an alert. Markdown is escaped, and `@` is kept apart from what follows, so
//! that `@channel` in a title calls nobody.
//!
//! Limit kept: 16,383 characters a post; Mattermost splits longer ones, or refuses them.

use serde_json::{Value, json};

use super::{colour, plain_markdown};
use crate::alert::sheet::{Part, Sheet};

const LIMIT: usize = 16_000;

/// The body of the request.
pub fn body(sheet: &Sheet) -> Value {
    let mut left = LIMIT;
    let mut attachments = Vec::new();
    for part in sheet.parts.iter().rev() {
        let attachment = attachment(part, sheet);
        let size = attachment.to_string().chars().count();
        if size > left {
            break;
        }
        left -= size;
        attachments.insert(0, attachment);
    }
    json!({ "username": "Ebb", "text": plain_markdown(&sheet.note), "attachments": attachments })
}

fn attachment(part: &Part, sheet: &Sheet) -> Value {
    let title = if sheet.several().is_empty() { sheet.headline() } else { part.title.clone() };
    let why: Vec<String> = part.why.iter().map(|w| plain_markdown(w)).collect();
    json!({
        "fallback": plain_markdown(&title),
        "color": format!("#{:06x}", colour(sheet.urgency)),
        "title": plain_markdown(&title),
        "title_link": part.link,
        "text": why.join("\n"),
        "fields": part.facts.iter().map(|(n, v)| json!({
            "short": true,
            "title": plain_markdown(n),
            "value": plain_markdown(v),
        })).collect::<Vec<_>>(),
    })
}
