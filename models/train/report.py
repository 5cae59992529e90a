"""report.json and a readable report.txt."""

import json
import os


def reliability_lines(table):
    """A diagram in text: a bar for the accuracy, a mark for the confidence."""
    lines = []
    for row in table:
        bar = ["#" if i < round(40 * row["accuracy"]) else "." for i in range(41)]
        bar[round(40 * row["confidence"])] = "|"
        lines.append(f"  {row['from']:.2f}-{row['to']:.2f} {row['n']:6d}  said {row['confidence']:.3f}"
                     f"  was {row['accuracy']:.3f}  {''.join(bar)}")
    return lines


def class_line(name, part):
    """One set on one line."""
    recall = " ".join(f"{v:.3f}" for v in part["recall"])
    return (f"  {name:22s} n {part['n']:6d}  macro recall {part['macro_recall']:.4f} ({recall})"
            f"  macro F1 {part['macro_f1']:.4f}  accuracy {part['accuracy']:.4f}  log loss {part['log_loss']:.4f}"
            f"  ECE label {part['ece_of_label']:.4f} top {part['ece_of_top']:.4f}")


def section(title, part):
    """Lines of one form of one model."""
    lines = [title]
    for name, value in part.items():
        if not isinstance(value, dict):
            lines.append(f"  {name}: {value}")
        elif "macro_recall" in value:
            lines.append(class_line(name, value))
        else:
            shown = ", ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}"
                              for k, v in value.items())
            lines.append(f"  {name}: {shown}")
    return lines


def write(found, out):
    """Both reports into the output folder."""
    with open(os.path.join(out, "report.json"), "w", encoding="utf-8") as handle:
        json.dump(found, handle, indent=1)
    lines = []
    if "english" in found:
        part = found["english"]
        lines += [f"ebb-en, int8 ({part['int8_recipe']}), {part['bytes']} bytes"]
        lines += section("int8, one post a run", part["int8"])
        lines += section("fp32", part["fp32"])
        lines += ["reliability of the shipped label, int8, validation"]
        lines += reliability_lines(part["int8"]["validation"]["reliability"])
    if "multi" in found:
        lines += section("ebb-multi", found["multi"])
        lines += ["reliability, the five languages, UMSAB validation"]
        lines += reliability_lines(found["multi"]["umsab_val_five"]["reliability"])
    with open(os.path.join(out, "report.txt"), "w", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")
