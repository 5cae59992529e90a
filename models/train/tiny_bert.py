"""A tiny random BERT classifier in the usual folder layout, with reference scores.

For testing engines that load published checkpoints (config.json, vocab.txt,
model.safetensors): small enough to make in a test, with no training behind it.

    python models/train/tiny_bert.py --out DIR
"""

import argparse
import json
import os

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from madeup import WORDS

TEXTS = ["great thanks", "the worst box, i hate it", "opens monday", "a", "love LOVE love 9 times!"]


def vocabulary():
    """Special tokens, letters, continuations and a few words."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = sorted({w for part in WORDS["en"] for w in part})
    return (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
            + [p + c for p in ("", "##") for c in letters] + list("@#.,!?'/:-()") + words)


def main():
    """Writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    tokens = vocabulary()
    with open(os.path.join(args.out, "vocab.txt"), "w", encoding="utf-8") as handle:
        handle.write("\n".join(tokens) + "\n")
    tokenizer = BertTokenizerFast(os.path.join(args.out, "vocab.txt"))
    tokenizer.save_pretrained(args.out)
    torch.manual_seed(args.seed)
    labels = {0: "negative", 1: "neutral", 2: "positive"}
    config = BertConfig(vocab_size=len(tokens), hidden_size=32, num_hidden_layers=2,
                        num_attention_heads=2, intermediate_size=64, max_position_embeddings=64,
                        initializer_range=0.4, id2label=labels,
                        label2id={v: k for k, v in labels.items()})
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(args.out, safe_serialization=True)
    found = []
    for text in TEXTS:
        batch = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            logits = model(**batch).logits[0]
        found.append({"text": text, "input_ids": batch["input_ids"][0].tolist(),
                      "logits": logits.tolist(), "probabilities": logits.softmax(-1).tolist()})
    with open(os.path.join(args.out, "reference.json"), "w", encoding="utf-8") as handle:
        json.dump(found, handle, indent=1)


if __name__ == "__main__":
    main()
