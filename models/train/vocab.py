"""Teaching the uncased WordPiece vocabulary emoji.

The stock vocabulary knows no emoji: a word with one glued to it becomes
`[UNK]` as a whole. Its ~990 `[unusedN]` slots are given to the commonest
emoji, once at the start of a word and once as a continuation, so the size of
the vocabulary and the tokenizer's code stay as they are. Each new entry
starts from the mean embedding of the words of the emoji's Unicode name.
"""

import json
import unicodedata
from collections import Counter

import torch
from tokenizers import Tokenizer

from textprep import is_emoji


def common_emoji(texts, limit):
    """The commonest emoji in texts, most frequent first, ties by code point."""
    counts = Counter(char for text in texts for char in text if is_emoji(char))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [char for char, _ in ranked[:limit]]


def extend_tokenizer(path, texts, max_tokens):
    """(tokenizer with emoji in the unused slots, {token id: emoji})."""
    with open(path, encoding="utf-8") as handle:
        spec = json.load(handle)
    vocab = spec["model"]["vocab"]
    slots = sorted((i, t) for t, i in vocab.items() if t.startswith("[unused"))
    added, taken = {}, 0
    for char in common_emoji(texts, len(slots)):
        for token in (char, "##" + char):
            if token in vocab or taken >= len(slots):
                continue
            index, old = slots[taken]
            taken += 1
            del vocab[old]
            vocab[token] = index
            added[index] = char
    spec["model"]["vocab"] = dict(sorted(vocab.items(), key=lambda pair: pair[1]))
    spec["truncation"] = {"direction": "Right", "max_length": max_tokens,
                          "strategy": "LongestFirst", "stride": 0}
    spec["padding"] = None
    return Tokenizer.from_str(json.dumps(spec, ensure_ascii=False)), added


def seed_emoji_rows(embedding, tokenizer, added):
    """Start each emoji from the words of its Unicode name."""
    with torch.no_grad():
        for index, char in added.items():
            name = unicodedata.name(char, "").lower().replace("sign", "")
            ids = tokenizer.encode(name, add_special_tokens=False).ids
            if ids:
                embedding.weight[index] = embedding.weight[ids].mean(0)
