//! What is done to a post between source and store: cleaned, matched, told from copies.

use crate::domain::language::known_language;
use crate::domain::matching::{Match, Matcher};
use crate::domain::post::{Engagement, Originality, Post, PostAuthor, safe_link};
use crate::domain::promo::promotional;
use crate::domain::source::{SourceSpec, Take};
use crate::domain::text::{fingerprint, one_line, plain};
use crate::domain::time::Millis;
use crate::store::{Keep, OwnPost};

/// Longest name or handle kept, in characters.
const MAX_NAME: usize = 200;
/// Longest id of an author or of the post that is answered, in characters.
const MAX_ID: usize = 1024;
/// Clocks of servers go wrong by this much; what is dated later has no believable time.
const MAX_AHEAD_MS: i64 = 10 * 60_000;

/// Cleans a post, and adds what the store keeps with it. `now` is when it was fetched.
pub fn keep(post: Post, why: String, now: Millis) -> Keep {
    let post = clean(post, now);
    let fingerprint = fingerprint(&post.text);
    let lang = known_language(&post.text, post.lang.as_deref());
    Keep { post, why, fingerprint, lang }
}

/// The mentions among the posts of a page.
pub fn mentions(posts: Vec<Post>, judge: &Judge<'_>, now: Millis) -> Vec<Keep> {
    let judged = posts.into_iter().filter_map(|post| judge.why(&post).map(|why| keep(post, why, now)));
    judged.filter(|kept| !kept.post.text.is_empty()).collect()
}

/// Posts that are mentions already, read again. An edit may have taken the brand's name out of one: it stays a
/// mention, because people have read it as one.
pub fn known_mentions(posts: Vec<Post>, judge: &Judge<'_>, now: Millis) -> Vec<Keep> {
    let why = |post: &Post| judge.why(post).unwrap_or_else(|| "named the brand before it was edited".to_owned());
    posts.into_iter().map(|post| (why(&post), post)).map(|(why, post)| keep(post, why, now)).collect()
}

/// Most posts of the brand's own that are kept of a page.
const MOST_OWN: usize = 200;

/// What the brand's own accounts posted: no mentions, but what campaigns are held against.
pub fn own_posts(posts: &[Post], judge: &Judge<'_>, now: Millis) -> Vec<OwnPost> {
    let own = posts.iter().filter(|post| judge.matcher.wrote(post) && post.originality == Originality::Own).take(MOST_OWN);
    own.map(|post| {
        let post = clean(post.clone(), now);
        let promotional = promotional(&post.text).unwrap_or_default().to_owned();
        OwnPost { post, promotional }
    })
    .collect()
}

/// Decides which posts of one source are mentions.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The source.
    pub spec: &'a SourceSpec,
    /// The terms of its brand.
    pub matcher: &'a Matcher,
}

impl Judge<'_> {
    /// Why the post is a mention; `None` when it is none.
    fn why(&self, post: &Post) -> Option<String> {
        match (self.matcher.matches(post), self.spec.take) {
            (Match::OwnAccount, _) | (Match::No | Match::Excluded { .. }, Take::Matching) => None,
            (Match::Yes { why }, _) => Some(why),
            (Match::No | Match::Excluded { .. }, Take::All) => Some(format!("posted on “{}”, which is about the brand", self.spec.name)),
        }
    }
}

fn clean(post: Post, now: Millis) -> Post {
    let latest = now.plus(MAX_AHEAD_MS);
    Post {
        author: clean_author(&post.author),
        created_at: if post.created_at > latest { now } else { post.created_at },
        edited_at: post.edited_at.filter(|at| *at <= latest),
        text: plain(&post.text),
        url: post.url.as_deref().and_then(safe_link),
        reply_to: post.reply_to.map(|id| one_line(&id, MAX_ID)).filter(|id| !id.is_empty()),
        engagement: Engagement {
            likes: post.engagement.likes.max(0),
            reposts: post.engagement.reposts.max(0),
            replies: post.engagement.replies.max(0),
        },
        ..post
    }
}

