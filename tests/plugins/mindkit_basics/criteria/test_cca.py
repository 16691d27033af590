import pytest
import torch

from mindkit_basics.criteria.cca import Cca


def test_the_correlations_meet_their_reference_values(x, y):
    expected = [0.9980120, 0.9944191, 0.0947367]
    assert Cca().correlations(x, y).tolist() == pytest.approx(expected, abs=5e-8)
    assert Cca()(x, y).item() == pytest.approx(-2.0871678, abs=5e-8)


def test_it_is_what_symmetric_roots_give(draw):
    a, b = draw(12, 3), draw(12, 4)
    left, right = a - a.mean(0), b - b.mean(0)

    def root(z):
        values, vectors = torch.linalg.eigh(z.T @ z / 11 + 1e-3 * torch.eye(z.shape[1]))
        return vectors @ values.rsqrt().diag() @ vectors.T

    singular = torch.linalg.svdvals(root(left) @ (left.T @ right / 11) @ root(right))
    assert Cca()(a, b).item() == pytest.approx(-singular.sum().item(), abs=1e-9)


def test_only_the_top_correlations_count_if_asked(x, y):
    assert Cca(top=1)(x, y).item() == pytest.approx(-0.9980120, abs=5e-8)


def test_an_invertible_map_of_the_features_changes_nothing(draw):
    a, b, mix = draw(40, 3), draw(40, 3), torch.tensor([[2.0, 1, 0], [0, 1, 0], [1, 0, 3]])
    plain, mixed = (Cca(ridge=1e-9)(z, b).item() for z in (a, a @ mix.double()))
    assert mixed == pytest.approx(plain, abs=1e-6)


def test_its_gradient_is_right(draw):
    a, b = draw(9, 2).requires_grad_(), draw(9, 2).requires_grad_()
    assert torch.autograd.gradcheck(Cca(), (a, b))


def test_constant_input_has_a_finite_gradient(draw):
    a = torch.ones(6, 3, dtype=torch.float64, requires_grad=True)
    Cca()(a, draw(6, 3)).backward()
    assert a.grad.isfinite().all()


def test_a_ridge_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="ridge is positive and top at least 1, got 0"):
        Cca(ridge=0.0)
