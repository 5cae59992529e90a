//! Simulated brands whose incidents have a known start and end.
//!
//! Counts an hour are negative binomial around a daily and weekly rhythm, with days that are better or worse than others
//! (neighbouring hours go up and down together). On top of that come what misleads: copies, jokes, a source that falls
//! silent, a brand that grew, little history.

use ebb::assess::counts::NegativeBinomial;
use ebb::assess::coverage::{Reading, SourceRecord, Sources};
use ebb::domain::ids::SourceId;
use ebb::domain::time::{HOUR_MS, Millis, WEEK_MS};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Monday 2026-01-05 00:00 UTC.
pub const MONDAY: Millis = Millis::new(1_767_571_200_000);
/// Hours before the start that are simulated at most.
pub const HISTORY: usize = 10 * 168;
/// Hours after the true end.
pub const AFTER: usize = 21 * 24;

/// How an incident runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Up at once, falling by half every few hours.
    Burst,
    /// Up within an hour or two, then it stays for hours or days.
    Plateau,
    /// Rising for one to four days.
    SlowBurn,
    /// A burst, calm for 14 to 66 hours, and again.
    Relapse,
}

impl Course {
    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Plateau => "plateau",
            Self::SlowBurn => "slow burn",
            Self::Relapse => "relapse",
        }
    }
}

/// What else happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub struct Troubles {
    pub copies: bool,
    pub joke: bool,
    pub silent: bool,
    pub scale: bool,
    pub short: bool,
}

/// One hour of the raw counts that the other rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw {
    /// All mentions that were read.
    pub mentions: f64,
    /// Negative ones, copies too.
    pub negative: f64,
}

/// One simulated brand with its incident. Hours count from its first one.
#[derive(Debug)]
pub struct Case {
    pub course: Course,
    pub troubles: Troubles,
    pub first: Millis,
    /// First hour of history that was read.
    pub known_from: usize,
    pub start: usize,
    /// The first hour after the last one in which the incident adds a quarter of normal.
    pub end: usize,
    /// The second wave.
    pub second: Option<(usize, usize)>,

    pub raw: Vec<Raw>,
    pub sources: Sources,
}

impl Case {
    /// The start of an hour.
    pub fn at(&self, hour: usize) -> Millis {
        self.first.plus(i64::try_from(hour).unwrap_or(0) * HOUR_MS)
    }
}

struct Brand {
    level: f64,
    daily: f64,
    peak: f64,
    weekend: f64,
    size: f64,
    day_sigma: f64,
    share_negative: f64,
    shares: Vec<f64>,
}

impl Brand {
    fn new(rng: &mut StdRng) -> Self {
        let n = rng.random_range(2..=4_usize);
        let raw: Vec<f64> = (0..n).map(|_| rng.random_range(0.3..1.0)).collect();
        let total: f64 = raw.iter().sum();
        Self {
            level: log_uniform(rng, 0.3, 30.0),
            daily: rng.random_range(0.3..0.8),
            peak: rng.random_range(0.0..24.0),
            weekend: rng.random_range(0.5..1.1),
            size: rng.random_range(2.0..12.0),
            day_sigma: rng.random_range(0.05..0.25),
            share_negative: rng.random_range(0.25..0.7),
            shares: raw.iter().map(|share| share / total).collect(),
        }
    }

    fn rhythm(&self, hour: Millis) -> f64 {
        let slot = hour.hour_of_week();
        let daily = 1.0 + self.daily * (std::f64::consts::TAU * ((slot % 24) as f64 - self.peak) / 24.0).cos();
        daily * if slot >= 120 { self.weekend } else { 1.0 }
    }
}

fn log_uniform(rng: &mut StdRng, low: f64, high: f64) -> f64 {
    (rng.random_range(f64::ln(low)..f64::ln(high))).exp()
}

