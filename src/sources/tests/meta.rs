//! Instagram and Threads: the law over living fakes of both.

use axum::response::Response;
use serde_json::{Value, json};

use super::law::Item;
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse};
use super::{MINUTE, NOW};
use crate::domain::source::SourceKind;
use crate::domain::time::HOUR_MS;

/// Ids of items; those of the account's own media and comments are smaller.
fn id_of(n: u64) -> String {
    (1000 + n).to_string()
}

/// The form of Meta's times: an offset without a colon.
fn time(e: &Entry) -> String {
    e.at.to_datetime().format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn bad(code: i64, subcode: i64) -> Response {
    refuse(400, json!({"error": {"message": "EAAB-s3cret", "type": "OAuthException", "code": code, "error_subcode": subcode}}))
}

/// One page of a list, by a cursor that is a number.
fn paged(call: &Call, all: &[Value]) -> Response {
    let (from, size) = (call.number("after").unwrap_or(0), 37);
    let page: Vec<&Value> = all.iter().skip(from).take(size).collect();
    let mut body = json!({"data": page});
    if from + size < all.len() {
        let after = (from + size).to_string();
        body["paging"] = json!({"cursors": {"before": "b", "after": after}, "next": format!("https://graph.example/x?access_token=EAAB-s3cret&after={after}")});
    }
    json(body)
}

/// Several known ids at once: one that is gone, or of the other sort, spoils the answer.
fn known(call: &Call, find: impl Fn(&str) -> Option<Value>) -> Response {
    let ids: Vec<&str> = call.get("ids").expect("ids").split(',').collect();
    let found: Option<serde_json::Map<String, Value>> = ids.iter().map(|id| Some(((*id).to_owned(), find(id)?))).collect();
    found.map_or_else(|| bad(803, 0), |found| json(Value::Object(found)))
}

/// Media that tag the account, comments on its own media, and replies to a comment that it made itself.
#[derive(Default)]
struct Instagram(Shelf);

impl Instagram {
    fn element(e: &Entry) -> Value {
        let id = id_of(e.n);
        match e.n % 3 {
            0 => {
                json!({"id": id, "caption": e.words, "timestamp": time(e), "username": "mo", "permalink": "https://www.instagram.com/p/x/"})
            }
            1 => json!({"id": id, "text": e.words, "timestamp": time(e), "username": "kim", "media": {"id": "91"}}),
            _ => json!({"id": id, "text": e.words, "timestamp": time(e), "username": "lee", "parent_id": "900"}),
        }
    }

    fn of(&self, sort: u64) -> Vec<Value> {
        self.0.newest().iter().filter(|e| e.n % 3 == sort).map(Self::element).collect()
    }

    /// A known element, if it has the fields that are asked for; else the code and subcode of the refusal.
    fn one(&self, id: &str, fields: &str) -> Result<Value, (i64, i64)> {
        let n = id.parse::<u64>().expect("a number") - 1000;
        let entry = self.0.get(n).filter(|e| !e.deleted).ok_or((100, 33))?;
        if (n % 3 == 0) == fields.contains("caption") { Ok(Self::element(&entry)) } else { Err((100, 0)) }
    }
}

impl Shelved for Instagram {
    const KIND: SourceKind = SourceKind::Instagram;
    const LATE_MS: i64 = 15 * MINUTE;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.bearer() != "s3cret" {
            return bad(190, 463);
        }
        let fields = call.get("fields").unwrap_or_default();
        match call.path.strip_prefix("/v26.0/").expect("a version") {
            "" => known(call, |id| self.one(id, fields).ok()),
            "55/media" => {
                let count = self.of(1).len() + self.of(2).len();
                let at = NOW.plus(-HOUR_MS).to_datetime().format("%Y-%m-%dT%H:%M:%S+0000").to_string();
                json(json!({"data": [{"id": "91", "caption": "Our day", "timestamp": at, "username": "acme", "comments_count": count}]}))
            }
            "55/tags" => paged(call, &self.of(0)),
            "91/comments" => {
                let at = NOW.plus(-HOUR_MS).to_datetime().format("%Y-%m-%dT%H:%M:%S+0000").to_string();
                let own =
                    json!({"id": "900", "text": "we are on it", "timestamp": at, "username": "acme", "replies": {"data": self.of(2)}});
                paged(call, &self.of(1).into_iter().chain([own]).collect::<Vec<_>>())
            }
            id => self.one(id, fields).map_or_else(|(code, subcode)| bad(code, subcode), json),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "user": "55", "username": "acme", "token": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        id_of(item.n)
    }
}

mod instagram {
    crate::sources::tests::law::law!(super::Instagram, edits);
}

/// Posts that mention the account, posts that the search finds, and some that are in both lists.
#[derive(Default)]
struct Threads(Shelf);

impl Threads {
    fn element(e: &Entry) -> Value {
        let id = id_of(e.n);
        json!({"id": id, "text": e.words, "timestamp": time(e), "username": "lee", "permalink": "https://www.threads.net/@lee/post/7", "is_reply": false})
    }

    fn of(&self, sort: u64) -> Vec<Value> {
        self.0.newest().iter().filter(|e| e.n % 5 == 0 || e.n % 2 == sort).map(Self::element).collect()
    }

    fn one(&self, id: &str) -> Option<Value> {
        self.0.get(id.parse::<u64>().expect("a number") - 1000).filter(|e| !e.deleted).map(|e| Self::element(&e))
    }
}

impl Shelved for Threads {
    const KIND: SourceKind = SourceKind::Threads;
    const LATE_MS: i64 = 15 * MINUTE;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.bearer() != "s3cret" {
            return bad(190, 463);
        }
        match call.path.strip_prefix("/v1.0/").expect("a version") {
            "" => known(call, |id| self.one(id)),
            "me/mentions" => paged(call, &self.of(0)),
            "keyword_search" => {
                assert_eq!((call.get("q"), call.get("search_type")), (Some("Acme Cloud"), Some("RECENT")));
                paged(call, &self.of(1))
            }
            id => self.one(id).map_or_else(|| bad(100, 33), json),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "username": "@acme", "token": {"env": "TOKEN"}, "search": true})
    }

    fn native_id(item: Item) -> String {
        id_of(item.n)
    }
}

mod threads {
    crate::sources::tests::law::law!(super::Threads, edits);
}
