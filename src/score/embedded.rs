//! The default engine: a small BERT in ONNX, run by `rten` inside this process, without any system library.
//!
//! One text is one run: no padding, and no neighbour that could move its score (int8 models take their activation scale
//! from the whole tensor that they are given). With weights packed at load time this is as fast as batches. Texts are
//! spread over lanes, one a core, that share one copy of the weights.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use tokenizers::Tokenizer;

use super::choice::{self, read};
use super::engine::{Engine, EngineError, Passage, Reading};
use super::settings::Settings;
use super::tokens;
use crate::domain::engine::ONNX;

const MODEL: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-en/model.onnx"));
const TOKENIZER: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-en/tokenizer.json"));
const SETTINGS: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-en/settings.json"));

/// A model and where it runs. It is loaded when the first text comes.
pub struct Embedded {
    settings: Settings,
    files: Files,
    lanes: usize,
    loaded: OnceLock<Result<Loaded, EngineError>>,
}

enum Files {
    Bundled,
    Folder(PathBuf),
}

struct Loaded {
    model: Model,
    tokenizer: Tokenizer,
    ids: NodeId,
    mask: NodeId,
    /// Which sentence a token belongs to; some exports want it although there is one sentence only.
    types: Option<NodeId>,
    logits: NodeId,
    /// Models from elsewhere have none.
    severity: Option<NodeId>,
    /// The classes of a text that was read word by word into English. Only the bundled model has it.
    gloss: Option<NodeId>,
    /// One single-threaded pool a lane: `rten` would spread one small product over all cores otherwise.
    pools: Vec<Arc<ThreadPool>>,
}

impl Embedded {
    /// The English model inside this program, on `lanes` cores (see [`cores`]).
    pub fn bundled(lanes: usize) -> Result<Self, EngineError> {
        Ok(Self::new(Settings::parse(SETTINGS, "bundled")?, Files::Bundled, lanes))
    }

    /// A model of the same layout in a folder: `model.onnx`, `tokenizer.json`, `settings.json` (or the `config.json` that it
    /// came with).
    pub fn from_folder(folder: &Path, lanes: usize) -> Result<Self, EngineError> {
        Ok(Self::new(choice::settings(folder)?, Files::Folder(folder.to_owned()), lanes))
    }

    fn new(settings: Settings, files: Files, lanes: usize) -> Self {
        Self { settings, files, lanes: lanes.max(1), loaded: OnceLock::new() }
    }

    /// Loads the model now instead of with the first text, and says whether that works.
    pub fn load(&self) -> Result<(), EngineError> {
        self.loaded().map(|_| ())
    }

    fn loaded(&self) -> Result<&Loaded, EngineError> {
        self.loaded.get_or_init(|| Loaded::new(&self.files, &self.settings, self.lanes)).as_ref().map_err(Clone::clone)
    }

    /// What the encoder makes of texts that were read word by word into English (see [`super::gloss`]), before any
    /// calibration; in the order of the texts.
    pub(super) fn of_glosses(&self, glosses: &[Passage<'_>]) -> Result<Vec<OfGloss>, EngineError> {
        self.spread(glosses, |loaded, text, pool| loaded.of_gloss(text, &self.settings, pool))
    }

    /// `read` for each text, over all lanes; in the order of the texts.
    fn spread<T: Send>(&self, passages: &[Passage<'_>], read: impl Read<T>) -> Result<Vec<T>, EngineError> {
        let loaded = self.loaded()?;
        let queue = Queue::longest_first(passages);
        let lanes = &loaded.pools[..passages.len().clamp(1, loaded.pools.len())];
        let (own, others) = lanes.split_at(1);
        let run = |pool| self.run_lane(loaded, pool, &queue, &read);
        let parts = thread::scope(|scope| {
            let others: Vec<_> = others.iter().map(|pool| scope.spawn(|| run(pool))).collect();
            let mut parts = vec![run(&own[0])];
            let crashed = |_| Err(EngineError::Panicked { model: self.settings.name().to_owned() });
            parts.extend(others.into_iter().map(|lane| lane.join().unwrap_or_else(crashed)));
            parts
        });
        let mut parts: Vec<_> = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        parts.sort_unstable_by_key(|(at, _)| *at);
        Ok(parts.into_iter().map(|(_, reading)| reading).collect())
    }

    fn run_lane<T: Send>(
        &self,
        loaded: &Loaded,
        pool: &Arc<ThreadPool>,
        queue: &Queue<'_>,
        read: &impl Read<T>,
    ) -> Result<Vec<(usize, T)>, EngineError> {
        let work = || {
            let mut found = Vec::new();
            while let Some((at, text)) = queue.next() {
                found.push((at, read(loaded, text, pool)?));
            }
            Ok(found)
        };
        // A defect in a dependency must cost these texts, not the lane or the program.
        catch_unwind(AssertUnwindSafe(|| pool.run(work)))
            .unwrap_or_else(|_| Err(EngineError::Panicked { model: self.settings.name().to_owned() }))
    }
}

impl Engine for Embedded {
    fn name(&self) -> &str {
        self.settings.name()
    }

    fn languages(&self) -> &[String] {
        self.settings.languages()
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Reading>, EngineError> {
        self.spread(passages, |loaded, text, pool| loaded.read(text, &self.settings, pool))
    }
}

/// What is done with one text on one lane.
trait Read<T>: Fn(&Loaded, &str, &Arc<ThreadPool>) -> Result<T, EngineError> + Sync {}
impl<T, F: Fn(&Loaded, &str, &Arc<ThreadPool>) -> Result<T, EngineError> + Sync> Read<T> for F {}

/// Raw outputs for a gloss.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfGloss {
    /// Of negative, neutral, positive.
    pub logits: [f32; 3],
    /// Before scale and offset.
    pub severity: f32,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("name", &self.settings.name()).field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

/// Texts that the lanes take one after the other, longest first, so that all lanes end at about the same time.
struct Queue<'a> {
    passages: &'a [Passage<'a>],
    order: Vec<usize>,
    next: AtomicUsize,
}

impl<'a> Queue<'a> {
    fn longest_first(passages: &'a [Passage<'a>]) -> Self {
        let mut order: Vec<usize> = (0..passages.len()).collect();
        order.sort_unstable_by_key(|at| std::cmp::Reverse(passages[*at].text.len()));
        Self { passages, order, next: AtomicUsize::new(0) }
    }

