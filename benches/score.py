"""Posts per second of the bundled model beside ONNX Runtime int8 and transformers fp32.

    python benches/score.py [--texts FILE] [--rounds 3] [--binary PATH]

Needs `onnxruntime` and `tokenizers`, and for the fp32 row `torch` and
`transformers`; rows whose packages are missing are left out. The engines take
turns, round by round, on the same texts, so that a busy machine slows all of
them alike. The fp32 row runs a BERT of the same size through transformers
(random weights unless --fp32 names a folder): time does not depend on weights.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "ebb-en"
SINGLE = 200


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", help="a text a line, or a TSV with a column `text`")
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--binary", help="a built bench; without it `cargo bench` builds one")
    parser.add_argument("--fp32", help="folder of a BERT sequence classifier")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    return parser.parse_args()


def read_texts(path, limit):
    """Texts of a file, links and white space aside as they come."""
    with open(path, encoding="utf-8") as handle:
        lines = handle.read().split("\n")
    head = lines[0].split("\t")
    if "text" in head:
        lines = [line.split("\t")[head.index("text")] for line in lines[1:] if line]
    return [" ".join(line.split()) for line in lines if line.strip()][:limit]


def made_up(count):
    """The made-up posts of benches/score.rs."""
    words = ("the app is down again since this morning and nobody answers my mails thanks for the quick fix love it "
             "why can I not log in to my account status page says all good but it is not please refund me great work "
             "team waiting for two hours now still broken").split()
    posts = []
    for n in range(count):
        picked = [words[(n * 31 + i * 17 + n // len(words)) % len(words)] for i in range(4 + n * 7 % 40)]
        posts.append(" ".join(picked) + f" {n}")
    return posts


def batches(ids, size):
    """Padded int64 arrays of texts of like length."""
    import numpy as np
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), size):
        chosen = [ids[i] for i in order[start:start + size]]
        width = max(map(len, chosen))
        tokens = np.zeros((len(chosen), width), np.int64)
        mask = np.zeros_like(tokens)
        for row, one in enumerate(chosen):
            tokens[row, :len(one)] = one
            mask[row, :len(one)] = 1
        yield tokens, mask


def onnx_runner(threads):
    """A function that scores batches with ONNX Runtime."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda tokens, mask: session.run(None, {"input_ids": tokens, "attention_mask": mask})


def torch_runner(threads, folder):
    """A function that scores batches with transformers."""
    import torch
    from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification
    torch.set_num_threads(threads)
    if folder:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
    else:
        model = BertForSequenceClassification(BertConfig(
            vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=3))
    model.eval()

    def run(tokens, mask):
        with torch.inference_mode():
            return model(input_ids=torch.from_numpy(tokens), attention_mask=torch.from_numpy(mask)).logits
    return run


def measure(args, engine, threads):
    """One Python engine, measured in this process."""
    begun = time.perf_counter()
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    with open(MODEL / "settings.json", encoding="utf-8") as handle:
        tokenizer.enable_truncation(json.load(handle)["max_tokens"])
    tokenizer.no_padding()
    run = onnx_runner(threads) if engine == "onnxruntime int8" else torch_runner(threads, args.fp32)

    def score(texts):
        for tokens, mask in batches([e.ids for e in tokenizer.encode_batch(texts)], 32):
            run(tokens, mask)

    score(["the app is down again and nobody answers"])
    first = time.perf_counter() - begun
    texts = read_texts(args.texts, args.limit) if args.texts else made_up(args.limit)
    single = []
    for text in texts[:SINGLE]:
        start = time.perf_counter()
        score([text])
        single.append(time.perf_counter() - start)
    start = time.perf_counter()
    score(texts)
    took = time.perf_counter() - start
    return {"engine": engine, "threads": threads, "texts": len(texts), "posts_per_second": len(texts) / took,
            "one_post_ms": statistics.median(single) * 1e3, "first_score_ms": first * 1e3,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def child(command, threads):
    """The JSON that a process prints last; None when it cannot run."""
    env = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None


def main():
    """Rounds over all engines; medians at the end."""
    args = arguments()
    if args.engine:
        engine, threads = args.engine.rsplit(":", 1)
        print(json.dumps(measure(args, engine, int(threads))))
        return
    ours = [args.binary] if args.binary else ["cargo", "bench", "-q", "--bench", "score", "--"]
    texts = [os.path.abspath(args.texts)] if args.texts else []
    results = {}
    for _ in range(args.rounds):
        for threads in args.threads:
            commands = {"ebb int8": [*ours, str(threads), *texts]}
            for engine in ("onnxruntime int8", "transformers fp32"):
                commands[engine] = [sys.executable, __file__, *sys.argv[1:], "--engine", f"{engine}:{threads}"]
            for engine, command in commands.items():
                found = child(command, threads)
                if found:
                    results.setdefault((engine, threads), []).append(found)
                    print(engine, threads, f"{found['posts_per_second']:.0f} posts/s", file=sys.stderr)
    print("| engine | threads | posts/s | range | one post, p50 | first score | peak |\n|---|---|---|---|---|---|---|")
    for (engine, threads), found in results.items():
        def middle(key):
            return statistics.median(one[key] for one in found)
        speeds = [one["posts_per_second"] for one in found]
        print(f"| {engine} | {threads} | {middle('posts_per_second'):.0f} | {min(speeds):.0f}-{max(speeds):.0f} "
              f"| {middle('one_post_ms'):.1f} ms | {middle('first_score_ms') / 1e3:.2f} s | {middle('peak_mb'):.0f} MB |")


if __name__ == "__main__":
    main()
