//! Keeping the posts of a page: new ones, edits, and tombstones that come back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::authors::{self, AuthorKey};
use super::bulk::{self, Value, values};
use super::copies::{Likeness, Originals};
use super::known::Known;
use super::recheck::next_recheck;
use super::rollup::{Deltas, Place, Standing};
use super::row::{clean, clean_to};
use super::{Result, SourceLease, Store, WriteTx, filter, tombstone};
use crate::domain::post::{Engagement, MAX_TEXT_BYTES, Originality, Post, PostKey};
use crate::domain::time::Millis;

/// A post that is a mention of the source's brand.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// The post.
    pub post: Post,
    /// Why it is a mention, in words.
    pub why: String,
    /// Of the normalised text; empty: never taken for a copy.
    pub fingerprint: String,
    /// Detected language; `None`: the one that the platform claims.
    pub lang: Option<String>,
}

impl Keep {
    fn lang(&self) -> Option<String> {
        self.lang.as_deref().or(self.post.lang.as_deref()).map(clean)
    }

    fn fingerprint(&self) -> String {
        clean(&self.fingerprint)
    }

    fn text(&self) -> String {
        clean_to(&self.post.text, MAX_TEXT_BYTES)
    }

    fn likeness(&self) -> Likeness {
        Likeness::new(self.fingerprint(), &self.post.text)
    }
}

const INSERT_MENTIONS: (&str, &str) = (
    "
insert into mentions (
    id,
    platform,
    instance,
    native_id,
    source_id,
    author_id,
    created_at,
    fetched_at,
    edited_at,
    text,
    url,
    reply_to,
    lang,
    likes,
    reposts,
    replies,
    repost,
    fingerprint,
    copy_of,
    misses,
    recheck_at
)
values ",
    "",
);

const INSERT_MATCHES: (&str, &str) = (
    "
insert into matches (
    brand_id,
    mention_id,
    author_id,
    source_id,
    created_at,
    why,
    label,
    severity,
    counted,
    lang
)
values ",
    "",
);

const QUEUE: (&str, &str) = (
    "
insert into scoring (
    mention_id,
    created_at,
    lease_until,
    leased_by,
    attempts,
    failures
)
values ",
    "
on conflict (mention_id) do update set
    lease_until = 0,
    leased_by = '',
    attempts = 0,
    failures = 0,
    last_error = null",
);

const UPDATE: &str = "
update mentions set
    author_id = $2,
    edited_at = $3,
    deleted_at = null,
    text = $4,
    url = $5,
    reply_to = $6,
    lang = $7,
    likes = $8,
    reposts = $9,
    replies = $10,
    fingerprint = $11,
    copy_of = $12,
    recheck_at = $13,
    misses = 0,
    missed_at = null
where id = $1";

const SET_WHY: &str = "
update matches set
    why = $3
where brand_id = $1
    and mention_id = $2";

/// What a page says about a known mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    /// It was missed, and is there after all.
    Found,
    /// Reactions, link or language.
    Details,
    /// Other words.
    Edited,
    /// The platform lists a deleted post again: moderation took it back.
    Revived,
}

/// What a known mention says from now on.
struct Words {
    author: i64,
    created_at: Millis,
    edited_at: Option<Millis>,
    text: String,
    fingerprint: String,
    copy_of: Option<i64>,
}

/// How many posts of each sort.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) new: i64,
    pub(super) updated: i64,
    pub(super) unchanged: i64,
    pub(super) copies: i64,
}

/// One page being kept.
pub(super) struct Keeper<'a> {
    pub(super) store: &'a Store,
    pub(super) tx: &'a mut WriteTx,
    pub(super) lease: &'a SourceLease,
    pub(super) now: Millis,
    pub(super) originals: Originals,
    /// Mentions whose counts must be looked at again.
    pub(super) recount: BTreeSet<i64>,
    pub(super) deltas: Deltas,
    pub(super) tally: Tally,
}

