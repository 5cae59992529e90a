//! Addresses with a query, built from pairs.

use url::form_urlencoded::Serializer;

/// A path with its query. Empty values are left out, so that addresses stay short.
#[derive(Debug, Clone)]
pub struct Link {
    path: String,
    pairs: Vec<(&'static str, String)>,
    anchor: String,
}

impl Link {
    /// A path without a query.
    pub fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), pairs: Vec::new(), anchor: String::new() }
    }

    /// Adds `name=value` unless the value is empty.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.pairs.push((name, value));
        }
        self
    }

    /// Leads to one part of the page; `anchor` is of letters, digits and `-`.
    #[must_use]
    pub fn at(mut self, anchor: impl Into<String>) -> Self {
        self.anchor = anchor.into();
        self
    }

    /// The query alone, without `?`.
    pub fn query(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if !self.pairs.is_empty() {
            write!(f, "?{}", self.query())?;
        }
        if self.anchor.is_empty() { Ok(()) } else { write!(f, "#{}", self.anchor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_left_out_and_others_are_encoded() {
        let link = Link::to("/mentions").with("q", "a&b=\"c\"").with("label", "").with("brand", &3);
        assert_eq!(link.to_string(), "/mentions?q=a%26b%3D%22c%22&brand=3");
        assert_eq!(Link::to("/").to_string(), "/");
        assert_eq!(link.at("m-5").to_string(), "/mentions?q=a%26b%3D%22c%22&brand=3#m-5");
    }
}
