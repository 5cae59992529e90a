//! Alerts: rules on values, channels against living fakes on loopback.
