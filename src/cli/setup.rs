//! What several commands need first: the store, the brand, times from the command line.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::app::AlertPlan;
use crate::clock::Clock;
use crate::config::{Config, SourceConfig};
use crate::domain::brand::Brand;
use crate::domain::ids::BrandId;
use crate::domain::source::SourceSpec;
use crate::domain::time::Millis;
use crate::sources::{Adapter, Secrets};
use crate::store::Store;
use crate::web;

/// Opens the database, making and migrating it when needed.
pub async fn open(config: &Config) -> anyhow::Result<Store> {
    let url = &config.database.url;
    Store::open(url, rand::random()).await.with_context(|| format!("cannot open the database {}", without_password(url)))
}

/// Opens a database that must be there: reading from a misspelt name would make an empty one.
pub async fn open_existing(config: &Config) -> anyhow::Result<Store> {
    if let Some(path) = config.database.url.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//").split('?').next().unwrap_or_default();
        if !std::path::Path::new(path).exists() {
            bail!("there is no database {path}; give --database, or run `ebb run`, `ebb watch` or `ebb import` first");
        }
    }
    open(config).await
}

/// Brings brands and sources of the configuration into the store. Nothing is changed when one of them is wrong.
pub async fn apply(config: &Config, store: &Store, clock: &Clock) -> anyhow::Result<()> {
    let secrets = Secrets::system();
    for source in &config.sources {
        let terms = config.terms_of(source)?;
        Adapter::from_spec(&spec(source, BrandId::new(0)), &secrets, &terms).with_context(|| format!("source \"{}\"", source.name))?;
    }
    let plan = AlertPlan::from(config);
    plan.resolve(&secrets)?;
    let now = clock.now();
    let mut ids = std::collections::HashMap::new();
    for brand in &config.brands {
        ids.insert(brand.name.as_str(), store.save_brand(&brand.name, &brand.terms(), now).await?);
    }
    let mut specs = Vec::new();
    for source in &config.sources {
        let brand = config.brand_of(source)?;
        specs.push(spec(source, *ids.get(brand).context("no brand")?));
    }
    store.sync_sources(&specs, now).await?;
    store.sync_channels(&plan.shown(&secrets)).await?;
    Ok(())
}

/// A configured source as the domain knows it.
pub fn spec(source: &SourceConfig, brand: BrandId) -> SourceSpec {
    SourceSpec {
        name: source.name.clone(),
        kind: source.kind,
        brand,
        take: source.take,
        every_ms: source.every.as_millis(),
        settings: serde_json::json!(source.settings),
    }
}

/// Binds the pages' address; only loopback until there are logins.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    web::check_address(address)?;
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; another program may use the port: choose another with --port or web.listen"))
}

/// The brand of that name, or the only one.
pub async fn the_brand(store: &Store, name: Option<&str>) -> anyhow::Result<Brand> {
    let brands = store.brands().await?;
    let known = brands.iter().map(|b| format!("\"{}\"", b.name)).collect::<Vec<_>>().join(", ");
    match (name, brands.len()) {
        (Some(name), _) => {
            brands.into_iter().find(|b| b.name == name).with_context(|| format!("there is no brand \"{name}\"; known: {known}"))
        }
        (None, 1) => brands.into_iter().next().context("no brand"),
        (None, 0) => bail!("the database holds no brand yet; run `ebb run`, `ebb watch` or `ebb import` first"),
        (None, _) => bail!("there are several brands; choose with --brand: {known}"),
    }
}

/// A time on the command line.
pub fn time(text: &str) -> Result<Millis, String> {
    Millis::parse_rfc3339(text).ok_or_else(|| format!("`{text}` is no time; write it like 2026-11-20T09:00:00Z"))
}

/// A database address fit for messages.
pub fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _ = parsed.set_password(Some("…"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_reach_messages() {
        let shown = without_password("postgres://ebb:secret@db.example/ebb");
        assert!(!shown.contains("secret"), "{shown}");
        assert_eq!(without_password("sqlite:ebb.db"), "sqlite:ebb.db");
    }
}
