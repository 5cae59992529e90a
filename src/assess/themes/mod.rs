//! What people are upset about: phrases that separate an incident's unhappy mentions from the baseline, each with a
//! concern curve of its own, and what is said to fail although the fix was declared.
//!
//! | file | is |
//! |---|---|
//! | [`tokens`] | words, phrases, scripts without spaces |
//! | [`odds`] | the weighted log-odds ratio with an informative prior |
//! | [`find`], `against` | which phrases are themes; what they are held against |
//! | `common`, `grow` | words that say nothing; phrases as they are shown |
//! | [`forms`] | which themes stand in a text |
//! | [`still`] | "still broken for me", in six languages |
//! | [`heat`] | hot or calm |
//! | [`sample`] | bounded reading |
//!
//! Two steps keep the tables of a theme up to date. [`discover`] compares samples and says which phrases are themes;
//! it is asked for every ten minutes at most. [`catch_up`] looks up which mentions hold them, hour by hour: an hour
//! whose counts changed since (late mentions, scores, corrections, edits, deletions) is looked up again, newest first,
//! a few thousand mentions a round. Pages read the kept hours, whatever the number of mentions.

mod against;
mod common;
pub mod find;
pub mod forms;
mod grow;
pub mod heat;
pub mod odds;
pub mod sample;
pub mod still;
pub mod tokens;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use crate::domain::brand::Brand;
use crate::domain::ids::{IncidentId, ThemeId};
use crate::domain::incident::Incident;
use crate::domain::sentiment::Label;
use crate::domain::theme::{Heat, Theme, ThemeKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::HourCounts;
use crate::store::{FoundTheme, MentionCursor, Store, StoreError, TextLabels, TextRow, ThemeMention};

use super::load;
use find::{Corpus, Document, Found};
use forms::Forms;
use sample::Wanted;

/// Themes of an incident.
pub const MOST: usize = 12;
/// Of those, places that are kept for what came up in the last day.
const RECENT: usize = 3;
/// Texts of unhappy people that are compared.
const INCIDENT_TEXTS: i64 = 4_000;
/// Texts of the baseline.
const BASELINE_TEXTS: i64 = 6_000;
/// Fewer texts of a baseline say nothing of what is normal: the incident's own calm mentions stand in for them.
const ENOUGH_BASELINE: usize = 50;
/// History that is compared with.
const HISTORY_MS: i64 = 28 * DAY_MS;
/// Between two searches for themes.
pub const DISCOVER_EVERY_MS: i64 = 10 * 60_000;
/// Mentions that are looked up in one round; the hour that passes it is finished.
const MENTIONS_A_ROUND: usize = 3_000;
/// Hours of one round.
const HOURS_A_ROUND: usize = 200;
/// So many hours at once are looked up only after a search, or at the beginning.
const SEARCHED_HOURS: usize = 6;
/// Mentions read at once.
const PAGE: i64 = 1_000;

/// Compares the incident with its baseline, and keeps what separates them.
pub async fn discover(store: &Store, incident: &Incident, now: Millis) -> Result<(), StoreError> {
    let brand = store.brand(incident.brand).await?;
    let hours = hours_of(store, incident, now).await?;
    let wanted = Wanted { brand: incident.brand, labels: TextLabels::Negative, hours: &hours, most: INCIDENT_TEXTS };
    let (all, _) = sample::read(store, &wanted).await?;
    let late = hours.partition_point(|h| h.hour < now.plus(-DAY_MS));
    let wanted = Wanted { hours: hours.get(late..).unwrap_or_default(), ..wanted };
    let (recent, _) = if late == 0 { (Vec::new(), 0) } else { sample::read(store, &wanted).await? };
    let calm = Wanted { brand: incident.brand, labels: TextLabels::NotNegative, hours: &hours, most: INCIDENT_TEXTS };
    let (others, _) = sample::read(store, &calm).await?;
    let (mut baseline, per_hour) = baseline(store, incident).await?;
    if baseline.len() < ENOUGH_BASELINE {
        baseline.extend(others.iter().cloned());
    }
    let texts = Texts { all, recent, others, baseline, brand: names(&brand) };
    // Thousands of texts take tenths of a second: not on the threads that answer requests.
    let found = tokio::task::spawn_blocking(move || compare(&texts)).await.unwrap_or_default();
    let mut themes: Vec<FoundTheme> = found.into_iter().map(|f| kept(f, per_hour)).collect();
    if incident.fixed_at.is_some() {
        themes.push(FoundTheme { kind: ThemeKind::StillBroken, phrase: String::new(), forms: Vec::new(), z: 0.0, normal_per_hour: 0.0 });
    }
    store.save_themes(incident.id, &themes, now).await
}

/// What is compared.
struct Texts {
    all: Vec<Document>,
    /// Of the last day.
    recent: Vec<Document>,
    others: Vec<Document>,
    baseline: Vec<Document>,
    brand: HashSet<String>,
}

fn compare(texts: &Texts) -> Vec<Found> {
    let corpus = |incident| Corpus { incident, others: &texts.others, baseline: &texts.baseline, brand: &texts.brand };
    let whole = find::find(&corpus(texts.all.as_slice()), MOST);
    let recent = find::find(&corpus(texts.recent.as_slice()), RECENT);
    let spare = MOST - RECENT.min(recent.len());
    let last: Vec<Found> = whole.iter().skip(spare).cloned().collect();
    let first: Vec<Found> = whole.into_iter().take(spare).collect();
    find::join(find::join(first, recent, MOST), last, MOST)
}

fn kept(found: Found, per_hour: f64) -> FoundTheme {
    FoundTheme {
        kind: ThemeKind::Phrase,
        phrase: found.phrase,
        forms: found.forms,
        z: found.z,
        normal_per_hour: found.normal_share * per_hour,
    }
}

/// The hours of the incident that have a mention.
async fn hours_of(store: &Store, incident: &Incident, now: Millis) -> Result<Vec<HourCounts>, StoreError> {
    store.hours(incident.brand, None, load::until_now(incident.started_at, now)).await
}

/// A sample of four weeks before the incident, earlier incidents cut out; and how many mentions an hour there were.
async fn baseline(store: &Store, incident: &Incident) -> Result<(Vec<Document>, f64), StoreError> {
    let start = incident.started_at.hour();
    let history = Span::new(start.plus(-HISTORY_MS), start).unwrap_or(Span::empty(start));
    let others = store.incidents(incident.brand).await?;
    let cut: Vec<Span> =
        others.iter().filter(|i| i.id != incident.id && i.started_at < start).filter_map(|i| load::lasted(i, start)).collect();
    let mut hours = store.hours(incident.brand, None, history).await?;
    hours.retain(|h| !cut.iter().any(|c| h.hour.plus(HOUR_MS) > c.from() && h.hour < c.to()));
    let wanted = Wanted { brand: incident.brand, labels: TextLabels::Any, hours: &hours, most: BASELINE_TEXTS };
    let (mut documents, total) = sample::read(store, &wanted).await?;
    // A stretch can reach over what was cut out; how many those are hardly matters, what they say does not belong.
    documents.truncate(usize::try_from(BASELINE_TEXTS).unwrap_or(usize::MAX));
    let spanned = hours.first().map_or(1, |h| start.since(h.hour) / HOUR_MS).max(1);
    Ok((documents, total as f64 / spanned as f64))
}

/// Folded words that name the brand: no theme consists of them.
fn names(brand: &Brand) -> HashSet<String> {
    let terms = &brand.terms;
    let lists = [&terms.names, &terms.handles, &terms.hashtags, &terms.own_accounts];
    let all = lists.into_iter().flatten().chain([&brand.name]);
    all.flat_map(|name| tokens::tokens(&name.replace('@', " "))).map(|t| t.text).collect()
}

/// What one round of looking up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Hours that were looked up.
    pub hours: usize,
    /// Hours that wait for the next round.
    pub left: usize,
}

