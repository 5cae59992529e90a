"""The English model: reading on, gold labels, calibration, int8."""

import copy
import json
import os
import random

import numpy as np
import torch

import calibrate
import data
import gloss
import measure
import multi
import pretrain
from encoder import load_base
from export_onnx import choose_recipe, export_fp32, open_session, quantise
from loop import encode_rows, label_loss, make_batches, run_stage
from samples import ENGLISH
from vocab import extend_tokenizer, seed_emoji_rows

# The plan of the shipped model. `--minutes` and `--smoke` scale the amounts.
PLAN = {
    "max_tokens": 96,
    "pre": {"sign_epochs": 2.0, "tweet_epochs": 1.0, "gold_epochs": 2.0, "reddit": 60000,
            "weak_rows": 85000, "batch": 96, "longest": 48, "weak_longest": 64, "common": 12000,
            "leaning": 800,
            "hide": 0.15, "hide_leaning": 0.4, "sign_share": 1.0, "rate": 3e-4, "decay": 0.9,
            "cooldown": 0.17, "dropout": False, "horizon": 60, "every": 500, "smoothing": 0.05},
    "gold": {"runs": 2, "epochs": {"gold": 2.0, "gloss": 2.0}, "batch": 64, "rate": 1e-4,
             "decay": 0.85, "cooldown": 0.0, "dropout": True, "horizon": 100, "every": 600,
             "smoothing": 0.05, "severity": 0.5, "balance_power": 0.5, "rounding": False},
    "soft": {"tweets": 100000, "reddit": 20000, "epochs": {"gold": 1.0, "gloss": 1.0, "soft": 1.0},
             "rate": 7e-5},
    "last": {"epochs": {"gold": 0.2, "gloss": 0.2, "soft": 0.2}, "rate": 3e-5, "horizon": 60,
             "every": 10 ** 6, "rounding": True},
    "own": {"epochs": {"gold": 0.2, "gloss": 0.2, "soft": 0.2, "own": 2.0}, "rate": 3e-5,
            "horizon": 60, "every": 10 ** 6, "rounding": True},
}


def class_balance(rows, power):
    """Loss weights of the classes: inverse share to a power, mean one."""
    counts = np.bincount([r["y"] for r in rows if r["task"] == "main"], minlength=3)
    weights = (counts.sum() / np.maximum(counts, 1)) ** power
    weights = weights * counts.sum() / (weights * counts).sum()
    return torch.tensor(weights, dtype=torch.float32)


def part_of(rows, epochs, size, rng):
    """Batches of `epochs` passes; a fraction is a random part of a pass."""
    batches = []
    while epochs > 0:
        share = min(1.0, epochs)
        chosen = rows if share == 1.0 else rng.sample(rows, int(share * len(rows)))
        batches += make_batches(chosen, size, rng)
        epochs -= share
    return batches


def read_on(model, root, gold, tokenizer, plan, args, log):
    """The first stage: posts nobody labelled, and the weak sets with a head each."""
    part, rng = plan["pre"], random.Random(args.seed + 11)
    signed, plain, own = pretrain.posts(root, gold, part["reddit"], args.seed, log)
    weak = data.weak_rows(os.path.join(root, "train"), args.seed)
    weak = rng.sample(weak, min(part["weak_rows"], len(weak)))
    encode_rows(signed + plain + own, tokenizer, part["longest"])
    encode_rows(weak, tokenizer, part["weak_longest"])
    masker = pretrain.Masker(
        tokenizer, pretrain.common_tokens(signed + plain, part["common"]),
        pretrain.leaning_tokens(gold, tokenizer, part["leaning"]),
        (part["hide"], part["hide_leaning"]), args.seed)

    def of_posts(model, batch):
        return pretrain.loss_of_posts(model, batch, masker, part["sign_share"])

    def of_labels(model, batch):
        return label_loss(model, batch, {"smoothing": part["smoothing"], "severity": 0.0})

    log(f"pre: {len(signed)} and {len(plain)} posts, {len(own)} gold texts, {len(weak)} weak rows")
    size = part["batch"]
    streams = [("signed", part_of(signed, part["sign_epochs"], size, rng), of_posts),
               ("plain", part_of(plain, part["tweet_epochs"], size, rng), of_posts),
               ("own", part_of(own, part["gold_epochs"], size, rng), of_posts),
               ("weak", part_of(weak, 1.0, size, rng), of_labels)]
    path = os.path.join(args.work, "stages", "part.pt")
    return run_stage(model, "pre", streams, {**part, "bf16": args.bf16}, args.seed + 1, log,
                     lambda current, _: torch.save(current.state_dict(), path))


