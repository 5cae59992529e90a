//! Pure types and rules. Nothing here reads a clock, a file, a socket or a database.

pub mod brand;
pub mod filter;
pub mod fold;
pub mod ids;
pub mod incident;
pub mod intake;
pub mod language;
pub mod matching;
pub mod near;
pub mod post;
pub mod sentiment;
pub mod source;
pub mod text;
pub mod time;
pub mod verdict;
pub mod words;
