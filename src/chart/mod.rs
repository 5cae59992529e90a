//! Charts outside pages: pictures of a fixed size on a light ground, complete in themselves, for reports and slides.
//!
//! Pure functions from numbers and words to SVG. The words come from whoever draws, in the reader's language; colours
//! stand in attributes, so that a picture needs no style sheet. Colour never carries meaning alone: raised hours are
//! darker and lie above the band, hours that were not read are hatched.

pub mod axis;
pub mod concern;
pub mod mood;
pub mod sources;
pub mod svg;

use crate::domain::time::{Millis, Span};

/// Where `at` lies in `span`, in percent with two decimals, clamped to the chart.
pub fn x_percent(at: Millis, span: Span) -> String {
    format!("{:.2}", share(at, span) * 100.0)
}

/// Where `at` lies in `span`, 0..=1.
pub fn share(at: Millis, span: Span) -> f64 {
    let whole = span.to().since(span.from()).max(1) as f64;
    (at.since(span.from()) as f64 / whole).clamp(0.0, 1.0)
}
