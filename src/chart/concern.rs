//! The concern curve: unhappy people an hour against the normal range, with gaps and numbered marks.

use std::fmt::Write as _;

use crate::domain::time::{HOUR_MS, Millis, Span};

use super::svg::{Anchor, Area, BAND, CALM, GRID, INK, OURS, Picture, QUIET, RAISED};
use super::{axis, share};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 400.0;
/// Below this share an hour counts as not fully read.
pub const READ: f64 = 0.9;

/// One hour of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hour {
    /// Its start.
    pub at: Millis,
    /// Distinct unhappy people.
    pub unhappy: i64,
    /// Mean of what is normal; `None` without a baseline.
    pub expected: Option<f64>,
    /// Nineteen in twenty normal hours lie at or below; `None` without a baseline.
    pub upper: Option<f64>,
    /// Share of the hour that was read, 0..=1.
    pub covered: f64,
}

/// A numbered mark; what it stands for is written beside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Millis,
    /// As it stands in the list, from 1.
    pub number: usize,
    /// By the brand, or an event.
    pub ours: Side,
}

/// Whose a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The brand said something.
    Ours,
    /// Something happened.
    Event,
}

/// The words of the picture in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// What a screen reader says.
    pub title: String,
    /// Legend: counts.
    pub unhappy: String,
    /// Legend: counts above the range.
    pub raised: String,
    /// Legend: the range.
    pub normal: String,
    /// Legend: hours that were not fully read.
    pub unread: String,
    /// In place of a curve when nothing was counted.
    pub nothing: String,
}

/// What is drawn.
pub struct Curve<'a> {
    /// The time shown.
    pub span: Span,
    /// Its hours, oldest first.
    pub hours: &'a [Hour],
    /// Marks within it, oldest first.
    pub marks: &'a [Mark],
    /// Its words.
    pub words: &'a Words,
    /// The label of a tick.
    pub label: &'a dyn Fn(Millis) -> String,
}

/// Draws the picture.
pub fn draw(curve: &Curve<'_>) -> String {
    let mut picture = Picture::new(WIDTH, HEIGHT, &curve.words.title);
    let plot = Area::new(52.0, 74.0, WIDTH - 68.0, HEIGHT - 150.0);
    if curve.hours.is_empty() {
        picture.text((WIDTH / 2.0, HEIGHT / 2.0), Anchor::Middle, QUIET, &curve.words.nothing);
        return picture.finish();
    }
    let highest = curve.hours.iter().map(|h| (h.unhappy as f64).max(h.upper.unwrap_or(0.0))).fold(0.0, f64::max);
    let (top, step) = axis::count_scale(highest * 1.05);
    let scene = Scene { plot, top, span: curve.span };
    scene.grid(&mut picture, step);
    scene.band(&mut picture, curve.hours);
    scene.gaps(&mut picture, curve.hours);
    scene.bars(&mut picture, curve.hours);
    scene.expected(&mut picture, curve.hours);
    scene.time(&mut picture, curve.label);
    scene.marks(&mut picture, curve.marks);
    legend(&mut picture, curve);
    picture.finish()
}

/// Where values lie.
struct Scene {
    plot: Area,
    top: f64,
    span: Span,
}

impl Scene {
    fn x(&self, at: Millis) -> f64 {
        self.plot.x + share(at, self.span) * self.plot.width
    }

    fn y(&self, value: f64) -> f64 {
        self.plot.bottom() - (value / self.top).clamp(0.0, 1.0) * self.plot.height
    }

    fn grid(&self, picture: &mut Picture, step: f64) {
        let mut at = 0.0;
        while at <= self.top + step / 2.0 {
            let y = self.y(at);
            picture.path(&format!("M{:.1} {y:.1}H{:.1}", self.plot.x, self.plot.right()), "none", GRID);
            picture.text((self.plot.x - 8.0, y + 4.5), Anchor::End, QUIET, &format!("{at:.0}"));
            at += step;
        }
    }

    fn band(&self, picture: &mut Picture, hours: &[Hour]) {
        let mut d = String::new();
        for hour in hours {
            if let Some(upper) = hour.upper {
                let (from, to) = (self.x(hour.at), self.x(hour.at.plus(HOUR_MS)));
                let (bottom, y) = (self.plot.bottom(), self.y(upper));
                let _ = write!(d, "M{from:.1} {bottom:.1}V{y:.1}H{to:.1}V{bottom:.1}Z");
            }
        }
        picture.path(&d, BAND, "none");
    }

    fn gaps(&self, picture: &mut Picture, hours: &[Hour]) {
        let mut stretches: Vec<(f64, f64)> = Vec::new();
        for hour in hours.iter().filter(|h| h.covered < READ && h.at.plus(HOUR_MS) <= self.span.to()) {
            let (from, to) = (self.x(hour.at), self.x(hour.at.plus(HOUR_MS)));
            match stretches.last_mut() {
                Some(last) if (from - last.1).abs() < 0.01 => last.1 = to,
                _ => stretches.push((from, to)),
            }
        }
        for (from, to) in stretches {
            picture.hatch(Area::new(from, self.plot.y, to - from, self.plot.height));
        }
    }