def on_gold(model, name, order, rows, plan, args, log, check):
    """The stages with labels: the three classes and severity, and glosses with a head of their own.

    `rows` by kind; the plan says which are wanted, and how often each is gone through.
    Runs that differ in `order` differ in the order of the rows and in dropout.
    With `rounding` the model computes as its int8 form will.
    """
    part = {**plan["gold"], **plan[name]}
    rng = random.Random(f"{args.seed} {name} {order}")
    balance = class_balance(rows["gold"], part["balance_power"])

    def of_labels(model, batch):
        return label_loss(model, batch, {**part, "balance": balance})

    streams = [(kind, part_of(rows[kind], epochs, part["batch"], rng), of_labels)
               for kind, epochs in part["epochs"].items()]
    model.set_rounding(part["rounding"])
    model = run_stage(model, name, streams, {**part, "bf16": args.bf16}, rng.randrange(10 ** 6), log, check)
    model.set_rounding(False)
    return model


def soft_rows(models, root, part, tokenizer, args, log):
    """Posts that nobody labelled, with what the models think of them on average."""
    texts = []
    for kind in ("tweets", "reddit"):
        texts += [t for t in data.posts(root, kind, args.seed + 17) if len(t) <= 300][: part[kind]]
    logits, severity = 0, 0
    for model in models:
        out = measure.predict_torch(model, texts, tokenizer, args.bf16)
        logits, severity = logits + out[0] / len(models), severity + out[1] / len(models)
    p, severity = measure.softmax(logits), 1 / (1 + np.exp(-severity))
    log(f"soft: {len(texts)} posts, {[round(float(v), 3) for v in p.mean(0)]} on average")
    rows = [{"text": t, "task": "soft", "y": [float(v) for v in q], "w": 1.0, "sev": float(s), "sev_w": 0.5}
            for t, q, s in zip(texts, p, severity)]
    encode_rows(rows, tokenizer)
    return rows


def mean_of(models):
    """A model whose weights are the means of the models' weights.

    Runs from one model stay in its valley, so the mean does what both would
    together, at the cost of one (Wortsman et al., model soups, 2022).
    """
    states = [m.state_dict() for m in models]
    mean = copy.deepcopy(models[0])
    mean.load_state_dict({k: torch.stack([s[k] for s in states]).mean(0) for k in states[0]})
    return mean


def fit_settings(predict, hold, folder, plan, version):
    """settings.json: calibration fitted on the held-out part of training.

    `predict` is the int8 model that ships, so its own rounding is in the fit.
    """
    logits = predict([r["text"] for r in hold])[0]
    labels = [r["y"] for r in hold]
    temperature, bias = calibrate.fit_probabilities(logits, labels)
    judged = data.severity_holdout(folder)
    scale, offset = calibrate.fit_severity(predict([r["text"] for r in judged])[1],
                                           [r["points"] for r in judged])
    settings = {"name": "ebb-en", "version": version, "languages": ["en"],
                "labels": ["negative", "neutral", "positive"],
                "max_tokens": plan["max_tokens"], "temperature": temperature, "bias": bias,
                "decision": [1.0, 1.0, 1.0],
                "severity": {"scale": scale, "offset": offset}}
    settings["decision"] = calibrate.fit_decision(calibrate.apply(logits, settings), labels)
    return settings


