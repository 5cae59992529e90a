//! What people are told outside of the pages.
//!
//! | file | is |
//! |---|---|
//! | [`rules`] | what is worth an alert: pure |
//! | [`watch`] | reads the store, applies the rules, keeps alerts with their messages |
//! | [`summary`] | how an incident stands, for those who asked to hear of it each day or week |
//! | [`outlet`] | the door to other servers, handed in: `alert` knows no HTTP client |
//! | [`target`] | a channel with its secrets |
//! | [`sheet`], [`render`] | what a message says, and how each kind of channel writes it |
//! | [`mail`] | e-mail over SMTP |
//! | [`send`], [`backoff`] | one attempt; when the next one is |
//! | [`worker`] | round after round |
//!
//! Invariants. An alert has a key that names what happened, and is kept once, in the transaction that also makes its
//! messages: noticing twice tells once, and a crash between noticing and keeping notices again. A message is claimed with
//! a lease, is never changed after its first claim, and goes out under the same name at each attempt: a crash between
//! sending and marking sends it again, marked so. No alert holds a text or a name of an author.

pub mod backoff;
pub mod mail;
pub mod outlet;
pub mod render;
pub mod rules;
pub mod send;
pub mod sheet;
pub mod summary;
pub mod target;
pub mod watch;
pub mod worker;

pub use outlet::{Attachment, Doors, Letter, Outlet, OutletError, Reply, Reporter};
pub use rules::Settings;
pub use summary::Schedule;
pub use target::{Mail, Means, SigningKey, Target, TargetError, Tls};
pub use worker::{Plan, Sender, Worker};
