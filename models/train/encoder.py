"""The encoder: BERT (MiniLM-L6) written out, with one matrix for q, k and v.

Written out rather than taken from a library so that training and the ONNX
graph are the same few operations, and the graph holds one large product
where the usual export has three.
"""

import json
import os

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from data import WEAK_TASKS
from signs import MOST


def near(x, low, step):
    """`x` rounded to a grid; the gradient passes as if it were not."""
    with torch.no_grad():
        away = (torch.round((x - low) / step)) * step + low - x
    return x + away


def round_inputs(x):
    """What dynamic int8 makes of the input of a product: 256 steps over the range of a post."""
    with torch.no_grad():
        low, high = torch.aminmax(x.flatten(1), dim=1)
        low, high = low.clamp(max=0.0), high.clamp(min=0.0)
        step = ((high - low) / 255).clamp(min=1e-8)
        # The grid goes through nought, as the int8 one does.
        low = torch.round(low / step) * step
    shape = (-1,) + (1,) * (x.ndim - 1)
    return near(x, low.view(shape), step.view(shape))


def round_weights(w, whole=False):
    """What int8 makes of weights: 127 steps to the largest of a row, or of all."""
    with torch.no_grad():
        largest = w.abs().max() if whole else w.abs().amax(1, keepdim=True)
        step = (largest / 127).clamp(min=1e-8)
    return near(w, 0.0, step)


class Product(nn.Linear):
    """A linear map that can compute as its int8 form will, in training."""

    rounding = False

    def forward(self, x):
        if not self.rounding:
            return super().forward(x)
        return F.linear(round_inputs(x.float()), round_weights(self.weight), self.bias)


class Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self, width, inner, heads, dropout):
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.qkv = Product(width, 3 * width)
        self.out = Product(width, width)
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        self.up = Product(width, inner)
        self.down = Product(inner, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(dropout)

    def attend(self, x, mask):
        """Self-attention; `mask` is added to the scores."""
        b, s, w = x.shape[0], x.shape[1], x.shape[2]
        q, k, v = self.qkv(x).view(b, s, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * (w // self.heads) ** -0.5 + mask
        share = F.dropout(scores.softmax(-1), self.rate, self.training)
        return (share @ v).transpose(1, 2).reshape(b, s, w)

    def forward(self, x, mask):
        x = self.norm1(x + self.drop(self.out(self.attend(x, mask))))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class Encoder(nn.Module):
    """Embeddings and layers; token type 0 is folded into the positions."""

    rounding = False

    def __init__(self, config, dropout=0.1):
        super().__init__()
        width = config["hidden_size"]
        self.words = nn.Embedding(config["vocab_size"], width)
        self.places = nn.Embedding(config["max_position_embeddings"], width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(width, config["intermediate_size"], config["num_attention_heads"], dropout)
            for _ in range(config["num_hidden_layers"]))

    def forward(self, ids, mask):
        added = ((1.0 - mask.to(torch.float32)) * -1e4)[:, None, None, :]
        words = self.words(ids)
        if self.rounding:
            words = F.embedding(ids, round_weights(self.words.weight, True))
        x = words + self.places.weight[: ids.shape[1]]
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, added)
        return x


class SentimentModel(nn.Module):
    """Encoder, mean and first-token pooling, and the heads."""

    def __init__(self, config):
        super().__init__()
        width = config["hidden_size"]
        self.encoder = Encoder(config)
        self.drop = nn.Dropout(0.15)
        self.heads = nn.ModuleDict({"main": nn.Linear(2 * width, 3),
                                    "severity": nn.Linear(2 * width, 1)})
        for task, classes in WEAK_TASKS.items():
            self.heads[task] = nn.Linear(2 * width, classes)
        self.heads["sign"] = nn.Linear(2 * width, MOST)
        self.heads["gloss"] = nn.Linear(2 * width, 3)
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        self.mlm = nn.Linear(width, width)
        self.mlm_norm = nn.LayerNorm(width)
        self.mlm_bias = nn.Parameter(torch.zeros(config["vocab_size"]))
        nn.init.eye_(self.mlm.weight)

    def set_rounding(self, on):
        """Whether to compute as the int8 form will (the heads stay exact there)."""
        for module in self.modules():
            if isinstance(module, (Product, Encoder)):
                module.rounding = on

    def pool(self, ids, mask):
        """Mean over real tokens beside the first token."""
        return self.pooled(self.encoder(ids, mask), mask)

    @staticmethod
    def pooled(x, mask):
        """The same from what the encoder returned."""
        share = mask.to(x.dtype).unsqueeze(-1)
        mean = (x * share).sum(1) / share.sum(1)
        return torch.cat([mean, x[:, 0]], -1)

    def guess(self, x, among):
        """Logits of the tokens `among` at hidden positions, whose vectors are `x`."""
        x = self.mlm_norm(F.gelu(self.mlm(x)))
        return F.linear(x, self.encoder.words.weight[among], self.mlm_bias[among])

    def forward(self, input_ids, attention_mask):
        """What ships: class logits, raw severity, and class logits for a gloss."""
        pooled = self.drop(self.pool(input_ids, attention_mask))
        return (self.heads["main"](pooled), self.heads["severity"](pooled).squeeze(-1),
                self.heads["gloss"](pooled))


def load_base(folder):
    """A SentimentModel whose encoder holds the weights in a BERT folder."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as handle:
        config = json.load(handle)
    model = SentimentModel(config)
    raw = load_file(os.path.join(folder, "model.safetensors"))
    raw = {name.removeprefix("bert."): tensor for name, tensor in raw.items()}
    new = {"words.weight": raw["embeddings.word_embeddings.weight"],
           "places.weight": raw["embeddings.position_embeddings.weight"]
           + raw["embeddings.token_type_embeddings.weight"][0],
           "norm.weight": raw["embeddings.LayerNorm.weight"],
           "norm.bias": raw["embeddings.LayerNorm.bias"]}
    names = {"out": "attention.output.dense", "norm1": "attention.output.LayerNorm",
             "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm"}
    for i in range(config["num_hidden_layers"]):
        for part in ("weight", "bias"):
            new[f"layers.{i}.qkv.{part}"] = torch.cat(
                [raw[f"encoder.layer.{i}.attention.self.{n}.{part}"]
                 for n in ("query", "key", "value")])
            for ours, theirs in names.items():
                new[f"layers.{i}.{ours}.{part}"] = raw[f"encoder.layer.{i}.{theirs}.{part}"]
    model.encoder.load_state_dict(new)
    return model
