//! What `docs/sources.md` and `docs/sources-tests.md` promise.

use std::collections::{BTreeSet, HashMap};

use ebb::config::Config;
use ebb::domain::ids::BrandId;
use ebb::domain::source::{SourceKind, SourceSpec};
use ebb::sources::{Adapter, Secrets, SettingsError};

/// The examples: what stands between fences of `toml`.
fn examples(text: &str) -> Vec<&str> {
    text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_kind_of_source_has_a_configuration_that_works() {
    let text = include_str!("../../docs/sources.md");
    let mut shown = BTreeSet::new();
    for example in examples(text) {
        let whole = format!("[[brand]]\nname = \"Acme Cloud\"\nhashtags = [\"acmecloud\"]\n{example}");
        let config = Config::parse(&whole, "docs/sources.md", std::iter::empty()).unwrap_or_else(|e| panic!("{e}\n{example}"));
        // Every variable that an example names is set.
        let names = example.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next());
        let secrets = Secrets::fixed(names.map(|name| (name.to_owned(), "s3cret".to_owned())).collect::<HashMap<_, _>>());
        for source in &config.sources {
            let spec = SourceSpec {
                name: source.name.clone(),
                kind: source.kind,
                brand: BrandId::new(1),
                take: source.take,
                every_ms: source.every.as_millis(),
                settings: serde_json::json!(source.settings),
            };
            let made = Adapter::from_spec(&spec, &secrets, &config.terms_of(source).expect("a brand"));
            // A key in a file that is not here is no fault of the example.
            assert!(matches!(made, Ok(_) | Err(SettingsError::Secret { .. })), "{made:?}\n{example}");
            shown.insert(source.kind.as_str());
        }
    }
    let polled = SourceKind::ALL.iter().filter(|kind| !matches!(kind, SourceKind::Import | SourceKind::Push));
    let missing: Vec<&str> = polled.map(|kind| kind.as_str()).filter(|kind| !shown.contains(kind)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "docs/sources.md shows no working configuration");
}

/// Columns of the table of proofs that name tests, in their order, and the test of the law that stands for each.
const PROOFS: [(&str, &str); 10] = [
    ("find", KEPT),
    ("page", KEPT),
    ("resume after a kill", KEPT),
    ("429", "too_many_requests_wait_as_long_as_they_are_told"),
    ("5xx", "a_server_in_trouble_is_asked_again"),
    ("cut body", "a_cut_answer_moves_nothing"),
    ("edit", "edits_and_deletions_are_followed"),
    ("delete", "edits_and_deletions_are_followed"),
    ("late item", KEPT),
    ("auth expired", "an_expired_token_stops_the_source_in_words"),
];
const KEPT: &str = "every_item_is_kept_exactly_once_whatever_happens";

/// The file of a module of `src/sources/tests`, and what stands in that module itself.
fn module(path: &str) -> (String, String) {
    let (file, inner) = path.split_once("::").unwrap_or((path, ""));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/tests");
    let text = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap_or_else(|e| panic!("{path}: {e}"));
    let own = match text.split_once(&format!("\nmod {inner} {{\n")) {
        Some((_, rest)) => rest.split("\n}\n").next().unwrap_or_default().to_owned(),
        None => String::new(),
    };
    (text, own)
}

/// Whether a cell names something that is there.
fn holds(cell: &str, law: &str, (text, own): &(String, String), document: &str) -> bool {
    let has = |text: &str, test: &str| text.contains(&format!("fn {test}("));
    let edits = law == "edits_and_deletions_are_followed";
    match cell {
        "L" if own.contains("law!(") => !edits || own.contains(", edits);"),
        "L" => has(own, law),
        "T" => edits && own.contains("law!(") && own.contains(", told);"),
        name if name.len() > 2 && name.starts_with('`') => has(text, name.trim_matches('`')),
        letter if letter.len() == 3 && letter.starts_with('(') => document.contains(&format!("\n- {letter} ")),
        _ => false,
    }
}

#[test]
fn every_cell_of_the_table_of_proofs_names_a_test_that_exists() {
    let document = include_str!("../../docs/sources-tests.md");
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 14);
    let rows: Vec<Vec<&str>> = rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let (head, rows) = rows.split_first().expect("a table");
    assert_eq!(head[3..], PROOFS.map(|(column, _)| column));
    let mut wrong = Vec::new();
    for row in rows {
        let module = module(row[2].trim_matches('`'));
        let cells = row[3..].iter().zip(PROOFS);
        wrong.extend(
            cells.filter(|(cell, (_, law))| !holds(cell, law, &module, document)).map(|(cell, (column, _))| (row[0], column, *cell)),
        );
    }
    assert_eq!(wrong, Vec::<(&str, &str, &str)>::new(), "source, column and cell without a proof");
    let shown: BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
    let polled: BTreeSet<&str> = SourceKind::ALL.iter().filter(|kind| kind.is_polled()).map(|kind| kind.as_str()).collect();
    assert_eq!(shown, polled);
    for (_, law) in PROOFS {
        assert!(document.contains(&format!("`{law}`")), "{law} is not explained");
    }
}
