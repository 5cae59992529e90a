//! Adapters against living fakes on loopback that do what real servers were seen to do.
