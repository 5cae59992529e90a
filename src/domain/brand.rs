//! A watched brand and the words that name it.

use serde::{Deserialize, Serialize};

use super::ids::BrandId;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// Row id.
    pub id: BrandId,
    /// Name on pages.
    pub name: String,
    /// What names it, and what does not.
    pub terms: BrandTerms,
}

/// Words that name a brand. Case and accents do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrandTerms {
    /// Names and phrases, such as `Acme Cloud`; matched as whole words.
    pub names: Vec<String>,
    /// Account names without `@`.
    pub handles: Vec<String>,
    /// Hashtags without `#`.
    pub hashtags: Vec<String>,
    /// Two phrases that name it when they stand near each other.
    pub near: Vec<NearRule>,
    /// Domains: a link to one of them, or to a host below it, names the brand.
    pub links: Vec<String>,
    /// A post with one of these phrases is not about the brand: a namesake.
    pub exclude: Vec<String>,
    /// A post with two such phrases near each other is not about the brand.
    pub exclude_near: Vec<NearRule>,
    /// A post with a link to one of these domains is not about the brand.
    pub exclude_links: Vec<String>,
    /// The brand's own accounts: what they write is no mention.
    pub own_accounts: Vec<String>,
    /// Whether what people marked as another brand's teaches a filter that hides more of it.
    pub filter: FilterMode,
}

/// Two phrases and how many words may stand between them: `["acme", "outage", 5]`. Their order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String, u32)", into = "(String, String, u32)")]
pub struct NearRule {
    /// One phrase.
    pub first: String,
    /// The other.
    pub second: String,
    /// Words between them, 1..=50.
    pub words: u32,
}

impl From<(String, String, u32)> for NearRule {
    fn from((first, second, words): (String, String, u32)) -> Self {
        Self { first, second, words }
    }
}

impl From<NearRule> for (String, String, u32) {
    fn from(rule: NearRule) -> Self {
        (rule.first, rule.second, rule.words)
    }
}

/// Whether the filter for other brands of the same name may hide mentions. See [`super::filter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterMode {
    /// Once it has learned enough, and is right often enough.
    #[default]
    On,
    /// Never: only people hide.
    Off,
}
