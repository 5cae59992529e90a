//! Authors whom a person should look at.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::cases::{self, CaseBrief};
use super::error::Attempts;
use super::row::{Cells, clean, readable};
use super::{Result, Store, StoreError, Touch, WriteTx, authors};
use crate::domain::ids::{AuthorId, BrandId, FlagId, MentionId};
use crate::domain::incident::{Flag, FlagState};
use crate::domain::post::{Author, Mention};
use crate::domain::time::Millis;

/// What the assessment says about an author.
#[derive(Debug, Clone, PartialEq)]
pub struct FlagProposal {
    /// The author.
    pub author: AuthorId,
    /// Why, in words.
    pub reason: String,
    /// 0..=1, highest first.
    pub priority: f64,
    /// Severity of the worst mention, 0..=1.
    pub worst_severity: f64,
    /// The worst mention.
    pub worst: MentionId,
    /// Very negative mentions so far.
    pub very_negative: i64,
    /// When the latest very negative one was written.
    pub latest_at: Millis,
}

/// What a proposal did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// A new flag.
    Raised,
    /// It was done, and there is a later very negative mention.
    Reopened,
    /// It has other numbers or another reason; what people wrote stays, and their version stays valid.
    Refreshed,
    /// Nothing new.
    Unchanged,
}

/// What a person makes of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChangeRequest {
    /// Where the work stands.
    pub state: FlagState,
    /// Who took it; empty when nobody.
    pub owner: String,
    /// What they write down.
    pub note: String,
}

/// A flag with what a page shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct FlagRow {
    /// The flag.
    pub flag: Flag,
    /// Its author.
    pub author: Author,
    /// Their worst mention; a tombstone when it was deleted.
    pub worst: Option<Mention>,
    /// Since when they wait for an answer: their latest very negative mention.
    pub waiting_since: Millis,
    /// The case in which they are worked on; `None` outside incidents.
    pub case: Option<CaseBrief>,
}

/// How many flags are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlagCounts {
    /// Nobody has looked yet.
    pub open: i64,
    /// Somebody took it.
    pub assigned: i64,
    /// Looked after.
    pub done: i64,
}

/// Followed by the columns of the case and by [`FROM`].
pub(super) const SELECT: &str = "
select
    f.id,
    f.brand_id,
    f.state,
    f.owner,
    f.note,
    f.reason,
    f.priority,
    f.worst_severity,
    f.worst_id,
    f.very_negative,
    f.latest_at,
    f.created_at,
    f.updated_at,
    f.version,
    f.author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot,";

pub(super) const FROM: &str = "
from flags f
join authors a
    on a.id = f.author_id
left join cases c
    on c.id = f.case_id";

/// Flags with their authors and cases; conditions follow.
pub(super) fn select() -> String {
    format!("{SELECT}{}{FROM}", cases::BRIEF)
}

const INSERT: &str = "
insert into flags (
    id,
    brand_id,
    author_id,
    state,
    owner,
    note,
    reason,
    priority,
    worst_severity,
    worst_id,
    very_negative,
    latest_at,
    created_at,
    updated_at,
    version
)
values ($1, $2, $3, 'open', '', '', $4, $5, $6, $7, $8, $9, $10, $10, 1)
on conflict (brand_id, author_id) do nothing";

const REFRESH: &str = "
update flags set
    reason = $3,
    priority = $4,
    worst_severity = $5,
    worst_id = $6,
    very_negative = $7,
    latest_at = $8,
    updated_at = $9,
    state = $10,
    version = $11
where id = $1
    and version = $2";

const CHANGE: &str = "
update flags set
    state = $3,
    owner = $4,
    note = $5,
    updated_at = $6,
    version = version + 1
where id = $1
    and version = $2";

const COUNTS: &str = "
select
    state,
    count(*) as flags
from flags
where brand_id = $1
group by state";

