//! Feeds the filter for other brands of the same name: learns when marks have changed, judges what came in since.
//!
//! Only unmarked mentions of the last sixty days are judged anew when the filter has learned; what it hid before stays
//! hidden until then. One whose words changed is judged again in the next round, and stays as it was until then. A filter
//! that may not hide (any more) shows again what it hid, whatever its age.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::brand::{Brand, FilterMode};
use crate::domain::filter::{About, Acting, Example, Features, Filter, Measured, acting};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::time::DAY_MS;
use crate::store::{FilterReport, FilterState, Hidden, Judged, Store, StoreError};

/// Mentions judged in one transaction.
const BATCH: i64 = 500;
/// Mentions whose label somebody corrected: people read them, and said nothing of another brand.
const CORRECTED: i64 = 400;
/// How far back mentions are judged by a filter that has learned.
const BACK_MS: i64 = 60 * DAY_MS;

/// What one round did for a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Mentions that were hidden or shown again.
    pub changed: usize,
    /// There may be more to judge at once.
    pub more: bool,
}

/// Judges the mentions of all brands, again and again.
#[derive(Debug)]
pub struct FilterWorker {
    store: Store,
    clock: Clock,
    /// What was learned, and from which marks.
    learned: HashMap<BrandId, (String, Filter)>,
}

impl FilterWorker {
    /// A worker that has not learned yet.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, learned: HashMap::new() }
    }

    /// Round after round, `every_ms` of the clock apart, at once while there is more to judge. Ends when `stop` is
    /// cancelled, after the round under way.
    pub async fn run(mut self, every_ms: i64, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = match self.tick().await {
                Ok(rounds) => rounds.iter().any(|round| round.more),
                Err(error) => {
                    tracing::error!(error = %error, "The filter for other brands did not run; trying again after the pause");
                    false
                }
            };
            if !more {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.clock.sleep_ms(every_ms.max(self.clock.real_ms(500))) => {}
                }
            }
        }
    }

    /// One batch of each brand.
    pub async fn tick(&mut self) -> Result<Vec<Round>, StoreError> {
        let mut rounds = Vec::new();
        for brand in self.store.brands().await? {
            rounds.push(self.judge(&brand).await?);
        }
        Ok(rounds)
    }

    async fn judge(&mut self, brand: &Brand) -> Result<Round, StoreError> {
        let (marks, audit) = self.store.brand_marks(brand.id).await?;
        let before = self.store.brand_filter(brand.id).await?;
        let known = before.as_ref().filter(|state| state.marks == marks);
        if before.is_none() && marks == "0:0" {
            return Ok(Round::default());
        }
        let measured = self.learn(brand.id, &marks, known.map(|state| state.report.measured)).await?;
        let acting = if brand.terms.filter == FilterMode::Off { Acting::Off } else { acting(&measured, audit) };
        let judged_to = match known {
            Some(state) if state.report.acting == acting => state.judged_to,
            // It says something else from now on.
            _ => self.store.before_first_since(brand.id, self.clock.now().plus(-BACK_MS)).await?,
        };
        let said = self.said(brand.id, acting, judged_to).await?;
        let state = FilterState { marks, judged_to: said.judged_to, report: FilterReport { acting, measured, audit } };
        if !said.changed.is_empty() || !said.again.is_empty() || before.as_ref() != Some(&state) {
            self.store.save_filter(brand.id, (&said.changed, &said.again), &state).await?;
        }
        Ok(Round { changed: said.changed.len(), more: said.more })
    }

    /// Learns unless that was done from the same marks; returns what is measured.
    async fn learn(&mut self, brand: BrandId, marks: &str, measured: Option<Measured>) -> Result<Measured, StoreError> {
        if let (Some(measured), Some((learned, _))) = (measured, self.learned.get(&brand))
            && learned == marks
        {
            return Ok(measured);
        }
        let judged = self.store.brand_examples(brand, CORRECTED).await?;
        // Seconds of arithmetic at worst: not on a thread that answers others.
        let learning = tokio::task::spawn_blocking(move || {
            let examples: Vec<Example> = judged.iter().map(example).collect();
            (Filter::learn(&examples), measured.unwrap_or_else(|| Measured::cross_validated(&examples)))
        });
        let Ok((filter, measured)) = learning.await else { return Ok(measured.unwrap_or_default()) };
        self.learned.insert(brand, (marks.to_owned(), filter));
        Ok(measured)
    }

    /// What the filter says of edited mentions and of the next batch.
    async fn said(&self, brand: BrandId, acting: Acting, from: MentionId) -> Result<Said, StoreError> {
        let full = |batch: &[Judged]| i64::try_from(batch.len()).is_ok_and(|n| n == BATCH);
        let again = self.store.to_judge_again(brand, BATCH).await?;
        let Some((_, filter)) = self.learned.get(&brand).filter(|_| acting == Acting::Yes) else {
            let batch = self.store.filtered(brand, BATCH).await?;
            let changed = batch.iter().map(|m| (m.mention, About::This)).collect();
            return Ok(Said { changed, more: full(&batch) || full(&again), again, judged_to: from });
        };
        let batch = self.store.to_judge(brand, from, BATCH).await?;
        let judged_to = batch.last().map_or(from, |last| last.mention);
        let said = batch.iter().chain(&again).map(|m| (m, filter.judge(&Features::of(m.traits()))));
        let changed = said.filter(|(m, about)| (m.hidden != Hidden::No) != (*about == About::Other));
        let changed = changed.map(|(m, about)| (m.mention, about)).collect();
        Ok(Said { changed, more: full(&batch) || full(&again), again, judged_to })
    }
}

/// What the filter says in one round.
struct Said {
    /// Mentions that are hidden or shown from now on.
    changed: Vec<(MentionId, About)>,
    /// Edited mentions that are judged.
    again: Vec<Judged>,
    /// How far it has come.
    judged_to: MentionId,
    /// There may be more.
    more: bool,
}

fn example(judged: &Judged) -> Example {
    Example { features: Features::of(judged.traits()), about: judged.mark.unwrap_or(About::This) }
}
