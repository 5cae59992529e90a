//! Who looks at a case right now: in memory, gone a little after the page is closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ids::CaseId;

/// An open page tells of itself every ten seconds.
const EXPIRES: Duration = Duration::from_secs(25);
/// Pages remembered for one case, and cases remembered: beyond them somebody is not announced.
const MOST_SEATS: usize = 16;
const MOST_CASES: usize = 1_000;

/// One open page.
#[derive(Debug)]
struct Seat {
    key: String,
    who: String,
    until: Instant,
}

/// The open pages of all cases. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Presence(Arc<Mutex<BTreeMap<CaseId, Vec<Seat>>>>);

impl Presence {
    /// Keeps that the page `key` looks at a case, and names the others who do; a name is empty where none was given.
    pub fn look(&self, case: CaseId, key: &str, who: &str, now: Instant) -> Vec<String> {
        let mut cases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for seats in cases.values_mut() {
            seats.retain(|s| s.until > now && s.key != key);
        }
        cases.retain(|_, seats| !seats.is_empty());
        if cases.len() >= MOST_CASES && !cases.contains_key(&case) {
            return Vec::new();
        }
        let seats = cases.entry(case).or_default();
        let others = seats.iter().map(|s| s.who.clone()).collect();
        if seats.len() < MOST_SEATS {
            seats.push(Seat { key: key.to_owned(), who: who.to_owned(), until: now + EXPIRES });
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_named_until_they_leave_and_oneself_never() {
        let (presence, start) = (Presence::default(), Instant::now());
        let (one, two) = (CaseId::new(1), CaseId::new(2));
        assert_eq!(presence.look(one, "a", "Ines", start), Vec::<String>::new());
        assert_eq!(presence.look(one, "b", "", start), ["Ines"]);
        assert_eq!(presence.look(one, "a", "Ines", start + Duration::from_secs(10)), [""]);
        assert_eq!(presence.look(two, "c", "Noor", start), Vec::<String>::new());
        assert_eq!(presence.look(one, "a", "Ines", start + Duration::from_secs(30)), Vec::<String>::new(), "b went away");
        assert_eq!(presence.look(two, "a", "Ines", start + Duration::from_secs(31)), Vec::<String>::new());
        assert_eq!(presence.look(one, "b", "", start + Duration::from_secs(32)), Vec::<String>::new(), "a page shows one case");
    }

    #[test]
    fn a_flood_of_pages_takes_no_more_room() {
        let (presence, start) = (Presence::default(), Instant::now());
        for i in 0..100 {
            presence.look(CaseId::new(1), &i.to_string(), "x", start);
        }
        assert_eq!(presence.look(CaseId::new(1), "last", "x", start).len(), MOST_SEATS);
        for i in 0..2_000 {
            presence.look(CaseId::new(i), &format!("n{i}"), "x", start);
        }
        assert!(presence.0.lock().expect("whole").len() <= MOST_CASES);
    }
}
