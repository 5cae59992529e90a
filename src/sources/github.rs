//! Issues, discussions and their comments on GitHub.
//!
//! Strangers' issues are found by the search, which looks into comments too but does not show them: so the
//! comments of what it finds are listed when there is a token (without one, 60 requests an hour are
//! allowed). Discussions are searched by GraphQL, which needs a token. Own repositories are listed whole.
//!
//! Everything is read by time of change, oldest first, and the next request begins at the last one's end:
//! so nothing slips past while it changes, and the search's limit of a thousand is never met.

mod found;

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::found::Shape;
use super::adapter::{Address, join, settings};
use super::http::{Answer, Ask, Sent};
use super::secret::{Secret, SecretRef, Secrets};
use super::walk::{Leaf, Lists, Next, Plan, Step};
use super::{Http, PollError, SettingsError, value};
use crate::domain::brand::BrandTerms;
use crate::domain::post::PostKey;
use crate::domain::source::{Recheck, SourceSpec};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

const PLATFORM: &str = "github";
const INSTANCE: &str = "github.com";
const VERSION: &str = "2022-11-28";
const PER_PAGE: usize = 100;
/// Discussions of one answer; each brings its last comments.
const DISCUSSIONS: usize = 50;
const DISCUSSION_FIELDS: &str = "id number title body url createdAt lastEditedAt updatedAt upvoteCount author{login __typename} repository{nameWithOwner} \
    comments(last:50){totalCount nodes{id body url createdAt lastEditedAt upvoteCount author{login __typename}}}";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The interface; another one for GitHub Enterprise.
    #[serde(default)]
    url: Option<Address>,
    /// Phrases to search; the brand's names unless given.
    #[serde(default)]
    queries: Vec<String>,
    /// Own repositories, such as `acme/sdk`, of which everything is read.
    #[serde(default)]
    repositories: Vec<String>,
    /// Where the token is kept.
    #[serde(default)]
    token: Option<SecretRef>,
    /// How far the first poll goes back.
    #[serde(default = "thirty")]
    backfill_days: u16,
}

const fn thirty() -> u16 {
    30
}

/// Reads GitHub.
#[derive(Debug)]
pub struct Github {
    base: Url,
    queries: Vec<String>,
    repositories: Vec<String>,
    token: Option<Secret>,
    backfill_ms: i64,
}

/// A place in a list by time of change: from this time on, this page.
struct From {
    since: String,
    page: u32,
}

impl Github {
    pub(super) fn new(spec: &SourceSpec, secrets: &Secrets, terms: &BrandTerms) -> Result<Self, SettingsError> {
        let given: Settings = settings(spec)?;
        let wrong = |what: &str| SettingsError::settings(&spec.name, what);
        if !given.repositories.iter().all(|name| is_repository(name)) {
            return Err(wrong("`repositories` are names such as \"acme/sdk\""));
        }
        let queries = if given.queries.is_empty() && !given.repositories.is_empty() {
            Vec::new()
        } else {
            super::adapter::queries(given.queries, terms, &spec.name)?
        };
        Ok(Self {
            base: super::adapter::base(given.url, "https://api.github.com", &spec.name)?,
            queries,
            repositories: given.repositories,
            token: given.token.as_ref().map(|at| secrets.read(&spec.name, at)).transpose()?,
            backfill_ms: i64::from(given.backfill_days) * DAY_MS,
        })
    }

    async fn ask(&self, http: &Http, url: Url, post: Option<Sent>) -> Result<Answer, PollError> {
        let headers = vec![("x-github-api-version", VERSION.to_owned())];
        let ask = Ask { token: self.token.as_ref(), accept: "application/vnd.github+json", headers, post, ..Ask::json(url, &self.base) };
        http.get(&ask).await
    }

    async fn get(&self, http: &Http, path: &str, query: &[(&str, &str)]) -> Result<Answer, PollError> {
        let answer = self.ask(http, join(&self.base, path, query), None).await?;
        throttled(&answer)?;
        Ok(answer)
    }

    async fn graphql(&self, http: &Http, query: &str, variables: &Value) -> Result<(Value, Answer), PollError> {
        let post = Some(Sent::json(&json!({"query": query, "variables": variables})));
        let answer = self.ask(http, join(&self.base, "/graphql", &[]), post).await?;
        throttled(&answer)?;
        let answer = answer.ok()?;
        let whole = value::parse(&answer)?;
        let error = value::text(&whole, "/errors/0/type");
        match error {
            // Not found are some of the asked-for nodes; the others are there.
            "" | "NOT_FOUND" => Ok((whole, answer)),
            "RATE_LIMITED" => Err(PollError::RateLimited { host: answer.host(), until: answer.not_before.unwrap_or_default() }),
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => {
                Err(PollError::Unauthorised { host: answer.host(), what: "the token does not allow this".to_owned() })
            }
            _ => Err(PollError::unavailable(&answer.host(), "it cannot answer this query now")),
        }
    }

