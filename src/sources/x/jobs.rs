//! Compliance jobs: X says which of many known posts are deleted, protected or suspended, and takes no money for it.
//!
//! A job is made, the ids are put where it says, and hours later its result names those that must go. Only one can run for an app at
//! a time. A job is remembered in this process alone: its posts stay due until its result is kept, so that one that was lost with the
//! process, or failed, is made again. Jobs are for apps: a person's token is refused. Then a few posts are read again at their price.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use url::Url;

use super::super::adapter::join;
use super::super::http::{Answer, Ask, Sent, host_of};
use super::super::lenient::{self, at, text};
use super::super::{Http, PollError};
use super::api::refusal;
use super::{BATCH, PER_PAGE, X, page_size};
use crate::domain::post::PostKey;
use crate::domain::source::{Bulk, Recheck};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// Posts can be edited for an hour, and are often deleted on their first day: until then they are read again. What a job that found all
/// of them deleted answers is below the most that is read of one answer.
const BULK: Bulk = Bulk { older_than_ms: DAY_MS, batch: 40_000 };
/// Between the beginnings of two jobs, unless more posts are due than one takes: so that posts gather.
const APART_MS: i64 = 6 * HOUR_MS;
/// Between two looks at a job that is running.
const LOOK_MS: i64 = 5 * 60_000;
/// After a job that could not be made, or failed.
const AGAIN_MS: i64 = HOUR_MS / 2;
/// A job that runs for longer is given up.
const LONGEST_MS: i64 = 10 * HOUR_MS;

/// What the sources of this process have running, by source.
#[derive(Debug, Default)]
pub(in crate::sources) struct Jobs(Mutex<HashMap<String, Standing>>);

#[derive(Debug, Clone)]
enum Standing {
    Running(Job),
    /// None before this time.
    Resting(Millis),
}

/// A job whose ids were handed over.
#[derive(Debug, Clone)]
struct Job {
    id: String,
    posts: Arc<Vec<PostKey>>,
    begun: Millis,
    looked: Millis,
}

impl Jobs {
    fn of(&self, source: &str) -> Option<Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned()
    }

    fn set(&self, source: &str, standing: Standing) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), standing);
    }
}

impl X {
    /// No posts are wanted while a job is running, or was a short while ago.
    pub(in crate::sources) fn bulk(&self, http: &Http, now: Millis) -> Bulk {
        match http.jobs.of(&self.source) {
            Some(Standing::Running(_)) => Bulk { batch: 0, ..BULK },
            Some(Standing::Resting(until)) if now < until => Bulk { batch: 0, ..BULK },
            _ => BULK,
        }
    }

    /// Makes a job for the posts that are due, or looks whether the one that is running has ended.
    pub(in crate::sources) async fn check_in_bulk(&self, http: &Http, due: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        match http.jobs.of(&self.source) {
            Some(Standing::Running(job)) if now.since(job.looked) < LOOK_MS => Ok(Recheck::default()),
            Some(Standing::Running(job)) => self.look(http, job, now).await,
            Some(Standing::Resting(until)) if now < until => Ok(Recheck::default()),
            _ if due.is_empty() => Ok(Recheck::default()),
            _ => self.begin(http, due, now).await,
        }
    }

