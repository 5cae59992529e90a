//! From counts to an answer: what is normal, how concern stands against it, and whether it is over.
//!
//! | file | is |
//! |---|---|
//! | [`counts`] | the negative binomial distribution |
//! | [`coverage`] | which sources were read, hour by hour, and what can be compared with what |
//! | [`baseline`] | what is normal at each hour of the week, with a predictive distribution |
//! | [`concern`] | the curve on the page |
//! | [`window`] | some hours held against the limits |
//! | [`verdict`] | the state machine from `elevated` to `recovered` |
//! | [`reasons`] | why, in words |
//! | [`outlook`] | concern while no incident is open |
//! | [`decay`] | how fast it falls, and when it would be normal |
//! | [`onset`] | is something beginning? |
//! | [`quiet`] | which sources answer and bring suspiciously nothing |
//! | [`themes`] | what people are upset about, and what still fails after the fix |
//! | [`effect`] | what an update did, against the decay already under way |
//! | [`rates`] | the share of unhappy mentions, corrected for the model's errors |
//! | [`sample`] | which mentions people check for that, and what their answers weigh |
//! | [`hold`], [`silence`] | whether campaigns should wait; how long we have said nothing |
//! | [`flags`], [`cases`] | who should be looked at, how urgently, and what may have come of it |
//! | [`loud`] | whether few or many write the negative mentions |
//! | [`closing`] | what stands against closing an incident |
//! | [`past`] | earlier incidents beside this one |
//! | [`filter`] | hides what is about another brand of the same name |
//! | [`load`], [`view`], [`worker`], [`replay`] | from the store to these rules and back |
//!
//! Nothing is remembered between two looks: a verdict is a fold over the hours since the incident's start,
//! so that late mentions, edits and corrections change the past as they should, and `replay` and the
//! worker cannot disagree. The price is a few hundred rows of hourly counts, whatever the number of mentions.

pub mod baseline;
pub mod cases;
pub mod closing;
pub mod concern;
pub mod counts;
pub mod coverage;
pub mod decay;
pub mod effect;
pub mod filter;
pub mod flags;
mod held;
pub mod hold;
pub mod load;
pub mod loud;
pub mod onset;
mod onset_watch;
pub mod outlook;
pub mod past;
pub mod quiet;
pub mod rates;
pub mod reasons;
pub mod replay;
pub mod sample;
pub mod silence;
pub mod themes;
pub mod verdict;
pub mod view;
pub mod window;
pub mod worker;

pub use load::Settings;
pub use reasons::headline;
pub use view::{Ask, ConcernView, concern_of_language, concern_of_source, load_view};
pub use worker::{Worker, assess_now};

#[cfg(test)]
mod tests;
