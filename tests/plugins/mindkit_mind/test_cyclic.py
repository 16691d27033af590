import pytest
import torch

from mindkit_mind.cyclic import Cyclic


def squares_by_hand(naive, module, source, target):
    first, _, last = module.decoder
    squares = []
    for sample, wanted in zip(source, target, strict=True):
        predicted = naive.network(sample.tolist(), [first, last], naive.gelu)
        squares += [(p - float(w)) ** 2 for p, w in zip(predicted, wanted, strict=True)]
    return squares


@pytest.mark.parametrize(("error", "divisor"), [("mean", 5 * 3), ("mean_batch", 5), ("sum", 1)])
def test_it_reduces_squared_errors_as_it_says(draw, naive, error, divisor):
    module = Cyclic(2, 3, 1, error=error).double()
    source, target = draw(5, 2), draw(5, 3)
    expected = sum(squares_by_hand(naive, module, source, target)) / divisor
    assert module(source, target, progress=0.3).item() == pytest.approx(expected, abs=1e-9)


def gradients(module, source, target, progress):
    source, target = source.clone().requires_grad_(), target.clone().requires_grad_()
    module.zero_grad()
    module(source, target, progress=progress).backward()
    first = module.decoder[0].weight.grad.clone()
    return source.grad, target.grad, first


@pytest.mark.parametrize(
    ("progress", "strength"), [(0.05, 0.2449187), (0.10, 0.4621172), (0.5, 0.9866143)]
)
def test_only_the_sources_gradient_is_reversed_by_the_schedule(draw, progress, strength):
    module = Cyclic(2, 3, 1).double()
    source, target = draw(5, 2), draw(5, 3)
    reversed_ = gradients(module, source, target, progress)
    plain = source.clone().requires_grad_()
    error = (module.decoder(plain) - target).square().mean()
    expected = torch.autograd.grad(error, plain)[0]
    assert torch.allclose(reversed_[0], -strength * expected, rtol=1e-6, atol=0)
    at_start = gradients(module, source, target, 0.0)
    assert torch.equal(at_start[0], torch.zeros_like(source))
    assert torch.equal(at_start[1], reversed_[1])
    assert torch.equal(at_start[2], reversed_[2])


def test_strength_and_horizon_reach_the_schedule(draw):
    source, target = draw(5, 2), draw(5, 3)
    module = Cyclic(2, 3, 1, schedule="linear", strength=2.0, horizon=0.5).double()
    quarter, full = (gradients(module, source, target, p)[0] for p in (0.125, 0.5))
    assert torch.allclose(4 * quarter, full)


def test_a_delay_reaches_the_schedule(draw):
    source, target = draw(5, 2), draw(5, 3)
    module = Cyclic(2, 3, 1, schedule="delayed_dann", delay=0.4).double()
    assert gradients(module, source, target, 0.4)[0].abs().sum() == 0
    assert gradients(module, source, target, 0.5)[0].abs().sum() > 0


def test_a_detached_target_gets_no_gradient(draw):
    module = Cyclic(2, 3, 1, detach_target=True).double()
    assert gradients(module, draw(5, 2), draw(5, 3), 0.5)[1] is None


@pytest.mark.parametrize("options", [{"horizon": 0.0}, {"schedule": "delayed_dann", "delay": 1.0}])
def test_a_schedule_that_cannot_run_is_refused(options):
    with pytest.raises(ValueError, match=r"horizon must be above 0 and delay in \[0, 1\)"):
        Cyclic(2, 3, 1, **options)
