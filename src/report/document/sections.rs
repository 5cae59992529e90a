//! The pages behind the first one: curve, story, sources, voices, people, earlier incidents.

use crate::domain::case::CaseState;
use crate::domain::theme::ThemeKind;
use crate::domain::time::{Millis, Span};

use super::super::charts::{self, Chart};
use super::super::facts::{Facts, QuoteKind, ThemeFact};
use super::super::texts::Texts;
use super::super::voices::{QUOTE, one_line};
use super::first_page::{helped, reason};
use super::{Align, Block, Cell, Direction, Numbered, Source, Table, heading};

/// Gaps that are listed one by one.
const MOST_GAPS: usize = 10;

pub(super) fn blocks(source: &Source<'_>) -> Vec<Block> {
    let mut blocks = curve(source);
    blocks.extend(story(source));
    blocks.extend(sources(source));
    blocks.extend(themes(source));
    blocks.extend(voices(source));
    blocks.extend(people(source));
    blocks.extend(earlier(source));
    blocks
}

fn chart(chart: Chart, caption: String) -> Block {
    Block::Chart { svg: chart.svg, alt: chart.alt, caption }
}

fn curve(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let mark = |m: &charts::MarkWords| {
        let said = if m.text.is_empty() { String::new() } else { format!(": {}", m.text) };
        format!("{}, {}{said}", m.word, texts.date_time(m.at))
    };
    let gaps = charts::gaps(facts);
    let gap = |g: &charts::Gap| {
        texts.with(
            "gap",
            &[("from", texts.date_time(g.from).into()), ("to", texts.date_time(g.to).into()), ("read", texts.percent(g.read).into())],
        )
    };
    let mut lines: Vec<String> = gaps.iter().take(MOST_GAPS).map(gap).collect();
    if gaps.len() > MOST_GAPS {
        lines.push(texts.count("gaps-more", i64::try_from(gaps.len() - MOST_GAPS).unwrap_or(i64::MAX)));
    }
    let mut blocks = vec![
        heading(1, texts.get("curve")),
        chart(charts::concern(facts, texts), texts.get("curve-caption")),
        heading(2, texts.get("marks")),
        Block::List { numbered: Numbered::Yes, items: charts::marks(facts, texts).iter().map(mark).collect() },
        heading(2, texts.get("gaps")),
        if lines.is_empty() { Block::Para { text: texts.get("gaps-none") } } else { Block::List { numbered: Numbered::No, items: lines } },
    ];
    blocks.push(heading(2, texts.get("mood")));
    blocks.push(chart(charts::mood(facts, texts), texts.get("mood-caption")));
    blocks
}

fn story(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let columns = |keys: &[(&str, Align)]| keys.iter().map(|(key, align)| (texts.get(key), *align)).collect();
    let mut blocks = vec![heading(1, texts.get("story"))];
    if facts.updates.is_empty() {
        blocks.push(Block::Para { text: texts.get("updates-none") });
    } else {
        let row = |u: &super::super::facts::UpdateFact| {
            let kind = texts.get(&format!("update-{}", u.kind.as_str()));
            vec![texts.date_time(u.at).into(), Cell::linked(kind, u.url.clone()), one_line(&u.text, 1_000).into()]
        };
        blocks.push(Block::Table(Table {
            caption: texts.get("updates-table"),
            columns: columns(&[("col-when", Align::Left), ("col-what", Align::Left), ("col-words", Align::Left)]),
            rows: facts.updates.iter().map(row).collect(),
        }));
    }
    if facts.verdicts.is_empty() {
        blocks.push(Block::Para { text: texts.get("verdicts-none") });
        return blocks;
    }
    let row = |v: &super::super::facts::VerdictFact| {
        let a = &v.assessment;
        vec![
            texts.date_time(a.at).into(),
            texts.get(&format!("verdict-{}", a.verdict.as_str())).into(),
            texts.decimal(a.unhappy_per_hour).into(),
            texts.decimal(a.expected_per_hour).into(),
            texts.decimal(a.upper_limit).into(),
            a.reasons.first().map_or_else(String::new, |r| reason(r, texts)).into(),
        ]
    };
    blocks.push(Block::Table(Table {
        caption: texts.get("verdicts-table"),
        columns: columns(&[
            ("col-when", Align::Left),
            ("col-verdict", Align::Left),
            ("col-people-hour", Align::Right),
            ("col-normal", Align::Right),
            ("col-limit", Align::Right),
            ("col-reason", Align::Left),
        ]),
        rows: facts.verdicts.iter().map(row).collect(),
    }));
    blocks
}

