"""Statistics of a table: a metric over seeds and test samples, and against the baseline's.

Runs of one method differ by their seed, and a test split is a sample too. A test that resamples
only the test samples asks whether *these* trained models differ, which two seeds of one method do.
So both intervals and test take seeds and samples as random, crossed factors: scores become
pseudo-values (`jackknife.py`), and the variance of their mean is

    V = V_seeds + V_samples = s²(seed means) / S + max(0, s²(sample means) / N - s²(rest) / (S N)),

with Satterthwaite's degrees of freedom, df = V² / Σ Vᵢ² / dfᵢ. This is the analysis of readers and
cases of diagnostic studies (Dorfman, Berbaum and Metz 1992; degrees of freedom: Hillis 2007), with
seeds for readers. With one seed it is the paired t-test over samples, and says nothing of seeds.

How near its level the test is, and what the intervals cover: benchmarks/quality/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindkit.errors import MindkitError
from mindkit.study.jackknife import pseudo_values
from mindkit.study.summaries import Comparison, Summary
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
    low, high = _bootstrapped(mean, values, protocol)
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
    if paired:
        variance, freedom = _variance([our_values - their_values])
        gaps = our_values - their_values
    else:
        variance, freedom = _variance([our_values, -their_values])
        gaps = our_values[:, None] - their_values
    low, high, p = _t_test(difference, variance, freedom, protocol.level)
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


def _variance(values: Sequence[Array]) -> tuple[float, float]:
    """Variance of the sum of the means of `values`, each (S, N), and its degrees of freedom.

    Samples are the same in each, seeds are not.
    """
    samples = values[0].shape[1]
    each = sum(value.mean(0) for value in values)
    of_samples = float(np.var(each, ddof=1)) / samples if samples > 1 else math.nan
    parts = []
    for value in values:
        seeds = len(value)
        if seeds > 1:
            over_seeds = value.mean(1)
            parts.append((float(over_seeds.var(ddof=1)) / seeds, seeds - 1))
            rest = value - value.mean(0) - over_seeds[:, None] + value.mean()
            of_samples -= float((rest**2).sum()) / ((seeds - 1) * (samples - 1) * seeds * samples)
    parts.append((max(0.0, of_samples), samples - 1))
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / freedom for part, freedom in parts if part)
    return total, total**2 / spread if spread else math.inf


def _t_test(
    difference: float, variance: float, freedom: float, level: float
) -> tuple[float, float, float]:
    """Bounds of the difference at `level` and the two-sided p of its being 0."""
    from scipy.stats import t

    error = math.sqrt(variance)
    reach = float(t.ppf((1 + level) / 2, freedom)) * error
    p = 1.0 if difference == 0 else 2 * float(t.sf(abs(_ratio(difference, error)), freedom))
    return difference - reach, difference + reach, p


def _bootstrapped(mean: float, values: Array, protocol: Protocol) -> tuple[float, float]:
    """Percentile bounds of a mean of pseudo-values (S, N), resampled over both axes.

    Each resample draws S seeds and N samples. Its deviation over few seeds is too small, as that of
    any bootstrap of 3 or 5, and counts the residual thrice (Owen 2007): so the bounds are moved
    away from the mean by the ratio of the two-way standard error and t to the bootstrap's and z.
    """
    from scipy.stats import bootstrap, norm, t

    if np.isnan(values).any():
        return math.nan, math.nan
    seeds, samples = values.shape

    def resampled(chosen_seeds: Array, chosen: Array, axis: int) -> Array:
        each = np.stack([value[chosen].mean(axis) for value in values], axis)
        return np.take_along_axis(each, chosen_seeds, axis).mean(axis)

    if not np.ptp(values):
        return mean, mean
    drawn = bootstrap(
        (np.arange(seeds), np.arange(samples)),
        resampled,
        n_resamples=protocol.resamples,
        confidence_level=protocol.level,
        method="percentile",
        rng=np.random.default_rng(protocol.seed),
    )
    variance, freedom = _variance([values])
    tail = (1 + protocol.level) / 2
    stretch = t.ppf(tail, freedom) / norm.ppf(tail) * math.sqrt(variance) / drawn.standard_error
    low, high = drawn.confidence_interval
    centre = values.mean()
    return float(mean + (low - centre) * stretch), float(mean + (high - centre) * stretch)


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