/// Unhappy authors an hour that the incident adds, from its first hour on.
fn wave(rng: &mut StdRng, course: Course, level: f64) -> Vec<f64> {
    // Small brands have incidents too: at least a few people an hour.
    let height = (level * log_uniform(rng, 2.0, 20.0)).max(rng.random_range(2.0..6.0));
    let (rise, stay, half) = match course {
        Course::Burst | Course::Relapse => (0.0, 0.0, rng.random_range(3.0..15.0)),
        Course::Plateau => (2.0, rng.random_range(6.0..48.0), rng.random_range(3.0..15.0)),
        Course::SlowBurn => (rng.random_range(24.0..96.0), rng.random_range(0.0..24.0), rng.random_range(8.0..36.0)),
    };
    let height = if course == Course::SlowBurn { height * 0.5 } else { height };
    let least = (0.25 * level).max(0.1);
    let mut wave = Vec::new();
    for hour in 0..2_000_u32 {
        let t = f64::from(hour) + 0.5;
        let value = match t {
            t if t < rise => height * t / rise,
            t if t < rise + stay => height,
            t => height * (-(t - rise - stay) / half * std::f64::consts::LN_2).exp(),
        };
        if value < least && t > rise {
            break;
        }
        wave.push(value);
    }
    wave
}

/// A case; the same seed gives the same one.
pub fn case(seed: u64) -> Case {
    let mut rng = StdRng::seed_from_u64(seed);
    let rng = &mut rng;
    let brand = Brand::new(rng);
    let course = match rng.random_range(0..100) {
        0..35 => Course::Burst,
        35..55 => Course::Plateau,
        55..75 => Course::SlowBurn,
        _ => Course::Relapse,
    };
    let mut chance = |share: f64| rng.random_range(0.0..1.0) < share;
    let troubles = Troubles { copies: chance(0.3), joke: chance(0.3), silent: chance(0.25), scale: chance(0.2), short: chance(0.2) };
    let start = HISTORY + rng.random_range(0..168_usize);
    let mut extra = wave(rng, course, brand.level);
    let mut second = None;
    if course == Course::Relapse {
        let from = extra.len() + rng.random_range(14..=66_usize);
        extra.resize(from, 0.0);
        extra.extend(wave(rng, course, brand.level));
        second = Some((start + from, start + extra.len()));
    }
    let end = start + extra.len();
    let known_from = if troubles.short { start - rng.random_range(3 * 24..=13 * 24_usize) } else { start - 8 * 168 };
    let mut case = Case {
        course,
        troubles,
        first: MONDAY.plus(-WEEK_MS),
        known_from,
        start,
        end,
        second,
        raw: Vec::new(),
        sources: Sources::default(),
    };
    fill(&mut case, &brand, &extra, rng);
    case
}

/// What misleads, as stretches of hours.
struct Plan {
    jokes: Vec<(usize, usize, f64)>,
    storms: Vec<(usize, usize, f64)>,
    silence: Vec<(usize, usize, usize)>,
    /// The level is this many times the later one before this hour.
    grown: (usize, f64),
}

impl Plan {
    fn new(case: &Case, brand: &Brand, rng: &mut StdRng) -> Self {
        let (start, end) = (case.start, case.end);
        let mut plan = Self { jokes: Vec::new(), storms: Vec::new(), silence: Vec::new(), grown: (0, 1.0) };
        if case.troubles.joke {
            // One in the calm weeks before, one from the start to four days after the end.
            for from in [start - rng.random_range(30..14 * 24_usize), rng.random_range(start..end + 96)] {
                plan.jokes.push((from, from + rng.random_range(6..=14_usize), rng.random_range(4.0..15.0)));
            }
        }
        if case.troubles.copies {
            for from in [start - rng.random_range(30..14 * 24_usize), rng.random_range(start..end)] {
                plan.storms.push((from, from + rng.random_range(4..=12_usize), rng.random_range(2.0..10.0)));
            }
        }
        if case.troubles.silent {
            for from in [start - rng.random_range(80..14 * 24_usize), rng.random_range(start..end + 48)] {
                plan.silence.push((rng.random_range(0..brand.shares.len()), from, from + rng.random_range(12..=60_usize)));
            }
        }
        if case.troubles.scale {
            let factor = if rng.random_range(0.0..1.0) < 0.5 { rng.random_range(0.4..0.7) } else { rng.random_range(1.4..2.5) };
            plan.grown = (start - rng.random_range(14 * 24..42 * 24_usize), factor);
        }
        plan
    }
}

