import math

import pytest
import torch

from mindkit_basics.criteria.barlow_twins import BarlowTwins, correlation_sums
from mindkit_basics.criteria.statistics import standardized

EPS = 1e-8  # that of the reference values: the seventh digit at λ = d depends on it


def naive(a, b, weight, eps):
    """Eq. 7 and 8 entry by entry."""
    size, width = a.shape

    def column(x, i):
        mean = sum(float(v) for v in x[:, i]) / size
        return [float(v) - mean for v in x[:, i]]

    def spread(values):
        return math.sqrt(sum(v * v for v in values) / size + eps)

    total = 0.0
    for i in range(width):
        for j in range(width):
            of_a, of_b = column(a, i), column(b, j)
            c = sum(p * q for p, q in zip(of_a, of_b, strict=True)) / size
            c /= spread(of_a) * spread(of_b)
            total += (1 - c) ** 2 if i == j else weight * c**2
    return total


def test_the_two_sums_meet_their_reference_values(x, y):
    on, off = correlation_sums(standardized(x, EPS), standardized(y, EPS))
    assert on.item() == pytest.approx(6.3019267, abs=5e-8)
    assert off.item() == pytest.approx(2.2052377, abs=5e-8)


@pytest.mark.parametrize(
    ("off_diagonal", "expected"), [("1/d", 7.0370059), ("d", 12.9176396), (0.0051, 6.3131734)]
)
def test_each_off_diagonal_weight_meets_its_reference_value(x, y, off_diagonal, expected):
    criterion = BarlowTwins(3, off_diagonal=off_diagonal, eps=EPS)
    assert criterion(x, y).item() == pytest.approx(expected, abs=5e-8)


def test_the_hsic_variant_meets_its_reference_value(x, y):
    criterion = BarlowTwins(3, off_diagonal_target=-1, eps=1e-12)
    assert criterion(x, y).item() == pytest.approx(9.9892129, abs=5e-8)


@pytest.mark.parametrize("shape", [(6, 3), (4, 9)], ids=["narrow", "wide"])
def test_it_is_what_loops_over_entries_give(draw, shape):
    a, b = draw(*shape), draw(*shape)
    expected = naive(a, b, 1 / shape[1], 1e-5)
    assert BarlowTwins(shape[1])(a, b).item() == pytest.approx(expected, abs=1e-9)


def test_it_is_what_a_batchnorm_without_affine_map_gives(draw):
    a, b = draw(6, 3), draw(6, 3)
    norm = torch.nn.BatchNorm1d(3, affine=False, dtype=torch.float64)
    c = norm(a).T @ norm(b) / 6
    expected = (1 - c.diagonal()).square().sum() + (c - c.diagonal().diag()).square().sum() / 3
    assert BarlowTwins(3)(a, b).item() == pytest.approx(expected.item(), abs=1e-12)


def test_a_copy_has_no_diagonal_part(draw):
    a = draw(6, 3)
    assert BarlowTwins(3, off_diagonal=0.0, eps=0.0)(a, a).item() == pytest.approx(0, abs=1e-24)


def test_it_ignores_the_scale_and_offset_of_each_feature(draw):
    a, b = draw(6, 3), draw(6, 3)
    criterion = BarlowTwins(3, eps=0.0)
    moved = a * torch.tensor([0.5, 3.0, 20.0]) + torch.tensor([1.0, -2.0, 0.0])
    assert criterion(moved, b).item() == pytest.approx(criterion(a, b).item(), rel=1e-10)


def test_both_orders_of_a_pair_have_one_value(draw):
    a, b = draw(6, 3), draw(6, 3)
    assert BarlowTwins(3)(a, b).item() == pytest.approx(BarlowTwins(3)(b, a).item(), rel=1e-12)


def test_a_common_order_of_the_samples_does_not_matter(draw):
    a, b, order = draw(6, 3), draw(6, 3), torch.tensor([3, 0, 1, 5, 2, 4])
    value = BarlowTwins(3)(a[order], b[order]).item()
    assert value == pytest.approx(BarlowTwins(3)(a, b).item(), rel=1e-12)


def test_a_constant_feature_counts_as_uncorrelated_with_a_finite_gradient(draw):
    a, b = draw(6, 3), draw(6, 3)
    a[:, 0] = 2.0
    a.requires_grad_()
    value = BarlowTwins(3, off_diagonal=0.0)(a, b)
    value.backward()
    rest = BarlowTwins(2, off_diagonal=0.0)(a[:, 1:], b[:, 1:])
    assert value.item() == pytest.approx(1 + rest.item(), rel=1e-12)
    assert torch.isfinite(a.grad).all()


@pytest.mark.parametrize("off_diagonal", ["1/d", "d"])
def test_both_may_go_through_a_network_whose_width_is_then_d(draw, off_diagonal):
    torch.manual_seed(0)
    criterion = BarlowTwins(3, off_diagonal=off_diagonal, projector=(7, 4)).double()
    a, b = draw(6, 3), draw(6, 3)
    first, _, second = criterion.projector
    expected = BarlowTwins(4, off_diagonal=off_diagonal)(
        *(
            (x @ first.weight[0] + first.bias[0]).relu() @ second.weight[0] + second.bias[0]
            for x in (a, b)
        )
    )
    assert criterion(a, b).item() == pytest.approx(expected.item(), rel=1e-12)


def test_each_pair_has_a_projector_of_its_own(draw):
    torch.manual_seed(0)
    bank = BarlowTwins(3, 2, projector=(4,)).double()
    alone = BarlowTwins(3, projector=(4,)).double()
    alone.projector[0].weight.data = bank.projector[0].weight.data[1:]
    alone.projector[0].bias.data = bank.projector[0].bias.data[1:]
    a, b = draw(2, 6, 3), draw(2, 6, 3)
    assert bank(a, b)[1].item() == pytest.approx(alone(a[1], b[1]).item(), rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"off_diagonal_target": -1}, {"projector": (4,)}])
def test_its_gradient_is_right(draw, options):
    torch.manual_seed(0)
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(BarlowTwins(3, **options).double(), inputs)


def test_a_layer_without_width_is_refused():
    with pytest.raises(ValueError, match=r"projector holds widths of layers, got \(4, 0\)"):
        BarlowTwins(3, projector=(4, 0))


def test_representations_of_different_widths_are_refused(draw):
    with pytest.raises(ValueError, match=r"must have one shape, got \(6, 3\) and \(6, 2\)"):
        BarlowTwins(3)(draw(6, 3), draw(6, 2))


def test_a_single_sample_is_refused(draw):
    with pytest.raises(ValueError, match="at least 2 samples, got a batch of 1"):
        BarlowTwins(3)(draw(1, 3), draw(1, 3))
