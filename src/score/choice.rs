//! Which model reads what the bundled ones need not, and what runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::embedded::{self, Embedded};
use super::engine::{Engine, EngineError};
use super::settings::Settings;
use crate::domain::classes::ClassNames;
#[cfg(not(feature = "rust-bert"))]
use crate::domain::engine::WITHOUT_TORCH;
use crate::domain::engine::{Device, EngineKind, ONNX, TORCH};

/// What the configuration says about the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The folder of a model from elsewhere; `None`: the bundled one.
    pub folder: Option<PathBuf>,
    /// What runs a model from elsewhere.
    pub engine: EngineKind,
    /// Where libtorch computes.
    pub device: Device,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Choice {
    /// The model of a folder, run by what its files ask for.
    pub fn folder(folder: &Path, threads: usize) -> Self {
        Self { folder: Some(folder.to_owned()), threads, ..Self::default() }
    }

    /// The bundled English model. Nothing large is loaded yet.
    pub fn english(&self) -> Result<Arc<Embedded>, EngineError> {
        Ok(Arc::new(Embedded::bundled(self.lanes())?))
    }

    /// The engine for the most exact model; `english` is the bundled one. Nothing large is loaded yet.
    pub fn open(&self, english: &Arc<Embedded>) -> Result<Arc<dyn Engine>, EngineError> {
        let Some(folder) = &self.folder else { return self.bundled(english) };
        let threads = self.lanes();
        let has = |name: &str| folder.join(name).is_file();
        let on_torch = match self.engine {
            EngineKind::Embedded => false,
            EngineKind::RustBert => true,
            EngineKind::Auto => !has(ONNX) && TORCH.into_iter().any(has),
        };
        if on_torch { open_torch(folder, self.device, threads) } else { Ok(Arc::new(Embedded::from_folder(folder, threads)?)) }
    }

    fn lanes(&self) -> usize {
        if self.threads == 0 { embedded::cores() } else { self.threads }
    }

    fn bundled(&self, english: &Arc<Embedded>) -> Result<Arc<dyn Engine>, EngineError> {
        if self.engine == EngineKind::RustBert {
            let reason = "[score] engine = \"rust-bert\" needs a model from elsewhere: name its folder with [score] model, or choose one \
                with `ebb model use`; the model inside the program runs embedded";
            return Err(EngineError::load("bundled", reason));
        }
        Ok(Arc::<Embedded>::clone(english))
    }
}

#[cfg(feature = "rust-bert")]
fn open_torch(folder: &Path, device: Device, threads: usize) -> Result<Arc<dyn Engine>, EngineError> {
    Ok(Arc::new(super::bert::RustBert::from_folder(folder, device, threads)?))
}

#[cfg(not(feature = "rust-bert"))]
fn open_torch(folder: &Path, _: Device, _: usize) -> Result<Arc<dyn Engine>, EngineError> {
    Err(EngineError::load(&folder.display().to_string(), WITHOUT_TORCH))
}

/// What the model of a folder is called and how its outputs are read: `settings.json`, else what `config.json` tells.
pub(super) fn settings(folder: &Path) -> Result<Settings, EngineError> {
    let origin = folder.display().to_string();
    if folder.join("settings.json").exists() {
        return Settings::parse(&read(folder, "settings.json")?, &origin);
    }
    if !folder.join("config.json").exists() {
        return Err(EngineError::load(&origin, "there is neither a settings.json nor a config.json: it is no folder of a model"));
    }
    let config = read(folder, "config.json")?;
    let classes = ClassNames::read(&config, None)
        .map_err(|e| EngineError::load(&origin, format!("{e} (`ebb model pull OWNER/NAME --from FOLDER --labels …` takes them)")))?;
    let name = folder.file_name().map_or_else(|| origin.clone(), |name| name.to_string_lossy().into_owned());
    Settings::parse(classes.settings(&name, "local", &["*".to_owned()]).to_string().as_bytes(), &origin)
}

/// A file of a model.
pub(super) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, EngineError> {
    fs::read(folder.join(name)).map_err(|e| EngineError::load(&folder.display().to_string(), format!("{name}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(choice: &Choice) -> Result<Arc<dyn Engine>, EngineError> {
        choice.open(&choice.english().expect("the bundled model"))
    }

    fn refused(choice: &Choice) -> String {
        open(choice).map(|engine| engine.name().to_owned()).expect_err("refused").to_string()
    }

    #[test]
    fn the_bundled_model_runs_embedded_only() {
        assert!(open(&Choice::default()).is_ok());
        assert!(refused(&Choice { engine: EngineKind::RustBert, ..Choice::default() }).contains("ebb model use"));
    }

    #[test]
    fn a_folder_without_settings_is_read_by_its_config() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("tone");
        fs::create_dir(&model).expect("a folder");
        assert!(refused(&Choice::folder(&model, 1)).contains("config.json"));
        let config = r#"{"architectures":["RobertaForSequenceClassification"],"id2label":{"0":"POS","1":"NEG"}}"#;
        fs::write(model.join("config.json"), config).expect("written");
        let engine = open(&Choice::folder(&model, 1)).expect("settings");
        assert_eq!((engine.name(), engine.languages()), ("tone@local", &["*".to_owned()][..]));
        fs::write(model.join("config.json"), config.replace("NEG", "anger")).expect("written");
        assert!(refused(&Choice::folder(&model, 1)).contains("--labels"));
    }

    #[cfg(not(feature = "rust-bert"))]
    #[test]
    fn without_libtorch_a_model_of_safetensors_says_how_to_build_it_in() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("model.safetensors"), b"").expect("written");
        let by_file = refused(&Choice::folder(folder.path(), 1));
        let by_word = refused(&Choice { engine: EngineKind::RustBert, ..Choice::folder(folder.path(), 1) });
        assert!(by_file.contains("--features rust-bert") && by_word.contains("--features rust-bert"), "{by_file}");
    }
}
