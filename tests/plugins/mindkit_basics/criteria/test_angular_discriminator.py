import math

import pytest
import torch

from mindkit_basics.criteria.angular_discriminator import AngularDiscriminator


def make(**options):
    torch.manual_seed(0)
    return AngularDiscriminator(12, 3, dropout=0.0, **options).double()


def by_hand(module, vectors, margin, scale):
    """Cross-entropy of scaled cosines, vector by vector."""
    total = 0.0
    for sample in vectors:
        for modality in range(3):
            feature = module.features(sample[4 * modality : 4 * modality + 4])
            cosines = [
                (feature @ w / feature.norm() / w.norm()).item() for w in module.directions.weight
            ]
            cosines[modality] -= margin
            exponentials = [math.exp(scale * c) for c in cosines]
            total -= math.log(exponentials[modality] / sum(exponentials))
    return total / (3 * len(vectors))


@pytest.mark.parametrize(("margin", "scale"), [(0.5, 30.0), (0.1, 5.0)])
def test_it_is_the_cross_entropy_of_scaled_cosines_less_a_margin(draw, margin, scale):
    module, vectors = make(margin=margin, scale=scale), draw(5, 12)
    expected = by_hand(module, vectors, margin, scale)
    expected += 0.01 * sum(w.item() ** 2 for w in module.directions.weight.flatten())
    assert module(vectors, progress=0.0).item() == pytest.approx(expected, rel=1e-9)


def test_the_gradient_of_confused_is_reversed_and_that_of_identified_is_not(draw):
    module, vectors = make(strength=0.8), draw(5, 12)
    confused, identified = vectors.clone().requires_grad_(), vectors.clone().requires_grad_()
    module(confused, identified, progress=0.0).backward()
    torch.testing.assert_close(confused.grad, -0.8 * identified.grad)


def test_the_penalty_is_on_the_directions_alone(draw):
    vectors = draw(5, 12)
    gap = make(penalty=0.2)(vectors, progress=0.0) - make(penalty=0.0)(vectors, progress=0.0)
    expected = 0.2 * make().directions.weight.square().sum()
    assert gap.item() == pytest.approx(expected.item(), rel=1e-9)


def test_a_margin_that_no_cosine_can_have_is_refused():
    with pytest.raises(ValueError, match="margin is 0 to 2 and scale above 0, got 3"):
        AngularDiscriminator(12, 3, margin=3.0)
