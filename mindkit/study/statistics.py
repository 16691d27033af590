"""Statistics of a table: a metric over seeds and test samples, and against the baseline's.

A test that resamples only test samples asks whether *these* trained models differ, which two seeds
of one method do; one over seeds alone asks whether the methods differ on *these* samples. Here both
are random (`two_way.py`). How near its level the test is, and what the intervals cover, is measured
in benchmarks/quality/significance.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindkit.errors import MindkitError
from mindkit.study.jackknife import pseudo_values
from mindkit.study.summaries import Comparison, Summary
from mindkit.study.two_way import bootstrap_interval, t_test
from mindkit.train.scores import Array

TWO_WAY = "two-way t-test over seeds and paired samples"
ONE_WAY = "paired t-test over samples"
EFFECT = "d_z"


@dataclass(frozen=True)
class Protocol:
    """What intervals and tests of a table have in common.

    level: of intervals; a p-value is called significant below 1 - level. resamples: of a bootstrap.
    seed: of its draws, so that a table made again has the same numbers.
    """

    level: float = 0.95
    resamples: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise MindkitError(f"a level lies between 0 and 1; got {self.level}, give 0.95 or so")

    @property
    def least_seeds(self) -> int:
        """Fewest paired seeds for which Wilcoxon's p, at least 2 / 2^S, can be below 1 - level."""
        return math.floor(1 - math.log2(1 - self.level)) + 1


DEFAULT = Protocol()


def summarise(
    metric: str, predictions: Array, target: Array, protocol: Protocol = DEFAULT
) -> Summary:
    """Return mean, sample deviation over seeds and interval of one metric of one row.

    Shapes: predictions (S, N), or (S, N, C) for a classification metric, target (N,). Where the
    metric is undefined for a seed, the mean and all that is made from it are NaN.
    """
    _check(predictions, target)
    scores, values = pseudo_values(metric, predictions, target)
    mean = float(scores.mean())
    low, high = bootstrap_interval(mean, values, protocol.level, protocol.resamples, protocol.seed)
    sd = float(scores.std(ddof=1)) if len(scores) > 1 else math.nan
    return Summary(mean, sd, low, high, protocol.level, len(scores), len(target))


def compare(
    metric: str,
    row: Array,
    baseline: Array,
    target: Array,
    protocol: Protocol = DEFAULT,
    *,
    paired: bool,
) -> Comparison:
    """Return the difference of row and baseline, its interval, test and size.

    The hypothesis tested: the mean of the metric over all seeds and over all samples like these is
    the same for both methods. A side with one run has no variance over seeds to add, and the test
    is of that run alone. The interval is the test's own: it leaves out 0 where p < 1 - level.
    p_seeds is of these test samples alone. p_adjusted is p, until `adjusted` has seen other rows.

    effect is d_z, the difference in standard deviations of a sample's difference under one pair of
    seeds, so that more seeds or samples do not make it larger; it has the sign of the difference.

    Shapes: row (S, N[, C]), baseline (S', N[, C]), target (N,), all of the same samples in the same
    order. paired: seed k of the row is seed k of the baseline, and may have more in common with it
    than with other seeds; without, all seeds are independent.
    """
    _check(row, target)
    _check(baseline, target)
    if paired and len(row) != len(baseline):
        raise MindkitError(
            f"{len(row)} seeds of a row are no pairs of {len(baseline)} of the baseline; run both "
            "with the same seeds, or compare them unpaired"
        )
    ours, our_values = pseudo_values(metric, row, target)
    theirs, their_values = pseudo_values(metric, baseline, target)
    difference = float(ours.mean() - theirs.mean())
    gaps = our_values - their_values if paired else our_values[:, None] - their_values
    parts = [gaps] if paired else [our_values, -their_values]
    low, high, p = t_test(difference, parts, protocol.level)
    return Comparison(
        difference,
        low,
        high,
        p,
        p,
        _ratio(difference, float(gaps.std(ddof=1)) if gaps.size > 1 else math.nan),
        EFFECT,
        _wilcoxon(ours - theirs, protocol) if paired else math.nan,
        TWO_WAY if max(len(row), len(baseline)) > 1 else ONE_WAY,
    )


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of a family of tests after Holm's correction; NaN is no test."""
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    if known.any():
        p[known] = multipletests(p[known], method="holm")[1]
    return [float(value) for value in p]


