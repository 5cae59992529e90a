//! The one page for those who read no more: what happened, how bad, who was helped, what is open, what it rests on.

use crate::domain::incident::FlagState;
use crate::domain::theme::ThemeKind;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::domain::verdict::{Assessment, BaselineMethod, Reason, Verdict};

use super::super::facts::{Facts, ThemeFact};
use super::super::reasons;
use super::super::texts::Texts;
use super::super::voices::one_line;
use super::sections::theme_name;
use super::{Block, Figure, Numbered, Source, heading, sentence};

/// Themes on the first page.
const NAMED: usize = 3;

pub(super) fn blocks(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let mut blocks = vec![
        Block::Lead { text: answer(facts, texts) },
        Block::Figures { items: figures(source) },
        heading(1, texts.get("happened")),
        Block::Para { text: happened(facts, texts) },
        heading(1, texts.get("helped")),
        Block::Para { text: helped(facts, texts) },
        heading(1, texts.get("open")),
        open(facts, texts),
    ];
    blocks.push(heading(1, texts.get("rests")));
    blocks.push(Block::Para { text: rests(facts, texts) });
    blocks
}

/// The answer to "is it over?".
fn answer(facts: &Facts, texts: &Texts) -> String {
    let Some(standing) = &facts.standing else { return texts.get("answer-none") };
    let open = standing.reasons.iter().any(|r| r.blocks);
    if standing.verdict == Verdict::Recovered && open {
        return texts.get("answer-recovered-open");
    }
    texts.with(&format!("answer-{}", standing.verdict.as_str()), &[("hold", texts.duration(standing.hold_ms).into())])
}

fn figures(source: &Source<'_>) -> Vec<Figure> {
    let (facts, texts, links) = (&source.sealed.facts, source.texts, source.links);
    let totals = &facts.totals;
    let figure = |label: &str, number: Option<i64>, note: String, link: Option<String>| Figure {
        label: texts.get(label),
        value: number.map_or_else(|| texts.get("none"), |n| texts.number(n)),
        number,
        note,
        link,
    };
    let negative = [("label", "negative")];
    let share = totals.negative as f64 / (totals.negative + totals.neutral + totals.positive).max(1) as f64;
    let verdict = facts.standing.as_ref().map(|a| a.verdict);
    vec![
        figure(
            "figure-people",
            Some(totals.unhappy_people),
            texts.count("figure-people-note", totals.unhappy_people),
            links.mentions(facts.affected, &negative),
        ),
        figure("figure-peak", facts.peak.map(|p| p.unhappy), peak_note(facts, texts), {
            let hour = facts.peak.and_then(|p| Span::new(p.at, p.at.plus(DAY_MS / 24)));
            hour.and_then(|hour| links.mentions(hour, &negative))
        }),
        Figure {
            label: texts.get("figure-verdict"),
            value: verdict.map_or_else(|| texts.get("none"), |v| texts.get(&format!("verdict-{}", v.as_str()))),
            number: None,
            note: match (verdict, facts.verdict_since) {
                (None, _) => texts.get("figure-verdict-none"),
                (Some(_), at) => texts.with("figure-verdict-since", &[("at", texts.date_time(at.unwrap_or(facts.data_at)).into())]),
            },
            link: links.incident(facts.incident.id),
        },
        figure(
            "figure-very",
            Some(totals.very_unhappy),
            texts.with("figure-very-note", &[("better", texts.number(totals.better_later).into())]),
            links.mentions(facts.affected, &[("label", "negative"), ("severity", "very")]),
        ),
        figure(
            "figure-helped",
            Some(facts.people.at(FlagState::Done)),
            texts.with(
                "figure-helped-note",
                &[("all", texts.number(facts.people.all()).into()), ("open", texts.number(facts.people.at(FlagState::Open)).into())],
            ),
            links.people(),
        ),
        figure(
            "figure-mentions",
            Some(totals.mentions),
            texts.with("figure-mentions-note", &[("share", texts.percent(share).into())]),
            links.mentions(facts.affected, &[("copies", "show")]),
        ),
    ]
}

fn peak_note(facts: &Facts, texts: &Texts) -> String {
    let Some(peak) = facts.peak else { return texts.get("chart-nothing") };
    let at = ("at", texts.date_time(peak.at).into());
    match peak.expected {
        Some(expected) => texts.with("figure-peak-note", &[at, ("expected", texts.decimal(expected).into())]),
        None => texts.with("figure-peak-bare", &[at]),
    }
}

