import math

import pytest
import torch

from mindkit_basics.criteria.supervised import Supervised

PREDICTION = [[0.5], [-4.0], [2.0], [3.5]]
TARGET = [1.0, -3.0, 2.5, -1.0]
PAIRS = [(p[0], t) for p, t in zip(PREDICTION, TARGET, strict=True)]


def mean(values):
    return sum(values) / len(values)


def cut(value, end):
    return max(-end, min(end, value))


EXPECTED = {
    "auto": mean([abs(p - t) for p, t in PAIRS]),
    "mae": mean([abs(p - t) for p, t in PAIRS]),
    "mse": mean([(p - t) ** 2 for p, t in PAIRS]),
    "mse_clipped_mae": mean([(p - t) ** 2 + abs(cut(p, 3) - cut(t, 3)) for p, t in PAIRS]),
    "smooth_l1": mean(
        [abs(p - t) - 0.5 if abs(p - t) >= 1 else (p - t) ** 2 / 2 for p, t in PAIRS]
    ),
}


@pytest.mark.parametrize(("loss", "expected"), EXPECTED.items())
def test_regression_losses_are_the_mean_over_the_batch(loss, expected):
    prediction = torch.tensor(PREDICTION, dtype=torch.float64)
    target = torch.tensor(TARGET, dtype=torch.float64)
    value = Supervised("regression", loss=loss)(prediction, target)
    assert value.item() == pytest.approx(expected, abs=1e-12)


def test_clip_is_where_both_sides_are_cut():
    prediction, target = torch.tensor([[2.0]]), torch.tensor([0.0])
    value = Supervised("regression", loss="mse_clipped_mae", clip=1.0)(prediction, target)
    assert value.item() == 4 + 1


@pytest.mark.parametrize("loss", ["auto", "cross_entropy"])
def test_classification_is_the_mean_negative_log_probability(loss):
    logits = [[1.0, 0.0, -2.0], [0.3, 0.2, 0.1]]
    labels = [2, 0]
    expected = mean(
        [
            math.log(sum(math.exp(v) for v in row)) - row[label]
            for row, label in zip(logits, labels, strict=True)
        ]
    )
    value = Supervised("classification", loss=loss)(
        torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)
    )
    assert value.item() == pytest.approx(expected, abs=1e-12)


def test_the_clipped_part_pulls_only_inside_the_range():
    prediction = torch.tensor([[4.0]], requires_grad=True)
    target = torch.tensor([1.0])
    Supervised("regression", loss="mse_clipped_mae")(prediction, target).backward()
    assert prediction.grad.item() == 2 * (4 - 1)


@pytest.mark.parametrize(
    ("task", "loss", "fitting"),
    [
        ("classification", "mae", "auto, cross_entropy"),
        ("regression", "cross_entropy", "auto, mae, mse, mse_clipped_mae, smooth_l1"),
    ],
)
def test_a_loss_that_does_not_fit_the_task_is_refused(task, loss, fitting):
    message = f"loss '{loss}' is not one for {task}; set loss to one of: {fitting}"
    with pytest.raises(ValueError, match=message):
        Supervised(task, loss=loss)


def test_a_regression_with_several_outputs_is_refused():
    with pytest.raises(ValueError, match=r"prediction \(\.\.\., B, 1\).*got \(4, 2\) and \(4,\)"):
        Supervised("regression")(torch.zeros(4, 2), torch.zeros(4))


def test_a_map_gives_each_task_its_loss_and_auto_where_there_is_none():
    losses = {"regression": "mse"}
    assert Supervised("regression", loss=losses).loss == "mse"
    assert Supervised("classification", loss=losses).loss == "auto"


def test_a_map_with_a_loss_for_the_wrong_task_is_refused_whatever_the_task():
    with pytest.raises(ValueError, match="loss 'mse' is not one for classification"):
        Supervised("regression", loss={"classification": "mse"})
