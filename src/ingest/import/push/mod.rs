//! Posts that somebody sends, signed: one delivery is checked as a whole, its items one by one.
//!
//! Items are kept like the rows of an import. A delivery that is sent again changes nothing; of two versions of a post
//! the later one stays, in whatever order they come; a deletion stays one unless the post was changed after it.

mod item;
mod signature;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;

use super::{LEASE_MS, MAX_BRANDS};
use crate::clock::Clock;
use crate::domain::brand::Brand;
use crate::domain::ids::BrandId;
use crate::domain::intake::{Receipt, Refused, RejectedItem, Signature};
use crate::domain::matching::{Match, Matcher};
use crate::domain::post::{Post, PostKey};
use crate::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::ingest::prepare;
use crate::store::{Keep, PageToKeep, SourceLease, Store, StoreError};
use item::{Item, Wish};
pub use signature::{Key, WeakSecret};

/// Items of one delivery.
const MOST_ITEMS: usize = 500;
/// A sender that is heard at least this often has not been silent in between.
const HEARTBEAT_MS: i64 = 2 * HOUR_MS;
/// Tries to take the source while another process keeps a delivery, and the pause between them.
const CLAIM_TRIES: u32 = 20;
const CLAIM_PAUSE_MS: i64 = 250;

/// Where deliveries come in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Door {
    store: Store,
    clock: Clock,
    key: Key,
    /// Of items that name none; `None`: the only brand there is.
    brand: Option<String>,
    /// One delivery at a time: they would wait for each other in the database anyway.
    turn: Arc<Mutex<()>>,
}

/// The items of one brand, each post once.
type Share = BTreeMap<PostKey, (usize, Item)>;

impl Door {
    /// A door that opens to who knows the secret.
    pub fn new(store: Store, clock: Clock, key: Key, brand: Option<String>) -> Self {
        Self { store, clock, key, brand, turn: Arc::default() }
    }

    /// Takes a delivery: checks who sent it, then keeps what is good of it.
    pub async fn receive(&self, signature: &Signature, body: &[u8]) -> Result<Receipt, Refused> {
        self.key.check(signature, body, self.clock.now())?;
        let items = items(body)?;
        let brands = self.store.brands().await.map_err(|e| failed(&e))?;
        let mut receipt = Receipt::default();
        let shares = self.share_out(&items, &brands, &mut receipt)?;
        let _turn = self.turn.lock().await;
        for (brand, share) in shares {
            self.keep(brand, share, &mut receipt).await?;
        }
        receipt.rejected.sort_by_key(|rejected| rejected.index);
        Ok(receipt)
    }

