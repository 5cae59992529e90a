"""Honest probabilities and balanced decisions, fitted on held-out posts."""

import numpy as np
from scipy.optimize import minimize

from measure import recalls, softmax


def fit_probabilities(logits, labels):
    """(temperature, bias) minimising the log loss of softmax(logits/T + b)."""
    labels = np.asarray(labels)

    def loss(x):
        p = softmax(logits / np.exp(x[0]) + np.append(x[1:], 0.0))
        return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean()

    best = minimize(loss, np.zeros(3), method="Nelder-Mead",
                    options={"maxiter": 2000, "xatol": 1e-5, "fatol": 1e-8}).x
    bias = np.append(best[1:], 0.0)
    return float(np.exp(best[0])), [float(b) for b in bias - bias.mean()]


def fit_temperature(logits, labels):
    """(temperature, no bias), by log loss."""
    labels = np.asarray(labels)

    def loss(x):
        p = softmax(logits / np.exp(x[0]))
        return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean()

    best = minimize(loss, np.zeros(1), method="Nelder-Mead").x
    return float(np.exp(best[0])), [0.0, 0.0, 0.0]


def fit_shares(parts, labels):
    """The share of each of several logits in their sum, by log loss."""
    labels = np.asarray(labels)

    def loss(x):
        p = softmax(sum(np.exp(share) * part for share, part in zip(x, parts)))
        return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean()

    best = minimize(loss, np.zeros(len(parts)), method="Nelder-Mead").x
    return [float(share) for share in np.exp(best)]


def fit_decision(probabilities, labels):
    """Class weights for the label that balance the recalls.

    With honest probabilities the best weights for macro recall are the
    inverse class shares; taking just those (no search) leaves nothing to
    overfit.
    """
    share = np.bincount(np.asarray(labels), minlength=3) / len(labels)
    weights = 1.0 / np.maximum(share, 0.05)
    return [float(w) for w in weights / weights.min()]


def fit_severity(raw, points):
    """(scale, offset) so that sigmoid(scale * raw + offset) is about the
    mean of 1 for `strongly negative`, 0.6 for `negative`, 0 for the rest.

    Only the reading of the number changes, not the order of the posts.
    """
    points = np.asarray(points)
    return fit_margin(raw, np.where(points == -2, 1.0, np.where(points == -1, 0.6, 0.0)))


def fit_margin(raw, want):
    """(scale, offset) so that sigmoid(scale * raw + offset) is near `want`."""
    raw = np.asarray(raw)

    def loss(x):
        z = np.exp(x[0]) * raw + x[1]
        return (np.logaddexp(0, z) - want * z).mean()

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(best[1])


def apply(logits, settings):
    """Probabilities as the shipped settings define them."""
    return softmax(logits / settings["temperature"] + np.asarray(settings["bias"]))


def apply_severity(raw, settings):
    """Severity as the shipped settings define it."""
    part = settings["severity"]
    return 1 / (1 + np.exp(-(part["scale"] * np.asarray(raw) + part["offset"])))


def summary(probabilities, labels, decision):
    """One line for the log."""
    plain = recalls(labels, probabilities.argmax(1))
    balanced = recalls(labels, (probabilities * np.asarray(decision)).argmax(1))
    return (f"macro recall {np.mean(balanced):.4f} {[round(r, 3) for r in balanced]}"
            f" (argmax {np.mean(plain):.4f})")
