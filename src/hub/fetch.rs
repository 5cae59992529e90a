//! One file: resumed where it broke off, and refused when it is not what was announced.

use std::path::Path;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::HubError;
use super::remote::{Digest, Hub, RemoteFile, RepoId};
use crate::domain::hex::hex;

/// Attempts in a row that bring nothing new.
const MOST_FRUITLESS: u32 = 3;

/// Fetches `file` to `to`. What lies there already is taken for its beginning. `progress` hears how many bytes there are.
pub async fn fetch(
    hub: &Hub,
    (repo, commit): (&RepoId, &str),
    file: &RemoteFile,
    to: &Path,
    mut progress: impl FnMut(u64),
) -> Result<(), HubError> {
    let mut fruitless = 0;
    loop {
        let before = length(to, file.size).await?;
        let error = match append(hub, (repo, commit), file, (to, before), &mut progress).await {
            Ok(()) => break,
            Err(error) => error,
        };
        fruitless = if length(to, file.size).await? > before { 0 } else { fruitless + 1 };
        if fruitless >= MOST_FRUITLESS || matches!(error, HubError::Io { .. } | HubError::Checksum { .. }) {
            return Err(error);
        }
    }
    prove(file, to).await
}

/// Bytes that are there; more than the file has are no beginning of it.
async fn length(to: &Path, size: u64) -> Result<u64, HubError> {
    match tokio::fs::metadata(to).await {
        Ok(found) if found.len() <= size => Ok(found.len()),
        Ok(_) => {
            tokio::fs::remove_file(to).await.map_err(HubError::io(to))?;
            Ok(0)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(HubError::io(to)(error)),
    }
}

/// Takes what comes from `have` on; an answer from the beginning starts anew.
async fn append(
    hub: &Hub,
    (repo, commit): (&RepoId, &str),
    file: &RemoteFile,
    (to, mut have): (&Path, u64),
    progress: &mut impl FnMut(u64),
) -> Result<(), HubError> {
    if have == file.size && have > 0 {
        return Ok(());
    }
    let mut response = hub.open(repo, commit, &file.path, have).await?;
    let goes_on = response.status().as_u16() == 206 && starts_at(&response, have);
    if !goes_on {
        have = 0;
    }
    let mut out =
        OpenOptions::new().create(true).write(true).append(goes_on).truncate(!goes_on).open(to).await.map_err(HubError::io(to))?;
    while let Some(chunk) = response.chunk().await.map_err(|e| hub.broken(&e))? {
        have += chunk.len() as u64;
        if have > file.size {
            drop(out);
            tokio::fs::remove_file(to).await.map_err(HubError::io(to))?;
            return Err(checksum(file, format!("more than the {} bytes that were announced", file.size)));
        }
        out.write_all(&chunk).await.map_err(HubError::io(to))?;
        progress(have);
    }
    out.sync_all().await.map_err(HubError::io(to))?;
    if have == file.size {
        Ok(())
    } else {
        Err(HubError::Remote { host: file.path.clone(), what: format!("it ended after {have} of {} bytes", file.size) })
    }
}

fn starts_at(response: &reqwest::Response, from: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|v| v.to_str().ok());
    range.and_then(|r| r.strip_prefix("bytes ")?.split('-').next()?.parse().ok()) == Some(from)
}

/// Compares the whole file with what was announced, and removes it when it is another.
async fn prove(file: &RemoteFile, at: &Path) -> Result<(), HubError> {
    let (mut context, wanted) = match &file.digest {
        Digest::Sha256(wanted) => (Context::new(&SHA256), wanted),
        Digest::GitBlob(wanted) => {
            let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
            context.update(format!("blob {}\0", file.size).as_bytes());
            (context, wanted)
        }
    };
    let mut input = File::open(at).await.map_err(HubError::io(at))?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = input.read(&mut piece).await.map_err(HubError::io(at))?;
        if read == 0 {
            break;
        }
        context.update(&piece[..read]);
    }
    let found = hex(context.finish().as_ref());
    if &found == wanted {
        return Ok(());
    }
    tokio::fs::remove_file(at).await.map_err(HubError::io(at))?;
    Err(checksum(file, format!("its checksum is {found}, not {}", wanted.chars().take(64).collect::<String>())))
}

fn checksum(file: &RemoteFile, what: String) -> HubError {
    HubError::Checksum { file: file.path.clone(), what }
}