fn sources(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts, links) = (&source.sealed.facts, source.texts, source.links);
    let mut blocks = vec![heading(1, texts.get("sources"))];
    if facts.sources.is_empty() {
        blocks.push(Block::Para { text: texts.get("sources-none") });
        return blocks;
    }
    blocks.push(chart(charts::sources(facts, texts), texts.get("sources-caption")));
    let row = |s: &super::super::facts::SourceFact| {
        let id = s.id.to_string();
        let behind = |more: &[(&str, &str)]| {
            let pairs: Vec<(&str, &str)> = [("source", id.as_str())].into_iter().chain(more.iter().copied()).collect();
            links.mentions(facts.affected, &pairs)
        };
        vec![
            one_line(&s.name, 80).into(),
            Cell::linked(texts.number(s.mentions), behind(&[("copies", "show")])),
            Cell::linked(texts.number(s.negative), behind(&[("label", "negative")])),
            texts.number(s.unhappy).into(),
            texts.percent(s.covered).into(),
        ]
    };
    let right = |key: &str| (texts.get(key), Align::Right);
    blocks.push(Block::Table(Table {
        caption: texts.get("sources"),
        columns: vec![
            (texts.get("col-source"), Align::Left),
            right("col-mentions"),
            right("col-negative"),
            right("col-unhappy"),
            right("col-read"),
        ],
        rows: facts.sources.iter().map(row).collect(),
    }));
    blocks
}

/// What a theme is called.
pub(in crate::report) fn theme_name(theme: &ThemeFact, texts: &Texts) -> String {
    match theme.kind {
        ThemeKind::Phrase => one_line(&theme.phrase, 80),
        ThemeKind::StillBroken => texts.get("theme-still-broken"),
    }
}

fn themes(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts, links) = (&source.sealed.facts, source.texts, source.links);
    let mut blocks = vec![heading(1, texts.get("themes"))];
    if facts.spoken_of().next().is_none() {
        blocks.push(Block::Para { text: texts.get("themes-none") });
        return blocks;
    }
    let row = |t: &ThemeFact| {
        let behind = match t.kind {
            ThemeKind::Phrase => links.mentions(facts.affected, &[("label", "negative"), ("q", t.phrase.as_str())]),
            ThemeKind::StillBroken => None,
        };
        vec![
            theme_name(t, texts).into(),
            texts.number(t.people).into(),
            Cell::linked(texts.number(t.mentions), behind),
            texts.number(t.peak).into(),
            t.first_seen.map_or_else(|| texts.get("unknown"), |at| texts.date_time(at)).into(),
            texts.get(&format!("heat-{}", t.heat.as_str())).into(),
        ]
    };
    let right = |key: &str| (texts.get(key), Align::Right);
    let left = |key: &str| (texts.get(key), Align::Left);
    blocks.push(Block::Table(Table {
        caption: texts.get("themes-table"),
        columns: vec![
            left("col-theme"),
            right("col-unhappy"),
            right("col-mentions"),
            right("col-peak"),
            left("col-first"),
            left("col-state"),
        ],
        rows: facts.spoken_of().map(row).collect(),
    }));
    for theme in facts.spoken_of().filter(|t| !t.quotes.is_empty()) {
        blocks.push(heading(2, theme_name(theme, texts)));
        blocks.extend(theme.quotes.iter().map(|q| quote(source, q)));
    }
    blocks
}

fn voices(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let mut blocks = vec![heading(1, texts.get("voices"))];
    for (kind, title) in
        [(QuoteKind::Worst, "voices-worst"), (QuoteKind::Unhappy, "voices-unhappy"), (QuoteKind::Pleased, "voices-pleased")]
    {
        let quotes: Vec<Block> = facts.quotes.iter().filter(|q| q.kind == kind).map(|q| quote(source, q)).collect();
        if !quotes.is_empty() {
            blocks.push(heading(2, texts.get(title)));
            blocks.extend(quotes);
        }
    }
    if facts.quotes.is_empty() {
        blocks.push(Block::Para { text: texts.get("voices-none") });
    }
    blocks
}