/// Looks up which mentions of the incident hold its themes, in the hours that changed since; newest hours first.
pub async fn catch_up(store: &Store, incident: &Incident, now: Millis) -> Result<Progress, StoreError> {
    let themes = store.themes(incident.id).await?;
    let marks = store.theme_marks(incident.id).await?;
    let stamp = stamp(&themes, incident);
    let mut changed: Vec<(Millis, String)> = hours_of(store, incident, now).await?.iter().map(|h| (h.hour, mark(&stamp, h))).collect();
    changed.retain(|(hour, mark)| marks.get(hour) != Some(mark));
    let lookup = Lookup::new(&themes, incident);
    let mut progress = Progress { hours: 0, left: changed.len() };
    let mut read = 0;
    for (hour, mark) in changed.into_iter().rev().take(HOURS_A_ROUND) {
        if read >= MENTIONS_A_ROUND {
            break;
        }
        let (mentions, n) = lookup.hour(store, hour).await?;
        store.save_theme_hour(incident.id, (hour, &mark), &mentions).await?;
        read += n;
        progress = Progress { hours: progress.hours + 1, left: progress.left - 1 };
    }
    // Counting everybody reads all of a theme: only after a search changed what is looked up, and once that is done.
    if progress.hours >= SEARCHED_HOURS.min(marks.len().max(1)) && progress.left == 0 {
        store.count_theme_people(incident.id).await?;
    }
    Ok(progress)
}

