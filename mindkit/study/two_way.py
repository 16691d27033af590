"""Intervals and a test for scores that vary over seeds and over test samples.

Runs of one method differ by their seed, and a test split is a sample too. Seed s and sample n are
crossed random factors here: every seed predicts every sample. For `values` (S, N) whose mean is the
score (`jackknife.py`), that mean's variance is σ²_seeds / S + σ²_samples / N + σ²_rest / (S N), the
rest being what neither seed nor sample explains. From mean squares, with no σ² below 0:

    V = V_seeds + V_samples = max(MS_seeds, MS_rest) / (S N) + max(0, MS_samples - MS_rest) / (S N),

with Satterthwaite's degrees of freedom, V² / Σ Vᵢ² / dfᵢ. This is the analysis of readers and cases
in diagnostic studies (Dorfman, Berbaum and Metz 1992; degrees of freedom: Hillis 2007) with seeds
for readers. With one seed it is Student's t over samples, and says nothing of other seeds.

A mean over two methods' seeds, `values` of each, has the sample means of their sum and a V_seeds of
each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mindkit.train.scores import Array


def variance(values: Sequence[Array]) -> tuple[float, float]:
    """Return V of the sum of the means of `values`, and its degrees of freedom.

    Shapes: each of values (S, N), of the same N samples and its own S seeds. NaN for one sample.
    """
    samples = values[0].shape[1]
    if samples < 2:
        return math.nan, math.nan
    of_samples = float(np.sum([value.mean(0) for value in values], 0).var(ddof=1)) / samples
    parts: list[tuple[float, int]] = []
    for value in values:
        seeds = len(value)
        if seeds > 1:
            of_seeds = value.mean(1)
            rest = value - value.mean(0) - of_seeds[:, None] + value.mean()
            of_rest = float((rest**2).sum()) / ((seeds - 1) * (samples - 1) * seeds * samples)
            of_samples -= of_rest
            part = float(of_seeds.var(ddof=1)) / seeds, seeds - 1
            parts.append(max(part, (of_rest, (seeds - 1) * (samples - 1))))
    parts.append((max(0.0, of_samples), samples - 1))
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / freedom for part, freedom in parts)
    return total, total**2 / spread if spread else math.inf


def t_test(mean: float, values: Sequence[Array], level: float) -> tuple[float, float, float]:
    """Return bounds of `mean`, which `values` sum to, and the two-sided p of its being 0.

    The bounds leave out 0 exactly where p < 1 - level. Shapes: as in `variance`.
    """
    from scipy.stats import t

    total, freedom = variance(values)
    error = math.sqrt(total)
    if not error:  # nothing varies: the difference is known
        return mean, mean, float(mean == 0)
    reach = float(t.ppf((1 + level) / 2, freedom)) * error
    return mean - reach, mean + reach, 2 * float(t.sf(abs(mean) / error, freedom))


def bootstrap_interval(
    mean: float, values: Array, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Return percentile bounds of `mean`, the mean of `values` (S, N), resampled on both axes.

    Each resample draws S seeds and N samples. Over few seeds it varies too little, as any bootstrap
    of 3 or 5 does, and it counts the rest thrice (Owen 2007). So the bounds are moved away from the
    mean by the ratio of t times the root of V to z times the bootstrap's standard error.
    """
    from scipy.stats import bootstrap, norm, t

    total, freedom = variance([values])
    if math.isnan(total):
        return math.nan, math.nan
    if not total:
        return mean, mean

    def resampled(samples: Array, seeds: Array | None = None, *, axis: int) -> Array:
        each = np.stack([value[samples].mean(axis) for value in values], axis)
        return (each if seeds is None else np.take_along_axis(each, seeds, axis)).mean(axis)

    seeds, samples = (np.arange(size) for size in values.shape)
    drawn = bootstrap(
        (samples, seeds) if len(seeds) > 1 else (samples,),  # one seed cannot be resampled
        resampled,
        n_resamples=resamples,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    tail = (1 + level) / 2
    stretch = t.ppf(tail, freedom) / norm.ppf(tail) * math.sqrt(total) / drawn.standard_error
    low, high = (bound - values.mean() for bound in drawn.confidence_interval)
    return float(mean + low * stretch), float(mean + high * stretch)
