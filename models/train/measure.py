"""Predicting and the measures: macro recall, F1, calibration, severity."""

import numpy as np
import torch
from scipy.stats import spearmanr

from loop import pad


def softmax(x):
    """Row-wise softmax."""
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def _batches(texts, tokenizer, size):
    """Indices and padded tensors of like length."""
    ids = [e.ids for e in tokenizer.encode_batch(list(texts))]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), size):
        at = order[start: start + size]
        yield at, pad([{"ids": ids[i]} for i in at], 1 if size == 1 else 8)


OUTPUTS = ("logits", "severity", "gloss")


def predict_torch(model, texts, tokenizer, bf16=False, size=64):
    """(logits, raw severity, logits for a gloss) of every text, from the torch model."""
    found = [np.zeros((len(texts), 3)), np.zeros(len(texts)), np.zeros((len(texts), 3))]
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        for at, (ids, mask) in _batches(texts, tokenizer, size):
            for array, out in zip(found, model(ids, mask)):
                array[at] = out.float().numpy()
    return found


def predict_onnx(session, texts, tokenizer, size=1):
    """The same through ONNX Runtime.

    One post a run, unpadded: dynamic int8 takes one scale over the whole
    input, so in a batch a post's score would depend on its neighbours.
    """
    found = [np.zeros((len(texts), 3)), np.zeros(len(texts)), np.zeros((len(texts), 3))]
    for at, (ids, mask) in _batches(texts, tokenizer, size):
        out = session.run(list(OUTPUTS), {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        for array, part in zip(found, out):
            array[at] = part
    return found


class Memo:
    """predict_onnx that scores no text twice."""

    def __init__(self, session, tokenizer, size):
        self.session, self.tokenizer, self.size, self.known = session, tokenizer, size, {}

    def __call__(self, texts):
        new = sorted(set(texts) - set(self.known))
        for text, *out in zip(new, *predict_onnx(self.session, new, self.tokenizer, self.size)):
            self.known[text] = out
        found = [self.known[text] for text in texts]
        return [np.array([f[i] for f in found]) for i in range(len(OUTPUTS))]


def recalls(labels, guesses):
    """Recall of each class."""
    labels, guesses = np.asarray(labels), np.asarray(guesses)
    return [float((guesses[labels == c] == c).mean()) if (labels == c).any() else 0.0
            for c in range(3)]


def f_scores(labels, guesses):
    """F1 of each class."""
    labels, guesses = np.asarray(labels), np.asarray(guesses)
    found = []
    for c in range(3):
        hit = ((labels == c) & (guesses == c)).sum()
        found.append(float(2 * hit / max(1, (labels == c).sum() + (guesses == c).sum())))
    return found


def reliability(probabilities, labels, guesses=None, bins=15):
    """(calibration error, table): confidence of the guess against its truth."""
    guesses = probabilities.argmax(1) if guesses is None else guesses
    confidence = probabilities[np.arange(len(guesses)), guesses]
    right = np.asarray(labels) == guesses
    error, table = 0.0, []
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            gap = confidence[inside].mean() - right[inside].mean()
            error += inside.mean() * abs(gap)
            table.append({"from": b / bins, "to": (b + 1) / bins, "n": int(inside.sum()),
                          "confidence": float(confidence[inside].mean()),
                          "accuracy": float(right[inside].mean())})
    return float(error), table


def class_report(probabilities, labels, decision=(1, 1, 1)):
    """Every three-class number for one set."""
    labels = np.asarray(labels)
    guesses = (probabilities * np.asarray(decision)).argmax(1)
    plain = probabilities.argmax(1)
    per = recalls(labels, guesses)
    shipped, table = reliability(probabilities, labels, guesses)
    told = probabilities[np.arange(len(labels)), labels]
    return {"n": len(labels), "log_loss": float(-np.log(told + 1e-12).mean()),
            "macro_recall": float(np.mean(per)), "recall": per,
            "macro_f1": float(np.mean(f_scores(labels, guesses))),
            "f1": f_scores(labels, guesses),
            "accuracy": float((guesses == labels).mean()),
            "argmax_macro_recall": float(np.mean(recalls(labels, plain))),
            "argmax_accuracy": float((plain == labels).mean()),
            "ece_of_label": shipped, "ece_of_top": reliability(probabilities, labels)[0],
            "reliability": table}


def severity_report(severity, points, whole=None):
    """Spearman with the five points, and who is in the top 5 %.

    How many of the top are negative depends on how many of all are, so the
    share of all stands beside it, and what the top would be if a third of
    all were negative: the same posts, weighted. `whole`: labels of the posts
    as a whole, since the points are towards a topic.
    """
    severity, points = np.asarray(severity), np.asarray(points)
    order = np.argsort(-severity, kind="stable")
    negative, top = points[order] < 0, max(1, round(0.05 * len(points)))
    share = float(negative.mean())
    weight = np.where(negative, 1 / (3 * max(share, 1e-9)), 2 / (3 * max(1 - share, 1e-9)))
    inside = np.cumsum(weight) <= 0.05 * weight.sum()
    inside[0] = True
    precision = np.cumsum(negative) / np.arange(1, len(points) + 1)
    report = {"n": len(points), "spearman": float(-spearmanr(severity, points).statistic),
              "all_negative": share, "top5_negative": float(negative[:top].mean()),
              "top5_strong": float((points[order][:top] == -2).mean()),
              "average_precision": float(precision[negative].mean()) if share else 0.0,
              "top5_negative_of_a_third": float(weight[inside & negative].sum()
                                                / weight[inside].sum())}
    if whole is not None:
        either = negative | np.array([label == 0 for label in whole])[order]
        report["top5_negative_either"] = float(either[:top].mean())
    return report
