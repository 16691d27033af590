"""What a table says of a row and of two, against textbooks and against plain loops."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from mindkit.errors import MindkitError
from mindkit.study.statistics import Protocol, adjusted, compare, summarise, words
from mindkit.train.metrics import METRICS, compute

QUICK = Protocol(resamples=100)
# Heights of 15 pairs of plants, crossed less self-fertilised, in eighths of an inch: Darwin (1876).
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], float)


@pytest.fixture
def target():
    return np.round(np.random.default_rng(0).normal(0, 1.5, 60).clip(-3, 3))


@pytest.fixture
def row(target):
    return target + np.random.default_rng(1).normal(0, 1.0, (5, 60))


@pytest.fixture
def baseline(target):
    return target + np.random.default_rng(2).normal(0, 1.2, (5, 60))


def errors(scores):
    """Predictions and a target whose MAE are the `scores` (S,) of seeds, alike in 4 samples."""
    return np.repeat(np.asarray(scores, float)[:, None], 4, 1), np.zeros(4)


def test_a_summary_has_the_mean_and_the_sample_deviation_of_the_seeds(row, target):
    scores = [compute(["corr"], each, target)["corr"] for each in row]
    summary = summarise("corr", row, target, QUICK)
    mean = sum(scores) / 5
    deviation = math.sqrt(sum((score - mean) ** 2 for score in scores) / 4)
    assert (summary.mean, summary.sd) == pytest.approx((mean, deviation))
    assert (summary.level, summary.seeds, summary.samples) == (0.95, 5, 60)
    assert summary.low < mean < summary.high


def test_a_single_seed_has_an_interval_over_samples_and_no_deviation(row, target):
    summary = summarise("mae", row[:1], target, Protocol(resamples=2000))
    each = np.abs(row[0] - target)
    half = stats.t.ppf(0.975, 59) * each.std(ddof=1) / math.sqrt(60)
    assert math.isnan(summary.sd)
    assert summary.high - summary.low == pytest.approx(2 * half, rel=0.1)


def test_a_higher_level_gives_a_wider_interval(row, target):
    narrow, wide = (summarise("mae", row, target, Protocol(level)) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_same_protocol_gives_the_same_numbers(row, baseline, target):
    assert summarise("corr", row, target, QUICK) == summarise("corr", row, target, QUICK)
    again = summarise("corr", row, target, replace(QUICK, seed=1))
    assert again.low != summarise("corr", row, target, QUICK).low


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_summarised_and_compared(metric, row, baseline, target):
    if METRICS[metric].task == "classification":
        row, baseline = np.random.default_rng(3).normal(size=(2, 2, 60, 3))
        target = np.arange(60) % 3
    row, baseline = row[:2], baseline[:2]
    ours, theirs = (
        np.mean([compute([metric], each, target)[metric] for each in runs])
        for runs in (row, baseline)
    )
    summary = summarise(metric, row, target, QUICK)
    comparison = compare(metric, row, baseline, target, QUICK, paired=True)
    assert (summary.mean, comparison.difference) == pytest.approx((ours, ours - theirs))
    assert summary.low < summary.mean < summary.high
    assert comparison.low < comparison.difference < comparison.high
    assert 0 < comparison.p < 1


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("metric", ["mae", "corr", "f1_non0"])
def test_turning_a_comparison_round_changes_signs_only(metric, paired, row, baseline, target):
    there = compare(metric, row, baseline, target, paired=paired)
    back = compare(metric, baseline, row, target, paired=paired)
    assert (back.difference, back.low, back.high, back.effect) == pytest.approx(
        (-there.difference, -there.high, -there.low, -there.effect)
    )
    assert back.p == pytest.approx(there.p)


@pytest.mark.parametrize("metric", ["mae", "corr", "f1_non0"])
def test_the_order_of_samples_and_of_pairs_of_seeds_is_nothing(metric, row, baseline, target):
    order, seeds = np.random.default_rng(4).permutation(60), [3, 1, 0, 4, 2]
    one = compare(metric, row, baseline, target, paired=True)
    other = compare(
        metric, row[seeds][:, order], baseline[seeds][:, order], target[order], paired=True
    )
    assert (other.difference, other.low, other.p, other.effect) == pytest.approx(
        (one.difference, one.low, one.p, one.effect)
    )


def test_seeds_that_are_pairs_tell_more_where_they_have_much_in_common(target):
    generator = np.random.default_rng(5)
    common = generator.normal(0, 0.3, (5, 1)) + generator.normal(0, 1, 60)
    row = target + np.abs(common + generator.normal(0, 0.05, (5, 60)))
    baseline = target + np.abs(common + generator.normal(0, 0.05, (5, 60))) + 0.05
    paired = compare("mae", row, baseline, target, paired=True)
    unpaired = compare("mae", row, baseline, target, paired=False)
    assert paired.p < 0.001
    assert unpaired.p > 0.1


def test_a_row_against_itself_is_no_difference(row, target):
    same = compare("corr", row, row, target, paired=True)
    assert (same.difference, same.low, same.high, same.p, same.effect) == (0, 0, 0, 1, 0)


def test_a_baseline_of_one_run_is_compared_without_pairs(row, baseline, target):
    comparison = compare("mae", row, baseline[:1], target, paired=False)
    assert comparison.test == "two-way t-test over seeds and paired samples"
    assert 0 < comparison.p < 1
    assert math.isnan(comparison.p_seeds)


def test_of_two_runs_the_test_is_over_samples_and_says_so(row, baseline, target):
    comparison = compare("mae", row[:1], baseline[:1], target, paired=True)
    expected = stats.ttest_rel(np.abs(row[0] - target), np.abs(baseline[0] - target))
    assert comparison.test == "paired t-test over samples"
    assert comparison.p == pytest.approx(expected.pvalue)


def test_the_effect_is_the_difference_in_deviations_of_one_sample_under_one_pair_of_seeds():
    row, baseline = np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])
    # gaps, paired: 0 1 2 5; unpaired the same twice
    deviation = math.sqrt((4 + 1 + 0 + 9) / 3)
    effect = compare("mae", row, baseline, np.zeros(2), paired=True).effect
    assert effect == pytest.approx(2 / deviation)
    deviation = math.sqrt(2 * (4 + 1 + 0 + 9) / 7)
    effect = compare("mae", row, baseline, np.zeros(2), paired=False).effect
    assert effect == pytest.approx(2 / deviation)


def test_a_difference_that_never_varies_is_endless():
    row, target = errors([2.0, 2.0])
    comparison = compare("mae", row, row - 1, target, paired=True)
    assert (comparison.p, comparison.effect) == (0.0, math.inf)


def test_wilcoxon_over_seeds_has_the_p_of_darwins_plants():
    row, target = errors(100 + DARWIN)
    baseline, _ = errors(np.full(15, 100.0))
    p = compare("mae", row, baseline, target, paired=True).p_seeds
    assert p == pytest.approx(0.041259765625)  # statistic 24 of 2^15 signs, exact


@pytest.mark.parametrize("gaps", [[1, -2, 3, 4, 5, 6], [1, 1, 2, -2, 3, 3, 0, 4]])
def test_wilcoxon_over_few_seeds_counts_all_signs(gaps):
    row, target = errors(np.array(gaps) + 10)
    baseline, _ = errors(np.full(len(gaps), 10.0))
    p = compare("mae", row, baseline, target, paired=True).p_seeds
    known = np.array([gap for gap in gaps if gap])
    ranks = stats.rankdata(np.abs(known))
    centre = ranks.sum() / 2
    far = abs(ranks[known > 0].sum() - centre)
    signs = product((0, 1), repeat=len(known))
    assert p == pytest.approx(np.mean([abs(np.dot(s, ranks) - centre) >= far for s in signs]))


def test_wilcoxon_takes_as_many_seeds_as_make_its_level_possible():
    gaps = np.arange(1.0, 7)
    row, target = errors(10 + gaps)
    baseline, _ = errors(np.full(6, 10.0))
    assert compare("mae", row, baseline, target, paired=True).p_seeds == 2 / 2**6
    few = compare("mae", row[:5], baseline[:5], target, paired=True)
    assert math.isnan(few.p_seeds)
    assert math.isnan(compare("mae", row, baseline, target, paired=False).p_seeds)


@pytest.mark.parametrize(("level", "least"), [(0.9, 5), (0.95, 6), (0.99, 8), (0.9375, 6)])
def test_the_least_seeds_are_the_first_whose_best_p_is_below_the_level(level, least):
    assert Protocol(level).least_seeds == least
    assert 2 / 2**least < 1 - level <= 2 / 2 ** (least - 1)


def test_wilcoxon_of_seeds_without_a_difference_is_one():
    row, target = errors(np.arange(6))
    assert compare("mae", row, row, target, paired=True).p_seeds == 1


def test_an_undefined_metric_is_nan_throughout(row, baseline, target):
    row[2] = 0.5  # a constant has no correlation
    summary = summarise("corr", row, target)
    comparison = compare("corr", row, baseline, target, paired=True)
    assert all(map(math.isnan, (summary.mean, summary.sd, summary.low, summary.high)))
    assert all(map(math.isnan, (comparison.difference, comparison.p, comparison.effect)))


def test_holms_correction_is_the_one_worked_out_by_hand():
    # in order .005 * 4, .01 * 3, .03 * 2, .04 * 1, and never below the one before
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted([0.6, 0.7]) == [1.0, 1.0]


def test_what_was_not_tested_does_not_count_in_holms_correction():
    first, none, last = adjusted([0.02, math.nan, 0.03])
    assert (first, last) == pytest.approx((0.04, 0.04))
    assert math.isnan(none)
    assert adjusted([]) == []


def test_an_unknown_metric_is_refused_with_the_one_meant(row, target):
    with pytest.raises(MindkitError, match="no metric named 'cor'; did you mean 'corr'"):
        summarise("cor", row, target)


def test_rows_of_other_samples_are_refused(row, baseline, target):
    with pytest.raises(MindkitError, match="predictions are of 59 test samples, the targets of 60"):
        compare("mae", row, baseline[:, 1:], target, paired=True)


def test_pairs_of_unequal_numbers_are_refused(row, baseline, target):
    with pytest.raises(MindkitError, match="5 seeds of a row are no pairs of 4"):
        compare("mae", row, baseline[:4], target, paired=True)


@pytest.mark.parametrize("shape", [(60,), (0, 60)])
def test_predictions_without_seeds_are_refused(shape, target):
    with pytest.raises(ValueError, match=r"predictions \(S, N\) or \(S, N, C\) are needed"):
        summarise("mae", np.zeros(shape), target)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(MindkitError, match=f"a level lies between 0 and 1; got {level}"):
        Protocol(level)


def test_the_words_name_what_was_done():
    said = "\n".join(
        words(
            Protocol(0.9, 500, 7),
            baseline="full",
            samples=686,
            seeds=[5, 5, 4],
            comparisons=13,
            paired=True,
        )
    )
    for part in (
        "over 4 to 5 seeds; N = 686",
        "90% percentiles of a bootstrap over test samples and seeds",
        "(500 resamples, generator seeded with 7)",
        "against full: two-way t-test over seeds and paired samples, two-sided, seeds paired by",
        "Holm's correction over 13 rows, for each metric by itself; significant below 0.1",
        "Effect size d_z",
        "Wilcoxon's signed-rank test over pairs of seeds is of these test samples alone",
    ):
        assert part in said


def test_the_words_say_what_was_not_done():
    arguments = {"baseline": "full", "samples": 686, "comparisons": 1}
    few = words(QUICK, **arguments, seeds=[5], paired=True)
    apart = words(QUICK, **arguments, seeds=[9], paired=False)
    assert few[-1] == "No Wilcoxon test over seeds: p below 0.05 takes 6 pairs of seeds."
    assert apart[-1] == "No Wilcoxon test over seeds: they are not paired."


def test_the_words_on_single_runs_claim_nothing_of_seeds():
    said = words(QUICK, baseline="full", samples=9, seeds=[1, 1], comparisons=1, paired=True)
    assert "over 1 seed;" in said[0]
    assert "say nothing of other seeds" in said[2]
    assert "Test against full: paired t-test over samples" in said[3]


def test_without_a_baseline_nothing_is_said_of_tests():
    said = words(QUICK, baseline="", samples=9, seeds=[5], comparisons=0, paired=True)
    assert [sentence.split()[0] for sentence in said] == ["Mean", "Intervals:"]
