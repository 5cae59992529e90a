"""The English model: gold labels, then weak sets with them, calibration, int8."""

import json
import os
import random

import numpy as np
import torch

import calibrate
import data
import measure
import multi
from encoder import load_base
from export_onnx import choose_recipe, export_fp32, open_session, quantise
from loop import encode_rows, make_batches, run_stage
from samples import ENGLISH
from vocab import extend_tokenizer, seed_emoji_rows

# The plan of the shipped model. `--minutes` and `--smoke` scale the amounts.
PLAN = {
    "max_tokens": 96, "batch": 64,
    "gold": {"epochs": 1, "rate": 1e-4, "decay": 0.85, "smoothing": 0.05, "severity": 0.5,
             "balance_power": 0.5, "horizon": 100, "every": 400},
    "mixed": {"gold_epochs": 1.0, "weak_rows": 56000, "subtitle_rows": 15000, "other_copies": 2,
              "weak_until": 0.75, "mlm_texts": 0, "mlm_batch": 96},
    "polish": {"gold_epochs": 0.6, "rate": 4e-5},
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


def stage_settings(part, gold, bf16):
    """What the training loop needs to know of a stage."""
    return {"rate": part["rate"], "decay": part["decay"], "horizon": part["horizon"],
            "bf16": bf16, "smoothing": part["smoothing"], "severity": part["severity"],
            "balance": class_balance(gold, part["balance_power"]), "every": part["every"]}


def first_stage(model, gold, plan, args, log, check):
    """The gold labels and severity alone."""
    batches = part_of(gold, plan["gold"]["epochs"], plan["batch"], random.Random(args.seed + 7))
    return run_stage(model, "gold", [("gold", batches, 1.0)],
                     stage_settings(plan["gold"], gold, args.bf16), args.seed + 1, log, check)


def mixed_streams(folder, gold, tokenizer, plan, seed, log):
    """Batches of the second stage by kind, and until when each may come."""
    part, rng = plan["mixed"], random.Random(seed + 11)
    weak = data.weak_rows(folder, seed)
    subtitles = [r for r in weak if r["task"] == "subtitle"]
    weak = [r for r in weak if r["task"] != "subtitle"]
    weak = rng.sample(weak, min(part["weak_rows"], len(weak)))
    weak += rng.sample(subtitles, min(part["subtitle_rows"], len(subtitles)))
    others = data.other_rows(folder, seed, part["other_copies"])
    path = os.path.join(folder, "..", "unlabelled", "en_tweets.txt.xz")
    loose = [{"text": t} for t in data.unlabelled(path, part["mlm_texts"], seed,
                                                  data.research_keys(folder))]
    for rows in (weak, others, loose):
        encode_rows(rows, tokenizer)
    log(f"mixed: {len(weak)} weak rows, {len(others)} of other languages, {len(loose)} unlabelled")
    size = plan["batch"]
    return [("weak", part_of(weak, 1.0, size, rng), part["weak_until"]),
            ("mlm", part_of(loose, 1.0, part["mlm_batch"], rng), part["weak_until"]),
            ("other", part_of(others, 1.0, size, rng), 1.0),
            ("gold", part_of(gold, part["gold_epochs"], size, rng), 1.0)]


def second_stage(model, folder, gold, tokenizer, plan, args, log, check):
    """Weak sets early, gold rows throughout, so that gold has the last word.

    The other languages' rows come along with a head of their own, which
    does not ship.
    """
    streams = mixed_streams(folder, gold, tokenizer, plan, args.seed, log)
    return run_stage(model, "mixed", streams, stage_settings(plan["gold"], gold, args.bf16),
                     args.seed + 2, log, check)


def third_stage(model, gold, plan, args, log, check):
    """Part of the gold rows again, at a lower rate: the last word undiluted."""
    part = {**plan["gold"], **plan["polish"]}
    batches = part_of(gold, part["gold_epochs"], plan["batch"], random.Random(args.seed + 13))
    return run_stage(model, "polish", [("gold", batches, 1.0)],
                     stage_settings(part, gold, args.bf16), args.seed + 3, log, check)


def fit_settings(predict, hold, folder, plan, version):
    """settings.json: calibration fitted on the held-out part of training.

    `predict` is the int8 model that ships, so its own rounding is in the fit.
    """
    logits, _ = predict([r["text"] for r in hold])
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
        logits, raw = predict([text])
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


def evaluate(predict, folder, hold, settings, research):
    """Every number of one form of the model."""
    def classes(texts, labels):
        logits, _ = predict(texts)
        return measure.class_report(calibrate.apply(logits, settings), labels,
                                    settings["decision"])
    report = {"validation": classes(*data.validation_rows(folder)),
              "held_out": classes([r["text"] for r in hold], [r["y"] for r in hold]),
              **severity_reports(predict, data.severity_holdout(folder), settings)}
    for name in research:
        rows = data.research_rows(folder, name)
        if rows[0]:
            report[name] = classes(*rows)
    return report


def ship(model, out, folder, hold, tokenizer, plan, version, log):
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
              "int8": evaluate(run_int8, folder, hold, settings, data.ENGLISH_RESEARCH),
              "fp32": evaluate(whole, folder, hold, settings, ())}
    os.remove(fp32)
    return report


