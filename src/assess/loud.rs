//! Whether few write much or many are unhappy: the share of the negative mentions that the loudest people write.

use crate::domain::ids::BrandId;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::store::{AuthorShare, CopiedText, Store, StoreError};

/// The loudest people are those who write this share of the negative mentions.
const MOST: f64 = 0.8;
/// Below so many people nobody is loud among them.
const FEW: usize = 5;
/// At most this share of the people: few are loud. At least the other one: many are unhappy.
const LOUD: f64 = 0.2;
const MANY: f64 = 0.6;
/// Longest span that is looked at.
const LONGEST_MS: i64 = 56 * DAY_MS;
/// Copied texts that are named.
const COPIED: i64 = 3;
/// A text that was copied less often is no campaign.
const LEAST_COPIES: i64 = 3;

/// Who the negative mentions of a span come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loudness {
    /// Negative mentions, copies aside.
    pub mentions: i64,
    /// Distinct unhappy authors.
    pub people: usize,
    /// The fewest people who wrote four fifths of them.
    pub loud: usize,
    /// Mentions of those.
    pub theirs: i64,
}

/// With the texts that were copied most.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Voices {
    /// `None` when nothing negative was written.
    pub loudness: Option<Loudness>,
    /// Most copied first.
    pub copied: Vec<CopiedText>,
}

/// Counts the voices. `shares` come loudest first, as the store gives them.
pub fn loudness(shares: &[AuthorShare]) -> Option<Loudness> {
    let mentions: i64 = shares.iter().map(|s| s.negative).sum();
    if mentions <= 0 {
        return None;
    }
    let mut theirs = 0;
    let mut loud = 0;
    for share in shares {
        if theirs as f64 >= MOST * mentions as f64 {
            break;
        }
        theirs += share.negative;
        loud += 1;
    }
    Some(Loudness { mentions, people: shares.len(), loud, theirs })
}

impl Loudness {
    /// One line, such as `82 % of the 310 negative mentions come from 9 of 214 unhappy people: few are loud.`
    pub fn sentence(&self) -> String {
        let mentions = if self.mentions == 1 { "One negative mention".to_owned() } else { format!("{} negative mentions", self.mentions) };
        if self.people < FEW {
            let verb = if self.mentions == 1 { "comes" } else { "come" };
            let people = if self.people == 1 { "one person".to_owned() } else { format!("{} unhappy people", self.people) };
            return format!("{mentions} {verb} from {people}.");
        }
        // Rounded down: four fifths are reached, not nearly reached.
        let percent = self.theirs.saturating_mul(100) / self.mentions;
        let share = self.loud as f64 / self.people as f64;
        let judged = match share {
            s if s <= LOUD => ": few are loud",
            s if s >= MANY => ": many are unhappy",
            _ => "",
        };
        format!("{percent} % of the {mentions} come from {} of {} unhappy people{judged}.", self.loud, self.people)
    }
}

/// The voices of a brand in `span`, of which the last eight weeks at most. Costs as much as the span has unhappy authors
/// and copies.
pub async fn voices(store: &Store, brand: BrandId, span: Span) -> Result<Voices, StoreError> {
    let from = span.from().max(span.to().plus(-LONGEST_MS));
    let span = Span::new(from, span.to().plus(1)).unwrap_or(Span::empty(from));
    let mut copied = store.copied_texts(brand, span, COPIED).await?;
    copied.retain(|c| c.copies >= LEAST_COPIES);
    Ok(Voices { loudness: loudness(&store.negative_by_author(brand, span).await?), copied })
}

/// From an incident's start to now.
pub fn since(start: Millis, now: Millis) -> Span {
    Span::new(start, now).unwrap_or(Span::empty(now))
}

/// The time that is looked at without an incident.
pub fn recent(now: Millis) -> Span {
    Span::new(now.plus(-7 * DAY_MS), now).unwrap_or(Span::empty(now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::AuthorId;

    fn shares(counts: &[i64]) -> Vec<AuthorShare> {
        (0..).zip(counts).map(|(id, n)| AuthorShare { author: AuthorId::new(id), negative: *n }).collect()
    }

    fn sentence(counts: &[i64]) -> String {
        loudness(&shares(counts)).map_or_else(String::new, |l| l.sentence())
    }

    #[test]
    fn the_line_says_how_many_people_write_most_of_it() {
        let mut few = vec![40, 30, 20];
        few.extend([1; 20]);
        assert_eq!(sentence(&few), "81 % of the 110 negative mentions come from 3 of 23 unhappy people: few are loud.");
        assert_eq!(sentence(&[1; 100]), "80 % of the 100 negative mentions come from 80 of 100 unhappy people: many are unhappy.");
        assert_eq!(sentence(&[4, 3, 2, 1, 1]), "81 % of the 11 negative mentions come from 3 of 5 unhappy people: many are unhappy.");
        assert_eq!(sentence(&[9, 2, 2, 1, 1, 1]), "81 % of the 16 negative mentions come from 3 of 6 unhappy people.");
        assert_eq!(sentence(&[90, 1, 1, 1, 1]), "95 % of the 94 negative mentions come from 1 of 5 unhappy people: few are loud.");
    }

    #[test]
    fn a_handful_of_people_is_not_divided_into_loud_and_quiet() {
        assert_eq!(sentence(&[]), "");
        assert_eq!(sentence(&[1]), "One negative mention comes from one person.");
        assert_eq!(sentence(&[5]), "5 negative mentions come from one person.");
        assert_eq!(sentence(&[5, 1]), "6 negative mentions come from 2 unhappy people.");
    }

    proptest! {
        #[test]
        fn the_loud_are_the_fewest_who_reach_four_fifths(mut counts in proptest::collection::vec(1_i64..50, 1..60)) {
            counts.sort_unstable_by(|a, b| b.cmp(a));
            let found = loudness(&shares(&counts)).expect("voices");
            let all: i64 = counts.iter().sum();
            prop_assert!(found.theirs * 5 >= all * 4);
            let without: i64 = counts.iter().take(found.loud - 1).sum();
            prop_assert!(without * 5 < all * 4, "one fewer is not enough");
        }
    }
}
