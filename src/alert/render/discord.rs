//! Discord, webhooks: one embed an alert. `allowed_mentions` lets nobody be called, whatever the text says.
//!
//! Limits kept: 10 embeds, 256 characters a title, 4,096 a description, 25 fields of 256 and 1,024, 6,000 in all.

use serde_json::{Value, json};

use super::{colour, plain_markdown};
use crate::alert::sheet::{Part, Sheet, cut};

/// Of all titles, descriptions, fields and footers together; kept below the 6,000 that Discord allows.
const LIMIT: usize = 5_800;

/// The body of the request.
pub fn body(sheet: &Sheet) -> Value {
    let mut left = LIMIT;
    let mut embeds = Vec::new();
    for part in sheet.parts.iter().rev() {
        let embed = embed(part, sheet);
        let size = size(&embed);
        if size > left {
            break;
        }
        left -= size;
        embeds.insert(0, embed);
    }
    json!({
        // The name of the sender may not hold the word Discord; ours does not.
        "username": "Ebb",
        "content": "",
        "embeds": embeds,
        "allowed_mentions": { "parse": [] },
    })
}

fn embed(part: &Part, sheet: &Sheet) -> Value {
    let title = if sheet.several().is_empty() { sheet.headline() } else { part.title.clone() };
    let why: Vec<String> = part.why.iter().map(|w| plain_markdown(w)).collect();
    // An address in angle brackets is a link without a preview. Not `url`: Discord refuses hosts without a dot there.
    let link = format!("<{}>", part.link.replace(['<', '>', ' '], ""));
    let mut embed = json!({
        "title": short(&plain_markdown(&title), 256),
        "description": format!("{}\n{link}", short(&why.join("\n"), 3_000)),
        "color": colour(sheet.urgency),
        "timestamp": part.at.to_rfc3339(),
        "fields": part.facts.iter().map(|(n, v)| json!({
            "name": short(&plain_markdown(n), 256),
            "value": short(&plain_markdown(v), 1_024),
            "inline": true,
        })).collect::<Vec<_>>(),
    });
    if !sheet.note.is_empty() {
        embed["footer"] = json!({ "text": cut(&sheet.note, 500) });
    }
    embed
}

/// Cuts escaped text; a lone escape at the end is dropped.
fn short(text: &str, max: usize) -> String {
    let cut = cut(text, max);
    match cut.strip_suffix("\\…") {
        Some(rest) => format!("{rest}…"),
        None => cut,
    }
}

/// As Discord counts, from above: UTF-16 units.
fn size(embed: &Value) -> usize {
    let units = |v: &Value| v.as_str().map_or(0, |s| s.encode_utf16().count());
    let fields = embed["fields"].as_array().map_or(0, |f| f.iter().map(|f| units(&f["name"]) + units(&f["value"])).sum());
    units(&embed["title"]) + units(&embed["description"]) + units(&embed["footer"]["text"]) + fields
}