def write_reference(out, int8, fp32, tokenizer, settings):
    """reference.json: own texts with the numbers a scorer must reproduce."""
    def numbers(predict, text):
        logits, raw, _ = predict([text])
        p = calibrate.apply(logits, settings)[0]
        return {"logits": [float(x) for x in logits[0]], "severity_raw": float(raw[0]),
                "probabilities": [float(x) for x in p],
                "severity": float(calibrate.apply_severity(raw, settings)[0]),
                "label": settings["labels"][int(np.argmax(p * settings["decision"]))]}

    found = []
    for text in ENGLISH:
        clean = data.preprocess(text)
        found.append({"text": text, "lang": "en", "preprocessed": clean,
                      "input_ids": tokenizer.encode(clean).ids, **numbers(int8, clean),
                      "torch_fp32": numbers(fp32, clean)})
    with open(os.path.join(out, "reference.json"), "w", encoding="utf-8") as handle:
        json.dump(found, handle, ensure_ascii=False, indent=1)


def severity_reports(predict, judged, settings):
    """Severity over all held-out five-point labels, and over each part of that task."""
    raw = predict([r["text"] for r in judged])[1]
    severity = calibrate.apply_severity(raw, settings)
    parts = np.array([r["part"] for r in judged])

    def over(at):
        rows = [judged[i] for i in at]
        return measure.severity_report(severity[at], [r["points"] for r in rows],
                                       [r["whole"] for r in rows])

    found = {"severity": over(np.arange(len(judged)))}
    for part in sorted(set(parts)):
        found[f"severity {part}"] = over(np.where(parts == part)[0])
    return found


def evaluate(predict, folder, hold, own, settings, research):
    """Every number of one form of the model; `own` are held-out rows of one's own posts, if there are any."""
    def classes(texts, labels):
        logits = predict(texts)[0]
        return measure.class_report(calibrate.apply(logits, settings), labels,
                                    settings["decision"])
    report = {"validation": classes(*data.validation_rows(folder)),
              "held_out": classes([r["text"] for r in hold], [r["y"] for r in hold]),
              **severity_reports(predict, data.severity_holdout(folder), settings)}
    if own:
        report["own"] = classes([r["text"] for r in own], [r["y"] for r in own])
    for name in research:
        rows = data.research_rows(folder, name)
        if rows[0]:
            report[name] = classes(*rows)
    return report


def ship(model, out, folder, hold, own, tokenizer, plan, version, log):
    """Exports, quantises, calibrates and measures; returns the report."""
    os.makedirs(out, exist_ok=True)
    fp32, int8 = os.path.join(out, "model-fp32.onnx"), os.path.join(out, "model.onnx")
    export_fp32(model, fp32)
    texts = [r["text"] for r in hold][:500]

    def score(path):
        return measure.softmax(measure.predict_onnx(open_session(path), texts, tokenizer)[0])

    recipe, table = choose_recipe(fp32, score, log)
    quantise(fp32, int8, recipe)
    tokenizer.save(os.path.join(out, "tokenizer.json"))
    run_int8 = measure.Memo(open_session(int8), tokenizer, 1)
    settings = fit_settings(run_int8, hold, folder, plan, version)
    with open(os.path.join(out, "settings.json"), "w", encoding="utf-8") as handle:
        json.dump(settings, handle, indent=1)
    write_reference(out, run_int8, lambda t: measure.predict_torch(model, t, tokenizer),
                    tokenizer, settings)
    log("files written, now measuring")
    whole = measure.Memo(open_session(fp32), tokenizer, 32)
    report = {"int8_recipe": recipe, "int8_choice": table, "bytes": os.path.getsize(int8),
              "int8": evaluate(run_int8, folder, hold, own, settings, data.ENGLISH_RESEARCH),
              "fp32": evaluate(whole, folder, hold, own, settings, ())}
    os.remove(fp32)
    return report


