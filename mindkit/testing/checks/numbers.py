"""Checks of values, gradients and state."""

from __future__ import annotations

import torch
from torch import Tensor

from mindkit.testing.build import Subject, call, convert, summed, tensors, watched
from mindkit.testing.checks.applies import TERMS, check, of_task, with_accelerator, with_tensors


@check(with_tensors)
def stays_finite(subject: Subject) -> None:
    """Outputs and gradients are finite for Gaussians, constants, and the smallest batch."""
    module = subject.make()
    least = max(2, getattr(module, "min_batch", 1))
    for how in ({}, {"constant": True}, {"B": least}, {"B": least, "constant": True}):
        inputs = watched(subject.feed(**how))
        outputs = call(module, inputs)
        summed(outputs).backward()
        gradients = [p.grad for p in module.parameters()]
        gradients += [value.grad for value in tensors(inputs).values()]
        for value in [*outputs, *(g for g in gradients if g is not None)]:
            assert torch.isfinite(value).all(), f"not finite with inputs {how or 'Gaussian'}"


@check(with_tensors)
def gives_gradients(subject: Subject) -> None:
    """Every parameter and every float input gets a gradient, unless `no_gradient` names it."""
    module, inputs = subject.make(), watched(subject.feed())
    summed(call(module, inputs)).backward()
    exempt = getattr(subject.component, "no_gradient", ())
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and not name.startswith(tuple(exempt)):
            assert parameter.grad is not None, f"parameter '{name}' gets no gradient"
    for name, value in tensors(inputs).items():
        if value.requires_grad and name not in exempt:
            got = value.grad is not None and bool(value.grad.abs().sum() > 0)
            assert got, f"input '{name}' gets no gradient; if that is meant, name it in no_gradient"


@check(with_tensors)
def leaves_inputs_alone(subject: Subject) -> None:
    """No input is written to."""
    inputs = subject.feed()
    before = {name: value.clone() for name, value in tensors(inputs).items()}
    call(subject.make(), inputs)
    for name, value in tensors(inputs).items():
        assert torch.equal(value, before[name]), f"forward wrote into its input '{name}'"


@check(with_tensors)
def repeats_with_one_seed(subject: Subject) -> None:
    """The same seed gives the same weights and the same value."""
    first, second = (call(subject.make(seed=3), subject.feed(), seed=4) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other), "two runs with one seed differ; draw through torch only"


@check(with_tensors)
def restores_its_state(subject: Subject) -> None:
    """What it computes is in its state_dict."""
    saved, fresh = subject.make(seed=3).eval(), subject.make(seed=4).eval()
    fresh.load_state_dict(saved.state_dict())
    inputs = subject.feed()
    for one, other in zip(call(saved, inputs), call(fresh, inputs), strict=True):
        assert torch.equal(one, other), "loading a state_dict does not restore the value"


@check(with_tensors)
def agrees_across_precisions(subject: Subject) -> None:
    """float32 is near float64; where the engine feeds bfloat16, so, loosely, is that."""
    shares = {torch.float64: 0.0, torch.float32: 1e-3}
    if subject.kind not in TERMS:  # the engine widens what terms are given
        shares[torch.bfloat16] = 0.1
    exact: list[Tensor] = []
    for dtype, share in shares.items():
        outputs = call(subject.make().eval().to(dtype), convert(subject.feed(), dtype=dtype))
        exact = exact or outputs
        for value, reference in zip(outputs, exact, strict=True):
            assert value.dtype == dtype, f"{dtype} in, {value.dtype} out"
            error, scale = (value.double() - reference).abs().max(), reference.abs().max()
            assert error <= share * scale.clamp(min=1), f"{dtype} is off by {error:.2g}"


@check(with_accelerator)
def agrees_across_devices(subject: Subject) -> None:
    """The accelerator gives what the CPU gives, in float32."""
    device = torch.accelerator.current_accelerator()
    assert device is not None
    inputs = subject.feed()
    reference = call(subject.make().eval(), inputs)
    outputs = call(subject.make().eval().to(device), convert(inputs, device=device))
    for value, exact in zip(outputs, reference, strict=True):
        assert value.device.type == device.type, f"inputs on {device}, output on {value.device}"
        error = (value.cpu() - exact).abs().max()
        assert error <= 1e-3 * exact.abs().max().clamp(min=1), f"{device} is off by {error:.2g}"


@check(of_task)
def fits_classes(subject: Subject) -> None:
    """Wired with task "classification" and 3 outputs, it takes integer labels."""
    module = subject.make(task="classification", num_outputs=3)
    inputs = watched(subject.feed(num_outputs=3, classes=True))
    outputs = call(module, inputs)
    summed(outputs).backward()
    assert all(torch.isfinite(output).all() for output in outputs), "not finite with integer labels"
