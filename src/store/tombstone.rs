//! Deletion: the row stays and is counted, the words and the names go.

use std::collections::BTreeSet;

use super::bulk;
use super::copies::{Likeness, Originals};
use super::known::Known;
use super::{Result, WriteTx, authors};
use crate::domain::time::Millis;

const BURY: &str = "
update mentions set
    deleted_at = $2,
    text = '',
    url = null,
    reply_to = null,
    lang = null,
    likes = 0,
    reposts = 0,
    replies = 0,
    fingerprint = '',
    misses = 0,
    missed_at = null,
    recheck_at = null
where id = $1";

const FORGET_WHY: (&str, &str) = (
    "
update matches set
    why = ''
where mention_id in (values ",
    ")",
);

const FORGET_SCORES: (&str, &str) = (
    "
delete from scores
where mention_id in (values ",
    ")",
);

const FORGET_CORRECTIONS: (&str, &str) = (
    "
delete from corrections
where mention_id in (values ",
    ")",
);

const FORGET_MARKS: (&str, &str) = (
    "
delete from brand_marks
where mention_id in (values ",
    ")",
);

const FORGET_EDITS: (&str, &str) = (
    "
delete from brand_edits
where mention_id in (values ",
    ")",
);

const FORGET_QUEUE: (&str, &str) = (
    "
delete from scoring
where mention_id in (values ",
    ")",
);

/// Makes tombstones of live mentions. Returns those whose counts change; call `rollup::recount` with them.
pub(super) async fn bury(tx: &mut WriteTx, known: &[&Known], originals: &mut Originals, now: Millis) -> Result<BTreeSet<i64>> {
    let mut changed = BTreeSet::new();
    for mention in known {
        sqlx::query(BURY).bind(mention.id).bind(now.get()).execute(&mut **tx).await?;
        changed.insert(mention.id);
    }
    for statement in [FORGET_WHY, FORGET_SCORES, FORGET_CORRECTIONS, FORGET_MARKS, FORGET_EDITS, FORGET_QUEUE] {
        bulk::execute(tx, statement, bulk::ids(changed.iter().copied())).await?;
    }
    // After all are buried: none of them may inherit from another.
    for mention in known {
        let text = Likeness::new(mention.fingerprint.clone(), &mention.text);
        changed.extend(originals.promote(tx, mention.id, &text).await?);
    }
    for author in known.iter().map(|m| m.author).collect::<BTreeSet<_>>() {
        authors::forget_without_mentions(tx, author, now).await?;
    }
    Ok(changed)
}

/// A text that changed is a new one: what was said of the old one goes.
pub(super) async fn forget_judgement(tx: &mut WriteTx, mention: i64) -> Result<()> {
    for statement in [FORGET_SCORES, FORGET_CORRECTIONS, FORGET_MARKS] {
        bulk::execute(tx, statement, bulk::ids([mention])).await?;
    }
    Ok(())
}
