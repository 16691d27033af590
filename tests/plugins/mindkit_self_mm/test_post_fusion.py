import torch

from mindkit_self_mm.post_fusion import PostFusion


def test_the_prediction_is_made_from_the_fused_vector_alone(draw):
    head = PostFusion(4, 3, 2, hidden=5).double().eval()
    parts = draw(3, 6, 4)
    prediction, fused = head(parts)
    side_by_side = torch.cat(list(parts), 1)
    torch.testing.assert_close(fused, head.fuse[1](side_by_side).relu())
    torch.testing.assert_close(prediction, head.predict[2](head.predict[0](fused).relu()))
    assert head.fused_dim == fused.shape[1] == 5
