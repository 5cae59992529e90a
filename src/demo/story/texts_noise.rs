pub const EXCLUDE: &[&str] = &["Tidewater RFC"];
