//! Accounts that their platform closed.

use super::known;
use super::row::Cells;
use super::{Result, Store};
use crate::domain::post::PostKey;
use crate::domain::source::AccountKey;

/// Accounts looked at for one page; a platform that closes more in one answer is not believed.
const MAX_ACCOUNTS: usize = 1_000;

const POSTS_OF_ACCOUNT: &str = "
select
    m.id,
    m.platform,
    m.instance,
    m.native_id
from authors a
join mentions m on m.author_id = a.id
where a.platform = $1
    and a.instance = $2
    and a.native_id = $3
    and m.deleted_at is null";

impl Store {
    /// The live posts of some accounts.
    pub async fn posts_of_accounts(&self, accounts: &[AccountKey]) -> Result<Vec<PostKey>> {
        let mut posts = Vec::new();
        for account in accounts.iter().take(MAX_ACCOUNTS) {
            let query = sqlx::query(POSTS_OF_ACCOUNT).bind(&account.platform).bind(&account.instance).bind(&account.native_id);
            for row in query.fetch_all(&self.readers).await? {
                posts.push(known::key(&row, row.int("id")?)?);
            }
        }
        Ok(posts)
    }
}
