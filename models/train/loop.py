"""The training loop: length-sorted batches, the labels' losses, averaging."""

import copy
import math
import random
import time

import torch
from torch.nn import functional as F

PAD, CLS, SEP, MASK = 0, 101, 102, 103


def encode_rows(rows, tokenizer, longest=None):
    """Adds `ids` to every row, in place, cut at `longest` tokens."""
    for start in range(0, len(rows), 4096):
        part = rows[start: start + 4096]
        for row, enc in zip(part, tokenizer.encode_batch([r["text"] for r in part])):
            row["ids"] = enc.ids
            if longest and len(enc.ids) > longest:
                row["ids"] = enc.ids[: longest - 1] + [SEP]


def make_batches(rows, size, rng):
    """Shuffled batches of rows of like length.

    Rows are shuffled, cut into pools, sorted inside a pool and cut into
    batches of about `size` * 32 tokens, so that little is padding and yet
    every epoch mixes anew.
    """
    rows = rows[:]
    rng.shuffle(rows)
    batches, budget = [], size * 32
    for start in range(0, len(rows), size * 50):
        pool = sorted(rows[start: start + size * 50], key=lambda r: len(r["ids"]))
        batch = []
        for row in pool:
            if batch and (len(batch) + 1) * len(row["ids"]) > budget or len(batch) >= 2 * size:
                batches.append(batch)
                batch = []
            batch.append(row)
        if batch:
            batches.append(batch)
    rng.shuffle(batches)
    return batches


def pad(batch, step=8):
    """(ids, mask), padded to a multiple of eight (fewer kernel shapes)."""
    longest = -(-max(len(r["ids"]) for r in batch) // step) * step
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, row in enumerate(batch):
        ids[i, : len(row["ids"])] = torch.tensor(row["ids"])
    return ids, (ids != PAD).long()


def label_loss(model, batch, settings):
    """Sum of the heads' losses over a mixed batch."""
    ids, mask = pad(batch)
    pooled = model.drop(model.pool(ids, mask)).float()
    total = pooled.new_zeros(())
    for task in sorted({r["task"] for r in batch}):
        at = [i for i, r in enumerate(batch) if r["task"] == task]
        out = model.heads["main" if task == "soft" else task](pooled[at]).float()
        weight = torch.tensor([batch[i]["w"] for i in at])
        if task == "emotion":
            want = torch.zeros(len(at), out.shape[1])
            for j, i in enumerate(at):
                want[j, batch[i]["y"]] = 1.0
            loss = F.binary_cross_entropy_with_logits(out, want, reduction="none").sum(1) * 0.5
        elif task == "soft":
            want = torch.tensor([batch[i]["y"] for i in at])
            loss = F.cross_entropy(out, want, reduction="none")
        elif task == "valence":
            want = torch.tensor([batch[i]["y"] for i in at])
            loss = 4.0 * (out.squeeze(-1).tanh() - want) ** 2
        else:
            want = torch.tensor([batch[i]["y"] for i in at])
            balance = settings["balance"] if task == "main" else None
            loss = F.cross_entropy(out, want, weight=balance, reduction="none",
                                   label_smoothing=settings["smoothing"])
        total = total + (loss * weight).sum()
    at = [i for i, r in enumerate(batch) if r["sev"] is not None]
    if at and settings["severity"]:
        raw = model.heads["severity"](pooled[at]).float().squeeze(-1)
        want = torch.tensor([batch[i]["sev"] for i in at])
        weight = torch.tensor([batch[i]["sev_w"] for i in at])
        loss = F.binary_cross_entropy_with_logits(raw, want, weight, reduction="sum")
        total = total + settings["severity"] * loss
    return total / len(batch)


def parameter_groups(model, rate, decay):
    """AdamW groups: lower layers learn slower, norms and biases don't decay."""
    depth = len(model.encoder.layers)
    groups = {}
    for name, tensor in model.named_parameters():
        if name.startswith("encoder.layers."):
            below = depth - 1 - int(name.split(".")[2])
        elif name.startswith("encoder."):
            below = depth
        else:
            below = -1
        lr = rate * (2.0 if below < 0 else decay ** below)
        wd = 0.0 if tensor.ndim == 1 else 0.01
        groups.setdefault((lr, wd), []).append(tensor)
    return [{"params": p, "lr": lr, "weight_decay": wd, "base": lr}
            for (lr, wd), p in groups.items()]


class Average:
    """Exponential moving average of the weights, which is what is kept."""

    def __init__(self, model, horizon):
        self.model, self.horizon, self.steps = copy.deepcopy(model), horizon, 0

    def update(self, model):
        self.steps += 1
        keep = min(1 - 1 / self.horizon, self.steps / (self.steps + 9))
        with torch.no_grad():
            for mine, theirs in zip(self.model.parameters(), model.parameters()):
                mine.lerp_(theirs, 1 - keep)


def slope(step, steps, cooldown):
    """Share of the peak rate: warm-up, then a cosine, or flat until a straight `cooldown`."""
    warm = min(1.0, (step + 1) / max(1, steps // 16))
    if cooldown:
        return warm * min(1.0, (1 - step / steps) / cooldown)
    return warm * max(0.02, 0.5 * (1 + math.cos(math.pi * step / steps)))


def run_stage(model, name, streams, settings, seed, log, check=None):
    """Trains one stage in place and returns the averaged model.

    `streams` is a list of (kind, batches, loss); the batches of all are mixed
    at random, and `loss(model, batch)` is what one costs.
    `settings`: rate, decay, cooldown, dropout, horizon, every, bf16.
    """
    torch.manual_seed(seed)
    steps = [(kind, batch, loss) for kind, batches, loss in streams for batch in batches]
    if len(streams) > 1:
        random.Random(seed).shuffle(steps)
    groups = parameter_groups(model, settings["rate"], settings["decay"])
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    average = Average(model, settings["horizon"])
    model.train(settings["dropout"])
    began, seen, sums = time.time(), 0, {}
    for step, (kind, batch, loss_of) in enumerate(steps):
        share = slope(step, len(steps), settings["cooldown"])
        for group in groups:
            group["lr"] = group["base"] * share
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings["bf16"]):
            loss = loss_of(model, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 4 == 3:
            average.update(model)
        seen += len(batch)
        sums.setdefault(kind, []).append(loss.item())
        if step % 100 == 99 or step == len(steps) - 1:
            took = time.time() - began
            shown = " ".join(f"{k}={sum(v) / len(v):.4f}" for k, v in sums.items())
            log(f"{name} {step + 1}/{len(steps)} {seen / took:.0f} rows/s {took:.0f}s {shown}")
            sums = {}
        if check and step % settings["every"] == settings["every"] - 1:
            check(average.model, f"{name} step {step + 1}")
            model.train(settings["dropout"])
    average.update(model)
    return average.model.eval()
