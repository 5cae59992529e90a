"""The small multilingual model: hashed n-grams, gold rows, self-training."""

import json
import os
import random

import numpy as np
from scipy.sparse import diags, vstack
from sklearn.preprocessing import normalize

import calibrate
import data
import linear
import measure
from ngrams import MAX_CHARS, NEGATIONS, Hasher
from samples import MULTI

PLAN = {"bits": 20, "strength": 5e-5, "ratio_floor": 0.1, "idf_power": 0.5, "sb10k": 0.3,
        "english": 0.3, "english_rows": 15000, "prior": 0.3, "prior_strength": 1e-5, "self_weight": 0.5,
        "self_lines": 30000, "self_sharpness": 1.3, "iterations": 120}


def gold(folder):
    """(training rows, held-out rows) of the gold sets: dicts with a weight.

    Weights make every class of every set and language count alike: the sets
    differ in their shares of neutral posts, and that is not language.
    """
    train, hold = [], []
    barred = data.validation_keys(folder)
    for name, factor in (("umsab", 1.0), ("sb10k_de", PLAN["sb10k"])):
        for row in data.read_tsv(os.path.join(folder, name, "train.tsv")):
            if data.text_key(row["text"]) in barred:
                continue
            item = {"text": row["text"], "y": int(row["label"]), "lang": row["lang"],
                    "set": name, "w": factor}
            (hold if data.held_out(row["text"]) and name == "umsab" else train).append(item)
    english = [r for r in data.gold_rows(folder)[0] if r["w"] == 1.0]
    for row in random.Random(0).sample(english, min(PLAN["english_rows"], len(english))):
        train.append({"text": row["text"], "y": row["y"], "lang": "en", "set": "semeval",
                      "w": PLAN["english"]})
    level(train)
    return train, hold


def level(rows):
    """Scales `w` so that the classes of a set and language sum alike."""
    sums, members = {}, {}
    for row in rows:
        at = (row["set"], row["lang"], row["y"])
        sums[at] = sums.get(at, 0) + 1
        members.setdefault(at[:2], set()).add(at)
    for row in rows:
        at = (row["set"], row["lang"], row["y"])
        whole = sum(sums[other] for other in members[at[:2]])
        row["w"] *= whole / (len(members[at[:2]]) * sums[at])


def subtitles(folder):
    """XED lines of the five languages: weak, negative or positive only."""
    rows = [{"text": r["text"], "y": int(r["label"]), "lang": r["lang"][:2], "set": "xed", "w": 1.0}
            for r in data.read_tsv(os.path.join(folder, "xed_multilingual", "train.tsv"))
            if r["lang"][:2] in data.LANGUAGES]
    level(rows)
    return rows


def one_hot(rows):
    """Labels as class probabilities."""
    return np.eye(3)[[r["y"] for r in rows]]


def ratios(x, targets, weights, smooth=1.0):
    """Largest |log odds| of each bucket over the classes.

    Used to scale the features (as in NB-SVM): with few rows, words that
    lean to a class in the counts deserve a head start.
    """
    seen = x.copy()
    seen.data = np.ones_like(seen.data)
    best = np.zeros(x.shape[1])
    for c in range(targets.shape[1]):
        share = targets[:, c] * weights
        p = np.asarray(seen.T @ share).ravel() + smooth
        q = np.asarray(seen.T @ (weights - share)).ravel() + 2 * smooth
        best = np.maximum(best, np.abs(np.log((p / p.sum()) / (q / q.sum()))))
    return best


def feature_scales(x, targets, weights):
    """The scale byte of every bucket; buckets seen once are dropped."""
    counts = np.bincount(x.indices, minlength=x.shape[1])
    idf = np.log((1 + x.shape[0]) / (1 + counts)) + 1
    scale = idf ** PLAN["idf_power"] * (PLAN["ratio_floor"] + ratios(x, targets, weights))
    scale[counts < 2] = 0
    step = float(np.quantile(scale[scale > 0], 0.9999)) / 255
    return np.clip(np.round(scale / step), 0, 255)


