"""Textbook tests are special cases of the two-way test; its variance is that of an ANOVA."""

import math

import numpy as np
import pandas
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from mindkit.study.two_way import bootstrap_interval, t_test, variance

# Additional hours of sleep under two drugs, ten patients: Student (1908), after Cushny and Peebles.
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def values(seeds=4, samples=30, of_seeds=0.5, of_samples=1.0, rest=0.7, key=0):
    generator = np.random.default_rng(key)
    return (
        of_seeds * generator.normal(size=(seeds, 1))
        + of_samples * generator.normal(size=samples)
        + rest * generator.normal(size=(seeds, samples))
    )


def test_with_one_seed_it_is_students_paired_t_test():
    gaps = (FIRST - SECOND)[None]
    low, high, p = t_test(float(gaps.mean()), [gaps], 0.95)
    assert (low, high, p) == pytest.approx((-2.4598858, -0.7001142, 0.00283289), abs=5e-8)


def test_where_samples_do_not_differ_it_is_students_paired_t_test_over_seeds():
    gaps = np.repeat((FIRST - SECOND)[:, None], 7, 1)
    assert t_test(float(gaps.mean()), [gaps], 0.95)[2] == pytest.approx(0.00283289, abs=5e-8)


def test_where_samples_do_not_differ_it_is_welchs_test_over_seeds_that_are_not_paired():
    ours, theirs = FIRST[:4], SECOND
    parts = [np.repeat(ours[:, None], 7, 1), -np.repeat(theirs[:, None], 7, 1)]
    expected = stats.ttest_ind(ours, theirs, equal_var=False)
    p = t_test(float(ours.mean() - theirs.mean()), parts, 0.95)[2]
    assert p == pytest.approx(expected.pvalue, abs=1e-12)


def test_the_variance_of_two_by_two_is_the_one_worked_out_by_hand():
    # seed means 1.5, 4.5: s² / S = 4.5 / 2; sample means 2, 4: s² / N = 2 / 2; rest ± 0.5: s² = 1
    total, freedom = variance([np.array([[1.0, 2.0], [3.0, 6.0]])])
    assert total == pytest.approx(2.25 + (1 - 1 / 4))
    assert freedom == pytest.approx(3.0**2 / (2.25**2 + 0.75**2))


def test_the_variance_is_that_of_the_mean_squares_of_an_anova():
    table = values()
    seeds, samples = table.shape
    cells = pandas.DataFrame(
        [(s, n, table[s, n]) for s in range(seeds) for n in range(samples)],
        columns=["seed", "sample", "score"],
    )
    anova = anova_lm(ols("score ~ C(seed) + C(sample)", cells).fit())
    of_seed, of_sample, rest = anova["sum_sq"] / anova["df"]
    assert variance([table])[0] == pytest.approx((of_seed + of_sample - rest) / table.size)


def test_samples_that_vary_less_than_the_rest_alone_would_add_nothing():
    # sample means are equal; seed means 2, 4: s² / S = 2 / 2; rest ± 1: s² = 4 / 2
    table = np.array([[1.0, 2.0, 3.0], [5.0, 4.0, 3.0]])
    assert variance([table]) == pytest.approx((1.0, 1))


def test_seeds_that_vary_less_than_the_rest_alone_would_add_what_that_does():
    # seed means are equal, sample means too; rest ± 1: s² = 4 / 2, of 6 cells, with 2 freedoms
    table = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert variance([table]) == pytest.approx((2 / 6, 2))


def test_two_sides_without_common_seeds_add_a_variance_of_seeds_each():
    ours, theirs = values(key=1), values(seeds=3, key=2)
    shift = np.array([[0.0], [1.0], [5.0]])
    before, after = variance([ours, -theirs])[0], variance([ours, -(theirs + shift)])[0]
    gained = (theirs + shift).mean(1).var(ddof=1) - theirs.mean(1).var(ddof=1)
    assert after - before == pytest.approx(gained / 3)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_the_interval_of_a_difference_ends_where_the_test_is_at_its_level(level):
    table = values()
    low, high, _ = t_test(float(table.mean()), [table], level)
    for bound in (low, high):
        mean = float(table.mean()) - bound
        assert t_test(mean, [table], level)[2] == pytest.approx(1 - level, abs=1e-9)


def test_what_does_not_vary_is_known():
    assert t_test(0.0, [np.zeros((3, 4))], 0.95) == (0.0, 0.0, 1.0)
    assert t_test(2.0, [np.full((3, 4), 2.0)], 0.95) == (2.0, 2.0, 0.0)
    assert bootstrap_interval(2.0, np.full((3, 4), 2.0), 0.95, 100, 0) == (2.0, 2.0)


@pytest.mark.parametrize("table", [np.ones((3, 1)), np.full((3, 4), np.nan)])
def test_of_one_sample_or_of_undefined_scores_nothing_is_known(table):
    assert all(map(math.isnan, bootstrap_interval(1.0, table, 0.95, 100, 0)))
    assert all(map(math.isnan, t_test(1.0, [table], 0.95)))


def test_the_bootstrap_has_the_shape_of_a_naive_one_and_the_width_of_t():
    table = np.exp(values(seeds=3, samples=40))
    low, high = bootstrap_interval(float(table.mean()), table, 0.95, 4000, 0)
    generator = np.random.default_rng(5)
    drawn = []
    for _ in range(4000):
        seeds, samples = generator.integers(3, size=3), generator.integers(40, size=40)
        drawn.append(np.mean([table[s, n] for s in seeds for n in samples]))
    total, freedom = variance([table])
    unit = math.sqrt(total) * stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975)
    expected = (np.quantile(drawn, [0.025, 0.975]) - table.mean()) / np.std(drawn) * unit
    assert np.array([low, high]) - table.mean() == pytest.approx(expected, rel=0.08)
    assert high - table.mean() > table.mean() - low  # skewed as the values are


def test_the_bootstrap_is_about_the_mean_that_is_given():
    table = values()
    low, high = bootstrap_interval(float(table.mean()), table, 0.95, 200, 0)
    moved = bootstrap_interval(float(table.mean()) + 3, table, 0.95, 200, 0)
    assert moved == pytest.approx((low + 3, high + 3))


def test_the_draws_of_the_bootstrap_are_those_of_its_seed():
    table = values()
    first, again, other = (bootstrap_interval(0.0, table, 0.95, 200, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
