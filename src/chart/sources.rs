//! Unhappy people by source: horizontal bars, the longest first, the share that was read beside them.

use super::axis;
use super::svg::{Anchor, Area, CALM, GRID, INK, Picture, QUIET};

const WIDTH: f64 = 960.0;
const ROW: f64 = 30.0;
/// Characters of a name that fit beside the bars.
const NAME: usize = 30;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Shown name, on one line.
    pub name: String,
    /// Distinct unhappy people.
    pub unhappy: i64,
    /// Words at the end of the bar.
    pub note: String,
}

/// Draws the picture; `title` is what a screen reader says, `nothing` stands in place of bars.
pub fn draw(sources: &[Source], title: &str, nothing: &str) -> String {
    let height = 40.0 + ROW * sources.len().max(2) as f64;
    let mut picture = Picture::new(WIDTH, height, title);
    if sources.is_empty() {
        picture.text((WIDTH / 2.0, height / 2.0), Anchor::Middle, QUIET, nothing);
        return picture.finish();
    }
    let plot = Area::new(240.0, 10.0, WIDTH - 480.0, height - 44.0);
    let highest = sources.iter().map(|s| s.unhappy as f64).fold(0.0, f64::max);
    let (top, step) = axis::count_scale(highest);
    let x = |value: f64| plot.x + (value / top).clamp(0.0, 1.0) * plot.width;
    let mut at = 0.0;
    while at <= top + step / 2.0 {
        picture.path(&format!("M{:.1} {:.1}V{:.1}", x(at), plot.y, plot.bottom()), "none", GRID);
        picture.text((x(at), plot.bottom() + 20.0), Anchor::Middle, QUIET, &format!("{at:.0}"));
        at += step;
    }
    for (i, source) in sources.iter().enumerate() {
        let y = plot.y + i as f64 * ROW;
        let name: String = source.name.chars().take(NAME).collect();
        picture.text((plot.x - 10.0, y + 19.0), Anchor::End, INK, &name);
        let end = x(source.unhappy as f64);
        picture.rect(Area::new(plot.x, y + 5.0, end - plot.x, ROW - 10.0), CALM);
        picture.text((end + 8.0, y + 19.0), Anchor::Start, INK, &source.note);
    }
    picture.path(&format!("M{:.1} {:.1}V{:.1}", plot.x, plot.y, plot.bottom()), "none", INK);
    picture.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_bar_and_a_long_name_is_cut() {
        let source = |name: &str, unhappy| Source { name: name.to_owned(), unhappy, note: format!("{unhappy} people") };
        let svg = draw(&[source(&"x".repeat(200), 3), source("b", 1)], "Sources", "none");
        assert!(svg.contains("3 people") && svg.contains("1 people"));
        assert!(!svg.contains(&"x".repeat(31)));
    }
}