fn quote(source: &Source<'_>, quote: &super::super::facts::QuoteFact) -> Block {
    let texts = source.texts;
    let person = source.voices.person(quote.author, texts);
    let voice = source.voices.voice(quote.mention, texts, QUOTE);
    let mention = source.voices.mention(quote.mention);
    let at = mention.map_or_else(|| texts.get("unknown"), |m| texts.date_time(m.created_at));
    let direction = voice.text.as_deref().map_or(Direction::Ltr, Direction::of);
    Block::Quote {
        by: texts.with("quote-by", &[("name", person.name.into()), ("platform", person.platform.into()), ("at", at.into())]),
        link: mention.and_then(|m| source.links.mention(m)),
        text: voice.text.unwrap_or_else(|| texts.get("deleted-post")),
        direction,
    }
}

fn people(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let people = &facts.people;
    let mut blocks = vec![heading(1, texts.get("cases")), Block::Para { text: helped(facts, texts) }];
    let state = |(state, n): &(CaseState, i64)| format!("{}: {}", texts.get(&format!("case-{}", state.as_str())), texts.number(*n));
    blocks.push(Block::List { numbered: Numbered::No, items: people.states.iter().map(state).collect() });
    if !facts.cases.is_empty() {
        blocks.push(Block::Table(cases(source)));
    }
    let more = people.all() - i64::try_from(facts.cases.len()).unwrap_or(i64::MAX);
    if more > 0 {
        blocks.push(Block::Note { text: texts.count("helped-more", more) });
    }
    blocks
}

fn cases(source: &Source<'_>) -> Table {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let row = |c: &super::super::facts::CaseFact| {
        let person = source.voices.person(c.author, texts);
        let author = c.author.to_string();
        vec![
            Cell::linked(person.name, source.links.case(c.case)),
            person.platform.into(),
            texts.get(&format!("case-{}", c.state.as_str())).into(),
            texts.fine(c.worst_severity).into(),
            Cell::linked(
                texts.number(c.very_negative),
                source.links.mentions(facts.affected, &[("author", author.as_str()), ("label", "negative")]),
            ),
            texts.date_time(c.latest_at).into(),
        ]
    };
    let right = |key: &str| (texts.get(key), Align::Right);
    let left = |key: &str| (texts.get(key), Align::Left);
    Table {
        caption: texts.get("helped-table"),
        columns: vec![
            left("col-person"),
            left("col-platform"),
            left("col-state"),
            right("col-severity"),
            right("col-very"),
            left("col-latest"),
        ],
        rows: facts.cases.iter().map(row).collect(),
    }
}

/// One row of the comparison.
struct Compared {
    title: Cell,
    started_at: Millis,
    fixed_at: Option<Millis>,
    recovered_at: Option<Millis>,
    peak: i64,
    people: Cell,
}

fn earlier(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts, links) = (&source.sealed.facts, source.texts, source.links);
    let mut blocks = vec![heading(1, texts.get("earlier"))];
    if facts.earlier.is_empty() {
        blocks.push(Block::Para { text: texts.get("earlier-none") });
        return blocks;
    }
    let mut all = vec![this(facts, source)];
    all.extend(facts.earlier.iter().map(|e| Compared {
        title: Cell::linked(one_line(&e.title, 120), links.incident(e.id)),
        started_at: e.started_at,
        fixed_at: e.fixed_at,
        recovered_at: e.recovered_at,
        peak: e.peak,
        people: texts.number(e.unhappy_people).into(),
    }));
    let row = |c: Compared| {
        let after = |at: Option<Millis>, none: &str| at.map_or_else(|| texts.get(none), |at| texts.duration(at.since(c.started_at)));
        vec![
            c.title.clone(),
            texts.date(c.started_at).into(),
            texts.number(c.peak).into(),
            c.people.clone(),
            after(c.fixed_at, "none").into(),
            after(c.recovered_at, "earlier-not").into(),
        ]
    };
    let right = |key: &str| (texts.get(key), Align::Right);
    blocks.push(Block::Table(Table {
        caption: texts.get("earlier-table"),
        columns: vec![
            (texts.get("col-incident"), Align::Left),
            (texts.get("col-start"), Align::Left),
            right("col-peak"),
            right("col-people"),
            right("col-mended"),
            right("col-recovered"),
        ],
        rows: all.into_iter().map(row).collect(),
    }));
    blocks
}

fn this(facts: &Facts, source: &Source<'_>) -> Compared {
    let texts = source.texts;
    let span: Span = facts.affected;
    Compared {
        title: texts.get("earlier-this").into(),
        started_at: facts.incident.started_at,
        fixed_at: facts.incident.fixed_at,
        recovered_at: facts.recovered_at(),
        peak: facts.peak.map_or(0, |p| p.unhappy),
        people: Cell::linked(texts.number(facts.totals.unhappy_people), source.links.mentions(span, &[("label", "negative")])),
    }
}
