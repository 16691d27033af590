import math
from itertools import combinations

import pytest
import torch

from mindkit_basics.criteria.hsic import Hsic
from mindkit_basics.criteria.kernels import median_distance, squared_distances


def naive_gram(x, kernel, bandwidth=None):
    size = len(x)
    distances = [[float(sum((x[i] - x[j]) ** 2)) for j in range(size)] for i in range(size)]
    if kernel != "linear" and bandwidth is None:
        ordered = sorted(distances[i][j] for i, j in combinations(range(size), 2))
        half = len(ordered) // 2
        median = (ordered[half] + ordered[-half - 1]) / 2
        bandwidth = median / 2
    if kernel == "rbf":
        return [[math.exp(-d / (2 * bandwidth)) for d in row] for row in distances]
    if kernel == "imq":
        return [[1 / (1 + d / bandwidth) for d in row] for row in distances]
    return [[float(sum(x[i] * x[j])) for j in range(size)] for i in range(size)]


def naive_biased(k, l):  # noqa: E741
    n = len(k)
    u = [[float(i == j) - 1 / n for j in range(n)] for i in range(n)]

    def product(a, b):
        return [[sum(a[i][m] * b[m][j] for m in range(n)) for j in range(n)] for i in range(n)]

    chained = product(product(u, k), product(u, l))
    return sum(chained[i][i] for i in range(n)) / (n - 1) ** 2


def naive_unbiased(k, l):  # noqa: E741
    """The U-statistic itself: an average over 2, 3 and 4 samples that all differ."""
    n = len(k)
    indices = range(n)
    twos = [k[i][j] * l[i][j] for i in indices for j in indices if i != j]
    threes = [
        k[i][j] * l[i][q] for i in indices for j in indices for q in indices if len({i, j, q}) == 3
    ]
    fours = [
        k[i][j] * l[q][r]
        for i in indices
        for j in indices
        for q in indices
        for r in indices
        if len({i, j, q, r}) == 4
    ]
    return sum(twos) / len(twos) + sum(fours) / len(fours) - 2 * sum(threes) / len(threes)


NAIVE = {"biased": naive_biased, "unbiased": naive_unbiased}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 6.17375),
        ({"estimator": "unbiased"}, 2.6666667),
        ({"kernel": "rbf", "bandwidth": 1.0}, 0.2149034),
        ({"kernel": "rbf", "bandwidth": 1.0, "estimator": "unbiased"}, 0.0140507),
        ({"normalize": "cka"}, 0.6332696),
    ],
)
def test_reference_values_are_met(x, y, options, expected):
    assert Hsic(**options)(x, y).item() == pytest.approx(expected, abs=5e-8)


def test_the_median_distance_meets_its_reference_values(x, y):
    assert median_distance(squared_distances(x)).item() == pytest.approx(5.625)
    assert median_distance(squared_distances(y)).item() == pytest.approx(8.25)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("widths", [(3, 2), (9, 12)])
def test_it_is_what_loops_over_samples_give(draw, kernel, estimator, widths):
    a, b = draw(6, widths[0]), draw(6, widths[1])
    expected = NAIVE[estimator](naive_gram(a, kernel), naive_gram(b, kernel))
    value = Hsic(kernel=kernel, estimator=estimator)(a, b).item()
    assert value == pytest.approx(expected, abs=1e-9)


def test_a_fixed_bandwidth_is_the_variance_of_the_kernel(draw):
    a, b = draw(6, 3), draw(6, 2)
    expected = naive_biased(naive_gram(a, "rbf", 0.7), naive_gram(b, "rbf", 0.7))
    assert Hsic(kernel="rbf", bandwidth=0.7)(a, b).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
def test_kernels_of_several_bandwidths_are_added_up(draw, kernel):
    a, b = draw(6, 3), draw(6, 2)

    def added(x):
        grams = [naive_gram(x, kernel, 0.7 * multiple) for multiple in (0.25, 1, 4)]
        return [
            [sum(values) for values in zip(*rows, strict=True)] for rows in zip(*grams, strict=True)
        ]

    expected = naive_biased(added(a), added(b))
    hsic = Hsic(kernel=kernel, bandwidth=0.7, multiples=(0.25, 1.0, 4.0))
    assert hsic(a, b).item() == pytest.approx(expected, abs=1e-9)


