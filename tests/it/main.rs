//! The integration tests: one binary, one harness.

mod architecture;
mod score_worker;
mod store;
