//! What `docs/sources.md` promises.

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
