//! The poller against a made-up platform, with a real store.

mod dropping;
mod importing;
mod polling;
mod pushing;
mod running;
mod spending;
mod world;
