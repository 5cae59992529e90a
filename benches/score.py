"""The engines beside one another: Ebb (embedded int8, rust-bert fp32), ONNX Runtime int8, transformers fp32.

    LIBTORCH=… LIBTORCH_CXX11_ABI=0 venv/bin/python benches/score.py [--texts FILE] [--passes 2]

Every engine is started once for each number of threads and keeps running;
they take turns at small parts of the same texts, so that a busy machine slows
all of them alike. Needs `onnxruntime` and `tokenizers`, for the fp32 rows
`torch` and `transformers`, and for rust-bert a libtorch (docs/models.md);
rows that cannot be had are left out with a word. The fp32 rows run a BERT of
the shape of the bundled model with random weights (the weights before
rounding are not shipped; time does not depend on them), or the one of --fp32.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "ebb-en"
SINGLE = 200
FIRST = "the app is down again and nobody answers"
OURS, TORCH = "Ebb, embedded int8", "Ebb, rust-bert fp32"
PYTHON = {"ONNX Runtime int8": "onnxruntime", "transformers fp32": "torch"}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", help="a text a line, or a TSV with a column `text`; made up when left out")
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--passes", type=int, default=2, help="how often the texts are scored")
    parser.add_argument("--part", type=int, default=500, help="texts before the next engine has its turn")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--binary", help="the built bench; without it cargo builds one")
    parser.add_argument("--torch-binary", help="the same with the feature rust-bert")
    parser.add_argument("--fp32", help="folder of a BERT sequence classifier")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    return parser.parse_args()


def read_texts(path, limit):
    """Texts of a file, white space aside as they come."""
    with open(path, encoding="utf-8") as handle:
        lines = handle.read().split("\n")
    head = lines[0].split("\t")
    if "text" in head:
        lines = [line.split("\t")[head.index("text")] for line in lines[1:] if line]
    return [" ".join(line.split()) for line in lines if line.strip()][:limit]


def made_up(count):
    """Posts of 4 to 43 words, no two alike."""
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
    from transformers import AutoModelForSequenceClassification
    torch.set_num_threads(threads)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def run(tokens, mask):
        with torch.inference_mode():
            return model(input_ids=torch.from_numpy(tokens), attention_mask=torch.from_numpy(mask)).logits
    return run


def fp32_folder(folder):
    """A BERT of the bundled model's shape and words, with random weights."""
    from transformers import BertConfig, BertForSequenceClassification
    labels = {0: "negative", 1: "neutral", 2: "positive"}
    BertForSequenceClassification(BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        id2label=labels, label2id={v: k for k, v in labels.items()})).save_pretrained(folder)
    shutil.copy(MODEL / "tokenizer.json", folder)
    with open(MODEL / "settings.json", encoding="utf-8") as handle:
        most = json.load(handle)["max_tokens"]
    with open(os.path.join(folder, "settings.json"), "w", encoding="utf-8") as handle:
        json.dump({"name": "shape-of-ebb-en", "version": "random", "languages": ["*"], "labels": list(labels.values()),
                   "max_tokens": most, "severity": {"of_classes": [0.5, 0, 0]}}, handle)


def serve(args, engine, threads):
    """One Python engine, which answers as benches/score.rs does."""
    begun = time.perf_counter()
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    with open(MODEL / "settings.json", encoding="utf-8") as handle:
        tokenizer.enable_truncation(json.load(handle)["max_tokens"])
    tokenizer.no_padding()
    run = onnx_runner(threads) if engine == "onnxruntime" else torch_runner(threads, args.fp32)

    def score(texts):
        start = time.perf_counter()
        for tokens, mask in batches([e.ids for e in tokenizer.encode_batch(texts)], 32):
            run(tokens, mask)
        return time.perf_counter() - start

    score([FIRST])
    print(json.dumps({"first_score_ms": (time.perf_counter() - begun) * 1e3}), flush=True)
    texts = read_texts(args.texts, args.limit)
    for line in sys.stdin:
        word, *numbers = line.split()
        if word == "part":
            answer = score(texts[int(numbers[0]):int(numbers[1])])
        elif word == "single":
            answer = statistics.median(score([text]) for text in texts[:int(numbers[0])]) * 1e3
        else:
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(answer), flush=True)


class Running:
    """An engine in a process of its own."""

    def __init__(self, name, threads, command):
        self.name, self.threads, self.rates = name, threads, []
        env = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        if not first:
            raise OSError(f"{name} does not start")
        self.first_ms = json.loads(first)["first_score_ms"]

    def ask(self, question):
        """One answer."""
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def score(self, start, end):
        """A part of the texts."""
        self.rates.append((end - start) / self.ask(f"part {start} {end}"))

    def row(self):
        """Its line in the table; ends it."""
        single, peak = self.ask(f"single {SINGLE}"), self.ask("peak")
        self.process.stdin.close()
        self.process.wait()
        # Parts are equally large: posts a second over all of them are the harmonic mean.
        return (f"| {self.name} | {self.threads} | {statistics.harmonic_mean(self.rates):.0f} | {min(self.rates):.0f}-{max(self.rates):.0f} "
                f"| {single:.1f} ms | {self.first_ms / 1e3:.2f} s | {peak} MB |")


def built(*more):
    """The bench as cargo builds it; None when it cannot."""
    command = ["cargo", "bench", "--no-run", "--bench", "score", "--message-format=json", *more]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    # Cargo names the program `ebb` as well, in an order that depends on what was built before.
    found = [one.get("executable") for one in said if "bench" in one.get("target", {}).get("kind", [])]
    return next((path for path in found if path), None) if done.returncode == 0 else None


def commands(args, threads):
    """What starts each engine; those that cannot be had are left out."""
    found = {OURS: [args.binary, str(threads), args.texts, "--serve"]}
    for name, engine in PYTHON.items():
        found[name] = [sys.executable, __file__, "--texts", args.texts, "--fp32", args.fp32 or "", "--engine", f"{engine}:{threads}"]
    if args.torch_binary and args.fp32:
        found[TORCH] = [args.torch_binary, str(threads), args.texts, f"--model={args.fp32}", "--serve"]
    return found


def prepare(args, work):
    """The texts, the fp32 model and the programs."""
    texts = read_texts(args.texts, args.limit) if args.texts else made_up(args.limit)
    args.texts = os.path.join(work, "texts")
    pathlib.Path(args.texts).write_text("\n".join(texts), encoding="utf-8")
    args.binary = args.binary or built()
    if not args.binary:
        sys.exit("the bench cannot be built")
    if not args.torch_binary and os.environ.get("LIBTORCH"):
        args.torch_binary = built("--features", "rust-bert")
    if not args.fp32:
        try:
            fp32_folder(os.path.join(work, "fp32"))
            args.fp32 = os.path.join(work, "fp32")
        except ImportError as error:
            print(f"no fp32 rows: {error}", file=sys.stderr)
    return len(texts)


def main():
    """Rounds over all engines; the table at the end."""
    args = arguments()
    if args.engine:
        engine, threads = args.engine.split(":")
        serve(args, engine, int(threads))
        return
    print("| engine | threads | posts/s | range | one post, p50 | first score | peak |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        count = prepare(args, work)
        for threads in args.threads:
            engines = []
            for name, command in commands(args, threads).items():
                try:
                    engines.append(Running(name, threads, command))
                except OSError as error:
                    print(f"left out: {error}", file=sys.stderr)
            for _ in range(args.passes):
                for start in range(0, count - args.part + 1, args.part):
                    for engine in engines:
                        engine.score(start, start + args.part)
            for engine in engines:
                print(engine.row(), flush=True)


if __name__ == "__main__":
    main()
