import pytest
import torch

from mindkit_basics.criteria.vicreg import Vicreg

PARTS = ("invariance", "variance", "covariance")


def alone(part):
    return Vicreg(**{one: float(one == part) for one in PARTS})


def naive(a, b):
    distance = (
        sum(
            (p - q) ** 2
            for u, v in zip(a.tolist(), b.tolist(), strict=True)
            for p, q in zip(u, v, strict=True)
        )
        / a.numel()
    )
    spread, correlated = [], []
    for z in (a, b):
        c = torch.cov(z.T)
        width = len(c)
        roots = [(c[i, i].item() + 1e-4) ** 0.5 for i in range(width)]
        spread.append(sum(max(0.0, 1 - root) for root in roots) / width)
        squares = [c[i, j].item() ** 2 for i in range(width) for j in range(width) if i != j]
        correlated.append(sum(squares) / width)
    return {"invariance": distance, "variance": sum(spread) / 2, "covariance": sum(correlated)}


@pytest.mark.parametrize(
    ("part", "expected"), list(zip(PARTS, (3.2333333, 0.0272134, 2.3770833), strict=True))
)
def test_each_part_meets_its_reference_value(x, y, part, expected):
    assert alone(part)(x, y).item() == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize("width", [3, 9], ids=["narrow", "wide"])
def test_the_parts_are_what_loops_give_and_are_weighed(draw, width):
    a, b = 0.3 * draw(5, width), draw(5, width)
    expected = naive(a, b)
    for part in PARTS:
        assert alone(part)(a, b).item() == pytest.approx(expected[part], abs=1e-10)
    whole = 25 * expected["invariance"] + 25 * expected["variance"] + expected["covariance"]
    assert Vicreg()(a, b).item() == pytest.approx(whole, abs=1e-9)


def test_its_gradient_is_right(draw):
    inputs = (0.2 * draw(5, 3)).requires_grad_(), (0.2 * draw(5, 3)).requires_grad_()
    assert torch.autograd.gradcheck(Vicreg(), inputs)


def test_collapsed_input_has_a_finite_gradient():
    a = torch.ones(5, 3, dtype=torch.float64, requires_grad=True)
    Vicreg()(a, a * 1).backward()
    assert a.grad.isfinite().all()
