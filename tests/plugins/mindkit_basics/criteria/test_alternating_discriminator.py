import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from mindkit_basics.criteria.alternating_discriminator import AlternatingDiscriminator


def make(aim="uniform", modalities=3):
    torch.manual_seed(0)
    return AlternatingDiscriminator(4 * modalities, modalities, aim=aim, dropout=0.0).double()


def scores(module, vectors):
    """Scores and labels of all vectors, modality by modality."""
    hidden, output = module.classifier[0], module.classifier[3]
    found, labels = [], []
    for modality in range(vectors.shape[1] // 4):
        part = vectors[:, 4 * modality : 4 * modality + 4] @ hidden.weight.T + hidden.bias
        part = torch.where(part > 0, part, 0.01 * part)
        found.append(part @ output.weight.T + output.bias)
        labels += [modality] * len(vectors)
    return torch.cat(found), torch.tensor(labels)


def test_its_own_loss_is_the_cross_entropy_of_both_kinds_of_vectors(draw):
    module, a, b = make(), draw(5, 12), draw(5, 12)
    expected = cross_entropy(*scores(module, a)) + cross_entropy(*scores(module, b))
    assert module.learning_loss(a, b).item() == pytest.approx(expected.item(), abs=1e-12)


def test_uniform_wants_every_modality_to_seem_as_likely(draw):
    module, vectors = make(), draw(5, 12)
    found, labels = scores(module, vectors)
    expected = cross_entropy(found, torch.full((len(labels), 3), 1 / 3, dtype=torch.float64))
    assert module(vectors).item() == pytest.approx(expected.item(), abs=1e-12)


def test_flipped_wants_every_modality_but_the_true(draw):
    module, vectors = make("flipped"), draw(5, 12)
    found, labels = scores(module, vectors)
    others = (1 - torch.eye(3, dtype=torch.float64))[labels] / 2
    expected = cross_entropy(found, others)
    assert module(vectors).item() == pytest.approx(expected.item(), abs=1e-12)


def test_of_two_modalities_flipped_is_the_loss_with_the_labels_swapped(draw):
    module, vectors = make("flipped", 2), draw(5, 8)
    found, labels = scores(module, vectors)
    expected = cross_entropy(found, 1 - labels)
    assert module(vectors).item() == pytest.approx(expected.item(), abs=1e-12)


def test_identified_vectors_are_to_be_recognised(draw):
    module, a, b = make(), draw(5, 12), draw(5, 12)
    gain = module(a, b) - module(a)
    assert gain.item() == pytest.approx(cross_entropy(*scores(module, b)).item(), abs=1e-12)


def test_at_best_the_network_is_left_with_log_m():
    module = make()
    torch.nn.init.zeros_(module.classifier[3].weight)
    torch.nn.init.zeros_(module.classifier[3].bias)
    vectors = torch.randn(5, 12, dtype=torch.float64)
    assert module(vectors).item() == pytest.approx(math.log(3))