def scaled(x, scales):
    """Counts times scales, unit length."""
    return normalize(x @ diags(scales.astype(np.float64))).tocsr()


def encoder_probabilities(model, rows, tokenizer, bf16):
    """Class probabilities from the English encoder's head for other languages."""
    texts = [data.preprocess(r["text"]) for r in rows]
    return measure.softmax(measure.predict_torch(model, texts, tokenizer, bf16, "other")[0])


def validation(folder):
    """UMSAB validation rows."""
    return [{"text": r["text"], "y": int(r["label"]), "lang": r["lang"]}
            for r in data.read_tsv(os.path.join(folder, "umsab", "val.tsv"))
            if r["lang"] in data.LANGUAGES]


def by_language(p, rows):
    """Macro F1 by language, and the mean of the five."""
    langs, labels = np.array([r["lang"] for r in rows]), np.array([r["y"] for r in rows])
    found = {}
    for lang in sorted(set(langs)):
        at = langs == lang
        found[str(lang)] = round(float(np.mean(measure.f_scores(labels[at], p[at].argmax(1)))), 4)
    found["mean_of_five"] = round(float(np.mean([found[k] for k in data.LANGUAGES if k in found])), 4)
    return found


def training_sum(rows, extra, hasher):
    """(counts, targets, weights) of gold rows and self-labelled lines."""
    x, y = hasher.counts([r["text"] for r in rows]), one_hot(rows)
    w = np.array([r["w"] for r in rows])
    if extra:
        more = hasher.counts(extra[0])
        share = PLAN["self_weight"] * w.sum() / len(extra[0])
        x, y = vstack([x, more]).tocsr(), np.vstack([y, extra[1]])
        w = np.concatenate([w, np.full(len(extra[0]), share)])
    return x, y, w


def subtitle_prior(folder, hasher, scales, keep):
    """Weights learnt from subtitles alone, to lean on where gold is silent."""
    weak = subtitles(folder)
    x = scaled(hasher.counts([r["text"] for r in weak]), scales)[:, keep]
    prior, _ = linear.fit(x, one_hot(weak), np.array([r["w"] for r in weak]),
                          PLAN["prior_strength"], iterations=40)
    return prior * PLAN["prior"]


def fit_weights(folder, rows, extra, hasher, log):
    """(scales, weights, intercept) in floats.

    `extra` are (lines, soft labels) of an earlier fit.
    """
    x, y, w = training_sum(rows, extra, hasher)
    scales = feature_scales(x, y, w)
    keep = np.where(scales > 0)[0]
    prior = subtitle_prior(folder, hasher, scales, keep) if PLAN["prior"] else None
    small, intercept = linear.fit(scaled(x, scales)[:, keep], y, w, PLAN["strength"], prior,
                                  PLAN["iterations"])
    weights = np.zeros((x.shape[1], 3))
    weights[keep] = small
    log(f"multi: {x.shape[0]} rows, {len(keep)} buckets in use")
    return scales, weights, intercept


def build(args, out, log):
    """Trains, calibrates, packs and measures the multilingual model."""
    folder = os.path.join(args.data, "train")
    os.makedirs(out, exist_ok=True)
    rows, hold = gold(folder)
    hasher = Hasher(PLAN["bits"])
    report = {}
    scales, weights, intercept = fit_weights(folder, rows, None, hasher, log)
    if PLAN["self_weight"]:
        lines = data.social_lines(args.data, PLAN["self_lines"], args.seed)
        logits = scaled(hasher.counts(lines), scales) @ weights + intercept
        extra = (lines, measure.softmax(PLAN["self_sharpness"] * logits))
        scales, weights, intercept = fit_weights(folder, rows, extra, hasher, log)
    quantised, step = linear.quantise(weights)
    linear.pack(os.path.join(out, "weights.bin"), scales, 1.0, quantised)
    settings = settings_for(hasher, hold, scales, quantised, step, intercept, args.version)
    with open(os.path.join(out, "settings.json"), "w", encoding="utf-8") as handle:
        json.dump(settings, handle, ensure_ascii=False, indent=1)
    scorer = Scorer(out)
    scorer.write_reference()
    report.update(evaluate(scorer, folder, hold, scales, weights, intercept, settings))
    report["bytes"] = os.path.getsize(os.path.join(out, "weights.bin"))
    return report


