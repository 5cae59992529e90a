//! How a text becomes the numbers that a model reads: from `tokenizer.json`, else from the bare vocabulary of an older model.

use std::path::Path;

use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{Tokenizer, TruncationParams};

use super::choice::read;
use super::engine::EngineError;
use super::settings::Settings;

/// The tokenizer of a model in a folder, which gives the ids that the reference implementation (transformers) gives.
pub(super) fn of_folder(folder: &Path, settings: &Settings) -> Result<Tokenizer, EngineError> {
    let has = |name: &str| folder.join(name).is_file();
    let (tokenizer, from) = if has("vocab.txt") && !has("tokenizer.json") {
        (word_pieces(folder), "vocab.txt")
    } else if has("vocab.json") && !has("tokenizer.json") {
        (byte_pairs(folder), "vocab.json and merges.txt")
    } else {
        (Tokenizer::from_bytes(read(folder, "tokenizer.json")?).map_err(|e| e.to_string()), "tokenizer.json")
    };
    ready(tokenizer.map_err(|e| EngineError::load(settings.name(), format!("{from}: {e}")))?, settings)
}

/// Cuts texts to what the model reads; padding is the engine's.
pub(super) fn ready(mut tokenizer: Tokenizer, settings: &Settings) -> Result<Tokenizer, EngineError> {
    let truncation = TruncationParams { max_length: settings.max_tokens(), ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(|e| EngineError::load(settings.name(), format!("tokenizer: {e}")))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// BERT and DistilBERT.
fn word_pieces(folder: &Path) -> Result<Tokenizer, String> {
    let path = folder.join("vocab.txt");
    let words = WordPiece::from_file(&path.to_string_lossy()).unk_token("[UNK]".to_owned()).build().map_err(|e| e.to_string())?;
    let mut tokenizer = Tokenizer::new(words);
    let id = |token: &str| tokenizer.token_to_id(token).ok_or_else(|| format!("there is no {token}"));
    let ends = BertProcessing::new(("[SEP]".to_owned(), id("[SEP]")?), ("[CLS]".to_owned(), id("[CLS]")?));
    let lowercase = Notes::read(folder)?.do_lower_case.unwrap_or(true);
    tokenizer.with_normalizer(Some(BertNormalizer::new(true, true, None, lowercase))).map_err(|e| e.to_string())?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(ends));
    Ok(tokenizer)
}

/// RoBERTa, and the first DeBERTa, which ends texts like BERT.
fn byte_pairs(folder: &Path) -> Result<Tokenizer, String> {
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let pairs = BPE::from_file(&file("vocab.json"), &file("merges.txt")).build().map_err(|e| e.to_string())?;
    let mut tokenizer = Tokenizer::new(pairs);
    let spaced = Notes::read(folder)?.add_prefix_space.unwrap_or(false);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(spaced, true, true)));
    let token = |name: &str| tokenizer.token_to_id(name).map(|id| (name.to_owned(), id));
    match (token("<s>"), token("</s>"), token("[CLS]"), token("[SEP]")) {
        (Some(begin), Some(end), _, _) => {
            let ends = RobertaProcessing::new(end, begin).trim_offsets(true).add_prefix_space(spaced);
            tokenizer.with_post_processor(Some(ends));
        }
        (_, _, Some(begin), Some(end)) => {
            tokenizer.with_post_processor(Some(BertProcessing::new(end, begin)));
        }
        _ => return Err("there is neither <s> and </s> nor [CLS] and [SEP]".to_owned()),
    }
    Ok(tokenizer)
}

/// What `tokenizer_config.json` says beside the vocabulary.
#[derive(Debug, Default, serde::Deserialize)]
struct Notes {
    do_lower_case: Option<bool>,
    add_prefix_space: Option<bool>,
}

impl Notes {
    fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("tokenizer_config.json");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let json = std::fs::read(&path).map_err(|e| e.to_string())?;
        serde_json::from_slice(&json).map_err(|e| format!("tokenizer_config.json: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let json = r#"{"name": "t", "version": "1", "languages": ["*"], "labels": ["negative", "positive"], "max_tokens": 8,
            "severity": {"of_classes": [0.5, 0.0]}}"#;
        Settings::parse(json.as_bytes(), "t").expect("settings")
    }

    fn tokens(folder: &Path, text: &str) -> Vec<String> {
        let tokenizer = of_folder(folder, &settings()).expect("a tokenizer");
        tokenizer.encode(text, true).expect("tokens").get_tokens().to_vec()
    }

    #[test]
    fn a_bare_vocabulary_of_bert_is_read_with_its_case() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nbad\n##ly\n.\nBad\n").expect("written");
        assert_eq!(tokens(folder.path(), "Badly. x"), ["[CLS]", "bad", "##ly", ".", "[UNK]", "[SEP]"]);
        std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"do_lower_case": false}"#).expect("written");
        assert_eq!(tokens(folder.path(), "Badly bad"), ["[CLS]", "Bad", "##ly", "bad", "[SEP]"]);
        assert_eq!(tokens(folder.path(), &"bad ".repeat(100)).len(), 8);
    }

    #[test]
    fn a_bare_vocabulary_of_roberta_is_read_with_its_merges() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write(
            "vocab.json",
            r#"{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "b": 4, "a": 5, "d": 6, "ba": 7, "bad": 8, "Ġ": 9, "Ġbad": 10}"#,
        );
        write("merges.txt", "#version: 0.2\nb a\nba d\nĠ bad\n");
        assert_eq!(tokens(folder.path(), "bad bad"), ["<s>", "bad", "Ġbad", "</s>"]);
        write("vocab.json", r#"{"b": 0, "a": 1}"#);
        write("merges.txt", "#version: 0.2\n");
        assert!(of_folder(folder.path(), &settings()).expect_err("refused").to_string().contains("<s>"));
    }

    #[test]
    fn a_folder_without_any_is_told_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(of_folder(folder.path(), &settings()).expect_err("refused").to_string().contains("tokenizer.json"));
        std::fs::write(folder.path().join("vocab.txt"), "bad\n").expect("written");
        assert!(of_folder(folder.path(), &settings()).expect_err("refused").to_string().contains("[SEP]"));
    }
}
