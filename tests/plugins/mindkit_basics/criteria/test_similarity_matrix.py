import pytest
import torch
from torch.nn.functional import cosine_similarity

from mindkit_basics.criteria.similarity_matrix import SimilarityMatrix


def test_it_meets_its_reference_values(x, y):
    assert SimilarityMatrix(entries="sum")(x, y).item() == pytest.approx(8.8241479, abs=5e-8)
    assert SimilarityMatrix()(x, y).item() == pytest.approx(0.3529660, abs=2e-7)


def test_it_is_what_the_library_cosines_give(draw):
    a, b = draw(5, 3), draw(5, 4)
    left, right = (cosine_similarity(z.unsqueeze(0), z.unsqueeze(1), 2) for z in (a, b))
    expected = ((left - right) ** 2).mean().item()
    assert SimilarityMatrix()(a, b).item() == pytest.approx(expected, abs=1e-10)


def test_a_rotation_changes_nothing(draw):
    a = draw(6, 3)
    turned = a @ torch.linalg.qr(draw(3, 3)).Q
    assert SimilarityMatrix()(a, turned).item() == pytest.approx(0, abs=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(4, 3).requires_grad_(), draw(4, 2).requires_grad_()
    assert torch.autograd.gradcheck(SimilarityMatrix(), inputs)
