//! The integration tests: one binary, one harness.

mod alerts;
mod architecture;
mod browser;
mod demo;
mod docs;
mod hub;
mod kill;
mod leaking;
mod replay;
mod score_worker;
mod sources;
mod store;
