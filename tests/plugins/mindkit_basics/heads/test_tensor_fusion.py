import pytest
import torch

from mindkit_basics.heads.tensor_fusion import TensorFusion, outer_product

BOTH, ALL = ("text", "audio"), ("text", "audio", "vision")


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


def test_each_modality_may_have_a_width_a_dropout_and_an_end_of_its_own(draw):
    head = TensorFusion(
        4,
        ALL,
        2,
        "classification",
        widths={"vision": 1, "text": 2, "audio": 3},
        part_dropout={"text": 0.3, "audio": 0.0, "vision": 0.1},
        rectify={"text": False, "audio": True, "vision": True},
    ).double()
    assert head.predict[1].in_features == 3 * 4 * 2
    assert [one[0].p for one in head.networks] == [0.3, 0.0, 0.1]
    head.eval()
    parts = draw(3, 50, 4)
    text, audio, _ = (network(part) for network, part in zip(head.networks, parts, strict=True))
    assert text.min() < 0 and audio.min() == 0
    assert head(parts).shape == (50, 2)


def test_it_is_what_one_sample_at_a_time_gives(draw):
    head = TensorFusion(4, BOTH, 1, "regression", widths=2, layers=2, hidden=3).double().eval()
    parts = draw(2, 5, 4)
    for sample in range(5):
        narrow = [
            network[3](network[1](part[sample]).relu()).relu()
            for network, part in zip(head.networks, parts, strict=True)
        ]
        ones = torch.ones(1, dtype=torch.float64)
        product = torch.outer(*(torch.cat([ones, one]) for one in narrow)).flatten()
        hidden = head.predict[3](head.predict[1](product).relu()).relu()
        torch.testing.assert_close(head(parts)[sample], head.predict[5](hidden))


def test_numbers_can_be_kept_in_a_range(draw):
    head = TensorFusion(4, BOTH, 1, "regression", widths=3, output_range=(-3.0, 3.0)).double()
    free = TensorFusion(4, BOTH, 1, "regression", widths=3).double()
    free.load_state_dict(head.state_dict())
    parts = 100 * draw(2, 50, 4)
    scores, expected = head.eval()(parts), 6 * torch.sigmoid(free.eval()(parts)) - 3
    torch.testing.assert_close(scores, expected)
    assert scores.abs().max() <= 3


def test_scores_of_classes_have_no_range(draw):
    sizes, parts = (4, BOTH, 2, "classification"), 100 * draw(2, 50, 4)
    head = TensorFusion(*sizes, widths=3, output_range=(-3.0, 3.0)).double().eval()
    free = TensorFusion(*sizes, widths=3).double().eval()
    free.load_state_dict(head.state_dict())
    assert torch.equal(head(parts), free(parts))


def test_widths_of_other_modalities_and_no_layers_are_refused():
    with pytest.raises(ValueError, match="widths is a map and has nothing for audio"):
        TensorFusion(4, BOTH, 1, "regression", widths={"text": 2})
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        TensorFusion(4, BOTH, 1, "regression", layers=0)
