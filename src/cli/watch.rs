//! `ebb watch NAME`: the real thing with no file, on the places that need no key.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{Common, run, setup};
use crate::app::{App, Role, Settings};
use crate::clock::Clock;
use crate::config::{BrandConfig, Config, Duration, SourceConfig};
use crate::domain::source::{SourceKind, Take};

/// Options of `ebb watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb watch \"Acme Cloud\" --feed https://forum.acme.example/latest.rss")]
pub struct Args {
    /// The name to watch, as people write it
    name: String,
    /// Also this feed (RSS, Atom, JSON); posts that name the brand. May be given several times
    #[arg(long, value_name = "URL")]
    feed: Vec<String>,
    /// Also the comments of this WordPress site; all of them. May be given several times
    #[arg(long, value_name = "URL")]
    blog: Vec<String>,
    /// Mastodon servers whose hashtag timelines are read
    #[arg(long, value_name = "URL", default_value = "https://mastodon.social")]
    mastodon: Vec<String>,
    /// Port of the pages on loopback
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Do not open the browser
    #[arg(long)]
    no_browser: bool,
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let mut config = common.load()?;
    if !config.brands.is_empty() || !config.sources.is_empty() {
        bail!("`ebb watch` needs no brands and sources in the configuration; use `ebb run` with this file");
    }
    if args.name.trim().is_empty() {
        bail!("the name is empty; write it as people do: ebb watch \"Acme Cloud\"");
    }
    fill(&mut config, &args);
    let store = setup::open(&config).await?;
    let clock = Clock::system();
    setup::apply(&config, &store, &clock).await?;
    let listener = setup::listen(SocketAddr::from(([127, 0, 0, 1], args.port))).await?;
    let page = format!("http://{}", listener.local_addr().context("no address")?);
    super::say(&format!("Watching “{}” at {} places. Pages: {page}", args.name, config.sources.len()));
    for source in &config.sources {
        super::say(&format!("  {}", source.name));
    }
    if !args.no_browser && std::io::stderr().is_terminal() && open::that_detached(&page).is_err() {
        super::say("(no browser could be opened; open the address yourself)");
    }
    let app = App { store, clock, settings: Settings::from(&config), demo: None };
    run::serve(app, Role::ALL, Some(listener)).await
}

/// The brand and its keyless sources.
fn fill(config: &mut Config, args: &Args) {
    let name = args.name.trim().to_owned();
    let hashtag: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    config.brands = vec![BrandConfig {
        name: name.clone(),
        names: vec![name],
        hashtags: if hashtag.is_empty() { Vec::new() } else { vec![hashtag.clone()] },
        ..BrandConfig::default()
    }];
    let source = |name: String, kind: SourceKind, take: Take, settings: Vec<(&str, toml::Value)>| SourceConfig {
        name,
        kind,
        brand: None,
        take,
        every: Duration::from_secs(300),
        settings: settings.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
    };
    let mut sources = vec![source("Hacker News".to_owned(), SourceKind::Hackernews, Take::Matching, Vec::new())];
    if !hashtag.is_empty() {
        for server in &args.mastodon {
            let tags = toml::Value::Array(vec![hashtag.clone().into()]);
            let settings = vec![("url", server.clone().into()), ("hashtags", tags)];
            sources.push(source(format!("#{hashtag} on {server}"), SourceKind::Mastodon, Take::Matching, settings));
        }
    }
    for url in &args.feed {
        sources.push(source(format!("Feed {url}"), SourceKind::Feed, Take::Matching, vec![("url", url.clone().into())]));
    }
    for url in &args.blog {
        sources.push(source(format!("Blog {url}"), SourceKind::Wordpress, Take::All, vec![("url", url.clone().into())]));
    }
    config.sources = sources;
}
