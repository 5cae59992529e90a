//! Who an account is: one author, other accounts of the same person, and the imported list of customers.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::bulk::{self, values};
use super::row::{Cells, clean, clean_to};
use super::{Result, Store, StoreError, Touch, authors};
use crate::domain::case::{Customer, handle_key};
use crate::domain::ids::{AuthorId, BrandId};
use crate::domain::post::Author;
use crate::domain::time::Millis;

/// Platform and what the spellings of a handle have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Handle(String, String);

impl Handle {
    pub(super) fn new(platform: &str, handle: &str) -> Self {
        Self(platform.to_owned(), handle_key(handle))
    }
}

/// Accounts of one person that are shown and looked at; a page of a person stays a page.
const MOST_LINKED: i64 = 20;

const AUTHOR: &str = "
select
    a.id as author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot
from authors a";

const KNOWN: (&str, &str) = (
    "
select
    c.platform,
    c.handle_key
from (values ",
    ") as k
cross join customers c
where c.platform = k.column1
    and c.handle_key = k.column2",
);

const CUSTOMER: &str = "
select
    platform,
    handle,
    name,
    reference
from customers
where platform = $1
    and handle_key = $2";

const KEEP_CUSTOMERS: (&str, &str) = (
    "
insert into customers (
    id,
    platform,
    handle_key,
    handle,
    name,
    reference,
    imported_at
)
values ",
    "
on conflict (platform, handle_key) do update set
    handle = excluded.handle,
    name = excluded.name,
    reference = excluded.reference,
    imported_at = excluded.imported_at",
);

const PERSON: &str = "
select
    person_id
from account_links
where author_id = $1";

const LINK: &str = "
insert into account_links (
    author_id,
    person_id,
    linked_by,
    linked_at
)
values ($1, $2, $3, $4)
on conflict (author_id) do nothing";

const MERGE: &str = "
update account_links set
    person_id = $2
where person_id = $1";

const UNLINK: &str = "
delete from account_links
where author_id = $1";

/// One account alone is nobody's other account.
const UNLINK_LONELY: &str = "
delete from account_links
where person_id = $1
    and (select count(*) from account_links l where l.person_id = $1) = 1";

impl Store {
    /// One author.
    pub async fn author(&self, id: AuthorId) -> Result<Author> {
        let sql = AssertSqlSafe(format!("{AUTHOR} where a.id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        authors::read(&row.ok_or(StoreError::NotFound)?)
    }

    /// Authors of a brand's mentions whose handle or name is `text`, in any ASCII case.
    pub async fn authors_named(&self, brand: BrandId, text: &str, limit: i64) -> Result<Vec<Author>> {
        let sql = format!(
            "{AUTHOR} where (lower(ltrim(a.handle, '@')) = lower($2) or lower(a.name) = lower($2))
             and exists (select 1 from matches x where x.brand_id = $1 and x.author_id = a.id)
             order by a.platform, a.handle, a.id limit $3"
        );
        let text = clean(text.trim().trim_start_matches('@'));
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(brand.get()).bind(text).bind(limit.max(0)).fetch_all(&self.readers).await?;
        rows.iter().map(authors::read).collect()
    }

    /// The other accounts of the person behind an account, as far as people linked them; at most twenty.
    pub async fn linked_accounts(&self, author: AuthorId) -> Result<Vec<Author>> {
        let sql = format!(
            "{AUTHOR} join account_links l on l.author_id = a.id
             where l.person_id = (select person_id from account_links where author_id = $1) and a.id <> $1
             order by l.linked_at, a.id limit $2"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(author.get()).bind(MOST_LINKED).fetch_all(&self.readers).await?;
        rows.iter().map(authors::read).collect()
    }

    /// Says that two accounts are one person's; whoever was linked to either is linked to both.
    pub async fn link_accounts(&self, one: AuthorId, other: AuthorId, who: &str, now: Millis) -> Result<()> {
        if one == other {
            return Ok(());
        }
        self.author(one).await?;
        self.author(other).await?;
        let mut tx = self.begin(Touch::Rows).await?;
        let mut persons = Vec::new();
        for author in [one, other] {
            let row = sqlx::query(PERSON).bind(author.get()).fetch_optional(&mut *tx).await?;
            persons.push(row.map(|row| row.int("person_id")).transpose()?);
        }
        let person = persons.iter().flatten().next().copied().unwrap_or_else(|| self.next_id(now));
        for (author, known) in [one, other].into_iter().zip(persons) {
            match known {
                Some(known) if known == person => {}
                Some(known) => {
                    sqlx::query(MERGE).bind(known).bind(person).execute(&mut *tx).await?;
                }
                None => {
                    sqlx::query(LINK).bind(author.get()).bind(person).bind(clean(who)).bind(now.get()).execute(&mut *tx).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes an account off the person that it was linked to.
    pub async fn unlink_account(&self, author: AuthorId) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let row = sqlx::query(PERSON).bind(author.get()).fetch_optional(&mut *tx).await?;
        if let Some(row) = row {
            sqlx::query(UNLINK).bind(author.get()).execute(&mut *tx).await?;
            sqlx::query(UNLINK_LONELY).bind(row.int("person_id")?).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Keeps rows of a list of customers; a known handle takes the newer name and reference.
    pub async fn save_customers(&self, customers: &[Customer], now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        // A statement may touch a row only once: of a handle that comes twice the last row counts.
        let mut seen = HashSet::new();
        let mut rows = Vec::with_capacity(customers.len());
        for c in customers.iter().rev() {
            let key = handle_key(&c.handle);
            if seen.insert((c.platform.as_str(), key.clone())) {
                let short = |text: &str| clean_to(text, 512);
                let (name, reference) = (short(&c.name), short(&c.reference));
                rows.push(values![self.next_id(now), short(&c.platform), short(&key), short(&c.handle), name, reference, now.get()]);
            }
        }
        bulk::execute(&mut tx, KEEP_CUSTOMERS, rows).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The customer behind an account: same platform, same handle in any case.
    pub async fn customer(&self, author: &Author) -> Result<Option<Customer>> {
        let query = sqlx::query(CUSTOMER).bind(clean(&author.platform)).bind(clean(&handle_key(&author.handle)));
        let row = query.fetch_optional(&self.readers).await?;
        row.map(|row| {
            Ok(Customer {
                platform: row.text("platform")?,
                handle: row.text("handle")?,
                name: row.text("name")?,
                reference: row.text("reference")?,
            })
        })
        .transpose()
    }
}

/// Those of `handles` that stand on the list of customers.
pub(super) async fn known_customers(store: &Store, handles: &[Handle]) -> Result<HashSet<Handle>> {
    let wanted: HashSet<&Handle> = handles.iter().filter(|h| !h.1.is_empty()).collect();
    let keys = wanted.into_iter().map(|Handle(platform, key)| values![clean(platform), clean(key)]).collect();
    let mut reader = store.readers.acquire().await?;
    let rows = bulk::fetch(&mut reader, KNOWN, keys).await?;
    rows.iter().map(|row| Ok(Handle(row.text("platform")?, row.text("handle_key")?))).collect()
}
