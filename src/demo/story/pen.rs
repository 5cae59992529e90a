//! How people put words together: a line of their own, perhaps a way to begin, perhaps an afterthought; their spelling, their
//! small letters, their emoji. No text comes twice unless it is meant as a copy.

use std::collections::HashSet;

use super::dice::Dice;
use super::{Mood, Person, Place};
use crate::domain::time::Millis;

/// Texts about one topic. `{...}` in them are details: see [`detail`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Bank {
    /// Ways to begin; may be empty.
    pub(super) openers: &'static [&'static str],
    /// What is said. Each stands on its own.
    pub(super) lines: &'static [&'static str],
    /// Afterthoughts; may be empty.
    pub(super) tails: &'static [&'static str],
}

/// Writes texts and remembers them.
#[derive(Debug)]
pub(super) struct Pen {
    used: HashSet<String>,
    /// Since when nothing works: people name times around it.
    outage_at: Millis,
}

const THINGS: &[&str] = &[
    "sourdough",
    "cinnamon buns",
    "cut flowers",
    "oysters",
    "second-hand books",
    "candles",
    "yarn",
    "birthday cakes",
    "bike tubes",
    "houseplants",
    "cheese boxes",
    "coffee beans",
    "vinyl",
    "pasties",
    "dog treats",
    "soap",
    "prints",
    "cider",
    "samosas",
    "tulip bulbs",
    "jam",
    "ceramics",
];
const SHOPS: &[&str] = &[
    "bakery",
    "flower stall",
    "bookshop",
    "coffee van",
    "cheese counter",
    "yarn shop",
    "bike workshop",
    "fish stand",
    "brewery tap",
    "deli",
    "plant shop",
    "record shop",
    "farm shop",
    "pottery",
    "chip shop",
    "tea room",
];
const CITIES: &[&str] = &[
    "Leith", "Cork", "Bristol", "Malmö", "Ghent", "Porto", "Whitby", "Galway", "Aarhus", "Brighton", "Cardiff", "Lyon", "Kiel", "Utrecht",
    "Trieste", "Bilbao", "Falmouth", "Hull", "Tromsø", "Antwerp", "Derry", "Bremen", "Nantes", "Genoa", "Margate",
];
const FEATURES: &[&str] = &[
    "the tip screen",
    "the stock sync",
    "the courier map",
    "split bills",
    "the offline mode",
    "the receipt printer setup",
    "gift vouchers",
    "the end-of-day report",
    "the refund button",
    "the pick-up slots",
    "the barcode scanner",
    "the kitchen screen",
    "dark mode",
    "the payout page",
];
/// What goes around a text on Hacker News that does not name the brand.
const FRAMES: &[(&str, &str)] = &[
    ("Tidewater merchant here. ", ""),
    ("Re Tidewater: ", ""),
    ("", " (This is with Tidewater.)"),
    ("We run on Tidewater. ", ""),
    ("", " (Tidewater user, in case it matters.)"),
];
const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Pen {
    pub(super) fn new(outage_at: Millis) -> Self {
        Self { used: HashSet::new(), outage_at }
    }

    /// A new text of one person about one topic.
    pub(super) fn write(&mut self, dice: &mut Dice, bank: Bank, by: &Person, mood: Mood) -> String {
        for attempt in 0_usize.. {
            let plain = compose(dice, bank, attempt);
            let plain = self.filled(dice, by, &plain);
            let plain = styled(dice, by, mood, plain);
            let text = named(dice, by, &plain);
            if self.take(&text) {
                return text;
            }
        }
        unreachable!("the loop has no end")
    }

    /// Puts details in. One person has one shop, and is mostly in one town.
    fn filled(&self, dice: &mut Dice, by: &Person, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (slot, tail) = after.split_once('}').unwrap_or((after, ""));
            match slot {
                "shop" => out.push_str(SHOPS[habit(by, SHOPS.len())]),
                "city" if dice.chance(0.7) => out.push_str(CITIES[habit(by, CITIES.len())]),
                "city" => out.push_str(CITIES[dice.below(CITIES.len())]),
                "since" => {
                    let noticed = dice.moment(self.outage_at, 50 * 60_000).to_datetime();
                    let format = if habit(by, 2) == 0 { "%H:%M" } else { "%-H.%M" };
                    out.push_str(&noticed.format(format).to_string());
                }
                slot => out.push_str(&detail(dice, slot)),
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// Marks a text as used. `false` when it was already.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.used.insert(text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect())
    }
}

/// Puts a text together; the more attempts failed, the more goes in.
fn compose(dice: &mut Dice, bank: Bank, attempt: usize) -> String {
    let mut parts = Vec::new();
    let rich = attempt > 6;
    if !bank.openers.is_empty() && (rich || dice.chance(0.3)) {
        parts.push(*dice.pick(bank.openers));
    }
    let line = *dice.pick(bank.lines);
    parts.push(line);
    if attempt > 14 {
        let other = *dice.pick(bank.lines);
        if other != line {
            parts.push(other);
        }
    }
    if !bank.tails.is_empty() && (rich || dice.chance(0.42)) {
        parts.push(*dice.pick(bank.tails));
    }
    if attempt > 40 {
        parts.push("({city}, {day} {time})");
    }
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            // Most people put a blank; a few start a new paragraph.
            text.push_str(if dice.chance(0.05) { "\n\n" } else { " " });
        }
        if text.ends_with(',') {
            text.push_str(&lowered(part));
        } else {
            text.push_str(part);
        }
    }
    text
}

