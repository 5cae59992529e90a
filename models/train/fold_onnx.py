"""The exported graph without what does not depend on the texts.

The exporter writes the arithmetic of shapes into the graph: a third of its
operations, run again for every text. Here they are computed once; what is
left is the same network with the same numbers, to the bit.

    python models/train/fold_onnx.py model.onnx      # an exported file, in place
"""

import sys

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper


def fold(model):
    """Folds a graph with the inputs `input_ids` and `attention_mask`."""
    graph = model.graph
    fixed, reshapes = _of_shapes(graph), [n for n in graph.node if n.op_type == "Reshape"]
    names = sorted({o for n in fixed for o in n.output} | {n.input[0] for n in reshapes})
    # What is the same for two shapes that share no side is the same for all.
    one, other = _values(model, names, 2, 9), _values(model, names, 3, 7)
    known = {}
    for node in fixed:
        if all(np.array_equal(one[o], other[o]) for o in node.output):
            known.update((o, one[o]) for o in node.output)
            graph.node.remove(node)
    computed = {o for n in fixed for o in n.output} - set(known)
    for node in (n for n in reshapes if n.input[1] in computed):
        sides = zip(one[node.input[1]], other[node.input[1]])
        come = list(zip(one[node.input[0]].shape, other[node.input[0]].shape))
        # In a shape, 0 is the side that comes in at this place.
        shape = [int(a) if a == b else 0 if (a, b) in come[at:at + 1] else None for at, (a, b) in enumerate(sides)]
        if None not in shape:
            node.input[1] = node.output[0] + "_shape"
            known[node.input[1]] = np.array(shape, np.int64)
    graph.initializer.extend(numpy_helper.from_array(np.array(value), name) for name, value in known.items())
    _part_before_heads(graph)
    _prune(graph)
    onnx.checker.check_model(model)
    return model


def _of_shapes(graph):
    """Nodes that look at shapes and constants only, never at the numbers of an input."""
    seen, found = {i.name for i in graph.initializer} | {""}, []
    for node in graph.node:
        if node.op_type in ("Constant", "Shape") or (node.input and all(n in seen for n in node.input)):
            seen.update(node.output)
            found.append(node)
    return found


def _values(model, names, rows, length):
    """What these tensors are for so many texts of so many tokens."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    have = {o.name for o in probe.graph.output}
    probe.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in have)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    ids = np.ones((rows, length), np.int64)
    return dict(zip(names, session.run(names, {"input_ids": ids, "attention_mask": ids})))


def _order(node):
    return list(next(a.ints for a in node.attribute if a.name == "perm"))


def _part_before_heads(graph):
    """Parts the product of queries, keys and values before it is laid out by heads.

    The export lays out all three at once, in five dimensions, and parts them
    then: each number is moved twice.
    """
    makers = {o: n for n in graph.node for o in n.output}
    shapes = {i.name: i for i in graph.initializer}
    for split in [n for n in graph.node if n.op_type == "Split"]:
        laid_out = makers.get(split.input[0])
        if laid_out is None or laid_out.op_type != "Transpose" or _order(laid_out) != [2, 0, 3, 1, 4]:
            continue
        reshape = makers[laid_out.input[0]]
        heads, size = numpy_helper.to_array(shapes[reshape.input[1]])[3:]
        widths, sides = split.output[0] + "_widths", split.output[0] + "_sides"
        graph.initializer.append(numpy_helper.from_array(np.array([heads * size] * 3, np.int64), widths))
        graph.initializer.append(numpy_helper.from_array(np.array([0, 0, heads, size], np.int64), sides))
        parts = [f"{o}_part" for o in split.output]
        new = [helper.make_node("Split", [reshape.input[0], widths], parts, axis=-1)]
        for part, old in zip(parts, split.output):
            (last,), order = [n for n in graph.node if old in n.input], [0, 2, 1, 3]
            assert last.op_type == "Squeeze", last.op_type
            graph.node.remove(last)
            users = [n for n in graph.node if last.output[0] in n.input]
            if [n.op_type for n in users] == ["Transpose"]:
                order, last = [order[i] for i in _order(users[0])], users[0]
                graph.node.remove(last)
            new += [helper.make_node("Reshape", [part, sides], [part + "_heads"]),
                    helper.make_node("Transpose", [part + "_heads"], [last.output[0]], perm=order)]
        at = list(graph.node).index(split)
        graph.node.remove(split)
        for step, node in enumerate(new):
            graph.node.insert(at + step, node)


def _prune(graph):
    """Removes what nothing asks for any more."""
    dead = True
    while dead:
        used = {o.name for o in graph.output} | {name for n in graph.node for name in n.input}
        dead = [n for n in graph.node if not used.intersection(n.output)]
        for node in dead:
            graph.node.remove(node)
    for initializer in [i for i in graph.initializer if i.name not in used]:
        graph.initializer.remove(initializer)


if __name__ == "__main__":
    onnx.save(fold(onnx.load(sys.argv[1])), sys.argv[1])
