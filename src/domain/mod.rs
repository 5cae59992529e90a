//! Pure types and rules. Nothing here reads a clock, a file, a socket or a database.

pub mod alert;
pub mod brand;
pub mod fold;
pub mod ids;
pub mod incident;
pub mod matching;
pub mod post;
pub mod route;
pub mod secret;
pub mod sentiment;
pub mod source;
pub mod text;
pub mod time;
pub mod verdict;
pub mod words;
