//! JSON Feed, item by item, so that one strange item or a cut end does not lose the rest.

use serde_json::Value;
use url::Url;

use super::super::hackernews::short;
use super::super::html;
use super::parse::{Item, Parsed, stable_id};
use crate::domain::post::safe_link;
use crate::domain::time::Millis;

const MAX_ITEMS: usize = 5_000;

pub(super) fn parse(text: &str, base: &Url) -> Result<Parsed, String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) if e.is_eof() => {
            mend(text).and_then(|t| serde_json::from_str(&t).ok()).ok_or("it was cut off before its first item ended")?
        }
        Err(e) => return Err(format!("its JSON is {}", short(&e))),
    };
    let version = value.get("version").and_then(Value::as_str).unwrap_or_default();
    let items = value.get("items").and_then(Value::as_array).filter(|_| version.contains("jsonfeed.org"));
    let items = items.ok_or("it is JSON, but no JSON Feed: `version` or `items` is missing")?;
    let whole = author(&value);
    Ok(Parsed { items: items.iter().take(MAX_ITEMS).filter_map(|v| item(v, base, whole.as_ref())).collect(), ttl: None, comments: None })
}

fn item(value: &Value, base: &Url, whole: Option<&(String, Option<String>)>) -> Option<Item> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = |name: &str| Millis::parse_rfc3339(text(name));
    let id = match value.get("id") {
        Some(Value::Number(n)) => n.to_string(),
        _ => text("id").to_owned(),
    };
    let link = base.join(text("url")).ok().filter(|_| !text("url").is_empty()).and_then(|u| safe_link(u.as_str()));
    let title = html::to_text(text("title"));
    let bodies = [html::to_text(text("content_html")), html::tidy(text("content_text")), html::tidy(text("summary"))];
    let body = bodies.into_iter().find(|b| !b.is_empty()).unwrap_or_default();
    let at = time("date_published").or_else(|| time("date_modified"));
    let (author, author_url) = author(value).or_else(|| whole.cloned()).unwrap_or_default();
    let item = Item {
        id: stable_id(&id, link.as_deref(), &title, at.map(Millis::to_datetime)),
        link,
        edited: time("date_modified").filter(|m| at.is_some_and(|p| *m > p)),
        lang: value.get("language").and_then(Value::as_str).map(|l| l.chars().take(2).collect()),
        author,
        author_url,
        at,
        title,
        body,
        comments: None,
    };
    let empty = item.title.is_empty() && item.body.is_empty();
    (!empty).then_some(item)
}

fn author(value: &Value) -> Option<(String, Option<String>)> {
    let first = value.get("authors").and_then(|a| a.get(0)).or_else(|| value.get("author"))?;
    let name = html::tidy(first.get("name")?.as_str()?);
    Some((name, first.get("url").and_then(Value::as_str).and_then(safe_link)))
}

/// Closes a JSON text after the last whole element of a top-level list.
fn mend(text: &str) -> Option<String> {
    let (mut stack, mut in_string, mut escaped) = (Vec::new(), false, false);
    let mut whole = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => stack.push(byte),
            b'}' | b']' => {
                stack.pop();
                if stack == [b'{', b'['] {
                    whole = Some(at + 1);
                }
            }
            _ => {}
        }
    }
    Some(format!("{}]}}", text.get(..whole?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Item>, String> {
        parse(text, &Url::parse("https://blog.example/feed.json").expect("a url")).map(|p| p.items)
    }

    const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","authors":[{"name":"Kim"}],"items":[
        {"id":1,"url":"/a","title":"Down","content_html":"<p>again &amp; again</p>","date_published":"2026-11-19T08:15:30Z"},
        {"nothing":true}, "rubbish",
        {"id":"2","content_text":"3 < 4","date_published":"soon","author":{"name":"Mo","url":"https://mo.example/"}}]}"#;

    #[test]
    fn strange_items_do_not_spoil_the_others() {
        let items = read(FEED).expect("a feed");
        assert_eq!(items.len(), 2);
        assert_eq!((items[0].id.as_str(), items[0].body.as_str(), items[0].author.as_str()), ("1", "again & again", "Kim"));
        assert_eq!(items[0].link.as_deref(), Some("https://blog.example/a"));
        assert_eq!((items[1].body.as_str(), items[1].author.as_str(), items[1].at), ("3 < 4", "Mo", None));
    }

    #[test]
    fn a_cut_feed_gives_its_whole_items() {
        let cut = FEED.split_at(FEED.find("3 <").expect("inside")).0;
        assert_eq!(read(cut).expect("mended").len(), 1);
        assert_eq!(
            read(r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":"#).expect_err("cut"),
            "it was cut off before its first item ended"
        );
    }

    #[test]
    fn other_json_is_no_feed() {
        assert!(read("{\"items\":[]}").expect_err("no feed").contains("no JSON Feed"));
        assert!(read("{]").expect_err("broken").contains("broken"));
    }
}
