"""Soft-label multinomial logistic regression on sparse rows, and its int8 form."""

import numpy as np
from scipy.optimize import minimize

from measure import softmax


def fit(x, targets, weights, strength, prior=None, iterations=120):
    """(weights, bias) minimising weighted cross entropy + strength/2 |W - prior|^2.

    The prior carries what a weaker set taught: where the gold rows say
    nothing about a feature, its weight stays at the prior.

    `targets` are class probabilities, so gold labels (one-hot) and soft
    labels mix in one sum. L-BFGS: deterministic, no step size.
    """
    width, classes = x.shape[1], targets.shape[1]
    share = (weights / weights.sum())[:, None]
    flipped = x.T.tocsr()
    prior = np.zeros((width, classes)) if prior is None else prior

    def loss(flat):
        w, b = flat[:-classes].reshape(width, classes), flat[-classes:]
        z = x @ w + b
        top = z.max(1, keepdims=True)
        log_p = z - top - np.log(np.exp(z - top).sum(1, keepdims=True))
        gap = share * (np.exp(log_p) - targets)
        away = w - prior
        value = -(share * targets * log_p).sum() + 0.5 * strength * (away * away).sum()
        return value, np.concatenate([(flipped @ gap + strength * away).ravel(), gap.sum(0)])

    first = np.concatenate([prior.ravel(), np.zeros(classes)])
    best = minimize(loss, first, jac=True, method="L-BFGS-B",
                    options={"maxiter": iterations, "maxcor": 8}).x
    return best[:-classes].reshape(width, classes), best[-classes:]


def quantise(weights, clip=127):
    """(int8 weights, step): one step for all and none clipped.

    The few largest weights matter more than the rounding of the many small
    ones, which averages out over a post.
    """
    step = float(np.abs(weights).max()) / clip or 1.0
    return np.clip(np.round(weights / step), -clip, clip).astype(np.int8), step


def pack(path, scales, scale_step, weights):
    """weights.bin: four bytes a bucket, the scale and three class weights."""
    table = np.zeros((len(scales), 4), dtype=np.uint8)
    table[:, 0] = np.clip(np.round(scales / scale_step), 0, 255)
    table[:, 1:] = weights.view(np.uint8)
    with open(path, "wb") as handle:
        handle.write(table.tobytes())


def unpack(path):
    """(scales as u8, weights as i8), as a scorer reads them."""
    table = np.fromfile(path, dtype=np.uint8).reshape(-1, 4)
    return table[:, 0], table[:, 1:].copy().view(np.int8)


def probabilities(x, weights, bias):
    """Class probabilities of sparse rows."""
    return softmax(x @ weights + bias)