    fn next(&self) -> Option<(usize, &'a str)> {
        let at = *self.order.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        Some((at, self.passages[at].text))
    }
}

impl Loaded {
    fn new(files: &Files, settings: &Settings, lanes: usize) -> Result<Self, EngineError> {
        let fail = |reason: String| EngineError::load(settings.name(), reason);
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let (model, tokenizer) = match files {
            Files::Bundled => {
                let tokenizer = Tokenizer::from_bytes(TOKENIZER).map_err(|e| fail(format!("tokenizer.json: {e}")))?;
                (options.load_static_slice(MODEL), tokens::ready(tokenizer, settings)?)
            }
            Files::Folder(folder) => (options.load(read(folder, ONNX)?), tokens::of_folder(folder, settings)?),
        };
        let model = model.map_err(|e| fail(format!("model.onnx: {e}")))?;
        let node = |name: &str| model.node_id(name).map_err(|_| fail(format!("model.onnx has no `{name}`")));
        Ok(Self {
            ids: node("input_ids")?,
            mask: node("attention_mask")?,
            logits: node("logits")?,
            severity: if settings.has_severity_output() { Some(node("severity")?) } else { None },
            gloss: model.find_node("gloss").filter(|id| model.output_ids().contains(id)),
            types: model.find_node("token_type_ids").filter(|id| model.input_ids().contains(id)),
            model,
            tokenizer,
            pools: (0..lanes).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect(),
        })
    }

    fn read(&self, text: &str, settings: &Settings, pool: &Arc<ThreadPool>) -> Result<Reading, EngineError> {
        let outputs: Vec<NodeId> = [Some(self.logits), self.severity].into_iter().flatten().collect();
        let mut found = self.run(text, &outputs, settings, pool)?.into_iter();
        let logits = found.next().unwrap_or_default();
        let severity = found.next().and_then(|s| s.first().copied());
        settings.read(&logits, severity).ok_or_else(|| {
            let reason = "settings.json must name as many labels, and all must be finite";
            EngineError::run(settings.name(), format!("{} logits came out that make no score: {reason}", logits.len()))
        })
    }

    fn of_gloss(&self, text: &str, settings: &Settings, pool: &Arc<ThreadPool>) -> Result<OfGloss, EngineError> {
        let (Some(gloss), Some(severity)) = (self.gloss, self.severity) else {
            return Err(EngineError::run(settings.name(), "it has no output for glosses"));
        };
        let found = self.run(text, &[gloss, severity], settings, pool)?;
        match &found[..] {
            [logits, severity] if logits.len() == 3 && severity.len() == 1 => {
                Ok(OfGloss { logits: [logits[0], logits[1], logits[2]], severity: severity[0] })
            }
            _ => Err(EngineError::run(settings.name(), "its outputs for a gloss have another shape")),
        }
    }

