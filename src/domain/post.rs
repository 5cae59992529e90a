//! A public post or comment, as a source delivers it and as the store keeps it.

use serde::{Deserialize, Serialize};

use super::ids::{AuthorId, MentionId, SourceId};
use super::sentiment::{Label, Sentiment};
use super::time::Millis;

/// Longest text kept, in bytes. Longer ones are cut at a character and end in `…`.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// What makes a post one post: platform, instance and the platform's own id.
///
/// Ids stay strings although many look like numbers: some exceed 2^53, and some are not numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PostKey {
    platform: String,
    instance: String,
    native_id: String,
}

/// Why three texts do not name a post.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadKey {
    /// Platform names are 1 to 32 of `a-z`, `0-9`, `-` and `_`.
    #[error("platform `{0}` must be 1 to 32 lower-case letters, digits, `-` or `_`")]
    Platform(String),
    /// An instance is a host name or a constant.
    #[error("instance must be at most 255 bytes without control characters")]
    Instance,
    /// An id is needed.
    #[error("id must be 1 to 1024 bytes without control characters")]
    NativeId,
}

impl PostKey {
    /// Checks the three parts. The instance is lower-cased, as host names are.
    pub fn new(platform: &str, instance: &str, native_id: &str) -> Result<Self, BadKey> {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if platform.is_empty() || platform.len() > 32 || !platform.chars().all(named) {
            return Err(BadKey::Platform(platform.chars().take(40).collect()));
        }
        if instance.len() > 255 || instance.chars().any(char::is_control) {
            return Err(BadKey::Instance);
        }
        let id = native_id.trim();
        if id.is_empty() || id.len() > 1024 || id.chars().any(char::is_control) {
            return Err(BadKey::NativeId);
        }
        Ok(Self { platform: platform.to_owned(), instance: instance.to_lowercase(), native_id: id.to_owned() })
    }

    /// Such as `mastodon`.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The host for federated and self-hosted software; may be empty elsewhere.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The platform's own id.
    pub fn native_id(&self) -> &str {
        &self.native_id
    }
}

/// The account that wrote a post, as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PostAuthor {
    /// The platform's stable id, or the handle, or a name where there is nothing else.
    pub native_id: String,
    /// Such as `mo@ruby.example`; empty where platforms have none.
    pub handle: String,
    /// Display name; may be empty.
    pub name: String,
    /// Profile page; `http` or `https` only.
    pub url: Option<String>,
    /// Followers, where the platform tells.
    pub followers: Option<i64>,
    /// The platform says that it is automated.
    pub bot: bool,
}

/// Reactions to a post at its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Engagement {
    /// Likes, favourites, points.
    pub likes: i64,
    /// Shares, boosts.
    pub reposts: i64,
    /// Direct answers.
    pub replies: i64,
}

/// Whether a post says something of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Originality {
    /// Words of its author.
    #[default]
    Own,
    /// A repost, or a quote without words: a copy whatever its text.
    Repost,
}

/// What a post quotes or links to, where it can be told from its own words. It may say that a post is about the brand; it is
/// never kept, shown or scored, because these words are not its author's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quoted {
    /// Who wrote it; empty where the platform does not tell.
    pub author: PostAuthor,
    /// Plain text; may be empty.
    pub text: String,
    /// Addresses behind its own words, which readers follow and do not see.
    pub links: Vec<String>,
}

impl Quoted {
    /// Words of somebody who is not named, and links; `None` when there are none.
    pub fn of(text: String, links: Vec<String>) -> Option<Self> {
        (!text.is_empty() || !links.is_empty()).then(|| Self { text, links, ..Self::default() })
    }
}

