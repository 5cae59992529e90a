//! A replay as one SVG that needs nothing else: bars of unhappy authors, what is normal, and a strip of verdicts below.

use std::fmt::Write;

use super::{Scene, Told, print};
use crate::assess::replay::changes;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::domain::verdict::Verdict;

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 48.0;
const PLOT: f64 = 300.0;
/// Height of a strip of verdicts with its name above it.
const STRIP: f64 = 44.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-size:17px;font-weight:600}.small{font-size:11px;fill:#52606d}\
    .bar{fill:#7b8794}.raised{fill:#b4441f}.band{fill:#dbe7f0}.mean{stroke:#2f6690;stroke-dasharray:4 3;fill:none}.grid{stroke:#e4e7eb}\
    .unread{fill:#f0ead6}.mark{stroke:#1f2933;stroke-dasharray:2 3}.proposal{stroke:#b4441f}\
    .elevated,.relapsed{fill:#e8a58d}.easing{fill:#f3d9a4}.holding{fill:#cfe3d2}.recovered{fill:#8fc79a}.unknown{fill:#d9dde2}";

/// Times and counts to places.
struct Frame {
    from: Millis,
    ms: f64,
    highest: f64,
}

impl Frame {
    fn x(&self, at: Millis) -> f64 {
        LEFT + (at.since(self.from) as f64 / self.ms).clamp(0.0, 1.0) * (WIDTH - LEFT - 16.0)
    }

    fn y(&self, count: f64) -> f64 {
        TOP + PLOT - (count / self.highest).clamp(0.0, 1.0) * PLOT
    }
}

/// The whole picture. Every text in it is escaped.
pub(super) fn draw(scene: &Scene, told: &[Told]) -> String {
    let Some(first) = told.first() else { return String::new() };
    let heard = &first.replay.heard;
    let from = heard.first().map_or(scene.start, |h| h.hour);
    let baseline = &first.replay.baseline;
    let highest = heard.iter().map(|h| (h.unhappy as f64).max(baseline.expected(h.hour) * 2.0)).fold(1.0, f64::max) * 1.05;
    let frame = Frame { from, ms: scene.until.since(from).max(HOUR_MS) as f64, highest };
    let height = TOP + PLOT + 40.0 + STRIP * told.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Unhappy authors an hour and verdicts\">\
         <style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\
         <text class=\"title\" x=\"{LEFT}\" y=\"26\">{}: unhappy authors an hour</text>",
        escaped(&scene.brand)
    );
    counts(&mut svg, first, &frame);
    axes(&mut svg, scene, &frame);
    marks(&mut svg, scene, first, &frame);
    for (place, one) in told.iter().enumerate() {
        strip(&mut svg, one, (TOP + PLOT + 40.0 + STRIP * place as f64, scene.until), &frame);
    }
    svg.push_str("</svg>\n");
    svg
}

fn counts(svg: &mut String, told: &Told, frame: &Frame) {
    let baseline = &told.replay.baseline;
    let mut mean = String::new();
    for hour in &told.replay.heard {
        let (left, right) = (frame.x(hour.hour), frame.x(hour.hour.plus(HOUR_MS)));
        let wide = right - left;
        if hour.coverage < 0.9 {
            let _ = write!(svg, "<rect class=\"unread\" x=\"{left:.2}\" y=\"{TOP}\" width=\"{wide:.2}\" height=\"{PLOT}\"/>");
        }
        let mut class = "bar";
        if baseline.is_known() {
            let normal = baseline.predict([(hour.hour, hour.share)]);
            let upper = normal.quantile(0.99) as f64;
            let (y, expected) = (frame.y(upper), frame.y(normal.mean()));
            let _ = write!(svg, "<rect class=\"band\" x=\"{left:.2}\" y=\"{y:.1}\" width=\"{wide:.2}\" height=\"{:.1}\"/>", TOP + PLOT - y);
            let _ = write!(mean, "{}{left:.2} {expected:.1}H{right:.2}", if mean.is_empty() { "M" } else { "L" });
            class = if hour.unhappy as f64 > upper { "bar raised" } else { class };
        }
        let y = frame.y(hour.unhappy as f64);
        let (x, thin) = (left + wide * 0.1, wide * 0.8);
        let _ = write!(svg, "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{thin:.2}\" height=\"{:.1}\"/>", TOP + PLOT - y);
    }
    let _ = write!(svg, "<path class=\"mean\" d=\"{mean}\"/>");
}

fn axes(svg: &mut String, scene: &Scene, frame: &Frame) {
    for part in 0..=4_u8 {
        let count = frame.highest * f64::from(part) / 4.0;
        let y = frame.y(count);
        let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>", WIDTH - 16.0);
        let _ = write!(svg, "<text class=\"small\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{count:.0}</text>", LEFT - 6.0, y + 4.0);
    }
    // At most about fourteen dates.
    let days = scene.until.since(frame.from) / DAY_MS;
    let every = (days / 14 + 1) * DAY_MS;
    let mut at = Millis::new(frame.from.get().div_euclid(DAY_MS) * DAY_MS + DAY_MS);
    while at < scene.until {
        let x = frame.x(at);
        let word = at.to_datetime().format("%-d %b");
        let _ = write!(svg, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{}\"/>", TOP + PLOT);
        let _ = write!(svg, "<text class=\"small\" x=\"{x:.1}\" y=\"{}\">{word}</text>", TOP + PLOT + 16.0);
        at = at.plus(every);
    }
}

fn marks(svg: &mut String, scene: &Scene, told: &Told, frame: &Frame) {
    let mut line = |class: &str, at: Millis, word: &str, y: f64| {
        let x = frame.x(at);
        let _ = write!(svg, "<path class=\"{class}\" d=\"M{x:.1} {y}V{}\"/>", TOP + PLOT);
        let _ = write!(svg, "<text class=\"small\" x=\"{:.1}\" y=\"{}\">{word}</text>", x + 3.0, y + 8.0);
    };
    line("mark", scene.start, "started", TOP - 10.0);
    if let Some(fixed) = scene.fixed.filter(|at| *at <= scene.until) {
        line("mark", fixed, "declared fixed", TOP - 10.0);
    }
    for proposal in told.proposals.iter().filter(|p| p.at >= frame.from) {
        line("proposal", proposal.at, "proposed", TOP + 4.0);
    }
}

/// One stretch for each verdict, with its word where there is room; every word is in its tooltip.
fn strip(svg: &mut String, told: &Told, (top, until): (f64, Millis), frame: &Frame) {
    let _ = write!(svg, "<text class=\"small\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>", top - 4.0, escaped(&named(told)));
    let changes = changes(&told.replay.assessments);
    for (i, a) in changes.iter().enumerate() {
        let end = changes.get(i + 1).map_or(until, |next| next.at);
        let (left, right) = (frame.x(a.at), frame.x(end));
        let word = a.verdict.as_str();
        let _ = write!(
            svg,
            "<rect class=\"{word}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"20\"><title>{word} since {} UTC</title></rect>",
            right - left,
            print::when(a.at)
        );
        if right - left > 64.0 {
            let _ = write!(svg, "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", left + 4.0, top + 14.0, shown(a.verdict));
        }
    }
}

fn named(told: &Told) -> String {
    format!("Verdicts, {} (hold time {} h)", told.name, told.settings.hold_ms / HOUR_MS)
}

const fn shown(verdict: Verdict) -> &'static str {
    verdict.as_str()
}

fn escaped(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).collect();
    kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        assert_eq!(escaped("<b>&\"\u{1}"), "&lt;b&gt;&amp;&quot;");
    }
}
