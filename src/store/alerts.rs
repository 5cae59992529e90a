//! What people were told: an alert is kept once, together with the messages that tell it.

use super::error::Attempts;
use super::outgoing::{self, More, Outgoing};
use super::row::{Cells, clean, json, readable};
use super::{Result, Store, Touch, WriteTx};
use crate::domain::alert::{Alert, Channel, ChannelKind, Urgency};
use crate::domain::case::CaseState;
use crate::domain::ids::{AuthorId, BrandId, CaseId, FlagId, IncidentId, MentionId, VerdictId};
use crate::domain::route::Route;
use crate::domain::time::Millis;
use crate::domain::verdict::{KeptVerdict, Verdict};

/// A channel that an alert goes to, and by which route.
#[derive(Debug, Clone, Copy)]
pub struct Posting<'a> {
    /// Says when.
    pub route: &'a Route,
    /// Name of the channel.
    pub channel: &'a str,
}

/// A verdict that differs from the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictChange {
    /// The verdict.
    pub kept: KeptVerdict,
    /// The word before it; `None` for the first one.
    pub before: Option<Verdict>,
}

/// A flag that nobody has taken, with what an alert says of its author. No name, no text.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenFlag {
    /// Row id.
    pub id: FlagId,
    /// Its author.
    pub author: AuthorId,
    /// Why, in words.
    pub reason: String,
    /// Severity of the worst mention, 0..=1.
    pub worst_severity: f64,
    /// The worst mention.
    pub worst: MentionId,
    /// Since when its author waits.
    pub waiting_since: Millis,
    /// How many read them, where known.
    pub followers: Option<i64>,
    /// Where they wrote.
    pub platform: String,
    /// Language of the worst mention.
    pub lang: Option<String>,
}

/// A case that should have moved on, with what an alert says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCase {
    /// Row id.
    pub id: CaseId,
    /// Its incident.
    pub incident: IncidentId,
    /// Where it stands.
    pub state: CaseState,
    /// When it should have moved on.
    pub due_at: Millis,
    /// Where its author wrote.
    pub platform: String,
}

const MARK: &str = "
insert into marks (
    name,
    at
)
values ($1, $2)
on conflict (name) do nothing";

const MARKED: &str = "
select
    at
from marks
where name = $1";

const LAST_ON_SUBJECT: &str = "
select
    max(due_at) as last
from outbox
where route = $1
    and channel = $2
    and subject = $3";

/// Locks the message too: whoever seals it waits, or is seen here.
const STILL_OPEN: &str = "
update outbox set
    subject = subject
where id = (
        select max(id)
        from outbox
        where route = $1
            and channel = $2
            and subject = $3
            and state = 'waiting'
            and sealed = 0
    )
    and sealed = 0
returning id";

const SOONER: &str = "
update outbox set
    due_at = $2
where id = $1
    and due_at > $2";

const VERDICTS_SINCE: &str = "
select
    v.id,
    v.incident_id,
    v.assessment,
    (
        select
            p.verdict
        from verdicts p
        where p.incident_id = v.incident_id
            and (p.at < v.at or (p.at = v.at and p.id < v.id))
        order by
            p.at desc,
            p.id desc
        limit 1
    ) as before
from verdicts v
where v.at >= $1
order by
    v.at,
    v.id
limit 1000";

const OPEN_FLAGS: &str = "
select
    f.id,
    f.author_id,
    f.reason,
    f.worst_severity,
    f.worst_id,
    f.latest_at,
    a.followers,
    a.platform,
    m.lang
from flags f
join authors a
    on a.id = f.author_id
left join mentions m
    on m.id = f.worst_id
where f.brand_id = $1
    and f.state = 'open'
    and f.latest_at >= $2
order by
    f.priority desc,
    f.id
limit 2000";

const DUE_CASES: &str = "
select
    c.id,
    c.incident_id,
    c.state,
    c.due_at,
    a.platform
from cases c
join authors a
    on a.id = c.author_id
where c.brand_id = $1
    and c.due_at >= $2
    and c.due_at < $3
order by
    c.due_at,
    c.id
limit 1000";

const CHANNELS: &str = "
select
    name,
    kind,
    place
from channels
order by
    position,
    name";

const ADD_CHANNEL: &str = "
insert into channels (
    name,
    kind,
    place,
    position
)
values ($1, $2, $3, $4)";

