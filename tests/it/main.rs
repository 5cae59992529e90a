//! The integration tests: one binary, one harness.

mod alerts;
mod architecture;
mod browser;
mod demo;
mod hub;
mod kill;
mod score_worker;
mod sources;
mod store;
