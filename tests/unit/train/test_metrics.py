import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindkit.errors import MindkitError, TrainingError
from mindkit.train.metrics import METRICS, better, compute

TARGET = np.array([-3.0, -1.0, -1 / 3, 0.0, 0.0, 1.0, 2.0, 3.0])
PREDICTION = np.array([-2.0, 0.5, -0.2, 0.1, -0.1, 0.0, 1.0, 3.5])


def one(name, prediction, target):
    return compute([name], np.asarray(prediction), np.asarray(target))[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # truth >= 0: 0 0 0 1 1 1 1 1; prediction >= 0: 0 1 0 1 0 1 1 1
        ("acc2_has0", 6 / 8),
        # without zeros, truth > 0: 0 0 0 1 1 1; prediction > 0: 0 1 0 0 1 1
        ("acc2_non0", 4 / 6),
        # without zeros, prediction >= 0: 0 1 0 1 1 1
        ("acc2_non0_ge", 5 / 6),
        # truth > 0: 0 0 0 0 0 1 1 1; prediction > 0: 0 1 0 1 0 0 1 1
        ("acc2_pos", 5 / 8),
        # truth: -3 -1 0 0 0 1 2 3; prediction: -2 0 0 0 0 0 1 3
        ("acc7", 4 / 8),
        # truth: -2 -1 0 0 0 1 2 2; prediction: -2 0 0 0 0 0 1 2
        ("acc5", 5 / 8),
        # truth: -1 -1 0 0 0 1 1 1; prediction: -1 0 0 0 0 0 1 1
        ("acc3", 6 / 8),
        # truth: -3 -1 -1 0 0 1 2 3; prediction: -2 1 -1 1 -1 0 1 3
        ("acc7_sdk", 2 / 8),
        ("mae", (1 + 1.5 + 2 / 15 + 0.1 + 0.1 + 1 + 1 + 0.5) / 8),
        ("mse", (1 + 2.25 + 4 / 225 + 0.01 + 0.01 + 1 + 1 + 0.25) / 8),
        ("mae_non0", (1 + 1.5 + 2 / 15 + 1 + 1 + 0.5) / 6),
        # has0: class 0 has 3, tp 2, fp 1, fn 1; class 1 has 5, tp 4, fp 1, fn 1
        ("f1_has0", 3 / 8 * 2 / 3 + 5 / 8 * 4 / 5),
        # non0: both classes have 3, tp 2, fp 1, fn 1
        ("f1_non0", 2 / 3),
    ],
)
def test_regression_metrics_have_the_values_worked_out_by_hand(name, expected):
    assert one(name, PREDICTION, TARGET) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "kept"), [("corr", slice(None)), ("corr_non0", TARGET != 0)])
def test_corr_is_pearsons(name, kept):
    p, y = PREDICTION[kept], TARGET[kept]
    cross = ((p - p.mean()) * (y - y.mean())).sum()
    size = math.sqrt(((p - p.mean()) ** 2).sum() * ((y - y.mean()) ** 2).sum())
    assert one(name, PREDICTION, TARGET) == pytest.approx(cross / size, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "seven"), [(0.5, 0), (-0.5, 0), (1.5, 2), (-1.5, -2), (2.5, 2), (-2.5, -2), (9.0, 3)]
)
def test_acc7_clips_and_then_rounds_half_to_even_on_both_sides(value, seven):
    assert one("acc7", [value], [float(seven)]) == 1
    assert one("acc7", [float(seven)], [value]) == 1


@pytest.mark.parametrize(
    ("value", "level"), [(0.0, 0), (1 / 3, 1), (1.0, 1), (1.01, 2), (2.0, 2), (2.1, 3), (5.0, 3)]
)
def test_acc7_sdk_rounds_away_from_zero(value, level):
    assert one("acc7_sdk", [value, -value], [float(level), -float(level)]) == 1


def test_acc2_non0_and_its_ge_form_differ_only_at_a_prediction_of_zero():
    target = [1.0, 1.0, -1.0]
    assert one("acc2_non0", [0.0, 2.0, -2.0], target) == pytest.approx(2 / 3)
    assert one("acc2_non0_ge", [0.0, 2.0, -2.0], target) == 1


def test_weighted_f1_counts_classes_in_the_truth_and_its_parity_form_in_the_prediction():
    target = [1.0, 1.0, 1.0, -1.0]
    prediction = [1.0, 1.0, -1.0, -1.0]
    positive, negative = 4 / 5, 2 / 3  # 2·2/(3+2), 2·1/(1+2)
    assert one("f1_non0", prediction, target) == pytest.approx(3 / 4 * positive + negative / 4)
    swapped = one("f1_non0_predweighted", prediction, target)
    assert swapped == pytest.approx((positive + negative) / 2)


def test_a_class_never_predicted_scores_zero_in_f1():
    # positive: precision 3/4, recall 1, F1 6/7; negative: 0
    value = one("f1_non0", [1.0] * 4, [1.0, 1.0, 1.0, -1.0])
    assert value == pytest.approx(3 / 4 * 6 / 7)


