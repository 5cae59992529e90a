//! Ebb tells you who is upset about your incident, and when it is really over.
//!
//! Data moves in one direction, and the stages meet only in the store:
//!
//! ```text
//! sources -> ingest -> store -> score -> store -> assess -> store -> web, report, alert
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`domain`] | pure types and rules: no database, network, files or clock |
//! | [`clock`] | the only reader of time |
//! | [`sources`] | one file a platform, over the one HTTP client |
//! | [`ingest`] | one poll tick, the pure schedule, copies and matching applied to what came in |
//! | [`store`] | the only SQL |
//! | [`score`] | the sentiment models and the worker that feeds them |
//! | [`hub`] | models from elsewhere, on this machine |
//! | [`assess`] | baseline, concern, verdict, flags |
//! | [`alert`] | what people are told outside of the pages: an outbox, delivered at least once |
//! | [`chart`] | pictures from numbers, for reports and slides |
//! | [`report`] | reports and exports |
//! | [`web`] | pages, API, live updates |
//! | [`demo`] | the simulated world of `ebb demo`, which tests use too |
//! | [`app`], [`cli`], [`config`], [`lifecycle`], [`telemetry`] | wiring |
//!
//! `tests/it/architecture.rs` reads the `crate::` paths and refuses an import against that direction.

pub mod alert;
pub mod app;
pub mod assess;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod hub;
pub mod ingest;
pub mod lifecycle;
pub mod report;
pub mod score;
pub mod sources;
pub mod store;
pub mod telemetry;
pub mod web;
