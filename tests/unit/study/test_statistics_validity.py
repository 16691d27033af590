"""On simulated test splits, where the truth is known, tests err as often as their level says.

Errors of a model are common to all models, its method's and its own; those of a seed are scaled
by 1 + `sd` times a normal number. benchmarks/quality/significance.md has more settings and runs.
"""

import numpy as np
import pytest
from scipy import stats

from mindkit.study.statistics import Protocol, compare, summarise

QUICK = Protocol(resamples=200)


def drawn(generator, samples, seeds, sd, profile):
    """Predictions of two methods, each (S, N), and the target (N,); neither is better."""
    target = generator.normal(0, 1.6, samples)
    common = generator.normal(0, 0.75, samples)
    predictions = [
        target
        + (common + generator.normal(0, profile, samples) + own)
        * (1 + sd * generator.normal(size=(seeds, 1)))
        for own in generator.normal(0, 0.35, (2, seeds, samples))
    ]
    return *predictions, target


def share_significant(metric, runs, paired=True, **setting):
    generator = np.random.default_rng(0)
    found = 0
    for _ in range(runs):
        row, baseline, target = drawn(generator, **setting)
        found += compare(metric, row, baseline, target, paired=paired).p < 0.05
    return found / runs


def share_covered(metric, runs, **setting):
    generator = np.random.default_rng(0)
    drawings = [drawn(generator, **setting) for _ in range(runs)]
    summaries = [summarise(metric, row, target, QUICK) for row, _, target in drawings]
    truth = np.mean([summary.mean for summary in summaries])
    return np.mean([summary.low <= truth <= summary.high for summary in summaries])


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("profile", [0.0, 0.3])
def test_two_methods_of_equal_worth_differ_as_often_as_the_level_says(profile, paired):
    share = share_significant("corr", 250, paired, samples=100, seeds=5, sd=0.05, profile=profile)
    assert 0.015 <= share <= 0.09


def test_a_test_over_samples_alone_finds_differences_between_seeds_of_one_method():
    generator = np.random.default_rng(0)
    found = []
    for _ in range(300):
        row, baseline, target = drawn(generator, samples=200, seeds=5, sd=0.05, profile=0)
        gaps = (np.abs(row - target) - np.abs(baseline - target)).mean(0)
        found.append(stats.ttest_1samp(gaps, 0).pvalue < 0.05)
    assert np.mean(found) > 0.15


@pytest.mark.parametrize("sd", [0.02, 0.3])
def test_intervals_hold_the_truth_as_often_as_they_say(sd):
    assert 0.91 <= share_covered("corr", 200, samples=100, seeds=5, sd=sd, profile=0.3) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("profile", [0.0, 0.3])
@pytest.mark.parametrize("sd", [0.0, 0.02])
@pytest.mark.parametrize(("seeds", "most"), [(3, 0.095), (5, 0.075)])
@pytest.mark.parametrize(("metric", "runs"), [("corr", 2000), ("mae", 1000)])
def test_on_splits_of_mosis_size_the_test_is_near_its_level(
    metric, runs, seeds, most, sd, profile, paired
):
    share = share_significant(
        metric, runs, paired, samples=686, seeds=seeds, sd=sd, profile=profile
    )
    assert 0.015 <= share <= most  # half the level where seeds do not matter at all


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.02, 0.15])
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("metric", ["mae", "corr", "f1_non0", "acc7"])
def test_on_splits_of_mosis_size_intervals_cover(metric, seeds, sd):
    share = share_covered(metric, 500, samples=686, seeds=seeds, sd=sd, profile=0.3)
    assert 0.9 <= share <= 0.98
