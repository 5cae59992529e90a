//! `ebb token`: who may use the API.

use std::process::ExitCode;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::{Common, setup};
use crate::clock::Clock;
use crate::config::Duration;
use crate::domain::time::Millis;
use crate::store::{NewToken, Store, StoreError, Token};
use crate::web::api::auth::{Scope, hash};

/// Options of `ebb token`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: ebb token add dashboard --scope read --expires 90d")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a token and print it, once: only a hash of it is kept
    #[command(after_help = "Example: ebb token add ci --scope read,write --expires 90d")]
    Add {
        /// Unique name, for people
        name: String,
        /// What it may do: read, write, admin
        #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
        scope: Vec<Scope>,
        /// When it ends, such as 90d; never when left out
        #[arg(long, value_name = "DURATION")]
        expires: Option<Duration>,
    },
    /// Print all tokens ever made, never their values
    #[command(after_help = "Example: ebb token list --json")]
    List {
        /// Print JSON instead of lines
        #[arg(long)]
        json: bool,
    },
    /// Take a token back, at once and for good
    #[command(after_help = "Example: ebb token revoke ci")]
    Revoke {
        /// Its name
        name: String,
    },
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word).ok_or_else(|| format!("`{word}` is no scope; known are {}", Scope::GIVEN.map(Scope::as_str).join(", ")))
}

/// Runs the command.
pub async fn run(args: Args, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let now = Clock::system().now();
    match args.command {
        Command::Add { name, scope, expires } => {
            let store = setup::open(&config).await?;
            let expires_at = expires.map(|e| now.plus(e.as_millis()));
            let token = add(&store, &name, &scope, expires_at, now).await?;
            super::say(&format!("The token \"{}\" is printed once, and kept nowhere:", name.trim()));
            super::print(&format!("{token}\n"));
        }
        Command::List { json } => {
            let tokens = setup::open_existing(&config).await?.tokens().await?;
            list(&tokens, json.then_some(()), now);
        }
        Command::Revoke { name } => match setup::open_existing(&config).await?.revoke_token(&name, now).await {
            Ok(()) => super::say(&format!("\"{name}\" is taken back")),
            Err(StoreError::NotFound) => bail!("there is no token \"{name}\" that still counts; see `ebb token list`"),
            Err(error) => return Err(error.into()),
        },
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(store: &Store, name: &str, scopes: &[Scope], expires_at: Option<Millis>, now: Millis) -> anyhow::Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        bail!("a token needs a name of 1 to 80 characters on one line");
    }
    let token = format!("ebb_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let mut words: Vec<&str> = Scope::GIVEN.into_iter().filter(|s| scopes.contains(s)).map(Scope::as_str).collect();
    words.dedup();
    let new = NewToken { name, hash: &hash(&token), scopes: &words.join(","), expires_at };
    match store.add_token(&new, now).await {
        Ok(_) => Ok(token),
        Err(StoreError::Conflict) => bail!("there is a token \"{name}\" already, perhaps one that was taken back; choose another name"),
        Err(error) => Err(error).context("the token was not kept"),
    }
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    scopes: &'a str,
    state: &'static str,
    created_at: String,
    expires_at: Option<String>,
    used_at: Option<String>,
}

fn list(tokens: &[Token], json: Option<()>, now: Millis) {
    let lines: Vec<Line<'_>> = tokens
        .iter()
        .map(|t| Line {
            name: &t.name,
            scopes: &t.scopes,
            state: match (t.revoked_at, t.expires_at) {
                (Some(_), _) => "taken back",
                (_, Some(at)) if at <= now => "ended",
                _ => "counts",
            },
            created_at: t.created_at.to_rfc3339(),
            expires_at: t.expires_at.map(Millis::to_rfc3339),
            used_at: t.used_at.map(Millis::to_rfc3339),
        })
        .collect();
    if json.is_some() {
        super::print(&format!("{}\n", serde_json::json!({ "tokens": lines })));
        return;
    }
    if lines.is_empty() {
        super::say("No token was made yet. Until then the API can be read without one on this machine.");
    }
    for l in lines {
        let (ends, used) = (l.expires_at.as_deref().unwrap_or("never"), l.used_at.as_deref().unwrap_or("never"));
        super::print(&format!("{}  {}  {}  ends {ends}  last used {used}\n", l.name, l.scopes, l.state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_made_once_under_a_name_and_only_its_hash_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("e.db").display()), 1).await.expect("a store");
        let now = Millis::new(1_795_177_200_000);
        let token = add(&store, " ci ", &[Scope::Write, Scope::Read, Scope::Write], None, now).await.expect("made");
        assert!(token.len() == 47 && token.starts_with("ebb_"), "{token}");
        let kept = store.token(&hash(&token)).await.expect("an answer").expect("kept");
        assert_eq!((kept.name.as_str(), kept.scopes.as_str()), ("ci", "read,write"));
        assert!(add(&store, "ci", &[Scope::Read], None, now).await.is_err_and(|e| e.to_string().contains("already")));
        assert!(add(&store, "\n", &[Scope::Read], None, now).await.is_err());
        assert_eq!(scope("root").expect_err("none"), "`root` is no scope; known are read, write, admin");
        store.close().await;
        let file = std::fs::read(folder.path().join("e.db")).expect("the file");
        assert!(!file.windows(token.len()).any(|w| w == token.as_bytes()), "the token stands in the database");
    }
}
