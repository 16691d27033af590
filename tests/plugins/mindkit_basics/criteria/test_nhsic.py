import numpy as np
import pytest
import torch

from mindkit_basics.criteria.cca import Cca
from mindkit_basics.criteria.nhsic import Nhsic


def naive(x, y, kernel, ridge, bandwidth):
    """From the eigenvalues and eigenvectors of both centred kernels."""
    size = len(x)
    centring = np.eye(size) - 1 / size
    spectra = []
    for m in (x.numpy(), y.numpy()):
        distances = ((m[:, None] - m[None]) ** 2).sum(2)
        kernels = {
            "linear": m @ m.T,
            "rbf": np.exp(-distances / (2 * bandwidth)),
            "imq": 1 / (1 + distances / bandwidth),
        }
        spectra.append(np.linalg.eigh(centring @ kernels[kernel] @ centring))
    (p, u), (q, v) = spectra
    shares = np.outer(p / (p + size * ridge), q / (q + size * ridge))
    return (shares * (u.T @ v) ** 2).sum()


@pytest.mark.parametrize("kernel", ["linear", "rbf", "imq"])
@pytest.mark.parametrize("ridge", [1e-4, 1e-1])
def test_it_is_what_the_spectra_of_the_kernels_give(draw, kernel, ridge):
    a, b = draw(7, 3), draw(7, 9)
    bandwidth = None if kernel == "linear" else 1.5
    value = Nhsic(kernel=kernel, ridge=ridge, bandwidth=bandwidth)(a, b).item()
    assert value == pytest.approx(naive(a, b, kernel, ridge, 1.5), rel=1e-9)


def test_linear_with_a_small_ridge_it_is_the_sum_of_squared_canonical_correlations(draw):
    a, b = draw(30, 3), draw(30, 4)
    b[:, 0] += a[:, 1]
    correlations = Cca(ridge=1e-9).correlations(a, b)
    value = Nhsic(kernel="linear", ridge=1e-9)(a, b).item()
    assert value == pytest.approx(correlations.square().sum().item(), rel=1e-6)


def test_it_is_symmetric_and_not_negative(draw):
    a, b = draw(8, 3), draw(8, 4)
    assert Nhsic()(a, b).item() == pytest.approx(Nhsic()(b, a).item(), rel=1e-12)
    assert Nhsic()(a, b).item() > 0


def test_a_common_order_of_the_samples_does_not_matter(draw):
    a, b, order = draw(7, 3), draw(7, 4), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    assert Nhsic()(a[order], b[order]).item() == pytest.approx(Nhsic()(a, b).item(), rel=1e-9)


def test_it_is_larger_for_dependent_samples(draw):
    a = draw(40, 2)
    assert Nhsic()(a, a.square()).item() > 2 * Nhsic()(a, draw(40, 2)).item()


def test_samples_that_coincide_give_zero_and_a_finite_gradient(draw):
    a = torch.ones(5, 3, requires_grad=True)
    value = Nhsic()(a, draw(5, 2).float())
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert a.grad.isfinite().all()


@pytest.mark.parametrize("options", [{"kernel": "linear"}, {"bandwidth": 1.0}])
def test_its_gradient_is_right(draw, options):
    inputs = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    assert torch.autograd.gradcheck(Nhsic(**options), inputs)


def test_options_without_meaning_are_refused():
    with pytest.raises(ValueError, match="ridge is positive, got 0"):
        Nhsic(ridge=0.0)
    with pytest.raises(ValueError, match="leave them out or set kernel to rbf"):
        Nhsic(kernel="linear", bandwidth=1.0)


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="nHSIC needs at least 2 samples, got a batch of 1"):
        Nhsic()(torch.zeros(1, 3), torch.zeros(1, 3))
