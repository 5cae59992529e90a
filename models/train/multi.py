"""Other languages: hashed n-grams (gold rows, self-training), and the English encoder on glosses."""

import json
import os
import random

import numpy as np
from scipy.sparse import diags, vstack
from sklearn.preprocessing import normalize
from tokenizers import Tokenizer

import calibrate
import data
import gloss
import linear
import measure
from export_onnx import open_session
from ngrams import MAX_CHARS, NEGATIONS, Hasher
from samples import MULTI

PLAN = {"bits": 20, "strength": 5e-5, "ratio_floor": 0.1, "idf_power": 0.5, "sb10k": 0.3,
        "english": 0.3, "english_rows": 15000, "prior": 0.3, "prior_strength": 1e-5, "self_weight": 0.5,
        "self_lines": 30000, "self_sharpness": 1.3, "iterations": 120}


def gold(folder):
    """(training rows, held-out rows) of the gold sets: dicts with a weight.

    Weights make every class of every set and language count alike: the sets
    differ in their shares of neutral posts, and that is not language. Many
    German posts are in both sets: what is held out of one is left out of both.
    """
    train, hold = [], []
    barred = data.validation_keys(folder)
    for name, factor in (("umsab", 1.0), ("sb10k_de", PLAN["sb10k"])):
        for row in data.read_tsv(os.path.join(folder, name, "train.tsv")):
            if data.text_key(row["text"]) in barred:
                continue
            item = {"text": row["text"], "y": int(row["label"]), "lang": row["lang"],
                    "set": name, "w": factor}
            if not data.held_out(row["text"]):
                train.append(item)
            elif name == "umsab":
                hold.append(item)
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


def gloss_rows(folder, words):
    """The gold rows of languages that have a dictionary, read into English, for the encoder."""
    rows = [r for r in gold(folder)[0] if r["lang"] in words]
    return [{"text": words[r["lang"]].gloss(r["text"]), "task": "gloss", "y": r["y"],
             "w": r["w"], "sev": None} for r in rows]


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


def build(args, english, out, log):
    """Trains, calibrates, packs and measures the multilingual model.

    `english` is the folder of the English model, which reads the glosses.
    """
    folder = os.path.join(args.data, "train")
    os.makedirs(out, exist_ok=True)
    rows, hold = gold(folder)
    hasher = Hasher(PLAN["bits"])
    scales, weights, intercept = fit_weights(folder, rows, None, hasher, log)
    if PLAN["self_weight"]:
        lines = data.social_lines(args.data, PLAN["self_lines"], args.seed)
        logits = scaled(hasher.counts(lines), scales) @ weights + intercept
        extra = (lines, measure.softmax(PLAN["self_sharpness"] * logits))
        scales, weights, intercept = fit_weights(folder, rows, extra, hasher, log)
    quantised, step = linear.quantise(weights)
    linear.pack(os.path.join(out, "weights.bin"), scales, 1.0, quantised)
    reader = Reader(args.words, english)
    logits = ngram_logits(hasher, [r["text"] for r in hold], scales, quantised, step, intercept)
    settings = settings_for(logits, hold, step, intercept, args.version)
    settings["gloss"] = blend_for(logits, hold, reader)
    with open(os.path.join(out, "settings.json"), "w", encoding="utf-8") as handle:
        json.dump(settings, handle, ensure_ascii=False, indent=1)
    scorer = Scorer(out, reader)
    scorer.write_reference()
    report = evaluate(scorer, folder)
    report["bytes"] = os.path.getsize(os.path.join(out, "weights.bin"))
    return report


def ngram_logits(hasher, texts, scales, weights, step, intercept):
    """Raw logits of the shipped int8 form."""
    x = scaled(hasher.counts(texts), scales)
    return step * (x @ weights.astype(np.float64)) + np.array(intercept)


def settings_for(logits, hold, step, intercept, version):
    """settings.json of the n-grams, calibrated on the held-out rows.

    The temperature alone: they are few, and training was balanced already.
    """
    temperature, bias = calibrate.fit_temperature(logits, [r["y"] for r in hold])
    p = measure.softmax(logits / temperature + np.array(bias))
    scale, offset = calibrate.fit_margin(margin(logits), 0.6 * p[:, 0])
    return {"name": "ebb-multi", "version": version, "languages": list(data.LANGUAGES),
            "labels": ["negative", "neutral", "positive"], "bits": PLAN["bits"],
            "max_chars": MAX_CHARS, "step": step, "intercept": [float(v) for v in intercept],
            "temperature": temperature, "bias": bias, "decision": [1.0, 1.0, 1.0],
            "severity": {"scale": scale, "offset": offset}, "negations": sorted(NEGATIONS)}


def margin(logits):
    """How far negative leads."""
    return logits[:, 0] - np.maximum(logits[:, 1], logits[:, 2])


