import math

from mindkit.config.training import Plateau, Selection
from mindkit.train.selection import Selector


def decisions(values, **settings):
    selector = Selector.from_settings(Selection(**settings))
    return [selector.update(epoch, value) for epoch, value in enumerate(values)], selector


def test_an_equal_value_counts_as_best():
    answers, selector = decisions([0.5, 0.5], metric="mae")
    assert answers == ["best", "best"]
    assert selector.epoch == 1


def test_mae_is_to_fall_and_accuracy_to_rise():
    assert decisions([0.5, 0.6], metric="mae")[0] == ["best", "wait"]
    assert decisions([0.5, 0.6], metric="acc2_non0")[0] == ["best", "best"]


def test_the_third_worse_epoch_in_a_row_ends_training():
    answers, _ = decisions([0.5, 0.6, 0.6, 0.6], metric="mae", patience=2)
    assert answers == ["best", "wait", "wait", "stop"]


def test_a_better_epoch_restores_the_patience():
    answers, _ = decisions([0.5, 0.6, 0.6, 0.4, 0.6, 0.6, 0.6], metric="mae", patience=2)
    assert answers == ["best", "wait", "wait", "best", "wait", "wait", "stop"]


def test_the_second_rollback_ends_training_when_one_is_allowed():
    answers, _ = decisions([0.5] + [0.6] * 6, metric="mae", patience=2, rollback=1)
    assert answers == ["best", "wait", "wait", "rollback", "wait", "wait", "stop"]


def test_a_plateau_shrinks_the_rate_again_and_again_until_patience_ends():
    plateau = Plateau(patience=1, shrink=0.5)
    answers, _ = decisions([0.5] + [0.6] * 6, metric="mae", patience=5, plateau=plateau)
    assert answers == ["best", "wait", "shrink", "wait", "shrink", "wait", "stop"]


def test_a_better_epoch_and_a_rollback_end_a_plateau():
    plateau = Plateau(patience=1, shrink=0.5)
    answers, _ = decisions([0.5, 0.6, 0.4, 0.6, 0.6], metric="mae", patience=9, plateau=plateau)
    assert answers == ["best", "wait", "best", "wait", "shrink"]
    values = [0.5] + [0.6] * 5
    answers, _ = decisions(values, metric="mae", patience=2, rollback=1, plateau=plateau)
    assert answers == ["best", "wait", "shrink", "rollback", "wait", "shrink"]


def test_nan_is_worse_than_anything():
    answers, selector = decisions([math.nan, 0.5, math.nan], metric="corr")
    assert answers == ["wait", "best", "wait"]
    assert selector.best == 0.5


def test_a_selector_goes_on_from_its_saved_state():
    _, selector = decisions([0.5, 0.6], metric="mae", patience=1)
    other = Selector(**selector.state())
    assert other.update(2, 0.7) == selector.update(2, 0.7) == "stop"
