//! The queue of mentions that wait for a model, scores, and corrections by people.

use std::collections::{BTreeMap, BTreeSet};

use super::bulk::{self, values};
use super::error::Attempts;
use super::row::{Cells, clean, clean_to};
use super::{Backend, Result, Store, StoreError, Touch, rollup};
use crate::domain::ids::MentionId;
use crate::domain::sentiment::{Label, Sentiment};
use crate::domain::time::Millis;

/// A text to score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoringTask {
    /// Its mention.
    pub mention: MentionId,
    /// Plain text.
    pub text: String,
    /// Detected or claimed language.
    pub lang: Option<String>,
}

/// A text that workers gave back this often is left alone, unscored, with its last error.
const MOST_FAILURES: i64 = 5;
/// So is one whose worker vanished each time: it may be what kills them.
const MOST_ATTEMPTS: i64 = 50;

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "
update scoring set
    lease_until = $1,
    leased_by = $2,
    attempts = attempts + 1
where mention_id in (
    select
        mention_id
    from scoring
    where lease_until <= $3
        and failures < $4
        and attempts < $5
    order by
        created_at desc,
        mention_id desc
    limit $6",
            $lock,
            "
)
returning mention_id"
        )
    };
}

const CLAIM_SQLITE: &str = claim!("");
const CLAIM_POSTGRES: &str = claim!("\n    for update skip locked");

const TEXTS: (&str, &str) = (
    "
select
    m.id,
    m.text,
    m.lang
from (values ",
    ") as k
cross join mentions m
where m.id = k.column1
order by
    m.created_at desc,
    m.id desc",
);

const STILL_HELD: (&str, &str) = (
    "
select
    q.mention_id
from (values ",
    ") as k
cross join scoring q
where q.mention_id = k.column1
    and q.leased_by = k.column2",
);

const SAVE: (&str, &str) = (
    "
insert into scores (
    mention_id,
    model,
    label,
    negative,
    neutral,
    positive,
    severity,
    lang,
    scored_at
)
values ",
    "
on conflict (mention_id) do update set
    model = excluded.model,
    label = excluded.label,
    negative = excluded.negative,
    neutral = excluded.neutral,
    positive = excluded.positive,
    severity = excluded.severity,
    lang = excluded.lang,
    scored_at = excluded.scored_at",
);

const DEQUEUE: (&str, &str) = (
    "
delete from scoring
where mention_id in (values ",
    ")",
);

const FAIL: &str = "
update scoring set
    lease_until = 0,
    leased_by = '',
    failures = failures + 1,
    last_error = $3
where mention_id = $1
    and leased_by = $2";

const BACKLOG: &str = "
select
    count(*) as waiting
from scoring
where failures < $1
    and attempts < $2";

const LIVE: &str = "
select
    id
from mentions
where id = $1
    and deleted_at is null";

const CORRECT: &str = "
insert into corrections (
    mention_id,
    label,
    corrected_at
)
values ($1, $2, $3)
on conflict (mention_id) do update set
    label = excluded.label,
    corrected_at = excluded.corrected_at";

const UNCORRECT: &str = "
delete from corrections
where mention_id = $1";

impl Store {
    /// Takes up to `limit` waiting mentions, newest first, for `lease_ms`.
    pub async fn claim_scoring(&self, worker: &str, limit: i64, now: Millis, lease_ms: i64) -> Result<Vec<ScoringTask>> {
        let mut tx = self.begin(Touch::Rows).await?;
        let sql = match self.backend {
            Backend::Sqlite => CLAIM_SQLITE,
            Backend::Postgres => CLAIM_POSTGRES,
        };
        let claimed = sqlx::query(sql)
            .bind(now.plus(lease_ms).get())
            .bind(worker)
            .bind(now.get())
            .bind(MOST_FAILURES)
            .bind(MOST_ATTEMPTS)
            .bind(limit.max(0))
            .fetch_all(&mut *tx)
            .await?;
        let ids = claimed.iter().map(|row| row.int("mention_id")).collect::<Result<Vec<_>>>()?;
        let rows = bulk::fetch(&mut tx, TEXTS, bulk::ids(ids)).await?;
        tx.commit().await?;
        rows.iter()
            .map(|row| Ok(ScoringTask { mention: MentionId::new(row.int("id")?), text: row.text("text")?, lang: row.maybe_text("lang")? }))
            .collect()
    }

    /// Keeps the scores whose lease `worker` still holds, with the counts; returns how many those were.
    pub async fn save_scores(&self, worker: &str, scores: &[(MentionId, Sentiment)], now: Millis) -> Result<u64> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_scores(worker, scores, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_scores(&self, worker: &str, scores: &[(MentionId, Sentiment)], now: Millis) -> Result<u64> {
        let scores: BTreeMap<i64, &Sentiment> = scores.iter().map(|(id, s)| (id.get(), s)).collect();
        let mut tx = self.begin(Touch::Mentions).await?;
        let asked = scores.keys().map(|&id| values![id, worker]).collect();
        let rows = bulk::fetch(&mut tx, STILL_HELD, asked).await?;
        let held = rows.iter().map(|row| row.int("mention_id")).collect::<Result<BTreeSet<_>>>()?;
        let rows = scores.iter().filter(|(id, _)| held.contains(id)).map(|(&id, s)| score_row(id, s, now)).collect();
        bulk::execute(&mut tx, SAVE, rows).await?;
        let removed = bulk::execute(&mut tx, DEQUEUE, bulk::ids(held.iter().copied())).await?;
        rollup::recount(&mut tx, &held).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Gives one mention back with the reason. After the fifth time it is left alone: unscored, and counted as such.
    pub async fn fail_scoring(&self, worker: &str, mention: MentionId, reason: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let reason = format!("{now}: {}", clean_to(reason, 1_000));
        sqlx::query(FAIL).bind(mention.get()).bind(worker).bind(reason).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Mentions that wait for a score, leased ones too; those that were given up are not among them.
    pub async fn scoring_backlog(&self) -> Result<i64> {
        let row = sqlx::query(BACKLOG).bind(MOST_FAILURES).bind(MOST_ATTEMPTS).fetch_one(&self.readers).await?;
        row.int("waiting")
    }

    /// Whether any mention waits for a score.
    pub async fn has_backlog(&self) -> Result<bool> {
        Ok(self.scoring_backlog().await? > 0)
    }

    /// A person says what a mention is; `None` takes that back. [`StoreError::NotFound`] for a deleted one.
    pub async fn correct_label(&self, mention: MentionId, label: Option<Label>, now: Millis) -> Result<()> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_correct_label(mention, label, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_correct_label(&self, mention: MentionId, label: Option<Label>, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let live = sqlx::query(LIVE).bind(mention.get()).fetch_optional(&mut *tx).await?;
        live.ok_or(StoreError::NotFound)?;
        match label {
            Some(label) => sqlx::query(CORRECT).bind(mention.get()).bind(label.as_str()).bind(now.get()).execute(&mut *tx).await?,
            None => sqlx::query(UNCORRECT).bind(mention.get()).execute(&mut *tx).await?,
        };
        rollup::recount(&mut tx, &BTreeSet::from([mention.get()])).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn score_row(id: i64, s: &Sentiment, now: Millis) -> Vec<bulk::Value> {
    let [negative, neutral, positive] = s.probabilities.values().map(f64::from);
    let severity = f64::from(s.severity.get());
    values![id, clean(&s.model), s.label.as_str(), negative, neutral, positive, severity, clean(&s.lang), now.get()]
}
