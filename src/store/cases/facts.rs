//! What the rules of priority and proposals look at, and what they say.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::read;
use crate::domain::case::{Case, CaseReason, Proposal};
use crate::domain::ids::IncidentId;
use crate::domain::time::Millis;
use crate::store::accounts::{self, Handle};
use crate::store::row::{Cells, clean, to_json};
use crate::store::{Result, Store, Touch};

/// An open case with what speaks for its priority. Copies and deleted mentions are aside.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFacts {
    /// The case.
    pub case: Case,
    /// Severity of the worst mention, 0..=1.
    pub worst_severity: f64,
    /// When the latest very negative mention was written, by whichever of their accounts.
    pub latest_at: Millis,
    /// Very negative mentions.
    pub very_negative: i64,
    /// Followers, where known.
    pub followers: Option<i64>,
    /// Says that it is automated.
    pub bot: bool,
    /// On the imported list of customers.
    pub customer: bool,
    /// Negative mentions after the declared fix.
    pub after_fix: i64,
    /// Negative mentions since [`Case::since_at`], and when the latest was written.
    pub worse: (i64, Option<Millis>),
    /// The same of neutral and positive ones.
    pub better: (i64, Option<Millis>),
}

/// What the rules make of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRank {
    /// 0..=1.
    pub priority: f64,
    /// Why, weightiest first.
    pub reasons: Vec<CaseReason>,
    /// A step that later mentions speak for.
    pub proposal: Option<Proposal>,
}

/// Mentions of a case's author, and of their other accounts as a person linked them, of the case's brand.
const THEIRS: &str = "
    from (
        select c.author_id as who
        union
        select other.author_id
        from account_links own
        join account_links other
            on other.person_id = own.person_id
        where own.author_id = c.author_id
    ) p
    cross join matches x
    cross join mentions m
    where m.id = x.mention_id
        and x.brand_id = c.brand_id
        and x.author_id = p.who
        and m.deleted_at is null
        and m.copy_of is null
        and m.repost = 0";

const RANK: &str = "
update cases set
    priority = $2,
    reasons = $3,
    proposal = $4
where id = $1
    and version = $5";

const SHOW: &str = "
update flags set
    updated_at = $2
where id = $1";

impl Store {
    /// The cases of an incident that are not ended, with what speaks for their priority. `fixed_at` is the declared fix,
    /// `threshold` the severity from which a mention is very negative.
    pub async fn case_facts(&self, incident: IncidentId, fixed_at: Option<Millis>, threshold: f64) -> Result<Vec<CaseFacts>> {
        let sql = format!(
            "select
                c.id, c.brand_id, c.incident_id, c.author_id, c.flag_id, c.state, c.owner, c.due_at, c.priority, c.reasons,
                c.since_at, c.sent_at, c.proposal, c.opened_at, c.updated_at, c.version,
                f.worst_severity, f.latest_at, f.very_negative, a.followers, a.bot, a.platform, a.handle,
                (select max(x.created_at) {THEIRS} and x.label = 'negative' and x.severity >= $3) as angry_at,
                (select count(*) {THEIRS} and x.label = 'negative' and x.created_at > $2) as after_fix,
                (select count(*) {THEIRS} and x.label = 'negative' and x.created_at > c.since_at) as worse,
                (select max(x.created_at) {THEIRS} and x.label = 'negative' and x.created_at > c.since_at) as worse_at,
                (select count(*) {THEIRS} and x.label in ('neutral', 'positive') and x.created_at > c.since_at) as better,
                (select max(x.created_at) {THEIRS} and x.label in ('neutral', 'positive') and x.created_at > c.since_at) as better_at
             from cases c
             join flags f on f.id = c.flag_id
             join authors a on a.id = c.author_id
             where c.incident_id = $1
                and c.state not in ('calmed', 'silent', 'declined', 'done')
             order by c.id"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(incident.get()).bind(fixed_at.map_or(i64::MAX, Millis::get)).bind(threshold);
        let rows = query.fetch_all(&self.readers).await?;
        let handles = rows.iter().map(|row| Ok(Handle::new(&row.text("platform")?, &row.text("handle")?))).collect::<Result<Vec<_>>>()?;
        let customers = accounts::known_customers(self, &handles).await?;
        rows.iter().zip(&handles).map(|(row, handle)| facts(row, customers.contains(handle))).collect()
    }

    /// Keeps what the rules say of a case, unless a person changed it meanwhile. Open pages learn of a new proposal.
    pub async fn save_case_rank(&self, case: &Case, rank: &CaseRank, now: Millis) -> Result<()> {
        let proposal = rank.proposal.as_ref().map_or_else(|| Ok(String::new()), to_json)?;
        let mut tx = self.begin(Touch::Rows).await?;
        let ranked = sqlx::query(RANK)
            .bind(case.id.get())
            .bind(rank.priority)
            .bind(clean(&to_json(&rank.reasons)?))
            .bind(proposal)
            .bind(case.version)
            .execute(&mut *tx)
            .await?;
        if ranked.rows_affected() > 0 && rank.proposal != case.proposal {
            sqlx::query(SHOW).bind(case.flag.get()).bind(now.get()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn facts(row: &AnyRow, customer: bool) -> Result<CaseFacts> {
    Ok(CaseFacts {
        case: read(row)?,
        worst_severity: row.real("worst_severity")?,
        latest_at: row.at("latest_at")?.max(row.maybe_at("angry_at")?.unwrap_or_default()),
        very_negative: row.int("very_negative")?,
        followers: row.maybe_int("followers")?,
        bot: row.int("bot")? != 0,
        customer,
        after_fix: row.int("after_fix")?,
        worse: (row.int("worse")?, row.maybe_at("worse_at")?),
        better: (row.int("better")?, row.maybe_at("better_at")?),
    })
}
