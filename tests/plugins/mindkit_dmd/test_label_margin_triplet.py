import math

import pytest
import torch

from mindkit_dmd.label_margin_triplet import LabelMarginTriplet


def make(**options):
    return LabelMarginTriplet(8, ("text", "audio"), **options)


def naive(x, target, scale=0.15):
    """Anchor by anchor, over all of its positives and negatives; 2 vectors a sample."""
    vectors = [
        (row[4 * m : 4 * m + 4].tolist(), float(y))
        for row, y in zip(x, target, strict=True)
        for m in (0, 1)
    ]

    def cosine(u, v):
        return sum(a * b for a, b in zip(u, v, strict=True)) / (math.hypot(*u) * math.hypot(*v))

    anchors = []
    for i, (u, label) in enumerate(vectors):
        pos = [v for j, (v, y) in enumerate(vectors) if y == label and j != i]
        neg = [(v, y) for v, y in vectors if y != label]
        hinges = [
            max(0.0, scale * abs(label - y) - cosine(u, p) + cosine(u, n))
            for p in pos
            for n, y in neg
        ]
        if hinges:
            anchors.append(sum(hinges) / len(hinges))
    return sum(anchors) / len(anchors) if anchors else 0.0


@pytest.mark.parametrize("scale", [0.15, 0.6])
@pytest.mark.parametrize("target", [[1.0, -2.0, 1.0, 0.5], [1.0, 2.0, -1.0, 0.0]])
def test_it_is_the_mean_over_anchors_of_their_pairs(draw, target, scale):
    x, target = draw(4, 8), torch.tensor(target, dtype=torch.float64)
    value = make(scale=scale)(x, target).item()
    assert value == pytest.approx(naive(x, target, scale), abs=1e-10)


def test_a_batch_of_one_label_has_no_negatives_and_gives_zero(draw):
    x = draw(3, 8).requires_grad_()
    value = make()(x, torch.ones(3).double())
    value.backward()
    assert value == 0 and not x.grad.any()


def test_the_other_modality_of_a_sample_is_drawn_nearer(draw):
    x = draw(2, 8).requires_grad_()
    make()(x, torch.tensor([1.0, -1.0]).double()).backward()
    assert x.grad.any()


def test_classes_are_one_apart(draw):
    x, target = draw(4, 8), torch.tensor([3, 0, 3, 2])
    gaps = torch.tensor([0.0, 1.0, 0.0, 2.0]).double()  # 0 and 2 alike; others 1 or 2 apart
    assert make()(x, target) != pytest.approx(make()(x, gaps).item(), abs=1e-6)
    two = torch.tensor([1, 0, 1, 0])
    torch.testing.assert_close(make()(x, two), make()(x, two.double()))


def test_its_gradient_is_right(draw):
    target = torch.tensor([1.0, -2.0, 1.0]).double()
    assert torch.autograd.gradcheck(lambda x: make()(x, target), draw(3, 8).requires_grad_())


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="scale is a margin, 0 or more, got -1"):
        make(scale=-1.0)
