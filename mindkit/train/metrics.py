"""Scores with named conventions: no name says "Acc-2" alone, so no two numbers are confused.

Regression metrics take predictions (N,) and targets (N,), real numbers. Classification metrics take
scores (N, C), whose greatest is the predicted class, and targets (N,), class numbers from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from mindkit.errors import MindkitError, TrainingError, did_you_mean
from mindkit.train.scores import (
    Array,
    Score,
    acc2,
    accuracy,
    away_from_zero,
    binned,
    clipped,
    corr,
    cross_entropy,
    f1_of_two,
    mae,
    mse,
    per_class,
    rounded,
    sdk_levels,
)


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


def _metrics() -> list[Metric]:
    def score(name: str, better: Literal["min", "max"], what: str, function: Score) -> Metric:
        return Metric(name, "regression", better, what, function)

    def rate(name: str, what: str, function: Score) -> Metric:
        return Metric(name, "classification", "max", what, function)

    has0, non0 = "y >= 0 against p >= 0, all samples", "y > 0 against p > 0, labels of 0 left out"
    return [
        score("acc2_has0", "max", f"accuracy of {has0}", partial(acc2, "has0")),
        score("acc2_non0", "max", f"accuracy of {non0}", partial(acc2, "non0")),
        score(
            "acc2_non0_ge",
            "max",
            "accuracy of y >= 0 against p >= 0, labels of 0 left out (MAG-BERT)",
            partial(acc2, "non0_ge"),
        ),
        score(
            "acc2_pos", "max", "accuracy of y > 0 against p > 0, all samples", partial(acc2, "pos")
        ),
        score("acc7", "max", "accuracy after clipping to 3, rounding to even", partial(rounded, 3)),
        score(
            "acc7_sdk", "max", "accuracy after rounding away from 0 (MOSEI's README)", sdk_levels
        ),
        score("acc5", "max", "accuracy after clipping to 2, rounding to even", partial(rounded, 2)),
        score("acc3", "max", "accuracy after clipping to 1, rounding to even", partial(rounded, 1)),
        score("f1_has0", "max", f"weighted F1 of {has0}", partial(f1_of_two, "has0", "truth")),
        score("f1_non0", "max", f"weighted F1 of {non0}", partial(f1_of_two, "non0", "truth")),
        score(
            "f1_non0_predweighted",
            "max",
            "f1_non0 weighted by predicted counts, as MulT, MISA and MInD score; for parity only",
            partial(f1_of_two, "non0", "predicted"),
        ),
        score("mae", "min", "mean absolute error, all samples", mae),
        score("mse", "min", "mean squared error, all samples", mse),
        score("corr", "max", "Pearson correlation, all samples; NaN for a constant", corr),
        score(
            "mae_non0",
            "min",
            "mae, labels of 0 left out (MAG-BERT)",
            partial(away_from_zero, mae),
        ),
        score(
            "corr_non0",
            "max",
            "corr, labels of 0 left out (MAG-BERT)",
            partial(away_from_zero, corr),
        ),
        *_of_sims(),
        rate("accuracy", "share of samples whose class has the greatest score", accuracy),
        rate(
            "f1_macro",
            "mean F1 over all C classes, 0 if absent",
            partial(per_class, "f1", "macro"),
        ),
        rate(
            "precision_macro",
            "mean precision over all C classes, 0 for one never predicted",
            partial(per_class, "precision", "macro"),
        ),
        rate(
            "recall_macro",
            "mean recall over all C classes, 0 for one that is absent",
            partial(per_class, "recall", "macro"),
        ),
        rate(
            "f1_weighted",
            "mean F1 over classes, weighted by their true counts",
            partial(per_class, "f1", "weighted"),
        ),
        rate(
            "precision_weighted",
            "mean precision over classes, weighted by their true counts",
            partial(per_class, "precision", "weighted"),
        ),
        Metric(
            "cross_entropy",
            "classification",
            "min",
            "mean of minus the log of the chance given to the true class",
            cross_entropy,
        ),
    ]


def _of_sims() -> Iterator[Metric]:
    """The metrics of CH-SIMS and MMSA: everything after clipping to ±1."""
    functions: dict[str, tuple[Literal["min", "max"], str, Score]] = {
        "mae": ("min", "mean absolute error", mae),
        "corr": ("max", "Pearson correlation", corr),
        "acc2": ("max", "accuracy of y > 0 against p > 0", partial(acc2, "pos")),
        "f1": ("max", "weighted F1 of y > 0 against p > 0", partial(f1_of_two, "pos", "truth")),
        "acc3": ("max", "accuracy of bins cut at ±0.1", partial(binned, (-0.1, 0.1))),
        "acc5": (
            "max",
            "accuracy of bins cut at ±0.1 and ±0.7",
            partial(binned, (-0.7, -0.1, 0.1, 0.7)),
        ),
    }
    for name, (direction, what, function) in functions.items():
        description = f"{what}, both clipped to ±1, all samples (SIMS)"
        yield Metric(
            f"sims_{name}", "regression", direction, description, partial(clipped, function)
        )


METRICS: dict[str, Metric] = {metric.name: metric for metric in _metrics()}
