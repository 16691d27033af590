"""The arithmetic behind the metrics; `mindkit.train.metrics` says which is called what.

Regression scores take predictions and targets (N,), classification scores take scores (N, C) and
class numbers (N,). A score that is undefined is NaN, and warned of.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Score = Callable[[Array, Array], float]
Rule = Literal["has0", "non0", "non0_ge", "pos"]


def mae(prediction: Array, target: Array) -> float:
    """Mean absolute error."""
    return np.abs(prediction.astype(np.float64) - target).mean()


def mse(prediction: Array, target: Array) -> float:
    """Mean squared error."""
    return np.square(prediction.astype(np.float64) - target).mean()


def corr(prediction: Array, target: Array) -> float:
    """Pearson's correlation; undefined for a constant."""
    from scipy.stats import pearsonr

    if len(target) < 2:
        return _undefined("corr", "there is one sample only")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = pearsonr(prediction.astype(np.float64), target.astype(np.float64)).statistic
    if caught or math.isnan(value):
        return _undefined("corr", "predictions or targets are constant")
    return value


def away_from_zero(function: Score, p: Array, y: Array) -> float:
    """The score of the samples whose label is not 0."""
    kept = y != 0
    if not kept.any():
        return _undefined("a score without zero labels", "every label is 0")
    return function(p[kept], y[kept])


def _two_classes(rule: Rule, p: Array, y: Array) -> tuple[Array, Array]:
    if rule.startswith("non0"):
        p, y = p[y != 0], y[y != 0]
    if rule in ("has0", "non0_ge"):
        return p >= 0, y >= 0
    return p > 0, y > 0


def acc2(rule: Rule, prediction: Array, target: Array) -> float:
    """Accuracy of two classes, cut at 0 as the rule says."""
    predicted, truth = _two_classes(rule, prediction, target)
    if not len(truth):
        return _undefined(f"acc2_{rule}", "every label is 0")
    return (predicted == truth).mean()


def f1_of_two(rule: Rule, weights: str, prediction: Array, target: Array) -> float:
    """F1 of those two classes, weighted by their counts in the "truth", or as "predicted"."""
    from sklearn.metrics import f1_score

    predicted, truth = _two_classes(rule, prediction, target)
    if not len(truth):
        return _undefined(f"f1_{rule}", "every label is 0")
    if weights == "predicted":
        truth, predicted = predicted, truth
    return float(f1_score(truth, predicted, average="weighted", zero_division=0.0))


def rounded(limit: int, prediction: Array, target: Array) -> float:
    """Accuracy after clipping to ± `limit` and rounding half to even, both sides."""

    def level(values: Array) -> Array:
        return np.round(np.clip(values, -limit, limit))  # half to even

    return (level(prediction) == level(target)).mean()


def sdk_levels(prediction: Array, target: Array) -> float:
    """Accuracy after rounding away from 0, as MOSEI's README does."""

    def level(values: Array) -> Array:
        return np.sign(values) * np.ceil(np.minimum(np.abs(values), 3))

    return (level(prediction) == level(target)).mean()


def clipped(function: Score, prediction: Array, target: Array) -> float:
    """The score after clipping both to ±1, as for SIMS."""
    return function(np.clip(prediction, -1, 1), np.clip(target, -1, 1))


def binned(cuts: Sequence[float], prediction: Array, target: Array) -> float:
    """Accuracy of the bins between the ascending `cuts`; a value on a cut is in the bin below."""

    def level(values: Array) -> Array:
        # in the precision of the values: a stored 0.1 is a little more than 0.1 in float64
        return (values[:, None] > np.asarray(cuts, values.dtype)).sum(1)

    return (level(prediction) == level(target)).mean()


def accuracy(prediction: Array, target: Array) -> float:
    """Share of samples whose class has the greatest score."""
    return (prediction.argmax(1) == target).mean()


def cross_entropy(prediction: Array, target: Array) -> float:
    """Mean of minus the log of the chance given to the true class."""
    scores = prediction.astype(np.float64)
    scores -= scores.max(1, keepdims=True)  # so that no exponential overflows
    chances = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return -chances[np.arange(len(target)), target].mean()


def per_class(kind: str, average: str, prediction: Array, target: Array) -> float:
    """ "precision", "recall" or "f1" of all C classes, "macro" or "weighted"; 0 where undefined."""
    from sklearn.metrics import precision_recall_fscore_support

    scores = precision_recall_fscore_support(
        target,
        prediction.argmax(1),
        labels=np.arange(prediction.shape[1]),
        average=average,
        zero_division=0.0,
    )
    return float(scores[("precision", "recall", "f1").index(kind)])


def _undefined(what: str, why: str) -> float:
    warnings.warn(f"{what} is undefined: {why}; it is reported as NaN", stacklevel=2)
    return math.nan
