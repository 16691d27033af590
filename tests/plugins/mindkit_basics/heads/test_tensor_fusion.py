import pytest
import torch

from mindkit_basics.heads.tensor_fusion import TensorFusion, outer_product


def test_the_product_holds_every_interaction(draw):
    parts = [draw(2, width) for width in (2, 3, 1)]
    product = outer_product(parts)
    assert product.shape == (2, 3 * 4 * 2)
    for sample in range(2):
        entries = []
        a, b, c = ([1.0, *part[sample].tolist()] for part in parts)
        for p in a:
            for q in b:
                entries += [p * q * r for r in c]
        assert product[sample].tolist() == pytest.approx(entries, abs=1e-12)


def test_each_part_may_have_a_width_of_its_own():
    head = TensorFusion(4, 3, 2, widths=(2, 3, 1))
    assert head.predict[1].in_features == 24
    assert head(torch.randn(3, 5, 4)).shape == (5, 2)


def test_regression_can_be_kept_in_a_range(draw):
    head = TensorFusion(4, 2, 1, widths=3, output_range=(-3.0, 3.0)).double().eval()
    for parameter in head.predict.parameters():
        parameter.data.mul_(50)
    scores = head(100 * draw(2, 50, 4))
    assert scores.abs().max() <= 3 and scores.abs().max() > 2.9


def test_widths_of_another_number_of_parts_are_refused():
    with pytest.raises(ValueError, match="widths are 2, but there are 3 parts"):
        TensorFusion(4, 3, 1, widths=(2, 3))