/// A line that goes on after a comma. Names and "I" keep their capital.
fn lowered(line: &str) -> String {
    let first = line.split(' ').next().unwrap_or_default();
    let ordinary =
        ["A", "The", "Their", "Which", "This", "Support", "Who", "Why", "No", "My", "We", "It", "Fees", "Settlement"].contains(&first);
    if ordinary { format!("{}{}", first.to_lowercase(), &line[first.len()..]) } else { line.to_owned() }
}

fn detail(dice: &mut Dice, slot: &str) -> String {
    match slot {
        "thing" => (*dice.pick(THINGS)).to_owned(),
        "feature" => (*dice.pick(FEATURES)).to_owned(),
        "day" => (*dice.pick(DAYS)).to_owned(),
        "few" => (*dice.pick(&["two", "three", "four", "five", "six", "3", "4"])).to_owned(),
        "n" => dice.between(7, 64).to_string(),
        "many" => (dice.between(8, 60) * 10).to_string(),
        "mins" => (*dice.pick(&["20", "25", "30", "35", "40", "45", "50", "55", "75", "90"])).to_owned(),
        "money" => format!("{}{}", dice.pick(&["£", "€", "£", "$"]), dice.between(23, 940)),
        "euro" => format!("{} €", dice.between(23, 940)),
        "time" => format!("{}{}{:02}", dice.between(7, 19), dice.pick(&[":", "."]), dice.between(0, 12) * 5),
        "years" => (*dice.pick(&["two", "three", "four", "five", "2", "3", "6"])).to_owned(),
        other => unreachable!("no detail is called `{other}`"),
    }
}

/// What one person always does, from their handle: 0..`of`.
fn habit(by: &Person, of: usize) -> usize {
    by.handle.bytes().fold(17_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 1_000_003) % of
}

fn styled(dice: &mut Dice, by: &Person, mood: Mood, text: String) -> String {
    if by.bot {
        return text;
    }
    let on_hn = by.place == Place::HackerNews;
    let mut text = text;
    if !on_hn && habit(by, 10) < 2 && by.lang != "de" {
        text = text.to_lowercase();
    } else if habit(by, 3) > 0 {
        text = sentences(&text);
    }
    if !on_hn && habit(by, 7) < 2 {
        text = text.strip_suffix('.').unwrap_or(&text).to_owned();
    }
    if dice.chance(0.07) {
        text = mistyped(dice, &text);
    }
    if mood == Mood::Furious && !on_hn && dice.chance(0.12) {
        text = shouted(&text);
    }
    if !on_hn && habit(by, 4) == 0 && dice.chance(0.6) {
        let faces: &[&str] = match mood {
            Mood::Furious => &["😡", "🤬", "!!!", "👎"],
            Mood::Unhappy => &["😤", "🙄", "😩", "🤦", ":("],
            Mood::Plain => &["🤔", "🙃", "👀", "🤷"],
            Mood::Pleased => &["🎉", "❤️", "🙌", ":)", "☀️"],
        };
        text = format!("{text} {}", dice.pick(faces));
    }
    text
}

/// Capitals at the start and after the end of a sentence.
fn sentences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for c in text.chars() {
        if starts && c.is_alphabetic() {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        let after_end = c.is_whitespace() && (out.trim_end().ends_with(['.', '!', '?']) || starts);
        starts = after_end;
    }
    out
}

/// Two neighbouring letters of one longer word, the wrong way round.
fn mistyped(dice: &mut Dice, text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let plain = |word: &String| word.len() > 4 && word.bytes().all(|b| b.is_ascii_lowercase());
    let long: Vec<_> = words.iter().enumerate().filter(|(_, word)| plain(word)).map(|(index, _)| index).collect();
    // The brand's name stays readable, or nobody would find the post.
    if let Some(&index) = long.get(dice.below(long.len())).filter(|index| !words[**index].contains("tidewater")) {
        let mut letters: Vec<char> = words[index].chars().collect();
        let at = 1 + dice.below(letters.len() - 2);
        letters.swap(at, at + 1);
        words[index] = letters.into_iter().collect();
    }
    words.join(" ")
}

/// The first sentence in capitals.
fn shouted(text: &str) -> String {
    match text.find(['.', '!', '?']) {
        Some(end) => format!("{}{}", text[..end].to_uppercase(), &text[end..]),
        None => text.to_uppercase(),
    }
}

/// Makes sure that the brand is named where posts are found by its name.
fn named(dice: &mut Dice, by: &Person, text: &str) -> String {
    let lower = text.to_lowercase();
    let (is_named, is_tagged) = (lower.contains("tidewater"), lower.contains("#tidewater"));
    match by.place {
        Place::Mastodon if is_tagged => text.to_owned(),
        Place::Mastodon if is_named && dice.chance(0.12) => text.to_owned(),
        Place::Mastodon if is_named && dice.chance(0.4) => {
            text.replacen("Tidewater", "#Tidewater", 1).replacen(" tidewater", " #tidewater", 1)
        }
        Place::Mastodon => format!("{text} {}", dice.pick(&["#tidewater", "#Tidewater", "#tidewater", "#smallbusiness #tidewater"])),
        Place::HackerNews if !is_named => {
            let (before, after) = dice.pick(FRAMES);
            format!("{before}{text}{after}")
        }
        _ => text.to_owned(),
    }
}
