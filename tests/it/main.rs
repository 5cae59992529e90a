//! The integration tests: one binary, one harness.

mod architecture;
mod sources;
mod score_worker;
mod store;
