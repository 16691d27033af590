import math

import pytest
import torch
from torch.distributions import Independent, Normal

from mindkit_mmim.barber_agakov import BarberAgakov


class Identity(torch.nn.Module):
    def forward(self, x):
        return x


class Zero(torch.nn.Module):
    def forward(self, x):
        return torch.zeros_like(x)


X = [[1, 0, 2], [0, 1, -1], [1, 1, 0], [2, -1, 1], [-1, 2, 0.5]]
Y = [[1, 2, 0], [0, 1, 1], [-1, 0, 2], [1, 1, -1], [0.5, -2, 1]]


def test_it_meets_its_reference_value():
    x, y = (torch.tensor(rows, dtype=torch.float64) for rows in (X, Y))
    module = BarberAgakov(3, 3, 1, log_variance=False)
    module.mean, module.spread = Identity(), Zero()  # q(z | x) = N(x, I)
    assert module(x, y).item() == pytest.approx(-4.85, abs=1e-12)


def test_it_is_the_library_density(draw):
    module = BarberAgakov(4, 3, 1).double()
    x, z = draw(6, 4), draw(6, 3)
    gaussian = Independent(Normal(module.mean(x), (module.spread(x) / 2).exp()), 1)
    assert module(x, z).item() == pytest.approx(gaussian.log_prob(z).mean().item(), abs=1e-10)


def test_without_the_log_variance_it_is_what_the_authors_code_has(draw):
    module = BarberAgakov(4, 3, 1, log_variance=False, clamp=None).double()
    x, z = draw(6, 4), draw(6, 3)
    mean, spread = module.mean(x).tolist(), module.spread(x).tolist()
    expected = 0.0
    for i in range(6):
        for k in range(3):
            expected -= (mean[i][k] - z[i, k].item()) ** 2 / (2 * math.exp(spread[i][k])) / 6
    assert module(x, z).item() == pytest.approx(expected, abs=1e-10)


def test_the_variance_is_bounded_by_the_clamp(draw):
    module = BarberAgakov(4, 3, 1, clamp=1.0, log_variance=False).double()
    module.spread[-1].bias.data.fill_(100)
    x, z = draw(6, 4), draw(6, 3)
    expected = -((module.mean(x) - z) ** 2).sum(1).mean() / (2 * math.e)
    assert module(x, z).item() == pytest.approx(expected.item(), abs=1e-10)


def test_what_it_learns_is_the_likelihood(draw):
    torch.manual_seed(0)
    module = BarberAgakov(2, 2, 1).double()
    x = draw(200, 2)
    z = x + 0.1 * draw(200, 2)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    before = module(x, z).item()
    for _ in range(200):
        optimizer.zero_grad()
        module.learning_loss(x, z).backward()
        optimizer.step()
    truth = 2 * (-math.log(0.1) - math.log(2 * math.pi * math.e) / 2)
    assert before < 0 < module(x, z).item() < truth + 0.2