impl Store {
    /// Raises, reopens or refreshes the flag of an author. A flag that is done reopens only for a very negative
    /// mention later than the latest one that it knows.
    pub async fn save_flag(&self, brand: BrandId, proposal: &FlagProposal, now: Millis) -> Result<FlagChange> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_flag(brand, proposal, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_flag(&self, brand: BrandId, p: &FlagProposal, now: Millis) -> Result<FlagChange> {
        let mut tx = self.begin(Touch::Rows).await?;
        let raised = sqlx::query(INSERT)
            .bind(self.next_id(now))
            .bind(brand.get())
            .bind(p.author.get())
            .bind(clean(&p.reason))
            .bind(p.priority)
            .bind(p.worst_severity)
            .bind(p.worst.get())
            .bind(p.very_negative)
            .bind(p.latest_at.get())
            .bind(now.get())
            .execute(&mut *tx)
            .await?;
        let change = if raised.rows_affected() > 0 {
            FlagChange::Raised
        } else {
            let sql = AssertSqlSafe(format!("{} where f.brand_id = $1 and f.author_id = $2", select()));
            let row = sqlx::query(sql).bind(brand.get()).bind(p.author.get()).fetch_one(&mut *tx).await?;
            let flag = read(&row)?;
            let change = refresh(&mut tx, &flag, p, now).await?;
            if change == FlagChange::Reopened {
                cases::reopen(self, &mut tx, &flag, &p.reason, now).await?;
            }
            change
        };
        tx.commit().await?;
        Ok(change)
    }

    /// A brand's flags, most urgent first: by the priority of their case, where there is one.
    pub async fn flags(&self, brand: BrandId, state: Option<FlagState>, limit: i64) -> Result<Vec<FlagRow>> {
        let order = "order by coalesce(c.priority, f.priority) desc, f.latest_at desc, f.id limit $2";
        let rows = match state {
            None => {
                let sql = AssertSqlSafe(format!("{} where f.brand_id = $1 {order}", select()));
                sqlx::query(sql).bind(brand.get()).bind(limit.max(0)).fetch_all(&self.readers).await?
            }
            Some(state) => {
                let sql = AssertSqlSafe(format!("{} where f.brand_id = $1 and f.state = $3 {order}", select()));
                let query = sqlx::query(sql).bind(brand.get()).bind(limit.max(0)).bind(state.as_str());
                query.fetch_all(&self.readers).await?
            }
        };
        let mut flags = Vec::with_capacity(rows.len());
        for row in &rows {
            flags.push(self.with_worst(row).await?);
        }
        Ok(flags)
    }

    /// One flag.
    pub async fn flag(&self, id: FlagId) -> Result<FlagRow> {
        let sql = AssertSqlSafe(format!("{} where f.id = $1", select()));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        self.with_worst(&row.ok_or(StoreError::NotFound)?).await
    }

    pub(super) async fn with_worst(&self, row: &AnyRow) -> Result<FlagRow> {
        let flag = read(row)?;
        let worst = match self.mention(flag.brand, flag.worst).await {
            Ok(mention) => Some(mention),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let case = cases::read_brief(row)?;
        Ok(FlagRow { author: authors::read(row)?, worst, waiting_since: flag.latest_at, case, flag })
    }

    /// How many flags of a brand are in each state.
    pub async fn flag_counts(&self, brand: BrandId) -> Result<FlagCounts> {
        let mut counts = FlagCounts::default();
        for row in sqlx::query(COUNTS).bind(brand.get()).fetch_all(&self.readers).await? {
            let state = FlagState::parse(&row.text("state")?);
            let count = row.int("flags")?;
            match readable(state, ("flags", "state", brand.get()))? {
                FlagState::Open => counts.open = count,
                FlagState::Assigned => counts.assigned = count,
                FlagState::Done => counts.done = count,
            }
        }
        Ok(counts)
    }

    /// What somebody does with a flag. [`StoreError::Conflict`] when it changed since `version` was read.
    pub async fn change_flag(&self, id: FlagId, version: i64, change: FlagChangeRequest, now: Millis) -> Result<()> {
        self.change_flag_as("", (id, version), change, now).await
    }

    /// What a person does with a flag; its case follows. `who` is the name that they gave, or empty.
    pub async fn change_flag_as(&self, who: &str, (id, version): (FlagId, i64), change: FlagChangeRequest, now: Millis) -> Result<()> {
        let known = self.flag(id).await?.flag;
        let mut tx = self.begin(Touch::Rows).await?;
        let changed = sqlx::query(CHANGE)
            .bind(id.get())
            .bind(version)
            .bind(change.state.as_str())
            .bind(clean(&change.owner))
            .bind(clean(&change.note))
            .bind(now.get())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        let note = Some(change.note.as_str()).filter(|note| !note.is_empty() && *note != known.note);
        let follow = cases::Follow { flag: id, state: change.state, owner: &change.owner, note, who };
        cases::follow_flag(self, &mut tx, &follow, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn refresh(tx: &mut WriteTx, flag: &Flag, p: &FlagProposal, now: Millis) -> Result<FlagChange> {
    let later = p.latest_at > flag.latest_at;
    let reopened = flag.state == FlagState::Done && later;
    let news = p.reason != flag.reason
        || p.worst != flag.worst
        || p.very_negative != flag.very_negative
        || p.worst_severity.to_bits() != flag.worst_severity.to_bits()
        || p.latest_at != flag.latest_at;
    let ranked = p.priority.to_bits() != flag.priority.to_bits();
    let change = match (flag.state, reopened, news, ranked) {
        (_, true, ..) => FlagChange::Reopened,
        (FlagState::Done, ..) | (_, _, false, false) => return Ok(FlagChange::Unchanged),
        _ => FlagChange::Refreshed,
    };
    // Priority sinks with time: that alone is no change that a page must show at once.
    let updated_at = if news { now } else { flag.updated_at };
    let (state, version) = if reopened { (FlagState::Open, flag.version + 1) } else { (flag.state, flag.version) };
    let written = sqlx::query(REFRESH)
        .bind(flag.id.get())
        .bind(flag.version)
        .bind(clean(&p.reason))
        .bind(p.priority)
        .bind(p.worst_severity)
        .bind(p.worst.get())
        .bind(p.very_negative)
        // Earlier than before when the latest one was corrected.
        .bind(p.latest_at.get())
        .bind(updated_at.get())
        .bind(state.as_str())
        .bind(version)
        .execute(&mut **tx)
        .await?;
    // A person changed it at the same moment: the next assessment looks again.
    if written.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(change) }
}

pub(super) fn read(row: &AnyRow) -> Result<Flag> {
    let id = row.int("id")?;
    Ok(Flag {
        id: FlagId::new(id),
        brand: BrandId::new(row.int("brand_id")?),
        author: AuthorId::new(row.int("author_id")?),
        state: readable(FlagState::parse(&row.text("state")?), ("flags", "state", id))?,
        owner: row.text("owner")?,
        note: row.text("note")?,
        reason: row.text("reason")?,
        priority: row.real("priority")?,
        worst_severity: row.real("worst_severity")?,
        worst: MentionId::new(row.int("worst_id")?),
        very_negative: row.int("very_negative")?,
        latest_at: row.at("latest_at")?,
        created_at: row.at("created_at")?,
        updated_at: row.at("updated_at")?,
        version: row.int("version")?,
    })
}
