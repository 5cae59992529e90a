//! The simulated world of `ebb demo`: a [`story`] that is fixed by a seed, and the [`world`] that tells it
//! through servers which speak the platforms' real protocols on loopback.
//!
//! Tests use the same servers as living fakes. `demo` knows nothing of sources, store and pages:
//! whatever reads it has to come over HTTP, as it would from the real places.

pub mod story;
pub mod world;
