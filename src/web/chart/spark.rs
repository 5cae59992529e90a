//! A small curve: people an hour, in bars.

use askama::Template;

use crate::domain::theme::ThemeHour;
use crate::domain::time::{HOUR_MS, Millis, Span};
use crate::web::show;

use super::{share, x_percent};

/// Bars of a small curve; longer times share them.
const BARS: i64 = 96;
/// Height, pixels.
const HEIGHT: f64 = 40.0;

#[derive(Debug)]
struct Bar {
    x: String,
    width: String,
    y: String,
    height: String,
    tip: String,
}

/// The curve.
#[derive(Debug, Template)]
#[template(path = "chart/spark.html", config = "src/web/askama.toml")]
pub struct Spark {
    bars: Vec<Bar>,
    fixed: Option<String>,
    summary: String,
}

impl Spark {
    /// `hours` in order; hours without a mention are left out. `fixed` is when the fix was declared.
    pub fn new(hours: &[ThemeHour], span: Span, fixed: Option<Millis>) -> Self {
        let whole = (span.to().since(span.from()) / HOUR_MS + 1).max(1);
        let step = ((whole + BARS - 1) / BARS).max(1) * HOUR_MS;
        let from = span.from().hour();
        let mut bars: Vec<(Millis, i64)> = Vec::new();
        for hour in hours.iter().filter(|h| h.hour >= from && h.hour <= span.to()) {
            let at = from.plus(hour.hour.since(from) / step * step);
            match bars.last_mut() {
                // Several hours in one bar: the highest of them, so that a bar is people an hour at any width.
                Some((last, highest)) if *last == at => *highest = (*highest).max(hour.unhappy),
                _ => bars.push((at, hour.unhappy)),
            }
        }
        let top = bars.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
        let within = Span::new(from, span.to().max(from.plus(step))).unwrap_or(span);
        Self {
            fixed: fixed.filter(|at| *at >= within.from() && *at <= within.to()).map(|at| x_percent(at, within)),
            summary: summary(hours),
            bars: bars.into_iter().map(|(at, n)| bar((at, step), n as f64 / top as f64, n, within)).collect(),
        }
    }
}

fn bar((at, step): (Millis, i64), height: f64, n: i64, span: Span) -> Bar {
    let width = (share(at.plus(step), span) - share(at, span)) * 100.0;
    let height = (height * HEIGHT).max(1.0);
    Bar {
        x: x_percent(at, span),
        width: format!("{:.2}", width * 0.9),
        y: format!("{:.1}", HEIGHT - height),
        height: format!("{height:.1}"),
        tip: format!("{} UTC · {} an hour", show::hour_label(at), show::plural(n, "person", "people")),
    }
}

fn summary(hours: &[ThemeHour]) -> String {
    let Some(peak) = hours.iter().max_by_key(|h| (h.unhappy, std::cmp::Reverse(h.hour))) else {
        return "Nobody so far.".to_owned();
    };
    format!("At most {} an hour, {} UTC.", show::plural(peak.unhappy, "person", "people"), show::hour_label(peak.hour))
}
