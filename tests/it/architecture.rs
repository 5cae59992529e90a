//! The stages meet only in the store: a module may name only what stands here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, and what it may name besides itself. Wiring modules may name anything.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("sources", &["domain", "clock"]),
    ("ingest", &["sources", "store", "domain", "clock"]),
    ("hub", &["domain"]),
    ("store", &["domain", "clock"]),
    ("score", &["store", "domain", "clock"]),
    ("assess", &["store", "domain", "clock"]),
    ("alert", &["store", "domain", "clock"]),
    ("chart", &["domain"]),
    // The curve of a report is the one that the verdict rests on: `assess` draws it from the store.
    ("report", &["store", "assess", "chart", "domain"]),
    ("web", &["store", "report", "assess", "chart", "domain", "clock"]),
    ("demo", &["domain", "clock"]),
    ("telemetry", &[]),
    ("lifecycle", &[]),
    ("config", &["domain"]),
];
const WIRING: &[&str] = &["app", "cli", "lib", "main"];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The first step of each `crate::` path in a text, also inside `use crate::{a::…, b::…}`.
fn named_modules(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut step = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.extend(first_step(&std::mem::take(&mut step))),
                    _ => step.push(c),
                }
            }
            named.extend(first_step(&step));
        } else {
            named.extend(first_step(rest));
        }
    }
    named
}

fn first_step(path: &str) -> Option<String> {
    let step: String = path.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    // Macros and types of the crate root start otherwise.
    step.starts_with(|c: char| c.is_ascii_lowercase()).then_some(step)
}

#[test]
fn modules_name_only_what_the_direction_of_the_data_allows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > 20, "the source tree was found");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("under src");
        let module = inside.iter().next().and_then(|s| s.to_str()).expect("a name").trim_end_matches(".rs").to_owned();
        if WIRING.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` is not in the table", inside.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("a source file");
        for name in named_modules(&text) {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} names crate::{name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let outside = files.iter().filter(|f| !f.starts_with(src.join("store")));
    let wrong: Vec<_> = outside.filter(|f| std::fs::read_to_string(f).expect("a source file").contains("sqlx::")).collect();
    assert!(wrong.is_empty(), "sqlx outside src/store: {wrong:?}");
}

#[test]
fn grouped_paths_are_read() {
    let named = named_modules("use crate::{domain::{a, b}, clock::Clock};\nlet x = crate::store::Store;");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["clock", "domain", "store"]);
}
