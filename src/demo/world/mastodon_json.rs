//! Mastodon's JSON shapes and its HTML.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::shelf::{Item, Seen, Snapshot};
use super::site::Site;
use super::web::esc;
use crate::demo::story::Person;
use crate::domain::time::Millis;

/// Answers and boosts of all statuses at one moment.
#[derive(Debug, Default)]
pub(super) struct Counts {
    replies: HashMap<u64, u32>,
    boosts: HashMap<u64, u32>,
}

impl Counts {
    /// Counts them once, for a whole page.
    pub(super) fn of(snapshot: &Snapshot<'_>) -> Self {
        let mut counts = Self::default();
        for seen in snapshot.iter() {
            for (table, id) in [(&mut counts.replies, seen.item.reply_to), (&mut counts.boosts, seen.item.boost_of)] {
                if let Some(id) = id {
                    *table.entry(id).or_default() += 1;
                }
            }
        }
        counts
    }
}

/// The page of a status.
pub(super) fn status_url(site: &Site, item: &Item) -> String {
    format!("{}/@{}/{}", site.base, item.author.handle, item.id)
}

/// A status as the API gives it; boosts hold the other status inside.
pub(super) fn status(site: &Site, (snapshot, counts): (&Snapshot<'_>, &Counts), seen: &Seen<'_>) -> Value {
    let item = seen.item;
    // One level only: nobody boosts a boost.
    let inner = item.boost_of.and_then(|id| snapshot.get(id)).filter(|of| of.item.boost_of.is_none());
    let original = inner.map(|of| status(site, (snapshot, counts), &of));
    let answered = item.reply_to.and_then(|id| snapshot.get(id)).map(|of| of.item.author.handle.clone());
    let found_tags: Vec<_> = tags(seen.text)
        .map(|tag| json!({"name": tag.to_lowercase(), "url": format!("{}/tags/{}", site.base, tag.to_lowercase())}))
        .collect();
    json!({
        "id": item.id.to_string(), "uri": format!("{}/users/{}/statuses/{}", site.base, item.author.handle, item.id),
        "url": status_url(site, item), "created_at": item.created_at.to_rfc3339(), "edited_at": seen.edited_at.map(Millis::to_rfc3339),
        "visibility": item.visibility.as_str(), "language": item.lang, "sensitive": false, "spoiler_text": "",
        "in_reply_to_id": item.reply_to.map(|id| id.to_string()), "in_reply_to_account_id": answered.map(|handle| account_id(&handle)),
        "content": content(site, seen.text), "account": account(site, &item.author), "replies_count": counts.replies.get(&item.id).unwrap_or(&0), "reblogs_count": counts.boosts.get(&item.id).unwrap_or(&0),
        // Nobody counts stars in the story; a number that follows the id looks alive and stays the same.
        "favourites_count": (item.id >> 16) % 7, "quotes_count": 0, "mentions": [], "tags": found_tags, "media_attachments": [], "emojis": [],
        "reblog": original
    })
}

fn account(site: &Site, person: &Person) -> Value {
    json!({
        "id": account_id(&person.handle), "username": person.handle, "acct": person.handle, "display_name": person.name,
        "url": format!("{}/@{}", site.base, person.handle), "followers_count": person.followers, "following_count": person.followers / 2,
        "bot": person.bot, "indexable": true, "locked": false, "created_at": "2022-11-06T00:00:00.000Z", "note": ""
    })
}

/// A stable number for an account.
fn account_id(handle: &str) -> String {
    let number = handle.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)) % 1_000_000_007);
    format!("10{number:010}")
}

/// The tags of a text, without `#`.
pub(super) fn tags(text: &str) -> impl Iterator<Item = &str> {
    words(text)
        .filter_map(|word| word.strip_prefix('#'))
        .map(|tag| tag.trim_end_matches(|c: char| !c.is_alphanumeric()))
        .filter(|tag| !tag.is_empty())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == '(' || c == ')').filter(|word| !word.is_empty())
}

/// Plain text as Mastodon writes it: paragraphs, and spans around mentions and hashtags.
fn content(site: &Site, text: &str) -> String {
    let paragraph = |p: &str| {
        let lines: Vec<_> =
            p.split('\n').map(|line| line.split(' ').map(|word| linked(site, word)).collect::<Vec<_>>().join(" ")).collect();
        format!("<p>{}</p>", lines.join("<br />"))
    };
    if text.is_empty() { String::new() } else { text.split("\n\n").map(paragraph).collect() }
}

fn linked(site: &Site, word: &str) -> String {
    let name_end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let base = &site.base;
    if let Some(rest) = word.strip_prefix('#').filter(|rest| name_end(rest) > 0) {
        let (tag, tail) = rest.split_at(name_end(rest));
        let href = format!("{base}/tags/{}", tag.to_lowercase());
        return format!("<a href=\"{href}\" class=\"mention hashtag\" rel=\"tag\">#<span>{tag}</span></a>{}", esc(tail));
    }
    if let Some(rest) = word.strip_prefix('@').filter(|rest| name_end(rest) > 0) {
        let (name, tail) = rest.split_at(name_end(rest));
        return format!(
            "<span class=\"h-card\" translate=\"no\"><a href=\"{base}/@{name}\" class=\"u-url mention\">@<span>{name}</span></a></span>{}",
            esc(tail)
        );
    }
    esc(word)
}
