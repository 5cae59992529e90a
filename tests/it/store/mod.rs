//! The contract of the store: one set of tests, run on SQLite always, and on PostgreSQL when `EBB_TEST_POSTGRES` is the
//! address of a server on which databases may be made. Without it the PostgreSQL half says that it was left out; with
//! `EBB_TEST_REQUIRE=1` it fails then.

mod alerts;
mod cases;
pub(crate) mod contract;
mod copies;
pub(crate) mod desk;
mod incidents;
mod ingest;
mod languages;
mod leases;
mod memory;
mod near_copies;
mod other_brands;
mod pages;
mod proposals;
mod random;
mod reports;
mod schema;
mod scoring;
mod spawn;
mod statements;
mod themes;
