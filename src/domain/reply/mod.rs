//! Reply drafts: templates in the author's language. A person copies a draft and sends it; Ebb sends nothing.

mod defaults;

use super::time::Millis;

pub use defaults::DEFAULTS;

/// Longest text of a template, characters.
pub const MAX_TEXT: usize = 2_000;
/// Longest name of a template, characters.
pub const MAX_NAME: usize = 60;

/// A template in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// ISO 639-1.
    pub lang: String,
    /// What it is for, in a few words; the same in all languages.
    pub name: String,
    /// With places for `{name}`, `{brand}` and `{incident}`.
    pub text: String,
    /// Who changed it; `None` as the program brings it along.
    pub changed: Option<Changed>,
}

/// A change of a template by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The name that was typed.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Raised by one at each change.
    pub version: i64,
}

/// What stands for the places of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling<'a> {
    /// What the author calls themselves.
    pub name: &'a str,
    /// The brand.
    pub brand: &'a str,
    /// Title of the incident.
    pub incident: &'a str,
}

/// A place that a template may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{{{0}}} is no place that can be filled; there are {{name}}, {{brand}} and {{incident}}")]
pub struct UnknownPlace(pub String);

/// The built-in templates with what people made of them, in the order of languages and names.
pub fn merge(stored: Vec<Template>) -> Vec<Template> {
    let built_in = DEFAULTS.iter().map(|(lang, name, text)| Template {
        lang: (*lang).to_owned(),
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        changed: None,
    });
    let mut all: Vec<Template> = built_in.filter(|t| !stored.iter().any(|s| s.lang == t.lang && s.name == t.name)).collect();
    all.extend(stored);
    let place = |t: &Template| LANGUAGES.iter().position(|(code, _)| *code == t.lang).unwrap_or(LANGUAGES.len());
    all.sort_by(|a, b| (place(a), &a.lang, &a.name).cmp(&(place(b), &b.lang, &b.name)));
    all
}

/// Languages with built-in templates: code and English name.
pub const LANGUAGES: [(&str, &str); 6] =
    [("en", "English"), ("it", "Italian"), ("de", "German"), ("fr", "French"), ("es", "Spanish"), ("pt", "Portuguese")];

/// Puts the filling into its places, in one pass: a name like `{brand}` stays a name. Other braces stay as they are.
pub fn fill(text: &str, filling: &Filling<'_>) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let place = from.find('}').and_then(|end| Some((from.get(1..end)?, from.get(end + 1..)?)));
        let value = place.and_then(|(name, after)| Some((value_of(name, filling)?, after)));
        if let Some((value, after)) = value {
            out.push_str(value);
            rest = after;
        } else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

fn value_of<'a>(place: &str, filling: &Filling<'a>) -> Option<&'a str> {
    match place {
        "name" => Some(filling.name),
        "brand" => Some(filling.brand),
        "incident" => Some(filling.incident),
        _ => None,
    }
}

/// Refuses a template with a place that nothing fills: a person would find out when it is sent.
pub fn check(text: &str) -> Result<(), UnknownPlace> {
    let nothing = Filling { name: "", brand: "", incident: "" };
    for piece in text.split('{').skip(1) {
        let place = piece.split('}').next().unwrap_or_default();
        if piece.contains('}') && value_of(place, &nothing).is_none() {
            return Err(UnknownPlace(place.chars().take(40).collect()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_language_has_each_built_in_template_and_none_has_an_unknown_place() {
        let names: BTreeSet<&str> = DEFAULTS.iter().map(|(_, name, _)| *name).collect();
        assert!(names.len() >= 3);
        for (lang, _) in LANGUAGES {
            let here: BTreeSet<&str> = DEFAULTS.iter().filter(|(l, ..)| *l == lang).map(|(_, name, _)| *name).collect();
            assert_eq!(here, names, "{lang}");
        }
        for (lang, name, text) in DEFAULTS {
            assert_eq!(check(text), Ok(()), "{lang} {name}");
            assert!(text.contains("{name}") && text.contains("{brand}"), "{lang} {name}");
        }
    }

    #[test]
    fn places_are_filled_once_and_other_braces_stay() {
        let filling = Filling { name: "{brand}<b>", brand: "Acme", incident: "Sign-in" };
        assert_eq!(fill("Hi {name}, {brand} {x} {", &filling), "Hi {brand}<b>, Acme {x} {");
        assert_eq!(fill("{incident}{incident}", &filling), "Sign-inSign-in");
        assert_eq!(fill("{né} {}", &filling), "{né} {}");
    }

    #[test]
    fn an_unknown_place_is_named() {
        assert_eq!(check("Dear {customer},"), Err(UnknownPlace("customer".to_owned())));
        assert_eq!(check("{name} { and }"), Err(UnknownPlace(" and ".to_owned())));
        assert_eq!(check("an open { stays"), Ok(()));
    }

    #[test]
    fn a_changed_template_takes_the_place_of_the_built_in_one() {
        let mine = Template {
            lang: "de".to_owned(),
            name: DEFAULTS[0].1.to_owned(),
            text: "Moin {name}".to_owned(),
            changed: Some(Changed { by: "Noor".to_owned(), at: Millis::new(1), version: 2 }),
        };
        let all = merge(vec![mine.clone()]);
        assert_eq!(all.len(), DEFAULTS.len());
        assert!(all.contains(&mine));
        assert_eq!(all.first().map(|t| t.lang.as_str()), Some("en"));
    }
}
