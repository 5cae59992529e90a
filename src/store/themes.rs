//! Themes of incidents, their curves and their mentions.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::row::{Cells, clean, json, readable, to_json};
use super::{Result, Store, StoreError, Touch, WriteTx};
use crate::domain::ids::{AuthorId, IncidentId, MentionId, ThemeId};
use crate::domain::theme::{Theme, ThemeHour, ThemeKind};
use crate::domain::time::{HOUR_MS, Millis};

/// A theme as it was found: those of the incident that are no longer found go.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTheme {
    /// Phrase, or still broken.
    pub kind: ThemeKind,
    /// As people write it.
    pub phrase: String,
    /// Folded phrases that stand for it; the first one is what it is known by.
    pub forms: Vec<String>,
    /// z-score.
    pub z: f64,
    /// Unhappy mentions an hour that are normal.
    pub normal_per_hour: f64,
}

/// A mention of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThemeMention {
    /// The theme.
    pub theme: ThemeId,
    /// The mention.
    pub mention: MentionId,
    /// Its author.
    pub author: AuthorId,
    /// When it was written.
    pub at: Millis,
}

const SELECT: &str = "
select
    id,
    incident_id,
    kind,
    phrase,
    forms,
    z,
    normal_per_hour,
    people,
    rank,
    first_seen
from themes
where incident_id = $1
order by
    rank,
    id";

const ONE: &str = "
select
    id,
    incident_id,
    kind,
    phrase,
    forms,
    z,
    normal_per_hour,
    people,
    rank,
    first_seen
from themes
where id = $1";

const SAVE: &str = "
insert into themes (
    id,
    incident_id,
    kind,
    stem,
    phrase,
    forms,
    z,
    normal_per_hour,
    people,
    rank,
    found_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)
on conflict (incident_id, kind, stem) do update set
    phrase = excluded.phrase,
    forms = excluded.forms,
    z = excluded.z,
    normal_per_hour = excluded.normal_per_hour,
    rank = excluded.rank
returning id";

const DROP: [&str; 3] =
    ["delete from theme_mentions where theme_id = $1", "delete from theme_hours where theme_id = $1", "delete from themes where id = $1"];

const COUNT_PEOPLE: &str = "
update themes set
    people = (
        select count(distinct t.author_id)
        from theme_mentions t
        where t.theme_id = themes.id
    ),
    first_seen = (
        select min(t.created_at)
        from theme_mentions t
        where t.theme_id = themes.id
    )
where incident_id = $1";

const HOURS: &str = "
select
    h.theme_id,
    h.hour,
    h.mentions,
    h.unhappy
from themes t
cross join theme_hours h
where h.theme_id = t.id
    and t.incident_id = $1
order by
    h.theme_id,
    h.hour";

const MARKS: &str = "
select
    hour,
    mark
from theme_marks
where incident_id = $1";

const MARK: &str = "
insert into theme_marks (
    incident_id,
    hour,
    mark
)
values ($1, $2, $3)
on conflict (incident_id, hour) do update set
    mark = excluded.mark";

/// What was deleted since cannot be looked up again: it stays, as it does in the counts of the hour.
const CLEAR_MENTIONS: &str = "
delete from theme_mentions
where theme_id = $1
    and created_at >= $2
    and created_at < $3
    and mention_id not in (
        select id
        from mentions
        where id = theme_mentions.mention_id
            and deleted_at is not null
    )";

const CLEAR_HOUR: &str = "
delete from theme_hours
where theme_id = $1
    and hour = $2";

const ADD_MENTIONS: (&str, &str) = (
    "
insert into theme_mentions (
    theme_id,
    mention_id,
    author_id,
    created_at
)
values ",
    "
on conflict (theme_id, mention_id) do nothing",
);

const COUNT_HOUR: &str = "
insert into theme_hours (
    theme_id,
    hour,
    mentions,
    unhappy
)
select
    theme_id,
    cast($2 as bigint),
    count(*),
    count(distinct author_id)
from theme_mentions
where theme_id = $1
    and created_at >= $2
    and created_at < $3
group by theme_id";

const NEWEST: &str = "
select
    mention_id
from theme_mentions
where theme_id = $1
order by
    created_at desc,
    mention_id desc
limit $2";

