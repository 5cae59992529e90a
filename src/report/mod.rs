//! What leaves the house: exports. Reports join them here.

pub mod export;
pub mod postmortem;
