//! Charts: pure functions from numbers to SVG.
//!
//! Horizontal positions are percentages and vertical ones are pixels, so that a chart fills any width
//! while its text keeps its size. Colours and patterns are classes of the style sheet.

pub mod axis;
pub mod concern;
pub mod coverage;
pub mod mood;
pub mod past;
pub mod spark;

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
