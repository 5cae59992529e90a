//! From the sources to the store: one poll at a time, and imports.
//!
//! Invariants. A page and its cursor are saved in one transaction, so whatever happens between two pages, the next
//! poll goes on behind what was kept. Every text goes through [`prepare`] before the store sees it. A poll ends in
//! something kept or in a failure with its reason; an adapter that panics has failed, nothing more.
//! When to poll again is arithmetic ([`schedule`]); only [`Poller::run`] waits.

mod adapters;
pub mod customers;
pub mod folder;
pub mod import;
mod poller;
pub mod prepare;
mod purse;
mod recheck;
mod retention;
pub mod schedule;
mod tick;

pub use adapters::{Adapters, Platform, Platforms, Poll};
pub use poller::{Poller, PollerOptions};
pub use retention::Retention;
pub use tick::Outcome;

#[cfg(test)]
mod tests;