def test_multiples_are_of_the_median_bandwidth_where_none_is_given(draw):
    a = draw(6, 3)
    median = median_distance(squared_distances(a)).item()
    values = [
        Hsic(kernel="imq", bandwidth=bandwidth, multiples=multiples)(a, a).item()
        for bandwidth, multiples in ((None, (0.5,)), (median / 4, (1.0,)))
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_rows_are_normalised_to_length_one(draw):
    a, b = draw(6, 3), draw(6, 2)
    by_hand = [torch.stack([row / row.norm() for row in m]) for m in (a, b)]
    expected = Hsic()(*by_hand).item()
    assert Hsic(normalize="l2_rows")(a, b).item() == pytest.approx(expected, abs=1e-9)


def test_features_are_standardised_as_a_batchnorm_does(draw):
    a, b = draw(6, 3), draw(6, 2)
    by_hand = [torch.nn.functional.batch_norm(m, None, None, training=True) for m in (a, b)]
    expected = Hsic()(*by_hand).item()
    assert Hsic(normalize="standardize")(a, b).item() == pytest.approx(expected, abs=1e-9)


def test_the_trace_form_is_the_squared_norm_of_the_cross_covariance(draw):
    a, b = draw(7, 3), draw(7, 4)
    covariance = (a - a.mean(0)).T @ (b - b.mean(0)) / 6
    assert Hsic()(a, b).item() == pytest.approx(covariance.square().sum().item(), abs=1e-12)


def test_standardised_it_is_the_sum_of_all_squared_correlations(draw):
    a, b = draw(7, 3), draw(7, 3)
    correlation = torch.corrcoef(torch.cat([a, b], 1).T)[:3, 3:]
    expected = (7 / 6) ** 2 * correlation.square().sum().item()
    assert Hsic(normalize="standardize")(a, b).item() == pytest.approx(expected, rel=1e-4)  # eps


@pytest.mark.parametrize("kernel", ["linear", "rbf", "imq"])
def test_the_biased_estimate_is_symmetric_and_not_negative(draw, kernel):
    a, b = draw(7, 3), draw(7, 4)
    hsic = Hsic(kernel=kernel)
    assert hsic(a, b).item() >= 0
    assert hsic(a, b).item() == pytest.approx(hsic(b, a).item(), rel=1e-12)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_a_common_order_of_the_samples_does_not_matter(draw, kernel, estimator):
    a, b, order = draw(7, 3), draw(7, 4), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    hsic = Hsic(kernel=kernel, estimator=estimator)
    assert hsic(a[order], b[order]).item() == pytest.approx(hsic(a, b).item(), rel=1e-9)


def test_the_unbiased_estimate_averages_to_zero_for_independent_samples(draw):
    a, b = draw(4000, 8, 2), draw(4000, 8, 2)
    unbiased, biased = Hsic(estimator="unbiased")(a, b), Hsic()(a, b)
    error = unbiased.std() / math.sqrt(len(unbiased))
    assert abs(unbiased.mean()) < 4 * error
    assert biased.mean() > 20 * error


def test_cka_is_one_for_a_rotated_and_scaled_copy(draw):
    a = draw(7, 3)
    rotation, _ = torch.linalg.qr(draw(3, 3))
    assert Hsic(normalize="cka")(a, 2.5 * a @ rotation).item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "imq"])
def test_cka_is_symmetric_and_between_zero_and_one(draw, kernel):
    cka = Hsic(kernel=kernel, normalize="cka")
    a, b = draw(50, 7, 3), draw(50, 7, 4)
    values = cka(a, b)
    assert torch.allclose(values, cka(b, a), rtol=1e-12, atol=0)
    assert values.min() >= 0
    assert values.max() <= 1


def test_linear_hsic_grows_with_the_fourth_power_of_the_scale(draw):
    a, b = draw(7, 3), draw(7, 4)
    assert Hsic()(2 * a, 2 * b).item() == pytest.approx(16 * Hsic()(a, b).item())


def test_the_median_bandwidth_gets_no_gradient(draw):
    a = draw(6, 3).requires_grad_()
    median = median_distance(squared_distances(a)).item()
    moving, fixed = (
        torch.autograd.grad(hsic(a, a.detach()), a)[0]
        for hsic in (Hsic(kernel="rbf"), Hsic(kernel="rbf", bandwidth=median / 2))
    )
    assert torch.allclose(moving, fixed, atol=1e-14)


@pytest.mark.parametrize("options", [{"kernel": "rbf"}, {"kernel": "imq"}, {"normalize": "cka"}])
def test_samples_that_coincide_give_zero_and_a_finite_gradient(options):
    a = torch.ones(5, 3, dtype=torch.float64, requires_grad=True)
    value = Hsic(**options)(a, torch.ones(5, 2, dtype=torch.float64))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert torch.isfinite(a.grad).all()


@pytest.mark.parametrize(("estimator", "least"), [("biased", 2), ("unbiased", 4)])
def test_too_few_samples_are_refused(estimator, least):
    hsic = Hsic(estimator=estimator)
    assert hsic.min_batch == least
    x = torch.zeros(least - 1, 3)
    with pytest.raises(ValueError, match=f"{estimator} HSIC needs at least {least} samples, got a"):
        hsic(x, x)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"estimator": "unbiased"},
        {"kernel": "rbf", "bandwidth": 1.0},  # the median is a constant to the gradient
        {"kernel": "imq", "bandwidth": 1.0, "multiples": (0.5, 2.0)},
        {"normalize": "l2_rows"},
        {"normalize": "standardize"},
        {"normalize": "cka"},
    ],
)
def test_its_gradient_is_right(draw, options):
    inputs = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    assert torch.autograd.gradcheck(Hsic(**options), inputs)


@pytest.mark.parametrize(
    "options",
    [
        {"bandwidth": 1.0},
        {"multiples": (0.5, 1.0)},
        {"kernel": "rbf", "bandwidth": 0.0},
        {"kernel": "imq", "multiples": ()},
        {"kernel": "imq", "multiples": (1.0, -1.0)},
    ],
)
def test_a_bandwidth_without_use_is_refused(options):
    with pytest.raises(ValueError, match="leave them out or set kernel to rbf"):
        Hsic(**options)
