"""Tiny random classifiers in the usual folder layout, with reference scores.

For testing engines that load published checkpoints (config.json,
tokenizer.json, model.safetensors): small enough to make in a test, with no
training behind them. Transformers says what their scores are, text by text.

    python models/train/tiny_bert.py --out DIR [--arch bert]
    python models/train/tiny_bert.py --out DIR --arch all    # DIR/bert, DIR/roberta …
"""

import argparse
import json
import os

import torch
import transformers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from madeup import WORDS

TEXTS = ["great thanks", "the worst box, i hate it", "opens monday", "a", "love LOVE love 9 times!",
         "broken again 😡 @user http why???", "Großartig, danke! 最高 ¡genial!", "hate " * 90]
SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
RELATIVE = {"relative_attention": True, "position_biased_input": False, "type_vocab_size": 0, "layer_norm_eps": 1e-7}

# Class of transformers, words, and what its configuration says besides the size. Between them the DeBERTas have every
# part that published ones have; what is called v3 is the network of v2.
ARCHITECTURES = {
    "bert": ("Bert", "bert", {"max_position_embeddings": 64, "layer_norm_eps": 1e-6}),
    "distilbert": ("DistilBert", "bert", {"max_position_embeddings": 64, "sinusoidal_pos_embds": False}),
    "roberta": ("Roberta", "bytes", {"max_position_embeddings": 66, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "xlm-roberta": ("XLMRoberta", "unigram", {"max_position_embeddings": 66, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "deberta": ("Deberta", "bytes", {"max_position_embeddings": 64, "max_relative_positions": 24, "pos_att_type": "c2p|p2c",
                                     **RELATIVE}),
    "deberta-v2": ("DebertaV2", "pieces", {"max_position_embeddings": 64, "pos_att_type": "p2c|c2p", **RELATIVE,
                                           "position_biased_input": True, "type_vocab_size": 2, "embedding_size": 24,
                                           "conv_kernel_size": 3, "conv_act": "gelu"}),
    "deberta-v3": ("DebertaV2", "pieces", {"max_position_embeddings": 64, "pos_att_type": "p2c|c2p", **RELATIVE,
                                           "position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True}),
}


def vocabulary():
    """Special tokens, letters, continuations and a few words."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = sorted({w for part in WORDS["en"] for w in part})
    return (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
            + [p + c for p in ("", "##") for c in letters] + list("@#.,!?'/:-()") + words)


def bert_words(folder):
    """Word pieces, with vocab.txt beside tokenizer.json."""
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as handle:
        handle.write("\n".join(vocabulary()) + "\n")
    return BertTokenizerFast(os.path.join(folder, "vocab.txt"))


def subwords(kind, begin, end):
    """Byte pairs or a unigram model, learned from the made-up words; `begin` and `end` enclose a text."""
    special = [begin, "<pad>" if begin == "<s>" else "[PAD]", end, "<unk>" if begin == "<s>" else "[UNK]"]
    if kind == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False,
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    else:
        tokenizer = Tokenizer(models.Unigram())
        # The DeBERTas name the same steps otherwise.
        tokenizer.normalizer = normalizers.NFKC() if kind == "unigram" else normalizers.Sequence(
            [normalizers.Strip(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace() if kind == "unigram" else pre_tokenizers.Sequence(
            [pre_tokenizers.Punctuation(behavior="isolated"), pre_tokenizers.Metaspace(prepend_scheme="always")])
        trainer = trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token=special[3], show_progress=False)
    words = sorted({word for parts in WORDS.values() for part in parts for word in part})
    tokenizer.train_from_iterator([" ".join(words), *words], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, special.index(begin)), (end, special.index(end))])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=begin, eos_token=end, cls_token=begin, sep_token=end,
                                   pad_token=special[1], unk_token=special[3], model_input_names=["input_ids", "attention_mask"])


def make(arch, folder, seed):
    """Writes one folder."""
    os.makedirs(folder, exist_ok=True)
    name, words, more = ARCHITECTURES[arch]
    ends = ("<s>", "</s>") if arch.endswith("roberta") else ("[CLS]", "[SEP]")
    tokenizer = bert_words(folder) if words == "bert" else subwords(words, *ends)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    labels = {0: "negative", 1: "neutral", 2: "positive"}
    size = SIZE if arch != "distilbert" else {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, initializer_range=0.4, id2label=labels,
        label2id={v: k for k, v in labels.items()}, **size, **more)
    model = getattr(transformers, f"{name}ForSequenceClassification")(config).eval()
    with torch.no_grad():
        # Biases would be zero, and normalisations do nothing more: what forgets one would not be noticed.
        for weight in model.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.2)
        # So small that the constant of the first normalisation (RoBERTa's is not the usual one) can be told in the scores.
        for table in model.base_model.embeddings.parameters():
            if table.dim() == 2:
                table.mul_(0.02)
    model.save_pretrained(folder, safe_serialization=True)
    found = []
    for text in TEXTS:
        batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=64)
        with torch.no_grad():
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[0]
        found.append({"text": text, "input_ids": batch["input_ids"][0].tolist(),
                      "logits": logits.tolist(), "probabilities": logits.softmax(-1).tolist()})
    with open(os.path.join(folder, "reference.json"), "w", encoding="utf-8") as handle:
        json.dump(found, handle, indent=1)


def main():
    """Writes the folders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--arch", choices=[*ARCHITECTURES, "all"], default="bert")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.arch == "all":
        for arch in ARCHITECTURES:
            make(arch, os.path.join(args.out, arch), args.seed)
    else:
        make(args.arch, args.out, args.seed)


if __name__ == "__main__":
    main()
