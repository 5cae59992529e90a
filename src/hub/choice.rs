//! Which files of a repository make a model.

use super::HubError;
use crate::domain::engine::{ONNX, TORCH, Torch, WITHOUT_TORCH};

/// Where exports of a model lie, the one that is small and fast first.
const EXPORTS: &[&str] =
    &["onnx/model_quantized.onnx", "model_quantized.onnx", "onnx/model_int8.onnx", "onnx/model.onnx", "model.onnx", "onnx/model_fp16.onnx"];

/// Where networks for libtorch lie.
const WEIGHTS: &[&str] = &TORCH;

/// How text becomes numbers: the whole rule in one file, or the words of BERT, or those of RoBERTa with their merges.
const WORDS: &[&[&str]] = &[&["tokenizer.json"], &["vocab.txt"], &["vocab.json", "merges.txt"]];

/// Says of words alone whether capitals count.
const CASE: &str = "tokenizer_config.json";

/// The files to take, by their name in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The network.
    model: String,
    /// Its name here, which decides what runs it.
    kept_as: &'static str,
    /// How text becomes numbers.
    words: Vec<&'static str>,
}

impl Choice {
    /// Chooses among the files of a repository; `wanted` names another network file than the first that fits. ONNX goes before
    /// what only libtorch can run.
    pub fn among(files: &[String], wanted: Option<&str>, torch: Torch) -> Result<Self, HubError> {
        let has = |name: &str| files.iter().any(|f| f == name);
        if !has("config.json") {
            if has("settings.json") {
                return unusable("it has a settings.json and no config.json: such a model is named by its folder, `[score] model`");
            }
            return unusable("there is no config.json: it is no text classifier, and cannot run here");
        }
        let Some(words) = WORDS.iter().find(|names| names.iter().all(|name| has(name))) else {
            return unusable(
                "there is neither a tokenizer.json nor a vocabulary of BERT or RoBERTa: its texts cannot be read here. \
                `AutoTokenizer.from_pretrained(…).save_pretrained(FOLDER)` (transformers) writes a tokenizer.json; pull it with --from FOLDER",
            );
        };
        let mut words = words.to_vec();
        if words != ["tokenizer.json"] && has(CASE) {
            words.push(CASE);
        }
        let model = network(files, wanted)?;
        let kept_as = match TORCH.iter().find(|name| model.ends_with(*name)) {
            Some(_) if torch == Torch::Missing => {
                return unusable(format!("there is no .onnx file, and {WITHOUT_TORCH}, and pull it with --from FOLDER"));
            }
            Some(name) => *name,
            None => ONNX,
        };
        if has(&format!("{model}_data")) || has(&format!("{model}.data")) {
            return unusable(format!(
                "{model} keeps its weights in a second file, which the embedded engine does not read; name another with --file"
            ));
        }
        Ok(Self { model: model.to_owned(), kept_as, words })
    }

    /// Each file and the name that it gets here, the network last.
    pub fn files(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let small = std::iter::once("config.json").chain(self.words.iter().copied()).map(|name| (name, name));
        small.chain(std::iter::once((self.model.as_str(), self.kept_as)))
    }

    /// The name of the network here.
    pub fn kept_as(&self) -> &'static str {
        self.kept_as
    }
}

/// The network file to take.
fn network<'a>(files: &'a [String], wanted: Option<&str>) -> Result<&'a str, HubError> {
    let find = |name: &str| files.iter().map(String::as_str).find(|f| *f == name);
    let onnx: Vec<&str> = files.iter().map(String::as_str).filter(|f| f.to_ascii_lowercase().ends_with(".onnx")).collect();
    if let Some(name) = wanted {
        let known = || onnx.iter().copied().chain(WEIGHTS.iter().filter_map(|name| find(name))).collect::<Vec<_>>().join(", ");
        let is_network = onnx.contains(&name) || WEIGHTS.contains(&name);
        let found = find(name).filter(|_| is_network);
        return found.ok_or_else(|| HubError::Unusable(format!("there is no {name} to run; there are: {}", known())));
    }
    let found =
        EXPORTS.iter().find_map(|name| find(name)).or_else(|| onnx.first().copied()).or_else(|| WEIGHTS.iter().find_map(|name| find(name)));
    found.ok_or_else(|| {
        HubError::Unusable(
            "there is no .onnx, no model.safetensors (in one piece) and no rust_model.ot, and nothing else can run here; export one with \
             `optimum-cli export onnx` and pull it with --from FOLDER"
                .to_owned(),
        )
    })
}

fn unusable<T>(what: impl Into<String>) -> Result<T, HubError> {
    Err(HubError::Unusable(what.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn among(names: &[&str], wanted: Option<&str>, torch: Torch) -> Result<Choice, HubError> {
        Choice::among(&files(names), wanted, torch)
    }

    fn refused(names: &[&str], wanted: Option<&str>) -> String {
        among(names, wanted, Torch::Missing).expect_err("refused").to_string()
    }

    #[test]
    fn the_small_export_is_taken_and_what_cannot_run_is_named() {
        let all = ["config.json", "tokenizer.json", "onnx/model.onnx", "onnx/model_quantized.onnx", "model.safetensors"];
        let chosen = |wanted| among(&all, wanted, Torch::BuiltIn).expect("a choice");
        assert_eq!((chosen(None).model.as_str(), chosen(None).kept_as), ("onnx/model_quantized.onnx", "model.onnx"));
        assert_eq!(chosen(Some("onnx/model.onnx")).model, "onnx/model.onnx");
        assert_eq!(chosen(Some("model.safetensors")).kept_as, "model.safetensors");
        for (names, says) in [
            (vec!["config.json", "tokenizer.json", "pytorch_model.bin"], "export"),
            (vec!["config.json", "tokenizer.json", "model-00001-of-00002.safetensors"], "in one piece"),
            (vec!["config.json", "model.onnx"], "tokenizer.json"),
            (vec!["config.json", "spm.model", "model.onnx"], "save_pretrained"),
            (vec!["tokenizer.json", "model.onnx"], "config.json"),
            (vec!["settings.json", "tokenizer.json", "model.onnx"], "[score] model"),
            (vec!["config.json", "tokenizer.json", "model.onnx", "model.onnx_data"], "second file"),
        ] {
            let error = refused(&names, None);
            assert!(error.contains(says), "{error}");
        }
        assert!(refused(&all, Some("other.onnx")).contains("onnx/model.onnx"));
        assert!(refused(&all, Some("config.json")).contains("onnx/model.onnx"));
    }

    #[test]
    fn what_only_libtorch_runs_is_taken_when_it_is_there_and_else_told_how_to_get_it() {
        let names = ["config.json", "vocab.json", "merges.txt", "tokenizer_config.json", "rust_model.ot", "model.safetensors"];
        let chosen = among(&names, None, Torch::BuiltIn).expect("a choice");
        let kept: Vec<_> = chosen.files().map(|(_, to)| to).collect();
        assert_eq!(kept, ["config.json", "vocab.json", "merges.txt", "tokenizer_config.json", "model.safetensors"]);
        let error = refused(&names, None);
        assert!(error.contains("--features rust-bert") && error.contains("optimum-cli"), "{error}");
    }
}
