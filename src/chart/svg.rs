//! Writes SVG: numbers with one decimal, texts escaped.

use std::fmt::Write as _;

/// The family of all texts; it is in the program, and named first for browsers that have it.
pub const FAMILY: &str = "Libertinus Serif";

/// Text and axes.
pub const INK: &str = "#1f2933";
/// Labels that stand back.
pub const QUIET: &str = "#5b6672";
/// Grid lines.
pub const GRID: &str = "#dfe4e8";
/// The normal range.
pub const BAND: &str = "#d6e6ea";
/// Counts within the normal range.
pub const CALM: &str = "#7d96a3";
/// Counts above it.
pub const RAISED: &str = "#b4400f";
/// What is pleased.
pub const PLEASED: &str = "#3f7d58";
/// What is neither.
pub const NEITHER: &str = "#c3ccd2";
/// What the brand said.
pub const OURS: &str = "#24527a";

/// Where a text is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

impl Anchor {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A rectangle, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Not negative.
    pub width: f64,
    /// Not negative.
    pub height: f64,
}

impl Area {
    /// From the four numbers; negative sizes become 0.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width: width.max(0.0), height: height.max(0.0) }
    }

    /// The right edge.
    pub const fn right(self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub const fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// A picture being written.
#[derive(Debug)]
pub struct Picture {
    out: String,
}

impl Picture {
    /// An empty one with a white ground; `title` is what a screen reader says.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" font-family=\"{FAMILY}, Georgia, serif\"><title>{}</title><rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>",
            escape(title)
        );
        Self { out }
    }

    /// A filled rectangle; nothing when it has no area.
    pub fn rect(&mut self, area: Area, fill: &str) {
        if area.width < 0.05 || area.height < 0.05 {
            return;
        }
        let Area { x, y, width, height } = area;
        let _ = write!(self.out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>");
    }

    /// Slanted lines over a grey ground: not known. Drawn as lines, because patterns are rendered unevenly.
    pub fn hatch(&mut self, area: Area) {
        self.rect(area, "#f1f3f5");
        let Area { x, y, height, .. } = area;
        let (right, bottom) = (area.right(), area.bottom());
        let mut path = String::new();
        let mut from = x - height;
        while from < right {
            let (x1, y1) = if from < x { (x, bottom - (x - from)) } else { (from, bottom) };
            let (x2, y2) = if from + height > right { (right, bottom - (right - from)) } else { (from + height, y) };
            let _ = write!(path, "M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
            from += 7.0;
        }
        self.path(&path, "none", "#b6c0c8");
    }

    /// A path.
    pub fn path(&mut self, d: &str, fill: &str, stroke: &str) {
        let _ = write!(self.out, "<path d=\"{d}\" fill=\"{fill}\" stroke=\"{stroke}\"/>");
    }

    /// A dashed path.
    pub fn dashed(&mut self, d: &str, stroke: &str) {
        let _ = write!(self.out, "<path d=\"{d}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.4\" stroke-dasharray=\"5 3\"/>");
    }

    /// A disc with a short text in it.
    pub fn disc(&mut self, (x, y): (f64, f64), fill: &str, text: &str) {
        let _ = write!(
            self.out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\" fill=\"{fill}\"/><text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"12\" fill=\"#ffffff\" text-anchor=\"middle\">{}</text>",
            y + 4.0,
            escape(text)
        );
    }

    /// One line of text; `fill` is its colour.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, fill: &str, text: &str) {
        let _ = write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"14\" fill=\"{fill}\" text-anchor=\"{}\">{}</text>",
            anchor.word(),
            escape(text)
        );
    }

    /// The written picture.
    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// Text for XML: its special characters as references, and what XML 1.0 cannot hold left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_element() {
        let mut picture = Picture::new(10.0, 10.0, "a<b>&\"\u{0}");
        picture.text((1.0, 1.0), Anchor::Start, INK, "</text><script>");
        let svg = picture.finish();
        assert!(svg.contains("a&lt;b&gt;&amp;&quot;</title>"));
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;"));
        assert!(!svg.contains('\u{0}'));
    }
}