def blend_for(logits, hold, reader):
    """Shares of n-grams and encoder, by log loss on the held-out rows, and the scale of severity."""
    at = [i for i, r in enumerate(hold) if r["lang"] in reader.words]
    ngram, hold = logits[at], [hold[i] for i in at]
    of_gloss, raw = reader.of_glosses([r["text"] for r in hold], [r["lang"] for r in hold])
    shares = calibrate.fit_shares([ngram, of_gloss], [r["y"] for r in hold])
    p = measure.softmax(shares[0] * ngram + shares[1] * of_gloss)
    scale, offset = calibrate.fit_margin(raw, 0.6 * p[:, 0])
    return {"ngram": shares[0], "encoder": shares[1],
            "severity": {"scale": scale, "offset": offset}}


class Reader:
    """The dictionaries, and the shipped English encoder that reads what they make of a post."""

    def __init__(self, words, english):
        self.words = gloss.read(words)
        tokenizer = Tokenizer.from_file(os.path.join(english, "tokenizer.json"))
        session = open_session(os.path.join(english, "model.onnx"))
        self.predict = measure.Memo(session, tokenizer, 1)

    def gloss(self, text, lang):
        """A text in English words."""
        return self.words[lang].gloss(text)

    def of_glosses(self, texts, langs):
        """(class logits, raw severity) of texts in languages that have a dictionary."""
        found = self.predict([self.gloss(text, lang) for text, lang in zip(texts, langs)])
        return found[2], found[1]


class Scorer:
    """The shipped files read back and scored as SPEC.md says."""

    def __init__(self, folder, reader):
        with open(os.path.join(folder, "settings.json"), encoding="utf-8") as handle:
            self.settings = json.load(handle)
        self.folder, self.reader = folder, reader
        self.hasher = Hasher(self.settings["bits"])
        self.scales, self.weights = linear.unpack(os.path.join(folder, "weights.bin"))

    def logits(self, texts):
        """Raw logits of the n-grams."""
        return ngram_logits(self.hasher, texts, self.scales, self.weights, self.settings["step"],
                            self.settings["intercept"])

    def ngrams(self, texts):
        """(calibrated probabilities, severity) by n-grams alone."""
        logits = self.logits(texts)
        return (calibrate.apply(logits, self.settings),
                calibrate.apply_severity(margin(logits), self.settings))

    def blended(self, texts, langs):
        """The same with the encoder's view of the glosses; all languages must have a dictionary."""
        share = self.settings["gloss"]
        of_gloss, raw = self.reader.of_glosses(texts, langs)
        p = measure.softmax(share["ngram"] * self.logits(texts) + share["encoder"] * of_gloss)
        return p, calibrate.apply_severity(raw, share)

    def write_reference(self):
        """reference.json: own texts with the numbers to reproduce."""
        def numbers(p, severity):
            return {"probabilities": [float(v) for v in p[0]], "severity": float(severity[0]),
                    "label": self.settings["labels"][int(np.argmax(p[0]))]}

        found = []
        for lang, text in MULTI:
            item = {"text": text, "lang": lang, "ngrams": numbers(*self.ngrams([text]))}
            if lang in self.reader.words:
                item["gloss"] = self.reader.gloss(text, lang)
                item["blended"] = numbers(*self.blended([text], [lang]))
            found.append(item)
        with open(os.path.join(self.folder, "reference.json"), "w", encoding="utf-8") as handle:
            json.dump(found, handle, ensure_ascii=False, indent=1)


def subtitle_reports(scorer, folder):
    """Negative from positive in subtitles, for languages that have a dictionary and no posts with labels."""
    found = {}
    for lang in sorted(set(scorer.reader.words) - set(data.LANGUAGES)):
        rows = data.subtitle_rows(folder, lang)
        if not rows:
            continue
        texts, labels = [r["text"] for r in rows], np.array([int(r["label"]) for r in rows])
        for name, p in (("", scorer.blended(texts, [lang] * len(rows))[0]), (" ngrams", scorer.ngrams(texts)[0])):
            side = np.where(p[:, 0] > p[:, 2], 0, 2)
            recall = [float((side[labels == c] == c).mean()) for c in (0, 2)]
            found[f"subtitles_{lang}{name}"] = {"n": len(rows), "macro_recall_of_two": float(np.mean(recall))}
    return found


def evaluate(scorer, folder):
    """Numbers of the shipped form, and of its halves beside it."""
    rows = [r for r in validation(folder) if r["lang"] in scorer.reader.words]
    texts, langs = [r["text"] for r in rows], [r["lang"] for r in rows]
    p = scorer.blended(texts, langs)[0]
    report = {"umsab_val": by_language(p, rows), **subtitle_reports(scorer, folder),
              "umsab_val_ngrams": by_language(scorer.ngrams(texts)[0], rows),
              "umsab_val_gloss": by_language(scorer.reader.of_glosses(texts, langs)[0], rows),
              "umsab_val_five": measure.class_report(p, [r["y"] for r in rows])}
    for name in data.OTHER_RESEARCH:
        texts, labels = data.research_rows(folder, name)
        lang = name.rsplit("_", 1)[1]
        if texts and lang in scorer.reader.words:
            report[name] = measure.class_report(scorer.blended(texts, [lang] * len(texts))[0], labels)
            report[name + "_ngrams"] = measure.class_report(scorer.ngrams(texts)[0], labels)
    return report