impl Keeper<'_> {
    /// Keeps `keeps`, of which `known` are kept already.
    pub(super) async fn keep(&mut self, keeps: &[&Keep], known: &HashMap<PostKey, Known>) -> Result<()> {
        let keeps = latest_of_each(keeps);
        let moved = |k: &&&Keep| known.get(&k.post.key).is_none_or(|m| m.fingerprint != k.fingerprint);
        let texts: HashMap<&PostKey, Likeness> = keeps.iter().filter(moved).map(|k| (&k.post.key, k.likeness())).collect();
        self.originals.load(self.tx, &texts.values().collect::<Vec<_>>()).await?;
        // The author of a live mention is who wrote it first, whatever a later page calls them.
        let authored =
            |k: &&&Keep| known.get(&k.post.key).is_none_or(|m| m.deleted_at.is_some() || m.author_key == authors::key(&k.post).2);
        let posts: Vec<&Post> = keeps.iter().filter(authored).map(|k| &k.post).collect();
        let authors = authors::resolve(self.store, self.tx, &posts, self.now).await?;
        let (old, new): (Vec<&Keep>, Vec<&Keep>) = keeps.iter().copied().partition(|k| known.contains_key(&k.post.key));
        self.insert(&new, &texts, &authors).await?;
        for keep in old {
            if let Some(mention) = known.get(&keep.post.key) {
                self.meet(keep, mention, &authors).await?;
            }
        }
        Ok(())
    }

    async fn insert(&mut self, keeps: &[&Keep], texts: &HashMap<&PostKey, Likeness>, authors: &HashMap<AuthorKey, i64>) -> Result<()> {
        let (mut mentions, mut matches, mut queue) = (Vec::new(), Vec::new(), Vec::new());
        for keep in keeps {
            let id = self.store.next_id(self.now);
            let author = authors.get(&authors::key(&keep.post)).copied().unwrap_or_default();
            // Nothing was written in the future: such a post counts as written now.
            let created_at = keep.post.created_at.min(self.now);
            let repost = keep.post.originality == Originality::Repost;
            let text = texts.get(&keep.post.key).cloned().unwrap_or_default();
            let copy_of = self.originals.find(&text, created_at, id);
            let copy = repost || copy_of.is_some();
            if !copy {
                self.originals.insert(&text, id, created_at);
            }
            let place = Place {
                brand: self.lease.spec.brand.get(),
                source: self.lease.id.get(),
                author,
                created_at,
                lang: keep.lang().unwrap_or_default(),
            };
            let standing = Standing { copy, deleted: false, hidden: false, label: None };
            self.deltas.add(&place, standing);
            self.tally.new += 1;
            self.tally.copies += i64::from(copy);
            mentions.push(self.mention_row(keep, (id, author, created_at), copy_of));
            matches.push(match_row(&place, id, &keep.why, &standing.encode()));
            queue.push(values![id, created_at.get(), 0_i64, "", 0_i64, 0_i64]);
        }
        bulk::execute(self.tx, INSERT_MENTIONS, mentions).await?;
        bulk::execute(self.tx, INSERT_MATCHES, matches).await?;
        bulk::execute(self.tx, QUEUE, queue).await?;
        Ok(())
    }

    fn mention_row(&self, keep: &Keep, (id, author, at): (i64, i64, Millis), copy_of: Option<i64>) -> Vec<Value> {
        let post = &keep.post;
        let Engagement { likes, reposts, replies } = engagement(post);
        values![
            id,
            post.key.platform(),
            post.key.instance(),
            post.key.native_id(),
            self.lease.id.get(),
            author,
            at.get(),
            self.now.get(),
            post.edited_at.map(Millis::get),
            keep.text(),
            post.url.as_deref().map(clean),
            post.reply_to.as_deref().map(clean),
            keep.lang(),
            likes,
            reposts,
            replies,
            i64::from(post.originality == Originality::Repost),
            keep.fingerprint(),
            copy_of,
            0_i64,
            next_recheck(post.key.platform(), at, self.now).map(Millis::get),
        ]
    }

    /// A post of the page that is known.
    async fn meet(&mut self, keep: &Keep, known: &Known, authors: &HashMap<AuthorKey, i64>) -> Result<()> {
        let brand = self.lease.spec.brand.get();
        if !known.matched {
            let place = Place {
                brand,
                source: self.lease.id.get(),
                author: known.author,
                created_at: known.created_at,
                lang: known.lang.clone().unwrap_or_default(),
            };
            // Counted by the recount below, which knows its label.
            bulk::execute(self.tx, INSERT_MATCHES, vec![match_row(&place, known.id, &keep.why, "")]).await?;
            self.recount.insert(known.id);
        }
        let change = change(keep, known);
        match change {
            Change::Nothing | Change::Found if known.matched => self.tally.unchanged += 1,
            _ if known.matched => self.tally.updated += 1,
            _ => self.tally.new += 1,
        }
        let author = authors.get(&authors::key(&keep.post)).copied().unwrap_or(known.author);
        match change {
            Change::Nothing => {}
            Change::Found | Change::Details => {
                let words = Words {
                    author: known.author,
                    created_at: known.created_at,
                    edited_at: known.edited_at,
                    text: known.text.clone(),
                    fingerprint: known.fingerprint.clone(),
                    copy_of: known.copy_of,
                };
                self.update(keep, known.id, words).await?;
                if keep.lang() != known.lang {
                    self.recount.insert(known.id);
                }
            }
            Change::Edited => {
                let edited_at = keep.post.edited_at.or(Some(self.now));
                self.rewrite(keep, known, (known.author, edited_at)).await?;
            }
            Change::Revived => {
                self.rewrite(keep, known, (author, keep.post.edited_at)).await?;
                sqlx::query(SET_WHY).bind(brand).bind(known.id).bind(clean(&keep.why)).execute(&mut **self.tx).await?;
            }
        }
        Ok(())
    }

    /// New words: back to the queue, perhaps a copy of something else, and its own copies lose their original.
    async fn rewrite(&mut self, keep: &Keep, known: &Known, (author, edited_at): (i64, Option<Millis>)) -> Result<()> {
        let text = keep.likeness();
        let moved = known.deleted_at.is_some() || known.fingerprint != text.fingerprint;
        if moved {
            let before = Likeness::new(known.fingerprint.clone(), &known.text);
            let heir = self.originals.promote(self.tx, known.id, &before).await?;
            self.recount.extend(heir);
        }
        // An original whose words keep their fingerprint stays one.
        let copy_of = match (moved, known.copy_of) {
            (false, copy_of) => copy_of,
            (true, _) => self.originals.find(&text, known.created_at, known.id),
        };
        if copy_of.is_none() && !known.repost && moved {
            self.originals.insert(&text, known.id, known.created_at);
        }
        let words = Words { author, created_at: known.created_at, edited_at, text: keep.text(), fingerprint: text.fingerprint, copy_of };
        self.update(keep, known.id, words).await?;
        tombstone::forget_judgement(self.tx, known.id).await?;
        filter::ask_again(self.tx, known.id, self.now).await?;
        let row = values![known.id, known.created_at.get(), 0_i64, "", 0_i64, 0_i64];
        bulk::execute(self.tx, QUEUE, vec![row]).await?;
        self.recount.insert(known.id);
        Ok(())
    }

    async fn update(&mut self, keep: &Keep, id: i64, words: Words) -> Result<()> {
        let Engagement { likes, reposts, replies } = engagement(&keep.post);
        sqlx::query(UPDATE)
            .bind(id)
            .bind(words.author)
            .bind(words.edited_at.map(Millis::get))
            .bind(words.text)
            .bind(keep.post.url.as_deref().map(clean))
            .bind(keep.post.reply_to.as_deref().map(clean))
            .bind(keep.lang())
            .bind(likes)
            .bind(reposts)
            .bind(replies)
            .bind(words.fingerprint)
            .bind(words.copy_of)
            .bind(next_recheck(keep.post.key.platform(), words.created_at, self.now).map(Millis::get))
            .execute(&mut **self.tx)
            .await?;
        Ok(())
    }
}

