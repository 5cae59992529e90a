//! Charts: pure functions from numbers to SVG.
//!
//! Horizontal positions are percentages and vertical ones are pixels, so that a chart fills any width
//! while its text keeps its size. Colours and patterns are classes of the style sheet.

pub mod concern;
pub mod coverage;
pub mod curve;
pub mod mood;
pub mod past;
pub mod spark;

pub use crate::chart::{axis, share, x_percent};
