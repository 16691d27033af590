import numpy as np
import pytest

from mindkit.data.moments import Moments


def moments(values, *cuts):
    made = Moments(values.shape[1])
    for block in np.split(values, cuts):
        made.add(block)
    return made


def test_blocks_give_what_all_rows_together_give():
    values = np.random.default_rng(0).normal(5, 2, (100, 3)).astype(np.float32)
    made = moments(values, 1, 40, 40)
    assert made.mean == pytest.approx(values.astype(np.float64).mean(0), rel=1e-12)
    assert made.deviation == pytest.approx(values.astype(np.float64).std(0), rel=1e-12)


def test_a_far_offset_takes_nothing_from_the_deviation():
    values = 1e7 + np.random.default_rng(0).integers(0, 2, (1000, 1)).astype(np.float32)
    expected = values.astype(np.float64).std(0)
    assert moments(values, 500).deviation == pytest.approx(expected, rel=1e-9)


def test_a_constant_feature_deviates_by_exactly_0():
    values = np.full((1000, 1), 0.1, np.float32)
    assert moments(values, 3, 7).deviation.tolist() == [0.0]
