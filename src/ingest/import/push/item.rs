//! One item of a delivery: JSON to a row of an import.

use serde_json::{Map, Value};

use super::super::json_rows::as_cell;
use super::super::row::{Cells, Column};
use crate::domain::post::{Post, PostKey};
use crate::domain::time::Millis;

/// The platform of items that name none.
const PLATFORM: &str = "push";

/// What an item asks for.
#[derive(Debug)]
pub(super) struct Item {
    /// The brand that it names.
    pub(super) brand: Option<String>,
    /// When it was last changed; the later one wins.
    pub(super) version: Option<Millis>,
    pub(super) wish: Wish,
}

#[derive(Debug)]
pub(super) enum Wish {
    Keep(Box<Post>),
    Erase(PostKey),
}

impl Item {
    /// Reads an item. `latest`: later ones are wrong.
    pub(super) fn read(value: &Value, latest: Millis) -> Result<Self, String> {
        let item = value.as_object().ok_or("no JSON object")?;
        let cells = Flat::of(item)?;
        let updated_at = time(item, "updated_at", latest)?;
        let deleted = match item.get("deleted") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err("deleted: neither true nor false".to_owned()),
        };
        if deleted {
            return Ok(Self { brand: cells.text(Column::Brand), version: updated_at, wish: Wish::Erase(cells.cells().key()?) });
        }
        let (brand, mut post) = cells.cells().post(latest)?;
        if let Some(Value::Object(author)) = item.get("author") {
            let field = |name: &str| author.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
            let handle = field("handle").unwrap_or(&post.author.native_id);
            handle.trim_start_matches('@').clone_into(&mut post.author.handle);
            post.author.url = field("url").map(str::to_owned);
        }
        post.edited_at = updated_at.filter(|at| *at > post.created_at);
        Ok(Self { brand, version: Some(updated_at.unwrap_or(post.created_at)), wish: Wish::Keep(Box::new(post)) })
    }

    pub(super) fn key(&self) -> &PostKey {
        match &self.wish {
            Wish::Keep(post) => &post.key,
            Wish::Erase(key) => key,
        }
    }
}

/// The nested fields of an item as the columns of a row.
struct Flat(Vec<(Column, String)>);

impl Flat {
    fn of(item: &Map<String, Value>) -> Result<Self, String> {
        let mut flat = vec![(Column::Platform, PLATFORM.to_owned())];
        for (name, value) in item {
            match (name.as_str(), value) {
                ("author", Value::Object(author)) => flat_fields(&mut flat, author, AUTHOR)?,
                ("engagement", Value::Object(counts)) => flat_fields(&mut flat, counts, ENGAGEMENT)?,
                ("parent_id", value) => flat.push((Column::ReplyTo, as_cell(Column::ReplyTo, value.clone())?)),
                (_, Value::Null) => {}
                (name, value) => {
                    if let Some(column) = Column::parse(name) {
                        flat.push((column, as_cell(column, value.clone())?));
                    }
                }
            }
        }
        Ok(Self(flat))
    }

    fn cells(&self) -> Cells<'_> {
        let mut cells = Cells::default();
        for (column, value) in &self.0 {
            cells.set(*column, value);
        }
        cells
    }

    fn text(&self, wanted: Column) -> Option<String> {
        self.0.iter().rev().find(|(column, _)| *column == wanted).map(|(_, text)| text.clone()).filter(|text| !text.trim().is_empty())
    }
}

/// An id is better than a handle, which people change: it comes last, and stays.
const AUTHOR: &[(&str, Column)] =
    &[("handle", Column::Author), ("id", Column::Author), ("name", Column::AuthorName), ("followers", Column::Followers)];
const ENGAGEMENT: &[(&str, Column)] =
    &[("likes", Column::Likes), ("replies", Column::Replies), ("reposts", Column::Reposts), ("shares", Column::Reposts)];

fn flat_fields(flat: &mut Vec<(Column, String)>, object: &Map<String, Value>, fields: &[(&str, Column)]) -> Result<(), String> {
    for (name, column) in fields {
        let cell = object.get(*name).map(|value| as_cell(*column, value.clone())).transpose()?.unwrap_or_default();
        if !cell.trim().is_empty() {
            flat.push((*column, cell));
        }
    }
    Ok(())
}

fn time(item: &Map<String, Value>, name: &str, latest: Millis) -> Result<Option<Millis>, String> {
    let text = match item.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    let at = Millis::parse_rfc3339(text).ok_or_else(|| format!("{name}: no RFC 3339 time, such as 2026-11-20T09:30:00Z"))?;
    if at > latest { Err(format!("{name}: {at} is in the future")) } else { Ok(Some(at)) }
}
