//! Cursors as text: versioned JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::source::Cursor;
use crate::domain::time::{HOUR_MS, Millis};

/// Raised when the meaning of a state changes; older cursors then start over.
const VERSION: u32 = 1;

#[derive(serde::Serialize, serde::Deserialize)]
struct Versioned<T> {
    v: u32,
    s: T,
}

/// The state in a cursor; the default before the first poll, and for one that cannot be read.
pub(super) fn decode<T: DeserializeOwned + Default>(cursor: &Cursor) -> T {
    if cursor.0.is_empty() {
        return T::default();
    }
    match serde_json::from_str::<Versioned<T>>(&cursor.0) {
        Ok(kept) if kept.v == VERSION => kept.s,
        _ => {
            tracing::warn!("a cursor cannot be read by this version: the source starts over");
            T::default()
        }
    }
}

/// The cursor of a state.
pub(super) fn encode<T: Serialize>(state: &T) -> Cursor {
    // States hold strings, numbers and lists only, which always have a JSON form.
    Cursor(serde_json::to_string(&Versioned { v: VERSION, s: state }).unwrap_or_default())
}

/// A platform's time as far as it can be believed: one that is missing or ahead of now becomes now.
pub(super) fn believable(at: Option<Millis>, now: Millis) -> Millis {
    at.map_or(now, |at| {
        if at.since(now) > HOUR_MS {
            tracing::debug!(ahead_ms = at.since(now), "a post claims a time in the future: now is taken");
        }
        at.min(now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_the_text_and_strange_texts_start_over() {
        let cursor = encode(&vec![1, 2, 3]);
        assert_eq!(decode::<Vec<i32>>(&cursor), [1, 2, 3]);
        for strange in ["", "null", "{", "{\"v\":99,\"s\":[1]}", "{\"v\":1,\"s\":\"x\"}"] {
            assert_eq!(decode::<Vec<i32>>(&Cursor(strange.to_owned())), Vec::<i32>::new(), "{strange}");
        }
    }

    #[test]
    fn posts_from_the_future_are_taken_for_new() {
        let now = Millis::new(1_000_000);
        assert_eq!(believable(Some(Millis::new(5_000_000)), now), now);
        assert_eq!(believable(Some(Millis::new(5)), now), Millis::new(5));
        assert_eq!(believable(None, now), now);
    }
}
