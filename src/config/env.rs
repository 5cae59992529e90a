//! Configuration keys from the environment: `EBB_ASSESS__HOLD=24h` sets `hold` in `[assess]`.
//!
//! Two underscores part the steps of the path, and a number steps into a list (`EBB_SOURCE__0__EVERY`).
//! Variables without two underscores are left alone: secrets are named freely, such as `EBB_MASTODON_TOKEN`.

use toml::{Table, Value};

use super::ConfigError;

/// Lays the variables over `table`; gives back the names of those that it used.
pub(super) fn lay_over(table: &mut Table, environment: impl Iterator<Item = (String, String)>) -> Result<Vec<String>, ConfigError> {
    let mut used: Vec<(String, String)> = environment.filter(|(name, _)| name.starts_with("EBB_") && name.contains("__")).collect();
    used.sort();
    for (name, text) in &used {
        let path: Vec<String> = name["EBB_".len()..].split("__").map(str::to_lowercase).collect();
        set(table, &path, value_of(text)).ok_or_else(|| ConfigError::Syntax {
            place: format!("environment variable {name}"),
            message: "does not lead to a key; write EBB_SECTION__KEY, or EBB_SOURCE__0__KEY for the first source".to_owned(),
        })?;
    }
    Ok(used.into_iter().map(|(name, _)| name).collect())
}

/// Numbers, truth values and lists as in TOML; everything else is text.
fn value_of(text: &str) -> Value {
    let plain = |v: &Value| !matches!(v, Value::Table(_) | Value::Datetime(_));
    text.parse::<Value>().ok().filter(plain).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(table: &mut Table, path: &[String], value: Value) -> Option<()> {
    let (last, steps) = path.split_last()?;
    let mut at = table;
    let mut steps = steps.iter().peekable();
    while let Some(step) = steps.next() {
        let inner = at.entry(step.clone()).or_insert_with(|| Value::Table(Table::new()));
        at = match inner {
            Value::Table(table) => table,
            Value::Array(items) => {
                let index: usize = steps.next()?.parse().ok()?;
                items.get_mut(index)?.as_table_mut()?
            }
            _ => return None,
        };
    }
    at.insert(last.clone(), value);
    Some(())
}
