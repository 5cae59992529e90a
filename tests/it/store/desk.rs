//! A brand with one source, and short words for what tests do with them.

use ebb::domain::brand::BrandTerms;
use ebb::domain::ids::{BrandId, MentionId};
use ebb::domain::post::{Engagement, Mention, Originality, Post, PostAuthor, PostKey};
use ebb::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use ebb::domain::source::{Cursor, SourceKind, SourceSpec, Take};
use ebb::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use ebb::store::{Copies, Keep, Kept, MentionFilter, OtherBrands, PageToKeep, RecheckToKeep, SourceLease, Store};

/// 2026-11-16T12:00:00Z, a Monday.
pub const NOON: Millis = Millis::new(1_794_830_400_000);

pub struct Desk {
    pub store: Store,
    pub brand: BrandId,
    pub lease: SourceLease,
    pub now: Millis,
}

impl Desk {
    pub async fn new(store: &Store) -> Self {
        let brand = store.save_brand("Acme Cloud", &BrandTerms::default(), NOON).await.expect("a brand");
        store.sync_sources(&[spec("town", brand)], NOON).await.expect("a source");
        let lease = store.claim_source("poller", NOON, DAY_MS).await.expect("the store answers").expect("a source is due");
        Self { store: store.clone(), brand, lease, now: NOON }
    }

    pub async fn keep(&self, posts: Vec<Keep>) -> Kept {
        self.save(page(posts, self.now)).await
    }

    pub async fn save(&self, page: PageToKeep) -> Kept {
        self.store.save_page(&self.lease, page, self.now).await.expect("the page is kept")
    }

    pub async fn delete(&self, ids: &[&str]) -> Kept {
        let gone = ids.iter().map(|id| key(id)).collect();
        self.save(PageToKeep { gone, ..page(Vec::new(), self.now) }).await
    }

    pub async fn recheck(&self, recheck: RecheckToKeep) -> Kept {
        self.store.save_recheck(&self.lease, recheck, self.now).await.expect("the recheck is kept")
    }

    /// Claims everything that waits, and scores each text by its first letter: `-`, `0` or `+`.
    pub async fn score_all(&self) {
        let tasks = self.store.claim_scoring("scorer", 10_000, self.now, HOUR_MS).await.expect("a claim");
        let scores: Vec<_> = tasks.iter().map(|task| (task.mention, sentiment_of(&task.text))).collect();
        let saved = self.store.save_scores("scorer", &scores, self.now).await.expect("scores are kept");
        assert_eq!(usize::try_from(saved).expect("a count"), scores.len());
    }

    pub async fn all(&self) -> Vec<Mention> {
        let filter = MentionFilter { brand: self.brand, copies: Copies::Show, other_brands: OtherBrands::Show, ..MentionFilter::default() };
        self.store.mentions(&filter, None, 100_000).await.expect("mentions")
    }

    pub async fn mention(&self, id: &str) -> Mention {
        self.all().await.into_iter().find(|m| m.key == key(id)).expect("it was kept")
    }

    pub async fn id(&self, id: &str) -> MentionId {
        self.mention(id).await.id
    }
}

pub fn spec(name: &str, brand: BrandId) -> SourceSpec {
    SourceSpec {
        name: name.to_owned(),
        kind: SourceKind::Mastodon,
        brand,
        take: Take::Matching,
        every_ms: 60_000,
        settings: serde_json::json!({ "url": "https://town.example/" }),
    }
}

pub fn key(id: &str) -> PostKey {
    PostKey::new("mastodon", "town.example", id).expect("a key")
}

/// A post by `author`, an hour ago, with a fingerprint that is its text.
pub fn post(id: &str, author: &str, text: &str) -> Keep {
    Keep {
        post: Post {
            key: key(id),
            author: PostAuthor {
                native_id: author.to_owned(),
                handle: format!("{author}@town.example"),
                name: author.to_owned(),
                url: Some(format!("https://town.example/@{author}")),
                followers: Some(10),
                bot: false,
            },
            created_at: NOON.plus(-HOUR_MS),
            edited_at: None,
            text: text.to_owned(),
            url: Some(format!("https://town.example/{id}")),
            reply_to: None,
            lang: Some("en".to_owned()),
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        },
        why: "names Acme Cloud".to_owned(),
        fingerprint: text.to_owned(),
        lang: None,
    }
}

pub fn post_at(id: &str, author: &str, text: &str, at: Millis) -> Keep {
    let mut keep = post(id, author, text);
    keep.post.created_at = at;
    keep
}

pub fn page(keep: Vec<Keep>, now: Millis) -> PageToKeep {
    PageToKeep { keep, gone: Vec::new(), cursor: Cursor("next".to_owned()), covered: None, next_poll_at: now, asked: 1 }
}

pub fn sentiment_of(text: &str) -> Sentiment {
    let (label, severity) = match text.chars().next() {
        Some('-') => (Label::Negative, 0.9),
        Some('+') => (Label::Positive, 0.0),
        _ => (Label::Neutral, 0.1),
    };
    let mut values = [0.1; 3];
    values[label.index()] = 0.8;
    Sentiment {
        label,
        probabilities: Probabilities::new(values).expect("a distribution"),
        severity: Severity::new(severity).expect("finite"),
        lang: "en".to_owned(),
        model: "test@1".to_owned(),
    }
}

/// A week on each side of noon.
pub fn around() -> Span {
    Span::new(NOON.plus(-7 * DAY_MS), NOON.plus(7 * DAY_MS)).expect("ordered")
}
