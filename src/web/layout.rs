//! What every page has around it: brand, navigation, the demo's strip.

use crate::domain::brand::Brand;
use crate::domain::ids::BrandId;
use crate::domain::time::{DAY_MS, Millis};

use super::assets::{self, Asset};
use super::link::Link;
use super::show::{self, Exact};

/// The pages show a simulated world, and say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoInfo {
    /// The world's time when it started.
    pub began: Millis,
}

/// A page in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Is it over?
    Now,
    /// The whole story.
    Incidents,
    /// About what?
    Themes,
    /// Who needs us next?
    People,
    /// Show me.
    Mentions,
    /// Can I trust the picture?
    Sources,
    /// Who was told what?
    Alerts,
    /// A page outside the navigation.
    Elsewhere,
}

impl Place {
    const SHOWN: [(Self, &'static str, &'static str, &'static str); 7] = [
        (Self::Now, "Now", "/", "now"),
        (Self::Incidents, "Incidents", "/incidents", "incidents"),
        (Self::Themes, "Themes", "/themes", "themes"),
        (Self::People, "People", "/people", "people"),
        (Self::Mentions, "Mentions", "/mentions", "mentions"),
        (Self::Sources, "Sources", "/sources", "sources"),
        (Self::Alerts, "Alerts", "/alerts", "alerts"),
    ];
}

/// What happens to an open page when something new comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    /// It changes in place.
    Swap,
    /// It offers to be reloaded: rows must not move under a reader's pointer.
    Offer,
    /// Nothing.
    Off,
}

/// What waits, for the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Open flags.
    pub people: i64,
    /// Open incidents.
    pub incidents: i64,
    /// Sources that fail or are silent.
    pub sources: i64,
    /// Messages that were given up.
    pub alerts: i64,
}

/// One entry of the navigation.
#[derive(Debug)]
pub struct Entry {
    /// Its word.
    pub word: &'static str,
    /// Where it leads.
    pub href: Link,
    /// Its icon in the sprite.
    pub icon: &'static str,
    /// The page is this one.
    pub current: bool,
    /// What waits there; empty when nothing does.
    pub badge: String,
    /// The badge in words.
    pub badge_words: &'static str,
}

/// A brand in the switcher.
#[derive(Debug)]
pub struct BrandChoice {
    /// Row id.
    pub id: i64,
    /// Name on one line.
    pub name: String,
    /// The page shows it.
    pub current: bool,
}

/// The demo's strip.
#[derive(Debug)]
pub struct DemoStrip {
    /// How fast time runs there, in words.
    pub pace: String,
    /// The simulated time.
    pub now: Exact,
}

/// What the base template needs.
#[derive(Debug)]
pub struct Layout {
    /// Of the window.
    pub title: String,
    /// Name of the brand; empty before there is one.
    pub brand: String,
    /// All brands; the switcher shows when there are several.
    pub brands: Vec<BrandChoice>,
    /// The navigation.
    pub entries: Vec<Entry>,
    /// The demo's strip.
    pub demo: Option<DemoStrip>,
    /// `swap`, `offer` or empty.
    pub live: &'static str,
    /// Which of the marks of live updates the page compares.
    pub watches: &'static str,
    /// Where the brand switcher leads: the same page of the other brand.
    pub switch_to: &'static str,
    /// Style sheet.
    pub css: &'static Asset,
    /// Script.
    pub js: &'static Asset,
    /// Icon of the window.
    pub icon: &'static Asset,
}

/// Which brand a page shows, and how its links keep it.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The brand.
    pub brand: Brand,
    /// All brands.
    pub brands: Vec<Brand>,
    /// The time now.
    pub now: Millis,
    /// What waits.
    pub waiting: Waiting,
    /// The demo, when it runs, and how many times faster than the machine's clock its time runs.
    pub demo: Option<(DemoInfo, f64)>,
    /// From this severity on (0..=1) a mention counts as very unhappy.
    pub very: f32,
}

impl Scope {
    /// A link that stays with the brand. With a single brand the address does not name it.
    pub fn link(&self, path: impl Into<String>) -> Link {
        let several = self.brands.len() > 1;
        let brand = if several { self.brand.id.to_string() } else { String::new() };
        Link::to(path).with("brand", &brand)
    }

    /// The value of the hidden field `brand` in forms; empty with a single brand.
    pub fn brand_field(&self) -> Option<BrandId> {
        (self.brands.len() > 1).then_some(self.brand.id)
    }

    /// The frame of one page.
    pub fn layout(&self, title: &str, here: Place, live: Live) -> Layout {
        Layout {
            title: format!("{title} · {} · Ebb", show::one_line(&self.brand.name, 40)),
            brand: show::one_line(&self.brand.name, 40),
            brands: self
                .brands
                .iter()
                .map(|b| BrandChoice { id: b.id.get(), name: show::one_line(&b.name, 40), current: b.id == self.brand.id })
                .collect(),
            entries: entries(here, self.waiting, |path| self.link(path)),
            demo: self.demo.map(|(demo, speed)| DemoStrip { pace: pace(speed, self.now.since(demo.began)), now: Exact(self.now) }),
            watches: match (live, here) {
                (Live::Offer, Place::People) => "people",
                (Live::Offer, Place::Mentions) => "mentions",
                (Live::Offer, Place::Incidents) => "incidents",
                _ => "all",
            },
            switch_to: Place::SHOWN.iter().find(|(place, ..)| *place == here).map_or("/", |(_, _, path, _)| path),
            ..Layout::bare(title, live)
        }
    }
}

impl Layout {
    /// The frame before there is a brand, and around errors.
    pub fn bare(title: &str, live: Live) -> Self {
        Self {
            title: format!("{title} · Ebb"),
            brand: String::new(),
            brands: Vec::new(),
            entries: entries(Place::Elsewhere, Waiting::default(), Link::to),
            demo: None,
            live: match live {
                Live::Swap => "swap",
                Live::Offer => "offer",
                Live::Off => "",
            },
            watches: "all",
            switch_to: "/",
            css: assets::css(),
            js: assets::js(),
            icon: assets::icon(),
        }
    }
}

/// `passed`: milliseconds of the world since it started.
fn pace(speed: f64, passed: i64) -> String {
    // Time runs as outside while what lies before the story is read, and again when it is told.
    if speed >= 1.5 {
        format!("time runs {} times faster", show::decimal(speed))
    } else if passed < DAY_MS {
        "the weeks before the story are being read".to_owned()
    } else {
        "the story is told, time runs as it does here".to_owned()
    }
}

fn entries(here: Place, waiting: Waiting, link: impl Fn(&'static str) -> Link) -> Vec<Entry> {
    Place::SHOWN
        .into_iter()
        .map(|(place, word, path, icon)| {
            let (n, badge_words) = match place {
                Place::People => (waiting.people, "waiting"),
                Place::Incidents => (waiting.incidents, "open"),
                Place::Sources => (waiting.sources, "in trouble"),
                Place::Alerts => (waiting.alerts, "not sent"),
                _ => (0, ""),
            };
            let badge = if n > 0 { show::count(n) } else { String::new() };
            Entry { word, href: link(path), icon, current: place == here, badge, badge_words }
        })
        .collect()
}