def checker(folder, tokenizer, bf16, path, log):
    """A function that logs validation numbers of a model and saves it."""
    texts, labels = data.validation_rows(folder)
    others = multi.validation(folder)
    # The loss is balanced to the power 1/2, the label wants the whole.
    weights = 1 / np.sqrt(np.bincount(labels, minlength=3) / len(labels))

    def check(current, name):
        logits, _ = measure.predict_torch(current, texts, tokenizer, bf16)
        log(f"{name}: {calibrate.summary(measure.softmax(logits), labels, weights)}")
        p = multi.encoder_probabilities(current, others, tokenizer, bf16)
        log(f"{name}: {multi.by_language(p, others)}")
        torch.save(current.state_dict(), path)

    return check


def run_stages(model, folder, gold, tokenizer, plan, args, log, check):
    """The stages in turn, each kept on disk; with --resume from the last kept."""
    stages = [
        ("gold", lambda m: first_stage(m, gold, plan, args, log, check)),
        ("mixed", lambda m: second_stage(m, folder, gold, tokenizer, plan, args, log, check)),
        ("polish", lambda m: third_stage(m, gold, plan, args, log, check))]
    paths = [os.path.join(args.work, "stages", name + ".pt") for name, _ in stages]
    done = 0
    if args.resume:
        done = max([i + 1 for i, path in enumerate(paths) if os.path.exists(path)], default=0)
    if done:
        model.load_state_dict(torch.load(paths[done - 1]), strict=False)
    for (_, stage), path in list(zip(stages, paths))[done:]:
        model = stage(model)
        torch.save(model.state_dict(), path)
    return model.eval()


def build(args, plan, out, log):
    """The whole English pipeline; finished stages are taken from disk."""
    folder = os.path.join(args.data, "train")
    gold, hold = data.gold_rows(folder)
    model = load_base(args.base)
    emoji_texts = [r["text"] for r in gold] + data.unlabelled(
        os.path.join(args.data, "unlabelled", "en_tweets.txt.xz"), 10 ** 9, args.seed)
    tokenizer, added = extend_tokenizer(os.path.join(args.base, "tokenizer.json"),
                                        emoji_texts, plan["max_tokens"])
    seed_emoji_rows(model.encoder.words, tokenizer, added)
    encode_rows(gold, tokenizer)
    log(f"gold {len(gold)}, held out {len(hold)}, emoji entries {len(added)}")
    stages = os.path.join(args.work, "stages")
    os.makedirs(stages, exist_ok=True)
    tokenizer.save(os.path.join(stages, "tokenizer.json"))
    check = checker(folder, tokenizer, args.bf16, os.path.join(stages, "part.pt"), log)
    model = run_stages(model, folder, gold, tokenizer, plan, args, log, check)
    return ship(model, out, folder, hold, tokenizer, plan, args.version, log)
