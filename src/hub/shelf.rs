//! The folder of models: add, list, choose, remove.

use std::fs;
use std::path::{Path, PathBuf};

use super::HubError;
use super::choice::Choice;
use super::fetch::fetch;
use super::remote::{Hub, RepoId};
use crate::domain::classes::ClassNames;
use crate::domain::engine::{ONNX, TORCH, Torch};
use crate::domain::sentiment::Label;

/// Names the model in use; absent: the bundled one.
const IN_USE: &str = "in-use";

/// Largest configuration or tokenizer that is copied from a folder, bytes.
const MAX_SMALL: u64 = 64 * 1024 * 1024;

/// What a person says about a model that its files do not.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The label of each class, when its names do not tell.
    pub labels: Option<Vec<Label>>,
    /// Languages that it reads, ISO 639-1; `*`: all. Empty: all.
    pub languages: Vec<String>,
    /// Which network file, when there are several.
    pub file: Option<String>,
}

/// The folder where models from elsewhere are kept.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// A model of the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// `owner--name`.
    pub name: String,
    /// Where.
    pub folder: PathBuf,
    /// Bytes of its network.
    pub bytes: u64,
    /// Whether it is the one in use.
    pub in_use: bool,
}

impl Shelf {
    /// The shelf at this folder, which need not exist yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The models that are whole, by name.
    pub fn list(&self) -> Result<Vec<Shelved>, HubError> {
        let chosen = self.chosen()?;
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(HubError::io(&self.folder)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let folder = entry.map_err(HubError::io(&self.folder))?.path();
            let Some(name) = folder.file_name().and_then(|n| n.to_str()).map(str::to_owned) else { continue };
            if !name.ends_with(PART) && folder.join("settings.json").is_file() {
                let bytes = networks().filter_map(|name| fs::metadata(folder.join(name)).ok()).map(|m| m.len()).sum();
                found.push(Shelved { in_use: chosen.as_deref() == Some(&name), name, folder, bytes });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The folder of the model in use; `None`: the bundled one.
    pub fn in_use(&self) -> Result<Option<PathBuf>, HubError> {
        self.chosen()?.map(|name| self.find(&name).map(|m| m.folder)).transpose()
    }

    /// Chooses a model; `None`: the bundled one.
    pub fn choose(&self, name: Option<&str>) -> Result<(), HubError> {
        let mark = self.folder.join(IN_USE);
        match name {
            Some(name) => fs::write(&mark, self.find(name)?.name).map_err(HubError::io(mark)),
            None => match fs::remove_file(&mark) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(HubError::io(mark)(error)),
                _ => Ok(()),
            },
        }
    }

    /// Removes a model; the bundled one is used when it was in use.
    pub fn remove(&self, name: &str) -> Result<Shelved, HubError> {
        let model = self.find(name)?;
        if model.in_use {
            self.choose(None)?;
        }
        fs::remove_dir_all(&model.folder).map_err(HubError::io(&model.folder))?;
        Ok(model)
    }

    /// Fetches a model from a hub. What an earlier attempt brought is used again.
    pub async fn pull(&self, hub: &Hub, repo: &RepoId, said: &Said, mut progress: impl FnMut(u64, u64)) -> Result<Shelved, HubError> {
        let (commit, files) = hub.files(repo).await?;
        let names: Vec<String> = files.iter().map(|f| f.path.clone()).collect();
        let choice = Choice::among(&names, said.file.as_deref(), Torch::here())?;
        let name = format!("{}--{}", repo.owner, repo.name);
        let part = self.part(&name, &commit, &choice)?;
        let wanted: Vec<_> =
            choice.files().filter_map(|(from, to)| Some((files.iter().find(|f| f.path == from)?, part.join(to)))).collect();
        let total = wanted.iter().map(|(file, _)| file.size).sum();
        let mut done = 0;
        for (file, to) in wanted {
            fetch(hub, (repo, &commit), file, &to, |have| progress(done + have, total)).await?;
            done += file.size;
        }
        self.place(&name, &commit, &part, said)
    }

    /// Takes a model from a folder of this machine that looks like a repository of the hub.
    pub fn take(&self, from: &Path, name: &str, said: &Said) -> Result<Shelved, HubError> {
        let mut names = Vec::new();
        for at in [from.to_owned(), from.join("onnx")] {
            let Ok(entries) = fs::read_dir(&at) else { continue };
            for entry in entries {
                let path = entry.map_err(HubError::io(&at))?.path();
                names.extend(path.strip_prefix(from).ok().and_then(Path::to_str).map(|n| n.replace('\\', "/")));
            }
        }
        if names.is_empty() {
            return Err(HubError::Unusable(format!("{} is no folder with files", from.display())));
        }
        let choice = Choice::among(&names, said.file.as_deref(), Torch::here())?;
        let part = self.part(name, "local", &choice)?;
        for (file, to) in choice.files() {
            let source = from.join(file);
            let size = fs::metadata(&source).map_err(HubError::io(&source))?.len();
            if to != choice.kept_as() && size > MAX_SMALL {
                return Err(HubError::Unusable(format!("{file} is larger than any such file")));
            }
            fs::copy(&source, part.join(to)).map_err(HubError::io(source))?;
        }
        self.place(name, "local", &part, said)
    }

    fn chosen(&self) -> Result<Option<String>, HubError> {
        let mark = self.folder.join(IN_USE);
        match fs::read_to_string(&mark) {
            Ok(name) => Ok(Some(name.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(HubError::io(mark)(error)),
        }
    }

    fn find(&self, name: &str) -> Result<Shelved, HubError> {
        let wanted = name.replace('/', "--");
        let mut models = self.list()?;
        if let Some(at) = models.iter().position(|m| m.name == wanted) {
            return Ok(models.swap_remove(at));
        }
        let known: Vec<_> = std::iter::once("bundled".to_owned()).chain(models.into_iter().map(|m| m.name)).collect();
        Err(HubError::Unknown { name: name.to_owned(), known: known.join(", ") })
    }

    /// Where a model is put together. What is there of another commit is no beginning of this one, and another network would
    /// decide what runs the model.
    fn part(&self, name: &str, commit: &str, choice: &Choice) -> Result<PathBuf, HubError> {
        let part = self.folder.join(format!("{name}{PART}"));
        let mark = part.join("commit");
        if fs::read_to_string(&mark).is_ok_and(|c| c != commit) {
            fs::remove_dir_all(&part).map_err(HubError::io(&part))?;
        }
        fs::create_dir_all(&part).map_err(HubError::io(&part))?;
        fs::write(&mark, commit).map_err(HubError::io(mark))?;
        for other in networks().filter(|name| *name != choice.kept_as()).map(|name| part.join(name)) {
            match fs::remove_file(&other) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(HubError::io(other)(error)),
                _ => {}
            }
        }
        Ok(part)
    }

    /// Writes what Ebb needs to know beside the files, and gives the whole its name.
    fn place(&self, name: &str, commit: &str, part: &Path, said: &Said) -> Result<Shelved, HubError> {
        let config = part.join("config.json");
        let classes = ClassNames::read(&fs::read(&config).map_err(HubError::io(config))?, said.labels.as_deref())?;
        let languages = if said.languages.is_empty() { vec!["*".to_owned()] } else { said.languages.clone() };
        let settings = classes.settings(name, &commit.chars().take(12).collect::<String>(), &languages);
        let path = part.join("settings.json");
        fs::write(&path, format!("{settings:#}\n")).map_err(HubError::io(path))?;
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(HubError::io(&folder))?;
        }
        fs::rename(part, &folder).map_err(HubError::io(&folder))?;
        self.find(name)
    }
}

/// The names that networks have here.
fn networks() -> impl Iterator<Item = &'static str> {
    std::iter::once(ONNX).chain(TORCH)
}

/// What is not whole yet ends so.
const PART: &str = ".part";
