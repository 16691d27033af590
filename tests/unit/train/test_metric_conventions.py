"""Every metric against a loop over samples that follows the words of its convention."""

import math

import numpy as np
import pytest

from mindkit.train.metrics import METRICS, compute

EDGES = (
    -3.0,
    -2.5,
    -1.5,
    -1.0,
    -0.7,
    -0.5,
    -0.1,
    0.0,
    0.1,
    0.5,
    0.7,
    1.0,
    1.5,
    2.5,
    3.0,
    4.5,
    -4.5,
)
RULES = {  # which labels count, truth, prediction
    "has0": (lambda y: True, lambda y: y >= 0, lambda p: p >= 0),
    "non0": (lambda y: y != 0, lambda y: y > 0, lambda p: p > 0),
    "non0_ge": (lambda y: y != 0, lambda y: y >= 0, lambda p: p >= 0),
    "pos": (lambda y: True, lambda y: y > 0, lambda p: p > 0),
}


def values(seed, every_edge):
    """Predictions and labels (N,) float32: random ones, and all pairs of edges if asked for."""
    random = np.random.default_rng(seed)
    pairs = [(random.normal() * 2, round(random.normal() * 2, 1)) for _ in range(60)]
    pairs += [(p, y) for p in EDGES for y in EDGES] if every_edge else []
    prediction, target = np.array(pairs, np.float32).T
    return prediction, target


def cut(value, limit):
    return max(-limit, min(limit, value))


def to_even(value):
    """Half to even, by its definition."""
    below = math.floor(value)
    rest = value - below
    if rest != 0.5:
        return below + (rest > 0.5)
    return below if below % 2 == 0 else below + 1


def away(value):
    size = min(3, math.ceil(abs(value)))
    return size if value > 0 else -size


def in_bin(value, cuts):
    """The first bin whose upper end the value does not exceed."""
    for number, upper in enumerate(cuts):
        if value <= np.float32(upper):
            return number
    return len(cuts)


def share(pairs, level):
    return sum(level(p) == level(y) for p, y in pairs) / len(pairs)


def two_classes(rule, pairs):
    counts, truth, predicted = RULES[rule]
    return [(bool(predicted(p)), bool(truth(y))) for p, y in pairs if counts(y)]


def weighted_f1(classes, weigh_by):
    """F1 of each class, weighted by its share among truths (1) or predictions (0)."""
    total = 0.0
    for one in {c for pair in classes for c in pair}:
        both = sum(p == y == one for p, y in classes)
        either = sum(p == one for p, _ in classes) + sum(y == one for _, y in classes)
        weight = sum(pair[weigh_by] == one for pair in classes) / len(classes)
        total += weight * 2 * both / either
    return total


def pearson(pairs):
    mean_p, mean_y = (math.fsum(side) / len(pairs) for side in zip(*pairs, strict=True))
    cross = math.fsum((p - mean_p) * (y - mean_y) for p, y in pairs)
    of_p = math.fsum((p - mean_p) ** 2 for p, _ in pairs)
    of_y = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    return cross / math.sqrt(of_p * of_y)


def mean_error(pairs, power=1):
    return math.fsum(abs(p - y) ** power for p, y in pairs) / len(pairs)


def without_zeros(pairs):
    return [(p, y) for p, y in pairs if y != 0]


def on_sims(pairs):
    return [(cut(p, 1), cut(y, 1)) for p, y in pairs]


def same(pairs):
    return sum(p == y for p, y in pairs) / len(pairs)


