//! What is kept already of the posts of a page.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::row::{Cells, readable};
use super::{Result, Store, WriteTx};
use crate::domain::ids::BrandId;
use crate::domain::post::{Engagement, PostKey};
use crate::domain::time::Millis;

/// A kept mention, as far as a page can change it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) author: i64,
    /// The platform's id of the author.
    pub(super) author_key: String,
    pub(super) created_at: Millis,
    pub(super) edited_at: Option<Millis>,
    pub(super) deleted_at: Option<Millis>,
    /// Its words went when the platform's time was over.
    pub(super) expired: bool,
    pub(super) text: String,
    pub(super) url: Option<String>,
    pub(super) reply_to: Option<String>,
    pub(super) lang: Option<String>,
    pub(super) engagement: Engagement,
    pub(super) repost: bool,
    pub(super) fingerprint: String,
    pub(super) copy_of: Option<i64>,
    pub(super) misses: i64,
    pub(super) missed_at: Option<Millis>,
    /// Whether it is a mention of the brand in question.
    pub(super) matched: bool,
}

const KNOWN: (&str, &str) = (
    "
select
    m.id,
    m.platform,
    m.instance,
    m.native_id,
    m.author_id,
    a.native_id as author_key,
    m.created_at,
    m.edited_at,
    m.deleted_at,
    m.expired_at,
    m.text,
    m.url,
    m.reply_to,
    m.lang,
    m.likes,
    m.reposts,
    m.replies,
    m.repost,
    m.fingerprint,
    m.copy_of,
    m.misses,
    m.missed_at,
    case when x.mention_id is null then cast(0 as bigint) else cast(1 as bigint) end as matched
from (values ",
    ") as k
cross join mentions m
cross join authors a
left join matches x
    on x.mention_id = m.id
    and x.brand_id = k.column4
where m.platform = k.column1
    and m.instance = k.column2
    and m.native_id = k.column3
    and a.id = m.author_id",
);

/// The kept ones among `keys`.
pub(super) async fn load<'a>(tx: &mut WriteTx, brand: BrandId, keys: impl Iterator<Item = &'a PostKey>) -> Result<HashMap<PostKey, Known>> {
    let rows = keys.map(|k| values![k.platform(), k.instance(), k.native_id(), brand.get()]).collect();
    let rows = bulk::fetch(tx, KNOWN, rows).await?;
    rows.iter().map(read).collect()
}

const DELETED: (&str, &str) = (
    "
select
    m.id,
    m.platform,
    m.instance,
    m.native_id,
    m.deleted_at
from (values ",
    ") as k
cross join mentions m
where m.platform = k.column1
    and m.instance = k.column2
    and m.native_id = k.column3
    and m.deleted_at is not null",
);

impl Store {
    /// The deleted ones among these posts, and when that was noticed.
    pub async fn deleted_among(&self, keys: &[PostKey]) -> Result<HashMap<PostKey, Millis>> {
        let rows = keys.iter().map(|k| values![k.platform(), k.instance(), k.native_id()]).collect();
        let mut reader = self.readers.acquire().await?;
        let rows = bulk::fetch(&mut reader, DELETED, rows).await?;
        rows.iter().map(|row| Ok((key(row, row.int("id")?)?, row.at("deleted_at")?))).collect()
    }
}

fn read(row: &AnyRow) -> Result<(PostKey, Known)> {
    let id = row.int("id")?;
    let known = Known {
        id,
        author: row.int("author_id")?,
        author_key: row.text("author_key")?,
        created_at: row.at("created_at")?,
        edited_at: row.maybe_at("edited_at")?,
        deleted_at: row.maybe_at("deleted_at")?,
        expired: row.maybe_int("expired_at")?.is_some(),
        text: row.text("text")?,
        url: row.maybe_text("url")?,
        reply_to: row.maybe_text("reply_to")?,
        lang: row.maybe_text("lang")?,
        engagement: Engagement { likes: row.int("likes")?, reposts: row.int("reposts")?, replies: row.int("replies")? },
        repost: row.int("repost")? != 0,
        fingerprint: row.text("fingerprint")?,
        copy_of: row.maybe_int("copy_of")?,
        misses: row.int("misses")?,
        missed_at: row.maybe_at("missed_at")?,
        matched: row.int("matched")? != 0,
    };
    Ok((key(row, id)?, known))
}

/// The key in the columns `platform`, `instance` and `native_id` of mention `id`.
pub(super) fn key(row: &AnyRow, id: i64) -> Result<PostKey> {
    let key = PostKey::new(&row.text("platform")?, &row.text("instance")?, &row.text("native_id")?);
    readable(key.ok(), ("mentions", "native_id", id))
}
