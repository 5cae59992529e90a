//! The engine for larger models and graphics cards: libtorch in fp32, with the networks of `rust-bert` where they are exact
//! and our own ones where they are not (`encoder`).
//!
//! Texts of like length share a batch, filled up to the longest and masked. A reading depends on its neighbours by rounding
//! only (below 1e-5), not bit for bit as with the embedded engine. Both panic where libtorch refuses; that costs
//! the texts of the call, never the program.

mod encoder;
mod network;
mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use tch::nn::VarStore;
use tch::{Cuda, Kind, Tensor, no_grad};
use tokenizers::Tokenizer;

use self::network::Network;
use super::choice::{self, read};
use super::engine::{Engine, EngineError, Passage, Reading};
use super::settings::Settings;
use super::tokens;
use crate::domain::engine::Device;

/// Texts in a batch on the processor: more are no faster there.
const ROWS_CPU: usize = 32;
/// Texts in a batch on a graphics card, which is idle below.
const ROWS_CUDA: usize = 256;
/// Numbers in a batch, filling counted: attention of long texts costs the square of their length.
const MOST_TOKENS: usize = 16 * 1024;

/// A model of a folder and where it runs. It is loaded when the first text comes.
pub struct RustBert {
    settings: Settings,
    folder: PathBuf,
    device: Device,
    threads: usize,
    loaded: OnceLock<Result<Loaded, EngineError>>,
}

struct Loaded {
    tokenizer: Tokenizer,
    /// libtorch spreads one batch over the threads by itself; tensors may not be shared between threads.
    network: Mutex<Network>,
    device: tch::Device,
}

/// The tokens of a text, and its place among the texts.
struct Row {
    at: usize,
    ids: Vec<i64>,
}

impl RustBert {
    /// The model of a folder: `config.json`, a tokenizer, and `model.safetensors` or `rust_model.ot`.
    pub fn from_folder(folder: &Path, device: Device, threads: usize) -> Result<Self, EngineError> {
        let settings = choice::settings(folder)?;
        if settings.has_severity_output() {
            return Err(EngineError::load(
                settings.name(),
                "settings.json: `severity` must be `of_classes`; rust-bert has no output for it",
            ));
        }
        Ok(Self { settings, folder: folder.to_owned(), device, threads, loaded: OnceLock::new() })
    }

    fn loaded(&self) -> Result<&Loaded, EngineError> {
        self.loaded.get_or_init(|| self.guarded(|| self.load())).as_ref().map_err(Clone::clone)
    }

    fn load(&self) -> Result<Loaded, EngineError> {
        let fail = |reason: String| EngineError::load(self.name(), reason);
        let tokenizer = tokens::of_folder(&self.folder, &self.settings)?;
        let device = on(self.device).map_err(fail)?;
        let config = read(&self.folder, "config.json")?;
        let mut store = VarStore::new(device);
        let network =
            Network::new(&store.root(), &config, self.settings.classes()).map_err(|reason| fail(format!("config.json: {reason}")))?;
        weights::load(&store, &self.folder).map_err(fail)?;
        store.freeze();
        Ok(Loaded { tokenizer, network: Mutex::new(network), device })
    }

    /// What `rust-bert` cannot do ends in a panic of its own.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(EngineError::Panicked { model: self.name().to_owned() }))
    }

    fn rows(&self, loaded: &Loaded, passages: &[Passage<'_>]) -> Result<Vec<Row>, EngineError> {
        let row = |(at, passage): (usize, &Passage<'_>)| {
            let encoded = loaded.tokenizer.encode_fast(passage.text, true).map_err(|e| EngineError::run(self.name(), e))?;
            Ok(Row { at, ids: encoded.get_ids().iter().map(|id| i64::from(*id)).collect() })
        };
        let mut rows = passages.iter().enumerate().map(row).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.ids.len()));
        Ok(rows)
    }

    fn read_batch(&self, loaded: &Loaded, rows: &[Row]) -> Result<Vec<Reading>, EngineError> {
        let fail = |reason: String| EngineError::run(self.name(), reason);
        let (ids, mask) = tensors(rows);
        let network = loaded.network.lock().unwrap_or_else(PoisonError::into_inner);
        let logits = no_grad(|| network.logits(&ids.to_device(loaded.device), &mask.to_device(loaded.device)));
        let logits = logits.map_err(|e| fail(e.to_string()))?.to_kind(Kind::Float).contiguous().view(-1);
        let logits = Vec::<f32>::try_from(logits).map_err(|e| fail(e.to_string()))?;
        let classes = self.settings.classes();
        if logits.len() != rows.len() * classes {
            return Err(fail(format!("{} logits came out for {} texts of {classes} classes", logits.len(), rows.len())));
        }
        let read = |logits: &[f32]| self.settings.read(logits, None).ok_or_else(|| fail("a logit is not finite".to_owned()));
        logits.chunks_exact(classes).map(read).collect()
    }
}

impl Engine for RustBert {
    fn name(&self) -> &str {
        self.settings.name()
    }

    fn languages(&self) -> &[String] {
        self.settings.languages()
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError> {
        let loaded = self.loaded()?;
        // libtorch keeps this for each thread that asks.
        tch::set_num_threads(i32::try_from(self.threads).unwrap_or(1));
        let rows = self.rows(loaded, passages)?;
        let mut found = Vec::with_capacity(rows.len());
        for batch in batches(&rows, self.device) {
            let readings = self.guarded(|| self.read_batch(loaded, batch))?;
            found.extend(batch.iter().map(|row| row.at).zip(readings));
        }
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, reading)| reading).collect())
    }
}

impl std::fmt::Debug for RustBert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RustBert").field("name", &self.name()).field("device", &self.device).finish_non_exhaustive()
    }
}

fn on(device: Device) -> Result<tch::Device, String> {
    let Device::Cuda(number) = device else { return Ok(tch::Device::Cpu) };
    let cards = if Cuda::is_available() { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    if number >= cards {
        return Err(format!(
            "[score] device = \"{device}\": libtorch sees {cards} such cards (the program must be linked with a libtorch for CUDA, and a \
             driver be there: docs/models.md)"
        ));
    }
    Ok(tch::Device::Cuda(number))
}

/// Rows of like length, which stand one after the other, in batches that memory holds.
fn batches(rows: &[Row], device: Device) -> impl Iterator<Item = &[Row]> {
    let most = if device == Device::Cpu { ROWS_CPU } else { ROWS_CUDA };
    let mut rest = rows;
    std::iter::from_fn(move || {
        // The first one is the longest.
        let length = rest.first()?.ids.len().max(1);
        let (batch, others) = rest.split_at((MOST_TOKENS / length).clamp(1, most).min(rest.len()));
        rest = others;
        Some(batch)
    })
}

/// Ids filled up with 0 to the longest row, and where they are text.
fn tensors(rows: &[Row]) -> (Tensor, Tensor) {
    let length = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
    let (mut ids, mut mask) = (Vec::with_capacity(rows.len() * length), Vec::with_capacity(rows.len() * length));
    for row in rows {
        let filling = length - row.ids.len();
        ids.extend(row.ids.iter().copied().chain(std::iter::repeat_n(0, filling)));
        mask.extend(std::iter::repeat_n(1_i64, row.ids.len()).chain(std::iter::repeat_n(0, filling)));
    }
    #[expect(clippy::cast_possible_wrap, reason = "as many as memory holds")]
    let shape = [rows.len() as i64, length as i64];
    (Tensor::from_slice(&ids).view(shape), Tensor::from_slice(&mask).view(shape))
}

#[cfg(test)]
mod tests;
