//! The templates of reply drafts, by language.

use askama::Template;

use crate::domain::ids::BrandId;
use crate::domain::reply::{LANGUAGES, Template as Reply};
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, When};

#[derive(Debug)]
struct Entry {
    id: String,
    lang: String,
    name: String,
    text: String,
    version: i64,
    changed: Option<When>,
    by: String,
}

#[derive(Debug)]
struct Group {
    language: String,
    entries: Vec<Entry>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "replies.html", config = "src/web/askama.toml")]
pub struct RepliesPage {
    layout: Layout,
    brand: Option<BrandId>,
    people: Link,
    groups: Vec<Group>,
}

impl RepliesPage {
    /// `templates` in the order of languages.
    pub fn new(scope: &Scope, templates: &[Reply]) -> Self {
        let mut groups: Vec<(String, Group)> = Vec::new();
        for (i, t) in templates.iter().enumerate() {
            let entry = Entry {
                id: format!("t{i}"),
                lang: t.lang.clone(),
                name: show::one_line(&t.name, 60),
                text: t.text.clone(),
                version: t.changed.as_ref().map_or(0, |c| c.version),
                changed: t.changed.as_ref().map(|c| When::new(c.at, scope.now)),
                by: t.changed.as_ref().map_or_else(String::new, |c| show::one_line(&c.by, 60)),
            };
            match groups.last_mut() {
                Some((lang, group)) if *lang == t.lang => group.entries.push(entry),
                _ => groups.push((t.lang.clone(), Group { language: language(&t.lang), entries: vec![entry] })),
            }
        }
        Self {
            layout: scope.layout("Reply templates", Place::People, Live::Off),
            brand: scope.brand_field(),
            people: scope.link("/people"),
            groups: groups.into_iter().map(|(_, group)| group).collect(),
        }
    }
}

fn language(code: &str) -> String {
    LANGUAGES.iter().find(|(c, _)| *c == code).map_or_else(|| code.to_owned(), |(_, name)| (*name).to_owned())
}