fn fill(case: &mut Case, brand: &Brand, extra: &[f64], rng: &mut StdRng) {
    let plan = Plan::new(case, brand, rng);
    let hours = case.end + AFTER;
    let mut records: Vec<SourceRecord> = (0..brand.shares.len())
        .map(|i| SourceRecord {
            id: SourceId::new(i64::try_from(i).unwrap_or(0) + 1),
            name: format!("Source {i}"),
            reading: Reading::Polled { every_ms: 600_000 },
            covered: std::collections::BTreeMap::new(),
            unhappy: std::collections::BTreeMap::new(),
        })
        .collect();
    let mut day = 1.0;
    for hour in case.known_from.min(case.start - 8 * 168)..hours {
        let at = case.at(hour);
        if at.hour_of_week().is_multiple_of(24) {
            let spread = rng.random_range(-1.0..1.0_f64) + rng.random_range(-1.0..1.0_f64) + rng.random_range(-1.0..1.0_f64);
            day = (brand.day_sigma * spread).exp();
        }
        let scale = if hour < plan.grown.0 { plan.grown.1 } else { 1.0 };
        let normal = brand.level * scale * brand.rhythm(at) * day;
        let added = hour.checked_sub(case.start).and_then(|h| extra.get(h)).copied().unwrap_or(0.0);
        let joke: f64 = plan.jokes.iter().filter(|j| (j.0..j.1).contains(&hour)).map(|j| j.2).sum();
        let volume = normal / brand.share_negative;
        // One in five of a joke's posts has words of its own; the model takes one in fifty of those for anger.
        let misread = joke * volume * 0.2 * 0.02;
        let n = draw(rng, normal + added * (0.5 + 0.5 * brand.rhythm(at)) + misread, brand.size);
        let heard = spread(rng, n, &brand.shares);
        let mut read = 0;
        for (i, (record, unhappy)) in records.iter_mut().zip(heard).enumerate() {
            let silent = plan.silence.iter().any(|s| s.0 == i && (s.1..s.2).contains(&hour));
            if hour >= case.known_from && !silent {
                record.covered.insert(at, HOUR_MS);
                if unhappy > 0 {
                    record.unhappy.insert(at, unhappy);
                }
                read += unhappy;
            }
        }
        case.raw.push(if hour >= case.known_from { raw(&plan, hour, (read as f64, volume, joke), rng) } else { Raw::default() });
    }
    // Hours are counted from the first one that is simulated.
    let skipped = case.known_from.min(case.start - 8 * 168);
    case.first = case.at(skipped);
    case.known_from -= skipped;
    case.start -= skipped;
    case.end -= skipped;
    case.second = case.second.map(|(from, to)| (from - skipped, to - skipped));
    case.sources = Sources::new(records);
}

fn raw(plan: &Plan, hour: usize, (unhappy, volume, joke): (f64, f64, f64), rng: &mut StdRng) -> Raw {
    let storm: f64 = plan.storms.iter().filter(|s| (s.0..s.1).contains(&hour)).map(|s| s.2).sum();
    // Some write twice; in a storm their words are pasted and reposted.
    let negative = (unhappy * (1.2 + storm)).round();
    let others = draw(rng, volume * 0.6 + volume * joke, 8.0) as f64;
    Raw { mentions: negative + others, negative }
}

fn draw(rng: &mut StdRng, mean: f64, size: f64) -> i64 {
    NegativeBinomial::new(mean, size).quantile(rng.random_range(0.0..1.0))
}

/// Each author writes at one of the sources.
fn spread(rng: &mut StdRng, n: i64, shares: &[f64]) -> Vec<i64> {
    let mut counts = vec![0; shares.len()];
    for _ in 0..n {
        let mut at = rng.random_range(0.0..1.0);
        let chosen = shares.iter().position(|share| {
            at -= share;
            at < 0.0
        });
        counts[chosen.unwrap_or(shares.len() - 1)] += 1;
    }
    counts
}
