//! Pages, API and live updates.
//!
//! | file | is |
//! |---|---|
//! | [`view`] | what each page shows, from plain values; with `templates/` |
//! | [`chart`] | SVG from numbers |
//! | [`layout`] | what every page has around it |
//! | [`show`], [`link`], [`mention`], [`query`] | words, addresses, one mention, one search |

pub mod assets;
pub mod chart;
pub mod layout;
pub mod link;
pub mod mention;
pub mod query;
pub mod show;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod preview;
pub mod view;

/// What the demo tells its pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoInfo {
    /// How many times faster than the machine's clock time runs there.
    pub speed: f64,
}
