//! Pages over a real store.
