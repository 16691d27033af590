import pytest
import torch

from mindkit_basics.criteria.mse import Mse


def test_it_meets_its_reference_value(x, y):
    assert Mse()(x, y).item() == pytest.approx(3.2333333, abs=5e-8)


def test_it_is_what_a_loop_over_entries_gives(draw):
    a, b = draw(2, 6, 3), draw(2, 6, 3)
    entries = [
        [
            (p - q) ** 2
            for p, q in zip(left.flatten().tolist(), right.flatten().tolist(), strict=True)
        ]
        for left, right in zip(a, b, strict=True)
    ]
    expected = [sum(row) / 18 for row in entries]
    assert Mse()(a, b).tolist() == pytest.approx(expected, rel=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(Mse(), inputs)


def test_unlike_shapes_are_refused(draw):
    with pytest.raises(ValueError, match=r"must have one shape, got \(6, 3\) and \(6, 1\)"):
        Mse()(draw(6, 3), draw(6, 1))
