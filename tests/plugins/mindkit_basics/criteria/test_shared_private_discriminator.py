import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from mindkit_basics.criteria.shared_private_discriminator import SharedPrivateDiscriminator


@pytest.fixture
def discriminator():
    torch.manual_seed(0)
    return SharedPrivateDiscriminator(12, 3, 12, 3).double()


def test_it_is_one_cross_entropy_over_the_private_vectors_and_the_mean_of_the_shared(
    discriminator, draw
):
    shared, private = draw(5, 12), draw(5, 12)
    weight, bias = discriminator.classifier.weight, discriminator.classifier.bias
    losses = []
    for s, p in zip(shared, private, strict=True):
        mean = (s[:4] + s[4:8] + s[8:]) / 3
        for label, vector in enumerate([p[:4], p[4:8], p[8:], mean]):
            scores = (weight @ vector + bias).unsqueeze(0)
            losses.append(cross_entropy(scores, torch.tensor([label])).item())
    value = discriminator(shared, private).item()
    assert value == pytest.approx(sum(losses) / 20, abs=1e-12)


def test_without_knowledge_it_is_the_log_of_the_number_of_answers(discriminator, draw):
    torch.nn.init.zeros_(discriminator.classifier.weight)
    torch.nn.init.zeros_(discriminator.classifier.bias)
    assert discriminator(draw(5, 12), draw(5, 12)).item() == pytest.approx(math.log(4))


def test_its_descent_moves_vectors_to_where_they_are_recognised(discriminator, draw):
    inputs = draw(5, 12).requires_grad_(), draw(5, 12).requires_grad_()
    value = discriminator(*inputs)
    moved = [x - 0.1 * g for x, g in zip(inputs, torch.autograd.grad(value, inputs), strict=True)]
    assert discriminator(*moved).item() < value.item()


def test_its_gradient_is_right(discriminator, draw):
    inputs = draw(4, 12).requires_grad_(), draw(4, 12).requires_grad_()
    assert torch.autograd.gradcheck(discriminator, inputs)


def test_vectors_of_unlike_widths_are_refused():
    with pytest.raises(ValueError, match="got 12 numbers of 3 and 10 of 2"):
        SharedPrivateDiscriminator(12, 3, 10, 2)
