import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from mindkit_basics.criteria.modality_discriminator import ModalityDiscriminator


@pytest.fixture
def discriminator():
    torch.manual_seed(0)
    return ModalityDiscriminator(12, 3, dropout=0.0).double()


def test_it_is_one_cross_entropy_over_all_vectors(discriminator, draw):
    vectors = draw(5, 12)
    scores, labels = [], []
    for modality in range(3):
        part = vectors[:, 4 * modality : 4 * modality + 4]
        hidden, output = discriminator.classifier[0], discriminator.classifier[3]
        scores.append((part @ hidden.weight.T + hidden.bias).relu() @ output.weight.T + output.bias)
        labels += [modality] * 5
    expected = cross_entropy(torch.cat(scores), torch.tensor(labels))
    value = discriminator(vectors, progress=0.3)
    assert value.item() == pytest.approx(expected.item(), abs=1e-12)


def test_the_gradient_of_confused_is_reversed_and_that_of_identified_is_not(discriminator, draw):
    vectors = draw(5, 12)
    confused, identified = vectors.clone().requires_grad_(), vectors.clone().requires_grad_()
    discriminator(confused, identified, progress=0.0).backward()
    torch.testing.assert_close(confused.grad, -identified.grad)


def test_the_network_learns_from_both(discriminator, draw):
    a, b = draw(5, 12), draw(5, 12)
    weight = discriminator.classifier[0].weight

    def gradient(*inputs):
        return torch.autograd.grad(discriminator(*inputs, progress=0.5), weight)[0]

    torch.testing.assert_close(gradient(a, b), gradient(a) + gradient(b))


def test_the_strength_follows_the_schedule(draw):
    torch.manual_seed(0)
    module = ModalityDiscriminator(12, 3, dropout=0.0, schedule="dann").double()
    vectors = draw(5, 12).requires_grad_()
    gradients = [
        torch.autograd.grad(module(vectors, progress=p), vectors)[0] for p in (0.0, 0.25, 1.0)
    ]
    assert (gradients[0] == 0).all()
    ratio = (gradients[1] / gradients[2]).mean().item()
    assert ratio == pytest.approx(0.8482836 / (2 / (1 + math.exp(-10)) - 1), rel=1e-6)


def test_vectors_that_tell_nothing_give_log_m():
    module = ModalityDiscriminator(12, 3)
    torch.nn.init.zeros_(module.classifier[3].weight)
    torch.nn.init.zeros_(module.classifier[3].bias)
    assert module(torch.randn(5, 12), progress=0.0).item() == pytest.approx(math.log(3))


def test_modalities_of_unlike_widths_are_refused():
    with pytest.raises(ValueError, match="all modalities have one width, got 10 numbers of 3"):
        ModalityDiscriminator(10, 3)


def test_a_single_modality_is_refused():
    with pytest.raises(ValueError, match="one modality cannot be told from others"):
        ModalityDiscriminator(4, 1)
