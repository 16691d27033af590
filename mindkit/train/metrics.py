"""Scores with named conventions: no name says "Acc-2" alone, so no two numbers are confused.

Regression metrics take predictions (N,) and targets (N,), real numbers. Classification metrics take
scores (N, C), whose greatest is the predicted class, and targets (N,), class numbers from 0.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mindkit.errors import MindkitError, TrainingError, did_you_mean

Array = NDArray[Any]
Score = Callable[[Array, Array], float]
Rule = Literal["has0", "non0", "non0_ge", "pos"]


@dataclass(frozen=True)
class Metric:
    """One score: the `task` it is for, the direction that is `better`, and what it computes."""

    name: str
    task: Literal["regression", "classification"]
    better: Literal["min", "max"]
    description: str
    function: Score


def compute(names: Iterable[str], prediction: Array, target: Array) -> dict[str, float]:
    """Return name -> score; a score that is undefined is NaN and warned of.

    Shapes: prediction (N,) or (N, C), target (N,); see the module for which is which.
    """
    chosen = [_find(name) for name in names]
    if len(prediction) != len(target) or target.ndim != 1 or not len(target):
        raise ValueError(
            f"predictions (N,) or (N, C) and targets (N,) are needed, N at least 1; "
            f"got {prediction.shape} and {target.shape}"
        )
    if broken := int((~np.isfinite(prediction)).sum()):
        raise TrainingError(
            f"{broken} of {prediction.size} predictions are not finite, so there is nothing to "
            "score; lower training.optimizer.rate or set training.clip.norm"
        )
    scores = {}
    for metric in chosen:
        if prediction.ndim != (1 if metric.task == "regression" else 2):
            raise MindkitError(
                f"metric '{metric.name}' is for {metric.task}, but predictions have the shape "
                f"{prediction.shape}; choose from: {', '.join(_names_for(prediction.ndim))}"
            )
        scores[metric.name] = float(metric.function(prediction, target))
    return scores


def better(name: str) -> Literal["min", "max"]:
    """Return "min" or "max": which way the metric improves."""
    return _find(name).better


def _find(name: str) -> Metric:
    if name not in METRICS:
        raise MindkitError(f"no metric named '{name}'{did_you_mean(name, list(METRICS))}")
    return METRICS[name]


def _names_for(ndim: int) -> list[str]:
    task = "regression" if ndim == 1 else "classification"
    return [name for name, metric in METRICS.items() if metric.task == task]


def _mae(prediction: Array, target: Array) -> float:
    return np.abs(prediction.astype(np.float64) - target).mean()


def _mse(prediction: Array, target: Array) -> float:
    return np.square(prediction.astype(np.float64) - target).mean()


def _corr(prediction: Array, target: Array) -> float:
    from scipy.stats import pearsonr

    if len(target) < 2:
        return _undefined("corr", "there is one sample only")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = pearsonr(prediction.astype(np.float64), target.astype(np.float64)).statistic
    if caught or math.isnan(value):
        return _undefined("corr", "predictions or targets are constant")
    return value


def _away_from_zero(function: Score, p: Array, y: Array) -> float:
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


def _acc2(rule: Rule, prediction: Array, target: Array) -> float:
    predicted, truth = _two_classes(rule, prediction, target)
    if not len(truth):
        return _undefined(f"acc2_{rule}", "every label is 0")
    return (predicted == truth).mean()


def _f1_of_two(rule: Rule, weights: str, prediction: Array, target: Array) -> float:
    from sklearn.metrics import f1_score

    predicted, truth = _two_classes(rule, prediction, target)
    if not len(truth):
        return _undefined(f"f1_{rule}", "every label is 0")
    if weights == "predicted":
        truth, predicted = predicted, truth
    return float(f1_score(truth, predicted, average="weighted", zero_division=0.0))


def _rounded(limit: int, prediction: Array, target: Array) -> float:
    def level(values: Array) -> Array:
        return np.round(np.clip(values, -limit, limit))  # half to even

    return (level(prediction) == level(target)).mean()


def _sdk_levels(prediction: Array, target: Array) -> float:
    def level(values: Array) -> Array:
        return np.sign(values) * np.ceil(np.minimum(np.abs(values), 3))

    return (level(prediction) == level(target)).mean()


def _accuracy(prediction: Array, target: Array) -> float:
    return (prediction.argmax(1) == target).mean()


def _cross_entropy(prediction: Array, target: Array) -> float:
    scores = prediction.astype(np.float64)
    scores -= scores.max(1, keepdims=True)  # so that no exponential overflows
    chances = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return -chances[np.arange(len(target)), target].mean()


def _per_class(kind: str, average: str, prediction: Array, target: Array) -> float:
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


def _metrics() -> list[Metric]:
    def score(name: str, better: Literal["min", "max"], what: str, function: Score) -> Metric:
        return Metric(name, "regression", better, what, function)

    def rate(name: str, what: str, function: Score) -> Metric:
        return Metric(name, "classification", "max", what, function)

    has0, non0 = "y >= 0 against p >= 0, all samples", "y > 0 against p > 0, labels of 0 left out"
    return [
        score("acc2_has0", "max", f"accuracy of {has0}", partial(_acc2, "has0")),
        score("acc2_non0", "max", f"accuracy of {non0}", partial(_acc2, "non0")),
        score(
            "acc2_non0_ge",
            "max",
            "accuracy of y >= 0 against p >= 0, labels of 0 left out (MAG-BERT)",
            partial(_acc2, "non0_ge"),
        ),
        score(
            "acc2_pos", "max", "accuracy of y > 0 against p > 0, all samples", partial(_acc2, "pos")
        ),
        score(
            "acc7", "max", "accuracy after clipping to 3, rounding to even", partial(_rounded, 3)
        ),
        score(
            "acc7_sdk", "max", "accuracy after rounding away from 0 (MOSEI's README)", _sdk_levels
        ),
        score(
            "acc5", "max", "accuracy after clipping to 2, rounding to even", partial(_rounded, 2)
        ),
        score(
            "acc3", "max", "accuracy after clipping to 1, rounding to even", partial(_rounded, 1)
        ),
        score("f1_has0", "max", f"weighted F1 of {has0}", partial(_f1_of_two, "has0", "truth")),
        score("f1_non0", "max", f"weighted F1 of {non0}", partial(_f1_of_two, "non0", "truth")),
        score(
            "f1_non0_predweighted",
            "max",
            "f1_non0 weighted by predicted counts, as MulT, MISA and MInD score; for parity only",
            partial(_f1_of_two, "non0", "predicted"),
        ),
        score("mae", "min", "mean absolute error, all samples", _mae),
        score("mse", "min", "mean squared error, all samples", _mse),
        score("corr", "max", "Pearson correlation, all samples; NaN for a constant", _corr),
        score(
            "mae_non0",
            "min",
            "mae, labels of 0 left out (MAG-BERT)",
            partial(_away_from_zero, _mae),
        ),
        score(
            "corr_non0",
            "max",
            "corr, labels of 0 left out (MAG-BERT)",
            partial(_away_from_zero, _corr),
        ),
        rate("accuracy", "share of samples whose class has the greatest score", _accuracy),
        rate(
            "f1_macro",
            "mean F1 over all C classes, 0 if absent",
            partial(_per_class, "f1", "macro"),
        ),
        rate(
            "precision_macro",
            "mean precision over all C classes, 0 for one never predicted",
            partial(_per_class, "precision", "macro"),
        ),
        rate(
            "recall_macro",
            "mean recall over all C classes, 0 for one that is absent",
            partial(_per_class, "recall", "macro"),
        ),
        rate(
            "f1_weighted",
            "mean F1 over classes, weighted by their true counts",
            partial(_per_class, "f1", "weighted"),
        ),
        rate(
            "precision_weighted",
            "mean precision over classes, weighted by their true counts",
            partial(_per_class, "precision", "weighted"),
        ),
        Metric(
            "cross_entropy",
            "classification",
            "min",
            "mean of minus the log of the chance given to the true class",
            _cross_entropy,
        ),
    ]


METRICS: dict[str, Metric] = {metric.name: metric for metric in _metrics()}
