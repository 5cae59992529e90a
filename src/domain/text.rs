//! What is done to every text that comes from outside.
