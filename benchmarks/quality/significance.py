"""How often the tests of a table are wrong, and what its intervals cover, where the truth is known.

Simulated test splits of 686 samples, as MOSI has. A model predicts the label plus an error that is
common to all models, one that its method shares over seeds, and one of its own; the errors of a
seed are scaled by 1 + d, d normal with the standard deviation named "seeds", so that this is the
relative deviation of MAE over seeds. Null: two methods that differ in nothing ("same"), or that
err on other samples but as much ("differ"). Prints shares of p < .05 and of intervals of 95 % that
hold the mean of all simulations, as Markdown.

OMP_NUM_THREADS=1 python benchmarks/quality/significance.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mindkit.study.jackknife import pseudo_values
from mindkit.study.two_way import bootstrap_interval, t_test

Array = NDArray[np.float64]
SAMPLES, LEVEL, RESAMPLES = 686, 0.95, 500
COMMON, OF_METHOD, OF_SEED = 0.75, 0.3, 0.35  # deviations of the errors, in units of the label


@dataclass(frozen=True)
class Setting:
    """Two methods of `seeds` runs each.

    sd: of MAE over seeds, as a share of it. profile: deviation of the errors that a method's seeds
    share. gain: by what share B's errors are smaller. tied: share of the variance of a seed's own
    errors and scale that it has in common with the other method's seed of the same number.
    """

    seeds: int
    sd: float
    profile: float = 0.0
    gain: float = 0.0
    tied: float = 0.0

    def draw(self, generator: np.random.Generator) -> tuple[Array, Array, Array]:
        """Return predictions of A and of B, each (S, N), and the target (N,)."""
        target = np.round(generator.normal(0, 1.6, SAMPLES).clip(-3, 3) * 5) / 5
        common = generator.normal(0, COMMON, SAMPLES)
        tied_own, tied_scale = self._of_seeds(generator)
        weights = np.sqrt([self.tied, 1 - self.tied])
        errors = []
        for _ in range(2):
            own, scale = self._of_seeds(generator)
            of_method = generator.normal(0, self.profile, SAMPLES)
            error = common + of_method + weights[0] * tied_own + weights[1] * own
            errors.append(error * (1 + weights[0] * tied_scale + weights[1] * scale))
        a, b = errors
        return target + a, target + (1 - self.gain) * b, target

    def _of_seeds(self, generator: np.random.Generator) -> tuple[Array, Array]:
        own = generator.normal(0, OF_SEED, (self.seeds, SAMPLES))
        return own, self.sd * generator.normal(size=(self.seeds, 1))


def over_samples(a: Array, b: Array) -> float:
    """Sign-flip test of the mean over seeds of each sample: the trained models as they are."""
    differences = (a - b).mean(0)
    return stats.permutation_test(
        (differences,),
        lambda values, axis: values.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=199,
        rng=np.random.default_rng(0),
    ).pvalue


def over_seeds(a: Array, b: Array) -> float:
    """Paired t-test of the scores of the seeds: the test samples as they are."""
    return stats.ttest_rel(a.mean(1), b.mean(1)).pvalue


def by_percentiles(a: Array, b: Array) -> float:
    """Whether a percentile bootstrap over both leaves out 0; p is .01 or .5."""
    low, high = percentiles(a - b)
    return 0.5 if low <= 0 <= high else 0.01


def percentiles(values: Array) -> tuple[float, float]:
    """Bounds of a bootstrap over seeds and samples, as they come."""
    generator = np.random.default_rng(0)
    seeds, samples = (generator.integers(size, size=(RESAMPLES, size)) for size in values.shape)
    of_seeds = np.stack([value[samples].mean(1) for value in values], 1)
    means = np.take_along_axis(of_seeds, seeds, 1).mean(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def two_way(*, paired: bool) -> Callable[[Array, Array], float]:
    """The test that tables have."""

    def p(a: Array, b: Array) -> float:
        return t_test(float(a.mean() - b.mean()), [a - b] if paired else [a, -b], LEVEL)[2]

    return p


TESTS: dict[str, Callable[[Array, Array], float]] = {
    "sign flips over samples": over_samples,
    "paired t over seeds": over_seeds,
    "bootstrap percentiles": by_percentiles,
    "**two-way t**, paired": two_way(paired=True),
    "**two-way t**, unpaired": two_way(paired=False),
}
TWO_WAY = tuple(name for name in TESTS if "two-way" in name)
PROFILES = {"same": 0.0, "differ": OF_METHOD}
TIMES = {"mae": 2, "corr": 2, "f1_non0": 0.6, "acc7": 0.6}  # how many runs, as they are quick


def share_significant(
    setting: Setting, runs: int, metric: str = "mae", tests: tuple[str, ...] = tuple(TESTS)
) -> list[float]:
    """Return for each test the share of `runs` simulations with p < .05."""
    generator = np.random.default_rng(1)
    found = []
    for _ in range(runs):
        *predictions, target = setting.draw(generator)
        a, b = (values_of(metric, prediction, target) for prediction in predictions)
        found.append([TESTS[name](a, b) < 1 - LEVEL for name in tests])
    return np.mean(found, 0).tolist()


def values_of(metric: str, predictions: Array, target: Array) -> Array:
    """Pseudo-values (S, N); those of MAE are the absolute errors, which are quicker to have."""
    if metric == "mae":
        return np.abs(predictions - target)
    scores, values = pseudo_values(metric, predictions, target)
    return values + (scores - values.mean(1))[:, None]


INTERVALS: dict[str, Callable[[Array], tuple[float, float]]] = {
    "t over seeds": lambda v: tuple(
        stats.t.interval(LEVEL, len(v) - 1, v.mean(), stats.sem(v.mean(1)))
    ),
    "percentiles": percentiles,
    "two-way t": lambda v: t_test(float(v.mean()), [v], LEVEL)[:2],
    "**percentiles, stretched**": lambda v: bootstrap_interval(
        float(v.mean()), v, LEVEL, RESAMPLES, 0
    ),
}


def coverage(setting: Setting, runs: int, metric: str) -> list[float]:
    """Return for each interval the share of `runs` simulations in which it holds the truth.

    The truth is the mean of all the simulated scores.
    """
    generator = np.random.default_rng(2)
    means, bounds = [], []
    for _ in range(runs):
        predictions, _, target = setting.draw(generator)
        values = values_of(metric, predictions, target)
        means.append(values.mean())
        bounds.append([interval(values) for interval in INTERVALS.values()])
    low, high = np.moveaxis(np.array(bounds), -1, 0)
    truth = np.mean(means)
    return ((low <= truth) & (truth <= high)).mean(0).tolist()


def line(*cells: object) -> str:
    """A line of a Markdown table, numbers to three places."""
    shown = (f"{cell:.3f}".lstrip("0") if isinstance(cell, float) else str(cell) for cell in cells)
    return f"| {' | '.join(shown)} |"


def tests(runs: int) -> Iterator[str]:
    """Shares of p < .05 for MAE where nothing differs; the quick tests have four times the runs."""
    yield line("null", "S", "seeds", *TESTS)
    yield line(*["---"] * (3 + len(TESTS)))
    slow = tuple(name for name in TESTS if name not in TWO_WAY)
    for name, profile in PROFILES.items():
        for seeds in (2, 3, 5):
            for sd in (0.0, 0.01, 0.02, 0.03):
                setting = Setting(seeds, sd, profile)
                shares = share_significant(setting, runs, tests=slow)
                shares += share_significant(setting, 4 * runs, tests=TWO_WAY)
                yield line(name, seeds, f"{sd:.0%}", *shares)


def other_metrics(runs: int) -> Iterator[str]:
    """Shares of p < .05 where nothing differs, for metrics that are no means and for a rate."""
    yield line("metric", "null", "S", *TWO_WAY)
    yield line(*["---"] * (3 + len(TWO_WAY)))
    for metric in ("corr", "f1_non0", "acc7"):
        for name, profile in PROFILES.items():
            for seeds in (3, 5):
                setting = Setting(seeds, 0.02, profile)
                shares = share_significant(setting, int(TIMES[metric] * runs), metric, TWO_WAY)
                yield line(metric, name, seeds, *shares)


def power(runs: int) -> Iterator[str]:
    """Shares of p < .05 where the MAE of B is better by so much, and where it is not."""
    gains = (0.0, 0.03, 0.06)
    heads = (f"{gain:.0%}, {name}" for gain in gains for name in TWO_WAY)
    yield line("methods", "S", "tied", *heads)
    yield line(*["---"] * (3 + len(gains) * len(TWO_WAY)))
    for name, profile in PROFILES.items():
        for seeds in (3, 5, 10):
            for tied in (0.0, 0.8):
                shares = [
                    share
                    for gain in gains
                    for share in share_significant(
                        Setting(seeds, 0.015, profile, gain, tied), 2 * runs, tests=TWO_WAY
                    )
                ]
                yield line(name, seeds, f"{tied:.0%}", *shares)


def intervals(runs: int) -> Iterator[str]:
    """Shares of intervals that hold the truth."""
    yield line("metric", "S", "seeds", *INTERVALS)
    yield line(*["---"] * (3 + len(INTERVALS)))
    for metric, times in TIMES.items():
        for seeds in (3, 5):
            for sd in (0.02, 0.15):
                shares = coverage(Setting(seeds, sd, OF_METHOD), int(times * runs), metric)
                yield line(metric, seeds, f"{sd:.0%}", *shares)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="simulations of each setting")
    runs = parser.parse_args().runs
    started = time.process_time()
    for table in (tests, other_metrics, power, intervals):
        for text in table(runs):
            print(text, flush=True)
        print(f"\n{time.process_time() - started:.0f} s of one core\n", flush=True)


if __name__ == "__main__":
    main()
