//! The poller against a made-up platform, with a real store.

mod importing;
mod polling;
mod running;
mod world;
