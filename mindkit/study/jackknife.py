"""What each test sample adds to a score: jackknife pseudo-values, for any metric.

The pseudo-value of sample n is N θ - (N - 1) θ₋ₙ, with θ the score of all N samples and θ₋ₙ that of
all but n. For a mean over samples it is the sample's own score (the absolute error for `mae`);
correlations and F1 become means of them to first order (Tukey 1958; Dorfman, Berbaum and Metz 1992
use them so for tests over readers and cases).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mindkit.train.metrics import METRICS, compute
from mindkit.train.scores import Array

# The correlations: what is done to predictions and targets (N,) before Pearson's is taken.
_CORRELATIONS: dict[str, Callable[[Array, Array], tuple[Array, Array, Array]]] = {
    "corr": lambda p, y: (p, y, np.full(len(y), True)),
    "corr_non0": lambda p, y: (p, y, y != 0),
    "sims_corr": lambda p, y: (np.clip(p, -1, 1), np.clip(y, -1, 1), np.full(len(y), True)),
}
_AVERAGES = ("_macro", "_weighted")  # over classes, of the F1, precision or recall that is named


def pseudo_values(metric: str, predictions: Array, target: Array) -> tuple[Array, Array]:
    """Return the score of each seed, (S,), and its pseudo-values, (S, N).

    Shapes: predictions (S, N) or (S, N, C), target (N,). A seed whose score is undefined has NaN
    throughout; so has one whose score is undefined without some sample.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an undefined score is NaN in what returns
        scores = [compute([metric], prediction, target)[metric] for prediction in predictions]
        values = [
            _of_one(metric, prediction, target, score)
            for prediction, score in zip(predictions, scores, strict=True)
        ]
    return np.array(scores), np.array(values)


def _of_one(metric: str, prediction: Array, target: Array, score: float) -> Array:
    size = len(target)
    if np.isnan(score) or size < 2:
        return np.full(size, np.nan)
    if metric in _CORRELATIONS:
        without = _correlations(*_CORRELATIONS[metric](prediction, target), score)
    elif metric.endswith(_AVERAGES):
        without = _of_classes(metric, prediction, target)
    elif "f1" in metric:
        without = _of_two_classes(metric, prediction, target)
    else:
        without = _means(metric, prediction, target, score)
    return size * score - (size - 1) * without


def _correlations(p: Array, y: Array, kept: Array, score: float) -> Array:
    """Pearson's r of the `kept` samples without each, (N,)."""
    without = np.full(len(y), score)
    p, y = p[kept].astype(np.float64), y[kept].astype(np.float64)
    p, y = p - p.mean(), y - y.mean()
    share = len(y) / (len(y) - 1)  # the means move too when a sample goes
    cross, size_p, size_y = ((a * b).sum() - share * a * b for a, b in ((p, y), (p, p), (y, y)))
    with np.errstate(divide="ignore", invalid="ignore"):
        without[kept] = cross / np.sqrt(size_p * size_y)
    return without


def _of_classes(metric: str, scores: Array, target: Array) -> Array:
    """The mean over classes without each sample, from the counts of each class."""
    kind, average = metric.split("_")
    classes = np.arange(scores.shape[1])
    predicted, true = (np.equal.outer(c, classes).astype(int) for c in (scores.argmax(1), target))
    hits, right = predicted * true, {"precision": predicted, "recall": true, "f1": predicted + true}
    hit, of = (each.sum(0) - each for each in (hits, right[kind]))  # (N, C)
    score = (2 if kind == "f1" else 1) * hit / np.maximum(of, 1)  # 0 where there is none
    weights = np.ones_like(score) if average == "macro" else true.sum(0) - true
    return (weights * score).sum(1) / weights.sum(1)


def _of_two_classes(metric: str, prediction: Array, target: Array) -> Array:
    """The F1 without each sample; samples of one predicted and true sign have it in common."""
    signs = np.sign(np.stack([prediction, target], 1))
    _, first, kind = np.unique(signs, axis=0, return_index=True, return_inverse=True)
    function = METRICS[metric].function
    without = [function(np.delete(prediction, n), np.delete(target, n)) for n in first]
    return np.array(without)[kind.reshape(-1)]


def _means(metric: str, prediction: Array, target: Array, score: float) -> Array:
    """The mean without each sample, from the scores of single samples; NaN is one left out."""
    function = METRICS[metric].function
    each = np.array([function(prediction[n, None], target[n, None]) for n in range(len(target))])
    counted = ~np.isnan(each)
    number = counted.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counted, (number * score - each) / (number - 1), score)