    /// The numbers of these outputs for one text.
    fn run(&self, text: &str, outputs: &[NodeId], settings: &Settings, pool: &Arc<ThreadPool>) -> Result<Vec<Vec<f32>>, EngineError> {
        let fail = |reason: String| EngineError::run(settings.name(), reason);
        let encoded = self.tokenizer.encode_fast(text, true).map_err(|e| fail(e.to_string()))?;
        let ids: Vec<i32> = encoded.get_ids().iter().map(|id| i32::try_from(*id).unwrap_or(0)).collect();
        let shape = [1, ids.len()];
        let tensor = |numbers: Vec<i32>| Value::from_shape(shape, numbers).map_err(|e| fail(e.to_string()));
        let mut inputs = vec![(self.mask, tensor(vec![1; ids.len()])?.into())];
        if let Some(types) = self.types {
            inputs.push((types, tensor(vec![0; ids.len()])?.into()));
        }
        inputs.push((self.ids, tensor(ids)?.into()));
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let found = self.model.run(inputs, outputs, Some(options)).map_err(|e| fail(e.to_string()))?;
        Ok(found.into_iter().map(floats).collect())
    }
}

/// The numbers of an output, whatever its shape; empty when it holds no floats.
fn floats(value: Value) -> Vec<f32> {
    rten_tensor::Tensor::<f32>::try_from(value).map(rten_tensor::Tensor::into_data).unwrap_or_default()
}

/// Cores that this process may use: the default number of lanes.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sentiment::Label;
    use crate::score::prepare::{Prepared, prepare};

    /// The files say what ONNX Runtime made of texts of our own, one text a run.
    #[derive(serde::Deserialize)]
    struct Known {
        text: String,
        preprocessed: String,
        input_ids: Vec<u32>,
        #[serde(flatten)]
        onnx_int8: Numbers,
    }

    #[derive(serde::Deserialize)]
    struct Numbers {
        probabilities: [f32; 3],
        severity: f32,
        label: Label,
    }

    fn reference() -> Vec<Known> {
        let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/ebb-en/reference.json"));
        serde_json::from_str(json).expect("reference.json")
    }

    fn score(engine: &Embedded, texts: &[&str]) -> Vec<Reading> {
        let passages: Vec<_> = texts.iter().map(|text| Passage { text, lang: "en" }).collect();
        engine.score(&passages).expect("scored")
    }

    #[test]
    fn texts_are_prepared_and_cut_into_tokens_as_in_training() {
        let engine = Embedded::bundled(1).expect("settings");
        let tokenizer = &engine.loaded().expect("loaded").tokenizer;
        for known in reference() {
            if let Prepared::Text(text) = prepare(&known.text) {
                assert_eq!(text, known.preprocessed);
            }
            assert_eq!(
                tokenizer.encode_fast(known.preprocessed.as_str(), true).expect("tokens").get_ids(),
                known.input_ids,
                "{}",
                known.text
            );
        }
    }

    /// Both engines round activations to 8 bits in each of 24 products, over a range that a few large values stretch. A
    /// last bit that differs between them moves a value by a whole step, and the steps add up: ONNX Runtime's int8 is
    /// itself up to 0.05 away from the model before it was rounded. So single scores may differ by as much, but not on
    /// average, and a label only where it was close.
    #[test]
    fn scores_are_those_of_onnx_runtime_but_for_rounding() {
        let engine = Embedded::bundled(2).expect("settings");
        let known = reference();
        let texts: Vec<&str> = known.iter().map(|k| k.preprocessed.as_str()).collect();
        let (mut sum, mut other_labels) = (0.0, 0);
        for (reading, known) in score(&engine, &texts).iter().zip(&known) {
            let wanted = &known.onnx_int8;
            let pairs = reading.probabilities.values().into_iter().zip(wanted.probabilities);
            let off = pairs.chain([(reading.severity.get(), wanted.severity)]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 0.08, "{off}: {}", known.text);
            sum += off;
            other_labels += usize::from(reading.label != wanted.label);
        }
        assert!(sum / (known.len() as f32) < 0.02, "{}", sum / known.len() as f32);
        assert!(other_labels <= 1, "{other_labels} of {}", known.len());
    }

    #[test]
    fn a_score_does_not_depend_on_neighbours_or_lanes() {
        let known = reference();
        let texts: Vec<&str> = known.iter().map(|k| k.preprocessed.as_str()).collect();
        let together = score(&Embedded::bundled(3).expect("settings"), &texts);
        let alone = Embedded::bundled(1).expect("settings");
        let alone: Vec<Reading> = texts.iter().map(|text| score(&alone, &[text])[0]).collect();
        assert_eq!(together, alone);
    }

    #[test]
    fn a_folder_that_holds_no_model_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Embedded::from_folder(folder.path(), 1).expect_err("refused").to_string();
        assert!(error.contains("settings.json") && error.contains(&folder.path().display().to_string()), "{error}");
        std::fs::write(folder.path().join("settings.json"), SETTINGS).expect("written");
        std::fs::write(folder.path().join("model.onnx"), b"no model").expect("written");
        std::fs::write(folder.path().join("tokenizer.json"), TOKENIZER).expect("written");
        let error = Embedded::from_folder(folder.path(), 1).expect("settings").load().expect_err("refused").to_string();
        assert!(error.contains("model.onnx"), "{error}");
    }
}
