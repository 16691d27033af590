import torch

from mindkit_mmim.tanh_fusion import TanhFusion


def test_the_prediction_is_linear_in_the_fused_vector(draw):
    head = TanhFusion(4, 3, 2, hidden=5).double().eval()
    parts = draw(3, 6, 4)
    prediction, fused = head(parts)
    first = torch.tanh(head.fuse[1](torch.cat(list(parts), 1)))
    torch.testing.assert_close(fused, torch.tanh(head.fuse[3](first)))
    torch.testing.assert_close(prediction, head.predict(fused))
    assert head.fused_dim == 5