fn match_row(place: &Place, mention: i64, why: &str, counted: &str) -> Vec<Value> {
    let Place { brand, source, author, created_at, lang } = place;
    values![*brand, mention, *author, *source, created_at.get(), clean(why), "", 0.0, counted, lang.as_str()]
}

/// Repeats within a page: the last one is the newest. Oldest posts first, so that they become the originals.
fn latest_of_each<'a>(keeps: &[&'a Keep]) -> Vec<&'a Keep> {
    let latest: BTreeMap<&PostKey, &Keep> = keeps.iter().map(|k| (&k.post.key, *k)).collect();
    let mut keeps: Vec<&Keep> = latest.into_values().collect();
    keeps.sort_by_key(|k| k.post.created_at);
    keeps
}

fn engagement(post: &Post) -> Engagement {
    let Engagement { likes, reposts, replies } = post.engagement;
    Engagement { likes: likes.max(0), reposts: reposts.max(0), replies: replies.max(0) }
}

fn change(keep: &Keep, known: &Known) -> Change {
    let post = &keep.post;
    // Its words may not be kept a second time.
    if known.expired {
        return Change::Nothing;
    }
    if known.deleted_at.is_some() {
        return Change::Revived;
    }
    // Another copy of the post at another server may lag behind.
    let older = post.edited_at.zip(known.edited_at).is_some_and(|(theirs, ours)| theirs < ours);
    let edited = !older && keep.text() != known.text;
    let details = post.url != known.url
        || post.reply_to.as_deref().map(clean) != known.reply_to
        || keep.lang() != known.lang
        || engagement(post) != known.engagement;
    match (edited, older, details, known.misses) {
        (true, ..) => Change::Edited,
        (false, false, true, _) => Change::Details,
        (false, _, _, 1..) => Change::Found,
        _ => Change::Nothing,
    }
}