/// A post as a source delivers it: plain text, checked times, no HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its identity.
    pub key: PostKey,
    /// Its author.
    pub author: PostAuthor,
    /// When it was written, as far as the platform can be believed.
    pub created_at: Millis,
    /// When it was last changed, where the platform tells.
    pub edited_at: Option<Millis>,
    /// Plain text; the title first where there is one.
    pub text: String,
    /// Its page at the platform; `http` or `https` only.
    pub url: Option<String>,
    /// Native id of the post that it answers.
    pub reply_to: Option<String>,
    /// ISO 639-1 as the platform claims.
    pub lang: Option<String>,
    /// Reactions.
    pub engagement: Engagement,
    /// Own words or a repost.
    pub originality: Originality,
    /// What it quotes or links to.
    pub quoted: Option<Quoted>,
}

/// An author as the store keeps it. Name and handle are empty once nothing of theirs is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Author {
    /// Row id.
    pub id: AuthorId,
    /// Platform and instance of the account.
    pub platform: String,
    /// Host, or empty.
    pub instance: String,
    /// Shown name: handle first, name else.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// Profile page.
    pub url: Option<String>,
    /// Followers, where known.
    pub followers: Option<i64>,
    /// Says that it is automated.
    pub bot: bool,
}

impl Author {
    /// What to call them on a page.
    pub fn shown(&self) -> &str {
        match (self.name.is_empty(), self.handle.is_empty()) {
            (false, _) => &self.name,
            (true, false) => &self.handle,
            (true, true) => "(name removed)",
        }
    }
}

/// A kept mention of one brand: the post, why it matched, and what is known of its mood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mention {
    /// Row id.
    pub id: MentionId,
    /// Identity at the platform.
    pub key: PostKey,
    /// The source that found it first.
    pub source: SourceId,
    /// Its author.
    pub author: Author,
    /// When it was written.
    pub created_at: Millis,
    /// When Ebb first kept it.
    pub fetched_at: Millis,
    /// When its text last changed, as the platform says or as Ebb noticed.
    pub edited_at: Option<Millis>,
    /// When it was found deleted; text and names are gone then.
    pub deleted_at: Option<Millis>,
    /// Plain text; empty after deletion.
    pub text: String,
    /// Its page at the platform.
    pub url: Option<String>,
    /// Native id of the post that it answers.
    pub reply_to: Option<String>,
    /// Detected or claimed language.
    pub lang: Option<String>,
    /// Reactions at the last look.
    pub engagement: Engagement,
    /// The mention whose text this one repeats.
    pub copy_of: Option<MentionId>,
    /// Why it was taken for a mention of the brand, in words.
    pub why: String,
    /// The model's score; `None` while it waits.
    pub sentiment: Option<Sentiment>,
    /// A person's correction of the label.
    pub corrected: Option<Label>,
}

impl Mention {
    /// The label that counts: a person's, else the model's.
    pub fn label(&self) -> Option<Label> {
        self.corrected.or_else(|| self.sentiment.as_ref().map(|s| s.label))
    }
}

/// Keeps a platform's address only if a browser may follow it: absolute `http` or `https`, no credentials, at most 2,048 bytes.
pub fn safe_link(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.username().is_empty() && url.password().is_none();
    (plain && bare && url.as_str().len() <= 2048).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_needs_a_platform_and_an_id() {
        assert!(PostKey::new("mastodon", "Ruby.Example", " 115 ").is_ok_and(|k| k.instance() == "ruby.example" && k.native_id() == "115"));
        assert_eq!(PostKey::new("Mastodon!", "", "1"), Err(BadKey::Platform("Mastodon!".to_owned())));
        assert_eq!(PostKey::new("rss", "", "  "), Err(BadKey::NativeId));
        assert_eq!(PostKey::new("rss", "a\nb", "1"), Err(BadKey::Instance));
    }

    #[test]
    fn only_links_that_a_browser_may_follow_are_kept() {
        assert_eq!(safe_link("https://blog.example/p#c1").as_deref(), Some("https://blog.example/p#c1"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "/relative", "https://user:pw@host.example/", "ftp://x.example/"] {
            assert_eq!(safe_link(bad), None, "{bad}");
        }
    }
}
