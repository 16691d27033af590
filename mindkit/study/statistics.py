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

TEST = "two-way paired t-test over seeds and samples"
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
    p_adjusted is p, until `adjusted` has seen the other rows.

    Shapes: row (S, N[, C]), baseline (S', N[, C]), target (N,), all of the same samples in the same
    order. paired: seed k of the row is seed k of the baseline.
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
        TEST,
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
    without any, nothing is said of tests.
    """
    least, most = min(seeds), max(seeds)
    runs = f"{least}" if least == most else f"{least} to {most}"
    alone = (
        [" A row of one seed has no variance over seeds: its tests and interval are of that run."]
        if least == 1
        else []
    )
    level = f"{protocol.level * 100:g} %"
    alpha = f"{1 - protocol.level:.3g}"
    enough = paired and most >= protocol.least_seeds
    of_rows = [
        f"Mean ± sample standard deviation (ddof 1) over {runs} seeds; {samples} test samples."
        + "".join(alone),
        f"Intervals: {level}, bootstrap over test samples and seeds at once "
        f"({protocol.resamples} resamples, generator seeded with {protocol.seed}), stretched to "
        "the two-way standard error and t for few seeds.",
    ]
    if not comparisons:
        return of_rows
    return [
        *of_rows,
        f"Test against {baseline}: {TEST} (two-sided, "
        f"{'seeds paired' if paired else 'seeds not paired'}, Satterthwaite's degrees of freedom), "
        "on absolute errors and the like, one a sample, or on jackknife pseudo-values where the "
        "metric is no mean over samples. Hypothesis: over all seeds and over all samples like "
        "these, both methods have the same mean.",
        f"Correction: Holm over {comparisons} comparisons with {baseline}, for each metric by "
        f"itself; significant below {alpha}.",
        f"Effect size {EFFECT}: mean difference over its standard deviation over samples and "
        "seeds.",
        (
            "Wilcoxon's signed-rank test over paired seeds is given beside it."
            if enough
            else f"No Wilcoxon test over seeds: it takes {protocol.least_seeds} paired seeds for p "
            f"below {alpha} to be possible."
        ),
    ]


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
    """Exact p of Wilcoxon's signed-rank test, zeros left out; NaN below the least seeds."""
    from scipy.stats import PermutationMethod, wilcoxon

    if len(differences) < protocol.least_seeds or np.isnan(differences).any():
        return math.nan
    if not differences.any():
        return 1.0
    draws = PermutationMethod(rng=np.random.default_rng(protocol.seed))
    return float(wilcoxon(differences[differences != 0], method=draws).pvalue)


def _ratio(value: float, unit: float) -> float:
    if value == 0:
        return 0.0
    return value / unit if unit else math.copysign(math.inf, value)
