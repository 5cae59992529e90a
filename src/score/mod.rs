//! The sentiment models and the worker that feeds them.
//!
//! A text is brought into shape ([`prepare`]), its language decides the model ([`crate::domain::language`], [`models`]), readings of
//! texts that were seen before come from a bounded cache. Engines are synchronous; async code goes through
//! [`pool::Scorer`]. English goes to the encoder (`embedded`); for other languages `multi` adds up hashed n-grams (`ngram`) and
//! what the encoder says of a word by word translation (`gloss`). [`stream`] and [`eval`] are the commands `ebb score` and `ebb eval`.

#[cfg(feature = "rust-bert")]
mod bert;
mod cache;
pub mod choice;
pub mod embedded;
pub mod engine;
pub mod eval;
mod gloss;
mod lines;
pub mod models;
mod multi;
mod ngram;
pub mod pool;
pub mod prepare;
pub mod progress;
pub mod settings;
pub mod stream;
#[cfg(test)]
pub(crate) mod testing;
mod tokens;
pub mod worker;

pub use choice::Choice;
pub use engine::{Engine, EngineError, Passage, Reading};
pub use models::{Models, ScoreInput};
pub use pool::{ScoreError, Scorer};
