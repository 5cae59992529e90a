"""A made-up data folder and a tiny untrained base model, for the smoke run.

Everything is generated from a few words, so the test needs no data and no
download; what comes out is worthless as a model and complete as a pipeline.
"""

import json
import lzma
import os
import random

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = {
    "en": (["awful", "broken", "hate", "worst"], ["opens", "today", "box", "monday"],
           ["great", "love", "thanks", "best"]),
    "fr": (["nul", "affreux", "panne", "pire"], ["lundi", "ouvre", "boutique", "heure"],
           ["super", "merci", "adore", "beau"]),
    "de": (["schlecht", "kaputt", "nie", "furchtbar"], ["heute", "montag", "laden", "uhr"],
           ["toll", "danke", "liebe", "gut"]),
    "it": (["schifo", "brutto", "peggio", "odio"], ["oggi", "apre", "negozio", "ora"],
           ["bello", "grazie", "amo", "ottimo"]),
    "es": (["malo", "odio", "peor", "roto"], ["hoy", "abre", "tienda", "lunes"],
           ["genial", "gracias", "amo", "mejor"]),
    "pt": (["ruim", "odeio", "pior", "quebrado"], ["hoje", "abre", "loja", "segunda"],
           ["amei", "obrigado", "melhor", "bom"]),
}
MARKS = ("😡", "", "😍")
HEAD = "id label text lang created_at target split orig_label".split()


def sentence(rng, lang, label):
    """A few words that lean to the label, with a made-up brand."""
    words = rng.choices(WORDS[lang][label], k=3) + rng.choices(WORDS[lang][1], k=2)
    rng.shuffle(words)
    brand = rng.choice(("Acme Cloud", "Brindle", "@NorvikBank", "https://luna.example/x"))
    return f"{brand} {' '.join(words)} {rng.randrange(10 ** 6)} {MARKS[label]}"


def write_set(folder, name, file, langs, count, rng, original):
    """One TSV file in the layout of the real sets."""
    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    texts = []
    with open(os.path.join(path, file), "w", encoding="utf-8") as handle:
        handle.write("\t".join(HEAD) + "\n")
        for i in range(count):
            label, lang = i % 3, langs[i % len(langs)]
            text = sentence(rng, lang, label)
            texts.append(text)
            fields = [f"{name}-{i}", str(label), text, lang, "", "", "all", original(label, i)]
            handle.write("\t".join(fields) + "\n")
    return texts


def write_data(folder, seed=0):
    """About 400 rows over all the sets that the script reads."""
    rng = random.Random(seed)
    train = os.path.join(folder, "train")
    five = list(WORDS)[1:]
    def points(label, i):
        return str((label - 1) * (1 + i % 2))
    def plain(label, i):
        return ("negative", "neutral", "positive")[label]
    texts = write_set(train, "semeval_tweeteval", "train.tsv", ["en"], 90, rng, plain)
    write_set(train, "semeval_tweeteval", "val.tsv", ["en"], 30, rng, plain)
    write_set(train, "semeval_topic", "train.tsv", ["en"], 90, rng, points)
    write_set(train, "twitter_entity", "train.tsv", ["en"], 15, rng, plain)
    write_set(train, "tweet_sentiment_extraction", "train.tsv", ["en"], 15, rng, plain)
    for file in ("train.tsv", "unmapped.tsv"):
        write_set(train, "goemotions", file, ["en"], 9, rng,
                  lambda label, i: ("anger,sadness", "neutral", "joy")[label])
    write_set(train, "vader_reviews_news", "train.tsv", ["en"], 9, rng, points)
    texts += write_set(train, "umsab", "train.tsv", five, 120, rng, plain)
    write_set(train, "umsab", "val.tsv", five, 30, rng, plain)
    write_set(train, "sb10k_de", "train.tsv", ["de"], 15, rng, plain)
    write_set(train, "xed_multilingual", "train.tsv", five, 30, rng, plain)
    os.makedirs(os.path.join(folder, "unlabelled"), exist_ok=True)
    for name in ("en_tweets", "eu"):
        with lzma.open(os.path.join(folder, "unlabelled", name + ".txt.xz"), "wt",
                       encoding="utf-8") as handle:
            handle.write("\n".join(texts) + "\n")


def write_own(path, seed=0):
    """Labelled posts as `ebb model labels` writes them, and with points."""
    rng = random.Random(seed)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write("label\ttext\tlang\tpoints\n")
        for i in range(60):
            label = i % 3
            fields = [("negative", "neutral", "positive")[label], sentence(rng, "en", label),
                      ("", "en", "fr")[i % 7 % 3], str((label - 1) * (i % 2 + 1))]
            handle.write("\t".join(fields) + "\n")


def write_base(folder, seed=0):
    """A two-layer BERT of width 32 with random weights and a letter vocabulary."""
    os.makedirs(folder, exist_ok=True)
    vocab = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocab += [p + c for p in ("", "##") for c in letters] + list("@#.,!?'/:-()")
    vocab += sorted({w for group in WORDS.values() for part in group for w in part})
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocab)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    width, inner, layers = 32, 64, 2
    config = {"hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers,
              "num_attention_heads": 2, "vocab_size": len(vocab), "max_position_embeddings": 128}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as handle:
        json.dump(config, handle)
    torch.manual_seed(seed)
    made = {"embeddings.word_embeddings.weight": torch.randn(len(vocab), width) * 0.05,
            "embeddings.position_embeddings.weight": torch.randn(128, width) * 0.02,
            "embeddings.token_type_embeddings.weight": torch.zeros(2, width),
            "embeddings.LayerNorm.weight": torch.ones(width),
            "embeddings.LayerNorm.bias": torch.zeros(width)}
    for i in range(layers):
        at = f"encoder.layer.{i}."
        shapes = {"attention.self.query": (width, width), "attention.self.key": (width, width),
                  "attention.self.value": (width, width), "attention.output.dense": (width, width),
                  "intermediate.dense": (inner, width), "output.dense": (width, inner)}
        for name, shape in shapes.items():
            made[f"{at}{name}.weight"] = torch.randn(shape) * 0.05
            made[f"{at}{name}.bias"] = torch.zeros(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            made[f"{at}{name}.weight"] = torch.ones(width)
            made[f"{at}{name}.bias"] = torch.zeros(width)
    save_file(made, os.path.join(folder, "model.safetensors"))
