//! The order in which a site's comments are read: pure arithmetic over pages and times.

use serde::{Deserialize, Serialize};

use super::super::cursor::believable;
use super::comment::Comments;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

/// The interface gives at most this many; 101 is an error.
const PER_PAGE: usize = 100;
/// How late a comment may be released from moderation and still be found.
const OVERLAP_MS: i64 = 7 * DAY_MS;
/// The farthest that a site's local time, which `after` is compared with, can be from UTC.
const WIDEST_ZONE_MS: i64 = 14 * HOUR_MS;
/// The overlap is read no more often than this,
const OVERLAP_EVERY_MS: i64 = HOUR_MS;
/// and with this much time for each of its pages.
const OVERLAP_PAGE_MS: i64 = 60_000;
/// Pages of one chain: beyond, the site is not paging but repeating.
const MAX_PAGES: u32 = 100_000;

/// What is known between chains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The newest comment read, by the site's own clock: the newest-first reading goes down to it.
    newest: Option<Millis>,
    /// When the overlap is read next.
    overlap_due: Option<Millis>,
}

/// A chain of pages under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    pub started: Millis,
    plan: Plan,
    page: u32,
    pages_read: u32,
    /// Comments that the site counted when the last page was read.
    total: Option<u64>,
    /// First and last id of the last page, to notice a site that repeats it.
    edge: Option<(u64, u64)>,
    newest: Option<Millis>,
    pub oldest: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Plan {
    /// Oldest first, from `after` (or the beginning) to the end.
    Through { after: Option<Millis> },
    /// Newest first, down to comments older than this.
    Down { to: Millis },
}

impl Progress {
    /// The chain to read now. `since` bounds the very first one.
    pub(super) fn begin(&self, read_until: Option<Millis>, since: Option<Millis>, now: Millis) -> Chain {
        let wide = |at: Millis| at.plus(-WIDEST_ZONE_MS);
        let plan = match (read_until, self.newest) {
            // Nothing has been read by this interface yet, though perhaps by the feeds.
            (None, _) | (_, None) => Plan::Through { after: since.map(wide) },
            (Some(until), Some(to)) if self.overlap_due.is_some_and(|due| now < due) => {
                // A site whose newest comment lies ahead of our clock would otherwise be read from there on only.
                Plan::Down { to: to.min(until) }
            }
            (Some(until), _) => Plan::Through { after: Some(wide(until.plus(-OVERLAP_MS))) },
        };
        Chain { started: now, plan, page: 1, pages_read: 0, total: None, edge: None, newest: self.newest, oldest: None }
    }

    /// Takes note of a finished chain.
    pub(super) fn finish(&mut self, done: &Chain, now: Millis) {
        self.newest = done.newest.or(Some(done.started));
        if matches!(done.plan, Plan::Through { .. }) {
            let pause = OVERLAP_EVERY_MS.max(i64::from(done.pages_read).saturating_mul(OVERLAP_PAGE_MS));
            self.overlap_due = Some(now.plus(pause));
        }
    }
}

impl Chain {
    /// The parameters of the next request.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let order = if matches!(self.plan, Plan::Through { .. }) { "asc" } else { "desc" };
        let mut query = vec![
            ("per_page", PER_PAGE.to_string()),
            ("page", self.page.to_string()),
            ("orderby", "date_gmt".to_owned()),
            ("order", order.to_owned()),
        ];
        if let Plan::Through { after: Some(after) } = self.plan {
            query.push(("after", after.to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        query
    }

    /// The chain after one more page: `Ok` where it goes on, `Err` with the finished chain at its end.
    pub(super) fn after(mut self, read: &Comments) -> Result<Self, Self> {
        self.pages_read = self.pages_read.saturating_add(1);
        self.newest = self.newest.max(read.newest().map(|at| believable(Some(at), self.started)));
        self.oldest = self.oldest.into_iter().chain(read.oldest()).min();
        let edge = read.ids().next().zip(read.ids().last());
        let repeats = edge.is_some() && edge == self.edge;
        if repeats || self.pages_read >= MAX_PAGES {
            return Err(self);
        }
        let back = self.pages_to_repeat(read);
        self.total = if back > 0 && read.total.is_none() { None } else { read.total.or(self.total) };
        if back > 0 {
            self.page = self.page.saturating_sub(back).max(1);
            self.edge = None;
            return Ok(self);
        }
        let met = matches!(self.plan, Plan::Down { to } if read.oldest().is_some_and(|at| at < to));
        if met || self.is_last(read) {
            return Err(self);
        }
        self.page += 1;
        self.edge = edge;
        Ok(self)
    }

    /// Comments deleted while we page move later ones to pages that were read before: those are read again.
    fn pages_to_repeat(&self, read: &Comments) -> u32 {
        let before = self.total.unwrap_or(0);
        let expected = u64::from(self.page - 1) * (PER_PAGE as u64) < before;
        let fewer = match read.total {
            Some(now) => before.saturating_sub(now),
            // A site that refuses a page past its end does not say what it counts now.
            None if read.count == 0 && expected => 1,
            None => 0,
        };
        u32::try_from(fewer.div_ceil(PER_PAGE as u64)).unwrap_or(u32::MAX)
    }

    /// A page may be short although others follow, since hidden comments are filtered out after paging;
    /// so a short page is the last only where the site does not count its pages.
    fn is_last(&self, read: &Comments) -> bool {
        read.count == 0 || read.pages.map_or(read.count < PER_PAGE, |pages| self.page >= pages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(1_795_076_130_000);

    fn value(query: &[(&'static str, String)], key: &str) -> Option<String> {
        query.iter().find(|(k, _)| *k == key).map(|(_, v)| v.clone())
    }

    #[test]
    fn the_first_chain_reads_everything_and_the_next_ones_only_what_is_new() {
        let mut progress = Progress::default();
        let first = progress.begin(None, None, NOW);
        assert_eq!(value(&first.query(), "after"), None);
        progress.finish(&first, NOW);
        let second = progress.begin(Some(NOW), None, NOW.plus(60_000));
        assert_eq!(value(&second.query(), "order").as_deref(), Some("desc"));
    }

    #[test]
    fn once_an_hour_seven_days_and_the_widest_zone_are_read_again() {
        let mut progress = Progress::default();
        progress.finish(&progress.begin(None, None, NOW), NOW);
        let hourly = progress.begin(Some(NOW), None, NOW.plus(HOUR_MS));
        assert_eq!(value(&hourly.query(), "after").as_deref(), Some("2026-11-11T18:15:30Z"));
        assert_eq!(value(&hourly.query(), "order").as_deref(), Some("asc"));
    }

    #[test]
    fn a_busy_site_is_read_again_more_rarely() {
        let mut progress = Progress::default();
        let long = Chain { pages_read: 600, ..progress.begin(None, None, NOW) };
        progress.finish(&long, NOW);
        assert_eq!(progress.overlap_due, Some(NOW.plus(10 * HOUR_MS)));
    }
}
