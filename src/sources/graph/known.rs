//! Re-reading known posts and comments by their ids.

use serde_json::Value;

use super::super::adapter::join;
use super::super::lenient;
use super::super::{Http, PollError};
use super::{BATCH, Context, Found, Graph};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::Recheck;
use crate::domain::time::Millis;

impl Graph {
    /// One request for all; when one of them is gone the platform refuses all, and each is asked for.
    pub(in crate::sources) async fn recheck(
        &self,
        http: &Http,
        keys: &[PostKey],
        (platform, now): (&str, Millis),
    ) -> Result<Recheck, PollError> {
        let good = |k: &&PostKey| k.platform() == platform && k.native_id().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let keys: Vec<&PostKey> = keys.iter().filter(good).take(BATCH).collect();
        let mut out = Recheck::default();
        if keys.is_empty() {
            return Ok(out);
        }
        let ids = keys.iter().map(|k| k.native_id()).collect::<Vec<_>>().join(",");
        let fields = self.dialect.known.first().copied().unwrap_or("id");
        let url = join(&self.base, "/", &[("ids", ids.as_str()), ("fields", fields)]);
        match self.get(http, url, now).await {
            Ok(answer) => {
                let body = lenient::json(&answer)?;
                for key in keys {
                    self.sort(key, body.get(key.native_id()), &mut out, now);
                }
                Ok(out)
            }
            Err(PollError::NotFound { .. } | PollError::Refused { .. }) => self.one_by_one(http, &keys, now).await,
            Err(error) => Err(error),
        }
    }

    async fn one_by_one(&self, http: &Http, keys: &[&PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        for key in keys {
            for fields in self.dialect.known {
                let url = join(&self.base, &format!("/{}", key.native_id()), &[("fields", fields)]);
                match self.get(http, url, now).await {
                    Ok(answer) => self.sort(key, Some(&lenient::json(&answer)?), &mut out, now),
                    // It may be hidden from us only: a second miss decides.
                    Err(PollError::NotFound { .. }) => out.missing.push((*key).clone()),
                    // It is of the other sort, which has other fields.
                    Err(PollError::Refused { .. }) => continue,
                    Err(error) => return Err(error),
                }
                break;
            }
        }
        Ok(out)
    }

    fn sort(&self, key: &PostKey, found: Option<&Value>, out: &mut Recheck, now: Millis) {
        let Some(element) = found else {
            out.missing.push(key.clone());
            return;
        };
        let post: Option<Post> = match (self.dialect.read)(element, Context { own: &self.own, under: None, now }) {
            Found::Mention(post) => Some(*post),
            Found::Own(_) | Found::Nothing => None,
        };
        out.present.extend(post.filter(|post| post.key == *key));
    }
}
