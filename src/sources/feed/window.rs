//! What one feed showed last time: enough to notice that it rolled over between two polls.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::http::Validators;
use super::parse::Item;
use crate::domain::time::Millis;

/// Items remembered of one feed.
const MAX_SEEN: usize = 400;
/// Feeds show at least this many items before old ones fall out.
const SMALLEST_WINDOW: usize = 5;
/// The number of comments that WordPress shows; a feed with fewer has not lost any yet.
const USUAL_WINDOW: usize = 10;

/// Kept in the cursor for each feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sources) struct Window {
    #[serde(flatten)]
    pub validators: Validators,
    /// Hashes of the ids in the last window.
    seen: Vec<u32>,
    /// The most items that it ever showed at once.
    widest: usize,
    /// It has been read before.
    read: bool,
}

/// How a window fits to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources) enum Fit {
    /// Nothing can have been lost in between.
    Whole,
    /// Items may have come and gone unseen: only what is younger than this is known.
    Since(Millis),
    /// The same for a window that tells nothing, as it is empty and the first.
    Unknown,
}

impl Window {
    /// Takes note of a new window.
    pub(in crate::sources) fn take(&mut self, items: &[Item], now: Millis) -> Fit {
        let hashes: Vec<u32> = items.iter().take(MAX_SEEN).map(|i| hash(&i.id)).collect();
        let overlaps = hashes.iter().any(|h| self.seen.contains(h));
        let room = items.len() < self.widest.max(SMALLEST_WINDOW);
        let oldest = items.iter().filter_map(|i| i.at).min().map(|at| at.min(now));
        let fit = match (self.read, overlaps || room, oldest) {
            (true, true, _) => Fit::Whole,
            // Times are whole seconds, and others of the same second may have fallen out of a full window.
            (_, _, Some(at)) => Fit::Since(if room { at } else { at.plus(1_000).min(now) }),
            (true, false, None) => Fit::Since(now),
            (false, _, None) => Fit::Unknown,
        };
        self.read = true;
        self.widest = self.widest.max(items.len());
        // An empty answer between two full ones (a cache being filled) must not look like a burst.
        if !hashes.is_empty() {
            self.seen = hashes;
        }
        fit
    }

    /// The same for the comment feed of one post, which begins with the post: with room left in it
    /// nothing has been lost even at the first look.
    pub(in crate::sources) fn take_from_birth(&mut self, items: &[Item], now: Millis) -> Fit {
        let first = !self.read;
        let fit = self.take(items, now);
        if first && items.len() < USUAL_WINDOW { Fit::Whole } else { fit }
    }
}

fn hash(id: &str) -> u32 {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(4).fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(100_000);

    fn items(ids: std::ops::Range<i64>) -> Vec<Item> {
        ids.map(|n| Item { id: n.to_string(), at: Some(Millis::new(n * 1000)), ..Item::default() }).collect()
    }

    #[test]
    fn the_first_window_knows_what_it_shows() {
        assert_eq!(Window::default().take(&items(5..15), NOW), Fit::Since(Millis::new(6000)));
        assert_eq!(Window::default().take(&[], NOW), Fit::Unknown);
    }

    #[test]
    fn windows_that_overlap_lose_nothing_and_a_burst_is_noticed() {
        let mut window = Window::default();
        window.take(&items(0..10), NOW);
        assert_eq!(window.take(&items(9..19), NOW), Fit::Whole);
        assert_eq!(window.take(&items(30..40), NOW), Fit::Since(Millis::new(31_000)));
        assert_eq!(window.take(&items(30..40), NOW), Fit::Whole);
    }

    #[test]
    fn a_window_with_room_has_lost_nothing() {
        let mut window = Window::default();
        window.take(&items(0..10), NOW);
        assert_eq!(window.take(&items(50..57), NOW), Fit::Whole);
        assert_eq!(Window::default().take_from_birth(&items(0..3), NOW), Fit::Whole);
        assert_eq!(Window::default().take_from_birth(&items(0..10), NOW), Fit::Since(Millis::new(1_000)));
    }

    #[test]
    fn an_empty_answer_between_two_full_ones_is_no_burst() {
        let mut window = Window::default();
        window.take(&items(0..10), NOW);
        assert_eq!(window.take(&[], NOW), Fit::Whole);
        assert_eq!(window.take(&items(1..11), NOW), Fit::Whole);
    }
}
