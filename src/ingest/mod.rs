//! From sources to the store: one poll at a time.
pub mod lang;
pub mod schedule;