def scores_of(classes, count):
    return np.eye(count)[classes]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # class 0: 2 true, 3 predicted, 2 right; class 1: 3 true, 2 predicted, 1 right;
        # class 2: 1 true, 1 predicted, none right; class 3: absent
        ("accuracy", 3 / 6),
        ("precision_macro", (2 / 3 + 1 / 2) / 4),
        ("recall_macro", (1 + 1 / 3) / 4),
        ("f1_macro", (4 / 5 + 2 / 5) / 4),
        ("f1_weighted", (2 * 4 / 5 + 3 * 2 / 5) / 6),
        ("precision_weighted", (2 * 2 / 3 + 3 * 1 / 2) / 6),
    ],
)
def test_classification_metrics_have_the_values_worked_out_by_hand(name, expected):
    target = np.array([0, 0, 1, 1, 1, 2])
    scores = scores_of([0, 0, 0, 1, 2, 1], 4)
    assert one(name, scores, target) == pytest.approx(expected, abs=1e-12)


def test_cross_entropy_is_worked_out_by_hand_and_survives_great_scores():
    scores = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    expected = -(math.log(0.25) + math.log(0.8)) / 2
    assert one("cross_entropy", scores, np.array([1, 2])) == pytest.approx(expected, abs=1e-12)
    great = np.array([[1e4, 0.0]], np.float32)
    assert one("cross_entropy", great, np.array([1])) == pytest.approx(1e4)
    assert better("cross_entropy") == "min"


@pytest.mark.parametrize(
    ("prediction", "target"),
    [([0.3, 0.3, 0.3], [1.0, 2.0, 3.0]), ([1.0, 2.0, 3.0], [0.3, 0.3, 0.3]), ([1.0], [2.0])],
)
def test_corr_of_a_constant_is_nan_with_one_warning_of_ours(prediction, target):
    with pytest.warns(UserWarning) as caught:
        assert math.isnan(one("corr", prediction, target))
    assert [w.category for w in caught] == [UserWarning]
    assert "corr is undefined" in str(caught[0].message)


@pytest.mark.parametrize("name", ["acc2_non0", "f1_non0", "mae_non0"])
def test_without_a_label_other_than_zero_a_non0_score_is_nan_with_a_warning(name):
    with pytest.warns(UserWarning, match="undefined: every label is 0"):
        assert math.isnan(one(name, [1.0, 2.0], [0.0, 0.0]))


@settings(deadline=None)  # the first call imports scikit-learn
@given(
    st.lists(
        st.tuples(st.floats(-4, 4, width=32), st.integers(-9, 9).map(lambda n: n / 3)),
        min_size=2,
        max_size=30,
    ).filter(lambda pairs: any(y for _, y in pairs))
)
def test_every_accuracy_and_f1_is_a_share_and_perfect_for_the_truth(pairs):
    prediction, target = np.array(pairs).T
    names = [name for name in METRICS if ("acc" in name or "f1" in name)]
    names = [name for name in names if METRICS[name].task == "regression"]
    assert all(0 <= value <= 1 for value in compute(names, prediction, target).values())
    perfect = compute(names, target, target)
    assert perfect == pytest.approx(dict.fromkeys(names, 1.0))


def test_float32_predictions_are_scored_in_float64():
    target = np.linspace(-3, 3, 1000).astype(np.float32)
    value = one("mae", target + np.float32(0.25), target)
    assert value == pytest.approx(0.25, abs=1e-7)


def test_errors_are_better_small_and_all_else_large():
    smaller = {name for name in METRICS if better(name) == "min"}
    assert smaller == {"mae", "mse", "mae_non0", "sims_mae", "cross_entropy"}


def test_an_unknown_name_gives_the_nearest():
    with pytest.raises(
        MindkitError, match="no metric named 'acc2_nonzero'; did you mean 'acc2_non0'"
    ):
        compute(["acc2_nonzero"], PREDICTION, TARGET)
    with pytest.raises(MindkitError, match="no metric named 'rmse'; did you mean 'mse'"):
        better("rmse")


def test_a_metric_of_the_other_task_is_refused_with_those_that_fit():
    with pytest.raises(MindkitError, match=r"'accuracy' is for classification.*acc2_has0"):
        compute(["accuracy"], PREDICTION, TARGET)


def test_predictions_that_are_not_finite_are_refused():
    with pytest.raises(TrainingError, match="1 of 2 predictions are not finite"):
        compute(["mae"], np.array([1.0, math.nan]), np.array([1.0, 2.0]))


@pytest.mark.parametrize("shapes", [((3,), (2,)), ((0,), (0,)), ((2,), (2, 1))])
def test_shapes_that_do_not_go_together_are_refused(shapes):
    with pytest.raises(ValueError, match="predictions"):
        compute(["mae"], *map(np.zeros, shapes))
