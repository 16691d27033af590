import pytest

from mindkit_basics.reconstructions.mlp_decoder import MlpDecoder


def test_it_is_the_mean_over_batch_and_width_of_squared_errors(draw, naive):
    module = MlpDecoder(4, 3, 1, hidden=5).double()
    first, _, last = module.decoder
    parts, target = draw(6, 4), draw(6, 3)
    errors = []
    for sample in range(6):
        rebuilt = naive.network(parts[sample].tolist(), [first, last], naive.gelu)
        errors += [(p - float(t)) ** 2 for p, t in zip(rebuilt, target[sample], strict=True)]
    assert module(parts, target).item() == pytest.approx(sum(errors) / 18, abs=1e-9)


@pytest.mark.parametrize("detach", [False, True])
def test_a_detached_target_gets_no_gradient(draw, detach):
    module = MlpDecoder(4, 3, 1, detach_target=detach).double()
    parts, target = draw(6, 4).requires_grad_(), draw(6, 3).requires_grad_()
    module(parts, target).backward()
    assert parts.grad.abs().sum() > 0
    assert (target.grad is None) == detach