    async fn begin(&self, http: &Http, due: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        http.jobs.set(&self.source, Standing::Resting(now.plus(AGAIN_MS)));
        let made = match self.job(http, "/2/compliance/jobs", Some(json!({"type": "tweets", "name": "ebb"})), now).await {
            Err(PollError::Unauthorised { .. } | PollError::NotFound { .. }) => {
                tracing::warn!(
                    source.name = self.source,
                    "X makes no compliance jobs for this token; the bearer token of an app may have them"
                );
                http.jobs.set(&self.source, Standing::Resting(now.plus(APART_MS)));
                return self.read_some(http, due, now).await;
            }
            made => made?,
        };
        let (id, place) = (text(&made, &["id"]).to_owned(), self.place(&made, "upload_url")?);
        if id.is_empty() || id.len() > 20 || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.strange("a compliance job without a number"));
        }
        let posts: Vec<PostKey> = due.iter().take(BULK.batch).cloned().collect();
        let ids: Vec<&str> = posts.iter().filter(|key| is_ours(key)).map(PostKey::native_id).collect();
        let ask = Ask { post: Some(Sent::upload(ids.join("\n"))), accept: "*/*", ..Ask::json(place, &self.base) };
        http.get(&ask).await?.ok()?;
        http.jobs.set(&self.source, Standing::Running(Job { id, posts: Arc::new(posts), begun: now, looked: now }));
        Ok(Recheck::default())
    }

    async fn look(&self, http: &Http, job: Job, now: Millis) -> Result<Recheck, PollError> {
        let failed = |what: &str| {
            http.jobs.set(&self.source, Standing::Resting(now.plus(AGAIN_MS)));
            Err(PollError::unavailable(&host_of(&self.base), what))
        };
        if now.since(job.begun) > LONGEST_MS {
            return failed("its compliance job does not come to an end");
        }
        http.jobs.set(&self.source, Standing::Running(Job { looked: now, ..job.clone() }));
        let told = self.job(http, &format!("/2/compliance/jobs/{}", job.id), None, now).await?;
        match text(&told, &["status"]) {
            "complete" => {}
            "failed" | "expired" => return failed("its compliance job failed"),
            _ => return Ok(Recheck::default()),
        }
        let place = self.place(&told, "download_url")?;
        let answer = http.get(&Ask { accept: "*/*", ..Ask::json(place, &self.base) }).await?.ok()?;
        let deleted = deleted(&answer)?;
        let more = job.posts.len() >= BULK.batch;
        http.jobs.set(&self.source, Standing::Resting(if more { now } else { job.begun.plus(APART_MS) }));
        let (gone, checked) = job.posts.iter().cloned().partition(|key| deleted.contains(key.native_id()));
        Ok(Recheck { gone, checked, ..Recheck::default() })
    }

    /// The job in an answer of X.
    async fn job(&self, http: &Http, path: &str, made: Option<Value>, now: Millis) -> Result<Value, PollError> {
        let post = made.as_ref().map(Sent::json);
        let ask = Ask { post, ..Ask::json(join(&self.base, path, &[]), &self.base) };
        let answer = self.credential.get(http, ask, now).await?;
        if let Some((_, error)) = refusal(&answer, now) {
            return Err(error);
        }
        let body = lenient::json(&answer)?;
        at(&body, &["data"]).cloned().ok_or_else(|| self.strange("no compliance job"))
    }

    /// An address that X gives for one job. It is signed, so it needs no token, and is as secret as one.
    fn place(&self, job: &Value, name: &str) -> Result<Url, PollError> {
        Url::parse(text(job, &[name])).map_err(|_| self.strange("a compliance job without an address"))
    }

    /// A few posts, where no job can be had and as far as the money goes.
    async fn read_some(&self, http: &Http, due: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        let thrift = *self.thrift.lock().unwrap_or_else(PoisonError::into_inner);
        if page_size(thrift, self.prices.0) != Some(PER_PAGE) {
            return Ok(Recheck::default());
        }
        self.recheck(http, due.get(..BATCH).unwrap_or(due), now).await
    }

    fn strange(&self, what: &str) -> PollError {
        PollError::malformed(&host_of(&self.base), format!("it answers with {what}"))
    }
}

/// Whether a key names a post that X can be asked about.
pub(super) fn is_ours(key: &PostKey) -> bool {
    key.platform() == super::PLATFORM && key.native_id().bytes().all(|b| b.is_ascii_digit())
}

/// The ids that must go, of a result with one JSON object a line. Places scrubbed off a post are not: none is kept.
fn deleted(answer: &Answer) -> Result<HashSet<String>, PollError> {
    let body = String::from_utf8_lossy(&answer.body);
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let read: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if read.len() < lines.len() {
        // Cut off, or a page of somebody else: another look will tell.
        return Err(PollError::malformed(&answer.host(), "its compliance result is not made of JSON lines"));
    }
    let must_go = read.iter().filter(|line| text(line, &["action"]) == "delete");
    Ok(must_go.filter_map(|line| lenient::id(line, &["id"])).collect())
}