fn happened(facts: &Facts, texts: &Texts) -> String {
    let incident = &facts.incident;
    let at = |at: Millis| texts.date_time(at);
    let mut sentences = vec![texts.with(
        "happened-began",
        &[
            ("kind", texts.get(&format!("kind-{}", incident.kind.as_str())).into()),
            ("severity", texts.get(&format!("severity-{}", incident.severity.as_str())).into()),
            ("at", at(incident.started_at).into()),
        ],
    )];
    sentences.push(match incident.fixed_at {
        Some(fixed) => {
            texts.with("happened-fixed", &[("at", at(fixed).into()), ("after", texts.duration(fixed.since(incident.started_at)).into())])
        }
        None => texts.get("happened-not-fixed"),
    });
    sentences.push(match incident.closed_at {
        Some(closed) => texts.with("happened-closed", &[("at", at(closed).into())]),
        None => texts.get("happened-open"),
    });
    sentences.extend(about(facts, texts));
    sentences.push(said(facts, texts));
    if !incident.close_reason.is_empty() {
        sentences.push(texts.with("happened-reason", &[("reason", sentence(&incident.close_reason, 1_000).into())]));
    }
    if !incident.commander.is_empty() {
        sentences.push(texts.with("happened-lead", &[("name", one_line(&incident.commander, 100).into())]));
    }
    sentences.join(" ")
}

/// The themes that most people wrote about.
fn about(facts: &Facts, texts: &Texts) -> Option<String> {
    let mut phrases: Vec<&ThemeFact> = facts.spoken_of().filter(|t| t.kind == ThemeKind::Phrase).collect();
    phrases.sort_by_key(|t| std::cmp::Reverse(t.people));
    let quoted = |t: &&ThemeFact| texts.with("happened-themes-quote", &[("theme", theme_name(t, texts).into())]);
    let names: Vec<String> = phrases.iter().take(NAMED).map(quoted).collect();
    (!names.is_empty()).then(|| texts.with("happened-themes", &[("themes", names.join(", ").into())]))
}

/// How often the brand spoke, and how soon.
fn said(facts: &Facts, texts: &Texts) -> String {
    let n = i64::try_from(facts.updates.len()).unwrap_or(i64::MAX);
    let Some(first) = facts.updates.first() else { return texts.get("happened-silent") };
    let after = texts.duration(first.at.since(facts.incident.started_at));
    texts.with("happened-said", &[("n", n.into()), ("shown", texts.number(n).into()), ("after", after.into())])
}

/// How many were looked after, and how many wrote more calmly later.
pub(super) fn helped(facts: &Facts, texts: &Texts) -> String {
    let people = &facts.people;
    if people.all() == 0 {
        return texts.get("helped-none");
    }
    let sum = texts.with(
        "helped-sum",
        &[
            ("all", people.all().into()),
            ("all-shown", texts.number(people.all()).into()),
            ("done", texts.number(people.at(FlagState::Done)).into()),
            ("assigned", texts.number(people.at(FlagState::Assigned)).into()),
            ("open", texts.number(people.at(FlagState::Open)).into()),
        ],
    );
    let silence = texts.with(
        "helped-silence",
        &[("better", texts.number(facts.totals.better_later).into()), ("very", texts.number(facts.totals.very_unhappy).into())],
    );
    format!("{sum} {silence}")
}

fn open(facts: &Facts, texts: &Texts) -> Block {
    let standing = facts.standing.as_ref();
    let mut items: Vec<String> =
        standing.map(|a: &Assessment| a.reasons.iter().filter(|r| r.blocks).map(|r| reason(r, texts)).collect()).unwrap_or_default();
    let waiting = facts.people.at(FlagState::Open) + facts.people.at(FlagState::Assigned);
    let said = standing.is_some_and(|a| a.reasons.iter().any(|r| r.blocks && r.code == "people_unanswered"));
    if waiting > 0 && !said {
        items.push(texts.count("open-people", waiting));
    }
    // Reasons that were kept without their values say the same of each source in a language other than English.
    items.dedup();
    if items.is_empty() { Block::Para { text: texts.get("open-nothing") } } else { Block::List { numbered: Numbered::No, items } }
}

/// A reason in the reader's language, as a sentence.
pub(in crate::report) fn reason(reason: &Reason, texts: &Texts) -> String {
    sentence(&reasons::say(reason, texts), 400)
}

fn rests(facts: &Facts, texts: &Texts) -> String {
    let read: f64 = {
        let since: Vec<f64> = facts.hours.iter().filter(|h| h.at >= facts.affected.from().hour()).map(|h| h.covered).collect();
        if since.is_empty() { 0.0 } else { since.iter().sum::<f64>() / since.len() as f64 }
    };
    let sources = i64::try_from(facts.sources.len()).unwrap_or(i64::MAX);
    let first = texts.with(
        "rests-sources",
        &[
            ("n", sources.into()),
            ("shown", texts.number(sources).into()),
            ("mentions", texts.number(facts.totals.mentions).into()),
            ("read", texts.percent(read).into()),
        ],
    );
    let baseline = &facts.baseline;
    let second = if baseline.method == BaselineMethod::None {
        texts.get("rests-no-baseline")
    } else {
        let sources = i64::try_from(baseline.sources).unwrap_or(i64::MAX);
        texts.with(
            "rests-baseline",
            &[
                ("method", texts.get(&format!("method-{}", baseline.method.as_str())).into()),
                ("history", texts.duration(baseline.history.to().since(baseline.history.from())).into()),
                ("sources", texts.count("rests-baseline-sources", sources).into()),
                ("cut", i64::try_from(baseline.cut).unwrap_or(i64::MAX).into()),
            ],
        )
    };
    format!("{first} {second}")
}
