//! The integration tests: one binary, one harness.

mod architecture;
mod store;
