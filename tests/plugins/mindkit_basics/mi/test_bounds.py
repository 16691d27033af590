import math

import pytest
import torch

from mindkit_basics.mi.bounds import log_mean_exp, with_gradient_of


def test_the_logarithm_of_the_mean_is_taken_not_the_mean_of_logarithms(draw):
    scores = draw(2, 5)
    for row, value in zip(scores.tolist(), log_mean_exp(scores).tolist(), strict=True):
        assert value == pytest.approx(math.log(sum(map(math.exp, row)) / 5), abs=1e-12)


def test_large_scores_do_not_overflow():
    scores = torch.tensor([1e4, 1e4 - math.log(3)], requires_grad=True)
    value = log_mean_exp(scores)
    value.backward()
    assert value.item() == pytest.approx(1e4 + math.log(2 / 3), rel=1e-6)
    assert scores.grad.tolist() == pytest.approx([0.75, 0.25], rel=1e-3)


def test_a_value_is_given_the_gradient_of_another():
    x = torch.tensor(3.0, requires_grad=True)
    mixed = with_gradient_of(x.square(), 10 * x)
    mixed.backward()
    assert (mixed.item(), x.grad.item()) == (30, 6)
