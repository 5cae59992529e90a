//! What may run a sentiment model, and where.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The network that the embedded engine reads.
pub const ONNX: &str = "model.onnx";
/// Networks that libtorch reads, the better one first.
pub const TORCH: [&str; 2] = ["model.safetensors", "rust_model.ot"];

/// How to go on where libtorch is wanted and the program has none.
pub const WITHOUT_TORCH: &str = "this program was built without the engine `rust-bert`, which reads safetensors. Build it with \
    `cargo build --release --features rust-bert` (docs/models.md, \"Larger models and graphics cards\"), or export the model to ONNX \
    (`optimum-cli export onnx --model OWNER/NAME FOLDER`) for the embedded engine";

/// Whether this program has libtorch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torch {
    /// It was built with the feature `rust-bert`.
    BuiltIn,
    /// It was not.
    Missing,
}

impl Torch {
    /// As this program was built.
    pub fn here() -> Self {
        if cfg!(feature = "rust-bert") { Self::BuiltIn } else { Self::Missing }
    }
}

/// What runs the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum EngineKind {
    /// The files of the model decide: ONNX runs embedded, safetensors through libtorch.
    #[default]
    Auto,
    /// Inside the program, without any system library; ONNX files.
    Embedded,
    /// `rust-bert` over libtorch; safetensors and `rust_model.ot`. Only in programs built with the feature of that name.
    RustBert,
}

/// Where libtorch computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card, by its number.
    Cuda(usize),
}

/// A word that names no engine or device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not known here; write {wanted}")]
pub struct UnknownWord {
    word: String,
    wanted: &'static str,
}

impl FromStr for EngineKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "auto" => Ok(Self::Auto),
            "embedded" => Ok(Self::Embedded),
            "rust-bert" => Ok(Self::RustBert),
            _ => Err(UnknownWord { word: word.to_owned(), wanted: "`auto`, `embedded` or `rust-bert`" }),
        }
    }
}

impl FromStr for Device {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let number = word.strip_prefix("cuda:").map(str::parse);
        match (word, number) {
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(Ok(number))) => Ok(Self::Cuda(number)),
            _ => Err(UnknownWord { word: word.to_owned(), wanted: "`cpu`, `cuda` or `cuda:1` (the number of a card, from 0)" }),
        }
    }
}

impl TryFrom<String> for EngineKind {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        word.parse()
    }
}

impl TryFrom<String> for Device {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        word.parse()
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_and_devices_are_known_by_their_words() {
        assert_eq!("rust-bert".parse(), Ok(EngineKind::RustBert));
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        assert_eq!("cuda:3".parse::<Device>().expect("a card").to_string(), "cuda:3");
        for word in ["", "CPU", "cuda:", "cuda:-1", "gpu"] {
            assert!(word.parse::<Device>().expect_err("no device").to_string().contains("cuda:1"), "{word}");
        }
        assert!("onnx".parse::<EngineKind>().expect_err("no engine").to_string().contains("`rust-bert`"));
    }
}
