import pytest
import torch
from torch.nn.functional import cosine_embedding_loss

from mindkit_basics.criteria.cosine_embedding import CosineEmbedding


def test_it_meets_its_reference_value(x, y):
    assert CosineEmbedding()(x, y).item() == pytest.approx(0.04, abs=1e-12)


@pytest.mark.parametrize("margin", [0.0, 0.3, -0.5])
def test_it_is_the_library_loss_with_the_target_minus_one(draw, margin):
    a, b = draw(8, 3), draw(8, 3)
    expected = cosine_embedding_loss(a, b, -torch.ones(8, dtype=a.dtype), margin=margin)
    value = CosineEmbedding(margin=margin)(a, b).item()
    assert value == pytest.approx(expected.item(), abs=1e-12)


def test_opposite_vectors_are_left_alone(draw):
    a = draw(5, 3).requires_grad_()
    CosineEmbedding()(a, -a.detach()).backward()
    assert (a.grad == 0).all()


def test_a_margin_that_is_no_cosine_is_refused():
    with pytest.raises(ValueError, match="margin is a cosine from -1 to 1, got 2"):
        CosineEmbedding(margin=2.0)
