//! Which incident is meant on the command line: one rule for all commands.

use anyhow::bail;

use crate::domain::fold::fold;
use crate::domain::incident::Incident;
use crate::domain::time::Millis;
use crate::report::voices::one_line;
use crate::store::Store;

/// Incidents that are listed when none is found, or too many.
const LISTED: usize = 20;

/// The incident with that number; else the one with that title; else the one whose title has all of these words. Case
/// and accents tell no words apart. With `brand`, only among that brand's.
pub async fn find(store: &Store, asked: &str, brand: Option<&str>) -> anyhow::Result<Incident> {
    let brands = store.brands().await?;
    let mut known = Vec::new();
    for one in brands.iter().filter(|b| brand.is_none_or(|name| fold(name.trim()) == fold(&b.name))) {
        known.extend(store.incidents(one.id).await?);
    }
    if let Some(name) = brand.filter(|name| !brands.iter().any(|b| fold(&b.name) == fold(name.trim()))) {
        bail!("there is no brand \"{}\"", shown(name));
    }
    choose(&known, asked).cloned()
}

fn choose<'a>(known: &'a [Incident], asked: &str) -> anyhow::Result<&'a Incident> {
    let asked = asked.trim();
    let (number, title) = (asked.parse().ok(), fold(asked));
    let words: Vec<&str> = title.split_whitespace().collect();
    let of = |fits: &dyn Fn(&Incident) -> bool| known.iter().filter(|i| fits(i)).collect::<Vec<_>>();
    let mut found = of(&|i| Some(i.id) == number);
    if found.is_empty() {
        found = of(&|i| fold(i.title.trim()) == title);
    }
    if found.is_empty() && !words.is_empty() {
        found = of(&|i| words.iter().all(|word| fold(&i.title).contains(word)));
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] if known.is_empty() => bail!("there is no incident yet: open one on the page of incidents"),
        [] => bail!("there is no incident \"{}\"; known are:{}", shown(asked), list(known)),
        several => bail!("several incidents fit; name one by its number:{}", list(several.iter().copied())),
    }
}

fn list<'a>(incidents: impl IntoIterator<Item = &'a Incident>) -> String {
    let line = |i: &Incident| format!("\n  {}  {}  {}", i.id, day(i.started_at), shown(&i.title));
    incidents.into_iter().take(LISTED).map(line).collect()
}

fn day(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%d").to_string()
}

/// A title for a terminal: on one line, without signs that steer it.
pub fn shown(text: &str) -> String {
    one_line(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{BrandId, IncidentId};
    use crate::domain::incident::{IncidentKind, IncidentSeverity};

    fn incident(id: i64, title: &str) -> Incident {
        Incident {
            id: IncidentId::new(id),
            brand: BrandId::new(1),
            title: title.to_owned(),
            kind: IncidentKind::Service,
            severity: IncidentSeverity::Minor,
            commander: String::new(),
            war_room: None,
            started_at: Millis::new(1_795_176_000_000),
            fixed_at: None,
            closed_at: None,
            close_reason: String::new(),
            version: 1,
        }
    }

    #[test]
    fn a_number_comes_before_a_title_and_a_title_before_words() {
        let known = [incident(7, "Sign-in fails"), incident(8, "Sign-in fails again"), incident(9, "7"), incident(10, "Café\nclosed")];
        let id = |asked: &str| choose(&known, asked).map(|i| i.id.get()).map_err(|e| e.to_string());
        assert_eq!(id("7"), Ok(7));
        assert_eq!(id(" SIGN-IN FAILS "), Ok(7));
        assert_eq!(id("again fails"), Ok(8));
        assert_eq!(id("cafe"), Ok(10));
        let several = id("sign-in").expect_err("two fit");
        assert!(several.contains("several") && several.contains("7  2026-11-20  Sign-in fails"), "{several}");
        let none = id("billing\u{1b}[31m").expect_err("none fits");
        assert!(none.contains("no incident \"billing") && none.contains("Café closed") && !none.contains('\u{1b}'), "{none}");
        assert!(id("  ").expect_err("nothing is asked").contains("known are"));
        assert!(choose(&[], "x").expect_err("none").to_string().contains("no incident yet"));
    }
}
