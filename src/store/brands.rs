//! Brands.

use sqlx::any::AnyRow;

use super::row::{Cells, json, to_json};
use super::{Result, Store, StoreError};
use crate::domain::brand::{Brand, BrandTerms};
use crate::domain::ids::BrandId;
use crate::domain::time::Millis;

const SAVE: &str = "
insert into brands (
    id,
    name,
    terms,
    created_at
)
values ($1, $2, $3, $4)
on conflict (name) do update set
    terms = excluded.terms
returning id";

const ALL: &str = "
select
    id,
    name,
    terms
from brands
order by name";

const ONE: &str = "
select
    id,
    name,
    terms
from brands
where id = $1";

impl Store {
    /// Makes the brand of that name, or gives it these terms.
    pub async fn save_brand(&self, name: &str, terms: &BrandTerms, now: Millis) -> Result<BrandId> {
        let mut tx = self.begin(super::Touch::Rows).await?;
        let row = sqlx::query(SAVE)
            .bind(self.next_id(now))
            .bind(super::row::clean(name))
            .bind(to_json(terms)?)
            .bind(now.get())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(BrandId::new(row.int("id")?))
    }

    /// All brands, by name.
    pub async fn brands(&self) -> Result<Vec<Brand>> {
        sqlx::query(ALL).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// One brand.
    pub async fn brand(&self, id: BrandId) -> Result<Brand> {
        let row = sqlx::query(ONE).bind(id.get()).fetch_optional(&self.readers).await?;
        read(&row.ok_or(StoreError::NotFound)?)
    }
}

fn read(row: &AnyRow) -> Result<Brand> {
    let id = row.int("id")?;
    Ok(Brand { id: BrandId::new(id), name: row.text("name")?, terms: json(&row.text("terms")?, ("brands", "terms", id))? })
}
