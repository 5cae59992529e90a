//! Accounts: found or made for the posts of a page.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::row::{Cells, clean, clean_to};
use super::{Result, Store, WriteTx};
use crate::domain::ids::AuthorId;
use crate::domain::post::{Author, Post};
use crate::domain::time::Millis;

/// Platform, instance and id of an account.
pub(super) type AuthorKey = (String, String, String);

/// What stands in for the id of an account of which nothing is left.
const GONE: &str = "gone:";

const KNOWN: (&str, &str) = (
    "
select
    a.id,
    a.platform,
    a.instance,
    a.native_id,
    a.handle,
    a.name,
    a.url,
    a.followers,
    a.bot
from (values ",
    ") as k
cross join authors a
where a.platform = k.column1
    and a.instance = k.column2
    and a.native_id = k.column3",
);

const INSERT: (&str, &str) = (
    "
insert into authors (
    id,
    platform,
    instance,
    native_id,
    handle,
    name,
    url,
    followers,
    bot,
    updated_at
)
values ",
    "",
);

const UPDATE: &str = "
update authors set
    handle = $2,
    name = $3,
    url = $4,
    followers = $5,
    bot = $6,
    updated_at = $7
where id = $1";

/// Once no mention of theirs is left, an account is a number.
const FORGET: &str = "
update authors set
    native_id = 'gone:' || cast(id as text),
    handle = '',
    name = '',
    url = null,
    followers = null,
    updated_at = $2
where id = $1
    and not exists (
        select 1
        from mentions
        where mentions.author_id = $1
            and mentions.deleted_at is null
    )";

/// The account of a post, in the form in which it is kept.
#[derive(Debug, Clone, PartialEq)]
struct Account {
    handle: String,
    name: String,
    url: Option<String>,
    followers: Option<i64>,
    bot: bool,
}

/// Where a post's author is kept. Posts without one do not share one: each stands for a person of its own.
pub(super) fn key(post: &Post) -> AuthorKey {
    let id = clean_to(post.author.native_id.trim(), 1024);
    let id = if id.is_empty() { format!("post:{}", post.key.native_id()) } else { id };
    // Nobody may name themselves like a forgotten account.
    let id = if id.starts_with(GONE) { format!(":{id}") } else { id };
    (post.key.platform().to_owned(), post.key.instance().to_owned(), id)
}

/// The authors of `posts`, made and brought up to date where needed. Of several posts the last one knows best.
pub(super) async fn resolve(store: &Store, tx: &mut WriteTx, posts: &[&Post], now: Millis) -> Result<HashMap<AuthorKey, i64>> {
    let wanted: BTreeMap<AuthorKey, Account> = posts.iter().map(|post| (key(post), account(post))).collect();
    let keys = wanted.keys().map(|(p, i, n)| values![p.as_str(), i.as_str(), n.as_str()]).collect();
    let mut ids = HashMap::with_capacity(wanted.len());
    for row in bulk::fetch(tx, KNOWN, keys).await? {
        let id = row.int("id")?;
        let key = (row.text("platform")?, row.text("instance")?, row.text("native_id")?);
        if let Some(account) = wanted.get(&key) {
            update(tx, (id, &row), account, now).await?;
        }
        ids.insert(key, id);
    }
    let mut new = Vec::new();
    for (key, a) in wanted {
        let Entry::Vacant(place) = ids.entry(key) else { continue };
        let id = store.next_id(now);
        let (platform, instance, native_id) = place.key().clone();
        new.push(values![id, platform, instance, native_id, a.handle, a.name, a.url, a.followers, i64::from(a.bot), now.get()]);
        place.insert(id);
    }
    bulk::execute(tx, INSERT, new).await?;
    Ok(ids)
}

/// Removes the name of an author of whom no mention is left.
pub(super) async fn forget_without_mentions(tx: &mut WriteTx, author: i64, now: Millis) -> Result<()> {
    sqlx::query(FORGET).bind(author).bind(now.get()).execute(&mut **tx).await?;
    Ok(())
}

async fn update(tx: &mut WriteTx, (id, row): (i64, &AnyRow), account: &Account, now: Millis) -> Result<()> {
    let known = Account {
        handle: row.text("handle")?,
        name: row.text("name")?,
        url: row.maybe_text("url")?,
        followers: row.maybe_int("followers")?,
        bot: row.int("bot")? != 0,
    };
    // A page that does not tell the followers does not make them unknown.
    let account = Account { followers: account.followers.or(known.followers), ..account.clone() };
    if account == known {
        return Ok(());
    }
    sqlx::query(UPDATE)
        .bind(id)
        .bind(account.handle)
        .bind(account.name)
        .bind(account.url)
        .bind(account.followers)
        .bind(i64::from(account.bot))
        .bind(now.get())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn account(post: &Post) -> Account {
    let author = &post.author;
    Account {
        handle: clean_to(&author.handle, 512),
        name: clean_to(&author.name, 512),
        url: author.url.as_deref().map(clean),
        followers: author.followers.map(|f| f.max(0)),
        bot: author.bot,
    }
}

/// Reads an author from columns that are named `author_*`.
pub(super) fn read(row: &AnyRow) -> Result<Author> {
    Ok(Author {
        id: AuthorId::new(row.int("author_id")?),
        platform: row.text("author_platform")?,
        instance: row.text("author_instance")?,
        handle: row.text("author_handle")?,
        name: row.text("author_name")?,
        url: row.maybe_text("author_url")?,
        followers: row.maybe_int("author_followers")?,
        bot: row.int("author_bot")? != 0,
    })
}
