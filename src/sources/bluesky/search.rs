//! The search, which answers accounts only.
//!
//! It is no exact one: some servers compare letters only, or forget the time. So words and time are looked
//! at again here. Its cursors live for one chain.

use serde_json::{Value, json};

use super::super::adapter::join;
use super::super::http::{Answer, Ask, Sent};
use super::super::secret::Secret;
use super::super::walk::{Leaf, Lists, Next, Plan, Step};
use super::super::{Http, PollError, value};
use super::{Bluesky, Login, view};
use crate::domain::time::{HOUR_MS, Millis};

/// A session is good for about two hours; what is asked with an older one is refused, and a new one made.
const SESSION_MS: i64 = HOUR_MS;

impl Login {
    async fn enter(&self, http: &Http, now: Millis) -> Result<(Secret, Millis), PollError> {
        let url = join(&self.base, "/xrpc/com.atproto.server.createSession", &[]);
        let post = Some(Sent::json(&json!({"identifier": self.identifier, "password": self.password.expose()})));
        let answer = http.get(&Ask { post, ..Ask::json(url, &self.base) }).await?;
        let host = answer.host();
        if matches!(answer.status, 400 | 401) {
            let what = "it does not accept the account; check `login.identifier` and the app password".to_owned();
            return Err(PollError::Unauthorised { host, what });
        }
        let answer = answer.ok()?;
        let token = Secret::of(value::text(&value::parse(&answer)?, "/accessJwt"));
        token.map(|token| (token, now.plus(SESSION_MS))).ok_or_else(|| PollError::malformed(&host, "its login gives no token"))
    }
}

impl Bluesky {
    async fn ask(&self, login: &Login, step: Step<'_>, query: &[(&str, &str)]) -> Result<Answer, PollError> {
        let who = format!("bluesky {} {}", login.base, login.identifier);
        let mut refused: Option<Secret> = None;
        loop {
            let enter = login.enter(step.http, step.now);
            let token = step.http.sessions.token(&who, (refused.as_ref(), step.now), enter).await?;
            let url = join(&login.base, "/xrpc/app.bsky.feed.searchPosts", query);
            let answer = step.http.get(&Ask { token: Some(&token), ..Ask::json(url, &login.base) }).await?;
            let error = value::parse(&answer).map(|v| value::text(&v, "/error").to_owned()).unwrap_or_default();
            let ended = answer.status == 401 || (answer.status == 400 && matches!(error.as_str(), "ExpiredToken" | "InvalidToken"));
            if !ended || refused.is_some() {
                return answer.ok();
            }
            refused = Some(token);
        }
    }
}

impl Lists for Bluesky {
    type Memo = ();

    fn plan(&self) -> Plan {
        // The search learns of posts late.
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: HOUR_MS / 2, deep: None, max_pages: 2_000 }
    }

    fn lists(&self) -> Vec<String> {
        self.queries.clone()
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let Some(login) = &self.login else { return Ok(Leaf::default()) };
        let (phrase, since) = (format!("\"{}\"", step.list), step.after.to_rfc3339());
        let mut query = vec![("q", phrase.as_str()), ("sort", "latest"), ("since", &since), ("limit", "100")];
        query.extend(step.at.token().map(|token| ("cursor", token)));
        let answer = self.ask(login, step, &query).await?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "/posts", &answer)?;
        let posts = value::entries(list, &answer, |one: &Value| view::view(one, step.now))?;
        let bottom = posts.iter().map(|p| p.created_at).max();
        let cursor = value::id(&whole, "/cursor").filter(|_| !list.is_empty());
        Ok(Leaf {
            posts: posts.into_iter().filter(|p| p.created_at >= step.after && self.means(p)).collect(),
            next: cursor.map_or(Next::End, Next::Token),
            bottom,
            not_before: answer.not_before,
            ..Leaf::default()
        })
    }
}