def words(
    protocol: Protocol,
    *,
    baseline: str,
    samples: int,
    seeds: Sequence[int],
    comparisons: int,
    paired: bool,
) -> list[str]:
    """Return the sentences of a footer: what was done, in plain words.

    seeds: how many each row has. comparisons: rows held against the baseline, for each metric;
    with none, nothing is said of tests.
    """
    of_rows = [
        f"Mean ± sample standard deviation (ddof 1) over {_range(seeds)}; N = {samples} test "
        "samples.",
        f"Intervals: {protocol.level:.0%} percentiles of a bootstrap over test samples and seeds "
        f"together ({protocol.resamples} resamples, generator seeded with {protocol.seed}), "
        "stretched for few seeds to the two-way standard error and Student's t.",
    ]
    if min(seeds) == 1:
        of_rows.append(
            "With one seed, interval and test are of that run and say nothing of other seeds."
        )
    if not comparisons:
        return of_rows
    alpha = f"{1 - protocol.level:.3g}"
    return [
        *of_rows,
        f"Test against {baseline}: {TWO_WAY if max(seeds) > 1 else ONE_WAY}, two-sided, "
        f"{'seeds paired by their number' if paired else 'seeds not paired'}, of each sample's "
        "score, or its jackknife pseudo-value where the metric is no mean over samples. "
        "Hypothesis: over all seeds and all samples like these, both have the same mean.",
        f"p-values: Holm's correction over {comparisons} "
        f"{'row' if comparisons == 1 else 'rows'}, for each metric by itself; significant below "
        f"{alpha}.",
        f"Effect size {EFFECT}: the mean difference in standard deviations of the difference of "
        "one sample under one pair of seeds.",
        _of_wilcoxon(protocol, max(seeds), alpha, paired),
    ]


def _range(seeds: Sequence[int]) -> str:
    least, most = min(seeds), max(seeds)
    if most == 1:
        return "1 seed"
    return f"{most} seeds" if least == most else f"{least} to {most} seeds"


def _of_wilcoxon(protocol: Protocol, seeds: int, alpha: str, paired: bool) -> str:
    if not paired:
        return "No Wilcoxon test over seeds: they are not paired."
    if seeds < protocol.least_seeds:
        return (
            f"No Wilcoxon test over seeds: p below {alpha} takes {protocol.least_seeds} pairs of "
            "seeds."
        )
    return (
        "Wilcoxon's signed-rank test over pairs of seeds is of these test samples alone: it says "
        "nothing of others."
    )


def _check(predictions: Array, target: Array) -> None:
    if predictions.ndim not in (2, 3) or not len(predictions):
        raise ValueError(
            f"predictions (S, N) or (S, N, C) are needed, S at least 1; got {predictions.shape}"
        )
    if predictions.shape[1] != len(target):
        raise MindkitError(
            f"predictions are of {predictions.shape[1]} test samples, the targets of "
            f"{len(target)}; only rows of the same data set and split can be compared"
        )


def _wilcoxon(differences: Array, protocol: Protocol) -> float:
    """p of Wilcoxon's signed-rank test, zeros left out; NaN below the least seeds."""
    from scipy.stats import wilcoxon

    if len(differences) < protocol.least_seeds or np.isnan(differences).any():
        return math.nan
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences[differences != 0]).pvalue)


def _ratio(value: float, unit: float) -> float:
    if value == 0:
        return 0.0
    return value / unit if unit else math.copysign(math.inf, value)
