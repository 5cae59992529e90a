//! Pure types and rules. Nothing here reads a clock, a file, a socket or a database.

pub mod brand;
pub mod budget;
pub mod case;
pub mod filter;
pub mod fold;
pub mod formula;
pub mod hold;
pub mod ids;
pub mod incident;
pub mod intake;
pub mod language;
pub mod matching;
pub mod near;
pub mod post;
pub mod promo;
pub mod rates;
pub mod reply;
pub mod sentiment;
pub mod silence;
pub mod source;
pub mod statement;
pub mod text;
pub mod theme;
pub mod time;
pub mod verdict;
pub mod words;