def checker(folder, words, tokenizer, bf16, path, log):
    """A function that logs validation numbers of a model and saves it."""
    texts, labels = data.validation_rows(folder)
    others = [r for r in multi.validation(folder) if r["lang"] in words]
    glosses = [words[r["lang"]].gloss(r["text"]) for r in others]
    # The loss is balanced to the power 1/2, the label wants the whole.
    weights = 1 / np.sqrt(np.bincount(labels, minlength=3) / len(labels))

    def check(current, name):
        logits, _, of_gloss = measure.predict_torch(current, texts + glosses, tokenizer, bf16)
        logits, of_gloss = logits[: len(texts)], of_gloss[len(texts):]
        log(f"{name}: {calibrate.summary(measure.softmax(logits), labels, weights)}")
        if others:
            log(f"{name}: gloss {multi.by_language(measure.softmax(of_gloss), others)}")
        torch.save(current.state_dict(), path)

    return check


class Stages:
    """Stages of training, each kept on disk; with `resume` what is there is taken."""

    def __init__(self, folder, empty, resume):
        self.folder, self.empty, self.resume = folder, empty, resume

    def __call__(self, name, make):
        """The model of a stage: from disk, or made and kept."""
        path = os.path.join(self.folder, name + ".pt")
        if self.resume and os.path.exists(path):
            model = copy.deepcopy(self.empty)
            model.load_state_dict(torch.load(path), strict=False)
            return model.eval()
        model = make()
        torch.save(model.state_dict(), path)
        return model.eval()


def build(args, plan, out, log):
    """The whole English pipeline; finished stages are taken from disk."""
    folder = os.path.join(args.data, "train")
    gold, hold = data.gold_rows(folder)
    model = load_base(args.base)
    emoji_texts = [r["text"] for r in gold] + data.unlabelled(
        os.path.join(args.data, "unlabelled", data.UNLABELLED["tweets"]), 10 ** 9, args.seed)
    tokenizer, added = extend_tokenizer(os.path.join(args.base, "tokenizer.json"),
                                        emoji_texts, plan["max_tokens"])
    seed_emoji_rows(model.encoder.words, tokenizer, added)
    words = gloss.read(args.words)
    glosses = multi.gloss_rows(folder, words)
    own, own_hold, left_out = args.own
    encode_rows(gold + glosses + own, tokenizer)
    rows = {"gold": gold, "gloss": glosses, "own": own}
    log(f"gold {len(gold)}, held out {len(hold)}, glosses {len(glosses)}, own {len(own)}, of them held out "
        f"{len(own_hold)}, left out {left_out}, emoji entries {len(added)}")
    work = os.path.join(args.work, "stages")
    os.makedirs(work, exist_ok=True)
    tokenizer.save(os.path.join(work, "tokenizer.json"))
    check = checker(folder, words, tokenizer, args.bf16, os.path.join(work, "part.pt"), log)

    def train(start, name, order):
        if "soft" in plan[name]["epochs"] and "soft" not in rows:
            rows["soft"] = soft_rows([*runs, unread], args.data, plan["soft"], tokenizer, args, log)
        return on_gold(copy.deepcopy(start), name, order, rows, plan, args, log, check)

    stage = Stages(work, model, args.resume)
    read = stage("pre", lambda: read_on(copy.deepcopy(model), args.data, gold, tokenizer, plan, args, log))
    runs = [stage(f"gold-{i}", lambda i=i: train(read, "gold", i)) for i in range(plan["gold"]["runs"])]
    # Whoever did not read on errs elsewhere, which is what makes it worth asking.
    unread = stage("unread", lambda: train(model, "gold", len(runs)))
    taught = stage("soft", lambda: train(mean_of(runs), "soft", 0))
    model = stage("last", lambda: train(taught, "last", 0))
    if own:
        # What one's own posts teach costs a little elsewhere; the mean keeps half of it at a third of the price.
        model = mean_of([model, stage("own", lambda: train(taught, "own", 0))])
    return ship(model, out, folder, hold, own_hold, tokenizer, plan, args.version, log)
