//! A report as one HTML file: no script, nothing from the network, charts inside.

use std::fmt::Write as _;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::document::{Align, Block, Cell, Direction, Document, Figure, Numbered, Table};
use crate::chart::svg::escape;
use crate::domain::post::safe_link;

const CSS: &str = include_str!("template/report.css");

/// What a browser may load for the file: its own style sheet, by its hash, and nothing else.
pub fn policy() -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(CSS.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
}

/// The whole file.
pub fn write(document: &Document) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let (title, subtitle) = (escape(&document.title), escape(&document.subtitle));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n<meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n<header><h1><bdi>{title}</bdi></h1>\n<p class=\"subtitle\">{subtitle}</p></header>\n",
        document.lang,
        // A page cannot set who may frame it: that part is for the header of the answer.
        policy().replace("frame-ancestors 'none'; ", ""),
    );
    out.push_str(&blocks(&document.blocks));
    let _ = write!(out, "<footer>{}</footer>\n</main>\n</body>\n</html>\n", escape(&document.foot));
    out
}

/// The blocks alone, for a page that has its own frame.
pub fn blocks(blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut begins_page = false;
    for block in blocks {
        match block {
            Block::Break => {
                begins_page = true;
                continue;
            }
            Block::Lead { text } => line(&mut out, "p class=\"lead\"", text),
            Block::Heading { level: 1, text } if begins_page => line(&mut out, "h2 class=\"break\"", text),
            Block::Heading { level: 1, text } => line(&mut out, "h2", text),
            Block::Heading { text, .. } => line(&mut out, "h3", text),
            Block::Para { text } => line(&mut out, "p", text),
            Block::Note { text } => line(&mut out, "p class=\"note\"", text),
            Block::Figures { items } => figures(&mut out, items),
            Block::List { numbered, items } => list(&mut out, *numbered, items),
            Block::Chart { svg, caption, .. } => {
                let _ = writeln!(out, "<figure>{svg}<figcaption>{}</figcaption></figure>", escape(caption));
            }
            Block::Table(table) => self::table(&mut out, table),
            Block::Quote { text, by, link, direction } => quote(&mut out, text, (by, link.as_deref()), *direction),
        }
        begins_page = false;
    }
    out
}

fn line(out: &mut String, tag: &str, text: &str) {
    let name = tag.split(' ').next().unwrap_or(tag);
    let _ = writeln!(out, "<{tag}>{}</{name}>", escape(text));
}

/// A link when there is one that a browser may follow, the text alone otherwise.
fn linked(text: &str, link: Option<&str>) -> String {
    let text = escape(text);
    match link.and_then(safe_link) {
        Some(link) => format!("<a href=\"{}\" rel=\"noopener noreferrer\">{text}</a>", escape(&link)),
        None => text,
    }
}

fn figures(out: &mut String, items: &[Figure]) {
    out.push_str("<dl class=\"figures\">");
    for item in items {
        let _ = write!(
            out,
            "<div><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"why\">{}</dd></div>",
            escape(&item.label),
            linked(&item.value, item.link.as_deref()),
            escape(&item.note)
        );
    }
    out.push_str("</dl>\n");
}

fn list(out: &mut String, numbered: Numbered, items: &[String]) {
    let tag = if numbered == Numbered::Yes { "ol" } else { "ul" };
    let _ = write!(out, "<{tag}>");
    for item in items {
        let _ = write!(out, "<li><bdi>{}</bdi></li>", escape(item));
    }
    let _ = writeln!(out, "</{tag}>");
}

fn table(out: &mut String, table: &Table) {
    let class = |align: Align| if align == Align::Right { " class=\"right\"" } else { "" };
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escape(&table.caption)
    );
    for (name, align) in &table.columns {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(*align), escape(name));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (Cell { text, link }, (_, align)) in row.iter().zip(&table.columns) {
            let _ = write!(out, "<td{} dir=\"auto\">{}</td>", class(*align), linked(text, link.as_deref()));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>\n");
}

fn quote(out: &mut String, text: &str, (by, link): (&str, Option<&str>), direction: Direction) {
    let dir = if direction == Direction::Rtl { "rtl" } else { "ltr" };
    let _ =
        writeln!(out, "<blockquote dir=\"{dir}\"><p>{}</p><footer dir=\"auto\">{}</footer></blockquote>", escape(text), linked(by, link));
}
