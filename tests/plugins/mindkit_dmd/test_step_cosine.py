import math

import pytest
import torch

from mindkit_dmd.step_cosine import StepCosine

LENGTHS = [3, 1, 2]
MASK = torch.arange(3) < torch.tensor(LENGTHS).unsqueeze(1)


def cosine(u, v):
    product = sum(p * q for p, q in zip(u, v, strict=True))
    return product / math.sqrt(sum(p * p for p in u) * sum(q * q for q in v))


def test_the_two_vectors_of_each_real_step_are_compared(draw):
    a, b = draw(3, 3, 4), draw(3, 3, 4)
    values = [
        max(cosine(a[i, t].tolist(), b[i, t].tolist()), 0)
        for i, length in enumerate(LENGTHS)
        for t in range(length)
    ]
    expected = sum(values) / len(values)
    assert StepCosine()(a, b, MASK).item() == pytest.approx(expected, abs=1e-10)


def test_the_axis_of_the_authors_code_is_the_batch(draw):
    a, b = draw(3, 3, 4), draw(3, 3, 4)
    values = []
    for t in range(3):
        real = [i for i, length in enumerate(LENGTHS) if t < length]
        for d in range(4):
            u, v = ([x[i, t, d].item() for i in real] for x in (a, b))
            values.append(max(cosine(u, v), 0))
    value = StepCosine(axis="batch")(a, b, MASK).item()
    assert value == pytest.approx(sum(values) / len(values), abs=1e-10)
    assert value != pytest.approx(StepCosine()(a, b, MASK).item(), abs=1e-3)


@pytest.mark.parametrize("axis", ["width", "batch"])
def test_opposite_sequences_are_left_alone_and_equal_ones_cost_one(draw, axis):
    a = draw(3, 3, 4).requires_grad_()
    value = StepCosine(axis=axis)(a, -a.detach(), MASK)
    value.backward()
    assert value == 0 and not a.grad.any()
    same = StepCosine(axis=axis)(a, a.detach(), MASK).item()
    assert same == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("axis", ["width", "batch"])
def test_zeros_and_padding_have_a_finite_gradient(axis):
    a = torch.zeros(3, 3, 4, dtype=torch.float64, requires_grad=True)
    StepCosine(axis=axis)(a, torch.ones_like(a), MASK).backward()
    assert a.grad.isfinite().all()
    assert not a.grad[~MASK].any()
