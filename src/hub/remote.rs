//! The hub's two questions: what is in this repository, and give me that file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use reqwest::{Client, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::HubError;

/// The hub that everybody means.
pub const ENDPOINT: &str = "https://huggingface.co";

/// Largest listing, bytes.
const MAX_LISTING: usize = 4 * 1024 * 1024;

/// A repository of the hub, and which state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoId {
    /// Who published it.
    pub owner: String,
    /// What it is called.
    pub name: String,
    /// Branch, tag or commit.
    pub revision: String,
}

impl FromStr for RepoId {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let wrong = || HubError::Name(text.chars().take(200).collect());
        let (path, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (owner, name) = path.split_once('/').ok_or_else(wrong)?;
        let plain = |part: &str, more: &[char]| {
            (1..=96).contains(&part.len())
                && !part.starts_with(['.', '-'])
                && !part.contains("..")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
        };
        if !plain(owner, &['-', '_', '.']) || !plain(name, &['-', '_', '.']) || !plain(revision, &['-', '_', '.', '/']) {
            return Err(wrong());
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned(), revision: revision.to_owned() })
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// What a file must be once it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256 of its bytes: large files.
    Sha256(String),
    /// Git's name of a small file: SHA-1 of `blob LENGTH\0` and its bytes.
    GitBlob(String),
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its path there.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// What it must be.
    pub digest: Digest,
}

/// A hub, and how it is asked.
pub struct Hub {
    client: Client,
    endpoint: Url,
    token: Option<String>,
}

impl Hub {
    /// A hub at this address, with the token of a person if there is one. Proxies are those of the system.
    pub fn new(endpoint: &str, token: Option<String>) -> Result<Self, HubError> {
        let remote = |what: String| HubError::Remote { host: endpoint.to_owned(), what };
        let endpoint = Url::parse(endpoint.trim_end_matches('/')).map_err(|e| remote(format!("this is no address: {e}")))?;
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(remote("an endpoint begins with https:// or http://".to_owned()));
        }
        // An error only means that this process has installed a provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("ebb/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| remote(format!("no client can be made: {e}")))?;
        Ok(Self { client, endpoint, token: token.filter(|t| !t.trim().is_empty()) })
    }

    /// The same with another patience, for tests.
    #[must_use]
    pub fn with_read_timeout(mut self, silence: Duration) -> Self {
        if let Ok(client) = Client::builder().read_timeout(silence).build() {
            self.client = client;
        }
        self
    }

    /// The files of a repository at its revision, and the commit that this is now.
    pub async fn files(&self, repo: &RepoId) -> Result<(String, Vec<RemoteFile>), HubError> {
        #[derive(Deserialize)]
        struct Info {
            sha: String,
        }
        let info: Info = self.json(&["api", "models", &repo.owner, &repo.name, "revision", &repo.revision]).await?;
        if !(7..=64).contains(&info.sha.len()) || !info.sha.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(self.error("it names no commit: this is not a model hub, or not the endpoint of one"));
        }
        let mut url = self.url(&["api", "models", &repo.owner, &repo.name, "tree", &info.sha]);
        url.query_pairs_mut().append_pair("recursive", "true");
        let tree: Vec<Entry> = self.listing(url).await?;
        Ok((info.sha, tree.into_iter().filter_map(Entry::file).collect()))
    }

    /// Asks for a file from byte `from` on.
    pub(super) async fn open(&self, repo: &RepoId, commit: &str, path: &str, from: u64) -> Result<Response, HubError> {
        let mut steps = vec![repo.owner.as_str(), repo.name.as_str(), "resolve", commit];
        steps.extend(path.split('/'));
        let mut request = self.client.get(self.url(&steps));
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        self.send(request).await
    }

    fn url(&self, steps: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(steps);
        }
        url
    }

    async fn json<T: DeserializeOwned>(&self, steps: &[&str]) -> Result<T, HubError> {
        self.listing(self.url(steps)).await
    }

    async fn listing<T: DeserializeOwned>(&self, url: Url) -> Result<T, HubError> {
        let mut response = self.send(self.client.get(url)).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.broken(&e))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_LISTING {
                return Err(self.error("its listing is too long to be one of a model"));
            }
        }
        serde_json::from_slice(&body).map_err(|e| self.error(format!("its answer cannot be read ({e})")))
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Result<Response, HubError> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|e| self.broken(&e))?;
        match response.status().as_u16() {
            200 | 206 | 416 => Ok(response),
            401 | 403 => Err(self.error("it may not be read without a token that has access (set HF_TOKEN), or there is no such model")),
            404 => Err(self.error("there is no such model, revision or file")),
            429 => Err(self.error("it has had enough requests for now; try again in some minutes, or set HF_TOKEN")),
            status => Err(self.error(format!("it answers with status {status}"))),
        }
    }

    fn error(&self, what: impl Into<String>) -> HubError {
        HubError::Remote { host: self.endpoint.host_str().unwrap_or("the hub").to_owned(), what: what.into() }
    }

    pub(super) fn broken(&self, error: &reqwest::Error) -> HubError {
        self.error(match error {
            e if e.is_timeout() => "it does not answer in time",
            e if e.is_connect() => "no connection can be made (is a proxy needed? HTTPS_PROXY is respected)",
            _ => "the connection broke",
        })
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

impl Entry {
    fn file(self) -> Option<RemoteFile> {
        (self.kind == "file").then(|| match self.lfs {
            Some(lfs) => RemoteFile { path: self.path, size: lfs.size, digest: Digest::Sha256(lfs.oid.to_lowercase()) },
            None => RemoteFile { path: self.path, size: self.size, digest: Digest::GitBlob(self.oid.to_lowercase()) },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_owner_and_name_and_perhaps_a_revision() {
        let plain: RepoId = "acme/tone-3".parse().expect("a name");
        assert_eq!((plain.owner.as_str(), plain.name.as_str(), plain.revision.as_str()), ("acme", "tone-3", "main"));
        assert_eq!("acme/tone@v1.2".parse::<RepoId>().expect("a name").revision, "v1.2");
        for wrong in ["", "tone", "/tone", "acme/", "acme/../x", "acme/to ne", "acme/tone@", "acme/tone@../..", ".acme/x", "a/b/c@d?e"] {
            assert!(wrong.parse::<RepoId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_endpoint_is_an_address_of_the_web() {
        for (endpoint, says) in [("nonsense", "no address"), ("file:///etc/passwd", "begins with https://"), ("", "no address")] {
            let error = Hub::new(endpoint, None).expect_err("refused").to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_token_is_not_in_what_is_printed_for_debugging() {
        let hub = Hub::new("https://hub.example", Some("hf_secret".to_owned())).expect("a hub");
        assert!(!format!("{hub:?}").contains("hf_secret"));
    }
}
