"""Continued pre-training: masked words and missing signs, on posts nobody labelled.

The base model has read much, little of it short posts, and none of it for
feeling. Here it guesses hidden words, those that lean to a class more often
than others, and which sign of feeling a post has lost (`signs.py`).
"""

import random
from collections import Counter

import torch
from torch.nn import functional as F

import data
import signs
from loop import CLS, MASK, PAD, SEP, pad

SPECIAL = {PAD, CLS, SEP, MASK}


class Masker:
    """Hides whole words; `lean` are token ids that are hidden more often.

    Only tokens in `common` are guessed, so that the guess is a product with
    a part of the vocabulary.
    """

    def __init__(self, tokenizer, common, lean, shares, seed):
        words = sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
        self.inside = torch.tensor([token.startswith("##") for token, _ in words])
        self.lean = torch.tensor([index in lean for _, index in words])
        self.common = torch.tensor(sorted(common), dtype=torch.long)
        self.place = torch.full((len(words),), -1, dtype=torch.long)
        self.place[self.common] = torch.arange(len(self.common))
        self.shares, self.generator = shares, torch.Generator().manual_seed(seed)

    def __call__(self, ids):
        """(ids with words hidden, where to guess, the guesses wanted)."""
        word = (~self.inside[ids]).long().cumsum(1) - 1
        plain, leaning = self.shares
        limit = torch.where(self.lean[ids], leaning, plain)
        real = (ids != PAD) & (ids != CLS) & (ids != SEP)
        draw = torch.rand(ids.shape, generator=self.generator) < limit
        # All tokens of a word follow the draw of its first one.
        first = torch.where(self.inside[ids], torch.zeros_like(ids), (draw & real).long())
        hidden = torch.zeros_like(ids).scatter_add_(1, word, first).gather(1, word).bool() & real
        kind = torch.rand(ids.shape, generator=self.generator)
        noisy = ids.clone()
        noisy[hidden & (kind < 0.8)] = MASK
        swap = hidden & (kind >= 0.9)
        drawn = torch.randint(len(self.common), (int(swap.sum()),), generator=self.generator)
        noisy[swap] = self.common[drawn]
        where = hidden & (self.place[ids] >= 0)
        return noisy, where, self.place[ids[where]]


def leaning_tokens(gold, tokenizer, most):
    """Ids of whole words that lean furthest to negative or positive in the gold rows."""
    seen, sizes = [Counter(), Counter(), Counter()], [0, 0, 0]
    for row in gold:
        seen[row["y"]].update(set(row["ids"]))
        sizes[row["y"]] += 1
    names, found = {i: t for t, i in tokenizer.get_vocab().items()}, []
    for index in (set(seen[0]) | set(seen[2])) - SPECIAL:
        if names[index].startswith("##") or seen[0][index] + seen[2][index] < 15:
            continue
        share = [(seen[c][index] + 1) / max(1, sizes[c]) for c in range(3)]
        most_of_two = max(share[0], share[2])
        found.append((-2 * most_of_two / (sum(share) - most_of_two), index))
    return {index for _, index in sorted(found)[:most]}


def common_tokens(rows, most):
    """The commonest token ids of the rows."""
    counts = Counter(i for row in rows for i in row["ids"])
    return {index for index, n in counts.most_common(most + len(SPECIAL)) if n >= 3} - SPECIAL


def posts(root, gold, reddit, seed, log):
    """Rows of posts: those that lost their signs, those that had none, and the gold texts.

    Tweets, and `reddit` short comments; preprocessed.
    """
    rng = random.Random(seed + 5)
    tweets, comments = (data.posts(root, kind, seed) for kind in ("tweets", "reddit"))
    short = [text for text in comments if len(text) <= 200]
    classes = signs.common(tweets)

    def split(texts):
        signed, plain = [], []
        for text in texts:
            rest, sign = signs.without(text, classes, rng)
            if sign is None:
                plain.append({"text": text, "sign": None})
            elif len(rest) >= 12:
                signed.append({"text": rest, "sign": sign})
        return signed, plain

    signed, plain = split(tweets + rng.sample(short, min(reddit, len(short))))
    log(f"pre: {len(tweets)} tweets, {len(short)} short comments; signs: {sorted(classes)}")
    own = split([row["text"] for row in gold])
    return signed, plain, own[0] + own[1]


def loss_of_posts(model, batch, masker, share):
    """Loss of the hidden words and, times `share`, of the missing signs, from one pass."""
    ids, mask = pad(batch)
    noisy, where, want = masker(ids)
    x = model.encoder(noisy, mask)
    total = x.sum() * 0.0
    if len(want):
        total = F.cross_entropy(model.guess(x[where], masker.common).float(), want)
    at = [i for i, r in enumerate(batch) if r["sign"] is not None]
    if at:
        out = model.heads["sign"](model.pooled(x[at], mask[at])).float()
        sign = F.cross_entropy(out, torch.tensor([batch[i]["sign"] for i in at]),
                               label_smoothing=0.1)
        total = total + share * sign * len(at) / len(batch)
    return total