impl Store {
    /// Sets a mark that survives restarts, unless it is set; gives back when it was set first.
    pub async fn mark(&self, name: &str, now: Millis) -> Result<Millis> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(MARK).bind(name).bind(now.get()).execute(&mut *tx).await?;
        let row = sqlx::query(MARKED).bind(name).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        row.at("at")
    }

    /// Keeps an alert together with its messages, in one transaction: what is known here is told, and what is told is
    /// known. Each posting adds to the message on the same subject that was not tried yet, or makes one. Returns whether
    /// the alert is new; one that is known changes nothing.
    pub async fn record_alert(&self, alert: &Alert, postings: &[Posting<'_>], now: Millis) -> Result<bool> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_record_alert(alert, postings, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_record_alert(&self, alert: &Alert, postings: &[Posting<'_>], now: Millis) -> Result<bool> {
        let mut tx = self.begin(Touch::Rows).await?;
        let Some(id) = self.keep_alert(&mut tx, alert, now).await? else { return Ok(false) };
        for posting in postings {
            let message = self.message_for(&mut tx, alert, posting, now).await?;
            outgoing::join(&mut tx, message, id).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn message_for(&self, tx: &mut WriteTx, alert: &Alert, posting: &Posting<'_>, now: Millis) -> Result<i64> {
        let (route, channel) = (clean(&posting.route.name), clean(posting.channel));
        // Kinds are not mixed: what ends must not hide in a message of what began.
        let subject = clean(&format!("{}/{}", alert.kind.as_str(), alert.subject));
        let open = sqlx::query(STILL_OPEN).bind(&route).bind(&channel).bind(&subject).fetch_optional(&mut **tx).await?;
        if let Some(row) = open {
            let id = row.int("id")?;
            if alert.urgency == Urgency::Critical {
                let due = posting.route.due(alert.urgency, now, None);
                sqlx::query(SOONER).bind(id).bind(due.get()).execute(&mut **tx).await?;
            }
            return Ok(id);
        }
        let last = sqlx::query(LAST_ON_SUBJECT).bind(&route).bind(&channel).bind(&subject).fetch_one(&mut **tx).await?;
        let due = posting.route.due(alert.urgency, now, last.maybe_at("last")?);
        let outgoing = Outgoing { channel: &channel, route: &route, subject: &subject, due, more: More::MayJoin };
        self.keep_message(tx, &outgoing, now).await
    }

    /// Changes of the verdict at `since` or later, oldest first, 1,000 at most.
    pub async fn verdict_changes(&self, since: Millis) -> Result<Vec<VerdictChange>> {
        let rows = sqlx::query(VERDICTS_SINCE).bind(since.get()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let id = row.int("id")?;
                let before = row.maybe_text("before")?.map(|w| readable(Verdict::parse(&w), ("verdicts", "verdict", id))).transpose()?;
                let assessment = json(&row.text("assessment")?, ("verdicts", "assessment", id))?;
                let incident = IncidentId::new(row.int("incident_id")?);
                Ok(VerdictChange { kept: KeptVerdict { id: VerdictId::new(id), incident, assessment }, before })
            })
            .collect()
    }

    /// A brand's flags that nobody has taken and whose author wrote at `since` or later, most urgent first, 2,000 at most.
    pub async fn open_flags(&self, brand: BrandId, since: Millis) -> Result<Vec<OpenFlag>> {
        let rows = sqlx::query(OPEN_FLAGS).bind(brand.get()).bind(since.get()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(OpenFlag {
                    id: FlagId::new(row.int("id")?),
                    author: AuthorId::new(row.int("author_id")?),
                    reason: row.text("reason")?,
                    worst_severity: row.real("worst_severity")?,
                    worst: MentionId::new(row.int("worst_id")?),
                    waiting_since: row.at("latest_at")?,
                    followers: row.maybe_int("followers")?,
                    platform: row.text("platform")?,
                    lang: row.maybe_text("lang")?,
                })
            })
            .collect()
    }

    /// A brand's cases that are not ended and were due at `since` or later, but before `now`; 1,000 at most.
    pub async fn due_cases(&self, brand: BrandId, since: Millis, now: Millis) -> Result<Vec<DueCase>> {
        let rows = sqlx::query(DUE_CASES).bind(brand.get()).bind(since.get()).bind(now.get()).fetch_all(&self.readers).await?;
        let cases = rows.iter().map(|row| {
            let id = row.int("id")?;
            Ok(DueCase {
                id: CaseId::new(id),
                incident: IncidentId::new(row.int("incident_id")?),
                state: readable(CaseState::parse(&row.text("state")?), ("cases", "state", id))?,
                due_at: row.at("due_at")?,
                platform: row.text("platform")?,
            })
        });
        let cases: Vec<DueCase> = cases.collect::<Result<_>>()?;
        Ok(cases.into_iter().filter(|c| !c.state.is_ended()).collect())
    }

    /// Replaces the list of configured channels.
    pub async fn sync_channels(&self, channels: &[Channel]) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query("delete from channels").execute(&mut *tx).await?;
        for (position, channel) in (0_i64..).zip(channels) {
            let query = sqlx::query(ADD_CHANNEL).bind(clean(&channel.name)).bind(channel.kind.as_str()).bind(clean(&channel.place));
            query.bind(position).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The configured channels, in the order of the configuration.
    pub async fn channels(&self) -> Result<Vec<Channel>> {
        let rows = sqlx::query(CHANNELS).fetch_all(&self.readers).await?;
        rows.iter()
            .zip(0_i64..)
            .map(|(row, n)| {
                let kind = readable(ChannelKind::parse(&row.text("kind")?), ("channels", "kind", n))?;
                Ok(Channel { name: row.text("name")?, kind, place: row.text("place")? })
            })
            .collect()
    }
}