/// What an hour's themes depend on besides its mentions: the themes themselves, and when the fix was declared.
fn stamp(themes: &[Theme], incident: &Incident) -> String {
    let mut words = String::new();
    for theme in themes {
        // Writing to a string cannot fail.
        let _ = write!(words, "{}:{};", theme.id, theme.forms.join(","));
    }
    let fixed = incident.fixed_at.map_or(0, Millis::get);
    let sum = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x} {fixed} {}", incident.started_at.get())
}

fn mark(stamp: &str, h: &HourCounts) -> String {
    let HourCounts { mentions, copies, deleted, negative, neutral, positive, unhappy, .. } = h;
    format!("{stamp} {mentions} {copies} {deleted} {negative} {neutral} {positive} {unhappy}")
}

/// The themes of an incident, ready to be looked up in texts.
struct Lookup<'a> {
    incident: &'a Incident,
    forms: Forms<ThemeId>,
    still: Option<ThemeId>,
}

impl<'a> Lookup<'a> {
    fn new(themes: &[Theme], incident: &'a Incident) -> Self {
        let phrases = themes.iter().filter(|t| t.kind == ThemeKind::Phrase);
        Self {
            incident,
            forms: Forms::new(phrases.map(|t| (t.id, t.forms.as_slice()))),
            still: themes.iter().find(|t| t.kind == ThemeKind::StillBroken).map(|t| t.id),
        }
    }

    /// The themes' mentions in one hour, and how many mentions were read.
    async fn hour(&self, store: &Store, hour: Millis) -> Result<(Vec<ThemeMention>, usize), StoreError> {
        let from = hour.max(self.incident.started_at);
        let span = Span::new(from, hour.plus(HOUR_MS)).unwrap_or(Span::empty(hour));
        let (mut mentions, mut read, mut after) = (Vec::new(), 0, None);
        loop {
            let page = store.texts(self.incident.brand, (span, TextLabels::NotPositive), after, PAGE).await?;
            read += page.len();
            for row in &page {
                self.add(row, &mut mentions);
            }
            match page.last() {
                Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                    after = Some(MentionCursor { created_at: last.at, id: last.mention });
                }
                _ => return Ok((mentions, read)),
            }
        }
    }

    fn add(&self, row: &TextRow, mentions: &mut Vec<ThemeMention>) {
        let tokens = tokens::tokens(&row.text);
        let themes = self.forms.of(&tokens);
        let of = |theme: ThemeId| ThemeMention { theme, mention: row.mention, author: row.author, at: row.at };
        if row.label == Some(Label::Negative) {
            mentions.extend(themes.keys().map(|theme| of(*theme)));
        }
        let places: Vec<tokens::Place> = themes.into_values().collect();
        let after_fix = self.incident.fixed_at.is_some_and(|fixed| row.at > fixed);
        if let Some(still) = self.still.filter(|_| after_fix && still::still_broken(&tokens, &places)) {
            mentions.push(of(still));
        }
    }
}

/// A theme with how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ThemeView {
    /// The theme.
    pub theme: Theme,
    /// Its curve; hours without a mention are left out.
    pub hours: Vec<crate::domain::theme::ThemeHour>,
    /// Hot, easing or calm.
    pub standing: heat::Standing,
}

/// An incident's themes as they stand at `now`: a few hundred rows, whatever the number of mentions.
pub async fn load_themes(store: &Store, incident: IncidentId, now: Millis) -> Result<Vec<ThemeView>, StoreError> {
    let mut curves: BTreeMap<ThemeId, _> = store.theme_hours(incident).await?;
    let view = |theme: Theme| {
        let hours = curves.remove(&theme.id).unwrap_or_default();
        let standing = heat::heat(&hours, theme.normal_per_hour, now);
        ThemeView { theme, hours, standing }
    };
    Ok(store.themes(incident).await?.into_iter().map(view).collect())
}

/// The phrases that are still hot, with the people of their last six hours; the first ones first.
pub async fn hot(store: &Store, incident: IncidentId, now: Millis) -> Result<Vec<(String, i64)>, StoreError> {
    let views = load_themes(store, incident, now).await?;
    let hot = views.into_iter().filter(|v| v.standing.heat == Heat::Hot && v.theme.kind == ThemeKind::Phrase);
    Ok(hot.map(|v| (v.theme.phrase, v.standing.recent)).collect())
}