impl Store {
    /// An incident's themes, first ones first.
    pub async fn themes(&self, incident: IncidentId) -> Result<Vec<Theme>> {
        sqlx::query(SELECT).bind(incident.get()).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// One theme.
    pub async fn theme(&self, id: ThemeId) -> Result<Theme> {
        let row = sqlx::query(ONE).bind(id.get()).fetch_optional(&self.readers).await?;
        read(&row.ok_or(StoreError::NotFound)?)
    }

    /// The curves of an incident's themes, hours in order.
    pub async fn theme_hours(&self, incident: IncidentId) -> Result<BTreeMap<ThemeId, Vec<ThemeHour>>> {
        let mut curves: BTreeMap<ThemeId, Vec<ThemeHour>> = BTreeMap::new();
        for row in sqlx::query(HOURS).bind(incident.get()).fetch_all(&self.readers).await? {
            let hour = ThemeHour { hour: row.at("hour")?, mentions: row.int("mentions")?, unhappy: row.int("unhappy")? };
            curves.entry(ThemeId::new(row.int("theme_id")?)).or_default().push(hour);
        }
        Ok(curves)
    }

    /// Makes these the incident's themes, first ones first. One that was there keeps its id, curve and mentions;
    /// one that is no longer among them goes.
    pub async fn save_themes(&self, incident: IncidentId, found: &[FoundTheme], now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let before = sqlx::query(SELECT).bind(incident.get()).fetch_all(&mut *tx).await?;
        let mut gone = before.iter().map(|row| row.int("id")).collect::<Result<BTreeSet<i64>>>()?;
        for (rank, theme) in (1_i64..).zip(found) {
            let row = sqlx::query(SAVE)
                .bind(self.next_id(now))
                .bind(incident.get())
                .bind(theme.kind.as_str())
                .bind(clean(theme.forms.first().map_or("", String::as_str)))
                .bind(clean(&theme.phrase))
                .bind(to_json(&theme.forms)?)
                .bind(theme.z)
                .bind(theme.normal_per_hour)
                .bind(rank)
                .bind(now.get())
                .fetch_one(&mut *tx)
                .await?;
            gone.remove(&row.int("id")?);
        }
        for id in gone {
            for sql in DROP {
                sqlx::query(sql).bind(id).execute(&mut *tx).await?;
            }
        }
        sqlx::query(COUNT_PEOPLE).bind(incident.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Counts the distinct authors of an incident's themes, and finds their first mentions.
    pub async fn count_theme_people(&self, incident: IncidentId) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(COUNT_PEOPLE).bind(incident.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Which hours of an incident were looked at, and as what.
    pub async fn theme_marks(&self, incident: IncidentId) -> Result<BTreeMap<Millis, String>> {
        let rows = sqlx::query(MARKS).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.at("hour")?, row.text("mark")?))).collect()
    }

    /// Replaces what the themes of an incident have in one hour. `mentions` holds all of that hour; a theme of another
    /// incident, or one that went in the meantime, is left out.
    pub async fn save_theme_hour(&self, incident: IncidentId, (hour, mark): (Millis, &str), mentions: &[ThemeMention]) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let end = hour.plus(HOUR_MS);
        let themes = sqlx::query(SELECT).bind(incident.get()).fetch_all(&mut *tx).await?;
        let themes = themes.iter().map(|row| row.int("id")).collect::<Result<BTreeSet<i64>>>()?;
        for &theme in &themes {
            sqlx::query(CLEAR_MENTIONS).bind(theme).bind(hour.get()).bind(end.get()).execute(&mut *tx).await?;
            sqlx::query(CLEAR_HOUR).bind(theme).bind(hour.get()).execute(&mut *tx).await?;
        }
        let inside = mentions.iter().filter(|m| themes.contains(&m.theme.get()) && m.at >= hour && m.at < end);
        let rows = inside.map(|m| values![m.theme.get(), m.mention.get(), m.author.get(), m.at.get()]).collect();
        bulk::execute(&mut tx, ADD_MENTIONS, rows).await?;
        for &theme in &themes {
            sqlx::query(COUNT_HOUR).bind(theme).bind(hour.get()).bind(end.get()).execute(&mut *tx).await?;
        }
        mark_hour(&mut tx, incident, hour, mark).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The newest mentions of a theme.
    pub async fn theme_newest(&self, theme: ThemeId, limit: i64) -> Result<Vec<MentionId>> {
        let rows = sqlx::query(NEWEST).bind(theme.get()).bind(limit.max(0)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(MentionId::new(row.int("mention_id")?))).collect()
    }
}

async fn mark_hour(tx: &mut WriteTx, incident: IncidentId, hour: Millis, mark: &str) -> Result<()> {
    sqlx::query(MARK).bind(incident.get()).bind(hour.get()).bind(clean(mark)).execute(&mut **tx).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Theme> {
    let id = row.int("id")?;
    Ok(Theme {
        id: ThemeId::new(id),
        incident: IncidentId::new(row.int("incident_id")?),
        kind: readable(ThemeKind::parse(&row.text("kind")?), ("themes", "kind", id))?,
        phrase: row.text("phrase")?,
        forms: json(&row.text("forms")?, ("themes", "forms", id))?,
        z: row.real("z")?,
        normal_per_hour: row.real("normal_per_hour")?,
        people: row.int("people")?,
        rank: row.int("rank")?,
        first_seen: row.maybe_at("first_seen")?,
    })
}
