//! Re-reading known statuses.
//!
//! A mention's id is the `uri` of its status, but servers are asked by their own ids. The last segment
//! of a `uri` is the id at the server where the post was written, so:
//! - posts of the configured server are asked there by that id;
//! - other posts are looked up there by `uri`, when there is a token (servers search for users only);
//! - without one, and when that does not find it, the home server is asked, guarded as every address from outside, and only where the
//!   `uri` has the form that Mastodon gives it, so that a server of another kind is not taken for a
//!   Mastodon that lost the post. A home server that does not answer leaves its posts unjudged.

use url::Url;

use super::super::http::{Answer, Ask, host_of};
use super::super::{Http, PollError, adapter};
use super::api::{self, Status};
use super::{Mastodon, PLATFORM};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::Recheck;
use crate::domain::time::Millis;

enum Found {
    Present(Box<Post>),
    Missing,
    Gone,
    Unjudged,
}

impl Mastodon {
    pub(in crate::sources) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        for key in keys.iter().filter(|k| k.platform() == PLATFORM) {
            match self.recheck_one(http, key, now).await? {
                Found::Present(post) => out.present.push(*post),
                Found::Missing => out.missing.push(key.clone()),
                Found::Gone => out.gone.push(key.clone()),
                Found::Unjudged => {}
            }
        }
        Ok(out)
    }

    async fn recheck_one(&self, http: &Http, key: &PostKey, now: Millis) -> Result<Found, PollError> {
        let own = key.instance() == host_of(&self.base);
        let uri = Url::parse(key.native_id()).ok();
        let id = uri.as_ref().map_or(Some(key.native_id()), last_segment).filter(|id| is_id(id));
        match (own, &uri) {
            (true, _) => match id {
                Some(id) => self.at_home(http, key, id, now).await,
                None => Ok(Found::Unjudged),
            },
            (false, Some(uri)) => {
                let found = if self.token.is_some() { self.by_uri(http, key, now).await? } else { Found::Unjudged };
                match (found, id.filter(|id| has_mastodon_form(uri, id))) {
                    (Found::Unjudged, Some(id)) => Ok(self.abroad(http, key, (uri, id), now).await),
                    (found, _) => Ok(found),
                }
            }
            (false, None) => Ok(Found::Unjudged),
        }
    }

    async fn at_home(&self, http: &Http, key: &PostKey, id: &str, now: Millis) -> Result<Found, PollError> {
        let url = adapter::join(&self.base, &format!("/api/v1/statuses/{id}"), &[]);
        let answer = http.get(&Ask { token: self.token.as_ref(), ..Ask::json(url, &self.base) }).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(absent(&answer));
        }
        let answer = answer.ok()?;
        Ok(present(&answer, key, &host_of(&self.base), now))
    }

    async fn by_uri(&self, http: &Http, key: &PostKey, now: Millis) -> Result<Found, PollError> {
        let query = [("q", key.native_id()), ("type", "statuses"), ("resolve", "false"), ("limit", "1")];
        let url = adapter::join(&self.base, "/api/v2/search", &query);
        let answer = http.get(&Ask { token: self.token.as_ref(), ..Ask::json(url, &self.base) }).await?.ok()?;
        let read = api::statuses(&answer, true)?;
        let own = host_of(&self.base);
        let found = read.items.iter().filter_map(|s| s.to_post(&own, now)).find(|p| p.key == *key);
        // Not finding is no proof: a server that does not know the post any more may never have been told why. Its home knows.
        Ok(found.map_or(Found::Unjudged, |post| Found::Present(Box::new(post))))
    }

    async fn abroad(&self, http: &Http, key: &PostKey, (uri, id): (&Url, &str), now: Millis) -> Found {
        let mut base = uri.clone();
        base.set_path("/");
        base.set_query(None);
        let url = adapter::join(&base, &format!("/api/v1/statuses/{id}"), &[]);
        // The configured server is home, so that this address is guarded.
        match http.get(&Ask::json(url, &self.base)).await {
            Ok(answer) if matches!(answer.status, 404 | 410) => absent(&answer),
            Ok(answer) if answer.status == 200 => present(&answer, key, key.instance(), now),
            _ => Found::Unjudged,
        }
    }
}

/// A 404 says that the post is deleted or hidden, if the API says it: a page of a proxy says nothing.
fn absent(answer: &Answer) -> Found {
    let by_api = serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|v| v.get("error").is_some());
    match answer.status {
        _ if !by_api => Found::Unjudged,
        410 => Found::Gone,
        _ => Found::Missing,
    }
}

fn present(answer: &Answer, key: &PostKey, own: &str, now: Millis) -> Found {
    let status: Option<Status> = serde_json::from_slice(&answer.body).ok().and_then(|v| api::status(&v));
    let Some(status) = status else { return Found::Unjudged };
    match status.to_post(own, now) {
        Some(post) if post.key == *key => Found::Present(Box::new(post)),
        Some(_) => Found::Unjudged,
        // No longer public.
        None => Found::Missing,
    }
}

fn last_segment(uri: &Url) -> Option<&str> {
    uri.path_segments()?.rfind(|s| !s.is_empty())
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `/users/NAME/statuses/ID`, or `/ap/users/NUMBER/statuses/ID` of newer versions.
fn has_mastodon_form(uri: &Url, id: &str) -> bool {
    let segments: Vec<&str> = uri.path_segments().map(Iterator::collect).unwrap_or_default();
    let form = matches!(segments.as_slice(), ["users", _, "statuses", _] | ["ap", "users", _, "statuses", _]);
    form && id.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_mastodons_form_are_asked_at_their_home() {
        let form = |uri: &str| {
            let uri = Url::parse(uri).expect("a url");
            last_segment(&uri).is_some_and(|id| is_id(id) && has_mastodon_form(&uri, id))
        };
        assert!(form("https://ruby.example/users/mo/statuses/1155"));
        assert!(form("https://ruby.example/ap/users/1/statuses/1155"));
        for other in [
            "https://x.example/notes/9abc",
            "https://x.example/objects/5-6",
            "https://x.example/users/mo/statuses/..",
            "https://x.example/",
        ] {
            assert!(!form(other), "{other}");
        }
    }
}
