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
    /// A post with one of these phrases is not about the brand: a namesake.
    pub exclude: Vec<String>,
    /// The brand's own accounts: what they write is no mention.
    pub own_accounts: Vec<String>,
}