NAIVE = {
    **{f"acc2_{rule}": lambda q, rule=rule: same(two_classes(rule, q)) for rule in RULES},
    "f1_has0": lambda q: weighted_f1(two_classes("has0", q), 1),
    "f1_non0": lambda q: weighted_f1(two_classes("non0", q), 1),
    "f1_non0_predweighted": lambda q: weighted_f1(two_classes("non0", q), 0),
    "acc7": lambda q: share(q, lambda v: to_even(cut(v, 3))),
    "acc5": lambda q: share(q, lambda v: to_even(cut(v, 2))),
    "acc3": lambda q: share(q, lambda v: to_even(cut(v, 1))),
    "acc7_sdk": lambda q: share(q, away),
    "mae": mean_error,
    "mse": lambda q: mean_error(q, 2),
    "corr": pearson,
    "mae_non0": lambda q: mean_error(without_zeros(q)),
    "corr_non0": lambda q: pearson(without_zeros(q)),
    "sims_mae": lambda q: mean_error(on_sims(q)),
    "sims_corr": lambda q: pearson(on_sims(q)),
    "sims_acc2": lambda q: share(on_sims(q), lambda v: v > 0),
    "sims_f1": lambda q: weighted_f1(two_classes("pos", on_sims(q)), 1),
    "sims_acc3": lambda q: share(on_sims(q), lambda v: in_bin(v, (-0.1, 0.1))),
    "sims_acc5": lambda q: share(on_sims(q), lambda v: in_bin(v, (-0.7, -0.1, 0.1, 0.7))),
}


@pytest.mark.parametrize("every_edge", [False, True], ids=["random", "edges"])
@pytest.mark.parametrize("name", NAIVE)
def test_a_regression_metric_is_what_a_loop_finds(name, every_edge):
    for seed in range(3):
        prediction, target = values(seed, every_edge)
        pairs = list(zip(prediction.tolist(), target.tolist(), strict=True))
        found = compute([name], prediction, target)[name]
        assert found == pytest.approx(NAIVE[name](pairs), abs=1e-6)  # float32 differences in mae


def test_every_regression_metric_has_a_loop():
    assert set(NAIVE) == {name for name, one in METRICS.items() if one.task == "regression"}


def loops_over_classes(predicted, target, count):
    """Precision, recall and F1 of each class by counting; 0 where nothing is to be divided by."""
    table = []
    for one in range(count):
        right = sum(p == y == one for p, y in zip(predicted, target, strict=True))
        precision = right / max(sum(p == one for p in predicted), 1)
        recall = right / max(sum(y == one for y in target), 1)
        f1 = 2 * precision * recall / (precision + recall) if right else 0.0
        table.append((precision, recall, f1))
    return table


@pytest.mark.parametrize(
    "name",
    ["precision_macro", "recall_macro", "f1_macro", "precision_weighted", "f1_weighted"],
)
def test_a_classification_metric_is_what_a_loop_finds(name):
    kind, average = name.split("_")
    random = np.random.default_rng(0)
    for present in (4, 3):  # with 3, the last class is in no truth
        scores, target = random.normal(size=(50, 4)), random.integers(0, present, 50)
        table = loops_over_classes(scores.argmax(1).tolist(), target.tolist(), 4)
        column = [row[("precision", "recall", "f1").index(kind)] for row in table]
        weights = [float((target == c).mean()) if average == "weighted" else 0.25 for c in range(4)]
        expected = sum(w * v for w, v in zip(weights, column, strict=True))
        assert compute([name], scores, target)[name] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [-0.7, -0.1, 0.1, 0.7])
def test_a_value_on_a_cut_of_sims_is_in_the_bin_below(value):
    edge = np.float32(value)
    above = np.nextafter(edge, np.float32(1))
    for name in ("sims_acc5", "sims_acc3") if abs(value) < 0.5 else ("sims_acc5",):
        pair = np.array([edge], np.float32), np.array([above], np.float32)
        assert compute([name], *pair)[name] == 0
        below = np.array([np.nextafter(edge, np.float32(-1))], np.float32)
        assert compute([name], below, pair[0])[name] == 1


def test_a_prediction_of_zero_is_not_positive_on_sims_and_nothing_beyond_one_counts():
    zero, positive, far = (np.array([v], np.float32) for v in (0.0, 0.2, 5.0))
    assert compute(["sims_acc2"], zero, positive)["sims_acc2"] == 0
    assert compute(["sims_mae"], far, np.array([1.0], np.float32))["sims_mae"] == 0


@pytest.mark.parametrize("name", ["corr", "corr_non0", "sims_corr"])
def test_every_correlation_of_a_constant_prediction_is_nan_with_a_warning(name):
    prediction, target = np.full(4, 0.3), np.array([0.2, -0.4, 0.6, 0.0])
    with pytest.warns(UserWarning, match="corr is undefined"):
        assert math.isnan(compute([name], prediction, target)[name])
