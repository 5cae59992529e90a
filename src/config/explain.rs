//! Errors that say where, what is wrong, and what was probably meant.

use super::ConfigError;

/// An error in the file, with its line.
pub(super) fn with_line(error: &toml::de::Error, text: &str, place: &str) -> ConfigError {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| place.to_owned(), |line| format!("{place}, line {line}"));
    ConfigError::Syntax { place, message: message(error.message()) }
}

/// An error after the environment was laid over the file.
pub(super) fn with_variables(error: &toml::de::Error, variables: &[String], place: &str) -> ConfigError {
    let message = message(error.message());
    // The key that is named in the message, or else all candidates.
    let named = error.message().split('`').nth(1).unwrap_or_default().to_uppercase();
    let guilty: Vec<&str> = variables.iter().filter(|v| !named.is_empty() && v.ends_with(&named)).map(String::as_str).collect();
    let place = match guilty.as_slice() {
        [] if variables.is_empty() => place.to_owned(),
        [] => format!("environment ({})", variables.join(", ")),
        some => format!("environment variable {}", some.join(", ")),
    };
    ConfigError::Syntax { place, message }
}

/// Turns serde's "unknown field `a`, expected one of `b`, `c`" into a question about the nearest known key.
fn message(raw: &str) -> String {
    let Some(rest) = raw.strip_prefix("unknown field `").or_else(|| raw.strip_prefix("unknown variant `")) else {
        return raw.trim_end().to_owned();
    };
    let mut quoted = rest.split('`');
    let unknown = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.skip(1).step_by(2).collect();
    nearest_message(unknown, &known)
}

/// "unknown key `a`; did you mean `b`?", or the list of known keys when none is near.
pub(super) fn nearest_message(unknown: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|k| (strsim::jaro_winkler(unknown, k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((score, key)) if score > 0.75 => format!("unknown key `{unknown}`; did you mean `{key}`?"),
        _ => format!("unknown key `{unknown}`; known here: {}", known.join(", ")),
    }
}
