import numpy as np
import pytest

from mindkit.data.padding import padding_side, real_steps

L = 6


def padded(*bounds, steps=L):
    """Samples that are 1 from the first to the last bound and 0 elsewhere, (N, L, 2)."""
    values = np.zeros((len(bounds), steps, 2), np.float32)
    for sample, (first, last) in zip(values, bounds, strict=True):
        sample[first:last] = 1
    return values


def found(values, lengths=None):
    first, last = real_steps(values, None if lengths is None else np.array(lengths))
    return list(zip(first.tolist(), last.tolist(), strict=True))


def test_zero_rows_at_either_end_are_padding():
    assert found(padded((0, 3), (2, 6), (1, 4))) == [(0, 3), (2, 6), (1, 4)]


def test_a_zero_row_between_real_ones_is_real():
    values = padded((1, 5))
    values[0, 3] = 0
    assert found(values) == [(1, 5)]


def test_one_column_makes_a_row_real():
    values = padded((1, 5))
    values[0, 5, 1] = -0.5
    assert found(values) == [(1, 6)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_real(bad):
    values = padded((0, 2))
    values[0, 4, 0] = bad
    assert found(values) == [(0, 5)]


def test_a_sample_of_zeros_has_one_step():
    assert found(padded((0, 0))) == [(0, 1)]


def test_a_length_keeps_real_steps_that_are_zero():
    assert found(padded((1, 3), (0, 0)), [5, 4]) == [(0, 5), (0, 4)]


def test_a_length_of_padding_in_front_counts_from_the_end():
    assert found(padded((3, 6)), [4]) == [(2, 6)]


def test_a_length_that_the_values_contradict_is_not_believed():
    assert found(padded((1, 5)), [3]) == [(1, 5)]


@pytest.mark.parametrize(("said", "meant"), [(0, 1), (-2, 1), (99, L)])
def test_lengths_are_kept_between_one_step_and_all(said, meant):
    assert found(padded((0, 1)), [said]) == [(0, meant)]


@pytest.mark.parametrize(
    ("bounds", "side"),
    [
        ([(0, 3), (0, 6)], "trailing"),
        ([(2, 6), (0, 6)], "leading"),
        ([(0, 3), (2, 6)], "both"),
        ([(1, 3)], "both"),
        ([(0, 6)], "none"),
        ([(0, 3), (0, 0)], "trailing"),
        ([(0, 0)], "unclear"),
    ],
)
def test_the_padding_side_is_told_from_the_values(bounds, side):
    assert padding_side(padded(*bounds)) == side


def test_a_length_tells_zero_steps_from_padding():
    values = padded((1, 4), (0, 2))
    assert padding_side(values) == "both"
    assert padding_side(values, np.array([4, 2])) == "trailing"
