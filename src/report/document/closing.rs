//! The end of a report: method and limits, the seal, the posts behind the quotes.

use std::collections::BTreeSet;

use crate::domain::ids::{AuthorId, MentionId};

use super::super::voices::{Cut, Names, WHOLE};
use super::{Align, Block, Cell, Source, Table, heading};

pub(super) fn blocks(source: &Source<'_>) -> Vec<Block> {
    let mut blocks = method(source);
    blocks.extend(seal(source));
    blocks.extend(appendix(source));
    blocks
}

fn method(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let settings = facts.settings;
    let deleted = facts.totals.deleted;
    let paragraphs = [
        texts.get("method-1"),
        texts.get("method-2"),
        texts
            .with("method-3", &[("hold", texts.duration(settings.hold_ms).into()), ("share", texts.percent(settings.min_coverage).into())]),
        texts.with("method-4", &[("severity", texts.fine(settings.flag_severity).into())]),
        texts.get("method-5"),
        texts.get("method-6"),
        texts.count("method-7", deleted),
        texts.get(if source.voices.names() == Names::Masked { "masked" } else { "named" }),
    ];
    let mut blocks = vec![heading(1, texts.get("method"))];
    blocks.extend(paragraphs.map(|text| Block::Para { text }));
    blocks
}

fn seal(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let command = format!("ebb report {} --as-of {}", facts.incident.id, as_of(source));
    let rows = [
        ("seal-data", as_of(source)),
        ("seal-incident", facts.incident.id.to_string()),
        ("seal-hold", texts.duration(facts.settings.hold_ms)),
        ("seal-severity", texts.fine(facts.settings.flag_severity)),
        ("seal-coverage", texts.percent(facts.settings.min_coverage)),
        ("seal-hash", source.sealed.sha256.clone()),
    ];
    vec![
        heading(1, texts.get("seal")),
        Block::Para { text: texts.with("seal-words", &[("command", command.into())]) },
        Block::Table(Table {
            caption: texts.get("seal-table"),
            columns: vec![(texts.get("col-setting"), Align::Left), (texts.get("col-value"), Align::Left)],
            rows: rows.into_iter().map(|(key, value)| vec![texts.get(key).into(), value.into()]).collect(),
        }),
    ]
}

/// The data time as it is asked for again.
fn as_of(source: &Source<'_>) -> String {
    source.sealed.facts.data_at.to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn appendix(source: &Source<'_>) -> Vec<Block> {
    let (facts, texts) = (&source.sealed.facts, source.texts);
    let mut seen: BTreeSet<MentionId> = BTreeSet::new();
    let posts: Vec<(MentionId, AuthorId)> = facts.quoted().filter(|(mention, _)| seen.insert(*mention)).collect();
    if posts.is_empty() {
        return Vec::new();
    }
    let left = |key: &str| (texts.get(key), Align::Left);
    vec![
        Block::Break,
        heading(1, texts.get("appendix")),
        Block::Para { text: texts.get("appendix-words") },
        Block::Table(Table {
            caption: texts.get("appendix"),
            columns: vec![left("col-number"), left("col-person"), left("col-when"), left("col-post")],
            rows: posts.into_iter().map(|post| row(source, post)).collect(),
        }),
    ]
}

fn row(source: &Source<'_>, (id, author): (MentionId, AuthorId)) -> Vec<Cell> {
    let texts = source.texts;
    let mention = source.voices.mention(id);
    let voice = source.voices.voice(id, texts, WHOLE);
    let cut = if voice.cut == Cut::Cut { format!(" {}", texts.get("cut-remark")) } else { String::new() };
    let text = voice.text.map_or_else(|| texts.get("deleted-post"), |text| format!("{text}{cut}"));
    vec![
        Cell::linked(id.to_string(), mention.and_then(|m| source.links.mention(m))),
        source.voices.person(author, texts).name.into(),
        mention.map_or_else(|| texts.get("unknown"), |m| texts.date_time(m.created_at)).into(),
        Cell::linked(text, voice.url),
    ]
}