    fn bars(&self, picture: &mut Picture, hours: &[Hour]) {
        for hour in hours.iter().filter(|h| h.unhappy > 0) {
            let (from, to) = (self.x(hour.at), self.x(hour.at.plus(HOUR_MS)));
            let y = self.y(hour.unhappy as f64);
            // Neighbours stay apart where there is room for it.
            let gap = if to - from > 4.0 { 1.0 } else { 0.0 };
            let raised = hour.upper.is_some_and(|u| hour.unhappy as f64 > u);
            picture.rect(Area::new(from, y, to - from - gap, self.plot.bottom() - y), if raised { RAISED } else { CALM });
        }
    }

    fn expected(&self, picture: &mut Picture, hours: &[Hour]) {
        let mut d = String::new();
        let mut joined = false;
        for hour in hours {
            let Some(expected) = hour.expected else {
                joined = false;
                continue;
            };
            let (from, to, y) = (self.x(hour.at), self.x(hour.at.plus(HOUR_MS)), self.y(expected));
            let _ = if joined { write!(d, "V{y:.1}H{to:.1}") } else { write!(d, "M{from:.1} {y:.1}H{to:.1}") };
            joined = true;
        }
        picture.dashed(&d, INK);
    }

    fn time(&self, picture: &mut Picture, label: &dyn Fn(Millis) -> String) {
        let y = self.plot.bottom();
        picture.path(&format!("M{:.1} {y:.1}H{:.1}", self.plot.x, self.plot.right()), "none", INK);
        for at in axis::tick_times(self.span) {
            let x = self.x(at);
            picture.path(&format!("M{x:.1} {y:.1}v5"), "none", INK);
            let ink = if axis::is_day(&at) { INK } else { QUIET };
            picture.text((x, y + 20.0), Anchor::Middle, ink, &label(at));
        }
        picture.text((self.plot.right(), y + 38.0), Anchor::End, QUIET, "UTC");
    }

    /// Near marks lie in rows of their own, three at most.
    fn marks(&self, picture: &mut Picture, marks: &[Mark]) {
        let mut last = [f64::MIN; 3];
        for (i, mark) in marks.iter().enumerate() {
            let x = self.x(mark.at);
            let row = (0..3).find(|r| x - last[*r] >= 22.0).unwrap_or(i % 3);
            last[row] = x;
            let y = 14.0 + 21.0 * [0.0, 1.0, 2.0][row];
            let ink = if mark.ours == Side::Ours { OURS } else { INK };
            picture.path(&format!("M{x:.1} {y:.1}V{:.1}", self.plot.bottom()), "none", ink);
            picture.disc((x, y), ink, &mark.number.to_string());
        }
    }
}

fn legend(picture: &mut Picture, curve: &Curve<'_>) {
    let words = curve.words;
    let y = HEIGHT - 14.0;
    let mut x = 52.0;
    let mut entry = |picture: &mut Picture, key: &dyn Fn(&mut Picture, Area), word: &str| {
        key(picture, Area::new(x, y - 11.0, 14.0, 12.0));
        picture.text((x + 20.0, y), Anchor::Start, INK, word);
        x += 46.0 + 6.6 * word.chars().count() as f64;
    };
    entry(picture, &|p, a| p.rect(a, CALM), &words.unhappy);
    if curve.hours.iter().any(|h| h.upper.is_some()) {
        entry(picture, &|p, a| p.rect(a, RAISED), &words.raised);
        entry(
            picture,
            &|p, a| {
                p.rect(a, BAND);
                p.dashed(&format!("M{:.1} {:.1}h14", a.x, a.y + 6.0), INK);
            },
            &words.normal,
        );
    }
    if curve.hours.iter().any(|h| h.covered < READ) {
        entry(picture, &|p, a| p.hatch(a), &words.unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(hours: &[Hour]) -> String {
        let from = Millis::new(1_763_596_800_000);
        let span = Span::new(from, from.plus(24 * HOUR_MS)).expect("a span");
        let words = Words { nothing: "nothing yet".to_owned(), unread: "not read".to_owned(), ..Words::default() };
        let marks = [Mark { at: from.plus(HOUR_MS), number: 1, ours: Side::Ours }];
        draw(&Curve { span, hours, marks: &marks, words: &words, label: &|at| at.to_rfc3339() })
    }

    fn hour(i: i64, unhappy: i64, covered: f64) -> Hour {
        let at = Millis::new(1_763_596_800_000 + i * HOUR_MS);
        Hour { at, unhappy, expected: Some(2.0), upper: Some(5.0), covered }
    }

    #[test]
    fn hours_above_the_range_have_their_own_colour_and_unread_ones_are_hatched() {
        let svg = drawn(&[hour(0, 2, 1.0), hour(1, 40, 1.0), hour(2, 0, 0.1)]);
        // The bar and its key in the legend.
        assert_eq!(svg.matches(&format!("fill=\"{RAISED}\"")).count(), 2);
        assert!(svg.contains(">not read<"));
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }

    #[test]
    fn nothing_counted_is_said_in_words() {
        assert!(drawn(&[]).contains("nothing yet"));
    }
}
