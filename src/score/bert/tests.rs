//! Against tiny models that transformers made (`models/train/tiny_bert.py --arch all`), and what it says their scores are.

use std::fs;

use super::*;
use crate::domain::sentiment::Label;

/// Those in the tree, or new ones that `EBB_TEST_TORCH_MODELS` names.
fn models() -> PathBuf {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/tiny");
    std::env::var_os("EBB_TEST_TORCH_MODELS").map_or(shipped, PathBuf::from)
}

#[derive(serde::Deserialize)]
struct Known {
    text: String,
    input_ids: Vec<i64>,
    probabilities: [f32; 3],
}

fn reference(folder: &Path) -> Vec<Known> {
    serde_json::from_slice(&fs::read(folder.join("reference.json")).expect("reference.json")).expect("JSON")
}

fn engine(folder: &Path) -> RustBert {
    RustBert::from_folder(folder, Device::Cpu, 2).expect("settings")
}

fn score(engine: &RustBert, texts: &[&str]) -> Result<Vec<Reading>, EngineError> {
    engine.score(&texts.iter().map(|text| Passage { text, lang: "en" }).collect::<Vec<_>>())
}

/// A copy of a model, to be spoilt.
fn copy(of: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(of).expect("a folder") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    folder
}

#[test]
fn every_architecture_scores_as_transformers_does_together_and_alone() {
    for name in ["bert", "distilbert", "roberta", "xlm-roberta", "deberta", "deberta-v2", "deberta-v3"] {
        let folder = models().join(name);
        let (engine, known) = (engine(&folder), reference(&folder));
        let texts: Vec<&str> = known.iter().map(|k| k.text.as_str()).collect();
        let together = score(&engine, &texts).expect("scored");
        for (known, together) in known.iter().zip(together) {
            let passage = Passage { text: &known.text, lang: "en" };
            let rows = engine.rows(engine.loaded().expect("loaded"), &[passage]).expect("tokens");
            assert_eq!(rows[0].ids, known.input_ids, "{name}: {:?}", known.text);
            let alone = score(&engine, &[&known.text]).expect("scored")[0];
            for found in [together, alone] {
                let pairs = found.probabilities.values().into_iter().zip(known.probabilities);
                let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(off < 1e-4, "{name}: {off} in {:?}", known.text);
            }
        }
    }
}

#[test]
fn many_texts_of_any_length_come_back_in_their_order() {
    let engine = engine(&models().join("bert"));
    let texts: Vec<String> = (0..150).map(|n| "the worst box ".repeat(n % 37 + 1) + &n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = score(&engine, &texts).expect("scored");
    for (text, together) in texts.iter().zip(&together).step_by(13) {
        let alone = score(&engine, &[text]).expect("scored")[0];
        let near = |label: Label| (alone.probabilities.of(label) - together.probabilities.of(label)).abs() < 1e-4;
        assert!(Label::ALL.into_iter().all(near), "{text}");
    }
    assert!(score(&engine, &[]).expect("nothing to do").is_empty());
}

#[test]
fn what_libtorch_refuses_costs_the_texts_and_not_the_engine() {
    let folder = copy(&models().join("bert"));
    // A tokenizer with more words than the model: the embedding has no row for the last one.
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    tokenizer["model"]["vocab"]["zzzz"] = 60_000.into();
    fs::write(&path, tokenizer.to_string()).expect("written");
    let engine = engine(folder.path());
    assert!(matches!(score(&engine, &["great", "zzzz"]), Err(EngineError::Panicked { .. })));
    assert_eq!(score(&engine, &["great"]).expect("scored").len(), 1);
}

#[test]
fn folders_that_do_not_fit_together_are_refused_in_words() {
    let spoilt_of = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let folder = copy(&models().join(name));
        let path = folder.path().join("config.json");
        let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
        change(&mut config);
        fs::write(path, config.to_string()).expect("written");
        let engine = engine(folder.path());
        score(&engine, &["great"]).expect_err("refused").to_string()
    };
    let spoilt = |change: &dyn Fn(&mut serde_json::Value)| spoilt_of("bert", change);
    for (error, says) in [
        (spoilt(&|config| config["model_type"] = "gpt2".into()), "deberta-v2 are known"),
        (spoilt(&|config| config["model_type"] = "roberta".into()), "another architecture"),
        (spoilt(&|config| config["hidden_size"] = 64.into()), "config.json asks for"),
        (spoilt(&|config| config["hidden_act"] = "magic".into()), "magic"),
        (spoilt(&|config| config["position_embedding_type"] = "relative_key".into()), "absolute"),
        (spoilt(&|config| config["num_attention_heads"] = 0.into()), "does not divide"),
        (spoilt_of("distilbert", &|config| config["n_heads"] = 0.into()), "stopped"),
        (spoilt_of("deberta", &|config| config["talking_head"] = true.into()), "talking_head"),
        (spoilt_of("deberta", &|config| config["pos_att_type"] = "c2p|p2p".into()), "\"p2p\""),
        (spoilt_of("deberta-v3", &|config| config["position_buckets"] = 1.into()), "position_buckets"),
        (spoilt_of("deberta-v3", &|config| config["position_buckets"] = 8.into()), "config.json asks for"),
    ] {
        assert!(error.contains(says), "{error}");
    }
    let error = RustBert::from_folder(&models().join("bert"), Device::Cuda(99), 1).expect("settings").score(&[]).expect_err("no such card");
    assert!(error.to_string().contains("cuda:99"), "{error}");
}

#[test]
fn a_model_of_the_embedded_engine_with_an_output_for_severity_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings =
        r#"{"name": "t", "version": "1", "languages": ["*"], "labels": ["negative", "positive"], "severity": {"scale": 1, "offset": 0}}"#;
    fs::write(folder.path().join("settings.json"), settings).expect("written");
    let error = RustBert::from_folder(folder.path(), Device::Cpu, 1).expect_err("refused").to_string();
    assert!(error.contains("severity"), "{error}");
}
