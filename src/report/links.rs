//! Addresses of the pages behind the numbers.

use url::form_urlencoded::Serializer;

use crate::domain::ids::{BrandId, CaseId, IncidentId};
use crate::domain::post::Mention;
use crate::domain::time::Span;

/// Makes addresses when it is known where the pages are; `None` otherwise.
#[derive(Debug, Clone)]
pub struct Links {
    base: Option<String>,
    brand: BrandId,
}

impl Links {
    /// `base` is the address of the pages, such as `https://ebb.example`; empty: no links.
    pub fn new(base: &str, brand: BrandId) -> Self {
        let base = crate::domain::post::safe_link(base).map(|b| b.trim_end_matches('/').to_owned());
        Self { base, brand }
    }

    /// No links: the reader has no login.
    pub const fn none() -> Self {
        Self { base: None, brand: BrandId::new(0) }
    }

    /// The page of mentions written in `span`, narrowed by further values.
    pub fn mentions(&self, span: Span, more: &[(&str, &str)]) -> Option<String> {
        let mut query = Serializer::new(String::new());
        query.append_pair("brand", &self.brand.to_string());
        query.append_pair("from", &span.from().to_rfc3339());
        query.append_pair("until", &span.to().to_rfc3339());
        query.extend_pairs(more);
        self.base.as_ref().map(|base| format!("{base}/mentions?{}", query.finish()))
    }

    /// The page of mentions with one at its top.
    pub fn mention(&self, mention: &Mention) -> Option<String> {
        let before = format!("{}-{}", mention.created_at.get(), mention.id.get().saturating_add(1));
        let query = Serializer::new(String::new())
            .append_pair("brand", &self.brand.to_string())
            .append_pair("copies", "show")
            .append_pair("before", &before)
            .finish();
        self.base.as_ref().map(|base| format!("{base}/mentions?{query}#m-{}", mention.id))
    }

    /// The page of people.
    pub fn people(&self) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/people?brand={}", self.brand))
    }

    /// The page of a case.
    pub fn case(&self, case: CaseId) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/cases/{case}"))
    }

    /// The page of an incident.
    pub fn incident(&self, id: IncidentId) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/incidents/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Millis;

    #[test]
    fn links_need_a_base_that_a_browser_may_follow() {
        let span = Span::new(Millis::new(0), Millis::new(1000)).expect("a span");
        let link = Links::new("https://ebb.example/", BrandId::new(3)).mentions(span, &[("label", "negative")]).expect("a link");
        assert_eq!(
            link,
            "https://ebb.example/mentions?brand=3&from=1970-01-01T00%3A00%3A00.000Z&until=1970-01-01T00%3A00%3A01.000Z&label=negative"
        );
        assert_eq!(Links::new("javascript:alert(1)", BrandId::new(3)).people(), None);
        assert_eq!(Links::new("", BrandId::new(3)).people(), None);
    }
}
