//! Logs: to stderr, readable on a terminal and JSON lines elsewhere when asked.
//!
//! Rules: the message reads alone and the fields can be queried; dotted names (`source.name`), units in the name
//! (`duration_ms`); `error!` means that someone should act; never texts of posts, names of authors or tokens.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging for the life of the process. `RUST_LOG` wins over `default_filter`.
pub fn init(default_filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
    let registry = tracing_subscriber::registry().with(filter);
    // A second start (tests start the program several times) keeps the first logger.
    let _ = match format {
        LogFormat::Text => {
            let layer =
                tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false);
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init(),
    };
}
