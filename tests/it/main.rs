//! The integration tests: one binary, one harness.

mod architecture;
mod sources;
mod store;
