//! A bounded, even sample of what was said in a stretch of time.

use std::collections::HashSet;

use super::find::{Document, Mood};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::sentiment::Label;
use crate::domain::time::{HOUR_MS, Millis, Span};
use crate::domain::verdict::HourCounts;
use crate::store::{Store, StoreError, TextLabels};

/// Stretches that a sample is read from when not everything can be.
const SLICES: i64 = 48;

/// Cuts what has these counts into stretches of about the same number, in order. `count` says what of an hour counts.
pub fn slices(hours: &[HourCounts], count: impl Fn(&HourCounts) -> i64) -> (Vec<Span>, i64) {
    let total: i64 = hours.iter().map(&count).sum();
    let each = (total / SLICES).max(1);
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Option<(Millis, i64)> = None;
    for hour in hours {
        let n = count(hour);
        if n <= 0 {
            continue;
        }
        let (from, sum) = open.map_or((hour.hour, n), |(from, sum)| (from, sum + n));
        if sum >= each {
            spans.extend(Span::new(from, hour.hour.plus(HOUR_MS)));
            open = None;
        } else {
            open = Some((from, sum));
        }
    }
    if let (Some((from, _)), Some(last)) = (open, hours.last()) {
        spans.extend(Span::new(from, last.hour.plus(HOUR_MS)));
    }
    (spans, total)
}

/// Where to read a sample from.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The brand.
    pub brand: BrandId,
    /// Which labels.
    pub labels: TextLabels,
    /// Hours to read from, in order.
    pub hours: &'a [HourCounts],
    /// Most texts.
    pub most: i64,
}

/// At most `most` texts, the same share of every stretch; and how many there are in all.
pub async fn read(store: &Store, wanted: &Wanted<'_>) -> Result<(Vec<Document>, i64), StoreError> {
    let count = |h: &HourCounts| match wanted.labels {
        TextLabels::Any => h.mentions - h.copies - h.deleted,
        TextLabels::Negative => h.negative,
        TextLabels::NotPositive => h.negative + h.neutral,
        TextLabels::NotNegative => h.neutral + h.positive,
    };
    let (spans, total) = slices(wanted.hours, count);
    let share = wanted.most as f64 / total.max(1) as f64;
    let mut documents = Vec::new();
    let mut seen: HashSet<MentionId> = HashSet::new();
    for span in spans {
        let within: i64 = wanted.hours.iter().filter(|h| h.hour >= span.from() && h.hour < span.to()).map(count).sum();
        #[expect(clippy::cast_possible_truncation, reason = "at most `most`, or all of a stretch")]
        let limit = if share >= 1.0 { within } else { (within as f64 * share).ceil() as i64 };
        for row in store.texts(wanted.brand, (span, wanted.labels), None, limit).await? {
            if seen.insert(row.mention) {
                let mood = if row.label == Some(Label::Negative) { Mood::Negative } else { Mood::Other };
                documents.push(Document::new(row.author.get(), row.lang.as_deref(), &row.text, mood));
            }
        }
    }
    Ok((documents, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(at: i64, mentions: i64) -> HourCounts {
        HourCounts { hour: Millis::new(at * HOUR_MS), mentions, ..HourCounts::default() }
    }

    #[test]
    fn stretches_hold_about_the_same_number_and_leave_nothing_out() {
        let hours: Vec<HourCounts> = (0..480).map(|i| hour(i, (i * 7) % 23)).collect();
        let (spans, total) = slices(&hours, |h| h.mentions);
        let within = |s: &Span| hours.iter().filter(|h| h.hour >= s.from() && h.hour < s.to()).map(|h| h.mentions).sum::<i64>();
        assert_eq!(spans.iter().map(within).sum::<i64>(), total);
        assert!(spans.len() <= 49, "{}", spans.len());
        assert!(spans.windows(2).all(|w| w[0].to() <= w[1].from()));
        assert!(spans.iter().all(|s| within(s) <= 2 * total / 48 + 23));
    }

    #[test]
    fn nothing_gives_no_stretch() {
        assert_eq!(slices(&[], |h| h.mentions), (Vec::new(), 0));
        assert_eq!(slices(&[hour(1, 0)], |h| h.mentions), (Vec::new(), 0));
    }
}