    async fn search(&self, step: Step<'_>, query: &str) -> Result<Leaf, PollError> {
        let from = From::of(step);
        let words = format!("\"{query}\" in:title,body,comments is:issue updated:>={}", from.since);
        let page = from.page.to_string();
        let answer = self
            .get(step.http, "/search/issues", &[("q", &words), ("sort", "updated"), ("order", "asc"), ("per_page", "100"), ("page", &page)])
            .await?
            .ok()?;
        let whole = value::parse(&answer)?;
        if value::says(&whole, "/incomplete_results") {
            return Err(PollError::unavailable(&answer.host(), "its search did not come to an end in time"));
        }
        let list = value::list(&whole, "/items", &answer)?;
        let mut leaf = leaf(list, (&answer, Shape::Issue), &from, step)?;
        let commented = list.iter().filter(|item| value::count(item, "/comments") > 0).filter_map(found::issue_name);
        leaf.lists = commented.filter(|_| self.token.is_some()).map(|name| format!("comments {name}")).collect();
        Ok(leaf)
    }

    async fn listed(&self, step: Step<'_>, path: &str, shape: Shape) -> Result<Leaf, PollError> {
        let from = From::of(step);
        let page = from.page.to_string();
        let query = [
            ("since", from.since.as_str()),
            ("state", "all"),
            ("sort", "updated"),
            ("direction", "asc"),
            ("per_page", "100"),
            ("page", &page),
        ];
        let answer = self.get(step.http, path, &query).await?;
        // A repository that is gone, or an issue of it, has nothing to say.
        if shape == Shape::Comment && matches!(answer.status, 404 | 410) {
            return Ok(Leaf::default());
        }
        let answer = answer.ok()?;
        let whole = value::parse(&answer)?;
        let list = value::list(&whole, "", &answer)?;
        leaf(list, (&answer, shape), &from, step)
    }

    async fn discussions(&self, step: Step<'_>, query: &str) -> Result<Leaf, PollError> {
        let (since, after) =
            step.at.token().and_then(|t| t.split_once(' ')).map_or((None, None), |(since, after)| (Some(since), Some(after)));
        let since = since.map_or_else(|| From::of(step).since, str::to_owned);
        let words = format!("\"{query}\" updated:>={since} sort:updated-asc");
        let ask = format!(
            "query($q:String!,$after:String){{search(type:DISCUSSION,query:$q,first:{DISCUSSIONS},after:$after)\
             {{nodes{{...on Discussion{{{DISCUSSION_FIELDS}}}}}pageInfo{{hasNextPage endCursor}}}}}}"
        );
        let after = after.filter(|after| !after.is_empty());
        let (whole, answer) = self.graphql(step.http, &ask, &json!({"q": words, "after": after})).await?;
        let list = value::list(&whole, "/data/search/nodes", &answer)?;
        let posts = value::entries(list, &answer, |node| Some(found::discussion(node, step.now)).filter(|posts| !posts.is_empty()))?;
        let more = value::says(&whole, "/data/search/pageInfo/hasNextPage");
        let cursor = value::id(&whole, "/data/search/pageInfo/endCursor");
        let next = match (From { since, page: 1 }).next(list, "/updatedAt", if more { 0 } else { usize::MAX }) {
            // The same second goes on: only the cursor leads further.
            Next::Token(token) => match (token.strip_suffix(" 1"), token.split_once(' '), cursor) {
                (Some(since), ..) => Next::Token(format!("{since} ")),
                (None, Some((since, _)), Some(cursor)) => Next::Token(format!("{since} {cursor}")),
                _ => Next::End,
            },
            end => end,
        };
        Ok(Leaf { posts: posts.into_iter().flatten().collect(), next, not_before: answer.not_before, ..Leaf::default() })
    }

    /// Reads known ones again: one request each, discussions all at once.
    pub(super) async fn recheck(&self, http: &Http, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let mut out = Recheck::default();
        let ours = keys.iter().filter(|k| k.platform() == PLATFORM);
        let (nodes, others): (Vec<&PostKey>, Vec<&PostKey>) = ours.partition(|k| found::node_id(k).is_some());
        for key in others {
            let Some((path, shape)) = found::place(key.native_id()) else { continue };
            let answer = self.get(http, &path, &[]).await?;
            match answer.status {
                404 => out.missing.push(key.clone()),
                410 => out.gone.push(key.clone()),
                _ => {
                    let answer = answer.ok()?;
                    out.present.extend(shape.post(&value::parse(&answer)?, now).filter(|post| post.key == *key));
                }
            }
        }
        if self.token.is_some() && !nodes.is_empty() {
            let ids: Vec<&str> = nodes.iter().filter_map(|k| found::node_id(k)).collect();
            let comment = "id body url createdAt lastEditedAt upvoteCount author{login __typename}";
            let ask = format!(
                "query($ids:[ID!]!){{nodes(ids:$ids){{...on Discussion{{{DISCUSSION_FIELDS}}}...on DiscussionComment{{{comment}}}}}}}"
            );
            let (whole, answer) = self.graphql(http, &ask, &json!({"ids": ids})).await?;
            let list = value::list(&whole, "/data/nodes", &answer)?;
            let posts: Vec<_> = list.iter().flat_map(|node| found::discussion(node, now)).collect();
            for key in nodes {
                match posts.iter().find(|post| post.key == *key) {
                    Some(post) => out.present.push(post.clone()),
                    None => out.missing.push(key.clone()),
                }
            }
        }
        Ok(out)
    }
}