fn clean_author(author: &PostAuthor) -> PostAuthor {
    PostAuthor {
        native_id: one_line(&author.native_id, MAX_ID),
        handle: one_line(&author.handle, MAX_NAME),
        name: one_line(&author.name, MAX_NAME),
        url: author.url.as_deref().and_then(safe_link),
        followers: author.followers.filter(|n| *n >= 0),
        bot: author.bot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::brand::BrandTerms;
    use crate::domain::ids::BrandId;
    use crate::domain::post::PostKey;
    use crate::domain::source::SourceKind;

    const NOW: Millis = Millis::new(1_800_000_000_000);

    fn post(id: &str, text: &str) -> Post {
        Post {
            key: PostKey::new("mastodon", "ruby.example", id).expect("a key"),
            author: PostAuthor { native_id: "7".to_owned(), handle: "mo".to_owned(), ..PostAuthor::default() },
            created_at: NOW.plus(-1_000),
            edited_at: None,
            text: text.to_owned(),
            url: None,
            reply_to: None,
            lang: None,
            engagement: Engagement::default(),
            originality: Originality::Own,
            quoted: None,
        }
    }

    fn source(take: Take) -> SourceSpec {
        SourceSpec {
            name: "Our blog".to_owned(),
            kind: SourceKind::Mastodon,
            brand: BrandId::new(1),
            take,
            every_ms: 1,
            settings: serde_json::Value::Null,
        }
    }

    fn taken(take: Take, posts: Vec<Post>) -> Vec<(String, String)> {
        let terms = BrandTerms {
            names: vec!["Acme".to_owned()],
            exclude: vec!["acme anvils".to_owned()],
            own_accounts: vec!["acme".to_owned()],
            ..BrandTerms::default()
        };
        let spec = source(take);
        let matcher = Matcher::new(&terms).expect("good terms");
        let judge = Judge { spec: &spec, matcher: &matcher };
        mentions(posts, &judge, NOW).into_iter().map(|k| (k.post.key.native_id().to_owned(), k.why)).collect()
    }

    fn own(id: &str) -> Post {
        let mut own = post(id, "Acme is back");
        own.author.handle = "acme".to_owned();
        own
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn a_matching_source_keeps_what_names_the_brand() {
        let posts = vec![post("1", "Acme is down"), post("2", "lunch"), post("3", "acme anvils rock"), own("4")];
        assert_eq!(taken(Take::Matching, posts), pairs(&[("1", "names “Acme”")]));
    }

    #[test]
    fn a_place_about_the_brand_keeps_all_but_its_own_words_and_empty_ones() {
        let posts = vec![post("1", "Acme is down"), post("2", "still broken"), own("3"), post("4", " \u{200B} ")];
        let expected = pairs(&[("1", "names “Acme”"), ("2", "posted on “Our blog”, which is about the brand")]);
        assert_eq!(taken(Take::All, posts), expected);
    }

    #[test]
    fn quoted_words_make_a_mention_and_are_not_kept_with_it() {
        let quoting = Post { quoted: crate::domain::post::Quoted::of("Acme is down".to_owned(), Vec::new()), ..post("1", "so true") };
        let terms = BrandTerms { names: vec!["Acme".to_owned()], ..BrandTerms::default() };
        let spec = source(Take::Matching);
        let matcher = Matcher::new(&terms).expect("good terms");
        let kept = mentions(vec![quoting], &Judge { spec: &spec, matcher: &matcher }, NOW);
        let said: Vec<(&str, &str, &str)> = kept.iter().map(|k| (k.why.as_str(), k.post.text.as_str(), k.fingerprint.as_str())).collect();
        assert_eq!(said, [("in what it quotes: names “Acme”", "so true", fingerprint("so true").as_str())]);
    }

    #[test]
    fn the_brand_s_own_words_are_kept_apart_and_judged() {
        let terms = BrandTerms { own_accounts: vec!["acme".to_owned()], ..BrandTerms::default() };
        let matcher = Matcher::new(&terms).expect("good terms");
        let spec = source(Take::Matching);
        let mut offer = own("2");
        offer.text = "20 % off, today only!".to_owned();
        let mut repost = own("3");
        repost.originality = Originality::Repost;
        let posts = [post("1", "Acme is down"), own("4"), offer, repost];
        let kept = own_posts(&posts, &Judge { spec: &spec, matcher: &matcher }, NOW);
        let judged: Vec<_> = kept.iter().map(|o| (o.post.key.native_id(), o.promotional.as_str())).collect();
        assert_eq!(judged, [("4", ""), ("2", "an offer")]);
    }

    #[test]
    fn what_cannot_be_believed_is_brought_into_range() {
        let mut odd = post("1", "A\u{0}cme\r\n");
        odd.created_at = NOW.plus(MAX_AHEAD_MS + 1);
        odd.edited_at = Some(Millis::new(i64::MAX));
        odd.url = Some("javascript:alert(1)".to_owned());
        odd.author.name = "M\no\u{202E}".repeat(500);
        odd.author.followers = Some(-4);
        odd.engagement.likes = i64::MIN;
        odd.reply_to = Some(" ".to_owned());
        odd.lang = Some("EN-gb".to_owned());
        let kept = keep(odd, "why".to_owned(), NOW);
        assert_eq!((kept.post.text.as_str(), kept.lang.as_deref(), kept.fingerprint.as_str()), ("Acme", Some("en"), ""));
        assert_eq!((kept.post.created_at, kept.post.edited_at), (NOW, None));
        assert_eq!((kept.post.url, kept.post.reply_to, kept.post.author.followers, kept.post.engagement.likes), (None, None, None, 0));
        assert_eq!(kept.post.author.name.chars().count(), MAX_NAME);
    }
}
