//! Who the negative mentions of a span come from, and which texts were copied most.

use super::row::Cells;
use super::{Result, Store};
use crate::domain::ids::{AuthorId, BrandId, MentionId};
use crate::domain::time::Span;

/// One author's negative mentions in a span, copies aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorShare {
    /// The author.
    pub author: AuthorId,
    /// At least 1.
    pub negative: i64,
}

/// An unhappy text that was copied in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedText {
    /// The mention that was kept first.
    pub original: MentionId,
    /// Its words; empty when it was deleted.
    pub text: String,
    /// Copies in the span.
    pub copies: i64,
    /// Distinct accounts that posted them.
    pub accounts: i64,
}

const SHARES: &str = "
select
    author_id,
    cast(sum(negative) as bigint) as negative
from author_hours
where brand_id = $1
    and source_id = 0
    and hour >= $2
    and hour < $3
group by author_id
order by
    negative desc,
    author_id";

/// Only copies are walked: the partial index `matches_copied` holds nothing else.
const COPIED: &str = "
select
    g.original,
    o.text,
    g.copies,
    g.accounts
from (
    select
        m.copy_of as original,
        count(*) as copies,
        count(distinct x.author_id) as accounts
    from matches x
    join mentions m
        on m.id = x.mention_id
    where x.brand_id = $1
        and x.created_at >= $2
        and x.created_at < $3
        and x.counted >= 'c'
        and x.counted < 'd'
        and x.label = 'negative'
        and m.copy_of is not null
    group by m.copy_of
    order by
        copies desc,
        original
    limit $4
) g
join mentions o
    on o.id = g.original
order by
    g.copies desc,
    g.original";

impl Store {
    /// Negative mentions by author over the hours in `span` (that of its start in full), most first.
    pub async fn negative_by_author(&self, brand: BrandId, span: Span) -> Result<Vec<AuthorShare>> {
        let query = sqlx::query(SHARES).bind(brand.get()).bind(span.from().hour().get()).bind(span.to().get());
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(AuthorShare { author: AuthorId::new(row.int("author_id")?), negative: row.int("negative")? })).collect()
    }

    /// The unhappy texts that were copied most in `span`. Reposts without words have no text of their own and are not among them.
    pub async fn copied_texts(&self, brand: BrandId, span: Span, limit: i64) -> Result<Vec<CopiedText>> {
        let query = sqlx::query(COPIED).bind(brand.get()).bind(span.from().get()).bind(span.to().get()).bind(limit.max(0));
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(CopiedText {
                    original: MentionId::new(row.int("original")?),
                    text: row.text("text")?,
                    copies: row.int("copies")?,
                    accounts: row.int("accounts")?,
                })
            })
            .collect()
    }
}
