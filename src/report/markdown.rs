//! A report as Markdown: `CommonMark` with tables. Charts stand in words, with the numbers in the tables.

use std::fmt::Write as _;

use super::document::{Block, Cell, Document, Figure, Numbered, Table};
use crate::domain::post::safe_link;

/// The whole file.
pub fn write(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", escape(&document.title), escape(&document.subtitle));
    for block in &document.blocks {
        match block {
            Block::Break => out.push_str("\n---\n"),
            Block::Lead { text } => push(&mut out, &format!("**{}**", escape(text))),
            Block::Heading { level, text } => push(&mut out, &format!("{} {}", "#".repeat(usize::from(*level) + 1), escape(text))),
            Block::Para { text } => push(&mut out, &escape(text)),
            Block::Note { text } => push(&mut out, &format!("*{}*", escape(text))),
            Block::Figures { items } => push(&mut out, items.iter().map(figure).collect::<Vec<_>>().join("\n").as_str()),
            Block::List { numbered, items } => {
                let sign = |i: usize| if *numbered == Numbered::Yes { format!("{}.", i + 1) } else { "-".to_owned() };
                let lines: Vec<String> = items.iter().enumerate().map(|(i, item)| format!("{} {}", sign(i), escape(item))).collect();
                push(&mut out, &lines.join("\n"));
            }
            Block::Chart { alt, .. } => push(&mut out, &format!("*{}*", escape(alt))),
            Block::Table(table) => push(&mut out, &self::table(table)),
            Block::Quote { text, by, link, .. } => {
                push(&mut out, &format!("> {}\n>\n> {}", escape(text), linked(by, link.as_deref())));
            }
        }
    }
    let _ = writeln!(out, "\n---\n\n{}", escape(&document.foot));
    out
}

fn push(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

fn figure(figure: &Figure) -> String {
    format!("- {}: **{}** ({})", escape(&figure.label), linked(&figure.value, figure.link.as_deref()), escape(&figure.note))
}

fn table(table: &Table) -> String {
    use super::document::Align;
    let mut out = format!("{}\n\n", escape(&table.caption));
    let cells = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&cells(table.columns.iter().map(|(name, _)| escape(name)).collect()));
    let line = |align: &Align| if *align == Align::Right { "---:".to_owned() } else { "---".to_owned() };
    out.push_str(&cells(table.columns.iter().map(|(_, align)| line(align)).collect()));
    for row in &table.rows {
        out.push_str(&cells(row.iter().map(|Cell { text, link }| linked(text, link.as_deref())).collect()));
    }
    out.trim_end().to_owned()
}

fn linked(text: &str, link: Option<&str>) -> String {
    match link.and_then(safe_link) {
        // Parentheses would end the address.
        Some(link) => format!("[{}]({})", escape(text), link.replace('(', "%28").replace(')', "%29").replace(' ', "%20")),
        None => escape(text),
    }
}

/// Everything that Markdown or HTML could read as markup, escaped; line breaks become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    // What would begin a list or a heading at the start of a line.
    if out.starts_with(['-', '+', '=']) { format!("\\{out}") } else { numbered(out) }
}

fn numbered(text: String) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let rest = &text[digits..];
    if digits > 0 && (rest.starts_with(". ") || rest.starts_with(") ")) { format!("{}\\{rest}", &text[..digits]) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_read_as_markup() {
        assert_eq!(escape("# [x](y) <b>|*\n2"), "\\# \\[x\\](y) &lt;b&gt;\\|\\* 2");
        assert_eq!(escape("1. one"), "1\\. one");
        assert_eq!(escape("- one"), "\\- one");
        assert_eq!(linked("a", Some("javascript:alert(1)")), "a");
        assert_eq!(linked("a", Some("https://x.example/(a)")), "[a](https://x.example/%28a%29)");
    }
}