    /// The items by brand. A delivery without items is a sign of life of the brand that is meant.
    fn share_out<'a>(&self, items: &[Value], brands: &'a [Brand], receipt: &mut Receipt) -> Result<Vec<(&'a Brand, Share)>, Refused> {
        let latest = self.clock.now().plus(DAY_MS);
        let mut shares: BTreeMap<BrandId, (&Brand, Share)> = BTreeMap::new();
        if items.is_empty() {
            let brand = self.brand_of(None, brands).map_err(Refused::Malformed)?;
            shares.insert(brand.id, (brand, Share::new()));
        }
        for (index, value) in items.iter().enumerate() {
            let read = Item::read(value, latest).and_then(|item| Ok((self.brand_of(item.brand.as_deref(), brands)?, item)));
            let (brand, item) = match read {
                Ok(read) => read,
                Err(reason) => {
                    receipt.rejected.push(RejectedItem { index, reason });
                    continue;
                }
            };
            let share = &mut shares.entry(brand.id).or_insert_with(|| (brand, Share::new())).1;
            let older = share.get(item.key()).is_some_and(|(_, known)| version(&item) < version(known));
            if older || share.insert(item.key().clone(), (index, item)).is_some() {
                receipt.duplicates += 1;
            }
        }
        Ok(shares.into_values().take(MAX_BRANDS).collect())
    }

    fn brand_of<'a>(&self, named: Option<&str>, brands: &'a [Brand]) -> Result<&'a Brand, String> {
        let name = named.map(str::trim).filter(|name| !name.is_empty()).or(self.brand.as_deref());
        match (name, brands) {
            (Some(name), _) => brands.iter().find(|b| b.name == name).ok_or_else(|| "brand: there is none of that name".to_owned()),
            (None, [only]) => Ok(only),
            (None, []) => Err("brand: there is none yet; name one in the configuration".to_owned()),
            (None, _) => Err("brand: there are several; name one".to_owned()),
        }
    }

    async fn keep(&self, brand: &Brand, share: Share, receipt: &mut Receipt) -> Result<(), Refused> {
        let now = self.clock.now();
        let lease = self.claim(brand.id, &brand.name).await?;
        let keys: Vec<PostKey> = share.keys().cloned().collect();
        let deleted = self.store.deleted_among(&keys).await.map_err(|e| failed(&e))?;
        let matcher = Matcher::new(&brand.terms).map_err(|e| Refused::Failed(format!("the terms of the brand: {e}")))?;
        let mut page = PageToKeep {
            keep: Vec::new(),
            gone: Vec::new(),
            cursor: Cursor::default(),
            covered: covered(&lease, now),
            // In the future: that gives the lease back.
            next_poll_at: now.plus(1),
            asked: 1,
        };
        for (key, (index, item)) in share {
            let is_buried = deleted.get(&key).is_some_and(|at| item.version.is_none_or(|version| version <= *at));
            match item.wish {
                Wish::Erase(key) if !is_buried => page.gone.push(key),
                Wish::Keep(post) if !is_buried => match judged(*post, &matcher, now) {
                    Ok(keep) => page.keep.push(keep),
                    Err(reason) => receipt.rejected.push(RejectedItem { index, reason }),
                },
                Wish::Erase(_) | Wish::Keep(_) => receipt.duplicates += 1,
            }
        }
        let kept = self.store.save_page(&lease, page, now).await.map_err(|e| failed(&e))?;
        receipt.accepted += kept.new;
        receipt.updated += kept.updated;
        receipt.duplicates += kept.unchanged;
        receipt.deleted += kept.deleted;
        Ok(())
    }

    /// Makes the source of a brand's deliveries where it is new, and takes it.
    async fn claim(&self, brand: BrandId, name: &str) -> Result<SourceLease, Refused> {
        let spec = SourceSpec {
            name: format!("push ({name})"),
            kind: SourceKind::Push,
            brand,
            take: Take::All,
            every_ms: HOUR_MS,
            settings: serde_json::json!({}),
        };
        let source = self.store.add_source(&spec, self.clock.now()).await.map_err(|e| failed(&e))?;
        for _ in 0..CLAIM_TRIES {
            match self.store.claim_this_source(source, "push", self.clock.now(), LEASE_MS).await {
                Err(StoreError::Busy) => self.clock.sleep_ms(CLAIM_PAUSE_MS).await,
                lease => return lease.map_err(|e| failed(&e)),
            }
        }
        Err(Refused::Busy)
    }
}

fn items(body: &[u8]) -> Result<Vec<Value>, Refused> {
    let value: Value = serde_json::from_slice(body).map_err(|e| Refused::Malformed(format!("the body is no JSON: {e}")))?;
    let items = match value {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Refused::Malformed("items: no list".to_owned())),
            None => vec![Value::Object(object)],
        },
        _ => return Err(Refused::Malformed("the body is neither an item nor {\"items\": [..]}".to_owned())),
    };
    let many = items.len() > MOST_ITEMS;
    if many { Err(Refused::Malformed(format!("{} items; at most {MOST_ITEMS} in one delivery", items.len()))) } else { Ok(items) }
}

/// Erasing wins over any version of which it is not said when it was made.
fn version(item: &Item) -> i64 {
    item.version.map_or(i64::MAX, Millis::get)
}

/// The post as the store keeps it, or why it is no mention. The sender says that it is about the brand; the brand's own
/// rules say when it is not.
fn judged(post: Post, matcher: &Matcher, now: Millis) -> Result<Keep, String> {
    let why = match matcher.matches(&post) {
        Match::Yes { why } => why,
        Match::No => "sent as a mention".to_owned(),
        Match::Excluded { by } => return Err(format!("excluded by the rule “{by}” of the brand")),
        Match::OwnAccount => return Err("written by an account of the brand itself".to_owned()),
    };
    Ok(prepare::keep(post, why, now))
}

/// From the last delivery on, when that is not too long ago.
fn covered(lease: &SourceLease, now: Millis) -> Option<Span> {
    let since = lease.last_success_at.filter(|at| now.since(*at) <= HEARTBEAT_MS)?;
    Span::new(since, now)
}

fn failed(error: &StoreError) -> Refused {
    match error {
        StoreError::Busy | StoreError::Conflict => Refused::Busy,
        other => Refused::Failed(other.to_string()),
    }
}
