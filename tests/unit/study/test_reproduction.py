"""What is said of runs made again: the same to the bit, within tolerance, different, not made."""

import math
from pathlib import Path

import pytest

from mindkit.study.reproduction import Again, Reproduced, Score, judged

MADE = Path("again")


def made(*pairs, distance=0.0):
    """A run made again whose test MAEs were saved and came out as each pair says."""
    scores = tuple(Score("test", "mae", saved, again) for saved, again in pairs)
    return Again(Path("saved"), folder=MADE, scores=scores, predictions={"test": distance})


def verdict(*runs, tolerance=0.01):
    return judged("row", runs, tolerance).verdict


@pytest.mark.parametrize(
    ("saved", "again", "apart"),
    [
        (1.0, 1.25, 0.25),
        (1.25, 1.0, 0.25),
        (math.nan, math.nan, 0.0),
        (math.nan, 1.0, math.inf),
        (1.0, math.nan, math.inf),
    ],
)
def test_scores_are_apart_by_their_distance_and_undefined_ones_are_equal(saved, again, apart):
    assert Score("test", "mae", saved, again).apart == apart


def test_equal_scores_and_predictions_are_identical():
    assert verdict(made((1.0, 1.0))) == "identical"


def test_equal_scores_of_other_predictions_are_within_tolerance():
    assert verdict(made((1.0, 1.0), distance=1e-7)) == "within tolerance"


@pytest.mark.parametrize(
    ("again", "expected"), [(1.0625, "different"), (1.0078125, "within tolerance")]
)
def test_the_tolerance_decides_between_within_and_different(again, expected):
    assert verdict(made((1.0, again)), tolerance=0.0078125) == expected


def test_a_row_is_judged_by_its_means():
    row = judged("row", [made((1.0, 1.5)), made((2.0, 1.5))], 0.0)
    assert row.means == (Score("test", "mae", 1.5, 1.5),)
    assert row.verdict == "within tolerance"


def test_a_row_with_a_run_that_could_not_be_made_is_not_made():
    failed = Again(Path("saved"), error="no memory")
    row = judged("row", [made((1.0, 1.0)), failed], 0.01)
    assert row.verdict == "not made"
    assert row.means == (Score("test", "mae", 1.0, 1.0),)


def test_runs_without_scores_are_not_within_tolerance():
    assert verdict(made(distance=0.5)) == "different"


def test_all_rows_must_be_reproduced():
    good = judged("good", [made((1.0, 1.0))], 0.01)
    bad = judged("bad", [made((1.0, 2.0))], 0.01)
    assert Reproduced(Path("t"), (good,), 0.01).reproduced
    assert not Reproduced(Path("t"), (good, bad), 0.01).reproduced
