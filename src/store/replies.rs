//! Reply templates that people changed or added.

use super::row::{Cells, clean};
use super::{Result, Store, StoreError, Touch};
use crate::domain::reply::{Changed, Template};
use crate::domain::time::Millis;

const TEMPLATES: &str = "
select
    lang,
    name,
    text,
    changed_by,
    changed_at,
    version
from reply_templates
order by
    lang,
    name";

/// Version 0: there was none.
const ADD: &str = "
insert into reply_templates (
    lang,
    name,
    text,
    changed_by,
    changed_at,
    version
)
values ($1, $2, $3, $4, $5, 1)
on conflict (lang, name) do nothing";

const CHANGE: &str = "
update reply_templates set
    text = $3,
    changed_by = $4,
    changed_at = $5,
    version = version + 1
where lang = $1
    and name = $2
    and version = $6";

const REMOVE: &str = "
delete from reply_templates
where lang = $1
    and name = $2
    and version = $3";

impl Store {
    /// What people made of the templates, by language and name.
    pub async fn reply_templates(&self) -> Result<Vec<Template>> {
        let rows = sqlx::query(TEMPLATES).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(Template {
                    lang: row.text("lang")?,
                    name: row.text("name")?,
                    text: row.text("text")?,
                    changed: Some(Changed { by: row.text("changed_by")?, at: row.at("changed_at")?, version: row.int("version")? }),
                })
            })
            .collect()
    }

    /// Keeps a changed or new template. `version` is the one that was read, 0 for one that nobody had changed;
    /// [`StoreError::Conflict`] when it is another by now.
    pub async fn save_reply_template(&self, template: &Template, version: i64, who: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let query = sqlx::query(if version == 0 { ADD } else { CHANGE })
            .bind(clean(&template.lang))
            .bind(clean(&template.name))
            .bind(clean(&template.text))
            .bind(clean(who))
            .bind(now.get());
        let query = if version == 0 { query } else { query.bind(version) };
        let written = query.execute(&mut *tx).await?;
        tx.commit().await?;
        if written.rows_affected() > 0 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Drops what people made of a template: the built-in one counts again, or none. [`StoreError::Conflict`] when it
    /// changed since `version` was read.
    pub async fn remove_reply_template(&self, lang: &str, name: &str, version: i64) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let removed = sqlx::query(REMOVE).bind(clean(lang)).bind(clean(name)).bind(version).execute(&mut *tx).await?;
        tx.commit().await?;
        if removed.rows_affected() > 0 { Ok(()) } else { Err(StoreError::Conflict) }
    }
}
