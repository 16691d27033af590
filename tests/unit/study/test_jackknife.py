"""A pseudo-value is N θ - (N - 1) θ₋ₙ, here taken from the metric itself, one sample at a time."""

import math
import warnings

import numpy as np
import pytest

from mindkit.study.jackknife import pseudo_values
from mindkit.train.metrics import METRICS, compute


@pytest.fixture
def data():
    """Predictions of three seeds and the target of 24 samples, zeros among them, for a task."""

    def call(task):
        generator = np.random.default_rng(1)
        if task == "classification":
            target = generator.integers(0, 4, 24)
            scores = generator.normal(size=(3, 24, 4)).astype(np.float32)
            scores[:, np.arange(24), target] += 1
            return scores, target
        target = np.round(generator.normal(0, 1.5, 24).clip(-3, 3) * 3) / 3
        return (target + generator.normal(0, 1, (3, 24))).astype(np.float32), target

    return call


def pseudo_values_one_by_one(metric, prediction, target):
    size = len(target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        without = [
            compute([metric], np.delete(prediction, n, 0), np.delete(target, n))[metric]
            for n in range(size)
        ]
        return size * compute([metric], prediction, target)[metric] - (size - 1) * np.array(without)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_the_pseudo_values_of_leaving_out_each_sample(metric, data):
    predictions, target = data(METRICS[metric].task)
    scores, values = pseudo_values(metric, predictions, target)
    expected = [pseudo_values_one_by_one(metric, each, target) for each in predictions]
    assert scores.tolist() == [compute([metric], p, target)[metric] for p in predictions]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("metric", ["f1_macro", "precision_macro", "recall_macro", "f1_weighted"])
def test_a_class_of_one_sample_and_one_without_any_have_theirs_too(metric, data):
    predictions, _ = data("classification")
    target = np.array([3] + 23 * [0, 1])[:24]  # none is of class 2
    _, values = pseudo_values(metric, predictions, target)
    expected = [pseudo_values_one_by_one(metric, each, target) for each in predictions]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-10)


def test_the_pseudo_values_of_a_mean_are_the_samples_own_scores(data):
    predictions, target = data("regression")
    _, values = pseudo_values("mae", predictions, target)
    np.testing.assert_allclose(values, np.abs(predictions - target), atol=1e-12)


def test_a_seed_that_predicts_a_constant_has_no_correlation_and_spoils_no_other(data):
    predictions, target = data("regression")
    predictions[1] = 0.5
    scores, values = pseudo_values("corr", predictions, target)
    assert np.isnan(scores).tolist() == [False, True, False]
    assert np.isnan(values).all(1).tolist() == [False, True, False]
    assert np.isfinite(values[[0, 2]]).all()


@pytest.mark.parametrize("metric", ["acc2_non0", "f1_non0", "mae_non0", "corr_non0"])
def test_a_metric_without_zero_labels_is_undefined_where_all_are_zero(metric):
    scores, values = pseudo_values(metric, np.ones((2, 5)), np.zeros(5))
    assert np.isnan(scores).all() and np.isnan(values).all()


@pytest.mark.parametrize("metric", ["acc2_non0", "f1_non0", "mae_non0"])
def test_without_its_only_labelled_sample_a_metric_is_undefined(metric):
    scores, values = pseudo_values(metric, np.array([[1.0, 2.0]]), np.array([0.0, 1.0]))
    assert not np.isnan(scores[0])
    assert math.isnan(values[0, 1])


def test_one_sample_has_a_score_and_no_pseudo_value():
    scores, values = pseudo_values("mae", np.array([[1.0]]), np.array([3.0]))
    assert scores.tolist() == [2.0]
    assert np.isnan(values).all()
