//! The mood of a day as a stacked bar: unhappy, neither, pleased.

use super::axis;
use super::svg::{Anchor, Area, GRID, INK, NEITHER, PLEASED, Picture, QUIET, RAISED};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 320.0;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Its label.
    pub label: String,
    /// Negative mentions.
    pub negative: i64,
    /// Neutral ones.
    pub neutral: i64,
    /// Positive ones.
    pub positive: i64,
}

/// The words of the picture in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// What a screen reader says.
    pub title: String,
    /// Legend.
    pub negative: String,
    /// Legend.
    pub neutral: String,
    /// Legend.
    pub positive: String,
    /// In place of bars when nothing was counted.
    pub nothing: String,
}

/// Draws the picture.
pub fn draw(days: &[Day], words: &Words) -> String {
    let mut picture = Picture::new(WIDTH, HEIGHT, &words.title);
    let all = |d: &Day| (d.negative + d.neutral + d.positive) as f64;
    let highest = days.iter().map(all).fold(0.0, f64::max);
    if highest <= 0.0 {
        picture.text((WIDTH / 2.0, HEIGHT / 2.0), Anchor::Middle, QUIET, &words.nothing);
        return picture.finish();
    }
    let plot = Area::new(60.0, 16.0, WIDTH - 76.0, HEIGHT - 86.0);
    let (top, step) = axis::count_scale(highest);
    let y = |value: f64| plot.bottom() - (value / top).clamp(0.0, 1.0) * plot.height;
    let mut at = 0.0;
    while at <= top + step / 2.0 {
        picture.path(&format!("M{:.1} {:.1}H{:.1}", plot.x, y(at), plot.right()), "none", GRID);
        picture.text((plot.x - 8.0, y(at) + 4.5), Anchor::End, QUIET, &format!("{at:.0}"));
        at += step;
    }
    let width = plot.width / days.len().max(1) as f64;
    // Labels of a dozen days fit beside each other.
    let every = days.len().div_ceil(12).max(1);
    for (i, day) in days.iter().enumerate() {
        let x = plot.x + i as f64 * width;
        let mut below = 0.0;
        for (count, fill) in [(day.negative, RAISED), (day.neutral, NEITHER), (day.positive, PLEASED)] {
            let (from, to) = (y(below), y(below + count as f64));
            picture.rect(Area::new(x + width * 0.12, to, width * 0.76, from - to), fill);
            below += count as f64;
        }
        if i % every == 0 {
            picture.text((x + width / 2.0, plot.bottom() + 20.0), Anchor::Middle, INK, &day.label);
        }
    }
    picture.path(&format!("M{:.1} {:.1}H{:.1}", plot.x, plot.bottom(), plot.right()), "none", INK);
    let mut x = plot.x;
    for (word, fill) in [(&words.negative, RAISED), (&words.neutral, NEITHER), (&words.positive, PLEASED)] {
        picture.rect(Area::new(x, HEIGHT - 25.0, 14.0, 12.0), fill);
        picture.text((x + 20.0, HEIGHT - 14.0), Anchor::Start, INK, word);
        x += 46.0 + 6.6 * word.chars().count() as f64;
    }
    picture.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_day_are_stacked() {
        let day = Day { label: "20 Nov".to_owned(), negative: 10, neutral: 5, positive: 5 };
        let svg = draw(&[day], &Words::default());
        assert!(svg.contains("20 Nov"));
        assert_eq!(svg.matches(&format!("fill=\"{RAISED}\"")).count(), 2);
        assert!(draw(&[], &Words { nothing: "nothing".to_owned(), ..Words::default() }).contains(">nothing<"));
    }
}
