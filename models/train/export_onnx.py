"""The ONNX file and its int8 form."""

import os
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from fold_onnx import fold
from measure import OUTPUTS

TOLERANCE = 0.015

# Which products stay in fp32; chosen by agreement with fp32.
RECIPES = {
    "per-tensor": {"per_channel": False, "keep": ()},
    "per-channel": {"per_channel": True, "keep": ()},
    "per-channel, last second feed-forward matrix fp32": {"per_channel": True, "keep": ("last",)},
    "per-channel, all second feed-forward matrices fp32": {"per_channel": True, "keep": ("down",)},
}


def export_fp32(model, path):
    """Writes the graph: ids and mask in, `measure.OUTPUTS` out."""
    model = model.eval()
    ids = torch.ones(2, 9, dtype=torch.long)
    torch.onnx.export(
        model, (ids, torch.ones_like(ids)), path, opset_version=17, dynamo=False,
        input_names=["input_ids", "attention_mask"], output_names=list(OUTPUTS),
        dynamic_axes={"input_ids": {0: "batch", 1: "sequence"},
                      "attention_mask": {0: "batch", 1: "sequence"},
                      **{name: {0: "batch"} for name in OUTPUTS}})
    onnx.save(fold(onnx.load(path)), path)


def _kept(path, keep):
    """Names of the products that a recipe leaves in fp32; the heads always are.

    The heads are small, and what they see (two kinds of pooling side by
    side) suits one scale badly.
    """
    nodes = onnx.load(path).graph.node
    # The quantiser makes products of the heads' Gemm nodes first and renames them so.
    heads = [n.name + "_MatMul" for n in nodes if n.op_type == "Gemm"]
    downs = [n.name for n in nodes if n.op_type == "MatMul" and "/down/" in n.name]
    return heads + (downs if "down" in keep else downs[-1:] if "last" in keep else [])


def quantise(source, target, recipe):
    """Dynamic int8: weights int8 (embeddings too), activations at run time."""
    choice = RECIPES[recipe]
    quantize_dynamic(source, target, per_channel=choice["per_channel"],
                     weight_type=QuantType.QInt8, reduce_range=False,
                     nodes_to_exclude=_kept(source, choice["keep"]),
                     extra_options={"MatMulConstBOnly": True})


def open_session(path, threads=1):
    """An ONNX Runtime session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def choose_recipe(fp32, score, log):
    """Quantises in every way; keeps one that agrees with fp32.

    `score(path)` returns calibrated probabilities on held-out posts; the
    smallest file wins whose mean absolute difference is within TOLERANCE
    (keeping matrices in fp32 costs speed as well as bytes).
    """
    want, table = score(fp32), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in RECIPES:
            path = os.path.join(folder, "model.onnx")
            quantise(fp32, path, name)
            have = score(path)
            table[name] = {
                "mean_difference": float(np.abs(have - want).mean()),
                "same_label": float((have.argmax(1) == want.argmax(1)).mean()),
                "bytes": os.path.getsize(path)}
            log(f"int8 {name}: {table[name]}")
    best = min(entry["mean_difference"] for entry in table.values())
    near = [n for n in table if table[n]["mean_difference"] <= max(best, TOLERANCE)]
    return min(near, key=lambda n: table[n]["bytes"]), table
