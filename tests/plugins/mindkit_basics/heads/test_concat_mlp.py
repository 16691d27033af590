import pytest
import torch

from mindkit_basics.heads.concat_mlp import ConcatMlp


def test_it_is_what_loops_over_units_give(draw, naive):
    head = ConcatMlp(3, 4, 2, fused=5, hidden=6).double().eval()
    parts = draw(4, 7, 3)
    out = head(parts)
    for sample in range(7):
        side_by_side = [float(v) for part in range(4) for v in parts[part, sample]]
        fused = naive.affine(side_by_side, head.fuse)
        expected = naive.network(fused, [head.predict[0], head.predict[3]], naive.gelu)
        assert out[sample].tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("num_parts", [1, 2, 6])
def test_it_takes_any_number_of_parts(num_parts):
    head = ConcatMlp(3, num_parts, 2)
    assert head(torch.randn(num_parts, 7, 3)).shape == (7, 2)


def test_dropout_acts_in_training_only():
    head = ConcatMlp(3, 2, 1, dropout=0.5)
    parts = torch.randn(2, 7, 3)
    assert not torch.equal(head(parts), head(parts))
    head.eval()
    assert torch.equal(head(parts), head(parts))