def settings_for(hasher, hold, scales, weights, step, intercept, version):
    """settings.json, calibrated on the held-out rows.

    The temperature alone: they are few, and training was balanced already.
    """
    x = scaled(hasher.counts([r["text"] for r in hold]), scales)
    logits = step * (x @ weights.astype(np.float64)) + intercept
    temperature, bias = calibrate.fit_temperature(logits, [r["y"] for r in hold])
    margin = logits[:, 0] - np.maximum(logits[:, 1], logits[:, 2])
    p = measure.softmax(logits / temperature + np.array(bias))
    scale, offset = calibrate.fit_margin(margin, 0.6 * p[:, 0])
    return {"name": "ebb-multi", "version": version, "languages": list(data.LANGUAGES),
            "labels": ["negative", "neutral", "positive"], "bits": PLAN["bits"],
            "max_chars": MAX_CHARS, "step": step, "intercept": [float(v) for v in intercept],
            "temperature": temperature, "bias": bias, "language_bias": {},
            "decision": [1.0, 1.0, 1.0], "severity": {"scale": scale, "offset": offset},
            "negations": sorted(NEGATIONS)}


class Scorer:
    """The shipped files read back and scored as SPEC.md says."""

    def __init__(self, folder):
        with open(os.path.join(folder, "settings.json"), encoding="utf-8") as handle:
            self.settings = json.load(handle)
        self.folder, self.hasher = folder, Hasher(self.settings["bits"])
        self.scales, self.weights = linear.unpack(os.path.join(folder, "weights.bin"))

    def logits(self, texts):
        """Raw logits."""
        x = scaled(self.hasher.counts(texts), self.scales)
        return (self.settings["step"] * (x @ self.weights.astype(np.float64))
                + np.array(self.settings["intercept"]))

    def probabilities(self, texts):
        """Calibrated class probabilities."""
        return calibrate.apply(self.logits(texts), self.settings)

    def write_reference(self):
        """reference.json: own texts with the numbers to reproduce."""
        found = []
        for lang, text in MULTI:
            logits = self.logits([text])
            p = calibrate.apply(logits, self.settings)[0]
            margin = logits[:, 0] - np.maximum(logits[:, 1], logits[:, 2])
            found.append({
                "text": text, "lang": lang, "logits": [float(v) for v in logits[0]],
                "probabilities": [float(v) for v in p],
                "severity": float(calibrate.apply_severity(margin, self.settings)[0]),
                "label": self.settings["labels"][int(np.argmax(p * self.settings["decision"]))]})
        with open(os.path.join(self.folder, "reference.json"), "w", encoding="utf-8") as handle:
            json.dump(found, handle, ensure_ascii=False, indent=1)


def evaluate(scorer, folder, hold, scales, weights, intercept, settings):
    """Numbers of the shipped form, and of the float form beside it."""
    val = validation(folder)
    p = scorer.probabilities([r["text"] for r in val])
    report = {"umsab_val": by_language(p, val)}
    x = scaled(scorer.hasher.counts([r["text"] for r in val]), scales)
    exact = calibrate.apply(x @ weights + intercept, settings)
    report["umsab_val_float"] = by_language(exact, val)
    five = [i for i, r in enumerate(val) if r["lang"] in data.LANGUAGES]
    report["umsab_val_five"] = measure.class_report(p[five], [val[i]["y"] for i in five])
    for name in data.OTHER_RESEARCH:
        texts, labels = data.research_rows(folder, name)
        if texts:
            report[name] = measure.class_report(scorer.probabilities(texts), labels)
    return report
