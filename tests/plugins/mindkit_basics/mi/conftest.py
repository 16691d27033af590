import math
from types import SimpleNamespace

import pytest
import torch

from mindkit_basics.mi.negatives import offdiagonal


def linears_of(network):
    return [m for m in network.modules() if hasattr(m, "d_in")]


def score_by_hand(naive, critic, x, z, copy=0):
    """The score of one x and one z, lists of numbers, by the critic's class."""

    def relu(value):
        return max(value, 0.0)

    kind = type(critic).__name__
    if kind == "Gaussian":
        return log_density_by_hand(naive, critic.conditional, x, z)
    if kind == "Bilinear":
        w = critic.of_x.weight[copy].detach()
        return sum(x[i] * float(w[i, j]) * z[j] for i in range(len(x)) for j in range(len(z)))
    if kind == "Separable":
        f = naive.network(x, linears_of(critic.of_x), relu, copy)
        g = naive.network(z, linears_of(critic.of_z), relu, copy)
        return sum(p * q for p, q in zip(f, g, strict=True))
    weight = torch.cat([critic.of_x.weight, critic.of_z.weight], 1)
    first = SimpleNamespace(weight=weight, bias=critic.of_x.bias)
    return naive.network(x + z, [first, *linears_of(critic.rest)], relu, copy)[0]


def log_density_by_hand(naive, conditional, x, z):
    """log q(z | x) of a `Conditional`, of lists of numbers."""

    def relu(value):
        return max(value, 0.0)

    mean = naive.network(x, linears_of(conditional.mean), relu)
    v = [0.0] * len(z)
    if conditional.log_variance is not None:
        v = naive.network(x, linears_of(conditional.log_variance), relu)
        v = [math.tanh(one) for one in v]
    return sum(
        -((one - m) ** 2 / math.exp(s) + s + math.log(2 * math.pi)) / 2
        for one, m, s in zip(z, mean, v, strict=True)
    )


@pytest.fixture(scope="session")
def every_score(naive):
    """Return the scores of all pairs, a list of rows, one number at a time."""
    return lambda critic, x, z: [
        [score_by_hand(naive, critic, one, other) for other in z.tolist()] for one in x.tolist()
    ]


@pytest.fixture(scope="session")
def parted():
    """Return the scores of pairs and of negatives, as lists, from those of all pairs."""

    def call(scores, negatives):
        size = len(scores)
        pairs = {
            "shift": [(i, (i + 1) % size) for i in range(size)],
            "offdiag": [(i, j) for i in range(size) for j in range(size) if i != j],
        }[negatives]
        return [scores[i][i] for i in range(size)], [scores[i][j] for i, j in pairs]

    return call


@pytest.fixture
def cosines(x, y):
    """The reference scores, cos(x_i, y_j)."""
    return torch.nn.functional.cosine_similarity(x.unsqueeze(1), y.unsqueeze(0), dim=2)


@pytest.fixture
def true_and_false(cosines):
    """The reference scores of the pairs, and of all that are none."""
    return cosines.diagonal(), offdiagonal(cosines)


@pytest.fixture(scope="session")
def gradients():
    """Return the gradients of a value by the parameters of a module and by `inputs`, flattened."""

    def call(value, module, *inputs):
        wanted = [*module.parameters(), *inputs]
        found = torch.autograd.grad(value, wanted, retain_graph=True, materialize_grads=True)
        return torch.cat([one.flatten() for one in found])

    return call


@pytest.fixture(scope="session")
def log_q(naive):
    """Return log q(z | x) of a `Conditional`, one number at a time, of lists of numbers."""
    return lambda conditional, x, z: log_density_by_hand(naive, conditional, x, z)


@pytest.fixture(scope="session")
def every_log_q(log_q):
    """Return log q(z_i | x_j) for all i and j, a list of rows."""
    return lambda conditional, x, z: [
        [log_q(conditional, other, one) for other in x.tolist()] for one in z.tolist()
    ]
