//! Readings of texts that were scored before: reposts and pasted complaints are scored once.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::engine::{Passage, Reading};

/// Half of a SHA-256 over model, language and prepared text: nobody can make two texts share it on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// The key of a passage under one model.
    pub(super) fn new(model: &str, passage: Passage<'_>) -> Self {
        let mut hash = Sha256::new();
        for part in [model, passage.lang] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(passage.text.as_bytes());
        let full = hash.finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&full[..16]);
        Self(key)
    }
}

/// A bounded store of readings in two generations: when the young one is full it becomes the old one, and the old one
/// is forgotten. What is asked for moves back to the young one, so that what repeats stays. About 100 bytes an entry.
#[derive(Debug)]
pub(super) struct Cache {
    young: HashMap<Key, Reading>,
    old: HashMap<Key, Reading>,
    half: usize,
}

impl Cache {
    /// Holds at most `limit` readings (2 at least).
    pub(super) fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (limit / 2).max(1) }
    }

    /// The reading of an earlier text.
    pub(super) fn get(&mut self, key: Key) -> Option<Reading> {
        if let Some(found) = self.young.get(&key) {
            return Some(*found);
        }
        let found = self.old.remove(&key)?;
        self.put(key, found);
        Some(found)
    }

    /// Keeps a reading.
    pub(super) fn put(&mut self, key: Key, reading: Reading) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, reading);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sentiment::{Label, Probabilities, Severity};

    fn key(text: &str) -> Key {
        Key::new("m", Passage { text, lang: "en" })
    }

    fn reading(p: f32) -> Reading {
        let probabilities = Probabilities::new([p, 1.0 - p, 0.0]).expect("in range");
        Reading { label: Label::Neutral, probabilities, severity: Severity::ZERO }
    }

    #[test]
    fn the_cache_never_holds_more_than_its_limit() {
        let mut cache = Cache::new(10);
        for i in 0..1_000 {
            cache.put(key(&i.to_string()), reading(0.5));
            assert!(cache.len() <= 10, "{}", cache.len());
        }
    }

    #[test]
    fn what_is_asked_for_again_stays_and_what_is_not_goes() {
        let mut cache = Cache::new(10);
        let (kept, left) = (key("kept"), key("left"));
        cache.put(kept, reading(0.25));
        cache.put(left, reading(0.75));
        for i in 0..100 {
            cache.put(key(&i.to_string()), reading(0.5));
            assert_eq!(cache.get(kept), Some(reading(0.25)));
        }
        assert_eq!(cache.get(left), None);
    }

    #[test]
    fn the_same_text_under_another_model_or_language_is_another_entry() {
        let with = |model, lang, text| Key::new(model, Passage { text, lang });
        assert_ne!(with("a", "en", "text"), with("b", "en", "text"));
        assert_ne!(with("a", "en", "text"), with("a", "fr", "text"));
        assert_ne!(with("a", "en", "text"), with("aen", "", "text"));
    }
}