fn leaf(list: &[Value], (answer, shape): (&Answer, Shape), from: &From, step: Step<'_>) -> Result<Leaf, PollError> {
    let posts = value::entries(list, answer, |item| shape.post(item, step.now))?;
    Ok(Leaf { posts, next: from.next(list, "/updated_at", PER_PAGE), not_before: answer.not_before, ..Leaf::default() })
}

impl Lists for Github {
    type Memo = ();

    fn plan(&self) -> Plan {
        // The search learns of changes late.
        Plan { backfill_ms: Some(self.backfill_ms), overlap_ms: HOUR_MS, deep: None, max_pages: 1_000 }
    }

    fn lists(&self) -> Vec<String> {
        let kinds: &[&str] = if self.token.is_some() { &["issues", "discussions"] } else { &["issues"] };
        let searched = self.queries.iter().flat_map(|query| kinds.iter().map(move |kind| format!("{kind} {query}")));
        let listed = self.repositories.iter().flat_map(|name| [format!("repository {name}"), format!("replies {name}")]);
        searched.chain(listed).collect()
    }

    async fn page(&self, step: Step<'_>, _memo: &mut ()) -> Result<Leaf, PollError> {
        let Some((kind, what)) = step.list.split_once(' ') else { return Ok(Leaf::default()) };
        match kind {
            "issues" => self.search(step, what).await,
            "discussions" => self.discussions(step, what).await,
            "repository" if is_repository(what) => self.listed(step, &format!("/repos/{what}/issues"), Shape::Issue).await,
            "replies" if is_repository(what) => self.listed(step, &format!("/repos/{what}/issues/comments"), Shape::Comment).await,
            "comments" => match found::place(what) {
                Some((path, Shape::Issue)) => self.listed(step, &format!("{path}/comments"), Shape::Comment).await,
                _ => Ok(Leaf::default()),
            },
            _ => Ok(Leaf::default()),
        }
    }
}

impl From {
    fn of(step: Step<'_>) -> Self {
        let given = step.at.token().and_then(|t| t.split_once(' ')).and_then(|(since, page)| Some((since.to_owned(), page.parse().ok()?)));
        let (since, page) = given.unwrap_or_else(|| (step.after.to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string(), 1));
        Self { since, page }
    }

    /// Where to go on: at the last change met, or on the next page of the same second.
    fn next(&self, list: &[Value], changed: &str, full: usize) -> Next {
        let newest = list.iter().filter_map(|item| value::time(item, changed)).max();
        let newest = newest.map(|at| at.to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string()).filter(|newest| *newest > self.since);
        match (list.len() >= full, newest) {
            (false, _) => Next::End,
            (true, Some(since)) => Next::Token(format!("{since} 1")),
            (true, None) => Next::Token(format!("{} {}", self.since, self.page.saturating_add(1))),
        }
    }
}

/// GitHub says "too many" with 403 too; then it says until when.
fn throttled(answer: &Answer) -> Result<(), PollError> {
    match (answer.status, answer.not_before) {
        (403, Some(until)) => Err(PollError::RateLimited { host: answer.host(), until }),
        _ => Ok(()),
    }
}

/// `owner/name`, safe as a part of a path.
fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    name.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_repositories_become_paths() {
        assert!(is_repository("acme/sdk.js") && is_repository("a-b/c_d"));
        for name in ["acme", "acme/", "/x", "a/b/c", "a/..", "a b/c", "a/b?c"] {
            assert!(!is_repository(name), "{name}");
        }
    }

    #[test]
    fn the_next_page_begins_at_the_last_change() {
        let from = From { since: "2026-11-19T08:00:00Z".to_owned(), page: 2 };
        let list = [json!({"updated_at": "2026-11-19T08:00:00Z"}), json!({"updated_at": "2026-11-19T09:00:00Z"})];
        assert_eq!(from.next(&list, "/updated_at", 2), Next::Token("2026-11-19T09:00:00Z 1".to_owned()));
        assert_eq!(from.next(&list[..1], "/updated_at", 1), Next::Token("2026-11-19T08:00:00Z 3".to_owned()));
        assert_eq!(from.next(&list, "/updated_at", 3), Next::End);
    }
}
